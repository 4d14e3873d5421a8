"""A filter in words: each condition as a chip shows it, the whole as a sentence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from contacts.filters.catalogue import Catalogue
from contacts.filters.checking import IN, NONE, OUT
from contacts.filters.fields import ALL_UNITS, DAYS, NO, YES, Kind, Part
from contacts.filters.language import write
from contacts.filters.reading import Filter
from contacts.filters.tree import Condition, Group, Join, Path, find_item, without
from contacts.models import Contact
from contacts.places import country_name, language_name
from preferences.values import Channel, LegalBasis, Source, Status
from preferences.wording import CHANNELS as CHANNEL_WORDS
from preferences.wording import LEGAL_BASES, SOURCES, STATUSES
from subscriptions_site.templatetags.ui import day

SHOWN_VALUES = 3

# What fields are called that stand on their own, on chips and on forms alike.
PLAIN_NAMES: Mapping[str, Promise] = {
    "unit": gettext_lazy("Business unit"),
    "owner": gettext_lazy("Owner"),
    "stage": gettext_lazy("Life-cycle stage"),
    "country": gettext_lazy("Country"),
    "language": gettext_lazy("Language"),
    "processing": gettext_lazy("Legal basis for processing"),
    "created": gettext_lazy("Create date"),
    "updated": gettext_lazy("Last updated"),
    "first_name": gettext_lazy("First name"),
    "last_name": gettext_lazy("Last name"),
    "company": gettext_lazy("Company"),
    "job_title": gettext_lazy("Job title"),
}
# What a condition is called, with %(type)s, %(unit)s and %(channel)s where it names them.
OF_TYPE = gettext_lazy("%(type)s (%(channel)s)")
NAMES: Mapping[str, Promise] = {
    "status": OF_TYPE,
    "own": OF_TYPE,
    "anywhere": OF_TYPE,
    "sendable": OF_TYPE,
    "left": gettext_lazy("%(unit)s (%(channel)s)"),
    "basis": gettext_lazy("Legal basis of the last change: %(type)s (%(channel)s)"),
    "source": gettext_lazy("Source of the last change: %(type)s (%(channel)s)"),
    "changed": gettext_lazy("Last change: %(type)s (%(channel)s)"),
    "undeliverable": gettext_lazy("Primary address (%(channel)s)"),
    **PLAIN_NAMES,
}
EVERY_UNIT = gettext_lazy("Any business unit or the account (%(channel)s)")
# The two answers of a flag.
ANSWERS: Mapping[str, tuple[Promise, Promise]] = {
    "own": (
        gettext_lazy("opted out, own choice"),
        gettext_lazy("not opted out by own choice"),
    ),
    "anywhere": (
        gettext_lazy("opted out on some address"),
        gettext_lazy("opted out on no address"),
    ),
    "sendable": (gettext_lazy("may be sent now"), gettext_lazy("may not be sent now")),
    "left": (gettext_lazy("unsubscribed from all"), gettext_lazy("not unsubscribed from all")),
    "undeliverable": (gettext_lazy("undeliverable"), gettext_lazy("not undeliverable")),
}
YES_OR_NO = (gettext_lazy("Yes"), gettext_lazy("No"))
ADDRESS_NAMES: Mapping[Channel, Promise] = {
    Channel.EMAIL: gettext_lazy("Email address"),
    Channel.SMS: gettext_lazy("Phone number for SMS"),
    Channel.WHATSAPP: gettext_lazy("WhatsApp phone number"),
}
# The whole of a condition; a name is not inflected, so it stands before a colon or a verb.
SENTENCES: Mapping[str, Promise] = {
    "is": gettext_lazy("%(name)s: %(value)s"),
    "not": gettext_lazy("%(name)s is not %(value)s"),
    "has": gettext_lazy("%(name)s contains %(value)s"),
    "starts": gettext_lazy("%(name)s starts with %(value)s"),
    "less": gettext_lazy("%(name)s is less than %(value)s"),
    "more": gettext_lazy("%(name)s is more than %(value)s"),
    "before": gettext_lazy("%(name)s is before %(value)s"),
    "after": gettext_lazy("%(name)s is after %(value)s"),
    "older": gettext_lazy("%(name)s is more than %(value)s ago"),
    "newer": gettext_lazy("%(name)s is in the last %(value)s"),
    "known": gettext_lazy("%(name)s is known"),
    "unknown": gettext_lazy("%(name)s is not known"),
}
OPERATORS: Mapping[str, Promise] = {
    "is": pgettext_lazy("comparison", "is"),
    "not": pgettext_lazy("comparison", "is not"),
    "has": pgettext_lazy("comparison", "contains"),
    "starts": pgettext_lazy("comparison", "starts with"),
    "less": pgettext_lazy("comparison", "is less than"),
    "more": pgettext_lazy("comparison", "is more than"),
    "before": pgettext_lazy("comparison", "is before"),
    "after": pgettext_lazy("comparison", "is after"),
    "older": pgettext_lazy("comparison", "is more than … days ago"),
    "newer": pgettext_lazy("comparison", "is in the last … days"),
    "known": pgettext_lazy("comparison", "is known"),
    "unknown": pgettext_lazy("comparison", "is not known"),
}
_STATUSES = {IN: Status.SUBSCRIBED, NONE: Status.NOT_SPECIFIED, OUT: Status.UNSUBSCRIBED}


@dataclass(frozen=True, slots=True)
class Chip:
    """One condition. ``problem`` says why it finds nobody; ``without``: the filter less this."""

    number: int
    path: Path
    words: str
    html: SafeString
    problem: str
    without: str

    @property
    def at(self) -> str:
        """Return the path as a URL has it: "1.0"."""
        return ".".join(map(str, self.path))


@dataclass(frozen=True, slots=True)
class ChipGroup:
    """Conditions in brackets, or a single one. ``word`` stands between them."""

    chips: tuple[Chip, ...]
    word: str = ""
    words: str = ""


def chips_of(found: Filter) -> list[ChipGroup]:
    """Return the conditions as chips; a group of its own for each that stands outside of brackets.

    Brackets inside of brackets, which only a URL written by hand has, are shown as one chip.
    """
    groups: list[ChipGroup] = []
    catalogue, number = found.catalogue, 0
    if catalogue is None:
        return groups
    for place, item in enumerate(found.tree.items):
        inner = item.items if isinstance(item, Group) else ()
        paths: list[Path] = [(place, n) for n in range(len(inner))] or [(place,)]
        chips = [_chip(number + n, path, found, catalogue) for n, path in enumerate(paths)]
        number += len(chips)
        if isinstance(item, Group):
            words = _joined(item, catalogue)
            groups.append(ChipGroup(tuple(chips), join_word(item.join), words))
        else:
            groups.append(ChipGroup(tuple(chips)))
    return groups


def _chip(number: int, path: Path, found: Filter, catalogue: Catalogue) -> Chip:
    item = find_item(found.tree, path)
    problems = [str(words) for at, words in found.problems.items() if at[: len(path)] == path]
    problem, rest = " ".join(problems), write(without(found.tree, path))
    if isinstance(item, Condition):
        name, value = name_of(item, catalogue), _value_of(item, catalogue)
        html = SafeString(_filled(item.operator, escape(name), f"<b>{escape(value)}</b>"))
        return Chip(number, path, words_of(item, catalogue), html, problem, rest)
    words = _joined(item, catalogue) if item else ""
    return Chip(number, path, words, SafeString(escape(words)), problem, rest)


def sentence_of(found: Filter) -> str:
    """Return the filter as a sentence, "" for everybody."""
    if found.problem:
        return str(found.problem)
    if found.catalogue is None or not found.tree.items:
        return ""
    return _joined(found.tree, found.catalogue)


def words_of(condition: Condition, catalogue: Catalogue) -> str:
    """Return one condition in words."""
    return _filled(
        condition.operator, name_of(condition, catalogue), _value_of(condition, catalogue)
    )


def name_of(condition: Condition, catalogue: Catalogue) -> str:
    """Return what is compared. What is out of reach or gone is not named."""
    field = catalogue.field_of(condition)
    if field is None:
        return _("Unknown filter")
    if Part.PROPERTY in field.place:
        found = catalogue.property_of(condition)
        return found.name if found else _("Property that is gone")
    names: dict[str, Any] = {}
    if Part.CHANNEL in field.place:
        channel = catalogue.channel_of(condition)
        if condition.field == "address" and channel is not None:
            return str(ADDRESS_NAMES[channel])
        names["channel"] = CHANNEL_WORDS[channel] if channel else _("unknown channel")
    if Part.TYPE in field.place:
        of_type = catalogue.type_of(condition)
        names["type"] = of_type.name if of_type else _("Unknown type")
    if Part.UNIT in field.place:
        if condition.place[0] == ALL_UNITS:
            return str(EVERY_UNIT) % names
        names["unit"] = catalogue.units.get(
            catalogue.unit_id_of(condition) or 0, _("Unknown business unit")
        )
    return str(NAMES.get(condition.field, "…")) % names


def _filled(operator: str, name: str, value: str) -> str:
    sentence = SENTENCES.get(operator)
    return str(sentence) % {"name": name, "value": value} if sentence else name


def _value_of(condition: Condition, catalogue: Catalogue) -> str:
    values = condition.values
    if condition.operator in DAYS:
        days = int(values[0]) if values and values[0].isascii() and values[0].isdigit() else 0
        return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}
    shown = [shown_value(condition, value, catalogue) for value in values[:SHOWN_VALUES]]
    more = len(values) - len(shown)
    if more:
        shown.append(ngettext("%(count)s more", "%(count)s more", more) % {"count": more})
    return _listed(shown)


def _listed(words: list[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    first, last = ", ".join(words[:-1]), words[-1]
    return _("%(first)s or %(last)s") % {"first": first, "last": last}


def shown_value(condition: Condition, value: str, catalogue: Catalogue) -> str:
    """Return a value as people read it; one that is not there any more as "…"."""
    field = catalogue.field_of(condition)
    if field is not None and field.kind in (Kind.FLAG, Kind.YES_NO):
        yes, no = ANSWERS.get(condition.field, YES_OR_NO)
        return str({YES: yes, NO: no}.get(value, value))
    if field is not None and field.kind is Kind.DATE:
        try:
            return str(day(date.fromisoformat(value)))
        except ValueError:
            return value
    show = _SHOWN.get(condition.field)
    return show(value, catalogue) if show else value


def _of(words: Mapping[Any, Any], kind: Callable[[str], Any]) -> Callable[[str, Catalogue], str]:
    def show(value: str, _catalogue: Catalogue) -> str:
        try:
            return str(words[kind(value)])
        except (KeyError, ValueError):
            return "…"

    return show


_SHOWN: Mapping[str, Callable[[str, Catalogue], str]] = {
    "status": _of(STATUSES, lambda value: _STATUSES[value]),
    "basis": _of(LEGAL_BASES, LegalBasis),
    "processing": _of(LEGAL_BASES, LegalBasis),
    "source": _of(SOURCES, Source),
    "stage": _of(dict(Contact.Lifecycle.choices), str),
    "country": lambda value, _catalogue: country_name(value),
    "language": lambda value, _catalogue: language_name(value),
    "unit": lambda value, catalogue: _named(catalogue.units, value),
    "owner": lambda value, catalogue: _named(catalogue.owners, value),
}


def _named(names: Mapping[int, str], value: str) -> str:
    return names.get(int(value), "…") if value.isascii() and value.isdigit() else "…"


def _joined(group: Group, catalogue: Catalogue) -> str:
    """Return the conditions with "and" or "or" between them, groups in brackets."""
    parts = [
        f"({_joined(item, catalogue)})" if isinstance(item, Group) else words_of(item, catalogue)
        for item in group.items
    ]
    word = join_word(group.join)
    return f" {word} ".join(parts)


def join_word(join: Join) -> str:
    """Return what stands between two conditions."""
    return pgettext("filter", "and") if join is Join.ALL else pgettext("filter", "or")
