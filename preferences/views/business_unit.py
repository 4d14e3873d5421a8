"""Settings: business units."""

from typing import Any

from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import StaffRequest, reach_of
from accounts.history import recent_changes
from accounts.settings_access import may_change_settings, require_all_units, settings_view
from preferences.access import get_unit
from preferences.catalogue import UNIT, change_business_unit, create_business_unit
from preferences.forms import BusinessUnitForm, LogoForm
from preferences.models import BusinessUnit
from preferences.selectors import units_for
from subscriptions_site.web.htmx import close_layer, invalid, page_or_fragment, toast

PANEL = {"panel": "preferences/_business_unit_panel.html"}


@settings_view()
@require_safe
def business_units(request: StaffRequest) -> HttpResponse:
    """Show the business units within reach."""
    return page_or_fragment(request, "preferences/business_units.html", _list(request))


@settings_view(account_wide=True)
@require_http_methods(["GET", "HEAD", "POST"])
def business_unit_create(request: StaffRequest) -> HttpResponse:
    """Show or save the form of a new business unit."""
    require_all_units(request.user)
    form = BusinessUnitForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        context = _list(request) | {"form": form}
        answer = invalid if request.method == "POST" else page_or_fragment
        return answer(request, "preferences/business_unit_create.html", context, PANEL)
    user = request.user
    create_business_unit(user=user, now=timezone.now(), values=form.cleaned_data)
    return _saved(request, _("Business unit added"))


@settings_view()
@require_http_methods(["GET", "HEAD", "POST"])
def business_unit(request: StaffRequest, pk: int) -> HttpResponse:
    """Show or save one business unit, in the side panel."""
    user = request.user
    unit = get_unit(user, pk)
    form = BusinessUnitForm(request.POST if request.method == "POST" else None, unit=unit)
    if request.method != "POST" or not form.is_valid():
        context = unit_context(request, unit, form)
        answer = invalid if request.method == "POST" else page_or_fragment
        return answer(request, "preferences/business_unit.html", context, PANEL)
    change_business_unit(unit=unit, user=user, now=timezone.now(), values=form.cleaned_data)
    return _saved(request, _("Business unit saved"))


def unit_context(
    request: StaffRequest, unit: BusinessUnit, form: BusinessUnitForm
) -> dict[str, Any]:
    """Return what the panel of one unit shows, over the list."""
    return _list(request) | {
        "form": form,
        "unit": unit,
        "unit_changes": recent_changes(UNIT, [unit.pk]),
        "logo_form": LogoForm(),
    }


def _list(request: StaffRequest) -> dict[str, Any]:
    active = Count("subscription_types", filter=Q(subscription_types__archived_at=None))
    units = list(units_for(reach_of(request.user)).annotate(type_count=active))
    return {
        "units": units,
        "changes": recent_changes(UNIT, [unit.pk for unit in units]),
        "can_change": may_change_settings(request.user, account_wide=False),
        "can_add": may_change_settings(request.user, account_wide=True),
    }


def _saved(request: StaffRequest, text: str) -> HttpResponse:
    """Show the changed list: as a page, or under the panel that closes."""
    if not request.htmx:
        return redirect("business_units")
    response = render(request, "preferences/business_units.html#business_unit_list", _list(request))
    response["HX-Retarget"] = "#business-unit-list"
    response["HX-Reswap"] = "outerHTML"
    return toast(close_layer(response, "panel"), text)
