"""Settings: the logo of a business unit. Its forms are apart from the unit's, and save at once."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import StaffRequest
from accounts.settings_access import settings_view
from preferences.access import get_unit
from preferences.forms import BusinessUnitForm, LogoForm
from preferences.logos import remove_logo, set_logo
from preferences.models import BusinessUnit
from preferences.views.business_unit import PANEL, unit_context
from subscriptions_site.web.htmx import invalid, page_or_fragment, toast

FRAGMENTS = {**PANEL, "unit_logo": "preferences/_unit_logo.html"}
PAGE = "preferences/business_unit.html"


@settings_view()
@require_POST
def business_unit_logo(request: StaffRequest, pk: int) -> HttpResponse:
    """Take the uploaded picture as the logo."""
    unit = get_unit(request.user, pk)
    form = LogoForm(request.POST, request.FILES)
    if not form.is_valid():
        context = unit_context(request, unit, BusinessUnitForm(unit=unit)) | {"logo_form": form}
        return invalid(request, PAGE, context, FRAGMENTS)
    logo = form.cleaned_data["logo"]
    unit = set_logo(unit=unit, logo=logo, user=request.user, now=timezone.now())
    return _shown(request, unit, _("Logo saved"))


@settings_view()
@require_POST
def business_unit_logo_remove(request: StaffRequest, pk: int) -> HttpResponse:
    """Take the logo away."""
    unit = get_unit(request.user, pk)
    unit = remove_logo(unit=unit, user=request.user, now=timezone.now())
    return _shown(request, unit, _("Logo removed"), is_removed=True)


def _shown(
    request: StaffRequest, unit: BusinessUnit, text: str, *, is_removed: bool = False
) -> HttpResponse:
    if not request.htmx:
        return redirect("business_unit", pk=unit.pk)
    context = unit_context(request, unit, BusinessUnitForm(unit=unit)) | {"is_removed": is_removed}
    return toast(page_or_fragment(request, PAGE, context, FRAGMENTS), text)
