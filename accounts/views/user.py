"""Settings: users and roles, and the link with which somebody sets their password."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import users as services
from accounts.access import StaffRequest
from accounts.forms import FirstPasswordForm, UserForm
from accounts.history import recent_changes
from accounts.models import User
from accounts.settings_access import may_change_settings, settings_view
from subscriptions_site.web.htmx import Request, invalid, page_or_fragment, redirect_or_trigger

DIALOG = {"dialog": "accounts/_deactivate_dialog.html"}


@settings_view(is_private=True)
@require_safe
def users(request: StaffRequest) -> HttpResponse:
    """Show who may sign in, and what they may do."""
    return page_or_fragment(request, "accounts/users.html", _list(request))


@settings_view(is_private=True)
@require_http_methods(["GET", "HEAD", "POST"])
def user_create(request: StaffRequest) -> HttpResponse:
    """Show or save the form of a new user."""
    form = UserForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        context = {"form": form, "can_change": _can_change(request)}
        answer = invalid if request.method == "POST" else page_or_fragment
        return answer(request, "accounts/user_create.html", context)
    added = services.create_user(by=request.user, now=timezone.now(), values=form.cleaned_data)
    return redirect(_page_of(added) + "?created")


@settings_view(is_private=True)
@require_http_methods(["GET", "HEAD", "POST"])
def user(request: StaffRequest, pk: int) -> HttpResponse:
    """Show or save one user."""
    found = get_object_or_404(User, pk=pk)
    form = UserForm(request.POST if request.method == "POST" else None, user=found)
    if request.method == "POST" and form.is_valid() and _change(request, found, form):
        return redirect(_page_of(found) + "?saved")
    answer = invalid if request.method == "POST" else page_or_fragment
    return answer(request, "accounts/user.html", _of_user(request, found, form))


@settings_view(is_private=True)
@require_POST
@never_cache
def user_password_link(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a link with which a user sets their password; it is shown once and not kept."""
    found = get_object_or_404(User, pk=pk, is_active=True)
    key, token = services.make_password_key(user=found, by=request.user, now=timezone.now())
    path = reverse("first_password", kwargs={"key": key, "token": token})
    context = {"found": found, "link": request.build_absolute_uri(path)}
    return render(request, "accounts/user_password_link.html", context)


@settings_view(is_private=True)
@require_http_methods(["GET", "HEAD", "POST"])
def user_deactivate(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask whether to deactivate a user, and do it."""
    template = "accounts/user_deactivate.html"
    context = _list(request) | {"found": get_object_or_404(User, pk=pk)}
    if request.method != "POST":
        return page_or_fragment(request, template, context, DIALOG)
    try:
        services.deactivate_user(user=context["found"], by=request.user, now=timezone.now())
    except services.LastAdministrator:
        problem = _("This is the last administrator. Make somebody else one first.")
        return invalid(request, template, context | {"problem": problem}, DIALOG)
    return redirect_or_trigger(request, _page_of(context["found"]))


@settings_view(is_private=True)
@require_POST
def user_reactivate(request: StaffRequest, pk: int) -> HttpResponse:
    """Let a user sign in again."""
    found = get_object_or_404(User, pk=pk)
    services.reactivate_user(user=found, by=request.user, now=timezone.now())
    return redirect(_page_of(found))


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def first_password(request: Request, key: str, token: str) -> HttpResponse:
    """Show or save the form in which somebody sets their password by link."""
    template = "accounts/first_password.html"
    found = services.find_user_by_key(key, token)
    if found is None:
        return render(request, template, {"found": None}, status=404)
    form = FirstPasswordForm(request.POST if request.method == "POST" else None, user=found)
    if request.method != "POST":
        return page_or_fragment(request, template, {"found": found, "form": form})
    if not form.is_valid():
        return invalid(request, template, {"found": found, "form": form})
    password = form.cleaned_data["new"]
    services.set_first_password(user=found, password=password, now=timezone.now())
    return redirect("login")


def _change(request: StaffRequest, found: User, form: UserForm) -> bool:
    """Save the form; tell whether it could be saved, and put on the form why not."""
    now = timezone.now()
    try:
        services.change_user(user=found, by=request.user, now=now, values=form.cleaned_data)
    except services.LastAdministrator:
        problem = _("This is the last administrator of all units. Make somebody else one first.")
        form.add_error("role", problem)
        return False
    return True


def _list(request: StaffRequest) -> dict[str, Any]:
    everybody = User.objects.prefetch_related("units").order_by("-is_active", "name", "pk")
    return {
        "everybody": list(everybody),
        "changes": recent_changes(services.USER),
        "can_change": _can_change(request),
    }


def _of_user(request: StaffRequest, found: User, form: UserForm) -> dict[str, Any]:
    return {
        "found": found,
        "form": form,
        "changes": recent_changes(services.USER, [found.pk]),
        "can_change": _can_change(request),
        "is_saved": "saved" in request.GET,
        "is_created": "created" in request.GET,
    }


def _can_change(request: StaffRequest) -> bool:
    return may_change_settings(request.user, account_wide=True)


def _page_of(found: User) -> str:
    return reverse("user", kwargs={"pk": found.pk})
