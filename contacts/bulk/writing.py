"""Writes one change to the contacts of a chunk, in statements that do not grow with their number.

The rows are locked by the caller. Beside ``contacts.services`` this is where contacts change.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import F

from contacts.models import Contact, ContactAddress
from contacts.services import sort_name_of
from contacts.units import change_counts
from contacts.values import search_text_of

ROWS_AT_ONCE = 200


def set_columns(contacts: Sequence[Contact], now: datetime, **values: Any) -> None:
    """Give columns that no search looks into the same value everywhere."""
    _chosen(contacts).update(updated_at=now, **values)


def add_processing_bits(contacts: Sequence[Contact], now: datetime, bits: int) -> None:
    """Add legal bases for processing, in the database, so that nothing said meanwhile is lost."""
    _chosen(contacts).update(updated_at=now, processing_bits=F("processing_bits").bitor(bits))


def set_company(contacts: Sequence[Contact], now: datetime, company: str) -> None:
    """Give everybody the same company; what search and sorting see follows."""
    texts: dict[int, list[str]] = {contact.pk: [] for contact in contacts}
    held = ContactAddress.objects.filter(contact__in=texts)
    ordered = held.order_by("contact_id", F("is_primary").desc(), "position", "id")
    for contact_id, text in ordered.values_list("contact_id", "address__canonical"):
        texts[contact_id].append(text)
    for contact in contacts:
        own = texts[contact.pk]
        first, last = contact.first_name, contact.last_name
        contact.company, contact.updated_at = company, now
        contact.sort_name = sort_name_of(first, last, own[0] if own else "", company)
        contact.search_text = search_text_of([first, last, company, *own])
    _save(contacts, "company", "sort_name", "search_text", "updated_at")


def set_custom(contacts: Sequence[Contact], now: datetime, name: str, value: Any) -> None:
    """Give a custom property the same value everywhere; "" removes it."""
    for contact in contacts:
        contact.properties.pop(name, None)
        if value != "":
            contact.properties[name] = value
        contact.updated_at = now
    _save(contacts, "properties", "updated_at")


def delete(contacts: Sequence[Contact], now: datetime) -> None:
    """Hide the contacts; counts follow."""
    _chosen(contacts).update(deleted_at=now)
    counts = Counter(contact.unit_set_id for contact in contacts)
    change_counts({set_id: -count for set_id, count in counts.items()}, is_bulk=True)


def _chosen(contacts: Sequence[Contact]) -> Any:
    return Contact.objects.filter(pk__in=[contact.pk for contact in contacts])


def _save(contacts: Sequence[Contact], *fields: str) -> None:
    Contact.objects.bulk_update(contacts, fields, batch_size=ROWS_AT_ONCE)
