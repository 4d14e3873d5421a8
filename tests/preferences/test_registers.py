"""Two registers of one scope, by example; the full table is in docs/rules.md."""

from datetime import UTC, datetime, timedelta

import pytest

from preferences.registers import (
    SILENT,
    Shape,
    hear_wide,
    is_excepted,
    is_older,
    merge_own,
    resolve,
    says_more,
    shape_of,
)
from preferences.values import Flag, Register, Registers, Source, Status, Word

IN, OUT, NONE = Status.SUBSCRIBED, Status.UNSUBSCRIBED, Status.NOT_SPECIFIED


def said(status, minute, *, flags=0, source=Source.PREFERENCE_PAGE, names=None):
    """Make a register said at that minute of the day; its event has the minute as its id."""
    at = datetime(2026, 11, 22, 10, tzinfo=UTC) + timedelta(minutes=minute)
    return Register(status, at, minute, source, flags, names)


def test_nobody_said_anything():
    assert shape_of(Registers()) == SILENT
    assert resolve(SILENT) == (NONE, None)


@pytest.mark.parametrize(
    ("registers", "expected"),
    [
        (
            Registers(ours=said(OUT, 1, source=Source.BULK_EDIT)),
            Shape(ours=OUT, ours_by_hand=True),
        ),
        (Registers(ours=said(OUT, 1, source=Source.IMPORT)), Shape(ours=OUT)),
        (Registers(own=said(IN, 1, flags=Flag.RELAYED)), Shape(own=IN, own_is_relayed=True)),
        (Registers(own=said(OUT, 1, flags=Flag.SUSPECTED)), Shape(own=OUT, own_is_suspected=True)),
        (Registers(said(IN, 2), said(OUT, 1)), Shape(IN, OUT, own_later=True)),
        (Registers(said(IN, 1), said(OUT, 2)), Shape(IN, OUT, own_later=False)),
        (Registers(said(IN, 1), said(OUT, 1)), Shape(IN, OUT)),
        (
            Registers(said(OUT, 1), said(IN, 2, names=1, source=Source.RECORD_PANEL)),
            Shape(OUT, IN, own_later=False, is_named=True, ours_by_hand=True),
        ),
        (Registers(said(OUT, 3), said(IN, 2, names=1)), Shape(OUT, IN, own_later=True)),
    ],
)
def test_times_become_comparisons(registers, expected):
    assert shape_of(registers) == expected


def test_r4_a_resubscribe_counts_until_the_person_opts_out_again():
    resubscribe = said(IN, 2, names=1)
    assert resolve(shape_of(Registers(said(OUT, 1), resubscribe))) == (IN, Word.OURS)
    assert resolve(shape_of(Registers(said(OUT, 3), resubscribe))) == (OUT, Word.OWN)


def test_r11_an_exception_is_said_by_the_person_after_every_opt_out_of_all():
    wide = Registers(said(OUT, 5), said(OUT, 7))
    assert is_excepted(said(IN, 8), wide)
    assert not is_excepted(said(IN, 6), wide)
    assert not is_excepted(said(IN, 7), wide)
    assert not is_excepted(said(IN, 8, flags=Flag.RELAYED), wide)
    assert not is_excepted(said(OUT, 8), wide)
    assert not is_excepted(None, wide)
    assert is_excepted(said(IN, 8), Registers(ours=said(IN, 9)))


@pytest.mark.parametrize(
    ("current", "heard", "wins"),
    [
        (None, said(IN, 1), "heard"),
        (said(IN, 1), said(OUT, 2), "heard"),
        (said(IN, 2), said(OUT, 1), "current"),
        (said(IN, 1), said(OUT, 1), "heard"),
        (said(OUT, 1), said(IN, 1), "current"),
        (said(OUT, 1), said(IN, 2, flags=Flag.RELAYED), "current"),
        (said(IN, 2, flags=Flag.RELAYED), said(OUT, 1), "heard"),
        (said(IN, 2, flags=Flag.RELAYED), said(IN, 1), "heard"),
        (said(IN, 1), said(IN, 2, flags=Flag.RELAYED), "current"),
        (said(OUT, 1, flags=Flag.SUSPECTED), said(OUT, 1), "heard"),
        (said(OUT, 1), said(OUT, 1), "current"),
    ],
)
def test_the_person_s_register_keeps_the_word_that_outranks_the_other(current, heard, wins):
    merged = merge_own(current, heard)
    assert merged is (heard if wins == "heard" else current)
    assert is_older(current, heard) is (wins == "current")


def test_r9_an_opt_out_of_all_heard_late_closes_what_we_opened_since():
    opened = Registers(said(OUT, 1), said(IN, 3, names=1))
    closed = hear_wide(opened, said(OUT, 2))
    assert closed == Registers(said(OUT, 2), said(IN, 3))
    assert resolve(shape_of(closed)) == (OUT, Word.OWN)


@pytest.mark.parametrize(
    ("registers", "wide"),
    [
        (Registers(ours=said(IN, 1)), said(OUT, 2)),
        (Registers(ours=said(OUT, 3)), said(OUT, 2)),
        (Registers(own=said(IN, 3)), said(OUT, 2)),
        (Registers(ours=said(IN, 3)), said(IN, 2)),
    ],
)
def test_r9_an_opt_out_of_all_leaves_other_registers_alone(registers, wide):
    assert hear_wide(registers, wide) == registers


def test_r16_an_opt_out_of_all_said_again_closes_what_it_left_open():
    wide = Registers(said(OUT, 1), said(OUT, 5))
    back = Registers(own=said(IN, 3))
    assert says_more(wide, said(OUT, 9), Word.OWN, [Registers(), back])
    assert not says_more(wide, said(OUT, 9), Word.OURS, [Registers(), back])
    assert says_more(wide, said(OUT, 4), Word.OWN, [Registers(ours=said(IN, 6))])
    assert not says_more(wide, said(OUT, 4), Word.OURS, [Registers(ours=said(IN, 6))])
    assert not says_more(wide, said(OUT, 9), Word.OWN, [])
