"""Whom a bulk action is about: the people ticked, or everyone that the index's query finds.

Both end as the same query of contacts, so the same people give the same result, however they were
chosen. It is read from the URL, so a panel over a selection can be reloaded and sent on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.models import User
from contacts.access import contacts_for
from contacts.filters.telling import sentence_of
from contacts.models import Contact
from contacts.selectors import ContactQuery, find_contacts

TICKED_LIMIT = 400  # what an address line takes; more people are chosen by a query
EVERYONE = "view"
_ID_DIGITS = 18


class TooManyTicked(ValueError):
    """Says that more people were ticked than an address line can carry."""


@dataclass(frozen=True, slots=True)
class Selection:
    """``contact_ids``: who was ticked; None is everyone that ``query`` finds."""

    query: ContactQuery
    contact_ids: frozenset[int] | None = None

    @property
    def problem(self) -> str:
        """Return why the filter finds nobody; "" when it is in order, or not what they chose by."""
        if self.contact_ids is not None or self.query.filters.is_valid:
            return ""
        return _("The filter needs a look first, so nobody is selected: %(problem)s") % {
            "problem": self.query.filters.first_problem
        }

    def contacts(self, user: User) -> QuerySet[Contact]:
        """Return the contacts chosen that the user sees, in no order."""
        if self.contact_ids is None:
            return find_contacts(user, self.query)
        return contacts_for(user).filter(pk__in=self.contact_ids)

    def ids(self, user: User) -> Iterable[int]:
        """Yield the ids in ascending order, some at a time."""
        found = self.contacts(user).order_by("pk").values_list("pk", flat=True)
        return found.iterator(chunk_size=10_000)

    def as_json(self) -> dict[str, Any]:
        """Return how they were chosen, for the record of a job."""
        if self.contact_ids is not None:
            return {"ticked": len(self.contact_ids)}
        told = {
            "search": self.query.search,
            "filter": self.query.filters.text,
            "says": sentence_of(self.query.filters),
        }
        return {"query": {name: value for name, value in told.items() if value}}


def read_selection(data: QueryDict, query: ContactQuery) -> Selection:
    """Return what was chosen; ``query`` is that of the index. Raises TooManyTicked."""
    if EVERYONE in data.getlist("scope"):
        return Selection(query)
    words = [word for text in data.getlist("ids") + data.getlist("id") for word in text.split(",")]
    ids = frozenset(int(word) for word in words if _is_id(word))
    if len(ids) > TICKED_LIMIT:
        raise TooManyTicked(len(ids))
    return Selection(query, ids)


def _is_id(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= _ID_DIGITS
