"""A real server receives the mails; one that is down, refuses or hangs is tried again."""

import logging
import re
from datetime import timedelta

import pytest
from django.core.management import call_command

from mails import kinds
from mails.models import OutgoingMail
from mails.sending import BACK_OFF, LEASE, MAX_ATTEMPTS, Sent
from mails.services import queue_mail, queue_mails
from preferences.links import links_for
from tests.factories import NOW, TypeFactory
from tests.mails.post_office import Clock, a_post, letter, sending_to
from tests.preferences.kernel import OUT, address, status_of
from tests.public.served import one_click_as_served

pytestmark = pytest.mark.django_db
State = OutgoingMail.State
URL = "https://prefs.fernmoor.example/u/" + "x" * 120 + "/"


def queued(key: str = "one", **fields) -> OutgoingMail:
    return queue_mail(letter=letter(**fields), key=key, now=NOW)


def again(mail: OutgoingMail) -> OutgoingMail:
    return OutgoingMail.objects.get(pk=mail.pk)


def test_a_mail_arrives_as_text_and_html(office):
    mail = queued(subject="Zażółć: your link", sender='"Größe, Ltd" <garden@fernmoor.example>')
    assert a_post().send_next() is Sent.DONE
    (message,) = office.messages
    assert office.recipients == ["ada@fernmoor.example"]
    assert message["Subject"] == "Zażółć: your link"
    assert message["From"].addresses[0].display_name == "Größe, Ltd"
    assert message["From"].addresses[0].addr_spec == "garden@fernmoor.example"
    assert message["To"] == "ada@fernmoor.example"
    assert message["Message-ID"] == mail.message_id
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "en"
    assert message.get_body(("plain",)).get_content().split() == mail.text.split()
    assert message.get_body(("html",)).get_content().rstrip() == mail.html
    assert (again(mail).state, again(mail).attempts, again(mail).ended_at) == (State.SENT, 1, NOW)


def test_the_fields_of_list_mail_arrive_unbroken(office):
    headers = (
        ("List-Unsubscribe", f"<{URL}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        (
            "List-ID",
            f'"Product news of a company with a long name" <type-1.garden.{"y" * 60}.example>',
        ),
    )
    queued(headers=headers)
    a_post().send_next()
    raw = office.arrived[0].decode("ascii")
    for name, value in headers:
        assert f"\r\n{name}: {value}\r\n" in raw


@pytest.mark.usefixtures("kept_connection")
def test_what_a_type_puts_into_list_mail_arrives_and_works(office):
    """From the function that makes the lines, through a server, to the endpoint (RFC 8058)."""
    kind = TypeFactory(name="Zażółć gęślą jaźń, " * 5, description="")
    kind.business_unit.name = 'Größe & "Söhne" ' * 5
    one = address()
    headers = links_for(address_id=one, subscription_type=kind, now=NOW).headers
    queued(headers=tuple(headers.pairs()))
    a_post().send_next()
    raw = office.arrived[0].decode("ascii")
    for name, value in headers.pairs():
        assert f"\r\n{name}: {value}\r\n" in raw
    (message,) = office.messages
    link = re.fullmatch(r"<https://[^/]+(/u/[^>]+)>", message["List-Unsubscribe"])[1]
    body = message["List-Unsubscribe-Post"]
    assert one_click_as_served(link, body).status == "200 OK"
    assert status_of(one, kind) is OUT


def test_a_header_cannot_be_smuggled_in():
    with pytest.raises(ValueError, match="one line"):
        letter(subject="Hello\r\nBcc: everybody@fernmoor.example")
    with pytest.raises(ValueError, match="one line"):
        letter(headers=(("List-ID", "a\nb"),))


def test_a_server_that_is_down_is_tried_again_later(office):
    mail, clock = queued(), Clock()
    post = a_post(clock)
    with sending_to("smtp://127.0.0.1:9?timeout=1"):
        assert post.send_next() is Sent.TROUBLE
    assert (again(mail).state, again(mail).due_at) == (State.QUEUED, NOW + BACK_OFF[0])
    assert again(mail).error == "ConnectionRefusedError"
    assert post.send_next() is Sent.NOTHING_DUE
    clock.tick(minutes=1)
    assert post.send_next() is Sent.DONE
    assert [message["Message-ID"] for message in office.messages] == [mail.message_id]
    assert (again(mail).error, again(mail).attempts) == ("", 2)


def test_a_server_that_hangs_is_left_and_tried_again(office):
    mail, clock = queued(), Clock()
    office.hangs = 1.5
    with sending_to(f"{office.url}?timeout=1"):
        assert a_post(clock).send_next() is Sent.TROUBLE
    assert again(mail).state == State.QUEUED
    office.hangs = 0
    clock.tick(minutes=1)
    assert a_post(clock).send_next() is Sent.DONE


@pytest.mark.parametrize("answer", ["450 4.2.1 try later", "451 4.7.1 greylisted"])
def test_a_temporary_refusal_is_tried_again_and_stops_nobody_else(office, answer):
    office.answers = [answer]
    first, second = queued(), queued("two", recipient="grace@fernmoor.example")
    post = a_post()
    assert [post.send_next(), post.send_next()] == [Sent.REFUSED, Sent.DONE]
    assert (again(first).state, again(second).state) == (State.QUEUED, State.SENT)
    assert again(first).error == f"SMTPRecipientsRefused {answer[:9]}"


@pytest.mark.parametrize("where", ["answers", "data_answers"])
def test_a_final_refusal_is_given_up_at_once(office, where):
    setattr(office, where, ["550 5.1.1 no such user ada@fernmoor.example"])
    mail = queued()
    assert a_post().send_next() is Sent.REFUSED
    assert (again(mail).state, again(mail).attempts) == (State.FAILED, 1)
    assert "550" in again(mail).error


def test_it_gives_up_in_the_end_where_staff_can_see_it():
    mail, clock = queued(), Clock()
    with sending_to("smtp://127.0.0.1:9?timeout=1"):
        for _ in range(MAX_ATTEMPTS):
            assert a_post(clock).send_next() in (Sent.TROUBLE, Sent.REFUSED)
            clock.tick(days=1)
        assert a_post(clock).send_next() is Sent.NOTHING_DUE
    assert (again(mail).state, again(mail).attempts) == (State.FAILED, MAX_ATTEMPTS)


def test_a_worker_that_died_lets_go_after_a_while_and_the_id_is_the_same(office):
    mail, clock = queued(), Clock()
    OutgoingMail.objects.update(state=State.SENDING, attempts=1, lease_until=NOW + LEASE)
    assert a_post(clock).send_next() is Sent.NOTHING_DUE
    clock.now = NOW + LEASE + timedelta(seconds=1)
    assert a_post(clock).send_next() is Sent.DONE
    assert office.messages[0]["Message-ID"] == mail.message_id
    assert again(mail).attempts == 2


def test_a_mail_that_kills_its_workers_is_given_up(office):
    mail = queued()
    past = NOW - timedelta(seconds=1)
    OutgoingMail.objects.update(state=State.SENDING, attempts=MAX_ATTEMPTS, lease_until=past)
    assert a_post().send_next() is Sent.REFUSED
    assert (again(mail).state, again(mail).error) == (State.FAILED, "Killed")
    assert office.arrived == []


def test_the_same_key_is_the_same_mail(office):
    assert queued("same").pk == queued("same", subject="Another").pk
    post = a_post()
    assert [post.send_next(), post.send_next()] == [Sent.DONE, Sent.NOTHING_DUE]
    assert len(office.arrived) == 1


def test_a_mail_that_is_no_longer_wanted_does_not_leave(office, monkeypatch):
    monkeypatch.setattr(kinds, "_kinds", {})
    kinds.register_kind(kinds.MailKind("a letter", "Letter", lambda mail, now: False))
    mail = queued()
    assert a_post().send_next() is Sent.DONE
    assert (again(mail).state, office.arrived) == (State.CANCELLED, [])


def test_mails_that_somebody_waits_for_go_before_bulk_mail(office):
    many = [(str(n), letter(f"person{n}@fernmoor.example")) for n in range(3)]
    queue_mails(letters=many, now=NOW - timedelta(hours=1))
    queued("waited for", recipient="ada@fernmoor.example")
    post = a_post()
    for _ in range(4):
        post.send_next()
    assert office.recipients[0] == "ada@fernmoor.example"
    assert len(office.recipients) == 4


def test_without_a_way_out_mails_wait_and_a_check_says_so(capsys):
    mail = queued()
    with sending_to(""):
        assert a_post().send_next() is Sent.NOTHING_DUE
        call_command("check")
    assert "mails.W001" in capsys.readouterr().err
    assert (again(mail).state, again(mail).attempts) == (State.QUEUED, 0)


def test_a_provider_s_interface_takes_them(settings):
    mail = queued()
    with sending_to("anymail+test:"):
        assert a_post().send_next() is Sent.DONE
        call_command("check", fail_level="WARNING")
    assert again(mail).state == State.SENT


def test_a_provider_without_its_key_is_found_by_the_check(capsys):
    with sending_to("anymail+postmark:"):
        call_command("check")
    assert "mails.W002" in capsys.readouterr().err


def test_logs_say_nothing_about_a_person(office, caplog):
    caplog.set_level(logging.DEBUG)
    office.answers = ["450 ada@fernmoor.example is away", "550 ada@fernmoor.example is gone"]
    clock = Clock()
    queued()
    a_post(clock).send_next()
    clock.tick(days=1)
    a_post(clock).send_next()
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("mails")]
    assert len(ours) == 2
    said = "\n".join([*ours, *(record.exc_text or "" for record in caplog.records)])
    assert not re.search("ada|fernmoor|/p/|Your link", said)


@pytest.mark.django_db(transaction=True)
def test_the_worker_sends_what_sources_queue_and_survives_one_that_fails(
    office, monkeypatch, caplog
):
    somebody = "ada@fernmoor.example"

    def broken(now):
        queued("half", recipient="nobody@fernmoor.example")
        raise RuntimeError(somebody)

    def working(now):
        queued("whole")
        return 1

    monkeypatch.setattr(kinds, "_sources", {"a broken one": broken, "b": working})
    call_command("send_mails", until_empty=True)
    assert office.recipients == ["ada@fernmoor.example"]
    assert "a broken one were not queued: RuntimeError" in caplog.text
    assert not any("ada@" in r.getMessage() for r in caplog.records if r.name.startswith("mails"))
