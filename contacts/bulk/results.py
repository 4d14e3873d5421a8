"""The files of a job's result: what was refused, and what was changed. Rows, a chunk at a time.

Codes beside words, so that programs and people can read them; every cell is safe in a spreadsheet.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from operator import itemgetter

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from contacts.access import contacts_for, deleted_contacts_for
from contacts.bulk.undo import owners_of
from contacts.history import safe_cell
from contacts.links import WHY_NOT
from jobs.ids import ids_of_text
from jobs.models import Job, JobChunk
from jobs.selectors import done_chunks
from preferences.models import Address, BusinessUnit, ConsentEvent, SubscriptionType
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
    "gone": _("The contact was deleted meanwhile, or is no longer within reach."),
    **{reason.value: words for reason, words in WHY_NOT.items()},
}


def refusal_rows(job: Job, *, user: User, reason: str = "") -> Iterator[list[str]]:
    """Yield header and rows of what was refused or left out; ``reason``: only this one."""
    yield list(REFUSAL_COLUMNS)
    catalogue = _Catalogue()
    for chunk in done_chunks(job, "refusals"):
        found = sorted(
            (
                (key, numbers[place : place + 4])
                for key, numbers in chunk.refusals.items()
                if reason in ("", key)
                for place in range(0, len(numbers), 4)
            ),
            key=itemgetter(1),
        )
        names = _names({numbers[0] for _, numbers in found}, user)
        addresses = _addresses(numbers[1] for _, numbers in found)
        for key, (contact_id, address_id, kind, scope_id) in found:
            rule, _space, code = key.rpartition(" ")
            words = LEFT_WORDS.get(key) or REASONS[code]
            scope = (
                catalogue.cells(Scope(ScopeKind.from_code(kind), scope_id)) if kind else ("", "")
            )
            address = addresses.get(address_id, ("", "")) if contact_id in names else ("", "")
            who = (contact_id or "", names.get(contact_id, ""))
            yield _safe(*who, *address, *scope, rule, code, words)


def change_rows(job: Job, *, user: User) -> Iterator[list[str]]:
    """Yield header and rows of what the job wrote into the ledger."""
    yield list(CHANGE_COLUMNS)
    catalogue = _Catalogue()
    for chunk in done_chunks(job, "items", "first_event_id", "last_event_id"):
        events = _events(chunk)
        owners = owners_of({event.address_id for event in events}, ids_of_text(chunk.items))
        names = _names(set(owners.values()), user)
        addresses = _addresses(event.address_id for event in events)
        for event in events:
            contact_id = owners.get(event.address_id, 0)
            address = addresses[event.address_id] if contact_id in names else ("", "")
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


class _Catalogue:
    """The names of units and types, read once for a file."""

    def __init__(self) -> None:
        self.units = dict(BusinessUnit.objects.values_list("pk", "name"))
        types = SubscriptionType.objects.values_list("pk", "business_unit_id", "name")
        self.types = {pk: (self.units[unit_id], name) for pk, unit_id, name in types}

    def cells(self, scope: Scope) -> tuple[str, str]:
        """Return unit and type; for an opt-out of all its words stand for the type."""
        if scope.kind is ScopeKind.TYPE:
            return self.types[scope.id or 0]
        return self.units.get(scope.id or 0, ""), str(SCOPE_KINDS[scope.kind])


def _events(chunk: JobChunk) -> list[ConsentEvent]:
    if chunk.first_event_id is None:
        return []
    span = (chunk.first_event_id, chunk.last_event_id)
    events = ConsentEvent.objects.filter(pk__range=span, job_id=chunk.job_id)
    return list(events.order_by("pk"))


def _names(contact_ids: Collection[int], user: User) -> dict[int, str]:
    """Return what the contacts that the user may see are called, deleted ones included."""
    names: dict[int, str] = {}
    for visible in (contacts_for(user), deleted_contacts_for(user)):
        found = visible.filter(pk__in=contact_ids)
        for contact_id, first, last in found.values_list("pk", "first_name", "last_name"):
            names[contact_id] = f"{first} {last}".strip()
    return names


def _addresses(address_ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    found = Address.objects.filter(pk__in=set(address_ids)).only("channel", "canonical")
    return {
        address.pk: (str(CHANNELS[address.channel_value]), address.display) for address in found
    }


def _safe(*values: object) -> list[str]:
    return [safe_cell(value) for value in values]
