"""The forms of the other bulk actions: what each asks for, and the action it comes to."""

from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.forms.forms import DeclarativeFieldsMetaclass
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from contacts.bulk.actions import (
    BUILT_IN,
    PROBLEMS,
    Action,
    AddProcessingBasis,
    DeleteContacts,
    SetOwner,
    SetProperty,
)
from contacts.bulk.export import ExportColumn, export_columns
from contacts.bulk.links import SendLinks
from contacts.bulk_forms import StartForm
from contacts.forms import custom_field
from contacts.models import Contact
from contacts.places import country_choices, language_choices
from contacts.selectors import custom_properties, owners
from contacts.subscription_forms import CHOOSE
from contacts.values import PROCESSING_BASES
from preferences.wording import LEGAL_BASES

NOBODY = "0"
CHOOSE_ONE = _("Choose one of these.")
CUSTOM = "custom:"
CODES: Mapping[str, Callable[[], Sequence[tuple[str, Any]]]] = {
    "country": country_choices,
    "language": language_choices,
    "lifecycle_stage": lambda: Contact.Lifecycle.choices,
}
REQUIRED: Any = PROBLEMS
NO_VALUE = _("Enter a value, or say that it is to be empty.")


class _AbstractForms(DeclarativeFieldsMetaclass, ABCMeta):
    """Lets a form have abstract methods: nobody can make one that forgot its action."""


class ActionForm(StartForm, metaclass=_AbstractForms):
    """``title`` heads the panel, ``finish`` is the button; ``nothing`` stands for an effect not known."""

    title: ClassVar[str | Promise]
    finish: ClassVar[str | Promise] = _("Finish")
    nothing: ClassVar[str | Promise] = ""
    note: ClassVar[str | Promise] = ""
    is_dangerous: ClassVar[bool] = False

    @abstractmethod
    def action(self) -> Action | None:
        """Return the action as far as it was filled in; None while something is missing."""

    has_later_fields: ClassVar[bool] = False
    field_of_problem: ClassVar[Mapping[str, str]] = {}

    def add_problems(self, problems: Mapping[str, Promise | str]) -> None:
        """Say what the checks of the action found; its names for fields are not those of forms.

        The form also carries the filter of the index, so its own names begin with "new" or "set".
        """
        super().add_problems({self.field_of_problem[name]: told for name, told in problems.items()})

    @property
    def first_fields(self) -> list[forms.BoundField]:
        """Return the fields that the panel shows at the top."""
        return [self[name] for name in self.base_fields if name not in StartForm.base_fields]


class OwnerForm(ActionForm):
    """Who is to own the contacts."""

    title = _("Set owner")
    nothing = _("Choose an owner to see who would change.")
    field_of_problem = {"owner": "new_owner"}
    new_owner = forms.ChoiceField(label=_("Owner"), error_messages={"required": REQUIRED["owner"]})

    def __init__(self, data: QueryDict | None = None, *, user: User) -> None:
        super().__init__(data, user=user)
        people = [(str(owner.pk), str(owner)) for owner in owners()]
        self._choices("new_owner", [("", CHOOSE_ONE), (NOBODY, _("Nobody")), *people])

    def action(self) -> Action | None:
        chosen = self.cleaned_data.get("new_owner") if self.is_bound else ""
        if not chosen:
            return None
        return SetOwner(None if chosen == NOBODY else int(chosen))


class BasisForm(ActionForm):
    """Which legal basis for processing is added."""

    title = _("Add legal basis for processing")
    nothing = _("Choose a legal basis to see who would change.")
    note = _("It is added to what they have. It says nothing about what may be sent to them.")
    field_of_problem = {"basis": "new_basis"}
    new_basis = forms.ChoiceField(
        label=_("Legal basis for processing contact's data"),
        choices=[("", CHOOSE), *((one.value, LEGAL_BASES[one]) for one in PROCESSING_BASES)],
        error_messages={"required": REQUIRED["basis"]},
    )

    def action(self) -> Action | None:
        chosen = self.cleaned_data.get("new_basis") if self.is_bound else ""
        return AddProcessingBasis(chosen) if chosen else None


class DeleteForm(ActionForm):
    """Asks for nothing but the number, where there are many."""

    title = _("Delete contacts")
    finish = _("Delete contacts")
    note = _("Opt-outs stay with the address after a contact is deleted.")
    is_dangerous = True

    def action(self) -> Action | None:
        return DeleteContacts()


class LinksForm(ActionForm):
    """Asks for nothing: who gets a mail is what the effect says."""

    title = _("Send preferences link")
    finish = _("Send")
    note = _(
        "Each gets one mail with a link to their own choices. Who unsubscribed from all gets none."
    )

    def action(self) -> Action | None:
        return SendLinks()


class PropertyForm(ActionForm):
    """Which property gets which value. The field of the value follows the property."""

    title = _("Set property")
    nothing = _("Choose a property and a value to see who would change.")
    field_of_problem = {"name": "set_property", "value": "set_value"}
    set_property = forms.ChoiceField(
        label=_("Property"), error_messages={"required": REQUIRED["property"]}
    )
    has_later_fields = True
    set_empty = forms.BooleanField(label=_("Make it empty for everyone"), required=False)

    def __init__(self, data: QueryDict | None = None, *, user: User) -> None:
        self.custom = {CUSTOM + one.internal_name: one for one in custom_properties()}
        self.chosen = data.get("set_property", "") if data else ""
        value = self._value_field(self.chosen)
        self.drawn = self.chosen if value is not None else ""
        self.is_redrawn = data is not None and data.get("drawn", self.drawn) != self.drawn
        if (
            data is not None and self.is_redrawn
        ):  # a value typed for another property is none of this
            data = data.copy()
            data.setlist("set_value", [])
            data.setlist("set_empty", [])
        if value is not None:
            value.label = _("Value")
            self.base_fields = {**self.base_fields, "set_value": value}  # type: ignore[misc]
        super().__init__(data, user=user)
        if value is None:
            del self.fields["set_empty"]
        self.order_fields(["set_property", "set_value", "set_empty"])
        built_in = [(name, _label_of(name)) for name in BUILT_IN]
        groups: list[tuple[Any, Any]] = [("", CHOOSE_ONE), (gettext("Contact details"), built_in)]
        if self.custom:
            own = [(key, one.name) for key, one in self.custom.items()]
            groups.append((gettext("Custom properties"), own))
        self._choices("set_property", groups)

    def _value_field(self, chosen: str) -> forms.Field | None:
        if chosen in self.custom:
            return custom_field(self.custom[chosen], None)
        if chosen in CODES:
            return forms.ChoiceField(choices=[("", "–"), *CODES[chosen]()], required=False)
        if chosen in BUILT_IN:
            return forms.CharField(required=False, max_length=_length_of(chosen))
        return None

    @property
    def first_fields(self) -> list[forms.BoundField]:
        return [self["set_property"]]

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        is_blank = not str(data.get("set_value", "")).strip() and not data.get("set_empty")
        if is_blank and "set_value" in self.fields and "set_value" not in self.errors:
            self.add_error("set_value", NO_VALUE)
        return data

    def action(self) -> Action | None:
        if not self.is_bound or {"set_property", "set_value"} & self.errors.keys():
            return None
        chosen = self.cleaned_data["set_property"]
        value = "" if self.cleaned_data.get("set_empty") else str(self.cleaned_data["set_value"])
        is_custom = chosen.startswith(CUSTOM)
        return SetProperty(chosen.removeprefix(CUSTOM), value.strip(), is_custom=is_custom)


class ExportForm(StartForm):
    """Which columns the file has."""

    columns = forms.MultipleChoiceField(
        label=_("Columns"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one column.")},
    )

    def __init__(self, data: QueryDict | None = None, *, user: User) -> None:
        super().__init__(data, user=user)
        self.offered = export_columns(user)
        self._choices("columns", [(one.key, one.label) for one in self.offered])

    @property
    def ticked(self) -> set[str]:
        """Return the columns chosen; all of them to begin with."""
        if not self.is_bound:
            return {one.key for one in self.offered}
        return set(self["columns"].value() or ())

    @property
    def groups(self) -> list[tuple[str, list[tuple[ExportColumn, bool]]]]:
        """Return the columns by group, each with whether it is ticked."""
        ticked = self.ticked
        groups: dict[str, list[tuple[ExportColumn, bool]]] = {}
        for one in self.offered:
            groups.setdefault(str(one.group), []).append((one, one.key in ticked))
        return list(groups.items())


ACTION_FORMS: Mapping[str, type[ActionForm]] = {
    "property": PropertyForm,
    "owner": OwnerForm,
    "basis": BasisForm,
    "delete": DeleteForm,
    "link": LinksForm,
}


def _label_of(name: str) -> str:
    label = str(getattr(Contact._meta.get_field(name), "verbose_name", name))
    return label[:1].upper() + label[1:]


def _length_of(name: str) -> int | None:
    return getattr(Contact._meta.get_field(name), "max_length", None)
