"""The panel that edits the subscriptions of many people: the form, its effect, the start of the job."""

from typing import Any, cast

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import Right, staff_view
from accounts.models import User
from contacts.bulk.start import start_bulk_edit
from contacts.bulk_forms import BulkEditForm
from contacts.bulk_preview import Question, ask_edit
from contacts.selection import Selection
from contacts.views.bulk_panel import panel_context, people_context, start_from
from jobs.models import Job
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
        asking = _Asking(BulkEditForm(user=user), user)
        context = panel_context(request, asking.form, asking.question) | asking.words()
        return page_or_fragment(request, PAGE, context, PANEL)
    asking = _Asking(BulkEditForm(request.POST, user=user), user)
    started = start_from(request, asking.form, asking.question, asking.start)
    if isinstance(started, Job):
        return redirect_or_trigger(request, f"/jobs/{started.pk}/")
    return page_or_fragment(request, PAGE, started | asking.words(), PANEL, status=422)


@staff_view(Right.EDIT)
@require_POST
def contacts_subscriptions_preview(request: Request) -> HttpResponse:
    """Count what the edit would do; nothing changes."""
    asking = _read(request)
    context = panel_context(request, asking.form, asking.question) | asking.words()
    context["is_preview"] = True
    context["redraws_types"] = request.POST.get("drawn") != asking.form.drawn
    return page_or_fragment(
        request, "contacts/contacts_subscriptions_preview.html", context, {**PANEL, **EFFECT}
    )


@staff_view(Right.EDIT)
@require_POST
def contacts_subscriptions_people(request: Request) -> HttpResponse:
    """List the people of one outcome of the preview."""
    asking = _read(request)
    context = people_context(request, asking.form, asking.question) | asking.words()
    dialog = {"dialog": "contacts/_bulk_people_dialog.html"}
    return page_or_fragment(request, "contacts/contacts_subscriptions_people.html", context, dialog)


class _Asking:
    """One form of the panel and what it stands for."""

    def __init__(self, form: BulkEditForm, user: User) -> None:
        self.form, self.user = form, user

    def question(self, selection: Selection) -> Question | None:
        edit = self.form.edit()
        if not edit.type_ids:
            return None
        return ask_edit(edit, selection, user=self.user, now=timezone.now())

    def start(self, selection: Selection) -> Job:
        data = self.form.cleaned_data
        return start_bulk_edit(
            edit=self.form.edit(),
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
            "title": _("Edit communication subscriptions"),
            "nothing": _("Choose at least one type to see who would change."),
            "preview_url": reverse("contacts_subscriptions_preview"),
            "people_url": reverse("contacts_subscriptions_people"),
        }


def _read(request: Request) -> _Asking:
    user = cast(User, request.user)
    form = BulkEditForm(request.POST, user=user)
    form.is_valid()
    return _Asking(form, user)
