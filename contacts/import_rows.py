"""Reads one row of a contact file into a ContactRow, and says what of it could not be used.

A row is rejected only when no address in it is valid. Anything else that is not understood is left
out of the contact and reported, so that a wrong country costs nobody a contact.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from contacts.custom import InvalidValue, PropertyRule, read_value
from contacts.parsing import cells
from contacts.parsing.columns import Column, Field
from contacts.parsing.columns import Mapping as Columns
from contacts.upsert import AddressGiven, ContactRow
from contacts.values import fold
from preferences.addresses import InvalidAddress, canonical
from preferences.values import Channel, LegalBasis
from subscriptions_site.web.forms import DIRECTION_OVERRIDES

NO_ADDRESS = "The row has no address."
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)  # what is before is a spreadsheet's empty date
LENGTHS = {"first_name": 120, "last_name": 120, "company": 200, "job_title": 160}
ADDRESS_FIELDS = (
    (Field.EMAIL, Channel.EMAIL),
    (Field.ADDITIONAL_EMAILS, Channel.EMAIL),
    (Field.MOBILE, Channel.SMS),
    (Field.PHONE, Channel.SMS),
    (Field.WHATSAPP, Channel.WHATSAPP),
)
# What our own files put before a cell that a spreadsheet would take for a formula.
_PROTECTED = re.compile(r"'(?=[=+\-@\t\r\n])")


@dataclass(frozen=True, slots=True)
class Names:
    """What names in a file stand for: ids by folded name."""

    owners: Mapping[str, int] = field(default_factory=dict)
    units: Mapping[str, int] = field(default_factory=dict)
    properties: Mapping[int, PropertyRule] = field(default_factory=dict)  # by column


@dataclass(slots=True)
class Reading:
    """What became of one row; ``row`` is None when it is rejected.

    ``problems`` are (column, English text); ``unknown_names`` are owners and units nobody knows,
    which a file repeats in every row.
    """

    row: ContactRow | None = None
    problems: list[tuple[str, str]] = field(default_factory=list)
    unknown_names: list[tuple[str, str]] = field(default_factory=list)

    @property
    def reason(self) -> str:
        return " ".join(f"{column}: {text}" if column else text for column, text in self.problems)


@dataclass(frozen=True, slots=True)
class RowReader:
    """Reads the rows of one file. ``unit_ids`` are given to every contact."""

    columns: Columns
    names: Names
    region: str | None
    unit_ids: Sequence[int]
    now: datetime

    def read(self, values: Sequence[str]) -> Reading:
        reading = Reading()
        cell = [_PROTECTED.sub("", value.strip(), count=1) for value in values]
        addresses = self._addresses(cell, reading)
        if not addresses:
            reading.problems = reading.problems or [("", NO_ADDRESS)]
            return reading
        first_name, last_name = self._names(cell, reading)
        reading.row = ContactRow(
            addresses=addresses,
            first_name=first_name,
            last_name=last_name,
            company=self._text(cell, Field.COMPANY, reading),
            job_title=self._text(cell, Field.JOB_TITLE, reading),
            language=self._known(cell, Field.LANGUAGE, cells.language, reading) or "",
            country=self._known(cell, Field.COUNTRY, cells.country, reading) or "",
            lifecycle_stage=self._known(cell, Field.LIFECYCLE_STAGE, cells.lifecycle_stage, reading)
            or "",
            owner_id=self._owner(cell, reading),
            processing_bases=self._bases(cell, reading),
            unit_ids=self._units(cell, reading),
            properties=self._properties(cell, reading),
            created_at=self._created_at(cell, reading),
        )
        return reading

    def _addresses(self, cell: Sequence[str], reading: Reading) -> list[AddressGiven]:
        found: dict[tuple[Channel, str], AddressGiven] = {}
        for meaning, channel in ADDRESS_FIELDS:
            for index in self.columns.of(meaning):
                for text in _addresses_in(cell[index], channel):
                    try:
                        form = canonical(channel, text, self.region)
                    except InvalidAddress as error:
                        reading.problems.append((self._header(index), str(error)))
                        continue
                    found.setdefault((channel, form), AddressGiven(channel, form, text[:320]))
        return list(found.values())

    def _names(self, cell: Sequence[str], reading: Reading) -> tuple[str, str]:
        first = self._text(cell, Field.FIRST_NAME, reading)
        last = self._text(cell, Field.LAST_NAME, reading)
        full = "" if first or last else self._text(cell, Field.FULL_NAME, reading)
        if "," in full:
            last, _, first = (part.strip() for part in full.partition(","))
        elif full:
            first, _, last = full.rpartition(" ")
            first, last = (first, last) if first else (last, "")
        return first[: LENGTHS["first_name"]], last[: LENGTHS["last_name"]]

    def _first(self, cell: Sequence[str], meaning: Field) -> tuple[int, str]:
        """Return the first column of this meaning that is not empty, and its text."""
        return next(((i, cell[i]) for i in self.columns.of(meaning) if cell[i]), (-1, ""))

    def _text(self, cell: Sequence[str], meaning: Field, reading: Reading) -> str:
        index, text = self._first(cell, meaning)
        if not text:
            return ""
        plain = visible(text)
        if plain != " ".join(text.split()):
            reading.problems.append((self._header(index), "Hidden characters were removed."))
        limit = LENGTHS.get(meaning.value, 240)
        if len(plain) > limit:
            problem = f"The value is longer than {limit} characters and was cut."
            reading.problems.append((self._header(index), problem))
        return plain[:limit].strip()

    def _known(
        self,
        cell: Sequence[str],
        meaning: Field,
        read: Callable[[str], str | None],
        reading: Reading,
    ) -> str | None:
        index, text = self._first(cell, meaning)
        value = read(text) if text else None
        if text and value is None:
            reading.problems.append((self._header(index), "The value is not known."))
        return value

    def _owner(self, cell: Sequence[str], reading: Reading) -> int | None:
        index, text = self._first(cell, Field.OWNER)
        owner_id = self.names.owners.get(fold(text)) if text else None
        if text and owner_id is None:
            reading.unknown_names.append((self._header(index), visible(text)[:80]))
        return owner_id

    def _units(self, cell: Sequence[str], reading: Reading) -> list[int]:
        ids = list(self.unit_ids)
        index, text = self._first(cell, Field.BUSINESS_UNITS)
        for name in cells.parts(text) if text else ():
            unit_id = self.names.units.get(fold(name))
            if unit_id is None:
                reading.unknown_names.append((self._header(index), visible(name)[:80]))
            else:
                ids.append(unit_id)
        return ids

    def _bases(self, cell: Sequence[str], reading: Reading) -> list[LegalBasis]:
        index, text = self._first(cell, Field.LEGAL_BASIS)
        bases = cells.legal_bases(text)
        if bases.unknown:
            reading.problems.append((self._header(index), "A legal basis is not known."))
        return [LegalBasis(name) for name in bases.known]

    def _created_at(self, cell: Sequence[str], reading: Reading) -> datetime | None:
        index, text = self._first(cell, Field.CREATED_AT)
        created_at = cells.moment(text) if text else None
        if text and (created_at is None or not EARLIEST <= created_at <= self.now):
            reading.problems.append((self._header(index), "The date is not clear."))
            return None
        return created_at

    def _properties(self, cell: Sequence[str], reading: Reading) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for index, rule in self.names.properties.items():
            if not cell[index]:
                continue
            try:
                values[rule.internal_name] = read_value(rule, visible(cell[index]))
            except InvalidValue as error:
                reading.problems.append((self._header(index), str(error)))
        return values

    def _header(self, index: int) -> str:
        column: Column = self.columns.columns[index]
        return visible(column.header)[:80]


def visible(text: str) -> str:
    """Return the text on one line, without characters that cannot be seen or reorder others."""
    spaced = " ".join(DIRECTION_OVERRIDES.sub("", text).split())
    return "".join(c for c in spaced if unicodedata.category(c) not in ("Cc", "Cs")).strip()


def _addresses_in(text: str, channel: Channel) -> list[str]:
    if not text:
        return []
    return cells.email_addresses(text) if channel is Channel.EMAIL else cells.parts(text)
