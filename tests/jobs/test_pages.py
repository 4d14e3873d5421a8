"""The pages of jobs: who sees what, progress and result, and steering."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.access import reach_of
from accounts.models import Role, User
from jobs.access import approvers_of, may_approve
from jobs.describing import Description, File, Outcome, title_of
from jobs.models import Job
from jobs.policy import change_job_policy
from jobs.running import run_next_chunk
from jobs.workers import leave_sign
from tests.conftest import make_user
from tests.factories import NOW, UnitFactory, UserFactory
from tests.jobs.kinds import run_all, start

pytestmark = pytest.mark.django_db
STATUS = {"HX-Request": "true", "HX-Target": "job-status"}


@pytest.fixture
def editor(marker):
    return make_user(Role.EDITOR)


@pytest.fixture
def client(editor, as_user):
    return as_user(editor)


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def test_a_running_job_asks_again_and_one_that_is_over_does_not(client, editor):
    job = start(editor)
    run_next_chunk(now=timezone.now())
    shown = text_of(client.get(f"/jobs/{job.pk}/", headers=STATUS))
    assert "every 2s" in shown
    assert "10 of 25 contacts done" in shown
    assert "<!DOCTYPE" not in shown
    run_all(timezone.now())
    shown = text_of(client.get(f"/jobs/{job.pk}/", headers=STATUS))
    assert "every 2s" not in shown
    assert "25 contacts done" in shown


def test_a_screen_reader_hears_each_quarter_once(client, editor):
    job = start(editor, range(1, 41))
    run_next_chunk(now=NOW)
    said = "innerHTML:#job-said"
    assert said in text_of(client.get(f"/jobs/{job.pk}/?said=0", headers=STATUS))
    assert said not in text_of(client.get(f"/jobs/{job.pk}/?said=25", headers=STATUS))


def test_pause_go_on_and_cancel(client, editor):
    job = start(editor)
    for act, state in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled")):
        assert client.post(f"/jobs/{job.pk}/{act}/", headers=STATUS).status_code == 200
        job.refresh_from_db()
        assert job.state == state
    response = client.post(f"/jobs/{job.pk}/pause/", headers=STATUS)
    assert response.status_code == 409
    assert "the job has moved on meanwhile" in text_of(response)
    assert "Cancelled after 0 of 25 contacts" in text_of(response)


def test_without_script_steering_redirects_and_says_what_was_wrong(client, editor):
    job = start(editor)
    assert client.post(f"/jobs/{job.pk}/pause/").headers["Location"] == f"/jobs/{job.pk}/"
    client.post(f"/jobs/{job.pk}/pause/")
    shown = text_of(client.get(f"/jobs/{job.pk}/"))
    assert "the job has moved on meanwhile" in shown
    assert "Paused by" in shown


def waiting(editor) -> Job:
    change_job_policy(user=editor, now=NOW, typed_number_over=24, second_person_approves=True)
    return start(editor, typed=25)


def test_a_second_person_approves_and_the_first_cannot(client, editor, as_user):
    job = waiting(editor)
    shown = text_of(client.get(f"/jobs/{job.pk}/"))
    assert "A second person has to approve this job" in shown
    assert 'id="job-approve"' not in shown
    assert client.post(f"/jobs/{job.pk}/approve/", headers=STATUS).status_code == 403
    colleague = as_user(make_user(Role.EDITOR, email="two@x.example", name="Tom"))
    assert 'id="job-approve"' in text_of(colleague.get(f"/jobs/{job.pk}/"))
    viewer = as_user(make_user(Role.VIEWER, email="v@x.example"))
    assert viewer.post(f"/jobs/{job.pk}/approve/").status_code == 403
    assert colleague.post(f"/jobs/{job.pk}/approve/", follow=True).status_code == 200
    job.refresh_from_db()
    assert job.state == Job.State.QUEUED
    assert "Approved by" in text_of(client.get(f"/jobs/{job.pk}/"))


def test_who_waits_is_told_whom_to_ask(client, editor, as_user):
    job = waiting(editor)
    shown = text_of(client.get(f"/jobs/{job.pk}/"))
    assert "nobody else has the right and all of your business units" in shown
    make_user(Role.VIEWER, email="v@x.example", name="Vera Viewer")
    make_user(Role.EDITOR, email="g@x.example", name="Gus Garden", all_units=False)
    make_user(Role.EDITOR, email="l@x.example", name="Lia Left", is_active=False)
    assert "nobody else" in text_of(client.get(f"/jobs/{job.pk}/"))
    for name in ("Dan", "Bea", "Cyd", "Ann", "Eve"):
        make_user(Role.EDITOR, email=f"{name}@x.example", name=name)
    shown = text_of(client.get(f"/jobs/{job.pk}/"))
    assert "Who can approve it: Ann, Bea, Cyd and 2 more. Send one of them" in shown


def test_who_may_approve_reaches_all_that_the_first_does(marker):
    ours, theirs = UnitFactory(), UnitFactory()
    first = UserFactory(units=[ours])
    both, same = UserFactory(units=[ours, theirs]), UserFactory(units=[ours])
    UserFactory(units=[theirs])
    everywhere = make_user(Role.ADMINISTRATOR)
    job = waiting(first)
    found = approvers_of(job)
    assert {user.pk for user in found} == {both.pk, same.pk, everywhere.pk}
    assert all(may_approve(User.objects.get(pk=user.pk), job) for user in found)


def test_asking_all_staff_costs_the_same_for_many(marker, django_assert_num_queries):
    job = waiting(UserFactory(units=[UnitFactory()]))
    reach_of(job.created_by)  # remembered on the user
    for count in (1, 20):
        for n in range(count):
            UserFactory(units=[UnitFactory()], email=f"{count}-{n}@x.example")
        with django_assert_num_queries(2):
            assert approvers_of(job) == []


def test_a_declined_job_is_over_before_it_began(client, editor, as_user, marker):
    job = waiting(editor)
    colleague = as_user(make_user(Role.EDITOR, email="two@x.example"))
    answer = colleague.post(f"/jobs/{job.pk}/decline/", headers=STATUS)
    assert "It was not approved. Nothing was done." in text_of(answer)
    run_all()
    assert marker.seen == []
    assert "It was not approved. Nothing was done." in text_of(client.get(f"/jobs/{job.pk}/"))


def test_a_failed_job_says_why_and_goes_on(client, editor, marker):
    def fail(work):
        raise RuntimeError("boom")

    marker.before = fail
    job = start(editor)
    run_all()
    shown = text_of(client.get(f"/jobs/{job.pk}/"))
    assert "An error came back at every attempt." in shown
    assert "boom" not in shown
    marker.before = lambda work: None
    client.post(f"/jobs/{job.pk}/resume/")
    run_all()
    assert "25 contacts done" in text_of(client.get(f"/jobs/{job.pk}/"))


def test_the_bell_rings_until_the_result_was_seen_and_looking_changes_nothing(client, editor):
    job = start(editor)
    assert "running" in text_of(client.get("/jobs/bell/"))
    run_all()
    for _ in range(2):
        assert "1<span" in text_of(client.get("/jobs/bell/"))
        client.get(f"/jobs/{job.pk}/")
    response = client.post(f"/jobs/{job.pk}/seen/", headers=STATUS)
    assert "jobs:changed" in response.headers["HX-Trigger"]
    assert text_of(client.get("/jobs/bell/")) == ""


def test_other_people_s_jobs_do_not_exist(editor, as_user):
    job = start(editor)
    stranger = as_user(make_user(Role.EDITOR, email="two@x.example"))
    assert stranger.get(f"/jobs/{job.pk}/").status_code == 404
    assert "No jobs yet" in text_of(stranger.get("/jobs/"))
    administrator = as_user(make_user(Role.ADMINISTRATOR))
    assert f'href="/jobs/{job.pk}/"' in text_of(administrator.get("/jobs/"))


def test_the_list_costs_the_same_for_one_job_and_for_many(
    client, editor, django_assert_max_num_queries
):
    start(editor)
    with django_assert_max_num_queries(6):
        client.get("/jobs/")
    for _ in range(30):
        start(editor, [1])
    with django_assert_max_num_queries(6):
        response = client.get("/jobs/")
    assert "Older" in text_of(response)


def test_a_job_that_nobody_works_on_says_so(client, editor):
    job = start(editor)
    for url in (f"/jobs/{job.pk}/", "/jobs/"):
        shown = text_of(client.get(url))
        assert "Nothing moves: no worker is running" in shown
        assert "The last one was there" not in shown
    assert "no worker is running" in text_of(client.get(f"/jobs/{job.pk}/", headers=STATUS))
    leave_sign(now=timezone.now() - timedelta(hours=2))
    assert "The last one was there" in text_of(client.get(f"/jobs/{job.pk}/"))
    leave_sign(now=timezone.now())
    for url in (f"/jobs/{job.pk}/", "/jobs/"):
        assert "no worker is running" not in text_of(client.get(url))


@pytest.mark.parametrize("act", ["pause", "cancel"])
def test_a_job_that_waits_for_no_worker_says_nothing_of_one(client, editor, act):
    job = start(editor)
    client.post(f"/jobs/{job.pk}/{act}/")
    for url in (f"/jobs/{job.pk}/", "/jobs/"):
        assert "no worker is running" not in text_of(client.get(url))


def test_a_kind_says_what_its_jobs_do(client, editor, monkeypatch, marker):
    from dataclasses import replace

    from jobs import kinds

    told = Description(
        [("Colour", "<b>red</b>")],
        [Outcome("changed", "in", "Marked"), Outcome("gone", "none", "Gone", is_rare=True)],
        [File("job_refusals_csv", "Refusals")],
        lambda key: f"because {key}",
    )
    kind = replace(
        kinds.get_kind("mark"), title=lambda job: "Mark <i>all</i>", describe=lambda job: told
    )
    monkeypatch.setitem(kinds._kinds, "mark", kind)
    job = start(editor)
    assert title_of(job) == "Mark <i>all</i>"
    run_all(NOW + timedelta(seconds=5))
    shown = text_of(client.get(f"/jobs/{job.pk}/"))
    assert "Mark &lt;i&gt;all&lt;/i&gt;" in shown
    assert "&lt;b&gt;red&lt;/b&gt;" in shown
    assert "Marked" in shown
    assert "Gone" not in shown
    assert f"/jobs/{job.pk}/refusals.csv" in shown


def test_a_job_of_an_unknown_kind_is_still_shown(client, editor):
    job = start(editor)
    Job.objects.update(kind="from the future")
    assert f"Job {job.pk}" in text_of(client.get(f"/jobs/{job.pk}/"))
    assert client.get("/jobs/").status_code == 200
