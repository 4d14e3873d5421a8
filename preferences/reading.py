"""What the door reads of the addresses in a batch: in two queries, whatever their number."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from preferences import projection
from preferences.bulk_sql import (
    FEW,
    fetch_all,
    is_postgresql,
    match,
    moment,
    parameter,
    run_prepared,
)
from preferences.gathering import Read, read_together
from preferences.models import (
    Address,
    BurstLabel,
    BusinessUnit,
    ConsentEvent,
    PendingConfirmation,
    RepeatedWord,
)
from preferences.terms import Terms, terms_of, terms_to_read
from preferences.values import (
    REPEAT_WINDOW_HOURS,
    Act,
    Channel,
    Scope,
    ScopeKind,
    Source,
    Status,
    Wish,
    Word,
)

OUT = Status.UNSUBSCRIBED
_STATEMENTS = f"act IN ({Act.STATE.code}, {Act.COMPLAIN.code})"


class AddressFacts(NamedTuple):
    """What is true of the address itself (R17, R18)."""

    channel: Channel
    is_blank: bool
    erased_at: datetime | None
    undeliverable_at: datetime | None


class MissingAddress(LookupError):
    """A change names an address that does not exist."""


class MissingUnit(LookupError):
    """A change names a business unit that does not exist."""


def is_own_statement(wish: Wish) -> bool:
    return wish.word is Word.OWN and wish.act in (Act.STATE, Act.COMPLAIN)


def types_needed(wishes: Sequence[Wish]) -> set[int] | None:
    """Return the types to read; None for all: an opt-out of all, and its undo, concern every one."""
    if any(wish.scope.is_wide and (wish.status is OUT or wish.undoes) for wish in wishes):
        return None
    return _types_named(wishes)


def _types_named(wishes: Sequence[Wish]) -> set[int]:
    return {wish.scope.id for wish in wishes if wish.scope.kind is ScopeKind.TYPE and wish.scope.id}


def _addresses(address_ids: Collection[int]) -> Read:
    """Ask what is true of the addresses themselves."""
    matches, ids = match("id", address_ids)
    return Read(_ADDRESS_COLUMNS, f"FROM {_ADDRESSES} WHERE {matches}", (ids,))


def _lock_of(address_ids: Collection[int], columns: str) -> tuple[str, tuple[str]] | None:
    """Return the statement that locks them, in the order of their ids so that two batches cannot
    deadlock; None where a transaction has the database to itself.
    """
    if not is_postgresql():
        return None
    matches, ids = match("id", address_ids)
    return _LOCK % (columns, matches), (str(ids),)


def _facts_of(rows: Iterable[tuple[Any, ...]]) -> dict[int, AddressFacts]:
    return {
        row[0]: AddressFacts(_CHANNELS[row[1]], bool(row[2]), moment(row[3]), moment(row[4]))
        for row in rows
    }


_CHANNELS = {channel.code: channel for channel in Channel}


class Found(NamedTuple):
    """What was found: see the functions that ask for each part."""

    addresses: dict[int, AddressFacts]
    rows: projection.Rows
    terms: Terms
    kept: set[tuple[int, Scope, Source, Status]]
    spoken: dict[tuple[int, Scope], int]
    repeated: dict[tuple[int, Scope], datetime]
    pending: dict[tuple[int, int], int]
    besides: list[tuple[Any, ...]]


def read_all(
    address_ids: Collection[int],
    wishes: Sequence[Wish],
    now: datetime,
    besides: Read | None,
    *,
    lock: bool,
) -> Found:
    """Read all that may matter to the wishes, in one statement; and ``besides`` for the caller.

    After the lock: what is decided now goes by what is in force. Few addresses are locked in the
    same turn, many by a statement of their own, which is the one that tells their facts.
    Raises MissingAddress and MissingUnit.
    """
    is_few, locked = len(address_ids) <= FEW, None
    locking = _lock_of(address_ids, "" if is_few else _FACTS) if lock else None
    if locking is not None and not is_few:
        locked = fetch_all(*locking)
    units = {wish.scope.id or 0 for wish in wishes if wish.scope.kind is ScopeKind.UNIT}
    addresses, wide, of_types, policies, types, kept, spoken, repeated, pending, known, others = (
        read_together(
            [
                _addresses(address_ids) if locked is None else None,
                *projection.rows_to_read(address_ids, types_needed(wishes)),
                *terms_to_read(_terms_needed(wishes)),
                _kept(address_ids, wishes, now),
                _last_words(address_ids, wishes),
                _repeated(address_ids, wishes),
                _pending(address_ids),
                _units(units),
                besides,
            ],
            run=partial(run_prepared, first=locking) if is_few else fetch_all,
        )
    )
    facts = _facts_of(addresses if locked is None else locked)
    if len(facts) != len(address_ids):
        raise MissingAddress(min(set(address_ids) - set(facts)))
    missing = units - {row[0] for row in known}
    if missing:
        raise MissingUnit(min(missing))
    return Found(
        addresses=facts,
        rows=projection.rows_of(wide, of_types),
        terms=terms_of(policies, types),
        kept={
            (row[0], _scope(row), Source.from_code(row[4]), Status.from_code(row[5]))
            for row in kept
        },
        spoken={(row[0], _scope(row)): row[4] for row in spoken},
        repeated=_latest(repeated),
        pending={(row[1], row[2]): row[0] for row in pending},
        besides=others,
    )


def _terms_needed(wishes: Sequence[Wish]) -> set[int] | None:
    """Return the types whose facts may matter; None for all: below an opt-out of all, or in a fold."""
    if any(wish.scope.is_wide or wish.undoes is not None for wish in wishes):
        return None
    return _types_named(wishes)


class EventFacts(NamedTuple):
    """What an undo has to know of an event: columns of ``ConsentEvent``."""

    pk: int
    address_id: int
    scope: int
    subscription_type_id: int | None
    business_unit_id: int | None
    word: int
    status: int
    source: int
    flags: int
    said_at: datetime
    recorded_at: datetime
    replaced_event_id: int | None
    names_event_id: int | None
    job_id: int | None


def read_events(wishes: Sequence[Wish]) -> dict[int, EventFacts]:
    """Read the events to undo, and those that they replaced."""
    undone = {wish.undoes for wish in wishes if wish.undoes is not None}
    if not undone:
        return {}
    events = _events(undone)
    replaced = {event.replaced_event_id for event in events.values() if event.replaced_event_id}
    return {**_events(replaced), **events}


def read_labels(wishes: Sequence[Wish]) -> dict[int, datetime]:
    """Read which of the opt-outs to give back were labelled afterwards, and when their burst ended."""
    given_back = [wish.undoes or 0 for wish in wishes if wish.act is Act.CORRECT]
    if not given_back:
        return {}
    matches, parameter = match("event_id", given_back)
    sql = f"SELECT event_id, ended_at FROM {BurstLabel._meta.db_table} WHERE {matches}"
    return {event_id: moment(ended_at) for event_id, ended_at in fetch_all(sql, [parameter])}


def _events(ids: Collection[int]) -> dict[int, EventFacts]:
    """Read some of the columns; as rows of a model thousands of events take several times as long."""
    matches, parameter = match("id", ids)
    names = ", ".join(("id", *EventFacts._fields[1:]))
    found = fetch_all(f"SELECT {names} FROM {_EVENTS} WHERE {matches}", [parameter])
    return {
        row[0]: EventFacts._make((*row[:9], moment(row[9]), moment(row[10]), *row[11:]))
        for row in found
    }


def _kept(address_ids: Collection[int], wishes: Sequence[Wish], now: datetime) -> Read | None:
    """Ask which explicit words of the persons were kept in the last 24 hours (R16)."""
    if not any(is_own_statement(wish) for wish in wishes):
        return None
    matches, ids = match("address_id", address_ids)
    since = str(parameter(now - timedelta(hours=REPEAT_WINDOW_HOURS)))
    rest = (
        f"FROM {_EVENTS} WHERE {matches} AND word = {Word.OWN.code} AND {_STATEMENTS} "
        "AND recorded_at > %s"
    )
    return Read(_KEPT_COLUMNS, rest, (ids, since))


def _last_words(address_ids: Collection[int], wishes: Sequence[Wish]) -> Read | None:
    """Ask for the person's last recorded word by address and scope, for an undo alone.

    An older word that was heard since is one: no register holds it, yet it counts (R23, R24). One that
    a machine said in their name and staff gave back is none.
    """
    undone = [wish.undoes for wish in wishes if wish.undoes is not None]
    if not undone:
        return None
    matches, ids = match("address_id", address_ids)
    rest = (
        f"FROM {_EVENTS} AS heard WHERE {matches} AND word = {Word.OWN.code} AND {_STATEMENTS} "
        f"AND id > %s AND NOT EXISTS (SELECT 1 FROM {_EVENTS} AS corrected "
        f"WHERE corrected.address_id = heard.address_id AND corrected.act = {Act.CORRECT.code} "
        "AND corrected.undoes_event_id = heard.id) "
        "GROUP BY address_id, scope, subscription_type_id, business_unit_id"
    )
    return Read(_SPOKEN_COLUMNS, rest, (ids, str(min(undone))))


def _scope(row: Sequence[Any]) -> Scope:
    return Scope(ScopeKind.from_code(row[1]), row[2] if row[2] is not None else row[3])


def _repeated(address_ids: Collection[int], wishes: Sequence[Wish]) -> Read | None:
    """Ask when opt-outs were last said again, for opt-ins heard with a time of their own, and for
    giving back (``situations``: one labelled afterwards).
    """
    if not any(_heeds_repeats(wish) for wish in wishes):
        return None
    matches, ids = match("address_id", address_ids)
    return Read(_REPEATED_COLUMNS, f"FROM {RepeatedWord._meta.db_table} WHERE {matches}", (ids,))


def _heeds_repeats(wish: Wish) -> bool:
    is_late = wish.said_at is not None and wish.status is Status.SUBSCRIBED
    return is_late or wish.act is Act.CORRECT


def _latest(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[int, Scope], datetime]:
    repeated: dict[tuple[int, Scope], datetime] = {}
    for address_id, kind, scope_id, said in rows:
        key, said_at = (
            (address_id, Scope(ScopeKind.from_code(kind), scope_id or None)),
            moment(said),
        )
        repeated[key] = max(said_at, repeated.get(key, said_at))
    return repeated


def _pending(address_ids: Collection[int]) -> Read:
    """Ask for requests that wait for a click (R14)."""
    matches, ids = match("address_id", address_ids)
    rest = f"FROM {PendingConfirmation._meta.db_table} WHERE {matches}"
    return Read(_PENDING_COLUMNS, rest, (ids,))


def _units(unit_ids: Collection[int]) -> Read | None:
    """Ask which of these business units exist."""
    if not unit_ids:
        return None
    matches, ids = match("id", unit_ids)
    return Read((("id", "bigint"),), f"FROM {BusinessUnit._meta.db_table} WHERE {matches}", (ids,))


_EVENTS = ConsentEvent._meta.db_table
_ADDRESSES = Address._meta.db_table
_ADDRESS_COLUMNS = (
    ("id", "bigint"),
    ("channel", "smallint"),
    ("canonical = ''", "boolean"),
    ("erased_at", "timestamptz"),
    ("undeliverable_at", "timestamptz"),
)
_FACTS = ", ".join(name for name, _ in _ADDRESS_COLUMNS)
_LOCK = f"SELECT %s FROM {_ADDRESSES} WHERE %s ORDER BY id FOR NO KEY UPDATE"
_SCOPE_COLUMNS = (
    ("address_id", "bigint"),
    ("scope", "smallint"),
    ("subscription_type_id", "bigint"),
    ("business_unit_id", "bigint"),
)
_KEPT_COLUMNS = (*_SCOPE_COLUMNS, ("source", "smallint"), ("status", "smallint"))
_SPOKEN_COLUMNS = (*_SCOPE_COLUMNS, ("max(id)", "bigint"))
_REPEATED_COLUMNS = (
    ("address_id", "bigint"),
    ("scope_kind", "smallint"),
    ("scope_id", "bigint"),
    ("last_said_at", "timestamptz"),
)
_PENDING_COLUMNS = (
    ("id", "bigint"),
    ("address_id", "bigint"),
    ("subscription_type_id", "bigint"),
)
