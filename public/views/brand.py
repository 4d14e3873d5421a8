"""The colours of a business unit as a stylesheet of our own: the policy allows no inline style."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from preferences.models import BusinessUnit
from public.colours import brand_of


@require_safe
def brand_css(request: HttpRequest, slug: str) -> HttpResponse:
    """Send the colours of one unit, readable on light and on dark pages."""
    unit = BusinessUnit.objects.filter(slug=slug).first()
    if unit is None:
        return HttpResponse(status=404, content_type="text/css")
    response = HttpResponse(brand_of(unit.brand_colour).stylesheet(), content_type="text/css")
    response["Cache-Control"] = "public, max-age=86400"
    return response
