"""A process of its own at the door: applies a batch, may be killed in the middle, tells what it finds.

Run as ``python -m tests.anomalies.child VERB:ARGUMENT...``; the answer is a line of JSON for each.
"""

import json
import os
import signal
import sys
from datetime import UTC, datetime

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PEOPLE = 40


def die(*args: object, **kwargs: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def changes(kind: str):
    from preferences.models import SubscriptionType
    from preferences.services import ensure_addresses
    from preferences.values import (
        Change,
        Channel,
        LegalBasis,
        Source,
        Status,
        Wish,
        Word,
        type_scope,
    )

    pairs = [(f"p{n}@fernmoor.example", f"p{n}@fernmoor.example") for n in range(PEOPLE)]
    scope = type_scope(SubscriptionType.objects.get().pk)
    people = ensure_addresses(channel=Channel.EMAIL, pairs=pairs, now=NOW)
    if kind == "click":
        wish = Wish(scope=scope, source=Source.ONE_CLICK, status=Status.UNSUBSCRIBED, word=Word.OWN)
    else:
        wish = Wish(
            scope=scope,
            source=Source.BULK_EDIT,
            status=Status.SUBSCRIBED,
            legal_basis=LegalBasis.CONSENT_WITH_NOTICE,
            explanation="Asked at the fair",
            job_id=1,
        )
    return [Change(one, wish) for one in people]


def apply(kind: str) -> dict[str, int]:
    from preferences.services import apply_changes
    from preferences.values import Actor, ActorKind

    actor = Actor(ActorKind.USER, 1)
    results = apply_changes(changes=changes(kind), actor=actor, now=NOW)
    return {"applied": sum(result.is_applied for result in results), "answered": len(results)}


def killed(point: str) -> None:
    """Apply the batch, and die at the point named."""
    from preferences import ledger, projection

    append, write = ledger.append, projection.write
    if point == "after the evidence":
        ledger.append = die
    elif point == "after half the events":
        ledger.append = lambda entries, *_: (append(entries[: len(entries) // 2]), die())
    elif point == "after the events":
        projection.write = die
    elif point == "after the statuses":
        projection.write = lambda *args: (write(*args), die())
    apply("bulk")
    die()  # after the commit


def look(_: str) -> dict[str, object]:
    """Tell what is there, and whether it is consistent."""
    from preferences.models import ConsentEvent, Evidence, Preference, RepeatedWord
    from preferences.rebuilding import differences
    from preferences.verification import verify_ledger

    return {
        "events": ConsentEvent.objects.count(),
        "evidence": Evidence.objects.count(),
        "statuses": Preference.objects.count(),
        "repeats": sum(RepeatedWord.objects.values_list("count", flat=True)),
        "differences": len(list(differences())),
        "is_intact": verify_ledger().is_intact,
    }


if __name__ == "__main__":
    django.setup()
    verbs = {"apply": apply, "killed": killed, "look": look}
    for argument in sys.argv[1:]:
        verb, _, rest = argument.partition(":")
        sys.stdout.write(json.dumps(verbs[verb](rest)) + "\n")
