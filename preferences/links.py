"""Personal links and the header lines of list mail: made here, read here.

``tokens`` knows how a link is signed; here stand the keys, how old a link may be, and where it leads.
Unsubscribe links never expire and only withdraw, so a leak of them harms nobody; preference links
expire, and ``revoke_preference_links`` kills those of one address.
"""

from datetime import datetime, timedelta
from email.charset import QP, Charset
from email.header import Header
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings

from preferences import tokens
from preferences.bulk_sql import parameter, run_prepared
from preferences.models import LinkRevocation, SubscriptionType
from preferences.tokens import Confirm, Preferences, Undo, Unsubscribe
from preferences.values import SINGLE_UNDO_HOURS

CONFIRM_DAYS = 7
UNDO_WITHIN = timedelta(hours=SINGLE_UNDO_HOURS)
CONFIRM_WITHIN = timedelta(days=CONFIRM_DAYS)
LONGEST_LINE = 998  # RFC 5322 2.1.1, octets
FOLDED_AT = 76

_REVOKED = (
    f"SELECT 1 FROM {LinkRevocation._meta.db_table} WHERE address_id = %s AND revoked_at >= %s"
)
UNSUBSCRIBE_PATH, _PREFERENCES, _CONFIRM = "/u/", "/p/", "/c/"
_PHRASE_CHARSET = Charset("utf-8")
_PHRASE_CHARSET.header_encoding = QP


class MailHeaders(NamedTuple):
    """Values of the header fields of one mail, each a single line of ASCII.

    Python's ``email`` re-folds long values and then writes a URL as an encoded word, which breaks
    one-click: whoever builds the message gives it a policy with ``max_line_length=LONGEST_LINE``.
    """

    list_unsubscribe: str
    list_unsubscribe_post: str
    list_id: str
    list_help: str

    def pairs(self) -> list[tuple[str, str]]:
        names = ("List-Unsubscribe", "List-Unsubscribe-Post", "List-ID", "List-Help")
        return list(zip(names, self, strict=True))

    def lines(self) -> str:
        """Write the fields as they stand in a message: folded, with CRLF."""
        return "".join(f"{_folded(name, value)}\r\n" for name, value in self.pairs())


class PersonalLinks(NamedTuple):
    """What one message to one address carries; None where a type may not offer it."""

    preferences: str
    unsubscribe: str | None
    unsubscribe_all: str
    headers: MailHeaders | None


# --- made ---


def links_for(
    *, address_id: int, subscription_type: SubscriptionType, now: datetime
) -> PersonalLinks:
    """Return the links of a message of this type to this address, and its header lines.

    Internal types are never shown to people and service types have nothing to leave: both get
    neither header lines nor an unsubscribe link of their own.
    """
    unit = subscription_type.business_unit
    preferences = preference_link(address_id=address_id, unit_id=unit.pk, now=now)
    everything = unsubscribe_link(address_id=address_id, unit_id=unit.pk)
    if subscription_type.is_internal or subscription_type.is_service:
        return PersonalLinks(preferences, None, everything, None)
    single = unsubscribe_link(address_id=address_id, unit_id=unit.pk, type_id=subscription_type.pk)
    headers = MailHeaders(
        f"<{single}>",
        "List-Unsubscribe=One-Click",
        list_id(subscription_type),
        f"<{preferences}>",
    )
    return PersonalLinks(preferences, single, everything, headers)


def unsubscribe_link(*, address_id: int, unit_id: int, type_id: int | None = None) -> str:
    """Return the link that withdraws from a type, or without one from all of the unit."""
    return _url(UNSUBSCRIBE_PATH, tokens.sign(Unsubscribe(address_id, unit_id, type_id), _keys()))


def preference_link(*, address_id: int, unit_id: int, now: datetime) -> str:
    """Return the link to the person's choices, in the look of this unit."""
    return _url(_PREFERENCES, tokens.sign(Preferences(address_id, unit_id, now), _keys()))


def confirm_link(*, address_id: int, event_id: int, now: datetime) -> str:
    """Return the link that confirms what was asked for in this event (R14)."""
    return _url(_CONFIRM, tokens.sign(Confirm(address_id, event_id, now), _keys()))


def undo_token(*, address_id: int, event_id: int, now: datetime) -> str:
    """Return the token that only the page after the act carries (R23); no mail ever does."""
    return tokens.sign(Undo(address_id, event_id, now), _keys())


def list_id(subscription_type: SubscriptionType) -> str:
    """Return the List-ID (RFC 2919): the names for people, and what stays when they change."""
    unit = subscription_type.business_unit
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    stable = f"type-{subscription_type.pk}.{unit.slug}.{host}".lower()
    return f"{_phrase(f'{subscription_type.name} | {unit.name}')} <{stable}>"


def revoke_preference_links(*, address_id: int, now: datetime) -> None:
    """Kill every preference link of the address issued until now."""
    LinkRevocation.objects.update_or_create(address_id=address_id, defaults={"revoked_at": now})


# --- read ---


def read_unsubscribe(token: str) -> Unsubscribe | None:
    """Return what the link withdraws from; None for anything we did not sign."""
    return tokens.read(Unsubscribe, token, _keys())


def read_preferences(token: str) -> Preferences | None:
    """Return whose choices the link opens, however old it is; see ``is_alive``."""
    return tokens.read(Preferences, token, _keys())


def read_confirm(token: str) -> Confirm | None:
    return tokens.read(Confirm, token, _keys())


def read_undo(token: str, *, now: datetime) -> Undo | None:
    """Return the act to undo; None when we did not sign it, or when the time for it is over."""
    link = tokens.read(Undo, token, _keys())
    return link if link is not None and now - link.issued_at <= UNDO_WITHIN else None


def is_alive(link: Preferences | Confirm, *, now: datetime) -> bool:
    """Tell whether the link may still be used: young enough, and not revoked since it was issued.

    Confirming has no revocation: the request it names ends by itself (R14).
    """
    if isinstance(link, Confirm):
        return now - link.issued_at <= CONFIRM_WITHIN
    if now - link.issued_at > timedelta(days=settings.PREFERENCE_LINK_DAYS):
        return False
    asked = [link.address_id, parameter(link.issued_at)]
    return not run_prepared(_REVOKED, asked)


# --- small ---


def _keys() -> tokens.KeyRing:
    return settings.LINK_KEYS


def _url(path: str, token: str) -> str:
    return f"{settings.PUBLIC_URL}{path}{token}/"


def _phrase(name: str) -> str:
    """Write a name as a phrase of a header: words that cannot end the field or start another."""
    text = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if text.isascii():
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"'
    return (
        Header(text, _PHRASE_CHARSET, maxlinelen=FOLDED_AT).encode(linesep=" ").replace("  ", " ")
    )


def _folded(name: str, value: str) -> str:
    """Fold between words only: a URL must not be broken, and it stays beside the name of its field."""
    first, *words = value.split(" ")
    lines, line = [], f"{name}: {first}"
    for word in words:
        if len(line) + len(word) >= FOLDED_AT:
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line])
