"""What was sent from the preference page, as values; whatever no page of ours sends is refused."""

import calendar
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.http import QueryDict
from django.utils import timezone

from preferences.pauses import LONGEST
from preferences.values import ACCOUNT, Frequency, Scope, unit_scope

PAUSE_MONTHS = (1, 2, 3)
END_PAUSE = "end"


class NotOurForm(ValueError):
    """The form names what the page did not show: nothing of it is done."""


class WrongDay(ValueError):
    """The day of a pause makes no sense: "no_day", "range", or "both" a length and a day."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the person changed: types they ticked or unticked, and nothing else.

    ``leave`` and ``come_back``: an opt-out of all to set, those to lift. ``pause``: "" for as it is,
    a number of months, or "end"; ``day`` until which instead, as it was typed. ``often``: how often they
    want types, None for as it happens.
    """

    types: dict[int, bool]
    leave: Scope | None = None
    come_back: tuple[Scope, ...] = ()
    pause: str = ""
    day: str = ""
    often: Mapping[int, Frequency | None] = field(default_factory=dict)


def read_form(fields: QueryDict, *, type_ids: Collection[int], unit_ids: Collection[int]) -> Wanted:
    """Compare what was sent with what had been shown. Raises NotOurForm.

    ``type_ids`` are the types that may be spoken about on this address, archived ones included: the
    page may have been open when a type was archived.
    """
    shown = dict(_shown(text, type_ids) for text in fields.getlist("shown"))
    ticked = {_id(text, shown) for text in fields.getlist("types")}
    types = {pk: pk in ticked for pk, was_on in shown.items() if (pk in ticked) != was_on}
    types |= {_id(text, shown): False for text in fields.getlist("stop")}
    pause = fields.get("pause", "")
    if pause not in ("", END_PAUSE, *map(str, PAUSE_MONTHS)):
        raise NotOurForm("pause")
    leave = [_scope(text, unit_ids) for text in fields.getlist("leave")]
    come_back = [_scope(text, unit_ids) for text in fields.getlist("come_back")]
    if len(leave) > 1 or (leave and come_back):
        raise NotOurForm("leave")
    day = fields.get("pause_day", "").strip()[:20]
    often = _often(fields, type_ids)
    return Wanted(types, leave[0] if leave else None, tuple(come_back), pause, day, often)


def _often(fields: QueryDict, type_ids: Collection[int]) -> dict[int, Frequency | None]:
    """Return how often the person wants what, where that is not what was shown."""
    before = dict(read_often(text, type_ids) for text in fields.getlist("often_shown"))
    chosen = dict(read_often(text, before) for text in fields.getlist("often"))
    return {pk: often for pk, often in chosen.items() if often != before[pk]}


def read_often(text: str, type_ids: Collection[int]) -> tuple[int, Frequency | None]:
    """Read "12:weekly", or "12:" for as it happens. Raises NotOurForm."""
    number, _, word = text.partition(":")
    if word not in ("", *Frequency):
        raise NotOurForm("often")
    return _id(number, type_ids), Frequency(word) if word else None


def written_often(type_id: int, often: Frequency | None) -> str:
    """Write it the same way."""
    return f"{type_id}:{often or ''}"


def _shown(text: str, type_ids: Collection[int]) -> tuple[int, bool]:
    number, _, was_on = text.partition(":")
    if was_on not in ("0", "1"):
        raise NotOurForm("shown")
    return _id(number, type_ids), was_on == "1"


def _id(text: str, allowed: Collection[int]) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19) or int(text) not in allowed:
        raise NotOurForm("id")
    return int(text)


def _scope(text: str, unit_ids: Collection[int]) -> Scope:
    return ACCOUNT if text == "all" else unit_scope(_id(text, unit_ids))


def days_of_pause(now: datetime) -> tuple[date, date]:
    """Return the first and the last day until which a pause may be asked for."""
    return timezone.localdate(now) + timedelta(days=1), timezone.localdate(now + LONGEST)


def pause_wanted(wanted: Wanted, now: datetime) -> datetime | None:
    """Return until when the person wants a pause, None for no new one. Raises WrongDay."""
    if not wanted.day:
        return end_of_pause(int(wanted.pause), now) if wanted.pause.isdigit() else None
    if wanted.pause:
        raise WrongDay("both")
    try:
        day = date.fromisoformat(wanted.day)
    except ValueError as error:
        raise WrongDay("no_day") from error
    first, last = days_of_pause(now)
    if not first <= day <= last:
        raise WrongDay("range")
    return timezone.make_aware(datetime.combine(day, time.min))


def end_of_pause(months: int, now: datetime) -> datetime:
    """Return the start of the day so many months from today; of a day that is not there, the last."""
    today = timezone.localdate(now)
    year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    day = min(today.day, calendar.monthrange(year, month + 1)[1])
    return timezone.make_aware(datetime.combine(date(year, month + 1, day), time.min))
