"""Several mail workers at once: each mail goes once."""

from functools import partial

import pytest
from django.db import connection

from mails.models import OutgoingMail
from mails.sending import Sent
from mails.services import queue_mails
from tests.concurrency.crowd import all_at_once
from tests.factories import NOW
from tests.mails.post_office import a_post, letter, post_office

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer"),
]


def test_many_workers_send_each_mail_once():
    recipients = [f"person{number}@fernmoor.example" for number in range(40)]
    queue_mails(letters=[(each, letter(each)) for each in recipients], now=NOW)

    def work(post) -> None:
        while post.send_next() is not Sent.NOTHING_DUE:
            pass

    with post_office() as office:
        all_at_once([partial(work, a_post()) for _ in range(4)])
    assert sorted(office.recipients) == sorted(recipients)
    assert set(OutgoingMail.objects.values_list("state", "attempts")) == {("sent", 1)}
