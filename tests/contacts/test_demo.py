"""The demonstration: made-up people only, every way of consent, and never a second time."""

import unicodedata
from collections import Counter
from datetime import UTC, datetime
from urllib.parse import urlsplit

import phonenumbers
import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.access import Reach
from accounts.demo import PASSWORD, PEOPLE
from accounts.models import Role, User
from contacts.demo import loading
from contacts.demo.company import TYPES, UNITS, load_company
from contacts.demo.featured import ROWS
from contacts.demo.loading import load_demo
from contacts.demo.names import PLACES, naming
from contacts.demo.people import person
from contacts.demo.timeline import Timeline
from contacts.models import Contact, ContactAddress, CustomProperty, SavedView
from preferences.addresses import canonical
from preferences.links import preference_link
from preferences.models import (
    Address,
    BusinessUnit,
    ConsentEvent,
    OptOut,
    Pause,
    PendingConfirmation,
    Preference,
    SubscriptionType,
)
from preferences.rebuilding import differences
from preferences.rules import effective
from preferences.suspected import SuspectedFilter, count_suspected, suspected_events
from preferences.suspicion import read_reasons
from preferences.values import NO_WORDS, Act, Channel, Flag, Source, State, Status
from preferences.verification import verify_ledger

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
COUNT = 600


def load(count: int, now: datetime = NOW, password: str | None = PASSWORD) -> loading.Loaded:
    return load_demo(count=count, now=now, password=password, workers=1, report=lambda _: None)


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    """The demonstration, loaded once for all tests of this file and taken back afterwards."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield load(COUNT)
        transaction.set_rollback(True)


# --- who they are ---


def test_no_two_contacts_have_the_same_address():
    made = [naming(number) for number in range(60_000)]
    assert len({one.email for one in made}) == len(made)
    assert len({one.phone for one in made}) == len(made)


def test_addresses_are_canonical_and_lead_to_nobody():
    for number in range(0, 40_000, 13):
        made = naming(number)
        assert made.email.endswith(".example")
        assert canonical(Channel.EMAIL, made.email) == made.email
        assert canonical(Channel.SMS, made.phone) == made.phone
        assert not phonenumbers.is_valid_number(phonenumbers.parse(made.phone))


def test_featured_people_have_domains_of_their_own():
    domains = {row.email.partition("@")[2].partition(".")[0] for row in ROWS}
    assert len({row.email for row in ROWS}) == len(ROWS)
    assert not domains & {name for place in PLACES for name in place.providers.split(",")}


def test_names_come_in_many_alphabets():
    made = [naming(number) for number in range(1000)]
    scripts = Counter(unicodedata.name(one.first.text[0]).split()[0] for one in made)
    assert {"LATIN", "CYRILLIC", "GREEK", "HEBREW", "ARABIC", "DEVANAGARI", "CJK"} <= set(scripts)


def test_a_contact_is_the_same_whoever_is_made_before(demo):
    company = load_company(now=NOW)
    alone = person(4321, company, NOW)
    person(17, company, NOW)
    assert person(4321, company, NOW) == alone


# --- what there is ---


def test_the_company_has_what_the_screens_show(demo):
    assert BusinessUnit.objects.count() == len(UNITS) == 3
    assert SubscriptionType.objects.count() == len(TYPES)
    assert SubscriptionType.objects.exclude(archived_at=None).count() == 1
    assert SubscriptionType.objects.filter(is_internal=True).count() == 1
    for found in SubscriptionType.objects.prefetch_related("translations"):
        assert {text.language for text in found.translations.all()} == {"pl", "de"}
    assert set(CustomProperty.objects.values_list("kind", flat=True)) == set(CustomProperty.Kind)


def test_its_views_open_as_they_are_meant(demo, client):
    ruth = User.objects.get(name="Ruth Adeyemi")
    client.force_login(ruth)
    views = SavedView.objects.all()
    assert views.filter(is_shared=True).count() == 3
    for view in views.filter(is_shared=True) | views.filter(owner=ruth):
        response = client.get(f"/contacts/?view={view.pk}")
        look = response.context["look"]
        assert look.query.filters.is_valid, view.name
        assert not look.is_changed, view.name
        assert look.columns.left_out == 0, view.name


def test_staff_of_every_role_can_sign_in(demo, client):
    assert set(User.objects.values_list("role", flat=True)) == set(Role)
    ruth = User.objects.get(email=PEOPLE[0][0])
    assert ruth.role == Role.ADMINISTRATOR
    assert ruth.may_resubscribe
    assert client.login(email=ruth.email, password=PASSWORD)
    limited = User.objects.filter(all_units=False)
    assert [user.units.count() for user in limited.order_by("email")] == [1, 2]


def test_every_way_and_every_act_is_in_the_ledger(demo):
    sources = set(ConsentEvent.objects.values_list("source", flat=True))
    assert sources == {source.code for source in Source if source is not Source.SYSTEM}
    assert set(ConsentEvent.objects.values_list("act", flat=True)) == {act.code for act in Act}
    flags = set(ConsentEvent.objects.values_list("flags", flat=True))
    assert {Flag.RELAYED, Flag.SUSPECTED, Flag.CONTRACT_FOR_MARKETING} <= flags
    assert ConsentEvent.objects.exclude(names_event_id=None).exists()
    assert Address.objects.exclude(erased_at=None).exists()
    assert Address.objects.exclude(undeliverable_at=None).exists()
    assert Address.objects.exclude(complained_at=None).exists()
    assert PendingConfirmation.objects.filter(expires_at__gt=NOW).exists()


def test_r24_a_burst_waits_for_a_decision(demo):
    reach = Reach(all_units=True, unit_ids=frozenset())
    standing, _beside = suspected_events(reach, SuspectedFilter(is_standing=True))
    [newest] = standing.order_by("-pk").select_related("evidence")[:1]
    burst = newest.evidence.details["burst"]
    assert count_suspected(reach, SuspectedFilter(is_standing=True, burst=burst)).count == 12
    assert all(read_reasons(e.evidence.details["suspected"]) for e in standing)


def test_r11_somebody_came_back_to_one_type_alone(demo):
    units = dict(SubscriptionType.objects.values_list("pk", "business_unit_id"))
    wide = {(o.address_id, o.business_unit_id): o.registers() for o in OptOut.objects.all()}
    found = [
        effective(
            State(
                one.registers(),
                wide.get((one.address_id, units[one.subscription_type_id]), NO_WORDS),
                wide.get((one.address_id, None), NO_WORDS),
            )
        )
        for one in Preference.objects.filter(address_id__in={key[0] for key in wide})
    ]
    assert any(one.is_exception for one in found)
    assert any(one.status is Status.UNSUBSCRIBED for one in found)


def test_contacts_have_what_contacts_have(demo):
    assert Contact.objects.count() == COUNT
    assert 3 <= Preference.objects.count() / COUNT <= 4.5
    shared = Counter(ContactAddress.objects.values_list("address_id", flat=True))
    assert shared.most_common(1)[0][1] == 2
    of_channel = Counter(ContactAddress.objects.values_list("contact_id", "channel"))
    assert max(of_channel.values()) >= 2
    units = [str(pk) for pk in BusinessUnit.objects.order_by("pk").values_list("pk", flat=True)]
    assert set(Contact.objects.values_list("unit_set__key", flat=True)) >= {
        units[0],
        ",".join(units),
    }


def test_some_addresses_opted_out_before_their_contact_was_there(demo):
    created = dict(ContactAddress.objects.values_list("address_id", "contact__created_at"))
    outs = ConsentEvent.objects.filter(status=Status.UNSUBSCRIBED.code)
    said = [(created.get(one.address_id), one.recorded_at) for one in outs]
    assert any(since is not None and recorded_at < since for since, recorded_at in said)
    assert any(since is None for since, _ in said), "an opt-out list creates no contact"


def test_the_ledger_is_intact_sealed_and_explains_every_status(demo):
    report = verify_ledger()
    assert report.is_intact
    # PostgreSQL must not seal what a running transaction wrote, and this one is still running.
    is_final = connection.vendor == "sqlite"
    assert report.unsealed_count == (0 if is_final else report.event_count)
    assert list(differences()) == []


def test_events_stand_in_the_order_of_time_and_none_is_yet_to_come(demo):
    moments = list(ConsentEvent.objects.order_by("pk").values_list("recorded_at", flat=True))
    assert moments == sorted(moments)
    assert moments[-1] <= NOW


# --- Amara Okafor ---


def test_amara_is_the_first_contact_with_the_statuses_of_the_pictures(demo):
    amara = Contact.objects.order_by("pk").first()
    assert amara.full_name == "Amara Okafor"
    held = {link.channel_value: link.address_id for link in amara.contact_addresses.all()}
    names = {
        (Channel.EMAIL, "Monthly garden guide"): Status.SUBSCRIBED,
        (Channel.EMAIL, "Offers and seasonal sales"): Status.UNSUBSCRIBED,
        (Channel.EMAIL, "Workshops and events"): Status.NOT_SPECIFIED,
        (Channel.SMS, "Delivery texts"): Status.SUBSCRIBED,
        (Channel.SMS, "Workshop reminders"): Status.UNSUBSCRIBED,
        (Channel.WHATSAPP, "Stay reminders"): Status.NOT_SPECIFIED,
    }
    for (channel, name), status in names.items():
        stored = Preference.objects.get(address=held[channel], subscription_type__name=name)
        assert stored.status == status.code, name
    left = OptOut.objects.get(address=held[Channel.EMAIL])
    assert left.business_unit.name == "Larkhill Stays"
    assert left.status == Status.UNSUBSCRIBED.code
    waiting = PendingConfirmation.objects.get(address=held[Channel.EMAIL])
    assert waiting.subscription_type.name == "Feedback surveys"


def test_amara_has_a_long_history_of_many_ways(demo):
    amara = Contact.objects.order_by("pk").first()
    events = ConsentEvent.objects.filter(
        address_id__in=amara.contact_addresses.values("address_id")
    )
    assert events.count() >= 28
    assert len(set(events.values_list("source", flat=True))) >= 10
    assert {Act.UNDO.code, Act.CORRECT.code, Act.BOUNCE.code} <= set(
        events.values_list("act", flat=True)
    )
    assert events.exclude(names_event_id=None).exists()


# --- again ---


def test_a_second_run_finds_everything_there(demo, django_assert_max_num_queries):
    before = ConsentEvent.objects.count()
    with django_assert_max_num_queries(10):
        assert load(COUNT) == loading.Loaded(0, 0)
    assert ConsentEvent.objects.count() == before


def test_a_larger_one_adds_what_is_missing(demo):
    before = list(ConsentEvent.objects.order_by("pk").values_list("pk", flat=True))
    assert load(COUNT + 30).contacts == 30
    assert Contact.objects.count() == COUNT + 30
    assert list(
        ConsentEvent.objects.order_by("pk").values_list("pk", flat=True)[: len(before)]
    ) == (before)


def test_the_moments_of_a_story_are_over_even_just_after_midnight(demo):
    now = datetime(2026, 3, 1, 0, 1, tzinfo=UTC)
    timeline = Timeline(load_company(now=now), now, loading.LIVELY_DAYS)
    assert timeline.moments == sorted(timeline.moments)
    assert timeline.moments[-1] < now


# --- what a new user shall see ---


def test_units_have_a_logo_and_types_a_choice_of_how_often(demo, client):
    garden = BusinessUnit.objects.get(name="Fernmoor Garden Co.")
    logo = client.get(f"/brand/{garden.slug}/{garden.logo_key}.png")
    assert (logo.status_code, logo["Content-Type"]) == (200, "image/png")
    jonas = Address.objects.get(canonical="jonas@lindqvist.example")
    link = preference_link(address_id=jonas.pk, unit_id=garden.pk, now=timezone.now())
    page = client.get(urlsplit(link).path).text
    assert f"/brand/{garden.slug}/{garden.logo_key}.png" in page
    assert ':weekly" selected>Once a week</option>' in page


def test_somebody_takes_a_break(demo):
    [one] = Pause.objects.select_related("address")
    assert one.address.canonical == "gwen@pritchardfarm.example"
    assert one.until > NOW
