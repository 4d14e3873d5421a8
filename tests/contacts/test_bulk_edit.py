"""The bulk edit of subscriptions: who is changed, what is refused, and what is counted."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from contacts.access import contacts_for
from contacts.bulk.edit import BulkEdit, InvalidBulkEdit, check_bulk_edit, choosable_types
from contacts.models import Contact, ContactAddress
from contacts.services import delete_contact
from jobs.models import Job
from jobs.selectors import counts_of
from jobs.services import NothingSelected
from preferences.bulk_sql import FEW
from preferences.models import ConsentEvent, Evidence, SubscriptionType
from preferences.rebuilding import differences
from preferences.values import ACCOUNT, Channel, LegalBasis, Source
from tests.contacts.bulk_scene import (
    IN,
    NONE,
    OUT,
    edit_now,
    held,
    opting,
    run,
    start_edit,
    status_of,
)
from tests.factories import NOW, TypeFactory, UnitFactory, UserFactory, make_contact
from tests.preferences.kernel import HOUR, MINUTE, act, of, ours, own, set_policy, unit_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return UserFactory()


@pytest.fixture
def news():
    set_policy()
    return TypeFactory(name="News")


def items_of(job: Job) -> dict[str, int]:
    return counts_of(job).items


def test_r21_opt_in_takes_the_primary_address_and_opt_out_every_one(user, news):
    anna = make_contact("anna@home.example", "anna@work.example", sms="+48601000001")
    job = edit_now(opting(IN, news), user)
    assert items_of(job) == {"changed": 1}
    assert [status_of(anna, news, place) for place in (0, 1)] == [IN, NONE]
    job = edit_now(opting(OUT, news), user)
    assert items_of(job) == {"changed": 1}
    assert counts_of(job).changes == {"apply R3 opted_out": 2}
    assert [status_of(anna, news, place) for place in (0, 1)] == [OUT, OUT]
    edit_now(opting(NONE, news), user)
    assert [status_of(anna, news, place) for place in (0, 1)] == [NONE, OUT]
    assert list(differences()) == []


def test_events_name_the_job_and_the_user(user, news):
    make_contact("anna@home.example")
    make_contact("bela@home.example")
    job = edit_now(opting(IN, news), user)
    for event in ConsentEvent.objects.select_related("evidence"):
        assert (event.job_id, event.source, event.actor_id) == (
            job.pk,
            Source.BULK_EDIT.code,
            user.pk,
        )
        assert event.legal_basis == LegalBasis.CONSENT_WITH_NOTICE.code
        assert event.evidence.explanation == "Asked at the counter"
    assert Evidence.objects.count() == 1
    chunk = job.chunks.get()
    assert (chunk.first_event_id, chunk.last_event_id) == tuple(
        ConsentEvent.objects.order_by("id").values_list("id", flat=True)
    )


def test_r5_everybody_is_counted_once(user, news):
    fresh, already, own_out, ours_out, closed = (
        make_contact(f"{name}@home.example") for name in ("a", "b", "c", "d", "e")
    )
    nobody = make_contact(sms="+48601000001", first_name="Only", last_name="Phone")
    act(held(already)[0], ours(of(news), IN), at=NOW - HOUR)
    act(held(own_out)[0], own(of(news), OUT), at=NOW - HOUR)
    act(held(ours_out)[0], ours(of(news), OUT, Source.WORKFLOW), at=NOW - HOUR)
    act(held(closed)[0], own(ACCOUNT, OUT), at=NOW - HOUR)
    job = start_edit(opting(IN, news), user)
    deleted = make_contact("z@home.example")
    assert job.total == 6
    delete_contact(contact=fresh, user=user, now=NOW)
    job = run(job)
    assert items_of(job) == {
        "gone": 1,
        "unchanged": 1,
        "changed": 1,
        "refused": 2,
        "refused R5 own_opt_out": 1,
        "refused R10 own_opt_out_of_all": 1,
        "no_address": 1,
    }
    refusals = job.chunks.get().refusals
    assert refusals["R5 own_opt_out"] == [own_out.pk, held(own_out)[0], 1, news.pk]
    assert refusals["no_address"] == [nobody.pk, 0, 0, 0]
    assert refusals["gone"] == [fresh.pk, 0, 0, 0]
    assert status_of(deleted, news) is NONE  # came later: not in the frozen selection


def test_some_of_the_types_only(user, news):
    offers = TypeFactory(business_unit=news.business_unit, name="Offers")
    anna = make_contact("anna@home.example")
    act(held(anna)[0], own(of(offers), OUT), at=NOW - HOUR)
    job = edit_now(opting(IN, news, offers), user)
    assert items_of(job) == {"changed": 1, "partly": 1}
    assert counts_of(job).changes == {"apply R12 opted_in": 1, "refuse R5 own_opt_out": 1}


def test_two_contacts_of_one_address(user, news):
    make_contact("anna@home.example")
    make_contact("anna@home.example")
    assert items_of(edit_now(opting(OUT, news), user)) == {"changed": 1, "unchanged": 1}
    assert ConsentEvent.objects.count() == 1


@pytest.mark.parametrize(("status", "refused_without"), [(IN, 3), (NONE, 1)])
def test_r10_the_box_lifts_what_staff_set_by_hand(user, news, status, refused_without):
    by_hand, by_import, by_them = (make_contact(f"{name}@home.example") for name in "abc")
    act(held(by_hand)[0], ours(of(news), OUT), at=NOW - HOUR)
    act(held(by_hand)[0], ours(ACCOUNT, OUT), at=NOW - HOUR)
    act(held(by_hand)[0], ours(unit_of(news), OUT, Source.BULK_EDIT), at=NOW - HOUR)
    act(held(by_import)[0], ours(ACCOUNT, OUT, Source.IMPORT), at=NOW - HOUR)
    act(held(by_them)[0], own(unit_of(news), OUT), at=NOW - HOUR)
    refused = edit_now(opting(status, news), user)
    assert items_of(refused)["refused"] == refused_without
    job = edit_now(opting(status, news, lift=True), user, now=NOW + MINUTE)
    found = items_of(job)
    assert (found["changed"], found["refused"]) == (1, 2)
    assert status_of(by_hand, news) is status
    assert status_of(by_import, news) is OUT
    assert status_of(by_them, news) is OUT
    chunk = job.chunks.get()
    events = ConsentEvent.objects.filter(job_id=job.pk)
    assert events.count() == 3
    assert events.filter(id__range=(chunk.first_event_id, chunk.last_event_id)).count() == 3


def test_only_what_is_within_reach(news):
    unit, elsewhere = UnitFactory(), TypeFactory()
    mine = TypeFactory(business_unit=unit)
    seen = make_contact("seen@home.example", units=[unit])
    hidden = make_contact("hidden@home.example")
    user = UserFactory(units=[unit])
    with pytest.raises(InvalidBulkEdit):
        check_bulk_edit(opting(OUT, elsewhere), user=user)
    job = edit_now(opting(OUT, mine), user, Contact.objects.filter(pk__in=[seen.pk, hidden.pk]))
    assert items_of(job) == {"changed": 1, "gone": 1}
    assert status_of(hidden, mine) is NONE


def test_reach_is_read_again_before_each_chunk(news):
    unit = UnitFactory()
    mine = TypeFactory(business_unit=unit)
    make_contact("seen@home.example", units=[unit])
    user = UserFactory(units=[unit])
    job = start_edit(opting(OUT, mine), user, contacts_for(user))
    user.units.set([UnitFactory()])
    assert items_of(run(job)) == {"gone": 1}


def test_ids_and_filter_are_one_way(user, news):
    people = [make_contact(f"p{n}@home.example", company="Fern") for n in range(3)]
    by_ids = start_edit(
        opting(OUT, news), user, Contact.objects.filter(pk__in=[p.pk for p in people])
    )
    by_filter = start_edit(opting(OUT, news), user, Contact.objects.filter(company="Fern"))
    assert by_ids.chunks.get().items == by_filter.chunks.get().items
    with pytest.raises(NothingSelected):
        start_edit(opting(OUT, news), user, Contact.objects.none())


def test_a_type_archived_meanwhile_is_refused_and_the_job_goes_on(user, news):
    make_contact("anna@home.example")
    job = start_edit(opting(IN, news), user)
    SubscriptionType.objects.update(archived_at=NOW)
    assert items_of(run(job)) == {"refused": 1, "refused R15 archived_type": 1}


def test_viewers_start_nothing(news):
    with pytest.raises(PermissionDenied):
        start_edit(opting(OUT, news), UserFactory(role=Role.VIEWER))


GOOD = {"legal_basis": LegalBasis.CONSENT_WITH_NOTICE, "explanation": "Asked"}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, []),
        ({"explanation": ""}, ["explanation"]),
        ({"explanation": " \n"}, ["explanation"]),
        ({"explanation": "x" * 2001}, ["explanation"]),
        ({"explanation": "bell\x07"}, ["explanation"]),
        ({"legal_basis": None}, ["legal_basis"]),
        ({"legal_basis": LegalBasis.PROCESS_AND_STORE}, ["legal_basis"]),
        ({"legal_basis": None, "explanation": ""}, ["legal_basis", "explanation"]),
        ({"channel": Channel.SMS}, ["channel", "types"]),
        ({"type_ids": ()}, ["types"]),
        ({"type_ids": (99,)}, ["types"]),
        ({"status": OUT, "legal_basis": None, "explanation": ""}, []),
        ({"status": NONE, "legal_basis": None, "explanation": ""}, []),
    ],
)
def test_r12_what_is_wrong_is_said_field_by_field(user, news, fields, wrong):
    edit = BulkEdit(
        **{"status": IN, "channel": Channel.EMAIL, "type_ids": (news.pk,), **GOOD, **fields}
    )
    if not wrong:
        check_bulk_edit(edit, user=user)
        return
    with pytest.raises(InvalidBulkEdit) as caught:
        check_bulk_edit(edit, user=user)
    assert sorted(caught.value.problems) == sorted(wrong)
    assert BulkEdit.from_json(edit.as_json()) == edit


def test_r12_with_data_privacy_off_nothing_is_asked(user, news):
    set_policy(privacy=0)
    check_bulk_edit(opting(IN, news, legal_basis=None, explanation=""), user=user)


def test_r15_what_may_be_chosen(user, news):
    kinds = {
        "archived": TypeFactory(archived_at=NOW),
        "internal": TypeFactory(is_internal=True),
        "service": TypeFactory(kind="service"),
        "sms": TypeFactory(offered_on_email=False, offered_on_sms=True),
    }

    def ids(status):
        found = choosable_types(user, channel=Channel.EMAIL, status=status)
        return {line.id for line in found}

    assert ids(IN) == ids(NONE) == {news.pk}
    assert ids(OUT) == {news.pk, kinds["archived"].pk, kinds["internal"].pk}


def test_a_chunk_costs_the_same_for_many(user, news):
    def queries(count, mark):
        for n in range(count):
            make_contact(f"{mark}{n}@home.example", company=mark)
        job = start_edit(opting(OUT, news), user, Contact.objects.filter(company=mark))
        with CaptureQueriesContext(
            connection,
        ) as found:
            run(job)
        return len(found)

    assert queries(2, "few") <= queries(FEW + 1, "some") == queries(20, "many")
    assert ContactAddress.objects.count() == 2 + FEW + 1 + 20
