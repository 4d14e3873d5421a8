"""The person's own page: what they get on one address, by business unit, and how to change it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from preferences.links import is_alive, read_preferences
from preferences.tokens import Preferences
from public.look import Look
from public.page_form import PAUSE_MONTHS, NotOurForm, Wanted, WrongDay, days_of_pause
from public.shown import agreement
from public.views.after import answer_act, keep_reason, take_back
from public.views.past import past_of
from public.views.saving import (
    choices_of,
    leave_all,
    restore_often,
    restore_pause,
    save,
    wanted_of,
)
from public.views.visiting import LinkEnded, Visit, begin_visit, public_view
from public.words import WRONG_DAYS

PLAIN = "text/plain; charset=utf-8"


@public_view("GET", "HEAD", "POST")
def preference_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show what somebody gets on one address, or save what they changed."""
    visit = _open(request, token)
    with visit.speaking():
        if request.method != "POST":
            return _page(visit)
        choices = choices_of(visit)
        try:
            wanted = wanted_of(visit, choices)
        except NotOurForm:
            text = _("Nothing was changed. Load the page again.")
            return HttpResponse(f"{text}\n", status=400, content_type=PLAIN)
        if wanted.leave is not None:
            return answer_act(visit, leave_all(visit, choices, wanted.leave))
        try:
            notice = save(visit, choices, wanted)
        except WrongDay as wrong:
            return _page(visit, sent=wanted, wrong_day=wrong.reason, status=422)
        return _page(visit, notice=notice)


@public_view("POST")
def preference_undo(request: HttpRequest, token: str) -> HttpResponse:
    """Take back what was just done, by the tokens that only the page after it carries (R23)."""
    visit = _open(request, token)
    with visit.speaking():
        has_wish = restore_pause(visit) | restore_often(visit)
        undone = take_back(visit)
        if undone.is_whole or (has_wish and not undone.results):
            return _page(visit, notice={"title": _("It is as it was before")})
        problem = _("This can no longer be undone. Your choices stay as they are now.")
        return _page(visit, notice={"problems": [problem]}, status=409)


@public_view("POST")
def preference_reason(request: HttpRequest, token: str) -> HttpResponse:
    """Keep why somebody left, if they like to say."""
    return keep_reason(_open(request, token))


@public_view("GET", "HEAD")
def preference_history(request: HttpRequest, token: str) -> HttpResponse:
    """Show what happened to the choices of this address, in plain words, newest first."""
    visit = _open(request, token)
    with visit.speaking():
        context = past_of(visit, before=request.GET.get("before", ""))
        return visit.page("public/preference_history.html", context)


def _open(request: HttpRequest, token: str) -> Visit[Preferences]:
    visit = begin_visit(request, read_preferences, token)
    if not is_alive(visit.link, now=visit.now):
        raise LinkEnded(Look(visit.unit))
    return visit


def _page(
    visit: Visit[Preferences],
    *,
    notice: dict[str, Any] | None = None,
    sent: Wanted | None = None,
    wrong_day: str = "",
    status: int = 200,
) -> HttpResponse:
    """Draw the page; ``sent`` is what was not saved, because of the day of the break."""
    choices, days = choices_of(visit), days_of_pause(visit.now)
    context = {
        "choices": choices.as_sent(sent.types, sent.often) if sent else choices,
        "notice": notice,
        "months": [(str(count), count) for count in PAUSE_MONTHS],
        "sent": sent,
        "wrong_day": WRONG_DAYS.get(wrong_day, ""),
        "first_day": days[0].isoformat(),
        "last_day": days[1].isoformat(),
        "agreement": agreement(),
        "history_url": visit.url("history/"),
    }
    return visit.page("public/preference_page.html", context, status=status)
