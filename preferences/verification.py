"""Verification: recomputes every digest, root and head, and names the first bad event.

A chain in one database only shows inconsistent tampering; whoever rewrites everything is caught by
a head saved elsewhere (``heads_since``, ``against``), and so is a tail cut off.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import QuerySet

from preferences import projection, seal
from preferences.bulk_sql import fetch_all, ids_match, ids_parameter, moment
from preferences.models import ConsentEvent, Evidence, Seal, Wording
from preferences.projection import OPT_OUTS, PREFERENCES
from preferences.sealing import outside, sealed_ranges

READ_AT_ONCE = 10_000
_LOWEST = -(1 << 63)  # below every id, forged ones too
TABLE = ConsentEvent._meta.db_table
_SELECT = f"SELECT {', '.join(seal.EVENT_COLUMNS)} FROM {TABLE}"
_EVIDENCES = f"""
    SELECT id, explanation, details, salt, erased_at
    FROM {Evidence._meta.db_table} WHERE """
_OWN = len(seal.OWN_COLUMNS)
_EVIDENCE = seal.EVENT_COLUMNS.index("evidence_id")
_EVIDENCE_DIGEST = seal.EVENT_COLUMNS.index("evidence_digest")
_WORDING = seal.EVENT_COLUMNS.index("wording_id")
_TRANSACTION = seal.EVENT_COLUMNS.index("transaction_id")


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
    ADDED = "added"
    EVIDENCE_ALTERED = "evidence_altered"
    WORDING_ALTERED = "wording_altered"
    ROOT = "root_does_not_match"
    CHAIN = "seal_chain_broken"
    CUT_OFF = "tail_cut_off"
    REWRITTEN = "rewritten"


def verify_ledger(*, against: Sequence[dict] = ()) -> Report:
    """Verify the whole ledger; ``against`` are saved heads as made by ``head_line``."""
    heads: dict[int, bytes] = {}
    events = passed = horizon = 0
    previous = seal.GENESIS
    for one in Seal.objects.order_by("number").iterator():
        try:
            finding = _verify_seal(one, len(heads) + 1, previous)
        except (TypeError, ValueError):  # SQLite keeps any value in any column
            finding = Finding(Problem.CHAIN, one.first_id, one.number)
        if finding is not None:
            return Report(finding, events, len(heads), 0, previous)
        events += one.count
        previous = heads[one.number] = bytes(one.head)
        passed, horizon = max(passed, one.last_id), one.horizon
    unsealed, finding = _verify_unsealed(events, passed, horizon)
    finding = finding or _bad_wording() or _compare(heads, against)
    return Report(finding, events + unsealed, len(heads), unsealed, previous)


def verify_events(address_ids: Collection[int]) -> Finding | None:
    """Verify all events of some addresses: their digests, their evidence, and that sealed ones exist.

    Cheap enough for a screen. A row that was deleted is missed by the event that replaced it or by
    the status; the whole ledger's roots are ``verify_ledger``'s.
    """
    rows = fetch_all(
        f"{_SELECT} WHERE {ids_match('address_id')} ORDER BY id", [ids_parameter(address_ids)]
    )
    named = {row[2] for row in rows if row[2] is not None}
    for registers in projection.read(address_ids, None).registers.values():
        named.update(said.event_id for said in registers if said is not None)
    missing = named - {row[0] for row in rows}
    if missing:
        return Finding(Problem.MISSING, min(missing))
    return _check(rows) or _bad_wording_of(rows)


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
    ranges = _ranges_of(one)
    if one.number != expected_number or bytes(one.previous_head) != previous or not ranges:
        return Finding(Problem.CHAIN, one.first_id, one.number)
    digests: list[bytes] = []
    for wanted in ranges:
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
        root=bytes(one.root),
        previous_head=previous,
    )
    return None if head == bytes(one.head) else Finding(Problem.CHAIN, one.first_id, one.number)


def _ranges_of(one: Seal) -> list[range]:
    """Return the sealed ranges; none when the seal contradicts itself."""
    ranges = list(seal.from_ranges(one.ranges))
    said = (one.first_id, one.last_id, one.count)
    meant = (ranges[0].start, ranges[-1].stop - 1, sum(map(len, ranges))) if ranges else None
    return ranges if said == meant else []


def _collect(wanted: range, digests: list[bytes]) -> Finding | None:
    """Add the digests of a sealed range; a missing id in it is a deletion."""
    expected = wanted.start
    while expected < wanted.stop:
        stop = min(expected + READ_AT_ONCE, wanted.stop)
        rows = fetch_all(f"{_SELECT} WHERE id >= %s AND id < %s ORDER BY id", [expected, stop])
        present = [row for place, row in enumerate(rows) if row[0] == expected + place]
        finding = _check(present)
        if finding is not None:
            return finding
        digests += [bytes(row[-1]) for row in present]
        expected += len(present)
        if expected < stop:
            return Finding(Problem.MISSING, expected)
    return None


def _verify_unsealed(sealed: int, passed: int, horizon: int) -> tuple[int, Finding | None]:
    """Verify what is under no seal; return how many events that are, and what is wrong with them."""
    unsealed = 0
    if fetch_all(f"SELECT count(*) FROM {TABLE} WHERE id <= %s", [passed])[0][0] != sealed:
        for rows in _chunks(_LOWEST, f" AND id <= {passed}"):
            late = outside(rows, sealed_ranges(rows[0][0], rows[-1][0]))
            unsealed += len(late)
            # Only a transaction that was still running may come behind a seal (PostgreSQL).
            added = [
                row
                for row in late
                if connection.vendor != "postgresql" or row[_TRANSACTION] < horizon
            ]
            finding = Finding(Problem.ADDED, added[0][0]) if added else _check(late)
            if finding is not None:
                return unsealed, finding
    for rows in _chunks(passed, ""):
        unsealed += len(rows)
        finding = _check(rows)
        if finding is not None:
            return unsealed, finding
    return unsealed, _find_hole(passed)


def _chunks(after: int, bound: str) -> Iterator[list[tuple]]:
    """Yield the rows behind one id in the order of their ids, some at a time."""
    while True:
        sql = f"{_SELECT} WHERE id > %s{bound} ORDER BY id LIMIT %s"
        rows = fetch_all(sql, [after, READ_AT_ONCE])
        if rows:
            yield rows
        if len(rows) < READ_AT_ONCE:
            return
        after = rows[-1][0]


def _find_hole(passed: int) -> Finding | None:
    """Find an event that no seal counts and that is gone, though others or the statuses name it."""
    named = [(TABLE, "replaced_event_id")]
    named += [(table, f"{side}_event_id") for table in (PREFERENCES, OPT_OUTS) for side in _SIDES]
    missing = []
    for table, column in named:
        sql = (
            f"SELECT min(one.{column}) FROM {table} one WHERE one.{column} > %s "
            f"AND NOT EXISTS (SELECT 1 FROM {TABLE} event WHERE event.id = one.{column})"
        )
        missing += [row[0] for row in fetch_all(sql, [passed]) if row[0] is not None]
    return Finding(Problem.MISSING, min(missing)) if missing else None


_SIDES = ("own", "ours")


def _check(rows: Sequence[tuple]) -> Finding | None:
    """Find the first row that is not what was written, or whose evidence is not."""
    for row in rows:
        if not _is_whole(row):
            return Finding(Problem.ALTERED, row[0])
    return _bad_evidence(rows)


def _is_whole(row: tuple) -> bool:
    """Tell whether the row still has the digest it was written with."""
    try:
        words = seal.stamp_bytes(stamp_of(row))
        return seal.event_digest(seal.Own(*row[:_OWN]), words) == bytes(row[-1])
    except (TypeError, ValueError):  # SQLite keeps any value in any column
        return False


def stamp_of(row: tuple) -> seal.Stamp:
    """Return the part of a row that it shares with others, as it was when it was written."""
    recorded_at, said_at, *rest = row[_OWN:-1]
    return seal.Stamp(moment(recorded_at), moment(said_at), *rest)


def _bad_evidence(rows: Sequence[tuple]) -> Finding | None:
    """Find the first row whose evidence is gone or another; properly erased evidence is neither."""
    carried = [(row[0], row[_EVIDENCE], row[_EVIDENCE_DIGEST]) for row in rows if row[_EVIDENCE]]
    ids = {evidence_id for _, evidence_id, _ in carried}
    kept = fetch_all(_EVIDENCES + ids_match("id"), [ids_parameter(ids)]) if ids else []
    digests = {row[0]: _digest_of(*row[1:]) for row in kept}
    for event_id, evidence_id, digest in carried:
        found = digests.get(evidence_id, b"gone")
        if found is not None and found != bytes(digest or b""):
            return Finding(Problem.EVIDENCE_ALTERED, event_id)
    return None


def _digest_of(explanation: str, stored: str, salt: object, erased_at: object) -> bytes | None:
    """Return the digest of what is stored; None when it was erased properly."""
    try:
        details = json.loads(stored)
    except (TypeError, ValueError):  # SQLite keeps any value in any column
        return b"no details"
    if not isinstance(salt, bytes | memoryview):
        return b"no salt"
    if erased_at and not (explanation or details or bytes(salt)):
        return None
    return seal.evidence_digest(bytes(salt), explanation, details)


def _bad_wording_of(rows: Sequence[tuple]) -> Finding | None:
    """Find the first of these events whose text is gone or another.

    The id is part of the text's digest, and part of the event's own: neither can be changed alone.
    """
    named = {row[_WORDING] for row in rows if row[_WORDING]}
    if not named:
        return None
    whole = _whole_wordings(Wording.objects.filter(pk__in=named))
    bad = [row[0] for row in rows if row[_WORDING] and row[_WORDING] not in whole]
    return Finding(Problem.WORDING_ALTERED, bad[0]) if bad else None


def _bad_wording() -> Finding | None:
    """Find the first event of all whose text is gone or another."""
    whole = _whole_wordings(Wording.objects.all())
    events = ConsentEvent.objects.exclude(wording_id=None).exclude(wording_id__in=whole)
    first = events.order_by("id").values_list("id", flat=True).first()
    return None if first is None else Finding(Problem.WORDING_ALTERED, first)


def _whole_wordings(wordings: QuerySet[Wording]) -> set[int]:
    return {wording.pk for wording in wordings.iterator() if _is_whole_wording(wording)}


def _is_whole_wording(wording: Wording) -> bool:
    digest = seal.wording_digest(wording.kind, wording.language, wording.text)
    return digest == bytes(wording.digest) and seal.wording_id(digest) == wording.pk


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
