"""Verification finds every tampering that leaves a trace, and names the first bad event."""

import json
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from preferences import seal, sealing, verification
from preferences.bulk_sql import fetch_all, parameter
from preferences.models import ConsentEvent, Evidence, OptOut, Preference, Seal
from preferences.sealing import seal_events
from preferences.values import Source
from preferences.verification import (
    Finding,
    Problem,
    head_line,
    parse_heads,
    verify_events,
    verify_ledger,
)
from tests.preferences.kernel import (
    HOUR,
    IN,
    IS_POSTGRESQL,
    NOW,
    OUT,
    act,
    addresses,
    erasure,
    lifted_guards,
    news,
    of,
    ours,
    own,
)

pytestmark = pytest.mark.django_db
TABLE = ConsentEvent._meta.db_table


@pytest.fixture(autouse=True)
def _every_transaction_is_over(monkeypatch):
    """A test is one running transaction, which PostgreSQL would not seal."""
    if IS_POSTGRESQL:
        monkeypatch.setattr(sealing, "_horizon", lambda: 1 << 60)


@pytest.fixture
def ledger() -> list[int]:
    """Nine events: two seals of three, and three that are not sealed yet."""
    first, second = news(), news()
    ids: list[int] = []
    for number, one in enumerate(addresses(3)):
        wishes = [
            ours(of(first), IN, explanation=f"Asked {number}"),
            own(of(first), OUT, evidence=(("ip", f"192.0.2.{number}"),)),
            ours(of(second), OUT, Source.BULK_EDIT, job_id=number),
        ]
        ids += [act(one, wish, at=NOW + number * HOUR).event_id or 0 for wish in wishes]
        if number < 2:
            seal_events(now=NOW + number * HOUR)
    assert verify_ledger().is_intact
    return ids


def run(sql: str, *parameters: object) -> None:
    with lifted_guards(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)


@contextmanager
def tampered(sql: str, *parameters: object):
    """Change the ledger, and take the change back afterwards."""
    with transaction.atomic():
        run(sql, *parameters)
        yield
        transaction.set_rollback(True)


def finding(**saved) -> Finding | None:
    return verify_ledger(**saved).finding


def problem_of(event_id: int) -> tuple[str, int | None]:
    found = finding()
    assert found is not None, f"nothing found at event {event_id}"
    return found.problem, found.event_id


def resign(event_id: int) -> None:
    """Give a row the digest that belongs to what it says now, as a careful forger would."""
    columns = ", ".join(seal.EVENT_COLUMNS)
    row = fetch_all(f"SELECT {columns} FROM {TABLE} WHERE id = %s", [event_id])[0]
    own_part = seal.Own(*row[: len(seal.OWN_COLUMNS)])
    digest = seal.event_digest(own_part, seal.stamp_bytes(verification.stamp_of(row)))
    run(f"UPDATE {TABLE} SET digest = %s WHERE id = %s", digest, event_id)


def test_an_untouched_ledger_is_intact(ledger):
    report = verify_ledger()
    assert report.is_intact
    assert (report.event_count, report.seal_count, report.unsealed_count) == (9, 2, 3)
    assert report.head == bytes(Seal.objects.get(number=2).head)


def test_an_empty_ledger_is_intact():
    report = verify_ledger()
    assert (report.is_intact, report.event_count, report.head) == (True, 0, seal.GENESIS)
    assert head_line() is None


# --- changed rows ------------------------------------------------------------------------------------

NUMBERS = ("id", "_id")  # 77 would be a real one sooner or later
OTHERS = {
    **{name: 1 << 40 if name.endswith(NUMBERS) else 77 for name in seal.EVENT_COLUMNS},
    "recorded_at": NOW + timedelta(microseconds=1),
    "said_at": NOW - HOUR,
    "asked_on": date(2020, 1, 1),
    "evidence_digest": b"other",
    "digest": b"other",
    "idempotency_key": "other",
}
NULLABLE = [
    field.column
    for field in ConsentEvent._meta.local_fields
    if field.null and field.column in seal.EVENT_COLUMNS
]


def stored(value: object) -> object:
    return parameter(value) if isinstance(value, datetime) else value


@pytest.mark.parametrize("places", [(1, 2), (7, 8)], ids=["sealed", "not sealed"])
def test_a_changed_field_is_found_whichever_it_is(ledger, places):
    for column in seal.EVENT_COLUMNS[1:]:
        for event_id in (ledger[place] for place in places):
            sql = f"UPDATE {TABLE} SET {column} = %s WHERE id = %s"
            with tampered(sql, stored(OTHERS[column]), event_id):
                assert problem_of(event_id) == (Problem.ALTERED, event_id), column
    assert finding() is None


def test_a_field_that_is_taken_away_is_found(ledger):
    for column in NULLABLE:
        sql = f"SELECT id FROM {TABLE} WHERE {column} IS NOT NULL ORDER BY id"
        for (event_id,) in fetch_all(sql, [])[:1]:
            with tampered(f"UPDATE {TABLE} SET {column} = NULL WHERE id = %s", event_id):
                assert problem_of(event_id) == (Problem.ALTERED, event_id), column


def test_the_first_of_two_changes_is_named(ledger):
    run(f"UPDATE {TABLE} SET rule = 1 WHERE id IN (%s, %s)", ledger[1], ledger[4])
    assert problem_of(ledger[1]) == (Problem.ALTERED, ledger[1])


@pytest.mark.skipif(IS_POSTGRESQL, reason="PostgreSQL keeps only what its columns can hold")
def test_nonsense_is_a_finding_and_no_crash(ledger):
    for column in ("recorded_at", "flags", "digest", "rule"):
        with tampered(f"UPDATE {TABLE} SET {column} = 'nonsense' WHERE id = %s", ledger[1]):
            assert finding() == Finding(Problem.ALTERED, ledger[1], 1), column
    for column in ("sealed_at", "horizon", "ranges", "root", "head"):
        with tampered(f"UPDATE preferences_seal SET {column} = 'nonsense' WHERE number = 2"):
            assert finding() == Finding(Problem.CHAIN, ledger[3], 2), column


def test_a_change_with_its_digest_is_found_by_the_seal(ledger):
    run(f"UPDATE {TABLE} SET status = 1 WHERE id = %s", ledger[4])
    resign(ledger[4])
    assert finding() == Finding(Problem.ROOT, ledger[3], 2)


def swap(one: int, two: int) -> None:
    run(f"UPDATE {TABLE} SET id = -1 WHERE id = %s", one)
    run(f"UPDATE {TABLE} SET id = %s WHERE id = %s", one, two)
    run(f"UPDATE {TABLE} SET id = %s WHERE id = -1", two)


def test_swapped_rows_are_found(ledger):
    swap(ledger[3], ledger[5])
    assert finding() == Finding(Problem.ALTERED, ledger[3], 2)


def test_swapped_rows_with_their_digests_are_found_by_the_seal(ledger):
    swap(ledger[3], ledger[5])
    resign(ledger[3])
    resign(ledger[5])
    assert finding() == Finding(Problem.ROOT, ledger[3], 2)


# --- deleted and added rows --------------------------------------------------------------------------


def delete(*event_ids: int) -> None:
    run(f"DELETE FROM {TABLE} WHERE id IN ({', '.join(map(str, event_ids))})")


def test_a_deleted_row_under_a_seal_is_named(ledger):
    for place, event_id in enumerate(ledger[:6]):
        with tampered(f"DELETE FROM {TABLE} WHERE id = %s", event_id):
            assert finding() == Finding(Problem.MISSING, event_id, place // 3 + 1)


def test_all_rows_of_a_seal_deleted(ledger):
    delete(*ledger[3:6])
    assert finding() == Finding(Problem.MISSING, ledger[3], 2)


def test_a_deleted_row_that_is_not_sealed_is_missed_by_what_names_it(ledger):
    """By the event that replaced it or by the status."""
    for event_id in ledger[6:]:
        with tampered(f"DELETE FROM {TABLE} WHERE id = %s", event_id):
            assert finding() == Finding(Problem.MISSING, event_id)


def test_a_deleted_opt_out_of_all_that_is_not_sealed_is_missed_too(ledger):
    one = addresses(1)[0]
    done = act(one, own(of(news()), OUT))
    act(one, ours(of(news()), IN))
    delete(done.event_id)
    assert finding() == Finding(Problem.MISSING, done.event_id)
    OptOut.objects.all().delete()
    Preference.objects.filter(own_event_id=done.event_id).delete()
    assert finding() is None  # what nobody names and no seal counts leaves no trace


def copy_event(event_id: int, new_id: int) -> None:
    """Forge an event: a copy under another id, digest and all."""
    names = ", ".join(name for name in seal.EVENT_COLUMNS if name != "id")
    run(
        f"INSERT INTO {TABLE} (id, {names}) SELECT %s, {names} FROM {TABLE} WHERE id = %s",
        new_id,
        event_id,
    )
    resign(new_id)


def test_a_row_pushed_in_behind_the_seals_is_named(ledger):
    copy_event(ledger[0], -5)
    assert finding() == Finding(Problem.ADDED, -5)


def test_a_row_pushed_into_a_gap_is_named(ledger):
    with lifted_guards():
        act(addresses(1)[0], own(of(news()), OUT))
    gap = ConsentEvent.objects.latest("id").pk + 1
    later = gap + 1
    copy_event(ledger[8], later)
    seal_events(now=NOW + 9 * HOUR)
    assert verify_ledger().is_intact
    copy_event(ledger[0], gap)
    assert finding() == Finding(Problem.ADDED, gap)


# --- seals -------------------------------------------------------------------------------------------


CHANGED_SEALS = [
    ("sealed_at", NOW - timedelta(days=9)),
    ("horizon", 4),
    ("first_id", 0),
    ("last_id", 10**9),
    ("count", 99),
    ("ranges", "1-3,5"),
    ("ranges", ""),
    ("root", bytes(32)),
    ("previous_head", b"1" * 32),
    ("head", bytes(32)),
    ("number", 7),
]


@pytest.mark.parametrize("number", [1, 2])
def test_a_changed_seal_is_found(ledger, number):
    for column, value in CHANGED_SEALS:
        sql = f"UPDATE preferences_seal SET {column} = %s WHERE number = %s"
        with tampered(sql, stored(value), number):
            found = finding()
            assert found is not None, column
            assert found.problem in (Problem.CHAIN, Problem.ROOT, Problem.MISSING)


def test_a_seal_deleted_in_the_middle_or_in_front_breaks_the_chain(ledger):
    seal_events(now=NOW + 4 * HOUR)
    run("DELETE FROM preferences_seal WHERE number = 2")
    assert finding() == Finding(Problem.CHAIN, ledger[6], 3)
    run("DELETE FROM preferences_seal WHERE number = 1")
    assert finding() == Finding(Problem.CHAIN, ledger[6], 3)


# --- evidence ----------------------------------------------------------------------------------------


CHANGED_EVIDENCE = [
    "explanation = 'They asked for it all'",
    'details = \'{"ip": "198.51.100.1"}\'',
    "salt = '0123456789abcdef'",
    "explanation = ''",
    "explanation = 'Other', erased_at = '2026-11-22 12:00:00+00:00'",
]


@pytest.mark.parametrize("place", [0, 6], ids=["sealed", "not sealed"])
def test_changed_evidence_is_found(ledger, place):
    evidence_id = ConsentEvent.objects.get(pk=ledger[place]).evidence_id
    for change in CHANGED_EVIDENCE:
        with tampered(f"UPDATE preferences_evidence SET {change} WHERE id = {evidence_id}"):
            assert problem_of(ledger[place]) == (Problem.EVIDENCE_ALTERED, ledger[place]), change


def test_deleted_evidence_is_found(ledger):
    run("DELETE FROM preferences_evidence")
    assert problem_of(ledger[0]) == (Problem.EVIDENCE_ALTERED, ledger[0])


def test_evidence_that_was_erased_properly_leaves_the_proof_whole(ledger):
    for one in addresses(3):
        act(one, erasure(), at=NOW + 5 * HOUR)
    assert Evidence.objects.exclude(erased_at=None).count() == 6
    assert verify_ledger().is_intact
    assert verify_events(addresses(3)) is None


def test_exchanged_evidence_is_found(ledger):
    one, two = ConsentEvent.objects.filter(pk__in=ledger[:2]).values_list("evidence_id", flat=True)
    run(f"UPDATE {TABLE} SET evidence_id = %s WHERE id = %s", two, ledger[0])
    run(f"UPDATE {TABLE} SET evidence_id = %s WHERE id = %s", one, ledger[1])
    assert problem_of(ledger[0]) == (Problem.ALTERED, ledger[0])


# --- what only a head saved elsewhere can show ---------------------------------------------------------


def saved_heads() -> list[dict]:
    return parse_heads(head_line() or "")


def cut_off(*event_ids: int) -> None:
    """Delete events with their seals and everything that names them."""
    delete(*event_ids)
    run("DELETE FROM preferences_seal WHERE number = 2")
    Preference.objects.all().delete()


def test_a_tail_cut_off_with_its_seals_is_found_by_a_saved_head(ledger):
    heads = saved_heads()
    assert finding(against=heads) is None
    cut_off(*ledger[3:])
    assert finding() is None
    assert finding(against=heads) == Finding(Problem.CUT_OFF, ledger[5], 2)


def test_the_last_seal_deleted_alone_is_found_by_a_saved_head(ledger):
    heads = saved_heads()
    run("DELETE FROM preferences_seal WHERE number = 2")
    assert verify_ledger().unsealed_count == 6
    assert finding(against=heads) == Finding(Problem.CUT_OFF, ledger[5], 2)


def test_a_full_rewrite_is_found_by_a_saved_head(ledger):
    """Every digest, root and head recomputed: consistent in itself, and not what was saved."""
    heads = saved_heads()
    run(f"UPDATE {TABLE} SET status = 1 WHERE id = %s", ledger[1])
    resign(ledger[1])
    run("DELETE FROM preferences_seal")
    seal_events(now=NOW)
    assert finding() is None
    assert finding(against=heads) == Finding(Problem.CUT_OFF, ledger[5], 2)
    rewritten = [{**heads[0], "number": 1}]
    assert finding(against=rewritten) == Finding(Problem.REWRITTEN, ledger[0], 1)


def test_a_ledger_emptied_to_the_last_row_is_found_by_a_saved_head(ledger):
    heads = saved_heads()
    run(f"DELETE FROM {TABLE}")
    run("DELETE FROM preferences_seal")
    Preference.objects.all().delete()
    assert finding() is None
    assert finding(against=heads) == Finding(Problem.CUT_OFF, ledger[5], 2)


# --- some addresses alone -----------------------------------------------------------------------------


def test_one_persons_events_are_verified_alone(ledger):
    one, two, _ = addresses(3)
    assert verify_events([one, two]) is None
    run(f"UPDATE {TABLE} SET after = 2 WHERE id = %s", ledger[0])
    assert verify_events([one, two]) == Finding(Problem.ALTERED, ledger[0])
    assert verify_events([two]) is None


def test_a_hole_in_one_persons_events_is_named(ledger):
    """The event in front is missed by the one that replaced it, the last one by the status."""
    one, first = addresses(1)[0], news()
    ids = [act(one, ours(of(first), status), at=NOW + HOUR).event_id for status in (IN, OUT)]
    assert verify_events([one]) is None
    for event_id in ids:
        with tampered(f"DELETE FROM {TABLE} WHERE id = %s", event_id):
            assert verify_events([one]) == Finding(Problem.MISSING, event_id)


def test_one_persons_evidence_is_verified_alone(ledger):
    one, two, _ = addresses(3)
    evidence_id = ConsentEvent.objects.get(pk=ledger[1]).evidence_id
    run(f"UPDATE preferences_evidence SET details = '{{}}' WHERE id = {evidence_id}")
    assert verify_events([one]) == Finding(Problem.EVIDENCE_ALTERED, ledger[1])
    assert verify_events([two]) is None


# --- in pieces ---------------------------------------------------------------------------------------


def test_a_long_ledger_is_read_in_pieces(ledger, monkeypatch):
    monkeypatch.setattr(verification, "READ_AT_ONCE", 2)
    assert verify_ledger().is_intact
    for place in (1, 5, 8):
        run(f"UPDATE {TABLE} SET rule = rule + 1 WHERE id = %s", ledger[place])
        assert problem_of(ledger[place]) == (Problem.ALTERED, ledger[place])
        run(f"UPDATE {TABLE} SET rule = rule - 1 WHERE id = %s", ledger[place])


# --- the command ---------------------------------------------------------------------------------------


def command(*arguments: object) -> str:
    out = StringIO()
    call_command("verify_ledger", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_the_command_reports_and_fails(ledger, tmp_path):
    assert command().startswith("The ledger is intact. ")
    path = tmp_path / "heads"
    text = command("--save-head", path)
    assert "The ledger is intact. Events: 9; seals: 2; not sealed yet: 3; head: " in text
    assert json.loads(path.read_text())["number"] == 2
    assert "not sealed yet: 0" in command("--seal", "--save-head", path, "--against", path)
    assert len(path.read_text().splitlines()) == 2
    run("DELETE FROM preferences_seal WHERE number = 3")
    with pytest.raises(CommandError, match=rf"tail cut off at event {ledger[8]} \(seal 3\)\.$"):
        command("--against", path)
    run(f"UPDATE {TABLE} SET rule = 1 WHERE id = %s", ledger[7])
    with pytest.raises(CommandError, match=rf"NOT intact: altered at event {ledger[7]}\.$"):
        command()


def test_the_command_names_what_it_cannot_read(ledger, tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        command("--against", tmp_path / "nothing")
    path = tmp_path / "heads"
    path.write_text('\n{"number": 1}\n')
    with pytest.raises(CommandError, match="line 2 is not a saved head"):
        command("--against", path)


def test_there_is_no_head_to_save_before_the_first_seal(tmp_path):
    with pytest.raises(CommandError, match="run seal_ledger first"):
        command("--save-head", tmp_path / "heads")


@pytest.mark.parametrize("line", ["[]", "4", "{}", '{"number": "x"}', "nonsense", "null"])
def test_a_line_that_is_no_head(line):
    with pytest.raises(ValueError, match="line 1 is not a saved head"):
        parse_heads(line)
