"""From a tree to a query: which contacts a filter means.

A condition is a set of contacts, "is not" is the rest of them: so somebody without a company is
found by "Company is not Acme". What is said of a channel is said of the contact's primary address
there (R21); a contact without one is in no status.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import Case, Exists, F, JSONField, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import Expression
from django.db.models.fields.json import (
    KeyTextTransform,
    KeyTransform,
    KeyTransformExact,
    KeyTransformGt,
    KeyTransformLt,
)
from django.db.models.functions import Lower
from django.db.models.lookups import (
    Exact,
    GreaterThanOrEqual,
    IContains,
    In,
    IsNull,
    IStartsWith,
    LessThanOrEqual,
)
from django.utils import timezone

from contacts.access import unit_set_ids
from contacts.custom import read_value
from contacts.filters.catalogue import CHANNELS, Catalogue, facts_of
from contacts.filters.checking import IN, NONE, OUT
from contacts.filters.fields import ALL_UNITS, DAYS, YES, Kind
from contacts.filters.tree import Condition, Group, Join
from contacts.letters import CONTAINS, leads, narrowed, unindexed
from contacts.models import ContactAddress
from contacts.values import PropertyKind, bits_of, fold
from preferences import effective_sql
from preferences.models import Address
from preferences.values import Channel, LegalBasis, Source, TypeFacts

_ONE_DAY = timedelta(days=1)
_LED = frozenset({"is", "has", "starts"})
ADDRESS = "address_id"  # the column of ContactAddress that effective_sql looks at


def where(group: Group, catalogue: Catalogue) -> Q:
    """Return what a contact must satisfy. The filter must have no problem (``checking``)."""
    found = Q()
    for item in group.items:
        one = where(item, catalogue) if isinstance(item, Group) else _condition(item, catalogue)
        found = found & one if group.join is Join.ALL else found | one
    return found


def is_led(group: Group) -> bool:
    """Tell whether an index of few finds everybody who may match."""
    return group.join is Join.ALL and any(
        _leads(item) for item in group.items if isinstance(item, Condition)
    )


def _leads(condition: Condition) -> bool:
    if condition.field == "undeliverable":
        return condition.values == (YES,) and condition.operator == "is"
    if condition.operator not in _LED or condition.field not in _SEARCHED:
        return False
    is_phone = condition.field == "address" and CHANNELS[condition.place[-1]] is not Channel.EMAIL
    text = condition.values[0]
    return not is_phone and text.isascii() and leads(fold(text))


def asked_of_each(found: Q) -> Q:
    """Return the same, but asked of one contact after the other, in whatever order they are read.

    The planner knows little of how common a status is. Left alone it may gather all that have it
    for the sake of one page.
    """
    children = [
        asked_of_each(child) if isinstance(child, Q) else _alone(child) for child in found.children
    ]
    return Q(*children, _connector=found.connector, _negated=found.negated)


def _alone(child: Any) -> Any:
    if isinstance(child, tuple) and child[0] == CONTAINS:
        return unindexed(child[1])
    if not isinstance(child, Exists):
        return child
    return Exact(Case(When(child, then=Value(1)), default=Value(0)), Value(1))


def _condition(condition: Condition, catalogue: Catalogue) -> Q:
    field = catalogue.field_of(condition)
    if field is None:
        raise ValueError(f"{condition} was not checked")
    if condition.operator == "not":
        return ~_positive(condition, "is", catalogue)
    if condition.operator == "unknown":
        return ~_positive(condition, "known", catalogue)
    if field.kind is Kind.FLAG and condition.values != (YES,):
        return ~_QUERIES[condition.field](condition, "is", catalogue)
    return _positive(condition, condition.operator, catalogue)


def _positive(condition: Condition, operator: str, catalogue: Catalogue) -> Q:
    return _QUERIES[condition.field](condition, operator, catalogue)


# --- what is said of the primary address of a channel ---


def _held(condition: Condition, *, is_primary: bool = True) -> QuerySet[ContactAddress]:
    channel = CHANNELS[condition.place[-1]]
    rows = ContactAddress.objects.filter(contact_id=OuterRef("pk"), channel=channel.code)
    return rows.filter(is_primary=True) if is_primary else rows


def _type(condition: Condition, catalogue: Catalogue) -> TypeFacts:
    found = catalogue.type_of(condition)
    if found is None:
        raise ValueError(f"{condition} was not checked")
    return facts_of(found)


def _status(condition: Condition, _operator: str, catalogue: Catalogue) -> Q:
    of_type = _type(condition, catalogue)
    said = Q()
    for value in condition.values:
        said |= _STATUSES[value](ADDRESS, of_type)
    return Q(Exists(_held(condition).filter(said)))


_STATUSES: dict[str, Callable[[str, TypeFacts], Q]] = {
    IN: effective_sql.opted_in,
    NONE: effective_sql.not_opted,
    OUT: effective_sql.opted_out,
}


def _own(condition: Condition, _operator: str, catalogue: Catalogue) -> Q:
    said = effective_sql.opted_out_by_themself(ADDRESS, _type(condition, catalogue))
    return Q(Exists(_held(condition).filter(said)))


def _anywhere(condition: Condition, _operator: str, catalogue: Catalogue) -> Q:
    said = effective_sql.opted_out(ADDRESS, _type(condition, catalogue))
    return Q(Exists(_held(condition, is_primary=False).filter(said)))


def _sendable(condition: Condition, _operator: str, catalogue: Catalogue) -> Q:
    channel = CHANNELS[condition.place[-1]]
    of_type = _type(condition, catalogue)
    said = effective_sql.may_be_sent(ADDRESS, of_type, channel, catalogue.policy, now=catalogue.now)
    return Q(Exists(_held(condition).filter(said)))


def _left(condition: Condition, _operator: str, catalogue: Catalogue) -> Q:
    """Read the flags as the properties do: that of the account is on when any one unit was left."""
    types = catalogue.facts_of(CHANNELS[condition.place[-1]])
    if condition.place[0] == ALL_UNITS:
        said = effective_sql.left_any(ADDRESS, list(catalogue.units), types)
    else:
        said = effective_sql.left_unit(ADDRESS, int(condition.place[0]), types)
    return Q(Exists(_held(condition).filter(said)))


def _undeliverable(condition: Condition, _operator: str, _catalogue: Catalogue) -> Q:
    return Q(Exists(_held(condition).filter(effective_sql.undeliverable(ADDRESS))))


# --- the last word on a type ---


def _basis(condition: Condition, operator: str, catalogue: Catalogue) -> Q:
    bases = list(LegalBasis) if operator == "known" else [LegalBasis(v) for v in condition.values]
    said = effective_sql.last_changed(ADDRESS, _type(condition, catalogue), bases=bases)
    return Q(Exists(_held(condition).filter(said)))


def _source(condition: Condition, operator: str, catalogue: Catalogue) -> Q:
    sources = None if operator == "known" else [Source(value) for value in condition.values]
    said = effective_sql.last_changed(ADDRESS, _type(condition, catalogue), sources=sources)
    return Q(Exists(_held(condition).filter(said)))


def _changed(condition: Condition, operator: str, catalogue: Catalogue) -> Q:
    since, until = _span(condition, operator, catalogue)
    of_type = _type(condition, catalogue)
    said = effective_sql.last_changed(ADDRESS, of_type, since=since, until=until)
    return Q(Exists(_held(condition).filter(said)))


# --- times ---


def _span(
    condition: Condition, operator: str, catalogue: Catalogue
) -> tuple[datetime | None, datetime | None]:
    """Return from when (included) to when (not included); None is open."""
    if operator == "known":
        return None, None
    if operator in DAYS:
        edge = catalogue.now - timedelta(days=int(condition.values[0]))
        return (None, edge) if operator == "older" else (edge, None)
    day = date.fromisoformat(condition.values[0])
    start, end = _midnight(day), _midnight(day + _ONE_DAY)
    return {"is": (start, end), "before": (None, start), "after": (end, None)}[operator]


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def _moment(column: str) -> Callable[[Condition, str, Catalogue], Q]:
    def query(condition: Condition, operator: str, catalogue: Catalogue) -> Q:
        since, until = _span(condition, operator, catalogue)
        found = Q()
        if since is not None:
            found &= Q(**{f"{column}__gte": since})
        if until is not None:
            found &= Q(**{f"{column}__lt": until})
        return found

    return query


# --- columns of the contact ---


def _text(column: str) -> Callable[[Condition, str, Catalogue], Q]:
    def query(condition: Condition, operator: str, _catalogue: Catalogue) -> Q:
        return ~Q(**{column: ""}) if operator == "known" else _matches(column, condition, operator)

    return query


def _searched_text(column: str) -> Callable[[Condition, str, Catalogue], Q]:
    """Compare a column whose words are in ``search_text`` as well: its index finds them first."""
    plain = _text(column)

    def query(condition: Condition, operator: str, catalogue: Catalogue) -> Q:
        found = plain(condition, operator, catalogue)
        return found if operator == "known" else _narrowed(condition.values[0]) & found

    return query


def _matches(text: str | Expression, condition: Condition, operator: str) -> Q:
    """Compare a column or an expression, small letters and capitals alike."""
    column = F(text) if isinstance(text, str) else text
    value = condition.values[0].strip()
    if operator == "is":  # in small letters, as the index by company has them
        return Q(Exact(Lower(column), Lower(Value(value))))
    return Q({"has": IContains, "starts": IStartsWith}[operator](column, value))


def _narrowed(text: str) -> Q:
    """Return what ``search_text`` has of everybody who matches: plain letters fold to themselves."""
    return narrowed(fold(text)) if text.isascii() and text.strip() else Q()


def _address(condition: Condition, operator: str, _catalogue: Catalogue) -> Q:
    held = _held(condition)
    if operator == "known":
        return Q(Exists(held))
    address = Address.objects.filter(
        _matches("canonical", condition, operator), pk=OuterRef(ADDRESS)
    )
    is_email = CHANNELS[condition.place[-1]] is Channel.EMAIL  # numbers are spaced in the search
    narrowed = _narrowed(condition.values[0]) if is_email else Q()
    return narrowed & Q(Exists(held.filter(Exists(address))))


def _one_of(column: str) -> Callable[[Condition, str, Catalogue], Q]:
    def query(condition: Condition, operator: str, _catalogue: Catalogue) -> Q:
        return (
            ~Q(**{column: ""}) if operator == "known" else Q(**{f"{column}__in": condition.values})
        )

    return query


def _owner(condition: Condition, operator: str, _catalogue: Catalogue) -> Q:
    if operator == "known":
        return Q(owner_id__isnull=False)
    return Q(owner_id__isnull=False, owner_id__in=[int(value) for value in condition.values])


def _unit(condition: Condition, _operator: str, _catalogue: Catalogue) -> Q:
    return Q(unit_set__in=unit_set_ids(frozenset(int(value) for value in condition.values)))


def _processing(condition: Condition, operator: str, _catalogue: Catalogue) -> Q:
    if operator == "known":
        return Q(processing_bits__gt=0)
    wanted = bits_of(LegalBasis(value) for value in condition.values)
    every = [bits for bits in range(1 << 6) if bits & wanted]
    return Q(processing_bits__in=every)


# --- custom properties ---


def _property(condition: Condition, operator: str, catalogue: Catalogue) -> Q:
    """Compare a value in the JSON; what is not there is unknown, and never NULL to a "not"."""
    found = catalogue.property_of(condition)
    if found is None:
        raise ValueError(f"{condition} was not checked")
    name, kind = found.rule.internal_name, found.rule.kind
    text = KeyTextTransform(name, "properties")
    is_there = Q(IsNull(text, False)) & ~Q(Exact(text, Value("")))
    if operator == "known":
        return is_there
    if kind is PropertyKind.TEXT:
        return is_there & _matches(text, condition, operator)
    if kind is PropertyKind.DATE:
        return is_there & _within(text, *_dates(condition, operator, catalogue))
    if kind is PropertyKind.CHOICE:
        return is_there & Q(In(text, condition.values))
    value: Any = read_value(found.rule, condition.values[0])
    if kind is PropertyKind.YES_NO:
        return is_there & Q(Exact(text, Value("true" if value else "false")))
    if connection.features.has_native_json_field:
        value = Value(value, JSONField())
    lookup = {"less": KeyTransformLt, "more": KeyTransformGt}.get(operator, KeyTransformExact)
    return is_there & Q(lookup(KeyTransform(name, "properties"), value))


def _dates(condition: Condition, operator: str, catalogue: Catalogue) -> tuple[str, str]:
    """Return the first and the last day, as properties are stored; "" is open."""
    if operator in DAYS:
        edge = timezone.localtime(catalogue.now).date() - timedelta(days=int(condition.values[0]))
        before = (edge - _ONE_DAY).isoformat()
        return ("", before) if operator == "older" else (edge.isoformat(), "")
    given = date.fromisoformat(condition.values[0])
    if operator == "is":
        return given.isoformat(), given.isoformat()
    if operator == "before":
        return "", (given - _ONE_DAY).isoformat()
    return (given + _ONE_DAY).isoformat(), ""


def _within(text: KeyTextTransform, first: str, last: str) -> Q:
    found = Q()
    if first:
        found &= Q(GreaterThanOrEqual(text, Value(first)))
    if last:
        found &= Q(LessThanOrEqual(text, Value(last)))
    return found


_SEARCHED = frozenset({"first_name", "last_name", "company", "address"})
_QUERIES: dict[str, Callable[[Condition, str, Catalogue], Q]] = {
    "status": _status,
    "own": _own,
    "anywhere": _anywhere,
    "sendable": _sendable,
    "left": _left,
    "undeliverable": _undeliverable,
    "basis": _basis,
    "source": _source,
    "changed": _changed,
    "unit": _unit,
    "owner": _owner,
    "stage": _one_of("lifecycle_stage"),
    "country": _one_of("country"),
    "language": _one_of("language"),
    "processing": _processing,
    "created": _moment("created_at"),
    "updated": _moment("updated_at"),
    "first_name": _searched_text("first_name"),
    "last_name": _searched_text("last_name"),
    "company": _searched_text("company"),
    "job_title": _text("job_title"),
    "address": _address,
    "property": _property,
}
