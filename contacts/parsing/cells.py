"""Reads the values of contact files: countries, languages, dates, stages, legal bases.

A value that is not understood comes back as None, never as a guess and never as an exception; the
caller knows whether an empty value is one.
"""

import re
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from phonenumbers import SUPPORTED_REGIONS

from contacts.parsing.columns import simplified
from contacts.parsing.places import COUNTRY_NAMES, LANGUAGE_NAMES

_COUNTRIES = {
    simplified(name): code for code, names in COUNTRY_NAMES.items() for name in names.split(",")
}
_LANGUAGES = {
    simplified(name): code
    for code, names in LANGUAGE_NAMES.items()
    for name in (code, *names.split(","))
}
_BEFORE_REGION = re.compile(r"[^-–_(/]+")


def country(text: str) -> str | None:
    """Return the ISO 3166 alpha-2 code of a country.

    Names are English, Polish, German or the country's own.
    Codes of two letters are taken whatever the country, codes of three for the countries we know.
    """
    known = _COUNTRIES.get(simplified(text))
    if known:
        return known
    code = text.strip().upper()
    return code if code in SUPPORTED_REGIONS else None


def language(text: str) -> str | None:
    """Return the BCP 47 primary subtag of a language's name or tag, without its region.

    So `Polish`, `pl_PL`, and HubSpot's `Polish - Poland` all give `pl`.
    """
    before_region = _BEFORE_REGION.match(text)
    return _LANGUAGES.get(simplified(text)) or (
        _LANGUAGES.get(simplified(before_region.group())) if before_region else None
    )


def parts(text: str, separators: str = ";") -> list[str]:
    """Return the values of a cell that holds several, without blanks and repetitions."""
    values = re.split(f"[{re.escape(separators)}]", text)
    return list(dict.fromkeys(stripped for value in values if (stripped := value.strip())))


def email_addresses(text: str) -> list[str]:
    """Return the addresses of a cell, parted by semicolons or commas, as they were written."""
    return parts(text, ";,")


_TIME = r"(?:[T\s,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
_TIME += r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?"
_YEAR_FIRST = re.compile(rf"(?P<year>\d{{4}})/(?P<month>\d{{1,2}})/(?P<day>\d{{1,2}}){_TIME}")
_GERMAN_OR_POLISH = re.compile(
    rf"(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.(?P<year>\d{{4}}){_TIME}"
)
_SLASHES = re.compile(rf"(?P<one>\d{{1,2}})[/-](?P<two>\d{{1,2}})[/-](?P<year>\d{{4}}){_TIME}")
_UNIX_TIME = re.compile(r"\d{10}(?:\d{3})?")


def moment(text: str, zone: tzinfo = UTC) -> datetime | None:
    """Return the time that a cell names, in UTC; a time without an offset is one of `zone`.

    Reads ISO 8601 with a T or a blank, `d.m.Y`, `Y/m/d`, Unix times in seconds or milliseconds, and
    `m/d/Y` or `d/m/Y` where only one of the two can be meant. A date alone is its first moment.
    """
    text = text.strip()
    if _UNIX_TIME.fullmatch(text):
        return datetime.fromtimestamp(int(text[:10]), UTC)
    try:
        return _in_utc(datetime.fromisoformat(_iso_spelling(text)), zone)
    except (ValueError, OverflowError):
        pass
    for pattern in (_YEAR_FIRST, _GERMAN_OR_POLISH, _SLASHES):
        match = pattern.fullmatch(text)
        if match:
            return _from_groups(match.groupdict(), zone)
    return None


def _iso_spelling(text: str) -> str:
    """Mend a blank before the offset and ` UTC`; raises ValueError for anything but full dates."""
    if not re.match(r"\d{4}-\d{2}-\d{2}(?:[T\s]|\Z)", text, re.IGNORECASE):
        raise ValueError
    return re.sub(r"\s*(?:UTC|GMT)\Z", "+00:00", re.sub(r"\s+(?=[+-]\d{2}:?\d{2}\Z)", "", text))


def _from_groups(groups: dict[str, str | None], zone: tzinfo) -> datetime | None:
    """Return the time of a pattern's groups, None for no such day or two possible ones."""
    number = {name: int(value or 0) for name, value in groups.items() if name != "half"}
    if "one" in number:
        month, day = number["one"], number["two"]
        if month > 12:
            month, day = day, month
        elif day <= 12 and day != month:
            return None
    else:
        month, day = number["month"], number["day"]
    hour = number["hour"]
    if half := groups["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    try:
        return datetime(
            number["year"], month, day, hour, number["minute"], number["second"], tzinfo=zone
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _in_utc(moment: datetime, zone: tzinfo) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


_STAGES = {
    "subscriber": "subscriber, subskrybent, abonnent",
    "lead": "lead, potencjalny klient, interessent",
    "marketingqualifiedlead": "marketing qualified lead, mql, lead zakwalifikowany marketingowo",
    "salesqualifiedlead": "sales qualified lead, sql, lead zakwalifikowany sprzedażowo",
    "opportunity": "opportunity, szansa sprzedaży, okazja, verkaufschance, chance",
    "customer": "customer, klient, kunde",
    "evangelist": "evangelist, ewangelista, ambasador, fürsprecher",
    "other": "other, inne, inny, sonstiges, andere, sonstige",
}
_STAGE_BY_NAME = {
    simplified(name): stage for stage, names in _STAGES.items() for name in names.split(",")
}


def lifecycle_stage(text: str) -> str | None:
    """Return HubSpot's internal value for a life-cycle stage's label or value."""
    return _STAGE_BY_NAME.get(simplified(text))


# HubSpot writes its labels with a hyphen or an en dash; `simplified` drops both.
_LEGAL_BASES = {
    "LEGITIMATE_INTEREST_PQL": (
        "legitimate interest - prospect/lead",
        "uzasadniony interes - potencjalny klient/lead",
        "uzasadniony interes - potencjalny klient",
        "berechtigtes interesse - interessent/lead",
        "berechtigtes interesse - potenzieller kunde/lead",
    ),
    "LEGITIMATE_INTEREST_CLIENT": (
        "legitimate interest - existing customer",
        "uzasadniony interes - obecny klient",
        "uzasadniony interes - istniejący klient",
        "berechtigtes interesse - bestehender kunde",
        "berechtigtes interesse - bestandskunde",
    ),
    "LEGITIMATE_INTEREST_OTHER": (
        "legitimate interest - other",
        "uzasadniony interes - inny",
        "uzasadniony interes - inne",
        "berechtigtes interesse - sonstiges",
        "berechtigtes interesse - andere",
    ),
    "PERFORMANCE_OF_CONTRACT": (
        "performance of a contract",
        "wykonanie umowy",
        "vertragserfüllung",
        "erfüllung eines vertrags",
    ),
    "CONSENT_WITH_NOTICE": (
        "freely given consent from contact",
        "dobrowolna zgoda kontaktu",
        "dobrowolna zgoda",
        "freiwillige einwilligung des kontakts",
        "freiwillige zustimmung des kontakts",
    ),
    "NON_GDPR": ("not applicable", "nie dotyczy", "nicht zutreffend", "nicht anwendbar"),
}
_LEGAL_BASIS_BY_LABEL = {
    simplified(name): basis for basis, labels in _LEGAL_BASES.items() for name in (basis, *labels)
}


class LegalBases(NamedTuple):
    """The bases of a cell as names of the enumeration, and the labels that are none."""

    known: tuple[str, ...]
    unknown: tuple[str, ...]


def legal_bases(text: str) -> LegalBases:
    """Return the legal bases for processing that a cell names, parted by semicolons."""
    known: dict[str, None] = {}
    unknown = []
    for label in parts(text):
        basis = _LEGAL_BASIS_BY_LABEL.get(simplified(label))
        if basis:
            known[basis] = None
        else:
            unknown.append(label)
    return LegalBases(tuple(known), tuple(unknown))
