"""What looks automatic (R24): table 9 of docs/rules.md, networks, and bursts as they are counted."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from preferences.bursts import Note, forget_networks, note_opt_outs
from preferences.models import RecentOptOut
from preferences.suspicion import Limits, Signs, Why, network_of, read_reasons, reasons
from tests.preferences.kernel import HOUR, MINUTE, NOW

RULES = Path(__file__).parents[2] / "docs" / "rules.md"
SECOND = timedelta(seconds=1)


def cases() -> list[list[str]]:
    part = RULES.read_text().split("## Table 9:")[1]
    lines = [line for line in part.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("case", cases(), ids=lambda case: " ".join(case)[:60])
def test_r24_what_looks_automatic(case):
    way, prefetch, agent, seconds, others, why = ["" if cell == "-" else cell for cell in case]
    signs = Signs(
        is_one_click=way == "click",
        prefetch=prefetch,
        agent=agent,
        seconds=int(seconds) if seconds else None,
        others=int(others),
    )
    assert ", ".join(reasons(signs, Limits())) == why


def test_every_reason_is_in_the_table():
    told = {word for case in cases() for word in case[-1].split(", ")}
    assert told == {*Why, "-"}


def test_a_sign_can_be_switched_off():
    signs = Signs(is_one_click=False, seconds=0, others=100)
    assert reasons(signs, Limits(reading_seconds=0, burst_page=0)) == ()


def test_reasons_are_read_back_in_their_order():
    assert read_reasons("burst, prefetch, of former days") == (Why.PREFETCH, Why.BURST)
    assert read_reasons("") == ()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.77", "198.51.100.0/24"),
        ("::ffff:198.51.100.77", "198.51.100.0/24"),
        ("2001:db8:1:2ff::9", "2001:db8:1:200::/56"),
        ("2001:db8:1:300::9", "2001:db8:1:300::/56"),
        *((address, "") for address in ("", "nonsense", "10.1.2.3", "127.0.0.1", "192.168.0.9")),
        *((address, "") for address in ("172.20.0.1", "100.64.3.2", "::1", "fd00::1", "fe80::1")),
        ("203.0.113.9", ""),
        ("2001:db8:ffff::1", ""),
    ],
)
def test_networks_and_those_that_are_excused(address, network):
    excused = (ip_network("203.0.113.0/24"), ip_network("2001:db8:ffff::/48"))
    assert network_of(address, excused) == network


# --- counting ---------------------------------------------------------------------------------------


def note(address_id, *, network="198.51.100.0/24", at=NOW, enough=5):
    [burst] = note_opt_outs([Note(network, address_id, 10, enough)], now=at)
    return burst


@pytest.mark.django_db
def test_others_are_counted_once_each_and_up_to_enough():
    assert [note(one).others for one in (1, 2, 2, 1, 3)] == [0, 1, 1, 1, 2]
    assert [note(one).others for one in range(4, 12)] == [3, 4, 5, 5, 5, 5, 5, 5]
    assert note(1, network="203.0.113.0/24").others == 0


@pytest.mark.django_db
def test_a_burst_has_one_name_for_as_long_as_it_goes_on():
    names = [note(one, at=NOW + one * 9 * SECOND).name for one in range(1, 9)]
    assert len(set(names)) == 1
    later = note(20, at=NOW + MINUTE * 5)
    assert later.others == 0
    assert later.name not in names
    elsewhere = note(21, network="203.0.113.0/24", at=NOW + MINUTE * 5)
    assert elsewhere.name != later.name


@pytest.mark.django_db
@settings(deadline=None, max_examples=40)
@given(
    before=st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 6), st.integers(0, 15))),
    group=st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 6)), min_size=1, max_size=8),
    enough=st.integers(1, 4),
)
def test_a_group_is_counted_as_if_one_came_after_the_other(before, group, enough):
    def fresh() -> list[Note]:
        RecentOptOut.objects.all().delete()
        for network, one, seconds in sorted(before, key=lambda each: -each[2]):
            note(one, network=network, at=NOW - seconds * SECOND)
        return [Note(network, one, 10, enough) for network, one in group]

    singly = [note_opt_outs([one], now=NOW)[0] for one in fresh()]
    kept = sorted(RecentOptOut.objects.values_list())
    assert note_opt_outs(fresh(), now=NOW) == singly
    assert sorted(RecentOptOut.objects.values_list()) == kept


@pytest.mark.django_db
def test_a_group_is_one_statement_on_postgresql():
    with CaptureQueriesContext(connection) as queries:
        note_opt_outs(
            [Note("a", 1, 10, 5), None, Note("b", 2, 10, 5), Note("a", 3, 10, 5)], now=NOW
        )
    assert len(queries) == (1 if connection.vendor == "postgresql" else 3)


@pytest.mark.django_db
def test_counting_is_one_statement_and_keeps_nothing_in_clear():
    with CaptureQueriesContext(connection) as queries:
        note(7)
    assert len(queries) == 1
    [kept] = RecentOptOut.objects.values()
    assert set(kept) == {"network", "address_id", "said_at", "began_at"}
    with override_settings(SECRET_KEY="another key of fifty characters or more, for the test"):
        note(7)
    assert RecentOptOut.objects.values("network").distinct().count() == 2  # a keyed hash


@pytest.mark.django_db
def test_rows_are_forgotten_after_an_hour_by_the_sealer():
    note(1, at=timezone.now() - HOUR - SECOND)
    note(2, at=timezone.now())
    call_command("seal_ledger", verbosity=0)
    assert list(RecentOptOut.objects.values_list("address_id", flat=True)) == [2]
    assert forget_networks(now=timezone.now() + 2 * HOUR) == 1


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite logs nothing apart")
def test_the_table_costs_no_log():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relpersistence FROM pg_class WHERE relname = %s", [RecentOptOut._meta.db_table]
        )
        assert cursor.fetchone()[0] == "u"
