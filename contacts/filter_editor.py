"""Where a condition goes that is being added or changed, and the address of the index after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from contacts.filter_forms import HEADINGS, ConditionForm
from contacts.filters.fields import FIELDS, Field, Part
from contacts.filters.language import write
from contacts.filters.reading import Filter
from contacts.filters.tree import (
    Condition,
    Group,
    Join,
    Path,
    find_item,
    with_added,
    with_alternative,
    with_replaced,
)
from contacts.index_form import OLD_PARAMETERS, IndexForm

SUBSCRIPTION_FIELDS = (
    "status", "own", "anywhere", "sendable", "left", "changed", "source", "basis", "undeliverable",
)  # fmt: skip
CONTACT_FIELDS = (
    "unit", "owner", "stage", "country", "language", "processing", "created", "updated",
    "first_name", "last_name", "company", "job_title", "address",
)  # fmt: skip
OWN_PARAMETERS = ("at", "beside", "field", "n", "apply", "after", "before", *OLD_PARAMETERS)


class Entry(NamedTuple):
    """One line of the menu: the name of a field in the URL, and its label."""

    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Menu:
    """The fields that can be asked about, in groups."""

    label: str
    entries: Sequence[Entry]


class FilterEditor:
    """Reads the address of the form: ``at`` is the condition to change, ``beside`` one to put an
    alternative to, ``field`` what a new one is about.
    """

    def __init__(self, data: QueryDict, *, user: User, now: datetime) -> None:
        self.data = data
        form = IndexForm(data, user=user, now=now)
        self.catalogue = form.catalogue
        self.filters: Filter = form.query().filters
        self.at, self.beside = path_of(data.get("at", "")), path_of(data.get("beside", ""))
        self.number = data.get("n", "") if data.get("n", "").isdecimal() else "add"

    @property
    def tree(self) -> Group:
        return self.filters.tree

    def condition(self) -> Condition | None:
        """Return the condition that the form begins with, None when no field was chosen yet."""
        name = self.data.get("field", "")
        current = find_item(self.tree, self.at) if self.at else None
        if isinstance(current, Condition) and not name:
            return current
        field, _, place = name.partition(".")
        found = Condition(field, "is", (), (place,) if place else ())
        return found if self._field_of(found) is not None else None

    def form(self, data: QueryDict | None) -> ConditionForm | None:
        condition = self.condition()
        field = self._field_of(condition) if condition else None
        if condition is None or field is None:
            return None
        return ConditionForm(data, condition=condition, field=field, catalogue=self.catalogue)

    def _field_of(self, condition: Condition) -> Field | None:
        """Return the field; the place of a new condition is not chosen yet."""
        field = FIELDS.get(condition.field)
        if field is None or Part.PROPERTY not in field.place:
            return field
        return self.catalogue.field_of(condition) if self.catalogue.property_of(condition) else None

    def url_with(self, condition: Condition) -> str:
        """Return the address of the index once this condition is in its place."""
        if self.at:
            tree = with_replaced(self.tree, self.at, condition)
        elif self.beside:
            tree = with_alternative(self.tree, self.beside, condition)
        else:
            tree = with_added(self.tree, condition)
        kept = self.kept()
        kept["f"] = write(tree)
        return f"{reverse('contacts')}?{kept.urlencode()}"

    def kept(self) -> QueryDict:
        """Return what else the address of the index holds: search, order, view ..."""
        kept = self.data.copy()
        for name in [*OWN_PARAMETERS, *(name for name in kept if name.startswith("c-"))]:
            kept.pop(name, None)
        kept["f"] = self.filters.text
        return kept

    @property
    def own_parameters(self) -> list[tuple[str, str]]:
        """Return what the form has to hand on about itself."""
        given = [(name, self.data.get(name, "")) for name in ("at", "beside", "field", "n")]
        return [(name, value) for name, value in given if value]

    @property
    def beside_url(self) -> str:
        """Return the address of the menu that offers an alternative to the condition at hand."""
        query = self.kept()
        query["beside"], query["n"] = self.data.get("at", ""), str(self.number)
        return f"{reverse('contacts_filter')}?{query.urlencode()}"

    @property
    def beside_words(self) -> str:
        """Say how the alternative would be joined: the other way than its surroundings."""
        outer = find_item(self.tree, self.at[:-1])
        is_all = isinstance(outer, Group) and outer.join is Join.ALL
        is_inner = len(self.at) > 1
        return _("Add with “or”") if is_all != is_inner else _("Add with “and”")

    def menus(self) -> list[Menu]:
        """Return what can be asked about."""
        found = [
            Menu(_("Subscriptions"), _entries(SUBSCRIPTION_FIELDS)),
            Menu(_("Contact"), _entries(CONTACT_FIELDS)),
        ]
        properties = self.catalogue.properties.items()
        if properties:
            own = [Entry(f"property.{name}", line.name) for name, line in properties]
            found.append(Menu(_("Custom properties"), own))
        return found


def _entries(names: Sequence[str]) -> list[Entry]:
    return [Entry(name, str(HEADINGS[name])) for name in names]


def path_of(text: str) -> Path:
    """Return a path as the URL has it, "1.0"; () when it is none."""
    parts = text.split(".")
    if not all(part.isascii() and part.isdecimal() and len(part) < 4 for part in parts):
        return ()
    return tuple(map(int, parts))
