"""The files of a job's result."""

import pytest

from accounts.models import User
from contacts.bulk.results import CHANGE_COLUMNS, REFUSAL_COLUMNS, change_rows, refusal_rows
from contacts.bulk.undo import start_undo
from preferences.values import ACCOUNT
from tests.contacts.bulk_scene import IN, OUT, edit_now, held, opting, run
from tests.factories import NOW, TypeFactory, UnitFactory, UserFactory, make_contact
from tests.preferences.kernel import HOUR, act, of, ours, own, set_policy

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory()


@pytest.fixture
def news():
    set_policy()
    return TypeFactory(name="=News", business_unit=UnitFactory(name="Garden"))


def test_refusals_say_who_where_and_why(user, news):
    anna = make_contact("anna@home.example", first_name="=cmd()", last_name="Ash")
    act(held(anna)[0], own(of(news), OUT), at=NOW - HOUR)
    only_phone = make_contact(sms="+48601000001", last_name="Phone")
    job = edit_now(opting(IN, news), user)
    header, *rows = refusal_rows(job, user=user)
    assert header == list(REFUSAL_COLUMNS)
    assert rows == [
        [
            str(anna.pk),
            "'=cmd() Ash",
            "Email",
            "anna@home.example",
            "Garden",
            "'=News",
            "R5",
            "own_opt_out",
            "They opted out themselves. Only they can opt back in.",
        ],
        [
            str(only_phone.pk),
            "Phone",
            "",
            "",
            "",
            "",
            "",
            "no_address",
            "They have no address on this channel.",
        ],
    ]
    assert len(list(refusal_rows(job, user=user, reason="no_address"))) == 2
    stranger = UserFactory(all_units=False, units=[news.business_unit])
    hidden = list(refusal_rows(job, user=stranger))[1]
    assert hidden[:6] == [str(anna.pk), "", "", "", "Garden", "'=News"]


def test_files_say_nothing_of_what_is_out_of_reach(user, news):
    """Who started a job may have lost a business unit since."""
    anna, ben = (make_contact(f"{name}@home.example") for name in ("anna", "ben"))
    act(held(anna)[0], own(of(news), OUT), at=NOW - HOUR)
    job = edit_now(opting(IN, news), user)
    assert (len(list(refusal_rows(job, user=user))), len(list(change_rows(job, user=user)))) == (
        2,
        2,
    )
    elsewhere = UserFactory(all_units=False, units=[UnitFactory(name="Workwear")])
    assert list(refusal_rows(job, user=elsewhere)) == [list(REFUSAL_COLUMNS)]
    assert list(change_rows(job, user=elsewhere)) == [list(CHANGE_COLUMNS)]
    act(held(ben)[0], ours(ACCOUNT, OUT), at=NOW + HOUR)
    lift = edit_now(opting(IN, news, lift=True), user, now=NOW + 2 * HOUR)
    told = [row[6:8] for row in change_rows(lift, user=elsewhere)][1:]
    assert told == [["", "All units"]]


def test_changes_are_read_from_the_ledger(user, news):
    anna = make_contact("anna@home.example", first_name="Anna")
    act(held(anna)[0], ours(ACCOUNT, OUT), at=NOW - HOUR)
    job = edit_now(opting(IN, news, lift=True), user)
    header, lifted, opted_in = change_rows(job, user=user)
    assert header == list(CHANGE_COLUMNS)
    assert lifted[2:] == [
        str(anna.pk),
        "Anna",
        "Email",
        "anna@home.example",
        "",
        "All units",
        "Opted in",
        "Opted out",
        "Opted in",
        "R12",
    ]
    assert opted_in[6:] == ["Garden", "'=News", "Opted in", "Not opted", "Opted in", "R12"]
    undo = run(start_undo(job=job, user=user, now=NOW + HOUR), NOW + HOUR)
    assert [row[-1] for row in change_rows(undo, user=user)] == ["rule", "R23", "R23"]


def test_a_file_reads_a_chunk_at_a_time(user, news, django_assert_max_num_queries):
    for n in range(15):
        make_contact(f"p{n}@home.example")
    job = edit_now(opting(OUT, news), user)
    with django_assert_max_num_queries(8):
        assert len(list(change_rows(job, user=user))) == 16
    with django_assert_max_num_queries(7):
        assert len(list(refusal_rows(job, user=user))) == 1
    again = edit_now(opting(OUT, news), user)
    assert len(list(change_rows(again, user=user))) == 1
