"""A job over some people, a worker that may be killed anywhere, and a look at what is left.

Run as ``python -m tests.anomalies.job_scene VERB:ARGUMENT...``; each answer is a line of JSON.
"""

import json
import os
import signal
import sys
import time
from datetime import UTC, datetime

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PEOPLE, CHUNK, REFUSED = 22, 5, 3


def make_job(user, subscription_type):
    """Start an opt-in of everybody, of whom three have opted out themselves."""
    from tests.contacts.bulk_scene import IN, OUT, held, opting, start_edit
    from tests.factories import make_contact
    from tests.preferences.kernel import HOUR, act, of, own

    people = [make_contact(f"p{n:02}@home.example") for n in range(PEOPLE)]
    for contact in people[:: PEOPLE // REFUSED][:REFUSED]:
        act(held(contact)[0], own(of(subscription_type), OUT), at=NOW - HOUR)
    return start_edit(opting(IN, subscription_type), user)


def look(_: str = "") -> dict[str, object]:
    """Tell what is there, and whether it is consistent."""
    from jobs.models import Job
    from jobs.selectors import counts_of, progress_of
    from preferences.models import ConsentEvent, Evidence
    from preferences.rebuilding import differences
    from preferences.verification import verify_ledger

    job = Job.objects.earliest("pk")
    return {
        "state": job.state,
        "done": progress_of(job, now=NOW).done,
        "items": counts_of(job).items,
        "events": ConsentEvent.objects.filter(job_id=job.pk).count(),
        "evidence": Evidence.objects.count(),
        "differences": len(list(differences())),
        "is_intact": verify_ledger().is_intact,
    }


def work(_: str = "") -> dict[str, int]:
    """Run until nothing is left."""
    from jobs.running import run_next_chunk

    count = 0
    while run_next_chunk(now=NOW) is not None:
        count += 1
    return {"chunks": count}


def killed(point: str) -> None:
    """Do one chunk, then die at a point of the second."""
    from jobs import running
    from preferences import ledger, projection

    running.run_next_chunk(now=NOW)
    mark, append = running._mark_done, ledger.append
    if point == "before the events":
        ledger.append = die
    elif point == "after the events":
        ledger.append = lambda entries, *_: (append(entries), die())
    elif point == "before the statuses":
        projection.write = die
    elif point == "before the commit":
        running._mark_done = lambda *args: (mark(*args), die())
    elif point == "between two chunks":
        die()
    running.run_next_chunk(now=NOW)
    die()  # after the commit


def served(seconds: str) -> None:
    """Be a worker as it is in production, only slow: each chunk tells when it has written events."""
    from django.core.management import call_command

    from preferences import ledger

    append = ledger.append

    def slowly(entries, *_):
        append(entries)
        sys.stdout.write("written\n")
        sys.stdout.flush()
        time.sleep(float(seconds))

    ledger.append = slowly
    call_command("work_jobs")


def prepared(_: str) -> dict[str, int]:
    """Make the tables, and a job to do."""
    from django.core.management import call_command

    from contacts.bulk import start
    from tests.factories import UserFactory
    from tests.preferences.kernel import news, set_policy

    call_command("migrate", verbosity=0)
    start.CHANGES_AT_ONCE = CHUNK
    subscription_type = news()
    set_policy()
    return {"job": make_job(UserFactory(), subscription_type).pk}


def counted(_: str) -> dict[str, int]:
    """Tell how many jobs and chunks there are."""
    from jobs.models import Job, JobChunk

    return {"jobs": Job.objects.count(), "chunks": JobChunk.objects.count()}


def asked(point: str) -> dict[str, int]:
    """Be the server that is asked to start a second job, and die at a point of it."""
    from contacts.bulk import start
    from jobs import services
    from jobs.models import Job
    from preferences.models import SubscriptionType
    from tests.contacts.bulk_scene import OUT, opting, start_edit

    start.CHANGES_AT_ONCE = CHUNK
    freeze = services._freeze
    if point == "before the commit":
        services._freeze = lambda *args: (freeze(*args), die())
    user = Job.objects.earliest("pk").created_by
    edit = opting(OUT, SubscriptionType.objects.get())
    job = start_edit(edit, user, key="one form")
    if point == "after the commit":
        die()
    return {"job": job.pk, "chunks": job.chunks.count(), "total": job.total}


def die(*args: object, **kwargs: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    django.setup()
    verbs = {
        "asked": asked,
        "counted": counted,
        "killed": killed,
        "look": look,
        "prepared": prepared,
        "served": served,
        "work": work,
    }
    for argument in sys.argv[1:]:
        verb, _, rest = argument.partition(":")
        sys.stdout.write(json.dumps(verbs[verb](rest)) + "\n")
