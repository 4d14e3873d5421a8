"""The texts people saw: kept once, never changed, named by the events they led to."""

import pytest
from django.db import DatabaseError, connection, transaction

from preferences import seal
from preferences.models import ConsentEvent, Wording
from preferences.shown_wording import forget_stored, shown_wording
from preferences.verification import Finding, Problem, verify_events, verify_ledger
from tests.preferences.kernel import DAY, IN, NOW, act, address, lifted_guards, news, of, own

pytestmark = pytest.mark.django_db
TEXT = "Product news\nOnce a month, what is new."


def shown(text: str = TEXT, *, kind: str = "preference_page", language: str = "en") -> int:
    return shown_wording(kind=kind, language=language, text=text, now=NOW)


def test_a_text_is_kept_once_and_a_new_one_is_the_next_version():
    first, again, second = shown(), shown(), shown(TEXT + " Free.")
    assert first == again != second
    assert list(Wording.objects.order_by("version").values_list("version", "text")) == [
        (1, TEXT),
        (2, TEXT + " Free."),
    ]


def test_versions_count_per_kind_and_language():
    ids = {shown(), shown(language="pl"), shown(kind="confirm_page")}
    assert len(ids) == 3
    assert set(Wording.objects.values_list("version", flat=True)) == {1}


def test_the_id_bears_witness_to_the_text():
    wording = Wording.objects.get(pk=shown())
    digest = seal.wording_digest("preference_page", "en", TEXT)
    assert (bytes(wording.digest), wording.pk) == (digest, seal.wording_id(digest))
    assert wording.created_at == NOW
    shown_wording(kind="preference_page", language="en", text=TEXT, now=NOW + DAY)
    assert Wording.objects.get().created_at == NOW


@pytest.mark.parametrize("text", ["Zażółć „gęślą” jaźń", "<script>\\x00'\"", "مرحبا", "a|b\n\tc"])
def test_any_text_comes_back_as_it_was(text):
    assert Wording.objects.get(pk=shown(text)).text == text


def test_a_stored_text_costs_one_query(django_assert_num_queries):
    shown()
    with django_assert_num_queries(1):
        shown()


@pytest.mark.django_db(transaction=True)
def test_a_text_seen_before_costs_no_query_once_it_is_committed(django_assert_num_queries):
    shown()
    with django_assert_num_queries(0):
        shown()
    forget_stored()
    with django_assert_num_queries(1):
        shown()


@pytest.mark.parametrize("statement", ["UPDATE {} SET text = 'x'", "DELETE FROM {}"])
def test_the_database_refuses_to_change_or_delete_it(statement):
    shown()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(Wording._meta.db_table))
    assert Wording.objects.get().text == TEXT


@pytest.mark.skipif(connection.vendor != "sqlite", reason="REPLACE is SQLite's")
def test_the_database_refuses_to_replace_it():
    wording_id = shown()
    sql = (
        "INSERT OR REPLACE INTO preferences_wording "
        "(id, kind, language, version, text, digest, created_at) VALUES (%s, 'x', 'en', 1, 'x', '', %s)"
    )
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, [wording_id, NOW.isoformat()])
    assert Wording.objects.get().text == TEXT


def spoken(wording_id: int | None) -> int:
    """Let a person opt in on a page with this wording; return the address."""
    where = address()
    act(where, own(of(news()), IN, wording_id=wording_id))
    return where


def test_a_wording_rewritten_behind_the_guards_is_found_at_its_first_event():
    where = spoken(shown())
    event = ConsentEvent.objects.get()
    assert verify_ledger().is_intact
    assert verify_events([where]) is None
    digest = seal.wording_digest("preference_page", "en", "Everything, for ever")
    with lifted_guards(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE preferences_wording SET text = 'Everything, for ever', digest = %s", [digest]
        )
    assert verify_ledger().finding == Finding(Problem.WORDING_ALTERED, event.pk)
    assert verify_events([where]) == Finding(Problem.WORDING_ALTERED, event.pk)


def test_a_wording_that_is_gone_is_found():
    where = spoken(shown())
    with lifted_guards(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM preferences_wording")
    assert verify_ledger().finding.problem == Problem.WORDING_ALTERED
    assert verify_events([where]).problem == Problem.WORDING_ALTERED


def test_events_without_a_wording_verify():
    where = spoken(None)
    assert verify_ledger().is_intact
    assert verify_events([where]) is None
