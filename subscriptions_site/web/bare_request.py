"""A request of which nothing but META is read: its host, its scheme, who sent it."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest


class BareRequest(HttpRequest):
    """Made where Django's own request would cost more than what is done with it. ``meta``: as of WSGI."""

    def __init__(self, meta: Mapping[str, Any]) -> None:
        self.META = meta  # type: ignore[assignment]

    def _get_scheme(self) -> str:
        return str(self.META["wsgi.url_scheme"])
