"""The page after an act: that it counts, Undo for a day, and a reason for those who like to tell."""

from typing import Any, NamedTuple

from django.http import HttpResponse

from preferences.links import read_undo, undo_token
from preferences.models import BusinessUnit, ConsentEvent
from preferences.reasons import REASONS
from preferences.selectors import events_of
from preferences.situations import scope_of
from preferences.texts import texts_for
from preferences.tokens import Undo
from preferences.values import Outcome, Result, Scope, ScopeKind
from public.acts import EVERYTHING, events_to_undo, give_reason, undo
from public.request_facts import evidence_of
from public.suspecting import Glance, glance_at
from public.views.visiting import Visit

LONGEST_REASON = 500


def answer_act(visit: Visit[Any], result: Result) -> HttpResponse:
    """Answer an unsubscribing: done, or why there is nothing to leave."""
    scope = result.change.wish.scope
    if result.decision.outcome is Outcome.REFUSE:
        return visit.page("public/_always_sent.html", subject_of(visit, scope), status=409)
    tokens = [token_for(visit, event_id) for event_id in events_to_undo([result])]
    return _done(visit, scope, tokens)


class Undone(NamedTuple):
    """What became of taking acts back. ``scope`` is what the last of them was about."""

    results: list[Result]
    scope: Scope | None = None

    @property
    def reason(self) -> str:
        """Return why one of them stays, "" when all were taken back."""
        if not self.results:
            return "too_late"
        refused = (r.decision.reason for r in self.results if not r.is_applied)
        return next(refused, "")

    @property
    def is_whole(self) -> bool:
        return not self.reason


def take_back(visit: Visit[Any]) -> Undone:
    """Take acts of this person back, by their undo tokens; without good ones nothing is done."""
    events = _events(visit, visit.fields.getlist("event"))
    if not events:
        return Undone([])
    results = undo(
        address_id=visit.address.pk,
        event_ids=[event.pk for event in events],
        evidence=evidence_for(visit),
        now=visit.now,
    )
    return Undone(results, scope_of(events[0]))


def keep_reason(visit: Visit[Any]) -> HttpResponse:
    """Keep the reason beside the event, and show the page again, with Undo still on it."""
    tokens = visit.fields.getlist("event")
    events = _events(visit, tokens)
    if not events:
        return visit.page("public/_not_undone.html", {"reason": "too_late"}, status=409)
    chosen, text = visit.fields.get("reason", ""), visit.fields.get("text", "")
    is_given = chosen in REASONS
    if is_given:
        give_reason(
            address_id=visit.address.pk,
            event_ids=[event.pk for event in events],
            reason=chosen,
            text=_one_line(text),
            now=visit.now,
        )
    return _done(visit, scope_of(events[0]), tokens, is_thanked=is_given)


def _done(
    visit: Visit[Any], scope: Scope, tokens: list[str], *, is_thanked: bool = False
) -> HttpResponse:
    context = subject_of(visit, scope) | {
        "undo_tokens": tokens,
        "reasons": REASONS.items(),
        "is_thanked": is_thanked,
    }
    return visit.page("public/_done.html", context)


def subject_of(visit: Visit[Any], scope: Scope) -> dict[str, Any]:
    """Return what an act was about: a type in the reader's words, a unit, or everything."""
    text = None
    if scope.kind is ScopeKind.TYPE and scope.id is not None:
        text = texts_for([scope.id], visit.language).get(scope.id)
    unit_name = visit.unit.name
    if scope.kind is ScopeKind.UNIT and scope.id not in (None, visit.unit.pk):
        unit_name = BusinessUnit.objects.get(pk=scope.id or 0).name
    is_everything = scope.kind is ScopeKind.ACCOUNT
    return {"text": text, "unit_name": unit_name, "is_everything": is_everything}


def token_for(visit: Visit[Any], event_id: int) -> str:
    """Return the token to undo an event, for the page that follows it."""
    return undo_token(address_id=visit.address.pk, event_id=event_id, now=visit.now)


def _events(visit: Visit[Any], tokens: list[str]) -> list[ConsentEvent]:
    """Return the events that the tokens name; none at all when one of them is not good."""
    links: list[Undo] = []
    for token in tokens:
        link = read_undo(token, now=visit.now)
        if link is None or link.address_id != visit.link.address_id:
            return []
        links.append(link)
    ids = [link.about_id for link in links]
    return list(events_of([visit.link.address_id], reach=EVERYTHING).filter(pk__in=ids))


def evidence_for(visit: Visit[Any]) -> tuple[tuple[str, str], ...]:
    """Return what the request of a page tells."""
    drawn = visit.fields.get("drawn", "")
    return evidence_of(visit.request, drawn=drawn, language=visit.language, now=visit.now)


def glance(visit: Visit[Any]) -> Glance:
    """Look at who opts out on a page: a person, or a machine (R24)."""
    return glance_at(
        visit.request,
        address_id=visit.link.address_id,
        is_one_click=False,
        drawn=visit.fields.get("drawn", ""),
        now=visit.now,
    )


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text[:LONGEST_REASON]).strip()
