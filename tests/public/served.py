"""Requests as a server of production hands them in: by WSGI, one-click first and then Django."""

from typing import Any, NamedTuple

from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory

from public.wsgi import OneClickFirst
from tests.public.scene import ONE_CLICK, URLENCODED


class Answer(NamedTuple):
    status: str
    headers: dict[str, str]
    body: bytes


def environ(path: str, body: str = ONE_CLICK, **meta: str) -> dict[str, Any]:
    made = RequestFactory().post(path, body, content_type=URLENCODED).environ
    return {**made, "HTTP_HOST": "testserver", **meta}


def asked(application: Any, given: dict[str, Any]) -> Answer:
    """Ask a WSGI application."""
    begun: list[tuple[str, dict[str, str]]] = []
    parts = application(given, lambda status, headers: begun.append((status, dict(headers))))
    body = b"".join(parts)
    getattr(parts, "close", lambda: None)()
    [(status, headers)] = begun
    return Answer(status, headers, body)


def one_click_as_served(path: str, body: str = ONE_CLICK) -> Answer:
    """Send a one-click the whole way."""
    return asked(OneClickFirst(WSGIHandler()), environ(path, body))
