"""The projection is read and written in sets, the same on both databases."""

from datetime import UTC, datetime

import pytest

from preferences import projection
from preferences.bulk_sql import insert_missing, insert_rows, moment, update_rows
from preferences.models import OptOut, Preference
from preferences.selectors import states_for
from preferences.values import ACCOUNT, Register, Registers, Source
from tests.preferences.kernel import (
    HOUR,
    IN,
    NONE,
    NOW,
    OUT,
    act,
    addresses,
    news,
    of,
    ours,
    own,
    unit_of,
)

pytestmark = pytest.mark.django_db

FULL = Registers(
    Register(OUT, NOW, 7, Source.ONE_CLICK, 3, None),
    Register(IN, NOW + HOUR, 8, Source.RECORD_PANEL, 0, 7),
)
EMPTY = Registers()


def test_registers_come_back_as_they_were_written():
    one, two = addresses(2)
    first, second = news(), news()
    changed = {
        (one, of(first)): FULL,
        (one, of(second)): Registers(own=FULL.own),
        (two, of(first)): Registers(ours=FULL.ours),
        (one, ACCOUNT): FULL,
        (two, unit_of(first)): Registers(own=FULL.own),
        (two, of(second)): EMPTY,
    }
    projection.write(changed, {})
    rows = projection.read([one, two], None)
    assert rows.registers == changed
    assert rows.wide == {one, two}
    assert states_for([one, two]) == changed
    turned = {
        (one, of(first)): EMPTY,
        (one, of(second)): Registers(ours=FULL.ours),
        (two, of(first)): FULL,
        (one, ACCOUNT): Registers(own=FULL.own),
        (two, unit_of(first)): FULL,
        (two, of(second)): Registers(own=FULL.own),
    }
    projection.write(turned, rows.row_ids)
    assert projection.read([one, two], None).registers == turned
    assert (Preference.objects.count(), OptOut.objects.count()) == (4, 2)


def test_statuses_follow_the_registers():
    one = addresses(1)[0]
    first = news()
    projection.write({(one, of(first)): FULL, (one, ACCOUNT): Registers(own=FULL.own)}, {})
    assert projection.statuses([one]) == {(one, of(first)): IN.code, (one, ACCOUNT): OUT.code}
    assert projection.status_of(EMPTY) is NONE


def test_only_the_types_that_are_asked_for_are_read(django_assert_num_queries):
    one, two = addresses(2)
    first, second = news(), news()
    for kind in (first, second):
        act(one, ours(of(kind), IN))
    act(two, own(ACCOUNT, OUT))
    with django_assert_num_queries(1):
        rows = projection.read([one, two], {first.pk})
    assert set(rows.registers) == {(one, of(first)), (two, ACCOUNT)}
    assert rows.wide == {two}
    with django_assert_num_queries(1):
        assert set(projection.read([one, two], set()).registers) == {(two, ACCOUNT)}
    assert projection.read([], None).registers == {}


def test_nothing_changed_is_nothing_written(django_assert_num_queries):
    with django_assert_num_queries(0):
        projection.write({}, {})
        insert_rows("no_such_table", ["a"], [])
        insert_missing("no_such_table", [("a", "integer")], [])
        update_rows("no_such_table", [("a", "integer")], [])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("2026-11-22 12:00:00.000001", datetime(2026, 11, 22, 12, 0, 0, 1, tzinfo=UTC)),
        ("2026-11-22T12:00:00+00:00", NOW),
        (datetime(2026, 11, 22, 12, 0), NOW),
        (NOW, NOW),
    ],
)
def test_a_moment_is_aware_whatever_the_driver_gave(value, expected):
    assert moment(value) == expected
