"""Recognises the columns of contact exports by their header names, in English, Polish and German.

Knows the exports of HubSpot, Salesforce, Pipedrive, Mailchimp, Zoho, Google and Outlook contacts.
Columns with subscription statuses are recognised so that they can be left alone: a contact import
changes no consent (R1, R7).
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class Field(StrEnum):
    """What a column of a contact file means to us."""

    RECORD_ID = "record_id"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    FULL_NAME = "full_name"
    EMAIL = "email"
    ADDITIONAL_EMAILS = "additional_emails"
    PHONE = "phone"
    MOBILE = "mobile"
    WHATSAPP = "whatsapp"
    COMPANY = "company"
    JOB_TITLE = "job_title"
    COUNTRY = "country"
    LANGUAGE = "language"
    LIFECYCLE_STAGE = "lifecycle_stage"
    OWNER = "owner"
    CREATED_AT = "created_at"
    LEGAL_BASIS = "legal_basis"
    BUSINESS_UNITS = "business_units"
    IGNORED_STATUS = "ignored_status"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its place counted from 0, its header as written, and its meaning."""

    index: int
    header: str
    field: Field


@dataclass(frozen=True, slots=True)
class Mapping:
    """What the columns of one file mean.

    Several columns may share a field (`Business Phone` and `Home Phone`), in the order of the file;
    the first that is not empty in a row counts. Only `email` is given out once: further ones become
    `additional_emails`.
    """

    columns: tuple[Column, ...]

    def of(self, field: Field) -> tuple[int, ...]:
        """Return the places of the columns with this meaning."""
        return tuple(column.index for column in self.columns if column.field is field)

    @property
    def ignored_statuses(self) -> tuple[Column, ...]:
        """Return the columns that a contact import must not act on."""
        return tuple(c for c in self.columns if c.field is Field.IGNORED_STATUS)

    @property
    def unknown(self) -> tuple[Column, ...]:
        """Return the columns that may be custom properties, by label or internal name."""
        return tuple(c for c in self.columns if c.field is Field.UNKNOWN)


_WITHOUT_DECOMPOSITION = str.maketrans({"ł": "l", "ß": "ss", "ø": "o", "đ": "d", "ı": "i"})


def simplified(text: str) -> str:
    """Return the letters and digits alone, in lower case and without accents.

    So `E-Mail_Address`, `e-mail address` and `EmailAddress` are one name, and so are `Imię` and
    `Imie`.
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_WITHOUT_DECOMPOSITION))
    return "".join(character for character in decomposed if character.isalnum())


# Names are parted by commas; those of Mailchimp and HubSpot's internal ones are among them.
_NAMES = {
    Field.RECORD_ID: """
        record id, recordid, id, contact id, person id, lead id, hs_object_id, vid, euid,
        zoho record id, identyfikator, identyfikator rekordu, id rekordu, id kontaktu,
        datensatz-id, datensatznummer, kontakt-id
    """,
    Field.FIRST_NAME: """
        first name, given name, forename, fname, imię, imiona, imię kontaktu, vorname, rufname
    """,
    Field.LAST_NAME: """
        last name, family name, surname, lname, nazwisko, nachname, familienname, zuname
    """,
    Field.FULL_NAME: """
        name, full name, contact name, display name, contact, person, imię i nazwisko,
        nazwisko i imię, nazwa wyświetlana, vollständiger name, vor- und nachname, anzeigename,
        kontaktname
    """,
    Field.EMAIL: """
        email, mail, e-mail address, email address, primary email, work email, email work,
        business email, e-mail 1 value, email 1 value, email 1 address, contact email,
        adres e-mail, adres email, adres poczty elektronicznej, poczta elektroniczna,
        główny e-mail, e-mail służbowy, e-mail-adresse, mailadresse, primäre e-mail, e-mail 1
    """,
    Field.ADDITIONAL_EMAILS: """
        additional email addresses, additional emails, additional email, hs_additional_emails,
        secondary email, other email, other emails, alternate email, personal email, home email,
        email home, email other, email 2, email 3, e-mail 2 address, e-mail 3 address,
        e-mail 2 value, e-mail 3 value, e-mail 4 value, dodatkowe adresy e-mail,
        dodatkowe adresy email, dodatkowy e-mail, inny e-mail, e-mail prywatny,
        weitere e-mail-adressen, zusätzliche e-mail-adressen, weitere e-mail,
        zweite e-mail-adresse, e-mail-adresse 2, e-mail 2: adresse, e-mail 3: adresse, e-mail privat
    """,
    Field.PHONE: """
        phone, phone number, telephone, telephone number, primary phone, business phone, work phone,
        phone work, home phone, phone home, other phone, phone other, business phone 2, phone 1
        value, phone 2 value, phone 3 value, company main phone, telefon, numer telefonu, nr
        telefonu, tel, telefon służbowy, telefon domowy, telefon stacjonarny, telefonnummer,
        rufnummer, telefon geschäftlich, telefon (geschäftlich), telefon privat, telefon (privat),
        festnetz
    """,
    Field.MOBILE: """
        mobile, mobile phone, mobile phone number, mobile number, phone mobile, cell, cell phone,
        cellphone, sms, sms phone, sms phone number, sms number, telefon komórkowy, komórka,
        numer komórkowy, numer telefonu komórkowego, nr telefonu komórkowego, mobiltelefon,
        mobilnummer, mobilfunknummer, mobiltelefonnummer, handy, handynummer, mobil
    """,
    Field.WHATSAPP: """
        whatsapp, whatsapp number, whatsapp phone, whatsapp phone number, hs_whatsapp_phone_number,
        numer whatsapp, numer telefonu whatsapp, whatsapp-nummer, whatsapp-telefonnummer
    """,
    Field.COMPANY: """
        company, company name, account name, account, organization, organisation, organization name,
        organization 1 name, associated company, firma, nazwa firmy, organizacja, przedsiębiorstwo,
        unternehmen, unternehmensname, name des unternehmens, firmenname, firmen name
    """,
    Field.JOB_TITLE: """
        job title, title, position, role, organization title, organization 1 title, stanowisko,
        stanowisko pracy, berufsbezeichnung, jobtitel, stellenbezeichnung, funktion
    """,
    Field.COUNTRY: """
        country, country/region, country region, country code, mailing country, business country,
        business country/region, home country, home country/region, address 1 country, cc, kraj,
        kraj/region, państwo, land, land/region, land geschäftlich
    """,
    Field.LANGUAGE: """
        language, preferred language, language code, hs_language, locale, język, preferowany język,
        język preferowany, sprache, bevorzugte sprache, korrespondenzsprache
    """,
    Field.LIFECYCLE_STAGE: """
        lifecycle stage, lifecycle, etap cyklu życia, faza cyklu życia, lifecycle-phase,
        lebenszyklusphase, lifecycle-stage
    """,
    Field.OWNER: """
        owner, contact owner, record owner, owner name, hubspot_owner_id, owner id, contact owner
        id, właściciel, właściciel kontaktu, opiekun, opiekun kontaktu, inhaber, kontaktinhaber,
        zuständiger mitarbeiter, besitzer, kontakt-besitzer
    """,
    Field.CREATED_AT: """
        create date, created, created at, created date, created time, date created, creation date,
        createdate, person created, contact created, add time, data utworzenia, utworzono,
        utworzony, erstellungsdatum, erstellt, erstellt am, angelegt am, anlagedatum
    """,
    Field.LEGAL_BASIS: """
        legal basis for processing contact's data, legal basis, hs_legal_basis,
        legal basis for processing, podstawa prawna, podstawa prawna przetwarzania danych,
        podstawa prawna przetwarzania danych kontaktu, rechtsgrundlage,
        rechtsgrundlage für die verarbeitung der kontaktdaten,
        rechtsgrundlage für die verarbeitung von kontaktdaten,
        rechtsgrundlage für die datenverarbeitung
    """,
    Field.BUSINESS_UNITS: """
        business unit, business units, brand, brands, hs_all_assigned_business_unit_ids,
        jednostka biznesowa, jednostki biznesowe, marka, marki, geschäftseinheit,
        geschäftseinheiten, geschäftsbereich, geschäftsbereiche, marke, marken
    """,
}

_FIELDS = {simplified(name): field for field, names in _NAMES.items() for name in names.split(",")}

# What simplified names of status columns begin with, beside the few exact ones.
_STATUS_BEGINNING = re.compile(
    r"(?:hs)?(?:un|re)?subscri(?:bed|ption|be$)"
    r"|unsub|optedout|optout|optin|hs(?:email|sms|whatsapp)?opt(?:out|in)"
    r"|(?:has|is)?(?:email|sms|whatsapp|fax|phone)?opt(?:ed)?(?:out|in)|hasopted"
    r"|confirm(?:time|ip)$|marketing(?:status|consent|permission|contact)"
    r"|(?:email|sms)(?:marketing|subscription|consent|permission|optout|optin)"
    r"|gdpr|donot(?:call|contact|email|mail)|consent"
    r"|wypis|rezygnacja|zgod[ay](?:na|marketing|$)|subskryp"
    r"|abgemeldet|abbestellt|abonn|einwilligung|vonallenemails|vonalleneemails"
)
# Salesforce and Pipedrive export a table's name with the column: `Contact: Email`, `Person - Name`.
_TABLE_PREFIX = re.compile(r"\s*(?:person|contact|lead|osoba|kontakt)\s*[-:.]\s*", re.IGNORECASE)


def recognise(header: list[str]) -> Mapping:
    """Return what each column means; unknown names and status columns are named as such."""
    columns = []
    has_email = False
    has_job_title = any(simplified(name) == "jobtitle" for name in header)
    for index, name in enumerate(header):
        field = _field_of(name)
        if field is Field.EMAIL:
            field = Field.ADDITIONAL_EMAILS if has_email else Field.EMAIL
            has_email = True
        elif has_job_title and simplified(name) == "title":  # Outlook's "Mr." or "Dr."
            field = Field.UNKNOWN
        columns.append(Column(index, name, field))
    return Mapping(tuple(columns))


def _field_of(name: str) -> Field:
    for candidate in (name, _TABLE_PREFIX.sub("", name, count=1)):
        key = simplified(candidate)
        if key in _FIELDS:
            return _FIELDS[key]
        if _STATUS_BEGINNING.match(key):
            return Field.IGNORED_STATUS
    return Field.UNKNOWN
