"""Opt-outs that look automatic (R24): as the screen shows them, and giving them back.

Giving back is a correction through the door for each; both events stay, and nobody is mailed.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from accounts.access import Right, reach_of, require
from accounts.models import User
from contacts.access import contacts_for
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
from preferences.values import Act, Change, Flag, Result, Source, Wish

AT_ONCE = 500  # given back in one step; a page waits for it


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
    """What became of giving back. ``left``: how many were refused, by rule and reason.

    ``rest``: how many more match than one step takes.
    """

    given_back: int
    left: Mapping[tuple[str, str], int]
    rest: int = 0


def rows_of(events: Sequence[ConsentEvent], user: User) -> list[SuspectedRow]:
    """Return the events of a page as rows; the number of queries does not depend on theirs."""
    ids = [event.pk for event in events]
    lines = lines_by_id(ids)
    addresses = Address.objects.in_bulk({event.address_id for event in events})
    contacts = _contacts_of(addresses, user)
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


def _contacts_of(address_ids: Collection[int], user: User) -> dict[int, Contact]:
    """Return whose each address is, among the contacts that the user sees."""
    held = ContactAddress.objects.filter(
        address_id__in=address_ids, contact__in=contacts_for(user)
    ).select_related("contact")
    return {one.address_id: one.contact for one in held.order_by("-contact_id")}


def give_back(
    *, event_ids: Collection[int], explanation: str, user: User, now: datetime
) -> GivenBack:
    """Give these opt-outs back, up to ``AT_ONCE``, the newest first. Raises PermissionDenied.

    What is out of the user's reach, or not labelled, is not there.
    """
    require(user, Right.RESUBSCRIBE)
    found = suspected_events(reach_of(user), SuspectedFilter()).filter(pk__in=event_ids)
    return _give_back(list(found.order_by("-pk")[:AT_ONCE]), explanation, user, now)


def give_back_all(
    *, filters: SuspectedFilter, newest_id: int, explanation: str, user: User, now: datetime
) -> GivenBack:
    """Give back all that match and can be, up to ``AT_ONCE``, the newest first.

    ``newest_id``: the newest that the user saw; what came since is not meant.
    """
    require(user, Right.RESUBSCRIBE)
    standing = replace(filters, is_standing=True)
    found = suspected_events(reach_of(user), standing).filter(pk__lte=newest_id)
    events = list(found.order_by("-pk")[: AT_ONCE + 1])
    done = _give_back(events[:AT_ONCE], explanation, user, now)
    return GivenBack(done.given_back, done.left, rest=len(events[AT_ONCE:]))


def _give_back(
    events: Sequence[ConsentEvent], explanation: str, user: User, now: datetime
) -> GivenBack:
    changes = [Change(event.address_id, _correction(event, explanation)) for event in events]
    results = apply_changes(changes=changes, actor=actor_for(user), now=now)
    left = Counter(_refusal(result) for result in results if not result.is_applied)
    return GivenBack(sum(result.is_applied for result in results), left)


def _correction(event: ConsentEvent, explanation: str) -> Wish:
    return Wish(
        scope=scope_of(event),
        source=Source.RECORD_PANEL,
        act=Act.CORRECT,
        explanation=explanation,
        undoes=event.pk,
    )


def _refusal(result: Result) -> tuple[str, str]:
    return result.decision.rule, result.decision.reason
