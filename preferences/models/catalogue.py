"""The catalogue: business units and the types of messages they send."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from preferences.values import Channel, Frequency

_ONE = "|".join(Frequency)


class DoubleOptIn(models.TextChoices):
    """Whether opt-ins on our word are confirmed by the person first (R14)."""

    INHERIT = "inherit", _("As set above")
    ON = "on", _("On")
    OFF = "off", _("Off")


def frequencies_in(text: str) -> tuple[Frequency, ...]:
    """Read the frequencies of a type as they are stored, the most frequent first."""
    named = text.split(", ")
    return tuple(frequency for frequency in Frequency if frequency in named)


class BusinessUnit(models.Model):
    """A brand of the company."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("short name"), max_length=60, unique=True)
    sender_name = models.CharField(_("sender name"), max_length=120, blank=True)
    sender_email = models.EmailField(_("sender address"), blank=True)
    postal_address = models.TextField(_("postal address"), max_length=500, blank=True)
    default_region = models.CharField(
        _("default region"),
        max_length=2,
        default="PL",
        validators=[RegexValidator(r"^[A-Z]{2}$")],
        help_text=_("Two letters of the country whose phone numbers come without a prefix."),
    )
    default_language = models.CharField(_("default language"), max_length=10, default="en")
    brand_colour = models.CharField(
        _("brand colour"),
        max_length=7,
        default="#1d4ed8",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$")],
    )
    double_opt_in = models.CharField(
        _("confirm by link"), max_length=7, choices=DoubleOptIn, default=DoubleOptIn.INHERIT
    )
    confirms_opt_outs = models.BooleanField(
        _("confirm unsubscribing by mail"),
        default=False,
        help_text=_("Who unsubscribes themself gets one mail that says so, and nothing else."),
    )
    # Of the logo, if there is one; the picture itself is a row of its own, read by who draws it only.
    logo_key = models.CharField(max_length=16, blank=True, default="", editable=False)
    logo_width = models.PositiveSmallIntegerField(default=0, editable=False)
    logo_height = models.PositiveSmallIntegerField(default=0, editable=False)
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("business unit")
        verbose_name_plural = _("business units")
        constraints = [models.UniqueConstraint(fields=["name"], name="unit_name_unique")]

    def __str__(self) -> str:
        return self.name


class BusinessUnitLogo(models.Model):
    """The picture of a unit for its public pages: a PNG that we have drawn ourselves."""

    business_unit = models.OneToOneField(
        BusinessUnit, models.CASCADE, primary_key=True, related_name="+"
    )
    png = models.BinaryField()

    class Meta:
        verbose_name = _("logo")
        verbose_name_plural = _("logos")


class SubscriptionType(models.Model):
    """One category of message, owned by one business unit."""

    class Kind(models.TextChoices):
        MARKETING = "marketing", _("Marketing")
        SERVICE = "service", _("Service (always sent)")

    business_unit = models.ForeignKey(
        BusinessUnit,
        models.PROTECT,
        related_name="subscription_types",
        verbose_name=_("business unit"),
    )
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), max_length=500, blank=True)
    language = models.CharField(_("language"), max_length=10, default="en")
    purpose = models.CharField(_("purpose of subscription"), max_length=60, default="Marketing")
    kind = models.CharField(_("kind"), max_length=9, choices=Kind, default=Kind.MARKETING)
    offered_on_email = models.BooleanField(_("email"), default=True)
    offered_on_sms = models.BooleanField(_("SMS"), default=False)
    offered_on_whatsapp = models.BooleanField(_("WhatsApp"), default=False)
    is_internal = models.BooleanField(
        _("internal"), default=False, help_text=_("Never offered to people on the preference page.")
    )
    double_opt_in = models.CharField(
        _("confirm by link"), max_length=7, choices=DoubleOptIn, default=DoubleOptIn.INHERIT
    )
    frequencies = models.CharField(
        _("how often, at people's choice"),
        max_length=40,
        blank=True,
        default="",
        validators=[RegexValidator(rf"^(?:{_ONE})(?:, (?:{_ONE}))*\Z")],
        help_text=_("daily, weekly and monthly, with commas; without any, people have no choice."),
    )
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("subscription type")
        verbose_name_plural = _("subscription types")
        indexes = [
            models.Index(fields=["business_unit", "position", "id"], name="type_unit_position")
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(offered_on_email=True)
                | Q(offered_on_sms=True)
                | Q(offered_on_whatsapp=True),
                name="type_offered_on_some_channel",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def channels(self) -> tuple[Channel, ...]:
        offered = (self.offered_on_email, self.offered_on_sms, self.offered_on_whatsapp)
        return tuple(channel for channel, is_on in zip(Channel, offered, strict=True) if is_on)

    @property
    def is_service(self) -> bool:
        return self.kind == self.Kind.SERVICE

    @property
    def offered_frequencies(self) -> tuple[Frequency, ...]:
        return frequencies_in(self.frequencies)


class SubscriptionTypeTranslation(models.Model):
    """Name and description of a type in one more language."""

    subscription_type = models.ForeignKey(
        SubscriptionType, models.CASCADE, related_name="translations"
    )
    language = models.CharField(_("language"), max_length=10)
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("translation of a subscription type")
        verbose_name_plural = _("translations of subscription types")
        constraints = [
            models.UniqueConstraint(
                F("subscription_type"), F("language"), name="type_translation_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"
