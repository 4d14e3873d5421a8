"""What mails keep, and when it goes."""

from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage

import pytest
from django.db import IntegrityError, transaction

from mails.models import OutgoingMail
from mails.sending import Sent
from mails.services import (
    address_header,
    cancel_mails,
    forget_contents,
    forget_mails_about,
    queue_mail,
    retry_mail,
)
from tests.factories import NOW
from tests.mails.post_office import Clock, a_post, letter, sending_to

pytestmark = pytest.mark.django_db
State = OutgoingMail.State
LATER = NOW + timedelta(days=15)


def queued(key: str = "one", **fields) -> OutgoingMail:
    return queue_mail(letter=letter(**fields), key=key, now=NOW)


def send(clock: Clock | None = None) -> Sent:
    with sending_to("outbox:"):
        return a_post(clock).send_next()


def test_address_and_contents_go_after_some_days_and_the_record_stays():
    queued(about=7)
    send()
    assert forget_contents(now=NOW + timedelta(days=13)) == 0
    assert forget_contents(now=LATER) == 1
    mail = OutgoingMail.objects.get()
    assert [mail.recipient, mail.subject, mail.text, mail.html, mail.headers] == [
        "",
        "",
        "",
        "",
        [],
    ]
    assert (mail.about, mail.state, mail.message_id != "") == (7, State.SENT, True)
    assert forget_contents(now=LATER) == 0


def test_a_mail_that_still_waits_keeps_its_contents():
    queued()
    assert forget_contents(now=LATER) == 0


def test_erasing_somebody_stops_and_empties_their_mails():
    theirs, others = queued(about=7), queued("two", about=8)
    forget_mails_about(about=[7], now=NOW)
    theirs.refresh_from_db()
    others.refresh_from_db()
    assert (theirs.state, theirs.recipient, theirs.text) == (State.CANCELLED, "", "")
    assert (others.state, others.recipient) == (State.QUEUED, "ada@fernmoor.example")


def test_waiting_mails_of_a_kind_can_be_stopped():
    confirm, link = queued(kind="confirm", about=7), queued("two", about=7)
    assert cancel_mails(about=[7], kinds=["confirm"], now=NOW) == 1
    assert OutgoingMail.objects.get(pk=confirm.pk).state == State.CANCELLED
    assert OutgoingMail.objects.get(pk=link.pk).state == State.QUEUED


def test_only_a_mail_that_was_given_up_is_sent_again():
    mail = queued()
    assert not retry_mail(mail=mail, now=NOW)
    OutgoingMail.objects.update(state=State.FAILED, ended_at=NOW, attempts=8, error="x")
    assert retry_mail(mail=mail, now=LATER)
    assert send(Clock(LATER)) is Sent.DONE
    assert not retry_mail(mail=mail, now=LATER)


def test_the_message_id_is_of_the_sender_s_domain_and_tells_nothing():
    mail = queued("link:12345")
    assert mail.message_id.endswith("@fernmoor.example>")
    assert "12345" not in mail.message_id


@pytest.mark.parametrize(
    "name",
    ["Fernmoor", "Größe & Söhne, GmbH", 'The "Best", Ltd', "a\r\nBcc: x@y.example", "Ż" * 80],
)
def test_any_name_of_a_sender_is_one_address(name):
    message = EmailMessage()
    header = address_header(name, "garden@fernmoor.example")
    message["From"] = header
    (address,) = message["From"].addresses
    assert isinstance(address, Address)
    assert address.addr_spec == "garden@fernmoor.example"
    assert "\n" not in header


def test_the_database_knows_the_states():
    queued()
    with pytest.raises(IntegrityError), transaction.atomic():
        OutgoingMail.objects.update(state="lost")
    with pytest.raises(IntegrityError), transaction.atomic():
        OutgoingMail.objects.update(state=State.SENT)
