"""The colours of a business unit as a stylesheet of our own: the policy allows no inline style."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.csp import CSP, build_policy
from django.views.decorators.http import require_safe

from preferences.logos import logo_png
from preferences.models import BusinessUnit
from public.colours import brand_of

_NOTHING: Any = {"default-src": [CSP.NONE], "sandbox": True}
LOGO_POLICY = build_policy(_NOTHING)


@require_safe
def brand_css(request: HttpRequest, slug: str) -> HttpResponse:
    """Send the colours of one unit, readable on light and on dark pages."""
    unit = BusinessUnit.objects.filter(slug=slug).first()
    if unit is None:
        return HttpResponse(status=404, content_type="text/css")
    response = HttpResponse(brand_of(unit.brand_colour).stylesheet(), content_type="text/css")
    response["Cache-Control"] = "public, max-age=86400"
    return response


@require_safe
def brand_logo(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Send the logo of one unit: pixels we drew, under an address that a new logo changes."""
    png = logo_png(slug, key)
    if png is None:
        return HttpResponse(status=404, content_type="text/plain")
    response = HttpResponse(png, content_type="image/png")
    response[str(CSP.HEADER_ENFORCE)] = LOGO_POLICY
    response["Cache-Control"] = "public, max-age=86400"
    return response
