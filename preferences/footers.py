"""The footer kit: what the end of every message of a unit says, as HTML and as text.

Who sends, where they are, how to stop this and how to choose. For our own mails, for templates (tag
``message_footer``) and for sending systems that ask for it.
"""

from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import override

from preferences.links import links_for
from preferences.models import BusinessUnit, SubscriptionType
from preferences.texts import texts_for

EXAMPLE = "…"  # stands for the token in a preview


class Footer(NamedTuple):
    """The same words twice; ``html`` needs no style sheet and loads nothing."""

    html: str
    text: str


def footer_for(
    *, address_id: int, subscription_type: SubscriptionType, language: str, now: datetime
) -> Footer:
    """Return the footer of one message of this type to this address, with its personal links.

    A type that cannot be left on its own (internal, service) offers the choices alone.
    """
    links = links_for(address_id=address_id, subscription_type=subscription_type, now=now)
    name = texts_for([subscription_type.pk], language)[subscription_type.pk].name
    return _render(
        subscription_type.business_unit, language, name, links.preferences, links.unsubscribe
    )


def example_footer(unit: BusinessUnit, *, type_name: str, language: str) -> Footer:
    """Return the footer as it would look, with links that lead nowhere."""
    preferences = f"{settings.PUBLIC_URL}/p/{EXAMPLE}/"
    return _render(unit, language, type_name, preferences, f"{settings.PUBLIC_URL}/u/{EXAMPLE}/")


def _render(
    unit: BusinessUnit, language: str, type_name: str, preferences: str, unsubscribe: str | None
) -> Footer:
    values = {
        "unit": unit,
        "sender": unit.sender_name or unit.name,
        "type_name": type_name,
        "preferences": preferences,
        "unsubscribe": unsubscribe,
        "language": language,
    }
    with override(language):
        return Footer(
            render_to_string("preferences/email/footer/body.html", values).strip(),
            render_to_string("preferences/email/footer/body.txt", values).strip() + "\n",
        )
