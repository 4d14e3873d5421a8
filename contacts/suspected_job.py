"""Giving back many suspected opt-outs as a job (R24): frozen, in chunks, with progress and a result.

An item is the id of an event. Whoever has said something newer meanwhile is left as they are.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.access import Right, require
from accounts.models import User
from contacts.bulk.changes import Door
from contacts.bulk.describing import FILES, left_words, reason_words
from contacts.bulk.kinds import done_of
from contacts.bulk.tally import Tally
from contacts.bulk.waiting import counted
from contacts.suspected import GIVE_BACK, contacts_of, correct, labelled
from jobs.describing import REFUSED, Description, Effect, EffectLine, ItemWords, Outcome
from jobs.kinds import Done, Kind, Work, register
from jobs.models import Job
from jobs.services import start_job
from preferences.models import BusinessUnit
from preferences.services import apply_changes, preview_changes
from preferences.suspected import SuspectedFilter, burst_began_at
from subscriptions_site.templatetags.ui import moment, number

CHUNK = 500
OPT_OUTS = ItemWords(
    gettext_lazy("Opt-outs done"),
    gettext_lazy("%(done)s of %(total)s opt-outs done"),
    gettext_lazy("%(done)s of %(total)s opt-outs were done before."),
    gettext_lazy("Cancelled after %(done)s of %(total)s opt-outs. What was done stays done."),
)


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
            effect=effect_of_give_back,
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
    selection = {
        "unit": filters.unit_id,
        "burst": filters.burst,
        "since": filters.since.isoformat() if filters.since else None,
    }
    return start_job(
        kind=GIVE_BACK,
        items=labelled(filters, newest_id=newest_id, user=user),
        parameters={"explanation": explanation},
        selection={name: value for name, value in selection.items() if value},
        user=user,
        now=now,
        typed=typed,
    )


def work_give_back(work: Work) -> Done:
    """Give one chunk back, as whoever started it."""
    return done_of(_take(work.items, work.job, user=work.user, now=work.now, door=apply_changes))


def effect_of_give_back(job: Job, now: datetime) -> Effect:
    """Return what a job that waits would do now, as whoever started it."""
    found = counted(
        job, partial(_take, job=job, user=job.created_by, now=now, door=preview_changes)
    )
    will = _("will be given back: what the person said before counts again")
    lines = [EffectLine("in", found.count("changed"), will)]
    left = sorted((key for key in found.items if key.startswith(REFUSED)), key=found.count)
    lines += [EffectLine("wait", found.count(key), reason_words(key)) for key in reversed(left)]
    gone = found.count("out_of_reach")
    if gone:
        words = _("left out: not within reach of who started it any more")
        lines.append(EffectLine("none", gone, words))
    return Effect(lines, found.seen, found.total)


def _take(ids: Sequence[int], job: Job, *, user: User, now: datetime, door: Door) -> Tally:
    """Take these opt-outs to a door; count each once, under the contact that who started it sees."""
    explanation = job.parameters["explanation"]
    results = correct(ids, explanation, user, now, job_id=job.pk, door=door)
    owners = contacts_of({one.change.address_id for one in results.values()}, user)
    tally = Tally()
    for result in results.values():
        owner = owners.get(result.change.address_id)
        tally.add(owner.pk if owner else 0, [result])
    for _missing in range(len(ids) - len(results)):
        tally.leave("out_of_reach", 0)
    return tally


def title_of_give_back(job: Job) -> str:
    """Return "Give back 912 suspected opt-outs"."""
    words = ngettext(
        "Give back %(count)s suspected opt-out", "Give back %(count)s suspected opt-outs", job.total
    )
    return words % {"count": number(job.total)}


def describe_give_back(job: Job) -> Description:
    """Say what was asked for and how to call what came of it; at most one query."""
    facts = [
        (_("Opt-outs"), _which(job.total, job.selection)),
        (_("What happens"), _("What each person said before counts again. Nobody is mailed.")),
        (_("Explanation"), job.parameters["explanation"]),
    ]
    outcomes = [
        Outcome("changed", "in", _("Given back"), _("Given back so far")),
        Outcome("refused", "wait", _("Left as they are"), _("Left as they are so far")),
        Outcome("out_of_reach", "none", _("Not within reach any more"), is_rare=True),
    ]
    return Description(facts, outcomes, FILES, reason_words, _summary, "job_refusals", OPT_OUTS)


def _which(total: int, selection: Mapping[str, Any]) -> str:
    """Return which opt-outs were meant, a line for each filter."""
    words = ngettext(
        "%(count)s that counted when the job was started",
        "%(count)s that counted when the job was started",
        total,
    )
    lines = [words % {"count": number(total)}]
    if unit_id := selection.get("unit"):
        unit = BusinessUnit.objects.filter(pk=unit_id).first()
        lines.append(_("Business unit: %(name)s") % {"name": unit or unit_id})
    if began_at := burst_began_at(selection.get("burst", "")):
        lines.append(_("Burst of %(time)s") % {"time": moment(began_at)})
    if since := parse_datetime(selection.get("since") or ""):
        lines.append(_("Since %(time)s") % {"time": moment(since)})
    return "\n".join(lines)


def _summary(counts: Mapping[str, int]) -> str:
    given, left = counts.get("changed", 0), counts.get("refused", 0)
    words = ngettext(
        "%(count)s opt-out was given back. What the person said before counts again.",
        "%(count)s opt-outs were given back. What the people said before counts again.",
        given,
    )
    return f"{words % {'count': number(given)}} {left_words(left)}".strip()
