"""Opt-outs that look automatic (R24): as the screen shows them, and giving them back.

Giving back is a correction through the door for each; both events stay, and nobody is mailed.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import merge
from itertools import chain
from operator import attrgetter

from django.db import transaction

from accounts.access import Right, reach_of, require
from accounts.models import User
from contacts.access import contacts_for
from contacts.bulk.changes import Door
from contacts.history import Entry
from contacts.models import Contact, ContactAddress
from preferences.access import actor_for
from preferences.event_lines import lines_by_id
from preferences.models import Address, ConsentEvent
from preferences.services import apply_changes
from preferences.situations import scope_of
from preferences.suspected import (
    Correction,
    SuspectedFilter,
    corrections_of,
    standing_ids,
    suspected_events,
)
from preferences.suspicion import BURST_KEY
from preferences.values import Act, Change, Flag, Result, Scope, Source, Wish

GIVE_BACK = "give_back"  # the kind of the job
AT_ONCE = 500  # given back while the page waits; more is a job


@dataclass(frozen=True, slots=True)
class SuspectedRow:
    """One labelled opt-out. ``contact``: whose address it is, if the user sees them.

    ``is_standing``: it can be given back; else ``correction`` says that it was, or something newer
    counts.
    """

    entry: Entry
    contact: Contact | None
    is_standing: bool
    correction: Correction | None

    @property
    def id(self) -> int:
        return self.entry.event.id

    @property
    def burst(self) -> str:
        return str(self.entry.event.details.get(BURST_KEY, ""))

    @property
    def is_older(self) -> bool:
        return bool(self.entry.event.flags & Flag.OLDER)


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What became of giving back. ``left``: how many were refused, by rule and reason."""

    given_back: int
    left: Mapping[tuple[str, str], int]


def rows_of(events: Sequence[ConsentEvent], user: User) -> list[SuspectedRow]:
    """Return the events of a page as rows; the number of queries does not depend on theirs."""
    ids = [event.pk for event in events]
    lines = lines_by_id(ids)
    addresses = Address.objects.in_bulk({event.address_id for event in events})
    contacts = contacts_of(addresses, user)
    standing = standing_ids(ids)
    corrections = corrections_of([(event.pk, event.address_id) for event in events])
    rows = []
    for event in events:
        address = addresses[event.address_id]
        entry = Entry(lines[event.pk], address, address.display, is_you=False, sees_evidence=False)
        rows.append(
            SuspectedRow(
                entry,
                contacts.get(address.pk),
                event.pk in standing,
                corrections.get(event.pk),
            )
        )
    return rows


def contacts_of(address_ids: Collection[int], user: User) -> dict[int, Contact]:
    """Return whose each address is, among the contacts that the user sees."""
    held = ContactAddress.objects.filter(
        address_id__in=address_ids, contact__in=contacts_for(user)
    ).select_related("contact")
    return {one.address_id: one.contact for one in held.order_by("-contact_id")}


def give_back(
    *, event_ids: Collection[int], explanation: str, user: User, now: datetime
) -> GivenBack:
    """Give these opt-outs back; what is out of reach, or not labelled, is not there.

    Raises PermissionDenied.
    """
    require(user, Right.RESUBSCRIBE)
    results = correct(event_ids, explanation, user, now).values()
    left = Counter(_refusal(result) for result in results if not result.is_applied)
    return GivenBack(sum(result.is_applied for result in results), left)


def labelled(filters: SuspectedFilter, *, newest_id: int, user: User) -> Iterator[int]:
    """Return the ids of all that match and can be given back, ascending.

    ``newest_id``: the newest that the user saw; what came since is not meant.
    """
    standing = replace(filters, is_standing=True)
    found = [
        events.filter(pk__lte=newest_id).order_by("pk").values_list("pk", flat=True).iterator()
        for events in suspected_events(reach_of(user), standing)
    ]
    return merge(*found)


def correct(
    event_ids: Collection[int],
    explanation: str,
    user: User,
    now: datetime,
    *,
    job_id: int | None = None,
    door: Door = apply_changes,
) -> dict[int, Result]:
    """Give labelled opt-outs within the user's reach back, all in one transaction; by their ids.

    Of several on one scope the newest goes first: its correction is what lets the one before go.
    ``door``: ``preview_changes`` tells what would become of them.
    """
    found = suspected_events(reach_of(user), SuspectedFilter())
    events = chain.from_iterable(each.filter(pk__in=event_ids) for each in found)
    waiting, results = sorted(events, key=attrgetter("pk"), reverse=True), dict[int, Result]()
    actor = actor_for(user)
    with transaction.atomic():
        while waiting:
            newest: dict[tuple[int, Scope], ConsentEvent] = {}
            for event in waiting:
                newest.setdefault((event.address_id, scope_of(event)), event)
            step = list(newest.values())
            changes = [
                Change(event.address_id, _correction(event, explanation, job_id)) for event in step
            ]
            done = door(changes=changes, actor=actor, now=now)
            results |= {event.pk: result for event, result in zip(step, done, strict=True)}
            waiting = [event for event in waiting if event.pk not in results]
    return results


def _correction(event: ConsentEvent, explanation: str, job_id: int | None) -> Wish:
    return Wish(
        scope=scope_of(event),
        source=Source.RECORD_PANEL,
        act=Act.CORRECT,
        explanation=explanation,
        undoes=event.pk,
        job_id=job_id,
    )


def _refusal(result: Result) -> tuple[str, str]:
    return result.decision.rule, result.decision.reason
