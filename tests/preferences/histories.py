"""Long random histories: acts of all kinds, by everybody, on time and late."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random

from preferences.models import ConsentEvent, SubscriptionType
from preferences.services import apply_changes, preview_changes
from preferences.situations import scope_of
from preferences.values import (
    ACCOUNT,
    OURS_ONLY_SOURCES,
    PERSON,
    Act,
    Actor,
    ActorKind,
    Change,
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
from tests.preferences.kernel import MINUTE, NOW

STAFF = Actor(ActorKind.USER, 1, may_resubscribe=True)
WEIGHTS = {
    Act.STATE: 70,
    Act.UNDO: 16,
    Act.CORRECT: 4,
    Act.COMPLAIN: 3,
    Act.BOUNCE: 3,
    Act.DELIVER: 3,
    Act.ERASE: 1,
}


class History:
    """Plays random acts through the door; the same seed gives the same history."""

    def __init__(self, seed: int, address_ids: list[int], types: list[SubscriptionType]) -> None:
        self.random = Random(seed)
        self.address_ids = address_ids
        self.types = types
        self.now = NOW

    def play(self, count: int) -> Iterator[tuple[list[Result], list[Result]]]:
        """Play at least so many acts in batches of one to six; yield what was foreseen and done."""
        done = 0
        while done < count:
            self.now += self.random.choice([MINUTE, 20 * MINUTE, timedelta(hours=5)])
            size = self.random.choice([1, 1, 1, 3, 6])
            changes = [self.change() for _ in range(size)]
            actor = PERSON if changes[0].wish.word is Word.OWN else STAFF
            done += size
            foreseen = preview_changes(changes=changes, actor=actor, now=self.now)
            yield foreseen, apply_changes(changes=changes, actor=actor, now=self.now)

    def change(self) -> Change:
        choose = self.random.choice
        address_id = choose(self.address_ids)
        act = self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        if act in (Act.UNDO, Act.CORRECT):
            events = ConsentEvent.objects.filter(address_id=address_id).order_by("-id")[:3]
            if not events:
                return self.change()
            return Change(address_id, self.undo(choose(events), act))
        if act is Act.COMPLAIN:
            return Change(address_id, self.complaint())
        if act is not Act.STATE:
            return Change(address_id, Wish(scope=ACCOUNT, source=Source.PROVIDER_FEEDBACK, act=act))
        return Change(address_id, self.statement())

    def scope(self) -> Scope:
        one = self.random.choice(self.types)
        return self.random.choice(
            [type_scope(one.pk), type_scope(one.pk), unit_scope(one.business_unit_id), ACCOUNT]
        )

    def undo(self, event: ConsentEvent, act: Act) -> Wish:
        word = Word.from_code(event.word) if act is Act.UNDO else Word.OURS
        source = Source.PREFERENCE_PAGE if word is Word.OWN else Source.RECORD_PANEL
        return Wish(
            scope=scope_of(event),
            source=source,
            act=act,
            word=word,
            undoes=event.pk,
            explanation="It was a mistake",
        )

    def complaint(self) -> Wish:
        scope = self.scope()
        return Wish(
            scope=scope if scope.is_wide else ACCOUNT,
            source=Source.PROVIDER_FEEDBACK,
            act=Act.COMPLAIN,
            status=Status.UNSUBSCRIBED,
            word=Word.OWN,
            said_at=self.said_at(),
        )

    def statement(self) -> Wish:
        choose = self.random.choice
        scope, word = self.scope(), choose(list(Word))
        states = [Status.SUBSCRIBED, Status.UNSUBSCRIBED]
        if not scope.is_wide:
            states.append(choose(list(Status)))
        ways = [source for source in Source if word is Word.OURS or source not in OURS_ONLY_SOURCES]
        return Wish(
            scope=scope,
            source=choose(ways),
            status=choose(states),
            word=word,
            said_at=self.said_at() if word is Word.OWN else None,
            legal_basis=choose([None, *LegalBasis]) if word is Word.OURS else None,
            explanation=choose(["", "They asked for it", "They asked for it"]),
            asked_on=choose([None, date(2026, 1, 1), self.now.date()]),
            lift=choose([True, False]),
            suspected=word is Word.OWN and choose([True, False, False]),
            job_id=choose([None, 5]),
            evidence=choose([(), (("ip", f"192.0.2.{self.random.randrange(4)}"),)]),
        )

    def said_at(self) -> datetime | None:
        late = self.random.choice([None, None, MINUTE, 15 * MINUTE, timedelta(hours=9)])
        return None if late is None else self.now - late
