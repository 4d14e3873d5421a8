"""Settings: the properties that contacts have beside the standard ones."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import StaffRequest
from accounts.history import recent_changes
from accounts.settings_access import may_change_settings, settings_view
from contacts.custom_properties import (
    PROPERTY,
    archive_custom_property,
    change_custom_property,
    create_custom_property,
    move_custom_property,
)
from contacts.custom_properties import (
    custom_properties as all_properties,
)
from contacts.models import CustomProperty
from contacts.property_form import CustomPropertyForm
from contacts.values import PropertyKind
from subscriptions_site.web.htmx import invalid, page_or_fragment


@settings_view(account_wide=True)
@require_safe
def custom_properties(request: StaffRequest) -> HttpResponse:
    """Show the custom properties in their order."""
    return page_or_fragment(request, "contacts/custom_properties.html", _list(request))


@settings_view(account_wide=True)
@require_http_methods(["GET", "HEAD", "POST"])
def custom_property_create(request: StaffRequest) -> HttpResponse:
    """Show or save the form of a new property."""
    form = CustomPropertyForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        answer = invalid if request.method == "POST" else page_or_fragment
        context = {"form": form, "can_change": _can_change(request)}
        return answer(request, "contacts/custom_property_create.html", context)
    data = form.cleaned_data
    create_custom_property(
        user=request.user,
        now=timezone.now(),
        name=data["name"],
        internal_name=data["internal_name"],
        kind=PropertyKind(data["kind"]),
        choices=data["choices"],
    )
    return redirect("custom_properties")


@settings_view(account_wide=True)
@require_http_methods(["GET", "HEAD", "POST"])
def custom_property(request: StaffRequest, pk: int) -> HttpResponse:
    """Show or save label and choices of one property."""
    custom = get_object_or_404(CustomProperty, pk=pk)
    form = CustomPropertyForm(request.POST if request.method == "POST" else None, custom=custom)
    if request.method != "POST" or not form.is_valid():
        context = {
            "form": form,
            "custom": custom,
            "changes": recent_changes(PROPERTY, [pk]),
            "can_change": _can_change(request),
        }
        answer = invalid if request.method == "POST" else page_or_fragment
        return answer(request, "contacts/custom_property.html", context)
    name, choices = form.cleaned_data["name"], form.cleaned_data["choices"]
    change_custom_property(
        custom=custom, user=request.user, now=timezone.now(), name=name, choices=choices
    )
    return redirect("custom_properties")


@settings_view(account_wide=True)
@require_POST
def custom_property_archive(request: StaffRequest, pk: int) -> HttpResponse:
    """Stop showing a property, or with `restore` show it again."""
    archive_custom_property(
        custom=get_object_or_404(CustomProperty, pk=pk),
        user=request.user,
        now=timezone.now(),
        is_archived="restore" not in request.POST,
    )
    return redirect("custom_property", pk=pk)


@settings_view(account_wide=True)
@require_POST
def custom_property_move(request: StaffRequest, pk: int) -> HttpResponse:
    """Move a property one place up or down."""
    move_custom_property(
        custom=get_object_or_404(CustomProperty, pk=pk),
        step="up" if request.POST.get("step") == "up" else "down",
        user=request.user,
        now=timezone.now(),
    )
    if not request.htmx:
        return redirect("custom_properties")
    template = "contacts/custom_properties.html#custom_property_list"
    return render(request, template, _list(request))


def _list(request: StaffRequest) -> dict[str, Any]:
    return {
        "properties": list(all_properties()),
        "changes": recent_changes(PROPERTY),
        "can_change": _can_change(request),
    }


def _can_change(request: StaffRequest) -> bool:
    return may_change_settings(request.user, account_wide=True)
