"""Template tags of public pages."""

from html import escape

from django import template
from django.utils.safestring import SafeString

from preferences.texts import TypeText
from public.shown import confirm_agreement as confirm_wording

register = template.Library()


@register.filter
def named(text: TypeText, language: str) -> SafeString:
    """Write the name of a type, marked with its language where the page speaks another."""
    return _marked(text.name, text.language, language)


@register.filter
def described(text: TypeText, language: str) -> SafeString:
    """Write the description of a type in the same way."""
    return _marked(text.description, text.language, language)


def _marked(words: str, spoken: str, language: str) -> SafeString:
    if spoken == language or not words:
        return SafeString(escape(words))
    return SafeString(f'<span lang="{escape(spoken)}">{escape(words)}</span>')


@register.simple_tag
def confirm_agreement() -> str:
    """Write what confirming means, as it is kept with the event."""
    return confirm_wording()
