"""The made-up company: its business units, what they send, its staff, its own properties."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from accounts.demo import PEOPLE, create_demo_users
from accounts.models import User
from contacts.demo.logos import draw_logo
from contacts.models import CustomProperty
from preferences.access import actor_for
from preferences.catalogue import (
    Text,
    archive_subscription_type,
    create_business_unit,
    create_subscription_type,
)
from preferences.logos import set_logo
from preferences.models import BusinessUnit, DoubleOptIn, SubscriptionType
from preferences.policy import change_policy
from preferences.values import (
    PERSON,
    SYSTEM,
    Actor,
    ActorKind,
    Channel,
    Frequency,
    Privacy,
    Scope,
    type_scope,
    unit_scope,
)

BEGAN_DAYS_AGO = 760  # when the company began to use the product
ARCHIVED_DAYS_AGO = 95
EMAIL, SMS, WHATSAPP = Channel
HOW_OFTEN = (Frequency.WEEKLY, Frequency.MONTHLY)
_POSTAL = "Fernmoor Group Ltd, 14 Quay Lane, Dartmouth TQ6 9XX, United Kingdom"


class Unit(NamedTuple):
    key: str
    name: str
    sender_email: str
    brand_colour: str
    mark: str = ""  # of its logo, "leaf" or "house"; without one its name stands there


class Kind(NamedTuple):
    """A subscription type; ``unit`` is the key of its business unit."""

    key: str
    unit: str
    channel: Channel
    name: str
    description: str
    purpose: str
    polish: Text
    german: Text
    special: str = ""  # service, internal, archived or double (confirm by link)
    how_often: bool = False  # people may choose once a week or once a month at most


UNITS = (
    Unit("garden", "Fernmoor Garden Co.", "hello@garden.fernmoor.example", "#2b6a3f", "leaf"),
    Unit("kitchens", "Copperleaf Kitchens", "studio@copperleaf.example", "#96411c"),
    Unit("stays", "Larkhill Stays", "stay@larkhill.example", "#0f5f75", "house"),
)

TYPES = (
    Kind(
        "guide",
        "garden",
        EMAIL,
        "Monthly garden guide",
        "One email a month with jobs for the season",
        "Newsletter",
        Text("Miesięczny poradnik ogrodnika", "Jeden e-mail w miesiącu z pracami na dany sezon"),
        Text("Monatlicher Gartenratgeber", "Einmal im Monat, was jetzt im Garten zu tun ist"),
    ),
    Kind(
        "offers",
        "garden",
        EMAIL,
        "Offers and seasonal sales",
        "Sales, bulb weeks and member prices",
        "Promotion",
        Text("Oferty i wyprzedaże sezonowe", "Wyprzedaże, tygodnie cebulek i ceny dla członków"),
        Text("Angebote und Saisonverkauf", "Rabatte, Zwiebelwochen und Mitgliederpreise"),
        how_often=True,
    ),
    Kind(
        "workshops",
        "garden",
        EMAIL,
        "Workshops and events",
        "Courses and open days near you",
        "Events",
        Text("Warsztaty i wydarzenia", "Kursy i dni otwarte w Twojej okolicy"),
        Text("Workshops und Veranstaltungen", "Kurse und offene Gärten in Ihrer Nähe"),
        how_often=True,
    ),
    Kind(
        "surveys",
        "garden",
        EMAIL,
        "Feedback surveys",
        "Short questions after an order",
        "Survey",
        Text("Ankiety", "Krótkie pytania po zamówieniu"),
        Text("Umfragen", "Kurze Fragen nach einer Bestellung"),
        "double",
    ),
    Kind(
        "orders",
        "garden",
        EMAIL,
        "Order and delivery updates",
        "Sent for every order",
        "Service",
        Text("Informacje o zamówieniu i dostawie", "Wysyłane przy każdym zamówieniu"),
        Text("Bestell- und Lieferstatus", "Zu jeder Bestellung"),
        "service",
    ),
    Kind(
        "delivery",
        "garden",
        SMS,
        "Delivery texts",
        "A text when the van is near",
        "Service",
        Text("SMS-y o dostawie", "SMS, gdy kurier jest w pobliżu"),
        Text("Liefer-SMS", "Eine SMS, wenn der Wagen in der Nähe ist"),
    ),
    Kind(
        "reminders",
        "garden",
        SMS,
        "Workshop reminders",
        "A text the day before",
        "Events",
        Text("Przypomnienia o warsztatach", "SMS dzień wcześniej"),
        Text("Workshop-Erinnerungen", "Eine SMS am Tag davor"),
    ),
    Kind(
        "bulbs",
        "garden",
        EMAIL,
        "Spring bulb club",
        "The club closed in summer",
        "Newsletter",
        Text("Klub cebulek wiosennych", "Klub zakończył działalność latem"),
        Text("Frühlingszwiebel-Club", "Der Club endete im Sommer"),
        "archived",
    ),
    Kind(
        "tests",
        "garden",
        EMAIL,
        "Seed list tests",
        "Test messages to our own addresses",
        "Operation",
        Text("Testy wysyłki", "Wiadomości testowe na nasze adresy"),
        Text("Testversand", "Testnachrichten an eigene Adressen"),
        "internal",
    ),
    Kind(
        "ideas",
        "kitchens",
        EMAIL,
        "Design ideas newsletter",
        "Two emails a month",
        "Newsletter",
        Text("Newsletter z inspiracjami", "Dwa e-maile w miesiącu"),
        Text("Newsletter mit Ideen", "Zweimal im Monat"),
    ),
    Kind(
        "showroom",
        "kitchens",
        EMAIL,
        "Showroom invitations",
        "Openings and previews",
        "Sales",
        Text("Zaproszenia do salonu", "Otwarcia i pokazy przedpremierowe"),
        Text("Einladungen in die Ausstellung", "Eröffnungen und Vorschauen"),
    ),
    Kind(
        "care",
        "kitchens",
        EMAIL,
        "Care and maintenance tips",
        "Four emails a year",
        "Service",
        Text("Porady o pielęgnacji", "Cztery e-maile w roku"),
        Text("Pflegetipps", "Viermal im Jahr"),
    ),
    Kind(
        "appointments",
        "kitchens",
        SMS,
        "Appointment reminders",
        "A text the day before",
        "Service",
        Text("Przypomnienia o wizycie", "SMS dzień wcześniej"),
        Text("Terminerinnerungen", "Eine SMS am Tag davor"),
    ),
    Kind(
        "breaks",
        "stays",
        EMAIL,
        "Last-minute breaks",
        "Free nights this week, at a lower price",
        "Promotion",
        Text("Wyjazdy last minute", "Wolne noce w tym tygodniu, taniej"),
        Text("Last-Minute-Auszeiten", "Freie Nächte dieser Woche, günstiger"),
        how_often=True,
    ),
    Kind(
        "places",
        "stays",
        EMAIL,
        "New places to stay",
        "When a new cottage or barn opens",
        "Marketing",
        Text("Nowe miejsca noclegowe", "Gdy otwieramy nowy domek lub stodołę"),
        Text("Neue Unterkünfte", "Wenn ein neues Haus öffnet"),
        how_often=True,
    ),
    Kind(
        "guests",
        "stays",
        EMAIL,
        "Guest surveys",
        "One email after a stay",
        "Survey",
        Text("Ankiety dla gości", "Jeden e-mail po pobycie"),
        Text("Gästeumfragen", "Eine E-Mail nach dem Aufenthalt"),
    ),
    Kind(
        "bookings",
        "stays",
        EMAIL,
        "Booking updates",
        "Sent for every booking",
        "Service",
        Text("Informacje o rezerwacji", "Wysyłane przy każdej rezerwacji"),
        Text("Buchungsstatus", "Zu jeder Buchung"),
        "service",
    ),
    Kind(
        "directions",
        "stays",
        WHATSAPP,
        "Stay reminders",
        "Directions and door codes, the day before you arrive",
        "Service",
        Text("Przypomnienia o pobycie", "Dojazd i kody do drzwi, dzień przed przyjazdem"),
        Text("Anreise-Erinnerungen", "Anfahrt und Türcodes am Tag davor"),
    ),
)

PROPERTIES = (
    ("garden_optional_extras", "Garden: Optional extras", CustomProperty.Kind.TEXT, ()),
    ("orders_placed", "Orders placed", CustomProperty.Kind.NUMBER, ()),
    ("customer_since", "Customer since", CustomProperty.Kind.DATE, ()),
    (
        "delivery_options",
        "Delivery options",
        CustomProperty.Kind.CHOICE,
        ("Leave with neighbour", "Leave in porch", "Hand over in person", "Collect"),
    ),
    ("trade_customer", "Trade customer", CustomProperty.Kind.YES_NO, ()),
)


@dataclass(frozen=True, slots=True)
class Company:
    """What the histories need of the company. Units, types and staff by key."""

    units: dict[str, int]
    types: dict[str, int]
    staff: dict[str, User]
    began_at: datetime

    def scope(self, key: str) -> Scope:
        """Return the scope of a type, or of a business unit."""
        return type_scope(self.types[key]) if key in self.types else unit_scope(self.units[key])

    def actors(self) -> dict[str, Actor]:
        """Return who may act in a history, by name."""
        return {name: actor_for(user) for name, user in self.staff.items()} | {
            "person": PERSON,
            "system": SYSTEM,
            "workflow": Actor(ActorKind.WORKFLOW),
            "api": Actor(ActorKind.API_KEY, may_resubscribe=True),
            "provider": Actor(ActorKind.PROVIDER),
        }


def create_company(*, now: datetime, password: str | None) -> Company:
    """Create units, types, policy, staff and properties, as if long before ``now``."""
    began_at = now - timedelta(days=BEGAN_DAYS_AGO)
    staff = {user.name.split()[0].lower(): user for user in create_demo_users(password=password)}
    ruth = staff["ruth"]
    change_policy(
        user=ruth,
        now=began_at,
        privacy=Privacy.ON.code,
        email_connected=True,
        sms_connected=True,
        whatsapp_connected=True,
    )
    units = {unit.key: _create_unit(unit, ruth, began_at) for unit in UNITS}
    types = {kind.key: _create_type(kind, units[kind.unit], ruth, began_at) for kind in TYPES}
    staff["tom"].units.set([units["garden"], units["stays"]])
    staff["lena"].units.set([units["garden"]])
    for position, (internal_name, name, kind, choices) in enumerate(PROPERTIES):
        CustomProperty.objects.create(
            internal_name=internal_name,
            name=name,
            kind=kind,
            choices=list(choices),
            position=position,
        )
    return Company(
        {key: unit.pk for key, unit in units.items()},
        {key: found.pk for key, found in types.items()},
        staff,
        began_at,
    )


def load_company(*, now: datetime) -> Company:
    """Return the company that was created before; raises KeyError or DoesNotExist if it was not."""
    names = {unit.name: unit.key for unit in UNITS}
    found = BusinessUnit.objects.filter(name__in=names)
    units = {names[unit.name]: unit.pk for unit in found}
    keys = {(units[kind.unit], kind.name): kind.key for kind in TYPES}
    types = {
        keys[one.business_unit_id, one.name]: one.pk
        for one in SubscriptionType.objects.all()
        if (one.business_unit_id, one.name) in keys
    }
    staff = {
        user.name.split()[0].lower(): user
        for user in User.objects.filter(email__in=[email for email, *_ in PEOPLE])
    }
    return Company(units, types, staff, now - timedelta(days=BEGAN_DAYS_AGO))


def archive_old_types(company: Company, *, now: datetime) -> None:
    """Archive what is no longer sent; before that, people could still opt in to it."""
    for kind in TYPES:
        if kind.special == "archived":
            archive_subscription_type(
                subscription_type=SubscriptionType.objects.get(pk=company.types[kind.key]),
                user=company.staff["ruth"],
                now=now - timedelta(days=ARCHIVED_DAYS_AGO),
            )


def _create_unit(unit: Unit, user: User, now: datetime) -> BusinessUnit:
    values = {
        "name": unit.name,
        "sender_name": unit.name,
        "sender_email": unit.sender_email,
        "postal_address": _POSTAL,
        "default_region": "GB",
        "default_language": "en",
        "brand_colour": unit.brand_colour,
    }
    created = create_business_unit(user=user, now=now, values=values)
    if unit.mark:
        logo = draw_logo(unit.mark, unit.brand_colour, unit.name)
        created = set_logo(unit=created, logo=logo, user=user, now=now)
    return created


def _create_type(kind: Kind, unit: BusinessUnit, user: User, now: datetime) -> SubscriptionType:
    values = {
        "name": kind.name,
        "description": kind.description,
        "language": "en",
        "purpose": kind.purpose,
        "kind": SubscriptionType.Kind.SERVICE
        if kind.special == "service"
        else SubscriptionType.Kind.MARKETING,
        "offered_on_email": kind.channel is EMAIL,
        "offered_on_sms": kind.channel is SMS,
        "offered_on_whatsapp": kind.channel is WHATSAPP,
        "is_internal": kind.special == "internal",
        "frequencies": ", ".join(HOW_OFTEN) if kind.how_often else "",
        "double_opt_in": DoubleOptIn.ON if kind.special == "double" else DoubleOptIn.INHERIT,
    }
    texts = {"pl": kind.polish, "de": kind.german}
    return create_subscription_type(
        unit=unit, user=user, now=now, values=values, translations=texts
    )
