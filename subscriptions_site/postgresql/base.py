"""The connection that Django opens for ``ENGINE`` ``subscriptions_site.postgresql``."""

import re
import select
from collections.abc import Sequence
from functools import lru_cache
from itertools import count
from typing import Any

from django.db.backends.postgresql import base
from psycopg import adapt, errors, pq

type Values = Sequence[str | None]

_DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        if self.settings_dict.get("PREPARES"):
            connection.pgconn.exec_(_SETTINGS)
        self._prepared: dict[str, bytes] = {}
        self._loader = adapt.Transformer(connection)
        return connection

    def fetch_prepared(
        self,
        sql: str,
        values: Values,
        *,
        first: tuple[str, Values] | None = None,
        commits: bool = False,
    ) -> list[tuple[Any, ...]]:
        """Run a statement that PostgreSQL plans once for each connection, and return its rows.

        For the few statements that a busy site runs by the thousand: Django's cursors write the
        values out and have every statement planned, which costs more than running it. Straight
        through libpq, which costs a fifth of a cursor's Python. Values are text; ``%s`` marks them.

        ``first``: a statement about few rows to run before it, in the same turn; its rows are dropped.
        ``commits``: it is the last of the outermost atomic block, COMMIT travels with it, and rows are
        dropped.
        """
        if self.queries_logged or not self.settings_dict.get("PREPARES"):
            return self._fetch_by_cursor(sql, values, first)
        self.ensure_connection()
        self.validate_no_broken_transaction()
        with self.wrap_database_errors:
            result = self._checked(self._execute(sql, values, first, commits=commits))
            if not result.ntuples:
                return []
            self._loader.set_pgresult(result)
            return self._loader.load_rows(0, result.ntuples, tuple)

    def _fetch_by_cursor(
        self, sql: str, values: Values, first: tuple[str, Values] | None
    ) -> list[tuple[Any, ...]]:
        with self.cursor() as cursor:
            if first is not None:
                cursor.execute(*first)
            cursor.execute(sql, values)
            return list(cursor.fetchall()) if cursor.description else []

    def _execute(
        self, sql: str, values: Values, first: tuple[str, Values] | None, *, commits: bool
    ) -> Any:
        """Execute; BEGIN of an atomic block, which psycopg leaves to the first statement, goes along.

        What belongs together is one turn to the server: it stops at the first error and tells it.
        """
        self._make_room()
        pgconn = self.connection.pgconn
        begins = not self.connection.autocommit and pgconn.transaction_status == _IDLE
        if not begins and first is None and not commits:
            encoded = [None if value is None else _encoded(value) for value in values]
            return pgconn.exec_prepared(self._named(sql), encoded)
        turn = []
        if begins:
            turn.append(b"BEGIN" if first is None else _BEGIN_FEW)
        if first is not None:
            turn.append(self._call(*first))
        turn.append(self._call(sql, values))
        if commits:
            turn.append(b"COMMIT")
        return pgconn.exec_(b";".join(turn))

    def _call(self, sql: str, values: Values) -> bytes:
        """Write out the call of a prepared statement."""
        name = self._named(sql)
        if not values:
            return b"EXECUTE " + name
        return b"EXECUTE %b(%b)" % (name, _encoded(",".join(map(_literal, values))))

    def _named(self, sql: str) -> bytes:
        return self._prepared.get(sql) or self._prepare(sql)

    def _commit(self) -> None:
        """Commit, unless the last statement took that along."""
        if self.connection is None or self.connection.pgconn.transaction_status != _IDLE:
            super()._commit()  # type: ignore[misc]

    def _make_room(self) -> None:
        """Forget all statements when the two of a turn might not fit: before it, so that none is
        forgotten between being named and being run.
        """
        if len(self._prepared) > _MOST - 2:
            self._checked(self.connection.pgconn.exec_(b"DEALLOCATE ALL"))
            self._prepared.clear()

    def _prepare(self, sql: str) -> bytes:
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
_SETTINGS = (
    b"SET plan_cache_mode = force_generic_plan; SET jit = off; SET standard_conforming_strings = on"
)
# Made now and kept: by indexes, also where a table is empty today and would be read as a whole for as
# long as nobody counts it again.
_PLANNED = b"SET enable_seqscan = off; EXPLAIN EXECUTE %s%s; RESET enable_seqscan"
# A plan is made anew when a table was counted again, in the middle of a crowd: by indexes then as well.
_BEGIN_FEW = b"BEGIN;SET LOCAL enable_seqscan = off"
_MOST = 200  # prepared statements of one connection
_MARK = re.compile("%[%s]")


def _literal(value: str | None) -> str:
    """Write a text out: standard_conforming_strings is on and the encoding UTF-8, so that nothing but
    an apostrophe could end it.
    """
    return "NULL" if value is None else f"'{value.replace("'", "''")}'"


def _encoded(value: str) -> bytes:
    """Return the bytes of a text; libpq would end it at a zero byte and say nothing."""
    if "\0" in value:
        raise errors.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return value.encode()


def _unknowns(sql: str) -> bytes:
    """Return a NULL for each parameter: a plan that serves all values does not look at them."""
    marks = _MARK.findall(sql).count("%s")
    return b"(%s)" % b",".join([b"NULL"] * marks) if marks else b""


@lru_cache(maxsize=_MOST)
def _numbered(sql: str) -> bytes:
    """Return the statement with PostgreSQL's own marks: $1, $2 ...; ``%%`` is one ``%``, as in a cursor."""
    marks = count(1)
    return _MARK.sub(lambda found: "%" if found[0] == "%%" else f"${next(marks)}", sql).encode()
