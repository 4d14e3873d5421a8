"""The panels of the other bulk actions: what they ask, show and refuse, and the job they start."""

import pytest

from accounts.models import Role
from contacts.bulk.export import export_columns
from contacts.models import Contact
from jobs.models import Job
from jobs.policy import change_job_policy
from jobs.selectors import counts_of
from tests.conftest import make_user
from tests.contacts.bulk_scene import run
from tests.factories import NOW, CustomPropertyFactory, UnitFactory, make_contact

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Target": "panel"}
EFFECT = {"HX-Request": "true", "HX-Target": "bulk-effect"}
DIALOG = {"HX-Request": "true", "HX-Target": "dialog"}
URL = "/contacts/bulk/%s/"


@pytest.fixture
def user():
    return make_user(Role.EDITOR, name="Tom Birch")


@pytest.fixture
def editor(user, as_user):
    return as_user(user)


@pytest.fixture
def people(user):
    """Anna is Tom's, the others are nobody's."""
    return [
        make_contact("anna@home.example", first_name="Anna", owner_id=user.pk, company="Fern"),
        make_contact("bea@home.example", first_name="Bea"),
        make_contact("cleo@home.example", first_name="Cleo"),
    ]


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def sent(**fields: object) -> dict[str, object]:
    return {"scope": "view", "key": "one form", **fields}


def line(count: int, words: str) -> str:
    return f'<span class="outcome__n">{count}</span><span>{words}</span>'


ASKED = [
    ("owner", {"new_owner": "0"}, 1, "will have no owner"),
    ("property", {"set_property": "company", "set_value": "Fern"}, 2, "as “Company”"),
    ("property", {"set_property": "company", "set_empty": "on"}, 1, "will have an empty “Company”"),
    ("property", {"set_property": "country", "set_value": "PL"}, 3, "will have “Poland” as"),
    ("basis", {"new_basis": "NON_GDPR"}, 3, "will have it on record"),
    ("delete", {}, 3, "will be deleted; they can be restored for 90 days"),
]


@pytest.mark.parametrize(("name", "fields", "changed", "words"), ASKED)
def test_the_effect_is_shown_and_the_job_does_it(editor, people, name, fields, changed, words):
    opened = text_of(editor.get(f"{URL % name}?scope=view", headers=HTMX))
    assert "<b>3 contacts</b>" in opened
    shown = text_of(editor.post(f"{URL % name}preview/", sent(**fields), headers=EFFECT))
    assert f'<span class="outcome__n">{changed}</span>' in shown
    assert words in shown
    assert not Job.objects.exists()
    response = editor.post(URL % name, sent(**fields), headers=HTMX)
    job = Job.objects.get()
    assert response.headers["HX-Redirect"] == f"/jobs/{job.pk}/"
    run(job)
    assert counts_of(job).items["changed"] == changed
    page = text_of(editor.get(f"/jobs/{job.pk}/"))
    assert "3 contacts" in page
    assert "What this job does" in page


def test_the_page_of_the_job_says_what_was_asked(editor, people, user):
    for name, fields, words in (
        ("owner", {"new_owner": user.pk}, "Tom Birch"),
        ("property", {"set_property": "language", "set_value": "pl"}, "Polish"),
        ("basis", {"new_basis": "NON_GDPR"}, "Not applicable"),
    ):
        editor.post(URL % name, sent(key=name, **fields))
        job = Job.objects.latest("pk")
        assert words in text_of(editor.get(f"/jobs/{job.pk}/")), name


def test_the_job_says_how_its_people_were_chosen(editor, people):
    editor.post(URL % "basis", sent(new_basis="NON_GDPR", q="anna"))
    shown = text_of(editor.get(f"/jobs/{Job.objects.get().pk}/"))
    assert "1 contact that matched when the job was started<br>Search: anna" in shown


def test_each_count_opens_its_people(editor, people):
    data = sent(new_owner="0", outcome="changed")
    shown = text_of(editor.post(f"{URL % 'owner'}people/", data, headers=DIALOG))
    assert "Anna" in shown
    assert "Bea" not in shown
    assert "1 will have no owner" in shown


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("owner", {}, "Choose somebody who can sign in, or nobody."),
        ("owner", {"new_owner": "987654"}, "not one of the available choices"),
        ("basis", {}, "Choose a legal basis."),
        ("basis", {"new_basis": "PROCESS_AND_STORE"}, "not one of the available choices"),
        ("property", {}, "Choose a property."),
        ("property", {"set_property": "sort_name", "set_value": "x"}, "not one of the available"),
        ("property", {"set_property": "company", "set_value": " "}, "Enter a value, or say"),
        ("property", {"set_property": "company", "set_value": "x" * 201}, "at most 200"),
        ("property", {"set_property": "country", "set_value": "XX"}, "not one of the available"),
        ("property", {"set_property": "custom:size", "set_value": "many"}, "not a value of this"),
        ("property", {"set_property": "custom:gone", "set_value": "1"}, "not one of the available"),
    ],
)
def test_wrong_input_is_said_in_place(editor, people, name, fields, words):
    CustomPropertyFactory(internal_name="size", kind="number")
    response = editor.post(URL % name, sent(**fields), headers=HTMX)
    assert response.status_code == 422
    assert words in text_of(response)
    assert "Nothing has changed." in text_of(response)
    assert not Job.objects.exists()


def test_the_field_of_the_value_follows_the_property(editor, people):
    CustomPropertyFactory(internal_name="vip", name="VIP", kind="yes_no")
    for chosen, control in (
        ("company", '<input type="text" name="set_value" maxlength="200"'),
        ("lifecycle_stage", '<option value="lead">'),
        ("custom:vip", '<option value="yes">'),
    ):
        data = sent(set_property=chosen, drawn="")
        shown = text_of(editor.post(f"{URL % 'property'}preview/", data, headers=EFFECT))
        assert 'id="action-value" hx-swap-oob="true"' in shown
        assert control in shown
    data = sent(set_property="company", set_value="PL", drawn="country")
    shown = text_of(editor.post(f"{URL % 'property'}preview/", data, headers=EFFECT))
    assert 'value="PL"' not in shown
    data = sent(set_property="company", set_value="Fern", drawn="company")
    shown = text_of(editor.post(f"{URL % 'property'}preview/", data, headers=EFFECT))
    assert "action-value" not in shown


def test_a_preview_of_half_a_form_says_what_is_missing(editor, people):
    CustomPropertyFactory(internal_name="size", name="Size", kind="number")
    for fields, words in (
        ({}, "Choose a property and a value"),
        ({"set_property": "company"}, "Choose a property and a value"),
        ({"set_property": "custom:size", "set_value": "many"}, "This is not a value"),
    ):
        response = editor.post(f"{URL % 'property'}preview/", sent(**fields))
        assert response.status_code == 200
        assert words in text_of(response)
        assert "error-summary" not in text_of(response)


def test_many_people_need_their_number_typed(editor, people, user):
    change_job_policy(user=user, now=NOW, typed_number_over=2)
    for typed in ("", "2"):
        response = editor.post(URL % "delete", sent(typed=typed), headers=HTMX)
        assert response.status_code == 422
        assert "Type 3 to confirm" in text_of(response)
    assert Contact.objects.filter(deleted_at=None).count() == 3
    editor.post(URL % "delete", sent(typed="3"))
    run(Job.objects.get())
    assert not Contact.objects.filter(deleted_at=None).exists()


def test_numbers_that_moved_are_shown_again_first(editor, people, user):
    first = editor.post(f"{URL % 'owner'}preview/", sent(new_owner="0"), headers=EFFECT)
    token = first.context["effect"].token
    Contact.objects.filter(pk=people[1].pk).update(owner=user)
    data = sent(new_owner="0", counted=token, expected=3)
    response = editor.post(URL % "owner", data, headers=HTMX)
    assert response.status_code == 422
    assert "The numbers have moved." in text_of(response)
    assert line(2, "will have no owner") in text_of(response)
    assert not Job.objects.exists()
    again = sent(new_owner="0", counted=response.context["effect"].token, expected=3)
    assert "HX-Redirect" in editor.post(URL % "owner", again, headers=HTMX).headers


def test_a_contact_of_other_units_cannot_be_deleted_and_is_in_the_file(as_user, people):
    garden, stays = UnitFactory(name="Garden"), UnitFactory(name="Stays")
    mine = make_contact("mine@home.example", units=[garden])
    both = make_contact("both@home.example", units=[garden, stays])
    narrow = make_user(Role.EDITOR, email="narrow@x.example", all_units=False)
    narrow.units.add(garden)
    client = as_user(narrow)
    shown = text_of(client.post(f"{URL % 'delete'}preview/", sent(), headers=EFFECT))
    assert line(1, "will be deleted; they can be restored for 90 days") in shown
    assert "refused: the contact also belongs to business units" in shown
    client.post(URL % "delete", sent())
    job = run(Job.objects.get())
    left = set(Contact.objects.filter(deleted_at=None).values_list("pk", flat=True))
    assert mine.pk not in left
    assert both.pk in left
    file = b"".join(client.get(f"/jobs/{job.pk}/refusals.csv").streaming_content).decode()
    assert str(both.pk) in file
    assert "all_units" in file


def test_the_filter_of_the_index_is_no_field_of_the_form(editor, people, user):
    """The form carries the filter along: "owner" there is whom the list shows, not the new owner."""
    data = sent(owner=str(user.pk), new_owner="0")
    editor.post(URL % "owner", data)
    job = Job.objects.get()
    assert (job.total, job.parameters) == (1, {"owner_id": None})


def test_an_unknown_action_is_not_found(editor):
    assert editor.get(URL % "burn").status_code == 404
    assert editor.post(f"{URL % 'burn'}preview/", sent()).status_code == 404


# --- export -------------------------------------------------------------------------------------------


def test_export_of_chosen_columns(editor, people, user):
    shown = text_of(editor.get(f"{URL % 'export'}?scope=view", headers=HTMX))
    assert "<b>3 contacts</b>" in shown
    assert "<bdi>anna@home.example</bdi>" in shown
    response = editor.post(URL % "export", sent(columns=["first_name", "email"], expected=3))
    job = Job.objects.get()
    assert response.headers["Location"] == f"/jobs/{job.pk}/"
    run(job)
    page = text_of(editor.get(f"/jobs/{job.pk}/"))
    assert f"/jobs/{job.pk}/export.csv" in page
    assert "2 columns: email, first_name" in page
    file = editor.get(f"/jobs/{job.pk}/export.csv")
    lines = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[:2] == ["email,first_name", "anna@home.example,Anna"]
    job.chunks.update(output=None)
    assert editor.get(f"/jobs/{job.pk}/export.csv").status_code == 410


@pytest.mark.parametrize("columns", [[], ["nonsense"]])
def test_export_without_a_column_is_refused(editor, people, columns):
    response = editor.post(URL % "export", sent(columns=columns), headers=HTMX)
    assert response.status_code == 422
    assert not Job.objects.exists()


def test_a_file_is_of_exports_alone(editor, people):
    editor.post(URL % "delete", sent())
    job = run(Job.objects.get())
    assert editor.get(f"/jobs/{job.pk}/export.csv").status_code == 404


def test_compliance_may_select_and_export_but_not_change(as_user, people):
    client = as_user(make_user(Role.COMPLIANCE, email="c@x.example"))
    index = text_of(client.get("/contacts/"))
    assert 'id="bulk-export"' in index
    assert 'id="bulk-more"' not in index
    assert client.get(f"{URL % 'export'}?scope=view").status_code == 200
    assert client.get(f"{URL % 'delete'}?scope=view").status_code == 403


def test_columns_of_other_units_are_not_offered(people):
    UnitFactory(name="Garden")
    narrow = make_user(Role.EDITOR, email="narrow@x.example", all_units=False)
    assert not [one for one in export_columns(narrow) if one.key.startswith("type")]
