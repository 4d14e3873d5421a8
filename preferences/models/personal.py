"""What people leave beside consent: a pause, a reason, links taken back."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from preferences.models.address import Address


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
