"""The columns of the index: chosen in the URL, drawn with the one resolver, in a fixed number of queries."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from contacts.columns import COLUMN_LIMIT, read_keys
from contacts.models import Contact
from contacts.values import PropertyKind
from preferences.models import SubscriptionType
from preferences.values import ACCOUNT
from tests.contacts.panel_scene import IN, OUT, Scene
from tests.factories import NOW, CustomPropertyFactory, TypeFactory, UserFactory, make_contact

pytestmark = pytest.mark.django_db
DIALOG = {"HX-Request": "true", "HX-Target": "dialog"}
LIST = {"HX-Request": "true", "HX-Target": "contact-list"}


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def read(scene, as_user):
    client = as_user(scene.editor)
    return lambda address, **headers: client.get(address, headers=headers).content.decode()


def headings(text: str) -> list[str]:
    found = re.findall(r'<th [^>]*scope="col"[^>]*>(.*?)</th>', text, re.DOTALL)
    return [unescape(re.sub(r"<[^>]+>", "", one)).strip() for one in found][1:]


def cells(text: str, name: str = "Amara Okafor") -> list[str]:
    """Return the words of each cell of somebody's row."""
    row = next(row for row in text.split("<tr>") if name in row and "<th scope" in row)
    found = re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
    return [unescape(re.sub(r"<[^>]+>", "", one)).strip() for one in found][1:]


def test_without_a_choice_the_usual_columns_are_shown(read):
    assert headings(read("/contacts/"))[:4] == [
        "Contact",
        "Company",
        "Business units",
        "Email types opted in",
    ]


def test_columns_come_in_the_order_chosen(read, scene):
    owner = UserFactory(name="Olga Own")
    bits = 0b11
    Contact.objects.filter(pk=scene.contact.pk).update(
        owner=owner,
        company="Bright <b>",
        country="PL",
        language="pl",
        lifecycle_stage="customer",
        job_title="Chief",
        processing_bits=bits,
        created_at=NOW,
    )
    keys = "owner,country,language,stage,job_title,company,bases,created,email_address,record_id"
    text = read(f"/contacts/?cols={keys}")
    assert headings(text) == [
        "Contact",
        "Owner",
        "Country",
        "Language",
        "Life-cycle stage",
        "Job title",
        "Company",
        "Legal basis for processing",
        "Created",
        "Email address",
        "Record ID",
    ]
    shown = cells(text)
    assert shown[:6] == ["Olga Own", "Poland", "Polish", "Customer", "Chief", "Bright <b>"]
    assert shown[6] == "Consent freely given by the contact +1"
    assert shown[7] == "22 Nov 2026"
    assert "@" in shown[8]
    assert shown[9] == str(scene.contact.pk)
    assert "Bright <b>" not in text  # what people type is escaped


def test_the_status_of_a_type_is_what_the_rules_say(read, scene):
    scene.say(scene.guide, IN, explanation="Asked at the till")
    key = f"type-{scene.guide.pk}-EMAIL"
    assert cells(read(f"/contacts/?cols={key}")) == ["Opted in"]
    scene.say(ACCOUNT, OUT)
    assert cells(read(f"/contacts/?cols={key}")) == ["Opted out"]
    other = make_contact(sms="+48605608796", units=[scene.garden], first_name="Nobody")
    assert cells(read(f"/contacts/?cols={key}"), "Nobody") == ["No email"]
    assert other.pk


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (PropertyKind.TEXT, "Rose & <i>", "Rose & <i>"),
        (PropertyKind.NUMBER, 12.5, "12.5"),
        (PropertyKind.YES_NO, False, "No"),
        (PropertyKind.DATE, "2026-11-02", "2 Nov 2026"),
        (PropertyKind.DATE, "soon", "soon"),
        (PropertyKind.TEXT, None, ""),
    ],
)
def test_custom_properties_are_columns(read, scene, kind, value, shown):
    custom = CustomPropertyFactory(kind=kind, name="Favourite")
    Contact.objects.filter(pk=scene.contact.pk).update(properties={custom.internal_name: value})
    text = read(f"/contacts/?cols=prop-{custom.internal_name}")
    assert headings(text) == ["Contact", "Favourite"]
    assert cells(text) == [shown]


def test_what_is_archived_or_of_another_unit_is_no_column(scene, as_user):
    gone = CustomPropertyFactory(name="Zephyrgone", archived_at=NOW)
    archived = TypeFactory(business_unit=scene.garden, name="Zephyrold", archived_at=NOW)
    SubscriptionType.objects.filter(pk=scene.breaks.pk).update(name="Zephyrtype")
    client = as_user(scene.garden_editor())
    keys = [f"prop-{gone.internal_name}"]
    keys += [f"type-{kind.pk}-EMAIL" for kind in (archived, scene.breaks)]
    for address in ("/contacts/", "/contacts/columns/"):
        text = client.get(f"{address}?cols=company,{','.join(keys)}").content.decode()
        assert "Zephyr" not in text
    assert "3 columns of this view are not there any more" in text
    text = client.get(f"/contacts/?cols={keys[0]}").content.decode()
    assert headings(text)[1] == "Company"  # no column is left: the usual ones


def test_keys_that_make_no_sense_are_left_out():
    assert read_keys(["company,Company,,type-1-EMAIL,type-x-EMAIL,prop-,prop-a_b", "company"]) == (
        "company",
        "type-1-EMAIL",
        "prop-a_b",
    )
    assert len(read_keys([",".join(f"type-{n}-EMAIL" for n in range(99))])) == COLUMN_LIMIT
    assert read_keys(["x" * 100_000]) == ()


def test_no_column_and_no_row_costs_a_query(scene, as_user):
    client = as_user(scene.editor)
    kinds = [TypeFactory(business_unit=scene.garden) for _ in range(8)]
    custom = [CustomPropertyFactory() for _ in range(3)]
    for number in range(50):
        make_contact(f"q{number}@x.example", units=[scene.garden], owner_id=scene.editor.pk)
    few = ["owner", f"prop-{custom[0].internal_name}", f"type-{kinds[0].pk}-EMAIL"]
    many = [
        "owner",
        "company",
        "bases",
        *(f"prop-{one.internal_name}" for one in custom),
        *(f"type-{kind.pk}-EMAIL" for kind in kinds[:6]),
    ]
    assert len(many) == 12

    def queries_for(columns: list[str], size: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/contacts/?size={size}&cols={','.join(columns)}")
        return len(captured)

    client.get("/contacts/")
    assert queries_for(few, 25) == queries_for(many, 50)


# --- the dialog ---


def test_the_dialog_shows_what_is_chosen_in_order_and_what_may_be_added(read, scene):
    text = read("/contacts/columns/?cols=owner,company", **DIALOG)
    assert "<html" not in text
    assert text.index('value="owner" checked') < text.index('value="company" checked')
    assert f'value="type-{scene.guide.pk}-EMAIL"' in text
    assert 'value="country" checked' not in text
    full = read("/contacts/columns/?cols=owner,company")
    assert '<dialog class="dialog" id="dialog" aria-labelledby="dlg-h" open>' in full


def test_a_column_moves_and_what_was_ticked_stays_ticked(read):
    text = read("/contacts/columns/?cols=owner&cols=company&cols=country&move=up:country", **DIALOG)
    assert re.findall(r'value="(\w+)" checked', text) == ["owner", "country", "company"]
    for senseless in ("up:owner", "down:country", "up:nothing", "sideways:owner", "x"):
        text = read(f"/contacts/columns/?cols=owner,company,country&move={senseless}", **DIALOG)
        assert re.findall(r'value="(\w+)" checked', text) == ["owner", "company", "country"]


def test_showing_the_columns_leads_to_the_list_with_them(scene, as_user):
    client = as_user(scene.editor)
    query = "q=amara&cols=&cols=owner&cols=company&apply=yes"
    response = client.get(f"/contacts/columns/?{query}")
    assert response["Location"] == "/contacts/?q=amara&cols=owner%2Ccompany"
    response = client.get(f"/contacts/columns/?{query}", headers=DIALOG)
    assert "/contacts/?q=amara&cols=owner%2Ccompany" in response["HX-Location"]
    assert "layer:close" in response["HX-Trigger"]
    response = client.get("/contacts/columns/?cols=owner&default=yes")
    assert response["Location"] == "/contacts/"
    response = client.get("/contacts/columns/?cols=&apply=yes")
    assert response["Location"] == "/contacts/"  # nothing ticked: the usual ones


# --- order ---


@pytest.mark.parametrize("sort", ["name", "company", "country", "created", "updated"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_pages_in_both_directions_when_rows_share_their_values(scene, as_user, sort, sign):
    client = as_user(UserFactory(role=Role.VIEWER))
    for number in range(60):
        make_contact(f"s{number}@x.example", first_name="Same", company="Acme", country="PL")
    everybody = Contact.objects.count()
    ids: list[int] = []
    address, befores = f"/contacts/?sort={sign}{sort}", []
    while address:
        page = client.get(address)
        ids += [row.contact.pk for row in page.context["rows"]]
        cursor = page.context["page"]
        befores.append([row.contact.pk for row in page.context["rows"]])
        address = f"/contacts/?sort={sign}{sort}&after={cursor.after}" if cursor.after else ""
    assert len(ids) == len(set(ids)) == everybody
    back = []
    while True:
        back.append([row.contact.pk for row in page.context["rows"]])
        before = page.context["page"].before
        if not before:
            break
        page = client.get(f"/contacts/?sort={sign}{sort}&before={before}")
    assert back[1:-1] == befores[-2:0:-1]
    assert {pk for some in back for pk in some} == set(ids)


def test_only_what_an_index_serves_is_sorted(read):
    text = read("/contacts/?cols=company,country,created,updated,owner,stage,job_title,email")
    assert re.findall(r'id="sort-(\w+)"', text) == [
        "name",
        "company",
        "country",
        "created",
        "updated",
    ]
