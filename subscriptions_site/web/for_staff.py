"""Middleware that only pages for people who sign in need: public paths go past it.

A personal link is its own authority. There is no session to read, no cookie to set and no user to
load behind it, and here that is so whatever a view does. One-click, which comes in crowds, is spared
what it has no use for.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django_htmx.middleware import HtmxMiddleware


def is_public(request: HttpRequest) -> bool:
    """Tell whether the request is for a page that has no session: by its path alone."""
    return f"{request.path_info}/".startswith(settings.PUBLIC_PATHS)


class _ForStaff:
    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if is_public(request):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]


class StaffSession(_ForStaff, SessionMiddleware):
    pass


class StaffLanguage(_ForStaff, LocaleMiddleware):
    """Speaks the language of the colleague; public pages choose their own, from the default on."""

    def __call__(self, request: HttpRequest) -> Any:
        if is_public(request):
            translation.activate(settings.LANGUAGE_CODE)
        return super().__call__(request)


class StaffUser(_ForStaff, AuthenticationMiddleware):
    pass


class StaffMessages(_ForStaff, MessageMiddleware):
    pass


class StaffHtmx(_ForStaff, HtmxMiddleware):
    pass
