"""Reading CSV: formats are found out, bad rows become reasons, good rows around them survive."""

import codecs
import io
import tracemalloc
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.parsing.reading import (
    CHUNK_BYTES,
    FIELD_TOO_LONG,
    NUL_CHARACTER,
    RECORD_MAX_CHARACTERS,
    RECORD_TOO_LONG,
    SAMPLE_BYTES,
    TEXT_AFTER_QUOTE,
    TOO_FEW_COLUMNS,
    TOO_MANY_COLUMNS,
    UNCLOSED_QUOTE,
    UNDECODABLE,
    Format,
    Row,
    rows,
    sniff,
)

DATA = Path(__file__).parent.parent / "data"
POLISH = "Imię;Nazwisko\nŁucja;Gąsiorowska\nŚwięcisława;Żółć\n"
GERMAN = "Vorname;Nachname\nJürgen;Weiß\nSören;Müller\n"


def read(content, **options):
    if isinstance(content, str):
        content = content.encode()
    return list(rows(io.BytesIO(content), **options))


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (b"", Format("utf-8", ",")),
        (b"Email\n", Format("utf-8", ",")),
        ("a,b\nłąka,x\n".encode(), Format("utf-8", ",")),
        ("a,b\nłąka,x\n".encode("utf-8-sig"), Format("utf-8-sig", ",")),
        ("a\tb\nłąka\tx\n".encode("utf-16"), Format("utf-16", "\t")),
        (codecs.BOM_UTF16_BE + "a;b\nłąka;x\n".encode("utf-16-be"), Format("utf-16", ";")),
        ("a;b\nłąka;x\n".encode("utf-16-le"), Format("utf-16-le", ";")),
        ("a;b\nłąka;x\n".encode("utf-16-be"), Format("utf-16-be", ";")),
        (POLISH.encode("cp1250"), Format("cp1250", ";")),
        ("Jméno;Příjmení\nJiří;Dvořák\nTomáš;Růžička\n".encode("cp1250"), Format("cp1250", ";")),
        ("Név;Város\nGyőző;Fűzfő\n".encode("cp1250"), Format("cp1250", ";")),
        (GERMAN.encode("cp1252"), Format("cp1252", ";")),
        ("Nom;Prénom\nLefèvre;Hélène\nGarçon;Zoë\n".encode("cp1252"), Format("cp1252", ";")),
        ("Navn;By\nSøren;Ærø\nBjørn;Århus\n".encode("cp1252"), Format("cp1252", ";")),
        ("Nombre;País\nNúñez;España\n".encode("cp1252"), Format("cp1252", ";")),
        ("Nome;País\nJoão;Conceição\n".encode("cp1252"), Format("cp1252", ";")),
        # One broken byte does not turn UTF-8 into a code page, nor does a character cut in two.
        ("a,b\nłąka,x\n".encode() + b"\xb3,y\n", Format("utf-8", ",")),
        ("a,b\nłąka,x\nł".encode()[:-1], Format("utf-8", ",")),
        # Separators inside quotes and in single values do not count.
        (b'a;b\n"x,y,z";1\n"x,y,\nz";2\n', Format("utf-8", ";")),
        (b"a,b\nx;y;z,1\n", Format("utf-8", ",")),
        (b'"Name, first";b\nx;y\nz;w\n', Format("utf-8", ";")),
        (b'Email\n"Kowalski, Jan; dr"\n', Format("utf-8", ",")),
        (b'a;b\n1;"' + b"x" * 140_000, Format("utf-8", ";")),
        (b"sep=;\nfirst,last;b\n", Format("utf-8", ";")),
        (b"sep=\t\r\na\tb\r\n", Format("utf-8", "\t")),
    ],
)
def test_sniff(sample, expected):
    assert sniff(sample) == expected


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1250"]
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_rows_in_every_encoding_and_with_every_line_end(encoding, line_end):
    content = 'Imię;Uwagi\nŁucja;"pierwsza\ndruga; ""trzecia"""\nŻaneta;\n'
    assert read(content.replace("\n", line_end).encode(encoding)) == [
        Row(1, ["Imię", "Uwagi"]),
        Row(2, ["Łucja", f'pierwsza{line_end}druga; "trzecia"']),
        Row(3, ["Żaneta", ""]),
    ]


def test_rows_take_a_format_from_the_caller():
    assert read("ą|ę".encode("cp1250"), file_format=Format("cp1250", "|")) == [Row(1, ["ą", "ę"])]


def test_rows_read_a_polish_export_in_windows_1250():
    records = read((DATA / "crm-contacts-pl.csv").read_bytes())
    assert len(records) == 1201
    assert not any(row.error for row in records)
    assert records[1].values[1:3] == ["Agnieszka", "Żółć"]
    assert records[2].values[14].split(";") == [
        "Freely given consent from contact",
        "Legitimate interest – existing customer",
    ]


def test_rows_read_a_messy_export_and_say_what_is_wrong():
    records = read((DATA / "crm-contacts-messy.csv").read_bytes())
    assert [row.number for row in records] == list(range(1, 802))
    assert {row.number: row.error for row in records if row.error} == {
        23: TOO_FEW_COLUMNS,
        24: TOO_MANY_COLUMNS,
    }
    by_number = {row.number: row.values for row in records}
    assert by_number[1][0] == "Record ID"  # without the byte order mark
    assert by_number[10][1] == '=HYPERLINK("http://x.example","x")'
    assert by_number[12][7] == 'Line one\nline two, with "quotes"'
    assert by_number[17][3] == " jan.spacja@poczta.example "
    assert by_number[22][3] == "zero\u200bwidth@poczta.example"


def test_numbers_count_as_a_spreadsheet_does():
    content = '\na,b\n\n"x\ny",1\n\nz,2'
    assert [(row.number, row.values) for row in read(content)] == [
        (2, ["a", "b"]),
        (4, ["x\ny", "1"]),
        (6, ["z", "2"]),
    ]
    assert [row.number for row in read("sep=;\r\na;b\r\n1;2\r\n")] == [1, 2]


def test_empty_columns_at_the_end_are_no_mistake():
    assert read("a,b\n1,2,,\n")[1] == Row(2, ["1", "2"])
    assert read("a,b\n1,2,,x\n")[1] == Row(2, ["1", "2", "", "x"], TOO_MANY_COLUMNS)
    assert read("a,b\n1\n")[1] == Row(2, ["1"], TOO_FEW_COLUMNS)


def test_nul_and_undecodable_bytes_cost_their_row_only():
    content = "a,b\nłąka,1\n".encode() + b"x\0y,2\nx\xffy,3\nz,4\n"
    assert read(content)[2:] == [
        Row(3, ["x\ufffdy", "2"], NUL_CHARACTER),
        Row(4, ["x\ufffdy", "3"], UNDECODABLE),
        Row(5, ["z", "4"]),
    ]


def test_bytes_that_a_code_page_leaves_out_are_undecodable():
    assert read(POLISH.encode("cp1250") + b"x\x81;y\n")[-1] == Row(4, ["x\ufffd", "y"], UNDECODABLE)


def test_half_a_character_at_the_end_is_undecodable():
    assert read("a,b\nłąka,ł".encode()[:-1])[-1] == Row(2, ["łąka", "\ufffd"], UNDECODABLE)
    assert read("a,b\n1,2".encode("utf-16") + b"x")[-1] == Row(2, ["1", "2\ufffd"], UNDECODABLE)


def test_a_quote_never_closed_costs_its_own_line_only():
    content = 'a,b\n1,"Ann\n' + "".join(f"{number},x\n" for number in range(2, 1000))
    records = read(content)
    assert records[1] == Row(2, ['1,"Ann'], UNCLOSED_QUOTE)
    assert [row.values for row in records[2:]] == [[str(n), "x"] for n in range(2, 1000)]
    assert not any(row.error for row in records[2:])


def test_a_quote_never_closed_near_the_end_swallows_nothing():
    assert read('a,b\n1,"Ann\n2,x\n3,y') == [
        Row(1, ["a", "b"]),
        Row(2, ['1,"Ann'], UNCLOSED_QUOTE),
        Row(3, ["2", "x"]),
        Row(4, ["3", "y"]),
    ]


def test_a_quote_closed_by_the_next_rows_quote_does_not_mix_two_people():
    content = 'a,b,c\n1,"Ann,ann@firma.example\n2,"Bob",bob@firma.example\n'
    assert read(content)[1:] == [
        Row(2, ['1,"Ann,ann@firma.example'], TEXT_AFTER_QUOTE),
        Row(3, ["2", "Bob", "bob@firma.example"]),
    ]


def test_a_record_of_wrong_width_gives_swallowed_records_back():
    content = 'a,b,c\n1,"Ann\n2,Bob,y\n3,",Cid,z\n4,Dan,w\n'
    assert read(content)[1:] == [
        Row(2, ['1,"Ann'], UNCLOSED_QUOTE),
        Row(3, ["2", "Bob", "y"]),
        Row(4, ['3,",Cid,z'], UNCLOSED_QUOTE),
        Row(5, ["4", "Dan", "w"]),
    ]


def test_a_long_value_of_wrong_width_is_one_mistake_not_many():
    assert read('a,b,c\n1,"x\ny\n""z"\n')[1:] == [Row(2, ["1", 'x\ny\n"z'], TOO_FEW_COLUMNS)]
    assert read('a,b,c\n1,"x\n""y\nz"\n')[1:] == [Row(2, ["1", 'x\n"y\nz'], TOO_FEW_COLUMNS)]


def test_text_after_a_closing_quote_is_refused():
    assert read('a,b\n"Jan "Kuba" Kowalski",1\n2,x\n')[1:] == [
        Row(2, ['"Jan "Kuba" Kowalski",1'], TEXT_AFTER_QUOTE),
        Row(3, ["2", "x"]),
    ]


@pytest.mark.parametrize("length", [100_001, 140_000])
def test_a_value_too_long_is_refused(length):
    records = read(f"a,b\n1,{'x' * length}\n2,y\n")
    assert (records[1].number, records[1].error) == (2, FIELD_TOO_LONG)
    assert records[2] == Row(3, ["2", "y"])


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("content", ["x" * 3_000_000, "x," * 1_500_000, '"' + "x\t" * 1_500_000])
def test_a_line_too_long_is_refused_and_skipped(content, line_end):
    records = read(line_end.join(["a,b", content, "2,y", ""]))
    assert (records[1].number, records[1].error) == (2, RECORD_TOO_LONG)
    assert len("".join(records[1].values)) < 2 * RECORD_MAX_CHARACTERS
    assert records[2:] == [Row(3, ["2", "y"])]


def test_a_file_that_is_one_endless_line_is_one_refusal():
    assert [row.error for row in read("x" * 3_000_000)] == [RECORD_TOO_LONG]


def test_a_record_of_many_long_lines_is_given_up():
    never_closed = "a,b\n" + '1,"' + "x\n" * 600 + "2,y\n"
    assert read(never_closed)[1] == Row(2, ['1,"x'], UNCLOSED_QUOTE)
    too_long_together = "a\n" + ",".join(['"' + "x" * 50_000 + '\n"'] * 23) + "\n2,y\n"
    records = read(too_long_together)
    assert records[1].error == UNCLOSED_QUOTE
    assert records[-1].values == ["2", "y"]
    long_last_line = 'a,b\n"x\n' + "y" * 90_000 + '",' + ",".join(["z" * 90_000] * 11) + "\n2,y\n"
    assert read(long_last_line)[1] == Row(2, ['"x'], RECORD_TOO_LONG)


def test_a_file_that_starts_in_ascii_is_still_read_as_what_it_is():
    plain = "a;b\n" + f"x;{'y' * 999}\n" * (SAMPLE_BYTES // 1000)
    assert read((plain + POLISH).encode("cp1250"))[-1].values == ["Święcisława", "Żółć"]
    assert read((plain + GERMAN).encode("cp1252"))[-1].values == ["Sören", "Müller"]
    assert read((plain + POLISH).encode())[-1].values == ["Święcisława", "Żółć"]


class Trickle:
    """A stream that can only be read forward and hands out little at a time."""

    def __init__(self, content):
        self._content = io.BytesIO(content)

    def read(self, size, /):
        return self._content.read(min(size, 7))


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_chunks_may_end_anywhere(encoding, line_end):
    lines = ["a;b", *(f"łąka {number};ż" for number in range(36_000))]
    content = line_end.join(lines).encode(encoding)
    assert len(content) > SAMPLE_BYTES + 2 * CHUNK_BYTES
    records = list(rows(Trickle(content)))
    assert [";".join(row.values) for row in records] == lines


def test_memory_stays_flat():
    class Endless:
        def read(self, size, /):
            return b"Jan,Kowalski,jan@firma.example\n" * (size // 31)

    tracemalloc.start()
    for _ in islice(rows(Endless()), 30_000):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000


def test_rows_are_read_as_they_are_asked_for():
    stream = io.BytesIO(b"a,b\n" + b"1,2\n" * 1_000_000)
    next(rows(stream))
    assert stream.tell() <= SAMPLE_BYTES


@given(st.binary() | st.text('a"",;\n\r\0ą', max_size=200).map(str.encode))
def test_no_file_makes_reading_fail(content):
    records = list(rows(io.BytesIO(content)))
    numbers = [row.number for row in records]
    assert numbers == sorted(set(numbers))
    for row in records:
        "".join(row.values).encode()  # nothing that a database would refuse
        assert "\0" not in "".join(row.values)


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")),
            min_size=3,
            max_size=3,
        )
    )
)
def test_what_was_written_well_is_read_back(table):
    import csv

    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([["a", "b", "c"], *table])
    content = file.getvalue().encode()
    assert [row.values for row in rows(io.BytesIO(content), Format("utf-8", ","))][1:] == table
