"""Confirming by the link in our mail (R14): a page with one button, and what pressing it does."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import override

from preferences.confirming import AskedType, asked_types, open_requests
from preferences.confirming import confirm as confirm_requests
from preferences.links import is_alive, preference_link, read_confirm
from preferences.models import ConsentEvent
from preferences.tokens import Confirm
from preferences.values import Outcome, Result, Source
from public.look import Look, language_of
from public.request_facts import drawn_stamp, evidence_of
from public.shown import confirm_wording
from public.views.visiting import LinkEnded, NoSuchLink, draw, fields_of, public_view


@public_view("GET", "HEAD", "POST")
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show what the person was asked to confirm, with one button; or hear that they do."""
    link, now = read_confirm(token), timezone.now()
    if link is None:
        raise NoSuchLink
    if not is_alive(link, now=now):
        raise LinkEnded
    asked = list(open_requests(link.address_id, now=now))
    if not asked:
        return _nothing_left(request, link)
    units = [row.subscription_type.business_unit for row in asked]
    look = Look(min(units, key=lambda unit: (unit.position, unit.pk)))
    types = asked_types(asked, language_of(request, look.unit))
    if request.method == "POST":
        return _answer(request, link, types, look, now)
    page_url = f"/c/{token}/?lang={language_of(request, look.unit)}"
    context = {"types": types, "drawn": drawn_stamp(now), "page_url": page_url}
    return draw(request, "public/confirm.html", context, look)


def _answer(
    request: HttpRequest, link: Confirm, types: list[AskedType], look: Look, now: datetime
) -> HttpResponse:
    """Confirm, and say what came of it."""
    results = _confirm(request, link, types, language_of(request, look.unit), now)
    names = {kind.id: kind for kind in types}
    done = [r for r in results if r.decision.outcome is not Outcome.REFUSE]
    unit_id = look.unit.pk if look.unit else 0
    context = {
        "confirmed": [names[result.change.wish.scope.id or 0] for result in done],
        "choices_url": preference_link(address_id=link.address_id, unit_id=unit_id, now=now),
    }
    return draw(request, "public/_confirmed.html", context, look)


def _nothing_left(request: HttpRequest, link: Confirm) -> HttpResponse:
    """Say that it was confirmed before, or that the request has ended; nothing is opted in."""
    confirmed = ConsentEvent.objects.filter(
        address_id=link.address_id, source=Source.CONFIRMATION.code, recorded_at__gte=link.issued_at
    )
    if not confirmed.exists():
        raise LinkEnded
    return draw(request, "public/_confirmed.html", {"is_before": True})


def _confirm(
    request: HttpRequest, link: Confirm, types: list[AskedType], language: str, now: datetime
) -> list[Result]:
    """Confirm what the page showed: a type asked for since then is not confirmed unseen."""
    fields = fields_of(request)
    shown = [kind for kind in types if str(kind.id) in fields.getlist("type")]
    with override(language):
        wordings = {kind.id: confirm_wording(kind, language=language, now=now) for kind in shown}
    return confirm_requests(
        address_id=link.address_id,
        type_ids=set(wordings),
        wordings=wordings,
        evidence=evidence_of(request, drawn=fields.get("drawn", ""), language=language, now=now),
        now=now,
    )
