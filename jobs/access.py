"""Which jobs a user sees, and who may steer and approve them."""

from django.db.models import Q, QuerySet
from django.http import Http404

from accounts.access import Reach, Right, may, reach_of
from accounts.models import User
from jobs.kinds import UnknownKind, get_kind
from jobs.models import Job


def jobs_for(user: User) -> QuerySet[Job]:
    """Return the jobs a user sees: their own; all, for administrators of all units; those that wait
    for a second person such as them, and those they said yes or no to.
    """
    if may(user, Right.ADMINISTER) and user.all_units:
        return Job.objects.all()
    declined = Q(stopped_by=user, problem=Job.Problem.NOT_APPROVED)
    seen = Q(created_by=user) | Q(approved_by=user) | declined
    if may(user, Right.EDIT):
        waiting = Q(state=Job.State.WAITING)
        if not user.all_units:
            waiting &= Q(created_by__all_units=False) & ~Q(created_by__in=_reaching_farther(user))
        seen |= waiting
    return Job.objects.filter(seen)


def get_job(user: User, pk: int) -> Job:
    """Return a job this user sees, with who started it. Raises Http404."""
    jobs = jobs_for(user).select_related("created_by", "approved_by", "stopped_by", "undo_of")
    found = jobs.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def may_steer(user: User, job: Job) -> bool:
    """Tell whether a user may pause, resume and cancel: their own, or any as an administrator."""
    if job.created_by_id == user.pk:
        return may(user, Right.VIEW)
    return may(user, Right.ADMINISTER) and user.all_units


def may_approve(user: User, job: Job) -> bool:
    """Tell whether a user is the second person a job waits for.

    That is another one, with the right it takes and no less reach than who started it.
    """
    if job.state != Job.State.WAITING or job.created_by_id == user.pk:
        return False
    try:
        right = get_kind(job.kind).right
    except UnknownKind:
        return False
    if not may(user, right):
        return False
    reach, theirs = reach_of(user), reach_of(job.created_by)
    return reach.all_units or (not theirs.all_units and theirs.unit_ids <= reach.unit_ids)


def approvers_of(job: Job) -> list[User]:
    """Return everybody who may say yes to a job that waits, by name; two queries.

    The same question as ``may_approve``, asked of all staff at once.
    """
    others = User.objects.filter(is_active=True).exclude(pk=job.created_by_id)
    if job.created_by.all_units:
        others = others.filter(all_units=True)
    staff = others.order_by("name", "pk").prefetch_related("units")
    for user in staff:
        user._reach = Reach(user.all_units, frozenset(unit.pk for unit in user.units.all()))  # type: ignore[attr-defined]
    return [user for user in staff if may_approve(user, job)]


def _reaching_farther(user: User) -> QuerySet[User]:
    """Return who reaches a unit that the user does not."""
    unit_ids = reach_of(user).unit_ids
    through = User.units.through.objects.exclude(businessunit_id__in=unit_ids)
    return User.objects.filter(pk__in=through.values("user_id"))
