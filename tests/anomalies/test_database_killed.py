"""PostgreSQL is killed in the middle of a job: the worker waits, and goes on by itself (R19)."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from tests.anomalies.job_scene import PEOPLE, REFUSED
from tests.anomalies.killing import answers, start

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
pytestmark = [
    pytest.mark.kill,
    pytest.mark.skipif(not BINARIES, reason="there is no PostgreSQL to kill"),
]
MODULE = "tests.anomalies.job_scene"
DONE = PEOPLE - REFUSED


class Cluster:
    """A PostgreSQL of this test alone, on a socket of its own; it listens on no port."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, folder / "data"
        self.url = f"postgres:///postgres?host={folder}&user=postgres"
        if os.getuid() == 0:  # PostgreSQL does not run as root
            shutil.chown(folder, "postgres")
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")

    def start(self) -> None:
        """Start it; after a kill its children need a moment to notice and go."""
        options = f"-k {self.folder} -c listen_addresses= -c max_connections=20"
        arguments = ["start", "-w", "-s", "-l", str(self.folder / "log"), "-o", options]
        for _ in range(60):
            try:
                return self._run("pg_ctl", *arguments)
            except subprocess.CalledProcessError:
                time.sleep(0.5)
        raise AssertionError((self.folder / "log").read_text())

    def kill(self) -> None:
        """End the postmaster without a word; nothing is flushed, nobody is told."""
        number = (self.data / "postmaster.pid").read_text().split()[0]
        os.kill(int(number), signal.SIGKILL)

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "-m", "immediate", "-s")

    def _run(self, name: str, *arguments: str) -> None:
        user = {"user": "postgres", "group": "postgres", "extra_groups": []}
        subprocess.run(
            [BINARIES[-1] / name, "-D", self.data, *arguments],
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **(user if os.getuid() == 0 else {}),
        )


@pytest.fixture
def cluster():
    # Not the folder of pytest: a socket's path is short, and another user has to get there.
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        Path(folder).chmod(0o755)
        made = Cluster(Path(folder))
        made.start()
        yield made
        made.stop()


@pytest.mark.parametrize("chunks", [1, 3])
def test_r19_a_worker_outlives_the_database(cluster, chunks):
    answers(start(cluster.url, MODULE, "prepared"))
    worker = start(cluster.url, MODULE, "served:0.5")
    for _ in range(chunks):
        assert worker.stdout.readline() == "written\n"
    cluster.kill()  # events are written, the chunk is not committed
    time.sleep(1)
    assert worker.poll() is None
    cluster.start()
    found = wait_until_finished(cluster)
    assert worker.poll() is None
    worker.terminate()
    worker.communicate(timeout=60)
    assert worker.returncode == 0
    assert (found["done"], found["events"]) == (PEOPLE, DONE)
    assert found["items"] == {
        "changed": DONE,
        "refused": REFUSED,
        "refused R5 own_opt_out": REFUSED,
    }
    assert (found["differences"], found["is_intact"]) == (0, True)


def wait_until_finished(cluster: Cluster) -> dict[str, object]:
    for _ in range(60):
        (found,) = answers(start(cluster.url, MODULE, "look"))
        if found["state"] == "finished":
            return found
        time.sleep(1)
    raise AssertionError(found)
