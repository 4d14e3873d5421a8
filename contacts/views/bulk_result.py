"""What came of a bulk edit: the files, and the undo of the whole job (R23), preview first."""

from typing import cast

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import Right, may, staff_view
from accounts.models import User
from contacts.bulk.refused import START, Position, refusal_choices, refused_page
from contacts.bulk.results import change_rows, refusal_rows
from contacts.bulk.undo import NotUndoable, check_undo, preview_undo, start_undo, undo_until
from contacts.views.panel import number_of
from jobs.access import get_job, may_steer
from jobs.describing import title_of
from jobs.models import Job
from jobs.services import NothingSelected
from subscriptions_site.web.files import csv_response
from subscriptions_site.web.htmx import Request, page_or_fragment, redirect_or_trigger

REASONS = {
    "kind": _("A job of this kind cannot be undone."),
    "running": _("A job can be undone once it is over."),
    "too_late": _("It is too long ago: what these people have now may rest on it."),
}
REFUSALS = {
    "job_refusals": "contacts/_job_refusals.html",
    "refusals_more": "contacts/_refusals_more.html",
}
NOTHING = _("There is nothing left to undo.")


@staff_view(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def job_undo(request: Request, job_id: int) -> HttpResponse:
    """Show what an undo would come to, or start it."""
    user, now = cast(User, request.user), timezone.now()
    job = get_job(user, job_id)
    if not may_steer(user, job):
        raise Http404
    problem: object = ""
    if request.method == "POST":
        try:
            undo = start_undo(job=job, user=user, now=now, key=f"undo-{job.pk}")
            return redirect_or_trigger(request, f"/jobs/{undo.pk}/")
        except NotUndoable as error:
            problem = REASONS[error.reason]
        except NothingSelected:
            problem = NOTHING
    return _dialog(request, user, job, problem)


@staff_view(Right.VIEW)
@require_safe
def job_refusals(request: Request, job_id: int) -> HttpResponse:
    """List whom the job left as they were, and why."""
    user = cast(User, request.user)
    job = get_job(user, job_id)
    choices = refusal_choices(job)
    reason = request.GET.get("reason", "")
    reason = reason if reason in {key for key, _words, _count in choices} else ""
    begin = Position(number_of(request, "chunk") or 0, number_of(request, "place") or 0)
    context = {
        "job": job,
        "title": title_of(job),
        "choices": choices,
        "reason": reason,
        "total": sum(count for key, _words, count in choices if reason in ("", key)),
        "page": refused_page(job, user=user, reason=reason, begin=begin),
        "is_further": begin != START,
        "may_export": may(user, Right.EXPORT),
    }
    return page_or_fragment(request, "contacts/job_refusals.html", context, REFUSALS)


@staff_view(Right.EXPORT)
@require_safe
def job_changes_csv(request: Request, job_id: int) -> StreamingHttpResponse:
    """Send what the job wrote into the ledger as a file."""
    user = cast(User, request.user)
    job = get_job(user, job_id)
    return csv_response(change_rows(job, user=user), f"changes-{job.pk}.csv")


@staff_view(Right.EXPORT)
@require_safe
def job_refusals_csv(request: Request, job_id: int) -> StreamingHttpResponse:
    """Send whom the job left as they were, and why, as a file."""
    user = cast(User, request.user)
    job = get_job(user, job_id)
    rows = refusal_rows(job, user=user, reason=request.GET.get("reason", ""))
    return csv_response(rows, f"refusals-{job.pk}.csv")


def _dialog(request: Request, user: User, job: Job, problem: object) -> HttpResponse:
    now = timezone.now()
    context = {"job": job, "title": title_of(job), "problem": problem, "until": undo_until(job)}
    try:
        check_undo(job, now=now)
        tally, seen, total = preview_undo(job=job, user=user, now=now)
        context |= {"items": tally.items, "seen": seen, "total": total}
    except NotUndoable as error:
        context["problem"] = problem or REASONS[error.reason]
    status = 409 if problem else 200
    dialog = {"dialog": "contacts/_job_undo_dialog.html"}
    return page_or_fragment(request, "contacts/job_undo.html", context, dialog, status=status)
