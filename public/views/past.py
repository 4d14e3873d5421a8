"""The person's own history, a page of it at a time."""

from typing import Any

from preferences.event_lines import history_lines
from preferences.models import FrequencyWish, Pause, SubscriptionType
from preferences.selectors import HISTORY_PAGE
from preferences.texts import texts_for
from preferences.tokens import Preferences
from public.acts import EVERYTHING
from public.views.visiting import Visit
from public.words import PastLine, past_frequency, past_line, past_pause

SHOWN_PAUSES = 5  # and as many wishes how often


def past_of(visit: Visit[Preferences], *, before: str) -> dict[str, Any]:
    """Return a page of what happened, and the link to what is older.

    Internal types are not for people, so neither is their history.
    """
    is_number = before.isascii() and before.isdigit() and len(before) < 19
    found = history_lines(
        [visit.address.pk],
        reach=EVERYTHING,
        before=int(before) if is_number else None,
        limit=HISTORY_PAGE + 1,
    )
    lines = found[:HISTORY_PAGE]
    wishes = [] if is_number else _frequencies(visit)
    types = {line.subscription_type_id for line in lines if line.subscription_type_id}
    types |= {wish.subscription_type_id for wish in wishes}
    internal = set(
        SubscriptionType.objects.filter(pk__in=types, is_internal=True).values_list("pk", flat=True)
    )
    texts = texts_for(types, visit.language)
    shown = [line for line in lines if line.subscription_type_id not in internal]
    older = f"{visit.url('history/')}&before={lines[-1].id}" if len(found) > len(lines) else ""
    told = [past_line(line, texts) for line in shown]
    if not is_number:
        told += [
            past_frequency(wish, texts[wish.subscription_type_id].name)
            for wish in wishes
            if wish.subscription_type_id not in internal
        ]
        told = sorted([*told, *_pauses(visit)], key=lambda line: line.at, reverse=True)
    return {"lines": told, "older_url": older}


def _pauses(visit: Visit[Preferences]) -> list[PastLine]:
    """Return the last pauses, each where it was asked for."""
    found = Pause.objects.filter(address=visit.address).order_by("-id")[:SHOWN_PAUSES]
    return [past_pause(pause) for pause in found]


def _frequencies(visit: Visit[Preferences]) -> list[FrequencyWish]:
    """Return the last wishes how often."""
    return list(FrequencyWish.objects.filter(address=visit.address).order_by("-id")[:SHOWN_PAUSES])
