"""The first opt-outs of a burst are labelled once it is noticed, and the ledger stays as it is (R24)."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.access import Reach
from contacts.suspected import give_back
from preferences import links
from preferences.burst_labels import label_beginnings
from preferences.bursts import KEPT
from preferences.models import BurstLabel, ConsentEvent, RecentOptOut, RepeatedWord
from preferences.rebuilding import differences
from preferences.suspected import SuspectedFilter, count_suspected, suspected_events
from preferences.values import Flag, Source, Status
from preferences.verification import verify_ledger
from tests.conftest import make_user
from tests.factories import TypeFactory
from tests.preferences.kernel import (
    DAY,
    HOUR,
    IN,
    OUT,
    act,
    addresses,
    erasure,
    of,
    own,
    status_of,
)
from tests.public.scene import path_of

pytestmark = pytest.mark.django_db
EVERYTHING = Reach(all_units=True, unit_ids=frozenset())
SEALER = "preferences.management.commands.seal_ledger"
WHY = "Their mail filter opens every link"


@pytest.fixture
def kind():
    return TypeFactory()


def leave(kind, address_id, network="198.51.100.7", **extra):
    """Opt out on the page, as whatever sits in that network."""
    link = links.unsubscribe_link(
        address_id=address_id, unit_id=kind.business_unit_id, type_id=kind.pk
    )
    client = Client(REMOTE_ADDR=network)
    return client.post(path_of(link), {"confirm": "1", **extra})


def burst(kind, people, **extra):
    for one in people:
        assert leave(kind, one, **extra).status_code == 200


def label_now(now=None, since=None):
    now = now or timezone.now()
    return label_beginnings(now=now, since=since or now - KEPT)


def listed(**filters):
    found = suspected_events(EVERYTHING, SuspectedFilter(**filters))
    return sorted(event.address_id for events in found for event in events)


def rows():
    return list(ConsentEvent.objects.order_by("id").values_list("id", "flags", "digest"))


def test_r24_the_whole_burst_is_listed_once_it_was_noticed(kind):
    people, loner = addresses(8)[:7], addresses(8)[7]
    leave(kind, loner, "203.0.113.9")
    burst(kind, people)
    flagged = ConsentEvent.objects.filter(flags=Flag.SUSPECTED)
    assert sorted(flagged.values_list("address_id", flat=True)) == sorted(people[5:])
    before = rows()
    assert label_now() == 5
    assert rows() == before
    assert listed() == sorted(people)
    assert loner not in listed()
    [name] = set(BurstLabel.objects.values_list("burst", flat=True))
    assert listed(burst=name) == sorted(people)
    assert listed(burst="1-1") == []
    assert count_suspected(EVERYTHING, SuspectedFilter(is_standing=True)).count == 7


def test_labelling_again_adds_what_is_new_and_nothing_twice(kind):
    people = addresses(9)
    burst(kind, people[:7])
    assert [label_now() for _ in range(2)] == [5, 0]
    burst(kind, people[7:])
    assert label_now() == 0
    assert listed() == sorted(people)


def test_a_burst_that_nobody_noticed_labels_nobody(kind):
    burst(kind, addresses(5))
    assert label_now() == 0
    assert listed() == []


def test_it_is_done_by_the_sealer(kind):
    burst(kind, addresses(6))
    call_command("seal_ledger", verbosity=0)
    assert len(listed()) == 6


def test_what_was_noticed_before_is_not_looked_at_again(kind):
    burst(kind, addresses(6))
    assert label_now(since=timezone.now() + HOUR) == 0
    assert listed() == [addresses(6)[5]]


@pytest.mark.parametrize("is_crashed", [False, True])
def test_r24_a_sealer_that_comes_a_day_late_labels_the_whole_burst(kind, monkeypatch, is_crashed):
    people, loner = addresses(8)[:7], addresses(8)[7]
    leave(kind, loner, "203.0.113.9")
    call_command("seal_ledger", verbosity=0)
    burst(kind, people)
    if is_crashed:
        RecentOptOut.objects.all().delete()
    tomorrow = timezone.now() + DAY
    with monkeypatch.context() as patch:
        patch.setattr(f"{SEALER}.timezone.now", lambda: tomorrow)
        call_command("seal_ledger", verbosity=0)
    assert listed() == sorted(people)
    assert not RecentOptOut.objects.exists()


def test_r24_what_the_same_network_sent_the_next_day_does_not_hide_it(kind):
    """Their mail filter opens every mailing: the newer burst took the place of the older one."""
    people = addresses(7)
    burst(kind, people)
    RecentOptOut.objects.update(began_at=timezone.now() + DAY, said_at=timezone.now() + DAY)
    assert label_now(timezone.now() + DAY, since=timezone.now() - HOUR) == 5
    assert listed() == sorted(people)


def test_r24_evidence_of_another_network_or_none_labels_nobody(kind):
    people = addresses(9)
    leave(kind, people[0], "203.0.113.9")
    leave(kind, people[1], "10.0.0.9")
    burst(kind, people[2:])
    act(people[2], erasure(), at=timezone.now())
    RecentOptOut.objects.all().delete()
    assert label_now(timezone.now() + DAY, since=timezone.now() - HOUR) == 4
    assert listed() == sorted(people[3:])


def test_the_way_back_through_the_ledger_is_bounded(kind, monkeypatch):
    burst(kind, addresses(8))
    RecentOptOut.objects.all().delete()
    monkeypatch.setattr("preferences.burst_labels.WALKED", 5)
    assert label_now() == 2
    assert len(listed()) == 5


def test_other_words_of_the_same_people_are_not_labelled(kind):
    """What they said before, elsewhere, or the other way, is theirs."""
    other = TypeFactory()
    people = addresses(6)
    now = timezone.now()
    for one in people:
        act(one, own(of(other), OUT), at=now - HOUR)
        act(one, own(of(other), IN), at=now)
        act(one, own(of(other), OUT, Source.SMS_KEYWORD), at=now)
    burst(kind, people)
    label_now()
    labelled = set(BurstLabel.objects.values_list("event_id", flat=True))
    of_kind = ConsentEvent.objects.filter(subscription_type=kind, flags=0)
    assert labelled == set(of_kind.values_list("pk", flat=True))


def test_r24_they_are_given_back_like_the_others_and_everything_still_adds_up(kind):
    people = addresses(7)
    for one in people[:2]:
        act(one, own(of(kind), IN), at=timezone.now() - DAY)
    burst(kind, people)
    call_command("seal_ledger", verbosity=0)
    user = make_user("editor", may_resubscribe=True)
    ids = [e.pk for events in suspected_events(EVERYTHING, SuspectedFilter()) for e in events]
    done = give_back(event_ids=ids, explanation=WHY, user=user, now=timezone.now())
    assert (done.given_back, done.left) == (7, {})
    assert [status_of(one, kind) for one in people] == [IN] * 2 + [Status.NOT_SPECIFIED] * 5
    assert listed(is_standing=True) == []
    call_command("seal_ledger", verbosity=0)
    assert verify_ledger().is_intact
    assert list(differences()) == []


def test_r24_without_a_label_beside_it_an_opt_out_is_not_given_back(kind):
    [one] = addresses(1)
    leave(kind, one)
    user = make_user("editor", may_resubscribe=True)
    event = ConsentEvent.objects.get()
    done = give_back(event_ids=[event.pk], explanation=WHY, user=user, now=timezone.now())
    assert (done.given_back, done.left) == (0, {})
    assert status_of(one, kind) is OUT


def test_r24_one_said_again_after_the_burst_is_left(kind):
    """The label came after; that second word was kept as a repeat and may be the person's own."""
    people = addresses(7)
    burst(kind, people)
    label_now()
    again, machine = people[0], people[1]
    wish = own(of(kind), OUT, Source.PREFERENCE_PAGE)
    act(again, wish, at=timezone.now() + timedelta(minutes=1))
    assert RepeatedWord.objects.filter(address_id=again).exists()
    user = make_user("editor", may_resubscribe=True)
    labels = BurstLabel.objects.filter(address_id__in=[again, machine])
    done = give_back(
        event_ids=list(labels.values_list("pk", flat=True)),
        explanation=WHY,
        user=user,
        now=timezone.now() + HOUR,
    )
    assert (done.given_back, done.left) == (1, {("R24", "superseded"): 1})
    assert status_of(again, kind) is OUT
    assert status_of(machine, kind) is Status.NOT_SPECIFIED


def test_the_screen_and_the_history_say_so(kind, as_user):
    people = addresses(7)
    burst(kind, people)
    label_now()
    steward = make_user("editor", may_resubscribe=True)
    html = as_user(steward).get("/suspected/").text
    assert html.count("One of several from one network within seconds") >= 7
    assert html.count("Show the whole burst") == 2 * 7  # wide and narrow
    assert "7 opt-outs" in html
