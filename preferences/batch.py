"""One batch through the door: decide every change in order, then write all of it in columns.

``decide`` runs once per distinct situation and wish; the answer is reused for every address in it.
Changes of one batch see each other: the second on the same scope finds what the first one left.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import count

from preferences import projection, seal
from preferences.answers import leaves_mark
from preferences.folding import fold_address
from preferences.gathering import Read
from preferences.ledger import Numbers, numbers_given, numbers_to_read
from preferences.recording import Record, evidence_key
from preferences.registers import hear_wide, merge_own, resolve, shape_of
from preferences.rules import Situation, decide
from preferences.situations import Known
from preferences.values import (
    ACCOUNT,
    NO_WORDS,
    Act,
    Actor,
    Change,
    Decision,
    Outcome,
    Register,
    Registers,
    Result,
    Scope,
    ScopeKind,
    Status,
    TypeFacts,
    Wish,
    Word,
    unit_scope,
)

IN, OUT = Status.SUBSCRIBED, Status.UNSUBSCRIBED
UNKNOWN_TYPE = Decision(Outcome.REFUSE, "R20", "unknown_type")
FIRST_PREVIEWED_ID = 1 << 62  # later than any event, as what is about to happen is


def _made_up() -> Numbers:
    return Numbers(0, count(FIRST_PREVIEWED_ID), iter(()))


class Batch:
    """Decides and, unless it previews, writes. Used once."""

    def __init__(
        self, changes: Sequence[Change], actor: Actor, now: datetime, *, is_preview: bool
    ) -> None:
        self.changes = changes
        self.actor = actor
        self.now = now
        self.is_preview = is_preview
        numbers = None if is_preview else self._numbers()
        self.known = Known(changes, now, lock=not is_preview, besides=numbers)
        self.terms = self.known.terms
        given = numbers_given(self.known.besides[0]) if numbers else _made_up()
        self.ids = given.event_ids
        self.record = Record(actor, self.terms.policy.version, now, given)
        self.changed: dict[projection.Key, Registers] = {}
        self._decisions: dict[tuple, Decision] = {}

    def _numbers(self) -> Read:
        lifting = sum(change.wish.lift for change in self.changes)
        evidences = {evidence_key(*change) for change in self.changes} - {None}
        return numbers_to_read(events=len(self.changes) + 2 * lifting, evidences=len(evidences))

    def run(self, *, commits: bool = False) -> list[Result]:
        """Return what became of each change. ``commits``: the transaction ends with this batch."""
        results = [self._one(change) for change in self.changes]
        if not self.is_preview:
            self.record.write(self.changed, self.known.rows.row_ids, commits=commits)
        return results

    def _one(self, change: Change) -> Result:
        wish = change.wish
        facts = None
        if wish.scope.kind is ScopeKind.TYPE:
            facts = self.terms.types.get(wish.scope.id or 0)
            if facts is None:
                return Result(change, UNKNOWN_TYPE, Status.NOT_SPECIFIED, Status.NOT_SPECIFIED)
        situation = self.known.situation(change, facts)
        decision = self._decision(wish, situation, facts)
        result = self._follow(change, decision, facts)
        if self.known.pending or self.record.requests:
            self._end_requests(result)
        return result

    def _decision(self, wish: Wish, situation: Situation, facts: TypeFacts | None) -> Decision:
        if not self.known.shares_wishes:
            return decide(situation, wish, self.actor, self.terms.policy, facts)
        key = (id(wish), situation)
        decision = self._decisions.get(key)
        if decision is None:
            decision = decide(situation, wish, self.actor, self.terms.policy, facts)
            self._decisions[key] = decision
        return decision

    def _follow(self, change: Change, decision: Decision, facts: TypeFacts | None) -> Result:
        """Do what was decided."""
        if decision.outcome is Outcome.APPLY:
            return self._apply(change, decision, facts)
        before = self._status(change.address_id, change.wish.scope)
        event_id = None
        if decision.outcome is Outcome.CONFIRM_FIRST:
            event_id = self._request(change, decision, before)
        elif leaves_mark(change.wish, decision):
            self.record.repeats.append(change)
            self.known.hear_repeat(change)
        return Result(change, decision, before, before, event_id)

    def _status(self, address_id: int, scope: Scope) -> Status:
        return resolve(shape_of(self.known.rows.registers.get((address_id, scope), NO_WORDS)))[0]

    def _apply(self, change: Change, decision: Decision, facts: TypeFacts | None) -> Result:
        lifted: tuple[int, ...] = ()
        for kind in decision.lifts:
            scope = (
                ACCOUNT
                if kind is ScopeKind.ACCOUNT
                else unit_scope(facts.business_unit_id if facts else 0)
            )
            lifted += (self._write_event(change, decision, scope, Act.STATE, Word.OURS)[2],)
        act, wish = change.wish.act, change.wish
        if act not in (Act.STATE, Act.UNDO, Act.CORRECT):
            self.record.facts.append((act, change.address_id))
            self.known.learn(act, change.address_id)
        before, after, event_id = self._write_event(
            change, decision, wish.scope, act, decision.register
        )
        return Result(change, decision, before, after, event_id, lifted)

    def _write_event(
        self, change: Change, decision: Decision, scope: Scope, act: Act, writes: Word | None
    ) -> tuple[Status, Status, int]:
        """Add one event and bring its register up to date; return before, after and the event's id."""
        address_id, wish = change
        key = (address_id, scope)
        current = self.known.rows.registers.get(key, NO_WORDS)
        before = resolve(shape_of(current))[0]
        event_id = next(self.ids)
        replaced = names = restores = None
        after = before
        if writes is not None:
            held = current.own if writes is Word.OWN else current.ours
            replaced = held.event_id if held is not None else None
            names_own = decision.names_own and scope == wish.scope
            said, restores = self._said(change, act, writes, event_id, current, names_own=names_own)
            names = said.names_event_id if said is not None and act is Act.STATE else None
            registers = (
                Registers(said, current.ours)
                if writes is Word.OWN
                else Registers(current.own, said)
            )
            self.known.rows.registers[key] = self.changed[key] = registers
            if scope.is_wide:
                self.known.rows.wide.add(address_id)
            after = resolve(shape_of(registers))[0]
        if scope.is_wide:
            self._tell_types(change, act, event_id)
        if wish.word is Word.OWN:
            self.known.keep(change)
        if not self.is_preview:
            own = seal.Own(event_id, address_id, replaced, names, restores, before.code, after.code)
            self.record.add_event(own, wish, decision, scope, act)
        return before, after, event_id

    def _tell_types(self, change: Change, act: Act, event_id: int) -> None:
        """Let the types below hear a person's opt-out of all, or forget one that was undone."""
        address_id, wish = change
        if act in (Act.UNDO, Act.CORRECT):
            for scope, own in self._before_hearing(change).items():
                self._keep(address_id, scope, own)
        elif wish.word is Word.OWN:
            heard = self.known.heard(wish)._replace(event_id=event_id)
            for scope, registers in self.known.below(address_id, wish.scope).items():
                self._keep(address_id, scope, hear_wide(registers, heard))

    def _before_hearing(self, change: Change) -> dict[Scope, Registers]:
        """Return the types that still hold the undone opt-out of all, as they were before it."""
        address_id, wish = change
        held = {
            scope: registers
            for scope, registers in self.known.below(address_id, wish.scope).items()
            if registers.own is not None and registers.own.event_id == wish.undoes
        }
        if not held:
            return {}
        before = fold_address(address_id, self.terms).heard[wish.undoes or 0]
        return {scope: registers._replace(own=before[scope]) for scope, registers in held.items()}

    def _keep(self, address_id: int, scope: Scope, registers: Registers) -> None:
        key = (address_id, scope)
        if self.known.rows.registers.get(key) != registers:
            self.known.rows.registers[key] = self.changed[key] = registers

    def _said(
        self,
        change: Change,
        act: Act,
        writes: Word,
        event_id: int,
        current: Registers,
        *,
        names_own: bool,
    ) -> tuple[Register | None, int | None]:
        """Return what the register holds after the event, and the event it was restored from."""
        address_id, wish = change
        if act in (Act.UNDO, Act.CORRECT):
            said, restores = self.known.restored(wish.undoes or 0)
            if said is not None and said.names_event_id is not None:
                said = fold_address(address_id, self.terms).as_it_is_now(said)
            return said, restores
        if writes is Word.OWN:
            heard = self.known.heard(wish)._replace(event_id=event_id)
            return merge_own(current.own, heard), None
        names = current.own.event_id if names_own and current.own is not None else None
        return Register(wish.status, self.now, event_id, wish.source, 0, names), None

    def _request(self, change: Change, decision: Decision, before: Status) -> int:
        """R14: one pending request per address and type, the newest wins."""
        address_id, wish = change
        event_id = next(self.ids)
        self.record.requests[(address_id, wish.scope.id or 0)] = event_id
        if not self.is_preview:
            own = seal.Own(event_id, address_id, None, None, None, before.code, before.code)
            self.record.add_event(own, wish, decision, wish.scope, Act.REQUEST)
        return event_id

    def _end_requests(self, result: Result) -> None:
        """R14: any opt-out cancels what it covers, also one said earlier that arrives later.

        An opt-in that took effect without the link has nothing left to ask.
        """
        (address_id, wish), decision = result.change, result.decision
        if decision.outcome in (Outcome.REFUSE, Outcome.CONFIRM_FIRST):
            return
        after = result.after if decision.register is not None else None
        is_in = after is IN and not wish.scope.is_wide
        if wish.status is OUT or after is OUT or is_in:
            for type_id in self._types_under(wish.scope):
                row_id = self.known.pending.pop((address_id, type_id), None)
                if row_id is not None:
                    self.record.ended_requests.add(row_id)
                self.record.requests.pop((address_id, type_id), None)

    def _types_under(self, scope: Scope) -> list[int]:
        if scope.kind is ScopeKind.TYPE:
            return [scope.id or 0]
        return [
            type_id
            for type_id, facts in self.terms.types.items()
            if scope.kind is ScopeKind.ACCOUNT or facts.business_unit_id == scope.id
        ]
