"""Events as screens read them: values, with the names and the evidence that belong to them.

A line costs a fraction of the five models that it is made of; statements are fixed, so nothing is
compiled for each page.
"""

import json
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from accounts.access import Reach
from accounts.models import User
from preferences.bulk_sql import ids_match, ids_parameter, moment, parameter, run_prepared
from preferences.models import (
    BurstLabel,
    BusinessUnit,
    ConsentEvent,
    Evidence,
    OptOutReason,
    PendingConfirmation,
    SubscriptionType,
    Wording,
)
from preferences.selectors import HISTORY_PAGE, HistoryFilter, events_of
from preferences.suspicion import BURST_KEY, REASONS_KEY, Why
from preferences.values import ActorKind, Flag

_COLUMNS = (
    *("id", "recorded_at", "said_at", "address_id", "undoes_event_id", "actor_id", "wording_id"),
    *("asked_on", "scope", "act", "word", "status", "before", "after", "source", "actor_kind"),
    *("legal_basis", "flags", "rule", "subscription_type_id", "evidence_digest", "digest"),
)
_TYPE = f"SELECT %s FROM {SubscriptionType._meta.db_table} WHERE id = event.subscription_type_id"
# Names by subqueries: five joins would take longer to plan than to run.
_LINES = f"""
    SELECT {", ".join([f"event.{name}" for name in _COLUMNS])},
        staff.name, staff.email, ({_TYPE % "name"}),
        (SELECT name FROM {BusinessUnit._meta.db_table}
            WHERE id = coalesce(event.business_unit_id, ({_TYPE % "business_unit_id"}))),
        evidence.explanation, evidence.details, evidence.erased_at, told.reason, told.text,
        wording.kind, wording.language, wording.version, wording.text, wording.digest,
        label.burst
    FROM {ConsentEvent._meta.db_table} event
    LEFT JOIN {Evidence._meta.db_table} evidence ON evidence.id = event.evidence_id
    LEFT JOIN {OptOutReason._meta.db_table} told ON told.event_id = event.id
    LEFT JOIN {Wording._meta.db_table} wording ON wording.id = event.wording_id
    LEFT JOIN {BurstLabel._meta.db_table} label ON label.event_id = event.id
    LEFT JOIN {User._meta.db_table} staff
        ON staff.id = event.actor_id AND event.actor_kind = {ActorKind.USER.code}
    WHERE """
_REQUESTS = f"""
    SELECT address_id, subscription_type_id, request_event_id, expires_at
    FROM {PendingConfirmation._meta.db_table} WHERE """


class WordingLine(NamedTuple):
    """The text that the person saw; ``digest`` in hexadecimal digits."""

    kind: str
    language: str
    version: int
    text: str
    digest: str


class EventLine(NamedTuple):
    """One event; codes as they are stored.

    ``staff_name``: who of us acted, "" for others. ``unit_name``: the unit it is about, or that the
    type belongs to. ``erased_at``: when the evidence was; without evidence all of it is empty.
    ``reason``: a key of ``reasons.REASONS``, when the person told one afterwards.
    """

    id: int
    recorded_at: datetime
    said_at: datetime
    address_id: int
    undoes_event_id: int | None
    actor_id: int | None
    wording_id: int | None
    asked_on: date | None
    scope: int
    act: int
    word: int
    status: int
    before: int
    after: int
    source: int
    actor_kind: int
    legal_basis: int | None
    flags: int
    rule: int
    subscription_type_id: int | None
    evidence_digest: bytes | None
    digest: bytes
    staff_name: str
    type_name: str
    unit_name: str
    explanation: str
    details: dict[str, Any]
    erased_at: datetime | None
    reason: str
    reason_text: str
    wording: WordingLine | None

    def is_by(self, user: User) -> bool:
        return self.actor_kind == ActorKind.USER.code and self.actor_id == user.pk


class Request(NamedTuple):
    """An opt-in that waits for the person's click (R14)."""

    event_id: int
    expires_at: datetime


def lines_by_id(event_ids: Collection[int]) -> dict[int, EventLine]:
    """Return these events by id: one query, none for none."""
    if not event_ids:
        return {}
    found = run_prepared(_LINES + ids_match("event.id"), [ids_parameter(event_ids)])
    return {row[0]: _line(row) for row in found}


def history_lines(
    address_ids: Collection[int],
    *,
    reach: Reach,
    filters: HistoryFilter | None = None,
    before: int | None = None,
    limit: int | None = HISTORY_PAGE,
) -> list[EventLine]:
    """Return events of these addresses, newest first, those older than ``before`` only.

    Two queries: which they are, and what they say. ``limit`` None: all of them.
    """
    ids = history_ids(address_ids, reach=reach, filters=filters, before=before, limit=limit)
    found = lines_by_id(ids)
    return [found[event_id] for event_id in ids]


def history_ids(
    address_ids: Collection[int],
    *,
    reach: Reach,
    filters: HistoryFilter | None = None,
    before: int | None = None,
    limit: int | None = HISTORY_PAGE,
) -> list[int]:
    """Return which events ``history_lines`` would, in its order: one query."""
    events = events_of(address_ids, reach=reach, filters=filters).order_by("-id")
    if before is not None:
        events = events.filter(id__lt=before)
    ids = events.values_list("id", flat=True)
    return list(ids if limit is None else ids[:limit])


def requests_for(address_ids: Collection[int], *, now: datetime) -> dict[tuple[int, int], Request]:
    """Return the opt-ins that wait for the person's click, by address and type: one query."""
    where = f"{ids_match('address_id')} AND expires_at > %s"
    found = run_prepared(_REQUESTS + where, [ids_parameter(address_ids), parameter(now)])
    return {(row[0], row[1]): Request(row[2], moment(row[3])) for row in found}


def _line(row: Sequence[Any]) -> EventLine:
    own, names = row[: len(_COLUMNS)], row[len(_COLUMNS) :]
    staff_name, staff_email, type_name, unit_name, explanation, details, erased_at, *told = names[
        :9
    ]
    values = dict(zip(_COLUMNS, own, strict=True))
    for name in ("recorded_at", "said_at"):
        values[name] = moment(values[name])
    if isinstance(values["asked_on"], str):  # SQLite gives text
        values["asked_on"] = date.fromisoformat(values["asked_on"])
    details = json.loads(details) if details else {}
    if names[-1]:  # labelled since: it began a burst (R24)
        values["flags"] |= Flag.SUSPECTED
        details |= {REASONS_KEY: Why.BURST.value, BURST_KEY: names[-1]}
    return EventLine(
        **values,
        staff_name=staff_name or staff_email or "",
        type_name=type_name or "",
        unit_name=unit_name or "",
        explanation=explanation or "",
        details=details,
        erased_at=moment(erased_at),
        reason=told[0] or "",
        reason_text=told[1] or "",
        wording=_wording(names[9:-1]),
    )


def _wording(row: Sequence[Any]) -> WordingLine | None:
    kind, language, version, text, digest = row
    return None if kind is None else WordingLine(kind, language, version, text, bytes(digest).hex())
