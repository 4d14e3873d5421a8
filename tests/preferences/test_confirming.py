"""R14, from the request to the click: one mail, one reminder, and nothing without the person."""

import re
from datetime import timedelta

import pytest

from mails.models import OutgoingMail
from mails.sending import Sent
from preferences.confirming import TooSoon, ask_again, confirm, open_requests, queue_confirm_mails
from preferences.languages import register_speakers
from preferences.models import ConsentEvent, Evidence, PendingConfirmation, Wording
from preferences.policy import change_policy
from preferences.values import ACCOUNT, Act, Channel, LegalBasis, Outcome, Source
from tests.factories import UnitFactory, UserFactory
from tests.mails.post_office import Clock, a_post, post_office, sending_to
from tests.preferences.kernel import (
    DAY,
    HOUR,
    IN,
    MINUTE,
    NONE,
    NOW,
    OUT,
    act,
    address,
    erasure,
    fact,
    news,
    of,
    ours,
    own,
    set_policy,
    status_of,
    unit_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _asks_to_confirm(db):
    set_policy(double_opt_in=True)


@pytest.fixture
def unit(db):
    return UnitFactory(
        name="Larkhill Stays", sender_name="Larkhill", sender_email="stay@larkhill.example"
    )


def ask(where: int, kind, at=NOW) -> int:
    result = act(where, ours(of(kind), IN), at=at)
    assert result.decision.outcome is Outcome.CONFIRM_FIRST
    return result.event_id


def mails() -> list[OutgoingMail]:
    return list(OutgoingMail.objects.order_by("id"))


def deliver(at=NOW) -> list[Sent]:
    post, done = a_post(Clock(at)), []
    with sending_to("outbox:"):
        while (sent := post.send_next()) is not Sent.NOTHING_DUE:
            done.append(sent)
    return done


def test_r14_one_mail_for_all_types_of_an_address(unit):
    where, first, second = address(), news(business_unit=unit, name="Breaks"), news(name="Places")
    ask(where, first)
    last = ask(where, second)
    assert queue_confirm_mails(NOW) == 1
    assert queue_confirm_mails(NOW + MINUTE) == 0
    (mail,) = mails()
    assert (mail.kind, mail.about, mail.recipient) == ("confirm", where, "ada@fernmoor.example")
    assert mail.sender == "Larkhill <stay@larkhill.example>"
    assert "- Breaks" in mail.text
    assert f"- Places ({second.business_unit.name})" in mail.text
    assert len(set(re.findall(r"https://\S+/c/[\w-]+/", mail.text + mail.html))) == 1
    assert set(PendingConfirmation.objects.values_list("mail_id", flat=True)) == {mail.pk}
    assert last


def test_the_mail_advertises_nothing_and_loads_nothing(unit):
    ask(address(), news(business_unit=unit))
    queue_confirm_mails(NOW)
    html = mails()[0].html
    assert not re.search(r"<img|src=|url\(|<link|@import|<script", html)
    assert re.findall(r'href="([^"]+)"', html) == re.findall(r"https://\S+/c/\S+", mails()[0].text)


def test_the_mail_speaks_the_reader_s_language(unit, monkeypatch):
    monkeypatch.setattr("preferences.languages._speakers", {})
    where, other = address(), address("grace@fernmoor.example")
    register_speakers("test", lambda ids: {where: "pl-PL"})
    kind = news(business_unit=unit)
    ask(where, kind)
    ask(other, kind)
    queue_confirm_mails(NOW)
    by_address = {mail.about: mail for mail in mails()}
    assert (by_address[where].language, by_address[other].language) == ("pl", "en")
    assert 'lang="pl"' in by_address[where].html


def test_what_the_mail_said_is_kept_as_a_wording_without_the_link(unit):
    ask(address(), news(business_unit=unit, name="Breaks"))
    queue_confirm_mails(NOW)
    wording = Wording.objects.get(pk=mails()[0].wording_id)
    assert wording.kind == "confirm_mail"
    assert "Breaks" in wording.text
    assert "{link}" in wording.text
    assert "/c/" not in wording.text


def test_r14_one_reminder_and_no_second(unit):
    ask(address(), news(business_unit=unit))
    queue_confirm_mails(NOW)
    assert queue_confirm_mails(NOW + 2 * DAY) == 0
    assert queue_confirm_mails(NOW + 3 * DAY + MINUTE) == 1
    for days in (4, 5, 6, 8):
        assert queue_confirm_mails(NOW + days * DAY) == 0
    assert [mail.kind for mail in mails()] == ["confirm", "confirm_reminder"]


def test_r14_who_opted_out_gets_the_single_mail_and_no_reminder(unit):
    where, kind = address(), news(business_unit=unit)
    act(where, own(of(kind), OUT), at=NOW - DAY)
    ask(where, kind)
    assert queue_confirm_mails(NOW) == 1
    assert queue_confirm_mails(NOW + 3 * DAY + MINUTE) == 0
    assert len(mails()) == 1


@pytest.mark.parametrize("scope", [of, unit_of, lambda kind: ACCOUNT])
def test_r14_an_opt_out_stops_the_request_and_the_mail_that_waits(unit, scope):
    where, kind = address(), news(business_unit=unit)
    ask(where, kind)
    queue_confirm_mails(NOW)
    act(where, own(scope(kind), OUT), at=NOW + MINUTE)
    assert deliver(NOW + MINUTE) == [Sent.DONE]
    assert mails()[0].state == "cancelled"
    assert not open_requests(where, now=NOW + MINUTE).exists()


def test_r14_switching_it_off_ends_requests_and_stops_their_mails(unit):
    where, kind = address(), news(business_unit=unit)
    ask(where, kind)
    queue_confirm_mails(NOW)
    change_policy(user=None, now=NOW, double_opt_in=False)
    deliver()
    assert mails()[0].state == "cancelled"
    assert status_of(where, kind) is NONE


def test_r14_expiry_ends_it_without_opting_in(unit):
    where, kind = address(), news(business_unit=unit)
    ask(where, kind)
    queue_confirm_mails(NOW)
    later = NOW + 7 * DAY + MINUTE
    assert confirm(address_id=where, type_ids={kind.pk}, wordings={}, evidence=(), now=later) == []
    assert status_of(where, kind) is NONE
    queue_confirm_mails(NOW + 15 * DAY)
    assert not PendingConfirmation.objects.exists()


def test_r14_the_click_is_the_person_s_own_word_with_all_its_proof(unit):
    where, kind = address(), news(business_unit=unit)
    event_id = ask(where, kind)
    queue_confirm_mails(NOW)
    evidence = (("ip", "192.0.2.7"), ("user_agent", "Firefox"))
    (result,) = confirm(
        address_id=where,
        type_ids={kind.pk},
        wordings={kind.pk: 5},
        evidence=evidence,
        now=NOW + HOUR,
    )
    assert result.after is IN
    event = ConsentEvent.objects.get(pk=result.event_id)
    assert (event.source, event.cause_id, event.wording_id) == (
        Source.CONFIRMATION.code,
        event_id,
        5,
    )
    assert event.legal_basis == LegalBasis.CONSENT_WITH_NOTICE.code
    details = Evidence.objects.get(pk=event.evidence_id).details
    assert details == {
        "ip": "192.0.2.7",
        "user_agent": "Firefox",
        "request": str(event_id),
        "mail": mails()[0].message_id,
        "mail_wording": str(mails()[0].wording_id),
    }
    again = confirm(address_id=where, type_ids={kind.pk}, wordings={}, evidence=(), now=NOW + HOUR)
    assert again == []


def test_r14_only_what_the_page_showed_is_confirmed(unit):
    where, shown, later = address(), news(business_unit=unit), news(business_unit=unit)
    ask(where, shown)
    ask(where, later)
    confirm(address_id=where, type_ids={shown.pk}, wordings={}, evidence=(), now=NOW)
    assert (status_of(where, shown), status_of(where, later)) == (IN, NONE)


def test_a_confirmed_email_confirms_no_phone(unit):
    kind = news(business_unit=unit, offered_on_sms=True)
    email, phone = address(), address("+48601000111", Channel.SMS)
    ask(email, kind)
    confirm(address_id=email, type_ids={kind.pk}, wordings={}, evidence=(), now=NOW)
    assert (status_of(email, kind), status_of(phone, kind)) == (IN, NONE)


def test_asked_again_while_the_last_mail_is_fresh_nobody_gets_another(unit):
    where, kind = address(), news(business_unit=unit)
    ask(where, kind)
    queue_confirm_mails(NOW)
    ask(where, kind, at=NOW + HOUR)
    assert queue_confirm_mails(NOW + HOUR) == 0
    ask(where, kind, at=NOW + 2 * DAY)
    assert queue_confirm_mails(NOW + 2 * DAY) == 1


def test_addresses_that_cannot_be_reached_get_none(unit):
    kind = news(business_unit=unit)
    bounced, erased = address(), address("grace@fernmoor.example")
    ask(bounced, kind)
    ask(erased, kind)
    act(bounced, fact(Act.BOUNCE))
    act(erased, erasure())
    assert queue_confirm_mails(NOW) == 0


def test_erasing_somebody_takes_back_the_mail_that_waits(unit):
    where = address()
    ask(where, news(business_unit=unit))
    queue_confirm_mails(NOW)
    act(where, erasure(), at=NOW + MINUTE)
    assert (mails()[0].state, mails()[0].recipient, mails()[0].text) == ("cancelled", "", "")


def test_staff_may_send_it_again_but_not_in_a_hurry(unit):
    where, kind, user = address(), news(business_unit=unit), UserFactory()
    ask(where, kind)
    queue_confirm_mails(NOW)
    with pytest.raises(TooSoon):
        ask_again(address_id=where, user=user, now=NOW + 30 * MINUTE)
    mail = ask_again(address_id=where, user=user, now=NOW + 2 * HOUR)
    assert (mail.kind, mail.created_by) == ("confirm", user)
    assert queue_confirm_mails(NOW + 4 * DAY) == 0  # that was the reminder
    assert PendingConfirmation.objects.get().expires_at == NOW + 2 * HOUR + timedelta(days=7)


def test_nobody_who_opted_out_is_asked_a_second_time(unit):
    where, kind = address(), news(business_unit=unit)
    act(where, own(of(kind), OUT), at=NOW - DAY)
    ask(where, kind)
    queue_confirm_mails(NOW)
    with pytest.raises(TooSoon):
        ask_again(address_id=where, user=UserFactory(), now=NOW + 2 * DAY)


def test_the_queries_do_not_grow_with_those_who_wait_for_nothing(
    unit, django_assert_max_num_queries
):
    kind = news(business_unit=unit)
    for number in range(12):
        ask(address(f"person{number}@fernmoor.example"), kind)
    assert queue_confirm_mails(NOW) == 12
    with django_assert_max_num_queries(8):
        queue_confirm_mails(NOW + MINUTE)


def test_a_real_server_gets_the_mail_with_its_link(unit):
    ask(address(), news(business_unit=unit))
    queue_confirm_mails(NOW)
    with post_office() as office:
        assert a_post().send_next() is Sent.DONE
    (message,) = office.messages
    assert message["From"] == "Larkhill <stay@larkhill.example>"
    assert message["Subject"] == "Confirm what Larkhill Stays may send you"
    assert "/c/" in message.get_body(("plain",)).get_content()
    assert message["List-Unsubscribe"] is None
