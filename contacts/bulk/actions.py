"""What else is done to many contacts at once: set a property or the owner, add a basis, delete.

Each action is a value that sorts a contact into an outcome; preview and job ask the same value, and
the job then writes those that change. None of it changes the status of an address (R1).
"""

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Protocol

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.access import Reach
from contacts.access import covers_all_units
from contacts.bulk import writing
from contacts.bulk.links import SendLinks
from contacts.custom import InvalidValue, PropertyRule, read_value
from contacts.models import Contact, CustomProperty
from contacts.parsing.places import LANGUAGE_NAMES
from contacts.selectors import owners
from contacts.values import PROCESSING_BASES, PropertyKind, bits_of
from preferences.values import LegalBasis

CHANGED, UNCHANGED, REFUSED = "changed", "unchanged", "refused all_units"
# The built-in properties that many contacts may share.
BUILT_IN = ("company", "job_title", "language", "country", "lifecycle_stage")

PROBLEMS: Mapping[str, Promise] = {
    "owner": _("Choose somebody who can sign in, or nobody."),
    "property": _("Choose a property."),
    "value": _("This is not a value of this property."),
    "basis": _("Choose a legal basis."),
}


class InvalidAction(ValueError):
    """Says what is wrong with an action: a sentence for each field concerned."""

    def __init__(self, problems: Mapping[str, Promise | str]) -> None:
        super().__init__(", ".join(problems))
        self.problems = problems


class Action(Protocol):
    """``kind`` names the job. ``ready`` returns the action checked, and with what it has to look up, or
    raises InvalidAction; ``sort`` then returns an outcome, and ``write`` writes.
    """

    kind: ClassVar[str]

    def as_json(self) -> dict[str, Any]: ...
    def ready(self) -> "Action": ...
    def sort(self, contact: Contact, reach: Reach) -> str: ...
    def write(self, contacts: Sequence[Contact], now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class SetOwner:
    """Give the contacts to a member of staff; None is nobody."""

    kind: ClassVar[str] = "set_owner"
    owner_id: int | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def ready(self) -> Action:
        if self.owner_id is not None and not owners().filter(pk=self.owner_id).exists():
            raise InvalidAction({"owner": PROBLEMS["owner"]})
        return self

    def sort(self, contact: Contact, reach: Reach) -> str:
        return UNCHANGED if contact.owner_id == self.owner_id else CHANGED

    def write(self, contacts: Sequence[Contact], now: datetime) -> None:
        writing.set_columns(contacts, now, owner_id=self.owner_id)


@dataclass(frozen=True, slots=True)
class AddProcessingBasis:
    """Add a legal basis for processing to those on record."""

    kind: ClassVar[str] = "add_processing_basis"
    basis: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def ready(self) -> Action:
        if self.basis not in {basis.value for basis in PROCESSING_BASES}:
            raise InvalidAction({"basis": PROBLEMS["basis"]})
        return self

    def sort(self, contact: Contact, reach: Reach) -> str:
        return UNCHANGED if contact.processing_bits & self._bits == self._bits else CHANGED

    def write(self, contacts: Sequence[Contact], now: datetime) -> None:
        writing.add_processing_bits(contacts, now, self._bits)

    @property
    def _bits(self) -> int:
        return bits_of([LegalBasis(self.basis)])


@dataclass(frozen=True, slots=True)
class SetProperty:
    """Give a property one value. ``value`` is as typed; "" empties it.

    ``name``: one of ``BUILT_IN``, or the internal name of a custom property with ``is_custom``.
    ``stored``: the value as it is stored, once it is ready.
    """

    kind: ClassVar[str] = "set_property"
    name: str
    value: str
    is_custom: bool = False
    stored: Any = None

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "value": self.value, "is_custom": self.is_custom}

    def ready(self) -> Action:
        if any(unicodedata.category(c) in ("Cc", "Cs") for c in self.value):
            raise InvalidAction({"value": PROBLEMS["value"]})
        return replace(self, stored=self._custom_value() if self.is_custom else self._value())

    def sort(self, contact: Contact, reach: Reach) -> str:
        held = (
            contact.properties.get(self.name, "") if self.is_custom else getattr(contact, self.name)
        )
        is_same = held == self.stored and type(held) is type(self.stored)
        return UNCHANGED if is_same else CHANGED

    def write(self, contacts: Sequence[Contact], now: datetime) -> None:
        if self.is_custom:
            writing.set_custom(contacts, now, self.name, self.stored)
        elif self.name == "company":
            writing.set_company(contacts, now, self.stored)
        else:
            writing.set_columns(contacts, now, **{self.name: self.stored})

    def _value(self) -> str:
        if self.name not in BUILT_IN:
            raise InvalidAction({"name": PROBLEMS["property"]})
        value = self.value.strip()
        others = {field.name for field in Contact._meta.fields} - {self.name}
        try:
            Contact(**{self.name: value}).clean_fields(exclude=others)
        except ValidationError as error:
            raise InvalidAction({"value": PROBLEMS["value"]}) from error
        if self.name == "language" and value not in ("", *LANGUAGE_NAMES):
            raise InvalidAction({"value": PROBLEMS["value"]})
        return value

    def _custom_value(self) -> Any:
        found = CustomProperty.objects.filter(internal_name=self.name, archived_at=None).first()
        if found is None:
            raise InvalidAction({"name": PROBLEMS["property"]})
        if not self.value.strip():
            return ""
        rule = PropertyRule(found.internal_name, PropertyKind(found.kind), found.choices)
        try:
            return read_value(rule, self.value)
        except InvalidValue as error:
            raise InvalidAction({"value": PROBLEMS["value"]}) from error


@dataclass(frozen=True, slots=True)
class DeleteContacts:
    """Delete the contacts; they can be restored for 90 days, and their addresses keep their statuses."""

    kind: ClassVar[str] = "delete_contacts"

    def as_json(self) -> dict[str, Any]:
        return {}

    def ready(self) -> Action:
        return self

    def sort(self, contact: Contact, reach: Reach) -> str:
        return CHANGED if covers_all_units(reach, contact) else REFUSED

    def write(self, contacts: Sequence[Contact], now: datetime) -> None:
        writing.delete(contacts, now)


ACTIONS: Collection[type[Action]] = (
    SetProperty,
    SetOwner,
    AddProcessingBasis,
    DeleteContacts,
    SendLinks,
)


def action_of(kind: str, parameters: Mapping[str, Any]) -> Action:
    """Return the action that a job of this kind stores."""
    found = next(action for action in ACTIONS if action.kind == kind)
    return found(**parameters)
