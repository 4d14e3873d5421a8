"""The history of settings in words: {{ change.field|field_words }}, {{ change.after|value_words }}."""

import re

from django import template
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

register = template.Library()

FIELDS = {
    "all_units": _("All business units"),
    "archived": _("Archived"),
    "brand_colour": _("Brand colour"),
    "logo": _("Logo"),
    "choices": _("Choices"),
    "created": _("Created"),
    "default_language": _("Default language"),
    "default_region": _("Default region"),
    "description": _("Description"),
    "double_opt_in": _("Confirm by link"),
    "email": _("Email"),
    "email_connected": _("Email"),
    "frequencies": _("How often, at people's choice"),
    "is_active": _("Active"),
    "is_internal": _("Internal"),
    "kind": _("Kind"),
    "label": _("Label"),
    "language": _("Language"),
    "may_resubscribe": _("May resubscribe"),
    "name": _("Name"),
    "offered_on_email": _("Offered by email"),
    "offered_on_sms": _("Offered by SMS"),
    "offered_on_whatsapp": _("Offered by WhatsApp"),
    "only_person_resubscribes": _("Only the person can undo their own opt-out"),
    "password": _("Password"),
    "position": _("Order"),
    "postal_address": _("Postal address"),
    "privacy": _("Data privacy settings"),
    "purpose": _("Purpose"),
    "role": _("Role"),
    "second_person_approves": _("Second person approves"),
    "sender_email": _("Sender address"),
    "sender_name": _("Sender name"),
    "sms_connected": _("SMS"),
    "typed_number_over": _("Ask to type the number over"),
    "units": _("Business units"),
    "whatsapp_connected": _("WhatsApp"),
}
VALUES = {
    "yes": _("yes"),
    "no": _("no"),
    "on": pgettext_lazy("switch", "On"),
    "off": pgettext_lazy("switch", "Off"),
    "enforced": _("On and enforced"),
    "inherit": _("As set above"),
    "marketing": _("Marketing"),
    "service": _("Service (always sent)"),
    "daily": _("Once a day"),
    "weekly": _("Once a week"),
    "monthly": _("Once a month"),
    "viewer": _("Viewer"),
    "editor": _("Editor"),
    "administrator": _("Administrator"),
    "compliance": _("Compliance"),
    "link made": _("link made"),
    "set": _("set"),
}


@register.filter
def field_words(field: str) -> str:
    """Write the name of a setting; "name (pl)" keeps its language."""
    name, language = re.fullmatch(r"(\S+)( \(.+\))?", field).groups("")  # type: ignore[union-attr]
    return f"{FIELDS.get(name, name)}{language}"


@register.filter
def value_words(value: str) -> str:
    """Write a value; what is no known code is somebody's own text and stays as it is."""
    words = value.split(", ")
    if all(word in VALUES for word in words):
        return ", ".join(str(VALUES[word]) for word in words)
    return value
