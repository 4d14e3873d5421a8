"""Seals: every final event under exactly one root, whatever order transactions commit in."""

import threading
from collections.abc import Sequence
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from preferences import batch, ledger, seal, sealing
from preferences.management.commands import seal_ledger
from preferences.models import ConsentEvent, Seal
from preferences.sealing import outside, seal_events
from preferences.verification import Finding, Problem, verify_ledger
from tests.preferences.kernel import (
    HOUR,
    IS_POSTGRESQL,
    NOW,
    OUT,
    act,
    act_all,
    address,
    addresses,
    lifted_guards,
    news,
    of,
    own,
    seal_until,
)

only_postgresql = pytest.mark.skipif(not IS_POSTGRESQL, reason="SQLite has one writer")


class Cluster:
    """Transaction ids as a test wants them; SQLite has none."""

    def __init__(self, monkeypatch) -> None:
        self.transaction = 1_000
        self.oldest_running: int | None = None
        self.ids: Sequence[int] | None = None
        if IS_POSTGRESQL:
            monkeypatch.setattr(sealing, "_horizon", self.horizon)
        monkeypatch.setattr(batch, "numbers_given", self.numbers)

    def horizon(self) -> int:
        return self.oldest_running or self.transaction + 1

    def numbers(self, row: tuple) -> ledger.Numbers:
        given = ledger.numbers_given(row)
        if IS_POSTGRESQL:
            given = given._replace(transaction_id=self.transaction)
        return given if self.ids is None else given._replace(event_ids=iter(self.ids))

    def write(self, count: int = 1, *, ids: Sequence[int] | None = None) -> list[int]:
        """Commit events in a transaction of their own; ``ids`` it had reserved before."""
        self.transaction += 1
        people = [address(f"p{self.transaction}-{n}@fernmoor.example") for n in range(count)]
        wish = own(self.scope, OUT)
        self.ids = ids
        return [result.event_id or 0 for result in act_all([(one, wish) for one in people])]


@pytest.fixture
def cluster(db, monkeypatch) -> Cluster:
    made = Cluster(monkeypatch)
    made.scope = of(news())
    return made


def sealed() -> list[str]:
    return list(Seal.objects.order_by("number").values_list("ranges", flat=True))


def ranges(*ids: int) -> str:
    return seal.to_ranges(sorted(ids))


def assert_intact(unsealed: int = 0) -> None:
    report = verify_ledger()
    assert report.finding is None
    assert report.unsealed_count == unsealed
    assert report.event_count == ConsentEvent.objects.count()


# --- one after another --------------------------------------------------------------------------------


def test_new_events_are_sealed_and_chained_to_the_seal_before(cluster):
    first, second = cluster.write(3), cluster.write(2)
    one = seal_events(now=NOW)[0]
    assert (one.number, one.count, one.ranges) == (1, 5, ranges(*first, *second))
    assert (one.first_id, one.last_id) == (first[0], second[-1])
    assert bytes(one.previous_head) == seal.GENESIS
    digests = ConsentEvent.objects.order_by("id").values_list("digest", flat=True)
    assert bytes(one.root) == seal.merkle_root([bytes(digest) for digest in digests])
    third = cluster.write(1)
    two = seal_events(now=NOW + HOUR)[0]
    assert (two.number, two.ranges) == (2, ranges(*third))
    assert bytes(two.previous_head) == bytes(one.head)
    assert_intact()


def test_nothing_new_is_no_seal(cluster):
    assert seal_events(now=NOW) == []
    cluster.write()
    assert len(seal_events(now=NOW)) == 1
    assert seal_events(now=NOW) == []


def test_many_events_are_sealed_in_pieces(cluster, monkeypatch):
    monkeypatch.setattr(sealing, "SEAL_LIMIT", 4)
    ids = cluster.write(10)
    assert [one.count for one in seal_events(now=NOW)] == [4, 4, 2]
    assert sealed() == [ranges(*ids[:4]), ranges(*ids[4:8]), ranges(*ids[8:])]
    cluster.write(4)
    assert [one.count for one in seal_events(now=NOW)] == [4]
    assert_intact()


def test_a_gap_is_no_deletion(cluster):
    """Numbers that a refusal or a rolled back transaction took are in no range."""
    first = cluster.write(1)[0]
    cluster.write(2, ids=[first + 3, first + 7])
    seal_events(now=NOW)
    assert sealed() == [ranges(first, first + 3, first + 7)]
    assert_intact()


def test_outside_takes_what_no_range_holds():
    events = [(number,) for number in range(1, 12)]
    sealed_already = [range(9, 10), range(2, 5), range(30, 40), range(6, 8)]
    assert [event[0] for event in outside(events, sealed_already)] == [1, 5, 8, 10, 11]
    assert outside([], sealed_already) == []
    assert outside(events, []) == events


# --- PostgreSQL: ids are not in commit order ------------------------------------------------------------


@only_postgresql
def test_what_may_still_be_overtaken_waits(cluster):
    first = cluster.write(1)
    cluster.oldest_running = cluster.transaction + 1
    cluster.write(2)
    seal_events(now=NOW)
    assert sealed() == [ranges(*first)]
    assert_intact(unsealed=2)
    cluster.oldest_running = None
    seal_events(now=NOW)
    assert_intact()


@pytest.fixture
def latecomer(cluster) -> Cluster:
    """A transaction that began later has lower ids; 503 to 505 are committed and sealed."""
    cluster.write(3, ids=range(503, 506))
    cluster.oldest_running = cluster.transaction + 1
    seal_events(now=NOW)
    assert sealed() == ["503-505"]
    return cluster


@only_postgresql
def test_a_late_commit_is_sealed_later(latecomer):
    latecomer.write(2, ids=[501, 502])
    assert_intact(unsealed=2)
    latecomer.oldest_running = None
    latecomer.write(ids=[506])
    seal_events(now=NOW + HOUR)
    assert sealed() == ["503-505", "501-502,506"]
    assert_intact()
    assert seal_events(now=NOW + HOUR) == []


@only_postgresql
def test_more_latecomers_than_fit_one_seal_are_all_sealed(latecomer, monkeypatch):
    """Memory is bounded by the limit; what did not fit is not forgotten."""
    monkeypatch.setattr(sealing, "SEAL_LIMIT", 2)
    monkeypatch.setattr(sealing, "READ_AT_ONCE", 3)
    latecomer.write(5, ids=range(480, 485))
    latecomer.write(3, ids=range(506, 509))
    latecomer.oldest_running = None
    counts = [one.count for one in seal_events(now=NOW + HOUR)]
    assert counts == [2, 2, 2, 2]
    assert_intact()
    assert seal_events(now=NOW + HOUR) == []


@only_postgresql
def test_an_altered_latecomer_is_found_before_it_is_sealed(latecomer):
    latecomer.write(2, ids=[501, 502])
    with lifted_guards():
        ConsentEvent.objects.filter(pk=502).update(rule=1)
    assert verify_ledger().finding == Finding(Problem.ALTERED, 502)


@only_postgresql
def test_a_dump_restored_into_a_new_cluster_goes_on(cluster):
    """Its transaction ids start over: far below the horizon of the last seal."""
    cluster.transaction = 5_000_000
    cluster.write(3)
    seal_events(now=NOW)
    cluster.write(2)  # not sealed when the dump was made
    cluster.transaction = 700
    cluster.write(2)
    cluster.oldest_running = cluster.transaction + 5
    seal_events(now=NOW + HOUR)
    assert_intact()
    cluster.transaction += 3
    cluster.write(1)
    assert_intact(unsealed=1)
    cluster.oldest_running = None
    seal_events(now=NOW + HOUR)
    assert_intact()
    assert seal_events(now=NOW + HOUR) == []


@only_postgresql
def test_a_restored_dump_with_much_left_to_seal(cluster, monkeypatch):
    monkeypatch.setattr(sealing, "SEAL_LIMIT", 2)
    cluster.transaction = 5_000_000
    cluster.write(2)
    with transaction.atomic():
        sealing._seal_some(NOW)  # one seal of several: interrupted by the dump
    cluster.write(5)
    cluster.transaction = 700
    cluster.write(1)
    seal_events(now=NOW + HOUR)
    assert_intact()
    cluster.write(1)
    seal_events(now=NOW + HOUR)
    assert_intact()


@only_postgresql
def test_the_new_cluster_has_latecomers_too(cluster):
    cluster.transaction = 5_000_000
    done = cluster.write()[0]
    seal_events(now=NOW)
    cluster.transaction = 700
    cluster.write(ids=[done + 2])
    cluster.oldest_running = cluster.transaction + 1
    seal_events(now=NOW + HOUR)
    cluster.write(ids=[done + 1])
    cluster.oldest_running = None
    seal_events(now=NOW + HOUR)
    assert_intact()


@only_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_real_transaction_that_commits_after_the_seal():
    """Two connections: the one with the lower ids commits last."""
    scope, (one, two) = of(news()), addresses(2)
    is_reserved, may_commit = threading.Event(), threading.Event()
    problems: list[BaseException] = []

    def slow() -> None:
        try:
            with transaction.atomic():
                act(one, own(scope, OUT))
                is_reserved.set()
                assert may_commit.wait(20)
        except BaseException as error:
            problems.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=slow)
    with transaction.atomic():
        with connection.cursor() as cursor:  # ours is the older transaction, with the higher ids
            cursor.execute("SELECT pg_current_xact_id()")
        thread.start()
        assert is_reserved.wait(20)
        act(two, own(scope, OUT))
    seal_until(1)
    assert Seal.objects.get().count == 1
    may_commit.set()
    thread.join()
    assert not problems
    assert_intact(unsealed=1)
    seal_until(2)
    assert Seal.objects.count() == 2
    lower, higher = ConsentEvent.objects.order_by("id")
    assert (lower.address_id, higher.address_id) == (one, two)
    assert_intact()


@only_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_transaction_leaves_a_gap_and_no_doubt():
    scope, people = of(news()), addresses(3)
    act(people[0], own(scope, OUT))
    with transaction.atomic():
        act(people[1], own(scope, OUT))
        transaction.set_rollback(True)
    act(people[2], own(scope, OUT))
    seal_until(2)
    first, second = ConsentEvent.objects.order_by("id").values_list("id", flat=True)
    assert second > first + 1
    assert ",".join(sealed()) == f"{first},{second}"
    assert_intact()


@pytest.mark.django_db(transaction=True)
def test_committed_events_are_sealed():
    act(address(), own(of(news()), OUT))
    seal_until(1)
    assert_intact()


# --- the command --------------------------------------------------------------------------------------


def test_the_command_says_what_it_sealed(cluster):
    cluster.write(2)
    out = StringIO()
    call_command("seal_ledger", stdout=out)
    head = bytes(Seal.objects.get().head).hex()
    assert out.getvalue() == f"Seal 1: 2 events, head {head}\n"
    call_command("seal_ledger", stdout=out, verbosity=0)
    assert out.getvalue().count("\n") == 1


class Stop(Exception):
    pass


def test_the_command_goes_on_until_it_is_stopped_and_survives_a_broken_database(
    cluster, monkeypatch
):
    naps: list[float] = []
    closed: list[bool] = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            raise Stop
        if len(naps) == 1:
            monkeypatch.setattr(seal_ledger, "seal_events", breaks)
        else:
            monkeypatch.setattr(seal_ledger, "seal_events", seal_events)

    def breaks(**kwargs):
        raise DatabaseError("the server is gone")

    monkeypatch.setattr(seal_ledger.time, "sleep", sleep)
    monkeypatch.setattr(seal_ledger.connection, "close", lambda: closed.append(True))
    cluster.write()
    out, err = StringIO(), StringIO()
    with pytest.raises(Stop):
        call_command("seal_ledger", "--every", "5", stdout=out, stderr=err, verbosity=0)
    assert naps == [5, 5, 5]
    assert "Not sealed this time: the server is gone" in err.getvalue()
    assert closed == [True]
    assert Seal.objects.count() == 1


def test_a_single_run_fails_with_the_database(cluster, monkeypatch):
    def breaks(**kwargs):
        raise DatabaseError("the server is gone")

    monkeypatch.setattr(seal_ledger, "seal_events", breaks)
    with pytest.raises(DatabaseError):
        call_command("seal_ledger")
