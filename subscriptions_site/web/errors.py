"""Pages and fragments for 403, 404, 500 and a failed CSRF check."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers

from subscriptions_site.web.request_id import current_request_id


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, "403.html", status=403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, "404.html", status=404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _answer(request, "403_csrf.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer without the database, the session or the navigation: any of them may be the cause."""
    body = render_to_string("500.html", {"request_id": current_request_id()})
    return HttpResponse(body, status=500)


def _answer(request: HttpRequest, template: str, *, status: int) -> HttpResponse:
    name = f"{template}#notice" if getattr(request, "htmx", False) else template
    response = render(request, name, {"request_id": current_request_id()}, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response
