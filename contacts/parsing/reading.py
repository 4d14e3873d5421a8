"""Reads CSV exports of any usual encoding and separator as a stream of rows.

Nothing in a file makes this module raise, and no file makes it hold more than about two megabytes:
what cannot be read becomes a row that says why, and reading goes on with the line after it.
"""

import codecs
import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

SAMPLE_BYTES = 256 * 1024
CHUNK_BYTES = 64 * 1024
RECORD_MAX_CHARACTERS = 1024 * 1024
RECORD_MAX_LINES = 500
FIELD_MAX_CHARACTERS = 100_000  # Below the csv module's own limit of 131,072.

TOO_FEW_COLUMNS = "The row has fewer columns than the header."
TOO_MANY_COLUMNS = "The row has more columns than the header."
UNCLOSED_QUOTE = "A quotation mark that opens in this row is not closed."
TEXT_AFTER_QUOTE = "Text follows a closing quotation mark in this row."
NUL_CHARACTER = "The row contains a NUL character."
UNDECODABLE = "The row contains bytes that are not text in the encoding of the file."
FIELD_TOO_LONG = "A value in this row is longer than 100,000 characters."
RECORD_TOO_LONG = "The row is longer than a million characters."

_DELIMITERS = ",;\t"
_EXCEL_HINT = re.compile(r"sep=([,;\t|])\r?\n?", re.IGNORECASE)
# A CR at the very end may be the first half of a CRLF.
_LINE_END = re.compile(r"\r\n|\n|\r(?!\Z)")
_UNDECODABLE_MARK = "\udcff"  # A lone surrogate, which no decoder hands out by itself.
_NOT_TEXT = re.compile(f"[\0{_UNDECODABLE_MARK}]")
_MARKING = "contacts.parsing.mark_undecodable"
# Letters that people's names really have, of those that the two code pages read differently.
_CENTRAL_LETTERS = frozenset("ąćęłńśźżĄĆĘŁŃŚŹŻěščřžůťďňĚŠČŘŽŮŤĎŇőűŐŰ")
_WESTERN_LETTERS = frozenset("àâãåæçèêëìîïñòøùœÀÂÃÅÆÇÈÊËÌÎÏÑÒØÙŒ")


def _mark_undecodable(error: UnicodeDecodeError) -> tuple[str, int]:
    """Stand a mark in for undecodable bytes; "surrogateescape" would fail on those below 128."""
    return _UNDECODABLE_MARK, error.end


codecs.register_error(_MARKING, _mark_undecodable)  # type: ignore[arg-type]


class ByteStream(Protocol):
    """A file opened in binary mode, or an upload; need not be seekable."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Format:
    """How a file is written: a codec's name and the character between columns."""

    encoding: str
    delimiter: str


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a file.

    `number` counts as a spreadsheet does: the header is 1, a value with line breaks is one row,
    empty lines count but are not handed out. `error` is English text, one of this module's
    constants; `values` then hold what could be read, with U+FFFD for what could not.
    """

    number: int
    values: list[str]
    error: str | None = None


def sniff(sample: bytes) -> Format:
    """Return the format that the beginning of a file is most plausibly written in."""
    encoding = _encoding_of(sample)
    return Format(encoding, _delimiter_of(_decoder(encoding).decode(sample)))


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    """Return a decoder that marks what it cannot decode and waits for the rest of a character."""
    return codecs.getincrementaldecoder(encoding)(_MARKING)


def _encoding_of(sample: bytes) -> str:
    if sample.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Even a file full of names has an ASCII character (a digit, a separator) in every fifth place,
    # and UTF-16 writes it with a zero on a fixed side.
    even, odd, pairs = sample[::2].count(0), sample[1::2].count(0), len(sample) / 2
    if odd > pairs / 5 and odd > 10 * even:
        return "utf-16-le"
    if even > pairs / 5 and even > 10 * odd:
        return "utf-16-be"
    return _eight_bit_encoding_of(sample)


def _eight_bit_encoding_of(sample: bytes) -> str:
    text = _decoder("utf-8").decode(sample)
    bad = text.count(_UNDECODABLE_MARK)
    good = sum(character > "\x7f" for character in text) - bad
    # A stray byte in a UTF-8 file must not turn the whole file into another code page.
    return "utf-8" if bad == 0 or good > bad else _code_page_of(sample)


def _code_page_of(sample: bytes) -> str:
    """Return Windows-1250 or Windows-1252, whichever reads more letters that names really have."""
    central = sum(c in _CENTRAL_LETTERS for c in sample.decode("cp1250", "ignore"))
    western = sum(c in _WESTERN_LETTERS for c in sample.decode("cp1252", "ignore"))
    return "cp1250" if central > western else "cp1252"


def _delimiter_of(text: str) -> str:
    """Return the separator that cuts the most records into as many columns as the first has."""
    hint = _EXCEL_HINT.match(text)
    if hint:
        return hint.group(1)
    lines, rest = _split(text)
    lines = [*lines, rest][:1000]
    scores = {delimiter: _consistency(lines, delimiter) for delimiter in _DELIMITERS}
    return max(scores, key=lambda delimiter: scores[delimiter])


def _consistency(lines: list[str], delimiter: str) -> int:
    widths = []
    try:
        for values in csv.reader(lines, delimiter=delimiter):
            if values:
                widths.append(len(values))
            if len(widths) == 100:
                break
    except csv.Error:  # A value longer than the csv module takes; what came before it will do.
        pass
    return widths.count(widths[0]) * (widths[0] - 1) if widths else 0


def rows(stream: ByteStream, file_format: Format | None = None) -> Iterator[Row]:
    """Yield the header and every other record, readable or not; never raises for what a file holds.

    Reads the format from the first bytes unless it is given. A quotation mark that is never closed
    costs its own line only: reading goes on with the next one.
    """
    sample = _read_fully(stream, SAMPLE_BYTES)
    if file_format:
        encoding, delimiter, is_certain = file_format.encoding, file_format.delimiter, True
    else:
        sniffed = sniff(sample)
        encoding, delimiter = sniffed.encoding, sniffed.delimiter
        is_certain = encoding != "utf-8"
    lines = _Lines(_lines_of(_texts_of(sample, stream, encoding, is_certain=is_certain)), delimiter)
    number, width = 0, None
    while (record := lines.next_record(width)) is not None:
        values, error = record
        if number == 0 and _EXCEL_HINT.fullmatch(lines.first):
            continue  # Spreadsheets do not show this line, so it has no number.
        number += 1
        if not values:
            continue
        if width is None and error is None:
            width = len(values)
        elif width is not None and error is None:
            values, error = _fitted(values, width)
        yield Row(number, values, error)


def _fitted(values: list[str], width: int) -> tuple[list[str], str | None]:
    """Cut off empty cells beyond the header's width; say if the width is wrong all the same."""
    if len(values) > width and not any(values[width:]):
        return values[:width], None
    if len(values) == width:
        return values, None
    return values, TOO_FEW_COLUMNS if len(values) < width else TOO_MANY_COLUMNS


def _read_fully(stream: ByteStream, size: int) -> bytes:
    """Read `size` bytes, or all there are: a socket or a pipe may hand out less at a time."""
    parts = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _texts_of(
    sample: bytes, stream: ByteStream, encoding: str, *, is_certain: bool
) -> Iterator[str]:
    """Yield the text of the file in pieces, a mark for bytes that are no text.

    As long as everything is ASCII, UTF-8 and the Windows code pages look the same; the first chunk
    with another byte then decides.
    """
    decoder = _decoder(encoding)
    chunk = sample
    while chunk:
        if not is_certain and not chunk.isascii():
            is_certain = True
            decoder = _decoder(_eight_bit_encoding_of(chunk))
        yield decoder.decode(chunk)
        chunk = stream.read(CHUNK_BYTES)
    yield decoder.decode(b"", final=True)


def _split(text: str) -> tuple[list[str], str]:
    """Return the whole lines with their ends (LF, CRLF or CR), and the rest."""
    lines = []
    start = 0
    for match in _LINE_END.finditer(text):
        lines.append(text[start : match.end()])
        start = match.end()
    return lines, text[start:]


def _lines_of(texts: Iterator[str]) -> Iterator[str]:
    """Yield lines with their ends; of a line that is too long for a record only the beginning."""
    rest = ""
    is_skipping = False
    for text in texts:
        lines, rest = _split(rest + text)
        if is_skipping and lines:
            del lines[0]
            is_skipping = False
        yield from lines
        if len(rest) > RECORD_MAX_CHARACTERS or is_skipping:
            if not is_skipping:
                yield rest
            is_skipping = True
            rest = rest[-1:]  # Maybe a CR whose LF comes next.
    if rest and not is_skipping:
        yield rest


class _Unclosed(Exception):
    """The csv module asked for one line more than a record may have."""


class _Lines:
    """Feeds the csv module, remembers the lines of the record under way, and can take them back."""

    def __init__(self, lines: Iterator[str], delimiter: str) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._reader = csv.reader(self, delimiter=delimiter, strict=True)
        self._returned: deque[str] = deque()
        self._taken: list[str] = []
        self._characters = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if len(self._taken) == RECORD_MAX_LINES or self._characters > RECORD_MAX_CHARACTERS:
            raise _Unclosed
        line = self._returned.popleft() if self._returned else next(self._lines, None)
        if line is None:
            if self._taken:
                raise _Unclosed
            raise StopIteration
        self._taken.append(line)
        self._characters += len(line)
        return line

    @property
    def first(self) -> str:
        """Return the first line of the record that was read last."""
        return self._taken[0]

    def next_record(self, width: int | None) -> tuple[list[str], str | None] | None:
        """Return the next record and what is wrong with it, or None at the end of the file."""
        self._taken = []
        self._characters = 0
        try:
            values = next(self._reader)
        except StopIteration:
            return None
        except _Unclosed:
            return self._give_up(UNCLOSED_QUOTE)
        except csv.Error as error:
            is_about_length = "field limit" in str(error)
            return self._give_up(FIELD_TOO_LONG if is_about_length else TEXT_AFTER_QUOTE)
        if len(self._taken) > 1 and len(values) != width and self._hides_a_record(width):
            return self._give_up(UNCLOSED_QUOTE)
        return self._cleaned(values)

    def _give_up(self, error: str) -> tuple[list[str], str]:
        """Refuse the first line and give the others back, to be read on their own."""
        self._reader = csv.reader(
            self, delimiter=self._delimiter, strict=True
        )  # The old one is amid a record.
        first, *others = self._taken
        self._returned.extendleft(reversed(others))
        if len(first) > RECORD_MAX_CHARACTERS:
            return [_NOT_TEXT.sub("\ufffd", first[:1000])], RECORD_TOO_LONG
        return [_NOT_TEXT.sub("\ufffd", first.rstrip("\r\n"))], error

    def _hides_a_record(self, width: int | None) -> bool:
        """Say whether a stray quotation mark swallowed a line that is a whole record by itself."""
        for line in self._taken[1:]:
            try:
                if len(next(csv.reader([line], delimiter=self._delimiter, strict=True))) == width:
                    return True
            except csv.Error:
                continue
        return False

    def _cleaned(self, values: list[str]) -> tuple[list[str], str | None]:
        """Check that the values are text of a sensible length."""
        error = None
        if self._characters > RECORD_MAX_CHARACTERS:
            return self._give_up(RECORD_TOO_LONG)
        if self._characters > FIELD_MAX_CHARACTERS and max(map(len, values)) > FIELD_MAX_CHARACTERS:
            error = FIELD_TOO_LONG
        for line in self._taken:
            if "\0" in line or (not line.isascii() and _NOT_TEXT.search(line)):
                values = [_NOT_TEXT.sub("\ufffd", value) for value in values]
                error = NUL_CHARACTER if "\0" in line else UNDECODABLE
        return values, error
