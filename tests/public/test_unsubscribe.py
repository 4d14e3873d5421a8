"""The unsubscribe page and one-click (RFC 8058): GET is inert, POST acts, everything else is named."""

import json
import logging
from datetime import timedelta
from io import BytesIO

import pytest
from django.db import InterfaceError, OperationalError
from django.test import override_settings
from django.urls import resolve

from contacts.services import delete_contact
from preferences import links
from preferences.gate import may_send
from preferences.models import ConsentEvent, OptOutReason, RepeatedWord, SubscriptionType
from preferences.values import ACCOUNT, Act, ActorKind, Source, Word
from tests.factories import UserFactory, make_contact
from tests.preferences.kernel import (
    DAY,
    HOUR,
    IN,
    NONE,
    OUT,
    act,
    address,
    erasure,
    of,
    own,
    status_of,
)
from tests.public.scene import (
    EMAIL,
    ONE_CLICK,
    URLENCODED,
    Person,
    hidden,
    path_of,
    stranger,
    text_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Person:
    person = Person()
    act(person.address_id, own(of(person.breaks), IN), at=person.now - DAY)
    return person


def one_click(person: Person, path: str = "", **extra):
    return person.client.post(
        path or person.unsubscribe_path(), ONE_CLICK, content_type=URLENCODED, **extra
    )


def multipart(fields: dict[str, str], boundary: str = "b0undary") -> str:
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    return "".join(parts) + f"--{boundary}--\r\n"


# --- looking changes nothing ----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_changes_nothing_and_sets_no_cookie(ada, method):
    before = ConsentEvent.objects.count()
    response = getattr(ada.client, method)(ada.unsubscribe_path())
    assert response.status_code == (204 if method == "options" else 200)
    assert ConsentEvent.objects.count() == before
    assert not response.cookies
    assert "Cookie" not in response.headers.get("Vary", "")


def test_the_page_says_which_list_and_whose_and_shows_no_whole_address(ada):
    response = ada.client.get(ada.unsubscribe_path())
    words = text_of(response)
    assert "Stop getting Last-minute breaks?" in words
    assert "Free nights this week" in words
    assert "a•••@fernmoor.example" in words
    assert "Unsubscribe from all messages of Larkhill Stays" in words
    assert EMAIL not in response.content.decode()
    assert "<script" not in response.content.decode()


def test_the_link_never_opens_the_choices(ada):
    """It lives for ever and is forwarded with the mail: it may only withdraw."""
    html = ada.client.get(ada.unsubscribe_path()).content.decode()
    done = ada.client.post(ada.unsubscribe_path(), {"confirm": "1"}).content.decode()
    assert "/p/" not in html.replace("/p/request", "")
    assert "/p/" not in done.replace("/p/request", "")


# --- one-click ------------------------------------------------------------------------------------------


def assert_one_click(ada: Person, response) -> None:
    assert response.status_code == 200
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response.content == b"You are unsubscribed.\n"
    assert not response.cookies
    assert "Location" not in response
    event = ada.events()[-1]
    assert (event.source, event.word) == (Source.ONE_CLICK.code, Word.OWN.code)
    assert event.actor_kind == ActorKind.PERSON.code
    assert status_of(ada.address_id, ada.breaks) is OUT
    assert status_of(ada.address_id, ada.places) is NONE


def test_one_click_urlencoded(ada):
    assert_one_click(ada, one_click(ada))


def test_one_click_multipart(ada):
    body = multipart({"List-Unsubscribe": "One-Click"})
    content_type = "multipart/form-data; boundary=b0undary"
    response = ada.client.post(ada.unsubscribe_path(), body, content_type=content_type)
    assert_one_click(ada, response)


@pytest.mark.parametrize(
    "content_type",
    [
        *("text/plain", "", "application/octet-stream", "multipart/form-data", "nonsense"),
        *("text/plain; charset=utf-7", "application/x-www-form-urlencoded; charset=latin-1"),
    ],
)
@pytest.mark.parametrize("body", [ONE_CLICK, f"{ONE_CLICK}\r\n", f" {ONE_CLICK.lower()}\n"])
def test_one_click_leniently(ada, content_type, body):
    response = ada.client.generic("POST", ada.unsubscribe_path(), body, content_type=content_type)
    assert_one_click(ada, response)


@pytest.mark.parametrize(("size", "status"), [(0, 200), (60_000, 200), (70_000, 413)])
def test_one_click_in_chunks(ada, size, status):
    """Whoever sends the body in chunks announces no length."""
    body = BytesIO(f"{ONE_CLICK}&x={'a' * size}".encode())
    server = {"wsgi.input": body, "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    response = ada.client.post(ada.unsubscribe_path(), content_type=URLENCODED, **server)
    assert response.status_code == status
    assert (status_of(ada.address_id, ada.breaks) is OUT) is (status == 200)


def test_one_click_from_anywhere_without_the_slash_and_over_plain_http(ada):
    headers = {"Origin": "https://mail.example", "Referer": "https://mail.example/inbox"}
    with override_settings(SECURE_SSL_REDIRECT=True, DEBUG=False, APPEND_SLASH=True):
        path = ada.unsubscribe_path().rstrip("/")
        assert_one_click(ada, one_click(ada, path, headers=headers))
        assert one_click(ada, headers={"Origin": "null"}).status_code == 200


def test_one_click_reads_no_session(ada, django_assert_max_num_queries):
    ada.client.cookies["sessionid"] = "somebodys"
    with django_assert_max_num_queries(20) as captured:
        one_click(ada)
    assert not any("session" in query["sql"] for query in captured.captured_queries)


def test_one_click_again_and_again_is_one_opt_out_and_a_counter(ada):
    answers = {one_click(ada).content for _ in range(5)}
    assert len(answers) == 1
    opt_outs = [event for event in ada.events() if event.status == OUT.code]
    assert len(opt_outs) == 1
    assert RepeatedWord.objects.get().count == 4


def test_evidence_of_the_request_goes_with_the_event(ada):
    agent = {"User-Agent": "Mail\x00 program/1", "Sec-Purpose": "prefetch", "X-Moz": "prefetch"}
    one_click(ada, headers=agent, REMOTE_ADDR="192.0.2.7")
    details = ada.events()[-1].evidence.details
    assert details["ip"] == "192.0.2.7"
    assert details["user_agent"] == "Mail program/1"
    assert details["prefetch"] == "Sec-Purpose: prefetch; X-Moz: prefetch"


# --- the person -------------------------------------------------------------------------------------------


def test_the_button_unsubscribes_from_this_list(ada):
    html = ada.client.get(ada.unsubscribe_path()).content.decode()
    response = ada.client.post(
        ada.unsubscribe_path(), {"confirm": "1", "drawn": hidden(html, "drawn")[0]}
    )
    assert response.status_code == 200
    assert "You are unsubscribed from Last-minute breaks" in text_of(response)
    event = ada.events()[-1]
    assert event.source == Source.PREFERENCE_PAGE.code
    assert int(event.evidence.details["seconds"]) >= 0
    assert status_of(ada.address_id, ada.breaks) is OUT


def test_the_other_button_unsubscribes_from_the_whole_unit(ada):
    other = SubscriptionType.objects.create(
        business_unit=type(ada.unit).objects.create(name="Other", slug="other"), name="Elsewhere"
    )
    response = ada.client.post(ada.unsubscribe_path(), {"confirm": "all"})
    assert "You are unsubscribed from all messages of Larkhill Stays" in text_of(response)
    assert status_of(ada.address_id, ada.places) is OUT
    assert status_of(ada.address_id, other) is NONE


def test_a_link_of_the_unit_unsubscribes_from_all_of_it(ada):
    assert "Stop all messages of Larkhill Stays?" in text_of(ada.client.get(ada.unit_path()))
    assert one_click(ada, ada.unit_path()).status_code == 200
    assert status_of(ada.address_id, ada.places) is OUT


def test_a_stamp_that_is_not_ours_is_not_believed(ada):
    ada.client.post(ada.unsubscribe_path(), {"confirm": "1", "drawn": "1:forged"})
    assert "seconds" not in ada.events()[-1].evidence.details


# --- undo -------------------------------------------------------------------------------------------------


def undo_of(person: Person, response, path: str = ""):
    tokens = hidden(response.content.decode(), "event")
    return person.client.post(f"{path or person.unsubscribe_path()}undo/", {"event": tokens[0]})


def test_r23_the_done_page_undoes(ada):
    done = ada.client.post(ada.unsubscribe_path(), {"confirm": "1"})
    response = undo_of(ada, done)
    assert response.status_code == 200
    assert "It is as it was before" in text_of(response)
    assert status_of(ada.address_id, ada.breaks) is IN
    assert ada.events()[-1].act == Act.UNDO.code


def test_r23_undo_of_all_gives_back_all(ada):
    done = ada.client.post(ada.unsubscribe_path(), {"confirm": "all"})
    assert undo_of(ada, done).status_code == 200
    assert status_of(ada.address_id, ada.breaks) is IN


def test_r23_the_link_in_the_mail_alone_undoes_nothing(ada):
    one_click(ada)
    again = ada.client.post(ada.unsubscribe_path(), {"confirm": "1"})
    for event in hidden(again.content.decode(), "event"):
        ada.client.post(f"{ada.unsubscribe_path()}undo/", {"event": event})
    for body in ({}, {"event": ""}, {"event": str(ada.events()[-1].pk)}):
        response = ada.client.post(f"{ada.unsubscribe_path()}undo/", body)
        assert response.status_code == 409
    assert status_of(ada.address_id, ada.breaks) is OUT


def test_r23_a_repeat_carries_no_undo(ada):
    ada.client.post(ada.unsubscribe_path(), {"confirm": "1"})
    again = ada.client.post(ada.unsubscribe_path(), {"confirm": "1"})
    assert hidden(again.content.decode(), "event") == []


def test_r23_undo_is_over_after_a_day(ada):
    act(ada.address_id, own(of(ada.places), OUT), at=ada.now - DAY - HOUR)
    event = ada.events()[-1].pk
    for age in (DAY + HOUR, timedelta(0)):
        token = links.undo_token(address_id=ada.address_id, event_id=event, now=ada.now - age)
        response = ada.client.post(f"{ada.unsubscribe_path()}undo/", {"event": token})
        assert response.status_code == 409
        assert "Undo works for a day" in text_of(response)
    assert status_of(ada.address_id, ada.places) is OUT


def test_r23_undo_is_of_ones_own_acts_on_this_address(ada):
    other = Person.__new__(Person)
    other.address_id = make_contact("other@fernmoor.example").contact_addresses.get().address_id
    act(other.address_id, own(of(ada.breaks), OUT), at=ada.now)
    event = ConsentEvent.objects.latest("id").pk
    for owner in (ada.address_id, other.address_id):
        token = links.undo_token(address_id=owner, event_id=event, now=ada.now)
        response = ada.client.post(f"{ada.unsubscribe_path()}undo/", {"event": token})
        assert response.status_code == 409
    assert status_of(other.address_id, ada.breaks) is OUT


def test_undo_after_something_newer_says_so(ada):
    done = ada.client.post(ada.unsubscribe_path(), {"confirm": "1"})
    act(ada.address_id, own(ACCOUNT, OUT), at=ada.now + HOUR)
    response = undo_of(ada, done)
    assert response.status_code == 409
    assert "They stay as they are now" in text_of(response)


# --- why --------------------------------------------------------------------------------------------------


def test_a_reason_is_kept_beside_the_event_and_undo_stays(ada):
    done = ada.client.post(ada.unsubscribe_path(), {"confirm": "1"})
    token = hidden(done.content.decode(), "event")[0]
    body = {"event": token, "reason": "too_many", "text": "Every\r\nday\x00!"}
    response = ada.client.post(f"{ada.unsubscribe_path()}reason/", body)
    assert "Thank you for telling us" in text_of(response)
    kept = OptOutReason.objects.get()
    assert (kept.event_id, kept.reason) == (ada.events()[-1].pk, "too_many")
    assert kept.text == "Every  day !"
    assert undo_of(ada, response).status_code == 200
    ada.client.post(f"{ada.unsubscribe_path()}reason/", {**body, "reason": "other"})
    assert OptOutReason.objects.get().reason == "other"


@pytest.mark.parametrize("reason", ["", "nonsense"])
def test_a_reason_may_be_left_out_and_nonsense_is_none(ada, reason):
    done = ada.client.post(ada.unsubscribe_path(), {"confirm": "1"})
    token = hidden(done.content.decode(), "event")[0]
    response = ada.client.post(
        f"{ada.unsubscribe_path()}reason/", {"event": token, "reason": reason}
    )
    assert response.status_code == 200
    assert not OptOutReason.objects.exists()


def test_a_reason_needs_the_token_and_goes_with_the_person(ada):
    done = ada.client.post(ada.unsubscribe_path(), {"confirm": "1"})
    url = f"{ada.unsubscribe_path()}reason/"
    assert ada.client.post(url, {"reason": "other"}).status_code == 409
    token = hidden(done.content.decode(), "event")[0]
    ada.client.post(url, {"event": token, "reason": "other"})
    act(ada.address_id, erasure(), at=ada.now + HOUR)
    assert not OptOutReason.objects.exists()


# --- for ever ---------------------------------------------------------------------------------------------


def test_it_works_after_the_contact_is_deleted(ada):
    delete_contact(contact=make_contact(EMAIL), user=UserFactory(), now=ada.now)
    assert_one_click(ada, one_click(ada))


def test_it_works_after_the_person_is_erased(ada):
    act(ada.address_id, erasure(), at=ada.now)
    assert "For your address." in text_of(ada.client.get(ada.unsubscribe_path()))
    assert_one_click(ada, one_click(ada))


def test_it_works_after_the_type_is_renamed_and_archived_and_the_unit_too(ada):
    SubscriptionType.objects.filter(pk=ada.breaks.pk).update(
        name="Renamed", archived_at=ada.now, is_internal=True
    )
    type(ada.unit).objects.filter(pk=ada.unit.pk).update(slug="other", archived_at=ada.now)
    assert "Stop getting Renamed?" in text_of(ada.client.get(ada.unsubscribe_path()))
    assert_one_click(ada, one_click(ada))


def test_it_works_after_the_keys_were_rotated_twice(ada, settings):
    path = ada.unsubscribe_path()
    settings.LINK_KEYS = {**settings.LINK_KEYS, 2: b"2" * 32, 3: b"3" * 32}
    assert ada.unsubscribe_path() != path
    assert_one_click(ada, one_click(ada, path))


def test_it_works_when_the_link_is_ten_years_old(ada, monkeypatch):
    path, later = ada.unsubscribe_path(), ada.now + 3_660 * DAY
    monkeypatch.setattr("public.views.visiting.timezone.now", lambda: later)
    assert_one_click(ada, one_click(ada, path))


def test_a_type_that_became_part_of_an_order_is_not_left_and_nothing_pretends_so(ada):
    SubscriptionType.objects.filter(pk=ada.breaks.pk).update(kind="service")
    before = len(ada.events())
    assert one_click(ada).status_code == 409
    response = ada.client.post(ada.unsubscribe_path(), {"confirm": "1"})
    assert response.status_code == 409
    assert "part of your order" in text_of(response)
    assert len(ada.events()) == before


def test_many_requests_are_never_turned_away(ada):
    assert {one_click(ada).status_code for _ in range(60)} == {200}


# --- wrong input ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "head", "post"])
def test_every_altered_token_has_one_and_the_same_answer(ada, method):
    good = ada.unsubscribe_path().split("/")[2]
    other = ada.preference_path().split("/")[2]
    swapped = "B" if good[5] != "B" else "C"
    bad = (good[:-1], good + "A", good[:5] + swapped + good[6:], other, "x", "ä", "%00", "A" * 5000)
    answers = set()
    for token in bad:
        call = getattr(ada.client, method)
        data = {"List-Unsubscribe": "One-Click"} if method == "post" else {}
        response = call(f"/u/{token}/", data)
        assert response.status_code == 404
        assert response["Cache-Control"] == "no-store"
        answers.add(response.content)
    assert len(answers) == 1
    assert status_of(ada.address_id, ada.breaks) is IN


def test_a_body_that_asks_nothing_is_400_and_changes_nothing(ada):
    before = len(ada.events())
    bodies = ["", "List-Unsubscribe=Two-Clicks", "confirm=yes", "\xff\xfe", "=&=&=", "a" * 60_000]
    for body in bodies:
        for content_type in (URLENCODED, "text/plain", "multipart/form-data; boundary=x"):
            response = ada.client.generic(
                "POST", ada.unsubscribe_path(), body, content_type=content_type
            )
            assert response.status_code == 400, (body[:10], content_type)
    many = "&".join(f"a{number}=1" for number in range(2_000))
    assert ada.client.post(ada.unsubscribe_path(), many, content_type=URLENCODED).status_code == 400
    json_body = json.dumps({"List-Unsubscribe": "One-Click"})
    answer = ada.client.post(ada.unsubscribe_path(), json_body, content_type="application/json")
    assert answer.status_code == 400
    assert len(ada.events()) == before


def test_a_large_body_is_413_and_changes_nothing(ada):
    body = f"{ONE_CLICK}&x=" + "a" * 1_000_000
    for content_type in (URLENCODED, "text/plain"):
        response = ada.client.generic(
            "POST", ada.unsubscribe_path(), body, content_type=content_type
        )
        assert response.status_code == 413
    assert status_of(ada.address_id, ada.breaks) is IN


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_other_methods_are_405(ada, method):
    response = ada.client.generic(method, ada.unsubscribe_path())
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, POST, OPTIONS"
    undo = ada.client.get(f"{ada.unsubscribe_path()}undo/")
    assert (undo.status_code, undo["Allow"]) == (405, "POST, OPTIONS")


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_database_that_is_down_is_503_and_never_a_promise(ada, monkeypatch, error):
    def down(*args, **kwargs):
        raise error("server closed the connection unexpectedly")

    for door in ("public.views.unsubscribe.withdraw", "public.one_click.withdraw"):
        monkeypatch.setattr(door, down)
    for response in (one_click(ada), ada.client.post(ada.unsubscribe_path(), {"confirm": "1"})):
        assert response.status_code == 503
        assert response["Retry-After"] == "120"
        assert response["Cache-Control"] == "no-store"
    assert status_of(ada.address_id, ada.breaks) is IN


def test_no_log_line_holds_a_token(ada):
    """Django itself logs the path of every answer from 400 on."""
    path = ada.unsubscribe_path()
    record = logging.LogRecord("django.request", 30, "", 0, "Not Found: %s", (path,), None)
    handler = next(h for h in logging.getLogger().handlers if h.name == "stderr")
    assert handler.filter(record)
    assert record.getMessage() == "Not Found: /u/…/"
    record = logging.LogRecord("x", 30, "", 0, "%s of %s", ("1 %", "/contacts/1/"), None)
    assert handler.filter(record)
    assert record.getMessage() == "1 % of /contacts/1/"


# --- every answer -----------------------------------------------------------------------------------------


def test_every_answer_is_private_and_loads_nothing_from_elsewhere(ada):
    path = ada.unsubscribe_path()
    answers = [
        ada.client.get(path),
        ada.client.get("/u/nonsense/"),
        ada.client.post(path, {}),
        ada.client.put(path),
        ada.client.options(path),
        one_click(ada),
        ada.client.post(path, {"confirm": "1"}),
        ada.client.post(f"{path}undo/", {}),
    ]
    for response in answers:
        assert response["Cache-Control"] == "no-store"
        assert response["X-Robots-Tag"] == "noindex, nofollow"
        assert response["Referrer-Policy"] == "same-origin"
        assert response["X-Content-Type-Options"] == "nosniff"
        policy = response["Content-Security-Policy"]
        assert "script-src 'none'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not response.cookies
        html = response.content.decode()
        assert "http://" not in html.replace("http://www.w3.org", "")
        assert "https://" not in html
        assert " style=" not in html


@pytest.mark.parametrize(
    ("query", "accepted", "unit_language", "expected"),
    [
        ("", "", "en", "en"),
        ("", "", "pl", "pl"),
        ("", "de-AT,de;q=0.9,en;q=0.5", "pl", "de"),
        ("", "fr, pl;q=0.4", "en", "pl"),
        ("", "fr", "de", "de"),
        ("?lang=pl", "de", "en", "pl"),
        ("?lang=xx", "de", "en", "de"),
        ("", "nonsense;;;q=,", "xx", "en"),
    ],
)
def test_the_page_speaks_the_readers_language(ada, query, accepted, unit_language, expected):
    type(ada.unit).objects.filter(pk=ada.unit.pk).update(default_language=unit_language)
    client = stranger(**({"Accept-Language": accepted} if accepted else {}))
    response = client.get(ada.unsubscribe_path() + query)
    assert response["Content-Language"] == expected
    assert f'<html lang="{expected}"' in response.content.decode()
    assert not response.cookies


def test_the_name_of_the_list_is_translated_and_marked_where_it_is_not(ada):
    ada.breaks.translations.create(language="pl", name="Oferty na ostatnią chwilę")
    polish = ada.client.get(ada.unsubscribe_path() + "?lang=pl").content.decode()
    assert "Oferty na ostatnią chwilę" in polish
    german = ada.client.get(ada.unsubscribe_path() + "?lang=de").content.decode()
    assert '<span lang="en">Last-minute breaks</span>' in german
    assert '<span lang="en">' not in ada.client.get(ada.unsubscribe_path()).content.decode()


def test_a_hostile_name_stays_text(ada):
    SubscriptionType.objects.filter(pk=ada.breaks.pk).update(name="<script>alert(1)</script>")
    html = ada.client.get(ada.unsubscribe_path()).content.decode()
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_links_lead_to_these_views(ada):
    assert resolve(ada.unsubscribe_path()).url_name == "unsubscribe"


def test_every_question_after_an_opt_out_says_no(ada):
    """500 opt-outs, and after each the gate is asked about it and about one of those before."""
    people = [address(f"person{number}@fernmoor.example") for number in range(500)]
    for number, address_id in enumerate(people):
        link = links.unsubscribe_link(
            address_id=address_id, unit_id=ada.unit.pk, type_id=ada.breaks.pk
        )
        assert one_click(ada, path_of(link)).status_code == 200
        for asked in {number, number * 7919 % (number + 1)}:
            text = f"person{asked}@fernmoor.example"
            assert not may_send("EMAIL", text, ada.breaks.pk, now=ada.now).allowed
