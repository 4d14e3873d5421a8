"""The kinds of jobs over contacts that change no consent."""

from django.utils.translation import gettext_lazy as _

from accounts.access import Right
from contacts.bulk.acting import work_action
from contacts.bulk.action_words import describe_action, title_of_action
from contacts.bulk.actions import AddProcessingBasis, DeleteContacts, SetOwner, SetProperty
from contacts.bulk.export import EXPORT, work_export
from contacts.bulk.export_words import describe_export, title_of_export
from contacts.bulk.links import SendLinks
from contacts.bulk.waiting import effect_of_action
from jobs.kinds import Kind, register


def register_action_kinds() -> None:
    """Make them known to the workers."""
    for name, label in (
        (SetProperty.kind, _("Set a property")),
        (SetOwner.kind, _("Set the owner")),
        (AddProcessingBasis.kind, _("Add a legal basis for processing")),
        (DeleteContacts.kind, _("Delete contacts")),
        (SendLinks.kind, _("Send preferences link")),
    ):
        register(
            Kind(
                name,
                label,
                Right.EDIT,
                work_action,
                title=title_of_action,
                describe=describe_action,
                effect=effect_of_action,
            )
        )
    register(
        Kind(
            EXPORT,
            _("Export contacts"),
            Right.EXPORT,
            work_export,
            is_guarded=False,
            title=title_of_export,
            describe=describe_export,
        )
    )
