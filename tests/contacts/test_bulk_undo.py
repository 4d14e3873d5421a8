"""Undo of a job (R23): restores what nobody changed since, says what it left, and does nothing twice."""

from datetime import timedelta

import pytest

from contacts.bulk.results import change_rows
from contacts.bulk.undo import NotUndoable, preview_undo, start_undo, undo_until
from jobs.models import Job
from jobs.selectors import counts_of
from jobs.services import NothingSelected, cancel_job
from preferences.models import ConsentEvent
from preferences.rebuilding import differences
from preferences.values import ACCOUNT, Act
from tests.contacts.bulk_scene import (
    IN,
    NONE,
    OUT,
    edit_now,
    held,
    opting,
    run,
    start_edit,
    status_of,
)
from tests.factories import NOW, TypeFactory, UserFactory, make_contact
from tests.preferences.kernel import HOUR, IS_POSTGRESQL, MINUTE, act, of, ours, own, set_policy

pytestmark = pytest.mark.django_db
LATER = NOW + HOUR


@pytest.fixture
def user():
    return UserFactory()


@pytest.fixture
def news():
    set_policy()
    return TypeFactory(name="News")


def undo_now(job: Job, user, now=LATER) -> Job:
    return run(start_undo(job=job, user=user, now=now), now)


def test_r23_everything_is_as_before(user, news):
    was_in, was_nothing, was_out = (make_contact(f"{name}@home.example") for name in "abc")
    act(held(was_in)[0], ours(of(news), IN), at=NOW - HOUR)
    act(held(was_out)[0], own(of(news), OUT), at=NOW - HOUR)
    job = edit_now(opting(OUT, news), user)
    seen, looked_at, total = preview_undo(job=job, user=user, now=LATER)
    undo = undo_now(job, user)
    assert counts_of(undo).items == counts_of(job).items == dict(seen.items) == {"changed": 3}
    assert (undo.total, looked_at, total) == (3, 3, 3)
    assert undo.state == Job.State.FINISHED
    assert [status_of(one, news) for one in (was_in, was_nothing, was_out)] == [IN, NONE, OUT]
    undone = ConsentEvent.objects.filter(job_id=undo.pk)
    assert {event.act for event in undone} == {Act.UNDO.code}
    assert list(differences()) == []


def test_the_page_of_an_undo_says_what_it_put_back(client, user, news):
    untouched, by_them = (make_contact(f"{name}@home.example") for name in "ab")
    job = edit_now(opting(OUT, news), user)
    act(held(by_them)[0], own(of(news), IN), at=NOW + MINUTE)
    undo = undo_now(job, user)
    client.force_login(user)
    shown = " ".join(client.get(f"/jobs/{undo.pk}/").content.decode().split())
    assert "1 contact is as before the job. 1 was left as it is." in shown
    assert "<dt>Contacts</dt><dd>2 contacts that it changed</dd>" in shown
    assert "<dt>It had set</dt><dd>Opted out</dd>" in shown
    assert status_of(untouched, news) is NONE


def test_r23_what_was_changed_since_is_left_and_said(user, news):
    untouched, by_them, by_us = (make_contact(f"{name}@home.example") for name in "abc")
    job = edit_now(opting(OUT, news), user)
    act(held(by_them)[0], own(of(news), IN), at=NOW + MINUTE)
    act(held(by_us)[0], ours(of(news), IN), at=NOW + MINUTE)
    undo = undo_now(job, user)
    assert counts_of(undo).items == {
        "changed": 1,
        "refused": 2,
        "refused R23 person_spoke_since": 1,
        "refused R23 superseded": 1,
    }
    assert undo.chunks.get().refusals["R23 superseded"] == [by_us.pk, held(by_us)[0], 1, news.pk]
    assert [status_of(one, news) for one in (untouched, by_them, by_us)] == [NONE, IN, IN]


@pytest.mark.skipif(not IS_POSTGRESQL, reason="SQLite has one writer")
@pytest.mark.django_db(transaction=True)
def test_what_another_worker_wrote_in_between_is_not_undone_twice(user, news, monkeypatch):
    """Two workers draw numbers in turn, so events of one chunk lie between those of another."""
    monkeypatch.setattr("contacts.bulk.start.CHANGES_AT_ONCE", 2)
    for name in "abcd":
        make_contact(f"{name}@home.example")
    job = edit_now(opting(OUT, news), user)
    first, second = job.chunks.order_by("number")
    job.chunks.filter(pk=first.pk).update(last_event_id=second.last_event_id)
    assert len(list(change_rows(job, user=user))) == 1 + 4
    undo = undo_now(job, user)
    assert counts_of(undo).items == {"changed": 4}
    assert ConsentEvent.objects.filter(job_id=undo.pk).count() == 4


def test_r23_undoing_twice_does_nothing(user, news):
    make_contact("anna@home.example")
    job = edit_now(opting(OUT, news), user)
    undo_now(job, user)
    count = ConsentEvent.objects.count()
    again = undo_now(job, user, LATER + MINUTE)
    assert counts_of(again).items == {"refused": 1, "refused R23 superseded": 1}
    assert ConsentEvent.objects.count() == count
    assert start_undo(job=job, user=user, now=LATER, key="form") == start_undo(
        job=job, user=user, now=LATER, key="form"
    )


def test_r23_lifts_are_undone_too(user, news):
    anna = make_contact("anna@home.example")
    act(held(anna)[0], ours(ACCOUNT, OUT), at=NOW - HOUR)
    job = edit_now(opting(IN, news, lift=True), user)
    assert status_of(anna, news) is IN
    undo = undo_now(job, user)
    assert counts_of(undo).items == {"changed": 1}
    assert counts_of(undo).changes == {"apply R23 undone": 2}
    assert status_of(anna, news) is OUT
    assert list(differences()) == []


def test_an_address_that_was_moved_since_is_undone_all_the_same(user, news):
    anna = make_contact("anna@home.example")
    address_id = held(anna)[0]
    job = edit_now(opting(OUT, news), user)
    anna.contact_addresses.all().delete()
    undo = undo_now(job, user)
    assert counts_of(undo).items == {"changed": 1}
    assert act(address_id, ours(of(news), OUT), at=LATER + MINUTE).is_applied


def test_what_a_cancelled_job_did_is_undone(user, news):
    make_contact("anna@home.example")
    job = edit_now(opting(OUT, news), user)
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, finished_at=None)
    job.refresh_from_db()
    with pytest.raises(NotUndoable, match="running"):
        start_undo(job=job, user=user, now=LATER)
    assert undo_until(job) is None
    job = cancel_job(job=job, user=user, now=NOW)
    assert counts_of(undo_now(job, user)).items == {"changed": 1}


def test_what_cannot_be_undone(user, news):
    contact = make_contact("anna@home.example")
    job = edit_now(opting(OUT, news), user)
    assert undo_until(job) == NOW + timedelta(days=30)
    with pytest.raises(NotUndoable, match="too_late"):
        start_undo(job=job, user=user, now=NOW + timedelta(days=30, seconds=1))
    undo = undo_now(job, user)
    with pytest.raises(NotUndoable, match="kind"):
        preview_undo(job=undo, user=user, now=LATER)
    idle = edit_now(opting(NONE, news), user)
    with pytest.raises(NothingSelected):
        start_undo(job=idle, user=user, now=LATER)
    assert status_of(contact, news) is NONE


def test_undo_may_be_started_while_another_job_waits(user, news):
    make_contact("anna@home.example")
    job = edit_now(opting(OUT, news), user)
    start_edit(opting(IN, news), user)
    undo = start_undo(job=job, user=user, now=LATER)
    run(undo, LATER)
    assert undo.undo_of == job
