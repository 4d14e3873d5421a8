"""Forms of the settings of preferences, one per intent."""

from typing import Any, cast

import phonenumbers
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.formats import number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import Reach
from preferences.catalogue import UNIT_FIELDS, Text
from preferences.contrast import READABLE_RATIO, contrast_with_white
from preferences.frequency_words import FREQUENCIES
from preferences.languages import language_choices, language_name, own_languages
from preferences.logos import FILE_LIMIT, BadLogo, Logo, read_logo
from preferences.models import BusinessUnit, DoubleOptIn, SubscriptionType
from preferences.selectors import units_for
from preferences.values import Channel, Frequency
from preferences.wording import CHANNELS
from subscriptions_site.web.forms import UiForm

CHANNEL_FIELDS = {
    Channel.EMAIL: "offered_on_email",
    Channel.SMS: "offered_on_sms",
    Channel.WHATSAPP: "offered_on_whatsapp",
}


is_colour = RegexValidator(r"^#[0-9a-fA-F]{6}\Z", _("Enter a colour such as #0f5f75."))


def readable_colour(colour: str) -> str:
    """Return the colour in lower case; raises ValidationError where white text is hard to read."""
    is_colour(colour)
    ratio = contrast_with_white(colour)
    if ratio < READABLE_RATIO:
        raise ValidationError(
            _(
                "White text is hard to read on it: %(ratio)s to 1. "
                "Use a darker colour, at least 4.5 to 1."
            ),
            code="contrast",
            # Cut off, not rounded: 4.499 must not read as a refused 4.50.
            params={"ratio": number_format(int(ratio * 100) / 100, 2)},
        )
    return colour.lower()


class BusinessUnitForm(UiForm):
    """A brand: what people see of it, and what its addresses are read with."""

    name = forms.CharField(label=_("Name people see"), max_length=120)
    sender_name = forms.CharField(label=_("Sender name"), max_length=120, required=False)
    sender_email = forms.EmailField(label=_("Sender address"), required=False)
    postal_address = forms.CharField(
        label=_("Legal name and postal address"),
        help_text=_("In the footer of every message and on the preference page."),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    brand_colour = forms.CharField(
        label=_("Brand colour"),
        max_length=7,
        initial="#1d4ed8",
        widget=forms.TextInput(attrs={"class": "input--code", "spellcheck": "false"}),
    )
    default_language = forms.ChoiceField(
        label=_("Default language"),
        help_text=_("For people whose own language has no text."),
        choices=language_choices,
        initial="en",
    )
    default_region = forms.CharField(
        label=_("Default region"),
        help_text=_("Two letters of the country whose phone numbers come without a prefix."),
        max_length=2,
        initial="PL",
        widget=forms.TextInput(attrs={"class": "input--code", "autocapitalize": "characters"}),
    )
    double_opt_in = forms.ChoiceField(
        label=_("Confirm by link"), initial=DoubleOptIn.INHERIT, choices=()
    )
    confirms_opt_outs = forms.BooleanField(
        label=_("Confirm unsubscribing by mail"),
        help_text=_("Who unsubscribes themself gets one mail that says so, and nothing else."),
        required=False,
    )

    def __init__(self, *args: Any, unit: BusinessUnit | None = None, **kwargs: Any) -> None:
        self.unit = unit
        if unit is not None:
            kwargs["initial"] = {field: getattr(unit, field) for field in UNIT_FIELDS}
        super().__init__(*args, **kwargs)
        _choice(self, "double_opt_in").choices = _confirm_choices(_("As set for the account"))

    @property
    def contrast_ratio(self) -> str:
        """The contrast of the colour in the form, "" while there is none."""
        colour = str(self["brand_colour"].value() or "")
        try:
            return str(number_format(contrast_with_white(colour), 1)) if len(colour) == 7 else ""
        except ValueError:
            return ""

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = BusinessUnit.objects.filter(name__iexact=name)
        if self.unit is not None:
            others = others.exclude(pk=self.unit.pk)
        if others.exists():
            raise ValidationError(_("Another business unit has this name."), code="taken")
        return name

    def clean_brand_colour(self) -> str:
        return readable_colour(self.cleaned_data["brand_colour"])

    def clean_default_region(self) -> str:
        region = str(self.cleaned_data["default_region"]).upper()
        if region not in phonenumbers.SUPPORTED_REGIONS:
            raise ValidationError(
                _("Enter the two letters of a country, such as PL."), code="region"
            )
        return region


class LogoForm(UiForm):
    """A picture for the public pages of a unit."""

    logo = forms.FileField(
        label=_("Picture"),
        help_text=_("PNG, JPEG, WebP or GIF, up to 200 KB. It is shown on white."),
        widget=forms.FileInput(
            attrs={"accept": "image/png,image/jpeg,image/webp,image/gif", "form": "logo-form"}
        ),
        error_messages={"required": _("Choose a file."), "empty": _("This file is empty.")},
    )

    def clean_logo(self) -> Logo:
        upload = self.cleaned_data["logo"]
        try:
            return read_logo(upload.read(FILE_LIMIT + 1))
        except BadLogo as error:
            raise ValidationError(BAD_LOGOS[error.reason], code=error.reason) from error


BAD_LOGOS = {
    "size": _("This file is larger than 200 KB."),
    "pixels": _("This picture has more than 4 million pixels. Make it smaller."),
    "picture": _("This is no PNG, JPEG, WebP or GIF, or it is damaged."),
}


class SubscriptionTypeForm(UiForm):
    """One category of message, its texts in other languages included."""

    name = forms.CharField(label=_("Name"), max_length=120)
    description = forms.CharField(label=_("Description"), max_length=500, required=False)
    business_unit = forms.ModelChoiceField(
        label=_("Business unit"), queryset=BusinessUnit.objects.none(), empty_label=None
    )
    language = forms.ChoiceField(
        label=_("Language of name and description"), choices=language_choices, initial="en"
    )
    channels = forms.MultipleChoiceField(
        label=_("Channels"),
        choices=[(channel.value, CHANNELS[channel]) for channel in Channel],
        initial=[Channel.EMAIL.value],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one channel.")},
    )
    purpose = forms.CharField(
        label=_("Purpose"),
        max_length=60,
        initial="Marketing",
        widget=forms.TextInput(attrs={"list": "purposes", "autocomplete": "off"}),
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=SubscriptionType.Kind.choices,
        initial=SubscriptionType.Kind.MARKETING,
        widget=forms.RadioSelect,
    )
    service_confirmed = forms.BooleanField(
        label=_("These messages are part of a contract, and people cannot opt out of them"),
        required=False,
    )
    frequencies = forms.MultipleChoiceField(
        label=_("Let people choose how often"),
        help_text=_(
            "They choose on the preference page, and the gate tells senders. "
            "Who does not choose gets it as it happens."
        ),
        choices=[(frequency.value, FREQUENCIES[frequency]) for frequency in Frequency],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    is_internal = forms.BooleanField(
        label=_("Internal"),
        help_text=_("Never offered to people, and nobody can be opted in."),
        required=False,
    )
    double_opt_in = forms.ChoiceField(
        label=_("Confirm by link"),
        help_text=_("New opt-ins wait until the person uses the link in a confirmation email."),
        initial=DoubleOptIn.INHERIT,
        choices=(),
    )
    extra_language = forms.ChoiceField(label=_("Another language"), required=False, choices=())
    extra_name = forms.CharField(label=_("Name in that language"), max_length=120, required=False)
    extra_description = forms.CharField(
        label=_("Description in that language"), max_length=500, required=False
    )

    def __init__(
        self,
        *args: Any,
        reach: Reach,
        subscription_type: SubscriptionType | None = None,
        **kwargs: Any,
    ) -> None:
        self.subscription_type = subscription_type
        texts = {row.language: row for row in _translations(subscription_type)}
        base = subscription_type.language if subscription_type else ""
        self.languages = [
            code for code in dict.fromkeys([*own_languages(), *texts]) if code != base
        ]
        fields = [_language_fields(code, texts.get(code)) for code in self.languages]
        self.base_fields = dict(  # type: ignore[misc]
            self.base_fields, **{k: v for part in fields for k, v in part.items()}
        )
        if subscription_type is not None:
            kwargs["initial"] = _initial_of(subscription_type)
        super().__init__(*args, **kwargs)
        _choice(self, "double_opt_in").choices = _confirm_choices(_("As set for the business unit"))
        self._bound_for_life(reach)
        offered = [pair for pair in language_choices() if pair[0] not in {base, *self.languages}]
        _choice(self, "extra_language").choices = [("", gettext("Choose")), *offered]

    def _bound_for_life(self, reach: Reach) -> None:
        """Ask for unit and language of a new type only; neither changes afterwards."""
        if self.subscription_type is not None:
            del self.fields["business_unit"], self.fields["language"]
            return
        field = cast(forms.ModelChoiceField, self.fields["business_unit"])
        field.queryset = units_for(reach).filter(archived_at=None)

    @property
    def translations(self) -> list[dict[str, Any]]:
        """The fields of each further language, for the page."""
        return [
            {
                "code": code,
                "language": language_name(code),
                "name": self[f"name_{code}"],
                "description": self[f"description_{code}"],
                "has_errors": bool(self[f"name_{code}"].errors),
                "is_empty": not self[f"name_{code}"].value(),
            }
            for code in self.languages
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for code in self.languages:
            name, description = data.get(f"name_{code}"), data.get(f"description_{code}")
            if description and not name:
                self.add_error(f"name_{code}", _("Enter the name in this language too."))
            elif name and code == data.get("language"):
                problem = _("This is the language of the name above. Leave it empty here.")
                self.add_error(f"name_{code}", problem)
        self._clean_extra(data)
        was_service = self.subscription_type is not None and self.subscription_type.is_service
        becomes_service = data.get("kind") == SubscriptionType.Kind.SERVICE and not was_service
        if becomes_service and not data.get("service_confirmed"):
            self.add_error("service_confirmed", _("Confirm that this is a service type."))
        return data

    def _clean_extra(self, data: dict[str, Any]) -> None:
        has_text = data.get("extra_name") or data.get("extra_description")
        if has_text and not data.get("extra_language"):
            self.add_error("extra_language", _("Choose the language of this text."))
        if (data.get("extra_language") or data.get("extra_description")) and not data.get(
            "extra_name"
        ):
            self.add_error("extra_name", _("Enter the name in this language too."))

    def values(self) -> dict[str, Any]:
        """Return the type's own fields as preferences.catalogue takes them."""
        data = self.cleaned_data
        names = (
            "name",
            "description",
            "purpose",
            "kind",
            "is_internal",
            "double_opt_in",
            "language",
        )
        values = {name: data[name] for name in names if name in data}
        offered = set(data["channels"])
        values["frequencies"] = ", ".join(each for each in Frequency if each in data["frequencies"])
        return values | {
            field: channel.value in offered for channel, field in CHANNEL_FIELDS.items()
        }

    def texts(self) -> dict[str, Text]:
        """Return name and description by language."""
        data = self.cleaned_data
        texts = {
            code: Text(data[f"name_{code}"], data[f"description_{code}"]) for code in self.languages
        }
        if data["extra_language"]:
            texts[data["extra_language"]] = Text(data["extra_name"], data["extra_description"])
        return texts


class PolicySwitchForm(forms.Form):
    """One switch of the account policy, sent when it is turned."""

    setting = forms.ChoiceField()
    value = forms.BooleanField(required=False)

    def __init__(self, *args: Any, settings: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choice(self, "setting").choices = [(name, name) for name in settings]


class TurnOffPrivacyForm(UiForm):
    """The words that turn data privacy off."""

    confirmation = forms.CharField(
        label=_("Type “turn off” to confirm"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_confirmation(self) -> str:
        typed: str = self.cleaned_data["confirmation"]
        if typed.strip(" .\"'“”„").casefold() not in {"turn off", gettext("turn off").casefold()}:
            raise ValidationError(_("Type the words “turn off”."), code="words")
        return typed


def _language_fields(code: str, row: Any) -> dict[str, forms.Field]:
    """Return the fields for name and description in one further language."""
    parts = (("name", 120, _("Name")), ("description", 500, _("Description")))
    return {
        f"{part}_{code}": forms.CharField(
            label=label,
            max_length=limit,
            required=False,
            initial=getattr(row, part, ""),
            widget=forms.TextInput(attrs={"lang": code}),
        )
        for part, limit, label in parts
    }


def _choice(form: forms.Form, name: str) -> forms.ChoiceField:
    return cast(forms.ChoiceField, form.fields[name])


def _confirm_choices(inherited: Any) -> list[tuple[str, Any]]:
    return [
        (DoubleOptIn.INHERIT.value, inherited),
        (DoubleOptIn.ON.value, DoubleOptIn.ON.label),
        (DoubleOptIn.OFF.value, DoubleOptIn.OFF.label),
    ]


def _translations(subscription_type: SubscriptionType | None) -> list[Any]:
    if subscription_type is None:
        return []
    return list(subscription_type.translations.order_by("language"))


def _initial_of(subscription_type: SubscriptionType) -> dict[str, Any]:
    names = ("name", "description", "purpose", "kind", "is_internal", "double_opt_in")
    return {name: getattr(subscription_type, name) for name in names} | {
        "channels": [channel.value for channel in subscription_type.channels],
        "frequencies": [each.value for each in subscription_type.offered_frequencies],
    }
