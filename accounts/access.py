"""Who may do what, and in which business units.

Roles grant rights, units grant reach; both are asked before anything is rendered.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeGuard

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import Role, User
from subscriptions_site.web.htmx import Request

type View = Callable[..., HttpResponseBase]

if TYPE_CHECKING:

    class StaffRequest(Request):
        """A request that staff_view let through."""

        user: User

else:
    StaffRequest = Request


class Right(StrEnum):
    VIEW = "view"
    EDIT = "edit"
    ADMINISTER = "administer"
    SEE_LEDGER = "see_ledger"
    EXPORT = "export"
    RESUBSCRIBE = "resubscribe"


# RESUBSCRIBE is in no role: it is given by name, to people who may edit.
RIGHTS_OF_ROLE: dict[str, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.VIEW}),
    Role.EDITOR: frozenset({Right.VIEW, Right.EDIT, Right.EXPORT}),
    Role.ADMINISTRATOR: frozenset(
        {Right.VIEW, Right.EDIT, Right.ADMINISTER, Right.SEE_LEDGER, Right.EXPORT}
    ),
    Role.COMPLIANCE: frozenset({Right.VIEW, Right.SEE_LEDGER, Right.EXPORT}),
}


def may(user: User | AnonymousUser, right: Right) -> bool:
    """Tell whether this user holds this right, in any business unit."""
    if not is_member(user):
        return False
    granted = RIGHTS_OF_ROLE.get(user.role, frozenset())
    if right is Right.RESUBSCRIBE:
        return user.may_resubscribe and Right.EDIT in granted
    return right in granted


def require(user: User | AnonymousUser, right: Right) -> None:
    """Return if this user holds this right, else raise PermissionDenied."""
    if not may(user, right):
        raise PermissionDenied(right.value)


def is_member(user: User | AnonymousUser) -> TypeGuard[User]:
    """Tell whether this is a signed-in, active member of staff."""
    return isinstance(user, User) and user.is_active


@dataclass(frozen=True, slots=True)
class Reach:
    """The business units whose people and choices a user may see."""

    all_units: bool
    unit_ids: frozenset[int]

    def covers(self, unit_id: int | None) -> bool:
        """Tell whether this unit is within reach; None is the account as a whole."""
        if self.all_units:
            return True
        return unit_id is not None and unit_id in self.unit_ids


NO_REACH = Reach(all_units=False, unit_ids=frozenset())


def reach_of(user: User | AnonymousUser) -> Reach:
    """Return a user's reach: one query at most, remembered on the user instance."""
    if not is_member(user):
        return NO_REACH
    if user.all_units:
        return Reach(all_units=True, unit_ids=frozenset())
    known: Reach | None = getattr(user, "_reach", None)
    if known is None:
        unit_ids = frozenset(user.units.values_list("id", flat=True))
        known = Reach(all_units=False, unit_ids=unit_ids)
        user._reach = known  # type: ignore[attr-defined]
    return known


def staff_view(right: Right) -> Callable[[View], View]:
    """Open a view to signed-in staff who hold this right.

    Signed-out browsers go to the sign-in page; signed-out htmx requests get 401 and a dialog, so
    that what was typed stays on the page. Lacking the right is a 403.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not is_member(request.user):
                return sign_in_first(request)
            require(request.user, right)
            return view(request, *args, **kwargs)

        guarded.right = right  # type: ignore[attr-defined]
        return guarded

    return decorate


def sign_in_first(request: Request) -> HttpResponse:
    """Answer somebody who is not signed in, or no longer."""
    if request.htmx:
        response = render(request, "accounts/_session_ended.html", status=401)
        response["HX-Retarget"] = "#dialog"
        response["HX-Reswap"] = "innerHTML"
        response["HX-Push-Url"] = "false"
        return response
    return redirect_to_login(_page_to_return_to(request), reverse("login"))


def _page_to_return_to(request: HttpRequest) -> str:
    """Return the page asked for; for a POST, whose URL may have no page, the page it came from."""
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    origin = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(
        origin, {request.get_host()}, require_https=request.is_secure()
    ):
        return origin
    return "/"
