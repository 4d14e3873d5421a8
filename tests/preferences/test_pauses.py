"""Pauses: a wish until a day, replaced by the next one, kept."""

from datetime import timedelta

import pytest

from preferences.models import ConsentEvent, Pause
from preferences.pauses import InvalidPause, end_pause, pause
from preferences.wishes import open_wishes
from tests.preferences.kernel import DAY, HOUR, NOW, act, address, erasure

pytestmark = pytest.mark.django_db


def test_a_pause_counts_until_its_end():
    one, other = address(), address("other@fernmoor.example")
    pause(address_id=one, until=NOW + DAY, now=NOW)
    assert open_wishes([one, other], now=NOW).paused == {one: NOW + DAY}
    assert open_wishes([one], now=NOW + DAY - HOUR).paused == {one: NOW + DAY}
    assert open_wishes([one], now=NOW + DAY).paused == {}
    assert open_wishes([], now=NOW).paused == {}


def test_a_new_pause_replaces_the_one_before_and_both_are_kept():
    one = address()
    pause(address_id=one, until=NOW + DAY, now=NOW)
    pause(address_id=one, until=NOW + 9 * DAY, now=NOW + HOUR)
    assert open_wishes([one], now=NOW + HOUR).paused == {one: NOW + 9 * DAY}
    ended = Pause.objects.filter(address_id=one).order_by("id").values_list("ended_at", flat=True)
    assert list(ended) == [NOW + HOUR, None]


def test_one_that_is_over_is_replaced_as_over():
    one = address()
    pause(address_id=one, until=NOW + DAY, now=NOW)
    pause(address_id=one, until=NOW + 9 * DAY, now=NOW + 3 * DAY)
    assert Pause.objects.earliest("id").ended_at == NOW + DAY


def test_starting_again():
    one = address()
    assert not end_pause(address_id=one, now=NOW)
    pause(address_id=one, until=NOW + DAY, now=NOW)
    assert end_pause(address_id=one, now=NOW + HOUR)
    assert not end_pause(address_id=one, now=NOW + HOUR)
    assert open_wishes([one], now=NOW + HOUR).paused == {}


@pytest.mark.parametrize("until", [NOW, NOW - DAY, NOW + timedelta(days=367)])
def test_an_end_that_makes_no_sense_changes_nothing(until):
    one = address()
    pause(address_id=one, until=NOW + DAY, now=NOW)
    with pytest.raises(InvalidPause):
        pause(address_id=one, until=until, now=NOW)
    assert open_wishes([one], now=NOW).paused == {one: NOW + DAY}


def test_a_pause_is_no_event_and_goes_with_the_person():
    one = address()
    pause(address_id=one, until=NOW + DAY, now=NOW)
    assert not ConsentEvent.objects.exists()
    act(one, erasure())
    assert not Pause.objects.exists()
