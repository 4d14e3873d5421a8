"""People that staff see, which addresses are theirs, and what else is known of them.

Preferences hang on addresses, not here: deleting a contact changes the status of no address (R1).
Only ``contacts/services.py``, ``contacts/upsert.py`` and ``contacts/bulk/writing.py`` write contacts, their
addresses and counts.
"""

from typing import ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from contacts.values import (
    ALL_PROCESSING_BITS,
    LifecycleStage,
    PropertyKind,
    bases_of,
    unit_ids_of,
)
from preferences.models import Address, BusinessUnit
from preferences.values import Channel, LegalBasis

_VISIBLE = Q(deleted_at__isnull=True)


class UnitSet(models.Model):
    """A set of business units that some contact belongs to; each set is kept once.

    A contact names its set instead of its units, so that "visible through a common unit" is a test
    of one column, and counts stay exact for every reach (a sum over sets counts nobody twice).
    """

    key = models.CharField(max_length=500, unique=True)
    units = models.ManyToManyField(BusinessUnit, through="UnitSetMember", related_name="+")

    class Meta:
        verbose_name = _("set of business units")
        verbose_name_plural = _("sets of business units")

    def __str__(self) -> str:
        return self.key or "–"

    @property
    def unit_ids(self) -> tuple[int, ...]:
        return unit_ids_of(self.key)


class UnitSetMember(models.Model):
    """One business unit of one set."""

    unit_set = models.ForeignKey(UnitSet, models.CASCADE, related_name="members")
    business_unit = models.ForeignKey(BusinessUnit, models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["unit_set", "business_unit"], name="unit_set_member_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.unit_set_id}: {self.business_unit_id}"


class Contact(models.Model):
    """A person record. May have several addresses; deleted ones can be restored for 90 days.

    ``processing_bits`` are the *legal bases for processing contact's data* (values.bases_of);
    ``properties`` the values of custom properties by internal name; ``sort_name`` and
    ``search_text`` follow names, company and addresses.
    """

    class Lifecycle(models.TextChoices):
        SUBSCRIBER = LifecycleStage.SUBSCRIBER.value, _("Subscriber")
        LEAD = LifecycleStage.LEAD.value, _("Lead")
        MARKETING_QUALIFIED = (
            LifecycleStage.MARKETING_QUALIFIED.value,
            _("Marketing qualified lead"),
        )
        SALES_QUALIFIED = LifecycleStage.SALES_QUALIFIED.value, _("Sales qualified lead")
        OPPORTUNITY = LifecycleStage.OPPORTUNITY.value, _("Opportunity")
        CUSTOMER = LifecycleStage.CUSTOMER.value, _("Customer")
        EVANGELIST = LifecycleStage.EVANGELIST.value, _("Evangelist")
        OTHER = LifecycleStage.OTHER.value, _("Other")

    id = models.BigAutoField(primary_key=True)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("last updated"))
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("owner"),
    )
    unit_set = models.ForeignKey(  # indexed by contact_by_units
        UnitSet, models.PROTECT, related_name="+", db_index=False, verbose_name=_("business units")
    )
    processing_bits = models.SmallIntegerField(default=0)
    first_name = models.CharField(_("first name"), max_length=120, blank=True)
    last_name = models.CharField(_("last name"), max_length=120, blank=True)
    company = models.CharField(_("company"), max_length=200, blank=True)
    job_title = models.CharField(_("job title"), max_length=160, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    country = models.CharField(
        _("country"), max_length=2, blank=True, validators=[RegexValidator(r"^[A-Z]{2}$")]
    )
    lifecycle_stage = models.CharField(
        _("life-cycle stage"), max_length=24, choices=Lifecycle, blank=True
    )
    properties = models.JSONField(_("custom properties"), default=dict, blank=True)
    sort_name = models.CharField(max_length=240, blank=True, editable=False)
    search_text = models.TextField(blank=True, editable=False)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(lifecycle_stage__in=["", *(stage.value for stage in LifecycleStage)]),
                name="contact_lifecycle_known",
            ),
            models.CheckConstraint(
                condition=Q(processing_bits__gte=0) & Q(processing_bits__lte=ALL_PROCESSING_BITS),
                name="contact_processing_known",
            ),
        ]
        indexes: ClassVar = [
            models.Index("sort_name", "id", condition=_VISIBLE, name="contact_by_name"),
            models.Index("created_at", "id", condition=_VISIBLE, name="contact_by_created"),
            models.Index("updated_at", "id", condition=_VISIBLE, name="contact_by_updated"),
            models.Index(Lower("company"), F("id"), condition=_VISIBLE, name="contact_by_company"),
            models.Index("country", "id", condition=_VISIBLE, name="contact_by_country"),
            models.Index(
                "unit_set", "updated_at", "id", condition=_VISIBLE, name="contact_by_units"
            ),
            models.Index("lifecycle_stage", condition=_VISIBLE, name="contact_by_lifecycle"),
            models.Index(
                "deleted_at", "id", condition=Q(deleted_at__isnull=False), name="contact_deleted"
            ),
        ]

    def __str__(self) -> str:
        return self.full_name or self.sort_name or f"#{self.pk}"

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def processing_bases(self) -> tuple[LegalBasis, ...]:
        return bases_of(self.processing_bits)


class ContactAddress(models.Model):
    """Says that an address is a contact's. Two contacts may share one address (R1)."""

    id = models.BigAutoField(primary_key=True)
    contact = models.ForeignKey(
        Contact, models.CASCADE, related_name="contact_addresses", db_index=False
    )
    address = models.ForeignKey(Address, models.PROTECT, related_name="+")
    channel = models.SmallIntegerField(_("channel"), choices=[(c.code, c.value) for c in Channel])
    position = models.SmallIntegerField(_("order"), default=0)
    is_primary = models.BooleanField(_("primary"), default=False)

    class Meta:
        verbose_name = _("address of a contact")
        verbose_name_plural = _("addresses of contacts")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["contact", "address"], name="contact_address_unique"),
            models.UniqueConstraint(
                fields=["contact", "channel"],
                condition=Q(is_primary=True),
                name="contact_address_one_primary",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=[c.code for c in Channel]), name="contact_address_channel"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id}: {self.address_id}"

    @property
    def channel_value(self) -> Channel:
        return Channel.from_code(self.channel)


class CustomProperty(models.Model):
    """A property of contacts that an administrator defined."""

    class Kind(models.TextChoices):
        TEXT = PropertyKind.TEXT.value, _("Text")
        NUMBER = PropertyKind.NUMBER.value, _("Number")
        DATE = PropertyKind.DATE.value, _("Date")
        CHOICE = PropertyKind.CHOICE.value, _("Choice")
        YES_NO = PropertyKind.YES_NO.value, _("Yes or no")

    name = models.CharField(_("name"), max_length=120)
    internal_name = models.CharField(
        _("internal name"),
        max_length=60,
        unique=True,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]*$")],
        help_text=_("Lower-case letters, digits and _. Programs use it, so it never changes."),
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.TEXT)
    choices = models.JSONField(
        _("choices"), default=list, blank=True, help_text=_("For a choice: the values offered.")
    )
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("custom property")
        verbose_name_plural = _("custom properties")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in PropertyKind]),
                name="custom_property_kind_known",
            )
        ]

    def __str__(self) -> str:
        return self.name


class SavedView(models.Model):
    """A way to look at the index under a name, one's own or shared with all staff.

    ``query_text`` is what narrows it, as the URL has it; ``columns`` are keys in their order, none
    the default ones. Only ``contacts/saved_views.py`` writes views.
    """

    NAME_LENGTH = 60
    QUERY_LENGTH = 12_000  # a filter of 3,000 characters, each escaped

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="+",
        db_index=False,
        verbose_name=_("owner"),
    )
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    is_shared = models.BooleanField(_("shared"), default=False)
    query_text = models.TextField(_("filter"), max_length=QUERY_LENGTH, blank=True)
    columns = models.JSONField(_("columns"), default=list, blank=True)
    sort = models.CharField(_("sort"), max_length=40)
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    changed_at = models.DateTimeField(_("last updated"))

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints: ClassVar = [
            models.UniqueConstraint(F("owner"), Lower("name"), name="saved_view_name_unique"),
            models.CheckConstraint(condition=~Q(name=""), name="saved_view_is_named"),
        ]
        indexes: ClassVar = [
            models.Index("name", "id", condition=Q(is_shared=True), name="saved_view_shared"),
        ]

    def __str__(self) -> str:
        return self.name


class ContactCount(models.Model):
    """How many contacts there are of one set of units, without counting them.

    The sum over ``shard`` counts; writers pick one, so that they do not wait for one row.
    """

    unit_set = models.ForeignKey(UnitSet, models.CASCADE, related_name="counts")
    shard = models.SmallIntegerField()
    count = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("count of contacts")
        verbose_name_plural = _("counts of contacts")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["unit_set", "shard"], name="contact_count_unique")
        ]

    def __str__(self) -> str:
        return f"{self.unit_set_id}/{self.shard}: {self.count}"
