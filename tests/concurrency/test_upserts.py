"""Two imports at the same moment; only PostgreSQL lets two write at once."""

import threading
import time

import pytest
from django.db import connection, connections, transaction

from contacts.models import Contact
from contacts.upsert import AddressGiven, ContactRow, upsert_contacts
from preferences.services import ensure_address
from preferences.values import Channel
from tests.factories import NOW

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer"),
]
ROW = ContactRow(addresses=[AddressGiven(Channel.EMAIL, "a@x.example", "a@x.example")])


def test_two_imports_at_once_create_nobody_twice():
    ensure_address(channel=Channel.EMAIL, text="a@x.example", region=None, now=NOW)
    outcomes = []

    def other_import():
        outcomes.extend(upsert_contacts(rows=[ROW], now=NOW))
        connections.close_all()

    other = threading.Thread(target=other_import)
    with transaction.atomic():
        outcomes.extend(upsert_contacts(rows=[ROW], now=NOW))
        other.start()
        time.sleep(0.3)
    other.join()
    assert [outcome.value for outcome in outcomes] == ["created", "unchanged"]
    assert Contact.objects.count() == 1
