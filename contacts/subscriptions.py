"""What the card and the side panel show of a contact's subscriptions: shaping, no decisions.

Statuses come from ``rules.effective`` over what ``preferences.selectors`` read; the number of
queries is the same for one type and for a hundred. Preferences hang on addresses, so there is one
group of rows per address (R21), and a row's action concerns its own address alone.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from accounts.access import reach_of
from accounts.models import User
from contacts.models import Contact
from contacts.panel import AddressGroup, OptOutOfAll, Row, Said, Subscriptions, UnitGroup
from contacts.selectors import addresses_of as links_of
from preferences import selectors
from preferences.event_lines import EventLine, lines_by_id, requests_for
from preferences.models import Address
from preferences.outline import Outline, TypeLine, UnitLine, get_outline
from preferences.rules import effective
from preferences.values import (
    SINGLE_UNDO_HOURS,
    Act,
    ActorKind,
    Effective,
    Flag,
    Frequency,
    LegalBasis,
    Register,
    Registers,
    ScopeKind,
    Source,
    State,
    Status,
    Word,
)
from preferences.wishes import open_wishes

OUT = Status.UNSUBSCRIBED


def addresses_of(contact: Contact) -> list[Address]:
    """Return the contact's addresses by channel, the primary one of each channel first."""
    return [link.address for link in links_of(contact)]


def get_subscriptions(
    contact: Contact,
    *,
    user: User,
    now: datetime,
    addresses: Sequence[Address] | None = None,
    outline: Outline | None = None,
    also: Collection[int] = (),
) -> Subscriptions:
    """Return what a user may see of the subscriptions of a contact; six queries at most.

    ``addresses`` of the contact and ``outline`` of the user come from callers who have read them;
    ``also``: more events to read with those behind the statuses.
    """
    held = addresses_of(contact) if addresses is None else addresses
    return _Shaper(held, user, outline or get_outline(reach_of(user)), now, also).shape()


class _Shaper:
    """Holds what was read while the rows are put together; used once."""

    def __init__(
        self,
        addresses: Sequence[Address],
        user: User,
        outline: Outline,
        now: datetime,
        also: Collection[int],
    ) -> None:
        ids = [address.pk for address in addresses]
        self.addresses, self.user, self.reach, self.now = addresses, user, reach_of(user), now
        self.types = outline.types
        self.said = selectors.states_for(ids)
        self.pending = requests_for(ids, now=now)
        self.wishes = open_wishes(ids, now=now)
        self.events = lines_by_id(self._event_ids().union(also))

    def shape(self) -> Subscriptions:
        by_unit: dict[UnitLine, list[TypeLine]] = {}
        for kind in self.types:
            by_unit.setdefault(kind.unit, []).append(kind)
        units = [self._unit(unit, types) for unit, types in by_unit.items()]
        units = [unit for unit in units if unit.groups]
        rows = [row for unit in units for row in unit.choices]
        account = [self._opt_out(address, None, rows) for address in self.addresses]
        return Subscriptions(
            self.addresses, units, [found for found in account if found], self.events
        )

    def _event_ids(self) -> set[int]:
        ids = {pending.event_id for pending in self.pending.values()}
        for registers in self.said.values():
            ids |= {register.event_id for register in registers if register is not None}
        return ids

    def _unit(self, unit: UnitLine, types: list[TypeLine]) -> UnitGroup:
        groups = []
        for address in self.addresses:
            rows = [self._row(address, kind) for kind in types if self._is_shown(address, kind)]
            if rows:
                group = AddressGroup(
                    address,
                    sum(a.channel == address.channel for a in self.addresses) == 1,
                    next(a for a in self.addresses if a.channel == address.channel) is address,
                    rows,
                    self._opt_out(address, unit, rows),
                    self.wishes.paused.get(address.pk),
                )
                groups.append(group)
        return UnitGroup(unit, groups)

    def _is_shown(self, address: Address, kind: TypeLine) -> bool:
        """Tell whether the type is offered here, or at least holds a status (archived ones)."""
        if (address.pk, kind.scope) in self.said:
            return True
        return kind.is_open and address.channel_value in kind.channels

    def _row(self, address: Address, kind: TypeLine) -> Row:
        if kind.is_service:
            return Row(address, kind, effective(State()))
        state = selectors.state_of(self.said, address.pk, type_id=kind.id, unit_id=kind.unit.id)
        result = effective(state)
        pending = self.pending.get((address.pk, kind.id))
        request = self.events.get(pending.event_id) if pending else None
        return Row(
            address,
            kind,
            result,
            self._deciding(state, result),
            pending,
            request.staff_name if request else "",
            self._undo_id(state.type, state),
            self._frequency(address, kind),
        )

    def _frequency(self, address: Address, kind: TypeLine) -> Frequency | None:
        """Return how often the person wants it, as the gate reports it."""
        often = self.wishes.frequencies.get((address.pk, kind.id))
        return often if often in kind.frequencies else None

    def _deciding(self, state: State, result: Effective) -> Said | None:
        levels = {
            ScopeKind.TYPE: state.type,
            ScopeKind.UNIT: state.unit,
            ScopeKind.ACCOUNT: state.account,
        }
        own, ours = levels[result.level]
        register = own if result.word is Word.OWN else ours if result.word is Word.OURS else None
        return self._words(register, result.word) if register and result.word else None

    def _words(self, register: Register, word: Word) -> Said:
        event = self.events.get(register.event_id)
        basis = event.legal_basis if event else None
        return Said(
            word,
            register.said_at,
            register.source,
            register.event_id,
            ActorKind.from_code(event.actor_kind) if event else None,
            event.staff_name if event else "",
            event.is_by(self.user) if event else False,
            LegalBasis.from_code(basis) if basis else None,
            bool((event.flags if event else register.flags) & Flag.SUSPECTED),
        )

    def _opt_out(
        self, address: Address, unit: UnitLine | None, rows: Iterable[Row]
    ) -> OptOutOfAll | None:
        state = selectors.state_of(
            self.said, address.pk, type_id=None, unit_id=unit.id if unit else None
        )
        wide = state.unit if unit else state.account
        alone = State(unit=wide) if unit else State(account=wide)
        result = effective(alone)
        said = self._deciding(alone, result)
        if result.status is not OUT or said is None:
            return None
        ours_out = wide.ours is not None and wide.ours.status is OUT
        own_out = wide.own is not None and wide.own.status is OUT
        came_back = [r for r in rows if r.address.pk == address.pk and r.effective.is_exception]
        reaches = self.reach.covers(unit.id if unit else None)
        return OptOutOfAll(
            address,
            unit,
            said,
            tuple(row.type for row in came_back),
            own_also=ours_out and own_out,
            can_lift=ours_out and reaches,
            undo_id=self._undo_id(wide, state) if reaches else None,
        )

    def _undo_id(self, registers: Registers, state: State) -> int | None:
        """Return the act of staff on this scope that R23 still lets them undo."""
        ours = registers.ours
        event = self.events.get(ours.event_id) if ours else None
        if event is None or not is_undoable(event, now=self.now):
            return None
        spoke_since = any(level.own and level.own.event_id > event.id for level in state)
        return None if spoke_since else event.id


def is_undoable(event: EventLine, *, now: datetime) -> bool:
    """Tell whether undo may be offered; whether it may be done is what the rules say (R23)."""
    by_hand = event.source == Source.RECORD_PANEL.code and event.act == Act.STATE.code
    return by_hand and now - event.recorded_at <= timedelta(hours=SINGLE_UNDO_HOURS)
