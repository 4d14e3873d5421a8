"""Suspected automatic: the opt-outs that a machine may have made, and giving them back (R24)."""

from collections.abc import Collection
from datetime import datetime
from itertools import islice
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.access import Right, may, reach_of, staff_view
from accounts.models import User
from contacts.suspected import AT_ONCE, GivenBack, give_back, labelled, rows_of
from contacts.suspected_forms import GiveBackForm, SuspectedForm
from contacts.suspected_job import start_give_back
from jobs.services import NumberNotTyped
from preferences.outline import get_outline
from preferences.suspected import (
    SuspectedFilter,
    burst_began_at,
    count_suspected,
    suspected_events,
)
from preferences.wording import REASONS
from subscriptions_site.templatetags.ui import number
from subscriptions_site.web.htmx import Request, invalid, page_or_fragment
from subscriptions_site.web.paging import get_page

PAGE = 50


@staff_view(Right.VIEW)
@require_safe
def suspected(request: Request) -> HttpResponse:
    """Show the opt-outs that are labelled, the newest first."""
    return page_or_fragment(request, "contacts/suspected.html", _page(request, GiveBackForm()))


@staff_view(Right.RESUBSCRIBE)
@require_POST
def suspected_give_back(request: Request) -> HttpResponse:
    """Give back those that are ticked, or all that match, with one explanation."""
    user, now = cast(User, request.user), timezone.now()
    form = GiveBackForm(request.POST)
    if not form.is_valid():
        return invalid(request, "contacts/suspected.html", _page(request, form))
    explanation = form.cleaned_data["explanation"]
    ids: Collection[int] = form.ids
    if form.is_all and form.newest_id is not None:
        filters = _filter_form(request).filters(now=now)
        ids = list(islice(labelled(filters, newest_id=form.newest_id, user=user), AT_ONCE + 1))
        if len(ids) > AT_ONCE:
            return _start_job(request, form, filters, user, now)
    _tell(request, give_back(event_ids=ids, explanation=explanation, user=user, now=now))
    return redirect(_url(_filter_form(request).parameters))


def _start_job(
    request: Request, form: GiveBackForm, filters: SuspectedFilter, user: User, now: datetime
) -> HttpResponse:
    """Give back as a job what would keep a page waiting; many demand their number typed."""
    try:
        job = start_give_back(
            filters=filters,
            newest_id=form.newest_id or 0,
            explanation=form.cleaned_data["explanation"],
            user=user,
            now=now,
            typed=form.cleaned_data["typed"],
        )
    except NumberNotTyped as error:
        form.ask_number(error.total)
        return invalid(request, "contacts/suspected.html", _page(request, form))
    return redirect("job", job.pk)


def _filter_form(request: Request) -> SuspectedForm:
    units = get_outline(reach_of(cast(User, request.user))).units
    return SuspectedForm(request.GET, units=units)


def _page(request: Request, form: GiveBackForm) -> dict[str, Any]:
    user, now = cast(User, request.user), timezone.now()
    reach = reach_of(user)
    filter_form = _filter_form(request)
    filters = filter_form.filters(now=now)
    events = suspected_events(reach, filters)
    page = get_page(*events, order=("pk", "desc"), size=PAGE, query=request.GET)
    rows = rows_of(page.rows, user)
    parameters = filter_form.parameters
    return {
        "page": page,
        "rows": rows,
        "form": form,
        "ticked": set(form.ids),
        "filter_form": filter_form,
        "is_narrowed": bool(parameters),
        "offers_all": bool(parameters) and filters.is_standing,
        "total": count_suspected(reach, filters),
        "newest": rows[0].id if rows else "",
        "burst_began_at": burst_began_at(filters.burst),
        "without_burst": _url({**parameters, "burst": ""}),
        "may_give_back": may(user, Right.RESUBSCRIBE),
        "at_once": AT_ONCE,
    }


def _url(parameters: dict[str, str]) -> str:
    query = urlencode({name: value for name, value in parameters.items() if value})
    return reverse("suspected") + (f"?{query}" if query else "")


def _tell(request: Request, done: GivenBack) -> None:
    """Say what became of it: counts by outcome, with the rule of what was left."""
    if done.given_back or not done.left:
        words = ngettext(
            "%(count)s opt-out was given back. What the person said before counts again.",
            "%(count)s opt-outs were given back. What the people said before counts again.",
            done.given_back,
        )
        messages.success(request, words % {"count": number(done.given_back)})
    for (rule, reason), count in done.left.items():
        words = ngettext(
            "%(count)s was left as it is: %(reason)s (%(rule)s)",
            "%(count)s were left as they are: %(reason)s (%(rule)s)",
            count,
        )
        messages.warning(
            request, words % {"count": number(count), "reason": REASONS[reason], "rule": rule}
        )
