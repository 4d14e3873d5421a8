"""Which view a request opens, and what the index is asked for with it.

The URL says what differs from the view: a parameter that it has, be it empty, outranks the view's,
one that it has not is the view's. So "view=3&q=anna" narrows the third view, and nothing widens it
by being forgotten.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from contacts.columns import read_keys
from contacts.models import SavedView
from contacts.saved_views import ViewState, find_view, may_change_view, state_of_view
from contacts.selectors import DEFAULT_SORT

ALL = "all"
ID_DIGITS = 18


class NoSuchView(Exception):
    """Says that a view was deleted, is not shared any more, or never was."""


class DefaultView(NamedTuple):
    """A view that everybody has; ``filter`` in the language of filters, "{me}" who looks."""

    key: str
    name: str | Promise
    filter: str = ""
    sort: str = DEFAULT_SORT


DEFAULT_VIEWS = {
    view.key: view
    for view in (
        DefaultView(ALL, _("All contacts")),
        DefaultView("mine", _("My contacts"), "owner:is:{me}"),
        DefaultView("left", _("Unsubscribed from all"), "left.all.email:is:yes"),
        DefaultView("bounced", _("Undeliverable"), "undeliverable.email:is:yes"),
        DefaultView("new", _("New in 30 days"), "created:newer:30", "-created"),
    )
}


@dataclass(frozen=True, slots=True)
class OpenView:
    """A view that is open. ``data``: what the index is asked for, the view's and the URL's.

    ``saved`` is None for the default views.
    """

    key: str
    name: str
    state: ViewState
    data: QueryDict
    columns: tuple[str, ...]
    saved: SavedView | None = None
    can_change: bool = False

    @property
    def url(self) -> str:
        return view_url(self.key)


def open_view(user: User, parameters: QueryDict) -> OpenView:
    """Return the view that the parameters name, all contacts without. Raises NoSuchView."""
    key = parameters.get("view") or ALL
    saved = None
    if key in DEFAULT_VIEWS:
        default = DEFAULT_VIEWS[key]
        name = str(default.name)
        narrowing = {"f": default.filter.format(me=user.pk)} if default.filter else {}
        state = ViewState(urlencode(narrowing), default.sort)
    else:
        saved = _find(user, key)
        name, state = saved.name, state_of_view(saved)
    data = QueryDict(state.query_text, mutable=True)
    for given in parameters:
        data.setlist(given, parameters.getlist(given))
    if not data.get("sort"):
        data["sort"] = state.sort
    columns = read_keys(parameters.getlist("cols")) if "cols" in parameters else state.columns
    can_change = saved is not None and may_change_view(user, saved)
    return OpenView(key, name, state, data, columns, saved, can_change)


def view_url(key: str, parameters: Iterable[tuple[str, str]] = ()) -> str:
    """Return the address of a view; the parameters say what differs from it."""
    named = [*([] if key == ALL else [("view", key)]), *parameters]
    return f"{reverse('contacts')}?{urlencode(named)}" if named else reverse("contacts")


def changed_url(opened: OpenView, state: ViewState) -> str:
    """Return the address of an open view that is looked at in this way."""
    kept, wanted = QueryDict(opened.state.query_text), QueryDict(state.query_text)
    names = dict.fromkeys([*kept, *wanted])
    differing = [
        (name, wanted.get(name, "")) for name in names if wanted.get(name, "") != kept.get(name, "")
    ]
    if state.sort != opened.state.sort:
        differing.append(("sort", state.sort))
    if state.columns != opened.state.columns:
        differing.append(("cols", ",".join(state.columns)))
    return view_url(opened.key, differing)


def _find(user: User, key: str) -> SavedView:
    is_id = key.isascii() and key.isdigit() and len(key) <= ID_DIGITS
    found = find_view(user, int(key)) if is_id else None
    if found is None:
        raise NoSuchView
    return found
