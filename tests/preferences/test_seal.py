"""Canonical bytes, Merkle roots and ranges: proofs that outlive this code."""

from datetime import UTC, date, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences import seal

# RFC 9162 and RFC 6962 give no vectors; these are the ones of the reference implementation
# (certificate-transparency, merkletree tests).
CT_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

STAMP = seal.Stamp(
    recorded_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
    said_at=datetime(2026, 11, 22, 11, 59, 59, 999999, tzinfo=UTC),
    transaction_id=7,
    evidence_id=None,
    undoes_event_id=None,
    actor_id=4,
    job_id=None,
    cause_id=None,
    wording_id=None,
    subscription_type_id=3,
    business_unit_id=None,
    policy_id=1,
    asked_on=date(2026, 11, 20),
    scope=1,
    act=1,
    word=2,
    status=1,
    source=1,
    actor_kind=2,
    legal_basis=1,
    flags=0,
    rule=12,
    evidence_digest=b"\x01\x02",
    idempotency_key="key",
)
OWN = seal.Own(1, 2, None, None, None, 0, 1)


def merkle_by_definition(leaves: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, word by word."""
    count = len(leaves)
    if count == 0:
        return sha256(b"").digest()
    if count == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < count:
        split *= 2
    left, right = merkle_by_definition(leaves[:split]), merkle_by_definition(leaves[split:])
    return sha256(b"\x01" + left + right).digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_merkle_root_of_the_reference_leaves(size):
    assert seal.merkle_root(CT_LEAVES[:size]).hex() == CT_ROOTS[size - 1]


@pytest.mark.parametrize("size", range(71))
def test_merkle_root_is_the_recursive_definition(size):
    leaves = [sha256(b"%d" % number).digest() for number in range(size)]
    assert seal.merkle_root(leaves) == merkle_by_definition(leaves)


def test_no_event_has_the_root_of_nothing():
    assert seal.merkle_root([]) == seal.EMPTY_ROOT == sha256(b"").digest()


def test_canonical_bytes_never_change():
    """A ledger written years ago is verified by these bytes; a new form needs a new FORMAT."""
    expected = (
        b"1|1795348800000000|1795348799999999|7|||4||||3||1|2026-11-20|1|1|2|1|1|2|1|0|12|0102|key"
    )
    assert seal.stamp_bytes(STAMP) == expected
    assert seal.event_digest(OWN, b"stamp") == sha256(b"1|2||||0|1|stamp").digest()


@pytest.mark.parametrize("name", seal.Stamp._fields)
def test_every_field_of_a_stamp_counts(name):
    value = getattr(STAMP, name)
    others = {
        datetime: datetime(2025, 1, 1, tzinfo=UTC),
        date: date(2025, 1, 1),
        int: 99,
        bytes: b"\x09",
        str: "other",
        type(None): 99,
    }
    other = STAMP._replace(**{name: others[type(value)]})
    assert seal.stamp_bytes(other) != seal.stamp_bytes(STAMP)
    if value is not None:
        empty = "" if name == "idempotency_key" else None
        if name not in ("recorded_at", "said_at"):
            assert seal.stamp_bytes(STAMP._replace(**{name: empty})) != seal.stamp_bytes(STAMP)


@pytest.mark.parametrize("name", seal.Own._fields)
def test_every_number_of_an_event_counts(name):
    stamp = seal.stamp_bytes(STAMP)
    assert seal.event_digest(OWN._replace(**{name: 99}), stamp) != seal.event_digest(OWN, stamp)


def test_a_number_cannot_slip_into_the_field_beside_it():
    stamp = seal.stamp_bytes(STAMP)
    moved = [
        OWN._replace(**{name: 5})
        for name in ("replaced_event_id", "names_event_id", "restores_event_id")
    ]
    assert len({seal.event_digest(own, stamp) for own in moved}) == 3


def test_the_free_text_cannot_imitate_a_field():
    one = STAMP._replace(evidence_digest=None, idempotency_key="0102|key")
    assert seal.stamp_bytes(one) != seal.stamp_bytes(STAMP)


def test_an_instant_is_exact_to_the_microsecond():
    assert seal.instant(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert seal.instant(datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) == -1
    assert (
        seal.instant(datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) == 253402300799999999
    )


def test_evidence_digest_is_salted_and_indifferent_to_the_order_of_names():
    details = {"ip": "192.0.2.1", "user_agent": "Zażółć"}
    turned = dict(reversed(details.items()))
    digest = seal.evidence_digest(b"salt", "Asked", details)
    assert digest == seal.evidence_digest(b"salt", "Asked", turned)
    assert digest != seal.evidence_digest(b"pepper", "Asked", details)
    assert digest != seal.evidence_digest(b"salt", "asked", details)
    assert digest != seal.evidence_digest(b"salt", "Asked", {**details, "ip": "192.0.2.2"})


def head(**changed: object) -> bytes:
    fields = {
        "number": 2,
        "sealed_at": STAMP.recorded_at,
        "horizon": 9,
        "ranges": "1-3,5",
        "count": 4,
        "root": b"r" * 32,
        "previous_head": b"p" * 32,
    }
    return seal.seal_head(**{**fields, **changed})


def test_every_field_of_a_seal_counts_in_its_head():
    others = {
        "number": 3,
        "sealed_at": STAMP.said_at,
        "horizon": 8,
        "ranges": "1-4",
        "count": 5,
        "root": b"s" * 32,
        "previous_head": b"q" * 32,
    }
    heads = {head(), *(head(**{name: value}) for name, value in others.items())}
    assert len(heads) == len(others) + 1


@given(st.sets(st.integers(1, 60)))
def test_ranges_make_a_round_trip(ids):
    text = seal.to_ranges(sorted(ids))
    assert [number for one in seal.from_ranges(text) for number in one] == sorted(ids)


@pytest.mark.parametrize(
    ("ids", "text"),
    [([], ""), ([5], "5"), ([1, 2, 3], "1-3"), ([1, 3, 4, 9], "1,3-4,9")],
)
def test_ranges_are_as_short_as_can_be(ids, text):
    assert seal.to_ranges(ids) == text


@pytest.mark.parametrize("text", ["x", "1-", "1,,2", "-3"])
def test_what_is_no_range_is_refused(text):
    with pytest.raises(ValueError, match="invalid literal"):
        list(seal.from_ranges(text))


def test_a_wording_is_known_by_every_part_of_it():
    """Its id goes into events, so a text that is altered later no longer fits them."""
    told = seal.wording_digest("page", "en", "Tick what you want.")
    others = [
        ("mail", "en", "Tick what you want."),
        ("page", "de", "Tick what you want."),
        ("page", "en", "Tick what you want. "),
        ("page", "en Tick", "what you want."),
    ]
    assert len({told, *(seal.wording_digest(*other) for other in others)}) == 5
    expected = sha256(b'["page","en","Tick what you want."]').digest()
    assert told == expected
    assert seal.wording_id(told) == int(expected.hex()[:16], 16) // 2
