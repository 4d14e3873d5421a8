"""The projection: current registers and statuses. It can be rebuilt from the ledger at any time."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from preferences.models.address import Address
from preferences.models.catalogue import BusinessUnit, SubscriptionType
from preferences.values import Register, Registers, Source, Status

_STATUSES = [(s.code, s.value) for s in Status]
_STATUS_CODES = [s.code for s in Status]


def _register(
    status: int | None,
    said_at: datetime | None,
    event_id: int | None,
    source: int | None,
    flags: int,
) -> Register | None:
    if status is None or said_at is None or event_id is None or source is None:
        return None
    return Register(Status.from_code(status), said_at, event_id, Source.from_code(source), flags)


class TwoRegisters(models.Model):
    """Columns of one scope: what the person last said, what anyone else last said, what results.

    ``status`` is the status of the scope on its own; ``rules.effective`` adds the wider levels. A
    silent register has no ``..._status``. Only ``preferences/projection.py`` writes these rows.
    """

    own_said_at = models.DateTimeField(null=True)
    own_event_id = models.BigIntegerField(null=True)
    ours_said_at = models.DateTimeField(null=True)
    ours_event_id = models.BigIntegerField(null=True)
    ours_names_event_id = models.BigIntegerField(null=True)
    address = models.ForeignKey(Address, models.PROTECT, related_name="+", db_index=False)
    status = models.SmallIntegerField(_("status"), choices=_STATUSES)
    own_status = models.SmallIntegerField(null=True, choices=_STATUSES)
    own_source = models.SmallIntegerField(null=True)
    own_flags = models.SmallIntegerField(default=0)
    ours_status = models.SmallIntegerField(null=True, choices=_STATUSES)
    ours_source = models.SmallIntegerField(null=True)

    class Meta:
        abstract = True

    def registers(self) -> Registers:
        """Return the two registers as values."""
        own = _register(
            self.own_status, self.own_said_at, self.own_event_id, self.own_source, self.own_flags
        )
        ours = _register(
            self.ours_status, self.ours_said_at, self.ours_event_id, self.ours_source, 0
        )
        if ours is not None:
            ours = ours._replace(names_event_id=self.ours_names_event_id)
        return Registers(own, ours)


class Preference(TwoRegisters):
    """One address and one subscription type."""

    subscription_type = models.ForeignKey(
        SubscriptionType, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )

    class Meta:
        verbose_name = _("status")
        verbose_name_plural = _("statuses")
        constraints = [
            models.UniqueConstraint(
                fields=["address", "subscription_type"], name="preference_unique"
            ),
            models.CheckConstraint(
                condition=Q(status__in=_STATUS_CODES), name="preference_status_known"
            ),
        ]


class OptOut(TwoRegisters):
    """One address refusing everything of one business unit, or (unit NULL) of the account."""

    business_unit = models.ForeignKey(
        BusinessUnit,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )

    class Meta:
        verbose_name = _("opt-out of all")
        verbose_name_plural = _("opt-outs of all")
        constraints = [
            models.UniqueConstraint(fields=["address", "business_unit"], name="optout_unit_unique"),
            models.UniqueConstraint(
                fields=["address"],
                condition=Q(business_unit__isnull=True),
                name="optout_account_unique",
            ),
            models.CheckConstraint(
                condition=Q(status__in=_STATUS_CODES), name="optout_status_known"
            ),
        ]


class RepeatedWord(models.Model):
    """Opt-outs said again that changed nothing and were not kept as events (R16): a counter.

    ``last_said_at`` also tells that an opt-in said before it, and heard after it, is older news.
    """

    address = models.ForeignKey(Address, models.PROTECT, related_name="+", db_index=False)
    scope_kind = models.SmallIntegerField()
    scope_id = models.BigIntegerField(default=0)
    word = models.SmallIntegerField()
    source = models.SmallIntegerField()
    count = models.IntegerField(default=1)
    last_said_at = models.DateTimeField()

    class Meta:
        verbose_name = _("repeated opt-out")
        verbose_name_plural = _("repeated opt-outs")
        constraints = [
            models.UniqueConstraint(
                fields=["address", "scope_kind", "scope_id", "word", "source"],
                name="repeated_word_unique",
            )
        ]


class PendingConfirmation(models.Model):
    """An opt-in on our word that waits for the person's click (R14); newest wins.

    The row is its own cursor: ``mailed_at`` and ``mail_id`` are written in the transaction that queues
    the mail, one for all types of an address; ``reminded_at`` likewise, once at most.
    """

    address = models.ForeignKey(Address, models.PROTECT, related_name="+", db_index=False)
    subscription_type = models.ForeignKey(SubscriptionType, models.PROTECT, related_name="+")
    request_event_id = models.BigIntegerField()
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    mail_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("awaiting confirmation")
        verbose_name_plural = _("awaiting confirmation")
        constraints = [
            models.UniqueConstraint(fields=["address", "subscription_type"], name="pending_unique")
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(mailed_at=None), name="pending_to_mail"),
            models.Index(
                fields=["mailed_at"], condition=Q(reminded_at=None), name="pending_to_remind"
            ),
        ]
