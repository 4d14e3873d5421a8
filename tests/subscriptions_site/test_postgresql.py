"""A kept connection is believed while nothing came over it, and asked when something did."""

from contextlib import nullcontext

import pytest
from django.db import (
    DatabaseError,
    DataError,
    OperationalError,
    ProgrammingError,
    connection,
    transaction,
)

from subscriptions_site.postgresql import base
from tests.preferences.kernel import IS_POSTGRESQL

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not IS_POSTGRESQL, reason="SQLite has no connection to lose"),
]


def _ask(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def test_a_silent_connection_is_usable_and_is_not_asked(django_assert_num_queries):
    _ask("SELECT 1")
    with django_assert_num_queries(0):
        assert connection.is_usable()


def test_a_connection_whose_transaction_failed_is_not_usable():
    with transaction.atomic():
        with pytest.raises(ProgrammingError):
            _ask("SELECT FROM nothing_there")
        assert not connection.is_usable()
        transaction.set_rollback(True)


def test_a_connection_that_the_server_closed_is_not_usable_and_is_opened_again():
    lost = _ask("SELECT pg_backend_pid()")
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [lost])
            assert cursor.fetchone() == (True,)
    finally:
        other.close()
    assert not connection.is_usable()
    with pytest.raises(OperationalError):
        _ask("SELECT 1")
    connection.close()
    assert not connection.is_usable()
    assert _ask("SELECT pg_backend_pid()") != lost


# --- prepared statements ------------------------------------------------------------------------------


@pytest.fixture
def quiet(settings):
    """A connection whose statements are not written down: only then they are prepared."""
    connection.force_debug_cursor = False
    settings.DEBUG = False
    connection.close()
    return connection


def _prepared() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements ORDER BY name")
        return [row[0] for row in cursor.fetchall()]


SUM = "SELECT %s::int + %s::int, NULL::text"


def test_a_statement_is_prepared_once_and_its_values_travel_apart(quiet):
    assert quiet.fetch_prepared(SUM, ["1", "2"]) == [(3, None)]
    assert quiet.fetch_prepared(SUM, ["3", "4"]) == [(7, None)]
    assert quiet.fetch_prepared(SUM, ["3", None]) == [(None, None)]
    assert quiet.fetch_prepared("SELECT %s::text", ["'; --%s ż"]) == [("'; --%s ż",)]
    assert quiet.fetch_prepared("SELECT 1 WHERE %s = 'no'", ["yes"]) == []
    sums, texts = "SELECT $1::int + $2::int, NULL::text", "SELECT $1::text"
    assert _prepared() == [sums, texts, "SELECT 1 WHERE $1 = 'no'"]


def test_a_sign_for_percent_is_written_twice_as_in_a_cursor(quiet):
    """Django and the log of queries go through a cursor: one text has to serve both."""
    for sql, values, expected in (
        ("SELECT %s::int %% 4", ["7"], 3),
        ("SELECT %s LIKE '%%s' || %s", ["this", ""], True),
        ("SELECT '%%%%' || %s", ["s"], "%%s"),
    ):
        with quiet.cursor() as cursor:
            cursor.execute(sql, values)
            assert cursor.fetchone() == (expected,)
        assert quiet.fetch_prepared(sql, values) == [(expected,)]


def test_a_table_that_was_empty_is_asked_by_its_index_when_it_has_grown(quiet):
    """The plan is kept: made for no rows at all it would read a million of them later."""
    with transaction.atomic():
        with quiet.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE words (id bigint PRIMARY KEY) ON COMMIT DROP")
            cursor.execute("ANALYZE words")
        quiet.fetch_prepared("SELECT id FROM words WHERE id = ANY(%s::bigint[])", ["{1,2}"])
        with quiet.cursor() as cursor:
            cursor.execute("SELECT name FROM pg_prepared_statements WHERE statement LIKE '%words%'")
            cursor.execute(f"EXPLAIN EXECUTE {cursor.fetchone()[0]}('{{1,2}}')")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Seq Scan" not in plan
            assert "words_pkey" in plan
    assert _ask("SHOW enable_seqscan") == "on"


def test_it_is_asked_by_its_index_also_when_it_was_counted_while_it_was_small(quiet):
    """Counting a table makes every plan about it anew: of few rows reading all of them is cheapest."""
    sql, lock = "SELECT id FROM words WHERE id = ANY(%s::bigint[])", "SELECT 1 WHERE %s = '1'"
    with quiet.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE words (id bigint PRIMARY KEY)")
        cursor.execute("INSERT INTO words SELECT generate_series(1, 60)")
    try:
        quiet.fetch_prepared(sql, ["{1,2}"])
        with quiet.cursor() as cursor:
            cursor.execute("ANALYZE words")
        with transaction.atomic():
            assert quiet.fetch_prepared(sql, ["{1,2}"], first=(lock, ["1"])) == [(1,), (2,)]
            assert "Seq Scan" not in _plan_of(sql, "{1,2}")
    finally:
        with quiet.cursor() as cursor:
            cursor.execute("DROP TABLE words")
    assert _ask("SHOW enable_seqscan") == "on"


def _plan_of(sql: str, value: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM pg_prepared_statements WHERE statement = %s",
            [sql.replace("%s", "$1")],
        )
        cursor.execute(f"EXPLAIN EXECUTE {cursor.fetchone()[0]}('{value}')")
        return "\n".join(row[0] for row in cursor.fetchall())


# --- several in one turn ------------------------------------------------------------------------------

NUMBER = "SELECT %s::int"
KEY = "INSERT INTO django_session VALUES (%s, %s, now())"
HOSTILE = "'; DROP TABLE django_session; -- \\' \\\\ %s $1 {}\" ż 🙂 E'\\x41'\n\t"


def test_what_comes_first_runs_first_and_its_rows_are_dropped(quiet):
    count = "SELECT count(*) FROM django_session"
    assert quiet.fetch_prepared(count, [], first=(KEY, ["a", ""])) == [(1,)]
    with transaction.atomic():
        assert quiet.fetch_prepared(count, [], first=(KEY, ["b", ""])) == [(2,)]
        transaction.set_rollback(True)
    assert _ask(count) == 1


def test_commit_goes_with_the_last_statement(quiet):
    with transaction.atomic():
        quiet.fetch_prepared(NUMBER, ["1"])
        quiet.fetch_prepared(KEY, ["kept", ""], commits=True)
        assert quiet.connection.pgconn.transaction_status == base._IDLE
    assert _ask("SELECT count(*) FROM django_session") == 1
    with transaction.atomic():  # the next block is one of its own
        quiet.fetch_prepared(KEY, ["lost", ""])
        transaction.set_rollback(True)
    assert _ask("SELECT count(*) FROM django_session") == 1


def test_what_runs_after_the_commit_is_told_of_it(quiet):
    told = []
    with transaction.atomic():
        transaction.on_commit(lambda: told.append(1))
        quiet.fetch_prepared(KEY, ["kept", ""], commits=True)
    assert told == [1]


def test_an_error_on_the_way_stops_the_turn_and_nothing_is_kept(quiet):
    for first, sql, values in (
        ((NUMBER, ["x"]), KEY, ["a", ""]),  # the first fails
        ((KEY, ["a", ""]), NUMBER, ["x"]),  # the second fails
        ((KEY, ["a", ""]), KEY, ["a", ""]),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            quiet.fetch_prepared(sql, values, first=first, commits=True)
        assert _ask("SELECT count(*) FROM django_session") == 0
    assert quiet.fetch_prepared(SUM, ["1", "2"]) == [(3, None)]


@pytest.mark.parametrize("value", [HOSTILE, "", "'", "\\", "plain", "ż", '{"a": "b\'c"}'])
def test_any_text_arrives_as_it_is(quiet, value):
    with transaction.atomic():
        assert quiet.fetch_prepared("SELECT %s::text, %s::text", [value, None]) == [(value, None)]
        quiet.fetch_prepared(KEY, ["key", value], commits=True)
    assert quiet.fetch_prepared("SELECT session_data FROM django_session", []) == [(value,)]


@pytest.mark.parametrize("is_block", [False, True])
def test_a_zero_byte_is_an_error_and_cuts_nothing_off(quiet, is_block):
    with pytest.raises(DataError), transaction.atomic() if is_block else nullcontext():
        quiet.fetch_prepared(KEY, ["a\x00b", ""])
    assert _ask("SELECT count(*) FROM django_session") == 0


def test_without_prepared_statements_a_turn_does_the_same(quiet, monkeypatch):
    monkeypatch.setitem(quiet.settings_dict, "PREPARES", False)
    count = "SELECT count(*) FROM django_session"
    with transaction.atomic():
        assert quiet.fetch_prepared(count, [], first=(KEY, ["a", ""])) == [(1,)]
        quiet.fetch_prepared(KEY, ["b", ""], commits=True)
    assert _ask(count) == 2
    assert _prepared() == []


def test_it_begins_the_transaction_of_an_atomic_block_and_ends_with_it(quiet):
    quiet.fetch_prepared(SUM, ["1", "2"])
    insert = "INSERT INTO django_session VALUES (%s, '', now())"
    for sql, values in (
        (SUM, ["1", "2"]),  # numbers alone travel with BEGIN
        (SUM, ["1", None]),
        ("SELECT cardinality(%s::bigint[])", ["{1,2}"]),  # and arrays of them
    ):
        quiet.fetch_prepared(sql, values)
        with transaction.atomic():
            quiet.fetch_prepared(sql, values)
            quiet.fetch_prepared(insert, ["key"])
            transaction.set_rollback(True)
        assert _ask("SELECT count(*) FROM django_session") == 0
    with transaction.atomic():
        quiet.fetch_prepared(insert, ["key"])
    assert _ask("SELECT count(*) FROM django_session") == 1


def test_an_error_is_one_of_djangos_and_ends_the_transaction(quiet):
    for values in (["2147483647", "1"], ["x", None]):
        with pytest.raises(DataError), transaction.atomic():
            quiet.fetch_prepared(SUM, values)
    quiet.fetch_prepared(SUM, ["1", "2"])
    with pytest.raises(DataError), transaction.atomic():
        quiet.fetch_prepared(SUM, ["2147483647", "1"])
    with pytest.raises(ProgrammingError):
        quiet.fetch_prepared("SELECT FROM nothing_there", [])
    assert quiet.fetch_prepared(SUM, ["1", "2"]) == [(3, None)]


def test_a_broken_block_takes_no_more_statements(quiet):
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(transaction.TransactionManagementError):
            quiet.fetch_prepared(SUM, ["1", "2"])


def test_there_is_an_end_to_what_a_connection_keeps(quiet, monkeypatch):
    monkeypatch.setattr(base, "_MOST", 2)
    for number in range(5):
        assert quiet.fetch_prepared(f"SELECT {number}", []) == [(number,)]
    assert len(_prepared()) <= 2


def test_no_statement_of_a_turn_is_forgotten_before_it_runs(quiet, monkeypatch):
    """What is kept has an end, and it may be reached in the middle of a turn."""
    monkeypatch.setattr(base, "_MOST", 5)
    for kept in range(7):
        quiet.close()  # nothing is kept by the next one
        for number in range(kept):
            quiet.fetch_prepared(f"SELECT {number}", [])
        with transaction.atomic():
            assert quiet.fetch_prepared("SELECT 100", [], first=("SELECT 200", [])) == [(100,)]
        assert len(_prepared()) <= 5


def test_a_lost_connection_says_so_and_the_next_one_starts_anew(quiet):
    lost = _ask("SELECT pg_backend_pid()")
    quiet.fetch_prepared(SUM, ["1", "2"])
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [lost])
    finally:
        other.close()
    with pytest.raises(OperationalError):
        quiet.fetch_prepared(SUM, ["1", "2"])
    quiet.close()
    assert quiet.fetch_prepared(SUM, ["1", "2"]) == [(3, None)]


def test_a_pooler_that_cannot_keep_them_gets_none(quiet, monkeypatch):
    monkeypatch.setitem(quiet.settings_dict, "PREPARES", False)
    assert quiet.fetch_prepared(SUM, ["1", "2"]) == [(3, None)]
    assert quiet.fetch_prepared("CREATE TEMPORARY TABLE passing (id int)", []) == []
    assert _prepared() == []
