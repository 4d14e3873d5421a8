"""Paging by key: a page begins after a row, not after a number of rows.

It costs the same anywhere in a list: no OFFSET and no COUNT. One row more than asked for tells
whether there is another page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from django.core import signing
from django.db.models import F, Model, Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.http import QueryDict

type Direction = Literal["asc", "desc"]

SALT = "subscriptions_site.web.paging"


@dataclass(frozen=True, slots=True)
class Page[M: Model]:
    """Rows in the order asked for, and the cursors of the pages on both sides ("" is none)."""

    rows: Sequence[M]
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: behind ``position`` (None: at the end that is read first).

    ``is_descending`` is the way the rows are read, which is the other way round for a page before.
    """

    order: tuple[str, Direction]
    position: tuple[Any, Any] | None
    is_backward: bool

    @property
    def is_descending(self) -> bool:
        return (self.order[1] == "desc") != self.is_backward


def place_in(query: QueryDict | dict[str, str], order: tuple[str, Direction]) -> Place:
    """Return where the page begins that `after` or `before` in the query asks for."""
    position = _read(query.get("after", ""), order)
    if position is not None:
        return Place(order, position, is_backward=False)
    position = _read(query.get("before", ""), order)
    return Place(order, position, is_backward=position is not None)


def get_page[M: Model](
    *querysets: QuerySet[M],
    order: tuple[str, Direction],
    size: int,
    query: QueryDict | dict[str, str],
) -> Page[M]:
    """Return the page that `after` or `before` in the query asks for, the first one without them.

    `order` is a field of the model that is never null and a direction; the primary key breaks
    ties. A cursor that was altered or made for another order gives the first page. Of several
    querysets that share no row each is read by itself, and the page is of all of them.
    """
    place = place_in(query, order)
    field, is_descending = order[0], place.is_descending
    found: list[M] = []
    for queryset in querysets:
        rows = queryset.order_by(*_ordering(field, is_descending))
        if place.position is not None:
            rows = rows.filter(_beyond(field, place.position, is_descending))
        found += rows[: size + 1]
    if len(querysets) > 1:
        found.sort(key=lambda row: (_value(row, field), row.pk), reverse=is_descending)
    return page_at(place, found, size)


def page_at[M: Model](place: Place, found: list[M], size: int) -> Page[M]:
    """Return the page of the rows found from there on, one more than asked for if there is one."""
    has_more, rows = len(found) > size, found[:size]
    if not rows:
        return Page(rows=(), before="", after="")
    if place.is_backward:
        rows.reverse()
    has_before = has_more if place.is_backward else place.position is not None
    has_after = True if place.is_backward else has_more
    return Page(
        rows=rows,
        before=_write(rows[0], place.order) if has_before else "",
        after=_write(rows[-1], place.order) if has_after else "",
    )


def _ordering(field: str, is_descending: bool) -> list[Any]:
    names = [field] if field in {"pk", "id"} else [field, "pk"]
    return [F(name).desc() if is_descending else F(name).asc() for name in names]


def _beyond(field: str, position: tuple[Any, Any], is_descending: bool) -> Any:
    """Select the rows beyond a position: a comparison of pairs, so that an index starts right there
    even inside a million rows of one value (a bulk import's).
    """
    if field in {"pk", "id"}:
        return Q(**{f"pk__{'lt' if is_descending else 'gt'}": position[1]})
    compare = TupleLessThan if is_descending else TupleGreaterThan
    return compare(Tuple(F(field), F("pk")), position)


def _write(row: Model, order: tuple[str, Direction]) -> str:
    field, direction = order
    value = _value(row, field)
    kind = ""
    if isinstance(value, datetime):
        kind, value = "t", value.isoformat()
    elif isinstance(value, date):
        kind, value = "d", value.isoformat()
    return signing.dumps([field, direction, kind, value, row.pk], salt=SALT)


def _value(row: Model, field: str) -> Any:
    value: Any = row
    for name in field.split("__"):
        value = getattr(value, name)
    return value


def _read(cursor: str | None, order: tuple[str, Direction]) -> tuple[Any, Any] | None:
    if not cursor:
        return None
    try:
        field, direction, kind, value, pk = signing.loads(cursor, salt=SALT)
    except (signing.BadSignature, ValueError):
        return None
    if (field, direction) != order:
        return None
    if kind == "t":
        value = datetime.fromisoformat(value)
    elif kind == "d":
        value = date.fromisoformat(value)
    return value, pk
