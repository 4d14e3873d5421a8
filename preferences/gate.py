"""The gate: "may type T be sent to address A now?", for one and for many, with reasons.

It fails closed (R20): whatever is unknown, malformed or broken is a "no" with a reason. It reads the
primary database and caches nothing, so an opt-out committed before the question always counts.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from preferences import projection
from preferences.address_book import Place, locate
from preferences.addresses import InvalidAddress, canonical
from preferences.rules import effective
from preferences.situations import came_back_after
from preferences.terms import Terms, current_terms
from preferences.values import (
    ACCOUNT,
    NO_WORDS,
    Channel,
    Effective,
    Frequency,
    Privacy,
    ScopeKind,
    State,
    Status,
    TypeFacts,
    type_scope,
    unit_scope,
)
from preferences.wishes import open_wishes

log = logging.getLogger(__name__)


class Reason(StrEnum):
    """Why the gate says what it says, in the order in which reasons outrank each other."""

    GATE_ERROR = "gate_error"
    MALFORMED_ADDRESS = "malformed_address"
    UNKNOWN_CHANNEL = "unknown_channel"
    UNKNOWN_TYPE = "unknown_type"
    TYPE_ARCHIVED = "type_archived"
    NOT_OFFERED_ON_CHANNEL = "not_offered_on_channel"
    CHANNEL_NOT_CONNECTED = "channel_not_connected"
    ERASED = "erased"
    UNDELIVERABLE = "undeliverable"
    ACCOUNT_OPT_OUT = "account_opt_out"
    UNIT_OPT_OUT = "unit_opt_out"
    TYPE_OPT_OUT = "type_opt_out"
    NOT_SPECIFIED = "not_specified"
    PAUSED = "paused"
    SERVICE = "service"
    SUBSCRIBED = "subscribed"
    NO_OPT_OUT = "no_opt_out"


_OPT_OUTS = {
    ScopeKind.ACCOUNT: Reason.ACCOUNT_OPT_OUT,
    ScopeKind.UNIT: Reason.UNIT_OPT_OUT,
    ScopeKind.TYPE: Reason.TYPE_OPT_OUT,
}


class Question(NamedTuple):
    """``channel`` and ``address`` as the sending system knows them; a phone number in E.164."""

    channel: str
    address: str
    subscription_type_id: int


class Answer(NamedTuple):
    """``reasons``: the first one decided, the others are also true. ``level``: what decided.

    ``frequency``: how often the person wants the type at most, for the sender to keep to; None where
    they wish nothing or the type offers no choice.
    """

    allowed: bool
    reasons: tuple[Reason, ...]
    status: Status | None = None
    level: ScopeKind | None = None
    frequency: Frequency | None = None


def may_send(channel: str, address: str, subscription_type_id: int, *, now: datetime) -> Answer:
    """Answer one question."""
    return may_send_many([Question(channel, address, subscription_type_id)], now=now)[0]


def may_send_many(questions: Sequence[Question], *, now: datetime) -> list[Answer]:
    """Answer the questions in their order, with a constant number of queries; never raises.

    Up to some ten thousand at a time. ``now`` matters to pauses alone; everything else counts as
    it stands in the database.
    """
    try:
        return _answer(questions, now)
    except Exception:  # whatever broke, the answer is no
        log.exception("the gate failed; %d questions were answered with no", len(questions))
        return [Answer(False, (Reason.GATE_ERROR,)) for _ in questions]


def _answer(questions: Sequence[Question], now: datetime) -> list[Answer]:
    terms = current_terms()
    forms = [_form(question) for question in questions]
    places = locate([form for form in forms if not isinstance(form, Reason)])
    type_ids = {question.subscription_type_id for question in questions} & terms.types.keys()
    address_ids = {place.id for place in places.values()}
    rows = projection.read(address_ids, type_ids)
    wishes = open_wishes(address_ids, now=now)
    answers = []
    for question, form in zip(questions, forms, strict=True):
        of_type = terms.types.get(question.subscription_type_id)
        if isinstance(form, Reason):
            answers.append(Answer(False, (form,)))
        elif of_type is None:
            answers.append(Answer(False, (Reason.UNKNOWN_TYPE,)))
        else:
            place = places[form]
            state, is_paused = _state(rows, place.id, of_type), place.id in wishes.paused
            answer = judge(form[0], place, of_type, state, terms, is_paused=is_paused)
            often = wishes.frequencies.get((place.id, of_type.id))
            is_offered = often in of_type.frequencies and not of_type.is_service
            answers.append(answer._replace(frequency=often) if is_offered else answer)
    return answers


def _form(question: Question) -> tuple[Channel, str] | Reason:
    try:
        channel = Channel(question.channel)
    except ValueError:
        return Reason.UNKNOWN_CHANNEL
    try:
        return channel, canonical(channel, question.address, None)
    except (InvalidAddress, AttributeError, TypeError):  # no text at all
        return Reason.MALFORMED_ADDRESS


def _state(rows: projection.Rows, address_id: int, of_type: TypeFacts) -> State:
    registers = rows.registers
    return State(
        registers.get((address_id, type_scope(of_type.id)), NO_WORDS),
        registers.get((address_id, unit_scope(of_type.business_unit_id)), NO_WORDS),
        registers.get((address_id, ACCOUNT), NO_WORDS),
    )


def judge(
    channel: Channel,
    place: Place,
    of_type: TypeFacts,
    state: State,
    terms: Terms,
    *,
    is_paused: bool,
) -> Answer:
    """Answer from what has been read: the gate's own judgement, also for the person's own page."""
    noes: list[Reason] = []
    if of_type.is_archived:
        noes.append(Reason.TYPE_ARCHIVED)
    if channel not in of_type.channels:
        noes.append(Reason.NOT_OFFERED_ON_CHANNEL)
    if channel not in terms.policy.channels:
        noes.append(Reason.CHANNEL_NOT_CONNECTED)
    if place.erased_at is not None and not came_back_after(place.erased_at, state.type.own):
        noes.append(Reason.ERASED)
    if place.undeliverable_at is not None:
        noes.append(Reason.UNDELIVERABLE)
    if of_type.is_service:
        return Answer(not noes, tuple(noes) or (Reason.SERVICE,))
    result = effective(state)
    noes.extend(_objections(result, terms.policy.privacy))
    if is_paused:
        noes.append(Reason.PAUSED)
    yes = Reason.SUBSCRIBED if result.status is Status.SUBSCRIBED else Reason.NO_OPT_OUT
    return Answer(not noes, tuple(noes) or (yes,), result.status, result.level)


def _objections(result: Effective, privacy: Privacy) -> list[Reason]:
    if result.status is Status.UNSUBSCRIBED:
        return [_OPT_OUTS[result.level]]
    if result.status is Status.NOT_SPECIFIED and privacy is Privacy.ENFORCED:
        return [Reason.NOT_SPECIFIED]
    return []
