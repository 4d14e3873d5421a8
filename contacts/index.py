"""What the index shows of each contact: one batch of queries for a page of any size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.access import Reach
from contacts.models import Contact
from contacts.selectors import primary_addresses, unit_names
from preferences.models import Address, SubscriptionType
from preferences.rules import effective
from preferences.selectors import get_policy, state_of, states_for, types_for
from preferences.values import Channel, State, Status

IN, OUT = Status.SUBSCRIBED, Status.UNSUBSCRIBED
SHOWN_UNITS = 1
BAR_WIDTH = 56


@dataclass(frozen=True, slots=True)
class Standing:
    """How one address stands on one channel, over the types within reach.

    ``left`` names the business units it is unsubscribed from all of; "account" is all of them.
    ``is_excepted``: an opt-out of all stands, but the person came back to some type (R11).
    """

    in_count: int = 0
    out_count: int = 0
    count: int = 0
    is_all_out: bool = False
    is_excepted: bool = False
    left: tuple[str, ...] = ()

    @property
    def bar(self) -> str:
        """Return the width of the bar in the drawing."""
        return f"{BAR_WIDTH * self.in_count / self.count:.1f}" if self.count else "0"

    @property
    def pill(self) -> str:
        if self.is_all_out:
            return "UNSUBSCRIBED_ALL"
        if self.in_count:
            return "SUBSCRIBED"
        return "UNSUBSCRIBED" if self.count and self.out_count == self.count else "NOT_SPECIFIED"


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One line of the index."""

    contact: Contact
    email: Address | None
    phone: Address | None
    email_standing: Standing | None
    sms_standing: Standing | None
    whatsapp_standing: Standing | None
    units: Sequence[str]

    @property
    def name(self) -> str:
        return self.contact.full_name or self.address_text or str(self.contact)

    @property
    def address_text(self) -> str:
        address = self.email or self.phone
        return address.display if address else ""

    @property
    def shown_units(self) -> Sequence[str]:
        return self.units[:SHOWN_UNITS]

    @property
    def further_count(self) -> int:
        return len(self.units) - len(self.shown_units)


def index_rows(contacts: Sequence[Contact], *, reach: Reach) -> list[IndexRow]:
    """Return the lines of the index for these contacts; seven queries."""
    return _Shaper(contacts, reach).rows()


def connected_channels() -> frozenset[Channel]:
    """Return the channels the company can send on."""
    return get_policy().channels


class _Shaper:
    """Holds what was read while the rows are put together; used once."""

    def __init__(self, contacts: Sequence[Contact], reach: Reach) -> None:
        self.contacts = contacts
        self.primary = primary_addresses([contact.pk for contact in contacts])
        ids = [address.pk for held in self.primary.values() for address in held.values()]
        self.said = states_for(ids)
        self.spoken_of = {address_id for address_id, _scope in self.said}
        self.unit_names = unit_names(reach)
        counted = [kind for kind in types_for(reach) if _is_counted(kind)]
        self.types_on = {
            channel: [kind for kind in counted if channel in kind.channels] for channel in Channel
        }

    def rows(self) -> list[IndexRow]:
        return [self._row(contact) for contact in self.contacts]

    def _row(self, contact: Contact) -> IndexRow:
        held: Mapping[Channel, Address] = self.primary[contact.pk]
        set_ids = set(contact.unit_set.unit_ids)
        standing: dict[str, Any] = {
            f"{channel.value.lower()}_standing": self._standing(held.get(channel), channel)
            for channel in Channel
        }
        return IndexRow(
            contact=contact,
            email=held.get(Channel.EMAIL),
            phone=held.get(Channel.SMS) or held.get(Channel.WHATSAPP),
            units=[name for unit_id, name in self.unit_names.items() if unit_id in set_ids],
            **standing,
        )

    def _standing(self, address: Address | None, channel: Channel) -> Standing | None:
        if address is None:
            return None
        types = self.types_on[channel]
        if address.pk not in self.spoken_of:
            return Standing(count=len(types))
        results = [
            effective(state_of(self.said, address.pk, type_id=t.pk, unit_id=t.business_unit_id))
            for t in types
        ]
        is_account_out = self._is_out_of_all(address, None)
        left = [
            name
            for unit_id, name in self.unit_names.items()
            if self._is_out_of_all(address, unit_id)
        ]
        is_excepted = any(result.is_exception for result in results)
        return Standing(
            in_count=sum(result.status is IN for result in results),
            out_count=sum(result.status is OUT for result in results),
            count=len(types),
            is_all_out=is_account_out and not is_excepted,
            is_excepted=is_excepted,
            left=tuple(left),
        )

    def _is_out_of_all(self, address: Address, unit_id: int | None) -> bool:
        state = state_of(self.said, address.pk, type_id=None, unit_id=unit_id)
        alone = State(account=state.account) if unit_id is None else State(unit=state.unit)
        return effective(alone).status is OUT


def _is_counted(kind: SubscriptionType) -> bool:
    is_archived = kind.archived_at or kind.business_unit.archived_at
    return not is_archived and not kind.is_service
