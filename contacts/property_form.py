"""The form of a custom property."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from contacts.custom_properties import derived_name, is_reserved
from contacts.models import CustomProperty
from contacts.values import PropertyKind, fold
from subscriptions_site.web.forms import UiForm

CHOICES_LIMIT = 200
CHOICE_LENGTH = 120


class CustomPropertyForm(UiForm):
    """Label and choices; kind and internal name of a new property only."""

    name = forms.CharField(label=_("Label"), max_length=120)
    kind = forms.ChoiceField(label=_("Kind"), choices=CustomProperty.Kind.choices)
    choices = forms.CharField(
        label=_("Choices"),
        help_text=_("One a line. Only for the kind choice."),
        max_length=CHOICES_LIMIT * CHOICE_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    internal_name = forms.CharField(
        label=_("Internal name"),
        help_text=_(
            "For imports and programs; it never changes. Left empty, it is made of the label."
        ),
        max_length=60,
        required=False,
        validators=[
            RegexValidator(
                r"^[a-z][a-z0-9_]*\Z", _("Use lower-case letters, digits and _, a letter first.")
            )
        ],
        widget=forms.TextInput(attrs={"class": "input--code", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, custom: CustomProperty | None = None, **kwargs: Any) -> None:
        self.custom = custom
        if custom is not None:
            kwargs["initial"] = {"name": custom.name, "choices": "\n".join(custom.choices)}
        super().__init__(*args, **kwargs)
        if custom is not None:
            del self.fields["kind"], self.fields["internal_name"]
            if custom.kind != PropertyKind.CHOICE:
                del self.fields["choices"]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = CustomProperty.objects.exclude(pk=self.custom.pk if self.custom else 0)
        if fold(name) in {fold(other) for other in others.values_list("name", flat=True)}:
            raise ValidationError(_("Another property has this label."), code="taken")
        return name

    def clean_choices(self) -> list[str]:
        lines = [" ".join(line.split()) for line in self.cleaned_data["choices"].splitlines()]
        firsts: dict[str, str] = {}
        for line in filter(None, lines):
            firsts.setdefault(fold(line), line)
        found = list(firsts.values())
        if len(found) > CHOICES_LIMIT:
            raise ValidationError(_("Use at most 200 choices."), code="too_many")
        if any(len(choice) > CHOICE_LENGTH for choice in found):
            raise ValidationError(_("Use at most 120 characters for each choice."), code="long")
        return found

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        is_choice = PropertyKind.CHOICE in (data.get("kind"), getattr(self.custom, "kind", None))
        if is_choice and "choices" in data and not data["choices"]:
            self.add_error("choices", _("Enter at least one choice."))
        if not is_choice:
            data["choices"] = []
        if self.custom is None and data.get("name") and "internal_name" in data:
            self._clean_internal_name(data)
        return data

    def _clean_internal_name(self, data: dict[str, Any]) -> None:
        typed = data["internal_name"]
        field = "internal_name" if typed else "name"
        data["internal_name"] = typed or derived_name(data["name"])
        if is_reserved(data["internal_name"]):
            self.add_error(field, _("Contacts have a property of this name already."))
        elif CustomProperty.objects.filter(internal_name=data["internal_name"]).exists():
            self.add_error(field, _("Another property has this internal name."))
