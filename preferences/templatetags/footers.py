"""Template tags of the footer kit."""

from datetime import datetime

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from preferences.footers import Footer, example_footer, footer_for
from preferences.models import BusinessUnit, SubscriptionType

register = template.Library()


@register.simple_tag
def message_footer(
    address_id: int, subscription_type: SubscriptionType, language: str, now: datetime
) -> SafeString:
    """Write the HTML footer of one message."""
    footer = footer_for(
        address_id=address_id, subscription_type=subscription_type, language=language, now=now
    )
    return SafeString(footer.html)


@register.simple_tag
def message_footer_text(
    address_id: int, subscription_type: SubscriptionType, language: str, now: datetime
) -> str:
    """Write the footer of one message as text."""
    footer = footer_for(
        address_id=address_id, subscription_type=subscription_type, language=language, now=now
    )
    return footer.text


@register.simple_tag
def footer_preview(unit: BusinessUnit) -> Footer:
    """Return the footer of a unit as an example in the reader's language, for its settings."""
    shown = example_footer(
        unit, type_name=_("Name of the type"), language=get_language() or unit.default_language
    )
    return Footer(SafeString(shown.html), shown.text)
