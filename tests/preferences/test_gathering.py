"""Several reads in one statement, few rows in one statement: nothing is lost or mixed up."""

import pytest
from django.db import connection

from preferences.bulk_sql import FEW, columns_of, fetch_all, insert_rows, match, update_rows
from preferences.gathering import Read, read_together
from preferences.models import Address, Evidence, RepeatedWord
from preferences.services import apply_change
from preferences.values import PERSON, Change, Source
from preferences.verification import verify_ledger
from tests.preferences.kernel import (
    IN,
    IS_POSTGRESQL,
    NOW,
    OUT,
    act,
    act_all,
    address,
    addresses,
    news,
    of,
    ours,
    own,
)

pytestmark = pytest.mark.django_db
TABLE = RepeatedWord._meta.db_table
NAMES = ("address_id", "scope_kind", "scope_id", "word", "source", "count", "last_said_at")


def test_rows_come_back_to_the_read_that_asked_for_them(django_assert_num_queries):
    one, two = sorted(addresses(2))
    first = news()
    act(one, ours(of(first), IN))
    addresses_read = Read(
        (("created_at", "timestamptz"), ("id", "bigint"), ("channel", "smallint")),
        f"FROM {Address._meta.db_table} WHERE id IN (%s, %s)",
        (one, two),
    )
    types_read = Read((("id", "bigint"), ("name", "varchar")), f"FROM {first._meta.db_table}")
    nobody = Read((("id", "bigint"),), f"FROM {Address._meta.db_table} WHERE id = %s", (-1,))
    with django_assert_num_queries(1):
        found = read_together([addresses_read, None, nobody, types_read])
    assert [[(row[1], row[2]) for row in sorted(found[0], key=lambda row: row[1])], *found[1:]] == [
        [(one, 1), (two, 1)],
        [],
        [],
        [(first.pk, first.name)],
    ]


def test_a_read_of_one_column_gives_rows_as_well():
    one = address()
    read = Read((("id", "bigint"),), f"FROM {Address._meta.db_table}")
    assert read_together([read]) == [[(one,)]]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_ids_match_themselves_and_nothing_else(count):
    ids = addresses(3)
    matches, parameter = match("id", set(ids[:count]))
    sql = f"SELECT id FROM {Address._meta.db_table} WHERE {matches}"
    assert sorted(fetch_all(sql, [parameter])) == sorted((one,) for one in ids[:count])


@pytest.mark.parametrize("count", [1, 2, FEW, FEW + 1])
def test_few_rows_and_many_are_written_alike(count):
    first = news()
    rows = [(one, 1, first.pk, 1, 8, n, NOW) for n, one in enumerate(addresses(count))]
    insert_rows(
        TABLE, columns_of(RepeatedWord, NAMES), [(*row[:6], _stored(row[6])) for row in rows]
    )
    assert sorted(RepeatedWord.objects.values_list(*NAMES)) == sorted(rows)
    ids = list(RepeatedWord.objects.order_by("id").values_list("id", flat=True))
    update_rows(TABLE, (("count", "integer"), ("source", "smallint")), [(pk, 9, pk) for pk in ids])
    assert list(RepeatedWord.objects.order_by("id").values_list("count", "source")) == [
        (pk, 9) for pk in ids
    ]


def _stored(moment):
    return connection.ops.adapt_datetimefield_value(moment)


@pytest.mark.parametrize(
    "explanation", ["tab\tline\nreturn\rback\\slash", "\\N", "Zażółć 🙂 '%s' \\x41"]
)
@pytest.mark.parametrize("count", [1, FEW + 1])
def test_any_explanation_survives_one_by_one_and_in_bulk(explanation, count):
    first = news()
    wish = ours(of(first), IN, explanation=explanation)
    act_all([(one, wish) for one in addresses(count)])
    assert list(Evidence.objects.values_list("explanation", flat=True)) == [explanation] * count
    assert verify_ledger().is_intact


def test_one_opt_out_takes_few_statements_whatever_the_catalogue_holds(django_assert_num_queries):
    """Lock (not on SQLite), read, write (there: evidence, event, status), and BEGIN and COMMIT."""
    one, first = address(), news()
    for _ in range(20):
        news()
    wish = own(of(first), OUT, Source.ONE_CLICK, evidence=(("user_agent", "a mail program"),))
    with django_assert_num_queries(5 if IS_POSTGRESQL else 6):
        assert apply_change(change=Change(one, wish), actor=PERSON, now=NOW).is_applied
