"""A contact with subscriptions, made through the door, for the tests of the side panel."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from accounts.models import Role, User
from contacts.models import Contact
from contacts.services import AddressWish, ContactFields, create_contact
from preferences.access import actor_for
from preferences.models import Address, BusinessUnit, PolicyVersion, SubscriptionType
from preferences.services import apply_changes
from preferences.values import (
    PERSON,
    Act,
    Actor,
    Change,
    Channel,
    LegalBasis,
    Privacy,
    Result,
    Scope,
    Source,
    Status,
    Wish,
    Word,
    type_scope,
)
from tests.conftest import make_user

IN, OUT, NONE = Status.SUBSCRIBED, Status.UNSUBSCRIBED, Status.NOT_SPECIFIED
EMAIL, SMS = Channel.EMAIL, Channel.SMS


def set_policy(privacy: Privacy = Privacy.ON, **fields: object) -> PolicyVersion:
    return PolicyVersion.objects.create(
        privacy=privacy.code, sms_connected=True, changed_at=timezone.now(), **fields
    )


def make_unit(name: str, **fields: object) -> BusinessUnit:
    slug = name.lower().replace(" ", "-")
    return BusinessUnit.objects.create(name=name, slug=slug, **fields)


def make_type(unit: BusinessUnit, name: str, **fields: object) -> SubscriptionType:
    return SubscriptionType.objects.create(business_unit=unit, name=name, **fields)


class Scene:
    """Garden and Stays, four types, and Amara with two e-mail addresses and a phone."""

    def __init__(self, addresses: Sequence[AddressWish] | None = None) -> None:
        self.policy = set_policy()
        self.garden = make_unit("Garden", position=1)
        self.stays = make_unit("Stays", position=2)
        self.guide = make_type(self.garden, "Garden guide", position=1)
        self.offers = make_type(self.garden, "Offers", position=2, offered_on_sms=True)
        self.orders = make_type(self.garden, "Orders", position=3, kind="service")
        self.breaks = make_type(self.stays, "Last-minute breaks")
        self.editor = make_user(Role.EDITOR, name="Tom Birch")
        self.now = timezone.now()
        self.contact = self.add_contact("Amara", addresses)

    def add_contact(
        self, first_name: str, addresses: Sequence[AddressWish] | None = None
    ) -> Contact:
        wishes = addresses or [
            AddressWish(EMAIL, "amara@okafor.example", is_primary=True),
            AddressWish(SMS, "+447700900142"),
        ]
        fields = ContactFields(
            first_name=first_name,
            last_name="Okafor",
            unit_ids=frozenset({self.garden.pk, self.stays.pk}),
        )
        return create_contact(fields=fields, addresses=wishes, user=self.editor, now=self.now)

    @property
    def email(self) -> Address:
        return Address.objects.get(canonical="amara@okafor.example")

    @property
    def phone(self) -> Address:
        return Address.objects.get(canonical="+447700900142", channel=SMS.code)

    def garden_editor(self, **fields: object) -> User:
        user = make_user(
            Role.EDITOR, email="garden@fernmoor.example", name="Ellie", all_units=False, **fields
        )
        user.units.add(self.garden)
        return user

    def say(
        self,
        scope: SubscriptionType | Scope,
        status: Status = OUT,
        *,
        address: Address | None = None,
        ago: timedelta = timedelta(0),
        actor: Actor | None = None,
        **wish: object,
    ) -> Result:
        """Let staff say something on the record panel; see ``person_says`` for the person."""
        if isinstance(scope, SubscriptionType):
            scope = type_scope(scope.pk)
        grounds = {
            "legal_basis": LegalBasis.CONSENT_WITH_NOTICE,
            "explanation": "Said so on the phone",
        }
        values = {"source": Source.RECORD_PANEL, **(grounds if status is IN else {}), **wish}
        change = Change((address or self.email).pk, Wish(scope=scope, status=status, **values))
        actor = actor or actor_for(self.editor)
        return apply_changes(changes=[change], actor=actor, now=timezone.now() - ago)[0]

    def person_says(
        self, scope: SubscriptionType | Scope, status: Status = OUT, **values: object
    ) -> Result:
        wish = {"source": Source.PREFERENCE_PAGE, "word": Word.OWN, **values}
        return self.say(
            scope, status, actor=PERSON, **{"legal_basis": None, "explanation": "", **wish}
        )


def status_of(address: Address, kind: SubscriptionType) -> Status:
    """Return what counts, by the one resolver."""
    from preferences import selectors
    from preferences.rules import effective

    said = selectors.states_for([address.pk])
    return effective(
        selectors.state_of(said, address.pk, type_id=kind.pk, unit_id=kind.business_unit_id)
    ).status


__all__ = ["UTC", "Act", "Scene", "datetime", "make_type", "make_unit", "set_policy", "status_of"]
