"""Views of the index that are kept: which a user has, and every change of them.

A view says how to look, never who may be seen: whoever opens it sees what their own reach allows.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import Http404

from accounts.models import User
from accounts.settings_access import may_change_settings
from contacts.models import SavedView
from contacts.values import fold
from preferences.bulk_sql import run_prepared

VIEWS_EACH = 50
type Step = Literal["up", "down"]


class NameTaken(ValueError):
    """Says that the owner has another view of this name."""


class TooManyViews(ValueError):
    """Says that the owner has as many views as one may have."""


class StateTooLong(ValueError):
    """Says that search and filter are longer than a view keeps."""


@dataclass(frozen=True, slots=True)
class ViewState:
    """How the index is looked at: what narrows it, as the URL has it; the order; the columns.

    ``columns`` () are the default ones.
    """

    query_text: str
    sort: str
    columns: tuple[str, ...] = ()


class ViewLine(NamedTuple):
    """A view as the tabs show it."""

    id: int
    name: str
    is_own: bool


# One's own in their order, then what others share, by name.
_LINES = f"""
    SELECT id, name, owner_id FROM {SavedView._meta.db_table}
    WHERE owner_id = %s OR is_shared
    ORDER BY CASE WHEN owner_id = %s THEN position ELSE {2**31} END, name, id
"""


def view_lines(user: User) -> list[ViewLine]:
    """Return the user's own views in their order, then what others share, by name; one query."""
    found = run_prepared(_LINES, [user.pk, user.pk])
    return [ViewLine(pk, name, owner_id == user.pk) for pk, name, owner_id in found]


def own_views(user: User) -> list[SavedView]:
    return list(_own(user))


def views_of_others(user: User) -> list[SavedView]:
    """Return what other members of staff share, by name."""
    others = SavedView.objects.filter(is_shared=True).exclude(owner=user)
    return list(others.select_related("owner").order_by("name", "id"))


def get_view(user: User, pk: int) -> SavedView:
    """Return a view that is the user's or shared. Raises Http404."""
    found = find_view(user, pk)
    if found is None:
        raise Http404
    return found


def find_view(user: User, pk: int) -> SavedView | None:
    found = SavedView.objects.filter(pk=pk).first()
    is_seen = found is not None and (found.is_shared or found.owner_id == user.pk)
    return found if is_seen else None


def get_view_to_change(user: User, pk: int) -> SavedView:
    """Return a view that the user may change. Raises Http404, PermissionDenied."""
    found = get_view(user, pk)
    if not may_change_view(user, found):
        raise PermissionDenied("not_your_view")
    return found


def may_change_view(user: User, view: SavedView) -> bool:
    """Tell whether a view is the user's, or shared and the user an administrator of all units."""
    if view.owner_id == user.pk:
        return True
    return view.is_shared and may_change_settings(user, account_wide=True)


def state_of_view(view: SavedView) -> ViewState:
    return ViewState(view.query_text, view.sort, tuple(view.columns))


@transaction.atomic
def create_view(
    *, owner: User, name: str, is_shared: bool, state: ViewState, now: datetime
) -> SavedView:
    """Keep a view after the owner's others. Raises NameTaken, TooManyViews, StateTooLong."""
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)  # one at a time counts right
    others = list(own_views(owner))
    if len(others) >= VIEWS_EACH:
        raise TooManyViews
    view = SavedView(owner=owner, position=others[-1].position + 1 if others else 0)
    _put(view, state, now)
    return _named(view, name, is_shared)


@transaction.atomic
def describe_view(*, view: SavedView, name: str, is_shared: bool) -> SavedView:
    """Give a view another name or other readers. Raises NameTaken, and Http404 for one just deleted."""
    return _named(_locked(view), name, is_shared)


@transaction.atomic
def keep_state(*, view: SavedView, state: ViewState, now: datetime) -> None:
    """Let a view open the index as it is looked at now. Raises StateTooLong, and Http404 as above."""
    locked = _locked(view)
    _put(locked, state, now)
    locked.save(update_fields=["query_text", "sort", "columns", "changed_at"])


def delete_view(*, view: SavedView) -> None:
    """Remove a view for everybody who saw it; no contact changes."""
    SavedView.objects.filter(pk=view.pk).delete()


@transaction.atomic
def move_view(*, view: SavedView, step: Step) -> None:
    """Let a view change places with its neighbour among the owner's."""
    ordered = list(_own(view.owner).select_for_update(of=("self",)))
    place = next((i for i, found in enumerate(ordered) if found.pk == view.pk), None)
    if place is None:
        return
    neighbour = place + (-1 if step == "up" else 1)
    if not 0 <= neighbour < len(ordered):
        return
    ordered[place], ordered[neighbour] = ordered[neighbour], ordered[place]
    for position, found in enumerate(ordered):
        found.position = position
    SavedView.objects.bulk_update(ordered, ["position"])


def _locked(view: SavedView) -> SavedView:
    found = SavedView.objects.select_for_update(of=("self",)).filter(pk=view.pk).first()
    if found is None:  # in another tab, or by a colleague
        raise Http404
    return found


def _put(view: SavedView, state: ViewState, now: datetime) -> None:
    if len(state.query_text) > SavedView.QUERY_LENGTH:
        raise StateTooLong
    view.query_text, view.sort, view.columns = state.query_text, state.sort, list(state.columns)
    view.changed_at = now


def _named(view: SavedView, name: str, is_shared: bool) -> SavedView:
    others = SavedView.objects.filter(owner_id=view.owner_id).exclude(pk=view.pk)
    if fold(name) in {fold(other) for other in others.values_list("name", flat=True)}:
        raise NameTaken
    view.name, view.is_shared = name, is_shared
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise NameTaken from error
    return view


def _own(user: User) -> QuerySet[SavedView]:
    return SavedView.objects.filter(owner=user).order_by("position", "id")
