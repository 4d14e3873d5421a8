"""A mail filter that pressed every button it found, so that Suspected automatic has a burst (R24)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from contacts.demo.featured import ROWS
from contacts.demo.histories import FORM, IN, OUT, PAGE
from contacts.demo.people import Person
from contacts.demo.timeline import Timeline
from preferences.address_book import locate
from preferences.suspicion import BURST_KEY, REASONS_KEY, Limits, Why
from preferences.values import Channel

PRESSED = 17  # the first ones look like people: nothing speaks against them yet
UNIT, KEY = "garden", "guide"
_APART = timedelta(milliseconds=700)
_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"
)


def tell_of_scanner(people: Sequence[Person], timeline: Timeline, now: datetime) -> None:
    """Let it unsubscribe some people of one company within seconds, a night ago."""
    began_at = (now - timedelta(days=1)).replace(hour=3, minute=12, second=9, microsecond=0)
    burst = f"53ca7e-{int(began_at.timestamp())}"
    joined = timeline.moments[timeline.slot(230)]
    for place, address_id in enumerate(_scanned(people)):
        wish = timeline.wish(KEY, FORM.source, IN, FORM.word, basis=FORM.basis, why=FORM.why)
        timeline.add(joined, FORM.actor, address_id, wish)
        is_labelled = place >= Limits().burst_page
        seen = (("ip", f"198.51.100.{40 + place % 4}"), ("user_agent", _AGENT), ("seconds", "3"))
        label = ((REASONS_KEY, Why.BURST.value), (BURST_KEY, burst)) if is_labelled else ()
        wish = timeline.wish(
            KEY, PAGE.source, OUT, PAGE.word, suspected=is_labelled, evidence=(*seen, *label)
        )
        timeline.add(began_at + place * _APART, "person", address_id, wish)


def _scanned(people: Sequence[Person]) -> list[int]:
    """Return addresses of people of the unit, those after the featured ones."""
    held = [
        given
        for one in people
        if one.number >= len(ROWS) and UNIT in one.units
        for given in one.row.addresses[:1]
        if given.channel is Channel.EMAIL
    ]
    pairs = [(one.channel, one.canonical) for one in held[:PRESSED]]
    places = locate(pairs)
    return [places[pair].id for pair in pairs]
