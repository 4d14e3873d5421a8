"""How often: a wish for one type, replaced by the next one, kept."""

import pytest
from django.core.exceptions import ValidationError

from preferences.frequencies import NotOffered, ask_frequency
from preferences.models import ConsentEvent, FrequencyWish, frequencies_in
from preferences.values import Frequency
from preferences.wishes import open_wishes
from tests.factories import TypeFactory
from tests.preferences.kernel import DAY, HOUR, NOW, act, address, erasure

pytestmark = pytest.mark.django_db
WEEKLY, MONTHLY = Frequency.WEEKLY, Frequency.MONTHLY


@pytest.fixture
def kind():
    return TypeFactory(frequencies="weekly, monthly")


def ask(one, kind, frequency, at=NOW):
    return ask_frequency(address_id=one, type_id=kind.pk, frequency=frequency, now=at)


def test_a_wish_counts_for_its_address_and_type_until_the_next_one(kind):
    one, other = address(), address("other@fernmoor.example")
    assert ask(one, kind, WEEKLY)
    assert open_wishes([one, other], now=NOW).frequencies == {(one, kind.pk): WEEKLY}
    assert ask(one, kind, MONTHLY, NOW + HOUR)
    assert open_wishes([one], now=NOW).frequencies == {(one, kind.pk): MONTHLY}
    assert ask(one, kind, None, NOW + DAY)
    assert open_wishes([one], now=NOW).frequencies == {}
    kept = FrequencyWish.objects.order_by("id").values_list("frequency", "ended_at")
    assert list(kept) == [("weekly", NOW + HOUR), ("monthly", NOW + DAY)]


def test_the_same_wish_again_writes_nothing(kind):
    one = address()
    assert not ask(one, kind, None)
    ask(one, kind, WEEKLY)
    assert not ask(one, kind, WEEKLY, NOW + HOUR)
    assert FrequencyWish.objects.get().asked_at == NOW


def test_what_the_type_does_not_offer_changes_nothing(kind):
    one = address()
    ask(one, kind, WEEKLY)
    with pytest.raises(NotOffered):
        ask(one, kind, Frequency.DAILY)
    assert open_wishes([one], now=NOW).frequencies == {(one, kind.pk): WEEKLY}


def test_a_wish_is_no_event_and_goes_with_the_person(kind):
    one = address()
    ask(one, kind, WEEKLY)
    assert not ConsentEvent.objects.exists()
    act(one, erasure())
    assert not FrequencyWish.objects.exists()


def test_pauses_and_frequencies_of_many_take_one_query(kind, django_assert_num_queries):
    some = [address(f"a{number}@fernmoor.example") for number in range(5)]
    for one in some:
        ask(one, kind, WEEKLY)
    with django_assert_num_queries(1):
        assert len(open_wishes(some, now=NOW).frequencies) == 5
    assert open_wishes([], now=NOW) == ({}, {})


def test_how_a_type_stores_what_it_offers():
    assert frequencies_in("monthly, daily") == (Frequency.DAILY, MONTHLY)
    assert frequencies_in("") == frequencies_in("hourly") == ()
    for text in ("", "weekly", "daily, weekly, monthly"):
        TypeFactory(frequencies=text).full_clean()
    for text in ("hourly", "weekly,monthly", "weekly, "):
        with pytest.raises(ValidationError):
            TypeFactory(frequencies=text).full_clean()
