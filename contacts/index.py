"""What the index shows of each contact: one batch of queries for a page of any size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from accounts.models import User
from contacts.models import Contact
from contacts.selectors import Held, UnitSetLine, primary_addresses
from preferences.outline import Outline, TypeLine
from preferences.rules import effective
from preferences.selectors import states_for
from preferences.values import (
    ACCOUNT,
    NO_WORDS,
    Channel,
    Effective,
    Registers,
    Scope,
    State,
    Status,
    unit_scope,
)

IN, OUT = Status.SUBSCRIBED, Status.UNSUBSCRIBED
BAR_WIDTH = 56

type Words = Mapping[Scope, Registers]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one address stands on one channel, over the types within reach.

    ``left`` names the business units it is unsubscribed from all of; "account" is all of them.
    ``is_excepted``: an opt-out of all stands, but the person came back to some type (R11).
    """

    in_count: int = 0
    out_count: int = 0
    count: int = 0
    is_all_out: bool = False
    is_excepted: bool = False
    left: tuple[str, ...] = ()

    @property
    def bar(self) -> str:
        """Return the width of the bar in the drawing."""
        return f"{BAR_WIDTH * self.in_count / self.count:.1f}" if self.count else "0"

    @property
    def pill(self) -> str:
        if self.is_all_out:
            return "UNSUBSCRIBED_ALL"
        if self.in_count:
            return "SUBSCRIBED"
        return "UNSUBSCRIBED" if self.count and self.out_count == self.count else "NOT_SPECIFIED"


class Asked(NamedTuple):
    """Asks for the status of a type on a channel, under a key of the caller's."""

    key: str
    kind: TypeLine
    channel: Channel


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One line of the index. ``standings``: None on a channel without an address.

    ``statuses`` has what was asked for, each as the name of its pill: "" without an address.
    """

    contact: Contact
    addresses: Mapping[Channel, Held]
    standings: Mapping[Channel, Standing | None]
    units: Sequence[str]
    owner: str = ""
    statuses: Mapping[str, str] = field(default_factory=dict)

    @property
    def address_text(self) -> str:
        held = self.addresses
        return next((held[channel].text for channel in Channel if channel in held), "")

    @property
    def name(self) -> str:
        return self.contact.full_name or self.address_text or str(self.contact)


def index_rows(
    contacts: Sequence[Contact],
    *,
    outline: Outline,
    sets: Sequence[UnitSetLine],
    asked: Sequence[Asked] = (),
    with_owners: bool = False,
) -> list[IndexRow]:
    """Return the lines of the index for these contacts: two queries, one more with owners."""
    if not contacts:
        return []
    return _Shaper(contacts, outline, sets, asked, with_owners=with_owners).rows()


class _Shaper:
    """Holds what was read while the rows are put together; used once."""

    def __init__(
        self,
        contacts: Sequence[Contact],
        outline: Outline,
        sets: Sequence[UnitSetLine],
        asked: Sequence[Asked],
        *,
        with_owners: bool,
    ) -> None:
        self.contacts, self.unit_names, self.asked = contacts, outline.units, asked
        self.owners = _names_of({one.owner_id for one in contacts}) if with_owners else {}
        self.unit_ids = {found.id: found.unit_ids for found in sets}
        self.primary = primary_addresses([contact.pk for contact in contacts])
        self.words: dict[int, dict[Scope, Registers]] = {}
        self.wide: set[int] = set()  # addresses of which somebody spoke at a wider level
        ids = [address.id for held in self.primary.values() for address in held.values()]
        for (address_id, scope), registers in states_for(ids).items():
            self.words.setdefault(address_id, {})[scope] = registers
            if scope.is_wide:
                self.wide.add(address_id)
        counted = [kind for kind in outline.types if kind.is_open and not kind.is_service]
        self.types_on = {
            channel: [kind for kind in counted if channel in kind.channels] for channel in Channel
        }

    def rows(self) -> list[IndexRow]:
        return [self._row(contact) for contact in self.contacts]

    def _row(self, contact: Contact) -> IndexRow:
        held: Mapping[Channel, Held] = self.primary[contact.pk]
        set_ids = self.unit_ids[contact.unit_set_id]
        return IndexRow(
            contact,
            held,
            {channel: self._standing(held.get(channel), channel) for channel in Channel},
            [name for unit_id, name in self.unit_names.items() if unit_id in set_ids],
            self.owners.get(contact.owner_id, ""),
            {one.key: self._status(held.get(one.channel), one.kind) for one in self.asked},
        )

    def _status(self, address: Held | None, kind: TypeLine) -> str:
        if address is None:
            return ""
        if kind.is_service:
            return "ALWAYS_SENT"
        words = self.words.get(address.id)
        status = effective(_state(words, kind)).status if words else Status.NOT_SPECIFIED
        return str(status.value)

    def _standing(self, address: Held | None, channel: Channel) -> Standing | None:
        if address is None:
            return None
        types = self.types_on[channel]
        words = self.words.get(address.id)
        if not words:
            return Standing(count=len(types))
        if address.id not in self.wide:
            spoken = [words[kind.scope] for kind in types if kind.scope in words]
            statuses = [effective(State(type=registers)).status for registers in spoken]
            return Standing(statuses.count(IN), statuses.count(OUT), len(types))
        results = _effective_of(types, words)
        account = words.get(ACCOUNT, NO_WORDS)
        is_excepted = any(result.is_exception for result in results)
        return Standing(
            in_count=sum(result.status is IN for result in results),
            out_count=sum(result.status is OUT for result in results),
            count=len(types),
            is_all_out=not is_excepted and effective(State(account=account)).status is OUT,
            is_excepted=is_excepted,
            left=tuple(self._left(words)),
        )

    def _left(self, words: Words) -> list[str]:
        return [
            name
            for unit_id, name in self.unit_names.items()
            if (wide := words.get(unit_scope(unit_id)))
            and effective(State(unit=wide)).status is OUT
        ]


def _names_of(user_ids: set[int | None]) -> dict[int | None, str]:
    users = User.objects.filter(pk__in=[pk for pk in user_ids if pk]).only("pk", "name", "email")
    return {user.pk: str(user) for user in users}


def _effective_of(types: Sequence[TypeLine], words: Words) -> list[Effective]:
    """Return what counts for each type; for those of a unit of which nobody spoke it is the same."""
    unspoken: dict[Scope, Effective] = {}
    found = []
    for kind in types:
        result = None if kind.scope in words else unspoken.get(kind.unit_scope)
        if result is None:
            result = effective(_state(words, kind))
            if kind.scope not in words:
                unspoken[kind.unit_scope] = result
        found.append(result)
    return found


def _state(words: Words, kind: TypeLine) -> State:
    return State(
        words.get(kind.scope, NO_WORDS),
        words.get(kind.unit_scope, NO_WORDS),
        words.get(ACCOUNT, NO_WORDS),
    )
