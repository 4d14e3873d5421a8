"""What a batch leaves behind: events with their evidence, counters, requests and facts.

Filled while the batch decides, written once at its end, in a number of statements that does not
depend on how many changes there were.
"""

import os
from collections.abc import Collection, Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Q

from mails.services import forget_mails_about
from preferences import ledger, projection, seal
from preferences.bulk_sql import (
    SmallWrites,
    columns_of,
    fetch_all,
    ids_match,
    ids_parameter,
    insert_rows,
    moment,
    parameter,
    update_rows,
)
from preferences.models import (
    Address,
    ConsentEvent,
    Evidence,
    FrequencyWish,
    LinkHandout,
    LinkRequest,
    OptOutReason,
    Pause,
    PendingConfirmation,
    RepeatedWord,
)
from preferences.situations import own_register
from preferences.values import Act, Actor, Change, Decision, Registers, Scope, ScopeKind, Wish, Word

_EVIDENCE_COLUMNS = columns_of(Evidence, ("id", "explanation", "details", "salt", "created_at"))
_SALT_BYTES = 16
CONFIRM_WITHIN = timedelta(days=7)
MAIL_AGAIN_AFTER = timedelta(days=1)


class Draft(NamedTuple):
    """What a stamp is made of once its evidence has an id."""

    wish: Wish
    decision: Decision
    scope: Scope
    act: Act
    evidence: tuple | None


class Record:
    """All that one batch writes, apart from the registers."""

    def __init__(
        self, actor: Actor, policy_version: int, now: datetime, numbers: ledger.Numbers
    ) -> None:
        self.actor = actor
        self.policy_version = policy_version
        self.now = now
        self.numbers = numbers
        self.repeats: list[Change] = []
        self.requests: dict[tuple[int, int], int] = {}
        self.ended_requests: set[int] = set()
        self.facts: list[tuple[Act, int]] = []
        self._events: list[tuple[seal.Own, Hashable]] = []
        self._drafts: dict[Hashable, Draft] = {}

    def add_event(
        self, own: seal.Own, wish: Wish, decision: Decision, scope: Scope, act: Act
    ) -> None:
        """Add one event; all addresses of one act share its stamp."""
        evidence = evidence_key(own.address_id, wish)
        key = (id(wish), decision.flags, decision.rule, scope, act, evidence)
        if key not in self._drafts:
            self._drafts[key] = Draft(wish, decision, scope, act, evidence)
        self._events.append((own, key))

    def write(
        self,
        changed: Mapping[projection.Key, Registers],
        row_ids: Mapping[projection.Key, int],
        *,
        commits: bool = False,
    ) -> None:
        """Write everything; inside the transaction that holds the addresses.

        ``commits``: nobody writes anything behind it, so that COMMIT may travel with what is last.
        """
        small = SmallWrites()
        if self._events:
            stamps = self._stamps(small)
            ledger.append([ledger.Entry(own, stamps[key]) for own, key in self._events], small)
        projection.write(changed, row_ids, small)
        is_all = not (self.repeats or self.ended_requests or self.requests or self.facts)
        small.send(commits=commits and is_all)
        if self.repeats:
            _count_repeats(self.repeats, self.now)
        if self.ended_requests:
            PendingConfirmation.objects.filter(pk__in=self.ended_requests).delete()
        if self.requests:
            self._store_requests()
        if self.facts:
            self._write_facts()

    def _stamps(self, small: SmallWrites) -> dict[Hashable, seal.Stamp]:
        evidence = self._store_evidence({draft.evidence for draft in self._drafts.values()}, small)
        return {
            key: self._stamp(draft, *evidence.get(draft.evidence, (None, None)))
            for key, draft in self._drafts.items()
        }

    def _stamp(
        self, draft: Draft, evidence_id: int | None, evidence_digest: bytes | None
    ) -> seal.Stamp:
        wish, decision, scope, act, _ = draft
        flags = decision.flags
        if wish.word is Word.OWN and act is Act.STATE:
            flags |= own_register(wish, self.now).flags
        return seal.Stamp(
            recorded_at=self.now,
            said_at=min(wish.said_at or self.now, self.now),
            transaction_id=self.numbers.transaction_id,
            evidence_id=evidence_id,
            undoes_event_id=wish.undoes,
            actor_id=self.actor.id,
            job_id=wish.job_id,
            cause_id=wish.cause_id,
            wording_id=wish.wording_id,
            subscription_type_id=scope.id if scope.kind is ScopeKind.TYPE else None,
            business_unit_id=scope.id if scope.kind is ScopeKind.UNIT else None,
            policy_id=self.policy_version,
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
            evidence_digest=evidence_digest,
            idempotency_key=wish.idempotency_key,
        )

    def _store_evidence(
        self, keys: Collection[tuple | None], small: SmallWrites
    ) -> dict[tuple | None, tuple[int, bytes]]:
        """Store what was said in clear, each row with a salt of its own; return ids and digests."""
        stored: dict[tuple | None, tuple[int, bytes]] = {}
        rows, created_at = [], parameter(self.now)
        salts = os.urandom(_SALT_BYTES * len(keys))
        for number, key in enumerate(keys):
            if key is None:
                continue
            explanation, details = key[0], seal.details_text(dict(key[1]))
            salt = salts[number * _SALT_BYTES :][:_SALT_BYTES]
            evidence_id = next(self.numbers.evidence_ids)
            rows.append((evidence_id, explanation, details, salt, created_at))
            digest = seal.digest_of_evidence(salt, explanation, details)
            stored[key] = (evidence_id, digest)
        insert_rows(Evidence._meta.db_table, _EVIDENCE_COLUMNS, rows, small)
        return stored

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
        # Asked again while the last mail is fresh, nobody gets another one.
        asked_again = PendingConfirmation.objects.filter(
            request_event_id__in=self.requests.values(), mailed_at__lt=self.now - MAIL_AGAIN_AFTER
        )
        asked_again.update(mailed_at=None, reminded_at=None)

    def _write_facts(self) -> None:
        """R17, R18: bring the addresses' own columns up to date with the events just written."""
        last_delivery = {
            address_id: act for act, address_id in self.facts if act in (Act.BOUNCE, Act.DELIVER)
        }
        for act, since in ((Act.BOUNCE, self.now), (Act.DELIVER, None)):
            found = [address_id for address_id, last in last_delivery.items() if last is act]
            if found:
                Address.objects.filter(pk__in=found).update(undeliverable_at=since)
        complained = {address_id for act, address_id in self.facts if act is Act.COMPLAIN}
        if complained:
            Address.objects.filter(pk__in=complained).update(complained_at=self.now)
        erased = {address_id for act, address_id in self.facts if act is Act.ERASE}
        if erased:
            _erase(erased, self.now)


def evidence_key(address_id: int, wish: Wish) -> tuple | None:
    """Return what names the evidence of a wish about an address; None when there is none.

    The explanation of a job is one row for all its addresses. Anything else may be about a person, so
    it is a row of their own, which goes when they are erased (R18).
    """
    if not wish.explanation and not wish.evidence:
        return None
    is_shared = wish.job_id is not None and not wish.evidence
    return wish.explanation, wish.evidence, None if is_shared else address_id


def _count_repeats(repeats: Sequence[Change], now: datetime) -> None:
    """R16: raise the counter of opt-outs that were said again; one read, two writes at most."""
    table = RepeatedWord._meta.db_table
    rows = fetch_all(
        "SELECT id, address_id, scope_kind, scope_id, word, source, count, last_said_at "
        f"FROM {table} WHERE {ids_match('address_id')}",
        [ids_parameter({change.address_id for change in repeats})],
    )
    stored = {row[1:6]: [row[6], row[0], moment(row[7])] for row in rows}
    raised: dict[tuple, list] = {}
    for address_id, wish in repeats:
        scope, said_at = wish.scope, min(wish.said_at or now, now)
        key = (address_id, scope.kind.code, scope.id or 0, wish.word.code, wish.source.code)
        row = raised.setdefault(key, stored.get(key) or [0, None, said_at])
        row[0] += 1
        row[2] = max(row[2], said_at)
    new = [(*key, row[0], parameter(row[2])) for key, row in raised.items() if row[1] is None]
    old = [(row[0], parameter(row[2]), row[1]) for row in raised.values() if row[1] is not None]
    names = ("address_id", "scope_kind", "scope_id", "word", "source", "count", "last_said_at")
    insert_rows(table, columns_of(RepeatedWord, names), new)
    update_rows(table, columns_of(RepeatedWord, ("count", "last_said_at")), old)


def _erase(address_ids: Collection[int], now: datetime) -> None:
    """R18: forget the clear forms and the evidence of these people; keys and events stay."""
    Address.objects.filter(pk__in=address_ids).update(erased_at=now, canonical="", original="")
    RepeatedWord.objects.filter(address_id__in=address_ids).delete()
    PendingConfirmation.objects.filter(address_id__in=address_ids).delete()
    OptOutReason.objects.filter(address_id__in=address_ids).delete()
    Pause.objects.filter(address_id__in=address_ids).delete()
    FrequencyWish.objects.filter(address_id__in=address_ids).delete()
    LinkHandout.objects.filter(address_id__in=address_ids).update(explanation="")
    LinkRequest.objects.filter(address_id__in=address_ids).delete()
    forget_mails_about(about=address_ids, now=now)
    events = ConsentEvent.objects.filter(address_id__in=address_ids, evidence__isnull=False)
    of_jobs = events.exclude(job_id=None).values("evidence_id")
    of_theirs = events.filter(job_id=None).values("evidence_id")
    Evidence.objects.filter(
        Q(pk__in=of_theirs) | (Q(pk__in=of_jobs) & ~Q(details={})), erased_at=None
    ).update(explanation="", details={}, salt=b"", erased_at=now)
