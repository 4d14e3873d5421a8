"""Late words, facts about the address, erasure, undo and correction, as the door knows them."""

from datetime import date, timedelta

import pytest

from preferences.gate import Reason, may_send
from preferences.models import Address, ConsentEvent, Evidence, PendingConfirmation, RepeatedWord
from preferences.projection import read
from preferences.rebuilding import differences
from preferences.services import ensure_address
from preferences.values import ACCOUNT, PERSON, Act, Actor, ActorKind, Channel, Flag, Source, Word
from tests.factories import TypeFactory
from tests.preferences.kernel import (
    DAY,
    HOUR,
    IN,
    MINUTE,
    NONE,
    NOW,
    OUT,
    STAFF,
    act,
    act_all,
    address,
    addresses,
    complaint,
    erasure,
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
EMAIL = "ada@fernmoor.example"


def last_event() -> ConsentEvent:
    return ConsentEvent.objects.latest("id")


def registers(one: int, scope):
    return read([one], None).registers.get((one, scope))


# --- late words --------------------------------------------------------------------------------------


def test_an_opt_out_heard_late_still_counts():
    """Out at 10:00, opted in by staff at 10:01, and the second is heard first."""
    one, first = address(), news()
    act(one, ours(of(first), IN), at=NOW + MINUTE)
    late = act(one, own(of(first), OUT, said_at=NOW), at=NOW + HOUR)
    assert said(late) == ("apply", "R2", "opted_out")
    assert last_event().said_at == NOW
    assert last_event().recorded_at == NOW + HOUR
    assert status_of(one, first) is OUT


def test_an_older_word_is_kept_and_changes_nothing():
    one, first = address(), news()
    act(one, own(of(first), IN))
    older = act(one, own(of(first), OUT, said_at=NOW - HOUR), at=NOW + HOUR)
    assert said(older) == ("apply", "R16", "older_kept")
    assert last_event().flags == Flag.OLDER
    assert status_of(one, first) is IN


def test_a_relayed_opt_in_opens_nothing():
    one, first = address(), news()
    act(one, own(of(first), OUT), at=NOW - DAY)
    relayed = act(one, own(of(first), IN, Source.API_V4, said_at=NOW - HOUR))
    assert said(relayed) == ("refuse", "R2", "relayed_opt_in")
    spoken = act(one, own(of(first), IN, Source.API_V4, said_at=NOW - 10 * MINUTE))
    assert spoken.is_applied
    assert status_of(one, first) is IN


def test_a_relayed_opt_in_of_somebody_new_is_flagged():
    one, first = address(), news()
    assert act(one, own(of(first), IN, Source.IMPORT)).is_applied
    assert last_event().flags & Flag.RELAYED
    assert registers(one, of(first)).own.is_relayed


def test_types_hear_an_opt_out_of_all_that_came_late():
    """What we opened since is not open, and the person's own lift does not bring it back."""
    one, first = address(), news()
    act(one, ours(of(first), IN), at=NOW + MINUTE)
    act(one, own(unit_of(first), OUT, said_at=NOW), at=NOW + HOUR)
    act(one, own(unit_of(first), IN), at=NOW + 2 * HOUR)
    assert status_of(one, first) is OUT


def test_a_resubscribe_names_the_opt_out_it_undoes_and_no_other():
    one, first = address(), news()
    out = act(one, own(of(first), OUT))
    back = act(one, ours(of(first), IN), at=NOW + 2 * HOUR)
    assert said(back) == ("apply", "R4", "opted_in")
    assert last_event().names_event_id == out.event_id
    assert status_of(one, first) is IN
    act(one, own(of(first), OUT, said_at=NOW + HOUR), at=NOW + 3 * HOUR)
    assert status_of(one, first) is OUT


@pytest.mark.parametrize(
    ("asked_on", "decision"),
    [
        (date(2026, 11, 20), "refuse"),
        (date(2026, 11, 21), "apply"),
        (date(2026, 11, 22), "apply"),
        (date(2026, 11, 25), "apply"),
        (date(2026, 11, 26), "refuse"),
        (None, "refuse"),
    ],
)
def test_r4_the_date_asked_lies_between_the_opt_out_and_now(asked_on, decision):
    """A date has no time zone, so half a day on either side is let pass."""
    one, first = address(), news()
    act(one, own(of(first), OUT), at=NOW - HOUR)  # 22 November, 11:00
    result = act(one, ours(of(first), IN, asked_on=asked_on), at=NOW + 2 * DAY + 13 * HOUR)
    assert said(result)[0] == decision


def test_r4_a_name_that_an_opt_out_of_all_took_away_does_not_come_back():
    """Resubscribed, then an older opt-out of all is heard: an undo later does not open the type."""
    one, first = address(), news()
    act(one, own(of(first), OUT))
    act(one, ours(of(first), IN), at=NOW + HOUR)
    act(one, own(ACCOUNT, OUT, said_at=NOW - HOUR), at=NOW + 2 * HOUR)
    act(one, own(ACCOUNT, IN), at=NOW + 3 * HOUR)
    assert status_of(one, first) is OUT
    closed = act(one, ours(of(first), OUT), at=NOW + 4 * HOUR)
    act(one, undo(closed.event_id, of(first)), at=NOW + 5 * HOUR)
    assert status_of(one, first) is OUT


# --- R17: facts --------------------------------------------------------------------------------------


def test_r17_a_hard_bounce_is_no_consent_and_takes_none():
    one, first = address(), news()
    act(one, ours(of(first), IN))
    assert said(act(one, fact(Act.BOUNCE))) == ("apply", "R17", "undeliverable")
    assert Address.objects.get().undeliverable_at == NOW
    assert said(act(one, fact(Act.BOUNCE), at=NOW + HOUR))[0] == "no_change"
    assert status_of(one, first) is IN
    assert may_send("EMAIL", EMAIL, first.pk, now=NOW).reasons == (Reason.UNDELIVERABLE,)


def test_r17_clearing_a_bounce_restores_no_consent_and_consent_clears_no_bounce():
    one, first = address(), news()
    act(one, fact(Act.BOUNCE))
    act(one, own(of(first), IN))
    assert Address.objects.get().undeliverable_at == NOW
    act(one, own(of(first), OUT), at=NOW + HOUR)
    assert said(act(one, fact(Act.DELIVER), at=NOW + HOUR)) == ("apply", "R17", "deliverable")
    assert Address.objects.get().undeliverable_at is None
    assert status_of(one, first) is OUT
    assert said(act(one, fact(Act.DELIVER), at=NOW + HOUR))[0] == "no_change"


@pytest.mark.parametrize("is_unit_known", [True, False])
def test_r17_a_complaint_is_a_fact_and_the_persons_own_opt_out_of_all(is_unit_known):
    one, first, other = address(), news(), news()
    act_all([(one, ours(of(kind), IN)) for kind in (first, other)])
    result = act(one, complaint(unit_of(first) if is_unit_known else ACCOUNT), at=NOW + HOUR)
    assert result.is_applied
    assert Address.objects.get().complained_at == NOW + HOUR
    assert status_of(one, first) is OUT
    assert status_of(one, other) is (IN if is_unit_known else OUT)
    assert last_event().act == Act.COMPLAIN.code
    refused = act(one, ours(of(first), IN, lift=True), at=NOW + 2 * HOUR)
    assert said(refused) == ("refuse", "R10", "own_opt_out_of_all")


# --- R18: erasure ------------------------------------------------------------------------------------


def test_r18_the_person_is_forgotten_and_the_opt_out_is_not():
    one, first = address(), news(double_opt_in="on")
    act(one, own(of(first), OUT, evidence=(("ip", "192.0.2.7"),)))
    act(one, own(of(first), OUT))
    act(one, ours(of(first), IN), at=NOW + HOUR)
    key = Address.objects.get().key
    assert said(act(one, erasure(), at=NOW + 2 * HOUR)) == ("apply", "R18", "erasure")
    erased = Address.objects.get()
    assert (erased.canonical, erased.original, bytes(erased.key)) == ("", "", bytes(key))
    assert not PendingConfirmation.objects.exists()
    assert not RepeatedWord.objects.exists()
    for evidence in Evidence.objects.all():
        assert (evidence.explanation, evidence.details, bytes(evidence.salt)) == ("", {}, b"")
        assert evidence.erased_at == NOW + 2 * HOUR
    assert ConsentEvent.objects.exclude(evidence_digest=None).count() == 2
    assert Reason.ERASED in may_send("EMAIL", EMAIL, first.pk, now=NOW).reasons


def test_r18_a_contact_made_again_inherits_the_opt_outs():
    one, first = address(), news()
    other = TypeFactory(business_unit=first.business_unit)
    act(one, own(of(first), OUT))
    act(one, erasure(), at=NOW + HOUR)
    again = ensure_address(channel=Channel.EMAIL, text="Ada@Fernmoor.example", region=None, now=NOW)
    assert (again.pk, again.canonical, again.original) == (one, EMAIL, "Ada@Fernmoor.example")
    assert again.erased_at == NOW + HOUR
    assert status_of(one, first) is OUT
    for kind in (first, other):
        for source in (Source.RECORD_PANEL, Source.BULK_EDIT, Source.WORKFLOW, Source.API_V4):
            refused = act(one, ours(of(kind), IN, source), at=NOW + 2 * HOUR)
            assert said(refused) == ("refuse", "R18", "erased")
    relayed = act(one, own(of(other), IN, Source.IMPORT), at=NOW + 2 * HOUR)
    assert said(relayed) == ("refuse", "R18", "relayed_opt_in")


def test_r18_only_the_persons_own_opt_in_opens_a_type_again():
    one, first = address(), news()
    other = TypeFactory(business_unit=first.business_unit)
    act(one, own(of(first), IN))
    act(one, erasure(), at=NOW + HOUR)
    assert Reason.ERASED in may_send("EMAIL", EMAIL, first.pk, now=NOW).reasons
    back = act(one, own(of(first), IN), at=NOW + 2 * HOUR)
    assert said(back) == ("apply", "R2", "opted_in")
    assert may_send("EMAIL", EMAIL, first.pk, now=NOW).allowed
    assert Reason.ERASED in may_send("EMAIL", EMAIL, other.pk, now=NOW).reasons


def test_r18_what_was_said_before_the_erasure_opens_nothing_after_it():
    one, first = address(), news()
    act(one, erasure())
    act(one, own(of(first), IN, said_at=NOW - MINUTE), at=NOW + MINUTE)
    assert Reason.ERASED in may_send("EMAIL", EMAIL, first.pk, now=NOW).reasons


def test_r18_erasing_again_forgets_again():
    """They came back, left their name once more, and ask to be forgotten a second time."""
    one, first = address(), news()
    act(one, erasure())
    address()
    act(one, own(of(first), IN, evidence=(("ip", "192.0.2.9"),)), at=NOW + HOUR)
    assert said(act(one, erasure(), at=NOW + 2 * HOUR)) == ("apply", "R18", "erasure")
    assert Address.objects.get().canonical == ""
    assert Evidence.objects.get().details == {}
    assert not may_send("EMAIL", EMAIL, first.pk, now=NOW).allowed
    assert said(act(one, erasure(), at=NOW + 3 * HOUR))[0] == "no_change"


def test_r18_nobody_else_loses_their_evidence():
    """Not in one call of the API with one explanation, and not in one job."""
    one, two = addresses(2)
    first = news()
    act_all([(person, ours(of(first), IN, Source.API_V4)) for person in (one, two)])
    same_wish = ours(of(news()), IN, Source.API_V4)
    act_all([(person, same_wish) for person in (one, two)])
    job = ours(of(news()), IN, Source.BULK_EDIT, job_id=4)
    act_all([(person, job) for person in (one, two)])
    act(one, erasure(), at=NOW + HOUR)
    kept = ConsentEvent.objects.filter(address_id=two).select_related("evidence")
    assert {event.evidence.explanation for event in kept} == {"Asked at the counter"}
    mine = ConsentEvent.objects.filter(address_id=one, act=Act.STATE.code, job_id=None)
    assert {event.evidence.explanation for event in mine} == {""}


def test_r18_what_an_import_knew_of_the_person_goes_too():
    one, two = addresses(2)
    same = (("ip", "192.0.2.1"),)
    wish = ours(of(news()), IN, Source.IMPORT, job_id=8, evidence=same)
    act_all([(one, wish), (two, wish)])
    act(one, erasure(), at=NOW + HOUR)
    details = ConsentEvent.objects.filter(act=Act.STATE.code).order_by("id")
    assert [event.evidence.details for event in details] == [{}, {"ip": "192.0.2.1"}]


def test_r18_only_who_reaches_every_unit_may_erase():
    editor = Actor(ActorKind.USER, 5, all_units=False)
    assert said(act(address(), erasure(), actor=editor)) == ("refuse", "R18", "needs_all_units")


# --- R23: undo ---------------------------------------------------------------------------------------


def test_r23_an_undo_gives_back_the_register_as_it_was():
    """Basis and time included: it is the first event that counts again."""
    one, first = address(), news()
    opted_in = act(one, ours(of(first), IN, Source.IMPORT))
    before = registers(one, of(first))
    opted_out = act(one, ours(of(first), OUT), at=NOW + HOUR)
    undone = act(one, undo(opted_out.event_id, of(first)), at=NOW + 2 * HOUR)
    assert said(undone) == ("apply", "R23", "undone")
    assert (undone.before, undone.after) == (OUT, IN)
    assert registers(one, of(first)) == before
    event = last_event()
    assert (event.undoes_event_id, event.restores_event_id) == (
        opted_out.event_id,
        opted_in.event_id,
    )


def test_r23_the_undo_of_a_first_word_is_silence():
    one, first = address(), news()
    done = act(one, ours(of(first), IN))
    act(one, undo(done.event_id, of(first)), at=NOW + HOUR)
    assert registers(one, of(first)) == (None, None)
    assert status_of(one, first) is NONE
    assert last_event().restores_event_id is None


def test_r23_an_undo_is_not_undone_nor_done_twice():
    one, first = address(), news()
    done = act(one, ours(of(first), OUT))
    undone = act(one, undo(done.event_id, of(first)), at=NOW + HOUR)
    for event_id in (undone.event_id, done.event_id):
        again = act(one, undo(event_id, of(first)), at=NOW + 2 * HOUR)
        assert said(again) == ("refuse", "R23", "superseded")


def test_r23_what_came_before_an_undone_change_can_be_undone_in_its_turn():
    one, first = address(), news()
    opted_in = act(one, ours(of(first), IN))
    opted_out = act(one, ours(of(first), OUT), at=NOW + HOUR)
    act(one, undo(opted_out.event_id, of(first)), at=NOW + 2 * HOUR)
    assert act(one, undo(opted_in.event_id, of(first)), at=NOW + 3 * HOUR).is_applied
    assert status_of(one, first) is NONE


def test_r23_only_the_newest_of_its_register():
    one, first = address(), news()
    done = act(one, ours(of(first), IN))
    act(one, ours(of(first), OUT), at=NOW + HOUR)
    refused = act(one, undo(done.event_id, of(first)), at=NOW + 2 * HOUR)
    assert said(refused) == ("refuse", "R23", "superseded")


@pytest.mark.parametrize("scope", ["type", "unit", "account"])
def test_r23_not_once_the_person_spoke(scope):
    one, first = address(), news()
    done = act(one, ours(of(first), IN))
    wide = {"type": of(first), "unit": unit_of(first), "account": ACCOUNT}[scope]
    act(one, own(wide, OUT), at=NOW + HOUR)
    refused = act(one, undo(done.event_id, of(first)), at=NOW + 2 * HOUR)
    assert said(refused) == ("refuse", "R23", "person_spoke_since")


def test_r23_a_word_heard_late_is_spoken_since():
    one, first = address(), news()
    act(one, own(of(first), IN))
    done = act(one, ours(of(first), OUT), at=NOW + HOUR)
    act(one, own(of(first), OUT, said_at=NOW - HOUR), at=NOW + 2 * HOUR)
    refused = act(one, undo(done.event_id, of(first)), at=NOW + 3 * HOUR)
    assert said(refused) == ("refuse", "R23", "person_spoke_since")


@pytest.mark.parametrize(
    ("job_id", "after", "decision"),
    [
        (None, DAY, "apply"),
        (None, DAY + timedelta(seconds=1), "refuse"),
        (6, 30 * DAY, "apply"),
        (6, 30 * DAY + timedelta(seconds=1), "refuse"),
    ],
)
def test_r23_a_day_for_single_acts_and_thirty_for_jobs(job_id, after, decision):
    one, first = address(), news()
    done = act(one, ours(of(first), OUT, Source.BULK_EDIT, job_id=job_id))
    result = act(one, undo(done.event_id, of(first), source=Source.BULK_EDIT), at=NOW + after)
    assert said(result)[0] == decision
    assert decision == "apply" or result.decision.reason == "too_late"


def test_r23_theirs_is_undone_by_them_and_ours_by_us():
    one, first, second = address(), news(), news()
    theirs = act(one, own(of(first), OUT))
    our_own = act(one, ours(of(second), OUT))
    refused = act(one, undo(theirs.event_id, of(first)), at=NOW + HOUR)
    assert said(refused) == ("refuse", "R23", "own_word")
    refused = act(one, undo(our_own.event_id, of(second), Word.OWN), at=NOW + HOUR)
    assert said(refused) == ("refuse", "R23", "our_word")
    assert act(one, undo(theirs.event_id, of(first), Word.OWN), at=NOW + HOUR).is_applied
    assert status_of(one, first) is NONE


def test_r23_their_undo_of_an_opt_out_of_all_brings_everything_back():
    one, first = address(), news()
    act(one, own(of(first), IN))
    done = act(one, own(ACCOUNT, OUT, Source.ONE_CLICK), at=NOW + HOUR)
    act(one, undo(done.event_id, ACCOUNT, Word.OWN), at=NOW + 2 * HOUR)
    assert status_of(one, first) is IN


def test_r23_their_undo_of_an_opt_out_of_all_heard_late_gives_types_back_what_nobody_touched():
    one, first = address(), news()
    second = TypeFactory(business_unit=first.business_unit)
    for kind in (first, second):
        act(one, ours(of(kind), IN))
    late = act(one, own(ACCOUNT, OUT, said_at=NOW - MINUTE), at=NOW + MINUTE)
    act(one, own(of(second), OUT), at=NOW + HOUR)
    assert (status_of(one, first), status_of(one, second)) == (OUT, OUT)
    act(one, undo(late.event_id, ACCOUNT, Word.OWN), at=NOW + 2 * HOUR)
    assert (status_of(one, first), status_of(one, second)) == (IN, OUT)
    assert list(differences()) == []


def test_r23_an_undo_needs_no_grounds_and_asks_for_no_confirmation():
    set_policy(double_opt_in=True)
    one, first = address(), news()
    act(one, own(of(first), IN))
    withdrawn = act(one, ours(of(first), NONE, Source.BULK_EDIT, job_id=2), at=NOW + HOUR)
    back = undo(withdrawn.event_id, of(first), source=Source.BULK_EDIT, job_id=3)
    assert act(one, back, at=NOW + 2 * HOUR).is_applied
    assert status_of(one, first) is IN


def test_r23_an_event_of_another_address_or_scope_is_not_undone():
    one, two = addresses(2)
    first, second = news(), news()
    done = act(one, ours(of(first), OUT))
    for wrong in ((two, of(first)), (one, of(second)), (one, ACCOUNT)):
        refused = act(wrong[0], undo(done.event_id, wrong[1]), at=NOW + HOUR)
        assert said(refused) == ("refuse", "R23", "superseded")
    refused = act(one, undo(987654321, of(first)), at=NOW + HOUR)
    assert said(refused) == ("refuse", "R23", "superseded")


def test_r23_facts_and_requests_hold_no_register_to_give_back():
    one, first = address(), news(double_opt_in="on")
    bounced = act(one, fact(Act.BOUNCE))
    asked = act(one, ours(of(first), IN))
    for event_id, scope in ((bounced.event_id, ACCOUNT), (asked.event_id, of(first))):
        assert act(one, undo(event_id, scope), at=NOW + HOUR).decision.reason == "superseded"


def test_r23_what_an_erased_person_was_opted_in_to_is_not_restored():
    one, first = address(), news()
    act(one, ours(of(first), IN))
    closed = act(one, ours(of(first), OUT), at=NOW + HOUR)
    act(one, erasure(), at=NOW + 2 * HOUR)
    refused = act(one, undo(closed.event_id, of(first)), at=NOW + 3 * HOUR)
    assert said(refused) == ("refuse", "R18", "erased")


def test_r23_the_undo_of_a_whole_job_leaves_who_spoke_since():
    first, people = news(), addresses(3)
    done = act_all([(one, ours(of(first), OUT, Source.BULK_EDIT, job_id=1)) for one in people])
    act(people[1], own(of(first), IN), at=NOW + HOUR)
    back = [
        (result.change.address_id, undo(result.event_id, of(first), job_id=2)) for result in done
    ]
    results = act_all(back, at=NOW + 2 * HOUR)
    assert [result.decision.reason for result in results] == [
        "undone",
        "person_spoke_since",
        "undone",
    ]
    assert [status_of(one, first) for one in people] == [NONE, IN, NONE]


# --- R24: correction ---------------------------------------------------------------------------------


def correction(event_id: int, scope, **fields):
    return undo(event_id, scope, act=Act.CORRECT, explanation="A scanner opened the link", **fields)


def test_r24_an_opt_out_made_by_a_machine_is_given_back():
    one, first = address(), news()
    act(one, own(of(first), IN))
    machine = act(one, own(of(first), OUT, Source.ONE_CLICK, suspected=True), at=NOW + HOUR)
    assert last_event().flags == Flag.SUSPECTED
    assert status_of(one, first) is OUT
    result = act(one, correction(machine.event_id, of(first)), at=NOW + 9 * DAY)
    assert said(result) == ("apply", "R24", "corrected")
    assert status_of(one, first) is IN
    event = last_event()
    assert (event.act, event.undoes_event_id) == (Act.CORRECT.code, machine.event_id)
    assert ConsentEvent.objects.filter(pk=machine.event_id).exists()


def test_r24_only_with_the_right_an_explanation_and_a_suspicion():
    one, first, second = address(), news(), news()
    machine = act(one, own(of(first), OUT, suspected=True))
    person = act(one, own(of(second), OUT))
    wish = correction(machine.event_id, of(first))
    for actor in (Actor(ActorKind.USER, 2), PERSON):
        refused = act(one, wish, actor=actor, at=NOW + HOUR)
        assert said(refused) == ("refuse", "R24", "needs_right_to_resubscribe")
    bare = undo(machine.event_id, of(first), act=Act.CORRECT)
    assert act(one, bare, at=NOW + HOUR).decision.fields == ("explanation",)
    refused = act(one, correction(person.event_id, of(second)), at=NOW + HOUR)
    assert said(refused) == ("refuse", "R24", "not_suspected")


def test_r24_the_persons_plain_word_stands_in_its_way():
    one, first = address(), news()
    machine = act(one, own(of(first), OUT, Source.ONE_CLICK, suspected=True))
    proved = act(one, own(of(first), OUT, Source.ONE_CLICK), at=NOW + HOUR)
    assert proved.is_applied
    refused = act(one, correction(machine.event_id, of(first)), at=NOW + 2 * HOUR)
    assert said(refused) == ("refuse", "R24", "superseded")


def test_r24_a_plain_word_said_before_and_heard_after_stands_in_its_way_too():
    one, first = address(), news()
    act(one, own(of(first), IN), at=NOW - DAY)
    machine = act(one, own(of(first), OUT, Source.ONE_CLICK, suspected=True))
    act(one, own(of(first), OUT, said_at=NOW - HOUR), at=NOW + HOUR)
    refused = act(one, correction(machine.event_id, of(first)), at=NOW + 2 * HOUR)
    assert said(refused) == ("refuse", "R24", "superseded")
    assert status_of(one, first) is OUT


def test_r24_many_at_once():
    first, people = news(), addresses(3)
    machine = [act(one, own(of(first), OUT, suspected=True)) for one in people]
    wishes = [
        (one, correction(done.event_id, of(first)))
        for one, done in zip(people, machine, strict=True)
    ]
    assert all(result.is_applied for result in act_all(wishes, at=NOW + HOUR, actor=STAFF))
    assert {status_of(one, first) for one in people} == {NONE}
