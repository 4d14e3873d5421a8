import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from contacts import services
from contacts.models import Contact
from contacts.services import delete_contact
from preferences.models import Address
from preferences.services import apply_change
from preferences.values import (
    ACCOUNT,
    PERSON,
    Change,
    LegalBasis,
    Source,
    Status,
    Wish,
    Word,
    type_scope,
    unit_scope,
)
from tests.factories import (
    NOW,
    CustomPropertyFactory,
    TypeFactory,
    UnitFactory,
    UserFactory,
    make_contact,
)

pytestmark = pytest.mark.django_db
LIST = {"HX-Request": "true", "HX-Target": "contact-list"}
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def unit():
    return UnitFactory(name="Garden", default_region="GB")


def names_in(response):
    """Return the names of the rows, in order."""
    return re.findall(r'/contacts/\d+/"><span[^>]*><bdi>(.*?)</bdi>', response.content.decode())


def post_data(*addresses, **fields):
    """Return what the form posts; an address is (channel, text) or (channel, text, extras)."""
    data = {"address-TOTAL_FORMS": len(addresses), "address-INITIAL_FORMS": 0, **fields}
    for i, (channel, text, *extras) in enumerate(addresses):
        data |= {f"address-{i}-channel": channel, f"address-{i}-text": text}
        data |= {f"address-{i}-{name}": "on" for name in extras}
    return data


def own_opt_out(contact, scope):
    address = contact.contact_addresses.get(channel=1, is_primary=True).address
    wish = Wish(
        scope=scope,
        source=Source.PREFERENCE_PAGE,
        word=Word.OWN,
        status=Status.UNSUBSCRIBED,
        said_at=NOW,
    )
    return apply_change(change=Change(address.pk, wish), actor=PERSON, now=NOW)


# --- the index ---


def test_the_index_of_nobody_says_what_to_do(client, editor, viewer):
    client.force_login(editor)
    page = client.get("/contacts/").content.decode()
    assert "No contacts yet" in page
    assert "/contacts/new/" in page
    client.force_login(viewer)
    assert "/contacts/new/" not in client.get("/contacts/").content.decode()


def test_a_search_answers_the_list_alone(client, editor):
    client.force_login(editor)
    make_contact("amara@x.example", first_name="Amara", last_name="Okafor")
    make_contact("jonas@x.example", first_name="Jonas", last_name="Lindqvist")
    response = client.get("/contacts/?q=okafor", headers=LIST)
    assert response["Vary"]
    assert b"<html" not in response.content
    assert b'id="contact-list"' in response.content
    assert names_in(response) == ["Amara Okafor"]


@pytest.mark.parametrize(
    "search",
    ["zolc", "ŻÓŁĆ", "zof żó", "zofia@x", "605 608", "+48 605", "0605608796", "bright", "zo"],
)
def test_search_finds_by_name_company_email_and_phone(client, editor, search):
    client.force_login(editor)
    make_contact(
        "zofia@x.example",
        sms="+48605608796",
        first_name="Zofia",
        last_name="Żółć",
        company="Brightwater",
    )
    make_contact("other@y.example", first_name="Other", last_name="Person")
    assert names_in(client.get("/contacts/", {"q": search})) == ["Zofia Żółć"]


@pytest.mark.parametrize("search", ["%", "_", "100%", "'; DROP TABLE", "\x00", "\\", HOSTILE])
def test_search_takes_nothing_for_a_pattern(client, editor, search):
    client.force_login(editor)
    make_contact("amara@x.example", first_name="Amara")
    response = client.get("/contacts/", {"q": search})
    assert response.status_code == 200
    assert HOSTILE not in response.content.decode()
    if search != "\x00":
        assert "No contact matches" in response.content.decode()


def test_no_results_repeat_the_search_and_offer_to_widen_it(client, editor, unit):
    client.force_login(editor)
    make_contact("amara@x.example", units=[unit])
    page = client.get(f"/contacts/?q=okafr&unit={unit.pk}").content.decode()
    assert "okafr" in page
    assert "Clear search" in page
    assert "/contacts/?q=okafr" in page


def test_pages_go_by_key_in_both_directions(client, editor):
    client.force_login(editor)
    for number in range(60):
        make_contact(f"p{number:02}@x.example", first_name=f"P{number:02}", now=NOW)
    seen, url = [], "/contacts/?sort=name"
    for _ in range(3):
        response = client.get(url)
        seen.append(names_in(response))
        link = re.search(r'href="([^"]*)"[^>]*>\s*Next', response.content.decode())
        url = "/contacts/" + link[1].replace("&amp;", "&") if link else ""
    assert [len(names) for names in seen] == [25, 25, 10]
    assert [name for names in seen for name in names] == [f"P{number:02}" for number in range(60)]
    back = re.search(r'rel="prev" href="([^"]*)"', response.content.decode())[1]
    assert names_in(client.get("/contacts/" + back.replace("&amp;", "&"))) == seen[1]
    assert b"60 contacts" in response.content


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", ["Ala Źle", "bob Żak"]),
        ("-name", ["bob Żak", "Ala Źle"]),
        ("company", ["bob Żak", "Ala Źle"]),
        ("created", ["Ala Źle", "bob Żak"]),
        ("-updated", ["bob Żak", "Ala Źle"]),
        ("nonsense", ["bob Żak", "Ala Źle"]),
    ],
)
def test_sorting_and_its_headings(client, editor, sort, expected):
    client.force_login(editor)
    make_contact("b@x.example", first_name="Ala", last_name="Źle", company="Zeta")
    later = NOW + timedelta(hours=1)
    make_contact("a@x.example", first_name="bob", last_name="Żak", company="acme", now=later)
    # Źle before Żak: folded, "zak" comes first; so last names decide as spelt without accents.
    expected = expected if "name" not in sort else expected[::-1]
    response = client.get(f"/contacts/?sort={sort}")
    assert names_in(response) == expected
    assert response.content.count(b"aria-sort") == (0 if sort == "created" else 1)


def test_filters_narrow_and_nonsense_does_not(client, editor, unit):
    client.force_login(editor)
    make_contact("a@x.example", first_name="A", units=[unit], owner_id=editor.pk)
    make_contact("b@x.example", first_name="B", lifecycle_stage="customer")

    def found(**query):
        return sorted(names_in(client.get("/contacts/", query)))

    assert found(unit=unit.pk) == ["A"]
    assert found(owner=editor.pk) == ["A"]
    assert found(owner="0") == ["B"]
    assert found(stage="customer") == ["B"]
    assert found(unit="999", owner="x", stage="none", size="7", after="tampered") == ["A", "B"]


def test_business_units_are_a_boundary(client, unit):
    other = UnitFactory(name="Kitchens")
    kind = TypeFactory(business_unit=other)
    user = UserFactory(units=[unit])
    client.force_login(user)
    ours = make_contact("ours@x.example", first_name="Ours", units=[unit])
    shared = make_contact("shared@x.example", first_name="Shared", units=[unit, other])
    theirs = make_contact("theirs@x.example", first_name="Theirs", units=[other])
    nobodys = make_contact("nobodys@x.example", first_name="Nobodys")
    own_opt_out(shared, unit_scope(other.pk))
    response = client.get("/contacts/?sort=name")
    assert names_in(response) == ["Ours", "Shared"]
    assert b"2 contacts" in response.content
    assert b"Kitchens" not in response.content
    assert names_in(client.get(f"/contacts/?unit={other.pk}&sort=name")) == ["Ours", "Shared"]
    for contact in (theirs, nobodys):
        for page in ("", "edit/", "delete/", "properties/"):
            assert client.get(f"/contacts/{contact.pk}/{page}").status_code == 404
    assert client.get(f"/contacts/{ours.pk}/").status_code == 200
    for page in ("", "properties/"):
        text = client.get(f"/contacts/{shared.pk}/{page}").content.decode()
        assert "Kitchens" not in text
        assert kind.name not in text
    assert client.get(f"/contacts/{shared.pk}/delete/").status_code == 403


def test_the_index_shows_where_people_stand(client, editor, unit):
    client.force_login(editor)
    kinds = [TypeFactory(business_unit=unit) for _ in range(3)]
    out = make_contact("out@x.example", first_name="Out", units=[unit])
    some = make_contact("some@x.example", first_name="Some", units=[unit])
    left = make_contact("left@x.example", first_name="Left", units=[unit])
    own_opt_out(out, ACCOUNT)
    own_opt_out(left, unit_scope(unit.pk))
    wish = Wish(
        scope=type_scope(kinds[0].pk),
        source=Source.PREFERENCE_PAGE,
        word=Word.OWN,
        status=Status.SUBSCRIBED,
        said_at=NOW,
    )
    address = some.contact_addresses.get().address
    apply_change(change=Change(address.pk, wish), actor=PERSON, now=NOW)
    page = client.get("/contacts/?sort=name").content.decode()
    assert "Unsubscribed from all" in page
    assert "1 of 3" in page
    assert "Left Garden" in page


def test_no_page_costs_more_queries_for_more_rows(client, editor, unit):
    client.force_login(editor)
    TypeFactory(business_unit=unit)

    def queries_for(count):
        for _ in range(count - Contact.objects.count()):
            number = Contact.objects.count()
            contact = make_contact(f"q{number}@x.example", sms=f"+4860560{number:04}", units=[unit])
            own_opt_out(contact, ACCOUNT)
        with CaptureQueriesContext(connection) as captured:
            client.get("/contacts/?size=50")
        return len(captured)

    assert queries_for(10) == queries_for(50) <= 18


# --- the record ---


def test_the_record_shows_the_person_and_their_subscriptions(client, editor, unit):
    client.force_login(editor)
    kind = TypeFactory(business_unit=unit, name="Monthly guide")
    contact = make_contact(
        "amara@okafor.example",
        "second@okafor.example",
        sms="07700 900142",
        units=[unit],
        first_name="Amara",
        last_name="Okafor",
        company="Brightwater",
        job_title="Designer",
        country="GB",
        language="pl",
        processing_bases=[LegalBasis.LEGITIMATE_INTEREST_CLIENT],
    )
    own_opt_out(contact, type_scope(kind.pk))
    page = client.get(f"/contacts/{contact.pk}/").content.decode()
    for text in (
        "Amara Okafor",
        "Designer at Brightwater",
        "United Kingdom",
        "second@okafor.example",
        "900142",
        "Legitimate interest: existing customer",
        "Polish",
        "Communication subscriptions",
        "View subscriptions",
        "View all properties",
        "Monthly guide",
    ):
        assert text in page, text


def test_hostile_values_are_shown_and_not_run(client, editor, unit):
    client.force_login(editor)
    contact = make_contact(
        "x@x.example", first_name=HOSTILE, last_name="=1+1", company="عمر", units=[unit]
    )
    for page in ("/contacts/", *(f"/contacts/{contact.pk}/{p}" for p in ("", "edit/", "delete/"))):
        text = client.get(page).content.decode()
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text
    assert names_in(client.get("/contacts/?q=1%2B1"))


def test_a_deleted_contact_is_gone_everywhere(client, editor):
    client.force_login(editor)
    contact = make_contact("a@x.example")
    delete_contact(contact=contact, user=editor, now=NOW)
    for page in ("", "edit/", "delete/", "properties/", "subscriptions/"):
        assert client.get(f"/contacts/{contact.pk}/{page}").status_code == 404


# --- creating and editing ---


def test_a_contact_is_created_with_addresses(client, editor, unit):
    client.force_login(editor)
    data = post_data(
        ("EMAIL", "Amara@Okafor.example"),
        ("PHONE", "07700 900142"),
        ("EMAIL", ""),
        first_name="Amara",
        units=[unit.pk],
        processing_bases=["CONSENT_WITH_NOTICE"],
    )
    response = client.post("/contacts/new/", data)
    contact = Contact.objects.get()
    assert response["Location"] == f"/contacts/{contact.pk}/"
    held = contact.contact_addresses.order_by("channel")
    assert [row.address.canonical for row in held] == [
        "amara@okafor.example",
        "+447700900142",
        "+447700900142",
    ]
    assert all(row.is_primary for row in held)
    assert contact.processing_bases == (LegalBasis.CONSENT_WITH_NOTICE,)


@pytest.mark.parametrize(
    ("channel", "text", "said"),
    [
        ("EMAIL", "amara.okafor", "An e-mail address needs an @ sign."),
        ("EMAIL", "a..b@x.example", "The part before the @ sign is not valid."),
        ("PHONE", "07700", "No phone number of that country has this length."),
        ("SMS", HOSTILE, "This is not a phone number."),
    ],
)
def test_a_malformed_address_is_said_in_place_and_nothing_is_lost(
    client, editor, unit, channel, text, said
):
    client.force_login(editor)
    data = post_data((channel, text), first_name="Kept", units=[unit.pk])
    response = client.post("/contacts/new/", data)
    page = response.content.decode()
    assert response.status_code == 422
    assert page.count(said) == 2  # in the summary and in place
    assert 'href="#id_address-0-text"' in page
    assert 'value="Kept"' in page
    assert "<title>Problem:" in page
    assert HOSTILE not in page
    assert not Contact.objects.exists()
    assert not Address.objects.exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"first_name": ""}, "Enter a name or an address."),
        ({"first_name": "a\x00b"}, "null character"),
        ({"first_name": "a\u202eb"}, "change the direction"),
        ({"first_name": "x" * 121}, "at most 120 characters"),
        ({"first_name": "A", "country": "XX"}, "XX is not one of the available choices"),
        ({"first_name": "A", "units": ["999"]}, "999 is not one of the available choices"),
    ],
)
def test_bad_fields_are_said_in_place(client, editor, fields, said):
    client.force_login(editor)
    response = client.post("/contacts/new/", post_data(**fields))
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not Contact.objects.exists()


def test_right_to_left_names_and_formulas_are_names_like_any_other(client, editor):
    client.force_login(editor)
    client.post("/contacts/new/", post_data(first_name="عمر", last_name="=1+1", company="a\tb"))
    contact = Contact.objects.get()
    assert (contact.first_name, contact.last_name) == ("عمر", "=1+1")


def test_an_address_listed_twice_and_two_primary_ones_are_refused(client, editor):
    client.force_login(editor)
    data = post_data(("EMAIL", "a@x.example"), ("EMAIL", "A@x.example"))
    assert b"listed twice" in client.post("/contacts/new/", data).content
    data = post_data(("EMAIL", "a@x.example", "is_primary"), ("EMAIL", "b@x.example", "is_primary"))
    response = client.post("/contacts/new/", data)
    assert b"Choose one primary address of each kind." in response.content
    assert not Contact.objects.exists()


def test_one_more_row_keeps_what_was_typed_and_judges_nothing(client, editor, unit):
    client.force_login(editor)
    contact = make_contact("a@x.example", units=[unit])
    data = {**post_data(("EMAIL", "half a"), first_name="Typed"), "add_address": "1"}
    for url in ("/contacts/new/", f"/contacts/{contact.pk}/edit/"):
        page = client.post(url, data).content.decode()
        assert 'name="address-1-text"' in page
        assert 'value="half a"' in page
        assert 'value="Typed"' in page
        assert "error-summary" not in page
        assert "Somebody else" not in page
        fragment = client.post(
            url, data, headers={"HX-Request": "true", "HX-Target": "addresses"}
        ).content.decode()
        assert fragment.lstrip().startswith('<div class="stack stack--3" id="addresses">')
    assert list(Contact.objects.all()) == [contact]


def edit_data(client, contact, *addresses, **fields):
    """Return the form of a contact as a browser would send it unchanged, with changes."""
    page = client.get(f"/contacts/{contact.pk}/edit/").content.decode()
    seen_at = re.search(r'name="seen_at" value="([^"]*)"', page)[1]
    units = list(contact.unit_set.unit_ids)
    return post_data(*addresses, **{"seen_at": seen_at, "units": units, **fields})


def test_editing_changes_names_and_addresses(client, editor, unit):
    client.force_login(editor)
    contact = make_contact("a@x.example", "b@x.example", units=[unit])
    data = edit_data(
        client,
        contact,
        ("EMAIL", "a@x.example", "remove"),
        ("EMAIL", "b@x.example"),
        ("EMAIL", "c@x.example", "is_primary"),
        first_name="New",
    )
    response = client.post(f"/contacts/{contact.pk}/edit/", data)
    assert response.status_code == 302
    held = contact.contact_addresses.order_by("position")
    assert [(row.address.canonical, row.is_primary) for row in held] == [
        ("b@x.example", False),
        ("c@x.example", True),
    ]


def test_a_contact_changed_meanwhile_is_not_overwritten_unasked(client, editor, unit):
    client.force_login(editor)
    contact = make_contact("a@x.example", units=[unit], first_name="Old")
    data = edit_data(client, contact, ("EMAIL", "a@x.example", "is_primary"), first_name="Mine")
    Contact.objects.update(first_name="Theirs", updated_at=NOW + timedelta(hours=1))
    url = f"/contacts/{contact.pk}/edit/"
    response = client.post(url, data)
    page = response.content.decode()
    assert response.status_code == 409
    assert "Somebody else saved this contact" in page
    assert 'value="Mine"' in page
    assert Contact.objects.get().first_name == "Theirs"
    data["seen_at"] = re.search(r'name="seen_at" value="([^"]*)"', page)[1]
    assert client.post(url, data).status_code == 302
    assert Contact.objects.get().first_name == "Mine"


def test_whoever_misses_a_unit_edits_no_addresses_and_keeps_it(client, unit):
    other = UnitFactory(name="Kitchens")
    user = UserFactory(units=[unit])
    client.force_login(user)
    contact = make_contact("a@x.example", units=[unit, other])
    page = client.get(f"/contacts/{contact.pk}/edit/").content.decode()
    assert "address-0-text" not in page
    assert "Kitchens" not in page
    data = edit_data(client, contact, ("EMAIL", "b@x.example"), first_name="New", units=[unit.pk])
    assert client.post(f"/contacts/{contact.pk}/edit/", data).status_code == 302
    contact.refresh_from_db()
    assert contact.first_name == "New"
    assert contact.contact_addresses.get().address.canonical == "a@x.example"
    assert set(contact.unit_set.unit_ids) == {unit.pk, other.pk}


def test_whoever_has_one_unit_must_give_contacts_one(client, unit):
    client.force_login(UserFactory(units=[unit, UnitFactory()]))
    response = client.post("/contacts/new/", post_data(first_name="A"))
    assert response.status_code == 422
    assert b"Choose a business unit." in response.content


def test_custom_properties_are_typed(client, editor):
    client.force_login(editor)
    number = CustomPropertyFactory(kind="number", internal_name="size")
    date = CustomPropertyFactory(kind="date", internal_name="first_visit")
    choice = CustomPropertyFactory(kind="choice", internal_name="plan", choices=["Big", "Small"])
    trade = CustomPropertyFactory(kind="yes_no", internal_name="trade")
    text = CustomPropertyFactory(kind="text", internal_name="note")
    old = CustomPropertyFactory(internal_name="old", archived_at=NOW)
    fields = {
        f"p_{number.pk}": "1 200,5",
        f"p_{date.pk}": "2026-11-22",
        f"p_{choice.pk}": "Big",
        f"p_{trade.pk}": "no",
        f"p_{text.pk}": HOSTILE,
        f"p_{old.pk}": "ignored",
    }
    assert client.post("/contacts/new/", post_data(first_name="A", **fields)).status_code == 302
    contact = Contact.objects.get()
    assert contact.properties == {
        "size": 1200.5,
        "first_visit": "2026-11-22",
        "plan": "Big",
        "trade": False,
        "note": HOSTILE,
    }
    bad = {f"p_{number.pk}": "many", f"p_{date.pk}": "soon"}
    page = client.post("/contacts/new/", post_data(first_name="A", **bad)).content.decode()
    assert "Enter a number." in page
    assert "Enter a date such as 2026-11-22." in page
    assert 'value="many"' in page


# --- deleting ---


def test_deleting_asks_then_hides_and_can_be_restored(client, editor):
    client.force_login(editor)
    contact = make_contact("a@x.example", first_name="Amara")
    url = f"/contacts/{contact.pk}/delete/"
    dialog = client.get(url, headers={"HX-Request": "true", "HX-Target": "dialog"})
    assert b"<html" not in dialog.content
    assert b"Delete Amara?" in dialog.content
    assert Contact.objects.filter(deleted_at__isnull=True).exists()
    page = client.post(url, follow=True).content.decode()
    assert "Amara was deleted." in page
    assert "No contacts yet" in page
    assert "Amara" in client.get("/contacts/deleted/").content.decode()
    response = client.post(f"/contacts/{contact.pk}/restore/", follow=True)
    assert b"Amara was restored." in response.content
    assert client.post(f"/contacts/{contact.pk}/restore/").status_code == 302


def test_htmx_is_sent_to_the_index_after_deleting(client, editor):
    client.force_login(editor)
    contact = make_contact("a@x.example")
    response = client.post(f"/contacts/{contact.pk}/delete/", headers={"HX-Request": "true"})
    assert response["HX-Redirect"] == "/contacts/"


def test_viewers_see_no_controls_that_they_may_not_use(client, viewer):
    client.force_login(viewer)
    contact = make_contact("a@x.example")
    page = client.get(f"/contacts/{contact.pk}/").content.decode()
    assert "/edit/" not in page
    assert "/delete/" not in page
    assert viewer.role == Role.VIEWER


def test_two_who_save_at_the_same_moment_are_not_both_told_that_it_went_well(
    client, editor, unit, monkeypatch
):
    client.force_login(editor)
    contact = make_contact("a@x.example", units=[unit], first_name="Old")
    data = edit_data(client, contact, ("EMAIL", "a@x.example", "is_primary"), first_name="Mine")
    update = services.update_contact

    def overtaken(**values):
        Contact.objects.update(first_name="Theirs", updated_at=NOW + timedelta(hours=1))
        return update(**values)

    monkeypatch.setattr(services, "update_contact", overtaken)
    response = client.post(f"/contacts/{contact.pk}/edit/", data)
    assert response.status_code == 409
    assert "Somebody else saved this contact" in response.content.decode()
    assert Contact.objects.get().first_name == "Theirs"


def test_the_navigation_has_the_number_of_contacts_and_asks_for_it_once(client, editor):
    cache.clear()
    make_contact("one@x.example")
    client.force_login(editor)
    client.get("/jobs/")
    with CaptureQueriesContext(connection) as queries:
        shown = client.get("/jobs/").content.decode()
    assert '<span class="nav__count">1<span class="vh"> contact</span>' in shown
    assert not [query for query in queries if "contacts_unitset" in query["sql"]]
    make_contact("two@x.example")
    assert '<span class="nav__count">1<' in client.get("/jobs/").content.decode()
    for url in ("/contacts/", "/jobs/"):  # the index has counted, so everybody knows
        assert '<span class="nav__count">2<' in client.get(url).content.decode(), url


def test_the_number_in_the_navigation_is_of_those_one_sees(client):
    cache.clear()
    ours, theirs = UnitFactory(), UnitFactory()
    make_contact("ours@x.example", units=[ours])
    make_contact("theirs@x.example", units=[theirs])
    client.force_login(UserFactory(units=[ours]))
    for url in ("/jobs/", "/contacts/"):
        assert '<span class="nav__count">1<' in client.get(url).content.decode(), url
