"""Who may see and change settings.

Administrators change them, compliance reads them. What concerns the account as a whole is changed
only by administrators who reach every business unit; the others change what is of their units.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from accounts.access import Right, View, is_member, may, require, staff_view
from accounts.models import User

READING = frozenset({"GET", "HEAD", "OPTIONS"})


def settings_view(
    *, account_wide: bool = False, is_private: bool = False
) -> Callable[[View], View]:
    """Open a settings page to those who may read settings; changing needs Right.ADMINISTER.

    `account_wide`: changing also needs all business units. `is_private`: reading needs them too.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            is_reading = request.method in READING
            if not is_reading:
                require(request.user, Right.ADMINISTER)
            if is_private or (account_wide and not is_reading):
                require_all_units(request.user)
            return view(request, *args, **kwargs)

        return staff_view(Right.SEE_LEDGER)(guarded)

    return decorate


def require_all_units(user: User | AnonymousUser) -> None:
    """Return if this user reaches every business unit, else raise PermissionDenied."""
    if not (is_member(user) and user.all_units):
        raise PermissionDenied("all units")


def may_change_settings(user: User | AnonymousUser, *, account_wide: bool) -> bool:
    """Tell whether a page should offer its buttons."""
    if not (is_member(user) and may(user, Right.ADMINISTER)):
        return False
    return user.all_units or not account_wide
