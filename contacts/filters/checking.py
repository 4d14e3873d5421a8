"""What is wrong with a filter, condition by condition: a filter with a problem finds nobody."""

from collections.abc import Callable, Mapping
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contacts.custom import InvalidValue, read_value
from contacts.filters.catalogue import CHANNELS, Catalogue
from contacts.filters.fields import (
    ALL_UNITS,
    DAYS,
    DAYS_LIMIT,
    KNOWN,
    NO,
    SEVERAL,
    TEXT_VALUE_LIMIT,
    YES,
    Field,
    Kind,
    Part,
)
from contacts.filters.tree import Condition, Group, Path, conditions_of
from contacts.places import COUNTRIES, LANGUAGES
from contacts.values import PROCESSING_BASES, LifecycleStage
from preferences.values import LegalBasis, Source

type Problems = Mapping[Path, str | Promise]

UNREADABLE = _("This filter cannot be read. Remove it and add it again.")
TOO_LONG = _("This filter is too long. Use fewer conditions.")
UNKNOWN_FIELD = _("This filter is not known here.")
WRONG_OPERATOR = _("This cannot be compared in this way.")
NO_VALUE = _("Choose at least one value.")
EMPTY = _("Enter a value.")
ONE_VALUE = _("Enter one value.")
WRONG_VALUE = _("One of the values is not there any more.")
NO_TYPE = _("This subscription type is not there, or belongs to a business unit you do not see.")
NO_UNIT = _("This business unit is not there, or you do not see it.")
NO_CHANNEL = _("This channel is not known.")
ARCHIVED = _("This subscription type is archived.")
SERVICE = _("Messages of this type are always sent. There is no status to look for.")
NOT_OFFERED = _("This subscription type is not offered on this channel.")
NO_PROPERTY = _("This property is not there any more.")
TOO_MUCH_TEXT = _("This text is too long.")
NO_DATE = _("Enter a date such as 2026-11-22.")
NO_DAYS = _("Enter a number of days.")

_DATE_LENGTH, _YEARS = len("2026-11-22"), range(1900, 2200)
IN, NONE, OUT = "in", "none", "out"
STATUSES = (IN, NONE, OUT)


def problems_of(group: Group, catalogue: Catalogue) -> Problems:
    """Return what is wrong with each condition that has a problem."""
    found = {path: problem_of(one, catalogue) for path, one in conditions_of(group)}
    return {path: words for path, words in found.items() if words is not None}


def problem_of(condition: Condition, catalogue: Catalogue) -> str | Promise | None:
    """Return what is wrong with one condition, None when nothing is."""
    field = catalogue.field_of(condition)
    if field is None:
        return UNKNOWN_FIELD
    for part in field.place:
        words = _PLACES[part](condition, catalogue)
        if words is not None:
            return words
    if condition.operator not in field.operators:
        return WRONG_OPERATOR
    return _problem_of_values(condition, field, catalogue)


def _problem_of_values(
    condition: Condition, field: Field, catalogue: Catalogue
) -> str | Promise | None:
    values = condition.values
    words = _problem_of_count(condition, field)
    if words is not None or condition.operator in KNOWN:
        return words
    if condition.operator in DAYS:
        is_good = values[0].isascii() and values[0].isdigit() and len(values[0]) < 6
        return None if is_good and int(values[0]) <= DAYS_LIMIT else NO_DAYS
    if field.kind is Kind.CHOICE:
        offered = choices_of(condition, catalogue)
        return None if all(value in offered for value in values) else WRONG_VALUE
    if Part.PROPERTY in field.place and field.kind is not Kind.DATE:
        return _problem_of_property(condition, catalogue)
    return _VALUES[field.kind](values[0])


def _problem_of_count(condition: Condition, field: Field) -> Promise | None:
    count = len(condition.values)
    if condition.operator in KNOWN:
        return WRONG_VALUE if count else None
    if not count:
        return NO_VALUE if field.kind in SEVERAL else EMPTY
    return ONE_VALUE if count > 1 and field.kind not in SEVERAL else None


def _problem_of_property(condition: Condition, catalogue: Catalogue) -> str | Promise | None:
    found = catalogue.property_of(condition)
    if found is None:
        return NO_PROPERTY
    if not condition.values[0].strip():
        return EMPTY
    try:
        read_value(found.rule, condition.values[0])
    except InvalidValue as error:
        return gettext(str(error))
    return None


def choices_of(condition: Condition, catalogue: Catalogue) -> list[str]:
    """Return the values that a choice offers, as the text of a filter has them."""
    if condition.field == "property":
        found = catalogue.property_of(condition)
        return list(found.rule.choices) if found else []
    return _CHOICES[condition.field](catalogue)


_CHOICES: dict[str, Callable[[Catalogue], list[str]]] = {
    "status": lambda _catalogue: list(STATUSES),
    "basis": lambda _catalogue: [basis.value for basis in LegalBasis],
    "source": lambda _catalogue: [source.value for source in Source],
    "unit": lambda catalogue: [str(unit_id) for unit_id in catalogue.units],
    "owner": lambda catalogue: [str(user_id) for user_id in catalogue.owners],
    "stage": lambda _catalogue: [stage.value for stage in LifecycleStage],
    "country": lambda _catalogue: list(COUNTRIES),
    "language": lambda _catalogue: list(LANGUAGES),
    "processing": lambda _catalogue: [basis.value for basis in PROCESSING_BASES],
}


def _type_problem(condition: Condition, catalogue: Catalogue) -> Promise | None:
    found = catalogue.type_of(condition)
    if found is None:
        return NO_TYPE
    if not found.is_open:
        return ARCHIVED
    if found.is_service and condition.field != "sendable":
        return SERVICE
    channel = catalogue.channel_of(condition)
    return NOT_OFFERED if channel is not None and channel not in found.channels else None


def _unit_problem(condition: Condition, catalogue: Catalogue) -> Promise | None:
    is_account = condition.place[0] == ALL_UNITS
    return None if is_account or catalogue.unit_id_of(condition) is not None else NO_UNIT


_PLACES: dict[Part, Callable[[Condition, Catalogue], Promise | None]] = {
    Part.TYPE: _type_problem,
    Part.UNIT: _unit_problem,
    Part.CHANNEL: lambda one, _catalogue: None if one.place[-1] in CHANNELS else NO_CHANNEL,
    Part.PROPERTY: lambda one, catalogue: None if catalogue.property_of(one) else NO_PROPERTY,
}


def _text_problem(value: str) -> Promise | None:
    if not value.strip():
        return EMPTY
    return TOO_MUCH_TEXT if len(value) > TEXT_VALUE_LIMIT else None


def _date_problem(value: str) -> Promise | None:
    try:
        found = date.fromisoformat(value) if len(value) == _DATE_LENGTH else None
    except ValueError:
        found = None
    return None if found and found.year in _YEARS else NO_DATE


_VALUES: dict[Kind, Callable[[str], Promise | None]] = {
    Kind.TEXT: _text_problem,
    Kind.DATE: _date_problem,
    Kind.FLAG: lambda value: None if value in (YES, NO) else WRONG_VALUE,
}
