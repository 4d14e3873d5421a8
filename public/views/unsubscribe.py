"""Unsubscribing by a link that can only withdraw: a page for people, one-click for programs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.http import HttpRequest, HttpResponse

from preferences.links import read_unsubscribe
from preferences.rules import effective
from preferences.selectors import state_of, states_for
from preferences.services import UnknownAddress, UnknownUnit
from preferences.texts import TypeText, texts_for
from preferences.tokens import Unsubscribe
from preferences.values import Outcome, Result, Scope, Source, Status, unit_scope
from public.acts import Seen, withdraw
from public.one_click import DONE, ONE_CLICK, PLAIN, scope_of_link, unsubscribe_by_one_click
from public.shown import unsubscribe_wording
from public.views.after import (
    answer_act,
    evidence_for,
    glance,
    keep_reason,
    subject_of,
    take_back,
)
from public.views.visiting import NoSuchLink, Visit, begin_visit, public_view

_ONE_CLICK_BODY = ONE_CLICK.lower().encode()


@public_view("GET", "HEAD", "POST")
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Show what the link would stop and for whom, or stop it."""
    visit = begin_visit(request, read_unsubscribe, token)
    if request.method != "POST":
        return visit.page("public/unsubscribe.html", _page(visit))
    if _is_one_click(visit):
        return _one_click(visit)
    wanted = visit.fields.get("confirm")
    if wanted not in ("1", "all"):
        return HttpResponse("Nothing was changed.\n", status=400, content_type=PLAIN)
    scope = scope_of_link(visit.link) if wanted == "1" else unit_scope(visit.link.unit_id)
    return answer_act(visit, _withdraw(visit, scope))


@public_view("POST")
def unsubscribe_undo(request: HttpRequest, token: str) -> HttpResponse:
    """Take back what was just done: by the token that only the page after it carries (R23)."""
    visit = begin_visit(request, read_unsubscribe, token)
    undone = take_back(visit)
    context = {"reason": undone.reason, "count": len(undone.results)}
    if undone.scope is not None:
        context |= subject_of(visit, undone.scope)
    template = "public/_undone.html" if undone.is_whole else "public/_not_undone.html"
    return visit.page(template, context, status=200 if undone.is_whole else 409)


@public_view("POST")
def unsubscribe_reason(request: HttpRequest, token: str) -> HttpResponse:
    """Keep why somebody left, if they like to say."""
    return keep_reason(begin_visit(request, read_unsubscribe, token))


def _is_one_click(visit: Visit[Unsubscribe]) -> bool:
    """Tell whether the body is the pair of RFC 8058, as a form of either kind or as it stands."""
    if visit.request.body.strip().lower() == _ONE_CLICK_BODY:
        return True
    name, _, value = ONE_CLICK.partition("=")
    return visit.fields.get(name, "").strip().lower() == value.lower()


def _one_click(visit: Visit[Unsubscribe]) -> HttpResponse:
    """Answer a mail program: no redirect, no cookie, the same words every time.

    What is nothing but that is answered before it comes here (``public/wsgi.py``).
    """
    with _no_such_link():
        result = unsubscribe_by_one_click(visit.request, visit.link, now=visit.now)
    if _is_left(result):
        return HttpResponse(DONE, content_type=PLAIN)
    text = "These messages are part of an order. They cannot be unsubscribed from.\n"
    return HttpResponse(text, status=409, content_type=PLAIN)


def _withdraw(visit: Visit[Unsubscribe], scope: Scope) -> Result:
    with _no_such_link():
        result = withdraw(
            address_id=visit.link.address_id,
            scope=scope,
            source=Source.PREFERENCE_PAGE,
            seen=_seen(visit),
            glance=glance(visit),
            now=visit.now,
        )
    _is_left(result)
    return result


@contextmanager
def _no_such_link() -> Iterator[None]:
    try:
        yield
    except (UnknownAddress, UnknownUnit) as error:
        raise NoSuchLink from error


def _is_left(result: Result) -> bool:
    """Tell whether it could be left. Raises NoSuchLink for a type that is not there any more."""
    if result.decision.reason == "unknown_type":
        raise NoSuchLink
    return result.decision.outcome is not Outcome.REFUSE


def _seen(visit: Visit[Unsubscribe]) -> Seen:
    """Return what the person had before them: this page, in their language."""

    def wording(scope: Scope) -> int:
        with visit.speaking():
            return unsubscribe_wording(
                _text(visit), visit.unit.name, scope, language=visit.language, now=visit.now
            )

    return Seen(evidence_for(visit), wording)


def _text(visit: Visit[Unsubscribe]) -> TypeText | None:
    type_id = visit.link.type_id
    if type_id is None:
        return None
    text = texts_for([type_id], visit.language).get(type_id)
    if text is None:
        raise NoSuchLink
    return text


def _page(visit: Visit[Unsubscribe]) -> dict[str, Any]:
    """Return which list it is, and whether it has been left already."""
    link, text = visit.link, _text(visit)
    state = state_of(
        states_for([link.address_id]), link.address_id, type_id=link.type_id, unit_id=link.unit_id
    )
    status = effective(state).status
    return {"text": text, "is_out": status is Status.UNSUBSCRIBED}
