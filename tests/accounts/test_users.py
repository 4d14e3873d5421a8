"""Settings of users and roles."""

import pytest
from django.contrib.sessions.models import Session
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Role, SettingChange, User
from tests.conftest import PASSWORD, make_user
from tests.factories import UnitFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(as_user, administrator):
    return as_user(administrator)


def form_of(**fields):
    values = {
        "name": "Nadia Kowal",
        "email": "Nadia.Kowal@Fernmoor.example",
        "role": "editor",
        "all_units": "on",
    }
    return {name: value for name, value in {**values, **fields}.items() if value is not None}


def url_of(name, user):
    return reverse(name, kwargs={"pk": user.pk})


def test_somebody_is_added_and_signs_in_after_setting_a_password(client):
    response = client.post(reverse("user_create"), form_of())
    added = User.objects.get(email="nadia.kowal@fernmoor.example")
    assert response["Location"] == url_of("user", added) + "?created"
    assert not added.has_usable_password()
    page = client.post(url_of("user_password_link", added))
    link = page.context["link"]
    assert link in page.text
    path = link.removeprefix("http://testserver")
    visitor = Client()
    assert "Set your password" in visitor.get(path).text
    short = visitor.post(path, {"new": "short"})
    assert short.status_code == 422
    assert visitor.post(path, {"new": PASSWORD})["Location"] == reverse("login")
    assert visitor.login(email=added.email, password=PASSWORD)
    assert Client().get(path).status_code == 404, "a link works once"


def test_secrets_are_not_in_the_history(client):
    client.post(reverse("user_create"), form_of())
    added = User.objects.get(email="nadia.kowal@fernmoor.example")
    link = client.post(url_of("user_password_link", added)).context["link"]
    Client().post(link.removeprefix("http://testserver"), {"new": PASSWORD})
    added.refresh_from_db()
    kept = " ".join(f"{change.before} {change.after}" for change in SettingChange.objects.all())
    for secret in (PASSWORD, added.password, link.split("/")[-2]):
        assert secret not in kept
    assert SettingChange.objects.filter(field="password").count() == 2


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"email": "Taken@fernmoor.example"}, "Another user signs in with this email."),
        ({"email": "nobody"}, "Enter a valid email address"),
        ({"role": "king"}, "Select a valid choice"),
        ({"all_units": None}, "Choose at least one business unit"),
    ],
)
def test_a_wrong_form_says_why_and_keeps_what_was_typed(client, fields, problem):
    make_user(Role.VIEWER, email="taken@fernmoor.example")
    response = client.post(reverse("user_create"), form_of(**fields))
    assert response.status_code == 422
    assert problem in response.text
    assert "Nadia Kowal" in response.text
    assert not User.objects.filter(name="Nadia Kowal").exists()


def test_role_units_and_right_change_and_are_kept(client, administrator):
    unit = UnitFactory(name="Garden")
    user = UserFactory(role=Role.EDITOR, name="Nadia Kowal", email="nadia@fernmoor.example")
    data = form_of(
        email=user.email,
        role="compliance",
        all_units=None,
        units=[unit.pk],
        may_resubscribe="on",
    )
    client.post(url_of("user", user), data)
    user.refresh_from_db()
    assert (user.role, user.all_units, user.may_resubscribe) == ("compliance", False, True)
    assert list(user.units.all()) == [unit]
    changes = SettingChange.objects.filter(subject_kind="user", subject_id=user.pk)
    assert {(change.field, change.before, change.after) for change in changes} == {
        ("role", "editor", "compliance"),
        ("may_resubscribe", "no", "yes"),
        ("all_units", "yes", "no"),
        ("units", "", "Garden"),
    }
    assert {change.changed_by for change in changes} == {administrator}
    assert "Changed by" in client.get(url_of("user", user)).text


@pytest.mark.parametrize(
    "fields", [{"role": "editor"}, {"role": "administrator", "all_units": None}]
)
def test_the_last_administrator_stays_one(client, administrator, fields):
    unit = UnitFactory()
    UserFactory(role=Role.ADMINISTRATOR, units=[unit])  # of one unit: does not count
    UserFactory(role=Role.ADMINISTRATOR, is_active=False)
    data = form_of(email=administrator.email, units=[unit.pk], **fields)
    response = client.post(url_of("user", administrator), data)
    assert response.status_code == 422
    assert "last administrator" in response.text
    refused = client.post(url_of("user_deactivate", administrator))
    assert refused.status_code == 422
    administrator.refresh_from_db()
    assert (administrator.role, administrator.is_active) == ("administrator", True)


def test_with_another_administrator_one_may_go(client, administrator):
    UserFactory(role=Role.ADMINISTRATOR)
    client.post(url_of("user", administrator), form_of(email=administrator.email))
    administrator.refresh_from_db()
    assert administrator.role == Role.EDITOR


def test_deactivating_ends_sessions_for_good(client, as_user, editor):
    theirs = as_user(editor)
    assert theirs.get(reverse("account")).status_code == 200
    assert "Deactivate" in client.get(url_of("user_deactivate", editor)).text
    client.post(url_of("user_deactivate", editor))
    assert theirs.get(reverse("account")).status_code == 302
    assert Session.objects.count() == 1, "the administrator's own"
    assert not Client().login(email=editor.email, password=PASSWORD)
    client.post(url_of("user_reactivate", editor))
    assert theirs.get(reverse("account")).status_code == 302, "the old session stays ended"
    assert Client().login(email=editor.email, password=PASSWORD)
    kept = SettingChange.objects.filter(field="is_active").order_by("id")
    assert [(change.before, change.after) for change in kept] == [("yes", "no"), ("no", "yes")]


def test_a_deactivated_user_gets_no_password_link(client, editor):
    link = client.post(url_of("user_password_link", editor)).context["link"]
    client.post(url_of("user_deactivate", editor))
    assert client.post(url_of("user_password_link", editor)).status_code == 404
    assert Client().get(link.removeprefix("http://testserver")).status_code == 404


@pytest.mark.parametrize(
    ("key", "token"), [("x", "y"), ("MQ", "made-up"), ("!!", "a"), ("Zm9v", "a")]
)
def test_made_up_links_lead_nowhere(key, token):
    response = Client().get(reverse("first_password", kwargs={"key": key, "token": token}))
    assert response.status_code == 404
    assert "does not work any more" in response.text


def test_administrators_of_some_units_do_not_see_users(as_user):
    limited = as_user(UserFactory(role=Role.ADMINISTRATOR, units=[UnitFactory()]))
    assert limited.get(reverse("users")).status_code == 403
    assert limited.post(reverse("user_create"), form_of()).status_code == 403
    assert limited.get("/admin/", follow=True).status_code == 403
    assert reverse("users") not in limited.get(reverse("subscription_types")).text


def test_the_history_of_settings_cannot_be_rewritten(client):
    client.post(reverse("user_create"), form_of())
    for write in (
        lambda: SettingChange.objects.update(after="nothing"),
        lambda: SettingChange.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            write()


def test_queries_do_not_grow_with_the_users(client, django_assert_max_num_queries):
    unit = UnitFactory()

    def count(total):
        while User.objects.count() < total:
            UserFactory(units=[unit])
        with django_assert_max_num_queries(50) as queries:
            client.get(reverse("users"))
        return len(queries)

    client.get(reverse("users"))  # the number in the navigation is kept from now on
    assert count(10) == count(50)
