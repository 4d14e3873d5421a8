"""The outbox: read in full where mails end there, in outline where they are really sent."""

import pytest
from django.urls import reverse

from mails.models import OutgoingMail
from mails.services import queue_mail
from tests.factories import NOW
from tests.mails.post_office import a_post, letter, sending_to

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert(1)</script><p style="color:red">Hello</p>'


@pytest.fixture
def mail(db) -> OutgoingMail:
    mail = queue_mail(letter=letter(html=HOSTILE, subject="Your <b>link</b>"), key="one", now=NOW)
    with sending_to("outbox:"):
        a_post().send_next()
    return mail


def page(client, name: str, *args) -> str:
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200
    return response.content.decode()


def test_in_development_a_mail_can_be_read(mail, as_user, administrator):
    client = as_user(administrator)
    with sending_to("outbox:"):
        listed, shown = page(client, "outbox"), page(client, "outbox_mail", mail.pk)
        html = client.get(reverse("outbox_mail_html", args=[mail.pk]))
    assert "ada@fernmoor.example" in listed
    assert "Your &lt;b&gt;link&lt;/b&gt;" in listed
    assert "https://prefs.fernmoor.example/p/token/" in shown
    assert mail.message_id.strip("<>") in shown
    assert html.content.decode() == HOSTILE
    policy = html["Content-Security-Policy"]
    assert "sandbox allow-popups" in policy
    assert "default-src 'none'" in policy
    assert "script" not in policy


def test_where_mails_are_sent_their_links_are_not_shown(mail, as_user, administrator):
    client = as_user(administrator)
    with sending_to("smtp://127.0.0.1:9"):
        listed, shown = page(client, "outbox"), page(client, "outbox_mail", mail.pk)
        html = client.get(reverse("outbox_mail_html", args=[mail.pk]))
    assert "ada@" not in listed + shown
    assert "a…@fernmoor.example" in listed
    assert "/p/token/" not in shown
    assert html.status_code == 404


def test_a_site_without_a_way_out_says_so(as_user, administrator):
    with sending_to(""):
        assert "Mails are waiting" in page(as_user(administrator), "outbox")


def test_a_mail_that_was_given_up_can_be_sent_again(mail, as_user, administrator):
    OutgoingMail.objects.update(state="failed", error="SMTPDataError 550")
    client = as_user(administrator)
    assert "SMTPDataError 550" in page(client, "outbox")
    response = client.post(reverse("outbox_mail_retry", args=[mail.pk]), follow=True)
    assert "waiting to be sent again" in response.content.decode()
    assert OutgoingMail.objects.get().state == "queued"


def test_an_administrator_of_one_unit_does_not_see_everybody_s_mail(mail, as_user, administrator):
    administrator.all_units = False
    administrator.save()
    assert as_user(administrator).get(reverse("outbox")).status_code == 403


def test_the_list_costs_the_same_for_any_number(
    as_user, administrator, django_assert_max_num_queries
):
    client = as_user(administrator)
    for number in range(60):
        queue_mail(letter=letter(), key=str(number), now=NOW)
    with django_assert_max_num_queries(4):
        assert "Older" in page(client, "outbox")
