"""What a bulk edit of subscriptions is: a value, its checks, and the wishes it stands for."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.access import reach_of
from accounts.models import User
from preferences.models import PolicyVersion
from preferences.outline import TypeLine, get_outline
from preferences.terms import current_policy
from preferences.values import (
    ACCOUNT,
    EXPLANATION_LIMIT,
    Channel,
    LegalBasis,
    Privacy,
    Source,
    Status,
    Wish,
    type_scope,
    unit_scope,
)
from preferences.wording import OFFERED_BASES, REASONS

IN, OUT, NONE = Status.SUBSCRIBED, Status.UNSUBSCRIBED, Status.NOT_SPECIFIED
LINE_ENDS = "\n\r\t"

PROBLEMS: Mapping[str, Promise] = {
    "channel": _("This channel is not connected."),
    "no_type": _("Choose at least one subscription type."),
    "type": _("A chosen type cannot be changed like this any more. Look at the types again."),
    "basis_missing": _("Choose a legal basis."),
    "basis": _("Processing and storing their data is no basis for writing to them."),
    "explanation_missing": _("Say why you may communicate with them."),
    "explanation_unclean": _("The explanation holds characters that cannot be seen."),
}


class InvalidBulkEdit(ValueError):
    """Says what is wrong with a bulk edit: a sentence for each field concerned."""

    def __init__(self, problems: Mapping[str, Promise]) -> None:
        super().__init__(", ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkEdit:
    """One status for some types of one channel. ``lift``: also lift an opt-out of all that staff set.

    ``lift`` is for opting in and for "not opted"; opting out needs nothing lifted.
    """

    status: Status
    channel: Channel
    type_ids: tuple[int, ...]
    legal_basis: LegalBasis | None = None
    explanation: str = ""
    lift: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return what a job stores."""
        return {
            "status": self.status.value,
            "channel": self.channel.value,
            "types": list(self.type_ids),
            "legal_basis": self.legal_basis.value if self.legal_basis else "",
            "explanation": self.explanation,
            "lift": self.lift,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return what ``as_json`` stored."""
        return cls(
            status=Status(stored["status"]),
            channel=Channel(stored["channel"]),
            type_ids=tuple(stored["types"]),
            legal_basis=LegalBasis(stored["legal_basis"]) if stored["legal_basis"] else None,
            explanation=stored["explanation"],
            lift=stored["lift"],
        )


def choosable_types(user: User, *, channel: Channel, status: Status) -> list[TypeLine]:
    """Return the types that a bulk edit may name, in the order of screens (R15).

    Opting out works for archived and internal types, too.
    """
    types = get_outline(reach_of(user)).types
    offered = [found for found in types if channel in found.channels and not found.is_service]
    if status is OUT:
        return offered
    return [found for found in offered if found.is_open and not found.is_internal]


def check_bulk_edit(edit: BulkEdit, *, user: User) -> None:
    """Return if the edit can be started as it is; raises InvalidBulkEdit with all that is wrong."""
    policy = current_policy()
    problems: dict[str, Promise] = {}
    if edit.channel not in policy.values().channels:
        problems["channel"] = PROBLEMS["channel"]
    allowed = {
        found.id for found in choosable_types(user, channel=edit.channel, status=edit.status)
    }
    if not edit.type_ids:
        problems["types"] = PROBLEMS["no_type"]
    elif not allowed.issuperset(edit.type_ids):
        problems["types"] = PROBLEMS["type"]
    problems |= _basis_problem(edit, policy) | _explanation_problem(edit, policy)
    if problems:
        raise InvalidBulkEdit(problems)


def asks_grounds(status: Status, policy: PolicyVersion) -> bool:
    """Tell whether legal basis and explanation are demanded (R12)."""
    return status is IN and policy.privacy != Privacy.OFF.code


def _basis_problem(edit: BulkEdit, policy: PolicyVersion) -> dict[str, Promise]:
    if edit.legal_basis is None:
        is_missing = asks_grounds(edit.status, policy)
        return {"legal_basis": PROBLEMS["basis_missing"]} if is_missing else {}
    if edit.legal_basis not in OFFERED_BASES:
        return {"legal_basis": PROBLEMS["basis"]}
    return {}


def _explanation_problem(edit: BulkEdit, policy: PolicyVersion) -> dict[str, Promise]:
    text = edit.explanation
    if len(text) > EXPLANATION_LIMIT:
        return {"explanation": REASONS["explanation_too_long"]}
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in LINE_ENDS for c in text):
        return {"explanation": PROBLEMS["explanation_unclean"]}
    if not text.strip() and asks_grounds(edit.status, policy):
        return {"explanation": PROBLEMS["explanation_missing"]}
    return {}


def wishes_of(
    edit: BulkEdit, *, unit_of_type: Mapping[int, int], job_id: int | None
) -> Sequence[Wish]:
    """Return what is wanted of each address, in order: lifts first, then one wish a type.

    An opt-in lifts on its way (R9). "Not opted" cannot, so what staff set is lifted before it; an
    address without an opt-out of all is left alone by that. ``job_id`` None: for a preview.
    """
    common: dict[str, Any] = {
        "source": Source.BULK_EDIT,
        "legal_basis": edit.legal_basis,
        "explanation": edit.explanation,
        "job_id": job_id,
    }
    wishes = [
        Wish(
            scope=type_scope(type_id),
            status=edit.status,
            lift=edit.lift and edit.status is IN,
            **common,
        )
        for type_id in edit.type_ids
    ]
    if not (edit.lift and edit.status is NONE):
        return wishes
    units = sorted({unit_of_type[type_id] for type_id in edit.type_ids if type_id in unit_of_type})
    scopes = [ACCOUNT, *map(unit_scope, units)]
    return [Wish(scope=scope, status=IN, **common) for scope in scopes] + wishes
