"""The least that a one-click and a page of rows could cost in Django: the yardstick of bench_public.

A project of its own without middleware or apps. One view writes status and ledger with one
hand-written statement that knows no rule, the other shows 50 rows.
"""

import os
import random

from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from subscriptions_site.database import parse_database_url

SECRET_KEY = "none"  # noqa: S105 - nothing is signed
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = __name__
DATABASES = {"default": parse_database_url(os.environ["DATABASE_URL"], connection_seconds=3600)}
DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
DATABASES["default"]["CONN_HEALTH_CHECKS"] = False

TABLES = """
CREATE SCHEMA floor;
CREATE TABLE floor.preference(address_id bigint NOT NULL, changed_at timestamptz NOT NULL,
  version int NOT NULL, type_id smallint NOT NULL, state smallint NOT NULL,
  before smallint NOT NULL, basis smallint NOT NULL, by_self boolean NOT NULL) WITH (fillfactor=80);
INSERT INTO floor.preference SELECT g, now(), 1, (g + k * 4) %% 20 + 1, 1, 0, 1, false
  FROM generate_series(1, %(count)s) g, generate_series(0, 4) k;
ALTER TABLE floor.preference ADD PRIMARY KEY (address_id, type_id);
CREATE SEQUENCE floor.ledger_id CACHE 100;
CREATE TABLE floor.ledger(id bigint NOT NULL DEFAULT nextval('floor.ledger_id'),
  at timestamptz NOT NULL DEFAULT now(), address_id bigint NOT NULL, type_id smallint NOT NULL,
  before smallint NOT NULL, after smallint NOT NULL, basis smallint NOT NULL,
  source smallint NOT NULL, hash bytea);
CREATE INDEX ON floor.ledger USING brin (at) WITH (pages_per_range = 32);
"""
ONE = """
WITH changed AS (
  INSERT INTO floor.preference AS p
    (address_id, changed_at, version, type_id, state, before, basis, by_self)
  VALUES (%s, now(), 1, %s, 2, 0, 9, true)
  ON CONFLICT (address_id, type_id) DO UPDATE SET state = 2, before = p.state, basis = 9,
    by_self = true, changed_at = now(), version = p.version + 1 WHERE p.state <> 2
  RETURNING address_id, type_id, before, state)
INSERT INTO floor.ledger (address_id, type_id, before, after, basis, source, hash)
SELECT address_id, type_id, before, state, 9, 4, sha256(int8send(address_id) || int2send(type_id)
  || int2send(before) || int2send(state)) FROM changed
"""
ROWS = """
SELECT address_id, type_id, state, changed_at FROM floor.preference
WHERE address_id < %s ORDER BY address_id DESC LIMIT 50
"""
PAGE = Engine().from_string(
    "<html><table>{% for address, type, state, at in rows %}<tr><td>{{ address }}</td><td>{{ type }}"
    "</td><td>{{ state }}</td><td>{{ at|date:'Y-m-d' }}</td></tr>{% endfor %}</table>"
)


def _anybody() -> int:
    return random.randrange(1, int(os.environ["FLOOR_ADDRESSES"]) + 1)  # noqa: S311


@csrf_exempt
def one(_request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute(ONE, (_anybody(), 1))
    return HttpResponse(b"ok")


def page(_request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute(ROWS, (_anybody(),))
        rows = cursor.fetchall()
    return HttpResponse(PAGE.render(Context({"rows": rows})))


urlpatterns = [path("one/", one), path("page/", page)]


def __getattr__(name: str) -> object:
    if name == "application":
        return get_wsgi_application()
    raise AttributeError(name)
