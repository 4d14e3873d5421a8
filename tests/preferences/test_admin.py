"""The Django admin: changes the catalogue and users, shows the rest, deletes nothing."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.models import Role, SettingChange, User
from contacts.models import Contact, CustomProperty
from preferences.access import actor_for
from preferences.address_book import ensure_address
from preferences.models import (
    Address,
    BusinessUnit,
    ConsentEvent,
    Evidence,
    OptOut,
    PendingConfirmation,
    PolicyVersion,
    Preference,
    RepeatedWord,
    Seal,
    SubscriptionType,
)
from preferences.services import apply_change
from preferences.values import ACCOUNT, Change, Channel, Source, Status, Wish, type_scope
from tests.conftest import PASSWORD
from tests.factories import (
    NOW,
    CustomPropertyFactory,
    TypeFactory,
    UnitFactory,
    UserFactory,
    make_contact,
)

pytestmark = pytest.mark.django_db

READ_ONLY = (
    Address,
    ConsentEvent,
    Contact,
    CustomProperty,
    Evidence,
    OptOut,
    PendingConfirmation,
    PolicyVersion,
    Preference,
    RepeatedWord,
    Seal,
    SettingChange,
)
REGISTERED = list(admin.site._registry)


@pytest.fixture
def client(as_user, administrator):
    return as_user(administrator)


def opt_out(scope) -> Wish:
    return Wish(
        scope=scope,
        source=Source.RECORD_PANEL,
        status=Status.UNSUBSCRIBED,
        explanation="She called",
    )


@pytest.fixture
def event(administrator) -> ConsentEvent:
    """An opt-out made through the door, of a type and of the account."""
    address = ensure_address(
        channel=Channel.EMAIL, text="zofia@kowal.example", region=None, now=NOW
    )
    for scope in (type_scope(TypeFactory(name="News").pk), ACCOUNT):
        wish = opt_out(scope)
        change = Change(address.pk, wish)
        apply_change(change=change, actor=actor_for(administrator), now=NOW)
    make_contact("zofia@kowal.example", first_name="Zofia")
    CustomPropertyFactory()
    return ConsentEvent.objects.earliest("id")


def url_of(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_nothing_registered_can_be_deleted(client, model, rf, administrator):
    request = rf.get("/")
    request.user = administrator
    assert not admin.site._registry[model].has_delete_permission(request)
    assert not admin.site._registry[model].get_actions(request)
    assert client.get(url_of(model, "delete", 1)).status_code in {302, 403, 404}


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_every_list_opens(client, model, event):
    assert client.get(url_of(model, "changelist")).status_code == 200


@pytest.mark.parametrize("model", READ_ONLY, ids=lambda model: model._meta.label)
def test_what_people_said_is_only_shown(client, model, event):
    assert client.get(url_of(model, "add")).status_code == 403
    assert client.post(url_of(model, "add"), {}).status_code == 403
    row = model.objects.first()
    if row is None:
        return
    page = client.get(url_of(model, "change", row.pk))
    assert page.status_code == 200
    assert 'name="_save"' not in page.text
    assert client.post(url_of(model, "change", row.pk), {}).status_code == 403
    assert client.get(url_of(model, "delete", row.pk)).status_code == 403
    assert client.post(url_of(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("search", ["Zofia@Kowal.example", "id", "address"])
def test_the_ledger_is_searched_by_exact_address_or_id(client, event, search):
    terms = {"id": event.pk, "address": event.address_id}
    url = url_of(ConsentEvent, "changelist")
    page = client.get(url, {"q": terms.get(search, search)}).text
    assert "zofia@kowal.example" in page
    for nothing in ("zofia", "nobody@kowal.example", "9" * 30, "-1", "%"):
        assert "zofia@kowal.example" not in client.get(url, {"q": nothing}).text.lower().replace(
            f'value="{nothing}"', ""
        )


def test_contacts_are_found_by_address(client, event):
    url = url_of(Contact, "changelist")
    assert "Zofia" in client.get(url, {"q": "zofia@kowal.example"}).text
    assert ">Zofia<" not in client.get(url, {"q": "nobody@kowal.example"}).text


def test_the_ledger_is_never_counted(client, event, django_assert_max_num_queries):
    with django_assert_max_num_queries(30) as queries:
        client.get(url_of(ConsentEvent, "changelist"))
    asked = [query["sql"] for query in queries if "preferences_consentevent" in query["sql"]]
    assert asked
    assert not any("COUNT(" in sql for sql in asked)
    assert "LIMIT 1000" in asked[0]


def test_the_lists_cost_the_same_for_many_rows(
    client, administrator, django_assert_max_num_queries
):
    found = TypeFactory()

    def count(numbers):
        for number in numbers:
            address = ensure_address(
                channel=Channel.EMAIL, text=f"p{number}@kowal.example", region=None, now=NOW
            )
            wish = opt_out(type_scope(found.pk))
            change = Change(address.pk, wish)
            apply_change(change=change, actor=actor_for(administrator), now=NOW)
        with django_assert_max_num_queries(60) as queries:
            for model in (ConsentEvent, Preference, Address):
                client.get(url_of(model, "changelist"))
        return len(queries)

    assert count(range(10)) == count(range(10, 50))


def type_form(found, **fields):
    values = {
        "name": found.name,
        "description": "",
        "purpose": "Marketing",
        "kind": "marketing",
        "offered_on_email": "on",
        "double_opt_in": "inherit",
        "translations-TOTAL_FORMS": 0,
        "translations-INITIAL_FORMS": 0,
    }
    return {**values, **fields}


def test_types_are_changed_with_who_and_when_and_never_deleted(client, administrator, event):
    found = event.subscription_type
    url = url_of(SubscriptionType, "change", found.pk)
    response = client.post(url, type_form(found, name="Product news", kind="service"))
    assert response.status_code == 302, response.context["adminform"].form.errors
    found.refresh_from_db()
    assert (found.name, found.kind) == ("Product news", "service")
    kept = SettingChange.objects.filter(subject_kind="subscription_type", subject_id=found.pk)
    assert {(change.field, change.after, change.changed_by) for change in kept} == {
        ("name", "Product news", administrator),
        ("kind", "service", administrator),
    }
    deleted = client.post(url_of(SubscriptionType, "delete", found.pk), {"post": "yes"})
    assert deleted.status_code == 403


def test_types_and_units_are_added(client):
    unit = {
        "name": "Garden",
        "brand_colour": "#2b6a3f",
        "default_region": "GB",
        "default_language": "en",
        "double_opt_in": "inherit",
    }
    response = client.post(url_of(BusinessUnit, "add"), unit)
    assert response.status_code == 302, response.context["adminform"].form.errors
    added = BusinessUnit.objects.get()
    assert added.slug == "garden"
    found = SubscriptionType(name="News")
    data = type_form(found, business_unit=added.pk, language="en")
    response = client.post(url_of(SubscriptionType, "add"), data)
    assert response.status_code == 302, response.context["adminform"].form.errors
    assert SubscriptionType.objects.get().business_unit == added
    assert SettingChange.objects.filter(field="created").count() == 2


@pytest.mark.parametrize("colour", ["#ffffff", "red", "#gggggg"])
def test_an_unreadable_brand_colour_is_refused(client, colour):
    unit = UnitFactory()
    data = {
        "name": unit.name,
        "brand_colour": colour,
        "default_region": "GB",
        "default_language": "en",
        "double_opt_in": "inherit",
    }
    response = client.post(url_of(BusinessUnit, "change", unit.pk), data)
    assert response.status_code == 200
    unit.refresh_from_db()
    assert unit.brand_colour != colour


def user_form(user, **fields):
    values = {
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "all_units": "on",
        "is_active": "on",
        "language": "en",
        "theme": "system",
    }
    return {name: value for name, value in {**values, **fields}.items() if value is not None}


def test_users_are_changed_with_who_and_when(client, administrator, editor):
    unit = UnitFactory(name="Garden")
    data = user_form(editor, role="viewer", all_units=None, units=[unit.pk], is_active=None)
    response = client.post(url_of(User, "change", editor.pk), data)
    assert response.status_code == 302, response.context["adminform"].form.errors
    editor.refresh_from_db()
    assert (editor.role, editor.all_units, editor.is_active) == ("viewer", False, False)
    assert list(editor.units.all()) == [unit]
    kept = SettingChange.objects.filter(subject_kind="user", subject_id=editor.pk)
    assert {(change.field, change.before, change.after) for change in kept} == {
        ("role", "editor", "viewer"),
        ("all_units", "yes", "no"),
        ("units", "", "Garden"),
        ("is_active", "yes", "no"),
    }
    assert {change.changed_by for change in kept} == {administrator}


def test_the_last_administrator_stays_one(client, administrator):
    for fields in ({"role": "editor"}, {"is_active": None}, {"all_units": None}):
        response = client.post(
            url_of(User, "change", administrator.pk), user_form(administrator, **fields)
        )
        assert response.status_code == 200
        assert "last administrator" in response.text
    administrator.refresh_from_db()
    assert administrator.is_staff


def test_users_are_added_and_get_passwords_without_secrets_in_the_history(client):
    data = {
        "email": "nadia@fernmoor.example",
        "name": "Nadia",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    response = client.post(url_of(User, "add"), data)
    assert response.status_code == 302, response.context["adminform"].form.errors
    added = User.objects.get(email="nadia@fernmoor.example")
    passwords = {
        "usable_password": "true",
        "password1": PASSWORD[::-1],
        "password2": PASSWORD[::-1],
    }
    response = client.post(reverse("admin:auth_user_password_change", args=[added.pk]), passwords)
    assert response.status_code == 302
    assert Client().login(email=added.email, password=PASSWORD[::-1])
    kept = list(SettingChange.objects.filter(subject_kind="user", subject_id=added.pk))
    assert {"created", "password"} <= {change.field for change in kept}
    assert not any(PASSWORD in change.after or "$" in change.after for change in kept)


def test_administrators_of_some_units_stay_outside(as_user):
    limited = as_user(UserFactory(role=Role.ADMINISTRATOR, units=[UnitFactory()]))
    assert limited.get(url_of(Address, "changelist"), follow=True).status_code == 403
