"""What the card and the side panel show of a contact's subscriptions: shaping, no decisions.

Statuses come from ``rules.effective`` over what ``preferences.selectors`` read; the number of
queries is the same for one type and for a hundred. Preferences hang on addresses, so there is one
group of rows per address (R21), and a row's action concerns its own address alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accounts.access import Reach
from accounts.models import User
from preferences import selectors
from preferences.models import (
    Address,
    BusinessUnit,
    ConsentEvent,
    PendingConfirmation,
    SubscriptionType,
)
from preferences.rules import effective
from preferences.values import (
    ACCOUNT,
    SINGLE_UNDO_HOURS,
    Act,
    ActorKind,
    Channel,
    Effective,
    Flag,
    LegalBasis,
    Register,
    Registers,
    Scope,
    ScopeKind,
    Source,
    State,
    Status,
    Word,
    type_scope,
    unit_scope,
)

IN, OUT, NONE = Status.SUBSCRIBED, Status.UNSUBSCRIBED, Status.NOT_SPECIFIED


@dataclass(frozen=True, slots=True)
class Said:
    """Who said something, when and through which way: the line under every status.

    ``who`` is a name of staff, or "" for the person and for programs (see ``actor_kind``).
    """

    word: Word
    said_at: datetime
    source: Source
    event_id: int
    actor_kind: ActorKind | None = None
    who: str = ""
    is_you: bool = False
    legal_basis: LegalBasis | None = None
    is_suspected: bool = False

    @property
    def is_own(self) -> bool:
        return self.word is Word.OWN


@dataclass(frozen=True, slots=True)
class Row:
    """One type on one address.

    ``said`` decided the status; None when nobody spoke. ``level`` tells at which level: an opt-out
    of all outranks the type. ``undo_id`` is the event that staff may still take back (R23).
    """

    address: Address
    type: SubscriptionType
    effective: Effective
    said: Said | None = None
    pending: PendingConfirmation | None = None
    asked_by: str = ""
    undo_id: int | None = None

    @property
    def key(self) -> str:
        return f"{self.address.pk}-{self.type.pk}"

    @property
    def status(self) -> Status:
        return self.effective.status

    @property
    def pill(self) -> str:
        if self.type.is_service:
            return "ALWAYS_SENT"
        if self.pending is not None and self.status is NONE:
            return "AWAITING"
        return self.status.name

    @property
    def is_closed(self) -> bool:
        """Tell whether nobody can opt in to this type on this address (R15)."""
        offered = self.address.channel_value in self.type.channels
        archived = self.type.archived_at or self.type.business_unit.archived_at
        return bool(archived or self.type.is_internal or self.type.is_service or not offered)

    @property
    def is_by_opt_out_of_all(self) -> bool:
        return self.status is OUT and self.effective.level is not ScopeKind.TYPE

    @property
    def can_subscribe(self) -> bool:
        return self.status is NONE and not self.is_closed and self.pill != "AWAITING"

    @property
    def can_resubscribe(self) -> bool:
        return self.status is OUT and not self.is_closed

    @property
    def can_unsubscribe(self) -> bool:
        return self.status is not OUT and not self.type.is_service


@dataclass(frozen=True, slots=True)
class OptOutOfAll:
    """An opt-out of all that stands on one address.

    ``exceptions``: the types the person came back to (R11). ``own_also``: ours and theirs both
    stand, so lifting ours leaves theirs (R10). ``can_lift`` is whether lifting may be offered.
    """

    address: Address
    unit: BusinessUnit | None
    said: Said
    exceptions: tuple[SubscriptionType, ...] = ()
    own_also: bool = False
    can_lift: bool = False
    undo_id: int | None = None

    @property
    def scope(self) -> Scope:
        return ACCOUNT if self.unit is None else unit_scope(self.unit.pk)

    @property
    def key(self) -> str:
        return f"{self.address.pk}-{self.unit.pk if self.unit else 'all'}"


@dataclass(frozen=True, slots=True)
class AddressGroup:
    """The rows of one address within one unit."""

    address: Address
    is_alone: bool
    is_primary: bool
    rows: list[Row] = field(default_factory=list)
    opt_out: OptOutOfAll | None = None


@dataclass(frozen=True, slots=True)
class UnitGroup:
    unit: BusinessUnit
    groups: list[AddressGroup]

    @property
    def choices(self) -> list[Row]:
        return [row for group in self.groups for row in group.rows if not row.type.is_service]

    @property
    def in_count(self) -> int:
        return sum(row.status is IN for row in self.choices)

    @property
    def opt_outs(self) -> list[OptOutOfAll]:
        return [group.opt_out for group in self.groups if group.opt_out]


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Everything the panel and the card show. ``addresses``: the primary of each channel first."""

    addresses: Sequence[Address]
    units: list[UnitGroup]
    account: list[OptOutOfAll]
    history_count: int

    @property
    def rows(self) -> list[Row]:
        return [row for unit in self.units for group in unit.groups for row in group.rows]

    @property
    def opt_outs(self) -> list[OptOutOfAll]:
        return self.account + [opt_out for unit in self.units for opt_out in unit.opt_outs]

    def find_row(self, address_id: int, type_id: int) -> Row | None:
        found = (r for r in self.rows if r.address.pk == address_id and r.type.pk == type_id)
        return next(found, None)

    def narrowed(self, *, unit_id: int | None, channel: Channel | None) -> list[UnitGroup]:
        """Return the units and addresses that the drop-downs above the list ask for."""
        units = [unit for unit in self.units if unit_id in (None, unit.unit.pk)]
        if channel is None:
            return units
        kept = [
            UnitGroup(u.unit, [g for g in u.groups if g.address.channel_value is channel])
            for u in units
        ]
        return [unit for unit in kept if unit.groups]

    def card_lines(self) -> list["CardLine"]:
        """Return one line per address: how many types are opted in."""
        lines = []
        for address in self.addresses:
            rows = [r for r in self.rows if r.address.pk == address.pk and not r.type.is_service]
            channel = address.channel_value
            is_alone = sum(a.channel == address.channel for a in self.addresses) == 1
            in_count = sum(row.status is IN for row in rows)
            lines.append(CardLine(address, channel, is_alone, in_count, len(rows)))
        return lines


@dataclass(frozen=True, slots=True)
class CardLine:
    address: Address
    channel: Channel
    is_alone: bool
    in_count: int
    count: int

    @property
    def bar(self) -> str:
        """Return the width of the bar in the 56 wide drawing."""
        return f"{56 * self.in_count / self.count:.1f}" if self.count else "0"


def get_subscriptions(
    addresses: Sequence[Address], *, user: User, reach: Reach, now: datetime
) -> Subscriptions:
    """Return what a user may see of the subscriptions of these addresses; seven queries.

    ``addresses`` are a contact's, the primary one of each channel first.
    """
    return _Shaper(addresses, user, reach, now).shape()


class _Shaper:
    """Holds what was read while the rows are put together; used once."""

    def __init__(
        self, addresses: Sequence[Address], user: User, reach: Reach, now: datetime
    ) -> None:
        ids = [address.pk for address in addresses]
        self.addresses, self.user, self.reach, self.now = addresses, user, reach, now
        self.types = list(selectors.types_for(reach))
        self.said = selectors.states_for(ids)
        self.pending = selectors.pending_for(ids, now=now)
        self.events = selectors.events_by_id(self._event_ids())
        self.names = names_of(self.events.values())
        self.history_count = selectors.count_history(ids, reach=reach)

    def shape(self) -> Subscriptions:
        by_unit: dict[int, list[SubscriptionType]] = {}
        for kind in self.types:
            by_unit.setdefault(kind.business_unit_id, []).append(kind)
        units = [self._unit(types[0].business_unit, types) for types in by_unit.values()]
        units = [unit for unit in units if unit.groups]
        rows = [row for unit in units for row in unit.choices]
        account = [self._opt_out(address, None, rows) for address in self.addresses]
        return Subscriptions(
            self.addresses, units, [found for found in account if found], self.history_count
        )

    def _event_ids(self) -> set[int]:
        ids = {pending.request_event_id for pending in self.pending.values()}
        for registers in self.said.values():
            ids |= {register.event_id for register in registers if register is not None}
        return ids

    def _unit(self, unit: BusinessUnit, types: list[SubscriptionType]) -> UnitGroup:
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
                )
                groups.append(group)
        return UnitGroup(unit, groups)

    def _is_shown(self, address: Address, kind: SubscriptionType) -> bool:
        """Tell whether the type is offered here, or at least holds a status (archived ones)."""
        if (address.pk, type_scope(kind.pk)) in self.said:
            return True
        is_archived = kind.archived_at or kind.business_unit.archived_at
        return not is_archived and address.channel_value in kind.channels

    def _row(self, address: Address, kind: SubscriptionType) -> Row:
        if kind.is_service:
            return Row(address, kind, effective(State()))
        state = selectors.state_of(
            self.said, address.pk, type_id=kind.pk, unit_id=kind.business_unit_id
        )
        result = effective(state)
        pending = self.pending.get((address.pk, kind.pk))
        request = self.events.get(pending.request_event_id) if pending else None
        return Row(
            address,
            kind,
            result,
            self._deciding(state, result),
            pending,
            self.names.get(request.actor_id or 0, "") if request else "",
            self._undo_id(state.type, state),
        )

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
        kind = ActorKind.from_code(event.actor_kind) if event else None
        is_user = kind is ActorKind.USER and event is not None
        return Said(
            word,
            register.said_at,
            register.source,
            register.event_id,
            kind,
            self.names.get(event.actor_id or 0, "") if is_user and event else "",
            bool(is_user and event and event.actor_id == self.user.pk),
            LegalBasis.from_code(basis) if basis else None,
            bool(register.flags & Flag.SUSPECTED),
        )

    def _opt_out(
        self, address: Address, unit: BusinessUnit | None, rows: Iterable[Row]
    ) -> OptOutOfAll | None:
        state = selectors.state_of(
            self.said, address.pk, type_id=None, unit_id=unit.pk if unit else None
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
        return OptOutOfAll(
            address,
            unit,
            said,
            tuple(row.type for row in came_back),
            own_also=ours_out and own_out,
            can_lift=ours_out and self.reach.covers(unit.pk if unit else None),
            undo_id=self._undo_id(wide, state),
        )

    def _undo_id(self, registers: Registers, state: State) -> int | None:
        """Return the act of staff on this scope that R23 still lets them undo."""
        ours = registers.ours
        event = self.events.get(ours.event_id) if ours else None
        if event is None or not is_undoable(event, now=self.now):
            return None
        spoke_since = any(level.own and level.own.event_id > event.pk for level in state)
        return None if spoke_since else event.pk


def is_undoable(event: ConsentEvent, *, now: datetime) -> bool:
    """Tell whether undo may be offered; whether it may be done is what the rules say (R23)."""
    by_hand = event.source == Source.RECORD_PANEL.code and event.act == Act.STATE.code
    return by_hand and now - event.recorded_at <= timedelta(hours=SINGLE_UNDO_HOURS)


def names_of(events: Iterable[ConsentEvent]) -> dict[int, str]:
    """Return the names of the members of staff who did this, by id: one query."""
    user_kind = ActorKind.USER.code
    ids = {event.actor_id for event in events if event.actor_kind == user_kind}
    return {user.pk: str(user) for user in User.objects.filter(pk__in=ids).only("name", "email")}
