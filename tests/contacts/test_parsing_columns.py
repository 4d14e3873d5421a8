"""Headers of common exports, in three languages, and what their columns mean."""

import csv
import io
from pathlib import Path

import pytest

from contacts.parsing.columns import Column, Field, recognise, simplified

DATA = Path(__file__).parent.parent / "data"


def meanings(header):
    return {column.header: column.field for column in recognise(header).columns}


def known(line):
    """Return the names of a header's recognised columns by field, the first of each."""
    found = {}
    for column in recognise(next(csv.reader(io.StringIO(line)))).columns:
        found.setdefault(column.field.value, column.header)
    return found


def test_hubspot_export_in_english():
    header = (DATA / "crm-contacts-messy.csv").read_text("utf-8-sig").partition("\n")[0].split(",")
    mapping = recognise(header)
    assert [column.field.value for column in mapping.columns] == [
        "record_id", "first_name", "last_name", "email", "phone", "mobile", "whatsapp", "company",
        "job_title", "country", "language", "lifecycle_stage", "owner", "created_at", "legal_basis",
        "ignored_status", "ignored_status", "ignored_status", "additional_emails",
    ]  # fmt: skip
    assert mapping.of(Field.EMAIL) == (3,)
    assert mapping.unknown == ()
    assert [column.header for column in mapping.ignored_statuses] == [
        "Unsubscribed from all email",
        "Opted out of email: Marketing Information",
        "Opted out of email: One to One",
    ]


def test_hubspot_internal_names():
    header = [
        "hs_object_id",
        "firstname",
        "lastname",
        "email",
        "hs_additional_emails",
        "phone",
        "mobilephone",
        "hs_whatsapp_phone_number",
        "company",
        "jobtitle",
        "country",
        "hs_language",
        "lifecyclestage",
        "hubspot_owner_id",
        "createdate",
        "hs_legal_basis",
        "hs_all_assigned_business_unit_ids",
        "hs_email_optout",
        "hs_email_optout_12345",
        "favourite_plant",
    ]
    mapping = recognise(header)
    assert len({column.field for column in mapping.columns}) == 19
    assert mapping.of(Field.BUSINESS_UNITS) == (16,)
    assert mapping.of(Field.IGNORED_STATUS) == (17, 18)
    assert mapping.unknown == (Column(19, "favourite_plant", Field.UNKNOWN),)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (  # Salesforce report
            ("Contact ID,Salutation,First Name,Last Name,Title,Account Name,Mailing Country,Phone,"
            "Mobile,Email,Contact Owner,Created Date,Email Opt Out"),
            {
                "record_id": "Contact ID",
                "first_name": "First Name",
                "last_name": "Last Name",
                "job_title": "Title",
                "company": "Account Name",
                "country": "Mailing Country",
                "phone": "Phone",
                "mobile": "Mobile",
                "email": "Email",
                "owner": "Contact Owner",
                "created_at": "Created Date",
                "ignored_status": "Email Opt Out",
                "unknown": "Salutation",
            },
        ),
        (  # Salesforce data loader
            "ID,FIRSTNAME,LASTNAME,NAME,EMAIL,MOBILEPHONE,MAILINGCOUNTRY,HASOPTEDOUTOFEMAIL",
            {
                "record_id": "ID",
                "first_name": "FIRSTNAME",
                "last_name": "LASTNAME",
                "full_name": "NAME",
                "email": "EMAIL",
                "mobile": "MOBILEPHONE",
                "country": "MAILINGCOUNTRY",
                "ignored_status": "HASOPTEDOUTOFEMAIL",
            },
        ),
        (  # Pipedrive
            ("Person - ID,Person - Name,Person - First name,Person - Last name,Person - Email - Work,"
            "Person - Email - Home,Person - Phone - Work,Person - Phone - Mobile,"
            "Person - Organization,Person - Owner,Person - Person created,"
            "Person - Marketing status,Person - Labels"),
            {
                "record_id": "Person - ID",
                "full_name": "Person - Name",
                "first_name": "Person - First name",
                "last_name": "Person - Last name",
                "email": "Person - Email - Work",
                "additional_emails": "Person - Email - Home",
                "phone": "Person - Phone - Work",
                "mobile": "Person - Phone - Mobile",
                "company": "Person - Organization",
                "owner": "Person - Owner",
                "created_at": "Person - Person created",
                "ignored_status": "Person - Marketing status",
                "unknown": "Person - Labels",
            },
        ),
        (  # Mailchimp
            ("Email Address,First Name,Last Name,Phone Number,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,"
            "CONFIRM_TIME,CC,EUID"),
            {
                "email": "Email Address",
                "first_name": "First Name",
                "last_name": "Last Name",
                "phone": "Phone Number",
                "unknown": "MEMBER_RATING",
                "ignored_status": "OPTIN_TIME",
                "country": "CC",
                "record_id": "EUID",
            },
        ),
        (  # Zoho
            ("Record Id,Contact Owner,First Name,Last Name,Account Name,Email,Title,Phone,Mobile,"
            "Created Time,Mailing Country,Secondary Email,Email Opt Out,Unsubscribed Mode"),
            {
                "record_id": "Record Id",
                "owner": "Contact Owner",
                "first_name": "First Name",
                "last_name": "Last Name",
                "company": "Account Name",
                "email": "Email",
                "job_title": "Title",
                "phone": "Phone",
                "mobile": "Mobile",
                "created_at": "Created Time",
                "country": "Mailing Country",
                "additional_emails": "Secondary Email",
                "ignored_status": "Email Opt Out",
            },
        ),
        (  # Google contacts
            ("First Name,Last Name,Organization Name,Organization Title,Labels,E-mail 1 - Label,"
            "E-mail 1 - Value,E-mail 2 - Value,Phone 1 - Value,Address 1 - Country"),
            {
                "first_name": "First Name",
                "last_name": "Last Name",
                "company": "Organization Name",
                "job_title": "Organization Title",
                "unknown": "Labels",
                "email": "E-mail 1 - Value",
                "additional_emails": "E-mail 2 - Value",
                "phone": "Phone 1 - Value",
                "country": "Address 1 - Country",
            },
        ),
        (  # Outlook: its "Title" is "Mr." or "Dr."
            ("Title,First Name,Last Name,Company,Job Title,Business Country/Region,Business Phone,"
            "Mobile Phone,E-mail Address,E-mail 2 Address"),
            {
                "unknown": "Title",
                "first_name": "First Name",
                "last_name": "Last Name",
                "company": "Company",
                "job_title": "Job Title",
                "country": "Business Country/Region",
                "phone": "Business Phone",
                "mobile": "Mobile Phone",
                "email": "E-mail Address",
                "additional_emails": "E-mail 2 Address",
            },
        ),
        (  # Polish
            ("Identyfikator rekordu,Imię,Nazwisko,Adres e-mail,Numer telefonu,Telefon komórkowy,"
            "Numer WhatsApp,Nazwa firmy,Stanowisko,Kraj/region,Preferowany język,Etap cyklu życia,"
            "Właściciel kontaktu,Data utworzenia,Podstawa prawna przetwarzania danych kontaktu,"
            "Jednostka biznesowa,Wypisano ze wszystkich e-maili,Dodatkowe adresy e-mail"),
            {
                "record_id": "Identyfikator rekordu",
                "first_name": "Imię",
                "last_name": "Nazwisko",
                "email": "Adres e-mail",
                "phone": "Numer telefonu",
                "mobile": "Telefon komórkowy",
                "whatsapp": "Numer WhatsApp",
                "company": "Nazwa firmy",
                "job_title": "Stanowisko",
                "country": "Kraj/region",
                "language": "Preferowany język",
                "lifecycle_stage": "Etap cyklu życia",
                "owner": "Właściciel kontaktu",
                "created_at": "Data utworzenia",
                "legal_basis": "Podstawa prawna przetwarzania danych kontaktu",
                "business_units": "Jednostka biznesowa",
                "ignored_status": "Wypisano ze wszystkich e-maili",
                "additional_emails": "Dodatkowe adresy e-mail",
            },
        ),
        (  # German
            ("Datensatz-ID,Vorname,Nachname,E-Mail-Adresse,Telefonnummer,Mobiltelefonnummer,"
            "WhatsApp-Nummer,Unternehmensname,Berufsbezeichnung,Land/Region,Bevorzugte Sprache,"
            "Lifecycle-Phase,Kontakt-Inhaber,Erstellungsdatum,"
            "Rechtsgrundlage für die Verarbeitung von Kontaktdaten,Geschäftsbereich,"
            "Von allen E-Mails abgemeldet,Weitere E-Mail-Adressen"),
            {
                "record_id": "Datensatz-ID",
                "first_name": "Vorname",
                "last_name": "Nachname",
                "email": "E-Mail-Adresse",
                "phone": "Telefonnummer",
                "mobile": "Mobiltelefonnummer",
                "whatsapp": "WhatsApp-Nummer",
                "company": "Unternehmensname",
                "job_title": "Berufsbezeichnung",
                "country": "Land/Region",
                "language": "Bevorzugte Sprache",
                "lifecycle_stage": "Lifecycle-Phase",
                "owner": "Kontakt-Inhaber",
                "created_at": "Erstellungsdatum",
                "legal_basis": "Rechtsgrundlage für die Verarbeitung von Kontaktdaten",
                "business_units": "Geschäftsbereich",
                "ignored_status": "Von allen E-Mails abgemeldet",
                "additional_emails": "Weitere E-Mail-Adressen",
            },
        ),
    ],
    ids=[
        "salesforce", "data-loader", "pipedrive", "mailchimp", "zoho", "google", "outlook",
        "polish", "german",
    ],
)  # fmt: skip
def test_exports_of_common_systems(line, expected):
    assert known(line) == expected


@pytest.mark.parametrize(
    "spelling", ["First Name", "first_name", "FIRSTNAME", " First-name: ", "FirstName"]
)
def test_case_blanks_and_punctuation_do_not_matter(spelling):
    assert meanings([spelling]) == {spelling: Field.FIRST_NAME}


@pytest.mark.parametrize("spelling", ["Imię", "Imie", "IMIĘ", "imie\u0328"])
def test_accents_do_not_matter(spelling):
    assert meanings([spelling]) == {spelling: Field.FIRST_NAME}


def test_the_second_email_column_is_an_additional_one():
    assert meanings(["E-mail", "Work email"]) == {
        "E-mail": Field.EMAIL,
        "Work email": Field.ADDITIONAL_EMAILS,
    }


def test_several_columns_may_share_a_field():
    assert recognise(["Home Phone", "Business Phone"]).of(Field.PHONE) == (0, 1)


@pytest.mark.parametrize(
    "name",
    [
        "Unsubscribed from all email", "Opted out of email: One to One", "hs_email_optout_77",
        "hs_sms_optin", "Email Opt Out", "HasOptedOutOfFax", "OPTIN_TIME", "CONFIRM_IP",
        "UNSUB_REASON", "Subscription status", "Marketing contact status", "Do Not Call",
        "Email marketing consent", "GDPR consent", "SMS marketing status", "Zgoda marketingowa",
        "Zgoda na e-mail", "Wypisany", "Abgemeldet am", "Einwilligung", "WhatsApp Opt-in",
    ],
)  # fmt: skip
def test_r7_status_columns_are_told_apart_so_that_nothing_acts_on_them(name):
    assert meanings([name]) == {name: Field.IGNORED_STATUS}


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "Option A",
        "Optional note",
        "Subscriber Key",
        "Confirmed size",
        "Hobby",
        "日本語",
        "Hard bounce reason",
    ],
)
def test_everything_else_may_be_a_custom_property(name):
    assert meanings([name]) == {name: Field.UNKNOWN}


def test_simplified_keeps_letters_of_every_alphabet():
    assert simplified("  Größe_(CM) ") == "grossecm"
    assert simplified("Łódź") == "lodz"
    assert simplified("İstanbul ılık") == "istanbulilik"
    assert simplified("Россия!") == "россия"
