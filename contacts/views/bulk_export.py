"""Export of the people selected: which columns, the start of the job, and the file."""

from typing import Any, cast

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import Right, staff_view
from accounts.models import User
from contacts.bulk.export import EXPORT, export_lines, export_rows, has_output, start_export
from contacts.bulk.preview import slice_of
from contacts.bulk_action_forms import ExportForm
from contacts.selection import Selection
from contacts.views.bulk_panel import panel_context, start_from
from jobs.access import get_job
from jobs.models import Job
from subscriptions_site.web.htmx import Request, page_or_fragment, redirect_or_trigger

PAGE = "contacts/contacts_export.html"
PANEL = {"panel": "contacts/_export_panel.html"}
SHOWN_ROWS = 3


@staff_view(Right.EXPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def contacts_export(request: Request) -> HttpResponse:
    """Show which columns there are and how the first rows would look, or start the job."""
    user = cast(User, request.user)
    if request.method != "POST":
        form = ExportForm(user=user)
        context = panel_context(request, form, _nothing_to_ask)
        return page_or_fragment(request, PAGE, context | _sample(context, user), PANEL)
    form = ExportForm(request.POST, user=user)

    def start(selection: Selection) -> Job:
        return start_export(
            contacts=selection.contacts(user),
            selection=selection.as_json(),
            user=user,
            now=timezone.now(),
            key=form.cleaned_data["key"],
            expected=form.cleaned_data["expected"],
            columns=form.cleaned_data["columns"],
        )

    started = start_from(request, form, _nothing_to_ask, start)
    if isinstance(started, Job):
        return redirect_or_trigger(request, f"/jobs/{started.pk}/")
    context = started | _sample(started, user)
    return page_or_fragment(request, PAGE, context, PANEL, status=422)


@staff_view(Right.EXPORT)
@require_safe
def job_export_csv(request: Request, job_id: int) -> HttpResponse | StreamingHttpResponse:
    """Send the file that an export made; it is kept for some days."""
    user = cast(User, request.user)
    job = get_job(user, job_id)
    if job.kind != EXPORT:
        raise Http404
    if job.is_over and not has_output(job):
        words = _("This file is no longer kept. Export again.")
        return HttpResponse(words, status=410, content_type="text/plain; charset=utf-8")
    response = StreamingHttpResponse(export_lines(job, user=user), content_type="text/csv")
    response["Content-Disposition"] = f'attachment; filename="contacts-{job.pk}.csv"'
    return response


def _nothing_to_ask(_selection: Selection) -> None:
    """An export changes nobody, so there is no effect to look at."""


def _sample(context: dict[str, Any], user: User) -> dict[str, Any]:
    """Return header and first rows of the file as it would be with the columns ticked."""
    selection, form = context["selection"], context["form"]
    if selection is None:
        return {}
    columns = [one for one in form.offered if one.key in form.ticked]
    ids = slice_of(selection.contacts(user), 0, SHOWN_ROWS)
    rows = export_rows(ids, [one.key for one in columns], user=user)
    return {"headers": [one.header for one in columns], "sample": rows}
