"""The footer kit: sender, postal address and both links, as HTML and text, in the reader's language."""

import re

import pytest
from django.template import Context, Template
from django.urls import reverse

from preferences.footers import footer_for
from preferences.links import read_preferences, read_unsubscribe
from preferences.models import SubscriptionTypeTranslation
from tests.factories import TypeFactory, UnitFactory
from tests.preferences.kernel import NOW, address

pytestmark = pytest.mark.django_db


@pytest.fixture
def kind(db):
    unit = UnitFactory(
        name="Larkhill Stays", sender_name="Larkhill & Co", postal_address="14 Quay Lane\nDartmouth"
    )
    return TypeFactory(business_unit=unit, name="Breaks <b>")


def footer(kind, language="en"):
    return footer_for(address_id=address(), subscription_type=kind, language=language, now=NOW)


def tokens(text: str, kind: str) -> list[str]:
    return re.findall(rf"https://prefs\.fernmoor\.example/{kind}/([\w-]+)/", text)


def test_both_forms_name_sender_place_and_links(kind):
    html, text = footer(kind)
    assert "<b>Larkhill &amp; Co</b><br>14 Quay Lane<br>Dartmouth" in html
    assert "Larkhill & Co\n14 Quay Lane\nDartmouth" in text
    assert "Unsubscribe from Breaks &lt;b&gt;" in html
    assert "Unsubscribe from Breaks <b>: https://" in text
    for form in (html, text):
        assert read_unsubscribe(tokens(form, "u")[0]).type_id == kind.pk
        assert read_preferences(tokens(form, "p")[0]).address_id == address()
    assert not re.search(r"<img|src=|style=|<script|url\(", html)


@pytest.mark.parametrize("fields", [{"is_internal": True}, {"kind": "service"}])
def test_what_cannot_be_left_alone_offers_the_choices_only(kind, fields):
    for name, value in fields.items():
        setattr(kind, name, value)
    kind.save()
    html, text = footer(kind)
    assert not tokens(html + text, "u")
    assert len(tokens(html + text, "p")) == 2


def test_it_speaks_the_reader_s_language(kind):
    SubscriptionTypeTranslation.objects.create(
        subscription_type=kind, language="de", name="Kurzreisen"
    )
    html, text = footer(kind, "de")
    assert '<div lang="de">' in html
    assert "Von Kurzreisen abmelden: https://" in text


def test_a_template_of_ours_may_use_it(kind):
    template = Template("{% load footers %}{% message_footer address kind 'en' now %}")
    drawn = template.render(Context({"address": address(), "kind": kind, "now": NOW}))
    assert drawn == footer(kind).html


def test_the_settings_show_it_and_say_when_the_postal_address_is_missing(
    kind, as_user, administrator
):
    client = as_user(administrator)
    unit = kind.business_unit
    page = client.get(reverse("business_unit", args=[unit.pk])).content.decode()
    assert "14 Quay Lane<br>Dartmouth" in page
    assert "postal address is missing" not in page
    unit.postal_address = ""
    unit.save()
    assert (
        "postal address is missing"
        in client.get(reverse("business_unit", args=[unit.pk])).content.decode()
    )
    assert "Missing" in client.get(reverse("business_units")).content.decode()
