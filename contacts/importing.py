"""Imports contacts from a file, a chunk at a time; touches no status of any address.

Memory does not grow with the file. A chunk commits as a whole, so an import that was interrupted is
run again: what is there already comes out as unchanged.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TextIO

from django.db import DataError, IntegrityError

from accounts.models import User
from contacts.custom import PropertyRule
from contacts.import_rows import ADDRESS_FIELDS, Names, Reading, RowReader
from contacts.models import CustomProperty
from contacts.parsing.columns import Field, Mapping, recognise, simplified
from contacts.parsing.reading import ByteStream, Row, rows
from contacts.upsert import ContactRow, Outcome, chunked, upsert_contacts
from contacts.values import PropertyKind, fold
from preferences.models import BusinessUnit

CHUNK_ROWS = 2000
REASONS_KEPT = 200
NOT_STORED = "The database refused the row."
FORMULA_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n")


class UnreadableFile(ValueError):
    """Says why a file is no list of contacts, in English."""


@dataclass(slots=True)
class Summary:
    """What an import did, in rows. ``partial`` rows were imported without some value."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    partial: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    unknown_names: Counter[tuple[str, str]] = field(default_factory=Counter)
    ignored_statuses: tuple[str, ...] = ()
    unknown_columns: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return self.created + self.updated + self.unchanged + self.rejected


def import_contacts(
    *,
    stream: ByteStream,
    rejects: TextIO,
    unit_ids: Sequence[int],
    region: str | None,
    clock: Callable[[], datetime],
    on_progress: Callable[[Summary], None] | None = None,
) -> Summary:
    """Create and update contacts by address; write what could not be used to ``rejects`` as CSV.

    ``clock`` tells the time of each chunk: a file may take an hour. Raises UnreadableFile for a
    file without a header or without a column of addresses.
    """
    file_rows = rows(stream)
    header, columns = _header(file_rows)
    reader = RowReader(columns, _names(columns), region, unit_ids, clock())
    summary = Summary(
        ignored_statuses=tuple(column.header for column in columns.ignored_statuses),
        unknown_columns=tuple(
            c.header for c in columns.unknown if c.index not in reader.names.properties
        ),
    )
    job = _Import(reader, summary, RejectsFile(rejects, header), clock)
    for chunk in chunked(file_rows, CHUNK_ROWS):
        job.take(chunk)
        if on_progress:
            on_progress(summary)
    return summary


class RejectsFile:
    """Writes rows with the reason why they were not used; spreadsheets run nothing in it."""

    def __init__(self, target: TextIO, header: Sequence[str]) -> None:
        self.writer, self.header, self.is_begun = csv.writer(target), header, False

    def write(self, row: Row, result: str, reason: str) -> None:
        if not self.is_begun:
            self._write([*self.header, "Row number", "Result", "Reason"])
            self.is_begun = True
        values = [*row.values, *[""] * (len(self.header) - len(row.values))]
        # A row with too many columns keeps them at the end, where they shift nothing.
        inside, beyond = values[: len(self.header)], values[len(self.header) :]
        self._write([*inside, str(row.number), result, reason, *beyond])

    def _write(self, values: Sequence[str]) -> None:
        self.writer.writerow([protected(value) for value in values])


def protected(value: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(FORMULA_BEGINNINGS) else value


@dataclass(slots=True)
class _Import:
    reader: RowReader
    summary: Summary
    rejects: RejectsFile
    clock: Callable[[], datetime]

    def take(self, chunk: Sequence[Row]) -> None:
        """Import some rows, the good ones in one go."""
        good: list[tuple[Row, ContactRow]] = []
        for row in chunk:
            reading = Reading(problems=[("", row.error)]) if row.error else self._read(row)
            if reading.row is None:
                self._reject(row, reading)
                continue
            good.append((row, reading.row))
            if reading.problems:
                self.summary.partial += 1
                self.rejects.write(row, "imported in part", reading.reason)
                self._count_reasons(reading)
        for (row, _), outcome in zip(good, self._upsert(good), strict=True):
            if outcome is None:
                self._reject(row, Reading(problems=[("", NOT_STORED)]))
            else:
                setattr(self.summary, outcome.value, getattr(self.summary, outcome.value) + 1)

    def _read(self, row: Row) -> Reading:
        reading = self.reader.read(row.values)
        for name in reading.unknown_names:
            _count(self.summary.unknown_names, name)
        return reading

    def _reject(self, row: Row, reading: Reading) -> None:
        self.summary.rejected += 1
        self._count_reasons(reading)
        self.rejects.write(row, "rejected", reading.reason)

    def _count_reasons(self, reading: Reading) -> None:
        for column, text in reading.problems:
            _count(self.summary.reasons, f"{column}: {text}" if column else text)

    def _upsert(self, good: Sequence[tuple[Row, ContactRow]]) -> list[Outcome | None]:
        """Store the rows together; if the database refuses one, each on its own."""
        found = [contact_row for _, contact_row in good]
        try:
            return list(upsert_contacts(rows=found, now=self.clock()))
        except (DataError, IntegrityError):
            return [self._upsert_one(contact_row) for contact_row in found]

    def _upsert_one(self, contact_row: ContactRow) -> Outcome | None:
        try:
            return upsert_contacts(rows=[contact_row], now=self.clock())[0]
        except (DataError, IntegrityError):
            return None


def _header(file_rows: Iterator[Row]) -> tuple[list[str], Mapping]:
    header = next(file_rows, None)
    if header is None:
        raise UnreadableFile("The file is empty.")
    if header.error:
        raise UnreadableFile(f"The first row cannot be read. {header.error}")
    columns = recognise(header.values)
    if not any(columns.of(meaning) for meaning, _ in ADDRESS_FIELDS):
        names = ", ".join(name for name in header.values if name)
        raise UnreadableFile(f"No column holds an address. The columns are: {names}.")
    return header.values, columns


def _names(columns: Mapping) -> Names:
    """Look up what names in this file can stand for."""
    users = User.objects.filter(is_active=True) if columns.of(Field.OWNER) else User.objects.none()
    owners = {fold(key): user.pk for user in users for key in (user.name, user.email) if key}
    units = BusinessUnit.objects.filter(archived_at__isnull=True)
    named = {fold(key): unit.pk for unit in units for key in (unit.name, unit.slug)}
    by_name: dict[str, Any] = {}
    for custom in CustomProperty.objects.filter(archived_at__isnull=True):
        rule = PropertyRule(custom.internal_name, PropertyKind(custom.kind), custom.choices)
        by_name |= {simplified(custom.name): rule, simplified(custom.internal_name): rule}
    properties = {
        column.index: by_name[simplified(column.header)]
        for column in columns.unknown
        if simplified(column.header) in by_name
    }
    return Names(owners, named, properties)


def _count(counter: Counter, key: Any) -> None:
    """Count a reason, unless a broken file makes up ever new ones."""
    if key in counter or len(counter) < REASONS_KEPT:
        counter[key] += 1
