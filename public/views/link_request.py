"""Send me my link: the same answer for everybody, known here or not."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from preferences.addresses import InvalidAddress
from preferences.link_requests import Asked, ask_for_link
from public.look import language_of
from public.views.visiting import draw, fields_of, public_view
from subscriptions_site.web.network import client_network

LONGEST = 320


@public_view("GET", "HEAD", "POST")
def send_link(request: HttpRequest) -> HttpResponse:
    """Ask for the address, or take it; whether somebody lives there is not looked up here."""
    language = language_of(request)
    page_url = f"{reverse('send_link')}?lang={language}"
    if request.method != "POST":
        return draw(request, "public/send_link.html", {"page_url": page_url})
    typed = fields_of(request).get("email", "")[: LONGEST + 1].strip()
    try:
        asked = ask_for_link(
            text=typed, network=client_network(request), language=language, now=timezone.now()
        )
    except InvalidAddress:
        context = {"page_url": page_url, "typed": typed, "is_wrong": True}
        return draw(request, "public/send_link.html", context, status=422)
    if asked is Asked.TOO_MANY:
        context = {"page_url": page_url, "typed": typed, "is_too_many": True}
        return draw(request, "public/send_link.html", context, status=429)
    return draw(request, "public/_link_sent.html", {})
