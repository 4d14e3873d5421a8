"""Views of the index that are kept: save, rename, share, order, delete; and the columns."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import Right, StaffRequest, reach_of, staff_view
from accounts.settings_access import may_change_settings
from contacts import saved_views as views
from contacts.index_look import IndexLook, look_at_index
from contacts.models import SavedView
from contacts.open_view import NoSuchView, view_url
from contacts.saved_view_form import OWN, SHARED, TOO_LONG, SavedViewForm
from preferences.outline import get_outline
from subscriptions_site.web.htmx import invalid, page_or_fragment, redirect_or_trigger

DIALOG = {"dialog": "contacts/_saved_view_dialog.html"}
DELETE_DIALOG = {"dialog": "contacts/_saved_view_delete_dialog.html"}


@staff_view(Right.VIEW)
@require_safe
def saved_views(request: StaffRequest) -> HttpResponse:
    """List one's own views in their order, and what others share."""
    return page_or_fragment(request, "contacts/saved_views.html", _list(request))


@staff_view(Right.VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def saved_view_create(request: StaffRequest) -> HttpResponse:
    """Show or save the form that keeps how the index is looked at."""
    template = "contacts/saved_view_create.html"
    look = _look(request)
    form = SavedViewForm(request.POST if request.method == "POST" else None)
    context = {"form": form, "look": look}
    if request.method != "POST":
        return page_or_fragment(request, template, context, DIALOG)
    view = _create(request, form, look) if form.is_valid() else None
    if view is None:
        return invalid(request, template, context, DIALOG)
    return redirect_or_trigger(request, view_url(str(view.pk)))


@staff_view(Right.VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def saved_view(request: StaffRequest, pk: int) -> HttpResponse:
    """Show or save the name of a view and who can see it."""
    template = "contacts/saved_view.html"
    view = views.get_view_to_change(request.user, pk)
    told = {"name": view.name, "readers": SHARED if view.is_shared else OWN}
    form = SavedViewForm(request.POST if request.method == "POST" else None, initial=told)
    context = {"form": form, "view": view}
    if request.method != "POST":
        return page_or_fragment(request, template, context, DIALOG)
    if not (form.is_valid() and _describe(form, view)):
        return invalid(request, template, context, DIALOG)
    return redirect_or_trigger(request, view_url(str(view.pk)))


@staff_view(Right.VIEW)
@require_POST
def saved_view_save(request: StaffRequest, pk: int) -> HttpResponse:
    """Let a view open the index as it is looked at now."""
    view = views.get_view_to_change(request.user, pk)
    look = _look(request)
    if look.opened.saved != view:  # what was not sent would be kept as everybody
        raise Http404
    try:
        views.keep_state(view=view, state=look.state, now=timezone.now())
        messages.success(request, _("The view “%(name)s” was saved.") % {"name": view.name})
    except views.StateTooLong:
        messages.error(request, TOO_LONG)
    return redirect_or_trigger(request, view_url(str(view.pk)))


@staff_view(Right.VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def saved_view_delete(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask whether to delete a view, or delete it."""
    view = views.get_view_to_change(request.user, pk)
    if request.method != "POST":
        context = {"view": view}
        return page_or_fragment(request, "contacts/saved_view_delete.html", context, DELETE_DIALOG)
    views.delete_view(view=view)
    messages.success(request, _("The view “%(name)s” was deleted.") % {"name": view.name})
    return redirect_or_trigger(request, view_url("all"))


@staff_view(Right.VIEW)
@require_POST
def saved_view_move(request: StaffRequest, pk: int) -> HttpResponse:
    """Move one of one's own views a place up or down."""
    view = views.get_view(request.user, pk)
    if view.owner_id != request.user.pk:
        raise Http404
    views.move_view(view=view, step="up" if request.POST.get("step") == "up" else "down")
    if not request.htmx:
        return redirect("saved_views")
    return render(request, "contacts/saved_views.html#own_views", _list(request))


def _look(request: StaffRequest) -> IndexLook:
    data = request.POST if request.method == "POST" else request.GET
    try:
        outline = get_outline(reach_of(request.user))
        return look_at_index(request.user, data, now=timezone.now(), outline=outline)
    except NoSuchView as error:
        raise Http404 from error


def _create(request: StaffRequest, form: SavedViewForm, look: IndexLook) -> SavedView | None:
    """Keep the view, or say at the form why it cannot be kept."""
    try:
        return views.create_view(
            owner=request.user,
            name=form.cleaned_data["name"],
            is_shared=form.is_shared,
            state=look.state,
            now=timezone.now(),
        )
    except views.NameTaken:
        form.say_name_taken()
    except views.TooManyViews:
        form.say_too_many()
    except views.StateTooLong:
        form.say_too_long()
    return None


def _describe(form: SavedViewForm, view: SavedView) -> bool:
    try:
        views.describe_view(view=view, name=form.cleaned_data["name"], is_shared=form.is_shared)
    except views.NameTaken:
        form.say_name_taken()
        return False
    return True


def _list(request: StaffRequest) -> dict[str, Any]:
    return {
        "own": views.own_views(request.user),
        "shared": views.views_of_others(request.user),
        "may_change_shared": may_change_settings(request.user, account_wide=True),
    }
