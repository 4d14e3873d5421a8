"""How many contacts a user sees, for the navigation of every page: kept, so that no page asks for it."""

from django.core.cache import cache

from accounts.models import User
from contacts.selectors import count_contacts

KEPT_SECONDS = 300


def remember_contact_count(user: User, count: int) -> None:
    """Keep the number that a page has just counted; the index knows it anyway."""
    cache.set(_key(user), count, KEPT_SECONDS)


def kept_contact_count(user: User) -> int:
    """Return the number, some minutes old at most; one query when none is kept."""
    count: int | None = cache.get(_key(user))
    if count is None:
        count = count_contacts(user)
        remember_contact_count(user, count)
    return count


def _key(user: User) -> str:
    return f"contact-count-{user.pk}"
