"""What the tests of the kernel say often: addresses, wishes, and the door."""

import time
from collections.abc import Iterable
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

from django.db import connection

from preferences.models import PolicyVersion, Seal, SubscriptionType
from preferences.rules import effective
from preferences.sealing import seal_events
from preferences.selectors import state_of, states_for
from preferences.services import apply_change, apply_changes, ensure_address
from preferences.values import (
    ACCOUNT,
    PERSON,
    Act,
    Actor,
    ActorKind,
    Change,
    Channel,
    Effective,
    LegalBasis,
    Result,
    Scope,
    Source,
    Status,
    Wish,
    Word,
    type_scope,
    unit_scope,
)
from tests.factories import TypeFactory

IN, OUT, NONE = Status.SUBSCRIBED, Status.UNSUBSCRIBED, Status.NOT_SPECIFIED
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STAFF = Actor(ActorKind.USER, 1, may_resubscribe=True)
KEY = Actor(ActorKind.API_KEY, 7, may_resubscribe=True)
IS_POSTGRESQL = connection.vendor == "postgresql"
ACTORS = {
    Source.RECORD_PANEL: STAFF,
    Source.BULK_EDIT: STAFF,
    Source.WORKFLOW: Actor(ActorKind.WORKFLOW, 3),
    Source.IMPORT: STAFF,
    Source.API_V3: KEY,
    Source.API_V4: KEY,
    Source.PROVIDER_FEEDBACK: Actor(ActorKind.PROVIDER),
}


def address(text: str = "ada@fernmoor.example", channel: Channel = Channel.EMAIL) -> int:
    return ensure_address(channel=channel, text=text, region="PL", now=NOW).pk


def addresses(count: int) -> list[int]:
    return [address(f"person{number}@fernmoor.example") for number in range(count)]


def news(**fields: object) -> SubscriptionType:
    """Create a subscription type in a business unit of its own, unless one is given."""
    return TypeFactory(**fields)


def of(subscription_type: SubscriptionType) -> Scope:
    return type_scope(subscription_type.pk)


def unit_of(subscription_type: SubscriptionType) -> Scope:
    return unit_scope(subscription_type.business_unit_id)


def ours(scope: Scope, status: Status, source: Source = Source.RECORD_PANEL, **fields) -> Wish:
    """Wish on our word, with all that R4 and R12 ask for."""
    grounds: dict[str, object] = {}
    if status is IN and not scope.is_wide:
        grounds = {
            "legal_basis": LegalBasis.CONSENT_WITH_NOTICE,
            "explanation": "Asked at the counter",
            "asked_on": date(2026, 11, 22),
        }
    return Wish(scope=scope, status=status, source=source, **{**grounds, **fields})


def own(scope: Scope, status: Status, source: Source = Source.PREFERENCE_PAGE, **fields) -> Wish:
    """Wish in the person's own word."""
    return Wish(scope=scope, status=status, source=source, word=Word.OWN, **fields)


def undo(event_id: int | None, scope: Scope, word: Word = Word.OURS, **fields) -> Wish:
    source = Source.PREFERENCE_PAGE if word is Word.OWN else Source.RECORD_PANEL
    return Wish(
        **{
            "scope": scope,
            "source": source,
            "act": Act.UNDO,
            "undoes": event_id,
            "word": word,
            **fields,
        }
    )


def fact(act: Act, **fields) -> Wish:
    return Wish(scope=ACCOUNT, source=Source.PROVIDER_FEEDBACK, act=act, **fields)


def complaint(scope: Scope = ACCOUNT, **fields) -> Wish:
    return own(scope, OUT, Source.PROVIDER_FEEDBACK, act=Act.COMPLAIN, **fields)


def erasure() -> Wish:
    return Wish(scope=ACCOUNT, source=Source.RECORD_PANEL, act=Act.ERASE)


def actor_of(wish: Wish) -> Actor:
    if wish.word is Word.OWN and wish.source not in (Source.IMPORT, Source.PROVIDER_FEEDBACK):
        return PERSON
    return ACTORS.get(wish.source, STAFF)


def act(address_id: int, wish: Wish, *, at: datetime = NOW, actor: Actor | None = None) -> Result:
    """Put one change through the door."""
    return apply_change(change=Change(address_id, wish), actor=actor or actor_of(wish), now=at)


def act_all(
    pairs: Iterable[tuple[int, Wish]], *, at: datetime = NOW, actor: Actor = STAFF
) -> list[Result]:
    return apply_changes(changes=[Change(*pair) for pair in pairs], actor=actor, now=at)


def said(result: Result) -> tuple[str, str, str]:
    """Return what was decided, in short."""
    decision = result.decision
    return decision.outcome.value, decision.rule, decision.reason


def effective_of(address_id: int, subscription_type: SubscriptionType) -> Effective:
    state = state_of(
        states_for([address_id]),
        address_id,
        type_id=subscription_type.pk,
        unit_id=subscription_type.business_unit_id,
    )
    return effective(state)


def status_of(address_id: int, subscription_type: SubscriptionType) -> Status:
    return effective_of(address_id, subscription_type).status


def set_policy(**fields: object) -> PolicyVersion:
    """Put a policy into force."""
    defaults = {"privacy": 1, "email_connected": True, "changed_at": NOW}
    return PolicyVersion.objects.create(**{**defaults, **fields})


def seal_until(count: int) -> None:
    """Seal until so many events are sealed.

    A server's other databases, such as those of tests beside this one, hold the sealer up as well:
    PostgreSQL counts running transactions across all of them.
    """
    deadline = time.monotonic() + 60
    while sum(Seal.objects.values_list("count", flat=True)) < count:
        assert time.monotonic() < deadline, "a transaction seems to run for ever"
        if not seal_events(now=NOW):
            time.sleep(0.05)


@contextmanager
def lifted_guards():
    """Lift the append-only triggers, as somebody could who owns the database."""
    with connection.cursor() as cursor:
        if IS_POSTGRESQL:
            cursor.execute("SET LOCAL session_replication_role = replica")
            yield
            cursor.execute("SET LOCAL session_replication_role = DEFAULT")
            return
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
        yield
        for _, sql in triggers:
            cursor.execute(sql)


__all__ = [name for name in dir() if not name.startswith("_")]
