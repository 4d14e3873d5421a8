"""Members of staff and their failed sign-ins."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Role(models.TextChoices):
    VIEWER = "viewer", _("Viewer")
    EDITOR = "editor", _("Editor")
    ADMINISTRATOR = "administrator", _("Administrator")
    COMPLIANCE = "compliance", _("Compliance")


class Theme(models.TextChoices):
    SYSTEM = "system", _("Match system")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class LowerCaseEmailField(models.EmailField):
    """An address to sign in with, stored and looked up in lower case."""

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return prepared.lower() if isinstance(prepared, str) else prepared

    def to_python(self, value: Any) -> Any:
        result = super().to_python(value)
        return result.strip().lower() if isinstance(result, str) else result


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an administrator who reaches every business unit, for `createsuperuser`."""
        fields = {"role": Role.ADMINISTRATOR, "all_units": True, **fields}
        return self.create_user(email, password, **fields)


class User(AbstractBaseUser):
    """A member of staff. What they may do follows from role and units: see accounts.access."""

    email = LowerCaseEmailField(_("email"), unique=True)
    name = models.CharField(pgettext_lazy("person", "name"), max_length=150)
    role = models.CharField(_("role"), max_length=20, choices=Role, default=Role.VIEWER)
    may_resubscribe = models.BooleanField(
        _("may resubscribe"),
        default=False,
        help_text=_("May record that a person who opted out asked to be opted in again."),
    )
    all_units = models.BooleanField(_("all business units"), default=False)
    # By name only: accounts stand below preferences and import nothing of them.
    units = models.ManyToManyField(
        "preferences.BusinessUnit", verbose_name=_("business units"), blank=True, related_name="+"
    )
    language = models.CharField(
        _("language"), max_length=10, choices=settings.LANGUAGES, default="en"
    )
    theme = models.CharField(_("appearance"), max_length=10, choices=Theme, default=Theme.SYSTEM)
    shortcuts_enabled = models.BooleanField(_("single-key shortcuts"), default=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="user_role_is_known"
            ),
        )

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_staff(self) -> bool:
        """Open the Django admin: for administrators only, of all units, as it knows no units."""
        return self.is_active and self.role == Role.ADMINISTRATOR and self.all_units

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return self.is_staff

    def has_perms(self, perm_list: list[str], obj: Any = None) -> bool:
        return self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff


class SignInAttempt(models.Model):
    """One attempt to sign in that has not succeeded, kept as long as it counts."""

    # A keyed hash of address and network, so that the table names nobody.
    key = models.CharField(max_length=64)
    attempted_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["key", "attempted_at"], name="sign_in_attempt_key"),)

    def __str__(self) -> str:
        return f"{self.key[:8]} {self.attempted_at:%Y-%m-%d %H:%M}"


class SettingChange(models.Model):
    """One setting that somebody changed: which, from what, to what, who and when.

    Kept for ever: the database refuses UPDATE and DELETE. Holds no passwords and no other secrets.
    ``subject_label`` is the name the thing had at that time.
    """

    class Subject(models.TextChoices):
        BUSINESS_UNIT = "business_unit", _("Business unit")
        SUBSCRIPTION_TYPE = "subscription_type", _("Subscription type")
        USER = "user", _("User")
        PROPERTY = "property", _("Property")
        API_KEY = "api_key", _("API key")
        WEBHOOK = "webhook", _("Webhook")

    subject_kind = models.CharField(_("kind"), max_length=30, choices=Subject)
    subject_id = models.BigIntegerField()
    subject_label = models.CharField(_("name"), max_length=254)
    field = models.CharField(_("field"), max_length=60)
    before = models.TextField(_("before"), blank=True)
    after = models.TextField(_("after"), blank=True)
    changed_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("by")
    )
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("change of a setting")
        verbose_name_plural = _("changes of settings")
        indexes = (
            models.Index(
                fields=["subject_kind", "subject_id", "id"], name="setting_change_subject"
            ),
        )

    def __str__(self) -> str:
        return f"{self.subject_label}: {self.field}"
