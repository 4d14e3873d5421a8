"""The text of a filter, as URLs, saved views and the records of jobs have it. Pure.

    status.12.email:is:out;(country:is:PL,DE|company:has:Acme)

``;`` is "and", ``|`` is "or"; the two are not mixed without brackets. A condition is a field, a
comparison and values. ``~`` takes the meaning from the sign behind it.
"""

import re
from collections.abc import Iterator

from contacts.filters.tree import (
    EVERYBODY,
    Condition,
    Group,
    Item,
    Join,
    conditions_of,
    depth_of,
    tidied,
)

TEXT_LIMIT = 3_000  # address lines of 8,000 characters pass everywhere, escaped ones are longer
CONDITION_LIMIT = 20
DEPTH_LIMIT = 4
VALUE_LIMIT = 100

_SIGNS = {Join.ALL: ";", Join.ANY: "|"}
_JOINS = {sign: join for join, sign in _SIGNS.items()}
_SPECIAL = re.compile(r"[;|(),:~]")
_TOKENS = re.compile(r"(?:~.|[^;|(),:~])+|[;|(),:]", re.DOTALL)
_ESCAPED = re.compile(r"~(.)", re.DOTALL)
_FIELD = re.compile(r"[a-z][a-z_]*(?:\.[a-z0-9_]+)*")
_OPERATOR = re.compile(r"[a-z]+")


class InvalidFilter(ValueError):
    """Says that a text is no filter: ``code`` is "unreadable" or "too_long"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def parse(text: str) -> Group:
    """Return the tree of a text, tidied; the empty text is everybody. Raises InvalidFilter."""
    if len(text) > TEXT_LIMIT:
        raise InvalidFilter("too_long")
    if not text.strip():
        return EVERYBODY
    tokens = _TOKENS.findall(text)
    if sum(map(len, tokens)) != len(text):
        raise InvalidFilter("unreadable")
    reader = _Reader(tokens)
    group = tidied(reader.group(DEPTH_LIMIT))
    if reader.next is not None:
        raise InvalidFilter("unreadable")
    check_size(group)
    return group


def check_size(group: Group) -> None:
    """Raise InvalidFilter for a tree that is larger than a text may say."""
    conditions = [condition for _path, condition in conditions_of(group)]
    if len(conditions) > CONDITION_LIMIT or depth_of(group) > DEPTH_LIMIT:
        raise InvalidFilter("too_long")
    if any(len(condition.values) > VALUE_LIMIT for condition in conditions):
        raise InvalidFilter("too_long")


def write(group: Group) -> str:
    """Return the one text of a tree that is tidied."""
    return _SIGNS[group.join].join(_written(item) for item in group.items)


def _written(item: Item) -> str:
    if isinstance(item, Group):
        return f"({write(item)})"
    text = f"{'.'.join((item.field, *item.place))}:{item.operator}"
    if not item.values:
        return text
    return f"{text}:{','.join(_SPECIAL.sub(r'~\g<0>', value) for value in item.values)}"


class _Reader:
    """Walks over the tokens once."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens: Iterator[str] = iter(tokens)
        self.next: str | None = next(self.tokens, None)

    def take(self) -> str | None:
        taken, self.next = self.next, next(self.tokens, None)
        return taken

    def group(self, depth: int) -> Group:
        """Read items up to the end or a closing bracket."""
        items, join = [self.item(depth)], None
        while self.next in _JOINS:
            sign = _JOINS[self.take() or ""]
            if join not in (None, sign):
                raise InvalidFilter("unreadable")
            join = sign
            items.append(self.item(depth))
        return Group(join or Join.ALL, tuple(items))

    def item(self, depth: int) -> Item:
        if self.next != "(":
            return self.condition()
        if depth <= 1:
            raise InvalidFilter("too_long")
        self.take()
        group = self.group(depth - 1)
        if self.take() != ")":
            raise InvalidFilter("unreadable")
        return group

    def condition(self) -> Condition:
        field, colon, operator = self.take() or "", self.take(), self.take() or ""
        if colon != ":" or not _FIELD.fullmatch(field) or not _OPERATOR.fullmatch(operator):
            raise InvalidFilter("unreadable")
        values: tuple[str, ...] = ()
        if self.next == ":":
            self.take()
            values = tuple(self.values())
        name, *place = field.split(".")
        return Condition(name, operator, values, tuple(place))

    def values(self) -> Iterator[str]:
        while True:
            is_text = self.next is not None and not (len(self.next) == 1 and _is_sign(self.next))
            yield _ESCAPED.sub(r"\1", self.take() or "") if is_text else ""
            if self.next != ",":
                return
            self.take()


def _is_sign(text: str) -> bool:
    return text in ";|(),:"
