"""Tamper evidence: canonical bytes of an event, digests, Merkle roots, the chain of seals. Pure.

A Merkle tree as in RFC 9162, section 2.1 (leaf 0x00, node 0x01), over the digests of the events; a
seal's head chains its root to the head before it. Personal data is in no digest, so that erasure
leaves every proof whole: evidence enters as a salted digest of its own.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

FORMAT = "1"  # of the canonical bytes; a new one never re-reads old events
GENESIS = bytes(32)
EMPTY_ROOT = hashlib.sha256(b"").digest()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Stamp(NamedTuple):
    """The part of an event that all addresses of one act have in common."""

    recorded_at: datetime
    said_at: datetime
    transaction_id: int
    evidence_id: int | None
    undoes_event_id: int | None
    actor_id: int | None
    job_id: int | None
    cause_id: int | None
    wording_id: int | None
    subscription_type_id: int | None
    business_unit_id: int | None
    policy_id: int
    asked_on: date | None
    scope: int
    act: int
    word: int
    status: int
    source: int
    actor_kind: int
    legal_basis: int | None
    flags: int
    rule: int
    evidence_digest: bytes | None
    idempotency_key: str


class Own(NamedTuple):
    """The part of an event that is its own."""

    id: int
    address_id: int
    replaced_event_id: int | None
    names_event_id: int | None
    restores_event_id: int | None
    before: int
    after: int


OWN_COLUMNS = Own._fields
STAMP_COLUMNS = Stamp._fields
UNDOES = STAMP_COLUMNS.index("undoes_event_id")
EVENT_COLUMNS = (*OWN_COLUMNS, *STAMP_COLUMNS, "digest")


def instant(moment: datetime) -> int:
    """Return microseconds since 1970-01-01T00:00Z."""
    return (moment - _EPOCH) // _MICROSECOND


def stamp_bytes(stamp: Stamp) -> bytes:
    """Return the canonical bytes of the common part; the free text stands last, so no escaping."""
    return "|".join(_words(stamp)).encode()


def stamp_parts(stamp: Stamp) -> tuple[bytes, bytes]:
    """Return the canonical bytes before and behind the event that is undone: the rest of an undo of
    many is the same in every one.
    """
    words = _words(stamp)
    head, tail = words[: UNDOES + 1], words[UNDOES + 2 :]
    return ("|".join(head) + "|").encode(), ("|" + "|".join(tail)).encode()


def _words(stamp: Stamp) -> list[str]:
    digest = stamp.evidence_digest
    return [
        FORMAT,
        str(instant(stamp.recorded_at)),
        str(instant(stamp.said_at)),
        *["" if v is None else str(v) if type(v) is int else _word(v) for v in stamp[2:-2]],
        "" if digest is None else bytes(digest).hex(),
        stamp.idempotency_key,
    ]


def _word(value: int | date) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def event_digest(own: Own, stamp: bytes) -> bytes:
    """Return SHA-256 of the event's canonical bytes; ``stamp`` as made by ``stamp_bytes``."""
    event_id, address_id, replaced, names, restores, before, after = own
    words = b"%d|%d|%s|%s|%s|%d|%d|%s" % (
        event_id,
        address_id,
        _optional(replaced),
        _optional(names),
        _optional(restores),
        before,
        after,
        stamp,
    )
    return sha256(words).digest()


def _optional(number: int | None) -> bytes:
    return b"" if number is None else b"%d" % number


def evidence_digest(salt: bytes, explanation: str, details: Mapping[str, object]) -> bytes:
    """Return the salted digest that stays when the evidence is erased (standards.md section 8)."""
    return digest_of_evidence(salt, explanation, details_text(details))


def details_text(details: Mapping[str, object]) -> str:
    """Return the canonical JSON of details, which is also what is stored."""
    return _canonical(details)


def digest_of_evidence(salt: bytes, explanation: str, details: str) -> bytes:
    """Return the digest of evidence whose details are canonical JSON already."""
    return sha256(
        b"%b[%b,%b]" % (salt, _canonical(explanation).encode(), details.encode())
    ).digest()


# Made once: json.dumps would make an encoder for every row.
_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


@lru_cache(maxsize=256)  # a text is shown to many
def wording_digest(kind: str, language: str, text: str) -> bytes:
    """Return the digest of a text that people saw."""
    words = json.dumps([kind, language, text], ensure_ascii=False, separators=(",", ":"))
    return sha256(words.encode()).digest()


def wording_id(digest: bytes) -> int:
    """Return the id of the wording with this digest: 63 bits of it, so that an event bears witness."""
    return int.from_bytes(digest[:8], "big") >> 1


def merkle_root(digests: Sequence[bytes]) -> bytes:
    """Return the root over ``digests`` (RFC 9162: an odd node moves up as it is)."""
    if not digests:
        return EMPTY_ROOT
    level = [sha256(b"\x00" + digest).digest() for digest in digests]
    while len(level) > 1:
        paired = [
            sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)
        ]
        if len(level) % 2:
            paired.append(level[-1])
        level = paired
    return level[0]


def seal_head(
    *,
    number: int,
    sealed_at: datetime,
    horizon: int,
    ranges: str,
    count: int,
    root: bytes,
    previous_head: bytes,
) -> bytes:
    """Return the head of the chain after this seal."""
    words = f"{FORMAT}|{number}|{instant(sealed_at)}|{horizon}|{ranges}|{count}|".encode()
    return sha256(words + bytes(root) + bytes(previous_head)).digest()


def to_ranges(ids: Iterable[int]) -> str:
    """Return ascending ids as ``1-3,5``."""
    parts: list[str] = []
    first = last = None
    for number in ids:
        if last is not None and number == last + 1:
            last = number
            continue
        if first is not None:
            parts.append(_range(first, last))
        first = last = number
    if first is not None:
        parts.append(_range(first, last))
    return ",".join(parts)


def _range(first: int, last: int | None) -> str:
    return str(first) if first == last else f"{first}-{last}"


def from_ranges(text: str) -> Iterator[range]:
    """Yield the ranges of ``to_ranges``; raises ValueError when the text is not one."""
    for part in text.split(",") if text else ():
        first, dash, last = part.partition("-")
        yield range(int(first), int(last if dash else first) + 1)
