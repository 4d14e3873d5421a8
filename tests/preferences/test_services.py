"""The door as its callers know it: order, refusals as values, previews, one transaction."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from preferences import ledger, projection, recording
from preferences.bulk_sql import FEW
from preferences.models import (
    Address,
    ConsentEvent,
    Evidence,
    OptOut,
    PendingConfirmation,
    Preference,
    RepeatedWord,
)
from preferences.services import (
    UnknownAddress,
    UnknownUnit,
    apply_change,
    apply_changes,
    ensure_addresses,
    preview_changes,
)
from preferences.values import (
    ACCOUNT,
    Change,
    Channel,
    Outcome,
    Source,
    Wish,
    Word,
    type_scope,
    unit_scope,
)
from tests.factories import UnitFactory
from tests.preferences.kernel import (
    HOUR,
    IN,
    NONE,
    NOW,
    OUT,
    STAFF,
    act,
    act_all,
    address,
    addresses,
    complaint,
    effective_of,
    erasure,
    news,
    of,
    ours,
    own,
    said,
    set_policy,
    status_of,
    undo,
    unit_of,
)

pytestmark = pytest.mark.django_db
TABLES = (Address, ConsentEvent, Evidence, OptOut, PendingConfirmation, Preference, RepeatedWord)


def everything() -> list[list[dict]]:
    return [list(model.objects.order_by("pk").values()) for model in TABLES]


# --- one change -------------------------------------------------------------------------------------


def test_an_opt_in_is_kept_with_all_that_was_said_of_it():
    first, one = news(), address()
    policy = set_policy()
    result = act(one, ours(of(first), IN, evidence=(("form", "Fair 2026"),), idempotency_key="k"))
    assert said(result) == ("apply", "R12", "opted_in")
    assert (result.before, result.after) == (NONE, IN)
    event = ConsentEvent.objects.get()
    assert event.pk == result.event_id
    assert (event.address_id, event.subscription_type_id, event.business_unit_id) == (
        one,
        first.pk,
        None,
    )
    assert (event.before, event.after, event.status) == (NONE.code, IN.code, IN.code)
    assert (event.recorded_at, event.said_at) == (NOW, NOW)
    assert (event.actor_kind, event.actor_id, event.source) == (2, 1, Source.RECORD_PANEL.code)
    assert (event.policy_id, event.rule, event.legal_basis) == (policy.pk, 12, 1)
    assert event.idempotency_key == "k"
    assert event.evidence.explanation == "Asked at the counter"
    assert event.evidence.details == {"form": "Fair 2026"}
    assert status_of(one, first) is IN


def test_the_first_policy_of_a_new_installation_demands_grounds():
    one = address()
    refused = act(one, ours(of(news()), IN, legal_basis=None, explanation=" "))
    assert said(refused) == ("refuse", "R12", "grounds_missing")
    assert refused.decision.fields == ("legal_basis", "explanation")


def test_a_refusal_writes_nothing():
    one, first = address(), news()
    before = everything()
    refused = act(one, ours(of(first), IN, Source.BULK_EDIT, legal_basis=None))
    assert refused.decision.outcome is Outcome.REFUSE
    assert (refused.before, refused.after, refused.event_id) == (NONE, NONE, None)
    assert everything() == before


def test_opt_outs_of_all_are_rows_of_their_own():
    one, first = address(), news()
    act(one, own(unit_of(first), OUT))
    act(one, ours(ACCOUNT, OUT))
    rows = OptOut.objects.order_by("pk").values_list("business_unit_id", "status")
    assert list(rows) == [(first.business_unit_id, OUT.code), (None, OUT.code)]
    assert not Preference.objects.exists()


def test_the_account_has_one_opt_out_however_often_it_is_said():
    one = address()
    act(one, ours(ACCOUNT, OUT))
    act(one, own(ACCOUNT, OUT))
    act(one, ours(ACCOUNT, IN))
    assert OptOut.objects.count() == 1


# --- many changes -----------------------------------------------------------------------------------


def test_nothing_asked_is_nothing_done(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert apply_changes(changes=[], actor=STAFF, now=NOW) == []
        assert preview_changes(changes=[], actor=STAFF, now=NOW) == []


def test_results_come_in_the_order_of_the_changes():
    first, second = news(), news()
    people = addresses(6)
    pairs = [(one, ours(of(kind), IN)) for one in reversed(people) for kind in (second, first)]
    results = act_all(pairs)
    assert [(result.change.address_id, result.change.wish) for result in results] == pairs
    ids = [result.event_id for result in results]
    assert ids == sorted(ids)
    stored = ConsentEvent.objects.in_bulk(ids)
    assert [stored[pk].address_id for pk in ids] == [one for one, _ in pairs]


def test_refusals_stand_between_what_is_applied():
    one, two, three = addresses(3)
    first = news()
    act(two, own(of(first), OUT))
    results = act_all(
        [(person, ours(of(first), IN, Source.BULK_EDIT)) for person in (one, two, three)]
    )
    assert [said(result)[:2] for result in results] == [
        ("apply", "R12"),
        ("refuse", "R5"),
        ("apply", "R12"),
    ]
    assert [result.event_id is None for result in results] == [False, True, False]


def test_an_unknown_type_is_refused_and_the_rest_goes_on():
    one, first = address(), news()
    results = act_all([(one, ours(type_scope(987654), OUT)), (one, ours(of(first), OUT))])
    assert said(results[0]) == ("refuse", "R20", "unknown_type")
    assert results[1].is_applied


def test_an_unknown_address_is_a_mistake_of_the_caller():
    first = news()
    for function in (apply_changes, preview_changes):
        with pytest.raises(UnknownAddress, match="4711"):
            function(
                changes=[
                    Change(address(), ours(of(first), OUT)),
                    Change(4711, ours(of(first), OUT)),
                ],
                actor=STAFF,
                now=NOW,
            )
    assert not ConsentEvent.objects.exists()


def test_an_unknown_business_unit_is_a_mistake_of_the_caller():
    with pytest.raises(UnknownUnit, match="987654"):
        act(address(), ours(unit_scope(987654), OUT))
    assert not OptOut.objects.exists()


def test_a_business_unit_without_types_can_be_left():
    unit = UnitFactory()
    assert act(address(), own(unit_scope(unit.pk), OUT)).is_applied


def test_a_batch_of_five_thousand(monkeypatch):
    first = news()
    pairs = [(f"p{n}@fernmoor.example", f"P{n}@fernmoor.example") for n in range(5_000)]
    people = ensure_addresses(channel=Channel.EMAIL, pairs=pairs, now=NOW)
    wish = ours(of(first), IN, Source.BULK_EDIT, job_id=1)
    results = act_all([(one, wish) for one in people])
    assert {said(result) for result in results} == {("apply", "R12", "opted_in")}
    assert Preference.objects.filter(status=IN.code).count() == 5_000
    assert ConsentEvent.objects.count() == 5_000
    assert Evidence.objects.count() == 1
    again = act_all([(one, wish) for one in people], at=NOW + HOUR)
    assert {said(result) for result in again} == {("no_change", "R16", "already_opted_in")}
    assert ConsentEvent.objects.count() == 5_000


# --- the cost ---------------------------------------------------------------------------------------


def queries_of(function) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        function()
    return len(captured)


def mixed(people: list[int], first, *, at=NOW) -> list[tuple[int, Wish]]:
    """Wishes of every kind: what is written, refused, repeated, asked, undone and erased."""
    wishes: list[tuple[int, Wish]] = []
    for number, one in enumerate(people):
        evidence = (("ip", f"192.0.2.{number % 250}"), ("row", str(number)))
        kinds = [
            ours(of(first), IN, Source.IMPORT, job_id=9, evidence=evidence),
            own(of(first), OUT, said_at=at - timedelta(hours=number)),
            own(of(first), OUT, said_at=at - timedelta(hours=number)),
            own(ACCOUNT, OUT, Source.ONE_CLICK),
            ours(unit_of(first), OUT),
            ours(of(first), IN, lift=True),
            complaint(unit_of(first)),
            erasure(),
        ]
        wishes += [(one, kind) for kind in kinds]
    return wishes


@pytest.mark.parametrize("function", [apply_changes, preview_changes])
def test_ten_changes_cost_as_many_queries_as_five_hundred(function):
    first, counts = news(), []
    act(address(), own(ACCOUNT, OUT))
    for count in (2, FEW + 1, 64):  # up to FEW rows of several tables share a statement
        people = [address(f"p{count}-{number}@fernmoor.example") for number in range(count)]
        changes = [Change(*pair) for pair in mixed(people, first)]

        def do(changes=changes):
            function(changes=changes, actor=STAFF, now=NOW)

        counts.append(queries_of(do))
    assert counts[0] <= counts[1] == counts[2]


def test_undoing_many_costs_as_many_queries_as_undoing_a_few():
    first, counts = news(), []
    for count in (3, FEW + 1, 60):
        people = [address(f"p{count}-{number}@fernmoor.example") for number in range(count)]
        done = act_all([(one, ours(of(first), IN, Source.BULK_EDIT, job_id=3)) for one in people])
        back = [(result.change.address_id, undo(result.event_id, of(first))) for result in done]
        counts.append(queries_of(lambda back=back: act_all(back, at=NOW + HOUR)))
    assert counts[0] <= counts[1] == counts[2]


def test_a_single_change_costs_few_queries(django_assert_max_num_queries):
    one, first = address(), news()
    wish = ours(of(first), OUT)
    with django_assert_max_num_queries(14):
        act(one, wish)


# --- preview ----------------------------------------------------------------------------------------


def test_a_preview_foresees_everything_and_writes_nothing():
    first, people = news(double_opt_in="on"), addresses(4)
    act(people[0], own(of(first), OUT))
    act(people[1], ours(ACCOUNT, OUT))
    changes = [Change(*pair) for pair in mixed(people, first)]
    changes += [Change(one, ours(of(first), IN)) for one in people]
    before = everything()
    foreseen = preview_changes(changes=changes, actor=STAFF, now=NOW)
    assert everything() == before
    done = apply_changes(changes=changes, actor=STAFF, now=NOW)
    assert [(one.decision, one.before, one.after) for one in foreseen] == [
        (one.decision, one.before, one.after) for one in done
    ]
    assert [one.event_id is None for one in foreseen] == [one.event_id is None for one in done]


def test_a_preview_knows_that_the_person_speaks_before_the_undo():
    one, first = address(), news()
    done = act(one, ours(of(first), IN))
    changes = [
        Change(one, own(of(first), OUT)),
        Change(one, undo(done.event_id, of(first))),
    ]
    foreseen = preview_changes(changes=changes, actor=STAFF, now=NOW + HOUR)
    assert said(foreseen[1]) == ("refuse", "R23", "person_spoke_since")


# --- R19: all or nothing ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (ledger, "append"),
        (projection, "write"),
        (recording, "_count_repeats"),
        (recording, "_erase"),
    ],
)
def test_r19_a_failure_in_the_middle_leaves_nothing_behind(monkeypatch, module, name):
    first, people = news(), addresses(2)
    act(people[0], own(of(first), OUT))
    before = everything()
    real = getattr(module, name)

    def breaks(*args, **kwargs):
        real(*args, **kwargs)
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(module, name, breaks)
    with pytest.raises(DatabaseError, match="disk is full"), transaction.atomic():
        act_all(mixed(people, first))
    assert everything() == before
    monkeypatch.undo()
    assert act_all(mixed(people, first))[0].change.address_id == people[0]


def test_r19_the_door_joins_an_outer_transaction():
    """A job's cursor, or an idempotency record, commits together with the effect or not at all."""
    one, first = address(), news()

    def job():
        with transaction.atomic():
            act(one, ours(of(first), IN))
            assert status_of(one, first) is IN
            raise RuntimeError("before the cursor was saved")

    with pytest.raises(RuntimeError):
        job()
    assert status_of(one, first) is NONE
    assert not ConsentEvent.objects.exists()


def test_r19_two_calls_in_one_transaction_see_each_other():
    one, first = address(), news()
    with transaction.atomic():
        act(one, own(of(first), OUT))
        result = act(one, ours(of(first), IN, Source.WORKFLOW))
    assert said(result) == ("refuse", "R6", "workflow_reopens_nothing")


# --- times ------------------------------------------------------------------------------------------


def test_an_opt_in_said_in_the_future_is_refused():
    one, first = address(), news()
    result = act(one, own(of(first), IN, said_at=NOW + timedelta(seconds=1)))
    assert said(result) == ("refuse", "R2", "said_in_future")


def test_an_opt_out_said_in_the_future_counts_from_now():
    one, first = address(), news()
    result = act(one, own(of(first), OUT, said_at=NOW + timedelta(days=400)))
    assert result.is_applied
    assert ConsentEvent.objects.get().said_at == NOW
    back = act(one, own(of(first), IN), at=NOW + HOUR)
    assert back.is_applied
    assert status_of(one, first) is IN


def test_one_result_says_what_became_of_its_scope_alone():
    one, first = address(), news()
    act(one, own(ACCOUNT, OUT))
    result = act(one, own(of(first), IN), at=NOW + HOUR)
    assert (result.before, result.after) == (NONE, IN)
    assert effective_of(one, first).is_exception


def test_apply_change_is_a_batch_of_one():
    one, first = address(), news()
    change = Change(one, Wish(scope=of(first), source=Source.ONE_CLICK, status=OUT, word=Word.OWN))
    assert apply_change(change=change, actor=STAFF, now=NOW).change is change
