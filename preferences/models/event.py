"""The ledger: consent events, their erasable evidence, and the seals over them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from preferences.models.address import Address
from preferences.models.catalogue import BusinessUnit, SubscriptionType
from preferences.models.policy import PolicyVersion
from preferences.values import Act, ActorKind, Coded, LegalBasis, ScopeKind, Source, Status, Word

EVENT_SEQUENCE = "preferences_consentevent_number"  # PostgreSQL; migration 0002 makes it


def _choices(kind: type[Coded]) -> list[tuple[int, str]]:
    return [(member.code, member.value) for member in kind]


class Evidence(models.Model):
    """What was said in clear: explanation, wording, IP, user agent. May be erased; its digest stays.

    One row serves all events of one act (a bulk edit has one explanation, not a million).
    ``salt`` is erased with the text, so that a digest cannot be guessed back.
    """

    id = models.BigAutoField(primary_key=True)
    explanation = models.TextField(_("explanation"), blank=True)
    details = models.JSONField(_("details"), default=dict, blank=True)
    salt = models.BinaryField(max_length=16)
    created_at = models.DateTimeField(_("created at"))
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True)

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")


class ConsentEvent(models.Model):
    """One line of the ledger: an applied change, for ever. Holds no clear personal data.

    ``status`` is what was said, ``before`` and ``after`` what the scope's own status was and became.
    ``replaced_event_id``: the event its register held before. ``restores_event_id``: for undo and
    correction, the event whose words the register got back (NULL: it fell silent).
    ``transaction_id`` orders commits on PostgreSQL; ``digest`` is ``seal.event_digest`` of the row.
    The database refuses UPDATE and DELETE; only ``preferences/ledger.py`` inserts.
    """

    id = models.BigIntegerField(primary_key=True)
    recorded_at = models.DateTimeField(_("recorded at"))
    said_at = models.DateTimeField(_("said at"))
    transaction_id = models.BigIntegerField()
    address = models.ForeignKey(
        Address, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    evidence = models.ForeignKey(
        Evidence, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    replaced_event_id = models.BigIntegerField(null=True)
    names_event_id = models.BigIntegerField(null=True)
    undoes_event_id = models.BigIntegerField(null=True)
    restores_event_id = models.BigIntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)
    job_id = models.BigIntegerField(null=True)
    cause_id = models.BigIntegerField(null=True)
    wording_id = models.BigIntegerField(null=True)
    subscription_type = models.ForeignKey(
        SubscriptionType,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    business_unit = models.ForeignKey(
        BusinessUnit,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    policy = models.ForeignKey(
        PolicyVersion, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    asked_on = models.DateField(null=True)
    scope = models.SmallIntegerField(choices=_choices(ScopeKind))
    act = models.SmallIntegerField(choices=_choices(Act))
    word = models.SmallIntegerField(choices=_choices(Word))
    status = models.SmallIntegerField(choices=_choices(Status))
    before = models.SmallIntegerField(choices=_choices(Status))
    after = models.SmallIntegerField(choices=_choices(Status))
    source = models.SmallIntegerField(choices=_choices(Source))
    actor_kind = models.SmallIntegerField(choices=_choices(ActorKind))
    legal_basis = models.SmallIntegerField(null=True, choices=_choices(LegalBasis))
    flags = models.SmallIntegerField(default=0)
    rule = models.SmallIntegerField(help_text=_("Number of the rule that allowed it: 4 is R4."))
    idempotency_key = models.CharField(max_length=100, blank=True, default="")
    evidence_digest = models.BinaryField(max_length=32, null=True)
    digest = models.BinaryField(max_length=32)

    class Meta:
        verbose_name = _("consent event")
        verbose_name_plural = _("ledger")
        indexes = [models.Index(fields=["address", "id"], name="event_address")]


class Seal(models.Model):
    """A Merkle root over events, chained to the seal before it.

    ``ranges``: the sealed ids as text, ``1-5000,5003-6000``; gaps that roll-backs left are not in
    it, so a missing id inside a range is a deletion. ``horizon``: the oldest transaction that was
    still running (PostgreSQL); all events below it are sealed here or before.
    """

    number = models.BigIntegerField(primary_key=True)
    sealed_at = models.DateTimeField(_("sealed at"))
    horizon = models.BigIntegerField()
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    count = models.BigIntegerField(_("events"))
    ranges = models.TextField()
    root = models.BinaryField(max_length=32)
    previous_head = models.BinaryField(max_length=32)
    head = models.BinaryField(max_length=32)

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
