"""The tab History: entries, filters, paging, file, verification; who sees which."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection

from contacts.history import safe_cell
from preferences.models import ConsentEvent, Evidence, Wording
from preferences.selectors import HISTORY_PAGE
from preferences.shown_wording import shown_wording
from preferences.values import ACCOUNT, Act, Source, Status, unit_scope
from tests.contacts.panel_scene import Scene
from tests.contacts.test_subscriptions import htmx, text, url
from tests.preferences.kernel import lifted_guards

pytestmark = pytest.mark.django_db
IN, OUT = Status.SUBSCRIBED, Status.UNSUBSCRIBED


@pytest.fixture
def scene(db) -> Scene:
    return Scene()


def titles(response) -> list[str]:
    parts = text(response).split('<span class="event__title">')[1:]
    return [part.split("</span>")[0] for part in parts]


def test_an_entry_says_what_when_who_and_why(scene, as_user):
    scene.say(scene.guide, IN, explanation="At the till\n& <b>by hand</b>")
    page = text(as_user(scene.editor).get(url("history", scene)))
    assert "Opted in: Garden guide" in page
    assert "You, Record panel" in page
    assert "From Not opted to Opted in" in page
    assert "Consent freely given by the contact" in page
    assert "At the till<br>&amp; &lt;b&gt;by hand&lt;/b&gt;" in page
    assert f"no. {ConsentEvent.objects.get().pk}, " in page
    assert "R12" in page


def test_others_are_named_and_the_person_is_not_staff(scene, as_user, administrator):
    scene.say(scene.guide, IN)
    scene.person_says(scene.guide, OUT, source=Source.ONE_CLICK)
    page = text(as_user(administrator).get(url("history", scene)))
    assert "Tom Birch, Record panel" in page
    assert "Own choice, One-click header" in page


def test_wide_acts_undo_and_facts_have_titles(scene, as_user):
    scene.say(unit_scope(scene.garden.pk), OUT)
    scene.say(ACCOUNT, OUT)
    event = ConsentEvent.objects.latest("id")
    scene.say(ACCOUNT, Status.NOT_SPECIFIED, act=Act.UNDO, undoes=event.pk)
    scene.person_says(ACCOUNT, act=Act.BOUNCE, source=Source.PROVIDER_FEEDBACK)
    assert titles(as_user(scene.editor).get(url("history", scene))) == [
        "Undeliverable: amara@okafor.example",
        "Undone: all messages of every business unit (Email)",
        "Unsubscribed from all messages of every business unit (Email)",
        "Unsubscribed from all messages of Garden (Email)",
    ]


def test_only_units_within_reach_and_the_account_are_shown(scene, as_user):
    scene.say(scene.guide, IN)
    scene.say(scene.breaks, IN)
    scene.say(unit_scope(scene.stays.pk), OUT)
    scene.say(ACCOUNT, OUT)
    response = as_user(scene.garden_editor()).get(url("history", scene))
    assert titles(response) == [
        "Unsubscribed from all messages of every business unit (Email)",
        "Opted in: Garden guide",
    ]
    assert 'id="history-count">2</span>' in text(response)


def test_filters_narrow_and_swap_only_the_entries(scene, as_user):
    scene.say(scene.guide, IN)
    scene.say(scene.guide, OUT)
    scene.say(scene.offers, OUT, address=scene.phone)
    scene.person_says(scene.breaks, OUT, ago=timedelta(days=60))
    client = as_user(scene.editor)
    ask = lambda **query: titles(client.get(url("history", scene, **query)))  # noqa: E731
    assert ask(what="opt_ins") == ["Opted in: Garden guide"]
    assert ask(unit=scene.stays.pk) == ["Opted out: Last-minute breaks"]
    assert ask(channel="SMS") == ["Opted out: Offers (SMS)"]
    assert ask(source="PREFERENCE_PAGE") == ["Opted out: Last-minute breaks"]
    assert len(ask(period="30")) == 3
    assert len(ask(what="nonsense", unit="x", channel="FAX", period="-1", before="y")) == 4
    fragment = text(
        client.get(url("history", scene, what="opt_ins"), headers=htmx("events", scene))
    )
    assert fragment.startswith('<div class="timeline" id="events"')
    assert 'id="history-export"' in fragment
    assert "what=opt_ins" in fragment
    assert "Nothing matches" in text(client.get(url("history", scene, what="delivery")))


def test_an_empty_history_says_so(scene, as_user):
    assert "No history yet" in text(as_user(scene.editor).get(url("history", scene)))


def test_older_entries_follow_by_key(scene, as_user):
    for _ in range(HISTORY_PAGE // 2 + 1):
        scene.say(scene.guide, IN)
        scene.say(scene.guide, OUT)
    client = as_user(scene.editor)
    first = client.get(url("history", scene))
    ids = list(ConsentEvent.objects.order_by("-id").values_list("id", flat=True))
    assert len(titles(first)) == HISTORY_PAGE
    assert f"before={ids[HISTORY_PAGE - 1]}" in text(first)
    older = client.get(
        url("history", scene, before=ids[HISTORY_PAGE - 1]), headers=htmx("older", scene)
    )
    assert len(titles(older)) == 2
    assert f'id="entry-{ids[HISTORY_PAGE]}" tabindex="-1" autofocus' in text(older)
    assert "Show older" not in text(older)


def test_erased_evidence_is_said_to_be_erased(scene, as_user):
    scene.say(scene.guide, IN, explanation="secret words")
    Evidence.objects.update(explanation="", salt=b"", erased_at=scene.now)
    page = text(as_user(scene.editor).get(url("history", scene)))
    assert "Erased on" in page
    assert "secret words" not in page


def test_device_and_network_are_for_those_who_see_the_ledger(scene, as_user, administrator):
    scene.person_says(scene.guide, OUT, evidence=(("ip", "198.51.100.24"),))
    assert "198.51.100.24" in text(as_user(administrator).get(url("history", scene)))
    assert "198.51.100.24" not in text(as_user(scene.editor).get(url("history", scene)))


# --- intact or not ---


def test_an_untouched_history_is_intact(scene, as_user):
    scene.say(scene.guide, IN)
    client = as_user(scene.editor)
    assert "History intact" in text(client.get(url("history", scene)))
    again = client.get(url("history_verify", scene), headers=htmx("verification", scene))
    assert text(again).startswith('<div class="row row--between" id="verification"')
    assert client.get(url("history_verify", scene)).url == url("history", scene)


def test_an_altered_entry_is_named(scene, as_user):
    scene.say(scene.guide, IN, explanation="as it was")
    with lifted_guards():
        Evidence.objects.update(explanation="as it never was")
    page = text(as_user(scene.editor).get(url("history", scene)))
    assert "The evidence of an entry was altered" in page
    assert f'href="#entry-{ConsentEvent.objects.get().pk}"' in page


# --- the file ---


def rows_of(response) -> list[dict[str, str]]:
    body = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(body)))


def test_the_file_has_every_entry_with_its_evidence(scene, as_user):
    scene.say(scene.guide, IN, explanation='=HYPERLINK("http://x")')
    scene.person_says(scene.guide, OUT, evidence=(("ip", "198.51.100.24"),))
    response = as_user(scene.editor).get(url("history_csv", scene))
    assert response["Content-Disposition"].endswith('.csv"')
    newest, oldest = rows_of(response)
    assert oldest["explanation"] == '\'=HYPERLINK("http://x")'
    assert (oldest["before"], oldest["after"], oldest["rule"]) == (
        "NOT_SPECIFIED",
        "SUBSCRIBED",
        "R12",
    )
    assert oldest["actor"] == "Tom Birch"
    assert len(oldest["digest"]) == 64
    assert newest["whose_word"] == "OWN"
    assert newest["evidence"] == ""
    scene.say(scene.breaks, IN)
    filtered = rows_of(as_user(scene.editor).get(url("history_csv", scene, unit=scene.stays.pk)))
    assert [row["subscription_type"] for row in filtered] == ["Last-minute breaks"]


def test_the_file_needs_the_right_to_export_and_keeps_to_reach(scene, as_user, viewer, compliance):
    scene.say(scene.breaks, IN)
    scene.person_says(scene.guide, OUT, evidence=(("ip", "198.51.100.24"),))
    assert as_user(viewer).get(url("history_csv", scene)).status_code == 403
    assert "history/export.csv" not in text(as_user(viewer).get(url("history", scene)))
    rows = rows_of(as_user(compliance).get(url("history_csv", scene)))
    assert "198.51.100.24" in rows[0]["evidence"]
    assert len(rows_of(as_user(scene.garden_editor()).get(url("history_csv", scene)))) == 1


@pytest.mark.parametrize("text_", ["=1", "+48", "-1", "@x", "\tx", "\rx", "\nx"])
def test_no_cell_is_a_formula(text_):
    assert safe_cell(text_) == f"'{text_}"


def test_plain_cells_stay_as_they_are():
    assert [safe_cell(value) for value in ("a=b", None, 5)] == ["a=b", "", "5"]
    assert connection.vendor in {"sqlite", "postgresql"}


def test_an_entry_shows_the_text_the_person_saw_with_version_and_hash(scene, as_user, compliance):
    words = "Garden guide\nOnce a month & <b>free</b>"
    wording_id = shown_wording(kind="preference_page", language="pl", text=words, now=scene.now)
    scene.person_says(scene.guide, IN, wording_id=wording_id)
    digest = bytes(Wording.objects.get().digest).hex()
    page = text(as_user(scene.editor).get(url("history", scene)))
    assert "Preference page, pl, version 1" in page
    assert 'lang="pl">Garden guide<br>Once a month &amp; &lt;b&gt;free&lt;/b&gt;<' in page
    assert f"SHA-256 {digest}" in page
    row = rows_of(as_user(compliance).get(url("history_csv", scene)))[0]
    assert row["wording"] == "preference_page pl v1"
    assert (row["wording_text"], row["wording_digest"]) == (words, digest)
