"""View all properties: what HubSpot's names say of the person, computed and read-only."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts.services import set_primary_address
from preferences.services import apply_change
from preferences.values import (
    ACCOUNT,
    PERSON,
    Change,
    LegalBasis,
    Source,
    Status,
    Wish,
    Word,
    type_scope,
    unit_scope,
)
from tests.factories import (
    NOW,
    CustomPropertyFactory,
    TypeFactory,
    UnitFactory,
    UserFactory,
    make_contact,
)

pytestmark = pytest.mark.django_db
OUT, IN = Status.UNSUBSCRIBED, Status.SUBSCRIBED


def say(contact, scope, status, *, later=0, position=0):
    address = contact.contact_addresses.filter(channel=1).order_by("position")[position].address
    said_at = NOW + timedelta(minutes=later)
    wish = Wish(
        scope=scope, source=Source.PREFERENCE_PAGE, word=Word.OWN, status=status, said_at=said_at
    )
    result = apply_change(change=Change(address.pk, wish), actor=PERSON, now=said_at)
    assert result.is_applied


def values(client, contact, query=""):
    """Return what the page shows: internal name -> text of the value."""
    page = client.get(f"/contacts/{contact.pk}/properties/{query}").content.decode()
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    found = {}
    for row in rows:
        cells = [
            " ".join(re.sub(r"<[^>]+>", " ", cell).split())
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        ]
        found[re.sub(r"\s", "", cells[-1])] = cells[1]
    return found


@pytest.fixture
def scene(client):
    client.force_login(UserFactory())
    garden, stays = UnitFactory(name="Garden"), UnitFactory(name="Stays")
    kinds = [TypeFactory(business_unit=unit) for unit in (garden, garden, stays)]
    contact = make_contact("a@x.example", "b@x.example", units=[garden, stays])
    return contact, garden, stays, kinds


def test_nobody_said_anything(client, scene):
    contact, garden, _stays, kinds = scene
    found = values(client, contact)
    assert found["hs_email_optout"] == "False"
    assert found[f"business_unit_optout_{garden.pk}"] == "False"
    assert found[f"hs_email_optout_{kinds[0].pk}"] == "Empty"


def test_a_type_reads_yes_or_empty(client, scene):
    contact, _garden, _stays, kinds = scene
    say(contact, type_scope(kinds[0].pk), OUT)
    say(contact, type_scope(kinds[1].pk), IN)
    found = values(client, contact)
    assert [found[f"hs_email_optout_{kind.pk}"] for kind in kinds] == ["Yes", "Empty", "Empty"]
    assert found["hs_email_optout"] == "False"


def test_leaving_one_unit_makes_the_account_flag_true_and_says_so(client, scene):
    contact, garden, stays, kinds = scene
    say(contact, unit_scope(stays.pk), OUT)
    found = values(client, contact)
    assert found["hs_email_optout"].startswith("True")
    assert (
        "Because of Stays only. See the property of that business unit."
        in (found["hs_email_optout"])
    )
    assert found[f"business_unit_optout_{stays.pk}"] == "True"
    assert found[f"business_unit_optout_{garden.pk}"] == "False"
    assert found[f"hs_email_optout_{kinds[2].pk}"] == "Yes"
    page = client.get(f"/contacts/{contact.pk}/properties/").content.decode()
    assert "is true because of Stays only" in page


def test_leaving_the_account_makes_every_flag_true(client, scene):
    contact, garden, stays, kinds = scene
    say(contact, ACCOUNT, OUT)
    found = values(client, contact)
    flags = [f"business_unit_optout_{unit.pk}" for unit in (garden, stays)]
    assert {found[name] for name in ["hs_email_optout", *flags]} == {"True"}
    assert {found[f"hs_email_optout_{kind.pk}"] for kind in kinds} == {"Yes"}


def test_r11_with_an_exception_the_flag_is_false_and_says_all_but(client, scene):
    contact, garden, stays, kinds = scene
    say(contact, ACCOUNT, OUT)
    say(contact, type_scope(kinds[0].pk), IN, later=1)
    found = values(client, contact)
    assert found["hs_email_optout"] == f"False Unsubscribed from all but {kinds[0].name}."
    assert found[f"business_unit_optout_{garden.pk}"].startswith("False")
    assert found[f"business_unit_optout_{stays.pk}"] == "True"
    assert [found[f"hs_email_optout_{kind.pk}"] for kind in kinds] == ["Empty", "Yes", "Yes"]


def test_r21_properties_read_the_primary_address(client, scene):
    contact, *_ = scene
    say(contact, ACCOUNT, OUT, position=1)
    assert values(client, contact)["hs_email_optout"] == "False"
    second = contact.contact_addresses.get(position=1)
    set_primary_address(contact=contact, address_id=second.address_id, user=UserFactory(), now=NOW)
    assert values(client, contact)["hs_email_optout"] == "True"


def test_units_out_of_reach_do_not_exist(client, scene):
    contact, garden, stays, kinds = scene
    say(contact, unit_scope(stays.pk), OUT)
    client.force_login(UserFactory(units=[garden]))
    found = values(client, contact)
    assert found["hs_email_optout"] == "False"
    assert f"business_unit_optout_{stays.pk}" not in found
    assert f"hs_email_optout_{kinds[2].pk}" not in found
    assert found["hs_all_assigned_business_unit_ids"] == "Garden"


def test_standard_and_custom_properties(client):
    client.force_login(UserFactory())
    CustomPropertyFactory(name="Trade", internal_name="trade", kind="yes_no")
    CustomPropertyFactory(name="Note", internal_name="note")
    contact = make_contact(
        "a@x.example",
        "b@x.example",
        first_name="<script>alert(1)</script>",
        country="PL",
        lifecycle_stage="customer",
        processing_bases=[LegalBasis.CONSENT_WITH_NOTICE, LegalBasis.NON_GDPR],
        properties={"trade": False, "note": "<b>hi</b>"},
    )
    found = values(client, contact)
    assert found["email"] == "a@x.example"
    assert found["hs_additional_emails"] == "b@x.example"
    assert found["country"] == "Poland"
    assert found["lifecyclestage"] == "Customer"
    assert found["hs_legal_basis"] == "Consent freely given by the contact; Not applicable"
    assert found["trade"] == "No"
    assert found["note"] == "&lt;b&gt;hi&lt;/b&gt;"
    assert found["firstname"] == "&lt;script&gt;alert(1)&lt;/script&gt;"


def test_search_marks_what_it_found_in_label_and_internal_name(client, scene):
    contact, *_ = scene
    url = f"/contacts/{contact.pk}/properties/"
    response = client.get(f"{url}?q=Opt", headers={"HX-Request": "true", "HX-Target": "props"})
    page = response.content.decode()
    assert "<html" not in page
    assert "<mark>Opt</mark>ed out of email" in page
    assert "hs_email_<mark>opt</mark>out" in page
    assert "firstname" not in page
    assert "match “<bdi>Opt</bdi>”" in page
    page = client.get(f"{url}?q=%3Cscript%3E").content.decode()
    assert "No property matches" in page
    assert "<script>" not in page.split("<main")[1]


def test_groups_and_hiding_what_is_empty(client, scene):
    contact, _garden, _stays, kinds = scene
    say(contact, type_scope(kinds[0].pk), OUT)
    found = values(client, contact, "?group=subscriptions&full=1")
    assert found[f"hs_email_optout_{kinds[0].pk}"] == "Yes"
    assert f"hs_email_optout_{kinds[1].pk}" not in found
    assert "email" not in found


def test_more_types_cost_no_more_queries(client, scene):
    contact, garden, *_ = scene

    def count():
        with CaptureQueriesContext(connection) as captured:
            values(client, contact)
        return len(captured)

    count()  # the number in the navigation is kept from now on
    before = count()
    for _ in range(20):
        TypeFactory(business_unit=garden)
        CustomPropertyFactory()
    assert count() == before <= 16


def test_a_contact_without_email_has_flags_that_read_false(client):
    client.force_login(UserFactory())
    TypeFactory()
    contact = make_contact(first_name="Nameless")
    assert values(client, contact)["hs_email_optout"] == "False"
