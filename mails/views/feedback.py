"""What a mail provider reports, at an address that exists only while a provider and a secret are set.

Anymail checks and reads it. We call its readers ourselves, because nothing here happens by signals.
"""

import logging
from typing import Any, cast

from anymail.exceptions import AnymailConfigurationError, AnymailError
from anymail.signals import AnymailTrackingEvent
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from mails.feedback import take_event

UNREADABLE = (
    AnymailConfigurationError,
    AnymailError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
log = logging.getLogger(__name__)


@csrf_exempt
@require_http_methods(["HEAD", "POST"])
def provider_feedback(request: HttpRequest) -> HttpResponse:
    """Take what the provider of EMAIL_URL tells; 404 without one or without a secret.

    What cannot be read is 400. An error of ours is 500: the provider tries again.
    """
    reader = _reader()
    if request.method == "HEAD":  # some look first whether there is anybody
        return HttpResponse()
    if "Authorization" not in request.headers:  # Amazon brings none before it is asked
        return HttpResponse(status=401, headers={"WWW-Authenticate": 'Basic realm="mails"'})
    try:
        reader.run_validators(request)
        events = list(reader.parse_events(request))
    except UNREADABLE as error:
        # The class alone: what was sent names people.
        log.warning("what the mail provider sent could not be read: %s", type(error).__name__)
        return HttpResponseBadRequest()
    now = timezone.now()
    for event in events:
        if isinstance(event, AnymailTrackingEvent):
            take_event(event, now=now)
    return HttpResponse()


def _reader() -> Any:
    """Return Anymail's reader of the provider that mail leaves by; raises Http404."""
    _before, _, provider = settings.MAILERS["default"]["BACKEND"].partition("anymail.backends.")
    if not provider or not settings.ANYMAIL.get("WEBHOOK_SECRET"):
        raise Http404
    try:
        found = resolve(f"/{provider.partition('.')[0]}/tracking/", "anymail.urls")
    except Resolver404 as error:
        raise Http404 from error
    return cast(Any, found.func).view_class()
