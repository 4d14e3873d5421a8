from typing import Any, cast

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Role, User
from subscriptions_site.web.forms import UiForm, UiModelForm


class SignInForm(forms.Form):
    """What the sign-in page sends; whether it is right is decided in the view."""

    email = forms.CharField(max_length=254)
    password = forms.CharField(max_length=4096, strip=False)
    stay = forms.BooleanField(required=False)
    next = forms.CharField(required=False)


class AccountForm(UiModelForm):
    """What members of staff may change about themselves."""

    class Meta:
        model = User
        fields = ("name", "language", "theme", "shortcuts_enabled")
        help_texts = {"shortcuts_enabled": _("Single keys such as / and j work outside fields.")}


class PasswordForm(UiForm):
    """A new password, with the current one as proof."""

    current = forms.CharField(
        label=_("Current password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label=_("New password"),
        strip=False,
        max_length=4096,
        help_text=_("At least 12 characters. A few unusual words are good."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_current(self) -> str:
        current: str = self.cleaned_data["current"]
        if not self.user.check_password(current):
            raise ValidationError(_("This is not your current password."), code="wrong")
        return current

    def clean_new(self) -> str:
        new: str = self.cleaned_data["new"]
        password_validation.validate_password(new, self.user)
        return new


class UnitsField(forms.ModelMultipleChoiceField):
    """Ticked business units. SQLite cannot even look for a number of more than 63 bits."""

    def clean(self, value: Any) -> Any:
        try:
            return super().clean(value)
        except OverflowError:
            words = self.error_messages["invalid_choice"]
            raise ValidationError(
                words, code="invalid_choice", params={"value": ", ".join(value)}
            ) from None


class UserForm(UiForm):
    """Who somebody is, what they may do, and in which business units."""

    name = forms.CharField(label=pgettext_lazy("person", "Name"), max_length=150)
    email = forms.EmailField(
        label=_("Email"),
        max_length=254,
        help_text=_("They sign in with it."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(
        label=_("Role"), choices=Role.choices, initial=Role.VIEWER, widget=forms.RadioSelect
    )
    may_resubscribe = forms.BooleanField(
        label=_("May resubscribe"),
        help_text=_(
            "May record that a person who opted out asked to be opted in again. "
            "Needs the role editor or administrator."
        ),
        required=False,
    )
    all_units = forms.BooleanField(
        label=_("All business units"),
        help_text=_("Those to come included. Administrators of the whole account need it."),
        required=False,
    )
    units = UnitsField(
        label=_("Business units"),
        queryset=User.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, user: User | None = None, **kwargs: Any) -> None:
        self.user = user
        if user is not None:
            names = ("name", "email", "role", "may_resubscribe", "all_units")
            kwargs["initial"] = {name: getattr(user, name) for name in names} | {
                "units": list(user.units.values_list("pk", flat=True))
            }
        super().__init__(*args, **kwargs)
        # By the relation: accounts stand below preferences and import nothing of them.
        units = cast(forms.ModelMultipleChoiceField, self.fields["units"])
        units.queryset = User._meta.get_field("units").related_model._default_manager.order_by(
            "position", "name"
        )

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip().lower()
        others = User.objects.filter(email=email)
        if self.user is not None:
            others = others.exclude(pk=self.user.pk)
        if others.exists():
            raise ValidationError(_("Another user signs in with this email."), code="taken")
        return email

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not data.get("all_units") and not data.get("units"):
            self.add_error("units", _("Choose at least one business unit, or all of them."))
        return data


class FirstPasswordForm(UiForm):
    """A password set by link."""

    new = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=4096,
        help_text=_("At least 12 characters. A few unusual words are good."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_new(self) -> str:
        new: str = self.cleaned_data["new"]
        password_validation.validate_password(new, self.user)
        return new
