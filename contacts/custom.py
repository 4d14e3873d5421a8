"""Values of custom properties: how each kind is read from text, stored, and shown. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from contacts.parsing import cells
from contacts.values import PropertyKind, fold

TEXT_LIMIT = 2000
YES = frozenset({"yes", "true", "1", "y", "t", "on", "tak", "prawda", "ja", "wahr"})
NO = frozenset({"no", "false", "0", "n", "f", "off", "nie", "falsz", "nein", "falsch"})


class InvalidValue(ValueError):
    """Says why a text is no value of a property, in English."""


@dataclass(frozen=True, slots=True)
class PropertyRule:
    """What values a custom property takes."""

    internal_name: str
    kind: PropertyKind
    choices: Sequence[str] = ()


def read_value(rule: PropertyRule, text: str) -> str | int | float | bool:
    """Return the value that a text stands for, as it is stored. Raises InvalidValue."""
    text = text.strip()
    if rule.kind is PropertyKind.NUMBER:
        return _number(text)
    if rule.kind is PropertyKind.DATE:
        moment = cells.moment(text)
        if moment is None:
            raise InvalidValue("Enter a date such as 2026-11-22.")
        return moment.date().isoformat()
    if rule.kind is PropertyKind.YES_NO:
        return _yes_or_no(text)
    if rule.kind is PropertyKind.CHOICE:
        return _choice(text, rule.choices)
    if len(text) > TEXT_LIMIT:
        raise InvalidValue(f"Use at most {TEXT_LIMIT:,} characters.")
    return text


def shown_value(kind: PropertyKind, value: Any) -> Any:
    """Return a stored value as templates show it: dates as dates."""
    if kind is PropertyKind.DATE and isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value


def _number(text: str) -> int | float:
    plain = text.replace("\u00a0", "").replace(" ", "")
    if "," in plain and "." not in plain and plain.count(",") == 1:
        plain = plain.replace(",", ".")
    try:
        number = float(plain)
    except ValueError as error:
        raise InvalidValue("Enter a number.") from error
    if not math.isfinite(number) or abs(number) > 1e15:
        raise InvalidValue("Enter a number.")
    return int(number) if number.is_integer() else number


def _yes_or_no(text: str) -> bool:
    folded = fold(text)
    if folded in YES:
        return True
    if folded in NO:
        return False
    raise InvalidValue("Enter yes or no.")


def _choice(text: str, choices: Sequence[str]) -> str:
    found = next((choice for choice in choices if fold(choice) == fold(text)), None)
    if found is None:
        raise InvalidValue("This is not one of the choices.")
    return found
