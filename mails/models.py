"""Outgoing mail: queue, log and outbox in one row.

Nothing here knows contacts or consent. ``about`` and ``wording_id`` are numbers of whoever queued the
mail; an address is text, and goes with the contents after some days.
"""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

OPEN_STATES = ("queued", "sending")


class OutgoingMail(models.Model):
    """One mail to one address.

    ``key`` makes a repeated wish the same mail. ``message_id`` stays the same over all attempts: a
    mail that a crash sends twice is one mail to the receiving server. ``headers``: pairs of name and
    value besides those Django writes. ``lease_until``: while it is being sent, and no longer.
    ``is_bulk``: one of many, sent after those that somebody waits for.
    """

    class State(models.TextChoices):
        QUEUED = "queued", pgettext_lazy("mail", "Waiting to be sent")
        SENDING = "sending", pgettext_lazy("mail", "Being sent")
        SENT = "sent", pgettext_lazy("mail", "Sent")
        FAILED = "failed", pgettext_lazy("mail", "Not sent")
        CANCELLED = "cancelled", pgettext_lazy("mail", "Cancelled")

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=100, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=40)
    about = models.BigIntegerField(null=True, editable=False)
    wording_id = models.BigIntegerField(null=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("sent by"),
    )
    language = models.CharField(_("language"), max_length=10)
    sender = models.CharField(_("from"), max_length=400)
    recipient = models.CharField(_("to"), max_length=320, blank=True)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    text = models.TextField(_("text"), blank=True)
    html = models.TextField("HTML", blank=True)
    headers = models.JSONField(_("header fields"), default=list)
    message_id = models.CharField("Message-ID", max_length=200)
    is_bulk = models.BooleanField(default=False)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.QUEUED)
    attempts = models.SmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("last error"), max_length=100, blank=True)
    created_at = models.DateTimeField(_("created"))
    due_at = models.DateTimeField(_("due"))
    lease_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    forgotten_at = models.DateTimeField(_("contents removed"), null=True)

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[*OPEN_STATES, "sent", "failed", "cancelled"]),
                name="mail_state_known",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, state__in=OPEN_STATES)
                | (Q(ended_at__isnull=False) & ~Q(state__in=OPEN_STATES)),
                name="mail_ended_has_its_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["is_bulk", "due_at", "id"],
                condition=Q(state__in=OPEN_STATES),
                name="mail_due",
            ),
            models.Index(fields=["about", "-id"], name="mail_about"),
            models.Index(
                fields=["ended_at"],
                condition=Q(forgotten_at__isnull=True, ended_at__isnull=False),
                name="mail_to_forget",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.kind}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def masked_recipient(self) -> str:
        """Write the address so that its owner knows it and nobody learns it."""
        local, at, domain = self.recipient.rpartition("@")
        return f"{local[:1]}…{at}{domain}" if self.recipient else "…"
