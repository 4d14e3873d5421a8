"""A filter as values: conditions, and groups of them. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

type Path = tuple[int, ...]  # which item of which group: (1, 0) is the first item of the second
type Item = Condition | Group


class Join(StrEnum):
    ALL = "all"
    ANY = "any"

    @property
    def other(self) -> "Join":
        return Join.ANY if self is Join.ALL else Join.ALL


@dataclass(frozen=True, slots=True)
class Condition:
    """One question about a contact: ``status.12.email:is:in`` has the place ("12", "email")."""

    field: str
    operator: str
    values: tuple[str, ...] = ()
    place: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions of which all or any must hold; without any, everybody is meant."""

    join: Join = Join.ALL
    items: tuple[Item, ...] = ()


EVERYBODY = Group()


def tidied(group: Group) -> Group:
    """Return the one tree that says the same: no empty group, no group of one, none in its like."""
    items: list[Item] = []
    for item in group.items:
        if isinstance(item, Condition):
            items.append(item)
            continue
        inner = tidied(item)
        if len(inner.items) == 1 or inner.join is group.join:
            items += inner.items
        elif inner.items:
            items.append(inner)
    if len(items) == 1:
        only = items[0]
        return only if isinstance(only, Group) else Group(Join.ALL, (only,))
    # What was lifted out of a group of one may be a group like this one.
    if any(isinstance(item, Group) and item.join is group.join for item in items):
        return tidied(Group(group.join, tuple(items)))
    return Group(group.join if items else Join.ALL, tuple(items))


def conditions_of(group: Group, path: Path = ()) -> Iterator[tuple[Path, Condition]]:
    """Yield every condition with its path, in reading order."""
    for place, item in enumerate(group.items):
        if isinstance(item, Condition):
            yield (*path, place), item
        else:
            yield from conditions_of(item, (*path, place))


def depth_of(group: Group) -> int:
    inner = [depth_of(item) for item in group.items if isinstance(item, Group)]
    return 1 + max(inner, default=0)


def find_item(group: Group, path: Path) -> Item | None:
    """Return what stands at a path, None when nothing does."""
    item: Item = group
    for place in path:
        if isinstance(item, Condition) or not 0 <= place < len(item.items):
            return None
        item = item.items[place]
    return item


# --- editing: each returns a new tree, tidied; a path that leads nowhere changes nothing ---


def with_added(group: Group, condition: Condition) -> Group:
    """Add a condition at the end."""
    return tidied(replace(group, items=(*group.items, condition)))


def with_replaced(group: Group, path: Path, item: Item) -> Group:
    """Put another item in the place of one."""
    return tidied(_changed(group, path, (item,)))


def without(group: Group, path: Path) -> Group:
    """Take an item away."""
    return tidied(_changed(group, path, ()))


def with_alternative(group: Group, path: Path, condition: Condition) -> Group:
    """Put a condition beside another one, joined the other way than the group it stands in."""
    beside = find_item(group, path)
    outer = find_item(group, path[:-1])
    if beside is None or not path or not isinstance(outer, Group):
        return with_added(group, condition)
    if len(path) > 1:  # it stands in a group of alternatives already
        return tidied(_changed(group, path, (beside, condition)))
    return with_replaced(group, path, Group(outer.join.other, (beside, condition)))


def turned(group: Group) -> Group:
    """Swap "all of" and "any of" on every level."""
    items = tuple(turned(item) if isinstance(item, Group) else item for item in group.items)
    return tidied(Group(group.join.other, items))


def _changed(group: Group, path: Path, new: tuple[Item, ...]) -> Group:
    if not path or not 0 <= path[0] < len(group.items):
        return group
    place, rest = path[0], path[1:]
    old = group.items[place]
    if rest:
        if isinstance(old, Condition):
            return group
        new = (_changed(old, rest, new),)
    return replace(group, items=(*group.items[:place], *new, *group.items[place + 1 :]))
