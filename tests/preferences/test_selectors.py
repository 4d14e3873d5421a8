"""Reads of the kernel: what they return, in how many queries."""

import pytest
from django.utils import timezone

from accounts.access import NO_REACH, Reach
from preferences import selectors
from preferences.models import Address, ConsentEvent, Seal
from preferences.rules import effective
from preferences.selectors import LedgerCursor
from preferences.values import ACCOUNT, NO_WORDS, State, Status, type_scope, unit_scope
from tests.contacts.panel_scene import Scene, make_type, make_unit

pytestmark = pytest.mark.django_db
IN, OUT = Status.SUBSCRIBED, Status.UNSUBSCRIBED
EVERYTHING = Reach(all_units=True, unit_ids=frozenset())


@pytest.fixture
def scene(db) -> Scene:
    return Scene()


def test_states_are_read_by_address_and_scope_in_one_query(scene, django_assert_num_queries):
    scene.say(scene.guide, IN)
    scene.say(unit_scope(scene.stays.pk), OUT)
    scene.person_says(ACCOUNT, OUT, address=scene.phone)
    ids = [scene.email.pk, scene.phone.pk]
    with django_assert_num_queries(1):
        said = selectors.states_for(ids)
    assert set(said) == {
        (scene.email.pk, type_scope(scene.guide.pk)),
        (scene.email.pk, unit_scope(scene.stays.pk)),
        (scene.phone.pk, ACCOUNT),
    }
    assert said[scene.phone.pk, ACCOUNT].own.status is OUT


def test_a_state_is_whole_also_where_nobody_spoke(scene):
    scene.person_says(ACCOUNT, OUT)
    said = selectors.states_for([scene.email.pk])
    state = selectors.state_of(
        said, scene.email.pk, type_id=scene.guide.pk, unit_id=scene.garden.pk
    )
    assert state == State(NO_WORDS, NO_WORDS, said[scene.email.pk, ACCOUNT])
    assert effective(state).status is OUT
    nobody = selectors.state_of({}, 1, type_id=None, unit_id=None)
    assert nobody == State()


def test_catalogue_keeps_to_reach_and_order(scene):
    only_stays = Reach(all_units=False, unit_ids=frozenset({scene.stays.pk}))
    assert list(selectors.units_for(EVERYTHING)) == [scene.garden, scene.stays]
    assert list(selectors.types_for(only_stays)) == [scene.breaks]
    assert not selectors.types_for(NO_REACH).exists()


def test_an_event_is_found_only_among_given_addresses_and_within_reach(scene):
    scene.say(scene.breaks, IN)
    event = ConsentEvent.objects.get()
    garden = Reach(all_units=False, unit_ids=frozenset({scene.garden.pk}))
    find = selectors.find_event
    assert find(event.pk, address_ids=[scene.email.pk], reach=EVERYTHING) == event
    assert find(event.pk, address_ids=[scene.phone.pk], reach=EVERYTHING) is None
    assert find(event.pk, address_ids=[scene.email.pk], reach=garden) is None


# --- news ---


def seal(number: int, ranges: str) -> None:
    ids = [int(part) for part in ranges.replace("-", ",").split(",")]
    Seal.objects.create(
        number=number,
        sealed_at=timezone.now(),
        horizon=0,
        first_id=ids[0],
        last_id=ids[-1],
        count=len(ids),
        ranges=ranges,
        root=b"",
        previous_head=b"",
        head=b"",
    )


def test_news_are_sealed_events_in_the_order_of_their_seals(scene):
    unit = make_unit("News")
    for number in range(6):
        scene.say(make_type(unit, f"Type {number}"), IN)
    ids = list(ConsentEvent.objects.order_by("id").values_list("id", flat=True))
    seal(1, f"{ids[0]}-{ids[1]},{ids[3]}")
    seal(2, f"{ids[2]}")

    def read(limit: int) -> list[int]:
        cursor, seen = LedgerCursor(), []
        while news := selectors.events_after(cursor, limit=limit):
            seen += [event.pk for _, event in news]
            cursor = news[-1][0]
        return seen

    expected = [ids[0], ids[1], ids[3], ids[2]]
    assert read(100) == read(1) == read(2) == read(3) == expected
    assert selectors.events_after(LedgerCursor(2, ids[2])) == []
    assert Address.objects.exists()
