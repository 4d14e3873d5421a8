"""What the door reads of the addresses in a batch, each kind in one query whatever their number."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from preferences.bulk_sql import fetch_all, ids_match, ids_parameter, moment, parameter
from preferences.models import (
    Address,
    BusinessUnit,
    ConsentEvent,
    PendingConfirmation,
    RepeatedWord,
)
from preferences.terms import Terms
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
    return {wish.scope.id for wish in wishes if wish.scope.kind is ScopeKind.TYPE and wish.scope.id}


def read_addresses(address_ids: Collection[int], *, lock: bool) -> dict[int, AddressFacts]:
    """Read the addresses, locked in the order of their ids so that two batches cannot deadlock."""
    sql = (
        f"SELECT id, channel, canonical = '', erased_at, undeliverable_at FROM {Address._meta.db_table} "
        f"WHERE {ids_match('id')} ORDER BY id"
    )
    if lock and connection.features.has_select_for_update:
        sql += " FOR NO KEY UPDATE"
    return {
        row[0]: AddressFacts(_CHANNELS[row[1]], bool(row[2]), moment(row[3]), moment(row[4]))
        for row in fetch_all(sql, [ids_parameter(address_ids)])
    }


_CHANNELS = {channel.code: channel for channel in Channel}


def check_units(wishes: Sequence[Wish], terms: Terms) -> None:
    """Raise MissingUnit for one that does not exist; asks only for those without a type."""
    wanted = {wish.scope.id or 0 for wish in wishes if wish.scope.kind is ScopeKind.UNIT}
    wanted -= {facts.business_unit_id for facts in terms.types.values()}
    if wanted:
        wanted -= set(BusinessUnit.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    if wanted:
        raise MissingUnit(min(wanted))


def read_events(wishes: Sequence[Wish]) -> dict[int, ConsentEvent]:
    """Read the events to undo, and those that they replaced."""
    undone = {wish.undoes for wish in wishes if wish.undoes is not None}
    if not undone:
        return {}
    events = ConsentEvent.objects.in_bulk(undone)
    replaced = {event.replaced_event_id for event in events.values() if event.replaced_event_id}
    return {**ConsentEvent.objects.in_bulk(replaced), **events}


def read_kept(
    address_ids: Collection[int], wishes: Sequence[Wish], now: datetime
) -> set[tuple[int, Scope, Source, Status]]:
    """Read which explicit words of the persons were kept in the last 24 hours (R16)."""
    if not any(is_own_statement(wish) for wish in wishes):
        return set()
    since = now - timedelta(hours=REPEAT_WINDOW_HOURS)
    sql = (
        "SELECT address_id, scope, subscription_type_id, business_unit_id, source, status "
        f"FROM {ConsentEvent._meta.db_table} WHERE {ids_match('address_id')} "
        f"AND word = %s AND {_STATEMENTS} AND recorded_at > %s"
    )
    rows = fetch_all(sql, [ids_parameter(address_ids), Word.OWN.code, parameter(since)])
    return {
        (row[0], _scope(row), Source.from_code(row[4]), Status.from_code(row[5])) for row in rows
    }


def read_last_words(
    address_ids: Collection[int], wishes: Sequence[Wish]
) -> dict[tuple[int, Scope], int]:
    """Read the person's last recorded word by address and scope, asked only for an undo.

    An older word that was heard since is one: no register holds it, yet it counts (R23, R24).
    """
    undone = [wish.undoes for wish in wishes if wish.undoes is not None]
    if not undone:
        return {}
    sql = (
        "SELECT address_id, scope, subscription_type_id, business_unit_id, max(id) "
        f"FROM {ConsentEvent._meta.db_table} WHERE {ids_match('address_id')} "
        "AND word = %s AND act IN (%s, %s) AND id > %s "
        "GROUP BY address_id, scope, subscription_type_id, business_unit_id"
    )
    codes = [Word.OWN.code, Act.STATE.code, Act.COMPLAIN.code]
    rows = fetch_all(sql, [ids_parameter(address_ids), *codes, min(undone)])
    return {(row[0], _scope(row)): row[4] for row in rows}


def _scope(row: Sequence[Any]) -> Scope:
    return Scope(ScopeKind.from_code(row[1]), row[2] if row[2] is not None else row[3])


def read_repeated(
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


def read_pending(address_ids: Collection[int]) -> dict[tuple[int, int], int]:
    """Read requests that wait for a click: (address, type) to row id (R14)."""
    table = PendingConfirmation._meta.db_table
    sql = (
        f"SELECT id, address_id, subscription_type_id FROM {table} WHERE {ids_match('address_id')}"
    )
    return {(row[1], row[2]): row[0] for row in fetch_all(sql, [ids_parameter(address_ids)])}
