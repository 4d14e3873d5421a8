"""The panel that edits the subscriptions of many people: the form, its effect, the start of the job."""

from typing import Any, cast

from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import Right, staff_view
from accounts.models import User
from contacts.bulk.edit import InvalidBulkEdit
from contacts.bulk.preview import preview_people
from contacts.bulk.start import start_bulk_edit
from contacts.bulk_forms import BulkEditForm
from contacts.bulk_preview import Effect, as_if_grounded, see_effect
from contacts.index_form import IndexForm
from contacts.models import Contact
from contacts.selection import TICKED_LIMIT, Selection, TooManyTicked, read_selection
from contacts.views.panel import number_of
from jobs.policy import current_job_policy
from jobs.services import NothingSelected, NumberNotTyped, SelectionMoved
from subscriptions_site.web.htmx import Request, page_or_fragment, redirect_or_trigger

PAGE = "contacts/contacts_subscriptions.html"
PANEL = {"panel": "contacts/_bulk_panel.html"}
EFFECT = {"bulk_effect": "contacts/_bulk_effect_changed.html"}


@staff_view(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def contacts_subscriptions(request: Request) -> HttpResponse:
    """Show the panel over the people selected, or start the job."""
    user = cast(User, request.user)
    if request.method != "POST":
        form = BulkEditForm(user=user)
        return _panel(request, form, _selection(request, request.GET))
    form = BulkEditForm(request.POST, user=user)
    selection = _selection(request, request.POST)
    if selection is None or not form.is_valid():
        return _panel(request, form, selection, status=422)
    return _start(request, form, selection)


@staff_view(Right.EDIT)
@require_POST
def contacts_subscriptions_preview(request: Request) -> HttpResponse:
    """Count what the edit would do; nothing changes."""
    user = cast(User, request.user)
    form = BulkEditForm(request.POST, user=user)
    form.is_valid()
    context = _context(request, form, _selection(request, request.POST))
    context["is_preview"] = True
    context["redraws_types"] = request.POST.get("drawn") != form.drawn
    return page_or_fragment(
        request, "contacts/contacts_subscriptions_preview.html", context, {**PANEL, **EFFECT}
    )


@staff_view(Right.EDIT)
@require_POST
def contacts_subscriptions_people(request: Request) -> HttpResponse:
    """List the people of one outcome of the preview."""
    user, now = cast(User, request.user), timezone.now()
    form = BulkEditForm(request.POST, user=user)
    form.is_valid()
    selection = _selection(request, request.POST)
    context = _context(request, form, selection)
    outcome = request.POST.get("outcome", "")
    effect: Effect | None = context["effect"]
    people: list[Contact] = []
    if effect is not None and selection is not None:
        found = preview_people(
            edit=as_if_grounded(effect.edit),
            contacts=selection.contacts(user),
            outcome=outcome,
            user=user,
            now=now,
            after_id=number_of(request, "after") or 0,
        )
        people = list(selection.contacts(user).filter(pk__in=found.contact_ids).order_by("pk"))
        context["after"] = found.after_id
        context["line"] = next((one for one in effect.lines if one.key == outcome), None)
    context["people"] = people
    dialog = {"dialog": "contacts/_bulk_people_dialog.html"}
    return page_or_fragment(request, "contacts/contacts_subscriptions_people.html", context, dialog)


def _selection(request: Request, data: QueryDict) -> Selection | None:
    """Return who was selected; None when more were ticked than can be sent."""
    query = IndexForm(data, user=cast(User, request.user), now=timezone.now()).query()
    try:
        return read_selection(data, query)
    except TooManyTicked:
        return None


def _start(request: Request, form: BulkEditForm, selection: Selection) -> HttpResponse:
    user, problem = cast(User, request.user), ""
    try:
        job = start_bulk_edit(
            edit=form.edit(),
            contacts=selection.contacts(user),
            selection=selection.as_json(),
            user=user,
            now=timezone.now(),
            key=form.cleaned_data["key"],
            expected=form.cleaned_data["expected"],
            typed=form.cleaned_data["typed"],
        )
        return redirect_or_trigger(request, f"/jobs/{job.pk}/")
    except InvalidBulkEdit as error:
        form.add_problems(error.problems)
    except NothingSelected:
        problem = _("Nobody is selected any more. Close this and select people again.")
    except SelectionMoved as error:
        words = _("The selection has %(count)s contacts now. Look at the effect again.")
        problem = words % {"count": error.total}
    except NumberNotTyped as error:
        words = _("Type %(count)s to confirm for how many people this is.")
        form.add_error("typed", words % {"count": error.total})
    return _panel(request, form, selection, problem=problem, status=422)


def _panel(
    request: Request,
    form: BulkEditForm,
    selection: Selection | None,
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    context = _context(request, form, selection)
    context["problem"] = problem or context["problem"]
    return page_or_fragment(request, PAGE, context, PANEL, status=status)


def _context(request: Request, form: BulkEditForm, selection: Selection | None) -> dict[str, Any]:
    user, now = cast(User, request.user), timezone.now()
    context: dict[str, Any] = {"form": form, "selection": selection, "effect": None, "problem": ""}
    if selection is None:
        words = _(
            "More than %(count)s people are ticked. Narrow the list and select all that match."
        )
        return context | {"problem": words % {"count": TICKED_LIMIT}, "count": 0}
    edit, token = form.edit(), request.POST.get("counted", "")
    if edit.type_ids:
        context["effect"] = see_effect(edit, selection, user=user, now=now, token=token)
        count = context["effect"].shown.total
    else:
        count = selection.contacts(user).count()
    if not count:
        nobody = _("Nobody is selected. Close this and tick people in the list.")
        context["problem"] = selection.problem or nobody
    context["count"] = count
    context["asks_number"] = count > current_job_policy().typed_number_over
    return context
