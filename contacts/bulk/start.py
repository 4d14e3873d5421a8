"""Start jobs over contacts: the selection is frozen here, whoever chose it and however."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from accounts.access import Right, require
from accounts.models import User
from contacts.bulk.edit import BulkEdit, check_bulk_edit
from contacts.models import Contact
from jobs.models import Job
from jobs.services import start_job

BULK_EDIT = "bulk_edit"
READ_AT_ONCE = 10_000
# What one transaction holds: larger ones are hardly faster, and people wait for them longer.
CHANGES_AT_ONCE = 2_500


def start_bulk_edit(
    *,
    edit: BulkEdit,
    contacts: QuerySet[Contact],
    selection: Mapping[str, Any],
    user: User,
    now: datetime,
    key: str = "",
    expected: int | None = None,
    typed: int | None = None,
) -> Job:
    """Freeze the selection and queue the edit.

    ``selection`` says how the contacts were chosen, for the record. ``key``: of the form, so that a
    second click starts nothing. Raises InvalidBulkEdit, PermissionDenied, and what ``start_job``
    raises: NothingSelected, SelectionMoved, NumberNotTyped.
    """
    require(user, Right.EDIT)
    check_bulk_edit(edit, user=user)
    return start_job(
        kind=BULK_EDIT,
        items=ids_of(contacts),
        parameters=edit.as_json(),
        selection=selection,
        user=user,
        now=now,
        key=key,
        expected=expected,
        typed=typed,
        chunk_size=max(1, CHANGES_AT_ONCE // len(edit.type_ids)),
    )


def ids_of(contacts: QuerySet[Contact]) -> Iterator[int]:
    """Yield the ids in ascending order; the database hands them over some at a time.

    All of them are wanted, not the first ones soon, which is what PostgreSQL plans a cursor for.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('cursor_tuple_fraction', '1', true)")
    found = contacts.order_by("pk").values_list("pk", flat=True)
    yield from found.iterator(chunk_size=READ_AT_ONCE)
