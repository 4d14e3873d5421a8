"""Verification: recomputes every digest, root and head, and names the first bad event.

A chain in one database only shows inconsistent tampering; whoever rewrites everything is caught by
a head saved elsewhere (``heads_since``, ``against``), and so is a tail cut off.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from preferences import seal
from preferences.bulk_sql import fetch_all, ids_match, ids_parameter
from preferences.ledger import COLUMNS, OWN_COLUMNS, STAMP_COLUMNS, TABLE
from preferences.models import Evidence, Seal
from preferences.projection import moment

READ_AT_ONCE = 10_000
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM {TABLE}"
_OWN = len(OWN_COLUMNS)
_DATES = STAMP_COLUMNS.index("asked_on")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and the first event it shows at (None: no single event can be named)."""

    problem: str
    event_id: int | None = None
    seal_number: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a verification; ``finding`` is None when all is intact."""

    finding: Finding | None
    event_count: int
    seal_count: int
    unsealed_count: int
    head: bytes

    @property
    def is_intact(self) -> bool:
        return self.finding is None


class Problem:
    """What a finding may say; worded for screens in ``preferences/wording.py``."""

    ALTERED = "altered"
    MISSING = "missing"
    EVIDENCE_ALTERED = "evidence_altered"
    ROOT = "root_does_not_match"
    CHAIN = "seal_chain_broken"
    CUT_OFF = "tail_cut_off"
    REWRITTEN = "rewritten"


def verify_ledger(*, against: Sequence[dict] = ()) -> Report:
    """Verify the whole ledger; ``against`` are saved heads as made by ``head_line``."""
    heads: dict[int, bytes] = {}
    events = unsealed = 0
    previous = seal.GENESIS
    finding: Finding | None = None
    expected_number = 1
    passed = 0
    for one in Seal.objects.order_by("number").iterator():
        finding = _verify_seal(one, expected_number, previous)
        if finding is not None:
            return Report(finding, events, len(heads), 0, previous)
        events += one.count
        previous = bytes(one.head)
        heads[one.number] = previous
        passed = max(passed, one.last_id)
        expected_number = one.number + 1
    for row in _rows_after(passed):
        unsealed += 1
        if not _is_whole(row):
            return Report(Finding(Problem.ALTERED, row[0]), events, len(heads), unsealed, previous)
    finding = _compare(heads, against) or _verify_evidence()
    return Report(finding, events + unsealed, len(heads), unsealed, previous)


def verify_events(address_ids: Collection[int]) -> Finding | None:
    """Verify all events of some addresses: their digests, their evidence, and that sealed ones exist.

    Cheap enough for a screen. A row that was deleted shows as a hole in the chain of
    ``replaced_event_id``; the whole ledger's roots are ``verify_ledger``'s.
    """
    rows = fetch_all(
        f"{_SELECT} WHERE {ids_match('address_id')} ORDER BY id", [ids_parameter(address_ids)]
    )
    present = {row[0] for row in rows}
    for row in rows:
        if not _is_whole(row):
            return Finding(Problem.ALTERED, row[0])
        if row[2] is not None and row[2] not in present:
            return Finding(Problem.MISSING, row[2])
    ids = {row[_OWN + 3] for row in rows if row[_OWN + 3] is not None}
    return _bad_evidence({row[0]: (row[_OWN + 3], row[-3]) for row in rows}, ids)


def head_line() -> str | None:
    """Return the newest head as a line of JSON to be saved elsewhere; None without seals."""
    last = Seal.objects.order_by("-number").first()
    if last is None:
        return None
    head = {
        "number": last.number,
        "head": bytes(last.head).hex(),
        "last_id": last.last_id,
        "count": last.count,
        "sealed_at": last.sealed_at.isoformat(),
    }
    return json.dumps(head)


def parse_heads(text: str) -> list[dict]:
    """Read saved heads, one JSON object a line; raises ValueError naming the line."""
    heads = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            head = json.loads(line)
            heads.append(
                {
                    "number": int(head["number"]),
                    "head": str(head["head"]),
                    "last_id": int(head["last_id"]),
                }
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"line {number} is not a saved head") from error
    return heads


def _verify_seal(one: Seal, expected_number: int, previous: bytes) -> Finding | None:
    if one.number != expected_number or bytes(one.previous_head) != previous:
        return Finding(Problem.CHAIN, one.first_id, one.number)
    digests: list[bytes] = []
    for wanted in seal.from_ranges(one.ranges):
        finding = _collect(wanted, digests)
        if finding is not None:
            return Finding(finding.problem, finding.event_id, one.number)
    if seal.merkle_root(digests) != bytes(one.root):
        return Finding(Problem.ROOT, one.first_id, one.number)
    head = seal.seal_head(
        number=one.number,
        sealed_at=one.sealed_at,
        horizon=one.horizon,
        ranges=one.ranges,
        count=len(digests),
        root=one.root,
        previous_head=previous,
    )
    return None if head == bytes(one.head) else Finding(Problem.CHAIN, one.first_id, one.number)


def _collect(wanted: range, digests: list[bytes]) -> Finding | None:
    """Add the digests of a sealed range; a missing id in it is a deletion."""
    expected = wanted.start
    while expected < wanted.stop:
        stop = min(expected + READ_AT_ONCE, wanted.stop)
        rows = fetch_all(f"{_SELECT} WHERE id >= %s AND id < %s ORDER BY id", [expected, stop])
        for row in rows:
            if row[0] != expected:
                return Finding(Problem.MISSING, expected)
            if not _is_whole(row):
                return Finding(Problem.ALTERED, row[0])
            digests.append(bytes(row[-1]))
            expected += 1
        if expected < stop:
            return Finding(Problem.MISSING, expected)
    return None


def _rows_after(event_id: int) -> Iterator[tuple]:
    while True:
        rows = fetch_all(f"{_SELECT} WHERE id > %s ORDER BY id LIMIT %s", [event_id, READ_AT_ONCE])
        yield from rows
        if len(rows) < READ_AT_ONCE:
            return
        event_id = rows[-1][0]


def _is_whole(row: tuple) -> bool:
    """Tell whether the row still has the digest it was written with."""
    stamp = [_plain(value, position) for position, value in enumerate(row[_OWN:-1])]
    return seal.event_digest(seal.Own(*row[:_OWN]), seal.stamp_bytes(seal.Stamp(*stamp))) == bytes(
        row[-1]
    )


def _plain(value: object, position: int) -> object:
    if position < 2:
        return moment(value)  # type: ignore[arg-type]
    if position == _DATES and isinstance(value, str):
        return date.fromisoformat(value)
    return value


def _verify_evidence() -> Finding | None:
    """Check every evidence row that was not erased against the events that carry its digest."""
    after = 0
    while True:
        sql = (
            f"SELECT min(id), evidence_id, evidence_digest FROM {TABLE} "
            "WHERE evidence_id > %s AND evidence_id <= %s GROUP BY evidence_id, evidence_digest"
        )
        rows = fetch_all(sql, [after, after + READ_AT_ONCE])
        finding = _bad_evidence(
            {row[0]: (row[1], row[2]) for row in rows}, {row[1] for row in rows}
        )
        if finding is not None:
            return finding
        after += READ_AT_ONCE
        if not Evidence.objects.filter(pk__gt=after).exists():
            return None


def _bad_evidence(
    carriers: dict[int, tuple[int | None, bytes | None]], ids: Collection[int]
) -> Finding | None:
    digests: dict[int, bytes | None] = {}
    for row in Evidence.objects.filter(pk__in=ids).iterator():
        whole = seal.evidence_digest(bytes(row.salt), row.explanation, row.details)
        digests[row.pk] = None if row.erased_at else whole
    for event_id in sorted(carriers):
        evidence_id, digest = carriers[event_id]
        if evidence_id is None:
            continue
        if evidence_id not in digests:
            return Finding(Problem.EVIDENCE_ALTERED, event_id)
        whole = digests[evidence_id]
        if whole is not None and (digest is None or whole != bytes(digest)):
            return Finding(Problem.EVIDENCE_ALTERED, event_id)
    return None


def _compare(heads: dict[int, bytes], saved: Sequence[dict]) -> Finding | None:
    """Compare with heads saved elsewhere: a head that is gone is a cut-off tail, another a rewrite."""
    for line in sorted(saved, key=lambda head: head["number"]):
        head = heads.get(line["number"])
        if head is None:
            return Finding(Problem.CUT_OFF, line["last_id"], line["number"])
        if head.hex() != line["head"]:
            first = (
                Seal.objects.filter(number=line["number"])
                .values_list("first_id", flat=True)
                .first()
            )
            return Finding(Problem.REWRITTEN, first, line["number"])
    return None
