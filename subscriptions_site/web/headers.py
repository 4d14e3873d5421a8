"""Headers that are the same on many answers: checked and written once."""

from collections.abc import Iterable

from django.http import HttpResponseBase
from django.http.response import ResponseHeaders


class Headers:
    """Some headers, ready to be put on a response.

    Setting one the usual way looks it through for line breaks and decodes it, each time: a tenth of
    what a one-click costs without its opt-out. Django keeps them as ``_store``, by small letters.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._store = dict(ResponseHeaders(dict(pairs))._store)

    def put_on(self, response: HttpResponseBase) -> None:
        """Set them, whatever was there."""
        response.headers._store.update(self._store)

    def put_below(self, response: HttpResponseBase) -> None:
        """Set those that the response does not have yet."""
        headers = response.headers
        headers._store = {**self._store, **headers._store}
