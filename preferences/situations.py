"""What the door knows of the addresses in a batch, and what the rules may know of each change."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

from preferences.gathering import Read
from preferences.models import ConsentEvent
from preferences.reading import (
    AddressFacts,
    EventFacts,
    is_own_statement,
    read_all,
    read_events,
    read_labels,
)
from preferences.registers import Shape, is_excepted, is_older, says_more, shape_of
from preferences.rules import Situation, UndoFacts
from preferences.values import (
    ACCOUNT,
    JOB_UNDO_DAYS,
    NO_WORDS,
    RELAY_AFTER_SECONDS,
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
_NEWEST = 2**63 - 1  # above every event id
_HALF_DAY = timedelta(hours=12)  # a date has no time zone; be lenient by half a day


class Known:
    """Registers and facts of the addresses of one batch, kept up to date as changes are decided."""

    def __init__(
        self, changes: Sequence[Change], now: datetime, *, lock: bool, besides: Read | None = None
    ) -> None:
        self.now = now
        address_ids = sorted({change.address_id for change in changes})
        wishes = list({id(change.wish): change.wish for change in changes}.values())
        found = read_all(address_ids, wishes, now, besides, lock=lock)
        self.addresses, self.rows, self.terms = found.addresses, found.rows, found.terms
        self.kept, self.spoken, self.repeated = found.kept, found.spoken, found.repeated
        self.pending = found.pending
        self.besides = found.besides
        self.events = read_events(wishes)
        self.labels = read_labels(wishes)
        self.plain_wishes = {id(wish) for wish in wishes if _is_plain(wish)}
        self.shares_wishes = len(wishes) < len(changes)
        self._heard: dict[int, Register] = {}

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
        if address_id in self.rows.wide or id(wish) not in self.plain_wishes:
            return self._whole_situation(change, facts, address)
        registers = self.rows.registers.get((address_id, wish.scope), NO_WORDS)
        own = registers.own
        is_theirs = wish.word is Word.OWN
        return _plain_situation(
            address.channel,
            shape_of(registers),
            is_erased=_is_erased(address, own),
            is_undeliverable=address.undeliverable_at is not None,
            asked_in_time=_asked_in_time(wish, own, self.now),
            is_older=is_theirs and is_older(own, self.heard(wish)),
            kept_recently=is_theirs and self._kept_recently(change, registers),
        )

    def _whole_situation(
        self, change: Change, facts: TypeFacts | None, address: AddressFacts
    ) -> Situation:
        address_id, wish = change
        state = self.state(address_id, wish.scope, facts)
        at_scope = registers_at(state, wish.scope.kind)
        own = state.type.own
        said = self.heard(wish)
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
            is_erased=_is_erased(address, own) and (wish.act is not Act.ERASE or address.is_blank),
            is_undeliverable=address.undeliverable_at is not None,
            is_older=speaks and self._is_older(change, at_scope.own, said, facts),
            is_relayed=speaks and said.is_relayed,
            in_future=wish.said_at is not None and wish.said_at > self.now,
            kept_recently=self._kept_recently(change, at_scope),
            asked_in_time=_asked_in_time(wish, at_scope.own, self.now),
            undo=self._undo_facts(change, state, facts) if wish.undoes is not None else None,
        )

    def heard(self, wish: Wish) -> Register:
        """Return what the person's register would hold, but for the event."""
        said = self._heard.get(id(wish))
        if said is None:
            said = self._heard[id(wish)] = own_register(wish, self.now)
        return said

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
        scopes = _scopes_above(wish.scope, facts)
        return any(
            self.repeated.get((change.address_id, scope), wish.said_at - _LATE) >= wish.said_at
            for scope in scopes
        )

    def _kept_recently(self, change: Change, at_scope: Registers) -> bool:
        """R16; but a word said again after we spoke is news: it stands in the way of an undo."""
        own, ours = at_scope
        if own is not None and ours is not None and ours.event_id > own.event_id:
            return False
        address_id, wish = change
        return (address_id, wish.scope, wish.source, wish.status) in self.kept

    def _undo_facts(
        self, change: Change, state: State, facts: TypeFacts | None
    ) -> UndoFacts | None:
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
        since = {
            scope: self.spoken.get((change.address_id, scope), 0) > event.pk
            for scope in _scopes_above(change.wish.scope, facts)
        }
        is_newest = register is not None and register.event_id == event.pk
        return UndoFacts(
            word=word,
            is_newest=is_newest
            and not (word is Word.OWN and since[change.wish.scope])
            and not self._is_said_again(change, event.pk),
            person_spoke_since=any(since.values()),
            is_expired=self.now - event.recorded_at > window,
            is_labelled=event.pk in self.labels,
        )

    def _is_said_again(self, change: Change, event_id: int) -> bool:
        """Tell whether an opt-out labelled afterwards was said once more after its burst.

        Nobody knew of the label then, so that was kept as a repeat (R16); it may be the person.
        """
        key = (change.address_id, change.wish.scope)
        ended_at = self.labels.get(event_id)
        return ended_at is not None and key in self.repeated and self.repeated[key] > ended_at

    def hear_repeat(self, change: Change) -> None:
        """Remember when a closing word that is not recorded was said."""
        address_id, wish = change
        key, said_at = (address_id, wish.scope), min(wish.said_at or self.now, self.now)
        self.repeated[key] = max(said_at, self.repeated.get(key, said_at))

    def keep(self, change: Change) -> None:
        """Remember that an explicit word of the person was just recorded (R16)."""
        address_id, wish = change
        if is_own_statement(wish):
            self.kept.add((address_id, wish.scope, wish.source, wish.status))
            self.spoken[(address_id, wish.scope)] = _NEWEST

    def learn(self, act: Act, address_id: int) -> None:
        """Remember what an event just said of the address itself (R17, R18)."""
        facts = self.addresses[address_id]
        if act is Act.ERASE:
            facts = facts._replace(is_blank=True, erased_at=self.now)
        elif act is not Act.COMPLAIN:
            facts = facts._replace(undeliverable_at=self.now if act is Act.BOUNCE else None)
        self.addresses[address_id] = facts

    def restored(self, event_id: int) -> tuple[Register | None, int | None]:
        """Return the register before that event, and the event it comes from."""
        replaced = self.events[event_id].replaced_event_id
        if replaced is None:
            return None, None
        return register_of(self.events[replaced]), replaced


def _scopes_above(scope: Scope, facts: TypeFacts | None) -> list[Scope]:
    """Return the scope itself and the wider levels that outrank it."""
    if scope.kind is ScopeKind.ACCOUNT:
        return [scope]
    unit = [unit_scope(facts.business_unit_id)] if facts is not None else []
    return [scope, *unit, ACCOUNT]


def own_register(wish: Wish, now: datetime) -> Register:
    """Return what the person's register would hold; a time in the future counts as now."""
    said_at = min(wish.said_at or now, now)
    is_in = wish.status is Status.SUBSCRIBED and wish.act is Act.STATE
    relayed = is_in and (wish.source is Source.IMPORT or now - said_at > _LATE)
    flags = (Flag.RELAYED if relayed else 0) | (Flag.SUSPECTED if wish.suspected else 0)
    status = OUT if wish.act is Act.COMPLAIN else wish.status
    return Register(status, said_at, 0, wish.source, flags)


def register_of(event: ConsentEvent | EventFacts) -> Register:
    """Return what the event put into its register."""
    return Register(
        Status.from_code(event.status),
        event.said_at,
        event.pk,
        Source.from_code(event.source),
        event.flags & (Flag.RELAYED | Flag.SUSPECTED) if event.word == Word.OWN.code else 0,
        event.names_event_id,
    )


def scope_of(event: ConsentEvent | EventFacts) -> Scope:
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
    channel: Channel,
    shape: Shape,
    *,
    is_erased: bool,
    is_undeliverable: bool,
    asked_in_time: bool,
    is_older: bool,
    kept_recently: bool,
) -> Situation:
    """Return the situation of an address that has no opt-out of all, for a plain wish."""
    return Situation(
        channel=channel,
        type=shape,
        is_erased=is_erased,
        is_undeliverable=is_undeliverable,
        asked_in_time=asked_in_time,
        is_older=is_older,
        kept_recently=kept_recently,
    )


def _is_plain(wish: Wish) -> bool:
    """Tell whether a wish is what comes by the thousand: our word about one type, what bulk is made of,
    or a person who opts out of one now.
    """
    if wish.act is not Act.STATE or wish.scope.is_wide:
        return False
    return wish.word is Word.OURS or (wish.status is OUT and wish.said_at is None)


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
