"""Health, errors, headers: what holds for every answer of the site."""

import hashlib
import logging
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import DatabaseError
from django.test import Client

from subscriptions_site.web import errors, health

ROOT = Path(settings.BASE_DIR)


def test_healthz_asks_nothing_of_the_database(client):
    assert client.get("/healthz").content == b"ok"


@pytest.mark.django_db
def test_readyz(client, monkeypatch):
    assert client.get("/readyz").status_code == 200

    class Broken:
        def cursor(self):
            raise DatabaseError

    monkeypatch.setattr(health, "connection", Broken())
    assert client.get("/readyz").status_code == 503


@pytest.mark.django_db
def test_every_answer_has_a_policy_and_a_request_id(client):
    response = client.get("/login/", headers={"X-Request-ID": "abcdef-123456"})
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Request-ID"] == "abcdef-123456"


@pytest.mark.django_db
@pytest.mark.parametrize("given", ["short", "with space in it", "x" * 65, "line\tbreak"])
def test_a_request_id_from_outside_is_not_trusted_blindly(client, given):
    response = client.get("/login/", headers={"X-Request-ID": given})
    assert re.fullmatch(r"[0-9a-f]{32}", response["X-Request-ID"])


@pytest.mark.django_db
def test_not_found_is_a_page_or_a_notice(client):
    assert b"There is nothing here" in client.get("/nowhere/").content
    fragment = client.get("/nowhere/", headers={"HX-Request": "true"})
    assert fragment.status_code == 404
    assert b"<html" not in fragment.content


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["/nowhere/", "/contacts/0/"])
def test_not_found_is_the_same_page_while_debugging(client, settings, administrator, url):
    settings.DEBUG = True
    client.force_login(administrator)
    response = client.get(url)
    assert response.status_code == 404
    assert b"There is nothing here" in response.content
    assert b"^contacts/" not in response.content


@pytest.mark.django_db
def test_a_forgotten_slash_is_added_while_debugging(client, settings):
    settings.DEBUG = True
    assert client.get("/contacts").status_code == 301


def test_server_error_needs_no_database_and_names_the_request(rf):
    response = errors.server_error(rf.get("/"))
    assert response.status_code == 500
    assert b"give this number to support" in response.content


@pytest.mark.django_db
def test_failed_csrf_check_has_a_page_of_its_own():
    response = Client(enforce_csrf_checks=True).post("/login/", {})
    assert response.status_code == 403
    assert b"This page is out of date" in response.content


def test_log_lines_have_the_request_id(caplog):
    record = logging.LogRecord("x", logging.INFO, "", 0, "text", None, None)
    from subscriptions_site.web.request_id import RequestIdFilter

    assert RequestIdFilter().filter(record)
    assert record.request_id == "-"


def test_vendored_htmx_is_the_one_noted():
    content = (ROOT / "static/vendor/htmx.min.js").read_bytes()
    assert hashlib.sha256(content).hexdigest() in (ROOT / "static/vendor/README.md").read_text()
    assert b'version:"2.0.11"' in content


def test_no_template_has_inline_script_or_style():
    for path in (ROOT / "templates").rglob("*.html"):
        source = path.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|hx-on", source), (
            path
        )
