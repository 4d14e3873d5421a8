"""From contacts to changes and back to counts: the one code of preview and job (R21)."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial

from accounts.models import User
from contacts.access import visible_ids
from contacts.bulk.edit import BulkEdit, wishes_of
from contacts.bulk.preview import Look
from contacts.bulk.tally import Tally
from contacts.models import ContactAddress
from preferences.access import actor_for
from preferences.bulk_sql import fetch_all, ids_match, ids_parameter
from preferences.services import preview_changes
from preferences.terms import current_terms
from preferences.values import Change, Channel, Outcome, Result, Status

type Door = Callable[..., list[Result]]

_HELD = f"""
    SELECT contact_id, address_id FROM {ContactAddress._meta.db_table}
    WHERE {{ids}} AND channel = %s ORDER BY contact_id, is_primary DESC, position, id
"""


def edit_contacts(
    edit: BulkEdit,
    contact_ids: Sequence[int],
    *,
    user: User,
    now: datetime,
    door: Door,
    job_id: int | None = None,
    keeps_people: bool = False,
) -> Tally:
    """Take the edit of these contacts through the door and count what became of them.

    ``door``: ``apply_changes``, or ``preview_changes`` to write nothing. Who is deleted or out of
    the user's reach is counted as gone. Opt in and not opted act on the primary address of the
    channel, opt out on every one (R21).
    """
    units = {pk: facts.business_unit_id for pk, facts in current_terms().types.items()}
    wishes = wishes_of(edit, unit_of_type=units, job_id=job_id)
    held = held_addresses(
        visible_ids(user, contact_ids),
        edit.channel,
        is_primary_only=edit.status is not Status.UNSUBSCRIBED,
    )
    changes = [
        Change(address_id, wish)
        for found in held.values()
        for address_id in found
        for wish in wishes
    ]
    results = door(changes=changes, actor=actor_for(user), now=now)
    tally = Tally(keeps_people)
    start, width = 0, len(wishes)
    lifts = width - len(edit.type_ids)
    for contact_id in contact_ids:
        addresses = held.get(contact_id)
        if not addresses:
            tally.leave("gone" if addresses is None else "no_address", contact_id)
            continue
        end = start + width * len(addresses)
        own = results[start:end]
        tally.add(contact_id, _without_idle_lifts(own, width, lifts) if lifts else own)
        start = end
    return tally


def look_at_edit(edit: BulkEdit, *, user: User, now: datetime) -> Look:
    """Return what counts an edit for a preview: the door without writing."""
    return partial(edit_contacts, edit, user=user, now=now, door=preview_changes)


def held_addresses(
    contact_ids: Iterable[int], channel: Channel, *, is_primary_only: bool
) -> dict[int, list[int]]:
    """Return the addresses of each contact on a channel, the primary one first; one query."""
    held: dict[int, list[int]] = {contact_id: [] for contact_id in contact_ids}
    rows = fetch_all(_HELD.format(ids=ids_match("contact_id")), [ids_parameter(held), channel.code])
    for contact_id, address_id in rows:
        found = held[contact_id]
        if not (found and is_primary_only):
            found.append(address_id)
    return held


def _without_idle_lifts(results: Sequence[Result], width: int, lifts: int) -> list[Result]:
    """Leave out lifts where nothing stood: they are no part of what became of anybody."""
    return [
        result
        for place, result in enumerate(results)
        if place % width >= lifts or result.decision.outcome is not Outcome.NO_CHANGE
    ]
