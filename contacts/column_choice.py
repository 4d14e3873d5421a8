"""What the dialog of columns shows: those chosen, in their order, and the others by group. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.functional import Promise

from contacts.columns import Column


class ColumnChoice(NamedTuple):
    """``chosen`` in their order; ``groups``: the label of each with what can be added of it."""

    chosen: Sequence[Column]
    groups: Sequence[tuple[str | Promise, Sequence[Column]]]


def choice_of(offered: Sequence[Column], keys: Sequence[str]) -> ColumnChoice:
    """Return what is chosen of the columns offered, and what is not."""
    by_key = {column.key: column for column in offered}
    groups: dict[str | Promise, list[Column]] = {}
    for column in offered:
        if column.key not in keys:
            groups.setdefault(column.group, []).append(column)
    return ColumnChoice([by_key[key] for key in keys if key in by_key], list(groups.items()))


def moved(keys: Sequence[str], step: str) -> tuple[str, ...]:
    """Return the keys with one of them a place further: "up:company", "down:company"."""
    direction, _, key = step.partition(":")
    order = list(keys)
    if key not in order or direction not in ("up", "down"):
        return tuple(order)
    place = order.index(key)
    neighbour = place + (-1 if direction == "up" else 1)
    if 0 <= neighbour < len(order):
        order[place], order[neighbour] = order[neighbour], order[place]
    return tuple(order)
