"""Who may open what: one table. A URL without a line in it fails.

A line is (URL name, method, arguments, status per visitor): signed out, viewer, editor,
administrator, compliance. Arguments name what `OBJECTS` below makes.
"""

from base64 import b64decode

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone
from django.utils.http import urlsafe_base64_encode

from accounts.models import User
from contacts.models import Contact
from contacts.saved_views import ViewState, create_view
from contacts.services import delete_contact
from mails.services import queue_mail
from preferences import links
from preferences.logos import read_logo, set_logo
from preferences.values import Status
from tests.conftest import make_user
from tests.contacts.bulk_scene import opting, start_edit
from tests.factories import NOW, CustomPropertyFactory, TypeFactory, UserFactory, make_contact
from tests.mails.post_office import letter
from tests.preferences.kernel import address
from tests.test_names import our_patterns

ROLES = ("signed out", "viewer", "editor", "administrator", "compliance")

TABLE = [
    ("login", "GET", {}, (200, 302, 302, 302, 302)),
    ("logout", "POST", {}, (302, 302, 302, 302, 302)),
    ("logout", "GET", {}, (405, 405, 405, 405, 405)),
    ("account", "GET", {}, (302, 200, 200, 200, 200)),
    ("account", "POST", {}, (302, 422, 422, 422, 422)),
    ("password", "GET", {}, (302, 200, 200, 200, 200)),
    ("password", "POST", {}, (302, 422, 422, 422, 422)),
]


# Settings: administrators change them, compliance reads them.
SEEN = (302, 403, 403, 200, 200)
ASKED = (302, 403, 403, 422, 403)  # an empty form
TABLE += [
    ("settings", "GET", {}, (302, 403, 403, 302, 302)),
    ("subscription_types", "GET", {}, SEEN),
    ("subscription_type_create", "GET", {}, SEEN),
    ("subscription_type_create", "POST", {}, ASKED),
    ("subscription_type", "GET", {"pk": "type"}, SEEN),
    ("subscription_type", "POST", {"pk": "type"}, ASKED),
    ("subscription_type_preview", "POST", {}, (302, 403, 403, 200, 403)),
    ("subscription_type_move", "POST", {"pk": "type"}, (302, 403, 403, 302, 403)),
    ("subscription_type_archive", "GET", {"pk": "type"}, SEEN),
    ("subscription_type_archive", "POST", {"pk": "type"}, (302, 403, 403, 302, 403)),
    ("subscription_type_restore", "POST", {"pk": "type"}, (302, 403, 403, 302, 403)),
    ("business_units", "GET", {}, SEEN),
    ("business_unit_create", "GET", {}, SEEN),
    ("business_unit_create", "POST", {}, ASKED),
    ("business_unit", "GET", {"pk": "unit"}, SEEN),
    ("business_unit", "POST", {"pk": "unit"}, ASKED),
    ("business_unit_logo", "POST", {"pk": "unit"}, ASKED),
    ("business_unit_logo_remove", "POST", {"pk": "unit"}, (302, 403, 403, 302, 403)),
    ("channels", "GET", {}, SEEN),
    ("channels", "POST", {}, ASKED),
    ("privacy", "GET", {}, SEEN),
    ("privacy", "POST", {}, ASKED),
    ("privacy_turn_off", "GET", {}, SEEN),
    ("privacy_turn_off", "POST", {}, ASKED),
    ("custom_properties", "GET", {}, SEEN),
    ("custom_property_create", "GET", {}, SEEN),
    ("custom_property_create", "POST", {}, ASKED),
    ("custom_property", "GET", {"pk": "property"}, SEEN),
    ("custom_property", "POST", {"pk": "property"}, ASKED),
    ("custom_property_archive", "POST", {"pk": "property"}, (302, 403, 403, 302, 403)),
    ("custom_property_move", "POST", {"pk": "property"}, (302, 403, 403, 302, 403)),
    ("users", "GET", {}, SEEN),
    ("user_create", "GET", {}, SEEN),
    ("user_create", "POST", {}, ASKED),
    ("user", "GET", {"pk": "user"}, SEEN),
    ("user", "POST", {"pk": "user"}, ASKED),
    ("user_password_link", "POST", {"pk": "user"}, (302, 403, 403, 200, 403)),
    ("user_deactivate", "GET", {"pk": "user"}, SEEN),
    ("user_deactivate", "POST", {"pk": "user"}, (302, 403, 403, 302, 403)),
    ("user_reactivate", "POST", {"pk": "user"}, (302, 403, 403, 302, 403)),
    ("first_password", "GET", {"key": "key", "token": "token"}, (200, 200, 200, 200, 200)),
    ("first_password", "POST", {"key": "key", "token": "token"}, (422, 422, 422, 422, 422)),
]

# The subscriptions panel: everybody reads it, editors act; without parameters there is no row to act on.
CONTACT = {"contact_id": "contact"}
READ = (302, 200, 200, 200, 200)
TABLE += [
    ("contact_subscriptions", "GET", CONTACT, READ),
    ("contact_history", "GET", CONTACT, READ),
    ("contact_history_verify", "GET", CONTACT, (302, 302, 302, 302, 302)),
    ("contact_history_csv", "GET", CONTACT, (302, 403, 200, 200, 200)),
    ("contact_subscribe", "GET", CONTACT, (302, 403, 200, 200, 403)),
    ("contact_subscribe", "POST", CONTACT, (302, 403, 422, 422, 403)),
    ("contact_resubscribe", "GET", CONTACT, (302, 403, 200, 200, 403)),
    ("contact_resubscribe", "POST", CONTACT, (302, 403, 422, 422, 403)),
    ("contact_unsubscribe", "GET", CONTACT, (302, 403, 404, 404, 403)),
    ("contact_unsubscribe", "POST", CONTACT, (302, 403, 404, 404, 403)),
    ("contact_unsubscribe_all", "GET", CONTACT, (302, 403, 200, 200, 403)),
    ("contact_unsubscribe_all", "POST", CONTACT, (302, 403, 422, 422, 403)),
    ("contact_send_link", "GET", CONTACT, (302, 403, 200, 200, 403)),
    ("contact_send_link", "POST", CONTACT, (302, 403, 422, 422, 403)),
    ("contact_copy_link", "POST", CONTACT, (302, 403, 404, 404, 403)),
    ("contact_confirm_again", "POST", CONTACT, (302, 403, 404, 404, 403)),
    ("contact_lift", "GET", CONTACT, (302, 403, 404, 404, 403)),
    ("contact_lift", "POST", CONTACT, (302, 403, 404, 404, 403)),
    ("contact_undo", "POST", CONTACT, (302, 403, 404, 404, 403)),
]


# Public pages: whoever has the link, and nobody by signing in.
LINK, CHOICES = {"token": "unsubscribe"}, {"token": "preferences"}
TABLE += [
    ("unsubscribe", "GET", LINK, (200,) * 5),
    ("unsubscribe", "POST", LINK, (400,) * 5),
    ("unsubscribe", "GET", {"token": "nonsense"}, (404,) * 5),
    ("unsubscribe", "POST", {"token": "nonsense"}, (404,) * 5),
    ("unsubscribe_undo", "POST", LINK, (409,) * 5),
    ("unsubscribe_undo", "GET", LINK, (405,) * 5),
    ("unsubscribe_reason", "POST", LINK, (409,) * 5),
    ("preference_page", "GET", CHOICES, (200,) * 5),
    ("preference_page", "POST", CHOICES, (200,) * 5),
    ("preference_page", "GET", {"token": "nonsense"}, (404,) * 5),
    ("preference_page", "GET", {"token": "unsubscribe"}, (404,) * 5),
    ("preference_undo", "POST", CHOICES, (409,) * 5),
    ("preference_reason", "POST", CHOICES, (409,) * 5),
    ("preference_history", "GET", CHOICES, (200,) * 5),
    ("preference_history", "GET", {"token": "unsubscribe"}, (404,) * 5),
    ("broken_link", "GET", {}, (404,) * 5),
    ("broken_link", "POST", {}, (404,) * 5),
    ("brand_css", "GET", {"slug": "slug"}, (200,) * 5),
    ("brand_logo", "GET", {"slug": "marked", "key": "logo"}, (200,) * 5),
]


# Contacts: everybody sees them, editors and administrators change them.
EVERYBODY = (302, 200, 200, 200, 200)
CHANGED = (302, 403, 302, 302, 403)
TABLE += [
    ("contacts_filter", "GET", {}, READ),
    ("contacts", "GET", {}, EVERYBODY),
    ("contact_new", "GET", {}, (302, 403, 200, 200, 403)),
    ("contact_new", "POST", {}, (302, 403, 422, 422, 403)),
    ("contacts_deleted", "GET", {}, (302, 403, 200, 200, 403)),
    ("contact", "GET", {"contact_id": "contact"}, EVERYBODY),
    ("contact_edit", "GET", {"contact_id": "contact"}, (302, 403, 200, 200, 403)),
    ("contact_edit", "POST", {"contact_id": "contact"}, (302, 403, 422, 422, 403)),
    ("contact_delete", "GET", {"contact_id": "contact"}, (302, 403, 200, 200, 403)),
    ("contact_delete", "POST", {"contact_id": "contact"}, CHANGED),
    ("contact_restore", "POST", {"contact_id": "deleted"}, CHANGED),
    ("contact_restore", "GET", {"contact_id": "deleted"}, (302, 403, 405, 405, 403)),
    ("contact_properties", "GET", {"contact_id": "contact"}, EVERYBODY),
]

# Views of the index: everybody keeps their own; a shared one is its owner's and administrators'.
VIEW = {"pk": "view"}
TABLE += [
    ("contacts_columns", "GET", {}, EVERYBODY),
    ("saved_views", "GET", {}, EVERYBODY),
    ("saved_view_create", "GET", {}, EVERYBODY),
    ("saved_view_create", "POST", {}, (302, 422, 422, 422, 422)),
    ("saved_view", "GET", VIEW, (302, 403, 403, 200, 403)),
    ("saved_view", "POST", VIEW, (302, 403, 403, 422, 403)),
    ("saved_view_save", "POST", VIEW, (302, 403, 403, 404, 403)),
    ("saved_view_save", "GET", VIEW, (302, 405, 405, 405, 405)),
    ("saved_view_move", "POST", VIEW, (302, 404, 404, 404, 404)),
    ("saved_view_delete", "GET", VIEW, (302, 403, 403, 200, 403)),
    ("saved_view_delete", "POST", VIEW, (302, 403, 403, 302, 403)),
]

# Bulk edit and its jobs: everybody sees their own jobs, administrators all; editors start them.
EDITS = (302, 403, 200, 200, 403)
JOB = {"job_id": "job"}
TABLE += [
    ("contacts_subscriptions", "GET", {}, EDITS),
    ("contacts_subscriptions", "POST", {}, (302, 403, 422, 422, 403)),
    ("contacts_subscriptions_preview", "POST", {}, EDITS),
    ("contacts_subscriptions_people", "POST", {}, EDITS),
    ("contacts_action", "GET", {"action": "action"}, EDITS),
    ("contacts_action", "POST", {"action": "action"}, (302, 403, 422, 422, 403)),
    ("contacts_action_preview", "POST", {"action": "action"}, EDITS),
    ("contacts_action_people", "POST", {"action": "action"}, EDITS),
    ("contacts_export", "GET", {}, (302, 403, 200, 200, 200)),
    ("contacts_export", "POST", {}, (302, 403, 422, 422, 422)),
    ("job_policy", "GET", {}, SEEN),
    ("job_policy", "POST", {}, ASKED),
    ("jobs", "GET", {}, EVERYBODY),
    ("jobs_bell", "GET", {}, EVERYBODY),
    ("job", "GET", JOB, (302, 404, 404, 200, 404)),
    ("job_seen", "POST", JOB, (302, 404, 404, 302, 404)),
    ("job_pause", "POST", JOB, (302, 404, 404, 302, 404)),
    ("job_resume", "POST", JOB, (302, 404, 404, 302, 404)),
    ("job_cancel", "POST", JOB, (302, 404, 404, 302, 404)),
    ("job_approve", "POST", JOB, (302, 403, 404, 302, 403)),
    ("job_decline", "POST", JOB, (302, 403, 404, 302, 403)),
    ("job_undo", "GET", JOB, (302, 403, 404, 200, 403)),
    ("job_undo", "POST", JOB, (302, 403, 404, 409, 403)),
    ("job_changes_csv", "GET", JOB, (302, 403, 404, 200, 404)),
    ("job_refusals", "GET", JOB, (302, 404, 404, 200, 404)),
    ("job_refusals_csv", "GET", JOB, (302, 403, 404, 200, 404)),
    ("job_export_csv", "GET", JOB, (302, 403, 404, 404, 404)),  # an edit has no such file
]

# The outbox: administrators only, since a mail may be to anybody.
MAIL = {"mail_id": "mail"}
TABLE += [
    ("outbox", "GET", {}, (302, 403, 403, 200, 403)),
    ("outbox_mail", "GET", MAIL, (302, 403, 403, 200, 403)),
    ("outbox_mail_html", "GET", MAIL, (302, 403, 403, 404, 403)),
    ("outbox_mail_retry", "POST", MAIL, (302, 403, 403, 302, 403)),
    # For mail providers, who bring a secret; none is set here.
    ("provider_feedback", "POST", {}, (404, 404, 404, 404, 404)),
    ("provider_feedback", "GET", {}, (405, 405, 405, 405, 405)),
]

# Suspected automatic: everybody may look, who may resubscribe gives back (no role has that by itself).
TABLE += [
    ("suspected", "GET", {}, EVERYBODY),
    ("suspected", "POST", {}, (302, 405, 405, 405, 405)),
    ("suspected_give_back", "POST", {}, (302, 403, 403, 403, 403)),
    ("suspected_give_back", "GET", {}, (302, 403, 403, 403, 403)),
]


# Links for people who have no account.
TABLE += [
    ("send_link", "GET", {}, (200, 200, 200, 200, 200)),
    ("send_link", "POST", {}, (422, 422, 422, 422, 422)),
    ("confirm", "GET", {"token": "nonsense"}, (404, 404, 404, 404, 404)),
    ("confirm", "POST", {"token": "nonsense"}, (404, 404, 404, 404, 404)),
]


def _job():
    contact = make_contact("ada@fernmoor.example")
    chosen = Contact.objects.filter(pk=contact.pk)
    return start_edit(opting(Status.UNSUBSCRIBED, TypeFactory()), UserFactory(), chosen).pk


def _deleted():
    deleted = make_contact("deleted@x.example")
    delete_contact(contact=deleted, user=UserFactory(), now=NOW)
    return deleted.pk


def _view():
    state = ViewState("q=ada", "-updated")
    return create_view(owner=_colleague(), name="Ada", is_shared=True, state=state, now=NOW).pk


def _colleague():
    found = User.objects.filter(email="colleague@fernmoor.example").first()
    return found or make_user("viewer", email="colleague@fernmoor.example")


def _preferences():
    unit_id = TypeFactory().business_unit_id
    link = links.preference_link(address_id=address(), unit_id=unit_id, now=timezone.now())
    return link.split("/")[-2]


def _unsubscribe():
    kind = TypeFactory()
    link = links.unsubscribe_link(
        address_id=address(), unit_id=kind.business_unit_id, type_id=kind.pk
    )
    return link.split("/")[-2]


# What the arguments of the table name; made only for the lines that name it.
def _logo():
    return read_logo(b64decode("R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw=="))


def _marked() -> str:
    unit = TypeFactory().business_unit
    set_logo(unit=unit, logo=_logo(), user=UserFactory(), now=NOW)
    return unit.slug


OBJECTS = {
    "marked": _marked,
    "logo": lambda: _logo().key,
    "unsubscribe": _unsubscribe,
    "preferences": _preferences,
    "nonsense": lambda: "nonsense",
    "slug": lambda: TypeFactory().business_unit.slug,
    "action": lambda: "owner",
    "job": _job,
    "deleted": _deleted,
    "view": _view,
    "mail": lambda: queue_mail(letter=letter(), key="one", now=NOW).pk,
    "unit": lambda: TypeFactory().business_unit_id,
    "contact": lambda: make_contact("ada@fernmoor.example").pk,
    "type": lambda: TypeFactory().pk,
    "user": lambda: _colleague().pk,
    "property": lambda: CustomPropertyFactory().pk,
    "key": lambda: urlsafe_base64_encode(str(_colleague().pk).encode()),
    "token": lambda: default_token_generator.make_token(_colleague()),
}


@pytest.mark.django_db
@pytest.mark.parametrize("column", range(len(ROLES)), ids=ROLES)
@pytest.mark.parametrize("line", TABLE, ids=lambda line: f"{line[0]}-{line[1]}")
def test_status(line, column):
    name, method, arguments, statuses = line
    client = Client()
    if column:
        client.force_login(make_user(ROLES[column]))
    kwargs = {key: OBJECTS[value]() for key, value in arguments.items()}
    response = client.generic(method, reverse(name, kwargs=kwargs))
    assert response.status_code == statuses[column], f"{name} for {ROLES[column]}"


def test_every_url_has_a_line():
    names = {pattern.name for pattern in our_patterns(get_resolver())}
    assert names - {line[0] for line in TABLE} == set()


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES[1:])
def test_the_admin_opens_for_administrators_only(role):
    client = Client()
    client.force_login(make_user(role))
    expected = 200 if role == "administrator" else 403
    assert client.get("/admin/", follow=True).status_code == expected


@pytest.mark.django_db
def test_the_admin_sends_visitors_to_the_one_sign_in_page(client):
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0].startswith("/login/?next=/admin/")
