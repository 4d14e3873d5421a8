"""Words of several people that arrive at the same moment, written by one transaction.

A mailbox provider sends thousands of one-clicks within a minute. While one thread of a server process
waits for the database, others ask; the next in turn takes what all of them ask through the door as
one batch, so that reads, writes and the wait for the disk are shared (PostgreSQL's ``commit_delay``,
one level up). A lone caller waits for nobody.
"""

import logging
from collections import deque
from datetime import datetime
from threading import Event, Lock

from django.db import connection

from preferences.bulk_sql import FEW
from preferences.services import apply_change, apply_changes
from preferences.values import PERSON, Change, Result

log = logging.getLogger(__name__)

LINGER = 0.005  # seconds that a group waits for as many as came last time
PATIENCE = 0.05  # seconds after which nobody waits for a group any more that a lock holds up


class _Asked:
    """One change: it waits, is in a group, then has a result or is to be applied alone."""

    __slots__ = ("change", "leads", "now", "result", "told")

    def __init__(self, change: Change, now: datetime) -> None:
        self.change, self.now = change, now
        self.result: Result | None = None
        self.leads = False
        self.told = Lock()  # held until there is something to tell; lighter than an Event
        self.told.acquire()


def apply_with_others(*, change: Change, now: datetime) -> Result:
    """Apply a person's own word, together with those that other threads of this process bring.

    Returns when it is committed. Inside a transaction it is ``apply_change``: the effect then belongs
    to that one. Whatever goes wrong with a group, each of it is applied alone, so that nobody's error
    is another's.
    """
    asked = _Asked(change, now)
    if not connection.in_atomic_block:
        _groups.bring(asked)
    if asked.result is None:
        return apply_change(change=change, actor=PERSON, now=now)
    return asked.result


class _Groups:
    """Who waits, and who leads: one applies a group at a time, then tells the next in line."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.waiting: deque[_Asked] = deque()
        self.is_led = False
        self.expected = 1
        self.all_here = Event()

    def bring(self, mine: _Asked) -> None:
        """Return when the change has a result, or is to be applied alone."""
        with self.lock:
            self.waiting.append(mine)
            mine.leads, self.is_led = not self.is_led, True
            if len(self.waiting) >= self.expected:
                self.all_here.set()
        if mine.leads or self._is_told_to_lead(mine):
            self._lead()

    def _is_told_to_lead(self, mine: _Asked) -> bool:
        if not mine.told.acquire(timeout=PATIENCE):
            with self.lock:
                if not mine.leads and mine in self.waiting:
                    self.waiting.remove(mine)
                    return False
            mine.told.acquire()  # a group has it already
        return mine.leads

    def _lead(self) -> None:
        if len(self.waiting) < self.expected:
            self.all_here.wait(LINGER)
        with self.lock:
            group = [self.waiting.popleft() for _ in range(min(FEW, len(self.waiting)))]
        try:
            _apply(group)
        except Exception:  # whom it concerns gets it again, alone
            log.warning("%d words are applied one by one", len(group), exc_info=True)
        finally:
            self._hand_over(group)

    def _hand_over(self, group: list[_Asked]) -> None:
        with self.lock:
            # Those that may be back soon, and those that came meanwhile.
            self.expected = min(FEW, len(group) + len(self.waiting))
            self.all_here.clear()
            self.is_led = bool(self.waiting)
            if self.is_led:
                self.waiting[0].leads = True
                group.append(self.waiting[0])
        for asked in group:
            asked.told.release()


def _apply(group: list[_Asked]) -> None:
    now = max(asked.now for asked in group)
    results = apply_changes(changes=[asked.change for asked in group], actor=PERSON, now=now)
    for asked, result in zip(group, results, strict=True):
        asked.result = result


_groups = _Groups()
