"""Administration of the kernel: the catalogue can be changed, everything else only looked at.

What people said is changed through the door alone, so no page here writes it; and nothing here can
be deleted, because the ledger points at it for ever.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from preferences import catalogue
from preferences.address_book import locate
from preferences.addresses import InvalidAddress, canonical
from preferences.forms import readable_colour
from preferences.models import (
    Address,
    BusinessUnit,
    ConsentEvent,
    Evidence,
    OptOut,
    PendingConfirmation,
    PolicyVersion,
    Preference,
    RepeatedWord,
    Seal,
    SubscriptionType,
    SubscriptionTypeTranslation,
    Wording,
)
from preferences.values import Channel
from subscriptions_site.web.admin import ReadOnlyAdmin, UndeletableAdmin

LARGEST_ID = 2**63 - 1


# --- the catalogue ---


class BusinessUnitAdminForm(forms.ModelForm):
    """Holds a unit to what the settings page holds it to."""

    class Meta:
        model = BusinessUnit
        fields = catalogue.UNIT_FIELDS

    def clean_brand_colour(self) -> str:
        return readable_colour(self.cleaned_data["brand_colour"])


@admin.register(BusinessUnit)
class BusinessUnitAdmin(UndeletableAdmin):
    form = BusinessUnitAdminForm
    fields = ("name", "slug", *catalogue.UNIT_FIELDS[1:], "position", "archived_at", "created_at")
    readonly_fields = ("slug", "position", "archived_at", "created_at")
    list_display = ("name", "slug", "sender_email", "default_region", "archived_at")
    search_fields = ("name", "slug")
    ordering = ("position", "name")

    def save_model(
        self, request: HttpRequest, obj: BusinessUnit, form: forms.ModelForm, change: bool
    ) -> None:
        """Save by the service, which writes down who changed what."""
        values, user, now = form.cleaned_data, _user(request), timezone.now()
        if change:
            catalogue.change_business_unit(unit=obj, user=user, now=now, values=values)
        else:
            obj.pk = catalogue.create_business_unit(user=user, now=now, values=values).pk


class TranslationInline(admin.TabularInline):
    model = SubscriptionTypeTranslation
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(SubscriptionType)
class SubscriptionTypeAdmin(UndeletableAdmin):
    fields = ("business_unit", *catalogue.TYPE_FIELDS, "position", "archived_at", "created_at")
    list_display = ("name", "business_unit", "purpose", "kind", "is_internal", "archived_at")
    list_filter = ("business_unit", "kind")
    list_select_related = ("business_unit",)
    search_fields = ("name",)
    ordering = ("business_unit__position", "business_unit__name", "position", "name")
    inlines = (TranslationInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Unit and language are chosen once."""
        always = ("position", "archived_at", "created_at")
        return always if obj is None else ("business_unit", "language", *always)

    def save_model(
        self, request: HttpRequest, obj: SubscriptionType, form: forms.ModelForm, change: bool
    ) -> None:
        """Save by the service, which writes down who changed what."""
        common: dict[str, Any] = {
            "user": _user(request),
            "now": timezone.now(),
            "values": form.cleaned_data,
            "translations": {},
        }
        if change:
            catalogue.change_subscription_type(subscription_type=obj, **common)
        else:
            unit = form.cleaned_data["business_unit"]
            obj.pk = catalogue.create_subscription_type(unit=unit, **common).pk


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "privacy",
        "only_person_resubscribes",
        "double_opt_in",
        "email_connected",
        "sms_connected",
        "whatsapp_connected",
        "changed_at",
        "changed_by",
    )
    list_select_related = ("changed_by",)


# --- people's choices: to be looked at, found by address or by id ---


class ByAddressAdmin(ReadOnlyAdmin):
    """Finds rows by an exact address or number, never by scanning."""

    search_fields = ("=pk",)
    search_help_text = _("An email address, a phone number with its prefix, or an id")
    address_field = "address_id"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(**{f"{self.address_field}__in": address_ids_of(term)})
        if term.isdecimal() and int(term) <= LARGEST_ID:
            found |= Q(pk=int(term)) | Q(**{self.address_field: int(term)})
        return queryset.filter(found), False


def address_ids_of(text: str) -> list[int]:
    """Return where this email address, or this number on SMS and on WhatsApp, would live."""
    places = []
    for channel in Channel:
        try:
            places.append((channel, canonical(channel, text, None)))
        except InvalidAddress:
            continue
    return [place.id for place in locate(places).values()] if places else []


@admin.register(Address)
class AddressAdmin(ByAddressAdmin):
    address_field = "pk"
    list_display = ("id", "channel", "canonical", "created_at", "erased_at", "undeliverable_at")
    exclude = ("key",)


@admin.register(Preference)
class PreferenceAdmin(ByAddressAdmin):
    list_display = ("address", "subscription_type", "status", "own_status", "ours_status")
    list_select_related = ("address", "subscription_type")


@admin.register(OptOut)
class OptOutAdmin(ByAddressAdmin):
    list_display = ("address", "business_unit", "status", "own_status", "ours_status")
    list_select_related = ("address", "business_unit")


@admin.register(PendingConfirmation)
class PendingConfirmationAdmin(ByAddressAdmin):
    list_display = ("address", "subscription_type", "requested_at", "expires_at")
    list_select_related = ("address", "subscription_type")


@admin.register(RepeatedWord)
class RepeatedWordAdmin(ByAddressAdmin):
    list_select_related = ("address",)
    list_display = ("address", "scope_kind", "scope_id", "source", "count", "last_said_at")


# --- the ledger ---


@admin.register(ConsentEvent)
class ConsentEventAdmin(ByAddressAdmin):
    list_display = (
        "id",
        "recorded_at",
        "address",
        "scope",
        "subscription_type",
        "business_unit",
        "status",
        "before",
        "after",
        "source",
        "actor_kind",
    )
    list_select_related = ("address", "subscription_type", "business_unit")
    exclude = ("digest", "evidence_digest")
    readonly_fields = ("digest_hex",)

    @admin.display(description=_("digest"))
    def digest_hex(self, event: ConsentEvent) -> str:
        return bytes(event.digest).hex()


@admin.register(Evidence)
class EvidenceAdmin(ReadOnlyAdmin):
    list_display = ("id", "created_at", "erased_at")
    exclude = ("salt",)


@admin.register(Seal)
class SealAdmin(ReadOnlyAdmin):
    list_display = ("number", "sealed_at", "first_id", "last_id", "count", "head_hex")
    exclude = ("root", "previous_head", "head")
    readonly_fields = ("root_hex", "head_hex")

    @admin.display(description=_("root"))
    def root_hex(self, seal: Seal) -> str:
        return bytes(seal.root).hex()

    @admin.display(description=_("head"))
    def head_hex(self, seal: Seal) -> str:
        return bytes(seal.head).hex()


@admin.register(Wording)
class WordingAdmin(ReadOnlyAdmin):
    list_display = ("kind", "language", "version", "created_at")
    list_filter = ("kind", "language")
    exclude = ("digest",)
    readonly_fields = ("digest_hex",)

    @admin.display(description=_("digest"))
    def digest_hex(self, wording: Wording) -> str:
        return bytes(wording.digest).hex()


def _user(request: HttpRequest) -> Any:
    return request.user
