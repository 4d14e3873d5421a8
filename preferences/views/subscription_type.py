"""Settings: subscription types."""

from collections import Counter
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import Reach, StaffRequest, reach_of
from accounts.history import recent_changes
from accounts.settings_access import may_change_settings, settings_view
from preferences.access import get_type
from preferences.catalogue import (
    TYPE,
    archive_subscription_type,
    change_subscription_type,
    create_subscription_type,
    move_subscription_type,
    restore_subscription_type,
)
from preferences.forms import SubscriptionTypeForm
from preferences.languages import language_name
from preferences.models import SubscriptionType
from preferences.selectors import types_for, units_for
from preferences.terms import asks_to_confirm, current_policy
from preferences.values import Channel
from preferences.wording import CHANNELS
from subscriptions_site.web.htmx import invalid, page_or_fragment, redirect_or_trigger

CHANNEL_ICONS = {Channel.EMAIL: "mail", Channel.SMS: "sms", Channel.WHATSAPP: "chat"}
PURPOSES = (
    pgettext_lazy("purpose", "Marketing"),
    pgettext_lazy("purpose", "Sales"),
    pgettext_lazy("purpose", "Service"),
)


@settings_view()
@require_safe
def settings(request: StaffRequest) -> HttpResponse:  # noqa: ARG001
    """Open the first page of the settings."""
    return redirect("subscription_types")


@settings_view()
@require_safe
def subscription_types(request: StaffRequest) -> HttpResponse:
    """Show the types of the units within reach, grouped by unit."""
    template = "preferences/subscription_types.html"
    return page_or_fragment(request, template, _list(request), ("subscription_type_list",))


@settings_view()
@require_http_methods(["GET", "HEAD", "POST"])
def subscription_type_create(request: StaffRequest) -> HttpResponse:
    """Show or save the form of a new type."""
    template = "preferences/subscription_type_create.html"
    user = request.user
    form = SubscriptionTypeForm(
        request.POST if request.method == "POST" else None,
        reach=reach_of(user),
        initial={"business_unit": request.GET.get("unit")},
    )
    if request.method != "POST" or not form.is_valid():
        answer = invalid if request.method == "POST" else page_or_fragment
        return answer(request, template, _form(request, form))
    added = create_subscription_type(
        unit=form.cleaned_data["business_unit"],
        user=user,
        now=timezone.now(),
        values=form.values(),
        translations=form.texts(),
    )
    return redirect(_page_of(added) + "?saved")


@settings_view()
@require_http_methods(["GET", "HEAD", "POST"])
def subscription_type(request: StaffRequest, pk: int) -> HttpResponse:
    """Show or save one type with its texts in every language."""
    user = request.user
    found = get_type(user, pk)
    data = request.POST if request.method == "POST" else None
    form = SubscriptionTypeForm(data, reach=reach_of(user), subscription_type=found)
    if data is None or not form.is_valid():
        answer = invalid if request.method == "POST" else page_or_fragment
        return answer(request, "preferences/subscription_type.html", _form(request, form))
    change_subscription_type(
        subscription_type=found,
        user=user,
        now=timezone.now(),
        values=form.values(),
        translations=form.texts(),
    )
    return redirect(_page_of(found) + "?saved")


@settings_view()
@require_POST
def subscription_type_preview(request: StaffRequest) -> HttpResponse:
    """Show how people will see what is in the form now; changes nothing."""
    template = "preferences/subscription_type_preview.html"
    fragments = {"type_preview": "preferences/_type_preview.html"}
    return page_or_fragment(request, template, _preview(request), fragments)


@settings_view()
@require_POST
def subscription_type_move(request: StaffRequest, pk: int) -> HttpResponse:
    """Move a type one place up or down in the order of the preference page."""
    user = request.user
    move_subscription_type(
        subscription_type=get_type(user, pk),
        step="up" if request.POST.get("step") == "up" else "down",
        user=user,
        now=timezone.now(),
    )
    if not request.htmx:
        return redirect(f"{reverse('subscription_types')}?{request.GET.urlencode()}")
    template = "preferences/subscription_types.html#subscription_type_list"
    return render(request, template, _list(request))


@settings_view()
@require_http_methods(["GET", "HEAD", "POST"])
def subscription_type_archive(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask whether to archive a type, and do it."""
    user = request.user
    found = get_type(user, pk)
    if request.method == "POST":
        archive_subscription_type(subscription_type=found, user=user, now=timezone.now())
        return redirect_or_trigger(request, _page_of(found))
    fragments = {"dialog": "preferences/_archive_dialog.html"}
    context = _list(request) | {"type": found}
    return page_or_fragment(
        request, "preferences/subscription_type_archive.html", context, fragments
    )


@settings_view()
@require_POST
def subscription_type_restore(request: StaffRequest, pk: int) -> HttpResponse:
    """Offer an archived type again."""
    user = request.user
    found = get_type(user, pk)
    restore_subscription_type(subscription_type=found, user=user, now=timezone.now())
    return redirect_or_trigger(request, _page_of(found))


def _page_of(found: SubscriptionType) -> str:
    return reverse("subscription_type", kwargs={"pk": found.pk})


def _list(request: StaffRequest) -> dict[str, Any]:
    reach = reach_of(request.user)
    types = list(types_for(reach).prefetch_related("translations"))
    units = list(units_for(reach))
    query = request.GET
    shown_units = [unit for unit in units if query.get("unit", "") in ("", str(unit.pk))]
    policy = current_policy()
    names = Counter(found.name.casefold() for found in types if found.archived_at is None)
    rows: list[dict[str, Any]] = [
        {
            "type": found,
            "channels": [(CHANNEL_ICONS[c], CHANNELS[c]) for c in found.channels],
            "asks_to_confirm": asks_to_confirm(found, policy),
            "languages": 1 + len(found.translations.all()),
            "has_namesake": names[found.name.casefold()] > 1 and found.archived_at is None,
        }
        for found in types
        if ("archived" in query or found.archived_at is None)
        and query.get("channel", "") in ("", *(c.value for c in found.channels))
    ]
    groups = [
        {"unit": unit, "rows": [row for row in rows if row["type"].business_unit_id == unit.pk]}
        for unit in shown_units
    ]
    return {
        "groups": groups,
        "units": units,
        "channels": [(c.value, CHANNELS[c]) for c in Channel],
        "archived_count": sum(found.archived_at is not None for found in types),
        "is_filtered": bool(query.get("unit") or query.get("channel")),
        "can_order": not query.get("channel"),
        "changes": recent_changes(TYPE, [found.pk for found in types]),
        "can_change": may_change_settings(request.user, account_wide=False),
    }


def _form(request: StaffRequest, form: SubscriptionTypeForm) -> dict[str, Any]:
    found = form.subscription_type
    context: dict[str, Any] = {
        "form": form,
        "type": found,
        "purposes": PURPOSES,
        "is_saved": "saved" in request.GET,
        "can_change": may_change_settings(request.user, account_wide=False),
    }
    if found is None:
        return context
    reach = reach_of(request.user)
    return context | {
        "changes": recent_changes(TYPE, [found.pk]),
        "language": language_name(found.language),
        "preview": {
            "name": found.name,
            "description": found.description,
            "is_service": found.is_service,
            "is_internal": found.is_internal,
            "namesakes": _namesakes(reach, found.name, found.pk),
        },
    }


def _preview(request: StaffRequest) -> dict[str, Any]:
    data = request.POST
    pk = data.get("subscription_type", "")
    name = data.get("name", "").strip()[:120]
    reach = reach_of(request.user)
    own_pk = (
        get_object_or_404(types_for(reach), pk=pk).pk if pk.isdecimal() and len(pk) < 20 else None
    )
    return {
        "preview": {
            "name": name or _("Name"),
            "description": data.get("description", "").strip()[:500],
            "is_service": data.get("kind") == SubscriptionType.Kind.SERVICE,
            "is_internal": "is_internal" in data,
            "namesakes": _namesakes(reach, name, own_pk),
        }
    }


def _namesakes(reach: Reach, name: str, own_pk: int | None) -> list[SubscriptionType]:
    """Return other types that people could mistake for this one."""
    return list(
        types_for(reach).filter(name__iexact=name, archived_at=None).exclude(pk=own_pk or 0)[:3]
    )
