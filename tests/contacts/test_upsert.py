from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts.access import contacts_for
from contacts.models import Contact, ContactAddress
from contacts.selectors import count_contacts
from contacts.services import delete_contact
from contacts.upsert import AddressGiven, ContactRow, Outcome, upsert_contacts
from preferences.addresses import canonical
from preferences.models import Address
from preferences.values import Channel, LegalBasis
from tests.factories import NOW, UnitFactory, UserFactory, make_contact

pytestmark = pytest.mark.django_db
CREATED, UPDATED, UNCHANGED = Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED


def row(*emails, sms="", **fields):
    given = [AddressGiven(Channel.EMAIL, canonical(Channel.EMAIL, e), e) for e in emails]
    given += [AddressGiven(Channel.SMS, sms, sms)] if sms else []
    return ContactRow(addresses=given, **fields)


def upsert(*rows, **options):
    return upsert_contacts(rows=rows, now=NOW, **options)


def held(contact):
    rows = contact.contact_addresses.order_by("position")
    return [(r.address.canonical, r.is_primary) for r in rows.select_related("address")]


def test_new_people_are_created_as_the_service_would():
    unit = UnitFactory()
    created_at = NOW - timedelta(days=400)
    outcomes = upsert(
        row(
            "A@x.example",
            "b@x.example",
            sms="+48605608796",
            first_name="Ala",
            last_name="Żak",
            company="Firma",
            processing_bases=[LegalBasis.NON_GDPR],
            unit_ids=[unit.pk],
            properties={"size": 3},
            created_at=created_at,
        )
    )
    assert outcomes == [CREATED]
    contact = Contact.objects.get()
    assert held(contact) == [
        ("a@x.example", True),
        ("b@x.example", False),
        ("+48605608796", True),
    ]
    assert contact.unit_set.unit_ids == (unit.pk,)
    assert contact.processing_bases == (LegalBasis.NON_GDPR,)
    assert (contact.created_at, contact.updated_at) == (created_at, NOW)
    assert contact.properties == {"size": 3}
    assert contact.sort_name == "zak ala"
    assert contact.search_text == " ala zak firma a@x.example +48605608796 b@x.example"
    assert Address.objects.get(canonical="a@x.example").original == "A@x.example"


def test_a_second_run_changes_nothing():
    rows = [row("a@x.example", first_name="A"), row("b@x.example", sms="+48605608796")]
    assert upsert(*rows) == [CREATED, CREATED]
    before = list(Contact.objects.order_by("pk").values())
    later = upsert_contacts(rows=rows, now=NOW + timedelta(days=1))
    assert later == [UNCHANGED, UNCHANGED]
    assert list(Contact.objects.order_by("pk").values()) == before
    assert ContactAddress.objects.count() == 3


def test_what_a_row_leaves_empty_stays_and_lists_grow():
    one, two = UnitFactory(), UnitFactory()
    contact = make_contact(
        "a@x.example",
        first_name="Ala",
        company="Old",
        units=[one],
        processing_bases=[LegalBasis.NON_GDPR],
        properties={"kept": 1},
    )
    changed = row(
        "a@x.example",
        "new@x.example",
        company="New",
        unit_ids=[two.pk],
        processing_bases=[LegalBasis.CONSENT_WITH_NOTICE],
        properties={"added": True},
    )
    assert upsert(changed) == [UPDATED]
    contact.refresh_from_db()
    assert (contact.first_name, contact.company) == ("Ala", "New")
    assert set(contact.unit_set.unit_ids) == {one.pk, two.pk}
    assert len(contact.processing_bases) == 2
    assert contact.properties == {"kept": 1, "added": True}
    assert held(contact) == [("a@x.example", True), ("new@x.example", False)]
    assert "new@x.example" in contact.search_text


def test_rows_with_one_address_in_common_are_one_contact():
    outcomes = upsert(
        row("a@x.example", first_name="First"),
        row("other@x.example", "A@x.example", first_name="Second"),
        row("other@x.example", last_name="Last"),
    )
    assert outcomes == [CREATED, UPDATED, UPDATED]
    contact = Contact.objects.get()
    assert contact.full_name == "Second Last"
    assert held(contact) == [("a@x.example", True), ("other@x.example", False)]
    assert count_contacts(UserFactory()) == 1


def test_the_oldest_of_several_contacts_with_an_address_is_updated():
    oldest, younger = make_contact("info@x.example"), make_contact("info@x.example")
    assert upsert(row("info@x.example", first_name="Shared")) == [UPDATED]
    assert Contact.objects.get(first_name="Shared") == oldest != younger


def test_a_deleted_contact_is_not_updated_but_made_again():
    contact = make_contact("a@x.example")
    delete_contact(contact=contact, user=UserFactory(), now=NOW)
    assert upsert(row("a@x.example", first_name="New")) == [CREATED]
    assert contacts_for(UserFactory()).get().first_name == "New"


def test_a_search_within_units_never_touches_other_contacts():
    ours, theirs = UnitFactory(), UnitFactory()
    mine = make_contact("a@x.example", units=[ours])
    make_contact("b@x.example", units=[theirs])
    within = [mine.unit_set_id]
    outcomes = upsert(
        row("a@x.example", first_name="A"),
        row("b@x.example", first_name="B", unit_ids=[ours.pk]),
        within_sets=within,
    )
    assert outcomes == [UPDATED, CREATED]
    assert Contact.objects.filter(unit_set__units=theirs, first_name="").count() == 1
    assert upsert(row("b@x.example"), within_sets=[]) == [CREATED]


def test_counts_follow():
    one, two = UnitFactory(), UnitFactory()
    upsert(*(row(f"p{i}@x.example", unit_ids=[one.pk]) for i in range(5)))
    upsert(row("p0@x.example", unit_ids=[two.pk]), row("new@x.example", unit_ids=[two.pk]))
    assert count_contacts(UserFactory()) == 6
    assert count_contacts(UserFactory(units=[one])) == 5
    assert count_contacts(UserFactory(units=[two])) == 2


def test_a_chunk_costs_the_same_number_of_statements():
    def queries_for(count, prefix):
        rows = [row(f"{prefix}{i}@x.example", first_name="A") for i in range(count)]
        with CaptureQueriesContext(connection) as captured:
            upsert(*rows)
        return len(captured)

    queries_for(1, "warm")
    assert queries_for(10, "a") == queries_for(100, "b")
