"""What people leave beside consent: a pause, how often, a reason, links taken back."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from preferences.models.address import Address
from preferences.models.catalogue import SubscriptionType
from preferences.values import Frequency, LegalBasis


class Pause(models.Model):
    """A wish of the person to get nothing until a day; no status changes, and it ends by itself.

    Rows are kept: a new wish ends the one before (``ended_at``), and so does starting again early.
    """

    address = models.ForeignKey(Address, models.PROTECT, related_name="+", db_index=False)
    until = models.DateTimeField(_("until"))
    asked_at = models.DateTimeField(_("asked at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        indexes = [models.Index(fields=["address", "id"], name="pause_address")]
        constraints = [
            models.UniqueConstraint(
                fields=["address"], condition=Q(ended_at=None), name="pause_one_open"
            )
        ]


class FrequencyWish(models.Model):
    """How often a person wants one type at most; no status changes. Rows are kept, as pauses are.

    "As it happens" is no row: asking for it ends the one before (``ended_at``).
    """

    address = models.ForeignKey(Address, models.PROTECT, related_name="+", db_index=False)
    subscription_type = models.ForeignKey(
        SubscriptionType, models.PROTECT, related_name="+", db_index=False
    )
    frequency = models.CharField(
        _("how often"), max_length=10, choices=[(each.value, each.value) for each in Frequency]
    )
    asked_at = models.DateTimeField(_("asked at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("wish how often")
        verbose_name_plural = _("wishes how often")
        indexes = [models.Index(fields=["address", "id"], name="frequency_address")]
        constraints = [
            models.UniqueConstraint(
                fields=["address", "subscription_type"],
                condition=Q(ended_at=None),
                name="frequency_one_open",
            )
        ]


class OptOutReason(models.Model):
    """Why somebody opted out, told afterwards, if they liked to; the ledger's event is not touched."""

    event_id = models.BigIntegerField(unique=True)
    address = models.ForeignKey(Address, models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=20)
    text = models.CharField(_("in their words"), max_length=500, blank=True)
    given_at = models.DateTimeField(_("given at"))

    class Meta:
        verbose_name = _("reason for an opt-out")
        verbose_name_plural = _("reasons for opt-outs")


class LinkRevocation(models.Model):
    """Preference links of an address issued up to this moment are dead; unsubscribing goes on working."""

    address = models.OneToOneField(
        Address, models.PROTECT, primary_key=True, related_name="+", verbose_name=_("address")
    )
    revoked_at = models.DateTimeField(_("revoked at"))

    class Meta:
        verbose_name = _("revocation of links")
        verbose_name_plural = _("revocations of links")


class LinkHandout(models.Model):
    """A member of staff sent somebody a link to their preference page, or copied it.

    ``legal_basis`` and ``explanation``: asked once, for one who opted out of everything; the text goes
    when the person is erased (R18). ``mail_id``: the mail it was sent with.
    """

    class Way(models.TextChoices):
        MAIL = "mail", _("Mailed")
        COPY = "copy", _("Copied")

    address = models.ForeignKey(Address, models.PROTECT, related_name="+", db_index=False)
    way = models.CharField(_("way"), max_length=4, choices=Way)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"))
    legal_basis = models.SmallIntegerField(
        _("legal basis"), null=True, choices=[(basis.code, basis.value) for basis in LegalBasis]
    )
    explanation = models.TextField(_("explanation"), blank=True)
    mail_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("link handed out")
        verbose_name_plural = _("links handed out")
        indexes = [models.Index(fields=["address", "-id"], name="handout_address")]


class LinkRequest(models.Model):
    """Somebody asked for the link of an address, on the public page.

    Holds no address: ``address_id`` is where it would live, ``key`` its whole keyed hash. Whether
    anybody lives there is looked up by the worker, after the answer was given. ``network_key``: a
    keyed hash of the network. The rows go after a day; until then they count for the brake.
    """

    address_id = models.BigIntegerField()
    key = models.BinaryField(max_length=32)
    network_key = models.BinaryField(max_length=32)
    language = models.CharField(max_length=10)
    requested_at = models.DateTimeField()
    is_open = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("request for a link")
        verbose_name_plural = _("requests for links")
        indexes = [
            models.Index(fields=["address_id", "requested_at"], name="link_request_address"),
            models.Index(fields=["network_key", "requested_at"], name="link_request_network"),
            models.Index(fields=["id"], condition=Q(is_open=True), name="link_request_open"),
            models.Index(fields=["requested_at"], name="link_request_age"),
        ]


class LedgerReader(models.Model):
    """How far a reader of the ledger has come (``selectors.LedgerCursor``), by its name."""

    name = models.CharField(max_length=40, primary_key=True)
    seal = models.BigIntegerField(default=0)
    event = models.BigIntegerField(default=0)
