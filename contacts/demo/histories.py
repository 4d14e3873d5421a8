"""How the people of the demonstration came to what they receive: one story each, from their dice."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from contacts.demo.company import ARCHIVED_DAYS_AGO, TYPES
from contacts.demo.people import MOVED_DAYS_AGO, Person, dice_of, spread
from contacts.demo.timeline import EVERYTHING, Mark, Timeline
from preferences.suspicion import REASONS_KEY, Why
from preferences.values import Act, Channel, LegalBasis, Source, Status, Wish, Word

IN, OUT, NONE = Status.SUBSCRIBED, Status.UNSUBSCRIBED, Status.NOT_SPECIFIED
OWN, OURS = Word.OWN, Word.OURS
EMAIL, SMS, WHATSAPP = Channel
STAFF = ("tom", "ellie", "ruth")
MOVE_DAYS_AGO = MOVED_DAYS_AGO - 4  # when the old lists were imported
LIST_DAYS_AGO = (700, 400, 120)  # when opt-out lists were imported
SILENT_SHARE = 0.08  # of people, who never made a choice
SOON, NEXT_DAY = timedelta(hours=2), timedelta(hours=20)
NEW_REQUEST_DAYS = 6  # a link to confirm works for a week

OFFERED = {
    unit: {
        channel: tuple(
            kind.key
            for kind in TYPES
            if (kind.unit, kind.channel) == (unit, channel)
            and kind.special not in ("service", "internal", "archived")
        )
        for channel in Channel
    }
    for unit in ("garden", "kitchens", "stays")
}


class Way(NamedTuple):
    """How a status comes about. ``actor`` "" is staff in turn; ``every``: not at each moment."""

    source: Source
    word: Word
    actor: str
    every: int = 1
    basis: LegalBasis | None = None
    why: str = ""


FORM = Way(Source.API_V4, OWN, "api")
PAGE = Way(Source.PREFERENCE_PAGE, OWN, "person")
KEYWORD = Way(Source.SMS_KEYWORD, OWN, "person")
CHAT = Way(Source.WHATSAPP, OWN, "person")
ONE_CLICK = Way(Source.ONE_CLICK, OWN, "person")
CONFIRMED = Way(Source.CONFIRMATION, OWN, "person")
SPAM = Way(Source.PROVIDER_FEEDBACK, OWN, "provider", 5)
MOVED = Way(
    Source.IMPORT,
    OURS,
    "ruth",
    1,
    LegalBasis.CONSENT_WITH_NOTICE,
    "Ticked the box on our old sign-up form; moved from the old mailing list.",
)
RELAYED = Way(Source.IMPORT, OWN, "ruth")  # what they had said to the former system
PANEL = Way(
    Source.RECORD_PANEL,
    OURS,
    "",
    2,
    LegalBasis.CONSENT_WITH_NOTICE,
    "Asked for it on the phone.",
)
BULK = Way(
    Source.BULK_EDIT,
    OURS,
    "ellie",
    12,
    LegalBasis.CONSENT_WITH_NOTICE,
    "Signed the visitors' sheet at the open day.",
)
FLOW = Way(
    Source.WORKFLOW,
    OURS,
    "workflow",
    3,
    LegalBasis.LEGITIMATE_INTEREST_CLIENT,
    "Bought something similar within the last twelve months.",
)
V4 = Way(
    Source.API_V4,
    OURS,
    "api",
    1,
    LegalBasis.LEGITIMATE_INTEREST_PQL,
    "Asked the shop for a quotation.",
)
V3 = Way(
    Source.API_V3,
    OURS,
    "api",
    3,
    LegalBasis.PERFORMANCE_OF_CONTRACT,
    "Part of the membership they bought.",
)
FILE = Way(Source.IMPORT, OURS, "ruth", 20)

_OWN_WAYS = {EMAIL: spread(((PAGE, 6), (ONE_CLICK, 4))), SMS: (KEYWORD,), WHATSAPP: (CHAT,)}
_WAYS_OUT = spread(
    (
        (None, 775),
        (PAGE, 150),  # their own, in the way of the channel
        (PANEL, 25),
        (BULK, 14),
        (FLOW, 10),
        (V4, 6),
        (V3, 5),
        (FILE, 15),
    )
)
_WIDE = spread(
    (
        ("", 876),
        ("leaves_unit", 40),
        ("leaves_everything", 16),
        ("is_on_list", 22),
        ("is_stopped_by_hand", 12),
        ("is_stopped_by_us", 8),
        ("complains", 5),
        ("bounces", 16),
        ("is_scanned", 5),
    )
)
_BROWSERS = ("Firefox on Windows", "Safari on iPhone", "Chrome on Android", "Edge on Windows")


class Habits(NamedTuple):
    """How a crowd behaves. ``taste``: how likely a person joins each type of theirs; ``is_detailed``:
    some have proof of their own, such as the device they used."""

    taste: float
    moved: tuple[Way, ...]
    ways_in: tuple[Way, ...]
    is_detailed: bool = False


LIVELY = Habits(
    0.76,
    spread(((MOVED, 1), (RELAYED, 4))),
    spread(((FORM, 44), (PAGE, 20), (PANEL, 12), (BULK, 6), (FLOW, 9), (V4, 5), (V3, 4))),
    is_detailed=True,
)
# Most speak for themselves: no explanations, so that a million people cost little more than events.
MASS = Habits(1.0, (RELAYED,), spread(((FORM, 70), (PAGE, 24), (PANEL, 6))))


class Spot(NamedTuple):
    """Whose story it is, and the address it is about."""

    person: Person
    channel: Channel
    address_id: int


class Storyteller:
    """Lays the stories of people out on a timeline."""

    def __init__(self, timeline: Timeline, habits: Habits) -> None:
        self.timeline, self.habits = timeline, habits
        self.dice = Random()
        self.moved = timeline.slot(MOVE_DAYS_AGO)
        self.archived = timeline.slot(ARCHIVED_DAYS_AGO)

    def tell(self, person: Person, addresses: Mapping[Channel, int]) -> None:
        """Add what happened to the person's addresses, given by channel."""
        dice = dice_of(-person.number, self.dice)
        spots = [Spot(person, channel, address_id) for channel, address_id in addresses.items()]
        if spots[0].channel is EMAIL and "garden" in person.units and dice.random() < 0.012:
            self._is_asked_lately(spots[0])
        if dice.random() < SILENT_SHARE:
            return
        slot = self.moved if person.is_moved else self.timeline.slot(person.joined)
        way = dice.choice(self.habits.moved if person.is_moved else self.habits.ways_in)
        for spot in spots:
            for unit in person.units:
                for key in OFFERED[unit][spot.channel]:
                    if dice.random() < self.habits.taste:
                        self._joins(spot, key, way, slot)
        if self.habits.is_detailed and dice.random() < 0.03:
            self._knew_the_club(spots[0], slot)
        wide = dice.choice(_WIDE)
        if wide:
            getattr(self, f"_{wide}")(dice.choice(spots), slot)

    # --- one type -------------------------------------------------------------------------------

    def _joins(self, spot: Spot, key: str, way: Way, slot: int) -> None:
        if way is PAGE and spot.channel is not EMAIL:
            way = _OWN_WAYS[spot.channel][0]
        is_asked = key == "surveys" and way.word is OURS  # R14: they confirm it
        if is_asked and way is not PANEL:
            return
        mark = self._add(slot, way, key, IN, spot)
        if mark is None:
            return
        if is_asked:
            self._may_confirm(spot, key, mark)
        elif way.word is OURS and self.dice.random() < 0.006:
            self.timeline.answer(mark.at + SOON, mark.actor, mark)
        else:
            self._may_leave(spot, key, slot)

    def _may_confirm(self, spot: Spot, key: str, mark: Mark) -> None:
        if self.dice.random() < 0.6:
            wish = self.timeline.wish(key, Source.CONFIRMATION, IN, OWN)
            self.timeline.add(mark.at + NEXT_DAY, "person", spot.address_id, wish)

    def _may_leave(self, spot: Spot, key: str, slot: int) -> None:
        dice = self.dice
        way = dice.choice(_WAYS_OUT)
        if way is None:
            return
        if way is PAGE:
            way = dice.choice(_OWN_WAYS[spot.channel])
        left = self._later(slot)
        status = NONE if way is PANEL and dice.random() < 0.3 else OUT
        mark = self._add(left, _without_grounds(way), key, status, spot)
        if mark is not None and dice.random() < 0.14:
            self._comes_back(spot, key, left, way)

    def _comes_back(self, spot: Spot, key: str, left: int | None, way: Way) -> None:
        """They return themselves, or staff resubscribe them, naming their opt-out (R4)."""
        back = self._later(left)
        if way.word is OWN and self.dice.random() < 0.5:
            self._add(back, PAGE, key, IN, spot)
            return
        back = self._rounded(back, PANEL.every)
        if back is None:
            return
        at = self.timeline.moments[back]
        wish = self.timeline.wish(
            key,
            PANEL.source,
            IN,
            OURS,
            basis=LegalBasis.CONSENT_WITH_NOTICE,
            why="Wrote to us that they miss it and asked to get it again.",
            asked_on=at.date(),
        )
        self.timeline.add(at, "ruth", spot.address_id, wish)

    def _knew_the_club(self, spot: Spot, slot: int) -> None:
        """The one type that is archived now."""
        if spot.channel is EMAIL and "garden" in spot.person.units and slot < self.archived:
            self._add(slot, FORM, "bulbs", IN, spot)

    def _is_asked_lately(self, spot: Spot) -> None:
        """R14: asked by staff to confirm, and the link still works."""
        slot = self.timeline.slot(NEW_REQUEST_DAYS * self.dice.random())
        self._add(slot, PANEL._replace(every=1), "surveys", IN, spot)

    # --- opt-outs of all, and facts -------------------------------------------------------------

    def _leaves_unit(self, spot: Spot, slot: int) -> None:
        dice = self.dice
        unit, way = dice.choice(spot.person.units), dice.choice(_OWN_WAYS[spot.channel])
        left = self._later(slot)
        if self._add(left, way, unit, OUT, spot) is not None:
            self._may_return(spot, left, unit, unit)

    def _leaves_everything(self, spot: Spot, slot: int) -> None:
        left = self._later(slot)
        if self._add(left, PAGE, EVERYTHING, OUT, spot) is not None:
            self._may_return(spot, left, EVERYTHING, spot.person.units[0])

    def _may_return(self, spot: Spot, left: int | None, wide: str, unit: str) -> None:
        """R11: they come back to one type alone, or lift the whole opt-out of all."""
        fate = self.dice.random()
        back = self._later(left)
        if fate < 0.25:
            for key in OFFERED[unit][spot.channel][:1]:
                self._add(back, PAGE, key, IN, spot)
        elif fate < 0.35:
            self._add(back, PAGE, wide, IN, spot)

    def _is_on_list(self, spot: Spot, _slot: int) -> None:
        """An opt-out list from elsewhere, perhaps from before we knew them."""
        ago = self.dice.choice(LIST_DAYS_AGO)
        at = self.timeline.moments[self.timeline.slot(ago)]
        self.timeline.add(at, "ruth", spot.address_id, on_list(self.timeline, at))

    def _is_stopped_by_hand(self, spot: Spot, slot: int) -> None:
        unit = spot.person.units[0]
        stopped = self._later(slot)
        mark = self._add(stopped, _without_grounds(PANEL), unit, OUT, spot)
        fate = self.dice.random()
        if mark is not None and fate < 0.2:
            self.timeline.answer(mark.at + SOON, mark.actor, mark)
        elif mark is not None and fate < 0.5:
            self._add(self._later(stopped), PANEL, unit, IN, spot)

    def _is_stopped_by_us(self, spot: Spot, slot: int) -> None:
        way = self.dice.choice((BULK, FLOW, V4))
        key = self.dice.choice((EVERYTHING, spot.person.units[0]))
        self._add(self._later(slot), _without_grounds(way), key, OUT, spot)

    def _complains(self, spot: Spot, slot: int) -> None:
        late = self._rounded(self._later(slot), SPAM.every)
        if late is not None and spot.channel is EMAIL:
            unit = spot.person.units[0]
            wish = self.timeline.wish(unit, SPAM.source, OUT, OWN, act=Act.COMPLAIN)
            self.timeline.add(self.timeline.moments[late], "provider", spot.address_id, wish)

    def _bounces(self, spot: Spot, slot: int) -> None:
        late = self._rounded(self._later(slot), SPAM.every)
        if late is None:
            return
        at = self.timeline.moments[late]
        for act, moment in ((Act.BOUNCE, at), (Act.DELIVER, at + NEXT_DAY)):
            wish = self.timeline.wish(EVERYTHING, SPAM.source, NONE, OURS, act=act)
            self.timeline.add(moment, "provider", spot.address_id, wish)
            if self.dice.random() < 0.8:
                break

    def _is_scanned(self, spot: Spot, slot: int) -> None:
        """R24: a mail filter followed the link; some of these are given back."""
        late = self._later(slot)
        if late is None or spot.channel is not EMAIL:
            return
        at, key = self.timeline.moments[late], OFFERED[spot.person.units[0]][EMAIL][0]
        wish = self.timeline.wish(
            key, ONE_CLICK.source, OUT, OWN, suspected=True, evidence=_SCANNED
        )
        mark = self.timeline.add(at, "person", spot.address_id, wish)
        if self.dice.random() < 0.4:
            why = "Their mail filter opens every link; they did not ask to stop."
            self.timeline.answer(at + NEXT_DAY, "ruth", mark, act=Act.CORRECT, why=why)

    # --- when and by whom -----------------------------------------------------------------------

    def _later(self, slot: int | None) -> int | None:
        """Return a later moment; None when there is none."""
        if slot is None:
            return None
        left = len(self.timeline.moments) - slot - 1
        return slot + 1 + int(left * self.dice.random()) if left > 0 else None

    def _rounded(self, slot: int | None, every: int) -> int | None:
        if slot is None:
            return None
        slot = -(-slot // every) * every
        return slot if slot < len(self.timeline.moments) else None

    def _add(self, slot: int | None, way: Way, key: str, status: Status, spot: Spot) -> Mark | None:
        """Add a change in this way; None when there is no such moment any more."""
        slot = self._rounded(slot, way.every)
        if slot is None:
            return None
        evidence: tuple[tuple[str, str], ...] = ()
        if self.habits.is_detailed and way.actor == "person" and self.dice.random() < 0.04:
            evidence = _evidence(spot.person)
        wish = self.timeline.wish(
            key, way.source, status, way.word, basis=way.basis, why=way.why, evidence=evidence
        )
        actor = way.actor or STAFF[slot // way.every % len(STAFF)]
        if actor == "tom" and "kitchens" in spot.person.units:
            actor = "ellie"
        return self.timeline.add(self.timeline.moments[slot], actor, spot.address_id, wish)


_SCANNED = (
    ("ip", "198.51.100.201"),
    ("user_agent", "Mimecast-URL-Protect"),
    (REASONS_KEY, Why.SCANNER.value),
)


def on_list(timeline: Timeline, at: datetime) -> Wish:
    """Return what an opt-out list says of each of its addresses: they left, some time ago."""
    said_at = at - timedelta(days=23)
    return timeline.wish(EVERYTHING, Source.IMPORT, OUT, OWN, is_list=True, said_at=said_at)


def _without_grounds(way: Way) -> Way:
    """Opting out needs neither a legal basis nor an explanation (R3)."""
    return way._replace(basis=None, why="")


def _evidence(person: Person) -> tuple[tuple[str, str], ...]:
    """Return what a web server knows of a visitor; the network is the one for documentation."""
    device = _BROWSERS[person.number % len(_BROWSERS)]
    return (("ip", f"198.51.100.{person.number % 254 + 1}"), ("user_agent", device))
