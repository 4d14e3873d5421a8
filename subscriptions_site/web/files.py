"""Files to download that are written while they are sent, so their length costs no memory."""

import csv
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse


class _Echo:
    """Gives the writer's line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def csv_response(rows: Iterable[Sequence[str]], name: str) -> StreamingHttpResponse:
    """Send rows as a CSV file; the cells have been made safe for spreadsheets by who made them."""
    response = StreamingHttpResponse(_lines(rows), content_type="text/csv")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "\ufeff"  # spreadsheets then read UTF-8
    writer = csv.writer(_Echo())
    for row in rows:
        yield writer.writerow(row)
