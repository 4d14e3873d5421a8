"""A process that dies at the door leaves nothing half done, and twins do nothing twice (R19)."""

import signal
from pathlib import Path

import pytest

from tests.anomalies.child import PEOPLE
from tests.anomalies.killing import answers, database_of, start
from tests.preferences.kernel import news

MODULE = "tests.anomalies.child"
pytestmark = [pytest.mark.kill, pytest.mark.django_db(transaction=True)]

NOTHING = {
    "events": 0,
    "evidence": 0,
    "statuses": 0,
    "repeats": 0,
    "differences": 0,
    "is_intact": True,
}
ALL = {**NOTHING, "events": PEOPLE, "evidence": 1, "statuses": PEOPLE}


@pytest.fixture
def database(tmp_path: Path) -> str:
    """The address of a database that other processes can open; it has one subscription type."""
    news()
    return database_of(tmp_path)


@pytest.mark.parametrize(
    ("point", "left"),
    [
        ("after the evidence", NOTHING),
        ("after half the events", NOTHING),
        ("after the events", NOTHING),
        ("after the statuses", NOTHING),
        ("after the commit", ALL),
    ],
)
def test_r19_killed_in_the_middle_of_a_batch(database, point, left):
    process = start(database, MODULE, f"killed:{point}")
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    found, again, afterwards = answers(start(database, MODULE, "look", "apply:bulk", "look"))
    assert found == left
    assert again == {"applied": PEOPLE if left is NOTHING else 0, "answered": PEOPLE}
    assert afterwards == ALL


def test_r19_twin_calls_of_two_processes_are_one_act(database):
    """The same call sent twice at one moment: all are answered twice, and everything is kept once."""
    twins = [start(database, MODULE, "apply:click") for _ in range(3)]
    applied = [answers(twin)[0]["applied"] for twin in twins]
    assert sorted(applied) == [0, 0, PEOPLE]
    [found] = answers(start(database, MODULE, "look"))
    assert found == {**ALL, "evidence": 0, "repeats": 2 * PEOPLE}
