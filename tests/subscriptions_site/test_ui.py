import re
from datetime import UTC, datetime

import pytest
from django.template import Context, Template
from django.urls import reverse
from django.utils import translation

from accounts.models import Role
from subscriptions_site.templatetags import ui
from tests.factories import UserFactory

MOMENT = datetime(2026, 11, 2, 19, 41, tzinfo=UTC)


def test_icon_uses_the_sprite():
    html = ui.icon("mail", "sm")
    assert 'class="icon icon--sm"' in html
    assert "icons.svg#i-mail" in html


@pytest.mark.parametrize(
    ("status", "words", "css"),
    [
        ("SUBSCRIBED", "Opted in", "pill--in"),
        ("unsubscribed", "Opted out", "pill--out"),
        ("NOT_SPECIFIED", "Not opted", '"pill"'),
        ("odd", "Odd", '"pill"'),
    ],
)
def test_status_is_icon_word_and_colour(status, words, css):
    html = ui.status_pill(status)
    assert words in html
    assert css in html
    assert "<svg" in html


def test_a_label_is_escaped():
    assert "<b>" not in ui.status_pill("PAUSED", "<b>")


def test_times_are_local(settings):
    settings.TIME_ZONE = "Europe/Warsaw"
    assert ui.moment(MOMENT) == "2 Nov 2026, 20:41"
    assert 'datetime="2026-11-02T19:41:00+00:00"' in ui.time_of(MOMENT)
    assert ui.moment(None) == ui.day(None) == ui.time_of(None) == ""


def test_numbers_have_the_separator_of_the_language():
    assert ui.number(24816) == "24,816"
    with translation.override("de"):
        assert ui.number(24816) == "24.816"
    assert ui.number(None) == ""


@pytest.mark.parametrize(
    ("name", "expected"), [("Zofia Maria Nowak", "ZN"), ("anna", "A"), ("", "?"), ("... !", "?")]
)
def test_initials(name, expected):
    assert ui.initials(name) == expected


def test_nav_link_draws_nothing_without_a_page():
    html = Template('{% nav_link "no_such_page" "mail" "Nothing" %}').render(Context())
    assert html == ""


def test_nav_link_marks_the_current_page(rf):
    request = rf.get("/account/password/")
    html = Template('{% nav_link "account" "user" "You" %}').render(Context({"request": request}))
    assert 'aria-current="page"' in html


@pytest.mark.parametrize("path", ["/account/", "/outbox/1/"])
def test_nav_link_marks_the_pages_of_every_path_that_is_its_own(rf, path):
    source = '{% nav_link "account" "user" "You" under="/account/ /outbox/" %}'
    html = Template(source).render(Context({"request": rf.get(path)}))
    assert 'aria-current="page"' in html


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["outbox", "business_units", "privacy"])
def test_the_navigation_marks_settings_on_every_page_of_theirs(client, name):
    client.force_login(UserFactory(role=Role.ADMINISTRATOR, all_units=True))
    html = client.get(reverse(name)).content.decode()
    marked = re.findall(r'class="nav__link" href="([^"]*)" aria-current="page"', html)
    assert marked == [reverse("settings")]
