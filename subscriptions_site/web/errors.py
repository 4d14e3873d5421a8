"""Pages and fragments for 403, 404, 500 and a failed CSRF check."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotFound
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


def show_own_not_found(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Show our page also while DEBUG is on, where Django's own lists every URL there is.

    Only that one is a HttpResponseNotFound: what views answer, and our pages, are not.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_technical = isinstance(response, HttpResponseNotFound)
        return page_not_found(request, Http404()) if is_technical else response

    return middleware


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer without the database, the session or the navigation: any of them may be the cause."""
    body = render_to_string("500.html", {"request_id": current_request_id()})
    return HttpResponse(body, status=500)


def _answer(request: HttpRequest, template: str, *, status: int) -> HttpResponse:
    name = f"{template}#notice" if getattr(request, "htmx", False) else template
    response = render(request, name, {"request_id": current_request_id()}, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response
