"""People, types and jobs for the tests of bulk actions."""

from datetime import datetime

from contacts.bulk.edit import BulkEdit
from contacts.bulk.start import start_bulk_edit
from contacts.models import Contact
from jobs.models import Job
from jobs.running import run_next_chunk
from preferences.rules import effective
from preferences.selectors import state_of, states_for
from preferences.values import Channel, LegalBasis, Status
from tests.factories import NOW

IN, OUT, NONE = Status.SUBSCRIBED, Status.UNSUBSCRIBED, Status.NOT_SPECIFIED


def opting(status: Status, *types, **fields) -> BulkEdit:
    """Return a bulk edit with all that an opt-in needs."""
    grounds = {}
    if status is IN:
        grounds = {
            "legal_basis": LegalBasis.CONSENT_WITH_NOTICE,
            "explanation": "Asked at the counter",
        }
    values = {
        "status": status,
        "channel": Channel.EMAIL,
        "type_ids": tuple(found.pk for found in types),
    }
    return BulkEdit(**{**values, **grounds, **fields})


def start_edit(edit: BulkEdit, user, contacts=None, now: datetime = NOW, **fields) -> Job:
    chosen = Contact.objects.filter(deleted_at=None) if contacts is None else contacts
    values = {"selection": {}, **fields}
    return start_bulk_edit(edit=edit, contacts=chosen, user=user, now=now, **values)


def run(job: Job, now: datetime = NOW) -> Job:
    last = 0
    while (last := run_next_chunk(now=now, after_job_id=last or 0)) is not None:
        pass
    job.refresh_from_db()
    return job


def edit_now(edit: BulkEdit, user, contacts=None, now: datetime = NOW, **fields) -> Job:
    """Start a bulk edit and run it to its end."""
    return run(start_edit(edit, user, contacts, now, **fields), now)


def held(contact: Contact, channel: Channel = Channel.EMAIL) -> list[int]:
    rows = contact.contact_addresses.filter(channel=channel.code)
    return list(rows.order_by("-is_primary", "position").values_list("address_id", flat=True))


def status_of(contact: Contact, subscription_type, place: int = 0) -> Status:
    """Return the effective status of the contact's n-th e-mail address."""
    address_id = held(contact)[place]
    unit_id = subscription_type.business_unit_id
    said = states_for([address_id])
    return effective(
        state_of(said, address_id, type_id=subscription_type.pk, unit_id=unit_id)
    ).status
