"""Preview, start and run the actions of ``contacts.bulk.actions``."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts.access import Right, reach_of, require
from accounts.models import User
from contacts.access import contacts_for
from contacts.bulk.actions import CHANGED, Action, InvalidAction, action_of
from contacts.bulk.links import SendLinks
from contacts.bulk.preview import Look
from contacts.bulk.start import ids_of
from contacts.bulk.tally import Tally
from contacts.models import Contact
from jobs.describing import REFUSED
from jobs.kinds import CannotWork, Done, Work
from jobs.models import Job
from jobs.services import start_job


def start_action(
    *,
    action: Action,
    contacts: QuerySet[Contact],
    selection: Mapping[str, Any],
    user: User,
    now: datetime,
    key: str = "",
    expected: int | None = None,
    typed: int | None = None,
) -> Job:
    """Freeze the selection and queue the action. Raises InvalidAction, PermissionDenied, and what
    ``start_job`` raises.
    """
    require(user, Right.EDIT)
    action = action.ready()
    return start_job(
        kind=action.kind,
        items=ids_of(contacts),
        parameters=action.as_json(),
        selection=selection,
        user=user,
        now=now,
        key=key,
        expected=expected,
        typed=typed,
    )


def look_at_action(action: Action, *, user: User) -> Look:
    """Return what counts an action for a preview. Raises InvalidAction."""
    action = action.ready()

    def look(contact_ids: Sequence[int], *, keeps_people: bool = False) -> Tally:
        return _sorted(action, contact_ids, user, keeps_people=keeps_people)[0]

    return look


def work_action(work: Work) -> Done:
    """Do one chunk of an action: lock, sort, write those that change."""
    try:
        action = action_of(work.job.kind, work.job.parameters).ready()
    except InvalidAction as error:
        raise CannotWork(str(error)) from error
    tally, changing, action = _sorted(
        action, work.items, work.user, is_locked=True, job_id=work.job.pk
    )
    if changing:
        action.write(changing, work.now)
    return Done(tally.items, refusals=tally.refusals)


def _sorted(
    action: Action,
    contact_ids: Sequence[int],
    user: User,
    *,
    is_locked: bool = False,
    keeps_people: bool = False,
    job_id: int = 0,
) -> tuple[Tally, list[Contact], Action]:
    """Count the contacts by outcome; also return those that change, and the action that knows them."""
    reach = reach_of(user)
    visible = contacts_for(user).filter(pk__in=contact_ids).select_related("unit_set")
    if is_locked:
        visible = visible.select_for_update(of=("self",))
    tally = Tally(keeps_people)
    changing: list[Contact] = []
    found = list(visible.order_by("pk"))
    if isinstance(action, SendLinks):
        action = action.looking_at(found, user, job_id)
    for contact in found:
        outcome = action.sort(contact, reach)
        tally.count(outcome, contact.pk)
        if outcome == CHANGED:
            changing.append(contact)
        elif outcome.startswith(REFUSED):
            tally.count("refused", contact.pk)
            tally.refuse(outcome.removeprefix(REFUSED), contact.pk)
    for contact_id in sorted(set(contact_ids) - {contact.pk for contact in found}):
        tally.leave("gone", contact_id)
    return tally, changing, action
