"""What a person may choose, and what they have chosen: values for their page.

What is offered and what counts comes from the gate's own judgement (``gate.judge``), so the page
never offers what the gate would refuse. The number of queries does not depend on how much there is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from preferences import selectors
from preferences.address_book import Place
from preferences.gate import Answer, Reason, judge
from preferences.models import Address, BusinessUnit
from preferences.registers import resolve, shape_of
from preferences.rules import effective
from preferences.terms import Terms, current_terms
from preferences.texts import TypeText, texts_in_order
from preferences.values import Channel, Frequency, Registers, State, Status, TypeFacts, Word
from preferences.wishes import Wishes, open_wishes

_UNITS = (
    f"SELECT * FROM {BusinessUnit._meta.db_table} WHERE archived_at IS NULL "
    "ORDER BY position, name, id"
)
# The type itself is not to be had on this address, whatever the person says.
CLOSED = {Reason.TYPE_ARCHIVED, Reason.NOT_OFFERED_ON_CHANNEL, Reason.CHANNEL_NOT_CONNECTED}
# What may be true of a type that nobody chose and that is sent all the same, now or later.
OPEN = {Reason.NO_OPT_OUT, Reason.PAUSED, Reason.UNDELIVERABLE}


@dataclass(frozen=True, slots=True)
class Choice:
    """One type. ``may_come``: nobody chose it, and it may be sent until the person says no.

    ``often``: how often at most, of the ``frequencies`` that the type offers. ``ticked`` and ``asked``:
    what was sent, on a page that is shown again with it.
    """

    id: int
    text: TypeText
    is_on: bool
    may_come: bool
    frequencies: tuple[Frequency, ...] = ()
    often: Frequency | None = None
    ticked: bool | None = None
    asked: tuple[Frequency | None] | None = None

    @property
    def is_ticked(self) -> bool:
        return self.is_on if self.ticked is None else self.ticked

    @property
    def chosen_often(self) -> Frequency | None:
        return self.often if self.asked is None else self.asked[0]


@dataclass(frozen=True, slots=True)
class UnitChoices:
    """The types of one unit; ``left_at`` is since when all of it is stopped."""

    unit: BusinessUnit
    choices: list[Choice] = field(default_factory=list)
    always: list[TypeText] = field(default_factory=list)
    left_at: datetime | None = None

    @property
    def exceptions(self) -> list[Choice]:
        return [choice for choice in self.choices if choice.is_on] if self.left_at else []


@dataclass(frozen=True, slots=True)
class Choices:
    """Everything the page shows of one address.

    ``sayable``: the types the person may speak about here, with their units; more than are shown,
    since an archived one can still be left. ``texts`` and ``unit_names`` are for all of them.
    """

    units: list[UnitChoices]
    sayable: Mapping[int, int]
    texts: Mapping[int, TypeText]
    unit_names: Mapping[int, str]
    left_at: datetime | None = None
    paused_until: datetime | None = None
    is_undeliverable: bool = False

    @property
    def by_id(self) -> Mapping[int, Choice]:
        return {choice.id: choice for unit in self.units for choice in unit.choices}

    def as_sent(self, ticked: Mapping[int, bool], often: Mapping[int, Frequency | None]) -> Self:
        """Return the same with what was sent and not saved yet."""

        def sent(choice: Choice) -> Choice:
            asked = (often[choice.id],) if choice.id in often else None
            return replace(choice, ticked=ticked.get(choice.id), asked=asked)

        units = [
            replace(unit, choices=[sent(each) for each in unit.choices]) for unit in self.units
        ]
        return replace(self, units=units)

    @property
    def open_units(self) -> list[UnitChoices]:
        """Return the units that have not been left as a whole."""
        return [] if self.left_at else [unit for unit in self.units if unit.left_at is None]

    @property
    def left_units(self) -> list[UnitChoices]:
        return [unit for unit in self.units if unit.left_at is not None]


def get_choices(address: Address, *, first_unit_id: int, language: str, now: datetime) -> Choices:
    """Return what the person may choose on this address, the unit of their link first."""
    terms, said = current_terms(), selectors.states_for([address.pk])
    units = BusinessUnit.objects.raw(_UNITS)
    order = sorted(units, key=lambda unit: unit.pk != first_unit_id)
    texts = texts_in_order(language)
    wishes = open_wishes([address.pk], now=now)
    reader = _Reader(address, terms, said, texts, wishes)
    types = [terms.types[pk] for pk in texts if pk in terms.types]  # one may be new since
    found = [reader.unit(unit, types) for unit in order]
    account = selectors.state_of(said, address.pk, type_id=None, unit_id=None).account
    return Choices(
        units=[unit for unit in found if unit.choices or unit.always],
        sayable={
            facts.id: facts.business_unit_id
            for facts in terms.types.values()
            if _is_sayable(facts, address.channel_value)
        },
        texts=texts,
        unit_names={unit.pk: unit.name for unit in order},
        left_at=_left_at(account),
        paused_until=wishes.paused.get(address.pk),
        is_undeliverable=address.undeliverable_at is not None,
    )


def _is_sayable(facts: TypeFacts, channel: Channel) -> bool:
    """Tell whether the person may speak about the type on this channel, if only to leave it."""
    return not (facts.is_internal or facts.is_service) and channel in facts.channels


class _Reader:
    """Holds what was read while the page is put together; used once."""

    def __init__(
        self,
        address: Address,
        terms: Terms,
        said: selectors.Said,
        texts: Mapping[int, TypeText],
        wishes: Wishes,
    ) -> None:
        self.address, self.terms, self.said, self.texts = address, terms, said, texts
        self.place = Place(address.pk, address.erased_at, address.undeliverable_at)
        self.wishes = wishes

    def unit(self, unit: BusinessUnit, types: list[TypeFacts]) -> UnitChoices:
        state = selectors.state_of(self.said, self.address.pk, type_id=None, unit_id=unit.pk)
        found = UnitChoices(unit, left_at=_left_at(state.unit))
        for facts in types:
            answer = self._answer(facts) if facts.business_unit_id == unit.pk else None
            if answer is None or facts.is_internal or CLOSED & set(answer.reasons):
                continue
            if facts.is_service:
                found.always.append(self.texts[facts.id])
            else:
                found.choices.append(self._choice(facts, answer))
        return found

    def _answer(self, facts: TypeFacts) -> Answer:
        state = selectors.state_of(
            self.said, self.address.pk, type_id=facts.id, unit_id=facts.business_unit_id
        )
        channel, is_paused = self.address.channel_value, bool(self.wishes.paused)
        return judge(channel, self.place, facts, state, self.terms, is_paused=is_paused)

    def _choice(self, facts: TypeFacts, answer: Answer) -> Choice:
        often = self.wishes.frequencies.get((self.address.pk, facts.id))
        return Choice(
            facts.id,
            self.texts[facts.id],
            is_on=answer.status is Status.SUBSCRIBED,
            may_come=answer.status is Status.NOT_SPECIFIED and set(answer.reasons) <= OPEN,
            frequencies=facts.frequencies,
            often=often if often in facts.frequencies else None,
        )


def _left_at(wide: Registers) -> datetime | None:
    """Return since when an opt-out of all stands at one level, None when none does."""
    if effective(State(account=wide)).status is not Status.UNSUBSCRIBED:
        return None
    word = resolve(shape_of(wide))[1]
    register = wide.own if word is Word.OWN else wide.ours
    return register.said_at if register is not None else None
