"""The tabs above the index: the views that everybody has, one's own, and those that others share."""

from collections.abc import Sequence
from typing import NamedTuple

from accounts.models import User
from contacts.index_look import IndexLook
from contacts.open_view import DEFAULT_VIEWS, view_url
from contacts.saved_views import view_lines

SAVED_TABS = 3  # the other saved views are in the menu, except the one that is open


class Tab(NamedTuple):
    """A view to open. ``note``: whose it is, where that is not plain."""

    key: str
    name: str
    url: str
    is_open: bool
    is_shared: bool = False
    is_own: bool = False


class Tabs(NamedTuple):
    """``shown`` in the bar, ``own`` and ``shared`` in the menu behind it."""

    shown: Sequence[Tab]
    own: Sequence[Tab]
    shared: Sequence[Tab]

    @property
    def has_more(self) -> bool:
        return bool(self.own or self.shared)


def tabs_of(user: User, look: IndexLook | None) -> Tabs:
    """Return the tabs of a user; one query."""
    current = look.opened.key if look else ""
    shown = [
        Tab(view.key, str(view.name), view_url(view.key), view.key == current)
        for view in DEFAULT_VIEWS.values()
    ]
    rest: list[Tab] = []
    for line in view_lines(user):
        key = str(line.id)
        tab = Tab(key, line.name, view_url(key), key == current, line.is_shared, line.is_own)
        has_room = len(shown) < len(DEFAULT_VIEWS) + SAVED_TABS
        (shown if has_room or tab.is_open else rest).append(tab)
    return Tabs(shown, [tab for tab in rest if tab.is_own], [tab for tab in rest if not tab.is_own])
