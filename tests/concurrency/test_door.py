"""Many at the door at once: everybody is answered, nothing is lost, one status results."""

from collections.abc import Iterable
from itertools import count
from random import Random

import pytest
from django.db import transaction

from preferences.gate import may_send
from preferences.models import (
    Address,
    ConsentEvent,
    PendingConfirmation,
    Preference,
    RepeatedWord,
    Seal,
)
from preferences.rebuilding import differences
from preferences.sealing import seal_events
from preferences.services import apply_changes, ensure_addresses
from preferences.values import ACCOUNT, Act, Change, Channel, Result, ScopeKind, Source, Wish, Word
from preferences.verification import verify_ledger
from tests.concurrency.crowd import all_at_once
from tests.preferences.kernel import (
    IN,
    IS_POSTGRESQL,
    MINUTE,
    NOW,
    OUT,
    STAFF,
    act,
    address,
    addresses,
    news,
    of,
    ours,
    own,
    seal_until,
    unit_of,
)

pytestmark = [
    pytest.mark.skipif(not IS_POSTGRESQL, reason="SQLite has one writer"),
    pytest.mark.django_db(transaction=True),
]


def assert_kept(results: list[Result]) -> None:
    """What changed something is in the ledger, once, and the statuses follow from it."""
    written = [result.event_id for result in results if result.event_id is not None]
    assert len(written) == len(set(written))
    assert ConsentEvent.objects.filter(pk__in=written).count() == len(written)
    lifts = sum(len(result.decision.lifts) for result in results if result.is_applied)
    assert ConsentEvent.objects.count() == len(written) + lifts
    assert list(differences()) == []


def test_a_thousand_acts_of_two_on_one_address():
    one, first = address(), news()
    clock = count()

    def acts(seed: int):
        random, results = Random(seed), []
        for _ in range(500):
            now = NOW + next(clock) * MINUTE
            result = act(one, any_wish(random, first, results), at=now)
            results.append(result)
        return results

    of_one, of_other = all_at_once([lambda: acts(1), lambda: acts(2)])
    assert len(of_one) == len(of_other) == 500
    assert_kept([*of_one, *of_other])
    assert_chained(ConsentEvent.objects.order_by("id"))


def assert_chained(events: Iterable[ConsentEvent]) -> None:
    """The order of the ids is the order of the decisions: each finds what the last one left.

    An opt-out of all that is heard late changes what the types below hold, without an event of theirs.
    """
    left = None
    for event in events:
        if event.scope != ScopeKind.TYPE.code:
            left = None
            continue
        assert left in (None, event.before), event.pk
        left = event.after


def any_wish(random: Random, first, results: list[Result]) -> Wish:
    """Return an opt-in or opt-out of anyone, wide or narrow, or the undo of what one did last."""
    scope = random.choice([of(first)] * 4 + [unit_of(first), ACCOUNT])
    if results and results[-1].event_id and random.random() < 0.2:
        last = results[-1]
        wish = last.change.wish
        source = Source.PREFERENCE_PAGE if wish.word is Word.OWN else Source.RECORD_PANEL
        return Wish(
            scope=wish.scope, source=source, act=Act.UNDO, undoes=last.event_id, word=wish.word
        )
    status = random.choice([IN, OUT])
    if random.random() < 0.5:
        return own(scope, status)
    return ours(scope, status, lift=not scope.is_wide and random.random() < 0.5)


def test_the_chain_of_before_and_after_has_no_break_when_only_states_are_said():
    one, first = address(), news()

    def acts(status):
        return [act(one, ours(of(first), status), at=NOW) for _ in range(100)]

    results = all_at_once([lambda: acts(IN), lambda: acts(OUT)])
    assert_kept([result for some in results for result in some])


def test_batches_that_overlap_in_opposite_order_do_not_wait_in_a_circle():
    first, people = news(), addresses(60)
    clock = count()

    def batches(seed: int):
        random, results = Random(seed), []
        for _ in range(40):
            some = sorted(random.sample(people, 40), reverse=seed % 2 == 0)
            wish = ours(of(first), random.choice([IN, OUT]), Source.BULK_EDIT, job_id=seed)
            changes = [Change(one, wish) for one in some]
            now = NOW + next(clock) * MINUTE
            results += apply_changes(changes=changes, actor=STAFF, now=now)
        return results

    some = all_at_once([lambda seed=seed: batches(seed) for seed in range(3)])
    results = [result for part in some for result in part]
    assert len(results) == 3 * 40 * 40
    assert_kept(results)


def test_importers_that_meet_on_new_people_do_not_wait_in_a_circle():
    first = news()
    texts = [f"new{number}@fernmoor.example" for number in range(60)]

    def imports(mine: list[str], number: int):
        pairs = [(text, text) for text in mine]
        wish = ours(of(first), IN, Source.IMPORT, job_id=number)
        with transaction.atomic():
            ids = ensure_addresses(channel=Channel.EMAIL, pairs=pairs, now=NOW)
            changes = [Change(one, wish) for one in ids]
            return apply_changes(changes=changes, actor=STAFF, now=NOW)

    some = all_at_once([lambda: imports(texts, 1), lambda: imports(texts[::-1], 2)])
    results = [result for part in some for result in part]
    assert_kept(results)
    assert sum(result.is_applied for result in results) == 60
    assert Preference.objects.count() == 60


def test_twin_clicks_are_one_opt_out_and_a_repeat():
    """Mail programs open a link twice; the person said it once."""
    first, people = news(), addresses(30)
    wish = own(of(first), OUT, Source.ONE_CLICK)
    for one in people:
        results = all_at_once([lambda one=one: act(one, wish) for _ in range(3)])
        assert sorted(result.is_applied for result in results) == [False, False, True]
    assert ConsentEvent.objects.count() == 30
    assert set(RepeatedWord.objects.values_list("count", flat=True)) == {2}


def test_twin_requests_leave_one_to_confirm():
    first, people = news(double_opt_in="on"), addresses(10)
    for one in people:
        results = all_at_once([lambda one=one: act(one, ours(of(first), IN)) for _ in range(2)])
        row = PendingConfirmation.objects.get(address_id=one)
        assert row.request_event_id == max(result.event_id for result in results)


def test_an_opt_out_wins_over_an_opt_in_of_the_same_moment():
    """Whoever came first: the person said no."""
    first, people = news(), addresses(30)
    for one in people:
        all_at_once(
            [
                lambda one=one: act(one, own(of(first), OUT)),
                lambda one=one: act(one, ours(of(first), IN, Source.WORKFLOW)),
            ]
        )
        text = Address.objects.get(pk=one).canonical
        assert not may_send("EMAIL", text, first.pk, now=NOW).allowed
    assert list(differences()) == []


def test_the_sealer_keeps_up_with_writers_and_misses_nobody():
    first, people = news(), addresses(40)

    def writes(mine: list[int]):
        for number, one in enumerate(mine * 3):
            status = OUT if number // len(mine) % 2 else IN
            act(one, ours(of(first), status), at=NOW + number * MINUTE)

    def seals():
        for _ in range(40):
            seal_events(now=NOW)

    all_at_once([lambda: writes(people[:20]), lambda: writes(people[20:]), seals, seals])
    seal_until(ConsentEvent.objects.count())
    report = verify_ledger()
    assert report.is_intact
    assert (report.event_count, report.unsealed_count) == (ConsentEvent.objects.count(), 0)
    assert sum(Seal.objects.values_list("count", flat=True)) == report.event_count
