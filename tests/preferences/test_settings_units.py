"""Settings of business units."""

import pytest
from django.urls import reverse

from accounts.models import Role, SettingChange
from preferences.contrast import contrast_with_white
from preferences.models import BusinessUnit
from tests.factories import TypeFactory, UnitFactory, UserFactory

pytestmark = pytest.mark.django_db

PANEL = {"HX-Request": "true", "HX-Target": "panel"}


@pytest.fixture
def client(as_user, administrator):
    return as_user(administrator)


def form_of(**fields):
    values = {
        "name": "Larkhill Stays",
        "sender_name": "Larkhill",
        "sender_email": "hello@larkhill.example",
        "postal_address": "14 Quay Lane",
        "brand_colour": "#0F5F75",
        "default_language": "en",
        "default_region": "gb",
        "double_opt_in": "inherit",
    }
    return {**values, **fields}


def page_of(unit):
    return reverse("business_unit", kwargs={"pk": unit.pk})


def test_a_unit_is_added_with_a_short_name_of_its_own(client):
    BusinessUnit.objects.create(name="Old", slug="larkhill-stays")
    response = client.post(reverse("business_unit_create"), form_of())
    assert response["Location"] == reverse("business_units")
    unit = BusinessUnit.objects.get(name="Larkhill Stays")
    assert (unit.slug, unit.brand_colour, unit.default_region) == (
        "larkhill-stays-2",
        "#0f5f75",
        "GB",
    )
    assert SettingChange.objects.get(field="created").subject_id == unit.pk


def test_a_unit_is_changed_in_the_panel_and_the_list_follows(client, administrator):
    unit = UnitFactory(name="Stays")
    panel = client.get(page_of(unit), headers=PANEL)
    assert "<html" not in panel.text
    assert 'id="panel-h"' in panel.text
    response = client.post(page_of(unit), form_of(name="Larkhill Stays"), headers=PANEL)
    assert response["HX-Retarget"] == "#business-unit-list"
    assert '"layer:close": "panel"' in response["HX-Trigger"]
    assert "Larkhill Stays" in response.text
    change = SettingChange.objects.get(field="name")
    assert (change.before, change.after, change.changed_by) == (
        "Stays",
        "Larkhill Stays",
        administrator,
    )
    unit.refresh_from_db()
    assert unit.name == "Larkhill Stays"


def test_the_panel_is_a_page_of_its_own(client):
    unit = UnitFactory(name="Stays")
    page = client.get(page_of(unit)).text
    assert '<dialog class="panel" id="panel" aria-labelledby="panel-h" open>' in page
    assert 'id="business-unit-list"' in page


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"brand_colour": "#777777"}, "4.47 to 1"),
        ({"brand_colour": "red"}, "Enter a colour such as #0f5f75."),
        ({"brand_colour": "#gggggg"}, "Enter a colour such as #0f5f75."),
        ({"default_region": "XX"}, "Enter the two letters of a country"),
        ({"default_language": "xx"}, "Select a valid choice"),
        ({"sender_email": "nobody"}, "Enter a valid email address"),
        ({"name": "garden CO."}, "Another business unit has this name."),
    ],
)
def test_a_wrong_form_says_why_and_keeps_what_was_typed(client, fields, problem):
    UnitFactory(name="Garden Co.")
    unit = UnitFactory(name="Stays")
    data = form_of(postal_address="Typed already", **fields)
    response = client.post(page_of(unit), data, headers=PANEL)
    assert response.status_code == 422
    assert problem in response.text
    assert "Typed already" in response.text
    unit.refresh_from_db()
    assert unit.name == "Stays"


def test_contrast_is_that_of_wcag():
    assert contrast_with_white("#ffffff") == 1
    assert contrast_with_white("#000000") == 21
    assert 4.54 < contrast_with_white("#767676") < 4.55


def test_a_missing_postal_address_is_flagged(client):
    UnitFactory(name="Stays", postal_address="")
    assert "Missing" in client.get(reverse("business_units")).text
    BusinessUnit.objects.update(postal_address="14 Quay Lane")
    assert "Missing" not in client.get(reverse("business_units")).text


def test_units_out_of_reach_do_not_exist(as_user):
    mine, theirs = UnitFactory(name="Mine"), UnitFactory(name="Theirs")
    limited = as_user(UserFactory(role=Role.ADMINISTRATOR, units=[mine]))
    page = limited.get(reverse("business_units")).text
    assert "Mine" in page
    assert "Theirs" not in page
    assert limited.get(page_of(theirs)).status_code == 404
    assert limited.post(page_of(theirs), form_of()).status_code == 404
    assert limited.post(page_of(mine), form_of()).status_code == 302


def test_units_are_added_by_administrators_of_all_units(as_user):
    limited = as_user(UserFactory(role=Role.ADMINISTRATOR, units=[UnitFactory()]))
    assert limited.get(reverse("business_unit_create")).status_code == 403
    assert limited.post(reverse("business_unit_create"), form_of()).status_code == 403
    assert "Add business unit" not in limited.get(reverse("business_units")).text


def test_queries_do_not_grow_with_the_units(client, django_assert_max_num_queries):
    def count(total):
        while BusinessUnit.objects.count() < total:
            TypeFactory()
        with django_assert_max_num_queries(50) as queries:
            client.get(reverse("business_units"))
        return len(queries)

    client.get(reverse("business_units"))  # the number in the navigation is kept from now on
    assert count(10) == count(50)
