"""Rows that tests are about; consent is never made here but through the door."""

from datetime import UTC, datetime

import factory
from factory.django import DjangoModelFactory

from accounts.models import Role, User
from contacts.models import Contact, CustomProperty
from contacts.services import AddressWish, ContactFields, create_contact
from preferences.models import BusinessUnit, SubscriptionType
from preferences.values import Channel

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class UserFactory(DjangoModelFactory):
    """A member of staff; ``units=[...]`` limits the reach to these."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"user{n}@fernmoor.example")
    name = factory.Sequence(lambda n: f"User {n}")
    role = Role.EDITOR
    all_units = True

    @factory.post_generation
    def units(self, create, extracted, **kwargs):
        if extracted is not None:
            self.units.set(extracted)
            self.all_units = False
            self.save(update_fields=["all_units"])


class UnitFactory(DjangoModelFactory):
    class Meta:
        model = BusinessUnit

    name = factory.Sequence(lambda n: f"Unit {n}")
    slug = factory.Sequence(lambda n: f"unit-{n}")
    position = factory.Sequence(int)


class TypeFactory(DjangoModelFactory):
    class Meta:
        model = SubscriptionType

    business_unit = factory.SubFactory(UnitFactory)
    name = factory.Sequence(lambda n: f"Type {n}")
    position = factory.Sequence(int)


class CustomPropertyFactory(DjangoModelFactory):
    class Meta:
        model = CustomProperty

    name = factory.Sequence(lambda n: f"Property {n}")
    internal_name = factory.Sequence(lambda n: f"property_{n}")


def make_contact(
    *emails: str,
    units=(),
    sms: str = "",
    whatsapp: str = "",
    user: User | None = None,
    now: datetime = NOW,
    **fields,
) -> Contact:
    """Create a contact through the service; the first email is the primary one."""
    wishes = [AddressWish(Channel.EMAIL, email) for email in emails]
    wishes += [AddressWish(Channel.SMS, sms)] if sms else []
    wishes += [AddressWish(Channel.WHATSAPP, whatsapp)] if whatsapp else []
    return create_contact(
        fields=ContactFields(unit_ids=frozenset(unit.pk for unit in units), **fields),
        addresses=wishes,
        user=user or User(is_active=True, all_units=True),
        now=now,
    )
