"""DATABASE_URL to Django's DATABASES entry, for the two databases this product supports."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

# IMMEDIATE makes writers wait their turn instead of failing half-way ("database is locked").
# FULL, because a consent that was confirmed to a person must survive a power cut.
# recursive_triggers, because REPLACE would otherwise delete a row without the ledger's trigger.
SQLITE_OPTIONS: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON;"
        " PRAGMA cache_size=-65536; PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY;"
        " PRAGMA journal_size_limit=67108864"
    ),
}
POSTGRES_KEYS = frozenset({"host", "port", "user", "password", "prepare"})


def parse_database_url(url: str, *, connection_seconds: int) -> dict[str, Any]:
    """Return the DATABASES entry for a sqlite:/// or postgres:// address.

    A PostgreSQL socket folder is given in the query: postgres:///name?host=/run/postgresql.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return _sqlite(parts.path)
    if parts.scheme in {"postgres", "postgresql"}:
        query = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        try:
            port = parts.port
        except ValueError as error:
            raise ImproperlyConfigured("DATABASE_URL: the port is not a number") from error
        name = unquote(parts.path.lstrip("/"))
        if not name:
            raise ImproperlyConfigured("DATABASE_URL names no database")
        return {
            "ENGINE": "subscriptions_site.postgresql",
            "NAME": name,
            "HOST": query.get("host") or parts.hostname or "",
            "PORT": query.get("port") or (str(port) if port else ""),
            "USER": query.get("user") or unquote(parts.username or ""),
            "PASSWORD": query.get("password") or unquote(parts.password or ""),
            "CONN_MAX_AGE": connection_seconds,
            "CONN_HEALTH_CHECKS": True,
            "PREPARES": _prepares(query.get("prepare", "on")),
            "OPTIONS": {key: query[key] for key in query.keys() - POSTGRES_KEYS},
        }
    raise ImproperlyConfigured("DATABASE_URL must begin with sqlite:// or postgres://")


def _prepares(word: str) -> bool:
    """Tell whether statements may be prepared; off for poolers that cannot keep them."""
    if word not in {"on", "off"}:
        raise ImproperlyConfigured("DATABASE_URL: prepare is on or off")
    return word == "on"


def _sqlite(path: str) -> dict[str, Any]:
    name = unquote(path).removeprefix("/") if path != "/:memory:" else ":memory:"
    if not name:
        raise ImproperlyConfigured("DATABASE_URL names no file")
    if name != ":memory:":
        # sqlite:///var/x is relative to the working folder, sqlite:////var/x is absolute.
        Path(name).parent.mkdir(parents=True, exist_ok=True)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": name,
        "OPTIONS": dict(SQLITE_OPTIONS),
    }


@contextmanager
def without_query_log() -> Iterator[None]:
    """Keep Django from logging every query of a long command, as it does with DEBUG.

    Written out, the parameters of bulk statements cost more time and memory than the work itself.
    """
    was_debug, settings.DEBUG = settings.DEBUG, False
    try:
        yield
    finally:
        settings.DEBUG = was_debug
