"""Template tags of public pages."""

from collections.abc import Iterable

from django import template
from django.utils.safestring import SafeString

from preferences.texts import TypeText
from public.choice_rows import draw_always, draw_choices, marked
from public.choices import Choice
from public.shown import confirm_agreement as confirm_wording

register = template.Library()


@register.filter
def named(text: TypeText, language: str) -> SafeString:
    """Write the name of a type, marked with its language where the page speaks another."""
    return SafeString(marked(text.name, text.language, language))


@register.filter
def described(text: TypeText, language: str) -> SafeString:
    """Write the description of a type in the same way."""
    return SafeString(marked(text.description, text.language, language))


@register.simple_tag
def choice_rows(choices: Iterable[Choice], language: str) -> SafeString:
    """Draw a box to tick for each type."""
    return draw_choices(choices, language)


@register.simple_tag
def always_rows(texts: Iterable[TypeText], language: str) -> SafeString:
    """Draw a line for each type that always comes."""
    return draw_always(texts, language)


@register.simple_tag
def confirm_agreement() -> str:
    """Write what confirming means, as it is kept with the event."""
    return confirm_wording()
