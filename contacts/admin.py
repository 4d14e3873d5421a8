"""Administration of contacts: to be looked at. They are changed on their own screens.

Units, counts and search words of a contact follow it by the services, never by a form here.
"""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from contacts.models import Contact, ContactAddress, CustomProperty, SavedView
from preferences.admin import ByAddressAdmin
from subscriptions_site.web.admin import ReadOnlyAdmin


class ContactAddressInline(admin.TabularInline):
    model = ContactAddress
    fields = ("channel", "address", "is_primary", "position")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Contact)
class ContactAdmin(ByAddressAdmin):
    address_field = "contact_addresses__address_id"
    list_display = ("id", "first_name", "last_name", "company", "created_at", "deleted_at")
    exclude = ("sort_name", "search_text")
    inlines = (ContactAddressInline,)


@admin.register(CustomProperty)
class CustomPropertyAdmin(ReadOnlyAdmin):
    list_display = ("name", "internal_name", "kind", "archived_at")


@admin.register(SavedView)
class SavedViewAdmin(ReadOnlyAdmin):
    list_display = ("name", "owner", "is_shared", "changed_at")
    list_select_related = ("owner",)
