"""Settings of custom properties."""

import pytest
from django.urls import reverse

from accounts.models import Role, SettingChange
from contacts.custom_properties import derived_name, is_reserved
from contacts.models import CustomProperty
from tests.factories import CustomPropertyFactory, UnitFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(as_user, administrator):
    return as_user(administrator)


def form_of(**fields):
    return {"name": "Ulubiony kwiat", "kind": "text", **fields}


def url_of(name, custom):
    return reverse(name, kwargs={"pk": custom.pk})


def test_a_property_is_created_with_a_name_made_of_its_label(client, administrator):
    data = form_of(kind="choice", choices="Róża\n Tulipan \nroza\n\nMak")
    assert client.post(reverse("custom_property_create"), data).status_code == 302
    custom = CustomProperty.objects.get()
    assert (custom.internal_name, custom.kind) == ("ulubiony_kwiat", "choice")
    assert custom.choices == ["Róża", "Tulipan", "Mak"]
    kept = SettingChange.objects.get(subject_kind="property")
    assert (kept.field, kept.after, kept.changed_by) == ("created", "ulubiony_kwiat", administrator)
    assert "Ulubiony kwiat" in client.get(reverse("custom_properties")).text


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "first name"}, "Contacts have a property of this name already."),
        ({"internal_name": "hs_lead_status"}, "Contacts have a property of this name already."),
        ({"internal_name": "Not Allowed"}, "Use lower-case letters, digits and _"),
        ({"internal_name": "x\n"}, None),
        ({"name": "FAVOURITE plant"}, "Another property has this label."),
        ({"internal_name": "plant"}, "Another property has this internal name."),
        ({"kind": "choice", "choices": " \n"}, "Enter at least one choice."),
        ({"kind": "colour"}, "Select a valid choice"),
    ],
)
def test_a_wrong_form_says_why_and_keeps_what_was_typed(client, fields, problem):
    CustomPropertyFactory(name="Favourite plant", internal_name="plant")
    response = client.post(reverse("custom_property_create"), form_of(**fields))
    if problem is None:
        assert CustomProperty.objects.get(name="Ulubiony kwiat").internal_name == "x"
        return
    assert response.status_code == 422
    assert problem in response.text
    assert CustomProperty.objects.count() == 1


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Favourite plant", "favourite_plant"),
        ("Żółta łódź", "zolta_lodz"),
        ("2nd phone", "property_2nd_phone"),
        ("日本", "property"),
        ("a" * 80, "a" * 60),
    ],
)
def test_labels_become_internal_names(label, name):
    assert derived_name(label) == name


@pytest.mark.parametrize(
    "name", ["email", "first_name", "firstname", "hs_email_optout_12", "hubspot_owner_id"]
)
def test_standard_names_are_not_shadowed(name):
    assert is_reserved(name)


def test_kind_and_internal_name_never_change(client):
    custom = CustomPropertyFactory(name="Plant", internal_name="plant", kind="text")
    data = form_of(name="Favourite plant", kind="number", internal_name="other", choices="a")
    client.post(url_of("custom_property", custom), data)
    custom.refresh_from_db()
    assert (custom.name, custom.internal_name, custom.kind, custom.choices) == (
        "Favourite plant",
        "plant",
        "text",
        [],
    )
    kept = SettingChange.objects.get(subject_kind="property")
    assert (kept.field, kept.before, kept.after) == ("name", "Plant", "Favourite plant")


def test_a_property_is_archived_and_restored(client):
    custom = CustomPropertyFactory(name="Plant")
    client.post(url_of("custom_property_archive", custom))
    custom.refresh_from_db()
    assert custom.archived_at is not None
    assert "Archived" in client.get(reverse("custom_properties")).text
    client.post(url_of("custom_property_archive", custom), {"restore": "yes"})
    custom.refresh_from_db()
    assert custom.archived_at is None
    assert SettingChange.objects.filter(field="archived").count() == 2


def test_properties_move(client):
    first, second = CustomPropertyFactory(name="First"), CustomPropertyFactory(name="Second")
    response = client.post(
        url_of("custom_property_move", second), {"step": "up"}, headers={"HX-Request": "true"}
    )
    assert response.text.index("Second") < response.text.index("First")
    client.post(url_of("custom_property_move", first), {"step": "down"})
    names = CustomProperty.objects.order_by("position").values_list("name", flat=True)
    assert list(names) == ["Second", "First"]


def test_only_administrators_of_all_units_change_properties(as_user):
    custom = CustomPropertyFactory()
    limited = as_user(UserFactory(role=Role.ADMINISTRATOR, units=[UnitFactory()]))
    assert limited.get(reverse("custom_properties")).status_code == 200
    assert limited.post(reverse("custom_property_create"), form_of()).status_code == 403
    assert limited.post(url_of("custom_property", custom), form_of()).status_code == 403


def test_queries_do_not_grow_with_the_properties(client, django_assert_max_num_queries):
    def count(total):
        while CustomProperty.objects.count() < total:
            CustomPropertyFactory()
        with django_assert_max_num_queries(50) as queries:
            client.get(reverse("custom_properties"))
        return len(queries)

    client.get(reverse("custom_properties"))  # the number in the navigation is kept from now on
    assert count(10) == count(50)
