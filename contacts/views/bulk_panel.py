"""What the panels over a selection share: who is selected, the effect, starting the job."""

from collections.abc import Callable
from typing import Any, cast

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from contacts.bulk.actions import InvalidAction
from contacts.bulk.edit import InvalidBulkEdit
from contacts.bulk.preview import people_of
from contacts.bulk_forms import StartForm
from contacts.bulk_preview import Effect, Question, see_effect, see_moved
from contacts.index_form import IndexForm
from contacts.models import Contact
from contacts.open_view import NoSuchView, open_view
from contacts.selection import (
    TICKED_LIMIT,
    Selection,
    TooManyTicked,
    read_selection,
)
from contacts.views.panel import number_of
from jobs.models import Job
from jobs.policy import current_job_policy
from jobs.selectors import find_started
from jobs.services import NothingSelected, NumberNotTyped, SelectionMoved
from subscriptions_site.web.htmx import Request

NOBODY = gettext_lazy("Nobody is selected. Close this and tick people in the list.")
NOBODY_LEFT = gettext_lazy("Nobody is selected any more. Close this and select people again.")
NO_VIEW = gettext_lazy("The view is not there any more, so nobody is selected.")
MOVED = gettext_lazy("The numbers have moved. Look at the effect again, then finish.")
NOT_STARTED = (InvalidBulkEdit, InvalidAction, NumberNotTyped, SelectionMoved, NothingSelected)

type Ask = Callable[[Selection], Question | None]


class NoSelection(ValueError):
    """Says in words why it cannot be told who is selected."""


def selection_of(request: Request) -> Selection:
    """Return who was selected. Raises NoSelection: never is somebody else taken instead."""
    data: QueryDict = request.POST if request.method == "POST" else request.GET
    user, now = cast(User, request.user), timezone.now()
    try:
        # What the URL does not say is the view's, as in the index: nobody is added by forgetting.
        asked = open_view(user, data).data
        selection = read_selection(data, IndexForm(asked, user=user, now=now).query())
    except NoSuchView as error:
        raise NoSelection(str(NO_VIEW)) from error
    except TooManyTicked as error:
        words = _(
            "More than %(count)s people are ticked. Narrow the list and select all that match."
        )
        raise NoSelection(words % {"count": TICKED_LIMIT}) from error
    if selection.problem:
        raise NoSelection(selection.problem)
    return selection


def panel_context(
    request: Request, form: StartForm, ask: Ask, *, problem: str = "", effect: Effect | None = None
) -> dict[str, Any]:
    """Return what a panel shows: the selection, its number, the effect, what stands in the way.

    ``effect``: the one to show, if it is known already. With ``problem`` everything is counted anew.
    """
    context: dict[str, Any] = {
        "form": form,
        "selection": None,
        "effect": effect,
        "problem": problem,
    }
    try:
        selection = context["selection"] = selection_of(request)
    except NoSelection as error:
        return context | {"problem": str(error), "count": 0, "asks_number": False}
    if effect is None:
        token = "" if problem else request.POST.get("counted", "")
        context |= _effect_context(ask, selection, token)
        effect = context["effect"]
    chosen = selection.contacts(cast(User, request.user))
    count = effect.shown.total if effect else chosen.count()
    context |= {"count": count, "problem": problem or ("" if count else str(NOBODY))}
    return context | {"asks_number": count > current_job_policy().typed_number_over}


def _effect_context(ask: Ask, selection: Selection, token: str) -> dict[str, Any]:
    try:
        question = ask(selection)
    except InvalidAction as error:
        return {"effect": None, "nothing": next(iter(error.problems.values()))}
    if question is None:
        return {"effect": None}
    return {"effect": see_effect(question, now=timezone.now(), token=token)}


def people_context(request: Request, form: StartForm, ask: Ask) -> dict[str, Any]:
    """Return the people of one outcome of the preview, a page of them."""
    user, outcome = cast(User, request.user), request.POST.get("outcome", "")
    context = panel_context(request, form, ask)
    people: list[Contact] = []
    if (effect := context["effect"]) is not None:
        question, after = effect.question, number_of(request, "after") or 0
        found = people_of(question.look, question.contacts, outcome, after_id=after)
        visible = context["selection"].contacts(user).filter(pk__in=found.contact_ids)
        people = list(visible.order_by("pk"))
        context |= {"after": found.after_id, "line": effect.line(outcome), "outcome": outcome}
    return context | {"people": people, "is_further": "after" in request.POST}


def start_from(
    request: Request, form: StartForm, ask: Ask, start: Callable[[Selection], Job]
) -> Job | dict[str, Any]:
    """Start the job of a form that was sent; else return the context of the panel that says why not.

    Sent twice it is one job. If the numbers moved since they were shown, they are shown again first.
    """
    started = find_started(cast(User, request.user), form.data.get("key", ""))
    if started is not None:
        return started
    try:
        selection = selection_of(request)
    except NoSelection:
        return panel_context(request, form, ask)
    if not form.is_valid():
        form.add_further_problems()
        return panel_context(request, form, ask)
    moved, problem = None, ""
    try:
        if (moved := _moved_effect(request, ask, selection)) is None:
            return start(selection)
        problem = str(MOVED if moved.shown.total else NOBODY_LEFT)
    except NOT_STARTED as error:
        problem = _say(form, error)
    return panel_context(request, form, ask, problem=problem, effect=moved)


def _say(form: StartForm, error: Exception) -> str:
    """Return why nothing was started; what is about a field goes into the form instead."""
    match error:
        case InvalidBulkEdit() | InvalidAction():
            form.add_problems(error.problems)
        case NumberNotTyped():
            words = _("Type %(count)s to confirm for how many people this is.")
            form.add_error("typed", words % {"count": error.total})
        case SelectionMoved():
            words = _("The selection has %(count)s contacts now. Look at the effect again.")
            return words % {"count": error.total}
        case NothingSelected():
            return str(NOBODY_LEFT)
    return ""


def _moved_effect(request: Request, ask: Ask, selection: Selection) -> Effect | None:
    question = ask(selection)
    if question is None:
        return None
    return see_moved(question, now=timezone.now(), token=request.POST.get("counted", ""))
