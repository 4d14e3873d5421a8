"""The connection that Django opens for ``ENGINE`` ``subscriptions_site.postgresql``."""

import re
import select
from collections.abc import Sequence
from functools import lru_cache
from itertools import count
from typing import Any

from django.db.backends.postgresql import base
from psycopg import adapt, errors, pq

_DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        if self.settings_dict.get("PREPARES"):
            connection.pgconn.exec_(_SETTINGS)
        self._prepared: dict[str, bytes] = {}
        self._loader = adapt.Transformer(connection)
        return connection

    def fetch_prepared(self, sql: str, values: Sequence[str | None]) -> list[tuple[Any, ...]]:
        """Run a statement that PostgreSQL plans once for each connection, and return its rows.

        For the few statements that a busy site runs by the thousand: Django's cursors write the
        values out and have every statement planned, which costs more than running it. Straight
        through libpq, which costs a fifth of a cursor's Python. Values are text; ``%s`` marks them.
        """
        if self.queries_logged or not self.settings_dict.get("PREPARES"):
            with self.cursor() as cursor:
                cursor.execute(sql, values)
                return list(cursor.fetchall()) if cursor.description else []
        self.ensure_connection()
        self.validate_no_broken_transaction()
        with self.wrap_database_errors:
            result = self._checked(self._execute(sql, values))
            if not result.ntuples:
                return []
            self._loader.set_pgresult(result)
            return self._loader.load_rows(0, result.ntuples, tuple)

    def _execute(self, sql: str, values: Sequence[str | None]) -> Any:
        """Execute, with the BEGIN of an atomic block before it: psycopg leaves that to the first one.

        BEGIN and a statement with nothing but numbers and arrays of them go to the server together.
        """
        pgconn = self.connection.pgconn
        begins = not self.connection.autocommit and pgconn.transaction_status == _IDLE
        name = self._prepared.get(sql)
        if begins and name and all(value and _NUMBERS.fullmatch(value) for value in values):
            numbers = ",".join([f"'{value}'" for value in values])
            return pgconn.exec_(b"BEGIN;EXECUTE %s(%s)" % (name, numbers.encode()))
        if begins:
            self._checked(pgconn.exec_(b"BEGIN"))
        encoded = [None if value is None else value.encode() for value in values]
        return pgconn.exec_prepared(name or self._prepare(sql), encoded)

    def _prepare(self, sql: str) -> bytes:
        if len(self._prepared) >= _MOST:
            self._checked(self.connection.pgconn.exec_(b"DEALLOCATE ALL"))
            self._prepared.clear()
        name = b"subscriptions_%d" % len(self._prepared)
        self._checked(self.connection.pgconn.prepare(name, _numbered(sql)))
        self._prepared[sql] = name
        self._checked(self.connection.pgconn.exec_(_PLANNED % (name, _unknowns(sql))))
        return name

    def _checked(self, result: Any) -> Any:
        if result.status not in _DONE:
            error = errors.error_from_result(result)
            is_lost = self.connection.pgconn.status == pq.ConnStatus.BAD
            raise errors.OperationalError(str(error)) if is_lost else error
        return result

    def is_usable(self) -> bool:
        """Tell whether the server still listens, without asking it at the start of every request.

        A server that stops or hangs up leaves something to read on an idle connection; only when
        there is something, it is asked.
        """
        return self._is_silent() or super().is_usable()

    def _is_silent(self) -> bool:
        if self.connection is None or self.connection.closed:
            return False
        if self.connection.pgconn.transaction_status != _IDLE:  # a failed one is silent, too
            return False
        waiting = select.poll()
        waiting.register(self.connection.fileno(), select.POLLIN)
        return not waiting.poll(0)


_IDLE = pq.TransactionStatus.IDLE
# Of arrays PostgreSQL would otherwise hope for a better plan each time, and make one. Compiling a
# plan pays for reports that run for seconds; ours are over before it is done.
_SETTINGS = b"SET plan_cache_mode = force_generic_plan; SET jit = off"
# Made now and kept: by indexes, also where a table is empty today and would be read as a whole for as
# long as nobody counts it again.
_PLANNED = b"SET enable_seqscan = off; EXPLAIN EXECUTE %s%s; RESET enable_seqscan"
_MOST = 200  # prepared statements of one connection
_NUMBERS = re.compile("[0-9,{}]+")
_MARK = re.compile("%[%s]")


def _unknowns(sql: str) -> bytes:
    """Return a NULL for each parameter: a plan that serves all values does not look at them."""
    marks = _MARK.findall(sql).count("%s")
    return b"(%s)" % b",".join([b"NULL"] * marks) if marks else b""


@lru_cache(maxsize=_MOST)
def _numbered(sql: str) -> bytes:
    """Return the statement with PostgreSQL's own marks: $1, $2 ...; ``%%`` is one ``%``, as in a cursor."""
    marks = count(1)
    return _MARK.sub(lambda found: "%" if found[0] == "%%" else f"${next(marks)}", sql).encode()
