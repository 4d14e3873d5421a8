"""Send the link to the preference page to many: never to people who unsubscribed from all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar

from accounts.access import Reach, reach_of
from accounts.models import User
from contacts.models import Contact, ContactAddress
from preferences.handing import CannotMail, mail_links, reasons_for
from preferences.models import Address, BusinessUnit
from preferences.selectors import units_for
from preferences.values import Channel

CHANGED, REFUSED = "changed", "refused "


@dataclass(frozen=True, slots=True)
class SendLinks:
    """Mail each contact, at its primary email address, the link to its choices.

    ``places``: where each contact is reached, and in whose name; ``reasons``: why an address gets
    nothing. Both are read for the contacts at hand (``looking_at``). One mail per address and job.
    """

    kind: ClassVar[str] = "send_links"
    job_id: int = 0
    user: User | None = None
    places: Mapping[int, tuple[Address, BusinessUnit]] = field(default_factory=dict)
    reasons: Mapping[int, CannotMail | None] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {}

    def ready(self) -> "SendLinks":
        return self

    def looking_at(self, contacts: Sequence[Contact], user: User, job_id: int = 0) -> "SendLinks":
        """Return the action with what it has to know of these contacts: a few queries for all."""
        places = _places(contacts, reach_of(user))
        reasons = reasons_for([address for address, _ in places.values()])
        return replace(self, job_id=job_id, user=user, places=places, reasons=reasons)

    def sort(self, contact: Contact, reach: Reach) -> str:  # noqa: ARG002
        place = self.places.get(contact.pk)
        reason = CannotMail.NO_EMAIL if place is None else self.reasons[place[0].pk]
        return CHANGED if reason is None else f"{REFUSED}{reason.value}"

    def write(self, contacts: Sequence[Contact], now: datetime) -> None:
        if self.user is None:
            raise RuntimeError("somebody sends a mail")
        places = [self.places[contact.pk] for contact in contacts]
        mail_links(addresses=places, job_id=self.job_id, user=self.user, now=now)


def _places(contacts: Sequence[Contact], reach: Reach) -> dict[int, tuple[Address, BusinessUnit]]:
    """Return the primary email address of each contact, and its first unit within reach."""
    units = list(units_for(reach).filter(archived_at=None))
    held = ContactAddress.objects.filter(
        contact_id__in=[contact.pk for contact in contacts],
        channel=Channel.EMAIL.code,
        is_primary=True,
    ).select_related("address")
    addresses = {row.contact_id: row.address for row in held}
    places = {}
    for contact in contacts:
        theirs = set(contact.unit_set.unit_ids)
        unit = next((one for one in units if one.pk in theirs), units[0] if units else None)
        if contact.pk in addresses and unit is not None:
            places[contact.pk] = (addresses[contact.pk], unit)
    return places
