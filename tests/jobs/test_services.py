"""Starting and steering jobs."""

import pytest
from django.db import IntegrityError, transaction
from django.http import Http404

from accounts.models import Role
from jobs.access import get_job, jobs_for, may_approve, may_steer
from jobs.models import Job, JobChunk
from jobs.policy import change_job_policy, current_job_policy, job_policy_changes
from jobs.selectors import unseen_jobs
from jobs.services import (
    NothingSelected,
    NumberNotTyped,
    SelectionMoved,
    WrongState,
    approve_job,
    cancel_job,
    decline_job,
    mark_seen,
    pause_job,
    resume_job,
)
from tests.factories import NOW, UnitFactory, UserFactory
from tests.jobs.kinds import run_all, start

pytestmark = pytest.mark.django_db
State = Job.State


@pytest.fixture
def user():
    return UserFactory()


def test_the_selection_is_frozen_in_chunks(marker, user):
    job = start(user, iter(range(1, 26)), selection={"words": "all"})
    assert (job.total, job.chunk_count, job.state) == (25, 3, State.QUEUED)
    assert list(job.chunks.order_by("number").values_list("items", "item_count")) == [
        ("1-10", 10),
        ("11-20", 10),
        ("21-25", 5),
    ]


def test_the_same_key_is_the_same_job(marker, user):
    first = start(user, key="form-1")
    assert start(user, range(99), key="form-1") == first
    assert Job.objects.count() == 1
    assert start(UserFactory(), key="form-1") != first


def test_nobody_selected_leaves_nothing(marker, user):
    with pytest.raises(NothingSelected):
        start(user, [])
    assert not Job.objects.exists()


@pytest.mark.parametrize(("expected", "moved"), [(25, False), (24, True), (0, True)])
def test_a_selection_that_moved_is_shown_again(marker, user, expected, moved):
    if not moved:
        assert start(user, expected=expected).total == 25
        return
    with pytest.raises(SelectionMoved) as caught:
        start(user, expected=expected)
    assert caught.value.total == 25
    assert not JobChunk.objects.exists()


@pytest.mark.parametrize("typed", [None, 24])
def test_a_large_number_is_typed(marker, user, typed):
    change_job_policy(user=user, now=NOW, typed_number_over=24)
    with pytest.raises(NumberNotTyped) as caught:
        start(user, typed=typed)
    assert caught.value.total == 25
    assert not Job.objects.exists()
    assert start(user, typed=25).state == State.QUEUED


def test_policies_are_versions(user):
    assert current_job_policy().typed_number_over == 1000
    change_job_policy(user=user, now=NOW, typed_number_over=5)
    change_job_policy(user=user, now=NOW, typed_number_over=5)
    change_job_policy(user=user, now=NOW, second_person_approves=True)
    now = current_job_policy()
    assert (now.typed_number_over, now.second_person_approves, now.changed_by) == (5, True, user)
    newest, first = job_policy_changes()
    assert (newest.field, newest.before, newest.after) == ("second_person_approves", "off", "on")
    assert (first.field, first.before, first.after) == ("typed_number_over", "1000", "5")
    assert (first.changed_by, first.changed_at) == (user, NOW)
    with pytest.raises(TypeError):
        change_job_policy(user=user, now=NOW, nonsense=1)


def waiting(user):
    change_job_policy(
        user=UserFactory(), now=NOW, typed_number_over=24, second_person_approves=True
    )
    return start(user, typed=25)


def test_a_small_job_waits_for_nobody(marker, user):
    change_job_policy(
        user=UserFactory(), now=NOW, typed_number_over=25, second_person_approves=True
    )
    assert start(user).state == State.QUEUED


def test_a_second_person_approves(marker, user):
    job = waiting(user)
    assert job.state == State.WAITING
    assert run_all() == 0
    with pytest.raises(WrongState):
        approve_job(job=job, user=user, now=NOW)
    other = UserFactory()
    job = approve_job(job=job, user=other, now=NOW)
    assert (job.state, job.approved_by, job.approved_at) == (State.QUEUED, other, NOW)
    assert run_all() == 3


def test_a_second_person_declines(marker, user):
    job = decline_job(job=waiting(user), user=UserFactory(), now=NOW)
    assert (job.state, job.problem) == (State.CANCELLED, Job.Problem.NOT_APPROVED)
    with pytest.raises(WrongState):
        decline_job(job=job, user=UserFactory(), now=NOW)


def test_the_second_person_has_the_right_and_the_reach(marker):
    near, far = UnitFactory(), UnitFactory()
    job = waiting(UserFactory(units=[near]))
    for second, can in (
        (UserFactory(), True),
        (UserFactory(units=[near, far]), True),
        (UserFactory(units=[far]), False),
        (UserFactory(role=Role.VIEWER), False),
        (UserFactory(is_active=False), False),
    ):
        assert may_approve(second, job) is can
        assert jobs_for(second).filter(pk=job.pk).exists() is can
    of_all = waiting(UserFactory())
    assert not may_approve(UserFactory(units=[near]), of_all)
    assert not jobs_for(UserFactory(units=[near])).filter(pk=of_all.pk).exists()
    Job.objects.filter(pk=job.pk).update(kind="forgotten")
    job.refresh_from_db()
    assert not may_approve(UserFactory(), job)


def test_the_database_knows_that_a_second_person_is_another(marker, user):
    job = start(user)
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(approved_by=user)
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(state="asleep")
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(state=State.FINISHED)
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(state=State.FAILED)


def test_pause_resume_cancel(marker, user):
    job = start(user)
    job = pause_job(job=job, user=user, now=NOW)
    assert (job.state, job.stopped_by) == (State.PAUSED, user)
    assert run_all() == 0
    with pytest.raises(WrongState):
        pause_job(job=job, user=user, now=NOW)
    assert resume_job(job=job).state == State.QUEUED
    with pytest.raises(WrongState):
        resume_job(job=job)
    job = cancel_job(job=job, user=user, now=NOW)
    assert (job.state, job.finished_at, job.is_over) == (State.CANCELLED, NOW, True)
    with pytest.raises(WrongState):
        cancel_job(job=job, user=user, now=NOW)
    assert marker.seen == []


def test_who_sees_and_steers(marker, user):
    job = start(user)
    administrator = UserFactory(role=Role.ADMINISTRATOR)
    assert get_job(user, job.pk) == get_job(administrator, job.pk) == job
    with pytest.raises(Http404):
        get_job(UserFactory(), job.pk)
    with pytest.raises(Http404):
        get_job(UserFactory(role=Role.VIEWER), job.pk)
    assert may_steer(user, job)
    assert may_steer(administrator, job)
    assert not may_steer(UserFactory(), job)


def test_results_are_new_until_seen(marker, user):
    first, second = start(user), start(user)
    assert not unseen_jobs(user).exists()
    run_all()
    assert set(unseen_jobs(user)) == {first, second}
    mark_seen(user=user, now=NOW, job=first)
    assert list(unseen_jobs(user)) == [second]
    mark_seen(user=user, now=NOW)
    assert not unseen_jobs(user).exists()
