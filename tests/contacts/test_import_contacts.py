"""`sh dev import_contacts`: the files of other systems, with exact counts."""

import csv
import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from contacts.importing import import_contacts, protected
from contacts.models import Contact
from preferences.addresses import MESSAGES
from preferences.models import ConsentEvent, OptOut, Preference
from preferences.values import Channel, LegalBasis
from tests.factories import NOW, CustomPropertyFactory, UnitFactory, UserFactory

pytestmark = pytest.mark.django_db
DATA = Path(__file__).parent.parent / "data"


def run(content: bytes | str, *, encoding="utf-8", region="PL", unit_ids=()):
    """Import a file; return the summary and the rows of the rejects file."""
    raw = content.encode(encoding) if isinstance(content, str) else content
    rejects = io.StringIO()
    summary = import_contacts(
        stream=io.BytesIO(raw), rejects=rejects, unit_ids=unit_ids, region=region, clock=lambda: NOW
    )
    return summary, list(csv.DictReader(io.StringIO(rejects.getvalue())))


def counts(summary):
    return summary.created, summary.updated, summary.unchanged, summary.rejected


def test_the_polish_file_comes_in_whole_and_only_once():
    owner = UserFactory(name="Tom Birch")
    raw = (DATA / "crm-contacts-pl.csv").read_bytes()
    summary, rejects = run(raw)
    assert counts(summary) == (1200, 0, 0, 0)
    assert rejects == []
    assert len(summary.ignored_statuses) == 3
    assert dict(summary.unknown_names) == {("Contact owner", "Ellie Marsh"): 383}
    contact = Contact.objects.get(sort_name="zolc agnieszka", search_text__contains="zolc0@")
    assert contact.last_name == "Żółć"
    assert (contact.country, contact.language, contact.lifecycle_stage) == ("PL", "pl", "customer")
    assert contact.owner == owner
    assert contact.processing_bases == (LegalBasis.LEGITIMATE_INTEREST_OTHER,)
    assert contact.contact_addresses.filter(channel=Channel.WHATSAPP.code).count() == 1
    assert contact.created_at.isoformat() == "2026-06-28T19:56:00+00:00"
    again, _ = run(raw)
    assert counts(again) == (0, 0, 1200, 0)


def test_an_import_of_contacts_touches_no_status():
    for name in ("crm-contacts-pl.csv", "crm-contacts-messy.csv"):
        run((DATA / name).read_bytes())
    assert not Preference.objects.exists()
    assert not OptOut.objects.exists()
    assert not ConsentEvent.objects.exists()


def test_the_messy_file_loses_nobody_with_a_good_address():
    summary, rejects = run((DATA / "crm-contacts-messy.csv").read_bytes())
    assert counts(summary) == (729, 2, 0, 69)
    assert summary.partial == 95
    results = [line["Result"] for line in rejects]
    assert (results.count("rejected"), results.count("imported in part")) == (69, 95)
    for line in rejects:
        assert line["Reason"]
        assert line["Row number"].isdigit()
        assert not any(str(v).startswith(("=", "+", "-", "@", "\t")) for v in line.values())


HEADER = "First name;Last name;E-mail;Phone;Country\n"


def test_a_bad_email_beside_a_good_phone_is_imported_in_part():
    summary, rejects = run(HEADER + "Ala;Żak;a..b@x.example;605 608 796;Polska\n")
    assert counts(summary) == (1, 0, 0, 0)
    assert rejects[0]["Result"] == "imported in part"
    assert rejects[0]["Reason"] == "E-mail: The part before the @ sign is not valid."
    contact = Contact.objects.get()
    assert contact.contact_addresses.get().address.canonical == "+48605608796"


def test_rows_without_any_good_address_are_rejected_with_reasons():
    summary, rejects = run(
        HEADER + "A;B;nonsense;12;Polska\nC;D;;;\n;;;;\nE;F;e@x.example;;Atlantis\nG;H\n",
    )
    assert counts(summary) == (1, 0, 0, 4)
    reasons = [(line["Row number"], line["Result"], line["Reason"]) for line in rejects]
    assert reasons == [
        (
            "2",
            "rejected",
            f"E-mail: {MESSAGES['no_at']} Phone: {MESSAGES['not_possible']}",
        ),
        ("3", "rejected", "The row has no address."),
        ("4", "rejected", "The row has no address."),
        ("5", "imported in part", "Country: The value is not known."),
        ("6", "rejected", "The row has fewer columns than the header."),
    ]
    assert Contact.objects.get().country == ""


@pytest.mark.parametrize(
    ("encoding", "separator"),
    [
        ("utf-8", ","),
        ("utf-8-sig", ";"),
        ("utf-16", "\t"),
        ("cp1250", ";"),
    ],
)
def test_encodings_and_separators(encoding, separator):
    lines = ["First name,Last name,Email", 'Zażółć,"Gęślą\njaźń",zofia@x.example']
    text = "\r\n".join(line.replace(",", separator) for line in lines) + "\r\n"
    summary, _ = run(text, encoding=encoding)
    assert counts(summary) == (1, 0, 0, 0)
    assert Contact.objects.get().full_name == "Zażółć Gęślą jaźń"


def test_hostile_values_stay_text_and_leave_no_formula():
    text = (
        "First name,Last name,Email,Phone\n"
        "<script>alert(1)</script>,=1+1,x@x.example,\n"
        "a\u202eb,c\x07d,y@x.example,\n"
        "'=cmd(),Kept,@bad,+48 1\n"
    )
    summary, rejects = run(text)
    assert counts(summary) == (2, 0, 0, 1)
    first, second = Contact.objects.order_by("pk")
    assert (first.first_name, first.last_name) == ("<script>alert(1)</script>", "=1+1")
    assert (second.first_name, second.last_name) == ("ab", "cd")
    hidden, bad = rejects
    assert "Hidden characters were removed." in hidden["Reason"]
    assert bad["Email"] == "'@bad"
    assert bad["Phone"] == "'+48 1"


def test_a_rejects_file_can_be_mended_and_imported():
    _, rejects = run("First name,Email,Phone\nAla,a..b@x.example,+48 6\n")
    line = rejects[0]
    assert line["Phone"] == "'+48 6"
    mended = (
        f"First name,Email,Phone,Row number,Result,Reason\nAla,,{line['Phone']}05608796,2,x,y\n"
    )
    summary, _ = run(mended)
    assert counts(summary) == (1, 0, 0, 0)
    assert Contact.objects.get().contact_addresses.get().address.canonical == "+48605608796"


def test_business_units_and_custom_properties_by_name():
    garden = UnitFactory(name="Fernmoor Garden", slug="garden")
    CustomPropertyFactory(name="Garden size", internal_name="size", kind="number")
    CustomPropertyFactory(name="Plan", internal_name="plan", kind="choice", choices=["Big"])
    summary, rejects = run(
        "Email,Business unit,Garden size,plan,Shoe size\n"
        "a@x.example,fernmoor garden;Unheard of,12.5,BIG,44\n"
        "b@x.example,,many,Huge,44\n"
    )
    first, second = Contact.objects.order_by("pk")
    assert first.unit_set.unit_ids == (garden.pk,)
    assert first.properties == {"size": 12.5, "plan": "Big"}
    assert second.properties == {}
    assert summary.unknown_columns == ("Shoe size",)
    assert dict(summary.unknown_names) == {("Business unit", "Unheard of"): 1}
    assert rejects[0]["Reason"] == (
        "Garden size: Enter a number. plan: This is not one of the choices."
    )


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The directory in which somebody types the command; the file lies elsewhere."""
    found = tmp_path / "here"
    found.mkdir()
    monkeypatch.chdir(found)
    return found


def test_the_command_reports_and_only_reads_what_it_was_given(tmp_path, here, capsys):
    unit = UnitFactory(slug="garden", default_region="PL")
    path = tmp_path / "theirs" / "people.csv"
    path.parent.mkdir()
    path.write_text(
        "Email,Phone,Opted out of email: News\na@x.example,,Yes\nbad,605608796,\nworse,,\n"
    )
    call_command("import_contacts", str(path), "--unit", "garden")
    told = capsys.readouterr().out
    assert "3 rows: 2 created, 0 updated, 0 unchanged, 1 rejected." in told
    assert "Columns with consent were left alone: Opted out of email: News." in told
    assert "Email: An e-mail address needs an @ sign." in told
    rejects = here / "people.csv.rejects.csv"
    assert rejects.name in told
    assert list(path.parent.iterdir()) == [path]
    assert len(rejects.read_text("utf-8-sig").splitlines()) == 3
    assert all(c.unit_set.unit_ids == (unit.pk,) for c in Contact.objects.all())


def test_a_clean_file_leaves_no_rejects_file(tmp_path, here):
    path = tmp_path / "people.csv"
    path.write_text("Email\na@x.example\n")
    call_command("import_contacts", str(path))
    assert not list(here.iterdir())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "The file is empty."),
        ("Colour,Size\nred,1\n", "No column holds an address. The columns are: Colour, Size."),
    ],
)
def test_a_file_that_is_no_list_of_contacts_is_refused(tmp_path, here, content, said):
    path = tmp_path / "people.csv"
    path.write_text(content)
    with pytest.raises(CommandError, match=said):
        call_command("import_contacts", str(path))
    assert not list(here.iterdir())


def test_wrong_options_are_said(tmp_path):
    UnitFactory(slug="garden")
    with pytest.raises(CommandError, match=r"No business unit kitchens\. There are: garden"):
        call_command("import_contacts", str(tmp_path / "x.csv"), "--unit", "kitchens")
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_contacts", str(tmp_path / "x.csv"))


def test_cells_that_spreadsheets_would_run_are_protected():
    assert [protected(v) for v in ("=1", "+1", "-1", "@a", "\tx", "\rx", "\n=1", "a=1", "")] == [
        "'=1", "'+1", "'-1", "'@a", "'\tx", "'\rx", "'\n=1", "a=1", "",
    ]  # fmt: skip


@pytest.mark.parametrize("date", ["0001-01-01", "1899-12-30", "2031-01-01"])
def test_a_date_of_creation_that_cannot_be_is_left_out(date):
    summary, rejects = run(f"Email,Create date\na@x.example,{date}\n")
    assert counts(summary) == (1, 0, 0, 0)
    assert rejects[0]["Reason"] == "Create date: The date is not clear."
    assert Contact.objects.get().created_at == NOW
