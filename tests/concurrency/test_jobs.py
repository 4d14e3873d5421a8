"""Workers beside each other and beside people who unsubscribe: the person's word stands."""

import pytest

from contacts.bulk import start as bulk_start
from contacts.models import ContactAddress
from jobs.models import Job, JobChunk
from jobs.running import run_next_chunk
from jobs.selectors import counts_of
from preferences.models import ConsentEvent, Preference
from preferences.rebuilding import differences
from preferences.services import apply_change
from preferences.values import PERSON, Change, Source
from preferences.verification import verify_ledger
from tests.concurrency.crowd import all_at_once
from tests.contacts.bulk_scene import IN, OUT, opting, start_edit
from tests.factories import UserFactory, make_contact
from tests.preferences.kernel import IS_POSTGRESQL, MINUTE, NOW, news, of, own, set_policy

pytestmark = [
    pytest.mark.skipif(not IS_POSTGRESQL, reason="SQLite has one writer"),
    pytest.mark.django_db(transaction=True),
]
PEOPLE, CHUNK = 240, 20


@pytest.fixture
def first(monkeypatch):
    monkeypatch.setattr(bulk_start, "CHANGES_AT_ONCE", CHUNK)
    set_policy()
    for number in range(PEOPLE):
        make_contact(f"p{number}@home.example")
    return news()


def worker() -> int:
    count, last = 0, 0
    while (last := run_next_chunk(now=NOW + MINUTE, after_job_id=last or 0)) is not None:
        count += 1
    return count


def finish(*jobs: Job) -> None:
    """A worker that found the last chunk of another one taken has gone; one more looks again."""
    worker()
    for job in jobs:
        job.refresh_from_db()
        assert job.state == Job.State.FINISHED


def test_r2_who_unsubscribes_while_jobs_run_ends_opted_out(first):
    jobs = [start_edit(opting(status, first), UserFactory()) for status in (IN, OUT, IN)]
    ids = list(ContactAddress.objects.values_list("address_id", flat=True))
    click = own(of(first), OUT, Source.ONE_CLICK)

    def people(some: list[int]):
        for address_id in some:
            change = Change(address_id, click)
            assert apply_change(change=change, actor=PERSON, now=NOW).decision.rule in ("R2", "R16")

    half = len(ids) // 2
    all_at_once([worker, worker, lambda: people(ids[:half]), lambda: people(ids[half:])])
    finish(*jobs)
    assert set(Preference.objects.values_list("status", flat=True)) == {OUT.code}
    assert Preference.objects.count() == PEOPLE
    assert list(differences()) == []
    assert verify_ledger().is_intact
    for job in jobs:
        written = ConsentEvent.objects.filter(job_id=job.pk).count()
        assert counts_of(job).items.get("changed", 0) == written


def test_r19_two_workers_share_a_job_and_do_each_chunk_once(first):
    job = start_edit(opting(IN, first), UserFactory())
    counts = all_at_once([worker, worker, worker])
    finish(job)
    assert sum(counts) == PEOPLE // CHUNK
    assert counts_of(job).items == {"changed": PEOPLE}
    assert ConsentEvent.objects.count() == PEOPLE
    spans = JobChunk.objects.values_list("first_event_id", "last_event_id")
    assert (
        sum(ConsentEvent.objects.filter(pk__range=span, job_id=job.pk).count() for span in spans)
        >= PEOPLE
    )


def test_a_second_click_at_the_same_moment_starts_no_second_job(first):
    user = UserFactory()
    jobs = all_at_once([lambda: start_edit(opting(IN, first), user, key="form")] * 3)
    assert len({job.pk for job in jobs}) == 1
    assert JobChunk.objects.count() == PEOPLE // CHUNK
