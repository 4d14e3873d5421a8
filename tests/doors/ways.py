"""The ways in: each takes a wish of somebody, as that way hears it, to the door."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.bulk.edit import InvalidBulkEdit
from contacts.models import Contact
from preferences.links import preference_link, undo_token, unsubscribe_link
from preferences.models import ConsentEvent, SubscriptionType
from preferences.situations import scope_of
from preferences.values import ACCOUNT, Act, LegalBasis, Scope, Source, Wish, Word
from tests.contacts.bulk_scene import edit_now, opting
from tests.factories import UserFactory, make_contact
from tests.preferences.kernel import IN, NONE, OUT, act, fact, news, of, ours, own, unit_of
from tests.public.scene import path_of

HOUR = timedelta(hours=1)


class World:
    """One contact with one address, and one subscription type."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self.type: SubscriptionType = news()
        self.staff = UserFactory(may_resubscribe=True)
        self.contact: Contact = make_contact("ada@fernmoor.example", user=self.staff, now=self.now)
        self.address_id: int = self.contact.contact_addresses.get().address_id

    def change_type(self, **fields: object) -> None:
        SubscriptionType.objects.filter(pk=self.type.pk).update(**fields)

    def given(self, wish: Wish) -> None:
        act(self.address_id, wish, at=self.now - HOUR)

    @property
    def type_scope(self) -> Scope:
        return of(self.type)

    @property
    def unit_scope(self) -> Scope:
        return unit_of(self.type)

    @property
    def link(self) -> dict[str, int]:
        """Return what every personal link of theirs names."""
        return {"address_id": self.address_id, "unit_id": self.type.business_unit_id}

    def last_event(self) -> ConsentEvent:
        return ConsentEvent.objects.latest("id")


# --- what may have been said before ---------------------------------------------------------------------

GIVEN: dict[str, Callable[[World], None]] = {
    "nothing": lambda w: None,
    "we opted in": lambda w: w.given(ours(w.type_scope, IN)),
    "we opted out": lambda w: w.given(ours(w.type_scope, OUT)),
    "they opted in": lambda w: w.given(own(w.type_scope, IN)),
    "they opted out": lambda w: w.given(own(w.type_scope, OUT)),
    "we closed the unit": lambda w: w.given(ours(w.unit_scope, OUT)),
    "they closed the unit": lambda w: w.given(own(w.unit_scope, OUT)),
    "a workflow closed all": lambda w: w.given(ours(ACCOUNT, OUT, Source.WORKFLOW)),
    "they closed all": lambda w: w.given(own(ACCOUNT, OUT)),
    "archived": lambda w: w.change_type(archived_at=w.now),
    "internal": lambda w: w.change_type(is_internal=True),
    "service": lambda w: w.change_type(kind="service"),
    "asks to confirm": lambda w: w.change_type(double_opt_in="on"),
    "erased": lambda w: w.given(fact(Act.ERASE)),
}


# --- through the service --------------------------------------------------------------------------------


def by_service(source: Source, word: Word = Word.OURS) -> Callable[[World, str], None]:
    """Return the way in that hands a change of this source to the service itself."""

    def ask(world: World, intent: str) -> None:
        act(world.address_id, wish_of(world, intent, source, word), at=world.now)

    return ask


def wish_of(world: World, intent: str, source: Source, word: Word) -> Wish:
    if intent == "undo":
        event = world.last_event()
        return Wish(scope=scope_of(event), source=source, act=Act.UNDO, undoes=event.pk, word=word)
    scope, status = {
        "opt in": (world.type_scope, IN),
        "opt out": (world.type_scope, OUT),
        "not opted": (world.type_scope, NONE),
        "close unit": (world.unit_scope, OUT),
        "close all": (ACCOUNT, OUT),
        "open unit": (world.unit_scope, IN),
        "open all": (ACCOUNT, IN),
        "lift and opt in": (world.type_scope, IN),
    }[intent]
    if word is Word.OWN:
        return own(scope, status, source)
    return ours(
        scope,
        status,
        source,
        lift=intent == "lift and opt in",
        asked_on=timezone.localdate() if status is IN and not scope.is_wide else None,
    )


# --- the record panel, over HTTP --------------------------------------------------------------------------


def by_panel(world: World, intent: str) -> None:
    """Post what the buttons and dialogs of the record panel post."""
    client = Client()
    client.force_login(world.staff)
    row = {"address": world.address_id, "type": world.type.pk}
    grounds = {
        "types": [world.type.pk],
        "legal_basis": LegalBasis.CONSENT_WITH_NOTICE.value,
        "explanation": "Asked at the counter",
        "asked_on": timezone.localdate().isoformat(),
        "processing": LegalBasis.LEGITIMATE_INTEREST_CLIENT.value,
    }
    unit_id = world.type.business_unit_id
    name, data = {
        "opt in": ("subscribe", row | grounds),
        "lift and opt in": ("resubscribe", row | grounds | {"lift": "on"}),
        "opt out": ("unsubscribe", row),
        "close unit": ("unsubscribe_all", {"unit": unit_id, "addresses": [world.address_id]}),
        "close all": ("unsubscribe_all", {"unit": "", "addresses": [world.address_id]}),
        "open unit": ("lift", {"standing": f"{world.address_id}-{unit_id}"}),
        "open all": ("lift", {"standing": f"{world.address_id}-all"}),
        "undo": ("undo", {"event": world.last_event().pk if intent == "undo" else ""}),
    }[intent]
    response = client.post(reverse(f"contact_{name}", args=[world.contact.pk]), data)
    assert response.status_code in (200, 302, 404, 422), response.content


# --- public pages, over HTTP ------------------------------------------------------------------------------


def by_page(world: World, intent: str) -> None:
    """Post what the person's own page posts; Undo as the page that follows the act would."""
    path = path_of(preference_link(**world.link, now=timezone.now()))
    type_id, unit_id = world.type.pk, world.type.business_unit_id
    if intent == "undo":
        event = world.last_event().pk
        token = undo_token(address_id=world.address_id, event_id=event, now=timezone.now())
        path, data = f"{path}undo/", {"event": token}
    else:
        data = {
            "opt in": {"shown": f"{type_id}:0", "types": type_id},
            "lift and opt in": {"shown": f"{type_id}:0", "types": type_id},
            "opt out": {"shown": f"{type_id}:1"},
            "close unit": {"leave": unit_id},
            "close all": {"leave": "all"},
            "open unit": {"come_back": unit_id},
            "open all": {"come_back": "all"},
        }[intent]
    response = Client(enforce_csrf_checks=True).post(path, data)
    assert response.status_code in (200, 400, 409), response.content


def by_one_click(world: World, intent: str) -> None:
    """Post what a mail program posts to the URL of List-Unsubscribe (RFC 8058)."""
    type_id = world.type.pk if intent == "opt out" else None
    path = path_of(unsubscribe_link(**world.link, type_id=type_id))
    body = {"List-Unsubscribe": "One-Click"}
    response = Client(enforce_csrf_checks=True).post(path, body)
    assert response.status_code in (200, 409), response.content


# --- a bulk edit, run as a job ----------------------------------------------------------------------------


def by_job(world: World, intent: str) -> None:
    """Start a bulk edit of the contact and let a worker run it; what cannot start writes nothing."""
    status = {"opt out": OUT, "not opted": NONE}.get(intent, IN)
    edit = opting(status, world.type, lift=intent == "lift and opt in")
    with suppress(InvalidBulkEdit):
        edit_now(edit, world.staff, now=world.now)


# --- all of them ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Way:
    """``column``: of the table of what is expected; ways that share one must do the same."""

    column: str
    source: Source
    ask: Callable[[World, str], None]
    cannot: frozenset[str] = frozenset()


INTENTS = frozenset(
    {
        *("opt in", "opt out", "not opted", "lift and opt in", "undo"),
        *("close unit", "close all", "open unit", "open all"),
    }
)


def service_way(column: str, source: Source, word: Word = Word.OURS) -> Way:
    return Way(column, source, by_service(source, word))


WAYS: dict[str, Way] = {
    "record panel": service_way("panel", Source.RECORD_PANEL),
    "record panel over HTTP": Way(
        "panel", Source.RECORD_PANEL, by_panel, cannot=frozenset({"not opted"})
    ),
    "bulk edit": service_way("bulk", Source.BULK_EDIT),
    "bulk edit as a job": Way(
        "bulk",
        Source.BULK_EDIT,
        by_job,
        cannot=frozenset({"close unit", "close all", "open unit", "open all", "undo"}),
    ),
    "workflow": service_way("flow", Source.WORKFLOW),
    "import": service_way("import", Source.IMPORT),
    "import of their word": service_way("file", Source.IMPORT, Word.OWN),
    "API v3": service_way("v3", Source.API_V3),
    "API v4": service_way("v4", Source.API_V4),
    "API v4 relaying them": service_way("relay", Source.API_V4, Word.OWN),
    "preference page": service_way("page", Source.PREFERENCE_PAGE, Word.OWN),
    "preference page over HTTP": Way(
        "page", Source.PREFERENCE_PAGE, by_page, cannot=frozenset({"not opted"})
    ),
    "confirmation": service_way("page", Source.CONFIRMATION, Word.OWN),
    "SMS keyword": service_way("page", Source.SMS_KEYWORD, Word.OWN),
    "WhatsApp": service_way("page", Source.WHATSAPP, Word.OWN),
    "one-click": service_way("click", Source.ONE_CLICK, Word.OWN),
    "one-click over HTTP": Way(
        "click",
        Source.ONE_CLICK,
        by_one_click,
        cannot=INTENTS - {"opt out", "close unit"},
    ),
    "provider feedback": service_way("click", Source.PROVIDER_FEEDBACK, Word.OWN),
}
