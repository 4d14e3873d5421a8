"""The letters we write to people: composed here, sent by ``mails``.

None of them advertises anything, and nothing in them is loaded from elsewhere. Each is a folder of
three templates (subject, text, HTML) that exist once and are translated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from mails.kinds import MailKind
from mails.models import OutgoingMail
from mails.services import Letter, address_header
from preferences.links import preference_link
from preferences.models import Address, BusinessUnit
from preferences.shown_wording import shown_wording

PREFERENCE_LINK, BULK_LINK, ASKED_LINK = "preference_link", "preference_link_bulk", "asked_link"
CONFIRM, REMINDER, UNSUBSCRIBED = "confirm", "confirm_reminder", "unsubscribed"
LABELS: Mapping[str, Any] = {
    PREFERENCE_LINK: _("Link to the preference page"),
    BULK_LINK: _("Link to the preference page, to many at once"),
    ASKED_LINK: _("Link to the preference page, asked for by the person"),
    CONFIRM: _("Request to confirm"),
    REMINDER: _("Reminder to confirm"),
    UNSUBSCRIBED: _("Confirmation of unsubscribing"),
}
_FOLDERS = {
    PREFERENCE_LINK: "preference_link",
    BULK_LINK: "preference_link",
    ASKED_LINK: "preference_link",
    CONFIRM: "confirm",
    REMINDER: "confirm",
    UNSUBSCRIBED: "unsubscribed",
}


@dataclass(frozen=True, slots=True)
class Parts:
    """What a letter says."""

    subject: str
    text: str
    html: str


def is_reachable(address: Address) -> bool:
    """Tell whether a letter to this address could arrive at all (R17, R18)."""
    return bool(address.canonical) and address.undeliverable_at is None


def may_arrive(mail: OutgoingMail, now: datetime) -> bool:  # noqa: ARG001
    """Tell whether a letter that waited may still leave: its address may have been marked meanwhile."""
    address = Address.objects.filter(pk=mail.about or 0).first()
    return address is not None and is_reachable(address)


def sender_of(unit: BusinessUnit) -> str:
    """Return the sender of a unit's letters; without an address of its own, the site's."""
    email = unit.sender_email or settings.MAIL_SENDER
    return address_header(unit.sender_name or unit.name, email)


def compose(
    kind: str,
    *,
    address: Address,
    unit: BusinessUnit,
    language: str,
    link: str,
    context: Mapping[str, Any] | None = None,
    wording_id: int | None = None,
) -> Letter:
    """Return a letter of this kind to this address, in this language."""
    parts = _render(kind, unit, language, {**(context or {}), "link": link})
    return Letter(
        kind=kind,
        about=address.pk,
        language=language,
        sender=sender_of(unit),
        recipient=address.original or address.canonical,
        subject=parts.subject,
        text=parts.text,
        html=parts.html,
        wording_id=wording_id,
    )


def link_letter(
    kind: str, address: Address, unit: BusinessUnit, language: str, now: datetime
) -> Letter:
    """Return the letter with the link, in the look of this unit."""
    link = preference_link(address_id=address.pk, unit_id=unit.pk, now=now)
    return compose(kind, address=address, unit=unit, language=language, link=link)


def letter_wording(
    kind: str,
    *,
    unit: BusinessUnit,
    language: str,
    context: Mapping[str, Any] | None = None,
    now: datetime,
) -> int:
    """Return the id of what a letter of this kind says, without what is personal in it."""
    parts = _render(kind, unit, language, {**(context or {}), "link": "{link}"})
    text = f"{parts.subject}\n\n{parts.text}"
    return shown_wording(kind="confirm_mail", language=language, text=text, now=now)


def _render(kind: str, unit: BusinessUnit, language: str, context: Mapping[str, Any]) -> Parts:
    folder = f"preferences/email/{_FOLDERS[kind]}"
    values = {
        **context,
        "unit": unit,
        "language": language,
        "is_asked_for": kind == ASKED_LINK,
        "is_reminder": kind == REMINDER,
        "link_days": settings.PREFERENCE_LINK_DAYS,
    }
    with override(language):
        subject = " ".join(render_to_string(f"{folder}/subject.txt", values).split())
        return Parts(
            subject,
            render_to_string(f"{folder}/body.txt", values).strip() + "\n",
            render_to_string(f"{folder}/body.html", values).strip(),
        )


def kinds() -> list[MailKind]:
    """Return the kinds whose wish does not depend on anything but the address."""
    return [MailKind(name, LABELS[name], may_arrive) for name in (ASKED_LINK, UNSUBSCRIBED)]
