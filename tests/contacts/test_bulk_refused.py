"""The list of those that a job left as they were, as its page shows it."""

from datetime import timedelta

import pytest

from accounts.models import User
from contacts.bulk.refused import PAGE, Position, refusal_choices, refused_page
from preferences.values import ACCOUNT
from tests.contacts.bulk_scene import IN, OUT, edit_now, held, opting, run, start_edit
from tests.factories import NOW, TypeFactory, UnitFactory, UserFactory, make_contact
from tests.preferences.kernel import HOUR, act, of, own, set_policy

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def user() -> User:
    return UserFactory(role="administrator")


@pytest.fixture
def news():
    set_policy()
    return TypeFactory(name="News", business_unit=UnitFactory(name="Garden"))


def out(contact, subscription_type, at=NOW - HOUR) -> None:
    act(held(contact)[0], own(of(subscription_type), OUT), at=at)


def crowd(count: int, news) -> list:
    people = [make_contact(f"p{n}@home.example", first_name=f"P{n}") for n in range(count)]
    for one in people:
        out(one, news)
    return people


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def test_each_row_says_who_what_why_and_since_when(user, news):
    anna = make_contact("anna@home.example", first_name="Anna", last_name="Ash")
    ben = make_contact("ben@home.example", first_name="Ben")
    out(anna, news)
    act(held(ben)[0], own(ACCOUNT, OUT), at=NOW - 2 * HOUR)
    phone = make_contact(sms="+48601000001", last_name="Phone")
    job = edit_now(opting(IN, news), user)
    rows = refused_page(job, user=user).rows
    assert [(row.name, row.address, row.unit, row.about) for row in rows] == [
        ("Anna Ash", "anna@home.example", "Garden", "News"),
        ("Ben", "ben@home.example", "Garden", "News"),
        ("Phone", "", "", ""),
    ]
    assert [(row.pill, row.since) for row in rows] == [
        ("UNSUBSCRIBED", NOW - HOUR),
        ("UNSUBSCRIBED_ALL", NOW - 2 * HOUR),
        ("", None),
    ]
    assert [row.refusal.key for row in rows][::2] == ["R5 own_opt_out", "no_address"]
    assert rows[2].refusal.contact_id == phone.pk


def test_an_opt_out_during_the_job_is_told_apart(user, news):
    anna, ben = (make_contact(f"{name}@home.example") for name in ("anna", "ben"))
    out(anna, news)
    job = start_edit(opting(IN, news), user)
    out(ben, news, at=NOW + MINUTE)
    job.started_at = NOW
    job.save()
    job = run(job, now=NOW + 2 * MINUTE)
    assert [row.is_meanwhile for row in refused_page(job, user=user).rows] == [False, True]


def test_who_came_back_since_has_no_pill_any_more(user, news):
    anna = make_contact("anna@home.example")
    out(anna, news)
    job = edit_now(opting(IN, news), user)
    act(held(anna)[0], own(of(news), IN), at=NOW + HOUR)
    [row] = refused_page(job, user=user).rows
    assert (row.pill, row.since, row.refusal.reason) == ("", None, "own_opt_out")


def test_pages_go_on_across_chunks_and_miss_nobody(user, news, monkeypatch):
    monkeypatch.setattr("contacts.bulk.start.CHANGES_AT_ONCE", 7)
    people = crowd(2 * PAGE + 3, news)
    job = edit_now(opting(IN, news), user)
    assert job.chunk_count > 5
    seen, begin, pages = [], Position(), 0
    while begin is not None:
        page = refused_page(job, user=user, begin=begin)
        seen += [row.refusal.contact_id for row in page.rows]
        begin, pages = page.after, pages + 1
    assert (seen, pages) == ([one.pk for one in people], 3)


def test_one_reason_alone(user, news):
    crowd(2, news)
    make_contact(sms="+48601000001")
    job = edit_now(opting(IN, news), user)
    assert [(key, count) for key, _words, count in refusal_choices(job)] == [
        ("R5 own_opt_out", 2),
        ("no_address", 1),
    ]
    page = refused_page(job, user=user, reason="no_address")
    assert [row.refusal.reason for row in page.rows] == ["no_address"]


def test_nothing_is_told_of_a_unit_that_was_lost(user, news):
    crowd(1, news)
    job = edit_now(opting(IN, news), user)
    elsewhere = UserFactory(all_units=False, units=[UnitFactory(name="Workwear")])
    assert refused_page(job, user=elsewhere).rows == []
    garden = UserFactory(all_units=False, units=[news.business_unit])
    [row] = refused_page(job, user=garden).rows
    assert (row.is_visible, row.name, row.address, row.pill) == (False, "", "", "")


def test_more_people_cost_no_more_queries(user, news, django_assert_max_num_queries):
    crowd(PAGE, news)
    job = edit_now(opting(IN, news), user)
    with django_assert_max_num_queries(7):
        assert len(refused_page(job, user=user).rows) == PAGE


def test_the_page_and_its_fragments(user, news, as_user, monkeypatch):
    crowd(PAGE + 1, news)
    make_contact(sms="+48601000001", last_name="Phone")
    job = edit_now(opting(IN, news), user)
    client = as_user(user)
    result = text_of(client.get(f"/jobs/{job.pk}/"))
    assert "0 contacts are now opted in. 27 were refused." not in result  # one has no address
    assert "0 contacts are now opted in. 26 were refused." in result
    assert f'hx-get="/jobs/{job.pk}/refusals/"' in result
    url = f"/jobs/{job.pk}/refusals/"
    page = text_of(client.get(url))
    assert "Refusals, 27" in page
    assert "P24" in page
    assert "P25" not in page
    assert "They opted out themselves. Only they can opt back in. (26)" in page
    more = client.get(f"{url}?chunk=0&place=25", headers=_htmx("refusals-more"))
    assert "<html" not in text_of(more)
    assert "P25" in text_of(more)
    assert "autofocus" in text_of(more)
    assert "Show more" not in text_of(more)
    chosen = text_of(client.get(f"{url}?reason=no_address", headers=_htmx("job-refusals")))
    assert "Refusals, 1" in chosen
    assert "They have no address on this channel." in chosen
    assert "P0" not in chosen


def test_an_address_made_by_hand_shows_the_first_page(user, news, as_user):
    crowd(1, news)
    job = edit_now(opting(IN, news), user)
    for query in ("?reason=nonsense", "?chunk=x&place=-1", "?reason=%00"):
        response = as_user(user).get(f"/jobs/{job.pk}/refusals/{query}")
        assert "P0" in text_of(response)


def test_a_job_that_refused_nobody_has_no_list(user, news, as_user):
    make_contact("anna@home.example")
    job = edit_now(opting(IN, news), user)
    shown = text_of(as_user(user).get(f"/jobs/{job.pk}/"))
    assert "1 contact is now opted in." in shown
    assert "refusals/" not in shown


def _htmx(target: str) -> dict[str, str]:
    return {"HX-Request": "true", "HX-Target": target}
