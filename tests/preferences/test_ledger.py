"""The writer of events: what goes in comes out, byte for byte."""

from datetime import UTC, date, datetime
from itertools import islice

import pytest
from django.db import DatabaseError, connection, transaction

from preferences import ledger, seal
from preferences.gathering import read_together
from preferences.models import ConsentEvent
from preferences.verification import Finding, Problem, verify_ledger
from tests.preferences.kernel import (
    IN,
    IS_POSTGRESQL,
    OUT,
    act,
    act_all,
    address,
    addresses,
    news,
    of,
    ours,
)
from tests.preferences.test_seal import STAMP

pytestmark = pytest.mark.django_db

AWKWARD = ["tab\tline\nreturn\rback\\slash", "\\N", "\\.", "Zażółć 🙂 'quoted' %s", "|", ""]


def write(*entries: ledger.Entry) -> None:
    with transaction.atomic():
        ledger.append(entries)


def numbers(*, events: int) -> ledger.Numbers:
    asked = ledger.numbers_to_read(events=events, evidences=0)
    return ledger.numbers_given(read_together([asked])[0][0])


@pytest.mark.parametrize("text", AWKWARD)
def test_any_text_survives(text):
    stamp = STAMP._replace(idempotency_key=text)
    stamp = stamp._replace(evidence_digest=None)
    write(ledger.Entry(seal.Own(1, 2, None, None, None, 0, 1), stamp))
    assert ConsentEvent.objects.get().idempotency_key == text
    assert verify_ledger().is_intact


def test_events_that_differ_in_what_they_undo_share_the_rest():
    """Many at once, as the undo of a job writes them: COPY on PostgreSQL."""
    kinds = [STAMP._replace(evidence_digest=None, idempotency_key=text) for text in AWKWARD]
    entries = [
        ledger.Entry(
            seal.Own(number, 2, number, None, None, 0, 1),
            kinds[number % len(kinds)]._replace(undoes_event_id=number + 100),
        )
        for number in range(1, 40)
    ]
    write(*entries)
    found = ConsentEvent.objects.order_by("pk")
    assert [(one.undoes_event_id, one.idempotency_key, bytes(one.digest)) for one in found] == [
        (
            own.id + 100,
            AWKWARD[own.id % len(kinds)],
            seal.event_digest(own, seal.stamp_bytes(stamp)),
        )
        for own, stamp in entries
    ]
    assert verify_ledger().is_intact


def test_every_field_comes_back_as_it_was():
    own = seal.Own(2**62, 2**63 - 1, 3, 4, 5, 1, 2)
    stamp = STAMP._replace(
        recorded_at=datetime(2026, 11, 22, 12, 0, 0, 1, tzinfo=UTC),
        evidence_id=None,
        evidence_digest=bytes(range(256))[:32],
        undoes_event_id=6,
        job_id=7,
        cause_id=8,
        wording_id=9,
        business_unit_id=10,
    )
    write(ledger.Entry(own, stamp))
    event = ConsentEvent.objects.get()
    for name, value in {**own._asdict(), **stamp._asdict()}.items():
        found = getattr(event, name)
        assert (bytes(found) if isinstance(value, bytes) else found) == value, name
    assert bytes(event.digest) == seal.event_digest(own, seal.stamp_bytes(stamp))
    assert event.asked_on == date(2026, 11, 20)
    assert verify_ledger().finding == Finding(Problem.MISSING, 3)  # and not altered


def test_nothing_is_written_for_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        ledger.append([])


def test_an_event_cannot_be_written_twice():
    entry = ledger.Entry(seal.Own(1, 2, None, None, None, 0, 1), STAMP)
    write(entry)
    with pytest.raises(DatabaseError):
        write(entry)
    assert ConsentEvent.objects.count() == 1


def test_ids_ascend_in_the_order_of_decisions():
    first = news()
    act_all([(one, ours(of(first), IN)) for one in addresses(5)])
    before = ConsentEvent.objects.latest("id").pk
    ids = list(islice(numbers(events=4).event_ids, 4))
    assert ids == sorted(set(ids))
    assert ids[0] > before
    if IS_POSTGRESQL:
        assert list(numbers(events=0).event_ids) == []
    result = act(address(), ours(of(first), OUT))
    assert result.event_id > before


def test_events_carry_the_transaction_that_wrote_them():
    act(address(), ours(of(news()), IN))
    event = ConsentEvent.objects.get()
    if not IS_POSTGRESQL:
        assert (event.transaction_id, numbers(events=1).transaction_id) == (0, 0)
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        assert cursor.fetchone() == (event.transaction_id,)
