"""Somebody who owns the database alters what was said; the product says so wherever it is asked."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from preferences.models import ConsentEvent, Preference
from tests.factories import UserFactory, make_contact
from tests.preferences.kernel import IN, OUT, act, lifted_guards, news, of, ours, own

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact():
    """Ada opted out; then the row of the ledger and her status are turned round by hand."""
    first = news()
    ada = make_contact("ada@fernmoor.example", units=[first.business_unit], first_name="Ada")
    one = ada.contact_addresses.get().address_id
    act(one, ours(of(first), OUT))
    done = act(one, own(of(first), OUT))
    ada.altered = done.event_id
    with lifted_guards():
        ConsentEvent.objects.filter(pk=done.event_id).update(status=IN.code, after=IN.code)
        Preference.objects.update(status=IN.code, own_status=IN.code)
    return ada


def test_the_command_names_the_altered_row(contact):
    with pytest.raises(CommandError, match=rf"NOT intact: altered at event {contact.altered}\."):
        call_command("verify_ledger", stdout=StringIO())


def test_the_history_of_the_contact_names_it_too(contact, as_user):
    client = as_user(UserFactory())
    page = client.get(reverse("contact_history", args=[contact.pk])).content.decode()
    assert "History intact" not in page
    assert f"#entry-{contact.altered}" in page


def test_a_status_turned_round_alone_differs_from_its_ledger():
    first = news()
    one = make_contact("bob@fernmoor.example", units=[first.business_unit])
    act(one.contact_addresses.get().address_id, own(of(first), OUT))
    Preference.objects.update(status=IN.code)
    with pytest.raises(CommandError, match=r"ledger: 1$"):
        call_command("rebuild_statuses", "--check", stderr=StringIO())
