"""Giving back many suspected opt-outs as a job (R24): frozen, in chunks, with progress and a result.

An item is the id of an event. Whoever has said something newer meanwhile is left as they are.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.access import Right, require
from accounts.models import User
from contacts.bulk.describing import reason_words
from contacts.bulk.tally import reason_key
from contacts.suspected import correct, labelled
from jobs.describing import REFUSED, Description, Outcome
from jobs.kinds import Done, Kind, Work, register
from jobs.models import Job
from jobs.services import start_job
from preferences.suspected import SuspectedFilter
from subscriptions_site.templatetags.ui import number

GIVE_BACK = "give_back"
CHUNK = 500


def register_give_back() -> None:
    """Make the job known to the workers."""
    register(
        Kind(
            GIVE_BACK,
            gettext_lazy("Give back suspected opt-outs"),
            Right.RESUBSCRIBE,
            work_give_back,
            chunk_size=CHUNK,
            title=title_of_give_back,
            describe=describe_give_back,
        )
    )


def start_give_back(
    *,
    filters: SuspectedFilter,
    newest_id: int,
    explanation: str,
    user: User,
    now: datetime,
    typed: int | None = None,
) -> Job:
    """Queue giving back all that match and can be. Raises NothingSelected and NumberNotTyped."""
    require(user, Right.RESUBSCRIBE)
    return start_job(
        kind=GIVE_BACK,
        items=labelled(filters, newest_id=newest_id, user=user),
        parameters={"explanation": explanation},
        selection={},
        user=user,
        now=now,
        typed=typed,
    )


def work_give_back(work: Work) -> Done:
    """Give one chunk back, as whoever started it; what is out of their reach now is not there."""
    explanation = work.job.parameters["explanation"]
    results = correct(work.items, explanation, work.user, work.now, job_id=work.job.pk)
    counts, refusals = Counter[str](), defaultdict[str, list[int]](list)
    for event_id, result in results.items():
        counts["changed" if result.is_applied else "refused"] += 1
        if not result.is_applied:
            refusals[reason_key(result.decision)].append(event_id)
    counts["gone"] = len(work.items) - len(results)
    counts.update({f"{REFUSED}{key}": len(ids) for key, ids in refusals.items()})
    written = [r.event_id for r in results.values() if r.is_applied and r.event_id is not None]
    return Done(
        item_counts={key: count for key, count in counts.items() if count},
        change_counts={"changed": counts["changed"]},
        refusals=refusals,
        first_event_id=min(written, default=None),
        last_event_id=max(written, default=None),
    )


def title_of_give_back(job: Job) -> str:
    """Return "Give back 912 suspected opt-outs"."""
    words = ngettext(
        "Give back %(count)s suspected opt-out", "Give back %(count)s suspected opt-outs", job.total
    )
    return words % {"count": number(job.total)}


def describe_give_back(job: Job) -> Description:
    """Say what was asked for and how to call what came of it; needs no query."""
    facts = [
        (_("What"), title_of_give_back(job)),
        (_("Explanation"), job.parameters["explanation"]),
    ]
    outcomes = [
        Outcome("changed", "in", _("Given back"), _("Given back so far")),
        Outcome("refused", "wait", _("Left as they are")),
        Outcome("gone", "none", _("Not there any more"), is_rare=True),
    ]
    return Description(facts, outcomes, reason_words=reason_words, summary=_summary)


def _summary(counts: Mapping[str, int]) -> str:
    words = ngettext(
        "%(count)s opt-out was given back. What the person said before counts again.",
        "%(count)s opt-outs were given back. What the people said before counts again.",
        counts.get("changed", 0),
    )
    return words % {"count": number(counts.get("changed", 0))}
