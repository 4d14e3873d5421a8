"""Words that arrive at one moment share a transaction; nobody's trouble is another's."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, connections, transaction

from preferences import group_commit
from preferences.bulk_sql import FEW
from preferences.bursts import Burst
from preferences.group_commit import apply_with_others
from preferences.models import ConsentEvent
from preferences.values import Change
from tests.preferences.kernel import IS_POSTGRESQL, NOW, OUT, address, addresses, news, of, own

PATIENCE_SECONDS = 60


class Door:
    """Stands where the door is: keeps the groups that come, opens when told, refuses the wrong."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.moments: list[object] = []
        self.wrong: set[str] = set()
        self.is_entered, self.may_go = Event(), Event()

    def apply_changes(self, *, changes, actor, now) -> list[str]:
        self.groups.append(list(changes))
        self.moments.append(now)
        self.is_entered.set()
        assert self.may_go.wait(PATIENCE_SECONDS)
        if self.wrong & set(changes):
            raise LookupError("wrong")
        return [f"{change} is done" for change in changes]

    def apply_change(self, *, change, actor, now) -> str:
        if change in self.wrong:
            raise LookupError(change)
        return f"{change} is done alone"


@pytest.fixture
def door(monkeypatch) -> Iterator[Door]:
    stands = Door()
    monkeypatch.setattr(group_commit, "_groups", group_commit._Groups())
    monkeypatch.setattr(group_commit, "PATIENCE", PATIENCE_SECONDS)
    monkeypatch.setattr(group_commit, "LINGER", 0.001)
    monkeypatch.setattr(group_commit, "apply_changes", stands.apply_changes)
    monkeypatch.setattr(group_commit, "apply_change", stands.apply_change)
    yield stands
    stands.may_go.set()


def brought(change: Any, now=NOW) -> Any:
    return apply_with_others(change_for=lambda _burst: change, note=None, now=now)


class People:
    """Threads that bring one word each."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.threads: list[Thread] = []
        self.answers: dict[str, object] = {}

    def bring_first(self, word: str) -> None:
        """Bring a word that has the door before anybody else comes."""
        self._start(word, NOW)
        assert self.door.is_entered.wait(PATIENCE_SECONDS)

    def bring(self, *words: str, now=NOW) -> None:
        """Bring these words while another group is at the door; return when all of them wait."""
        expected = len(group_commit._groups.waiting) + len(words)
        for word in words:
            self._start(word, now)
        until(lambda: len(group_commit._groups.waiting) == expected)

    def _start(self, word: str, now) -> None:
        thread = Thread(target=self._bring_one, args=(word, now))
        thread.start()
        self.threads.append(thread)

    def _bring_one(self, word: str, now) -> None:
        try:
            self.answers[word] = brought(word, now)
        except LookupError as error:
            self.answers[word] = error

    def all_answers(self) -> dict[str, object]:
        self.door.may_go.set()
        for thread in self.threads:
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive()
        return self.answers


def until(is_so: Callable[[], bool]) -> None:
    end = monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert monotonic() < end
        sleep(0.001)


def test_a_lone_word_waits_for_nobody(door):
    door.may_go.set()
    assert brought("one") == "one is done"  # type: ignore[arg-type]
    assert door.groups == [["one"]]


def test_those_who_come_meanwhile_are_one_group_and_each_hears_of_their_own(door):
    people = People(door)
    people.bring_first("first")
    people.bring("a", "b", "c")
    answers = people.all_answers()
    assert answers == {word: f"{word} is done" for word in ("first", "a", "b", "c")}
    assert [sorted(group) for group in door.groups] == [["first"], ["a", "b", "c"]]


def test_a_group_is_as_late_as_the_latest_of_it(door):
    people = People(door)
    people.bring_first("first")
    people.bring("a", now=NOW + timedelta(seconds=2))
    people.bring("b", now=NOW)
    people.all_answers()
    assert door.moments == [NOW, NOW + timedelta(seconds=2)]


def test_a_crowd_is_more_than_one_group(door):
    people = People(door)
    people.bring_first("first")
    crowd = [f"word {number}" for number in range(2 * FEW + 1)]
    people.bring(*crowd)
    answers = people.all_answers()
    assert all(answers[word] == f"{word} is done" for word in crowd)
    assert [len(group) for group in door.groups] == [1, FEW, FEW, 1]


def test_one_wrong_word_is_nobody_elses_trouble(door):
    people = People(door)
    door.wrong = {"b"}
    people.bring_first("first")
    people.bring("a", "b", "c")
    answers = people.all_answers()
    assert isinstance(answers.pop("b"), LookupError)
    assert answers == {
        "first": "first is done",
        "a": "a is done alone",
        "c": "c is done alone",
    }


def test_who_comes_after_a_wrong_one_is_served(door):
    door.may_go.set()
    door.wrong = {"wrong"}
    with pytest.raises(LookupError):
        brought("wrong")
    assert brought("right") == "right is done"  # type: ignore[arg-type]


def test_a_group_that_hangs_holds_up_nobody_who_comes_later(door, monkeypatch):
    people = People(door)
    people.bring_first("hangs")
    monkeypatch.setattr(group_commit, "PATIENCE", 0.01)
    assert brought("late") == "late is done alone"  # type: ignore[arg-type]
    assert people.answers == {}
    assert people.all_answers() == {"hangs": "hangs is done"}


def test_each_is_counted_once_also_when_the_group_fails(door, monkeypatch):
    """R24: a word applied a second time, alone, is no second opt-out from that network."""
    counted: list[object] = []

    def note(notes, *, now):
        counted.extend(notes)
        return [Burst(f"with {one}", 0) for one in notes]

    monkeypatch.setattr(group_commit, "note_opt_outs", note)
    door.may_go.set()
    door.wrong = {"with this"}
    with pytest.raises(LookupError):
        apply_with_others(change_for=lambda burst: burst.name, note="this", now=NOW)  # type: ignore
    assert counted == ["this"]


@pytest.mark.django_db
def test_inside_a_transaction_it_belongs_to_that_one():
    one, first = address(), news()
    with transaction.atomic():
        brought(Change(one, own(of(first), OUT)))
        assert ConsentEvent.objects.count() == 1
        transaction.set_rollback(True)
    assert not ConsentEvent.objects.exists()


# --- the connection of the groups -----------------------------------------------------------------------


def _in_a_thread_of_its_own(change: Change) -> None:
    results: list[Any] = []

    def bring() -> None:
        results.append(brought(change))
        connection.close()

    thread = Thread(target=bring)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    assert [result.is_applied for result in results] == [True]


@pytest.mark.django_db(transaction=True)
def test_groups_go_over_one_connection_and_leave_that_of_the_thread_alone():
    """On PostgreSQL; SQLite has no server that could keep anything at hand."""
    first, people = news(), addresses(6)
    before = connections[DEFAULT_DB_ALIAS]
    for one in people[:3]:
        assert brought(Change(one, own(of(first), OUT))).is_applied
        assert connections[DEFAULT_DB_ALIAS] is before
    line = group_commit._line.connection
    assert (line is not None) is IS_POSTGRESQL
    assert line is not before
    for one in people[3:]:
        _in_a_thread_of_its_own(Change(one, own(of(first), OUT)))
    assert group_commit._line.connection is line
    assert ConsentEvent.objects.count() == len(people)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_lost_between_two_words_is_opened_again():
    first, people = news(), addresses(3)
    for one in people:
        assert brought(Change(one, own(of(first), OUT))).is_applied
        line = group_commit._line.connection
        if line is not None:
            line.connection.pgconn.finish()
    assert ConsentEvent.objects.count() == len(people)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_lost_in_the_middle_costs_nobody_their_word(monkeypatch):
    first, people = news(), addresses(3)

    def lost(**_batch: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(group_commit, "apply_changes", lost)
    for one in people:  # each goes alone, over the connection of its thread
        assert brought(Change(one, own(of(first), OUT))).is_applied
    assert ConsentEvent.objects.count() == len(people)


@pytest.mark.django_db(transaction=True)
def test_a_group_that_fails_leaves_the_connection_as_it_was():
    first, one = news(), address()
    before = connections[DEFAULT_DB_ALIAS]
    with pytest.raises(LookupError):
        brought(Change(1 << 40, own(of(first), OUT)))
    assert connections[DEFAULT_DB_ALIAS] is before
    assert brought(Change(one, own(of(first), OUT))).is_applied
    assert ConsentEvent.objects.count() == 1
