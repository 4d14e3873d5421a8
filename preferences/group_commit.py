"""Words of several people that arrive at the same moment, written by one transaction.

A mailbox provider sends thousands of one-clicks within a minute. While one thread of a server process
waits for the database, others ask; the next in turn takes what all of them ask through the door as
one batch, so that reads, writes and the wait for the disk are shared (PostgreSQL's ``commit_delay``,
one level up). A lone caller waits for nobody.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from time import monotonic

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from preferences.bulk_sql import FEW, is_postgresql
from preferences.bursts import ALONE, Burst, Note, note_opt_outs
from preferences.services import apply_change, apply_changes
from preferences.values import PERSON, Change, Result

log = logging.getLogger(__name__)

LINGER = 0.005  # seconds for which those who came wait until they are as many as last time
PATIENCE = 0.05  # seconds after which nobody waits for a group any more that a lock holds up


type ChangeFor = Callable[[Burst], Change]


class _Asked:
    """One change: it waits, is in a group, then has a result or is to be applied alone."""

    __slots__ = ("burst", "change_for", "is_told", "note", "now", "result", "told")

    def __init__(self, change_for: ChangeFor, note: Note | None, now: datetime) -> None:
        self.change_for, self.note, self.now = change_for, note, now
        self.burst: Burst | None = None
        self.result: Result | None = None
        self.is_told = False
        self.told = Lock()  # held until there is something to tell; lighter than an Event
        self.told.acquire()

    def wake(self) -> None:
        """Let it look around; only one thread at a time does this."""
        if self.told.locked():
            self.told.release()


def apply_with_others(*, change_for: ChangeFor, note: Note | None, now: datetime) -> Result:
    """Apply a person's own word, together with those that other threads of this process bring.

    ``note``: the opt-out to count among those of one network (R24); what ``change_for`` returns may
    depend on how many there were. That is counted before the transaction, and once.
    Returns when it is committed. Inside a transaction it is ``apply_change``: the effect then belongs
    to that one. Whatever goes wrong with a group, each of it is applied alone, so that nobody's error
    is another's.
    """
    asked = _Asked(change_for, note, now)
    if not connection.in_atomic_block:
        _groups.bring(asked)
    if asked.result is None:
        [change] = _counted([asked], now)
        return apply_change(change=change, actor=PERSON, now=now)
    return asked.result


class _Groups:
    """Who waits. The last of as many as are expected leads: it applies all of them, one group at a time."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.waiting: deque[_Asked] = deque()
        self.is_led = False
        self.expected = 1

    def bring(self, mine: _Asked) -> None:
        """Return when the change has a result, or is to be applied alone."""
        with self.lock:
            self.waiting.append(mine)
            is_full = not self.is_led and len(self.waiting) >= self.expected
            group = self._taken() if is_full else []
        while not mine.is_told and (group or (group := self._awaited(mine))):
            self._lead(group)  # of those who came first; mine may be in one of the next
            group = []

    def _awaited(self, mine: _Asked) -> list[_Asked]:
        """Wait until somebody has told; return the group to lead when nobody else does by then."""
        gives_up_at = monotonic() + PATIENCE
        while not (mine.told.acquire(timeout=LINGER) and mine.is_told):
            with self.lock:
                if mine not in self.waiting:  # a group has it
                    continue
                if not self.is_led:
                    return self._taken()
                if monotonic() >= gives_up_at:
                    self.waiting.remove(mine)
                    break
        return []

    def _taken(self) -> list[_Asked]:
        self.is_led = True
        return [self.waiting.popleft() for _ in range(min(FEW, len(self.waiting)))]

    def _lead(self, group: list[_Asked]) -> None:
        try:
            _apply(group)
        except Exception:  # whom it concerns gets it again, alone
            log.warning("%d words are applied one by one", len(group), exc_info=True)
        finally:
            self._let_go(group)

    def _let_go(self, group: list[_Asked]) -> None:
        with self.lock:
            self.is_led = False
            # Those that may be back soon, and those that came meanwhile.
            self.expected = min(FEW, len(group) + len(self.waiting))
            for asked in group:
                asked.is_told = True
                asked.wake()
            if len(self.waiting) >= self.expected:
                self.waiting[0].wake()


def _apply(group: list[_Asked]) -> None:
    now = max(asked.now for asked in group)
    with _line.taken():
        results = apply_changes(changes=_counted(group, now), actor=PERSON, now=now)
    for asked, result in zip(group, results, strict=True):
        asked.result = result


def _counted(group: Sequence[_Asked], now: datetime) -> list[Change]:
    """Return the changes, after who opted out from the same network just before has been counted."""
    fresh = [asked for asked in group if asked.burst is None]
    for asked, burst in zip(
        fresh, note_opt_outs([one.note for one in fresh], now=now), strict=True
    ):
        asked.burst = burst
    return [asked.change_for(asked.burst or ALONE) for asked in group]


class _Line:
    """The connection over which the groups of this process go, whichever thread leads them.

    Each connection is a process of PostgreSQL with tables and plans of its own. Going over that of
    the leader, groups would find each of them cold.
    """

    def __init__(self) -> None:
        self.connection: BaseDatabaseWrapper | None = None

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Have the leader's thread speak over it. There is one leader at a time."""
        if not is_postgresql():
            yield
            return
        own, ours = connections[DEFAULT_DB_ALIAS], self._opened()
        connections[DEFAULT_DB_ALIAS] = ours
        try:
            yield
        finally:
            connections[DEFAULT_DB_ALIAS] = own
            ours.close_if_unusable_or_obsolete()

    def _opened(self) -> BaseDatabaseWrapper:
        if self.connection is None:
            self.connection = connections.create_connection(DEFAULT_DB_ALIAS)
            self.connection.inc_thread_sharing()
        self.connection.close_if_unusable_or_obsolete()
        return self.connection

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()


def close_line() -> None:
    """Close the connection of the groups: for tests, whose databases are removed."""
    _line.close()


_groups = _Groups()
_line = _Line()
