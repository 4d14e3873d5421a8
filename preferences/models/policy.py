"""The account policy, one row per version."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from preferences.values import Channel, Policy, Privacy


class PolicyVersion(models.Model):
    """What the account demands; never changed, only followed by the next version.

    The newest row is in force. Every consent event names the version it was decided under.
    """

    class DataPrivacy(models.IntegerChoices):
        OFF = Privacy.OFF.code, _("Off")
        ON = Privacy.ON.code, _("On")
        ENFORCED = Privacy.ENFORCED.code, _("On and enforced")

    privacy = models.SmallIntegerField(
        _("data privacy"), choices=DataPrivacy, default=DataPrivacy.ON
    )
    only_person_resubscribes = models.BooleanField(
        _("only the person can undo their own opt-out"), default=False
    )
    double_opt_in = models.BooleanField(_("confirm by link"), default=False)
    email_connected = models.BooleanField(_("email connected"), default=True)
    sms_connected = models.BooleanField(_("SMS connected"), default=False)
    whatsapp_connected = models.BooleanField(_("WhatsApp connected"), default=False)
    changed_at = models.DateTimeField(_("changed at"))
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )

    class Meta:
        verbose_name = _("policy version")
        verbose_name_plural = _("policy versions")

    def __str__(self) -> str:
        return f"{self.pk}"

    def values(self) -> Policy:
        """Return the policy as the rules read it."""
        connected = (self.email_connected, self.sms_connected, self.whatsapp_connected)
        return Policy(
            version=self.pk or 0,
            privacy=Privacy.from_code(self.privacy),
            only_person_resubscribes=self.only_person_resubscribes,
            channels=frozenset(c for c, is_on in zip(Channel, connected, strict=True) if is_on),
        )
