"""A mail that comes back for good marks its address (R17), and no mail is an opt-out."""

import pytest

from mails.models import OutgoingMail
from mails.sending import Sent
from mails.services import queue_mail
from preferences.letters import ASKED_LINK, CONFIRM, PREFERENCE_LINK
from preferences.models import Address, ConsentEvent
from preferences.values import Act, ActorKind
from tests.factories import NOW
from tests.mails.post_office import Clock, a_post, letter, post_office
from tests.preferences.kernel import IN, act, address, erasure, news, of, own, status_of

pytestmark = pytest.mark.django_db
UNKNOWN = "550 5.1.1 <ada@fernmoor.example>: no such user"


@pytest.fixture
def office():
    with post_office() as found:
        yield found


def sent(one: int, key: str = "one", kind: str = ASKED_LINK) -> OutgoingMail:
    """Send one mail; return it as it is afterwards."""
    mail = queue_mail(letter=letter(about=one, kind=kind), key=key, now=NOW)
    assert a_post().send_next() is not Sent.NOTHING_DUE
    mail.refresh_from_db()
    return mail


def mark_of(one: int):
    return Address.objects.get(pk=one).undeliverable_at


@pytest.mark.parametrize("where", ["answers", "data_answers"])
@pytest.mark.parametrize("code", ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"])
def test_r17_no_such_mailbox_marks_the_address_and_no_status_changes(office, where, code):
    first = news()
    one = address()
    act(one, own(of(first), IN))
    setattr(office, where, [f"550 {code} no such user ada@fernmoor.example"])
    mail = sent(one)
    assert (mail.state, mail.error[-len(code) - 4 :]) == ("failed", f"550 {code}")
    assert mark_of(one) == NOW
    assert status_of(one, first) is IN
    event = ConsentEvent.objects.latest("id")
    assert (event.act, event.actor_kind) == (Act.BOUNCE.code, ActorKind.PROVIDER.code)
    assert event.evidence.details == {"mail": str(mail.pk), "answer": mail.error}


@pytest.mark.parametrize(
    "answer",
    [
        "550 no such user, or we do not like you",
        "550 5.7.1 blocked",
        "550 5.7.515 not authenticated",
        "552 5.2.2 mailbox full",
        "550 5.2.1 disabled",
        "554 5.0.0 failed",
        "450 4.1.1 try later",
        "450 5.1.1 try later",
    ],
)
def test_r17_a_refusal_that_says_nothing_of_the_mailbox_marks_nothing(office, answer):
    one = address()
    office.answers = [answer]
    mail = sent(one)
    assert mail.state == ("queued" if answer.startswith("4") else "failed")
    assert mark_of(one) is None
    assert not ConsentEvent.objects.exists()


def test_r17_a_mailbox_that_is_disabled_twice_is_gone(office):
    one, other = address(), address("grace@fernmoor.example")
    office.answers = ["550 5.2.1 disabled"] * 3
    sent(one)
    sent(other, "two")
    assert (mark_of(one), mark_of(other)) == (None, None)
    sent(one, "three")
    assert (mark_of(one), mark_of(other)) == (NOW, None)


@pytest.mark.parametrize("kind", [ASKED_LINK, PREFERENCE_LINK, CONFIRM])
def test_no_further_mail_goes_to_a_marked_address(office, kind):
    one = address()
    office.answers = [UNKNOWN]
    sent(one)
    again = queue_mail(letter=letter(about=one, kind=kind), key="again", now=NOW)
    a_post(Clock(NOW)).send_next()
    again.refresh_from_db()
    assert again.state == "cancelled"
    assert office.arrived == []


def test_marking_twice_is_one_event(office):
    one = address()
    office.answers = [UNKNOWN, UNKNOWN]
    mails = [letter(about=one, kind="a letter nobody knows", recipient="a@fernmoor.example")]
    mails += [letter(about=one, kind=ASKED_LINK)]
    queue_mail(letter=mails[0], key="one", now=NOW)
    assert a_post().send_next() is Sent.REFUSED
    assert mark_of(one) is None
    sent(one, "two")
    sent(one, "three")
    assert ConsentEvent.objects.count() == 1


def test_a_mail_about_somebody_who_was_erased_meanwhile_marks_nobody(office, monkeypatch):
    """The server answers while they are being erased."""
    one = address()
    office.answers = [UNKNOWN]
    monkeypatch.setattr("mails.sending.is_wanted", lambda mail, now: act(one, erasure()))
    sent(one)
    assert mark_of(one) is None
    assert [event.act for event in ConsentEvent.objects.all()] == [Act.ERASE.code]


def test_a_mail_about_nobody_marks_nobody(office):
    office.answers = [UNKNOWN]
    mail = letter(about=None, kind="a letter nobody knows")
    queue_mail(letter=mail, key="one", now=NOW)
    assert a_post().send_next() is Sent.REFUSED
    assert not ConsentEvent.objects.exists()


def test_a_crash_while_marking_leaves_the_mail_to_be_sent_again(office, monkeypatch):
    one = address()
    office.answers = [UNKNOWN, UNKNOWN]
    clock = Clock()
    queue_mail(letter=letter(about=one, kind=ASKED_LINK), key="one", now=NOW)
    with monkeypatch.context() as broken:
        broken.setattr("mails.sending._give_up", _crash)
        with pytest.raises(RuntimeError):
            a_post(clock).send_next()
    assert mark_of(one) is None
    clock.tick(minutes=6)
    a_post(clock).send_next()
    assert mark_of(one) == clock.now
    assert OutgoingMail.objects.get().state == "failed"


def _crash(*_args):
    raise RuntimeError("killed")
