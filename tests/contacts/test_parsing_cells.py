"""Values of contact files: read where they are clear, None where they are not."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.parsing.cells import (
    LegalBases,
    country,
    email_addresses,
    language,
    legal_bases,
    lifecycle_stage,
    moment,
    parts,
)
from contacts.parsing.columns import simplified
from contacts.parsing.places import COUNTRY_NAMES, LANGUAGE_NAMES
from contacts.parsing.reading import rows

DATA = Path(__file__).parent.parent / "data"
WARSAW = ZoneInfo("Europe/Warsaw")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Poland", "PL"), ("Polska", "PL"), ("POLEN", "PL"), (" polska ", "PL"), ("PL", "PL"),
        ("POL", "PL"), ("Deutschland", "DE"), ("Niemcy", "DE"), ("Norge", "NO"), ("Brasil", "BR"),
        ("Japan", "JP"), ("日本", "JP"), ("France", "FR"), ("United Kingdom", "GB"), ("uk", "GB"),
        ("Österreich", "AT"), ("Osterreich", "AT"), ("Côte", None), ("us", "US"), ("U.S.A.", "US"),
        ("The Netherlands", "NL"), ("Türkiye", "TR"), ("TURKIYE", "TR"), ("Україна", "UA"),
        ("Bhutan", None), ("BT", "BT"), ("XX", None), ("", None), ("  ", None), ("Atlantis", None),
    ],
)  # fmt: skip
def test_country(text, code):
    assert country(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("pl", "pl"), ("PL", "pl"), ("pl-PL", "pl"), ("pl_PL", "pl"), ("Polish", "pl"),
        ("polski", "pl"), ("Polnisch", "pl"), ("Polish - Poland", "pl"), ("en-gb", "en"),
        ("English (UK)", "en"), ("zh-Hant-TW", "zh"), ("日本語", "ja"), ("ja", "ja"),
        ("Deutsch", "de"), ("deu", "de"), ("Norwegian Bokmål", "nb"), ("norsk", "no"),
        ("", None), ("-", None), ("tlh", None), ("Klingon", None),
    ],
)  # fmt: skip
def test_language(text, code):
    assert language(text) == code


@pytest.mark.parametrize("names", [COUNTRY_NAMES, LANGUAGE_NAMES])
def test_no_name_of_a_place_means_two(names):
    keys = [
        (simplified(name), code) for code, listed in names.items() for name in listed.split(",")
    ]
    assert all(key for key, _ in keys)
    assert len({key for key, _ in keys}) == len(set(keys))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-11-25 00:55", datetime(2024, 11, 25, 0, 55, tzinfo=UTC)),
        ("2024-11-25", datetime(2024, 11, 25, tzinfo=UTC)),
        (" 2024-11-25T00:55:10Z ", datetime(2024, 11, 25, 0, 55, 10, tzinfo=UTC)),
        (
            "2024-11-25T00:55:10.123456+02:00",
            datetime(2024, 11, 24, 22, 55, 10, 123456, tzinfo=UTC),
        ),
        ("2024-11-25 00:55:10 +0200", datetime(2024, 11, 24, 22, 55, 10, tzinfo=UTC)),
        ("2024-11-25 00:55:10 UTC", datetime(2024, 11, 25, 0, 55, 10, tzinfo=UTC)),
        ("25.11.2024", datetime(2024, 11, 25, tzinfo=UTC)),
        ("5.1.2024 7:05", datetime(2024, 1, 5, 7, 5, tzinfo=UTC)),
        ("25.11.2024, 07:05:09", datetime(2024, 11, 25, 7, 5, 9, tzinfo=UTC)),
        ("2024/11/25 07:05", datetime(2024, 11, 25, 7, 5, tzinfo=UTC)),
        ("11/25/2024", datetime(2024, 11, 25, tzinfo=UTC)),
        ("25/11/2024", datetime(2024, 11, 25, tzinfo=UTC)),
        ("25-11-2024", datetime(2024, 11, 25, tzinfo=UTC)),
        ("05/05/2024", datetime(2024, 5, 5, tzinfo=UTC)),
        ("11/25/2024 3:05 PM", datetime(2024, 11, 25, 15, 5, tzinfo=UTC)),
        ("11/25/2024 12:05 am", datetime(2024, 11, 25, 0, 5, tzinfo=UTC)),
        ("11/25/2024 12:05 p.m.", datetime(2024, 11, 25, 12, 5, tzinfo=UTC)),
        ("1723188600", datetime(2024, 8, 9, 7, 30, tzinfo=UTC)),
        ("1723188600123", datetime(2024, 8, 9, 7, 30, tzinfo=UTC)),
        # Either of two days, none at all, or no date.
        ("05/06/2024", None),
        ("31/02/2026", None),
        ("30.02.2026", None),
        ("13/13/2024", None),
        ("11/25/2024 13:05 PM", None),
        ("25.11.2024 24:01", None),
        ("2024-02-30", None),
        ("2024-W03-1", None),
        ("20241125", None),
        ("25.11.24", None),
        ("yesterday", None),
        ("", None),
        ("0001-01-01T00:00:00+05:00", None),
        ("01.01.0001", datetime(1, 1, 1, tzinfo=UTC)),
        ("01.13.2024", None),
    ],
)
def test_moment(text, expected):
    assert moment(text) == expected


def test_moment_reads_a_time_without_offset_in_the_zone_given():
    assert moment("2024-07-01 12:00", WARSAW) == datetime(2024, 7, 1, 10, 0, tzinfo=UTC)
    assert moment("1.7.2024 12:00", WARSAW) == datetime(2024, 7, 1, 10, 0, tzinfo=UTC)
    assert moment("2024-07-01T12:00Z", WARSAW) == datetime(2024, 7, 1, 12, 0, tzinfo=UTC)
    assert moment("1.1.0001", timezone(timedelta(hours=5))) is None


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("Subscriber", "subscriber"), ("lead", "lead"),
        ("Marketing Qualified Lead", "marketingqualifiedlead"), ("MQL", "marketingqualifiedlead"),
        ("salesqualifiedlead", "salesqualifiedlead"), ("Opportunity", "opportunity"),
        ("Szansa sprzedaży", "opportunity"), ("CUSTOMER", "customer"), ("Kunde", "customer"),
        ("evangelist", "evangelist"), ("Other", "other"), ("", None), ("king", None),
    ],
)  # fmt: skip
def test_lifecycle_stage(text, stage):
    assert lifecycle_stage(text) == stage


@pytest.mark.parametrize(
    ("text", "basis"),
    [
        ("Legitimate interest – prospect/lead", "LEGITIMATE_INTEREST_PQL"),
        ("Legitimate interest - prospect/lead", "LEGITIMATE_INTEREST_PQL"),
        ("legitimate interest — existing customer", "LEGITIMATE_INTEREST_CLIENT"),
        ("Legitimate interest - other", "LEGITIMATE_INTEREST_OTHER"),
        ("Performance of a contract", "PERFORMANCE_OF_CONTRACT"),
        ("Freely given consent from contact", "CONSENT_WITH_NOTICE"),
        ("Not applicable", "NON_GDPR"),
        ("LEGITIMATE_INTEREST_PQL", "LEGITIMATE_INTEREST_PQL"),
        ("non_gdpr", "NON_GDPR"),
        ("Uzasadniony interes – obecny klient", "LEGITIMATE_INTEREST_CLIENT"),
        ("Nicht zutreffend", "NON_GDPR"),
    ],
)
def test_legal_bases_by_label_and_by_name(text, basis):
    assert legal_bases(text) == LegalBases((basis,), ())


def test_legal_bases_of_a_cell_with_several():
    cell = "Not applicable; Performance of a contract;;Because we felt like it;Not applicable"
    assert legal_bases(cell) == (
        ("NON_GDPR", "PERFORMANCE_OF_CONTRACT"),
        ("Because we felt like it",),
    )
    assert legal_bases(" ") == ((), ())
    assert legal_bases("Process_and_store").unknown == ("Process_and_store",)  # R13: never a basis


def test_parts_drop_blanks_and_repetitions():
    assert parts(" Garden, Home ;; Shop;Shop") == ["Garden, Home", "Shop"]
    assert email_addresses("a@x.example; b@x.example,a@x.example") == ["a@x.example", "b@x.example"]
    assert email_addresses("") == []


@given(st.text(max_size=40) | st.from_regex(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}( \d{1,2}:\d\d)?"))
def test_no_value_makes_reading_fail(text):
    country(text), language(text), lifecycle_stage(text), legal_bases(text)
    read = moment(text)
    assert read is None or read.utcoffset() == timedelta(0)


def test_the_values_of_the_sample_files_are_understood():
    with (DATA / "crm-contacts-messy.csv").open("rb") as file:
        header, *records = rows(file)
        column = {name: index for index, name in enumerate(header.values)}
        for row in records:
            if row.error:
                continue
            value = lambda name: row.values[column[name]]  # noqa: B023, E731 - used at once
            assert country(value("Country/Region"))
            assert language(value("Preferred language")) or not value("Preferred language")
            assert lifecycle_stage(value("Lifecycle Stage")) or not value("Lifecycle Stage")
            assert moment(value("Create Date")) or row.number == 21
            unknown = legal_bases(value("Legal basis for processing contact's data")).unknown
            assert unknown == (("Because we felt like it",) if row.number == 25 else ())
