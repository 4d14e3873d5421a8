"""What a sent preference page does: only what the person changed, and words for each change."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from preferences.frequencies import NotOffered, ask_frequency
from preferences.pauses import InvalidPause, end_pause, pause
from preferences.tokens import Preferences
from preferences.values import (
    ACCOUNT,
    Frequency,
    Outcome,
    Result,
    Scope,
    ScopeKind,
    Source,
    Status,
    type_scope,
    unit_scope,
)
from public.acts import Seen, choose, events_to_undo, withdraw
from public.choices import Choices, get_choices
from public.page_form import (
    END_PAUSE,
    NotOurForm,
    Wanted,
    pause_wanted,
    read_form,
    read_often,
    written_often,
)
from public.shown import choice_wording
from public.views.after import evidence_for, glance, token_for
from public.views.visiting import Visit
from public.words import everything_of, often_words, saved_words
from subscriptions_site.templatetags.ui import day

IN, OUT = Status.SUBSCRIBED, Status.UNSUBSCRIBED
NO_PAUSE = "none"
MOST_WISHES = 200  # in one undo: more than any page shows


def choices_of(visit: Visit[Preferences]) -> Choices:
    """Return what the page shows now."""
    return get_choices(
        visit.address, first_unit_id=visit.unit_id, language=visit.language, now=visit.now
    )


def wanted_of(visit: Visit[Preferences], choices: Choices) -> Wanted:
    """Return what the person changed. Raises NotOurForm."""
    unit_ids = set(choices.sayable.values())
    return read_form(visit.fields, type_ids=choices.sayable, unit_ids=unit_ids)


def leave_all(visit: Visit[Preferences], choices: Choices, scope: Scope) -> Result:
    """Unsubscribe from everything of one unit, or of all."""
    return withdraw(
        address_id=visit.address.pk,
        scope=scope,
        source=Source.PREFERENCE_PAGE,
        seen=_seen(visit, choices),
        glance=glance(visit),
        now=visit.now,
    )


def save(visit: Visit[Preferences], choices: Choices, wanted: Wanted) -> dict[str, Any]:
    """Do what the person changed, all or nothing, and return what to tell them. Raises WrongDay."""
    until = pause_wanted(wanted, visit.now)
    often, closed = _often(choices, wanted)
    scopes = _lifted(choices, wanted.come_back)
    scopes |= {type_scope(pk): IN if is_on else OUT for pk, is_on in wanted.types.items()}
    ends_pause = wanted.pause == END_PAUSE and choices.paused_until is not None
    results = choose(
        address_id=visit.address.pk,
        wanted=scopes,
        pause_until=until,
        ends_pause=ends_pause,
        often=often,
        seen=_seen(visit, choices),
        glance=glance(visit),
        now=visit.now,
    )
    told = [(result, saved_words(result, _subject(choices, result))) for result in results]
    lines = [words for result, words in told if words and result.is_applied]
    lines += [often_words(choices.texts[pk].name, wish) for pk, wish in often.items()]
    lines += _pause_words(until, ends_pause=ends_pause)
    is_pause_changed = until is not None or ends_pause
    return {
        "title": _("Your choices are saved") if lines else _("Nothing has changed"),
        "lines": lines,
        "problems": [w for r, w in told if w and r.decision.outcome is Outcome.REFUSE] + closed,
        "undo_tokens": [token_for(visit, event_id) for event_id in events_to_undo(results)],
        "pause_back": _written(choices.paused_until) if is_pause_changed else "",
        "often_back": [written_often(pk, choices.by_id[pk].often) for pk in often],
    }


def _often(choices: Choices, wanted: Wanted) -> tuple[dict[int, Frequency | None], list[str]]:
    """Return how often the person wants what, and words for what is not offered any more."""
    by_id, often, closed = choices.by_id, dict[int, Frequency | None](), list[str]()
    for pk, wish in wanted.often.items():
        if pk not in by_id or (wish is not None and wish not in by_id[pk].frequencies):
            name = choices.texts[pk].name
            closed.append(_("%(subject)s: how often can no longer be chosen.") % {"subject": name})
        elif wish != by_id[pk].often:
            often[pk] = wish
    return often, closed


def restore_often(visit: Visit[Preferences]) -> bool:
    """Give back how often before the page was saved; tell whether that had been changed."""
    texts = visit.fields.getlist("often_back")
    if not texts:
        return False
    try:
        often = dict(read_often(text, choices_of(visit).by_id) for text in texts[:MOST_WISHES])
    except NotOurForm:
        return False
    for pk, wish in often.items():
        with suppress(NotOffered):  # the type has changed since
            ask_frequency(address_id=visit.address.pk, type_id=pk, frequency=wish, now=visit.now)
    return True


def restore_pause(visit: Visit[Preferences]) -> bool:
    """Give a pause back what it was before the page was saved; tell whether it had been changed."""
    before = visit.fields.get("pause_back", "")
    until = None if before == NO_PAUSE else _read(before)
    if before != NO_PAUSE and until is None:
        return False
    end_pause(address_id=visit.address.pk, now=visit.now)
    if until is not None:
        try:
            pause(address_id=visit.address.pk, until=until, now=visit.now)
        except InvalidPause:  # it is over by now
            return True
    return True


def _written(until: datetime | None) -> str:
    return until.isoformat() if until is not None else NO_PAUSE


def _read(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _lifted(choices: Choices, come_back: Sequence[Scope]) -> dict[Scope, Status]:
    """Return the opt-outs of all to lift: "everything I had" means those of the units, too."""
    scopes = dict.fromkeys(come_back, IN)
    if ACCOUNT in scopes:
        scopes |= {unit_scope(unit.unit.pk): IN for unit in choices.left_units}
    return scopes


def _subject(choices: Choices, result: Result) -> str:
    scope = result.change.wish.scope
    if scope.kind is ScopeKind.TYPE:
        return choices.texts[scope.id or 0].name
    return everything_of(choices.unit_names.get(scope.id or 0, ""))


def _pause_words(until: datetime | None, *, ends_pause: bool) -> list[str]:
    if until is not None:
        return [_("All messages are paused until %(day)s") % {"day": day(until)}]
    return [_("Messages come again")] if ends_pause else []


def _seen(visit: Visit[Preferences], choices: Choices) -> Seen:
    """Return what the person had before them: this page, in their language."""

    def wording(scope: Scope) -> int:
        unit_id = choices.sayable.get(scope.id or 0) if scope.kind is ScopeKind.TYPE else scope.id
        return choice_wording(
            choices.texts.get(scope.id or 0) if scope.kind is ScopeKind.TYPE else None,
            choices.unit_names.get(unit_id or 0, ""),
            scope,
            language=visit.language,
            now=visit.now,
        )

    return Seen(evidence_for(visit), wording)
