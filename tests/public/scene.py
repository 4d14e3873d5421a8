"""What the tests of public pages say often: a person with a link, and a browser that knows nothing."""

import re
from urllib.parse import urlsplit

from django.test import Client
from django.utils import timezone

from preferences import links
from preferences.models import ConsentEvent, SubscriptionType
from preferences.values import Channel
from tests.factories import TypeFactory, UnitFactory
from tests.preferences.kernel import address

EMAIL = "ada@fernmoor.example"
ONE_CLICK = "List-Unsubscribe=One-Click"
URLENCODED = "application/x-www-form-urlencoded"


class Person:
    """One address, a unit with some types, and links of today."""

    def __init__(self, text: str = EMAIL, channel: Channel = Channel.EMAIL) -> None:
        self.now = timezone.now()
        self.unit = UnitFactory(
            name="Larkhill Stays",
            slug="larkhill",
            postal_address="14 Quay Lane, Dartmouth",
            sender_email="stay@larkhill.example",
            brand_colour="#0f5f75",
        )
        self.breaks = self.add_type("Last-minute breaks", description="Free nights this week")
        self.places = self.add_type("New places to stay")
        self.address_id = address(text, channel)
        self.client = stranger()

    def add_type(self, name: str, **fields: object) -> SubscriptionType:
        return TypeFactory(**{"name": name, "business_unit": self.unit, **fields})

    def unsubscribe_path(self, kind: SubscriptionType | None = None) -> str:
        type_id = (kind or self.breaks).pk
        return path_of(
            links.unsubscribe_link(
                address_id=self.address_id, unit_id=self.unit.pk, type_id=type_id
            )
        )

    def unit_path(self) -> str:
        return path_of(links.unsubscribe_link(address_id=self.address_id, unit_id=self.unit.pk))

    def preference_path(self) -> str:
        return path_of(
            links.preference_link(address_id=self.address_id, unit_id=self.unit.pk, now=self.now)
        )

    def events(self) -> list[ConsentEvent]:
        return list(ConsentEvent.objects.filter(address_id=self.address_id).order_by("id"))


def stranger(**headers: str) -> Client:
    """Return a client as strict as a browser: CSRF is checked wherever it is not switched off."""
    return Client(enforce_csrf_checks=True, headers=headers)


def path_of(url: str) -> str:
    return urlsplit(url).path


def hidden(html: str, name: str) -> list[str]:
    """Return the values of hidden fields of this name."""
    return re.findall(rf'type="hidden" name="{name}" value="([^"]*)"', html)


def text_of(response) -> str:
    """Return the words of a page, without its tags."""
    body = response.content.decode()
    body = body[body.index("<main") : body.index("</main>")]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())
