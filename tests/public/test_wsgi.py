"""One-click in front of Django: the same answer and the same event; anything else is Django's."""

import logging
from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import InterfaceError, OperationalError, connection

from preferences import links
from preferences.models import ConsentEvent, SubscriptionType
from preferences.tokens import Unsubscribe
from preferences.values import Flag, Source
from public.wsgi import OneClickFirst
from subscriptions_site.web.request_id import HEADER
from tests.preferences.kernel import IN, OUT, act, of, own, status_of
from tests.public.scene import EMAIL, ONE_CLICK, Person, path_of
from tests.public.served import Answer, asked, environ

pytestmark = pytest.mark.django_db
SAME_LENGTH = "x" * len(ONE_CLICK)


def without_id(answer: Answer) -> Answer:
    return answer._replace(headers={k: v for k, v in answer.headers.items() if k != HEADER})


class Django:
    """Stands where Django is: tells what it was given."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def __call__(self, given: dict[str, Any], start_response: Any) -> list[bytes]:
        self.bodies.append(given["wsgi.input"].read(int(given.get("CONTENT_LENGTH") or 0)))
        start_response("200 OK", [])
        return [b"Django's"]


@pytest.fixture(autouse=True)
def kept(request) -> None:
    if "transaction" not in request.node.get_closest_marker("django_db").kwargs:
        request.getfixturevalue("kept_connection")


@pytest.fixture
def ada(db) -> Person:
    ada = Person()
    act(ada.address_id, own(of(ada.breaks), IN), at=ada.now)
    act(ada.address_id, own(of(ada.places), IN), at=ada.now)
    return ada


FACTS = {
    "as it is": {},
    "over HTTPS": {"wsgi.url_scheme": "https"},
    "from a proxy": {"HTTP_X_FORWARDED_FOR": "203.0.113.9", "HTTP_X_FORWARDED_PROTO": "https"},
    "of a program": {"HTTP_USER_AGENT": "Mail\x07 Program/1.0", "CONTENT_TYPE": "text/plain"},
    "of a scanner": {"HTTP_USER_AGENT": "Barracuda", "HTTP_SEC_PURPOSE": "prefetch"},
    "signed in": {"HTTP_COOKIE": "sessionid=1; csrftoken=2", "HTTP_ORIGIN": "https://evil.example"},
}


@pytest.mark.parametrize("facts", FACTS.values(), ids=FACTS)
def test_it_is_answered_and_recorded_as_django_would(ada, facts):
    first, second = ada.unsubscribe_path(), ada.unsubscribe_path(ada.places)
    ours = asked(OneClickFirst(lambda *_: pytest.fail("Django was asked")), environ(first, **facts))
    theirs = asked(WSGIHandler(), environ(second, **facts))
    assert without_id(ours) == without_id(theirs)
    assert ours.headers.keys() == theirs.headers.keys()
    assert ours.status == "200 OK"
    one, other = ada.events()[-2:]
    assert _told(one) == _told(other)
    assert (one.status, one.source) == (OUT.code, Source.ONE_CLICK.code)
    assert bool(one.flags & Flag.SUSPECTED) is (facts is FACTS["of a scanner"])
    assert {status_of(ada.address_id, kind) for kind in (ada.breaks, ada.places)} == {OUT}


def _told(event: ConsentEvent) -> dict[str, object]:
    """Return what two opt-outs of two types have in common."""
    assert event.evidence is not None
    names = ("word", "act", "source", "status", "before", "after", "wording_id", "flags", "rule")
    return {name: getattr(event, name) for name in names} | {"evidence": event.evidence.details}


def test_the_link_of_a_unit_and_one_that_lost_its_slash(ada):
    application = OneClickFirst(lambda *_: pytest.fail("Django was asked"))
    assert asked(application, environ(ada.unsubscribe_path().rstrip("/"))).status == "200 OK"
    assert asked(application, environ(ada.unit_path())).status == "200 OK"
    assert [event.scope for event in ada.events()[-2:]] == [1, 2]


def test_again_and_again_is_one_opt_out(ada):
    application = OneClickFirst(lambda *_: pytest.fail("Django was asked"))
    answers = {
        without_id(asked(application, environ(ada.unsubscribe_path()))).body for _ in range(3)
    }
    assert answers == {b"You are unsubscribed.\n"}
    assert [event.status for event in ada.events()].count(OUT.code) == 1


def _preference_path(ada: Person) -> str:
    return ada.preference_path().replace("/p/", "/u/")


OTHER = {
    "a GET": lambda ada: environ(ada.unsubscribe_path(), REQUEST_METHOD="GET"),
    "a HEAD": lambda ada: environ(ada.unsubscribe_path(), REQUEST_METHOD="HEAD"),
    "another body": lambda ada: environ(ada.unsubscribe_path(), "confirm=all"),
    "one as long": lambda ada: environ(ada.unsubscribe_path(), SAME_LENGTH),
    "in small letters": lambda ada: environ(ada.unsubscribe_path(), ONE_CLICK.lower()),
    "no body": lambda ada: environ(ada.unsubscribe_path(), ""),
    "no length": lambda ada: environ(ada.unsubscribe_path(), CONTENT_LENGTH=""),
    "an altered token": lambda ada: environ(f"{ada.unsubscribe_path()[:-2]}!/"),
    "no token": lambda ada: environ("/u/"),
    "another purpose": lambda ada: environ(_preference_path(ada)),
    "another page": lambda ada: environ(ada.preference_path()),
    "undo": lambda ada: environ(f"{ada.unsubscribe_path()}undo/"),
    "bytes": lambda ada: environ("/u/\xff\xfe/", PATH_INFO="/u/\xff\xfe/"),
    "a foreign host": lambda ada: environ(ada.unsubscribe_path(), HTTP_HOST="evil.example"),
}


@pytest.mark.parametrize("made", OTHER.values(), ids=OTHER)
def test_anything_else_is_djangos_with_its_body(ada, made):
    given, django, before = made(ada), Django(), len(ada.events())
    held = given["wsgi.input"].read()
    given["wsgi.input"] = BytesIO(held)
    assert asked(OneClickFirst(django), given).body == b"Django's"
    assert django.bodies == [held[: int(given.get("CONTENT_LENGTH") or 0)]]
    assert len(ada.events()) == before


def test_a_foreign_host_is_turned_away_and_changes_nothing(ada):
    before = len(ada.events())
    given = environ(ada.unsubscribe_path(), HTTP_HOST="evil.example")
    assert asked(OneClickFirst(WSGIHandler()), given).status.startswith("400")
    assert len(ada.events()) == before


def test_what_is_not_there_and_what_cannot_be_left_is_answered_by_django(ada):
    application = OneClickFirst(WSGIHandler())
    nobody = links.unsubscribe_link(address_id=1 << 40, unit_id=ada.unit.pk, type_id=ada.breaks.pk)
    no_type = links.unsubscribe_link(address_id=ada.address_id, unit_id=ada.unit.pk, type_id=99_999)
    no_unit = links.unsubscribe_link(address_id=ada.address_id, unit_id=99_999)
    statuses = [
        asked(application, environ(path_of(url))).status for url in (nobody, no_type, no_unit)
    ]
    assert [status[:3] for status in statuses] == ["404"] * 3
    path = ada.unsubscribe_path()
    SubscriptionType.objects.filter(pk=ada.breaks.pk).update(kind=SubscriptionType.Kind.SERVICE)
    refused = asked(application, environ(path))
    assert refused.status.startswith("409")
    assert b"cannot be unsubscribed from" in refused.body


@pytest.mark.parametrize("error", [OperationalError, InterfaceError, RuntimeError])
def test_trouble_is_djangos_to_answer_and_no_promise(ada, monkeypatch, error, caplog):
    def down(**_change: object) -> None:
        raise error("server closed the connection to ada@fernmoor.example")

    monkeypatch.setattr("public.one_click.withdraw", down)
    django = Django()
    with caplog.at_level(logging.WARNING):
        assert asked(OneClickFirst(django), environ(ada.unsubscribe_path())).body == b"Django's"
    assert django.bodies == [ONE_CLICK.encode()]
    assert error.__name__ in caplog.text
    assert EMAIL not in caplog.text
    assert status_of(ada.address_id, ada.breaks) is IN


def test_trouble_that_is_over_when_django_asks_is_one_opt_out(ada, monkeypatch):
    """A COMMIT of which nobody knows whether it counted: said twice, kept once (R16)."""
    from public import one_click

    really = one_click.withdraw
    calls: list[object] = []

    def lost_once(**change: Any) -> object:
        result = really(**change)
        calls.append(result)
        if len(calls) == 1:
            raise OperationalError("the answer to COMMIT was lost")
        return result

    monkeypatch.setattr(one_click, "withdraw", lost_once)
    answer = asked(OneClickFirst(WSGIHandler()), environ(ada.unsubscribe_path()))
    assert (answer.status, len(calls)) == ("200 OK", 2)
    assert [event.status for event in ada.events()].count(OUT.code) == 1


def test_the_id_of_a_request_is_that_of_the_proxy_or_a_new_one(ada):
    application = OneClickFirst(lambda *_: pytest.fail("Django was asked"))
    given = environ(ada.unsubscribe_path(), HTTP_X_REQUEST_ID="from-the-proxy-1")
    assert asked(application, given).headers[HEADER] == "from-the-proxy-1"
    ids = {asked(application, environ(ada.unsubscribe_path())).headers[HEADER] for _ in range(2)}
    assert len(ids) == 2


def test_a_link_in_front_of_django_is_read_as_by_the_view(ada):
    """Whatever the token says, both ways read it with the same function."""
    link = links.read_unsubscribe(ada.unsubscribe_path().split("/")[2])
    assert link == Unsubscribe(ada.address_id, ada.unit.pk, ada.breaks.pk)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_lost_is_opened_again():
    ada = Person()
    act(ada.address_id, own(of(ada.breaks), IN), at=ada.now)
    path = ada.unsubscribe_path()
    connection.errors_occurred = True
    connection.health_check_enabled = True
    if connection.connection is not None and connection.vendor == "postgresql":
        connection.connection.close()
    answer = asked(OneClickFirst(lambda *_: pytest.fail("Django was asked")), environ(path))
    assert answer.status == "200 OK"
    assert status_of(ada.address_id, ada.breaks) is OUT
