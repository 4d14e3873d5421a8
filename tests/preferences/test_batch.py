"""What acts leave behind: opt-outs of all, repeats, requests, and changes of one batch together."""

from datetime import timedelta

import pytest

from preferences.bulk_sql import FEW
from preferences.models import ConsentEvent, PendingConfirmation, RepeatedWord
from preferences.rebuilding import differences
from preferences.values import (
    ACCOUNT,
    PERSON,
    Act,
    Actor,
    ActorKind,
    Flag,
    ScopeKind,
    Source,
    Status,
    Word,
)
from preferences.verification import verify_events
from tests.factories import TypeFactory
from tests.preferences.kernel import (
    DAY,
    HOUR,
    IN,
    MINUTE,
    NONE,
    NOW,
    OUT,
    act,
    act_all,
    address,
    addresses,
    complaint,
    effective_of,
    fact,
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


def events() -> list[ConsentEvent]:
    return list(ConsentEvent.objects.order_by("id"))


# --- R9, R10, R11: opt-out of all and its exceptions ------------------------------------------------


def test_r9_account_before_unit_before_type():
    one, first = address(), news()
    act(one, own(of(first), OUT))
    assert effective_of(one, first).level is ScopeKind.TYPE
    act(one, own(unit_of(first), OUT))
    assert effective_of(one, first).level is ScopeKind.UNIT
    act(one, own(ACCOUNT, OUT))
    assert effective_of(one, first).level is ScopeKind.ACCOUNT


@pytest.mark.parametrize("level", ["unit", "account"])
def test_r9_an_opt_in_under_an_opt_out_of_all_is_refused(level):
    one, first = address(), news()
    scope = ACCOUNT if level == "account" else unit_of(first)
    act(one, ours(scope, OUT))
    assert said(act(one, ours(of(first), IN))) == ("refuse", "R9", f"{level}_opt_out")
    assert status_of(one, first) is OUT


def test_r9_an_opt_out_of_another_unit_stands_in_nobodys_way():
    one, first, other = address(), news(), news()
    act(one, own(unit_of(other), OUT))
    assert act(one, ours(of(first), IN)).is_applied
    assert status_of(one, first) is IN


def test_r9_after_a_lift_each_type_has_what_was_said_of_it():
    one, first = address(), news()
    second = TypeFactory(business_unit=first.business_unit)
    act(one, ours(of(first), IN))
    act(one, ours(unit_of(first), OUT), at=NOW + HOUR)
    act(one, ours(of(second), IN), at=NOW + 2 * HOUR)  # refused, and does not come back
    lifted = act(one, ours(unit_of(first), IN), at=NOW + 3 * HOUR)
    assert said(lifted) == ("apply", "R10", "lifted")
    assert (status_of(one, first), status_of(one, second)) == (IN, NONE)


def test_r9_one_change_lifts_and_opts_in():
    """Three events, for account, unit and type, and all of it in one act."""
    one, first = address(), news()
    act(one, ours(ACCOUNT, OUT))
    act(one, ours(unit_of(first), OUT))
    result = act(one, ours(of(first), IN, lift=True), at=NOW + HOUR)
    assert said(result) == ("apply", "R12", "opted_in")
    assert result.decision.lifts == (ScopeKind.ACCOUNT, ScopeKind.UNIT)
    written = [(event.scope, event.status, event.after) for event in events()[2:]]
    assert written == [(3, IN.code, IN.code), (2, IN.code, IN.code), (1, IN.code, IN.code)]
    assert events()[-1].pk == result.event_id
    assert effective_of(one, first) == (IN, ScopeKind.TYPE, Word.OURS, False)


def test_r9_the_lift_of_a_batch_lets_the_next_change_pass():
    one, first = address(), news()
    act(one, ours(unit_of(first), OUT))
    lifted, opted_in = act_all(
        [(one, ours(unit_of(first), IN)), (one, ours(of(first), IN))], at=NOW + HOUR
    )
    assert lifted.is_applied
    assert opted_in.is_applied


def test_r10_their_own_opt_out_of_all_is_not_lifted_for_them():
    one, first = address(), news()
    act(one, own(unit_of(first), OUT))
    for wish in (ours(unit_of(first), IN), ours(of(first), IN, lift=True)):
        refused = act(one, wish, at=NOW + HOUR)
        assert said(refused) == ("refuse", "R10", "own_opt_out_of_all")
        assert refused.decision.offers_link


def test_r10_lifting_ours_leaves_theirs_standing_and_says_so():
    one, first = address(), news()
    act(one, own(unit_of(first), OUT))
    act(one, ours(unit_of(first), OUT), at=NOW + HOUR)
    lifted = act(one, ours(unit_of(first), IN), at=NOW + 2 * HOUR)
    assert lifted.is_applied
    assert lifted.decision.flags & Flag.OWN_STANDS
    assert events()[-1].flags & Flag.OWN_STANDS
    assert status_of(one, first) is OUT


@pytest.mark.parametrize(
    ("set_by", "lifted_by", "decision"),
    [
        (Source.RECORD_PANEL, Source.BULK_EDIT, "apply"),
        (Source.BULK_EDIT, Source.BULK_EDIT, "apply"),
        (Source.WORKFLOW, Source.BULK_EDIT, "refuse"),
        (Source.IMPORT, Source.BULK_EDIT, "refuse"),
        (Source.API_V4, Source.BULK_EDIT, "refuse"),
        (Source.WORKFLOW, Source.RECORD_PANEL, "apply"),
        (Source.RECORD_PANEL, Source.WORKFLOW, "refuse"),
        (Source.RECORD_PANEL, Source.IMPORT, "refuse"),
        (Source.RECORD_PANEL, Source.API_V3, "refuse"),
        (Source.RECORD_PANEL, Source.API_V4, "refuse"),
    ],
)
def test_r10_who_set_an_opt_out_of_all_matters_for_who_lifts_it(set_by, lifted_by, decision):
    one = address()
    act(one, ours(ACCOUNT, OUT, set_by))
    assert said(act(one, ours(ACCOUNT, IN, lifted_by), at=NOW + HOUR))[0] == decision


def test_r10_the_account_is_lifted_only_with_all_units():
    one, first = address(), news()
    act(one, ours(ACCOUNT, OUT))
    editor = Actor(ActorKind.USER, 2, all_units=False, unit_ids=frozenset({first.business_unit_id}))
    for wish in (ours(ACCOUNT, IN), ours(of(first), IN, lift=True)):
        refused = act(one, wish, actor=editor, at=NOW + HOUR)
        assert said(refused) == ("refuse", "R10", "needs_all_units")
    assert act(one, ours(ACCOUNT, OUT, Source.BULK_EDIT), actor=editor).decision.rule == "R16"


def test_r11_who_comes_back_to_one_type_is_an_exception_there_and_nowhere_else():
    one, first = address(), news()
    second = TypeFactory(business_unit=first.business_unit)
    act(one, own(unit_of(first), OUT))
    back = act(one, own(of(first), IN), at=NOW + HOUR)
    assert said(back) == ("apply", "R11", "opted_in")
    assert effective_of(one, first) == (IN, ScopeKind.TYPE, Word.OWN, True)
    later = TypeFactory(business_unit=first.business_unit)
    assert (status_of(one, second), status_of(one, later)) == (OUT, OUT)


def test_r11_saying_it_again_ends_every_exception():
    one, first = address(), news()
    act(one, own(ACCOUNT, OUT))
    act(one, own(of(first), IN), at=NOW + HOUR)
    again = act(one, own(ACCOUNT, OUT), at=NOW + 2 * HOUR)
    assert said(again) == ("apply", "R2", "opted_out")
    assert status_of(one, first) is OUT


def test_r11_only_their_own_lift_ends_it_for_everything():
    one, first = address(), news()
    second = TypeFactory(business_unit=first.business_unit)
    act(one, ours(of(second), IN))
    act(one, own(ACCOUNT, OUT), at=NOW + HOUR)
    act(one, own(of(first), IN), at=NOW + 2 * HOUR)
    assert act(one, own(ACCOUNT, IN), at=NOW + 3 * HOUR).is_applied
    assert (status_of(one, first), status_of(one, second)) == (IN, IN)
    assert not effective_of(one, first).is_exception


# --- changes of one batch ---------------------------------------------------------------------------


def test_the_second_change_on_a_scope_finds_what_the_first_one_left():
    one, first = address(), news()
    results = act_all(
        [
            (one, ours(of(first), IN)),
            (one, ours(of(first), IN)),
            (one, ours(of(first), OUT)),
            (one, ours(of(first), NONE)),
        ]
    )
    assert [said(result) for result in results] == [
        ("apply", "R12", "opted_in"),
        ("no_change", "R16", "already_opted_in"),
        ("apply", "R3", "opted_out"),
        ("apply", "R22", "reopened"),
    ]
    assert [(event.before, event.after) for event in events()] == [(0, 1), (1, 2), (2, 0)]
    assert [event.replaced_event_id for event in events()] == [None, events()[0].pk, events()[1].pk]
    assert status_of(one, first) is NONE


def test_an_opt_out_of_all_in_a_batch_stops_the_opt_in_behind_it():
    one, first = address(), news()
    results = act_all([(one, own(ACCOUNT, OUT)), (one, ours(of(first), IN))])
    assert said(results[1]) == ("refuse", "R10", "own_opt_out_of_all")


def test_facts_of_a_batch_are_known_to_the_changes_behind_them():
    one, first = address(), news()
    results = act_all(
        [
            (one, fact(Act.BOUNCE)),
            (one, fact(Act.BOUNCE)),
            (one, fact(Act.DELIVER)),
            (one, fact(Act.BOUNCE)),
            (one, fact(Act.ERASE)),
            (one, fact(Act.ERASE)),
            (one, ours(of(first), IN)),
        ]
    )
    assert [said(result)[:2] for result in results] == [
        ("apply", "R17"),
        ("no_change", "R17"),
        ("apply", "R17"),
        ("apply", "R17"),
        ("apply", "R18"),
        ("no_change", "R18"),
        ("refuse", "R18"),
    ]


def test_a_repeat_within_a_batch_makes_an_older_opt_in_old_news():
    one, first = address(), news()
    act(one, own(of(first), OUT))
    act(one, ours(of(first), IN), at=NOW + HOUR)
    results = act_all(
        [
            (one, own(of(first), OUT)),
            (one, own(of(first), OUT)),
            (one, own(of(first), IN, said_at=NOW + 2 * HOUR - MINUTE)),
        ],
        at=NOW + 2 * HOUR,
    )
    assert [said(result)[0] for result in results] == ["apply", "no_change", "no_change"]
    assert status_of(one, first) is OUT


# --- R16: repeats -----------------------------------------------------------------------------------


def counts() -> list[tuple[int, int]]:
    return list(RepeatedWord.objects.order_by("pk").values_list("source", "count"))


def test_r16_a_repeated_unsubscribe_is_kept_once_a_day_and_counted():
    one, first = address(), news()
    act(one, own(of(first), OUT, Source.ONE_CLICK))
    for minutes in range(1, 4):
        result = act(one, own(of(first), OUT, Source.ONE_CLICK), at=NOW + minutes * MINUTE)
        assert said(result) == ("no_change", "R16", "already_opted_out")
    assert counts() == [(Source.ONE_CLICK.code, 3)]
    assert len(events()) == 1
    kept = act(one, own(of(first), OUT, Source.ONE_CLICK), at=NOW + DAY + MINUTE)
    assert said(kept) == ("apply", "R16", "repeat_kept")
    assert events()[-1].flags == Flag.REPEAT
    again = act(one, own(of(first), OUT, Source.ONE_CLICK), at=NOW + DAY + HOUR)
    assert not again.is_applied
    assert counts() == [(Source.ONE_CLICK.code, 4)]
    row = RepeatedWord.objects.get()
    assert row.last_said_at == NOW + DAY + HOUR
    assert (row.address_id, row.scope_kind, row.scope_id, row.word) == (one, 1, first.pk, 1)


def test_r16_every_source_and_scope_keeps_its_own():
    one, first = address(), news()
    ways = [
        (of(first), Source.ONE_CLICK, "opted_out"),
        (of(first), Source.PREFERENCE_PAGE, "repeat_kept"),
        (unit_of(first), Source.ONE_CLICK, "opted_out"),
    ]
    for minutes, (scope, source, reason) in enumerate(ways):
        kept = act(one, own(scope, OUT, source), at=NOW + minutes * MINUTE)
        assert kept.decision.reason == reason
    for scope, source, _ in ways:
        assert not act(one, own(scope, OUT, source), at=NOW + HOUR).is_applied
    assert [count for _, count in counts()] == [1, 1, 1]


def test_r16_an_opt_in_of_the_same_day_is_not_the_opt_out_that_was_kept():
    one, first = address(), news()
    act(one, own(of(first), OUT))
    act(one, own(of(first), IN), at=NOW + 2 * DAY)
    done = act(one, own(of(first), OUT, Source.SMS_KEYWORD), at=NOW + 2 * DAY + HOUR)
    assert done.is_applied
    act(one, undo(done.event_id, of(first), Word.OWN), at=NOW + 2 * DAY + 2 * HOUR)
    assert status_of(one, first) is IN


def test_r16_what_we_say_again_is_counted_and_never_kept():
    one, first = address(), news()
    act(one, ours(of(first), OUT))
    for days in (0, 2):
        result = act(one, ours(of(first), OUT), at=NOW + days * DAY)
        assert said(result) == ("no_change", "R16", "already_opted_out")
    assert counts() == [(Source.RECORD_PANEL.code, 2)]


def test_r16_a_repeated_opt_in_leaves_nothing_but_a_confirmation():
    one, first = address(), news()
    act(one, own(of(first), IN))
    assert said(act(one, own(of(first), IN), at=NOW + HOUR)) == (
        "no_change",
        "R16",
        "already_opted_in",
    )
    assert counts() == []
    confirmed = act(one, own(of(first), IN, Source.CONFIRMATION), at=NOW + HOUR)
    assert confirmed.decision.reason == "repeat_kept"
    assert not act(one, own(of(first), IN, Source.CONFIRMATION), at=NOW + 2 * HOUR).is_applied


def test_r16_a_repeat_heard_late_does_not_set_the_clock_back():
    one, first = address(), news()
    act(one, own(of(first), OUT, Source.ONE_CLICK))
    act(one, own(of(first), OUT, Source.ONE_CLICK), at=NOW + 3 * HOUR)
    late = own(of(first), OUT, Source.ONE_CLICK, said_at=NOW + HOUR)
    act(one, late, at=NOW + 4 * HOUR)
    assert RepeatedWord.objects.get().last_said_at == NOW + 3 * HOUR


def test_r16_repeats_are_counted_within_a_batch():
    one, first = address(), news()
    wish = own(of(first), OUT, Source.ONE_CLICK)
    results = act_all([(one, wish)] * 4)
    assert [result.is_applied for result in results] == [True, False, False, False]
    assert counts() == [(Source.ONE_CLICK.code, 3)]


def test_r16_a_word_said_again_after_we_spoke_is_kept():
    """Or the undo of what we said would open what the person closed twice."""
    one, first = address(), news()
    act(one, own(of(first), OUT, Source.ONE_CLICK))
    act(one, ours(of(first), IN), at=NOW + HOUR)
    closed = act(one, ours(of(first), OUT), at=NOW + 2 * HOUR)
    again = act(one, own(of(first), OUT, Source.ONE_CLICK), at=NOW + 3 * HOUR)
    assert said(again) == ("apply", "R16", "repeat_kept")
    refused = act(one, undo(closed.event_id, of(first)), at=NOW + 4 * HOUR)
    assert said(refused) == ("refuse", "R23", "person_spoke_since")
    assert status_of(one, first) is OUT


# --- R14: requests to confirm -----------------------------------------------------------------------


def asks(**fields):
    return news(double_opt_in="on", **fields)


def pending() -> list[tuple[int, int]]:
    return list(
        PendingConfirmation.objects.order_by("pk").values_list("address_id", "subscription_type_id")
    )


def test_r14_an_opt_in_on_our_word_waits_for_the_click():
    one, first = address(), asks()
    result = act(one, ours(of(first), IN))
    assert said(result) == ("confirm_first", "R14", "asked_to_confirm")
    assert status_of(one, first) is NONE
    event = events()[0]
    assert (event.pk, event.act, event.after) == (result.event_id, Act.REQUEST.code, NONE.code)
    row = PendingConfirmation.objects.get()
    assert (row.request_event_id, row.requested_at) == (event.pk, NOW)
    assert row.expires_at == NOW + timedelta(days=7)
    assert event.evidence.explanation == "Asked at the counter"


def test_r14_the_newest_request_wins():
    one, first = address(), asks()
    act(one, ours(of(first), IN))
    newest = act(one, ours(of(first), IN), at=NOW + HOUR)
    row = PendingConfirmation.objects.get()
    assert (row.request_event_id, row.requested_at) == (newest.event_id, NOW + HOUR)
    assert row.expires_at == NOW + HOUR + timedelta(days=7)


def test_r14_of_two_requests_in_a_batch_the_second_wins():
    one, first = address(), asks()
    results = act_all([(one, ours(of(first), IN)), (one, ours(of(first), IN))])
    assert PendingConfirmation.objects.get().request_event_id == results[1].event_id


def test_r14_the_click_opts_in_and_ends_the_request():
    one, first = address(), asks()
    act(one, ours(of(first), IN))
    result = act(one, own(of(first), IN, Source.CONFIRMATION), at=NOW + HOUR)
    assert said(result) == ("apply", "R2", "opted_in")
    assert pending() == []
    assert status_of(one, first) is IN


@pytest.mark.parametrize("scope", ["type", "unit", "account"])
@pytest.mark.parametrize("word", [Word.OWN, Word.OURS])
@pytest.mark.parametrize("is_same_batch", [True, False])
def test_r14_any_opt_out_cancels_it(scope, word, is_same_batch):
    one, first = address(), asks()
    wide = {"type": of(first), "unit": unit_of(first), "account": ACCOUNT}[scope]
    closing = own(wide, OUT) if word is Word.OWN else ours(wide, OUT)
    request = ours(of(first), IN)
    if is_same_batch:
        act_all([(one, request), (one, closing)])
    else:
        act(one, request)
        assert pending() == [(one, first.pk)]
        act(one, closing, at=NOW + HOUR)
    assert pending() == []


def test_r14_one_said_earlier_that_arrives_later_cancels_it_too():
    one, first = address(), asks()
    act(one, own(of(first), IN))
    act(one, ours(of(first), NONE), at=NOW + HOUR)
    act(one, ours(of(first), IN), at=NOW + 2 * HOUR)
    assert len(pending()) == 1
    late = act(one, own(of(first), OUT, said_at=NOW - HOUR), at=NOW + 3 * HOUR)
    assert late.decision.reason == "older_kept"
    assert pending() == []


def test_r14_an_opt_out_that_changes_nothing_cancels_it_too():
    """The single link mail of R4 waits; the person's answer is no, once more."""
    one, first = address(), asks()
    act(one, own(of(first), OUT))
    asked = act(one, ours(of(first), IN), at=NOW + HOUR)
    assert asked.decision.reason == "asked_to_confirm"
    repeated = act(one, own(of(first), OUT), at=NOW + 2 * HOUR)
    assert not repeated.is_applied
    assert pending() == []


def test_r14_other_opt_outs_leave_it_alone():
    one, first, other = address(), asks(), asks()
    act(one, ours(of(first), IN))
    act(one, own(of(other), OUT))
    act(one, own(unit_of(other), OUT))
    act(address("other@fernmoor.example"), own(ACCOUNT, OUT))
    act(one, fact(Act.BOUNCE))
    assert pending() == [(one, first.pk)]


def test_r14_a_request_after_the_opt_out_of_a_batch_stands():
    one, first = address(), asks()
    act(one, ours(of(first), IN))
    results = act_all([(one, own(of(first), OUT)), (one, ours(of(first), IN))], at=NOW + HOUR)
    assert results[1].decision.reason == "asked_to_confirm"
    assert PendingConfirmation.objects.get().request_event_id == results[1].event_id


def test_r14_a_complaint_cancels_it():
    one, first = address(), asks()
    act(one, ours(of(first), IN))
    act(one, complaint(unit_of(first)))
    assert pending() == []


def test_r14_an_undo_that_closes_the_type_cancels_it():
    one, first = address(), asks()
    act(one, ours(of(first), OUT))
    reopened = act(one, ours(of(first), Status.NOT_SPECIFIED), at=NOW + HOUR)
    act(one, ours(of(first), IN), at=NOW + 2 * HOUR)
    assert len(pending()) == 1
    act(one, undo(reopened.event_id, of(first)), at=NOW + 3 * HOUR)
    assert status_of(one, first) is OUT
    assert pending() == []


def test_r14_switched_on_for_the_account_or_the_unit():
    one, first = address(), news()
    set_policy(double_opt_in=True)
    assert act(one, ours(of(first), IN)).decision.reason == "asked_to_confirm"
    first.business_unit.double_opt_in = "off"
    first.business_unit.save()
    assert act(one, ours(of(first), IN)).is_applied
    assert pending() == []


def test_r14_the_persons_own_opt_in_is_asked_nothing():
    one, first = address(), asks()
    assert act(one, own(of(first), IN)).is_applied
    assert pending() == []


# --- few at a time: the sizes around which statements differ ------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, FEW, FEW + 1])
def test_words_of_several_people_leave_what_each_would_leave_alone(count):
    """Some have a row already, some do not, each brings evidence of their own."""
    first, people = news(), addresses(count)
    act_all([(one, ours(of(first), IN)) for one in people[::2]])
    wishes = [
        own(of(first), OUT, evidence=(("user_agent", f"Mail {number}\\ \t %s \U0001f4ec"),))
        for number in range(count)
    ]
    act_all(zip(people, wishes, strict=True), at=NOW + HOUR, actor=PERSON)
    assert [status_of(one, first) for one in people] == [OUT] * count
    kept = {
        event.address_id: event.evidence.details["user_agent"]
        for event in ConsentEvent.objects.filter(status=OUT.code)
    }
    assert [kept[one] for one in people] == [
        f"Mail {number}\\ \t %s \U0001f4ec" for number in range(count)
    ]
    assert verify_events(people) is None
    assert list(differences()) == []
