import pytest
from django.core.exceptions import ImproperlyConfigured

from subscriptions_site.database import parse_database_url
from subscriptions_site.env import Env


def test_secret_comes_from_the_file_of_name_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text("from a file\n")
    assert Env({"SECRET_KEY_FILE": str(path)}).secret("SECRET_KEY") == "from a file"


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"SECRET_KEY": " "},
        {"SECRET_KEY_FILE": "/does/not/exist"},
        {"SECRET_KEY": "a", "SECRET_KEY_FILE": "b"},
    ],
)
def test_secret_refuses_what_is_missing_or_said_twice(values):
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        Env(values).secret("SECRET_KEY")


def test_boolean_reads_words_and_refuses_others():
    assert Env({"A": "on"}).boolean("A", default=False) is True
    assert Env({"A": "0"}).boolean("A", default=True) is False
    assert Env({}).boolean("A", default=True) is True
    with pytest.raises(ImproperlyConfigured, match="A must be 1 or 0"):
        Env({"A": "maybe"}).boolean("A", default=True)


@pytest.mark.parametrize("value", ["x", "-1", "1.5"])
def test_integer_refuses_what_is_no_count(value):
    with pytest.raises(ImproperlyConfigured, match="N must be"):
        Env({"N": value}).integer("N", 1)


def test_key_ring_keeps_the_order():
    ring = Env({"K": f"7:{'ab' * 32},2:{'cd' * 32}"}).key_ring("K")
    assert list(ring) == [7, 2]
    assert ring[7] == bytes.fromhex("ab" * 32)


@pytest.mark.parametrize("value", ["1:zz", "1", "1:abcd", f"0:{'ab' * 32}", f"1:{'ab' * 32}," * 2])
def test_key_ring_refuses_bad_entries_without_showing_them(value):
    with pytest.raises(ImproperlyConfigured, match="K: entry") as caught:
        Env({"K": value}).key_ring("K")
    assert "abab" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgres://anna:p%40ss@db.example:5433/subs",
            {"NAME": "subs", "HOST": "db.example", "PORT": "5433", "USER": "anna"}
            | {"PASSWORD": "p@ss"},
        ),
        (
            "postgres:///subs?host=/run/pg&port=5433&user=postgres&sslmode=require",
            {"NAME": "subs", "HOST": "/run/pg", "PORT": "5433", "USER": "postgres"}
            | {"PASSWORD": "", "OPTIONS": {"sslmode": "require"}, "PREPARES": True},
        ),
        ("postgres://h/subs?prepare=off", {"OPTIONS": {}, "PREPARES": False}),
    ],
)
def test_postgres_addresses(url, expected):
    entry = parse_database_url(url, connection_seconds=60)
    assert entry["ENGINE"] == "subscriptions_site.postgresql"
    assert {key: entry[key] for key in expected} == expected


def test_sqlite_addresses(tmp_path):
    entry = parse_database_url(f"sqlite:///{tmp_path}/new/db.sqlite3", connection_seconds=0)
    assert entry["NAME"] == f"{tmp_path}/new/db.sqlite3"
    assert (tmp_path / "new").is_dir()
    assert "synchronous=FULL" in entry["OPTIONS"]["init_command"]
    memory = parse_database_url("sqlite:///:memory:", connection_seconds=0)
    assert memory["NAME"] == ":memory:"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://a/b",
        "postgres://host",
        "postgres://h:x/db",
        "postgres://h/d?prepare=1",
        "sqlite://",
    ],
)
def test_other_addresses_are_refused(url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        parse_database_url(url, connection_seconds=0)


@pytest.mark.parametrize("value", ["https://prefs.example.com", "https://prefs.example.com:8443/"])
def test_origin_is_where_a_site_is(value):
    assert Env({"A": value}).origin("A") == value.removesuffix("/")


@pytest.mark.parametrize(
    "value",
    [
        *("http://prefs.example.com", "prefs.example.com", "https://", "https://a b", "ftp://a"),
        *("https://a/path", "https://a?x", "https://user@a", "https://a\r\nX: 1"),
    ],
)
def test_origin_refuses_what_is_no_safe_place(value):
    with pytest.raises(ImproperlyConfigured, match="A must be"):
        Env({"A": value}).origin("A")


def test_origin_is_open_to_http_on_a_developers_machine():
    assert Env({"A": "http://127.0.0.1:8000"}).origin("A", is_open=True) == "http://127.0.0.1:8000"


def test_integer_has_an_upper_end():
    with pytest.raises(ImproperlyConfigured, match="at most 90"):
        Env({"A": "91"}).integer("A", 30, maximum=90)
