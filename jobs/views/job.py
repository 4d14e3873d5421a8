"""Jobs: the list, one job with its progress and result, and what may be done with it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import Right, may, staff_view
from accounts.models import User
from jobs import services
from jobs.access import approvers_of, get_job, jobs_for, may_approve, may_steer
from jobs.describing import (
    description_of,
    effect_of,
    may_be_undone,
    names_of,
    reasons_of,
    results_of,
    title_of,
)
from jobs.models import Job
from jobs.selectors import (
    Progress,
    count_to_approve,
    counts_of,
    has_refusals,
    progress_of,
    running_count,
    unseen_jobs,
)
from jobs.workers import Silence, find_silence
from subscriptions_site.web.htmx import Request, page_or_fragment, trigger
from subscriptions_site.web.paging import get_page

PAGE = 25
State = Job.State
GOING = (State.QUEUED, State.RUNNING)
SAID_AT = (25, 50, 75, 100)  # per cent: a screen reader is not told more often


@staff_view(Right.VIEW)
@require_safe
def jobs(request: Request) -> HttpResponse:
    """Show the jobs this user sees, the latest first."""
    user = cast(User, request.user)
    found = jobs_for(user).select_related("created_by")
    page = get_page(found, order=("created_at", "desc"), size=PAGE, query=request.GET)
    context = {
        "page": page,
        "rows": [(one, title_of(one)) for one in page.rows],
        "silence": _silence(page.rows),
    }
    return page_or_fragment(request, "jobs/jobs.html", context)


@staff_view(Right.VIEW)
@require_safe
def job(request: Request, job_id: int) -> HttpResponse:
    """Show one job: how far it is, or what came of it; a running one asks again by itself."""
    found = get_job(cast(User, request.user), job_id)
    return _drawn(request, found)


@staff_view(Right.VIEW)
@require_safe
def jobs_bell(request: Request) -> HttpResponse:
    """Show how many jobs of this user are under way, and whether one has ended since they looked."""
    user = cast(User, request.user)
    context = {
        "running": running_count(user),
        "unseen": unseen_jobs(user).count(),
        "to_approve": count_to_approve(user),
    }
    return page_or_fragment(request, "jobs/jobs_bell.html", context)


@staff_view(Right.VIEW)
@require_POST
def job_seen(request: Request, job_id: int) -> HttpResponse:
    """Remember that the result was seen."""
    user = cast(User, request.user)
    found = get_job(user, job_id)
    services.mark_seen(user=user, now=timezone.now(), job=found)
    if not request.htmx:
        return redirect("job", job_id)
    return trigger(HttpResponse(status=204), "jobs:changed")


@staff_view(Right.VIEW)
@require_POST
def job_pause(request: Request, job_id: int) -> HttpResponse:
    """Stop before the next chunk; the job can go on later."""
    user, now = cast(User, request.user), timezone.now()
    return _steered(
        request, job_id, lambda found: services.pause_job(job=found, user=user, now=now)
    )


@staff_view(Right.VIEW)
@require_POST
def job_resume(request: Request, job_id: int) -> HttpResponse:
    """Go on with a job that was paused, or that a problem stopped."""
    return _steered(request, job_id, lambda found: services.resume_job(job=found))


@staff_view(Right.VIEW)
@require_POST
def job_cancel(request: Request, job_id: int) -> HttpResponse:
    """End a job for good; what is done stays done."""
    user, now = cast(User, request.user), timezone.now()
    return _steered(
        request, job_id, lambda found: services.cancel_job(job=found, user=user, now=now)
    )


@staff_view(Right.EDIT)
@require_POST
def job_approve(request: Request, job_id: int) -> HttpResponse:
    """Let a colleague's job run."""
    user, now = cast(User, request.user), timezone.now()
    return _answered(
        request, job_id, lambda found: services.approve_job(job=found, user=user, now=now)
    )


@staff_view(Right.EDIT)
@require_POST
def job_decline(request: Request, job_id: int) -> HttpResponse:
    """Say no to a colleague's job; nothing of it is done."""
    user, now = cast(User, request.user), timezone.now()
    return _answered(
        request, job_id, lambda found: services.decline_job(job=found, user=user, now=now)
    )


def _steered(request: Request, job_id: int, act: Callable[[Job], Job]) -> HttpResponse:
    found = get_job(cast(User, request.user), job_id)
    if not may_steer(cast(User, request.user), found):
        raise PermissionDenied("steer_job")
    return _acted(request, found, act)


def _answered(request: Request, job_id: int, act: Callable[[Job], Job]) -> HttpResponse:
    user = cast(User, request.user)
    found = get_job(user, job_id)
    if found.state == State.WAITING and not may_approve(user, found):
        raise PermissionDenied("approve_job")
    return _acted(request, found, act)


def _acted(request: Request, found: Job, act: Callable[[Job], Job]) -> HttpResponse:
    """Do it and show the job as it is now; 409 when somebody was faster."""
    problem = ""
    try:
        act(found)
    except services.WrongState:
        problem = _("Nothing was done: the job has moved on meanwhile.")
    if not request.htmx:
        if problem:
            messages.warning(request, problem)
        return redirect("job", found.pk)
    fresh = get_job(cast(User, request.user), found.pk)
    return _drawn(request, fresh, problem=problem, status=409 if problem else 200)


def _drawn(request: Request, found: Job, *, problem: str = "", status: int = 200) -> HttpResponse:
    user, now = cast(User, request.user), timezone.now()
    progress, description = progress_of(found, now=now), description_of(found)
    counts = counts_of(found)
    is_waiting = found.state == State.WAITING
    context = {
        "job": found,
        "title": title_of(found),
        "description": description,
        "progress": progress,
        "counted": description.items.counted(progress.done, progress.total),
        "results": results_of(description, counts.items),
        "reasons": reasons_of(description, counts.items),
        "summary": description.summary(counts.items) if description.summary else "",
        "lists_refusals": bool(description.refusals) and found.is_over and has_refusals(found),
        "problem": problem,
        "silence": _silence([found]),
        "effect": effect_of(found, now=now) if is_waiting and not request.htmx else None,
        "effect_at": now,
        "approvers": names_of(approvers_of(found)) if is_waiting else "",
        "is_answered": request.method == "POST" and not is_waiting,
        "said": _said(request, progress),
        "may_export": may(user, Right.EXPORT),
        "is_mine": found.created_by_id == user.pk,
        "may_undo": may_be_undone(found) and bool(counts.items.get("changed")),
        **_acts(user, found),
    }
    context["focus"] = _focus(context) if request.method == "POST" else ""
    return page_or_fragment(request, "jobs/job.html", context, ["job_status"], status=status)


def _silence(shown: Iterable[Job]) -> Silence | None:
    """Return that no worker is there, where one of these jobs waits for it."""
    if not any(one.state in GOING for one in shown):
        return None
    return find_silence(now=timezone.now())


def _acts(user: User, found: Job) -> dict[str, bool]:
    """Return which buttons there are."""
    steers = may_steer(user, found)
    return {
        "may_pause": steers and found.state in GOING,
        "may_resume": steers and found.state in (State.PAUSED, State.FAILED),
        "may_cancel": steers and not found.is_over,
        "may_approve": may_approve(user, found),
        "is_going": found.state in GOING,
    }


def _focus(context: Mapping[str, Any]) -> str:
    """Return where the focus goes after an act, as its button is gone: what can be done next."""
    nexts = (act for act in ("resume", "pause") if context[f"may_{act}"])
    return next(nexts, "heading")


def _said(request: Request, progress: Progress) -> int | None:
    """Return the per cent to announce now; None when that was announced before."""
    reached = max([step for step in SAID_AT if progress.percent >= step], default=0)
    return None if request.GET.get("said", "0") == str(reached) else reached
