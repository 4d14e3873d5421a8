"""The texts that people had before them when they acted, kept as wordings.

The words are those of the templates, put together in the language of the page and without
anything about the reader.
"""

from datetime import datetime

from django.utils.translation import gettext as _

from preferences.confirming import AskedType
from preferences.shown_wording import shown_wording
from preferences.texts import TypeText
from preferences.values import Scope, ScopeKind


def one_click_wording(now: datetime) -> int:
    """Return the id of what a mail program sends: the person saw its button, and no page."""
    text = "List-Unsubscribe-Post: List-Unsubscribe=One-Click"
    return shown_wording(kind="one_click", language="en", text=text, now=now)


def unsubscribe_wording(
    text: TypeText | None, unit_name: str, scope: Scope, *, language: str, now: datetime
) -> int:
    """Return the id of the text of the unsubscribe page, with the button that was pressed."""
    if text is not None:
        lines = [_("Stop getting %(name)s?") % {"name": text.name}, text.description]
    else:
        lines = [_("Stop all messages of %(name)s?") % {"name": unit_name}]
    all_of_it = _("Unsubscribe from all messages of %(name)s") % {"name": unit_name}
    button = all_of_it if scope.is_wide else _("Unsubscribe")
    return _kept("unsubscribe_page", language, [*lines, f"[{button}]"], now)


def choice_wording(
    text: TypeText | None, unit_name: str, scope: Scope, *, language: str, now: datetime
) -> int:
    """Return the id of the text of the preference page about one type, or one opt-out of all."""
    if scope.kind is ScopeKind.TYPE and text is not None:
        button = _("Save choices")
        lines = [unit_name, text.name, text.description, agreement(), f"[{button}]"]
    else:
        button = _("Unsubscribe from all")
        lines = [_("Stop all messages"), unit_name, f"[{button}]"]
    return _kept("preference_page", language, [_("Choose what we send you"), *lines], now)


def agreement() -> str:
    """Return what ticking a box and saving means."""
    return _(
        "By ticking a box and saving you agree that we send you what you ticked. "
        "You can stop this at any time, here or with the link in every message."
    )


def confirm_wording(kind: AskedType, *, language: str, now: datetime) -> int:
    """Return the id of the text of the page behind the link in our mail, about one type."""
    lines = [_("Confirm your choice"), kind.unit_name, kind.name, kind.description]
    button = _("Yes, send me these")
    return _kept("confirm_page", language, [*lines, confirm_agreement(), f"[{button}]"], now)


def confirm_agreement() -> str:
    """Return what pressing the button means."""
    return _(
        "By pressing the button you agree that we send you the messages above. "
        "You can stop this at any time, with the link in every message."
    )


def _kept(kind: str, language: str, lines: list[str], now: datetime) -> int:
    text = "\n".join(line for line in lines if line)
    return shown_wording(kind=kind, language=language, text=text, now=now)
