"""What the record shows of what people do on public pages: breaks, reasons, the way they came."""

import pytest
from django.urls import reverse
from django.utils import timezone

from preferences.frequencies import ask_frequency
from preferences.links import unsubscribe_link
from preferences.models import SubscriptionType
from preferences.pauses import pause
from preferences.values import Frequency
from tests.contacts.panel_scene import Scene
from tests.preferences.kernel import DAY
from tests.public.scene import hidden, path_of, stranger

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return Scene()


def html_of(name: str, scene: Scene, as_user) -> str:
    url = reverse(name, args=[scene.contact.pk])
    return as_user(scene.editor).get(url).content.decode()


def test_a_break_stands_at_its_address(scene, as_user):
    assert "Paused to" not in html_of("contact_subscriptions", scene, as_user)
    now = timezone.now()
    pause(address_id=scene.email.pk, until=now + 30 * DAY, now=now)
    html = html_of("contact_subscriptions", scene, as_user)
    assert "Paused to" in html
    assert 'class="pill pill--hold"' in html
    pause(address_id=scene.email.pk, until=now - DAY, now=now - 9 * DAY)
    assert "Paused to" not in html_of("contact_subscriptions", scene, as_user)


def test_how_often_they_want_a_type_stands_at_its_row(scene, as_user):
    SubscriptionType.objects.filter(pk=scene.guide.pk).update(frequencies="weekly")
    assert "Once a week" not in html_of("contact_subscriptions", scene, as_user)
    ask_frequency(
        address_id=scene.email.pk,
        type_id=scene.guide.pk,
        frequency=Frequency.WEEKLY,
        now=timezone.now(),
    )
    assert "Once a week" in html_of("contact_subscriptions", scene, as_user)


def test_the_history_tells_the_way_the_text_and_the_reason(scene, as_user):
    link = unsubscribe_link(
        address_id=scene.email.pk, unit_id=scene.guide.business_unit_id, type_id=scene.guide.pk
    )
    path, client = path_of(link), stranger()
    assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    done = client.post(path, {"confirm": "all"}).content.decode()
    reason = {"event": hidden(done, "event"), "reason": "too_many", "text": "<b>Daily</b>"}
    client.post(f"{path}reason/", reason)
    html = html_of("contact_history", scene, as_user)
    assert "One-click header" in html
    assert "Preference page" in html
    assert "Too many messages: &lt;b&gt;Daily&lt;/b&gt;" in html
    assert "Unsubscribe page" in html
    assert "List-Unsubscribe=One-Click" in html
