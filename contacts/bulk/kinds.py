"""The kinds of jobs over contacts, and the work of a bulk edit."""

from django.utils.translation import gettext_lazy as _

from accounts.access import Right
from contacts.bulk.changes import edit_contacts
from contacts.bulk.describing import describe_edit, describe_undo, title_of_edit, title_of_undo
from contacts.bulk.edit import BulkEdit
from contacts.bulk.start import BULK_EDIT
from contacts.bulk.tally import Tally
from contacts.bulk.undo import UNDO_BULK_EDIT, work_undo
from contacts.bulk.waiting import effect_of_edit
from jobs.kinds import Done, Kind, Work, register
from preferences.services import apply_changes


def register_kinds() -> None:
    """Make the jobs over contacts known to the workers."""
    register(
        Kind(
            BULK_EDIT,
            _("Edit communication subscriptions"),
            Right.EDIT,
            work_bulk_edit,
            undo_kind=UNDO_BULK_EDIT,
            title=title_of_edit,
            describe=describe_edit,
            effect=effect_of_edit,
        )
    )
    register(
        Kind(
            UNDO_BULK_EDIT,
            _("Undo of a bulk edit"),
            Right.EDIT,
            work_undo,
            is_guarded=False,
            title=title_of_undo,
            describe=describe_undo,
        )
    )


def work_bulk_edit(work: Work) -> Done:
    """Take one chunk of a bulk edit through the door."""
    tally = edit_contacts(
        BulkEdit.from_json(work.job.parameters),
        work.items,
        user=work.user,
        now=work.now,
        door=apply_changes,
        job_id=work.job.pk,
    )
    return done_of(tally)


def done_of(tally: Tally) -> Done:
    """Return what a chunk keeps of its counts."""
    return Done(
        tally.items, tally.changes, tally.refusals, tally.first_event_id, tally.last_event_id
    )
