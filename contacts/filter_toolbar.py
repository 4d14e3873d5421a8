"""The chips of the index, and which of them has the focus once a list is shown again."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext as _

from contacts.filters.language import write
from contacts.filters.reading import Filter
from contacts.filters.telling import ChipGroup, chips_of, join_word, sentence_of
from contacts.filters.tree import Join, turned

type Focus = int | Literal["", "add", "join"]

_TRIGGER = re.compile(
    r"filter-(?:x-(?P<removed>\d+)|(?P<applied>\d+|add)-apply|(?P<other>join|clear))"
)


@dataclass(frozen=True, slots=True)
class FilterToolbar:
    """``word`` stands between the chips; ``turned`` is the filter with "and" and "or" swapped."""

    groups: Sequence[ChipGroup]
    word: str
    turned: str
    turn_label: str
    sentence: str
    focus: Focus


def filter_toolbar(found: Filter, trigger: str | None) -> FilterToolbar:
    """Return what the toolbar shows. ``trigger``: the id of what asked for the list, if htmx did."""
    groups, join = chips_of(found), found.tree.join
    count = sum(len(group.chips) for group in groups)
    is_all = join is Join.ALL
    return FilterToolbar(
        groups,
        join_word(join),
        write(turned(found.tree)),
        _("All of these. Change to any of these") if is_all else _("Any. Change to all of these"),
        sentence_of(found),
        _focus(trigger or "", count),
    )


def _focus(trigger: str, count: int) -> Focus:
    """Return where the focus goes: the chip that was applied, the one after the one removed."""
    match = _TRIGGER.fullmatch(trigger)
    if match is None:
        return ""
    if match["other"]:
        return "join" if match["other"] == "join" else "add"
    if match["applied"] == "add":
        return count - 1 if count else "add"
    number = int(match["removed"] or match["applied"])
    return number if number < count else "add"
