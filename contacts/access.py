"""Which contacts a user sees, and what they may do to each.

A contact is visible through any common business unit; one without a unit only to users who reach
all of them. Editing addresses, merging and erasing need all of the contact's units. What is out of
reach does not exist (404), so nobody learns from an answer that somebody is in the database.
"""

from collections.abc import Collection

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404

from accounts.access import Reach, reach_of
from accounts.models import User
from contacts.models import Contact, UnitSet
from preferences.bulk_sql import fetch_all, ids_match, ids_parameter


def contacts_for(user: User) -> QuerySet[Contact]:
    """Return the contacts this user sees, deleted ones left out."""
    return _within(reach_of(user)).filter(deleted_at__isnull=True)


def deleted_contacts_for(user: User) -> QuerySet[Contact]:
    """Return the deleted contacts that this user may restore."""
    return _within(reach_of(user)).filter(deleted_at__isnull=False)


def get_contact(user: User, pk: int) -> Contact:
    """Return a contact this user sees, its units and owner read with it. Raises Http404."""
    found = contacts_for(user).select_related("unit_set", "owner").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def get_deleted_contact(user: User, pk: int) -> Contact:
    """Return a deleted contact this user may restore. Raises Http404."""
    found = deleted_contacts_for(user).select_related("unit_set", "owner").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def covers_all_units(reach: Reach, contact: Contact) -> bool:
    """Tell whether every unit of the contact is within reach.

    Needed to edit addresses, merge and erase.
    """
    return reach.all_units or reach.unit_ids.issuperset(contact.unit_set.unit_ids)


def require_all_units(user: User, contact: Contact) -> None:
    """Return if this user reaches every unit of the contact, else raise PermissionDenied."""
    if not covers_all_units(reach_of(user), contact):
        raise PermissionDenied("all_units_of_contact")


def visible_ids(user: User, contact_ids: Collection[int]) -> list[int]:
    """Return which of these contacts the user sees, in ascending order; made for thousands."""
    reach = reach_of(user)
    sql = f"SELECT id FROM {Contact._meta.db_table} WHERE {ids_match('id')} AND deleted_at IS NULL"
    parameters = [ids_parameter(contact_ids)]
    if not reach.all_units:
        sql += f" AND {ids_match('unit_set_id')}"
        parameters.append(ids_parameter(unit_set_ids(reach.unit_ids)))
    return [row[0] for row in fetch_all(f"{sql} ORDER BY id", parameters)]


def _within(reach: Reach) -> QuerySet[Contact]:
    contacts = Contact.objects.all()
    if reach.all_units:
        return contacts
    return contacts.filter(unit_set__in=unit_set_ids(reach.unit_ids))


def unit_set_ids(unit_ids: frozenset[int]) -> list[int]:
    """Return the sets that hold one of these units: few, so a filter names them instead of joining.

    The planner then knows how common each is, and picks the index accordingly.
    """
    sets = UnitSet.objects.filter(members__business_unit__in=unit_ids)
    return list(sets.values_list("id", flat=True).distinct())
