"""Addresses: what preferences hang on."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from preferences.addresses import spaced
from preferences.values import Channel


class Address(models.Model):
    """One e-mail address, or one phone number on SMS or on WhatsApp.

    ``id`` is derived: 63 bits of a keyed hash of channel and canonical form, so that every importer
    and gate computes it without a look-up; ``key`` is the whole hash and ``key_id`` names the secret.
    After erasure (R18) ``canonical`` and ``original`` are empty and ``id`` still finds the row.
    """

    id = models.BigIntegerField(primary_key=True)
    channel = models.SmallIntegerField(_("channel"), choices=[(c.code, c.value) for c in Channel])
    key_id = models.SmallIntegerField(default=1)
    key = models.BinaryField(max_length=32)
    canonical = models.CharField(_("canonical form"), max_length=320, blank=True)
    original = models.CharField(_("as given"), max_length=320, blank=True)
    created_at = models.DateTimeField(_("created at"))
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True)
    undeliverable_at = models.DateTimeField(_("undeliverable since"), null=True, blank=True)
    complained_at = models.DateTimeField(_("complained at"), null=True, blank=True)

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        constraints = [
            models.CheckConstraint(
                condition=Q(channel__in=[c.code for c in Channel]), name="address_channel_known"
            ),
            models.CheckConstraint(condition=Q(id__gt=0), name="address_id_positive"),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(undeliverable_at__isnull=False),
                name="address_undeliverable",
            )
        ]

    def __str__(self) -> str:
        return self.canonical or "…"

    @property
    def display(self) -> str:
        """Write the address for staff, a phone number in groups of digits."""
        return spaced(self.canonical) or "…"

    @property
    def channel_value(self) -> Channel:
        return Channel.from_code(self.channel)
