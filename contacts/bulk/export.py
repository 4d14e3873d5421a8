"""Export contacts with their statuses: a job whose chunks are pieces of one CSV file.

Which columns there are is settled at the start, so that all chunks agree. The pieces are kept for
some days in the chunks, packed, and handed out as one stream. In a piece each row begins with the
contact's id: whoever fetches the file gets the people and the columns that they see then.
"""

import csv
import io
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.access import Reach, Right, reach_of, require
from accounts.models import User
from contacts.access import contacts_for, visible_ids
from contacts.bulk.start import ids_of
from contacts.history import safe_cell
from contacts.models import Contact, ContactAddress
from contacts.selectors import custom_properties
from jobs.kinds import Done, Work
from jobs.models import Job
from jobs.selectors import done_chunks
from jobs.services import start_job
from preferences.addresses import spaced
from preferences.outline import get_outline
from preferences.rules import effective
from preferences.selectors import state_of, states_for
from preferences.values import Channel

EXPORT = "export_contacts"
FIELDS: Mapping[str, Promise] = {
    "id": _("Number"),
    "email": _("Email"),
    "other_emails": _("Other email addresses"),
    "sms": _("SMS"),
    "whatsapp": _("WhatsApp"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "company": _("Company"),
    "job_title": _("Job title"),
    "language": _("Language"),
    "country": _("Country"),
    "lifecycle_stage": _("Life-cycle stage"),
    "owner": _("Owner"),
    "processing_bases": _("Legal basis for processing contact's data"),
    "created_at": _("Created"),
    "updated_at": _("Last updated"),
}
DETAILS, CUSTOM = _("Contact details"), _("Custom properties")
_CUSTOM, _TYPE = "custom", "type"
_PLAIN = ("company", "country", "first_name", "job_title", "language", "last_name")
type Held = Mapping[Channel, Sequence[tuple[int, str]]]
type Cell = Callable[[Person], object]


class Person(NamedTuple):
    """A contact with id and canonical form of the addresses by channel, the primary one first."""

    contact: Contact
    held: Held


class NoColumns(ValueError):
    """Says that an export was asked for without any column."""


class ExportColumn(NamedTuple):
    """``key`` names it in forms and jobs: "email", "custom:flower", "type:7:2:EMAIL" (type, unit).

    ``header`` stands in the file, ``label`` on screens, under ``group``.
    """

    key: str
    header: str
    label: str | Promise
    group: str | Promise


def export_columns(user: User) -> list[ExportColumn]:
    """Return the columns a user may choose from, in the order of the file."""
    columns = [ExportColumn(name, name, label, DETAILS) for name, label in FIELDS.items()]
    columns += [
        ExportColumn(f"{_CUSTOM}:{one.internal_name}", one.name, one.name, CUSTOM)
        for one in custom_properties()
    ]
    for kind in get_outline(reach_of(user)).types:
        if kind.is_service:
            continue
        for channel in kind.channels:
            key = f"{_TYPE}:{kind.id}:{kind.unit.id}:{channel.value}"
            name = f"{kind.name} ({channel.value})"
            columns.append(ExportColumn(key, f"{kind.unit.name}: {name}", name, kind.unit.name))
    return columns


def start_export(
    *,
    contacts: QuerySet[Contact],
    selection: Mapping[str, Any],
    user: User,
    now: datetime,
    key: str = "",
    expected: int | None = None,
    columns: Collection[str] | None = None,
) -> Job:
    """Freeze selection and columns and queue the export; ``columns`` None is every one.

    Raises PermissionDenied, NoColumns, NothingSelected and SelectionMoved.
    """
    require(user, Right.EXPORT)
    chosen = [
        [one.key, one.header]
        for one in export_columns(user)
        if columns is None or one.key in columns
    ]
    if not chosen:
        raise NoColumns
    return start_job(
        kind=EXPORT,
        items=ids_of(contacts),
        parameters={"columns": chosen},
        selection=selection,
        user=user,
        now=now,
        key=key,
        expected=expected,
    )


def export_lines(job: Job, *, user: User) -> Iterator[bytes]:
    """Yield the file: header, then the piece of each chunk, one at a time in memory.

    Left out is what has gone out of the user's reach since it was written: business units that
    were taken from them, contacts that were moved or deleted.
    """
    columns, reach = job.parameters["columns"], reach_of(user)
    shown = [place for place, (key, _header) in enumerate(columns) if _is_within(key, reach)]
    yield "\ufeff".encode() + _csv([_safe([columns[place][1] for place in shown])])
    for chunk in done_chunks(job, "output"):
        if not chunk.output:
            continue
        piece = io.StringIO(zlib.decompress(bytes(chunk.output)).decode(), newline="")
        rows = {int(contact_id): cells for contact_id, *cells in csv.reader(piece)}
        seen = visible_ids(user, rows)
        yield _csv([[rows[contact_id][place] for place in shown] for contact_id in seen])


def _is_within(key: str, reach: Reach) -> bool:
    """Tell whether a column is of no business unit, or of one within reach."""
    return not key.startswith(f"{_TYPE}:") or reach.covers(int(key.split(":")[2]))


def has_output(job: Job) -> bool:
    """Tell whether the file can still be fetched."""
    return job.chunks.filter(output__isnull=False).exists()


def work_export(work: Work) -> Done:
    """Write the rows of one chunk."""
    keys = [key for key, _header in work.job.parameters["columns"]]
    rows = _rows(work.items, keys, user=work.user)
    counts = {"changed": len(rows), "gone": len(work.items) - len(rows)}
    found = {name: count for name, count in counts.items() if count}
    piece = _csv([[contact_id, *_safe(cells)] for contact_id, cells in rows])
    return Done(found, output=zlib.compress(piece) if rows else None)


def export_rows(
    contact_ids: Sequence[int], keys: Sequence[str], *, user: User
) -> list[list[object]]:
    """Return the cells of the contacts that the user sees, by the keys of their columns."""
    return [cells for _contact_id, cells in _rows(contact_ids, keys, user=user)]


def _rows(
    contact_ids: Sequence[int], keys: Sequence[str], *, user: User
) -> list[tuple[int, list[object]]]:
    visible = contacts_for(user).filter(pk__in=contact_ids).select_related("owner")
    contacts = list(visible.order_by("pk"))
    held = _held([contact.pk for contact in contacts])
    first = [rows[0][0] for found in held.values() for rows in found.values()]
    said = states_for(first) if any(key.startswith(_TYPE) for key in keys) else {}
    cells = [_cell_of(key, said) for key in keys]
    people = [Person(contact, held[contact.pk]) for contact in contacts]
    return [(person.contact.pk, [cell(person) for cell in cells]) for person in people]


def _cell_of(key: str, said: Any) -> Cell:
    """Return what makes the cells of one column."""
    kind, _sep, rest = key.partition(":")
    if kind == _CUSTOM:
        return lambda person: person.contact.properties.get(rest, "")
    if kind == _TYPE:
        type_id, unit_id, channel = rest.split(":")
        return _status_cell(int(type_id), int(unit_id), Channel(channel), said)
    if kind in _PLAIN:
        return lambda person: getattr(person.contact, kind)
    return _CELLS[kind]


def _status_cell(type_id: int, unit_id: int, channel: Channel, said: Any) -> Cell:
    def cell(person: Person) -> object:
        addresses = person.held.get(channel)
        if not addresses:
            return ""
        state = state_of(said, addresses[0][0], type_id=type_id, unit_id=unit_id)
        return effective(state).status.value

    return cell


def _phones(held: Held, channel: Channel) -> str:
    return "; ".join(spaced(text) for _id, text in held.get(channel, ()))


def _emails(held: Held) -> list[str]:
    return [text for _id, text in held.get(Channel.EMAIL, ())]


_CELLS: Mapping[str, Cell] = {
    "id": lambda person: person.contact.pk,
    "email": lambda person: "".join(_emails(person.held)[:1]),
    "other_emails": lambda person: "; ".join(_emails(person.held)[1:]),
    "sms": lambda person: _phones(person.held, Channel.SMS),
    "whatsapp": lambda person: _phones(person.held, Channel.WHATSAPP),
    "lifecycle_stage": lambda person: person.contact.lifecycle_stage,
    "owner": lambda person: person.contact.owner or "",
    "processing_bases": lambda person: "; ".join(person.contact.processing_bases),
    "created_at": lambda person: person.contact.created_at.isoformat(timespec="seconds"),
    "updated_at": lambda person: person.contact.updated_at.isoformat(timespec="seconds"),
}


def _held(contact_ids: Sequence[int]) -> dict[int, dict[Channel, list[tuple[int, str]]]]:
    """Return id and canonical form of the addresses of each contact, the primary one first."""
    held: dict[int, dict[Channel, list[tuple[int, str]]]] = {pk: {} for pk in contact_ids}
    rows = ContactAddress.objects.filter(contact_id__in=contact_ids)
    ordered = rows.order_by("contact_id", "-is_primary", "position", "id")
    for contact_id, channel, address_id, text in ordered.values_list(
        "contact_id", "channel", "address_id", "address__canonical"
    ):
        held[contact_id].setdefault(Channel.from_code(channel), []).append((address_id, text))
    return held


def _safe(cells: Sequence[object]) -> list[str]:
    return [safe_cell(value) for value in cells]


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    target = io.StringIO()
    csv.writer(target).writerows(rows)
    return target.getvalue().encode()
