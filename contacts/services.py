"""Changes of contacts: create, update, delete, restore, purge.

None of it changes the status of an address (R1): adding, moving or removing an address only says
whose it is. Whoever changes addresses must reach every business unit of the contact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from accounts.access import reach_of
from accounts.models import User
from contacts.access import require_all_units
from contacts.models import Contact, ContactAddress
from contacts.units import change_counts, ensure_unit_set
from contacts.values import bits_of, fold, search_text_of
from preferences.addresses import canonical
from preferences.models import Address, BusinessUnit
from preferences.services import ensure_address
from preferences.values import Channel, LegalBasis

RESTORE_DAYS = 90
PURGE_CHUNK = 1000


class OutsideUnits(ValueError):
    """Says that a contact would get or lose a business unit that the user may not change."""


class WouldVanish(ValueError):
    """Says that the user would no longer see the contact: it has none of their business units."""


class ChangedElsewhere(ValueError):
    """Says that somebody saved the contact after the user had looked at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFields:
    """What a form or a program says about a person, apart from addresses."""

    first_name: str = ""
    last_name: str = ""
    company: str = ""
    job_title: str = ""
    language: str = ""
    country: str = ""
    owner_id: int | None = None
    lifecycle_stage: str = ""
    processing_bases: Sequence[LegalBasis] = ()
    unit_ids: frozenset[int] = frozenset()
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AddressWish:
    """An address a contact shall have, as it was typed."""

    channel: Channel
    text: str
    is_primary: bool = False


def create_contact(
    *, fields: ContactFields, addresses: Sequence[AddressWish], user: User, now: datetime
) -> Contact:
    """Create a contact; known addresses bring their statuses along (R1).

    Raises ``preferences.addresses.InvalidAddress``, OutsideUnits and WouldVanish.
    """
    with transaction.atomic():
        _check_units(user, before=frozenset(), after=fields.unit_ids)
        unit_set = ensure_unit_set(fields.unit_ids)
        contact = Contact(unit_set=unit_set, created_at=now, updated_at=now)
        _fill(contact, fields)
        contact.save()
        _replace_addresses(contact, addresses, now)
        _refresh_search(contact)
        contact.save(update_fields=["sort_name", "search_text"])
        change_counts({unit_set.pk: 1})
    return contact


def update_contact(
    *,
    contact: Contact,
    fields: ContactFields,
    addresses: Sequence[AddressWish] | None,
    user: User,
    now: datetime,
    seen_at: datetime | None = None,
) -> Contact:
    """Save what a form says; ``addresses`` None leaves them as they are.

    ``seen_at`` is the version (``updated_at``) the form was made from: with a newer one nothing is
    saved, and ChangedElsewhere raised. Raises ``preferences.addresses.InvalidAddress``,
    OutsideUnits, WouldVanish, and PermissionDenied when addresses would change and the user does
    not reach all of the contact's units.
    """
    with transaction.atomic():
        contact = _locked(contact)
        if seen_at not in (None, contact.updated_at):
            raise ChangedElsewhere
        before = frozenset(contact.unit_set.unit_ids)
        _check_units(user, before=before, after=fields.unit_ids)
        if addresses is not None and _differ(contact, addresses, fields.unit_ids):
            require_all_units(user, contact)
            _replace_addresses(contact, addresses, now, unit_ids=fields.unit_ids)
        old_set_id = contact.unit_set_id
        contact.unit_set = ensure_unit_set(fields.unit_ids)
        _fill(contact, fields)
        contact.updated_at = now
        _refresh_search(contact)
        contact.save()
        if old_set_id != contact.unit_set_id and contact.deleted_at is None:
            change_counts({old_set_id: -1, contact.unit_set_id: 1})
    return contact


def add_address(
    *, contact: Contact, channel: Channel, text: str, user: User, now: datetime
) -> ContactAddress:
    """Give a contact one more address; the first of its channel becomes the primary one."""
    with transaction.atomic():
        contact = _locked(contact)
        require_all_units(user, contact)
        region = region_of(contact.unit_set.unit_ids)
        address = ensure_address(channel=channel, text=text, region=region, now=now)
        held = list(contact.contact_addresses.filter(channel=channel.code))
        found = next((row for row in held if row.address_id == address.pk), None)
        if found is None:
            found = ContactAddress.objects.create(
                contact=contact,
                address=address,
                channel=channel.code,
                position=max((row.position for row in held), default=-1) + 1,
                is_primary=not any(row.is_primary for row in held),
            )
            _touch(contact, now)
    return found


def remove_address(*, contact: Contact, address_id: int, user: User, now: datetime) -> None:
    """Take an address from a contact; the next one becomes primary. Its statuses stay."""
    with transaction.atomic():
        contact = _locked(contact)
        require_all_units(user, contact)
        held = contact.contact_addresses.get(address_id=address_id)
        held.delete()
        if held.is_primary:
            rest = contact.contact_addresses.filter(channel=held.channel)
            following = rest.order_by("position", "id").first()
            if following is not None:
                following.is_primary = True
                following.save(update_fields=["is_primary"])
        _touch(contact, now)


def set_primary_address(*, contact: Contact, address_id: int, user: User, now: datetime) -> None:
    """Make an address the primary one of its channel."""
    with transaction.atomic():
        contact = _locked(contact)
        require_all_units(user, contact)
        held = contact.contact_addresses.get(address_id=address_id)
        contact.contact_addresses.filter(channel=held.channel).update(is_primary=False)
        contact.contact_addresses.filter(pk=held.pk).update(is_primary=True)
        _touch(contact, now)


def delete_contact(*, contact: Contact, user: User, now: datetime) -> None:
    """Hide a contact; it can be restored for 90 days. Its addresses keep their statuses (R1)."""
    with transaction.atomic():
        contact = _locked(contact)
        require_all_units(user, contact)
        if contact.deleted_at is None:
            Contact.objects.filter(pk=contact.pk).update(deleted_at=now)
            change_counts({contact.unit_set_id: -1})


def restore_contact(*, contact: Contact, user: User, now: datetime) -> None:
    """Bring a deleted contact back."""
    with transaction.atomic():
        contact = _locked(contact)
        require_all_units(user, contact)
        if contact.deleted_at is not None:
            Contact.objects.filter(pk=contact.pk).update(deleted_at=None, updated_at=now)
            change_counts({contact.unit_set_id: 1})


def purge_deleted_contacts(*, now: datetime) -> int:
    """Remove for good who was deleted more than 90 days ago; return how many. Addresses stay."""
    limit = now - timedelta(days=RESTORE_DAYS)
    expired = Contact.objects.filter(deleted_at__lt=limit).order_by("deleted_at", "id")
    count = 0
    while ids := list(expired.values_list("id", flat=True)[:PURGE_CHUNK]):
        with transaction.atomic():
            ContactAddress.objects.filter(
                contact_id__in=ids, contact__deleted_at__lt=limit
            ).delete()
            count += Contact.objects.filter(pk__in=ids, deleted_at__lt=limit).delete()[0]
    return count


def region_of(unit_ids: Sequence[int] | frozenset[int]) -> str | None:
    """Return the country in which national phone numbers are read: that of the first unit."""
    units = BusinessUnit.objects.filter(pk__in=unit_ids).order_by("position", "name", "id")
    return units.values_list("default_region", flat=True).first()


def sort_name_of(first_name: str, last_name: str, address: str, company: str) -> str:
    """Return what lists sort by: the last name first; without a name, what is shown instead."""
    return fold(f"{last_name} {first_name}".strip() or address or company)[:240]


def _locked(contact: Contact) -> Contact:
    """Return the contact as it is now, held until the transaction ends.

    What the caller read may be outdated: the units above all, which the counts follow.
    """
    return Contact.objects.select_for_update(of=("self",)).get(pk=contact.pk)


def _check_units(user: User, *, before: frozenset[int], after: frozenset[int]) -> None:
    reach = reach_of(user)
    if reach.all_units:
        return
    if not (before ^ after) <= reach.unit_ids:
        raise OutsideUnits
    if not after & reach.unit_ids:
        raise WouldVanish


def _fill(contact: Contact, fields: ContactFields) -> None:
    contact.first_name, contact.last_name = fields.first_name, fields.last_name
    contact.company, contact.job_title = fields.company, fields.job_title
    contact.language, contact.country = fields.language, fields.country
    contact.owner_id, contact.lifecycle_stage = fields.owner_id, fields.lifecycle_stage
    contact.processing_bits = bits_of(fields.processing_bases)
    contact.properties = dict(fields.properties)


def _ensured(
    addresses: Sequence[AddressWish], unit_ids: frozenset[int], now: datetime
) -> list[tuple[Address, bool]]:
    """Return the addresses, each once, with whether it is the primary one of its channel."""
    region = region_of(unit_ids)
    primary: dict[Channel, int] = {}
    found: dict[int, Address] = {}
    for wish in addresses:
        address = ensure_address(channel=wish.channel, text=wish.text, region=region, now=now)
        found[address.pk] = address
        if wish.is_primary or wish.channel not in primary:
            primary[wish.channel] = address.pk
    return [(address, address.pk in primary.values()) for address in found.values()]


def _differ(contact: Contact, wishes: Sequence[AddressWish], unit_ids: frozenset[int]) -> bool:
    """Tell whether the wishes are other than what the contact has, without writing anything."""
    held = contact.contact_addresses.select_related("address")
    has = {(row.channel, row.address.canonical): row.is_primary for row in held}
    region = region_of(unit_ids)
    wanted: dict[tuple[int, str], bool] = {}
    for wish in wishes:
        wanted[wish.channel.code, canonical(wish.channel, wish.text, region)] = wish.is_primary
    return has != wanted


def _replace_addresses(
    contact: Contact,
    wishes: Sequence[AddressWish],
    now: datetime,
    *,
    unit_ids: frozenset[int] | None = None,
) -> None:
    """Make the contact's addresses exactly these, in this order."""
    if unit_ids is None:
        unit_ids = frozenset(contact.unit_set.unit_ids)
    ContactAddress.objects.filter(contact=contact).delete()
    ContactAddress.objects.bulk_create(
        [
            ContactAddress(
                contact=contact,
                address=address,
                channel=address.channel,
                position=position,
                is_primary=is_primary,
            )
            for position, (address, is_primary) in enumerate(_ensured(wishes, unit_ids, now))
        ]
    )


def _touch(contact: Contact, now: datetime) -> None:
    contact.updated_at = now
    _refresh_search(contact)
    contact.save(update_fields=["updated_at", "sort_name", "search_text"])


def _refresh_search(contact: Contact) -> None:
    rows = contact.contact_addresses.order_by(F("is_primary").desc(), "position", "id")
    texts = list(rows.values_list("address__canonical", flat=True))
    contact.sort_name = sort_name_of(
        contact.first_name, contact.last_name, texts[0] if texts else "", contact.company
    )
    names = [contact.first_name, contact.last_name, contact.company]
    contact.search_text = search_text_of([*names, *texts])
