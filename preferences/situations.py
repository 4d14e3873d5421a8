"""What the door knows of the addresses in a batch, read in a constant number of queries."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from django.db import connection

from preferences import projection
from preferences.bulk_sql import fetch_all, ids_match, ids_parameter, moment, parameter
from preferences.models import Address, ConsentEvent, PendingConfirmation, RepeatedWord
from preferences.registers import Shape, is_excepted, is_older, says_more, shape_of
from preferences.rules import Situation, UndoFacts
from preferences.terms import Terms
from preferences.values import (
    ACCOUNT,
    JOB_UNDO_DAYS,
    NO_WORDS,
    RELAY_AFTER_SECONDS,
    REPEAT_WINDOW_HOURS,
    SINGLE_UNDO_HOURS,
    Act,
    Change,
    Channel,
    Flag,
    Register,
    Registers,
    Scope,
    ScopeKind,
    Source,
    State,
    Status,
    TypeFacts,
    Wish,
    Word,
    type_scope,
    unit_scope,
)

OUT = Status.UNSUBSCRIBED
_LATE = timedelta(seconds=RELAY_AFTER_SECONDS)
_HALF_DAY = timedelta(hours=12)  # a date has no time zone; be lenient by half a day


class AddressFacts(NamedTuple):
    """What is true of the address itself (R17, R18)."""

    channel: Channel
    erased_at: datetime | None
    undeliverable_at: datetime | None


class MissingAddress(LookupError):
    """A change names an address that does not exist."""


class Known:
    """Registers and facts of the addresses of one batch, kept up to date as changes are decided."""

    def __init__(
        self, changes: Sequence[Change], now: datetime, terms: Terms, *, lock: bool
    ) -> None:
        self.now = now
        self.terms = terms
        address_ids = sorted({change.address_id for change in changes})
        wishes = list({id(change.wish): change.wish for change in changes}.values())
        self.addresses = _read_addresses(address_ids, lock=lock)
        if len(self.addresses) != len(address_ids):
            raise MissingAddress(sorted(set(address_ids) - set(self.addresses))[0])
        self.rows = projection.read(address_ids, _types_needed(wishes))
        self.plain_wishes = {id(wish) for wish in wishes if _is_plain(wish)}
        self.events = _read_events(wishes)
        self.kept = _read_kept(address_ids, wishes, now)
        self.repeated = _read_repeated(address_ids, wishes)
        self.pending = _read_pending(address_ids)

    def state(self, address_id: int, scope: Scope, facts: TypeFacts | None) -> State:
        """Return the registers of the scope and of the levels above it."""
        registers = self.rows.registers
        account = registers.get((address_id, ACCOUNT), NO_WORDS)
        if scope.kind is ScopeKind.ACCOUNT:
            return State(account=account)
        unit_id = facts.business_unit_id if facts is not None else scope.id
        unit = registers.get((address_id, Scope(ScopeKind.UNIT, unit_id)), NO_WORDS)
        if scope.kind is ScopeKind.UNIT:
            return State(unit=unit, account=account)
        return State(registers.get((address_id, scope), NO_WORDS), unit, account)

    def situation(self, change: Change, facts: TypeFacts | None) -> Situation:
        """Return what ``decide`` may know of the change."""
        address_id, wish = change
        address = self.addresses[address_id]
        if address_id not in self.rows.wide and id(wish) in self.plain_wishes:
            registers = self.rows.registers.get((address_id, wish.scope), NO_WORDS)
            return _plain_situation(
                address.channel,
                shape_of(registers),
                _is_erased(address, registers.own),
                address.undeliverable_at is not None,
                _asked_in_time(wish, registers.own, self.now),
            )
        return self._whole_situation(change, facts, address)

    def _whole_situation(
        self, change: Change, facts: TypeFacts | None, address: AddressFacts
    ) -> Situation:
        address_id, wish = change
        state = self.state(address_id, wish.scope, facts)
        at_scope = registers_at(state, wish.scope.kind)
        own = state.type.own
        said = own_register(wish, self.now)
        speaks = is_own_statement(wish)
        return Situation(
            channel=address.channel,
            type=shape_of(state.type),
            unit=shape_of(state.unit),
            account=shape_of(state.account),
            excepted_unit=is_excepted(own, state.unit),
            excepted_account=is_excepted(own, state.account),
            back_unit=is_excepted(own, Registers(state.unit.own)),
            back_account=is_excepted(own, Registers(state.account.own)),
            has_exceptions=wish.scope.is_wide
            and says_more(at_scope, said, wish.word, self.below(address_id, wish.scope).values()),
            is_erased=_is_erased(address, own),
            is_undeliverable=address.undeliverable_at is not None,
            is_older=speaks and self._is_older(change, at_scope.own, said, facts),
            is_relayed=speaks and said.is_relayed,
            in_future=wish.said_at is not None and wish.said_at > self.now,
            kept_recently=(address_id, wish.scope, wish.source) in self.kept,
            asked_in_time=_asked_in_time(wish, at_scope.own, self.now),
            undo=self._undo_facts(change, state) if wish.undoes is not None else None,
        )

    def below(self, address_id: int, scope: Scope) -> dict[Scope, Registers]:
        """Return the registers of the types below an opt-out of all, where anybody spoke."""
        found = {}
        for type_id, facts in self.terms.types.items():
            if scope.kind is ScopeKind.ACCOUNT or facts.business_unit_id == scope.id:
                of_type = type_scope(type_id)
                registers = self.rows.registers.get((address_id, of_type))
                if registers is not None:
                    found[of_type] = registers
        return found

    def _is_older(
        self, change: Change, current: Register | None, said: Register, facts: TypeFacts | None
    ) -> bool:
        if is_older(current, said):
            return True
        wish = change.wish
        if wish.said_at is None or wish.status is OUT:
            return False
        scopes = [wish.scope, ACCOUNT]
        if facts is not None:
            scopes.append(unit_scope(facts.business_unit_id))
        return any(
            self.repeated.get((change.address_id, scope), wish.said_at - _LATE) >= wish.said_at
            for scope in scopes
        )

    def _undo_facts(self, change: Change, state: State) -> UndoFacts | None:
        event = self.events.get(change.wish.undoes or 0)
        if (
            event is None
            or event.address_id != change.address_id
            or scope_of(event) != change.wish.scope
        ):
            return None
        word = Word.from_code(event.word)
        at_scope = registers_at(state, change.wish.scope.kind)
        register = at_scope.own if word is Word.OWN else at_scope.ours
        window = (
            timedelta(days=JOB_UNDO_DAYS) if event.job_id else timedelta(hours=SINGLE_UNDO_HOURS)
        )
        return UndoFacts(
            word=word,
            is_newest=register is not None and register.event_id == event.pk,
            person_spoke_since=any(
                level.own is not None and level.own.event_id > event.pk for level in state
            ),
            is_expired=self.now - event.recorded_at > window,
        )

    def restored(self, event_id: int) -> tuple[Register | None, int | None]:
        """Return the register before that event, and the event it comes from."""
        replaced = self.events[event_id].replaced_event_id
        if replaced is None:
            return None, None
        return register_of(self.events[replaced]), replaced


def own_register(wish: Wish, now: datetime) -> Register:
    """Return what the person's register would hold; a time in the future counts as now."""
    said_at = min(wish.said_at or now, now)
    is_in = wish.status is Status.SUBSCRIBED and wish.act is Act.STATE
    relayed = is_in and (wish.source is Source.IMPORT or now - said_at > _LATE)
    flags = (Flag.RELAYED if relayed else 0) | (Flag.SUSPECTED if wish.suspected else 0)
    status = OUT if wish.act is Act.COMPLAIN else wish.status
    return Register(status, said_at, 0, wish.source, flags)


def register_of(event: ConsentEvent) -> Register:
    """Return what the event put into its register."""
    return Register(
        Status.from_code(event.status),
        event.said_at,
        event.pk,
        Source.from_code(event.source),
        event.flags & (Flag.RELAYED | Flag.SUSPECTED) if event.word == Word.OWN.code else 0,
        event.names_event_id,
    )


def scope_of(event: ConsentEvent) -> Scope:
    kind = ScopeKind.from_code(event.scope)
    return Scope(
        kind, event.subscription_type_id if kind is ScopeKind.TYPE else event.business_unit_id
    )


def registers_at(state: State, kind: ScopeKind) -> Registers:
    return (
        state.type
        if kind is ScopeKind.TYPE
        else state.unit
        if kind is ScopeKind.UNIT
        else state.account
    )


@cache
def _plain_situation(
    channel: Channel, shape: Shape, is_erased: bool, is_undeliverable: bool, asked_in_time: bool
) -> Situation:
    """Return the situation of an address that has no opt-out of all, for our word about a type."""
    return Situation(
        channel=channel,
        type=shape,
        is_erased=is_erased,
        is_undeliverable=is_undeliverable,
        asked_in_time=asked_in_time,
    )


def is_own_statement(wish: Wish) -> bool:
    return wish.word is Word.OWN and wish.act in (Act.STATE, Act.COMPLAIN)


def _is_plain(wish: Wish) -> bool:
    """Tell whether a wish is our word about one type: what bulk is made of."""
    return wish.word is Word.OURS and wish.act is Act.STATE and not wish.scope.is_wide


def _is_erased(address: AddressFacts, own: Register | None) -> bool:
    return address.erased_at is not None and not came_back_after(address.erased_at, own)


def came_back_after(erased_at: datetime, own: Register | None) -> bool:
    """R18: tell whether the person opted in to this type themself since the erasure."""
    if own is None or own.status is not Status.SUBSCRIBED or own.is_relayed:
        return False
    return own.said_at > erased_at


def _asked_in_time(wish: Wish, own: Register | None, now: datetime) -> bool:
    if wish.asked_on is None or own is None:
        return False
    return (own.said_at - _HALF_DAY).date() <= wish.asked_on <= (now + _HALF_DAY).date()


def _types_needed(wishes: Sequence[Wish]) -> set[int] | None:
    """Return the types to read; None for all: an opt-out of all, and its undo, concern every one."""
    if any(wish.scope.is_wide and (wish.status is OUT or wish.undoes) for wish in wishes):
        return None
    return {wish.scope.id for wish in wishes if wish.scope.kind is ScopeKind.TYPE and wish.scope.id}


def _read_addresses(address_ids: Collection[int], *, lock: bool) -> dict[int, AddressFacts]:
    """Read the addresses, locked in the order of their ids so that two batches cannot deadlock."""
    sql = (
        f"SELECT id, channel, erased_at, undeliverable_at FROM {Address._meta.db_table} "
        f"WHERE {ids_match('id')} ORDER BY id"
    )
    if lock and connection.features.has_select_for_update:
        sql += " FOR NO KEY UPDATE"
    return {
        row[0]: AddressFacts(_CHANNELS[row[1]], *(moment(value) for value in row[2:]))
        for row in fetch_all(sql, [ids_parameter(address_ids)])
    }


_CHANNELS = {channel.code: channel for channel in Channel}


def _read_events(wishes: Sequence[Wish]) -> dict[int, ConsentEvent]:
    """Read the events to undo, and those that they replaced."""
    undone = {wish.undoes for wish in wishes if wish.undoes is not None}
    if not undone:
        return {}
    events = ConsentEvent.objects.in_bulk(undone)
    replaced = {event.replaced_event_id for event in events.values() if event.replaced_event_id}
    return {**ConsentEvent.objects.in_bulk(replaced), **events}


def _read_kept(
    address_ids: Collection[int], wishes: Sequence[Wish], now: datetime
) -> set[tuple[int, Scope, Source]]:
    """Read which explicit words of the persons were kept in the last 24 hours (R16)."""
    if not any(wish.word is Word.OWN for wish in wishes):
        return set()
    since = now - timedelta(hours=REPEAT_WINDOW_HOURS)
    sql = (
        "SELECT address_id, scope, subscription_type_id, business_unit_id, source "
        f"FROM {ConsentEvent._meta.db_table} "
        f"WHERE {ids_match('address_id')} AND word = %s AND recorded_at > %s"
    )
    rows = fetch_all(sql, [ids_parameter(address_ids), Word.OWN.code, parameter(since)])
    return {
        (
            row[0],
            Scope(ScopeKind.from_code(row[1]), row[2] if row[2] is not None else row[3]),
            Source.from_code(row[4]),
        )
        for row in rows
    }


def _read_repeated(
    address_ids: Collection[int], wishes: Sequence[Wish]
) -> dict[tuple[int, Scope], datetime]:
    """Read when opt-outs were last said again; asked only for opt-ins heard with a time of their own."""
    if not any(wish.said_at is not None and wish.status is Status.SUBSCRIBED for wish in wishes):
        return {}
    repeated: dict[tuple[int, Scope], datetime] = {}
    for row in RepeatedWord.objects.filter(address_id__in=address_ids):
        scope = Scope(ScopeKind.from_code(row.scope_kind), row.scope_id or None)
        key = (row.address_id, scope)
        repeated[key] = max(row.last_said_at, repeated.get(key, row.last_said_at))
    return repeated


def _read_pending(address_ids: Collection[int]) -> dict[tuple[int, int], int]:
    """Read requests that wait for a click: (address, type) to row id (R14)."""
    table = PendingConfirmation._meta.db_table
    sql = (
        f"SELECT id, address_id, subscription_type_id FROM {table} WHERE {ids_match('address_id')}"
    )
    return {(row[1], row[2]): row[0] for row in fetch_all(sql, [ids_parameter(address_ids)])}
