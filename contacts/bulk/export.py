"""Export contacts with their statuses: a job whose chunks are pieces of one CSV file.

Which columns there are is settled at the start, so that all chunks agree. The pieces are kept for
some days in the chunks, packed, and handed out as one stream.
"""

import csv
import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts.access import Right, reach_of, require
from accounts.models import User
from contacts.access import contacts_for
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
FIELDS = (
    "first_name",
    "last_name",
    "company",
    "job_title",
    "language",
    "country",
    "lifecycle_stage",
)


def start_export(
    *,
    contacts: QuerySet[Contact],
    selection: Mapping[str, Any],
    user: User,
    now: datetime,
    key: str = "",
) -> Job:
    """Freeze selection and columns and queue the export. Raises PermissionDenied, NothingSelected."""
    require(user, Right.EXPORT)
    types = [
        [kind.id, kind.unit.id, channel.value, f"{kind.unit.name}: {kind.name}"]
        for kind in get_outline(reach_of(user)).types
        if not kind.is_service
        for channel in kind.channels
    ]
    custom = [[found.internal_name, found.name] for found in custom_properties()]
    return start_job(
        kind=EXPORT,
        items=ids_of(contacts),
        parameters={"types": types, "custom": custom},
        selection=selection,
        user=user,
        now=now,
        key=key,
    )


def export_lines(job: Job) -> Iterator[bytes]:
    """Yield the file: header, then the piece of each chunk, one at a time in memory."""
    custom = [name for _, name in job.parameters["custom"]]
    types = [f"{label} ({channel})" for *_, channel, label in job.parameters["types"]]
    header = ["id", "email", "other_emails", "sms", "whatsapp", *FIELDS, "owner", "created_at"]
    yield "\ufeff".encode() + _csv([[*header, *custom, *types]])
    for chunk in done_chunks(job, "output"):
        if chunk.output:
            yield zlib.decompress(bytes(chunk.output))


def work_export(work: Work) -> Done:
    """Write the rows of one chunk."""
    visible = contacts_for(work.user).filter(pk__in=work.items).select_related("owner")
    contacts = list(visible.order_by("pk"))
    held = _held([contact.pk for contact in contacts])
    primaries = {
        (contact_id, channel): rows[0][0]
        for contact_id, by_channel in held.items()
        for channel, rows in by_channel.items()
    }
    said = states_for(list(primaries.values()))
    rows = []
    for contact in contacts:
        statuses = []
        for type_id, unit_id, channel, _label in work.job.parameters["types"]:
            address_id = primaries.get((contact.pk, Channel(channel)))
            if address_id is None:
                statuses.append("")
                continue
            state = state_of(said, address_id, type_id=type_id, unit_id=unit_id)
            statuses.append(effective(state).status.value)
        custom = [contact.properties.get(name, "") for name, _ in work.job.parameters["custom"]]
        rows.append([*_cells(contact, held[contact.pk]), *custom, *statuses])
    counts = {"changed": len(rows), "gone": len(work.items) - len(rows)}
    found = {key: count for key, count in counts.items() if count}
    return Done(found, output=zlib.compress(_csv(rows)) if rows else None)


def _cells(contact: Contact, held: Mapping[Channel, Sequence[tuple[int, str]]]) -> list[object]:
    emails = [text for _, text in held.get(Channel.EMAIL, ())]
    phones = [
        "; ".join(spaced(text) for _, text in held.get(channel, ()))
        for channel in (Channel.SMS, Channel.WHATSAPP)
    ]
    fields = [getattr(contact, name) for name in FIELDS]
    created = contact.created_at.isoformat(timespec="seconds")
    email = emails[0] if emails else ""
    others = "; ".join(emails[1:])
    return [contact.pk, email, others, *phones, *fields, contact.owner or "", created]


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


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    target = io.StringIO()
    csv.writer(target).writerows([[safe_cell(value) for value in row] for row in rows])
    return target.getvalue().encode()
