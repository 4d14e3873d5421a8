"""What a request tells about who sent it: evidence of an act, and signs that a machine did it."""

from datetime import datetime

from django.core.signing import BadSignature, Signer
from django.http import HttpRequest

from subscriptions_site.web.network import client_address

LONGEST_AGENT = 300
# Sent by browsers and scanners that fetch a page before anybody asked for it.
PREFETCH_HEADERS = {
    name: f"HTTP_{name.upper().replace('-', '_')}"
    for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
}
_SALT = "public page drawn at"


def evidence_of(
    request: HttpRequest, *, drawn: str, language: str, now: datetime
) -> tuple[tuple[str, str], ...]:
    """Return what is kept of an act of a person, as pairs; it can be erased, the event stays.

    ``drawn``: the stamp of the page that was sent, "" for one-click.
    """
    seconds = seconds_since_drawn(drawn, now=now)
    facts = {
        "ip": client_address(request),
        "user_agent": _printable(agent_of(request)),
        "prefetch": prefetch_of(request),
        "seconds": "" if seconds is None else str(seconds),
        "language": language,
    }
    return tuple([pair for pair in facts.items() if pair[1]])


def prefetch_of(request: HttpRequest) -> str:
    """Return the headers that say that nobody clicked, "" for none."""
    sent = request.META
    found = [f"{name}: {sent[key]}" for name, key in PREFETCH_HEADERS.items() if key in sent]
    return _printable("; ".join(found))


def agent_of(request: HttpRequest) -> str:
    """Return what the program calls itself, "" if it does not say."""
    return str(request.META.get("HTTP_USER_AGENT", ""))


def drawn_stamp(now: datetime) -> str:
    """Return when a page was drawn, for a hidden field of its forms; signed, so it can be believed."""
    return Signer(salt=_SALT).sign(str(int(now.timestamp())))


def seconds_since_drawn(stamp: str, *, now: datetime) -> int | None:
    """Return how long the page was open before it was sent; None without a stamp of ours."""
    if not stamp:
        return None
    try:
        drawn_at = int(Signer(salt=_SALT).unsign(stamp))
    except (BadSignature, ValueError):
        return None
    return max(0, int(now.timestamp()) - drawn_at)


def _printable(text: str) -> str:
    text = text[:LONGEST_AGENT]
    return text if text.isprintable() else "".join(c for c in text if c.isprintable())
