"""EMAIL_URL: every form, and no password in an error."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from subscriptions_site.mail_url import HELD, OUTBOX, parse_email_url


def options(url: str) -> dict:
    return parse_email_url(url)["default"]["OPTIONS"]


def test_the_forms():
    assert options("smtp://mail.example") == {"host": "mail.example", "timeout": 20}
    assert options("smtp://me%40x.example:p%2Fw@mail.example:587?tls=1&timeout=5") == {
        "host": "mail.example",
        "port": 587,
        "username": "me@x.example",
        "password": "p/w",
        "use_tls": True,
        "timeout": 5,
    }
    assert options("smtps://mail.example")["use_ssl"] is True
    assert parse_email_url("anymail+postmark:?server_token=abc") == {
        "default": {
            "BACKEND": "anymail.backends.postmark.EmailBackend",
            "OPTIONS": {"server_token": "abc"},
        }
    }
    assert parse_email_url("outbox:")["default"]["BACKEND"] == OUTBOX
    assert parse_email_url("")["default"]["BACKEND"] == HELD


@pytest.mark.parametrize(
    "url",
    [
        "mail.example",
        "http://me:secret@mail.example",
        "smtp://me:secret@mail.example:port",
        "smtp://me:secret@mail.example?timeout=secret",
        "smtp:",
        "anymail+../secret:",
        "anymail:",
    ],
)
def test_anything_else_stops_the_start_without_naming_a_secret(url):
    with pytest.raises(ImproperlyConfigured) as caught:
        parse_email_url(url)
    assert "EMAIL_URL" in str(caught.value)
    assert "secret" not in str(caught.value)
