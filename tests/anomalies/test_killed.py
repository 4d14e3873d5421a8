"""A process that dies at the door leaves nothing half done, and twins do nothing twice (R19)."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from tests.anomalies.child import PEOPLE
from tests.preferences.kernel import IS_POSTGRESQL, news

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
    if IS_POSTGRESQL:
        values = connection.settings_dict
        return (
            f"postgres:///{values['NAME']}?host={values['HOST']}&port={values['PORT']}"
            f"&user={values['USER']}"
        )
    path = tmp_path / "kernel.sqlite3"
    with sqlite3.connect(path) as copy:
        connection.connection.backup(copy)
    return f"sqlite:///{path}"


def start(database: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.anomalies.child", *arguments],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": database},
        stdout=subprocess.PIPE,
        text=True,
    )


def answers(process: subprocess.Popen[str]) -> list[dict[str, object]]:
    text, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return [json.loads(line) for line in text.splitlines()]


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
    process = start(database, f"killed:{point}")
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    found, again, afterwards = answers(start(database, "look", "apply:bulk", "look"))
    assert found == left
    assert again == {"applied": PEOPLE if left is NOTHING else 0, "answered": PEOPLE}
    assert afterwards == ALL


def test_r19_twin_calls_of_two_processes_are_one_act(database):
    """The same call sent twice at one moment: all are answered twice, and everything is kept once."""
    twins = [start(database, "apply:click") for _ in range(3)]
    applied = [answers(twin)[0]["applied"] for twin in twins]
    assert sorted(applied) == [0, 0, PEOPLE]
    [found] = answers(start(database, "look"))
    assert found == {**ALL, "evidence": 0, "repeats": 2 * PEOPLE}
