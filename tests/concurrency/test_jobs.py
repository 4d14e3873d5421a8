"""Workers beside each other and beside people who unsubscribe: the person's word stands."""

import threading

import pytest
from django.core.management import call_command

from contacts.bulk import start as bulk_start
from contacts.models import Contact, ContactAddress
from contacts.units import ensure_unit_set
from jobs import running
from jobs.ids import ids_of_text
from jobs.management.commands import work_jobs
from jobs.models import Job, JobChunk
from jobs.running import run_next_chunk
from jobs.selectors import counts_of
from preferences.models import ConsentEvent, Preference
from preferences.rebuilding import differences
from preferences.services import apply_change, ensure_addresses
from preferences.values import PERSON, Change, Channel, Source
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


def make_people(count: int) -> list[int]:
    """Make contacts with an address each in a few statements; return the addresses."""
    pairs = [(f"c{number}@crowd.example",) * 2 for number in range(count)]
    addresses = ensure_addresses(channel=Channel.EMAIL, pairs=pairs, now=NOW)
    unit_set = ensure_unit_set([])
    made = Contact.objects.bulk_create(
        Contact(unit_set=unit_set, created_at=NOW, updated_at=NOW, last_name="Crowd")
        for _ in addresses
    )
    ContactAddress.objects.bulk_create(
        ContactAddress(
            contact=contact, address_id=address_id, channel=Channel.EMAIL.code, is_primary=True
        )
        for contact, address_id in zip(made, addresses, strict=True)
    )
    return addresses


def test_r2_a_thousand_people_unsubscribe_while_they_are_opted_in(monkeypatch):
    monkeypatch.setattr(bulk_start, "CHANGES_AT_ONCE", 100)
    set_policy()
    addresses = make_people(1000)
    subscription_type = news()
    jobs = [start_edit(opting(IN, subscription_type), UserFactory()) for _ in range(2)]
    click = own(of(subscription_type), OUT, Source.ONE_CLICK)

    def people(some: list[int]):
        for address_id in some:
            apply_change(change=Change(address_id, click), actor=PERSON, now=NOW)

    crowd = [lambda some=addresses[place::4]: people(some) for place in range(4)]
    all_at_once([worker, worker, *crowd])
    finish(*jobs)
    found = Preference.objects.filter(subscription_type=subscription_type)
    assert list(found.values_list("status", flat=True)) == [OUT.code] * 1000
    assert list(differences()) == []
    assert verify_ledger().is_intact


def test_a_person_waits_for_the_chunk_that_holds_them_and_for_no_other(first, monkeypatch):
    """The worker stands still inside a chunk: who is not in it passes; who is, right after it."""
    job = start_edit(opting(IN, first), UserFactory())
    held = ids_of_text(job.chunks.get(number=0).items)
    links = ContactAddress.objects.order_by("contact_id")
    inside = links.filter(contact__in=held).first().address_id
    outside = links.exclude(contact__in=held).first().address_id
    is_holding, go_on = threading.Event(), threading.Event()
    may_take_next, order = threading.Event(), []
    mark_done, take = running._mark_done, running._take_and_work

    def marked(*args):
        is_holding.set()
        assert go_on.wait(60)
        mark_done(*args)
        order.append("chunk")

    def taken(job_id, taken_ids, now):
        if order and not may_take_next.wait(60):
            raise AssertionError("nobody came through")
        return take(job_id, taken_ids, now)

    monkeypatch.setattr(running, "_mark_done", marked)
    monkeypatch.setattr(running, "_take_and_work", taken)

    def click(address_id: int, name: str):
        assert is_holding.wait(60)
        wish = own(of(first), OUT, Source.ONE_CLICK)
        apply_change(change=Change(address_id, wish), actor=PERSON, now=NOW)
        order.append(name)

    def passer_by():
        click(outside, "outside")
        go_on.set()

    def waiting():
        click(inside, "inside")
        may_take_next.set()

    all_at_once([worker, passer_by, waiting])
    assert order[:3] in (["outside", "chunk", "inside"], ["outside", "inside", "chunk"])
    assert len(order) == 2 + PEOPLE // CHUNK
    finish(job)
    ends = Preference.objects.filter(address__in=[inside, outside])
    assert set(ends.values_list("status", flat=True)) == {OUT.code}


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


def test_a_worker_has_two_chunks_under_way_at_one_moment(first, monkeypatch):
    """Neither can be marked done before the other is as far."""
    job = start_edit(opting(OUT, first), UserFactory())
    both, mark = threading.Barrier(2), running._mark_done

    def mark_together(*args):
        both.wait(60)
        mark(*args)

    monkeypatch.setattr(running, "_mark_done", mark_together)
    call_command("work_jobs", "--until-empty")
    finish(job)
    assert counts_of(job).items == {"changed": PEOPLE}
    assert list(differences()) == []
    assert verify_ledger().is_intact


def test_what_breaks_a_helper_ends_the_worker(first, monkeypatch):
    job, run_next = start_edit(opting(OUT, first), UserFactory()), work_jobs.run_next_chunk

    def break_beside(**asked):
        if threading.current_thread() is threading.main_thread():
            return run_next(**asked)
        raise ValueError("a fault of ours")

    monkeypatch.setattr(work_jobs, "run_next_chunk", break_beside)
    with pytest.raises(ValueError, match="a fault of ours"):
        call_command("work_jobs")
    monkeypatch.undo()
    finish(job)
    assert counts_of(job).items == {"changed": PEOPLE}


def test_a_worker_told_to_do_one_chunk_at_a_time_has_no_helper(first, monkeypatch):
    job, seen, run_next = start_edit(opting(OUT, first), UserFactory()), set(), run_next_chunk

    def note(**asked):
        seen.add(threading.current_thread())
        return run_next(**asked)

    monkeypatch.setattr(work_jobs, "run_next_chunk", note)
    call_command("work_jobs", "--until-empty", "--at-once", "1")
    assert seen == {threading.main_thread()}
    finish(job)
