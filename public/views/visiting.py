"""What public views share: the token as the only authority, limits, headers, and the page around.

Nothing here touches a session or sets a cookie. Whatever goes wrong is an answer of its own, and
none of them says more than it must.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property, wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import Error as DatabaseTrouble
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.csp import CSP, build_policy
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.csrf import csrf_exempt

from preferences.addresses import mask
from preferences.models import Address, BusinessUnit
from preferences.tokens import Preferences, Unsubscribe
from preferences.values import Channel
from preferences.wording import CHANNELS
from public.look import Look, language_links, language_of
from public.request_facts import drawn_stamp
from subscriptions_site.web.headers import Headers

log = logging.getLogger(__name__)

type View = Callable[..., HttpResponse]

BODY_LIMIT = 64 * 1024
RETRY_SECONDS = "120"
CHANNEL_ICONS = {Channel.EMAIL: "mail", Channel.SMS: "sms", Channel.WHATSAPP: "chat"}
NO_SCRIPT = {"script-src": [CSP.NONE], "connect-src": [CSP.NONE]}
HEADERS = Headers(
    [
        ("Cache-Control", "no-store"),
        ("X-Robots-Tag", "noindex, nofollow"),
        ("Referrer-Policy", "same-origin"),
        (str(CSP.HEADER_ENFORCE), build_policy({**settings.SECURE_CSP, **NO_SCRIPT})),
    ]
)
# As text: compiling a query takes longer than running one of these.
_ADDRESS = f"SELECT * FROM {Address._meta.db_table} WHERE id = %s"
_UNIT = f"SELECT * FROM {BusinessUnit._meta.db_table} WHERE id = %s"


class NoSuchLink(Exception):
    """The token is not one of ours, or names what is not there: the same 404 for all of them."""

    status = 404
    look: Look | None = None


class LinkEnded(Exception):
    """The token is ours and too old, or its links were revoked. ``look``: the sender's, if known."""

    status = 410

    def __init__(self, look: Look | None = None) -> None:
        self.look = look


class Visit[L: (Unsubscribe, Preferences)]:
    """One request by a personal link: what it carries, whose it is, and in which language to answer."""

    def __init__(self, request: HttpRequest, link: L, token: str, now: datetime) -> None:
        self.request = request
        self.link: L = link
        self.token, self.now = token, now

    @cached_property
    def fields(self) -> QueryDict:
        return fields_of(self.request)

    def url(self, part: str = "") -> str:
        """Return the address of this link's page, or of one below it, in the language of the page."""
        kind = "u" if isinstance(self.link, Unsubscribe) else "p"
        return f"/{kind}/{self.token}/{part}?lang={self.language}"

    @cached_property
    def address(self) -> Address:
        found = next(iter(Address.objects.raw(_ADDRESS, [self.link.address_id])), None)
        if found is None:
            raise NoSuchLink
        return found

    @cached_property
    def unit(self) -> BusinessUnit:
        found = next(iter(BusinessUnit.objects.raw(_UNIT, [self.unit_id])), None)
        if found is None:
            raise NoSuchLink
        return found

    @property
    def unit_id(self) -> int:
        return self.link.unit_id if isinstance(self.link, Unsubscribe) else self.link.about_id

    @cached_property
    def language(self) -> str:
        return language_of(self.request, self.unit)

    def speaking(self) -> override:
        """Speak the reader's language for a while: for words that are put together in Python."""
        return override(self.language)

    @property
    def masked(self) -> str:
        """Return the address as a public page may show it; "" when it was erased."""
        canonical = self.address.canonical
        return mask(self.address.channel_value, canonical) if canonical else ""

    def page(
        self, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
    ) -> HttpResponse:
        """Draw a page in the unit's look and the reader's language."""
        shared = {
            "address": self.address,
            "masked": self.masked,
            "drawn": drawn_stamp(self.now),
            "channel": CHANNELS[self.address.channel_value],
            "channel_icon": CHANNEL_ICONS[self.address.channel_value],
            "page_url": self.url(),
            "undo_url": self.url("undo/"),
            "reason_url": self.url("reason/"),
            "choices_url": "" if isinstance(self.link, Unsubscribe) else self.url(),
        }
        return draw(
            self.request, template, {**shared, **(context or {})}, Look(self.unit), status=status
        )


def draw(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    look: Look | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """Draw a public page without the processors of staff pages: no user, no messages, no token."""
    look = look or Look()
    language = language_of(request, look.unit)
    with override(language):
        shared = {
            "look": look,
            "language": language,
            "languages": language_links(language),
        }
        body = render_to_string(template, {**shared, **context})
    response = HttpResponse(body, status=status)
    response["Content-Language"] = language
    return response


def public_view(*methods: str) -> Callable[[View], View]:
    """Open a view to everybody who has its address.

    No CSRF check: there is no session to ride on, the token in the URL is the authority. Other
    methods are 405, a large body 413, a database that does not answer 503.
    """
    allowed = ", ".join((*methods, "OPTIONS"))

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            response = _answer(view, request, methods, args, kwargs)
            if request.method == "OPTIONS" or response.status_code == 405:
                response["Allow"] = allowed
            HEADERS.put_on(response)
            return response

        return guarded

    return decorate


def _answer(
    view: View,
    request: HttpRequest,
    methods: tuple[str, ...],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> HttpResponse:
    if request.method == "OPTIONS":
        return HttpResponse(status=204)
    if request.method not in methods:
        return HttpResponse(status=405)
    if _body_size(request) > BODY_LIMIT:
        return _plain("This is too large.", 413)
    try:
        return view(request, *args, **kwargs)
    except (NoSuchLink, LinkEnded) as error:
        return no_link(request, status=error.status, look=error.look)
    except DatabaseTrouble:  # also a connection that breaks, which is no DatabaseError
        log.exception("the database did not answer a public page")
        return _unavailable(request)


def _body_size(request: HttpRequest) -> int:
    """Return the size of the body as announced; the server reads no further than that.

    A body in chunks announces none, and Django would take it for empty; a server that marks its end
    lets it be read.
    """
    if not request.META.get("CONTENT_LENGTH") and request.META.get("wsgi.input_terminated"):
        request._body = request.META["wsgi.input"].read(BODY_LIMIT + 1)  # type: ignore[attr-defined]
        request.META["CONTENT_LENGTH"] = str(len(request.body))
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def no_link(request: HttpRequest, *, status: int, look: Look | None = None) -> HttpResponse:
    """Answer a link that does not work, or not any more: one body for all that we did not sign."""
    return draw(request, "public/_no_link.html", {}, look, status=status)


def _unavailable(request: HttpRequest) -> HttpResponse:
    """Say that nothing was saved; asks the database for nothing."""
    with override(language_of(request)):
        response = _plain(_("Nothing was changed. Try again in a few minutes."), 503)
    response["Retry-After"] = RETRY_SECONDS
    return response


def _plain(text: str, status: int) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")


def begin_visit[L: (Unsubscribe, Preferences)](
    request: HttpRequest, read: Callable[[str], L | None], token: str
) -> Visit[L]:
    """Begin a visit by a token, read by the function for its purpose. Raises NoSuchLink."""
    link = read(token)
    if link is None:
        raise NoSuchLink
    return Visit(request, link, token, timezone.now())


def fields_of(request: HttpRequest) -> QueryDict:
    """Return what was posted; what cannot be read as a form counts as an empty one."""
    request.body  # noqa: B018 - read first, so that it is still there when the form is none
    try:
        return request.POST
    except (MultiPartParserError, BadRequest, SuspiciousOperation, UnicodeError):
        return QueryDict()
