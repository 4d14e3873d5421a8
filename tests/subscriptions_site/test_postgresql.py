"""A kept connection is believed while nothing came over it, and asked when something did."""

import pytest
from django.db import connection
from django.db.utils import OperationalError

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
