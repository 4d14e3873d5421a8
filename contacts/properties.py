"""All properties of a contact, standard, custom and computed, as the page of properties shows them.

The computed ones are read-only and come from ``rules.effective`` alone. Names are HubSpot's, so that
programs written for it find them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Reach
from contacts.custom import shown_value
from contacts.models import Contact, ContactAddress, CustomProperty
from contacts.places import country_name, language_name
from contacts.values import PropertyKind
from preferences.models import Address, BusinessUnit, SubscriptionType
from preferences.rules import effective
from preferences.selectors import state_of, states_for, types_for, units_for
from preferences.values import (
    Channel,
    Effective,
    Register,
    Registers,
    ScopeKind,
    State,
    Status,
    Word,
)
from preferences.wording import LEGAL_BASES, SOURCES

OUT = Status.UNSUBSCRIBED

GROUPS = {
    "subscriptions": gettext_lazy("Subscriptions"),
    "details": gettext_lazy("Contact details"),
    "custom": gettext_lazy("Custom properties"),
}
CHANNEL_LABELS = {
    Channel.EMAIL: gettext_lazy("Opted out of email: %(unit)s, %(type)s"),
    Channel.SMS: gettext_lazy("Opted out of SMS: %(unit)s, %(type)s"),
    Channel.WHATSAPP: gettext_lazy("Opted out of WhatsApp: %(unit)s, %(type)s"),
}
INTERNAL_NAMES = {
    Channel.EMAIL: "hs_email_optout_%s",
    Channel.SMS: "sms_optout_%s",
    Channel.WHATSAPP: "whatsapp_optout_%s",
}


@dataclass(frozen=True, slots=True)
class Property:
    """One line. ``value`` "" is empty; ``is_bad`` marks an opt-out; ``note`` explains the value."""

    group: str
    label: str
    internal_name: str
    value: str = ""
    note: str = ""
    changed_at: datetime | None = None
    by: str = ""
    is_bad: bool = False

    def matches(self, words: Sequence[str]) -> bool:
        """Tell whether label or internal name holds every word."""
        text = f"{self.label}\n{self.internal_name}".casefold()
        return all(word in text for word in words)


@dataclass(frozen=True, slots=True)
class Flag:
    """Whether an address is unsubscribed from all of one unit (None: of the account).

    ``is_on`` is what the property reads: off while there is an exception (R11). ``is_left``: this
    very unit, or the account, was left; a unit is also out when the account was.
    """

    unit: BusinessUnit | None
    stands: bool
    is_left: bool
    exceptions: tuple[SubscriptionType, ...]
    said: Register | None
    word: Word | None

    @property
    def is_on(self) -> bool:
        return self.stands and not self.exceptions


class OptOuts:
    """The opt-outs of one address as properties show them, over the units of a reach.

    Read once; ``account`` and ``units`` are the flags, ``types`` each type with its status.
    """

    def __init__(self, address: Address | None, *, reach: Reach) -> None:
        self.address = address
        self.channel = address.channel_value if address else Channel.EMAIL
        self.said = states_for([address.pk]) if address else {}
        offered = [kind for kind in types_for(reach) if not kind.is_service]
        offered = [kind for kind in offered if self.channel in kind.channels]
        self.types = [(kind, self._state(kind.pk, kind.business_unit_id)) for kind in offered]
        self.units = [self._flag(unit) for unit in units_for(reach)]
        self.account = self._flag(None)

    @property
    def is_on(self) -> bool:
        """Tell what "Unsubscribed from all" reads: also when any one unit was left."""
        return self.account.is_on or bool(self.left_units)

    @property
    def left_units(self) -> list[BusinessUnit]:
        """Return the units that alone made it true."""
        if self.account.is_on:
            return []
        return [flag.unit for flag in self.units if flag.is_on and flag.is_left and flag.unit]

    @property
    def exceptions(self) -> list[SubscriptionType]:
        """Return the types the person came back to, for "all but ..."."""
        return [kind for kind, state in self.types if effective(state).is_exception]

    def _state(self, type_id: int | None, unit_id: int | None) -> State:
        if self.address is None:
            return State()
        return state_of(self.said, self.address.pk, type_id=type_id, unit_id=unit_id)

    def _flag(self, unit: BusinessUnit | None) -> Flag:
        state = self._state(None, unit.pk if unit else None)
        result = effective(state if unit else State(account=state.account))
        alone = effective(State(unit=state.unit)) if unit else result
        excepted = [kind for kind, words in self.types if effective(words).is_exception]
        if unit is not None:
            excepted = [kind for kind in excepted if kind.business_unit_id == unit.pk]
        is_left = alone.status is OUT
        said, word = deciding(state, result)
        return Flag(unit, result.status is OUT, is_left, tuple(excepted), said, word)


def deciding(state: State, result: Effective) -> tuple[Register | None, Word | None]:
    """Return what was said that decided a status, and whose word it was."""
    levels: dict[ScopeKind, Registers] = {
        ScopeKind.TYPE: state.type,
        ScopeKind.UNIT: state.unit,
        ScopeKind.ACCOUNT: state.account,
    }
    own, ours = levels[result.level]
    register = own if result.word is Word.OWN else ours if result.word is Word.OURS else None
    return register, result.word


def properties_of(
    contact: Contact,
    *,
    held: Sequence[ContactAddress],
    custom: Iterable[CustomProperty],
    opt_outs: Sequence[OptOuts],
    reach: Reach,
) -> list[Property]:
    """Return all properties of a contact. ``opt_outs``: of the primary address of each channel."""
    found = [p for outs in opt_outs for p in _subscription_properties(outs)]
    found += _details(contact, held, reach)
    for kind in custom:
        value = _custom_text(kind, contact.properties.get(kind.internal_name))
        found.append(Property("custom", kind.name, kind.internal_name, value))
    return found


def _subscription_properties(outs: OptOuts) -> Iterator[Property]:
    if outs.channel is Channel.EMAIL:
        yield _account_flag(outs)
        for flag in outs.units:
            if flag.unit is not None:
                label = _("Unsubscribed from all email: %(unit)s") % {"unit": flag.unit.name}
                yield _flag_property(flag, label, f"business_unit_optout_{flag.unit.pk}")
    for kind, state in outs.types:
        result = effective(state)
        is_out = result.status is OUT
        said, word = deciding(state, result)
        names = {"unit": kind.business_unit.name, "type": kind.name}
        yield Property(
            "subscriptions",
            str(CHANNEL_LABELS[outs.channel]) % names,
            INTERNAL_NAMES[outs.channel] % kind.pk,
            value=_("Yes") if is_out else "",
            changed_at=said.said_at if said else None,
            by=_by(said, word),
            is_bad=is_out,
        )


def _account_flag(outs: OptOuts) -> Property:
    note = ""
    if outs.left_units:
        names = ", ".join(unit.name for unit in outs.left_units)
        note = _("Because of %(units)s only. See the property of that business unit.")
        note %= {"units": names}
    elif outs.exceptions:
        note = _all_but(outs.exceptions)
    deciders = [flag for flag in (outs.account, *outs.units) if flag.is_on and flag.is_left]
    said = deciders[0] if deciders else outs.account
    return Property(
        "subscriptions",
        _("Unsubscribed from all email"),
        "hs_email_optout",
        value=_("True") if outs.is_on else _("False"),
        note=note,
        changed_at=said.said.said_at if said.said else None,
        by=_by(said.said, said.word),
        is_bad=outs.is_on,
    )


def _flag_property(flag: Flag, label: str, internal_name: str) -> Property:
    return Property(
        "subscriptions",
        label,
        internal_name,
        value=_("True") if flag.is_on else _("False"),
        note=_all_but(flag.exceptions) if flag.stands and flag.exceptions else "",
        changed_at=flag.said.said_at if flag.said else None,
        by=_by(flag.said, flag.word),
        is_bad=flag.is_on,
    )


def _all_but(kinds: Iterable[SubscriptionType]) -> str:
    names = ", ".join(kind.name for kind in kinds)
    return _("Unsubscribed from all but %(types)s.") % {"types": names}


def _by(said: Register | None, word: Word | None) -> str:
    if said is None:
        return ""
    return _("Contact") if word is Word.OWN else str(SOURCES[said.source])


def _details(contact: Contact, held: Sequence[ContactAddress], reach: Reach) -> Iterator[Property]:
    def line(label: str, name: str, value: Any) -> Property:
        return Property("details", label, name, str(value or ""))

    def texts(channel: Channel) -> list[str]:
        return [row.address.display for row in held if row.channel_value is channel]

    emails, numbers = texts(Channel.EMAIL), texts(Channel.SMS)
    names = [u.name for u in units_for(reach) if u.pk in contact.unit_set.unit_ids]
    bases = [str(LEGAL_BASES[basis]) for basis in contact.processing_bases]
    yield line(_("First name"), "firstname", contact.first_name)
    yield line(_("Last name"), "lastname", contact.last_name)
    yield line(_("Email"), "email", emails[0] if emails else "")
    yield line(_("Additional email addresses"), "hs_additional_emails", "; ".join(emails[1:]))
    yield line(_("Phone number"), "phone", "; ".join(numbers))
    whatsapp = "; ".join(texts(Channel.WHATSAPP))
    yield line(_("WhatsApp phone number"), "hs_whatsapp_phone_number", whatsapp)
    yield line(_("Company"), "company", contact.company)
    yield line(_("Job title"), "jobtitle", contact.job_title)
    country = country_name(contact.country) if contact.country else ""
    yield line(_("Country"), "country", country)
    language = language_name(contact.language) if contact.language else ""
    yield line(_("Language"), "hs_language", language)
    yield line(_("Owner"), "hubspot_owner_id", contact.owner or "")
    stage = contact.get_lifecycle_stage_display() if contact.lifecycle_stage else ""
    yield line(_("Life-cycle stage"), "lifecyclestage", stage)
    yield line(_("Business units"), "hs_all_assigned_business_unit_ids", "; ".join(names))
    label = _("Legal basis for processing contact's data")
    yield line(label, "hs_legal_basis", "; ".join(bases))
    yield line(_("Record ID"), "hs_object_id", contact.pk)
    yield Property("details", _("Create date"), "createdate", changed_at=contact.created_at)
    yield Property("details", _("Last updated"), "lastmodifieddate", changed_at=contact.updated_at)


def _custom_text(kind: CustomProperty, value: Any) -> str:
    if value in (None, ""):
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, int | float):
        return str(number_format(value))
    return str(shown_value(PropertyKind(kind.kind), value))


@dataclass(frozen=True, slots=True)
class Group:
    """The properties of one group that are shown."""

    key: str
    title: str
    rows: Sequence[Property]


def grouped(
    properties: Iterable[Property], *, search: str, group: str, hides_empty: bool
) -> list[Group]:
    """Return what is asked for, group by group; groups with nothing to show are left out."""
    words = search.casefold().split()
    found: dict[str, list[Property]] = {key: [] for key in GROUPS if group in ("", key)}
    for line in properties:
        is_empty = not (line.value or line.changed_at)
        if line.group in found and line.matches(words) and not (hides_empty and is_empty):
            found[line.group].append(line)
    return [Group(key, str(GROUPS[key]), rows) for key, rows in found.items() if rows]
