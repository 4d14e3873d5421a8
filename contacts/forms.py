"""The form of a contact, its addresses included; works without script."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.forms.utils import ErrorDict, ErrorList
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import reach_of
from accounts.models import User
from contacts.access import covers_all_units
from contacts.custom import InvalidValue, PropertyRule, read_value
from contacts.models import Contact, CustomProperty
from contacts.places import country_choices, language_choices
from contacts.selectors import addresses_of, custom_properties, owners
from contacts.services import AddressWish, ContactFields, region_of
from contacts.values import PROCESSING_BASES, PropertyKind
from preferences.addresses import InvalidAddress, canonical
from preferences.selectors import units_for
from preferences.values import Channel, LegalBasis
from preferences.wording import LEGAL_BASES
from subscriptions_site.web.forms import UiForm

PHONE = "PHONE"  # one number, as an address on SMS and one on WhatsApp
ADDRESS_LIMIT = 40
PREFIX = "address"


@dataclass(frozen=True, slots=True)
class Problem:
    """One line of the error summary; ``field_id`` is where it leads."""

    label: str
    text: str
    field_id: str = ""


class AddressForm(UiForm):
    """One address of the contact. ``region`` is set before it is checked."""

    region: str | None = None

    channel = forms.ChoiceField(
        label=_("Kind"),
        choices=[
            (Channel.EMAIL.value, _("Email")),
            (PHONE, _("SMS and WhatsApp")),
            (Channel.SMS.value, _("SMS")),
            (Channel.WHATSAPP.value, _("WhatsApp")),
        ],
    )
    text = forms.CharField(label=_("Address"), required=False, max_length=320)
    is_primary = forms.BooleanField(label=_("Primary"), required=False)
    remove = forms.BooleanField(label=_("Remove"), required=False)

    def has_changed(self) -> bool:
        return True

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        text = data.get("text", "")
        if data.get("remove") or not text or "channel" not in data:
            return data
        chosen = data["channel"]
        channels = (Channel.SMS, Channel.WHATSAPP) if chosen == PHONE else (Channel(chosen),)
        try:
            data["forms"] = [(c, canonical(c, text, self.region)) for c in channels]
        except InvalidAddress as error:
            self.add_error("text", gettext(str(error)))
        return data


class BaseAddressFormSet(forms.BaseFormSet):
    region: str | None = None

    def clean(self) -> None:
        seen: set[tuple[Channel, str]] = set()
        primary: set[Channel] = set()
        for form in self.forms:
            is_primary = form.cleaned_data.get("is_primary", False)
            for key in form.cleaned_data.get("forms", ()):
                if key in seen:
                    form.add_error("text", gettext("This address is listed twice."))
                elif is_primary and key[0] in primary:
                    form.add_error(
                        "is_primary", gettext("Choose one primary address of each kind.")
                    )
                seen.add(key)
                if is_primary:
                    primary.add(key[0])

    def wishes(self) -> list[AddressWish]:
        """Return the addresses that stay, each channel with exactly one primary address."""
        found = [
            (channel, form.cleaned_data["text"], form.cleaned_data["is_primary"])
            for form in self.forms
            for channel, _form in form.cleaned_data.get("forms", ())
        ]
        chosen = {channel for channel, _text, is_primary in found if is_primary}
        wishes = []
        for channel, text, is_primary in found:
            wishes.append(AddressWish(channel, text, is_primary or channel not in chosen))
            chosen.add(channel)
        return wishes


AddressFormSet = forms.formset_factory(
    AddressForm,
    formset=BaseAddressFormSet,
    extra=0,
    max_num=ADDRESS_LIMIT,
    absolute_max=ADDRESS_LIMIT,
    validate_max=True,
)


class ContactForm(UiForm):
    """Everything staff may say of a person. ``addresses`` is None where they may not change them."""

    first_name = forms.CharField(label=_("First name"), max_length=120, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=120, required=False)
    company = forms.CharField(label=_("Company"), max_length=200, required=False)
    job_title = forms.CharField(label=_("Job title"), max_length=160, required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)
    country = forms.ChoiceField(label=_("Country"), required=False)
    owner = forms.ModelChoiceField(
        label=_("Owner"), queryset=User.objects.none(), required=False, empty_label=_("Nobody")
    )
    lifecycle_stage = forms.ChoiceField(
        label=_("Life-cycle stage"),
        choices=[("", "–"), *Contact.Lifecycle.choices],
        required=False,
    )
    units = forms.MultipleChoiceField(
        label=_("Business units"), required=False, widget=forms.CheckboxSelectMultiple
    )
    processing_bases = forms.MultipleChoiceField(
        label=_("Legal basis for processing contact's data"),
        choices=[(basis.value, LEGAL_BASES[basis]) for basis in PROCESSING_BASES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    seen_at = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, data: QueryDict | None = None, *, user: User, contact: Contact | None = None
    ) -> None:
        self.user, self.contact = user, contact
        self.reach = reach_of(user)
        self.offered_units = list(units_for(self.reach))
        self.custom = custom_properties()
        self.base_fields = {**self.base_fields, **self._custom_fields()}  # type: ignore[misc]
        super().__init__(data, initial=self._initial())
        self._set_choices()
        self.addresses = self._address_forms(data)

    def _custom_fields(self) -> dict[str, forms.Field]:
        held = self.contact.properties if self.contact else {}
        return {f"p_{c.pk}": custom_field(c, held.get(c.internal_name)) for c in self.custom}

    def _initial(self) -> dict[str, Any]:
        if self.contact is None:
            only = [self.offered_units[0].pk] if len(self.offered_units) == 1 else []
            return {"owner": self.user.pk, "units": only}
        contact = self.contact
        names = ("first_name", "last_name", "company", "job_title", "language", "country")
        return {
            **{name: getattr(contact, name) for name in names},
            "owner": contact.owner_id,
            "lifecycle_stage": contact.lifecycle_stage,
            "units": contact.unit_set.unit_ids,
            "processing_bases": [basis.value for basis in contact.processing_bases],
            "seen_at": contact.updated_at.isoformat(),
            **{f"p_{c.pk}": _initial_value(c, contact.properties) for c in self.custom},
        }

    def _set_choices(self) -> None:
        held = set(self.contact.unit_set.unit_ids) if self.contact else set()
        shown = [unit for unit in self.offered_units if unit.archived_at is None or unit.pk in held]
        _choose(self, "units", [(str(unit.pk), unit.name) for unit in shown])
        if not self.reach.all_units:
            self.fields["units"].required = True
            self.fields["units"].error_messages["required"] = gettext("Choose a business unit.")
        else:
            self.fields["units"].help_text = gettext(
                "Without one, only people who see all business units see this contact."
            )
        language, country = self.initial.get("language", ""), self.initial.get("country", "")
        _choose(self, "language", _with(language, language_choices()))
        _choose(self, "country", _with(country, country_choices()))
        cast(forms.ModelChoiceField, self.fields["owner"]).queryset = owners()

    def _address_forms(self, data: QueryDict | None) -> BaseAddressFormSet | None:
        if self.contact is not None and not covers_all_units(self.reach, self.contact):
            return None
        held = addresses_of(self.contact) if self.contact else []
        initial: list[dict[str, Any]] = [
            {
                "channel": row.channel_value.value,
                "text": row.address.display,
                "is_primary": row.is_primary,
            }
            for row in held
        ]
        if not initial:
            initial = [{"channel": Channel.EMAIL.value, "is_primary": True}, {"channel": PHONE}]
        formset = AddressFormSet(data, prefix=PREFIX, initial=initial)
        return cast(BaseAddressFormSet, formset)

    def is_valid(self) -> bool:
        is_valid = super().is_valid()
        if self.addresses is None:
            return is_valid
        region = region_of(frozenset(self.cleaned_data.get("units", ())))
        for form in self.addresses.forms:
            form.region = region
        is_valid = self.addresses.is_valid() and is_valid
        if is_valid and not self.addresses.wishes() and not self._has_name():
            self.add_error("first_name", gettext("Enter a name or an address."))
            return False
        return is_valid

    def _has_name(self) -> bool:
        return bool(self.cleaned_data["first_name"] or self.cleaned_data["last_name"])

    def clean_units(self) -> list[int]:
        return [int(value) for value in self.cleaned_data["units"]]

    def clean(self) -> dict[str, Any]:
        for custom in self.custom:
            value = self.cleaned_data.get(f"p_{custom.pk}")
            is_kept_choice = value == self.initial.get(f"p_{custom.pk}") and custom.choices
            if value in (None, "") or is_kept_choice:
                continue
            try:
                self.cleaned_data[f"p_{custom.pk}"] = read_value(_rule(custom), str(value))
            except InvalidValue as error:
                self.add_error(f"p_{custom.pk}", gettext(str(error)))
        return self.cleaned_data

    @cached_property
    def is_changed_elsewhere(self) -> bool:
        """Tell whether somebody saved the contact since this form was opened."""
        try:
            seen_at = parse_datetime(self.cleaned_data.get("seen_at", ""))
        except ValueError:
            seen_at = None
        return self.contact is not None and seen_at != self.contact.updated_at

    @property
    def is_overtaken(self) -> bool:
        return self.is_bound and not self.has_problems and self.is_changed_elsewhere

    @property
    def seen_value(self) -> str:
        """Return the version that is shown; after a warning it is the newest one."""
        if self.is_bound and not self.is_overtaken:
            return str(self.data.get("seen_at", ""))
        return self.contact.updated_at.isoformat() if self.contact else ""

    @property
    def has_problems(self) -> bool:
        return bool(self.problems)

    @property
    def problems(self) -> list[Problem]:
        """Return what is to be corrected, in the order of the page."""
        if not self.is_bound:
            return []
        found = [Problem("", str(text)) for text in self.non_field_errors()]
        names = [name for name in self.fields if name in self.errors]
        person = ("first_name", "last_name", "company", "job_title")
        found += self._problems_of(self, [name for name in names if name in person])
        if self.addresses is not None:
            found += [Problem("", str(text)) for text in self.addresses.non_form_errors()]
            for form in self.addresses.forms:
                found += self._problems_of(form, form.errors)
        return found + self._problems_of(self, [name for name in names if name not in person])

    @staticmethod
    def _problems_of(form: UiForm, names: Iterable[str]) -> list[Problem]:
        return [
            Problem(str(form[name].label), str(text), form[name].id_for_label or form[name].auto_id)
            for name in names
            for text in form.errors[name]
        ]

    @property
    def custom_fields(self) -> list[forms.BoundField]:
        return [self[f"p_{custom.pk}"] for custom in self.custom]

    def values(self) -> ContactFields:
        """Return what was entered; units out of the user's reach stay as they are."""
        data = self.cleaned_data
        held = frozenset(self.contact.unit_set.unit_ids) if self.contact else frozenset()
        beyond = {pk for pk in held if not self.reach.covers(pk)}
        properties = dict(self.contact.properties) if self.contact else {}
        for custom in self.custom:
            value = data[f"p_{custom.pk}"]
            properties.pop(custom.internal_name, None)
            if value not in (None, ""):
                properties[custom.internal_name] = value
        names = ("first_name", "last_name", "company", "job_title", "language", "country")
        return ContactFields(
            **{name: data[name] for name in names},
            owner_id=data["owner"].pk if data["owner"] else None,
            lifecycle_stage=data["lifecycle_stage"],
            processing_bases=[LegalBasis(value) for value in data["processing_bases"]],
            unit_ids=frozenset(data["units"]) | beyond,
            properties=properties,
        )

    def wishes(self) -> list[AddressWish] | None:
        """Return the addresses entered; None where the user may not change them."""
        return None if self.addresses is None else self.addresses.wishes()

    def forget_errors(self) -> None:
        """Show what was typed without judging it yet."""
        self._errors = ErrorDict()
        self.cleaned_data = {}
        self.__dict__["is_changed_elsewhere"] = False
        if self.addresses is not None:
            for form in self.addresses.forms:
                form._errors = ErrorDict()
            formset = cast(Any, self.addresses)  # no public way to take errors back
            formset._errors = [{} for _form in self.addresses.forms]
            formset._non_form_errors = ErrorList()


def with_one_more_address(data: QueryDict) -> QueryDict:
    """Return what was posted with one more row for an address."""
    more = data.copy()
    total = f"{PREFIX}-TOTAL_FORMS"
    given = data.get(total, "")[:9]
    count = min(int(given), ADDRESS_LIMIT - 1) if given.isdecimal() else 0
    more[total] = str(count + 1)
    more[f"{PREFIX}-{count}-channel"] = Channel.EMAIL.value
    return more


def _choose(form: UiForm, name: str, choices: list[tuple[str, str]]) -> None:
    cast(forms.ChoiceField, form.fields[name]).choices = choices


def _rule(custom: CustomProperty) -> PropertyRule:
    return PropertyRule(custom.internal_name, PropertyKind(custom.kind), custom.choices)


def custom_field(custom: CustomProperty, held: Any) -> forms.Field:
    """Return the field in which a custom property is entered; empty is always allowed.

    A choice that is held but no longer offered can stay.
    """
    label = custom.name
    if custom.kind == PropertyKind.CHOICE:
        offered = dict.fromkeys([*custom.choices, *([held] if held else [])])
        choices = [("", "–"), *((choice, choice) for choice in offered)]
        return forms.ChoiceField(label=label, choices=choices, required=False)
    if custom.kind == PropertyKind.YES_NO:
        choices = [("", "–"), ("yes", _("Yes")), ("no", _("No"))]
        return forms.ChoiceField(label=label, choices=choices, required=False)
    attributes = {"type": "date"} if custom.kind == PropertyKind.DATE else {}
    if custom.kind == PropertyKind.NUMBER:
        attributes = {"inputmode": "decimal"}
    return forms.CharField(
        label=label, required=False, max_length=2000, widget=forms.TextInput(attributes)
    )


def _initial_value(custom: CustomProperty, properties: Mapping[str, Any]) -> Any:
    value = properties.get(custom.internal_name, "")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value


def _with(code: str, choices: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the choices with "none" first, and with a code that is held but not listed."""
    is_listed = not code or any(code == known for known, _name in choices)
    return [("", "–"), *choices] if is_listed else [("", "–"), (code, code), *choices]
