"""Running jobs: chunk by chunk, in turn, exactly once, and what stops them."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import Error, OperationalError
from django.utils import timezone

from accounts.models import Role, User
from jobs import running
from jobs.kinds import CannotWork, known_kinds
from jobs.models import Job, WorkerSign
from jobs.running import MAX_ATTEMPTS, run_next_chunk
from jobs.selectors import counts_of, done_chunks, progress_of, running_count
from jobs.services import cancel_job, pause_job, resume_job
from jobs.workers import SILENT_SECONDS, Silence, find_silence
from tests.factories import NOW, UserFactory
from tests.jobs.kinds import NAME, run_all, start

pytestmark = pytest.mark.django_db
State = Job.State


@pytest.fixture
def user():
    return UserFactory()


def test_every_item_once(marker, user):
    job = start(user)
    assert run_all() == 3
    assert [one for _, items in marker.seen for one in items] == list(range(1, 26))
    job.refresh_from_db()
    assert (job.state, job.started_at, job.finished_at) == (State.FINISHED, NOW, NOW)
    counts = counts_of(job)
    assert (counts.items, counts.changes) == ({"changed": 25}, {"apply": 25})
    assert [chunk.refusals for chunk in done_chunks(job, "refusals")] == [{"no": [1]}] * 3
    assert run_all() == 0


def test_jobs_take_turns_the_oldest_first(marker, user):
    first, second = start(user), start(user)
    run_all()
    assert [job_id for job_id, _ in marker.seen] == [first.pk, second.pk] * 3


def test_a_chunk_that_fails_is_tried_again_and_then_stops_its_job_alone(marker, user):
    broken, other = start(user), start(user)

    def fail(work):
        if work.job.pk == broken.pk and work.number == 1:
            raise ZeroDivisionError("about Ada Lovelace")

    marker.before = fail
    run_all()
    broken.refresh_from_db()
    other.refresh_from_db()
    assert (broken.state, broken.problem) == (State.FAILED, Job.Problem.ERROR)
    assert other.state == State.FINISHED
    chunk = broken.chunks.get(number=1)
    assert (chunk.attempts, chunk.error) == (MAX_ATTEMPTS, "ZeroDivisionError")
    assert counts_of(broken).items == {"changed": 10}
    marker.before = lambda work: None
    assert resume_job(job=broken).problem == ""
    assert run_all() == 2
    broken.refresh_from_db()
    assert (broken.state, counts_of(broken).items) == (State.FINISHED, {"changed": 25})
    assert broken.chunks.get(number=1).error == ""


def test_what_has_become_impossible_stops_at_once(marker, user):
    job = start(user)

    def refuse(work):
        raise CannotWork("the type is gone")

    marker.before = refuse
    assert run_all() == 1
    job.refresh_from_db()
    assert (job.state, job.problem) == (State.FAILED, Job.Problem.INVALID)


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": Role.VIEWER}])
def test_who_lost_the_right_stops_before_the_next_chunk(marker, user, change):
    job = start(user)
    run_next_chunk(now=NOW)
    User.objects.filter(pk=user.pk).update(**change)
    run_all()
    job.refresh_from_db()
    assert (job.state, job.problem) == (State.FAILED, Job.Problem.NO_RIGHT)
    assert counts_of(job).items == {"changed": 10}


def test_a_kind_that_is_not_known_stops_with_words(marker, user):
    job = start(user)
    assert NAME in [kind.name for kind in known_kinds()]
    Job.objects.update(kind="forgotten")
    run_all()
    job.refresh_from_db()
    assert (job.state, job.problem) == (State.FAILED, Job.Problem.UNKNOWN_KIND)


@pytest.mark.parametrize(("steer", "state"), [(pause_job, "paused"), (cancel_job, "cancelled")])
def test_steering_takes_effect_at_the_next_chunk(marker, user, steer, state):
    job = start(user)
    marker.before = lambda work: steer(job=job, user=user, now=NOW)
    assert run_all() == 1
    job.refresh_from_db()
    assert (job.state, counts_of(job).items) == (state, {"changed": 10})


def test_paused_during_the_last_chunk_ends_when_resumed(marker, user):
    job = start(user, range(1, 5))
    marker.before = lambda work: pause_job(job=job, user=user, now=NOW)
    assert run_all() == 1
    resume_job(job=job)
    assert run_all() == 0
    job.refresh_from_db()
    assert job.state == State.FINISHED


def test_progress_with_rate_and_time_left(marker, user):
    job = start(user)
    assert progress_of(job, now=NOW).percent == 0
    assert running_count(user) == 1
    run_next_chunk(now=NOW)
    run_next_chunk(now=NOW + timedelta(seconds=4))
    job.refresh_from_db()
    found = progress_of(job, now=NOW + timedelta(seconds=5))
    assert (found.done, found.total, found.percent) == (20, 25, 80)
    assert found.per_second == pytest.approx(2.0)  # the first chunk was done as it began
    assert found.seconds_left == pytest.approx(2.5)
    stuck = progress_of(job, now=NOW + timedelta(hours=1))
    assert (stuck.per_second, stuck.seconds_left) == (None, None)
    run_all()
    job.refresh_from_db()
    assert progress_of(job, now=NOW).percent == 100
    assert progress_of(job, now=NOW).per_second is None
    assert running_count(user) == 0


def test_the_worker_does_what_there_is(marker, user):
    job = start(user)
    call_command("work_jobs", "--once")
    assert len(marker.seen) == 1
    call_command("work_jobs", "--until-empty")
    job.refresh_from_db()
    assert job.state == State.FINISHED


def test_a_worker_leaves_a_sign_and_its_silence_is_found():
    now = timezone.now()
    assert find_silence(now=now) == Silence(None)
    call_command("work_jobs", "--once")
    call_command("work_jobs", "--once")
    seen_at = WorkerSign.objects.get().seen_at
    assert find_silence(now=seen_at + timedelta(seconds=SILENT_SECONDS)) is None
    late = seen_at + timedelta(seconds=SILENT_SECONDS + 1)
    assert find_silence(now=late) == Silence(seen_at)


def test_the_worker_outlives_a_database_that_is_away(marker, user, monkeypatch):
    from jobs.management.commands import work_jobs

    naps = []
    monkeypatch.setattr(work_jobs, "TROUBLE_SECONDS", 0)
    monkeypatch.setattr(work_jobs.connection, "close", lambda: naps.append("closed"))
    monkeypatch.setattr(work_jobs, "run_next_chunk", lambda **_: (_ for _ in ()).throw(Error))
    call_command("work_jobs", "--once")
    assert "closed" in naps


def test_the_worker_outlives_a_database_that_goes_away_while_it_tidies(marker, user, monkeypatch):
    from jobs.management.commands import work_jobs

    tidied = []

    def tidy(self):
        tidied.append("again" if tidied else "first")
        if tidied == ["first"]:
            raise OperationalError("the server closed the connection")
        start(user)  # a job that comes after the trouble
        self.is_stopping = True

    monkeypatch.setattr(work_jobs, "TROUBLE_SECONDS", 0)
    monkeypatch.setattr(work_jobs, "IDLE_SECONDS", 0)
    monkeypatch.setattr(work_jobs.connection, "close", lambda: None)
    monkeypatch.setattr(work_jobs.Command, "_tidy", tidy)
    call_command("work_jobs")
    assert tidied == ["first", "again"]


def test_a_lost_connection_is_no_failed_attempt_of_the_chunk(marker, user, monkeypatch):
    job = start(user)
    is_away = [True]

    def lose(work):
        if is_away[0]:
            raise OperationalError("the server closed the connection")

    marker.before = lose
    monkeypatch.setattr(running, "_is_connection_lost", lambda: is_away[0])
    for _ in range(MAX_ATTEMPTS + 1):
        with pytest.raises(OperationalError):
            run_next_chunk(now=NOW)
    assert set(job.chunks.values_list("attempts", flat=True)) == {0}
    is_away[0] = False
    assert run_all() == 3
    job.refresh_from_db()
    assert job.state == State.FINISHED


def test_an_error_outside_of_a_chunk_is_not_hidden(marker, user, monkeypatch):
    start(user)
    monkeypatch.setattr(running, "_take_and_work", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_all()


def test_taking_a_chunk_costs_the_same_for_many(marker, user, django_assert_max_num_queries):
    start(user, range(1, 200))
    with django_assert_max_num_queries(14):
        run_next_chunk(now=NOW)
