"""One-click is answered here, in front of Django, when nothing about it is out of the ordinary.

Mailbox providers send it by the thousand. The way from a socket through Django's handler, middleware
and response to a view and back costs as much as the opt-out and gives it nothing: no session, user,
template or language.
"""

import logging
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from django.core.exceptions import DisallowedHost
from django.db import connection
from django.http import HttpResponse
from django.utils import timezone

from preferences.links import UNSUBSCRIBE_PATH, read_unsubscribe
from preferences.services import UnknownAddress, UnknownUnit
from preferences.tokens import Unsubscribe
from preferences.values import Outcome
from public.one_click import DONE, ONE_CLICK, PLAIN, unsubscribe_by_one_click
from public.views.visiting import HEADERS
from subscriptions_site.web.bare_request import BareRequest
from subscriptions_site.web.public_pages import common_headers
from subscriptions_site.web.request_id import HEADER, request_id

log = logging.getLogger(__name__)

_BODY, _DONE = ONE_CLICK.encode(), DONE.encode()
_LENGTH = str(len(_BODY))

type Environ = dict[str, Any]
type Pairs = list[tuple[str, str]]
type StartResponse = Callable[[str, Pairs], object]
type Application = Callable[..., Iterable[bytes]]


class OneClickFirst:
    """A WSGI application: answers the exact request of RFC 8058 when it opts somebody out.

    Anything else, and whatever goes wrong, is Django's, which finds the body unread and answers by
    ``views/unsubscribe.py``: another method or body, a token that is not ours, a refusal, a database
    that does not answer. Saying the same twice does no harm (R16).
    """

    def __init__(self, django: Application) -> None:
        self.django = django
        self.headers = {is_secure: _headers(is_secure=is_secure) for is_secure in (False, True)}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        link = _link(environ)
        if link is None or not _is_body(environ):
            return self.django(environ, start_response)
        request = BareRequest(environ)
        with request_id(environ) as current:
            if _opts_out(request, link):
                pairs = [*self.headers[request.is_secure()], (HEADER, current)]
                start_response("200 OK", pairs)
                return [_DONE]
        return self.django(environ, start_response)


def _link(environ: Environ) -> Unsubscribe | None:
    """Return the link of what looks like a one-click; None for anything else."""
    if environ["REQUEST_METHOD"] != "POST" or environ.get("CONTENT_LENGTH") != _LENGTH:
        return None
    path = environ.get("PATH_INFO", "")
    if not path.startswith(UNSUBSCRIBE_PATH):
        return None
    return read_unsubscribe(path.removeprefix(UNSUBSCRIBE_PATH).removesuffix("/"))


def _is_body(environ: Environ) -> bool:
    """Tell whether the body is that of the RFC; it is there to be read once more."""
    body = environ["wsgi.input"].read(len(_BODY))
    environ["wsgi.input"] = BytesIO(body)
    return bool(body == _BODY)


def _opts_out(request: BareRequest, link: Unsubscribe) -> bool:
    """Tell whether the address is opted out now, over the connection that Django keeps in this thread."""
    try:
        request.get_host()  # raises DisallowedHost
        connection.close_if_unusable_or_obsolete()
        result = unsubscribe_by_one_click(request, link, now=timezone.now())
        connection.close_if_unusable_or_obsolete()
    except (DisallowedHost, UnknownAddress, UnknownUnit):
        return False
    except Exception as error:  # Django meets it as well, if it lasts, and answers
        log.warning("a one-click is left to Django: %s", type(error).__name__)
        return False
    return result.decision.outcome is not Outcome.REFUSE


def _headers(*, is_secure: bool) -> Pairs:
    """Return the headers that the view would send."""
    response = HttpResponse(DONE, content_type=PLAIN)
    HEADERS.put_on(response)
    response.headers["Content-Length"] = str(len(_DONE))
    common_headers(is_secure=is_secure).put_below(response)
    return list(response.items())
