"""What the demonstration has besides: shared addresses, wishes, strangers who opted out, erased
persons.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from contacts.demo.company import Company
from contacts.demo.histories import FORM, IN, LIST_DAYS_AGO, OUT, PAGE, PANEL, SPAM, on_list
from contacts.demo.people import Person
from contacts.demo.timeline import EVERYTHING, Timeline
from contacts.models import ContactAddress
from contacts.services import add_address
from preferences.address_book import locate
from preferences.frequencies import ask_frequency
from preferences.models import Address
from preferences.pauses import pause
from preferences.services import ensure_addresses
from preferences.values import Act, Channel, Frequency, Status

EMAIL = Channel.EMAIL
COUPLES = range(200, 260, 2)  # contact n also has the first address of contact n + 1
STRANGERS = 200  # addresses on an opt-out list that no contact has
RESTING = "gwen@pritchardfarm.example"
ERASED = ("a.former.customer@gone.example", "one.more@gone.example", "the.third@gone.example")


def share_addresses(people: Sequence[Person], company: Company, now: datetime) -> None:
    """Give some contacts an address that another contact has too (R1)."""
    by_number = {one.number: one.row.addresses[0] for one in people}
    for number in COUPLES:
        if number not in by_number or number + 1 not in by_number:
            continue
        theirs, shared = by_number[number], by_number[number + 1]
        place = locate([(theirs.channel, theirs.canonical)])[theirs.channel, theirs.canonical]
        link = ContactAddress.objects.select_related("contact").get(address_id=place.id)
        add_address(
            contact=link.contact,
            channel=shared.channel,
            text=shared.canonical,
            user=company.staff["ruth"],
            now=now - timedelta(days=number % 28 + 1),
        )


def tell_of_wishes(company: Company, now: datetime) -> None:
    """Let some of the featured people ask for less (once a week), and one for a break."""
    asked = (
        ("jonas@lindqvist.example", "offers", Frequency.WEEKLY, 12),
        ("gwen@pritchardfarm.example", "offers", Frequency.MONTHLY, 9),
        ("hana.sato@kumo.example", "breaks", Frequency.WEEKLY, 4),
    )
    places = locate([(EMAIL, email) for email, *_ in asked])
    there = set(
        Address.objects.filter(pk__in=[one.id for one in places.values()]).values_list(
            "pk", flat=True
        )
    )
    for email, key, frequency, days_ago in asked:
        place = places[EMAIL, email]
        if place.id not in there:
            continue
        at = now - timedelta(days=days_ago)
        ask_frequency(address_id=place.id, type_id=company.types[key], frequency=frequency, now=at)
        if email == RESTING:
            pause(address_id=place.id, until=at + timedelta(days=53), now=at)


def tell_of_strangers(timeline: Timeline, now: datetime) -> None:
    """Add opt-outs of addresses that no contact has, and persons who were erased (R18)."""
    forms = [f"stranger{number:03}@elsewhere.example" for number in range(STRANGERS)]
    at = timeline.moments[timeline.slot(LIST_DAYS_AGO[0])]
    for address_id in ensure_addresses(channel=EMAIL, pairs=[(f, f) for f in forms], now=at):
        timeline.add(at, "ruth", address_id, on_list(timeline, at))
    for address_id in ensure_addresses(channel=EMAIL, pairs=[(f, f) for f in ERASED], now=at):
        _tell_of_erased(timeline, address_id, now)


def _tell_of_erased(timeline: Timeline, address_id: int, now: datetime) -> None:
    evidence = (("ip", "198.51.100.77"), ("user_agent", "Firefox on Linux"))
    story = (
        (500, FORM, "guide", IN, Act.STATE, ()),
        (320, SPAM, "garden", OUT, Act.COMPLAIN, ()),
        (300, PAGE, EVERYTHING, OUT, Act.STATE, evidence),
        (200, PANEL._replace(actor="ruth"), EVERYTHING, Status.NOT_SPECIFIED, Act.ERASE, ()),
    )
    for ago, way, key, status, act, proof in story:
        wish = timeline.wish(key, way.source, status, way.word, act=act, evidence=proof)
        timeline.add(now - timedelta(days=ago), way.actor, address_id, wish)
