"""Who contact n is: names, company, addresses, business units and properties, made from n alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from contacts.demo.company import BEGAN_DAYS_AGO, Company
from contacts.demo.names import SEED, Naming, naming
from contacts.upsert import AddressGiven, ContactRow
from contacts.values import LifecycleStage
from preferences.values import Channel, LegalBasis

MOVED_SHARE = 0.35  # came with the lists the company had before
MOVED_DAYS_AGO = BEGAN_DAYS_AGO - 8


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))


_UNITS = (
    (("garden",), 46),
    (("stays",), 19),
    (("kitchens",), 13),
    (("garden", "stays"), 10),
    (("garden", "kitchens"), 8),
    (("garden", "kitchens", "stays"), 4),
)
_STAGES = (
    (LifecycleStage.SUBSCRIBER.value, 30),
    (LifecycleStage.LEAD.value, 14),
    (LifecycleStage.MARKETING_QUALIFIED.value, 6),
    (LifecycleStage.SALES_QUALIFIED.value, 4),
    (LifecycleStage.OPPORTUNITY.value, 5),
    (LifecycleStage.CUSTOMER.value, 35),
    (LifecycleStage.EVANGELIST.value, 3),
    (LifecycleStage.OTHER.value, 3),
)
_BASES = (
    ((LegalBasis.CONSENT_WITH_NOTICE,), 34),
    ((LegalBasis.LEGITIMATE_INTEREST_CLIENT,), 30),
    ((LegalBasis.LEGITIMATE_INTEREST_CLIENT, LegalBasis.PERFORMANCE_OF_CONTRACT), 14),
    ((LegalBasis.LEGITIMATE_INTEREST_PQL,), 6),
    ((LegalBasis.LEGITIMATE_INTEREST_OTHER,), 3),
    ((LegalBasis.NON_GDPR,), 2),
    ((), 11),
)
_OWNERS = (("tom", 20), ("ellie", 16), ("", 64))
_JOBS = _parts(
    "Garden designer, Head gardener, Landscape architect, Architect, Interior designer, Builder, "
    "Property manager, Facilities manager, Event planner, Chef, Restaurant owner, Florist, Teacher, "
    "Office manager, Estate agent, Retired, Nursery owner, Travel editor, Joiner, Buyer"
)
_FIRMS = _parts(
    "Brightwater, Hollybank, Southbridge, Oakmere, Fairlight, Redstone, Willowbrook, Seaborne, "
    "Thornfield, Alderton, Greenway, Larkrise, Copperfield, Northgate, Riverside, Stonebridge, "
    "Ashdown, Maplewood, Whitecliff, Foxglove, Silverbirch, Highmoor, Bluebell, Kingfisher"
)
_TRADES = _parts(
    "Studio, Landscapes, Interiors, Architects, Builders, Catering, Estates, Events, Nurseries, "
    "Properties, & Daughters, & Partners, Hotel, Kitchens, Joinery, Primary School"
)
_EXTRAS = ("Seed tray, compost", "Potting bench", "Cold frame", "Rain barrel", "Bird feeder")
_DELIVERY = ("Leave with neighbour", "Leave in porch", "Hand over in person", "Collect")


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up contact and what the histories need to know. ``joined``: days before now."""

    number: int
    row: ContactRow
    units: tuple[str, ...]
    joined: float
    is_moved: bool = False

    def address(self, channel: Channel) -> str:
        """Return the canonical form of their first address on the channel; "" without one."""
        given = (one.canonical for one in self.row.addresses if one.channel is channel)
        return next(given, "")


def spread[T](choices: Sequence[tuple[T, int]]) -> tuple[T, ...]:
    """Return each value as often as its weight says; picking one from that is fast."""
    return tuple(value for value, weight in choices for _ in range(weight))


_DICE = Random()
_UNIT_SPREAD, _STAGE_SPREAD = spread(_UNITS), spread(_STAGES)
_BASIS_SPREAD, _OWNER_SPREAD = spread(_BASES), spread(_OWNERS)


def dice_of(number: int, dice: Random) -> Random:
    """Return the dice as they lie for contact ``number``: nobody depends on anybody else's throws."""
    dice.seed(SEED * 1_000_003 + number)
    return dice


def person(number: int, company: Company, now: datetime) -> Person:
    """Return contact ``number``."""
    dice = dice_of(number, _DICE)
    roll = dice.random
    who = naming(number)
    units = dice.choice(_UNIT_SPREAD)
    is_moved = roll() < MOVED_SHARE
    joined = MOVED_DAYS_AGO - roll() * 2 if is_moved else MOVED_DAYS_AGO * (1 - roll() ** 0.6)
    owner = dice.choice(_OWNER_SPREAD)
    works = roll() < 0.35
    row = ContactRow(
        addresses=_addresses(who, dice),
        first_name=who.first.text,
        last_name=who.last.text,
        company=f"{dice.choice(_FIRMS)} {dice.choice(_TRADES)}" if works else "",
        job_title=dice.choice(_JOBS) if works else "",
        language=who.language,
        country=who.country,
        lifecycle_stage=dice.choice(_STAGE_SPREAD),
        owner_id=company.staff[owner].pk if owner else None,
        processing_bases=dice.choice(_BASIS_SPREAD),
        unit_ids=[company.units[key] for key in units],
        properties=_properties(dice, now, joined),
        created_at=now - timedelta(days=joined),
    )
    return Person(number, row, units, joined, is_moved)


def _addresses(who: Naming, dice: Random) -> list[AddressGiven]:
    kind = dice.random()
    given = []
    if kind < 0.96:
        original = who.email.title() if kind < 0.02 else who.email
        given.append(AddressGiven(Channel.EMAIL, who.email, original))
    if 0.94 < kind < 0.955:
        second = who.email.replace("@", ".private@")
        given.append(AddressGiven(Channel.EMAIL, second, second))
    if kind >= 0.96 or dice.random() < 0.41:
        phone = AddressGiven(Channel.SMS, who.phone, who.phone)
        given.append(phone)
        if dice.random() < 0.4:
            given.append(AddressGiven(Channel.WHATSAPP, who.phone, who.phone))
    return given


def _properties(dice: Random, now: datetime, joined: float) -> dict[str, Any]:
    values: dict[str, Any] = {}
    kind = dice.random()
    if kind < 0.5:
        values["orders_placed"] = int(kind * 60) + 1
        values["customer_since"] = (now - timedelta(days=joined)).date().isoformat()
    if kind < 0.2:
        values["delivery_options"] = dice.choice(_DELIVERY)
    if kind < 0.1:
        values["trade_customer"] = kind < 0.06
    if 0.45 < kind < 0.6:
        values["garden_optional_extras"] = dice.choice(_EXTRAS)
    return values
