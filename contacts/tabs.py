"""The tabs above the index: the views that everybody has, one's own, and those that others share."""

from collections.abc import Sequence
from typing import NamedTuple

from accounts.models import User
from contacts.index_look import IndexLook
from contacts.open_view import DEFAULT_VIEWS, view_url
from contacts.saved_views import view_lines

USUAL_TABS = 4
SAVED_TABS = 2  # the other views are in the menu, except the one that is open


class Tab(NamedTuple):
    """A view to open."""

    key: str
    name: str
    url: str
    is_open: bool
    is_own: bool = False


class Tabs(NamedTuple):
    """``shown`` in the bar; the others in the menu: those that everybody has, own, shared."""

    shown: Sequence[Tab]
    usual: Sequence[Tab]
    own: Sequence[Tab]
    shared: Sequence[Tab]


def tabs_of(user: User, look: IndexLook | None) -> Tabs:
    """Return the tabs of a user; one query."""
    current = look.opened.key if look else ""
    usual = [
        Tab(view.key, str(view.name), view_url(view.key), view.key == current)
        for view in DEFAULT_VIEWS.values()
    ]
    saved = [
        Tab(str(line.id), line.name, view_url(str(line.id)), str(line.id) == current, line.is_own)
        for line in view_lines(user)
    ]
    shown = _with_room(usual, USUAL_TABS) + _with_room(saved, SAVED_TABS)
    rest = [tab for tab in saved if tab not in shown]
    return Tabs(
        shown,
        [tab for tab in usual if tab not in shown],
        [tab for tab in rest if tab.is_own],
        [tab for tab in rest if not tab.is_own],
    )


def _with_room(tabs: Sequence[Tab], room: int) -> list[Tab]:
    return [tab for place, tab in enumerate(tabs) if place < room or tab.is_open]
