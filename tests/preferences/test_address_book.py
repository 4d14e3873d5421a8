"""Addresses are found without a look-up, and two of them never become one."""

import threading

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from preferences import address_book
from preferences.address_book import Place, ensure_address, ensure_addresses, locate
from preferences.addresses import AddressKey, InvalidAddress, address_key
from preferences.models import Address
from preferences.values import Act, Channel
from tests.preferences.kernel import (
    HOUR,
    IN,
    IS_POSTGRESQL,
    NOW,
    OUT,
    act,
    erasure,
    fact,
    news,
    of,
    own,
    status_of,
)

pytestmark = pytest.mark.django_db


def ensure(*texts: str, channel: Channel = Channel.EMAIL, at=NOW) -> list[int]:
    return ensure_addresses(channel=channel, pairs=[(text, text) for text in texts], now=at)


def test_an_address_is_made_on_first_sight_and_found_ever_after():
    made = ensure_address(channel=Channel.EMAIL, text=" Ada@Fernmoor.example", region=None, now=NOW)
    assert (made.canonical, made.original) == ("ada@fernmoor.example", "Ada@Fernmoor.example")
    assert (made.channel_value, made.key_id, made.created_at) == (Channel.EMAIL, 1, NOW)
    found = ensure_address(
        channel=Channel.EMAIL, text="ADA@FERNMOOR.EXAMPLE", region=None, now=NOW + HOUR
    )
    assert found.pk == made.pk
    assert (found.original, found.created_at) == ("Ada@Fernmoor.example", NOW)


def test_the_id_is_computed_from_the_key():
    secret = settings.ADDRESS_KEYS[settings.ADDRESS_KEY_ID]
    key = address_key(Channel.EMAIL, "ada@fernmoor.example", secret=secret)
    assert ensure("ada@fernmoor.example") == [key.id]
    assert bytes(Address.objects.get().key) == key.digest


def test_a_phone_number_is_an_address_on_each_channel():
    sms = ensure_address(channel=Channel.SMS, text="601 100 200", region="PL", now=NOW)
    whatsapp = ensure_address(channel=Channel.WHATSAPP, text="+48601100200", region=None, now=NOW)
    assert sms.canonical == whatsapp.canonical == "+48601100200"
    assert sms.original == "601 100 200"
    assert sms.pk != whatsapp.pk


def test_what_is_no_address_is_said_and_not_stored():
    with pytest.raises(InvalidAddress):
        ensure_address(channel=Channel.EMAIL, text="ada", region=None, now=NOW)
    assert not Address.objects.exists()


def test_many_come_in_the_order_they_were_given_each_once():
    ids = ensure("b@fernmoor.example", "a@fernmoor.example", "b@fernmoor.example")
    assert ids[0] == ids[2] != ids[1]
    assert ensure("a@fernmoor.example") == ids[1:2]
    assert Address.objects.count() == 2
    assert ensure() == []


def test_many_cost_as_many_queries_as_a_few():
    counts = []
    for count in (3, 300):
        texts = [f"p{count}-{number}@fernmoor.example" for number in range(count)]
        with CaptureQueriesContext(connection) as captured:
            ensure(*texts)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_an_erased_address_gets_its_clear_form_back_when_it_returns():
    one = ensure("ada@fernmoor.example")[0]
    act(one, erasure())
    assert Address.objects.get().canonical == ""
    assert ensure("ada@fernmoor.example", "bob@fernmoor.example")[0] == one
    back = Address.objects.get(pk=one)
    assert (back.canonical, back.original) == ("ada@fernmoor.example", "ada@fernmoor.example")
    assert back.erased_at == NOW


# --- where two addresses fall on one id ----------------------------------------------------------------


@pytest.fixture
def crowded(monkeypatch):
    """Every address falls on id 1 first, then on 2, and so on: as many probes as addresses."""

    def crowded_key(channel, canonical, *, secret, probe=0) -> AddressKey:
        real = address_key(channel, canonical, secret=secret)
        return AddressKey(id=probe + 1, digest=real.digest)

    monkeypatch.setattr(address_book, "address_key", crowded_key)


ABC = ("a@fernmoor.example", "b@fernmoor.example", "c@fernmoor.example")


def test_addresses_that_collide_are_kept_apart(crowded):
    assert sorted(ensure(*ABC)) == [1, 2, 3]
    assert [ensure(text)[0] for text in ABC] == ensure(*ABC)
    assert Address.objects.count() == 3


def test_addresses_that_collide_one_after_another_are_kept_apart(crowded):
    assert [ensure(text)[0] for text in reversed(ABC)] == [1, 2, 3]
    assert ensure(*ABC) == [3, 2, 1]


def test_what_collides_keeps_consents_of_its_own(crowded):
    first = news()
    one, two, _ = ensure(*ABC)
    act(one, own(of(first), OUT))
    act(two, own(of(first), IN))
    assert (status_of(one, first), status_of(two, first)) == (OUT, IN)
    places = locate([(Channel.EMAIL, text) for text in ABC])
    assert [places[Channel.EMAIL, text].id for text in ABC] == ensure(*ABC)


def test_an_unknown_address_that_collides_gets_the_id_it_would_have(crowded):
    ensure(*ABC)
    assert locate([(Channel.EMAIL, "d@fernmoor.example")]) == {
        (Channel.EMAIL, "d@fernmoor.example"): Place(4)
    }


def test_an_erased_address_that_collides_comes_back_to_its_own_row(crowded):
    ids = ensure(*ABC)
    act(ids[1], erasure())
    assert ensure("new@fernmoor.example") == [4]
    assert ensure(ABC[1]) == [ids[1]]
    assert Address.objects.get(pk=ids[1]).canonical == ABC[1]


# --- locating ------------------------------------------------------------------------------------------


def test_locating_tells_the_facts_and_creates_nothing():
    one = ensure("ada@fernmoor.example")[0]
    act(one, fact(Act.BOUNCE))
    act(one, erasure(), at=NOW + HOUR)
    known, unknown = (Channel.EMAIL, "ada@fernmoor.example"), (Channel.SMS, "+48601100200")
    places = locate([known, unknown, known])
    assert places[known] == Place(one, NOW + HOUR, NOW)
    assert places[unknown].erased_at is None
    assert Address.objects.count() == 1
    assert locate([]) == {}


# --- two at once ---------------------------------------------------------------------------------------


@pytest.mark.skipif(not IS_POSTGRESQL, reason="SQLite has one writer")
@pytest.mark.django_db(transaction=True)
def test_two_importers_meet_on_new_addresses():
    """Each holds what the other wants; sorted by id, so nobody waits in a circle."""
    texts = [f"p{number}@fernmoor.example" for number in range(40)]
    start = threading.Barrier(2)
    found: list[list[int]] = []
    problems: list[BaseException] = []

    def meet(mine: list[str]) -> None:
        try:
            start.wait(20)
            with transaction.atomic():
                found.append(sorted(ensure(*mine)))
        except BaseException as error:
            problems.append(error)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=meet, args=(mine,)) for mine in (texts, list(reversed(texts)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert found[0] == found[1]
    assert Address.objects.count() == 40
