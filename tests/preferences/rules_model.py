"""A door in miniature: registers in a dictionary, times as plain numbers, no database.

It applies ``decide`` and the registers the way ``preferences/services.py`` does, so that properties
of whole sequences of changes can be searched by the thousand.
"""

from typing import NamedTuple

from preferences.answers import leaves_mark
from preferences.registers import hear_wide, is_excepted, is_older, merge_own, says_more, shape_of
from preferences.rules import Situation, decide, effective
from preferences.values import (
    ACCOUNT,
    NO_WORDS,
    PERSON,
    RELAY_AFTER_SECONDS,
    Act,
    Actor,
    ActorKind,
    Decision,
    Flag,
    LegalBasis,
    Outcome,
    Policy,
    Privacy,
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

IN, OUT, NONE = Status.SUBSCRIBED, Status.UNSUBSCRIBED, Status.NOT_SPECIFIED
UNIT = unit_scope(1)
FIRST, SECOND = type_scope(1), type_scope(2)
TYPES = {FIRST: TypeFacts(1, 1), SECOND: TypeFacts(2, 1)}
WIDE = {ScopeKind.UNIT: UNIT, ScopeKind.ACCOUNT: ACCOUNT}
STAFF = Actor(ActorKind.USER, 1, may_resubscribe=True)
POLICY = Policy(privacy=Privacy.ON)


class Step(NamedTuple):
    """One act: what was wished, when it was said and when it is heard (seconds)."""

    wish: Wish
    said_at: int
    heard_at: int


def own(scope: Scope, status: Status, source: Source = Source.PREFERENCE_PAGE) -> Wish:
    return Wish(scope=scope, status=status, source=source, word=Word.OWN)


def ours(
    scope: Scope, status: Status, source: Source = Source.RECORD_PANEL, *, lift: bool = True
) -> Wish:
    """Wish with everything that R4 and R12 ask for; the date asked for is always in range."""
    return Wish(
        scope=scope,
        status=status,
        source=source,
        legal_basis=LegalBasis.CONSENT_WITH_NOTICE,
        explanation="Asked at the counter",
        asked_on=object(),
        lift=lift,
    )


class Door:
    """The preferences of one address."""

    def __init__(self, *, keeps_repeats: bool = False) -> None:
        self.registers: dict[Scope, Registers] = {}
        self.repeated: dict[Scope, int] = {}
        self.kept: set[tuple[Scope, Source]] = set()
        self.keeps_repeats = keeps_repeats
        self.event_id = 0

    def state(self, scope: Scope) -> State:
        get = self.registers.get
        account = get(ACCOUNT, NO_WORDS)
        if scope.kind is ScopeKind.ACCOUNT:
            return State(account=account)
        unit = get(UNIT, NO_WORDS)
        if scope.kind is ScopeKind.UNIT:
            return State(unit=unit, account=account)
        return State(get(scope, NO_WORDS), unit, account)

    def at(self, scope: Scope) -> Registers:
        return self.registers.get(scope, NO_WORDS)

    def status(self, scope: Scope) -> Status:
        return effective(self.state(scope)).status

    def statuses(self) -> tuple[Status, Status]:
        return self.status(FIRST), self.status(SECOND)

    def hear(self, step: Step) -> Decision:
        """Decide and apply one act, as the door will."""
        wish, now = step.wish, step.heard_at
        said_at = step.said_at if wish.word is Word.OWN else now
        relayed = wish.status is IN and (
            wish.source is Source.IMPORT or now - said_at > RELAY_AFTER_SECONDS
        )
        flags = Flag.SUSPECTED if wish.suspected else 0
        said = Register(
            wish.status, said_at, 0, wish.source, flags | (Flag.RELAYED if relayed else 0)
        )
        situation = self.situation(wish, said, now)
        actor = PERSON if wish.word is Word.OWN else STAFF
        decision = decide(situation, wish, actor, POLICY, TYPES.get(wish.scope))
        if decision.outcome is Outcome.APPLY:
            self.apply(wish, said, decision)
        elif leaves_mark(wish, decision):
            self.repeated[wish.scope] = max(said_at, self.repeated.get(wish.scope, 0))
        return decision

    def situation(self, wish: Wish, said: Register, now: int) -> Situation:
        state = self.state(wish.scope)
        at_scope = self.at(wish.scope)
        is_own = wish.word is Word.OWN
        late = is_own and wish.status is IN and said.said_at < now
        above = {wish.scope, UNIT, ACCOUNT} if wish.scope in TYPES else {wish.scope, ACCOUNT}
        return Situation(
            type=shape_of(state.type),
            unit=shape_of(state.unit),
            account=shape_of(state.account),
            excepted_unit=is_excepted(state.type.own, state.unit),
            excepted_account=is_excepted(state.type.own, state.account),
            back_unit=is_excepted(state.type.own, Registers(state.unit.own)),
            back_account=is_excepted(state.type.own, Registers(state.account.own)),
            has_exceptions=wish.scope.is_wide
            and says_more(at_scope, said, wish.word, [self.at(one) for one in TYPES]),
            is_older=is_own
            and (
                is_older(at_scope.own, said)
                or (late and any(self.repeated.get(one, -1) >= said.said_at for one in above))
            ),
            is_relayed=is_own and said.is_relayed,
            kept_recently=not self.keeps_repeats and (wish.scope, wish.source) in self.kept,
            asked_in_time=True,
        )

    def apply(self, wish: Wish, said: Register, decision: Decision) -> None:
        self.event_id += 1
        scope = wish.scope
        at_scope = self.at(scope)
        if wish.word is Word.OWN:
            self.kept.add((scope, wish.source))
        said = said._replace(event_id=self.event_id, flags=said.flags | decision.flags)
        if decision.register is Word.OWN:
            self.registers[scope] = at_scope._replace(own=merge_own(at_scope.own, said))
        elif wish.word is Word.OURS:
            if decision.names_own:
                assert at_scope.own is not None
                said = said._replace(names_event_id=at_scope.own.event_id)
            self.registers[scope] = at_scope._replace(ours=said)
        if scope.is_wide and wish.word is Word.OWN:
            for one in TYPES:
                self.registers[one] = hear_wide(self.at(one), said)
        for kind in decision.lifts:
            wide = WIDE[kind]
            self.registers[wide] = self.at(wide)._replace(ours=said._replace(names_event_id=None))


def play(steps, *, keeps_repeats: bool = False) -> Door:
    """Hear the steps in the order of hearing."""
    door = Door(keeps_repeats=keeps_repeats)
    for step in sorted(steps, key=lambda step: step.heard_at):
        door.hear(step)
    return door


def on_time(steps) -> list[Step]:
    """Return the same steps, each heard when it was said."""
    return [step._replace(heard_at=step.said_at) for step in steps]


__all__ = ["ACCOUNT", "FIRST", "IN", "NONE", "OUT", "SECOND", "TYPES", "UNIT", "Act", "Door"]
