"""The panels of the other bulk actions: set a property or the owner, add a legal basis, delete."""

from typing import Any, cast

from django.http import Http404, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import Right, staff_view
from accounts.models import User
from contacts.bulk.acting import start_action
from contacts.bulk_action_forms import ACTION_FORMS
from contacts.bulk_preview import Question, ask_action
from contacts.selection import Selection
from contacts.views.bulk_panel import panel_context, people_context, start_from
from jobs.models import Job
from subscriptions_site.web.htmx import Request, page_or_fragment, redirect_or_trigger

PAGE = "contacts/contacts_action.html"
PANEL = {"panel": "contacts/_action_panel.html"}
EFFECT = {"bulk_effect": "contacts/_action_effect_changed.html"}


@staff_view(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def contacts_action(request: Request, action: str) -> HttpResponse:
    """Show the panel of one action over the people selected, or start its job."""
    asking = _Asking(request, action, request.POST if request.method == "POST" else None)
    if request.method != "POST":
        context = panel_context(request, asking.form, asking.question)
        return page_or_fragment(request, PAGE, asking.words() | context, PANEL)
    started = start_from(request, asking.form, asking.question, asking.start)
    if isinstance(started, Job):
        return redirect_or_trigger(request, f"/jobs/{started.pk}/")
    return page_or_fragment(request, PAGE, asking.words() | started, PANEL, status=422)


@staff_view(Right.EDIT)
@require_POST
def contacts_action_preview(request: Request, action: str) -> HttpResponse:
    """Count what the action would do; nothing changes."""
    asking = _Asking(request, action, request.POST)
    asking.form.is_valid()
    context = asking.words() | panel_context(request, asking.form, asking.question)
    asking.form.errors.clear()  # nothing was sent yet: the effect says what is missing
    template = "contacts/contacts_action_preview.html"
    return page_or_fragment(request, template, context, {**PANEL, **EFFECT})


@staff_view(Right.EDIT)
@require_POST
def contacts_action_people(request: Request, action: str) -> HttpResponse:
    """List the people of one outcome of the preview."""
    asking = _Asking(request, action, request.POST)
    asking.form.is_valid()
    context = asking.words() | people_context(request, asking.form, asking.question)
    dialog = {"dialog": "contacts/_bulk_people_dialog.html"}
    return page_or_fragment(request, "contacts/contacts_action_people.html", context, dialog)


class _Asking:
    """One form of an action and what it stands for. Raises Http404 for an action there is not."""

    def __init__(self, request: Request, name: str, data: QueryDict | None) -> None:
        if name not in ACTION_FORMS:
            raise Http404
        self.name, self.user = name, cast(User, request.user)
        self.form = ACTION_FORMS[name](data, user=self.user)

    def question(self, selection: Selection) -> Question | None:
        action = self.form.action()
        return ask_action(action, selection, user=self.user) if action else None

    def start(self, selection: Selection) -> Job:
        data, action = self.form.cleaned_data, self.form.action()
        if action is None:
            raise RuntimeError("a valid form has its action")
        return start_action(
            action=action,
            contacts=selection.contacts(self.user),
            selection=selection.as_json(),
            user=self.user,
            now=timezone.now(),
            key=data["key"],
            expected=data["expected"],
            typed=data["typed"],
        )

    def words(self) -> dict[str, Any]:
        """Return what the templates that all panels share ask for."""
        return {
            "title": self.form.title,
            "nothing": self.form.nothing,
            "form_url": reverse("contacts_action", args=[self.name]),
            "preview_url": reverse("contacts_action_preview", args=[self.name]),
            "people_url": reverse("contacts_action_people", args=[self.name]),
        }
