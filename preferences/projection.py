"""The projection of the ledger: reads registers in sets, writes them in sets.

The only module that writes ``Preference`` and ``OptOut`` rows.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db import connection

from preferences.bulk_sql import (
    SmallWrites,
    fetch_all,
    ids_match,
    ids_parameter,
    insert_rows,
    is_postgresql,
    match,
    moment,
    run_prepared,
    update_rows,
)
from preferences.gathering import Read, read_together
from preferences.models import OptOut, Preference
from preferences.registers import resolve, shape_of
from preferences.values import Register, Registers, Scope, ScopeKind, Source, Status

Key = tuple[int, Scope]

PREFERENCES = Preference._meta.db_table
OPT_OUTS = OptOut._meta.db_table
_STATUS = [Status.from_code(code) for code in range(3)]
_SOURCE = [None, *(Source.from_code(code) for code in range(1, len(Source) + 1))]
_WRITTEN = (
    ("status", "smallint"),
    ("own_status", "smallint"),
    ("own_said_at", "timestamptz"),
    ("own_event_id", "bigint"),
    ("own_source", "smallint"),
    ("own_flags", "smallint"),
    ("ours_status", "smallint"),
    ("ours_said_at", "timestamptz"),
    ("ours_event_id", "bigint"),
    ("ours_source", "smallint"),
    ("ours_names_event_id", "bigint"),
)
_TYPE_COLUMNS = (
    ("id", "bigint"),
    ("address_id", "bigint"),
    ("subscription_type_id", "bigint"),
    *_WRITTEN[1:],
)
_WIDE_COLUMNS = (*_TYPE_COLUMNS[:2], ("business_unit_id", "bigint"), *_WRITTEN[1:])


class Rows:
    """The registers of some addresses, and the ids of the rows that hold them."""

    def __init__(self) -> None:
        self.registers: dict[Key, Registers] = {}
        self.row_ids: dict[Key, int] = {}
        self.wide: set[int] = set()  # addresses with a word about a business unit or the account


def read(address_ids: Collection[int], type_ids: Collection[int] | None) -> Rows:
    """Read opt-outs of all and the given types (None: every type) of the addresses; one query."""
    return rows_of(*read_together(rows_to_read(address_ids, type_ids), run=run_prepared))


def rows_to_read(
    address_ids: Collection[int], type_ids: Collection[int] | None
) -> tuple[Read, Read | None]:
    """Return what to read for the rows of the addresses: opt-outs of all, and these types."""
    matches, parameter = match("address_id", address_ids)
    wide = Read(_WIDE_COLUMNS, f"FROM {OPT_OUTS} WHERE {matches}", (parameter,))
    rest = f"FROM {PREFERENCES} WHERE {matches}"
    if type_ids is None:
        return wide, Read(_TYPE_COLUMNS, rest, (parameter,))
    if not type_ids:
        return wide, None
    of_types, type_parameter = match("subscription_type_id", type_ids)
    return wide, Read(_TYPE_COLUMNS, f"{rest} AND {of_types}", (parameter, type_parameter))


def rows_of(wide: Iterable[tuple[Any, ...]], of_types: Iterable[tuple[Any, ...]]) -> Rows:
    """Return the registers out of the rows that were read."""
    rows = Rows()
    scopes: dict[int, Scope] = {}
    for row in of_types:
        scope = scopes.get(row[2])
        if scope is None:
            scope = scopes[row[2]] = Scope(ScopeKind.TYPE, row[2])
        _keep(rows, (row[1], scope), row)
    for row in wide:
        scope = Scope(ScopeKind.ACCOUNT) if row[2] is None else Scope(ScopeKind.UNIT, row[2])
        rows.wide.add(row[1])
        _keep(rows, (row[1], scope), row)
    return rows


def _keep(rows: Rows, key: Key, row: tuple) -> None:
    rows.row_ids[key] = row[0]
    own = ours = None
    if row[3] is not None:
        own = Register(_STATUS[row[3]], moment(row[4]), row[5], _SOURCE[row[6]], row[7])
    if row[8] is not None:
        ours = Register(_STATUS[row[8]], moment(row[9]), row[10], _SOURCE[row[11]], 0, row[12])
    rows.registers[key] = Registers(own, ours)


def write(
    changed: Mapping[Key, Registers],
    row_ids: Mapping[Key, int],
    small: SmallWrites | None = None,
) -> None:
    """Store the registers. The addresses are locked, so a row without an id is a new one."""
    for is_wide, table, scope_column in (
        (False, PREFERENCES, "subscription_type_id"),
        (True, OPT_OUTS, "business_unit_id"),
    ):
        keys = [key for key in changed if key[1].is_wide is is_wide]
        if not keys:
            continue
        values = _values([changed[key] for key in keys])
        new, old = [], []
        for key, value in zip(keys, values, strict=True):
            row_id = row_ids.get(key)
            if row_id is None:
                new.append((*value, key[0], key[1].id))
            else:
                old.append((*value, row_id))
        key_columns = (("address_id", "bigint"), (scope_column, "bigint"))
        insert_rows(table, (*_WRITTEN, *key_columns), new, small)
        update_rows(table, _WRITTEN, old, small)


def status_of(registers: Registers) -> Status:
    """Return the status of a scope on its own."""
    return resolve(shape_of(registers))[0]


def statuses(address_ids: Collection[int]) -> dict[Key, int]:
    """Return the stored status codes of the scopes of the addresses."""
    parameters = [ids_parameter(address_ids)]
    where = ids_match("address_id")
    found: dict[Key, int] = {}
    for row in fetch_all(
        f"SELECT address_id, subscription_type_id, status FROM {PREFERENCES} WHERE {where}",
        parameters,
    ):
        found[(row[0], Scope(ScopeKind.TYPE, row[1]))] = row[2]
    for row in fetch_all(
        f"SELECT address_id, business_unit_id, status FROM {OPT_OUTS} WHERE {where}", parameters
    ):
        scope = Scope(ScopeKind.ACCOUNT) if row[1] is None else Scope(ScopeKind.UNIT, row[1])
        found[(row[0], scope)] = row[2]
    return found


def _values(registers: Iterable[Registers]) -> list[tuple]:
    adapt = None if is_postgresql() else connection.ops.adapt_datetimefield_value
    values = []
    for pair in registers:
        own, ours = pair
        status = status_of(pair).code
        own_said: Any = own.said_at if own else None
        ours_said: Any = ours.said_at if ours else None
        if adapt:
            own_said, ours_said = adapt(own_said), adapt(ours_said)
        values.append(
            (
                status,
                own.status.code if own else None,
                own_said,
                own.event_id if own else None,
                own.source.code if own else None,
                own.flags if own else 0,
                ours.status.code if ours else None,
                ours_said,
                ours.event_id if ours else None,
                ours.source.code if ours else None,
                ours.names_event_id if ours else None,
            )
        )
    return values
