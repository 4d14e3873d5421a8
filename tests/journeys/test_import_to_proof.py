"""From the files of another system to proof of consent, over HTTP and each step by another role."""

import csv
import io
import re
from html import unescape
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Role, User
from contacts.models import Contact
from preferences.models import Address, ConsentEvent, SubscriptionType
from preferences.values import Status
from tests.conftest import PASSWORD, make_user
from tests.contacts.panel_scene import make_type, make_unit, set_policy, status_of

pytestmark = pytest.mark.django_db
DATA = Path(__file__).parent.parent / "data"
FILES = ("crm-contacts-pl.csv", "crm-contacts-messy.csv")
GROUNDS = {
    "legal_basis": "CONSENT_WITH_NOTICE",
    "explanation": "Signed the list at the open day on 3 October",
    "processing": "LEGITIMATE_INTEREST_CLIENT",
}


@pytest.fixture
def staff(db) -> dict[str, User]:
    set_policy()
    return {role.value: make_user(role) for role in Role}


@pytest.fixture
def guide(staff) -> SubscriptionType:
    return make_type(make_unit("Garden", default_region="PL"), "Garden guide")


def import_file(path: Path, tmp_path: Path) -> str:
    """Import a file with the command of the handbook; return what it printed."""
    out, rejects = io.StringIO(), tmp_path / "rejects.csv"
    call_command("import_contacts", str(path), unit=["garden"], rejects=rejects, stdout=out)
    return out.getvalue()


@pytest.fixture
def first_lines(tmp_path) -> Path:
    """The head of the first file: enough for what is not about its size."""
    lines = (DATA / FILES[0]).read_bytes().splitlines(keepends=True)
    path = tmp_path / "people.csv"
    path.write_bytes(b"".join(lines[:10]))
    return path


def zolc() -> Contact:
    return Contact.objects.get(sort_name="zolc agnieszka", search_text__contains="zolc0@")


@pytest.fixture
def imported(guide, first_lines, tmp_path) -> Contact:
    import_file(first_lines, tmp_path)
    return zolc()


@pytest.fixture
def sign_in(client, staff):
    """Return a function that signs in through the page, as one of the roles."""

    def sign_in(role: Role):
        client.post("/logout/")
        data = {"email": staff[role].email, "password": PASSWORD}
        assert client.post("/login/", data).status_code == 302
        return client

    return sign_in


def page(client, url: str, **data) -> str:
    answer = client.get(url, data)
    assert answer.status_code == 200, url
    return unescape(answer.content.decode())


def words(html: str) -> str:
    """Return the text of a page as it is read, without the markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def email_of(contact: Contact) -> Address:
    return contact.contact_addresses.get(channel=1, is_primary=True).address


def test_an_imported_contact_is_found_subscribed_unsubscribed_undone_and_proved(
    guide, sign_in, tmp_path
):
    for name in FILES:
        assert "0 unchanged" in import_file(DATA / name, tmp_path)
    assert Contact.objects.count() == 1200 + 729
    imported = zolc()
    panel = f"/contacts/{imported.pk}/subscriptions/"
    target = {"address": email_of(imported).pk, "type": guide.pk}

    viewer = sign_in(Role.VIEWER)
    assert f'href="/contacts/{imported.pk}/"' in page(viewer, "/contacts/", q="zolc agnieszka")
    record = words(page(viewer, f"/contacts/{imported.pk}/"))
    assert "Agnieszka Żółć" in record
    assert "+48 702 766 149" in record
    assert "Not opted" in record
    assert "Unsubscribe" not in words(page(viewer, panel))
    assert viewer.post(f"{panel}unsubscribe/", target).status_code == 403

    editor = sign_in(Role.EDITOR)
    dialog = page(editor, f"{panel}subscribe/", **target)
    assert f'name="types" value="{guide.pk}" checked' in dialog
    answer = editor.post(f"{panel}subscribe/", {**target, "types": [guide.pk]})
    assert answer.status_code == 422
    assert not ConsentEvent.objects.exists()
    answer = editor.post(
        f"{panel}subscribe/", {**target, "types": [guide.pk], **GROUNDS}, follow=True
    )
    assert "Opted in" in words(answer.content.decode())
    assert "1 of 1" in words(page(editor, f"/contacts/{imported.pk}/"))

    administrator = sign_in(Role.ADMINISTRATOR)
    answer = administrator.post(f"{panel}unsubscribe/", target, follow=True)
    assert "Unsubscribed from Garden guide" in words(answer.content.decode())
    assert status_of(email_of(imported), guide) is Status.UNSUBSCRIBED
    event = re.search(r'name="event" value="(\d+)"', answer.content.decode())[1]
    answer = administrator.post(f"{panel}undo/", {"event": event}, follow=True)
    assert "Undone: Garden guide" in words(answer.content.decode())
    assert status_of(email_of(imported), guide) is Status.SUBSCRIBED

    compliance = sign_in(Role.COMPLIANCE)
    history = words(page(compliance, f"{panel}history/"))
    titles = re.findall(r"(Opted in|Opted out|Undone): Garden guide", history)
    assert list(dict.fromkeys(titles)) == ["Undone", "Opted out", "Opted in"]  # the newest first
    assert "History intact 3 entries" in history
    assert GROUNDS["explanation"] in history
    assert "Editor Person" in history
    assert "Administrator Person" in history
    export = compliance.get(f"{panel}history/export.csv")
    rows = list(csv.reader(io.StringIO(b"".join(export).decode("utf-8-sig"))))
    assert len(rows) == 1 + 3
    assert compliance.post(f"{panel}unsubscribe/", target).status_code == 403
    out = io.StringIO()
    call_command("verify_ledger", seal=True, stdout=out)
    assert "The ledger is intact. Events: 3;" in out.getvalue()


def test_importing_a_file_again_changes_neither_people_nor_choices(
    imported, guide, sign_in, first_lines, tmp_path
):
    panel = f"/contacts/{imported.pk}/subscriptions/"
    target = {"address": email_of(imported).pk, "type": guide.pk}
    editor = sign_in(Role.EDITOR)
    editor.post(f"{panel}unsubscribe/", target)
    count = Contact.objects.count()
    import_file(first_lines, tmp_path)
    assert Contact.objects.count() == count
    assert ConsentEvent.objects.count() == 1
    assert "Opted out" in words(page(editor, panel))


def test_a_choice_outlives_the_record_and_returns_with_the_address(imported, guide, sign_in):
    address = email_of(imported)
    editor = sign_in(Role.EDITOR)
    editor.post(
        f"/contacts/{imported.pk}/subscriptions/unsubscribe/",
        {"address": address.pk, "type": guide.pk},
    )
    administrator = sign_in(Role.ADMINISTRATOR)
    assert administrator.post(f"/contacts/{imported.pk}/delete/").status_code == 302
    assert administrator.get(f"/contacts/{imported.pk}/").status_code == 404
    data = {
        "last_name": "Zolc",
        "units": [guide.business_unit_id],
        "address-TOTAL_FORMS": 1,
        "address-INITIAL_FORMS": 0,
        "address-0-channel": "EMAIL",
        "address-0-text": address.canonical.upper(),
    }
    answer = administrator.post("/contacts/new/", data)
    assert answer.status_code == 302, words(answer.content.decode())
    again = Contact.objects.get(sort_name__startswith="zolc", deleted_at=None, last_name="Zolc")
    assert "Opted out" in words(page(administrator, f"/contacts/{again.pk}/subscriptions/"))


def test_somebody_of_another_unit_finds_nothing_of_it(imported, guide, client):
    stranger = make_user(Role.EDITOR, email="stays@fernmoor.example", all_units=False)
    stranger.units.add(make_unit("Stays"))
    client.force_login(stranger)
    assert "Żółć" not in page(client, "/contacts/", q="zolc")
    target = {"address": email_of(imported).pk, "type": guide.pk}
    for path in ("", "subscriptions/", "subscriptions/subscribe/", "subscriptions/history/"):
        assert client.get(f"/contacts/{imported.pk}/{path}").status_code == 404
    for path in ("unsubscribe/", "unsubscribe-all/", "undo/"):
        answer = client.post(f"/contacts/{imported.pk}/subscriptions/{path}", target)
        assert answer.status_code == 404
    assert not ConsentEvent.objects.exists()


def test_a_change_behind_the_back_of_the_ledger_is_found(imported, guide, sign_in):
    panel = f"/contacts/{imported.pk}/subscriptions/"
    editor = sign_in(Role.EDITOR)
    editor.post(f"{panel}unsubscribe/", {"address": email_of(imported).pk, "type": guide.pk})
    if connection.vendor != "sqlite":
        pytest.skip("the forger works on SQLite")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP TRIGGER "{name}"')
        cursor.execute("UPDATE preferences_consentevent SET said_at = '2020-01-01 00:00:00'")
    with pytest.raises(CommandError, match="NOT intact"):
        call_command("verify_ledger", stdout=io.StringIO())
    assert "History intact" not in words(page(editor, f"{panel}history/"))
