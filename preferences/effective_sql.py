"""The effective status as a set: which addresses are opted in, opted out, may be written to.

The only SQL that tests a status. It says the same as ``rules.effective`` and the gate for every
state; ``tests/preferences/test_effective_sql.py`` compares them over all of them. Each function
returns a condition on rows with a column that holds an address id, named ``address``.
"""

from collections.abc import Collection
from datetime import UTC, datetime

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Greatest
from django.db.models.lookups import Exact

from preferences.models import Address, ConsentEvent, OptOut, Pause, Preference
from preferences.values import (
    Channel,
    Flag,
    LegalBasis,
    Policy,
    Privacy,
    Source,
    Status,
    TypeFacts,
)

IN, OUT = Status.SUBSCRIBED.code, Status.UNSUBSCRIBED.code
NOBODY = Q(pk__in=[])
_NEVER = datetime(1, 1, 2, tzinfo=UTC)  # a day late, for databases in other time zones
_SIDES = ("own", "ours")


# --- the status of a type: R9, R11 ---


def opted_in(address: str, of_type: TypeFacts) -> Q:
    """Say that the type is opted in, and that no opt-out of all outranks it."""
    outranking = _levels("address_id", of_type).filter(
        Q(out_at__gte=OuterRef("back_at")), status=OUT
    )
    return Q(Exists(_rows(address, of_type).filter(~Exists(outranking), status=IN)))


def opted_out(address: str, of_type: TypeFacts) -> Q:
    """Say that the type is opted out, by itself or by an opt-out of all."""
    of_itself = _rows(address, of_type).filter(status=OUT)
    return Q(Exists(of_itself)) | Q(Exists(_standing(address, of_type)))


def not_opted(address: str, of_type: TypeFacts) -> Q:
    """Say that the type is neither opted in nor opted out."""
    said = _rows(address, of_type).filter(status__in=[IN, OUT])
    wide = _levels(address, of_type).filter(status=OUT)
    return ~Exists(said) & ~Exists(wide)


def opted_out_by_themself(address: str, of_type: TypeFacts) -> Q:
    """Say that the type is opted out, and that the level which decides is in the person's word."""
    standing = _standing(address, of_type)
    of_account = standing.filter(business_unit__isnull=True)
    of_unit = standing.filter(business_unit_id=of_type.business_unit_id)
    of_itself = _rows(address, of_type).filter(status=OUT, own_status=OUT)
    unless_unit = Q(Exists(of_unit.filter(own_status=OUT))) | (
        ~Exists(of_unit) & Q(Exists(of_itself))
    )
    return Q(Exists(of_account.filter(own_status=OUT))) | (~Exists(of_account) & unless_unit)


# --- opt-outs of all, as the flags of the properties read ---


def left_unit(address: str, unit_id: int, types: Collection[TypeFacts]) -> Q:
    """Say that everything of the unit is refused, by its own opt-out of all or the account's,
    without an exception among its types.
    """
    rows = OptOut.objects.filter(
        Q(business_unit_id=unit_id) | Q(business_unit__isnull=True),
        address_id=OuterRef(address),
        status=OUT,
    )
    of_unit = [of_type for of_type in types if of_type.business_unit_id == unit_id]
    return Q(Exists(rows.filter(_none_of(_exceptions(of_unit)))))


def left_any(address: str, unit_ids: Collection[int], types: Collection[TypeFacts]) -> Q:
    """Say that the account, or any of the units by itself, was left without an exception.

    Read with one look at the opt-outs of all of an address, of whatever level they are.
    """
    rows = OptOut.objects.filter(
        Q(business_unit_id__in=unit_ids) | Q(business_unit__isnull=True),
        address_id=OuterRef(address),
        status=OUT,
    )
    of_type = F("subscription_type__business_unit_id")
    concerned = Coalesce(OuterRef("business_unit_id"), of_type)  # the account's concerns every type
    excepted = _exceptions(types).filter(subscription_type__business_unit_id=concerned)
    return Q(Exists(rows.filter(_none_of(excepted))))


# --- the gate ---


def may_be_sent(
    address: str, of_type: TypeFacts, channel: Channel, policy: Policy, *, now: datetime
) -> Q:
    """Say that the gate answers yes for the type at this address of the channel."""
    if of_type.is_archived or channel not in of_type.channels or channel not in policy.channels:
        return NOBODY
    came_back = _rows("pk", of_type).filter(Q(back_at__gt=OuterRef("erased_at")))  # R18
    reached = Address.objects.filter(pk=OuterRef(address), undeliverable_at__isnull=True)
    reached = reached.filter(Q(erased_at__isnull=True) | Exists(came_back))
    if of_type.is_service:
        return Q(Exists(reached))
    paused = Pause.objects.filter(
        address_id=OuterRef(address), ended_at__isnull=True, until__gt=now
    )
    is_enforced = policy.privacy is Privacy.ENFORCED
    said = opted_in(address, of_type) if is_enforced else ~opted_out(address, of_type)
    return Q(Exists(reached)) & ~Q(Exists(paused)) & said


def undeliverable(address: str) -> Q:
    """Say that mail to the address came back for good (R17)."""
    return Q(Exists(Address.objects.filter(pk=OuterRef(address), undeliverable_at__isnull=False)))


# --- the last word on a type ---


def last_changed(
    address: str,
    of_type: TypeFacts,
    *,
    sources: Collection[Source] | None = None,
    bases: Collection[LegalBasis] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Q:
    """Say that the newest word on the type itself came in one of these ways, at this time.

    Of two words of one moment the person's counts.
    """
    rows = _rows(address, of_type).annotate(
        last_at=Greatest(
            Coalesce("own_said_at", "ours_said_at"), Coalesce("ours_said_at", "own_said_at")
        )
    )
    is_own = Q(own_said_at=F("last_at"))
    if sources is not None:
        codes = [source.code for source in sources]
        rows = rows.filter(
            (is_own & Q(own_source__in=codes)) | (~is_own & Q(ours_source__in=codes))
        )
    if bases is not None:
        events = ConsentEvent.objects.filter(legal_basis__in=[basis.code for basis in bases])
        own, ours = (Exists(events.filter(pk=OuterRef(f"{side}_event_id"))) for side in _SIDES)
        rows = rows.filter((is_own & Q(own)) | (~is_own & Q(ours)))
    if since is not None:
        rows = rows.filter(last_at__gte=since)
    if until is not None:
        rows = rows.filter(last_at__lt=until)
    return Q(Exists(rows))


# --- what stands, and what is excepted ---


def _rows(address: str, of_type: TypeFacts) -> QuerySet[Preference]:
    return _with_return(
        Preference.objects.filter(address_id=OuterRef(address), subscription_type_id=of_type.id)
    )


def _with_return(rows: QuerySet[Preference]) -> QuerySet[Preference]:
    """Add ``back_at``: when the person said, themself, that they are in; else a time before all."""
    spoken_here = Q(own_status=IN, relayed=0)
    return rows.annotate(
        relayed=F("own_flags").bitand(Flag.RELAYED),
        back_at=Case(When(spoken_here, then="own_said_at"), default=Value(_NEVER)),
    )


def _levels(address: str, of_type: TypeFacts) -> QuerySet[OptOut]:
    """Return the rows of the type's unit and of the account."""
    return _with_times(
        OptOut.objects.filter(
            Q(business_unit_id=of_type.business_unit_id) | Q(business_unit__isnull=True),
            address_id=OuterRef(address),
        )
    )


def _with_times(rows: QuerySet[OptOut]) -> QuerySet[OptOut]:
    """Add ``out_at``: the latest opt-out that the row holds. What a person said later is an
    exception to it (R11): ``back_at > out_at``.
    """
    both = Q(own_status=OUT, ours_status=OUT, own_said_at__gt=F("ours_said_at"))
    return rows.annotate(
        out_at=Case(
            When(both, then="own_said_at"),
            When(ours_status=OUT, then="ours_said_at"),
            When(own_status=OUT, then="own_said_at"),
        )
    )


def _standing(address: str, of_type: TypeFacts) -> QuerySet[OptOut]:
    """Return the opt-outs of all that keep the type out."""
    excepted = _rows("address_id", of_type).filter(Q(back_at__gt=OuterRef("out_at")), status=IN)
    return _levels(address, of_type).filter(_none_of(excepted), status=OUT)


def _none_of(rows: QuerySet[Preference]) -> Q:
    """Say that there is none of these, asked of each row by itself.

    Opt-outs of all are few. As a plain NOT EXISTS the planner would join them with all that was
    ever said about the types.
    """
    return Q(Exact(Case(When(Exists(rows), then=Value(1)), default=Value(0)), Value(0)))


def _exceptions(types: Collection[TypeFacts]) -> QuerySet[Preference]:
    """Return the types that a person came back to, seen from one of their opt-outs of all."""
    outranking = _with_times(
        OptOut.objects.filter(
            Q(business_unit_id=OuterRef("subscription_type__business_unit_id"))
            | Q(business_unit__isnull=True),
            address_id=OuterRef("address_id"),
            status=OUT,
        )
    ).filter(Q(out_at__gte=OuterRef("back_at")))
    rows = Preference.objects.filter(
        address_id=OuterRef("address_id"),
        subscription_type_id__in=[of_type.id for of_type in types],
        status=IN,
    )
    return _with_return(rows).filter(~Exists(outranking), Q(back_at__gt=_NEVER))
