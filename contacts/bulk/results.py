"""The files of a job's result: what was refused, and what was changed. Rows, a chunk at a time.

Codes beside words, so that programs and people can read them; every cell is safe in a spreadsheet.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.access import Reach, reach_of
from accounts.models import User
from contacts.access import contacts_for, deleted_contacts_for
from contacts.bulk.undo import owners_of
from contacts.bulk.written import events_of_chunk
from contacts.history import safe_cell
from contacts.links import WHY_NOT
from contacts.suspected import GIVE_BACK, contacts_of
from jobs.ids import ids_of_text
from jobs.models import Job, JobChunk
from jobs.selectors import done_chunks
from preferences.models import Address, BusinessUnit, SubscriptionType
from preferences.situations import scope_of
from preferences.values import Scope, ScopeKind, Status
from preferences.wording import CHANNELS, REASONS, SCOPE_KINDS, STATUSES

REFUSAL_COLUMNS = (
    "contact_id",
    "name",
    "channel",
    "address",
    "business_unit",
    "subscription_type",
    "rule",
    "reason",
    "words",
)
CHANGE_COLUMNS = (
    "event_id",
    "recorded_at",
    "contact_id",
    "name",
    "channel",
    "address",
    "business_unit",
    "subscription_type",
    "status",
    "before",
    "after",
    "rule",
)
LEFT_WORDS: Mapping[str, Promise] = {
    "no_address": _("They have no address on this channel."),
    "all_units": _(
        "The contact also belongs to business units that who started it may not change."
    ),
    "out_of_reach": _("Who started the job may no longer change this opt-out."),
    "gone": _("The contact was deleted meanwhile, or is no longer within reach."),
    **{reason.value: words for reason, words in WHY_NOT.items()},
}


class Refusal(NamedTuple):
    """One wish that was refused. ``scope`` None: the contact as a whole was left out.

    ``key``: rule and reason, or the reason alone.
    """

    key: str
    contact_id: int
    address_id: int
    scope: Scope | None

    @property
    def rule(self) -> str:
        return self.key.rpartition(" ")[0]

    @property
    def reason(self) -> str:
        return self.key.rpartition(" ")[2]

    @property
    def words(self) -> Promise:
        return words_of(self.key)


def words_of(key: str) -> Promise:
    """Return the sentence for why somebody was left as they were; ``key``: of ``Refusal``."""
    return LEFT_WORDS.get(key) or REASONS[key.rpartition(" ")[2]]


def refusal_rows(job: Job, *, user: User, reason: str = "") -> Iterator[list[str]]:
    """Yield header and rows of what was refused or left out; ``reason``: only this one."""
    yield list(REFUSAL_COLUMNS)
    catalogue = Catalogue(reach_of(user))
    for chunk in done_chunks(job, "refusals"):
        found = [one for one in refusals_of(chunk, reason) if catalogue.shows(one.scope)]
        names = names_of({one.contact_id for one in found}, user)
        addresses = addresses_of(one.address_id for one in found)
        for one in found:
            scope = catalogue.cells(one.scope) if one.scope else ("", "")
            is_seen = one.contact_id in names or not one.contact_id
            address = addresses.get(one.address_id, ("", "")) if is_seen else ("", "")
            who = (one.contact_id or "", names.get(one.contact_id, ""))
            yield _safe(*who, *address, *scope, one.rule, one.reason, one.words)


def refusals_of(chunk: JobChunk, reason: str = "") -> list[Refusal]:
    """Return what was refused in a chunk, by contact; ``reason``: only this one."""
    found = [
        (numbers[place : place + 4], key)
        for key, numbers in chunk.refusals.items()
        if reason in ("", key)
        for place in range(0, len(numbers), 4)
    ]
    return [
        Refusal(
            key,
            contact_id,
            address_id,
            Scope(ScopeKind.from_code(kind), scope_id or None) if kind else None,
        )
        for (contact_id, address_id, kind, scope_id), key in sorted(found)
    ]


def change_rows(job: Job, *, user: User) -> Iterator[list[str]]:
    """Yield header and rows of what the job wrote into the ledger."""
    yield list(CHANGE_COLUMNS)
    catalogue = Catalogue(reach_of(user))
    for chunk in done_chunks(job, "items", "first_event_id", "last_event_id"):
        events = [event for event in events_of_chunk(chunk) if catalogue.shows(scope_of(event))]
        owners = _owners({event.address_id for event in events}, chunk, job, user)
        names = names_of(set(owners.values()), user)
        addresses = addresses_of(event.address_id for event in events)
        for event in events:
            contact_id = owners.get(event.address_id, 0)
            is_seen = contact_id in names or not contact_id
            address = addresses[event.address_id] if is_seen else ("", "")
            yield _safe(
                event.pk,
                event.recorded_at.isoformat(timespec="seconds"),
                contact_id or "",
                names.get(contact_id, ""),
                *address,
                *catalogue.cells(scope_of(event)),
                *(
                    STATUSES[Status.from_code(code)]
                    for code in (event.status, event.before, event.after)
                ),
                f"R{event.rule}",
            )


def _owners(address_ids: Collection[int], chunk: JobChunk, job: Job, user: User) -> dict[int, int]:
    """Return whose the addresses are: of the contacts of the chunk, or where these are events, of
    those that the user sees.
    """
    if job.kind == GIVE_BACK:
        return {key: contact.pk for key, contact in contacts_of(address_ids, user).items()}
    return owners_of(address_ids, ids_of_text(chunk.items))


class Catalogue:
    """The names of units and types, read once for a file. What is out of reach is not shown."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self.units = dict(BusinessUnit.objects.values_list("pk", "name"))
        types = SubscriptionType.objects.values_list("pk", "business_unit_id", "name")
        self.types = {pk: (unit_id, name) for pk, unit_id, name in types}

    def shows(self, scope: Scope | None) -> bool:
        """Tell whether a scope is within reach; what concerns the whole account is, for everyone."""
        if scope is None or scope.kind is ScopeKind.ACCOUNT:
            return True
        unit_id = self.types[scope.id or 0][0] if scope.kind is ScopeKind.TYPE else scope.id
        return self.reach.covers(unit_id)

    def cells(self, scope: Scope) -> tuple[str, str]:
        """Return unit and type; for an opt-out of all its words stand for the type."""
        if scope.kind is ScopeKind.TYPE:
            unit_id, name = self.types[scope.id or 0]
            return self.units[unit_id], name
        return self.units.get(scope.id or 0, ""), str(SCOPE_KINDS[scope.kind])


def names_of(contact_ids: Collection[int], user: User) -> dict[int, str]:
    """Return what the contacts that the user may see are called, deleted ones included."""
    names: dict[int, str] = {}
    for visible in (contacts_for(user), deleted_contacts_for(user)):
        found = visible.filter(pk__in=contact_ids)
        for contact_id, first, last in found.values_list("pk", "first_name", "last_name"):
            names[contact_id] = f"{first} {last}".strip()
    return names


def addresses_of(address_ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Return channel and address as people read them."""
    found = Address.objects.filter(pk__in=set(address_ids)).only("channel", "canonical")
    return {
        address.pk: (str(CHANNELS[address.channel_value]), address.display) for address in found
    }


def _safe(*values: object) -> list[str]:
    return [safe_cell(value) for value in values]
