"""One batch through the door: decide every change in order, then write all of it in columns.

``decide`` runs once per distinct situation and wish; the answer is reused for every address in it.
Changes of one batch see each other: the second on the same scope finds what the first one left.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count

from preferences import ledger, projection, seal
from preferences.answers import leaves_mark
from preferences.bulk_sql import (
    fetch_all,
    ids_match,
    ids_parameter,
    insert_rows,
    parameter,
    update_rows,
)
from preferences.folding import fold_address
from preferences.models import Address, ConsentEvent, Evidence, PendingConfirmation, RepeatedWord
from preferences.registers import hear_wide, merge_own, resolve, shape_of
from preferences.rules import decide
from preferences.situations import Known, own_register
from preferences.terms import Terms
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

OUT = Status.UNSUBSCRIBED
CONFIRM_WITHIN = timedelta(days=7)
UNKNOWN_TYPE = Decision(Outcome.REFUSE, "R20", "unknown_type")


class Batch:
    """Decides and, unless it previews, writes. Used once."""

    def __init__(
        self,
        changes: Sequence[Change],
        actor: Actor,
        now: datetime,
        terms: Terms,
        *,
        is_preview: bool,
    ):
        self.changes = changes
        self.actor = actor
        self.now = now
        self.terms = terms
        self.is_preview = is_preview
        self.known = Known(changes, now, terms, lock=not is_preview)
        self.ids = self._ids()
        self.transaction_id = 0 if is_preview else ledger.current_transaction_id()
        self.entries: list[ledger.Entry] = []
        self.changed: dict[projection.Key, Registers] = {}
        self.repeats: list[Change] = []
        self.requests: dict[tuple[int, int], int] = {}
        self.ended_requests: set[int] = set()
        self.facts_changed: list[tuple[Act, int]] = []
        self._decisions: dict[tuple, Decision] = {}
        self._stamps: dict[tuple, seal.Stamp] = {}
        self._evidence: dict[tuple, Evidence] = {}

    def _ids(self) -> Iterator[int]:
        if self.is_preview:
            return count(1)
        lifting = sum(change.wish.lift for change in self.changes)
        return ledger.reserve_ids(len(self.changes) + 2 * lifting)

    def run(self) -> list[Result]:
        results = [self._one(change) for change in self.changes]
        if not self.is_preview:
            self._write()
        return results

    # --- deciding -----------------------------------------------------------------------------------

    def _one(self, change: Change) -> Result:
        wish = change.wish
        facts = None
        if wish.scope.kind is ScopeKind.TYPE:
            facts = self.terms.types.get(wish.scope.id or 0)
            if facts is None:
                return Result(change, UNKNOWN_TYPE, Status.NOT_SPECIFIED, Status.NOT_SPECIFIED)
        situation = self.known.situation(change, facts)
        key = (id(wish), situation)
        decision = self._decisions.get(key)
        if decision is None:
            decision = decide(situation, wish, self.actor, self.terms.policy, facts)
            self._decisions[key] = decision
        if wish.status is OUT and decision.outcome is not Outcome.REFUSE and self._has_requests():
            self._end_requests(change)
        if decision.outcome is Outcome.APPLY:
            return self._apply(change, decision, facts)
        before = self._status(change.address_id, wish.scope)
        event_id = None
        if decision.outcome is Outcome.CONFIRM_FIRST:
            event_id = self._request(change, decision, before)
        elif leaves_mark(wish, decision):
            self.repeats.append(change)
        return Result(change, decision, before, before, event_id)

    def _status(self, address_id: int, scope: Scope) -> Status:
        return resolve(shape_of(self.known.rows.registers.get((address_id, scope), NO_WORDS)))[0]

    def _apply(self, change: Change, decision: Decision, facts: TypeFacts | None) -> Result:
        for kind in decision.lifts:
            scope = (
                ACCOUNT
                if kind is ScopeKind.ACCOUNT
                else unit_scope(facts.business_unit_id if facts else 0)
            )
            self._write_event(change, decision, scope, Act.STATE, Word.OURS)
        act, wish = change.wish.act, change.wish
        if act not in (Act.STATE, Act.UNDO, Act.CORRECT):
            self.facts_changed.append((act, change.address_id))
        before, after, event_id = self._write_event(
            change, decision, wish.scope, act, decision.register
        )
        return Result(change, decision, before, after, event_id)

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
            said, restores = self._said(wish, act, writes, event_id, current, names_own=names_own)
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
        if not self.is_preview:
            own = seal.Own(event_id, address_id, replaced, names, restores, before.code, after.code)
            self.entries.append(ledger.Entry(own, self._stamp(wish, decision, scope, act)))
        return before, after, event_id

    def _tell_types(self, change: Change, act: Act, event_id: int) -> None:
        """Let the types below hear a person's opt-out of all, or forget one that was undone."""
        address_id, wish = change
        if act in (Act.UNDO, Act.CORRECT):
            for scope, own in self._before_hearing(change).items():
                self._keep(address_id, scope, own)
        elif wish.word is Word.OWN:
            heard = own_register(wish, self.now)._replace(event_id=event_id)
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
        wish: Wish,
        act: Act,
        writes: Word,
        event_id: int,
        current: Registers,
        *,
        names_own: bool,
    ) -> tuple[Register | None, int | None]:
        """Return what the register holds after the event, and the event it was restored from."""
        if act in (Act.UNDO, Act.CORRECT):
            return self.known.restored(wish.undoes or 0)
        if writes is Word.OWN:
            heard = own_register(wish, self.now)._replace(event_id=event_id)
            return merge_own(current.own, heard), None
        names = current.own.event_id if names_own and current.own is not None else None
        return Register(wish.status, self.now, event_id, wish.source, 0, names), None

    def _request(self, change: Change, decision: Decision, before: Status) -> int:
        """R14: one pending request per address and type, the newest wins."""
        event_id = next(self.ids)
        key = (change.address_id, change.wish.scope.id or 0)
        self.requests[key] = event_id
        if not self.is_preview:
            stamp = self._stamp(change.wish, decision, change.wish.scope, Act.REQUEST)
            own = seal.Own(event_id, change.address_id, None, None, None, before.code, before.code)
            self.entries.append(ledger.Entry(own, stamp))
        return event_id

    def _has_requests(self) -> bool:
        return bool(self.known.pending or self.requests)

    def _end_requests(self, change: Change) -> None:
        """R14: any opt-out cancels what it covers, also one said earlier that arrives later."""
        scope = change.wish.scope
        for (address_id, type_id), row_id in self.known.pending.items():
            if address_id == change.address_id and self._covers(scope, type_id):
                self.ended_requests.add(row_id)
        for address_id, type_id in list(self.requests):
            if address_id == change.address_id and self._covers(scope, type_id):
                del self.requests[(address_id, type_id)]

    def _covers(self, scope: Scope, type_id: int) -> bool:
        if scope.kind is ScopeKind.TYPE:
            return scope.id == type_id
        facts = self.terms.types.get(type_id)
        return scope.kind is ScopeKind.ACCOUNT or (
            facts is not None and facts.business_unit_id == scope.id
        )

    # --- writing ------------------------------------------------------------------------------------

    def _stamp(self, wish: Wish, decision: Decision, scope: Scope, act: Act) -> seal.Stamp:
        key = (id(wish), decision.flags, decision.rule, scope, act)
        stamp = self._stamps.get(key)
        if stamp is not None:
            return stamp
        evidence = self._evidence_of(wish)
        said_at = min(wish.said_at or self.now, self.now)
        flags = decision.flags
        if wish.word is Word.OWN and act is Act.STATE:
            flags |= own_register(wish, self.now).flags
        stamp = seal.Stamp(
            recorded_at=self.now,
            said_at=said_at,
            transaction_id=self.transaction_id,
            evidence_id=evidence.pk if evidence else None,
            undoes_event_id=wish.undoes,
            actor_id=self.actor.id,
            job_id=wish.job_id,
            cause_id=wish.cause_id,
            wording_id=wish.wording_id,
            subscription_type_id=scope.id if scope.kind is ScopeKind.TYPE else None,
            business_unit_id=scope.id if scope.kind is ScopeKind.UNIT else None,
            policy_id=self.terms.policy.version,
            asked_on=wish.asked_on,
            scope=scope.kind.code,
            act=act.code,
            word=wish.word.code,
            status=wish.status.code,
            source=wish.source.code,
            actor_kind=self.actor.kind.code,
            legal_basis=wish.legal_basis.code if wish.legal_basis else None,
            flags=flags,
            rule=int(decision.rule[1:]),
            evidence_digest=_digest_of(evidence) if evidence else None,
            idempotency_key=wish.idempotency_key,
        )
        self._stamps[key] = stamp
        return stamp

    def _evidence_of(self, wish: Wish) -> Evidence | None:
        """Store what was said in clear, once per act; None when nothing was."""
        if not wish.explanation and not wish.evidence:
            return None
        key = (wish.explanation, wish.evidence)
        evidence = self._evidence.get(key)
        if evidence is None:
            evidence = self._evidence[key] = Evidence.objects.create(
                explanation=wish.explanation,
                details=dict(wish.evidence),
                salt=os.urandom(16),
                created_at=self.now,
            )
        return evidence

    def _write(self) -> None:
        ledger.append(self.entries)
        projection.write(self.changed, self.known.rows.row_ids)
        if self.repeats:
            _count_repeats(self.repeats, self.now)
        if self.ended_requests:
            PendingConfirmation.objects.filter(pk__in=self.ended_requests).delete()
        if self.requests:
            self._store_requests()
        for act, address_id in self.facts_changed:
            _change_facts(act, address_id, self.now)

    def _store_requests(self) -> None:
        PendingConfirmation.objects.bulk_create(
            [
                PendingConfirmation(
                    address_id=address_id,
                    subscription_type_id=type_id,
                    request_event_id=event_id,
                    requested_at=self.now,
                    expires_at=self.now + CONFIRM_WITHIN,
                )
                for (address_id, type_id), event_id in self.requests.items()
            ],
            update_conflicts=True,
            unique_fields=["address", "subscription_type"],
            update_fields=["request_event_id", "requested_at", "expires_at"],
        )


def _digest_of(evidence: Evidence) -> bytes:
    return seal.evidence_digest(bytes(evidence.salt), evidence.explanation, evidence.details)


def _count_repeats(repeats: Sequence[Change], now: datetime) -> None:
    """R16: raise the counter of opt-outs that were said again; one read, two writes at most."""
    table = RepeatedWord._meta.db_table
    rows = fetch_all(
        f"SELECT id, address_id, scope_kind, scope_id, word, source, count FROM {table} "
        f"WHERE {ids_match('address_id')}",
        [ids_parameter({change.address_id for change in repeats})],
    )
    stored = {row[1:6]: [row[6], row[0]] for row in rows}
    raised: dict[tuple, list] = {}
    for address_id, wish in repeats:
        scope, said_at = wish.scope, min(wish.said_at or now, now)
        key = (address_id, scope.kind.code, scope.id or 0, wish.word.code, wish.source.code)
        row = raised.setdefault(key, [*stored.get(key, [0, None]), said_at])
        row[0] += 1
        row[2] = max(row[2], said_at)
    new = [(*key, row[0], parameter(row[2])) for key, row in raised.items() if row[1] is None]
    old = [(row[0], parameter(row[2]), row[1]) for row in raised.values() if row[1] is not None]
    names = ("address_id", "scope_kind", "scope_id", "word", "source", "count", "last_said_at")
    insert_rows(table, names, new)
    update_rows(table, (("count", "integer"), ("last_said_at", "timestamptz")), old)


def _change_facts(act: Act, address_id: int, now: datetime) -> None:
    """R17, R18: bring the address's own columns up to date with the event just written."""
    address = Address.objects.filter(pk=address_id)
    if act is Act.BOUNCE:
        address.update(undeliverable_at=now)
    elif act is Act.DELIVER:
        address.update(undeliverable_at=None)
    elif act is Act.COMPLAIN:
        address.update(complained_at=now)
    else:
        address.update(erased_at=now, canonical="", original="")
        RepeatedWord.objects.filter(address_id=address_id).delete()
        PendingConfirmation.objects.filter(address_id=address_id).delete()
        alone = ConsentEvent.objects.filter(
            address_id=address_id, job_id=None, evidence__isnull=False
        )
        evidence = Evidence.objects.filter(pk__in=alone.values("evidence_id"), erased_at=None)
        evidence.update(explanation="", details={}, salt=b"", erased_at=now)
