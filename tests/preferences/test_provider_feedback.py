"""What a mail provider reports, in its own format and through Anymail: R17."""

import json
from base64 import b64encode
from datetime import timedelta

import pytest
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, override_settings
from django.utils import timezone

from mails.feedback import take_event
from mails.message import message_of
from mails.models import OutgoingMail
from mails.sending import Sent
from mails.services import queue_mail
from preferences.letters import ASKED_LINK
from preferences.models import Address, ConsentEvent
from preferences.values import Act, ActorKind, ScopeKind, Source, Status
from subscriptions_site.mail_url import anymail_settings
from tests.factories import NOW, TypeFactory, UnitFactory
from tests.mails.post_office import a_post, letter, sending_to
from tests.preferences.kernel import DAY, HOUR, IN, OUT, act, address, erasure, of, own, status_of

pytestmark = pytest.mark.django_db
EMAIL = "ada@fernmoor.example"
SECRET = "postmark:a-long-password-1"
URL = "/mails/feedback/"
SENDER = '"Garden" <hello@garden.example>'


@pytest.fixture(autouse=True)
def provider():
    url = "anymail+postmark:?server_token=abc"
    with sending_to(url), override_settings(ANYMAIL=anymail_settings(url, SECRET, "")):
        yield


def report(body, secret: str = SECRET, **extra):
    """Post what Postmark posts."""
    auth = f"Basic {b64encode(secret.encode()).decode()}"
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    client = Client(raise_request_exception=False)
    return client.post(
        URL, data, content_type="application/json", headers={"Authorization": auth}, **extra
    )


def bounce(mail: OutgoingMail | None = None, **fields) -> dict:
    """Return a report of Postmark, as its manual shows it."""
    return {
        "RecordType": "Bounce",
        "MessageStream": "outbound",
        "ID": 4323372036854775807,
        "Type": "HardBounce",
        "TypeCode": 1,
        "Name": "Hard bounce",
        "Metadata": {"mail": str(mail.pk)} if mail else {},
        "ServerID": 23,
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Description": "The server was unable to deliver your message",
        "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist",
        "Email": EMAIL,
        "From": "hello@garden.example",
        "BouncedAt": timezone.now().isoformat(),
        "DumpAvailable": True,
        "Inactive": True,
        "CanActivate": True,
        "Subject": "Your link",
        **fields,
    }


def complaint(mail: OutgoingMail | None = None, **fields) -> dict:
    return bounce(mail, RecordType="SpamComplaint", Type="SpamComplaint", Details="") | fields


def sent(one: int) -> OutgoingMail:
    """Return a mail that a provider took."""
    mail = queue_mail(
        letter=letter(about=one, kind=ASKED_LINK, recipient=EMAIL, sender=SENDER), key="1", now=NOW
    )
    with sending_to("anymail+test:"):
        assert a_post().send_next() is Sent.DONE
    mail.refresh_from_db()
    return mail


def is_marked() -> bool:
    return Address.objects.filter(undeliverable_at__isnull=False, canonical=EMAIL).exists()


def test_r17_a_hard_bounce_marks_the_address_and_opts_nobody_out():
    kind, one = TypeFactory(), address(EMAIL)
    act(one, own(of(kind), IN), at=NOW - DAY)
    mail = sent(one)
    assert report(bounce(mail)).status_code == 200
    event = ConsentEvent.objects.select_related("evidence").latest("pk")
    assert (event.act, event.source) == (Act.BOUNCE.code, Source.PROVIDER_FEEDBACK.code)
    assert event.actor_kind == ActorKind.PROVIDER.code
    assert event.evidence.details == {
        "mail": str(mail.pk),
        "answer": "bounce 5.1.1",
        "provider_event": "4323372036854775807",
    }
    assert is_marked()
    assert status_of(one, kind) is IN
    mail.refresh_from_db()
    assert (mail.state, mail.error) == (OutgoingMail.State.FAILED, "Bounced 5.1.1")


def test_a_report_told_again_writes_nothing_more():
    address(EMAIL)
    for _time in range(3):
        assert report(bounce()).status_code == 200
    assert ConsentEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "marks"),
    [
        ({"Details": "", "Description": ""}, True),  # "HardBounce" is all there is
        ({"Type": "SoftBounce", "Details": "smtp;552 5.2.2 mailbox full"}, False),
        ({"Type": "SoftBounce", "Details": ""}, False),
        ({"Details": "smtp;550 5.7.1 blocked by policy"}, False),  # it is us they do not like
        ({"Details": "smtp;550 5.2.1 disabled"}, False),  # once
        ({"Type": "Transient", "Details": "smtp;450 4.1.1 try later"}, False),
        ({"Type": "BadEmailAddress"}, True),
        ({"Type": "Blocked"}, False),
        ({"Type": "VirusNotification", "Details": ""}, False),
        ({"Email": "nobody@elsewhere.example"}, False),
        ({"Email": "not an address"}, False),
        ({"Email": ""}, False),
    ],
)
def test_r17_only_what_says_that_the_mailbox_is_no_good_marks(fields, marks):
    address(EMAIL)
    assert report(bounce(**fields)).status_code == 200
    assert is_marked() is marks
    assert Address.objects.count() == 1


def test_r17_a_disabled_mailbox_counts_the_second_time():
    one = address(EMAIL)
    first = sent(one)
    OutgoingMail.objects.filter(pk=first.pk).update(
        state=OutgoingMail.State.FAILED, error="SMTPDataError 550 5.2.1"
    )
    second = queue_mail(
        letter=letter(about=one, kind=ASKED_LINK, recipient=EMAIL, sender=SENDER), key="2", now=NOW
    )
    report(bounce(second, Details="smtp;550 5.2.1 disabled"))
    assert is_marked()


def test_r17_a_complaint_is_the_person_s_opt_out_of_all_of_the_unit_that_wrote():
    garden = UnitFactory(name="Garden", sender_email="hello@garden.example")
    kind, other = TypeFactory(business_unit=garden), TypeFactory()
    one = address(EMAIL)
    for each in (kind, other):
        act(one, own(of(each), IN), at=NOW - DAY)
    mail = sent(one)
    assert report(complaint(mail)).status_code == 200
    event = ConsentEvent.objects.latest("pk")
    assert (event.act, event.business_unit_id) == (Act.COMPLAIN.code, garden.pk)
    assert (status_of(one, kind), status_of(one, other)) == (OUT, IN)
    assert Address.objects.get(pk=one).complained_at is not None
    mail.refresh_from_db()
    assert mail.state == OutgoingMail.State.SENT


@pytest.mark.parametrize("metadata", [{}, {"mail": "999"}, {"mail": "x"}, {"mail": "9" * 40}])
def test_r17_where_the_unit_is_unknown_the_account_is_left(metadata):
    kind, one = TypeFactory(), address(EMAIL)
    act(one, own(of(kind), IN), at=NOW - DAY)
    assert report(complaint(Metadata=metadata)).status_code == 200
    assert ConsentEvent.objects.latest("pk").scope == ScopeKind.ACCOUNT.code
    assert status_of(one, kind) is OUT


def test_r17_a_mail_to_somebody_else_is_not_believed():
    UnitFactory(name="Garden", sender_email="hello@garden.example")
    mail = sent(address("ben@fernmoor.example"))
    OutgoingMail.objects.filter(pk=mail.pk).update(recipient="ben@fernmoor.example")
    address(EMAIL)
    report(complaint(mail))
    assert ConsentEvent.objects.latest("pk").scope == ScopeKind.ACCOUNT.code
    report(bounce(mail))
    mail.refresh_from_db()
    assert mail.state == OutgoingMail.State.SENT


def test_r17_two_units_with_one_sender_are_no_unit():
    for name in ("Garden", "Stays"):
        UnitFactory(name=name, sender_email="hello@garden.example")
    report(complaint(sent(address(EMAIL))))
    assert ConsentEvent.objects.latest("pk").scope == ScopeKind.ACCOUNT.code


def test_r17_a_complaint_of_somebody_new_is_kept():
    assert report(complaint(Email="New@Elsewhere.example")).status_code == 200
    one = Address.objects.get(canonical="new@elsewhere.example")
    assert status_of(one.pk, TypeFactory()) is OUT


def test_r18_what_was_erased_stays_erased():
    one = address(EMAIL)
    act(one, erasure(), at=NOW)
    for body in (bounce(), complaint()):
        assert report(body).status_code == 200
    assert Address.objects.get(pk=one).canonical == ""
    assert not ConsentEvent.objects.filter(act=Act.BOUNCE.code).exists()


def test_r17_an_old_complaint_told_again_undoes_no_newer_word():
    kind, one = TypeFactory(), address(EMAIL)
    said_at = timezone.now() - 3 * DAY
    report(complaint(BouncedAt=said_at.isoformat()))
    assert status_of(one, kind) is OUT
    act(one, own(of(kind), IN), at=timezone.now() - HOUR)
    before = status_of(one, kind)
    report(complaint(BouncedAt=said_at.isoformat()))
    assert status_of(one, kind) is before is IN


@pytest.mark.parametrize(
    ("kind", "reason", "raw", "marks"),
    [
        (EventType.BOUNCED, RejectReason.BOUNCED, {"event": "hard_bounce"}, True),
        (EventType.BOUNCED, RejectReason.BOUNCED, {"bounce": {"bounceType": "Permanent"}}, True),
        (EventType.BOUNCED, RejectReason.BOUNCED, {"data": {"bounce_type": "hard"}}, True),
        (EventType.BOUNCED, RejectReason.BOUNCED, {"hard_bounce": True}, True),
        (EventType.BOUNCED, RejectReason.BOUNCED, {"bounce": {"bounceType": "Transient"}}, False),
        (EventType.BOUNCED, None, "no mapping", False),
        (EventType.BOUNCED, None, None, False),
        (EventType.REJECTED, RejectReason.INVALID, {}, True),
        (EventType.REJECTED, RejectReason.BLOCKED, {}, False),
        (EventType.DELIVERED, None, {"event": "hard_bounce"}, False),
        (EventType.UNSUBSCRIBED, None, {}, False),
    ],
)
def test_the_words_of_other_providers(kind, reason, raw, marks):
    address(EMAIL)
    event = AnymailTrackingEvent(
        event_type=kind, recipient=EMAIL, reject_reason=reason, esp_event=raw, metadata=None
    )
    take_event(event, now=NOW)
    assert is_marked() is marks


# --- the address they report to ---


@pytest.mark.parametrize("secret", ["postmark:wrong", "nobody:", ":"])
def test_without_the_secret_nothing_is_believed(secret):
    address(EMAIL)
    assert report(bounce(), secret=secret).status_code == 400
    asked = Client().post(URL, json.dumps(bounce()), content_type="application/json")
    assert (asked.status_code, asked["WWW-Authenticate"]) == (401, 'Basic realm="mails"')
    assert not ConsentEvent.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "nonsense",
        "[]",
        "[1]",
        "null",
        "{}",
        b"\xff\x00",
        '{"RecordType": 7}',
        "x" * 1_000_000,
        '{"RecordType": "Bounce", "Email": {"a": 1}}',
        '{"RecordType": "Bounce", "BouncedAt": "x"}',
        '{"RecordType": "Inbound"}',
    ],
    ids=lambda body: str(body[:24]),
)
def test_garbage_is_answered_and_changes_nothing(body):
    address(EMAIL)
    assert report(body).status_code in (200, 400)
    assert not ConsentEvent.objects.exists()


def test_other_methods_change_nothing():
    assert Client().get(URL).status_code == 405
    assert Client().head(URL).status_code == 200
    assert Client().put(URL).status_code == 405


def test_a_mistake_of_ours_lets_the_provider_try_again(monkeypatch):
    def fails(*_args, **_named):
        raise ValueError

    monkeypatch.setattr("mails.views.feedback.take_event", fails)
    assert report(bounce()).status_code == 500


@pytest.mark.parametrize("url", ["", "outbox:", "smtp://mail.example", "anymail+test:"])
def test_there_is_none_without_a_provider(url):
    with sending_to(url):
        assert report(bounce()).status_code == 404


def test_there_is_none_without_a_secret():
    with override_settings(ANYMAIL={}):
        assert report(bounce()).status_code == 404


def test_the_settings_of_anymail():
    url = "anymail+mailgun:?api_key=a"
    assert anymail_settings("smtp://mail.example", SECRET, "") == {}
    assert anymail_settings(url, "", "key") == {}
    found = anymail_settings(url, SECRET, "key")
    assert found["WEBHOOK_SECRET"] == [SECRET]
    assert found["MAILGUN_WEBHOOK_SIGNING_KEY"] == "key"
    for wrong in ("secret", "user:", "user:short", ":a-long-password-1"):
        with pytest.raises(ImproperlyConfigured) as caught:
            anymail_settings(url, wrong, "")
        assert "short" not in str(caught.value)


def test_a_provider_gets_the_number_of_our_mail_and_nothing_of_the_person():
    one = address(EMAIL)
    mail = queue_mail(letter=letter(about=one, kind=ASKED_LINK), key="3", now=NOW)

    assert message_of(mail).metadata == {"mail": str(mail.pk)}
    with sending_to("anymail+postal:?api_key=a&api_url=https://postal.example"):
        assert not hasattr(message_of(mail), "metadata")
    with sending_to("smtp://mail.example"):
        assert not hasattr(message_of(mail), "metadata")


def test_a_complaint_of_an_hour_ago_is_kept_with_its_time():
    said_at = timezone.now() - timedelta(hours=1)
    one = address(EMAIL)
    report(complaint(BouncedAt=said_at.isoformat()))
    event = ConsentEvent.objects.get(address_id=one)
    assert event.said_at == said_at
    assert event.status == Status.UNSUBSCRIBED.code
