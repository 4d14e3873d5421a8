"""Template tags of the screens of jobs."""

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.models import Job
from jobs.selectors import Progress
from subscriptions_site.templatetags.ui import number, status_pill

register = template.Library()

PILLS = {
    Job.State.WAITING: "AWAITING",
    Job.State.QUEUED: "PAUSED",
    Job.State.RUNNING: "RUNNING",
    Job.State.PAUSED: "PAUSED",
    Job.State.CANCELLED: "SKIPPED",
    Job.State.FINISHED: "FINISHED",
    Job.State.FAILED: "FAILED",
}


@register.simple_tag
def job_pill(job: Job) -> SafeString:
    """Draw the state of a job."""
    return status_pill(PILLS[Job.State(job.state)], Job.State(job.state).label)


@register.simple_tag
def job_url(job: Job, act: str) -> str:
    """Return where a job is steered: "pause", "resume", "cancel", "approve", "decline"."""
    return reverse(f"job_{act}", args=[job.pk])


@register.simple_tag
def reached(progress: Progress) -> int:
    """Return the quarter of the way that was announced last, in per cent."""
    return progress.percent // 25 * 25


@register.simple_tag
def time_left(progress: Progress) -> str:
    """Write how long it will take: "About 3 minutes left, 1,200 a second"."""
    if progress.seconds_left is None or progress.per_second is None:
        return _("Starting")
    rate = number(max(1, round(progress.per_second)))
    words = _("About %(time)s left, %(rate)s a second")
    return words % {"time": _duration(progress.seconds_left), "rate": rate}


@register.filter
def took(job: Job) -> str:
    """Write how long a job ran."""
    if job.finished_at is None:
        return ""
    return _duration((job.finished_at - (job.started_at or job.created_at)).total_seconds())


def _duration(seconds: float) -> str:
    if seconds < 90:
        count = max(1, round(seconds))
        return ngettext("%(count)s second", "%(count)s seconds", count) % {"count": count}
    if seconds < 90 * 60:
        count = round(seconds / 60)
        return ngettext("%(count)s minute", "%(count)s minutes", count) % {"count": count}
    count = round(seconds / 3600)
    return ngettext("%(count)s hour", "%(count)s hours", count) % {"count": count}
