"""Send preferences link, to many: what the preview says is what happens, and nobody is pestered."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from contacts.bulk.acting import look_at_action, start_action
from contacts.bulk.links import SendLinks
from contacts.bulk.results import refusal_rows
from contacts.models import Contact
from jobs.selectors import counts_of
from mails.models import OutgoingMail
from mails.sending import Sent
from preferences.models import ConsentEvent
from preferences.values import ACCOUNT, Act
from tests.contacts.bulk_scene import run
from tests.factories import NOW, UnitFactory, UserFactory, make_contact
from tests.mails.post_office import Clock, a_post, sending_to
from tests.preferences.kernel import HOUR, OUT, act, fact, news, of, own, unit_of

pytestmark = pytest.mark.django_db
EVERYBODY = Contact.objects.filter(deleted_at=None)
LATER = NOW + HOUR


@pytest.fixture
def user():
    UnitFactory()
    return UserFactory()


def start(user, contacts=EVERYBODY):
    return start_action(action=SendLinks(), contacts=contacts, selection={}, user=user, now=LATER)


def at(contact: Contact) -> int:
    return contact.contact_addresses.get().address_id


def test_everybody_who_may_be_mailed_gets_one_mail_in_their_unit_s_name_and_language(user):
    unit = UnitFactory(name="Larkhill", default_language="de")
    make_contact("ada@x.example", units=[unit])
    make_contact("grace@x.example", units=[unit], language="pl")
    job = start(user)
    run(job)
    mails = {mail.recipient: mail for mail in OutgoingMail.objects.all()}
    assert {recipient: mail.language for recipient, mail in mails.items()} == {
        "ada@x.example": "de",
        "grace@x.example": "pl",
    }
    assert {(mail.kind, mail.created_by, mail.is_bulk) for mail in mails.values()} == {
        ("preference_link_bulk", user, True)
    }
    assert "Larkhill" in mails["ada@x.example"].subject
    assert not ConsentEvent.objects.exists()


def test_r4_nobody_who_unsubscribed_from_all_is_mailed_and_the_preview_said_so(user):
    kind = news()
    unit, account, single = (
        make_contact(f"{name}@x.example") for name in ("unit", "account", "single")
    )
    act(at(unit), own(unit_of(kind), OUT))
    act(at(account), own(ACCOUNT, OUT))
    act(at(single), own(of(kind), OUT))
    bounced, phone = make_contact("bounced@x.example"), make_contact(sms="+447700900142")
    act(at(bounced), fact(Act.BOUNCE))
    ids = list(EVERYBODY.order_by("pk").values_list("pk", flat=True))
    seen = dict(look_at_action(SendLinks(), user=user)(ids).items)
    job = start(user)
    run(job)
    assert [mail.recipient for mail in OutgoingMail.objects.all()] == ["single@x.example"]
    counts = dict(counts_of(job).items)
    assert counts["changed"] == seen["changed"] == 1
    assert counts["refused"] == 4
    words = " ".join(str(row) for row in refusal_rows(job, user=user))
    assert "unsubscribed from all" in words
    assert phone.pk


def test_two_contacts_with_one_address_are_one_mail(user):
    make_contact("ada@x.example")
    make_contact("ada@x.example")
    run(start(user))
    assert OutgoingMail.objects.count() == 1


def test_who_unsubscribes_from_all_before_it_leaves_gets_nothing(user):
    contact = make_contact("ada@x.example")
    run(start(user))
    act(at(contact), own(ACCOUNT, OUT), at=LATER)
    with sending_to("outbox:"):
        assert a_post(Clock(LATER)).send_next() is Sent.DONE
    assert OutgoingMail.objects.get().state == "cancelled"


def test_the_queries_of_a_chunk_do_not_grow_with_its_people(user):
    def cost(count: int) -> int:
        for number in range(count):
            make_contact(f"person{count}-{number}@x.example")
        ids = list(EVERYBODY.values_list("pk", flat=True))
        with CaptureQueriesContext(connection) as queries:
            look_at_action(SendLinks(), user=user)(ids)
        return len(queries)

    assert cost(10) == cost(50)


def test_the_panel_offers_it(editor, as_user):
    contact = make_contact("ada@x.example")
    client = as_user(editor)
    page = client.get(reverse("contacts_action", args=["link"]), {"ids": contact.pk})
    assert page.status_code == 200
    assert "Send preferences link" in page.content.decode()
    assert "Send preferences link" in client.get(reverse("contacts")).content.decode()
