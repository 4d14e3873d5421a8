"""What comes by the thousand is looked at by a shorter way, and decided as by the whole one."""

import pytest

from preferences import situations
from preferences.services import preview_changes
from preferences.values import PERSON, Change, Result, Word
from tests.preferences.histories import STAFF, History
from tests.preferences.kernel import addresses
from tests.preferences.test_rebuilding import catalogue

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("seed", range(6))
def test_the_shorter_way_decides_as_the_whole_one(seed, monkeypatch):
    history = History(5_000 + seed, addresses(6), catalogue()[:3])
    plain = 0
    for _ in history.play(120):
        for _ in range(8):
            change = history.change()
            plain += situations._is_plain(change.wish)
            foreseen = _foreseen(change, history)
            with monkeypatch.context() as changed:
                changed.setattr(situations, "_is_plain", lambda _wish: False)
                assert _foreseen(change, history) == foreseen
    assert plain > 50


def _foreseen(change: Change, history: History) -> list[Result]:
    actor = PERSON if change.wish.word is Word.OWN else STAFF
    return preview_changes(changes=[change], actor=actor, now=history.now)
