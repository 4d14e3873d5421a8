"""The other bulk actions: preview and job agree, and nobody else is touched."""

import csv
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from contacts.bulk import preview as previews
from contacts.bulk.acting import look_at_action, start_action
from contacts.bulk.actions import (
    AddProcessingBasis,
    DeleteContacts,
    InvalidAction,
    SetOwner,
    SetProperty,
)
from contacts.bulk.export import export_lines, start_export
from contacts.bulk.preview import preview_of
from contacts.bulk.results import refusal_rows
from contacts.models import Contact, CustomProperty
from contacts.selectors import count_contacts
from contacts.values import PropertyKind
from jobs.models import Job
from jobs.selectors import counts_of
from jobs.services import forget_outputs
from preferences.models import Preference
from preferences.values import ACCOUNT, LegalBasis
from tests.contacts.bulk_scene import OUT, held, run
from tests.factories import (
    NOW,
    CustomPropertyFactory,
    TypeFactory,
    UnitFactory,
    UserFactory,
    make_contact,
)
from tests.preferences.kernel import HOUR, act, of, own, set_policy

pytestmark = pytest.mark.django_db
EVERYBODY = Contact.objects.filter(deleted_at=None)
LATER = NOW + HOUR


@pytest.fixture
def user():
    return UserFactory()


def start(action, user, contacts=EVERYBODY, **fields) -> Job:
    return start_action(
        action=action, contacts=contacts, selection={}, user=user, now=LATER, **fields
    )


def act_now(action, user, contacts=EVERYBODY) -> dict[str, int]:
    """Run an action as a job and return its counts, which the preview must have said."""
    said = preview_of(look_at_action(action, user=user), contacts)
    assert said.is_exact
    counts = counts_of(run(start(action, user, contacts), LATER)).items
    assert counts == said.items
    return counts


def test_owner(user):
    mine = make_contact("a@home.example", owner_id=user.pk)
    other = make_contact("b@home.example")
    assert act_now(SetOwner(user.pk), user) == {"unchanged": 1, "changed": 1}
    other.refresh_from_db()
    assert (other.owner, other.updated_at) == (user, LATER)
    mine.refresh_from_db()
    assert mine.updated_at == NOW
    assert act_now(SetOwner(None), user) == {"changed": 2}
    with pytest.raises(InvalidAction):
        start(SetOwner(UserFactory(is_active=False).pk), user)


def test_processing_basis_is_added_to_those_on_record(user):
    client, consent = LegalBasis.LEGITIMATE_INTEREST_CLIENT, LegalBasis.CONSENT_WITH_NOTICE
    make_contact("a@home.example", processing_bases=[consent])
    make_contact("b@home.example", processing_bases=[client])
    assert act_now(AddProcessingBasis(client.value), user) == {"changed": 1, "unchanged": 1}
    assert [one.processing_bases for one in Contact.objects.order_by("pk")] == [
        (consent, client),
        (client,),
    ]
    with pytest.raises(InvalidAction):
        start(AddProcessingBasis(LegalBasis.PROCESS_AND_STORE.value), user)


@pytest.mark.parametrize(
    ("name", "value", "is_good"),
    [
        ("country", "PL", True),
        ("country", "", True),
        ("country", "Poland", False),
        ("language", "pl", True),
        ("language", "Polish", False),
        ("lifecycle_stage", "lead", True),
        ("lifecycle_stage", "nonsense", False),
        ("job_title", " Gardener ", True),
        ("job_title", "x" * 161, False),
        ("job_title", "bell\x07", False),
        ("sort_name", "x", False),
        ("first_name", "x", False),
    ],
)
def test_built_in_properties(user, name, value, is_good):
    contact = make_contact(
        "a@home.example", country="DE", job_title="Buyer", lifecycle_stage="other"
    )
    if not is_good:
        with pytest.raises(InvalidAction):
            start(SetProperty(name, value), user)
        return
    assert act_now(SetProperty(name, value), user) == {"changed": 1}
    assert act_now(SetProperty(name, value), user) == {"unchanged": 1}
    contact.refresh_from_db()
    assert getattr(contact, name) == value.strip()


def test_search_follows_the_company(user):
    make_contact("a@home.example", "b@home.example", company="Old")
    make_contact(sms="+48601000001", company="Old")
    assert act_now(SetProperty("company", "Żółw GmbH"), user) == {"changed": 2}
    found = Contact.objects.filter(search_text__contains=" zolw gmbh")
    assert found.count() == 2
    assert not Contact.objects.filter(search_text__contains="old").exists()
    assert {one.sort_name for one in found} == {"a@home.example", "+48601000001"}


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        (PropertyKind.TEXT, "oak", "oak"),
        (PropertyKind.NUMBER, "1", 1),
        (PropertyKind.DATE, "2026-11-22", "2026-11-22"),
        (PropertyKind.CHOICE, "Rose", "rose"),
        (PropertyKind.YES_NO, "yes", True),
    ],
)
def test_custom_properties(user, kind, value, stored):
    found = CustomPropertyFactory(kind=kind, choices=["rose"])
    name = found.internal_name
    make_contact("a@home.example", properties={"other": 1})
    make_contact("b@home.example", properties={name: stored})
    action = SetProperty(name, value, is_custom=True)
    assert act_now(action, user) == {"changed": 1, "unchanged": 1}
    assert {one.properties[name] for one in Contact.objects.all()} == {stored}
    assert act_now(SetProperty(name, "", is_custom=True), user) == {"changed": 2}
    assert [one.properties for one in Contact.objects.order_by("pk")] == [{"other": 1}, {}]
    if kind is not PropertyKind.TEXT:
        with pytest.raises(InvalidAction):
            start(SetProperty(name, "nonsense", is_custom=True), user)


def test_a_property_archived_meanwhile_stops_the_job(user):
    found = CustomPropertyFactory()
    make_contact("a@home.example")
    job = start(SetProperty(found.internal_name, "x", is_custom=True), user)
    CustomProperty.objects.update(archived_at=NOW)
    job = run(job)
    assert (job.state, job.problem) == (Job.State.FAILED, Job.Problem.INVALID)
    with pytest.raises(InvalidAction):
        start(SetProperty(found.internal_name, "x", is_custom=True), user)


def test_delete_takes_all_units_and_moves_no_status(user):
    set_policy()
    near, far = UnitFactory(), UnitFactory()
    news = TypeFactory(business_unit=near)
    own_contact = make_contact("a@home.example", units=[near])
    shared = make_contact("b@home.example", units=[near, far])
    hidden = make_contact("c@home.example", units=[far])
    act(held(own_contact)[0], own(of(news), OUT), at=NOW)
    limited = UserFactory(units=[near])
    visible = EVERYBODY.filter(pk__in=[own_contact.pk, shared.pk])
    assert act_now(DeleteContacts(), limited, visible) == {
        "changed": 1,
        "refused": 1,
        "refused all_units": 1,
    }
    assert set(EVERYBODY.all()) == {shared, hidden}
    assert count_contacts(user) == 2
    assert Preference.objects.get().status == OUT.code
    job = Job.objects.get(kind="delete_contacts")
    rows = list(refusal_rows(job, user=limited))
    assert rows[1][0] == str(shared.pk)
    assert rows[1][7] == "all_units"


def test_who_may_start_what(user):
    make_contact("a@home.example")
    compliance, viewer = UserFactory(role=Role.COMPLIANCE), UserFactory(role=Role.VIEWER)
    for nobody in (compliance, viewer):
        with pytest.raises(PermissionDenied):
            start(DeleteContacts(), nobody)
    with pytest.raises(PermissionDenied):
        start_export(contacts=EVERYBODY, selection={}, user=viewer, now=NOW)
    assert start_export(contacts=EVERYBODY, selection={}, user=compliance, now=NOW).total == 1


def test_a_sample_of_many(user, monkeypatch):
    monkeypatch.setattr(previews, "EXACT_LIMIT", 5)
    for n in range(8):
        make_contact(f"p{n}@home.example")
    found = preview_of(look_at_action(DeleteContacts(), user=user), EVERYBODY)
    assert (found.total, found.is_sample, found.count("changed")) == (8, True, 8)


@pytest.mark.parametrize(
    "action",
    [
        DeleteContacts(),
        SetProperty("company", "Fern"),
        SetProperty("country", "PL"),
        AddProcessingBasis("NON_GDPR"),
    ],
)
def test_a_chunk_costs_the_same_for_many(user, action):
    def queries(count: int, mark: str) -> int:
        for n in range(count):
            make_contact(f"{mark}{n}@home.example", job_title=mark)
        job = start(action, user, Contact.objects.filter(job_title=mark))
        with CaptureQueriesContext(connection) as found:
            run(job)
        return len(found)

    assert queries(2, "few") == queries(20, "many")


def test_export_is_one_file_of_all_chunks(user):
    set_policy()
    news = TypeFactory(name="News", business_unit=UnitFactory(name="Garden"))
    TypeFactory(name="Always", kind="service")
    CustomPropertyFactory(internal_name="flower", name="Flower")
    anna = make_contact(
        "anna@home.example",
        "anna@work.example",
        sms="+48601000001",
        first_name="=Anna",
        owner_id=user.pk,
        properties={"flower": "rose"},
    )
    make_contact(sms="+48601000002")
    act(held(anna)[0], own(ACCOUNT, OUT), at=NOW)
    job = run(start_export(contacts=EVERYBODY, selection={}, user=user, now=NOW))
    assert counts_of(job).items == {"changed": 2}
    text = b"".join(export_lines(job, user=user)).decode("utf-8-sig")
    first, second = csv.DictReader(text.splitlines())
    assert first["first_name"] == "'=Anna"
    assert first["email"] == "anna@home.example"
    assert first["other_emails"] == "anna@work.example"
    assert first["Flower"] == "rose"
    assert first["owner"] == str(user)
    assert first["Garden: News (EMAIL)"] == "UNSUBSCRIBED"
    assert second["Garden: News (EMAIL)"] == ""
    assert second["sms"].startswith("'+48")
    assert not any("Always" in name for name in first)
    unit_id = news.business_unit_id
    assert [f"type:{news.pk}:{unit_id}:EMAIL", "Garden: News (EMAIL)"] in job.parameters["columns"]
    assert forget_outputs(now=NOW + timedelta(days=6)) == 0
    assert forget_outputs(now=NOW + timedelta(days=8)) == 1
    assert b"anna" not in b"".join(export_lines(job, user=user))
