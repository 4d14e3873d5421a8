"""Public pages are answered here: the middleware below is for people who sign in.

A personal link is its own authority. There is no session to read, no cookie to set and no user to
load behind it, and here that is so whatever a view does. One-click, which comes in crowds, is spared
what it has no use for.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.security import SecurityMiddleware
from django.urls import Resolver404, get_resolver
from django.utils import translation
from django.utils.csp import CSP, build_policy

from subscriptions_site.web.bare_request import BareRequest
from subscriptions_site.web.headers import Headers

type Answer = Callable[[HttpRequest], Any]


class PublicPages:
    """Asks the view of a public path directly; any other path goes on to the rest of the middleware."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response
        self.resolver = get_resolver(settings.PUBLIC_URLCONF)
        # What is left of the middleware: HTTPS with its headers, and an answer to every error.
        self.security: Any = SecurityMiddleware(_nothing)
        self.ask: Any = convert_exception_to_response(_ask)
        self.headers = {
            is_secure: common_headers(is_secure=is_secure) for is_secure in (False, True)
        }

    def __call__(self, request: HttpRequest) -> Any:
        if not is_public(request.path_info):
            return self.get_response(request)
        try:
            request.resolver_match = self.resolver.resolve(request.path_info)
        except Resolver404:
            return self.get_response(request)
        # One thread serves everybody: a colleague's language is not the next stranger's.
        translation.activate(settings.LANGUAGE_CODE)
        response = self.security.process_request(request) or self.ask(request)
        response.headers["Content-Length"] = str(len(response.content))
        self.headers[request.is_secure()].put_below(response)
        return response


def _ask(request: HttpRequest) -> HttpResponseBase:
    request.get_host()  # raises DisallowedHost
    view, args, kwargs = request.resolver_match  # type: ignore[misc]
    response: HttpResponseBase = view(request, *args, **kwargs)
    return response


def common_headers(*, is_secure: bool) -> Headers:
    """Return what every public answer has; Django's middleware is asked once, it says the same each time."""
    request = BareRequest({"wsgi.url_scheme": "https" if is_secure else "http"})
    asked = SecurityMiddleware(_nothing).process_response(request, HttpResponse())
    del asked.headers["Content-Type"]
    return Headers(
        [
            *asked.headers.items(),
            ("X-Frame-Options", settings.X_FRAME_OPTIONS),
            (str(CSP.HEADER_ENFORCE), build_policy(settings.SECURE_CSP)),
        ]
    )


def _nothing(_request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def is_public(path: str) -> bool:
    """Tell whether a path belongs to the public pages, with or without the slash at its end."""
    return f"{path}/".startswith(settings.PUBLIC_PATHS)
