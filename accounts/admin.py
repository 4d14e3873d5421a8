"""Administration of users, held to the same rules and kept in the same history as the settings."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.forms import UserChangeForm as BaseUserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import users
from accounts.models import Role, SettingChange, User
from subscriptions_site.web.admin import ReadOnlyAdmin

admin.site.unregister(Group)


class UserCreationForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")


class UserChangeForm(BaseUserChangeForm):
    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        stays = (
            data.get("is_active")
            and data.get("role") == Role.ADMINISTRATOR
            and data.get("all_units")
        )
        if not stays and users.is_last_administrator(self.instance):
            raise ValidationError(
                _("This is the last administrator of all units. Make somebody else one first.")
            )
        return data


@admin.register(User)
class UserAdmin(BaseUserAdmin):
    actions = None
    form = UserChangeForm
    add_form = UserCreationForm
    list_display = ("email", "name", "role", "all_units", "may_resubscribe", "is_active")
    list_filter = ("role", "is_active")
    search_fields = ("email", "name")
    ordering = ("email",)
    filter_horizontal = ("units",)
    readonly_fields = ("last_login", "created_at")
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        (_("Access"), {"fields": ("role", "may_resubscribe", "all_units", "units", "is_active")}),
        (_("Preferences"), {"fields": ("language", "theme", "shortcuts_enabled")}),
        (_("Dates"), {"fields": ("last_login", "created_at")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("email", "name", "password1", "password2")}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Users are deactivated: the history names them for ever."""
        return False

    def save_model(
        self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool
    ) -> None:
        """Save by the services, which write down who changed what and end sessions."""
        by: Any = request.user
        now = timezone.now()
        if not change:
            super().save_model(request, obj, form, change)
            users.record_creation(user=obj, by=by, now=now)
            return
        users.change_user(user=obj, by=by, now=now, values=form.cleaned_data)
        if form.cleaned_data["is_active"]:
            users.reactivate_user(user=obj, by=by, now=now)
        else:
            users.deactivate_user(user=obj, by=by, now=now)
        super().save_model(request, obj, form, change)

    def log_change(self, request: HttpRequest, obj: User, message: Any) -> Any:
        """Keep that somebody set another user's password, which is no field of the form."""
        match = request.resolver_match
        if match is not None and match.url_name == "auth_user_password_change":
            by: Any = request.user
            users.record_password(user=obj, by=by, now=timezone.now())
        return super().log_change(request, obj, message)


@admin.register(SettingChange)
class SettingChangeAdmin(ReadOnlyAdmin):
    list_display = (
        "changed_at",
        "changed_by",
        "subject_kind",
        "subject_label",
        "field",
        "before",
        "after",
    )
    list_filter = ("subject_kind",)
    list_select_related = ("changed_by",)
