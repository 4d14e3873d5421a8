"""The secondary navigation of the settings."""

from typing import Any

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag(takes_context=True)
def side_link(context: dict[str, Any], url_name: str, label: Any) -> SafeString:
    """Draw one entry, current on its own page and those below; nothing while it has no page."""
    try:
        url = reverse(url_name)
    except NoReverseMatch:
        return SafeString("")
    request = context.get("request")
    is_current = request is not None and request.path.startswith(url)
    current = SafeString(' aria-current="page"') if is_current else ""
    return format_html('<a href="{}"{}>{}</a>', url, current, label)
