"""One id per request: in the answer's header, in every log line, on the page of a 500."""

import logging
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest, HttpResponseBase

HEADER = "X-Request-ID"
_SENT = "HTTP_X_REQUEST_ID"
# What a proxy may hand us; anything else could smuggle text into the log.
ACCEPTED = re.compile(r"[A-Za-z0-9-]{8,64}")

_current: ContextVar[str] = ContextVar("request_id", default="-")


def current_request_id() -> str:
    """Return the id of the request being served, "-" outside of one."""
    return _current.get()


@contextmanager
def request_id(meta: Mapping[str, Any]) -> Iterator[str]:
    """Have an id while a request is served: the one that a proxy gave, or a new one."""
    given = meta.get(_SENT, "")
    current = given if ACCEPTED.fullmatch(given) else secrets.token_hex(16)
    token = _current.set(current)
    try:
        yield current
    finally:
        _current.reset(token)


class RequestIdMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with request_id(request.META) as current:
            response = self.get_response(request)
            response[HEADER] = current
            return response


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current_request_id()
        return True
