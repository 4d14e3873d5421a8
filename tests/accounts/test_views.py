import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import SignInAttempt, User
from tests.conftest import PASSWORD, make_user

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Target": "dialog"}


def sign_in(client, password=PASSWORD, **fields):
    values = {"email": "editor@fernmoor.example", "password": password, **fields}
    return client.post("/login/", values)


def test_sign_in_leads_to_the_page_asked_for(client, editor):
    assert client.get("/account/")["Location"] == "/login/?next=/account/"
    response = sign_in(client, next="/account/")
    assert response["Location"] == "/account/"
    assert client.get("/account/").status_code == 200
    assert client.session.get_expire_at_browser_close()


def test_email_is_read_in_any_case(client, editor):
    assert sign_in(client, email=" Editor@FERNMOOR.example ").status_code == 302


def test_staying_signed_in_is_a_choice(client, editor):
    sign_in(client, stay="on")
    assert not client.session.get_expire_at_browser_close()


@pytest.mark.parametrize(
    "url", ["https://elsewhere.example/", "//elsewhere.example", "javascript:x"]
)
def test_next_stays_on_this_site(client, editor, url):
    assert sign_in(client, next=url)["Location"] == "/contacts/"


def test_a_wrong_password_says_how_many_tries_are_left(client, editor):
    response = sign_in(client, "wrong")
    assert response.status_code == 422
    assert b"You can try 4 more times" in response.content
    assert b'value="editor@fernmoor.example"' in response.content


def test_an_unknown_email_gets_the_same_answer(client, editor):
    answers = [
        sign_in(client, "wrong", email=email).content.decode().split("<h1>")[1].split("id_email")[0]
        for email in ("editor@fernmoor.example", "nobody@fernmoor.example")
    ]
    assert answers[0] == answers[1]


def test_the_sixth_attempt_is_refused_even_with_the_right_password(client, editor):
    for _ in range(5):
        sign_in(client, "wrong")
    response = sign_in(client)
    assert response.status_code == 422
    assert b"Too many attempts" in response.content


def test_attempts_count_for_fifteen_minutes(client, editor):
    for _ in range(6):
        sign_in(client, "wrong")
    old = timezone.now() - timedelta(minutes=16)
    SignInAttempt.objects.update(attempted_at=old)
    assert sign_in(client).status_code == 302


def test_other_networks_and_people_are_not_locked_out(client, editor):
    make_user("viewer")
    for _ in range(6):
        sign_in(client, "wrong")
    assert sign_in(client, email="viewer@fernmoor.example").status_code == 302
    elsewhere = Client(REMOTE_ADDR="203.0.113.9")
    assert sign_in(elsewhere).status_code == 302


def test_success_strikes_out_the_failures(client, editor):
    for _ in range(4):
        sign_in(client, "wrong")
    sign_in(client)
    assert b"4 more times" in sign_in(Client(), "wrong").content


def test_attempts_name_nobody(client, editor):
    sign_in(client, "wrong")
    keys = SignInAttempt.objects.values_list("key", flat=True)
    assert all(len(key) == 64 and "editor" not in key for key in keys)


def test_an_inactive_user_cannot_sign_in(client):
    make_user(is_active=False)
    assert sign_in(client).status_code == 422


def test_sign_out_needs_a_post(client, editor):
    client.force_login(editor)
    assert client.get("/logout/").status_code == 405
    client.post("/logout/")
    assert client.get("/account/").status_code == 302


def test_signed_out_htmx_request_gets_the_dialog(client):
    response = client.get("/account/", headers=HTMX)
    assert response.status_code == 401
    assert response["HX-Retarget"] == "#dialog"
    assert b"Sign in again" in response.content
    assert b"<html" not in response.content


def test_signing_in_again_in_the_dialog_hands_out_a_new_token(editor):
    client = Client(headers=HTMX)
    response = sign_in(client)
    assert response.status_code == 204
    payload = json.loads(response["HX-Trigger"])["session:resumed"]
    assert payload["user"] == editor.pk
    assert len(payload["csrf"]) == 64


def test_failing_in_the_dialog_stays_in_the_dialog(editor):
    response = sign_in(Client(headers=HTMX), "wrong")
    assert response.status_code == 422
    assert b"<html" not in response.content
    assert b"That did not work" in response.content


def test_account_saves_and_switches_the_language(client, editor):
    client.force_login(editor)
    values = {"name": "Anna\x07", "language": "de", "theme": "dark"}
    response = client.post("/account/", values)
    assert response.status_code == 302
    assert client.cookies["django_language"].value == "de"
    editor.refresh_from_db()
    assert (editor.name, editor.theme, editor.shortcuts_enabled) == ("Anna", "dark", False)
    page = client.get("/account/").content
    assert b'data-theme="dark"' in page
    assert b'data-shortcuts="off"' in page
    assert b'lang="de"' in page


def test_account_shows_what_is_wrong_and_keeps_the_old_name_in_the_frame(client, editor):
    client.force_login(editor)
    response = client.post("/account/", {"name": "", "language": "xx", "theme": "dark"})
    assert response.status_code == 422
    assert b"Correct 2 things" in response.content
    assert b"Editor Person" in response.content


def test_a_password_is_changed_with_the_current_one(client, editor):
    client.force_login(editor)
    wrong = client.post("/account/password/", {"current": "x", "new": "short"})
    assert wrong.status_code == 422
    right = {"current": PASSWORD, "new": "a longer secret of mine"}
    assert client.post("/account/password/", right).status_code == 302
    assert client.get("/account/").status_code == 200
    assert User.objects.get(pk=editor.pk).check_password("a longer secret of mine")


def test_changing_the_password_ends_other_sessions(client, editor):
    other = Client()
    other.force_login(editor)
    client.force_login(editor)
    client.post("/account/password/", {"current": PASSWORD, "new": "a longer secret of mine"})
    assert other.get("/account/").status_code == 302
