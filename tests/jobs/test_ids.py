"""Ids as text: what goes in comes out, and ranges stay short."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.ids import ids_of_text, ids_to_text, in_chunks


@given(st.sets(st.integers(0, 300)))
def test_what_goes_in_comes_out(ids):
    assert ids_of_text(ids_to_text(sorted(ids))) == sorted(ids)


def test_ranges_are_short():
    assert ids_to_text(range(7, 1007)) == "7-1006"
    assert ids_to_text([5, 7, 8, 9, 20]) == "5,7-9,20"


@pytest.mark.parametrize("ids", [[2, 1], [3, 3], [-1, 4]])
def test_ids_that_do_not_ascend_are_a_mistake(ids):
    with pytest.raises(ValueError, match="ascend"):
        ids_to_text(ids)


def test_chunks_hold_each_id_once():
    assert list(in_chunks([1, 1, 2, 3, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
    assert list(in_chunks([], 2)) == []
