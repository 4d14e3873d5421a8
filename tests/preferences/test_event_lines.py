"""Events as screens read them: which ones, in what order, with which names, in how many queries."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.access import Reach
from preferences.event_lines import Request, history_lines, lines_by_id, requests_for
from preferences.models import ConsentEvent, Evidence, PendingConfirmation, SubscriptionType
from preferences.selectors import HistoryFilter, count_history
from preferences.values import ACCOUNT, Source, Status
from tests.contacts.panel_scene import Scene

pytestmark = pytest.mark.django_db
IN, OUT = Status.SUBSCRIBED, Status.UNSUBSCRIBED
EVERYTHING = Reach(all_units=True, unit_ids=frozenset())


@pytest.fixture
def scene(db) -> Scene:
    return Scene()


def test_history_is_newest_first_within_reach(scene, django_assert_num_queries):
    scene.say(scene.guide, IN)
    scene.say(scene.breaks, IN)
    scene.say(ACCOUNT, OUT)
    garden = Reach(all_units=False, unit_ids=frozenset({scene.garden.pk}))
    ids = [scene.email.pk]
    with django_assert_num_queries(2):
        events = history_lines(ids, reach=garden)
    assert [(event.type_name, event.unit_name) for event in events] == [
        ("", ""),
        ("Garden guide", "Garden"),
    ]
    assert events[1].explanation
    assert count_history(ids, reach=garden) == 2
    assert count_history(ids, reach=EVERYTHING) == 3
    assert len(history_lines(ids, reach=EVERYTHING, before=events[0].id)) == 2
    assert len(history_lines(ids, reach=EVERYTHING, limit=1)) == 1


def test_history_filters_combine(scene):
    scene.say(scene.guide, IN)
    scene.person_says(scene.offers, OUT, address=scene.phone)
    both = [scene.email.pk, scene.phone.pk]

    def found(**values: object) -> list[int]:
        filters = HistoryFilter(**values)
        return [e.address_id for e in history_lines(both, reach=EVERYTHING, filters=filters)]

    assert found(what="opt_outs") == [scene.phone.pk]
    assert found(source=Source.RECORD_PANEL) == [scene.email.pk]
    assert found(address_ids=frozenset({scene.phone.pk, 5})) == [scene.phone.pk]
    assert found(unit_id=scene.stays.pk) == []
    assert found(since=timezone.now()) == []
    assert len(found(until=timezone.now())) == 2


def test_a_line_says_what_the_event_says(scene):
    scene.say(scene.guide, IN)
    event = ConsentEvent.objects.get()
    line = lines_by_id([event.pk])[event.pk]
    for name in ("recorded_at", "said_at", "address_id", "actor_id", "status", "before", "after"):
        assert getattr(line, name) == getattr(event, name), name
    assert bytes(line.digest) == bytes(event.digest)
    assert line.staff_name == str(scene.editor)
    assert line.is_by(scene.editor)
    assert line.details == event.evidence.details
    assert line.erased_at is None
    Evidence.objects.update(explanation="", details={}, salt=b"", erased_at=timezone.now())
    erased = lines_by_id([event.pk])[event.pk]
    assert (erased.explanation, erased.details) == ("", {})
    assert erased.erased_at is not None


def test_a_line_of_nobody_asks_for_nothing(scene, django_assert_num_queries):
    scene.person_says(scene.guide, OUT)
    event = ConsentEvent.objects.get()
    line = lines_by_id([event.pk])[event.pk]
    assert line.staff_name == ""
    assert not line.is_by(scene.editor)
    with django_assert_num_queries(0):
        assert lines_by_id([]) == {}


def test_requests_end_with_their_link(scene):
    SubscriptionType.objects.filter(pk=scene.guide.pk).update(double_opt_in="on")
    scene.say(scene.guide, IN)
    waiting = PendingConfirmation.objects.get()
    before, after = waiting.expires_at - timedelta(seconds=1), waiting.expires_at
    found = requests_for([scene.email.pk], now=before)
    assert found == {
        (scene.email.pk, scene.guide.pk): Request(waiting.request_event_id, waiting.expires_at)
    }
    assert requests_for([scene.email.pk], now=after) == {}
    assert requests_for([scene.phone.pk], now=before) == {}
