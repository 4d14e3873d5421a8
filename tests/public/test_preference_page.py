"""The preference page: one address, only what was changed, and nothing the gate would refuse."""

import re
from datetime import datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from preferences import links
from preferences.access import actor_for
from preferences.event_lines import history_lines
from preferences.gate import may_send
from preferences.models import BusinessUnit, Pause, SubscriptionType, Wording
from preferences.pauses import pause
from preferences.values import (
    ACCOUNT,
    Act,
    ActorKind,
    Channel,
    Frequency,
    LegalBasis,
    Source,
    Word,
    unit_scope,
)
from preferences.wishes import open_wishes
from public.acts import EVERYTHING
from public.words import past_line
from subscriptions_site.templatetags.ui import day
from tests.factories import TypeFactory, UnitFactory, UserFactory
from tests.preferences.kernel import (
    DAY,
    HOUR,
    IN,
    MINUTE,
    NONE,
    OUT,
    act,
    address,
    effective_of,
    erasure,
    fact,
    of,
    ours,
    own,
    set_policy,
    status_of,
    unit_of,
)
from tests.public.scene import EMAIL, Person, hidden, path_of, stranger, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Person:
    person = Person()
    act(person.address_id, own(of(person.breaks), IN), at=person.now - DAY)
    return person


def page(person: Person, query: str = "") -> str:
    response = person.client.get(person.preference_path() + query)
    assert response.status_code == 200
    return response.content.decode()


def ticked(html: str) -> set[int]:
    return {int(pk) for pk in re.findall(r'name="types" value="(\d+)"[^>]* checked', html)}


def offered(html: str) -> set[int]:
    return {int(pk) for pk in re.findall(r'name="types" value="(\d+)"', html)}


def save(person: Person, types: set[int] | None = None, html: str = "", **fields):
    """Send the page as a browser would, with these boxes ticked."""
    html = html or page(person)
    body = {"shown": hidden(html, "shown"), "drawn": hidden(html, "drawn")[0], "pause": ""}
    body["often_shown"] = hidden(html, "often_shown")
    body["types"] = [str(pk) for pk in (ticked(html) if types is None else types)]
    return person.client.post(person.preference_path(), {**body, **fields})


# --- what it shows ----------------------------------------------------------------------------------------


def test_it_shows_what_stands_and_ticks_nothing_that_was_not_chosen(ada):
    html = page(ada)
    assert ticked(html) == {ada.breaks.pk}
    assert offered(html) == {ada.breaks.pk, ada.places.pk}
    assert EMAIL not in html
    assert "a•••@fernmoor.example" in html
    assert "14 Quay Lane, Dartmouth" in html
    assert "/brand/larkhill.css?v=0f5f75" in html


def test_who_got_somebody_elses_link_is_shown_the_way_to_their_own(ada):
    html = page(ada, "?lang=de")
    assert '<a href="/p/request?lang=de">Nicht Sie?</a>' in html


@pytest.mark.parametrize("privacy", [0, 1, 2])
def test_nothing_is_ticked_in_advance_whatever_the_privacy_setting(ada, privacy):
    set_policy(privacy=privacy)
    assert ticked(page(ada)) == {ada.breaks.pk}


@pytest.mark.parametrize(
    "fields",
    [
        {"archived_at": "now"},
        {"is_internal": True},
        {"offered_on_email": False, "offered_on_sms": True},
    ],
)
def test_it_offers_nothing_that_cannot_be_had(ada, fields):
    fields = {name: ada.now if value == "now" else value for name, value in fields.items()}
    SubscriptionType.objects.filter(pk=ada.places.pk).update(**fields)
    assert offered(page(ada)) == {ada.breaks.pk}


def test_a_channel_that_is_not_connected_offers_nothing(ada):
    set_policy(email_connected=False)
    assert "nothing to choose" in page(ada)


def test_whatever_it_offers_and_is_ticked_the_gate_lets_through(ada):
    """The page and the gate are one judgement; tick everything and ask."""
    set_policy(privacy=2)
    other = UnitFactory()
    for fields in (
        {},
        {"archived_at": ada.now},
        {"kind": "service"},
        {"is_internal": True},
        {"offered_on_email": False, "offered_on_whatsapp": True},
        {"double_opt_in": "on"},
        {"business_unit": other},
    ):
        ada.add_type(f"Type {fields}", **fields)
    act(ada.address_id, own(unit_scope(other.pk), OUT), at=ada.now - HOUR)
    save(ada, offered(page(ada)))
    html = page(ada)
    assert ticked(html) == offered(html)
    for type_id in offered(html):
        assert may_send("EMAIL", EMAIL, type_id, now=ada.now + HOUR).allowed
    for kind in SubscriptionType.objects.exclude(pk__in=offered(html)).exclude(kind="service"):
        assert not may_send("EMAIL", EMAIL, kind.pk, now=ada.now + HOUR).allowed


def test_the_unit_of_the_link_comes_first_and_others_follow(ada):
    TypeFactory(name="Garden guide", business_unit=UnitFactory(name="Garden", position=0))
    BusinessUnit.objects.filter(pk=ada.unit.pk).update(position=9)
    words = text_of(ada.client.get(ada.preference_path()))
    assert words.index("Larkhill Stays") < words.index("Garden")


def test_a_service_type_is_named_and_not_to_be_changed(ada):
    service = ada.add_type("Booking updates", kind="service")
    html = page(ada)
    assert "Booking updates: part of your order" in text_of(ada.client.get(ada.preference_path()))
    assert service.pk not in offered(html)


def test_what_may_come_without_a_choice_says_so_and_can_be_refused(ada):
    set_policy(privacy=1)
    assert "this may come until you say no" in page(ada)
    response = save(ada, stop=str(ada.places.pk))
    assert "New places to stay has stopped" in text_of(response)
    assert status_of(ada.address_id, ada.places) is OUT
    assert "this may come until you say no" not in page(ada)


def test_where_privacy_is_enforced_nothing_comes_without_a_choice(ada):
    set_policy(privacy=2)
    assert "this may come" not in page(ada)


def test_one_address_and_no_other(ada):
    phone = address("+48601100200", Channel.SMS)
    ada.add_type("Texts", offered_on_email=False, offered_on_sms=True)
    act(phone, own(unit_of(ada.breaks), OUT))
    words = text_of(ada.client.get(ada.preference_path()))
    assert "200" not in words
    assert "Texts" not in words


def test_a_page_of_a_phone_number(ada):
    texts = ada.add_type("Texts", offered_on_email=False, offered_on_sms=True)
    phone = Person.__new__(Person)
    phone.unit, phone.now, phone.client = ada.unit, ada.now, stranger()
    phone.address_id = address("+48601100200", Channel.SMS)
    set_policy(sms_connected=True)
    assert offered(page(phone)) == {texts.pk}
    assert "+48•••••200" in page(phone)


# --- saving -----------------------------------------------------------------------------------------------


def test_r16_an_unchanged_page_writes_nothing(ada):
    before = len(ada.events())
    response = save(ada)
    assert "Nothing has changed" in text_of(response)
    assert len(ada.events()) == before
    assert hidden(response.content.decode(), "event") == []


def test_only_what_was_changed_is_saved_and_each_change_is_named(ada):
    response = save(ada, {ada.places.pk})
    words = text_of(response)
    assert "Your choices are saved" in words
    assert "New places to stay will come" in words
    assert "Last-minute breaks has stopped" in words
    assert status_of(ada.address_id, ada.breaks) is OUT
    assert status_of(ada.address_id, ada.places) is IN
    for event in ada.events()[1:]:
        assert (event.source, event.word) == (Source.PREFERENCE_PAGE.code, Word.OWN.code)
        assert event.actor_kind == ActorKind.PERSON.code
        wording = Wording.objects.get(pk=event.wording_id)
        assert "Choose what we send you" in wording.text
        assert "seconds" in event.evidence.details
    bases = {event.status: event.legal_basis for event in ada.events()[1:]}
    assert bases == {IN.code: LegalBasis.CONSENT_WITH_NOTICE.code, OUT.code: None}


def test_a_type_added_while_the_page_was_open_is_neither_in_nor_out(ada):
    html = page(ada)
    added = ada.add_type("Added meanwhile")
    save(ada, {ada.places.pk}, html)
    assert status_of(ada.address_id, added) is NONE


def test_what_somebody_else_changed_meanwhile_is_left_alone(ada):
    html = page(ada)
    act(ada.address_id, own(of(ada.breaks), OUT), at=ada.now + MINUTE)
    save(ada, {ada.breaks.pk, ada.places.pk}, html)
    assert status_of(ada.address_id, ada.breaks) is OUT
    assert status_of(ada.address_id, ada.places) is IN


def test_a_type_archived_while_the_page_was_open_can_still_be_left_not_joined(ada):
    html = page(ada)
    SubscriptionType.objects.update(archived_at=ada.now)
    response = save(ada, {ada.places.pk}, html)
    assert response.status_code == 200
    assert "New places to stay is no longer offered" in text_of(response)
    assert status_of(ada.address_id, ada.breaks) is OUT
    assert status_of(ada.address_id, ada.places) is NONE


def test_r2_the_person_comes_back_to_what_they_or_we_closed(ada):
    act(ada.address_id, ours(of(ada.places), OUT), at=ada.now - HOUR)
    act(ada.address_id, own(of(ada.breaks), OUT), at=ada.now - HOUR)
    save(ada, {ada.breaks.pk, ada.places.pk})
    assert status_of(ada.address_id, ada.breaks) is IN
    assert status_of(ada.address_id, ada.places) is IN


def test_r18_an_erased_person_may_still_choose(ada):
    act(ada.address_id, erasure(), at=ada.now - HOUR)
    assert "For your address." in text_of(ada.client.get(ada.preference_path()))
    save(ada, {ada.places.pk})
    assert may_send("EMAIL", EMAIL, ada.places.pk, now=ada.now).allowed
    assert not may_send("EMAIL", EMAIL, ada.breaks.pk, now=ada.now).allowed


# --- undo -------------------------------------------------------------------------------------------------


def undo(person: Person, response):
    html = response.content.decode()
    fields = {"event": hidden(html, "event"), "pause_back": hidden(html, "pause_back")}
    return person.client.post(f"{person.preference_path()}undo/", fields)


def test_r23_undo_takes_back_the_whole_save(ada):
    response = undo(ada, save(ada, {ada.places.pk}, pause="2"))
    assert "It is as it was before" in text_of(response)
    assert status_of(ada.address_id, ada.breaks) is IN
    assert status_of(ada.address_id, ada.places) is NONE
    assert open_wishes([ada.address_id], now=ada.now + HOUR).paused == {}
    assert {event.act for event in ada.events()[-2:]} == {Act.UNDO.code}


def test_r23_undo_without_its_token_changes_nothing(ada):
    save(ada, {ada.places.pk})
    response = ada.client.post(f"{ada.preference_path()}undo/", {"event": "1"})
    assert response.status_code == 409
    assert "Your choices stay as they are now" in text_of(response)
    assert status_of(ada.address_id, ada.breaks) is OUT


def test_r23_undo_after_a_newer_choice_says_that_it_is_too_late(ada):
    saved = save(ada, set())
    save(ada, {ada.breaks.pk})
    response = undo(ada, saved)
    assert response.status_code == 409
    assert status_of(ada.address_id, ada.breaks) is IN


# --- everything -------------------------------------------------------------------------------------------


def leave(person: Person, value: object):
    return person.client.post(person.preference_path(), {"leave": value})


def test_unsubscribe_from_everything_is_one_submit(ada):
    other = TypeFactory()
    response = leave(ada, "all")
    assert "You are unsubscribed from everything" in text_of(response)
    for kind in (ada.breaks, ada.places, other):
        assert status_of(ada.address_id, kind) is OUT
    assert ada.preference_path() in response.content.decode()
    assert "All messages have been stopped" in page(ada)


def test_unsubscribe_from_one_unit_leaves_the_others(ada):
    other = TypeFactory(name="Elsewhere")
    response = leave(ada, ada.unit.pk)
    assert "all messages of Larkhill Stays" in text_of(response)
    assert status_of(ada.address_id, ada.places) is OUT
    assert status_of(ada.address_id, other) is NONE


def test_unsubscribing_from_another_unit_names_that_one(ada):
    other = TypeFactory(business_unit=UnitFactory(name="Copperleaf"))
    response = leave(ada, other.business_unit_id)
    assert "You are unsubscribed from all messages of Copperleaf" in text_of(response)
    assert "Copperleaf" in Wording.objects.get(pk=ada.events()[-1].wording_id).text


def test_r23_leaving_everything_can_be_undone_and_explained(ada):
    response = leave(ada, "all")
    token = hidden(response.content.decode(), "event")[0]
    told = ada.client.post(
        f"{ada.preference_path()}reason/", {"event": token, "reason": "too_many"}
    )
    assert "Thank you" in text_of(told)
    assert "It is as it was before" in text_of(undo(ada, told))
    assert status_of(ada.address_id, ada.breaks) is IN


def test_r11_coming_back_to_one_type_is_an_exception_and_nothing_else_opens(ada):
    leave(ada, "all")
    save(ada, {ada.places.pk})
    assert effective_of(ada.address_id, ada.places).is_exception
    assert status_of(ada.address_id, ada.breaks) is OUT
    later = ada.add_type("Created tomorrow")
    assert status_of(ada.address_id, later) is OUT
    html = page(ada)
    assert ticked(html) == {ada.places.pk}
    assert "All messages have been stopped" in html


def test_r11_everything_i_had_comes_back_by_its_own_button_alone(ada):
    act(ada.address_id, own(of(ada.places), OUT), at=ada.now - 2 * HOUR)
    act(ada.address_id, own(ACCOUNT, OUT), at=ada.now - HOUR)
    act(ada.address_id, own(unit_scope(ada.unit.pk), OUT), at=ada.now - HOUR)
    response = ada.client.post(ada.preference_path(), {"come_back": "all"})
    assert "What you had before counts again: everything" in text_of(response)
    assert status_of(ada.address_id, ada.breaks) is IN
    assert status_of(ada.address_id, ada.places) is OUT
    undo(ada, response)
    assert status_of(ada.address_id, ada.breaks) is OUT


def test_r11_one_unit_comes_back(ada):
    leave(ada, ada.unit.pk)
    response = ada.client.post(ada.preference_path(), {"come_back": ada.unit.pk})
    assert "all messages of Larkhill Stays" in text_of(response)
    assert status_of(ada.address_id, ada.breaks) is IN


def test_r10_what_we_stopped_the_person_may_open(ada):
    act(ada.address_id, ours(unit_scope(ada.unit.pk), OUT), at=ada.now - HOUR)
    assert "All of this has been stopped" in page(ada)
    save(ada, {ada.places.pk})
    assert effective_of(ada.address_id, ada.places).is_exception
    ada.client.post(ada.preference_path(), {"come_back": ada.unit.pk})
    assert status_of(ada.address_id, ada.breaks) is IN


# --- pauses -----------------------------------------------------------------------------------------------


def test_a_pause_is_a_no_of_the_gate_that_ends_by_itself(ada):
    before = len(ada.events())
    response = save(ada, pause="1")
    assert "All messages are paused until" in text_of(response)
    assert len(ada.events()) == before
    answer = may_send("EMAIL", EMAIL, ada.breaks.pk, now=ada.now + DAY)
    assert [str(reason) for reason in answer.reasons] == ["paused"]
    assert may_send("EMAIL", EMAIL, ada.breaks.pk, now=ada.now + 40 * DAY).allowed
    assert ticked(page(ada)) == {ada.breaks.pk}


def test_start_again_now(ada):
    save(ada, pause="3")
    response = ada.client.post(ada.preference_path(), {"pause": "end"})
    assert "Messages come again" in text_of(response)
    assert may_send("EMAIL", EMAIL, ada.breaks.pk, now=ada.now + HOUR).allowed
    assert open_wishes([ada.address_id], now=ada.now + HOUR).paused == {}
    undo(ada, response)
    assert open_wishes([ada.address_id], now=ada.now + HOUR).paused
    again = ada.client.post(ada.preference_path(), {"pause": "end"})
    assert "Messages come again" in text_of(again)
    nothing = ada.client.post(ada.preference_path(), {"pause": "end"})
    assert "Nothing has changed" in text_of(nothing)


def test_undoing_a_pause_gives_back_the_one_before(ada):
    until = ada.now + 20 * DAY
    pause(address_id=ada.address_id, until=until, now=ada.now - DAY)
    undo(ada, save(ada, pause="3"))
    assert open_wishes([ada.address_id], now=ada.now + HOUR).paused == {ada.address_id: until}


def midnight(person: Person, days: int):
    day = timezone.localdate(person.now) + days * DAY
    return timezone.make_aware(datetime.combine(day, time.min))


@pytest.mark.parametrize("days", [1, 200, 366])
def test_a_pause_until_a_day_of_their_own(ada, days):
    until = midnight(ada, days)
    html = page(ada)
    response = save(ada, pause_day=until.date().isoformat())
    assert f"All messages are paused until {day(until)}" in text_of(response)
    assert open_wishes([ada.address_id], now=ada.now).paused == {ada.address_id: until}
    assert f'min="{midnight(ada, 1).date()}" max="{midnight(ada, 366).date()}"' in html
    undo(ada, response)
    assert open_wishes([ada.address_id], now=ada.now + HOUR).paused == {}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"pause_day": "tomorrow"}, "This is not a day."),
        ({"pause_day": "2026-02-30"}, "This is not a day."),
        ({"pause_day": "9" * 200}, "This is not a day."),
        ({"pause_day": "0001-01-01"}, "from tomorrow on"),
        ({"pause_day": "9999-12-31"}, "from tomorrow on"),
        ({"pause_day": 0}, "from tomorrow on"),
        ({"pause_day": 367}, "from tomorrow on"),
        ({"pause_day": 9, "pause": "2"}, "a length or a day, not both"),
    ],
)
def test_a_day_that_makes_no_sense_is_said_at_its_field_and_nothing_is_lost(ada, fields, words):
    number = fields["pause_day"]
    if isinstance(number, int):
        fields = {**fields, "pause_day": midnight(ada, number).date().isoformat()}
    before = len(ada.events())
    SubscriptionType.objects.filter(pk=ada.places.pk).update(frequencies="weekly")
    response = save(ada, {ada.places.pk}, often=f"{ada.places.pk}:weekly", **fields)
    html = response.content.decode()
    assert response.status_code == 422
    assert words in text_of(response)
    assert f'value="{fields["pause_day"][:20]}" aria-invalid="true"' in html
    assert ticked(html) == {ada.places.pk}
    assert f'"{ada.places.pk}:weekly" selected' in html
    assert hidden(html, "shown") == [f"{ada.breaks.pk}:1", f"{ada.places.pk}:0"]
    assert ('value="2" selected' in html) == ("pause" in fields)
    assert len(ada.events()) == before
    assert not Pause.objects.exists()


# --- how often --------------------------------------------------------------------------------------------


@pytest.fixture
def guide(ada):
    return ada.add_type("Monthly guide", frequencies="weekly, monthly")


def often_of(ada):
    return open_wishes([ada.address_id], now=ada.now + HOUR).frequencies


def test_how_often_is_a_choice_where_the_type_offers_one(ada, guide):
    html = page(ada)
    assert hidden(html, "often_shown") == [f"{guide.pk}:"]
    assert html.count('name="often"') == 1
    assert 'aria-label="How often: Monthly guide"' in html
    before = len(ada.events())
    response = save(ada, often=f"{guide.pk}:weekly")
    assert "Monthly guide: once a week at most" in text_of(response)
    assert often_of(ada) == {(ada.address_id, guide.pk): Frequency.WEEKLY}
    assert may_send("EMAIL", EMAIL, guide.pk, now=ada.now).frequency is Frequency.WEEKLY
    assert len(ada.events()) == before
    html = page(ada)
    assert f'value="{guide.pk}:weekly" selected' in html
    again = save(ada, html=html, often=f"{guide.pk}:weekly")
    assert "Nothing has changed" in text_of(again)
    back = save(ada, html=html, often=f"{guide.pk}:")
    assert "Monthly guide: as it happens" in text_of(back)
    assert often_of(ada) == {}


def test_undo_gives_back_how_often(ada, guide):
    save(ada, often=f"{guide.pk}:weekly")
    response = save(ada, often=f"{guide.pk}:monthly")
    html = response.content.decode()
    url = f"{ada.preference_path()}undo/"
    for wrong in ("x", "99999:weekly", f"{guide.pk}:hourly"):
        assert ada.client.post(url, {"often_back": wrong}).status_code == 409
    assert often_of(ada) == {(ada.address_id, guide.pk): Frequency.MONTHLY}
    undone = ada.client.post(url, {"often_back": hidden(html, "often_back")})
    assert "It is as it was before" in text_of(undone)
    assert often_of(ada) == {(ada.address_id, guide.pk): Frequency.WEEKLY}


def test_what_a_type_no_longer_offers_is_said_and_the_rest_is_saved(ada, guide):
    html = page(ada)
    SubscriptionType.objects.filter(pk=guide.pk).update(frequencies="monthly")
    response = save(ada, {ada.places.pk}, html, often=f"{guide.pk}:weekly")
    assert "Monthly guide: how often can no longer be chosen." in text_of(response)
    assert status_of(ada.address_id, ada.places) is IN
    assert often_of(ada) == {}


def test_the_history_tells_how_often(ada, guide):
    save(ada, often=f"{guide.pk}:weekly")
    save(ada, often=f"{guide.pk}:")
    words = text_of(ada.client.get(f"{ada.preference_path()}history/"))
    assert "You chose how often. Monthly guide: once a week at most, ended on" in words
    SubscriptionType.objects.filter(pk=guide.pk).update(is_internal=True)
    assert "Monthly guide" not in text_of(ada.client.get(f"{ada.preference_path()}history/"))


@pytest.mark.parametrize("back", ["", "never", "2026-13-01", "2026-11-22T12:00:00", "9" * 50])
def test_a_pause_is_given_back_from_nothing_but_a_time(ada, back):
    save(ada, pause="1")
    ada.client.post(f"{ada.preference_path()}undo/", {"pause_back": back})
    assert Pause.objects.count() == 1
    assert open_wishes([ada.address_id], now=ada.now + HOUR).paused


# --- history ----------------------------------------------------------------------------------------------


def past(person: Person, query: str = "") -> str:
    return text_of(person.client.get(f"{person.preference_path()}history/{query}"))


def test_the_history_is_in_plain_words_without_names_of_staff(ada):
    staff = UserFactory(name="Tom Birch")
    wish = ours(of(ada.places), IN, explanation="Asked at the fair, seems keen")
    act(ada.address_id, wish, at=ada.now - 3 * HOUR, actor=actor_for(staff))
    act(ada.address_id, own(ACCOUNT, OUT, Source.ONE_CLICK), at=ada.now - 2 * HOUR)
    act(ada.address_id, fact(Act.BOUNCE), at=ada.now - HOUR)
    words = past(ada)
    assert "You subscribed to: Last-minute breaks" in words
    assert "We subscribed you to: New places to stay" in words
    assert "by our staff" in words
    assert "You unsubscribed from: everything" in words
    assert "with the button of a mail program" in words
    assert "A message to you could not be delivered" in words
    assert "Tom Birch" not in words
    assert "seems keen" not in words


def test_the_history_leaves_out_what_is_internal_and_shows_pauses(ada):
    hidden_type = ada.add_type("Churn risk list")
    act(ada.address_id, ours(of(hidden_type), IN), at=ada.now)
    SubscriptionType.objects.filter(pk=hidden_type.pk).update(is_internal=True)
    save(ada, pause="1")
    words = past(ada)
    assert "Churn risk" not in words
    assert "You asked for a break until" in words


def test_the_history_is_paged_by_key(ada):
    for number in range(25):
        status = IN if number % 2 else OUT
        act(ada.address_id, own(of(ada.breaks), status), at=ada.now - HOUR + number * MINUTE)
    first = ada.client.get(f"{ada.preference_path()}history/").content.decode()
    assert first.count("<li><span>") == 10
    older = re.search(r'class="btn" href="([^"]*before=\d+)"', first)
    assert older is not None
    second = ada.client.get(older[1].replace("&amp;", "&")).content.decode()
    assert second.count("<li><span>") == 10
    assert past(ada, "?before=nonsense")
    assert past(ada, f"?before={'9' * 40}")


def test_every_act_and_every_word_has_words_for_the_reader(ada):
    wishes = [
        own(of(ada.breaks), OUT),
        own(of(ada.breaks), IN),
        ours(of(ada.places), IN),
        ours(of(ada.places), NONE),
        ours(of(ada.places), OUT),
        own(unit_scope(ada.unit.pk), OUT),
        own(unit_scope(ada.unit.pk), IN),
        ours(ACCOUNT, OUT),
        ours(ACCOUNT, IN),
        own(ACCOUNT, OUT, Source.PROVIDER_FEEDBACK, act=Act.COMPLAIN),
        own(ACCOUNT, IN),
        fact(Act.BOUNCE),
        fact(Act.DELIVER),
        ours(of(ada.add_type("Double", double_opt_in="on")), IN),
        erasure(),
    ]
    for number, wish in enumerate(wishes):
        result = act(ada.address_id, wish, at=ada.now + number * MINUTE)
        assert result.event_id is not None, wish
    lines = history_lines([ada.address_id], reach=EVERYTHING, limit=None)
    words = [past_line(line, {}).words for line in lines]
    assert all(words)
    assert len(set(words)) >= 12


# --- links ------------------------------------------------------------------------------------------------


def test_a_link_that_is_too_old_or_revoked_says_so_and_changes_nothing(ada):
    old = path_of(
        links.preference_link(
            address_id=ada.address_id, unit_id=ada.unit.pk, now=ada.now - 31 * DAY
        )
    )
    fresh = ada.preference_path()
    for response in (
        ada.client.get(old),
        ada.client.post(old, {"leave": "all"}),
        ada.client.get(f"{old}history/"),
        ada.client.post(f"{old}undo/", {}),
        ada.client.post(f"{old}reason/", {}),
    ):
        assert response.status_code == 410
        assert "This link no longer works" in text_of(response)
        page = response.content.decode()  # in the look of who wrote to them
        assert ada.unit.name in page
        assert f"/brand/{ada.unit.slug}.css" in page
    assert status_of(ada.address_id, ada.breaks) is IN
    links.revoke_preference_links(address_id=ada.address_id, now=ada.now + timedelta(seconds=1))
    assert ada.client.get(fresh).status_code == 410
    assert ada.client.get(ada.unsubscribe_path()).status_code == 200


def test_other_tokens_open_nothing(ada):
    for token in ("nonsense", ada.unsubscribe_path().split("/")[2], "x" * 3_000):
        for part in ("", "history/"):
            assert ada.client.get(f"/p/{token}/{part}").status_code == 404
        assert ada.client.post(f"/p/{token}/", {"leave": "all"}).status_code == 404
    assert status_of(ada.address_id, ada.breaks) is IN


# --- wrong input ------------------------------------------------------------------------------------------


def test_what_the_page_did_not_show_is_refused_whole(ada):
    texts = ada.add_type("Texts", offered_on_email=False, offered_on_sms=True)
    internal = ada.add_type("Internal", is_internal=True)
    service = ada.add_type("Orders", kind="service")
    good = f"{ada.breaks.pk}:1"
    before = len(ada.events())
    for body in (
        {"shown": [good, f"{texts.pk}:1"]},
        {"shown": [good, f"{internal.pk}:0"], "types": internal.pk},
        {"shown": [good, f"{service.pk}:1"]},
        {"shown": [good, "99999:1"]},
        {"shown": [good, f"{ada.places.pk}:2"]},
        {"shown": [good, f"-{ada.places.pk}:1"]},
        {"shown": [good, "²:1"]},
        {"shown": [good, "9" * 40 + ":1"]},
        {"shown": good, "types": "x"},
        {"shown": good, "types": ada.places.pk},
        {"shown": good, "stop": ada.places.pk},
        {"shown": good, "pause": "12"},
        {"shown": good, "pause": "²"},
        {"often": f"{ada.breaks.pk}:weekly"},
        {"often_shown": f"{texts.pk}:", "often": f"{texts.pk}:weekly"},
        {"often_shown": f"{ada.breaks.pk}:hourly"},
        {"often_shown": f"{ada.breaks.pk}:", "often": "²:weekly"},
        {"shown": good, "leave": "99999"},
        {"shown": good, "leave": ["all", str(ada.unit.pk)]},
        {"shown": good, "leave": "all", "come_back": "all"},
        {"shown": good, "come_back": "none"},
    ):
        response = ada.client.post(ada.preference_path(), body)
        assert response.status_code == 400, body
    assert len(ada.events()) == before
    assert not Pause.objects.exists()


def test_an_empty_post_and_a_large_one_and_other_methods(ada):
    assert ada.client.post(ada.preference_path(), {}).status_code == 200
    large = ada.client.post(ada.preference_path(), {"leave": "all", "x": "a" * 1_000_000})
    assert large.status_code == 413
    put = ada.client.put(ada.preference_path())
    assert (put.status_code, put["Allow"]) == (405, "GET, HEAD, POST, OPTIONS")
    post = ada.client.post(f"{ada.preference_path()}history/")
    assert (post.status_code, post["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert len(ada.events()) == 1


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_changes_nothing_and_sets_no_cookie(ada, method):
    before = len(ada.events())
    for path in (ada.preference_path(), f"{ada.preference_path()}history/"):
        response = getattr(ada.client, method)(path)
        assert response.status_code in (200, 204)
        assert not response.cookies
        assert "Cookie" not in response.headers.get("Vary", "")
        assert response["Cache-Control"] == "no-store"
        assert "script-src 'none'" in response["Content-Security-Policy"]
    assert len(ada.events()) == before


@pytest.mark.parametrize("language", ["en", "pl", "de"])
def test_the_page_in_each_language_and_types_in_their_translations(ada, language):
    ada.breaks.translations.create(language="pl", name="Wyjazdy", description="Tanie noce")
    html = page(ada, f"?lang={language}")
    assert f'<html lang="{language}"' in html
    assert ("Wyjazdy" in html) is (language == "pl")
    saved = ada.client.post(
        f"{ada.preference_path()}?lang={language}", {"shown": f"{ada.breaks.pk}:1"}
    )
    assert saved["Content-Language"] == language
    assert Wording.objects.get(pk=ada.events()[-1].wording_id).language == language
    assert ada.events()[-1].evidence.details["language"] == language


def test_ten_types_and_fifty_cost_the_same(ada):
    counts = []
    for count in (8, 40):
        for number in range(count):
            ada.add_type(f"More {count} {number}", description="words")
        with CaptureQueriesContext(connection) as captured:
            page(ada)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 13


def test_a_hostile_name_stays_text(ada):
    name = '<img src=x onerror=alert(1)>"%(subject)s'
    SubscriptionType.objects.filter(pk=ada.places.pk).update(name=name, description=name)
    BusinessUnit.objects.filter(pk=ada.unit.pk).update(name=name, postal_address=name)
    for html in (
        page(ada),
        save(ada, {ada.places.pk}).content.decode(),
        leave(ada, ada.unit.pk).content.decode(),
        ada.client.get(f"{ada.preference_path()}history/").content.decode(),
    ):
        assert "<img" not in html
