import json
from types import SimpleNamespace

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from subscriptions_site.web import htmx


@pytest.fixture
def ask():
    def make(target="", **headers):
        given = {"HX-Request": "true", "HX-Target": target} if target else {}
        request = RequestFactory().get("/somewhere/", headers={**given, **headers})
        request.htmx = HtmxDetails(request)
        request.user = SimpleNamespace(is_authenticated=False)
        return request

    return make


def test_a_listed_target_gets_the_fragment_only(ask):
    response = htmx.page_or_fragment(ask("notice"), "404.html", {}, ("notice",))
    assert b"<html" not in response.content
    assert b'role="alert"' in response.content
    assert "HX-Request" in response["Vary"]


@pytest.mark.parametrize("target", ["", "something-else"])
def test_browsers_and_unlisted_targets_get_the_page(ask, target):
    response = htmx.page_or_fragment(ask(target), "404.html", {}, ("notice",))
    assert b"<html" in response.content


def test_a_history_restore_gets_the_page(ask):
    request = ask("notice", **{"HX-History-Restore-Request": "true"})
    assert b"<html" in htmx.page_or_fragment(request, "404.html", {}, ("notice",)).content


def test_a_page_with_a_panel_has_it_open(ask):
    content = htmx.page_or_fragment(ask(), "404.html", {}, {"panel": "404.html"}).content.decode()
    assert 'aria-labelledby="panel-h" open>' in content
    assert "data-static-scrim" in content


def test_invalid_is_422(ask):
    assert htmx.invalid(ask(), "404.html", {}).status_code == 422


def test_triggers_add_up():
    response = htmx.toast(htmx.close_layer(HttpResponse(), "dialog"), "Saved – done")
    events = json.loads(response["HX-Trigger"])
    assert events["layer:close"] == "dialog"
    assert events["toast"]["text"] == "Saved – done"


def test_redirect_or_trigger(ask):
    assert htmx.redirect_or_trigger(ask(), "/there/")["Location"] == "/there/"
    assert htmx.redirect_or_trigger(ask("x"), "/there/")["HX-Redirect"] == "/there/"
    answer = htmx.redirect_or_trigger(ask("x"), "/there/", {"layer:close": "panel"})
    assert answer.status_code == 204
    assert json.loads(answer["HX-Trigger"]) == {"layer:close": "panel"}
