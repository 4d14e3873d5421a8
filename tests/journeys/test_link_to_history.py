"""A new user's first hour: print the links of somebody, leave by one click, see it, come back."""

import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from preferences.gate import may_send
from preferences.values import Status
from tests.contacts.panel_scene import Scene, status_of
from tests.public.scene import ONE_CLICK, URLENCODED, hidden, path_of, stranger, text_of

pytestmark = pytest.mark.django_db


def links_of(text: str, name: str) -> list[str]:
    return [path_of(url) for url in re.findall(rf"^  {name} +(http\S+)$", text, re.MULTILINE)]


def test_from_the_printed_link_to_the_history_and_back(as_user):
    scene = Scene()
    scene.say(scene.guide, Status.SUBSCRIBED)
    printed = StringIO()
    call_command("links", scene.email.canonical, "--type", scene.guide.name, stdout=printed)
    text = printed.getvalue()
    (unsubscribe,) = links_of(text, "unsubscribe")
    (preferences,) = links_of(text, "preferences")
    header = re.search(r"^List-Unsubscribe: <(.+)>$", text, re.MULTILINE)
    assert header is not None
    assert path_of(header[1]) == unsubscribe

    curl = stranger(**{"User-Agent": "curl/8.5.0", "Accept": "*/*"})
    answer = curl.post(unsubscribe, ONE_CLICK, content_type=URLENCODED)
    assert (answer.status_code, answer.content) == (200, b"You are unsubscribed.\n")
    assert not gate_lets_through(scene)

    staff = as_user(scene.editor)
    history = staff.get(reverse("contact_history", args=[scene.contact.pk])).content.decode()
    assert "One-click header" in history
    assert "Own choice" in history

    browser = stranger()
    page = browser.get(preferences).content.decode()
    shown = hidden(page, "shown")
    assert f"{scene.guide.pk}:0" in shown
    saved = browser.post(preferences, {"shown": shown, "types": scene.guide.pk})
    assert f"{scene.guide.name} will come" in text_of(saved)
    assert gate_lets_through(scene)
    assert status_of(scene.email, scene.guide) is Status.SUBSCRIBED

    past = text_of(browser.get(f"{preferences}history/"))
    assert "with the button of a mail program" in past
    assert "You subscribed to" in past
    history = staff.get(reverse("contact_history", args=[scene.contact.pk])).content.decode()
    assert "Preference page" in history


def gate_lets_through(scene: Scene) -> bool:
    answer = may_send("EMAIL", scene.email.canonical, scene.guide.pk, now=timezone.now())
    return answer.allowed
