"""What the toolbar of the index asks for. A value that makes no sense is as good as none.

A filter is the exception: one that makes no sense finds nobody, since bulk actions follow it.
"""

from datetime import datetime

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from contacts.filters.catalogue import catalogue_for
from contacts.filters.checking import UNREADABLE, problem_of
from contacts.filters.reading import Filter, read_filter
from contacts.filters.tree import Condition, Group, Join, tidied
from contacts.selectors import DEFAULT_SORT, PAGE_SIZES, SORTS, ContactQuery
from preferences.outline import Outline
from subscriptions_site.web.forms import UiForm

# Parameters of addresses that were kept before there were filters: name -> field.
OLD_PARAMETERS = {"unit": "unit", "owner": "owner", "stage": "stage"}
NO_OWNER = "0"


class IndexForm(UiForm):
    """Search, filter, order and size of the index; read from the URL."""

    q = forms.CharField(label=_("Search contacts"), max_length=200, required=False)
    f = forms.CharField(required=False, strip=False)
    sort = forms.ChoiceField(
        choices=[(sign + name, name) for name in SORTS for sign in ("", "-")], required=False
    )
    size = forms.ChoiceField(
        choices=[(str(size), str(size)) for size in PAGE_SIZES], required=False
    )

    def __init__(
        self, data: QueryDict, *, user: User, now: datetime, outline: Outline | None = None
    ) -> None:
        super().__init__(data)
        self.catalogue = catalogue_for(user, now=now, outline=outline)

    def query(self) -> ContactQuery:
        """Return what is asked for, without what makes no sense."""
        self.is_valid()
        data = {name: self.cleaned_data.get(name) or "" for name in self.fields}
        return ContactQuery(
            search=data["q"],
            filters=self._filters(data["f"]),
            sort=data["sort"] or DEFAULT_SORT,
            size=int(data["size"] or PAGE_SIZES[0]),
        )

    def _filters(self, text: str) -> Filter:
        if "f" in self.errors:  # hidden characters
            return Filter(problem=UNREADABLE)
        found = read_filter(text, self.catalogue)
        old = self._old_conditions()
        if not old or found.problem:
            return found
        return Filter.of(tidied(Group(Join.ALL, (found.tree, *old))), self.catalogue)

    def _old_conditions(self) -> list[Condition]:
        """Return what the three drop-downs of former days ask for, as conditions."""
        given = ((field, self.data.get(name, "")) for name, field in OLD_PARAMETERS.items())
        found = [
            Condition("owner", "unknown")
            if (field, value) == ("owner", NO_OWNER)
            else Condition(field, "is", (value,))
            for field, value in given
            if value
        ]
        return [one for one in found if problem_of(one, self.catalogue) is None]
