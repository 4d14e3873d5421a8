"""Settings of subscription types: as administrators use them."""

import re

import pytest
from django.urls import reverse

from accounts.models import Role, SettingChange
from preferences.models import SubscriptionType
from preferences.values import Frequency
from tests.conftest import make_user
from tests.factories import TypeFactory, UnitFactory, UserFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(as_user, administrator):
    return as_user(administrator)


def form_of(**fields):
    values = {
        "name": "Workshops and events",
        "description": "Courses near you",
        "language": "en",
        "channels": ["EMAIL"],
        "purpose": "Marketing",
        "kind": "marketing",
        "double_opt_in": "inherit",
    }
    return {**values, **fields}


def page_of(found):
    return reverse("subscription_type", kwargs={"pk": found.pk})


def history_of(found):
    changes = SettingChange.objects.filter(subject_kind="subscription_type", subject_id=found.pk)
    return [(change.field, change.before, change.after) for change in changes.order_by("id")]


def test_people_are_let_choose_how_often_and_the_history_says_so_in_words(client):
    found = TypeFactory(name="Workshops and events")
    client.post(page_of(found), form_of(frequencies=["monthly", "weekly"]))
    found.refresh_from_db()
    assert found.frequencies == "weekly, monthly"
    assert found.offered_frequencies == (Frequency.WEEKLY, Frequency.MONTHLY)
    assert ("frequencies", "", "weekly, monthly") in history_of(found)
    html = client.get(page_of(found)).text
    assert "Once a week, Once a month" in html
    boxes = re.findall(r'<input [^>]*name="frequencies"[^>]*>', html)
    assert ["checked" in box for box in boxes] == [False, True, True]
    response = client.post(page_of(found), form_of(frequencies=["hourly"]))
    assert response.status_code == 422
    assert "hourly is not one of the available choices" in response.text


def test_a_type_is_created_with_its_texts_and_found_in_the_list(client, administrator):
    unit = UnitFactory(name="Garden")
    data = form_of(
        business_unit=unit.pk,
        channels=["EMAIL", "SMS"],
        name_pl="Warsztaty",
        extra_language="fr",
        extra_name="Ateliers",
    )
    response = client.post(reverse("subscription_type_create"), data)
    found = SubscriptionType.objects.get()
    assert response["Location"] == page_of(found) + "?saved"
    assert (found.business_unit, found.offered_on_sms, found.offered_on_whatsapp) == (
        unit,
        True,
        False,
    )
    texts = dict(found.translations.values_list("language", "name"))
    assert texts == {"pl": "Warsztaty", "fr": "Ateliers"}
    assert "Workshops and events" in client.get(reverse("subscription_types")).text
    created = SettingChange.objects.get(field="created")
    assert (created.changed_by, created.after) == (administrator, "Workshops and events")


def test_a_wrong_form_keeps_what_was_typed(client):
    UnitFactory()
    data = form_of(name="", channels=[], description="Typed already", description_pl="Opis")
    response = client.post(reverse("subscription_type_create"), data)
    assert response.status_code == 422
    assert "Typed already" in response.text
    assert "Choose at least one channel." in response.text
    assert "Enter the name in this language too." in response.text
    assert not SubscriptionType.objects.exists()


def test_every_difference_is_kept_with_who_and_when_and_shown(client, administrator):
    found = TypeFactory(name="News", purpose="Marketing")
    client.post(page_of(found), form_of(name="Product news", description="", purpose="Sales"))
    assert history_of(found) == [
        ("name", "News", "Product news"),
        ("purpose", "Marketing", "Sales"),
    ]
    assert f"Changed by {administrator.name} on" in client.get(page_of(found)).text


def test_saving_unchanged_writes_nothing(client):
    found = TypeFactory(name="News", description="All of it")
    client.post(page_of(found), form_of(name="News", description="All of it"))
    assert history_of(found) == []


def test_an_emptied_text_is_taken_away(client):
    found = TypeFactory(name="News")
    found.translations.create(language="pl", name="Nowości", description="Wszystkie")
    client.post(page_of(found), form_of(name="News", description="", name_pl="", description_pl=""))
    assert not found.translations.exists()
    assert ("name (pl)", "Nowości", "") in history_of(found)


def test_a_text_in_the_types_own_language_is_refused(client):
    unit = UnitFactory()
    data = form_of(business_unit=unit.pk, language="pl", name_pl="Dwa razy")
    response = client.post(reverse("subscription_type_create"), data)
    assert response.status_code == 422
    assert "Leave it empty here." in response.text


def test_making_a_type_a_service_type_is_confirmed_and_kept(client, administrator):
    found = TypeFactory(name="Orders")
    response = client.post(page_of(found), form_of(name="Orders", kind="service"))
    assert response.status_code == 422
    found.refresh_from_db()
    assert not found.is_service
    data = form_of(name="Orders", description="", kind="service", service_confirmed="on")
    client.post(page_of(found), data)
    found.refresh_from_db()
    assert found.is_service
    change = SettingChange.objects.get(field="kind")
    assert (change.before, change.after, change.changed_by) == (
        "marketing",
        "service",
        administrator,
    )


def test_editors_make_no_service_types(as_user, editor):
    found = TypeFactory()
    data = form_of(kind="service", service_confirmed="on")
    assert as_user(editor).post(page_of(found), data).status_code == 403


def test_unit_and_language_never_change(client):
    found, other = TypeFactory(language="en"), UnitFactory()
    client.post(page_of(found), form_of(business_unit=other.pk, language="pl"))
    unit_id = found.business_unit_id
    found.refresh_from_db()
    assert (found.business_unit_id, found.language) == (unit_id, "en")


def test_archiving_asks_first_and_can_be_undone(client):
    found = TypeFactory(name="Old news")
    url = reverse("subscription_type_archive", kwargs={"pk": found.pk})
    asked = client.get(url, headers={**HTMX, "HX-Target": "dialog"})
    assert "Archive Old news?" in asked.text
    assert "<html" not in asked.text
    client.post(url)
    found.refresh_from_db()
    assert found.archived_at is not None
    assert "Old news</a>" not in client.get(reverse("subscription_types")).text
    assert "Old news</a>" in client.get(reverse("subscription_types") + "?archived=on").text
    client.post(reverse("subscription_type_restore", kwargs={"pk": found.pk}))
    found.refresh_from_db()
    assert found.archived_at is None
    assert history_of(found) == [("archived", "no", "yes"), ("archived", "yes", "no")]


def names_in_order(unit):
    return list(
        unit.subscription_types.order_by("position", "name", "id").values_list("name", flat=True)
    )


def test_types_move_past_archived_ones_and_stop_at_the_ends(client):
    unit = UnitFactory()
    one, _, three = (TypeFactory(business_unit=unit, name=name, position=0) for name in "ABC")
    SubscriptionType.objects.filter(name="B").update(archived_at="2026-01-01T00:00Z")
    url = reverse("subscription_type_move", kwargs={"pk": three.pk})
    client.post(url, {"step": "up"})
    assert names_in_order(unit) == ["C", "B", "A"]
    client.post(url, {"step": "up"})
    assert names_in_order(unit) == ["C", "B", "A"]
    response = client.post(url + "?unit=", {"step": "down"}, headers=HTMX)
    assert names_in_order(unit) == ["A", "B", "C"]
    assert 'id="subscription-type-list"' in response.text
    assert history_of(one) == []


def test_filters_narrow_the_list(client):
    sms = TypeFactory(name="Texts", offered_on_email=False, offered_on_sms=True)
    TypeFactory(name="Letters")
    url = reverse("subscription_types")
    page = client.get(url + "?channel=SMS").text
    assert "Texts</a>" in page
    assert "Letters</a>" not in page
    page = client.get(f"{url}?unit={sms.business_unit_id}").text
    assert "Letters</a>" not in page
    assert client.get(url + "?unit=x&channel=PIGEON").status_code == 200


def test_the_preview_shows_what_is_typed_and_warns_of_a_namesake(client):
    TypeFactory(name="News")
    data = {"name": "news", "description": "<b>All</b>", "kind": "marketing"}
    url = reverse("subscription_type_preview")
    page = client.post(url, data, headers={**HTMX, "HX-Target": "type-preview"}).text
    assert "&lt;b&gt;All&lt;/b&gt;" in page
    assert "has the same name" in page
    assert "Always sent" in client.post(url, {**data, "kind": "service"}).text
    assert SubscriptionType.objects.count() == 1


class TestBoundary:
    """Administrators of some units see and change the types of these units only."""

    @pytest.fixture
    def mine(self):
        return TypeFactory(name="Mine")

    @pytest.fixture
    def theirs(self):
        return TypeFactory(name="Theirs")

    @pytest.fixture
    def limited(self, as_user, mine):
        return as_user(UserFactory(role=Role.ADMINISTRATOR, units=[mine.business_unit]))

    def test_they_see_their_own(self, limited, mine, theirs):
        page = limited.get(reverse("subscription_types")).text
        assert "Mine" in page
        assert "Theirs" not in page
        assert theirs.business_unit.name not in page

    @pytest.mark.parametrize(
        ("name", "method"),
        [
            ("subscription_type", "get"),
            ("subscription_type", "post"),
            ("subscription_type_move", "post"),
            ("subscription_type_archive", "get"),
            ("subscription_type_archive", "post"),
            ("subscription_type_restore", "post"),
        ],
    )
    def test_others_do_not_exist_for_them(self, limited, theirs, name, method):
        response = getattr(limited, method)(reverse(name, kwargs={"pk": theirs.pk}))
        assert response.status_code == 404

    def test_they_create_in_their_own_units_only(self, limited, mine, theirs):
        url = reverse("subscription_type_create")
        refused = limited.post(url, form_of(business_unit=theirs.business_unit_id))
        assert refused.status_code == 422
        assert limited.post(url, form_of(business_unit=mine.business_unit_id)).status_code == 302

    def test_history_and_warnings_tell_nothing_of_others(self, limited, client, mine, theirs):
        client.post(page_of(theirs), form_of(name="Mine"))
        page = limited.get(page_of(mine)).text
        assert "has the same name" not in page
        assert "Changed by" not in limited.get(reverse("subscription_types")).text
        data = {"name": "x", "subscription_type": theirs.pk}
        assert limited.post(reverse("subscription_type_preview"), data).status_code == 404


def test_compliance_reads_but_finds_nothing_to_press(as_user, compliance):
    found = TypeFactory()
    client = as_user(compliance)
    page = client.get(page_of(found)).text
    assert "Save changes" not in page
    assert "<fieldset disabled" in page
    assert "Create type" not in client.get(reverse("subscription_types")).text


def test_queries_do_not_grow_with_the_types(client, django_assert_max_num_queries):
    def count(total):
        while SubscriptionType.objects.count() < total:
            TypeFactory().translations.create(language="pl", name="Typ")
        with django_assert_max_num_queries(50) as queries:
            client.get(reverse("subscription_types"))
        return len(queries)

    client.get(reverse("subscription_types"))  # the number in the navigation is kept from now on
    assert count(10) == count(50)


def test_only_those_who_may_see_settings_are_offered_them(as_user, administrator):
    link = f'href="{reverse("settings")}"'
    assert link in as_user(administrator).get(reverse("account")).text
    outsider = as_user(make_user(Role.EDITOR))
    assert link not in outsider.get(reverse("account")).text
    assert outsider.get(reverse("settings")).status_code == 403
