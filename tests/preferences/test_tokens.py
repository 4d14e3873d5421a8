"""Tokens: what was signed is read back, everything else is None."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences.tokens import Confirm, Preferences, Undo, Unsubscribe, read, sign

KEYS = {1: b"a" * 32, 2: b"b" * 32}
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KINDS = (Unsubscribe, Preferences, Confirm, Undo)
LINKS = (
    Unsubscribe(2**62 + 7, 3, 4),
    Unsubscribe(2**62 + 7, 3),
    Preferences(2**62 + 7, 3, NOW),
    Confirm(2**62 + 7, 3, NOW),
    Undo(2**62 + 7, 3, NOW),
)
ids = st.integers(min_value=1, max_value=2**63 - 1)


@pytest.mark.parametrize("link", LINKS)
def test_what_was_signed_is_read_back_by_its_own_purpose_only(link):
    token = sign(link, KEYS)
    for kind in KINDS:
        assert read(kind, token, KEYS) == (link if kind is type(link) else None)


@given(ids, st.integers(1, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_every_id_fits(address_id, unit_id, type_id):
    link = Unsubscribe(address_id, unit_id, type_id or None)
    assert read(Unsubscribe, sign(link, KEYS), KEYS) == link


@pytest.mark.parametrize("link", LINKS)
def test_any_other_character_anywhere_makes_it_nothing(link):
    token = sign(link, KEYS)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.~+/ %"
    for place in range(len(token)):
        for character in alphabet:
            altered = token[:place] + character + token[place + 1 :]
            if altered != token:
                assert read(type(link), altered, KEYS) is None
    for altered in (token + "A", token + "=", token + "==", token[:-1], "", token * 2, f" {token}"):
        assert read(type(link), altered, KEYS) is None


@given(st.text(max_size=120))
def test_any_text_is_an_answer(text):
    for kind in KINDS:
        assert read(kind, text, KEYS) is None


@given(st.binary(min_size=30, max_size=40))
def test_bytes_that_we_did_not_sign_are_nothing(raw):
    token = urlsafe_b64encode(raw).rstrip(b"=").decode()
    for kind in KINDS:
        assert read(kind, token, KEYS) is None


def test_the_newest_key_signs_and_every_key_is_believed():
    old = sign(LINKS[0], {1: KEYS[1]})
    new = sign(LINKS[0], KEYS)
    assert read(Unsubscribe, old, KEYS) == read(Unsubscribe, new, KEYS) == LINKS[0]
    assert read(Unsubscribe, old, {2: KEYS[2]}) is None
    assert read(Unsubscribe, new, {2: KEYS[2]}) == LINKS[0]
    assert read(Unsubscribe, new, {2: KEYS[1]}) is None


def test_a_token_shows_no_id_and_does_not_tell_that_two_are_of_one_person():
    raws = [urlsafe_b64decode(sign(Unsubscribe(2**62, 3, kind), KEYS) + "==") for kind in (1, 2)]
    assert all((2**62).to_bytes(8) not in raw for raw in raws)
    first, second = (raw[18:] for raw in raws)
    assert first[:8] != second[:8]


def test_a_token_is_short():
    assert max(len(sign(link, KEYS)) for link in LINKS) <= 52
