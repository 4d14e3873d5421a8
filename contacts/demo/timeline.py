"""What happens when: changes laid out in time, then taken through the door in that order."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import NamedTuple

from contacts.demo.company import Company
from contacts.demo.names import SEED
from preferences.services import apply_changes
from preferences.values import (
    ACCOUNT,
    Act,
    Actor,
    Change,
    LegalBasis,
    Scope,
    Source,
    Status,
    Wish,
    Word,
)

AT_ONCE = 10_000  # changes in one call of the door
EVERYTHING = "everything"  # the key of the scope that is the whole account


class Mark(NamedTuple):
    """Where a change stands in the timeline, so that a later one can answer it."""

    at: datetime
    actor: str
    place: int


class Answer(NamedTuple):
    """A change that takes another one back (R23) or corrects it (R24)."""

    address_id: int
    scope: Scope
    source: Source
    act: Act
    word: Word
    explanation: str
    answers: Mark


class Timeline:
    """Collects changes by moment and actor. ``days`` are its usual moments, in days before now."""

    def __init__(self, company: Company, now: datetime, days: Sequence[float]) -> None:
        self.company, self.now = company, now
        self.days = sorted(days, reverse=True)
        dice = Random(SEED)
        self.moments = [_by_day(now - timedelta(days=ago), dice) for ago in self.days]
        self.wish = lru_cache(maxsize=None)(self._wish)
        self._steps: dict[tuple[datetime, str], list[Change | Answer]] = {}
        self._answered: set[Mark] = set()
        self._events: dict[Mark, int | None] = {}

    def slot(self, days_ago: float) -> int:
        """Return the number of the first usual moment that is not earlier than that."""
        low, high = 0, len(self.days) - 1
        while low < high:
            middle = (low + high) // 2
            if self.days[middle] <= days_ago:
                high = middle
            else:
                low = middle + 1
        return low

    def _wish(
        self,
        key: str,
        source: Source,
        status: Status,
        word: Word,
        *,
        basis: LegalBasis | None = None,
        why: str = "",
        asked_on: date | None = None,
        said_at: datetime | None = None,
        act: Act = Act.STATE,
        lift: bool = False,
        suspected: bool = False,
        is_list: bool = False,
        evidence: tuple[tuple[str, str], ...] = (),
    ) -> Wish:
        """Return the wish about a type, a business unit or everything; one object for the same."""
        return Wish(
            scope=ACCOUNT if key == EVERYTHING else self.company.scope(key),
            source=source,
            status=status,
            word=word,
            legal_basis=basis,
            explanation=why,
            asked_on=asked_on,
            said_at=said_at,
            act=act,
            lift=lift,
            suspected=suspected,
            is_opt_out_list=is_list,
            evidence=evidence,
        )

    def add(self, at: datetime, actor: str, address_id: int, wish: Wish) -> Mark:
        """Add a change and return where it stands."""
        at = min(at, self.now)
        step = self._steps.setdefault((at, actor), [])
        step.append(Change(address_id, wish))
        return Mark(at, actor, len(step) - 1)

    def answer(
        self, at: datetime, actor: str, mark: Mark, *, act: Act = Act.UNDO, why: str = ""
    ) -> None:
        """Take the change back that stands there, or correct it."""
        change = self._steps[mark.at, mark.actor][mark.place]
        if not isinstance(change, Change):
            raise TypeError("an answer is not answered")
        wish = change.wish
        word = wish.word if act is Act.UNDO else Word.OURS
        source = wish.source if act is Act.UNDO else Source.RECORD_PANEL
        step = self._steps.setdefault((min(at, self.now), actor), [])
        step.append(Answer(change.address_id, wish.scope, source, act, word, why, mark))
        self._answered.add(mark)

    def run(self, actors: Mapping[str, Actor]) -> int:
        """Take everything through the door in the order of time; return how many were applied."""
        applied = 0
        for key in sorted(self._steps):
            step = self._steps[key]
            for start in range(0, len(step), AT_ONCE):
                applied += self._run(key, start, step[start : start + AT_ONCE], actors[key[1]])
        self._steps.clear()
        return applied

    def _run(
        self,
        key: tuple[datetime, str],
        start: int,
        step: Sequence[Change | Answer],
        actor: Actor,
    ) -> int:
        changes = [entry if isinstance(entry, Change) else self._change_of(entry) for entry in step]
        asked = [change for change in changes if change is not None]
        results = iter(apply_changes(changes=asked, actor=actor, now=key[0]))
        applied = 0
        for place, change in enumerate(changes, start):
            if change is None:
                continue
            result = next(results)
            applied += result.is_applied
            if Mark(*key, place) in self._answered:
                self._events[Mark(*key, place)] = result.event_id
        return applied

    def _change_of(self, answer: Answer) -> Change | None:
        """Return the change; None when what it answers was not applied."""
        event_id = self._events.get(answer.answers)
        if event_id is None:
            return None
        wish = Wish(
            scope=answer.scope,
            source=answer.source,
            act=answer.act,
            word=answer.word,
            explanation=answer.explanation,
            undoes=event_id,
        )
        return Change(answer.address_id, wish)


def _by_day(moment: datetime, dice: Random) -> datetime:
    """Return a moment on that day between 7 and 20 o'clock."""
    return moment.replace(
        hour=dice.randrange(7, 20),
        minute=dice.randrange(60),
        second=dice.randrange(60),
        microsecond=0,
    )
