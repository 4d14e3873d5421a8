"""Rights in templates: {% load access %}{% may request.user "edit" as can_edit %}."""

from typing import Any

from django import template

from accounts.access import Right
from accounts.access import may as user_may

register = template.Library()


@register.simple_tag
def may(user: Any, right: str) -> bool:
    """Tell whether a user holds a right, so that a page offers only what would be allowed."""
    return user_may(user, Right(right))
