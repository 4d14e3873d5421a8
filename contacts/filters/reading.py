"""A filter as somebody asked for it: its text, what it says, and what is wrong with it."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from django.db.models import Q
from django.utils.functional import Promise

from contacts.filters import compiling
from contacts.filters.catalogue import Catalogue
from contacts.filters.checking import TOO_LONG, UNREADABLE, Problems, problems_of
from contacts.filters.compiling import OF_STATUSES, Sql, walked
from contacts.filters.language import InvalidFilter, check_size, parse, write
from contacts.filters.querying import is_led, where
from contacts.filters.tree import EVERYBODY, Group, conditions_of

NOBODY = Q(pk__in=[])


@dataclass(frozen=True)
class Filter:
    """``text`` as the URL has it: canonical, or as it came when it cannot be read.

    With a problem it finds nobody, so that nothing is done to people by mistake. ``problem`` is of
    the whole, ``problems`` are of single conditions.
    """

    text: str = ""
    tree: Group = EVERYBODY
    problem: str | Promise = ""
    problems: Problems = field(default_factory=dict)
    catalogue: Catalogue | None = None

    @property
    def is_valid(self) -> bool:
        return not (self.problem or self.problems)

    @property
    def is_everybody(self) -> bool:
        return self.is_valid and not self.tree.items

    @property
    def first_problem(self) -> str:
        """Return what is wrong, "" when nothing is."""
        return str(self.problem or next(iter(self.problems.values()), ""))

    @property
    def only_units(self) -> frozenset[int] | None:
        """Return the business units when it asks for nothing else: their counts are maintained."""
        if not self.is_valid or len(self.tree.items) != 1:
            return None
        only = self.tree.items[0]
        if isinstance(only, Group) or (only.field, only.operator) != ("unit", "is"):
            return None
        return frozenset(map(int, only.values))

    @property
    def is_led(self) -> bool:
        """Tell whether an index of few finds everybody who may match."""
        return self.is_valid and is_led(self.tree)

    @property
    def is_of_statuses(self) -> bool:
        """Tell whether it asks what hangs on addresses, which is dear to ask of each."""
        return any(one.field in OF_STATUSES for _path, one in conditions_of(self.tree))

    @cached_property
    def q(self) -> Q:
        """What a contact must satisfy; nobody does where there is a problem."""
        if self.is_everybody:
            return Q()
        if not self.is_valid or self.catalogue is None:
            return NOBODY
        return where(self.tree, self.catalogue)

    @cached_property
    def walked(self) -> Sql:
        """The same, for who reads contacts in some order until a page is full."""
        if self.is_everybody:
            return compiling.EVERYBODY
        if not self.is_valid or self.catalogue is None:
            return compiling.NOBODY
        return walked(self.tree, self.catalogue)

    @classmethod
    def of(cls, tree: Group, catalogue: Catalogue) -> Self:
        """Return the filter of a tree that is tidied."""
        try:
            check_size(tree)
        except InvalidFilter:
            return cls(write(tree), tree, TOO_LONG, {}, catalogue)
        return cls(write(tree), tree, "", problems_of(tree, catalogue), catalogue)


ANYBODY = Filter()


def read_filter(text: str, catalogue: Catalogue) -> Filter:
    """Return what a text says, never raising: whatever is wrong is said in the answer."""
    try:
        return Filter.of(parse(text), catalogue)
    except InvalidFilter as error:
        return Filter(text, EVERYBODY, TOO_LONG if error.code == "too_long" else UNREADABLE)
