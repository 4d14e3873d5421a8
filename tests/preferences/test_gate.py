"""The gate: every reason, which one decides, and that it fails closed."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.test.utils import CaptureQueriesContext

from preferences import gate, projection
from preferences.frequencies import ask_frequency
from preferences.gate import Answer, Question, Reason, may_send, may_send_many
from preferences.models import ConsentEvent, SubscriptionType
from preferences.pauses import pause
from preferences.values import ACCOUNT, Act, Channel, Frequency, Privacy, ScopeKind
from tests.factories import TypeFactory
from tests.preferences.kernel import (
    DAY,
    HOUR,
    IN,
    NONE,
    NOW,
    OUT,
    act,
    address,
    erasure,
    fact,
    news,
    of,
    ours,
    own,
    set_policy,
    unit_of,
)

pytestmark = pytest.mark.django_db
EMAIL = "ada@fernmoor.example"
R = Reason


def ask(subscription_type, text: str = EMAIL, channel: str = "EMAIL") -> Answer:
    return may_send(channel, text, subscription_type.pk, now=NOW)


# --- yes ----------------------------------------------------------------------------------------------


def test_it_reports_how_often_the_person_wants_it():
    kind, other = TypeFactory(frequencies="weekly, monthly"), TypeFactory(frequencies="weekly")
    one = address()
    act(one, own(of(kind), IN), at=NOW)
    ask_frequency(address_id=one, type_id=kind.pk, frequency=Frequency.WEEKLY, now=NOW)
    answer = may_send("EMAIL", EMAIL, kind.pk, now=NOW)
    assert (answer.allowed, answer.frequency) == (True, Frequency.WEEKLY)
    assert may_send("EMAIL", EMAIL, other.pk, now=NOW).frequency is None
    act(one, own(of(kind), OUT), at=NOW + HOUR)
    assert may_send("EMAIL", EMAIL, kind.pk, now=NOW + HOUR).frequency is Frequency.WEEKLY
    SubscriptionType.objects.filter(pk=kind.pk).update(frequencies="monthly")
    assert may_send("EMAIL", EMAIL, kind.pk, now=NOW + HOUR).frequency is None


def test_who_opted_in_may_be_written_to():
    first = news()
    act(address(), own(of(first), IN))
    assert ask(first) == Answer(True, (R.SUBSCRIBED,), IN, ScopeKind.TYPE)


@pytest.mark.parametrize("privacy", Privacy)
def test_who_said_nothing_may_be_written_to_unless_privacy_is_enforced(privacy):
    set_policy(privacy=privacy.code)
    first = news()
    is_enforced = privacy is Privacy.ENFORCED
    reason = R.NOT_SPECIFIED if is_enforced else R.NO_OPT_OUT
    expected = Answer(not is_enforced, (reason,), NONE, ScopeKind.TYPE)
    assert ask(first) == expected  # an address nobody has heard of
    address()
    assert ask(first) == expected


def test_a_service_type_is_always_sent():
    service, first = news(kind="service"), news()
    act(address(), own(ACCOUNT, OUT))
    set_policy(privacy=Privacy.ENFORCED.code)
    assert ask(service) == Answer(True, (R.SERVICE,))
    assert not ask(first).allowed


def test_an_exception_to_an_opt_out_of_all_may_be_sent():
    one, first, second = address(), news(), news()
    act(one, own(ACCOUNT, OUT))
    act(one, own(of(first), IN), at=NOW + HOUR)
    assert ask(first) == Answer(True, (R.SUBSCRIBED,), IN, ScopeKind.TYPE)
    assert ask(second).reasons == (R.ACCOUNT_OPT_OUT,)


# --- no -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "reason"),
    [("type", R.TYPE_OPT_OUT), ("unit", R.UNIT_OPT_OUT), ("account", R.ACCOUNT_OPT_OUT)],
)
@pytest.mark.parametrize("privacy", Privacy)
def test_every_level_of_opt_out_is_a_no(level, reason, privacy):
    set_policy(privacy=privacy.code)
    one, first = address(), news()
    act(one, ours(of(first), IN))
    scope = {"type": of(first), "unit": unit_of(first), "account": ACCOUNT}[level]
    act(one, ours(scope, OUT), at=NOW + HOUR)
    assert ask(first) == Answer(False, (reason,), OUT, ScopeKind[level.upper()])


def test_the_widest_level_decides():
    one, first = address(), news()
    for scope in (of(first), unit_of(first), ACCOUNT):
        act(one, own(scope, OUT))
    assert ask(first).level is ScopeKind.ACCOUNT


def test_undeliverable():
    one, first = address(), news()
    service = news(kind="service")
    act(one, own(of(first), IN))
    act(one, fact(Act.BOUNCE))
    assert ask(first) == Answer(False, (R.UNDELIVERABLE,), IN, ScopeKind.TYPE)
    assert ask(service) == Answer(False, (R.UNDELIVERABLE,))
    act(one, fact(Act.DELIVER), at=NOW + HOUR)
    assert ask(first).allowed


def test_erased():
    first, service = news(), news(kind="service")
    act(address(), own(of(first), IN))
    act(address(), erasure(), at=NOW + HOUR)
    assert ask(first).reasons == (R.ERASED,)
    assert ask(service).reasons == (R.ERASED,)


def test_an_archived_type():
    first = news(archived_at=NOW)
    assert ask(first).reasons == (R.TYPE_ARCHIVED,)
    assert ask(news(archived_at=NOW, kind="service")).reasons == (R.TYPE_ARCHIVED,)


def test_a_channel_the_type_is_not_offered_on_or_that_is_not_connected():
    by_mail, by_sms = news(), news(offered_on_sms=True)
    assert ask(by_mail, "+48601100200", "SMS").reasons == (
        R.NOT_OFFERED_ON_CHANNEL,
        R.CHANNEL_NOT_CONNECTED,
    )
    assert ask(by_sms, "+48601100200", "SMS").reasons == (R.CHANNEL_NOT_CONNECTED,)
    set_policy(sms_connected=True)
    assert ask(by_sms, "+48601100200", "SMS").allowed


@pytest.mark.parametrize(
    "text", ["", "ada", "a@b", "ada@fernmoor.example\n\x00", None, 4, b"a@b.c"]
)
def test_a_malformed_address(text):
    assert ask(news(), text) == Answer(False, (R.MALFORMED_ADDRESS,))


@pytest.mark.parametrize("text", ["601100200", "+1", "ada@fernmoor.example", None])
def test_a_malformed_number(text):
    assert ask(news(), text, "SMS").reasons == (R.MALFORMED_ADDRESS,)


@pytest.mark.parametrize("channel", ["email", "FAX", "", None, 1])
def test_an_unknown_channel(channel):
    assert ask(news(), EMAIL, channel).reasons == (R.UNKNOWN_CHANNEL,)


@pytest.mark.parametrize("type_id", [0, -1, 2**70, None, "1"])
def test_an_unknown_type(type_id):
    assert may_send("EMAIL", EMAIL, type_id, now=NOW).reasons == (R.UNKNOWN_TYPE,)


def test_reasons_come_in_their_order_and_the_first_decides():
    one = address("+48601100200", Channel.SMS)
    first = news(archived_at=NOW)
    act(one, fact(Act.BOUNCE))
    act(one, own(ACCOUNT, OUT))
    act(one, erasure(), at=NOW + HOUR)
    answer = ask(first, "+48601100200", "SMS")
    assert answer.reasons == (
        R.TYPE_ARCHIVED,
        R.NOT_OFFERED_ON_CHANNEL,
        R.CHANNEL_NOT_CONNECTED,
        R.ERASED,
        R.UNDELIVERABLE,
        R.ACCOUNT_OPT_OUT,
    )
    order = list(Reason)
    assert sorted(answer.reasons, key=order.index) == list(answer.reasons)


@pytest.mark.parametrize(
    "error", [DatabaseError, OperationalError, InterfaceError, KeyError, RecursionError]
)
@pytest.mark.parametrize("broken", ["current_terms", "locate", "effective", "open_wishes"])
def test_whatever_breaks_the_answer_is_no(monkeypatch, error, broken, caplog):
    first = news()

    def breaks(*args, **kwargs):
        raise error("broken")

    monkeypatch.setattr(gate, broken, breaks)
    questions = [Question("EMAIL", EMAIL, first.pk)] * 3
    assert may_send_many(questions, now=NOW) == [Answer(False, (R.GATE_ERROR,))] * 3
    assert "the gate failed; 3 questions" in caplog.text
    assert EMAIL not in caplog.text


def test_a_broken_statement_is_a_no(monkeypatch):
    first = news()
    monkeypatch.setattr(projection, "PREFERENCES", "no_such_table")
    assert ask(first).reasons == (R.GATE_ERROR,)


def test_one_bad_question_does_not_silence_the_others():
    first = news()
    act(address(), own(of(first), IN))
    good = Question("EMAIL", EMAIL, first.pk)
    answers = may_send_many(
        [Question("EMAIL", None, first.pk), good, Question(None, None, None), good], now=NOW
    )
    assert [answer.allowed for answer in answers] == [False, True, False, True]


# --- pauses -------------------------------------------------------------------------------------------


def test_a_pause_is_a_no_that_ends_by_itself_and_no_opt_out():
    first, one = news(), address()
    act(one, own(of(first), IN))
    pause(address_id=one, until=NOW + 30 * DAY, now=NOW)
    assert ask(first) == Answer(False, (R.PAUSED,), IN, ScopeKind.TYPE)
    assert may_send("EMAIL", EMAIL, first.pk, now=NOW + 30 * DAY).reasons == (R.SUBSCRIBED,)
    assert ConsentEvent.objects.count() == 1


def test_a_pause_stops_what_nobody_chose_too_but_not_what_is_part_of_an_order():
    set_policy(privacy=Privacy.OFF.code)
    first, service, one = news(), news(kind="service"), address()
    pause(address_id=one, until=NOW + DAY, now=NOW)
    assert ask(first).reasons == (R.PAUSED,)
    assert ask(service).allowed


def test_an_opt_out_outranks_a_pause():
    first, one = news(), address()
    act(one, own(of(first), OUT))
    pause(address_id=one, until=NOW + DAY, now=NOW)
    assert ask(first).reasons == (R.TYPE_OPT_OUT, R.PAUSED)


def test_a_pause_is_of_one_address():
    first = news()
    pause(address_id=address("other@fernmoor.example"), until=NOW + DAY, now=NOW)
    assert ask(first).allowed


# --- one and many -------------------------------------------------------------------------------------


def test_many_answers_are_those_of_one_by_one():
    first, second, service = news(), news(archived_at=NOW), news(kind="service")
    people = [f"p{number}@fernmoor.example" for number in range(6)]
    wishes = [own(of(first), IN), own(of(first), OUT), own(ACCOUNT, OUT), ours(unit_of(first), OUT)]
    for text, wish in zip(people, wishes, strict=False):
        act(address(text), wish)
    act(address(people[4]), fact(Act.BOUNCE))
    questions = [
        Question(channel, text, kind)
        for text in (*people, "nonsense", people[0].upper())
        for kind in (first.pk, second.pk, service.pk, 0)
        for channel in ("EMAIL", "SMS", "x")
    ]
    pause(address_id=address(people[5]), until=NOW + DAY, now=NOW)
    one_by_one = [may_send(*question, now=NOW) for question in questions]
    assert may_send_many(questions, now=NOW) == one_by_one
    assert may_send_many([], now=NOW) == []


def test_many_cost_as_many_queries_as_one():
    first, counts = news(), []
    for count in (1, 200):
        questions = [
            Question("EMAIL", f"p{number}@fernmoor.example", first.pk) for number in range(count)
        ]
        with CaptureQueriesContext(connection) as captured:
            may_send_many(questions, now=NOW)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 6


def test_an_answer_follows_the_commit_at_once():
    """Nothing is cached: an opt-out a moment ago counts."""
    one, first = address(), news()
    act(one, own(of(first), IN))
    for minute in range(1, 6):
        status = OUT if minute % 2 else IN
        act(one, own(of(first), status), at=NOW + timedelta(minutes=minute))
        assert ask(first).allowed is (status is IN)


def test_the_policy_counts_at_once_too():
    first = news()
    assert ask(first).allowed
    set_policy(privacy=Privacy.ENFORCED.code)
    assert not ask(first).allowed
    set_policy(email_connected=False)
    assert ask(first).reasons == (R.CHANNEL_NOT_CONNECTED,)


def test_an_address_is_found_however_it_is_written():
    first = news()
    act(address("Ada@Fernmoor.Example"), own(of(first), OUT))
    assert ask(first, " ADA@fernmoor.example ").reasons == (R.TYPE_OPT_OUT,)


def test_every_reason_is_given_somewhere_in_this_file():
    text = Path(__file__).read_text()
    assert [reason.name for reason in Reason if f"R.{reason.name}" not in text] == []
