"""A worker that is killed repeats nothing and loses nothing (R19)."""

import signal

import pytest

from contacts.bulk import start as bulk_start
from tests.anomalies.job_scene import CHUNK, PEOPLE, REFUSED, make_job
from tests.anomalies.killing import answers, database_of, start
from tests.factories import UserFactory
from tests.preferences.kernel import news, set_policy

pytestmark = [pytest.mark.kill, pytest.mark.django_db(transaction=True)]
MODULE = "tests.anomalies.job_scene"
DONE = PEOPLE - REFUSED


@pytest.fixture
def database(tmp_path, monkeypatch):
    """The address of a database that other processes can open, with a job to do."""
    monkeypatch.setattr(bulk_start, "CHANGES_AT_ONCE", CHUNK)
    subscription_type = news()
    set_policy()
    make_job(UserFactory(), subscription_type)
    return database_of(tmp_path)


@pytest.mark.parametrize(
    ("point", "chunks"),
    [
        ("between two chunks", 1),
        ("before the events", 1),
        ("after the events", 1),
        ("before the statuses", 1),
        ("before the commit", 1),
        ("after the commit", 2),
    ],
)
def test_r19_a_killed_worker_leaves_whole_chunks(database, point, chunks):
    process = start(database, MODULE, f"killed:{point}")
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    found, further, after = answers(start(database, MODULE, "look", "work", "look"))
    assert found["state"] == "running"
    assert found["done"] == chunks * CHUNK
    assert found["events"] == found["items"]["changed"]
    assert (found["evidence"], found["differences"], found["is_intact"]) == (chunks, 0, True)
    assert further == {"chunks": -(-PEOPLE // CHUNK) - chunks}
    assert after == {
        "state": "finished",
        "done": PEOPLE,
        "items": {"changed": DONE, "refused": REFUSED, "refused R5 own_opt_out": REFUSED},
        "events": DONE,
        "evidence": -(-PEOPLE // CHUNK),
        "differences": 0,
        "is_intact": True,
    }


@pytest.mark.parametrize(("point", "kept"), [("before the commit", 1), ("after the commit", 2)])
def test_a_server_killed_while_it_starts_a_job_leaves_all_of_it_or_nothing(database, point, kept):
    process = start(database, MODULE, f"asked:{point}")
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    (found,) = answers(start(database, MODULE, "counted"))
    assert found == {"jobs": kept, "chunks": kept * -(-PEOPLE // CHUNK)}
    (again,) = answers(start(database, MODULE, "asked"))  # the browser sends the form once more
    (found,) = answers(start(database, MODULE, "counted"))
    assert found == {"jobs": 2, "chunks": 2 * -(-PEOPLE // CHUNK)}
    assert again["total"] == PEOPLE
