"""Giving back many suspected opt-outs (R24) as a job: its start, its page, its lists, its approval."""

from dataclasses import replace

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from contacts.suspected import GIVE_BACK
from contacts.suspected_job import start_give_back
from jobs import kinds
from jobs.kinds import get_kind
from jobs.models import Job
from jobs.policy import change_job_policy
from jobs.running import run_next_chunk
from preferences.models import ConsentEvent
from preferences.suspected import SuspectedFilter
from preferences.values import Act, Source
from tests.conftest import make_user
from tests.contacts.bulk_scene import run
from tests.contacts.suspected_scene import BURST, WHY, machine, post, steward
from tests.factories import TypeFactory, UnitFactory, UserFactory, make_contact
from tests.preferences.kernel import (
    HOUR,
    NOW,
    OUT,
    act,
    addresses,
    of,
    own,
    status_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return steward()


@pytest.fixture
def browser(user, as_user) -> Client:
    return as_user(user)


@pytest.fixture
def kind():
    return TypeFactory(name="Guide", business_unit=UnitFactory(name="Garden"))


def text_of(response) -> str:
    body = getattr(response, "streaming_content", None)
    return " ".join((b"".join(body) if body else response.content).decode().split())


def give_back_all(user, filters=SuspectedFilter(), **fields) -> Job:  # noqa: B008
    newest = ConsentEvent.objects.latest("pk").pk
    return start_give_back(
        filters=filters, newest_id=newest, explanation=WHY, user=user, now=NOW + HOUR, **fields
    )


def test_more_than_a_page_can_wait_for_is_a_job(browser, monkeypatch, user):
    monkeypatch.setattr("contacts.views.suspected.AT_ONCE", 3)
    monkeypatch.setitem(kinds._kinds, GIVE_BACK, replace(get_kind(GIVE_BACK), chunk_size=2))
    kind = TypeFactory()
    people = addresses(6)
    events = [machine(one, of(kind)) for one in people[:5]]
    response = post(browser, scope="all", newest=events[-1], query="?period=")
    job = Job.objects.get()
    assert response.redirect_chain == [(f"/jobs/{job.pk}/", 302)]
    assert "Give back 5 suspected opt-outs" in response.text
    assert WHY in response.text
    late = machine(people[5], of(kind), at=NOW + HOUR)
    act(people[0], own(of(kind), OUT, Source.PREFERENCE_PAGE), at=NOW + HOUR)
    while run_next_chunk(now=timezone.now()):
        pass
    given_back = set(
        ConsentEvent.objects.filter(act=Act.CORRECT.code).values_list("undoes_event_id", flat=True)
    )
    assert given_back == set(events[1:])
    assert late not in given_back
    assert set(
        ConsentEvent.objects.filter(act=Act.CORRECT.code).values_list("job_id", "actor_id")
    ) == {(job.pk, user.pk)}
    html = browser.get(f"/jobs/{job.pk}/").text
    assert (
        "4 opt-outs were given back. What the people said before counts again. 1 was left as it is."
        in " ".join(html.split())
    )
    assert "this was changed again since" in html.lower()
    assert "(R24)" in html
    assert f"/jobs/{job.pk}/undo/" not in html


def test_a_job_needs_the_right_at_every_chunk(browser, monkeypatch, user):
    monkeypatch.setattr("contacts.views.suspected.AT_ONCE", 1)
    kind = TypeFactory()
    newest = [machine(one, of(kind)) for one in addresses(3)][-1]
    post(browser, scope="all", newest=newest)
    User.objects.filter(pk=user.pk).update(may_resubscribe=False)
    while run_next_chunk(now=timezone.now()):
        pass
    assert not ConsentEvent.objects.filter(act=Act.CORRECT.code).exists()


def test_very_many_ask_for_their_number(browser, monkeypatch, administrator):
    monkeypatch.setattr("contacts.views.suspected.AT_ONCE", 1)
    change_job_policy(
        typed_number_over=2, second_person_approves=False, user=administrator, now=NOW
    )
    kind = TypeFactory()
    newest = [machine(one, of(kind)) for one in addresses(3)][-1]
    for typed in ({}, {"typed": "2"}, {"typed": "many"}):
        response = post(browser, scope="all", newest=newest, **typed)
        assert response.status_code == 422
        assert 'name="typed"' in response.text
        assert WHY in response.text
        assert not Job.objects.exists()
    assert "Type 3 and give back all once more." in post(browser, scope="all", newest=newest).text
    post(browser, scope="all", newest=newest, typed="3")
    assert Job.objects.get().total == 3


def test_the_page_counts_opt_outs_and_not_contacts(browser, user, kind):
    for one in addresses(2):
        machine(one, of(kind))
    job = give_back_all(user)
    shown = text_of(browser.get(f"/jobs/{job.pk}/"))
    assert "0 of 2 opt-outs done" in shown
    assert "contacts done" not in shown
    browser.post(f"/jobs/{job.pk}/cancel/")
    shown = text_of(browser.get(f"/jobs/{job.pk}/"))
    assert "Cancelled after 0 of 2 opt-outs. What was done stays done." in shown


def test_the_page_says_which_were_meant(browser, user, kind):
    machine(addresses(1)[0], of(kind), why="burst", burst=BURST)
    unit_id = kind.business_unit_id
    job = give_back_all(user, SuspectedFilter(burst=BURST, unit_id=unit_id, since=NOW - HOUR))
    shown = text_of(browser.get(f"/jobs/{job.pk}/"))
    assert "1 that counted when the job was started" in shown
    assert "Business unit: Garden" in shown
    assert "Burst of 22 Nov 2026, 12:00" in shown
    assert "Since 22 Nov 2026, 11:00" in shown


def left_one(user, kind) -> Job:
    """Run a job over three, one of whom said no once more meanwhile; only the first is a contact."""
    people = addresses(3)
    make_contact("person0@fernmoor.example", first_name="Anna", now=NOW)
    for one in people:
        machine(one, of(kind))
    job = give_back_all(user)
    for one in people[:2]:
        act(one, own(of(kind), OUT, Source.PREFERENCE_PAGE), at=NOW + HOUR)
    return run(job, NOW + 2 * HOUR)


def test_whom_it_left_is_listed_with_why_and_as_a_file(browser, user, kind):
    job = left_one(user, kind)
    assert f'hx-get="/jobs/{job.pk}/refusals/"' in text_of(browser.get(f"/jobs/{job.pk}/"))
    shown = text_of(browser.get(f"/jobs/{job.pk}/refusals/"))
    assert "Refusals, 2" in shown
    assert "Anna" in shown
    assert "person1@fernmoor.example" in shown
    assert "No contact you can see" in shown
    assert "person2" not in shown
    assert "Garden" in shown
    assert "This was changed again since" in shown
    rows = text_of(browser.get(f"/jobs/{job.pk}/refusals.csv")).split()
    assert "R24,superseded" in " ".join(rows)
    assert "person1@fernmoor.example" in " ".join(rows)
    changes = text_of(browser.get(f"/jobs/{job.pk}/changes.csv"))
    assert "person2@fernmoor.example" in changes
    assert "person1" not in changes


def test_what_left_the_reach_of_who_started_it_is_counted_and_told_to_nobody(as_user, kind):
    limited = UserFactory(units=[kind.business_unit], may_resubscribe=True)
    machine(addresses(1)[0], of(kind))
    job = give_back_all(limited)
    limited.units.set([UnitFactory()])
    run(job, NOW + 2 * HOUR)
    assert not ConsentEvent.objects.filter(act=Act.CORRECT.code).exists()
    shown = text_of(as_user(limited).get(f"/jobs/{job.pk}/"))
    assert "Not within reach any more" in shown
    shown = text_of(as_user(limited).get(f"/jobs/{job.pk}/refusals/"))
    assert "Who started the job may no longer change this opt-out. (1)" in shown
    assert "person0" not in shown


def test_the_second_person_sees_what_would_happen_and_nothing_changes(as_user, user, kind):
    change_job_policy(user=user, now=NOW, typed_number_over=0, second_person_approves=True)
    people = addresses(3)
    for one in people:
        machine(one, of(kind))
    job = give_back_all(user, typed=3)
    act(people[0], own(of(kind), OUT, Source.PREFERENCE_PAGE), at=NOW + HOUR)
    before = ConsentEvent.objects.count()
    colleague = as_user(steward(email="two@x.example"))
    shown = text_of(colleague.get(f"/jobs/{job.pk}/"))
    assert "What would happen now" in shown
    assert '<span class="outcome__n">2</span><span>will be given back' in shown
    assert '<span class="outcome__n">1</span><span>refused: this was changed again since' in shown
    assert "Nobody is mailed." in shown
    assert WHY in shown
    assert ConsentEvent.objects.count() == before
    colleague.post(f"/jobs/{job.pk}/approve/")
    run(job, NOW + 2 * HOUR)
    assert [status_of(one, kind) for one in people].count(OUT) == 1


def test_the_second_person_needs_the_right_to_resubscribe(as_user, user, kind):
    change_job_policy(user=user, now=NOW, typed_number_over=0, second_person_approves=True)
    machine(addresses(1)[0], of(kind))
    job = give_back_all(user, typed=1)
    other = as_user(make_user(Role.EDITOR, email="two@x.example"))
    assert other.post(f"/jobs/{job.pk}/approve/").status_code == 403
    assert "job-approve" not in text_of(other.get(f"/jobs/{job.pk}/"))
