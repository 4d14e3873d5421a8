"""The mail that says "you have unsubscribed": switched on per unit, read from the ledger, once."""

import pytest
from django.db import transaction

from mails.models import OutgoingMail
from preferences.opt_out_mails import queue_opt_out_mails
from preferences.values import ACCOUNT, Source
from tests.factories import UnitFactory
from tests.preferences.kernel import (
    HOUR,
    IN,
    NOW,
    OUT,
    act,
    address,
    news,
    of,
    ours,
    own,
    seal_until,
    unit_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kind(db):
    unit = UnitFactory(name="Larkhill", default_language="de", confirms_opt_outs=True)
    found = news(business_unit=unit, name="Breaks")
    queue_opt_out_mails(NOW)  # the reader begins here
    return found


def test_who_unsubscribes_themself_is_told_once(kind):
    act(address(), own(of(kind), OUT, Source.ONE_CLICK))
    assert queue_opt_out_mails(NOW) == 0  # not sealed yet
    seal_until(1)
    assert queue_opt_out_mails(NOW) == 1
    assert queue_opt_out_mails(NOW) == 0
    (mail,) = OutgoingMail.objects.all()
    assert (mail.kind, mail.language, mail.about) == ("unsubscribed", "de", address())
    assert "Breaks" in mail.text
    assert "/p/" in mail.text


def test_not_switched_on_nobody_is_told(kind):
    act(address(), own(of(news()), OUT))
    seal_until(1)
    assert queue_opt_out_mails(NOW) == 0


def test_our_own_opt_outs_and_opt_ins_are_not_told(kind):
    act(address(), ours(of(kind), OUT))
    act(address(), own(of(kind), IN), at=NOW + HOUR)
    act(address(), own(of(kind), OUT, suspected=True), at=NOW + 2 * HOUR)
    seal_until(3)
    assert queue_opt_out_mails(NOW) == 0


@pytest.mark.parametrize(
    ("scope", "words"), [(unit_of, "Larkhill"), (lambda kind: ACCOUNT, "Alle Nachrichten")]
)
def test_all_of_it_is_one_mail(kind, scope, words):
    act(address(), own(scope(kind), OUT))
    seal_until(1)
    assert queue_opt_out_mails(NOW) == 1
    assert words in OutgoingMail.objects.get().text


def test_what_was_said_before_the_reader_began_is_not_told():
    kind = news(business_unit=UnitFactory(confirms_opt_outs=True))
    act(address(), own(of(kind), OUT))
    seal_until(1)
    assert queue_opt_out_mails(NOW) == 0
    assert not OutgoingMail.objects.exists()


def test_cursor_and_mails_commit_together(kind):
    act(address(), own(of(kind), OUT))
    seal_until(1)
    with transaction.atomic():
        queue_opt_out_mails(NOW)
        transaction.set_rollback(True)
    assert not OutgoingMail.objects.exists()
    assert queue_opt_out_mails(NOW) == 1
