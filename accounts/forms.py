from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
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
