"""The door: every change of consent, from anywhere, comes through here.

Refusals are values with a rule id, never exceptions. All of a batch is one transaction, which joins
an outer one: a job's cursor or an idempotency record commits together with the effect (R19).
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from preferences.address_book import ensure_address, ensure_addresses
from preferences.batch import Batch
from preferences.reading import MissingAddress, MissingUnit
from preferences.values import Actor, Change, Result

__all__ = [
    "UnknownAddress",
    "UnknownUnit",
    "apply_change",
    "apply_changes",
    "ensure_address",
    "ensure_addresses",
    "preview_changes",
]


class UnknownAddress(LookupError):
    """A change names an address that was never ensured; a mistake in the caller."""


class UnknownUnit(LookupError):
    """A change names a business unit that does not exist; a mistake in the caller."""


def apply_changes(*, changes: Sequence[Change], actor: Actor, now: datetime) -> list[Result]:
    """Decide the changes in order and write what the rules allow, all or nothing.

    Some thousand changes at a time are right; a million are batches. Raises UnknownAddress or
    UnknownUnit.
    """
    if not changes:
        return []
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        return _batch(changes, actor, now, is_preview=False).run(commits=is_outermost)


def apply_change(*, change: Change, actor: Actor, now: datetime) -> Result:
    """Apply one change: a batch of one."""
    return apply_changes(changes=[change], actor=actor, now=now)[0]


def preview_changes(*, changes: Sequence[Change], actor: Actor, now: datetime) -> list[Result]:
    """Decide the changes like ``apply_changes`` and write nothing; event ids are made up."""
    if not changes:
        return []
    return _batch(changes, actor, now, is_preview=True).run()


def _batch(changes: Sequence[Change], actor: Actor, now: datetime, *, is_preview: bool) -> Batch:
    try:
        return Batch(changes, actor, now, is_preview=is_preview)
    except MissingAddress as error:
        raise UnknownAddress(str(error)) from error
    except MissingUnit as error:
        raise UnknownUnit(str(error)) from error
