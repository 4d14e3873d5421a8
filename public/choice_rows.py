"""How the choices of a preference page are drawn.

There is a row for each type, so they are drawn by functions: as templates they were most of the
time of the page. Everything is HTML: what is not our own markup goes through ``escape``.
"""

from collections.abc import Iterable
from html import escape

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from preferences.frequency_words import FREQUENCIES
from preferences.texts import TypeText
from preferences.values import Frequency
from public.choices import Choice
from public.page_form import written_often
from subscriptions_site.templatetags.ui import icon


def draw_choices(choices: Iterable[Choice], language: str) -> SafeString:
    """Draw a box to tick for each type, with what it was when the page was drawn beside it."""
    return SafeString("\n".join([_row(choice, language) for choice in choices]))


def draw_always(texts: Iterable[TypeText], language: str) -> SafeString:
    """Draw a line for each type that is part of an order."""
    words = escape(_("%(name)s: part of your order or booking, so it always comes."))
    mark = icon("info")
    lines = [words.replace("%(name)s", marked(t.name, t.language, language)) for t in texts]
    return SafeString(
        "\n".join(
            [
                f'<p class="ink-2 pub-note pub-always">{mark} <span>{line}</span></p>'
                for line in lines
            ]
        )
    )


def marked(words: str, spoken: str, language: str) -> str:
    """Return words as HTML, marked with their language where the page speaks another."""
    if spoken == language or not words:
        return escape(words)
    return f'<span lang="{escape(spoken)}">{escape(words)}</span>'


def _row(choice: Choice, language: str) -> str:
    text, state = choice.text, "1" if choice.is_on else "0"
    often = _often(choice) if choice.frequencies else ""
    hints = [marked(text.description, text.language, language)] if text.description else []
    button = ""
    if choice.may_come:
        hints.append(escape(_("You have not chosen yet: this may come until you say no.")))
        button = _no_thanks(choice)
    drawn_hints = "".join([f'<span class="check__hint">{hint}</span>' for hint in hints])
    return (
        f'<div class="pub-type"><input type="hidden" name="shown" value="{choice.id}:{state}">'
        f'<label class="check"><input type="checkbox" name="types" value="{choice.id}"'
        f' autocomplete="off"{" checked" if choice.is_ticked else ""}><span class="check__text">'
        f'<span class="check__title">{marked(text.name, text.language, language)}</span>'
        f"{drawn_hints}</span></label>{_aside(often + button)}</div>"
    )


def _no_thanks(choice: Choice) -> str:
    label = escape(_("No, thank you: %(name)s") % {"name": choice.text.name})
    words = escape(_("No, thank you"))
    return (
        '<button class="btn btn--sm" type="submit" name="stop"'
        f' value="{choice.id}" aria-label="{label}">{words}</button>'
    )


def _aside(controls: str) -> str:
    return f'<div class="pub-type__freq">{controls}</div>' if controls else ""


def _often(choice: Choice) -> str:
    """Draw the choice of how often, with what it was when the page was drawn beside it."""
    label = escape(_("How often: %(name)s") % {"name": choice.text.name})
    words: list[tuple[Frequency | None, object]] = [(None, _("As it happens"))]
    words += [(each, FREQUENCIES[each]) for each in choice.frequencies]
    options = [
        f'<option value="{written_often(choice.id, each)}"'
        f"{' selected' if each == choice.chosen_often else ''}>{escape(str(word))}</option>"
        for each, word in words
    ]
    before = written_often(choice.id, choice.often)
    return (
        f'<input type="hidden" name="often_shown" value="{before}"><span class="select-wrap">'
        f'<select class="select" name="often" aria-label="{label}" autocomplete="off">'
        f"{''.join(options)}</select>{icon('down')}</span>"
    )
