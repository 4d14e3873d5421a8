"""Forms of the subscriptions panel, one per intent; each cleans to values.

Which fields an opt-in needs is what the rules say (``Decision.fields``), so none is required here;
the dialog marks as optional what the rules will not ask for.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, cast

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from contacts.consents import Grounds
from contacts.history import KINDS, PERIODS
from contacts.panel import Row
from contacts.values import PROCESSING_BASES
from preferences.models import Address, BusinessUnit
from preferences.values import (
    ACCOUNT,
    EXPLANATION_LIMIT,
    Channel,
    LegalBasis,
    Result,
    Scope,
    Source,
    unit_scope,
)
from preferences.wording import CHANNELS, LEGAL_BASES, OFFERED_BASES, SOURCES, words_for
from subscriptions_site.web.forms import UiForm

TOO_LONG = _("Use at most 2,000 characters. There are %(show_value)s now.")
ON_RECORD = _("Keep what is on record")
CHOOSE = _("Choose a legal basis")
MISSING = {
    "legal_basis": _("Choose a legal basis."),
    "explanation": _("Explain how they agreed, and when."),
    "asked_on": _("Enter the date they asked to come back."),
}


def explanation_field(**kwargs: Any) -> forms.CharField:
    """Return a field that keeps and counts all that was typed instead of cutting it off."""
    return forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        validators=[MaxLengthValidator(EXPLANATION_LIMIT, TOO_LONG)],
        **kwargs,
    )


def _choice(form: forms.BaseForm, name: str) -> forms.ChoiceField:
    return cast(forms.ChoiceField, form.fields[name])


class OptInForm(UiForm):
    """The dialog of Subscribe and Resubscribe.

    Any type of the address may be posted: whether it can still be opted in is what the rules say.
    """

    types = forms.TypedMultipleChoiceField(
        label=_("Communication subscription types"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Choose at least one type."),
            "invalid_choice": _("Choose from the list. One of these types is not in it any more."),
        },
    )
    legal_basis = forms.ChoiceField(
        label=_("Legal basis for communication"),
        required=False,
        choices=[("", CHOOSE), *((basis.value, LEGAL_BASES[basis]) for basis in OFFERED_BASES)],
    )
    asked_on = forms.DateField(
        label=_("Date they asked"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": _("Enter a date, such as 2026-11-02.")},
    )
    explanation = explanation_field(label=_("Explanation for communication consent"))
    processing = forms.ChoiceField(
        label=_("Legal basis for processing contact's data"), required=False
    )
    lift = forms.BooleanField(label=_("Also lift the opt-out of all"), required=False)

    def __init__(
        self,
        *args: Any,
        rows: Iterable[Row],
        on_record: Collection[LegalBasis],
        asks_processing: bool,
        last_day: date,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.names = {row.type.id: row.type.name for row in rows}
        self.asks_processing = asks_processing and not on_record
        _choice(self, "types").choices = list(self.names.items())
        blank = ON_RECORD if on_record else CHOOSE
        bases = [(basis.value, LEGAL_BASES[basis]) for basis in PROCESSING_BASES]
        _choice(self, "processing").choices = [("", blank), *bases]
        self.fields["asked_on"].widget.attrs["max"] = last_day.isoformat()

    def clean_processing(self) -> LegalBasis | None:
        chosen = self.cleaned_data["processing"]
        return LegalBasis(chosen) if chosen else None

    def clean_legal_basis(self) -> LegalBasis | None:
        chosen = self.cleaned_data["legal_basis"]
        return LegalBasis(chosen) if chosen else None

    def grounds(self) -> Grounds:
        data = self.cleaned_data
        return Grounds(
            legal_basis=data["legal_basis"],
            explanation=data["explanation"],
            asked_on=data["asked_on"],
            lift=data["lift"],
            processing=data["processing"],
        )

    @property
    def is_complete(self) -> bool:
        """Tell whether what the rules do not ask for is there; ``add_refusals`` says what is not."""
        return not self.asks_processing or self.cleaned_data["processing"] is not None

    def add_refusals(self, results: Sequence[Result]) -> bool:
        """Turn fields that the rules found missing or wrong into errors; tell whether any was."""
        for result in results:
            decision = result.decision
            for name in decision.fields:
                is_missing = decision.reason == "grounds_missing"
                words = MISSING[name] if is_missing else words_for(decision)
                if name in self.fields and words not in self.errors.get(name, []):
                    self.add_error(name, str(words))
        if not self.is_complete:
            self.add_error("processing", str(_("Choose a legal basis.")))
        return bool(self.errors)

    @property
    def ticked(self) -> set[int]:
        """Return the types that are ticked, also in a form with errors."""
        values = self["types"].value() or []
        return {int(value) for value in values if str(value).isdecimal()}


class OptOutOfAllForm(UiForm):
    """Unsubscribe from all: of which business unit or of everything, and which addresses."""

    unit = forms.TypedChoiceField(
        label=_("Business unit"), coerce=int, empty_value=None, required=False
    )
    addresses = forms.TypedMultipleChoiceField(
        label=_("Addresses"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one address.")},
    )
    explanation = explanation_field(label=_("Explanation"))

    def __init__(
        self, *args: Any, units: Iterable[BusinessUnit], addresses: Sequence[Address], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.places: dict[int | None, Any] = {
            None: _("Every business unit"),
            **{unit.pk: unit.name for unit in units},
        }
        _choice(self, "unit").choices = [(pk or "", name) for pk, name in self.places.items()]
        _choice(self, "addresses").choices = [(a.pk, str(a)) for a in addresses]
        self.held = addresses

    @property
    def options(self) -> list[dict[str, Any]]:
        """Return the addresses as the dialog draws them, ticked as they were sent."""
        ticked = {str(value) for value in self["addresses"].value() or []}
        return [
            {
                "id": address.pk,
                "label": address.display,
                "channel": CHANNELS[address.channel_value],
                "is_ticked": str(address.pk) in ticked,
            }
            for address in self.held
        ]

    @property
    def scope(self) -> Scope:
        unit_id = self.cleaned_data["unit"]
        return ACCOUNT if unit_id is None else unit_scope(unit_id)

    @property
    def place(self) -> str:
        """Return what is left, in words."""
        return str(self.places[self.cleaned_data["unit"]])


class LiftForm(UiForm):
    """Why an opt-out of all is lifted, in the reader's own words."""

    explanation = explanation_field(label=_("Explanation"))


class HistoryForm(UiForm):
    """Which entries of the history to show; what is not understood narrows nothing."""

    what = forms.ChoiceField(label=_("Show"), required=False, choices=list(KINDS.items()))
    unit = forms.TypedChoiceField(
        label=_("Business unit"), required=False, coerce=int, empty_value=None
    )
    channel = forms.TypedChoiceField(
        label=_("Channel"),
        required=False,
        coerce=Channel,
        empty_value=None,
        choices=[("", _("All channels")), *((c.value, CHANNELS[c]) for c in Channel)],
    )
    source = forms.TypedChoiceField(
        label=_("Source"),
        required=False,
        coerce=Source,
        empty_value=None,
        choices=[("", _("All sources")), *((s.value, SOURCES[s]) for s in Source)],
    )
    period = forms.ChoiceField(label=_("Period"), required=False, choices=list(PERIODS.items()))

    def __init__(self, *args: Any, units: Mapping[int, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choice(self, "unit").choices = [("", _("All business units")), *units.items()]
        for field in self.fields.values():
            field.widget.attrs["class"] = "select select--quiet"

    @property
    def understood(self) -> dict[str, Any]:
        """Return the values that are valid; a wrong one counts as not given."""
        self.is_valid()
        return self.cleaned_data
