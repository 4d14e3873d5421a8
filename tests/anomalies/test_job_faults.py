"""A fault at every step of a chunk: the attempt leaves nothing, the next one does it once (R19)."""

import pytest

from contacts.bulk import start as bulk_start
from jobs import running
from preferences import batch, ledger, projection
from tests.anomalies.job_scene import CHUNK, PEOPLE, REFUSED, look, make_job, work
from tests.factories import NOW, UserFactory
from tests.preferences.kernel import news, set_policy

pytestmark = pytest.mark.django_db(transaction=True)
DONE = PEOPLE - REFUSED


@pytest.fixture
def job(monkeypatch):
    monkeypatch.setattr(bulk_start, "CHANGES_AT_ONCE", CHUNK)
    set_policy()
    return make_job(UserFactory(), news())


class Fault(Exception):
    pass


STEPS = {
    "before the chunk is taken": (running, "_take_and_work", False),
    "before the read": (batch, "Known", False),
    "after the read": (batch, "decide", False),
    "before the events": (ledger, "append", False),
    "after the events": (ledger, "append", True),
    "before the statuses": (projection, "write", False),
    "after the statuses": (projection, "write", True),
    "before the commit": (running, "_mark_done", True),
    "after the commit": (running, "_run_chunk_of", True),
}


@pytest.mark.parametrize("step", STEPS)
def test_r19_a_fault_at_any_step_loses_and_repeats_nothing(job, monkeypatch, step):
    running.run_next_chunk(now=NOW)
    place, name, is_after = STEPS[step]
    real, faults = getattr(place, name), []

    def faulty(*args, **kwargs):
        if not faults:
            if is_after:
                real(*args, **kwargs)
            faults.append(step)
            raise Fault
        return real(*args, **kwargs)

    monkeypatch.setattr(place, name, faulty)
    try:
        running.run_next_chunk(now=NOW)
    except Fault:
        assert step in ("before the chunk is taken", "after the commit")
    assert faults
    found = look()
    assert found["done"] == (10 if step == "after the commit" else 5)
    assert found["events"] == found["items"]["changed"]
    assert (found["differences"], found["is_intact"]) == (0, True)
    work()
    found = look()
    assert (found["state"], found["done"], found["events"]) == ("finished", PEOPLE, DONE)
    assert found["items"] == {
        "changed": DONE,
        "refused": REFUSED,
        "refused R5 own_opt_out": REFUSED,
    }
    assert (found["differences"], found["is_intact"]) == (0, True)
