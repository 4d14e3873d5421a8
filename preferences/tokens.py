"""Personal links as short tokens: what they carry, and how they are signed and read. Pure.

A token is ``base64url(key id | tag | masked fields)``. The tag is HMAC-SHA-256 over purpose, key id
and fields, cut to 128 bits; the fields are masked with a keystream made from the tag (a synthetic
initialisation vector, as in RFC 5297), so that a URL shows no address id, not even that two links
belong to one person. The purpose goes into tag and mask: a token of one purpose is noise to another.
"""

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Self

type KeyRing = Mapping[int, bytes]

TAG_BYTES = 16
LONGEST_TOKEN = 100  # nothing longer is even decoded
_KEY_ID = struct.Struct(">H")
_SCOPED = struct.Struct(">QII")  # address, unit, type
_DATED = struct.Struct(">QQI")  # address, what it is about, seconds


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Withdraws, for ever and any number of times. Without a type: all of the unit."""

    address_id: int
    unit_id: int
    type_id: int | None = None

    purpose: ClassVar[bytes] = b"unsubscribe"
    size: ClassVar[int] = _SCOPED.size

    def pack(self) -> bytes:
        return _SCOPED.pack(self.address_id, self.unit_id, self.type_id or 0)

    @classmethod
    def unpack(cls, fields: bytes) -> Self:
        address_id, unit_id, type_id = _SCOPED.unpack(fields)
        return cls(address_id, unit_id, type_id or None)


@dataclass(frozen=True, slots=True)
class _Dated:
    """A link about one thing of one address, with the second in which it was made."""

    address_id: int
    about_id: int
    issued_at: datetime

    purpose: ClassVar[bytes]
    size: ClassVar[int] = _DATED.size

    def pack(self) -> bytes:
        return _DATED.pack(self.address_id, self.about_id, int(self.issued_at.timestamp()))

    @classmethod
    def unpack(cls, fields: bytes) -> Self:
        address_id, about_id, seconds = _DATED.unpack(fields)
        return cls(address_id, about_id, datetime.fromtimestamp(seconds, UTC))


class Preferences(_Dated):
    """Shows and changes the choices of one address. About the unit whose look the page has."""

    __slots__ = ()
    purpose = b"preferences"


class Confirm(_Dated):
    """Confirms what was asked for (R14). About the event that asked."""

    __slots__ = ()
    purpose = b"confirm"


class Undo(_Dated):
    """Undoes the person's own act (R23), and says why they did it. About the event."""

    __slots__ = ()
    purpose = b"undo"


type Link = Unsubscribe | Preferences | Confirm | Undo


def sign(link: Link, keys: KeyRing) -> str:
    """Write a link as a token, with the newest key: the one with the highest id."""
    key_id = max(keys)
    fields = link.pack()
    tag = _tag(keys[key_id], key_id, link.purpose, fields)
    masked = _masked(keys[key_id], link.purpose, tag, fields)
    return urlsafe_b64encode(_KEY_ID.pack(key_id) + tag + masked).rstrip(b"=").decode("ascii")


def read[L: (Unsubscribe, Preferences, Confirm, Undo)](
    kind: type[L], token: str, keys: KeyRing
) -> L | None:
    """Return what a token of this kind carries, None unless one of the keys signed exactly it.

    Total: any text is an answer. How old a link may be is for the caller to say.
    """
    raw = _decoded(token, _KEY_ID.size + TAG_BYTES + kind.size)
    if raw is None:
        return None
    (key_id,) = _KEY_ID.unpack(raw[: _KEY_ID.size])
    key = keys.get(key_id)
    if key is None:
        return None
    tag, masked = raw[_KEY_ID.size :][:TAG_BYTES], raw[_KEY_ID.size + TAG_BYTES :]
    fields = _masked(key, kind.purpose, tag, masked)
    if not hmac.compare_digest(tag, _tag(key, key_id, kind.purpose, fields)):
        return None
    return kind.unpack(fields)


def _decoded(token: str, size: int) -> bytes | None:
    """Return the bytes of a token as ``sign`` writes it: base64 can spell one thing in several ways."""
    if len(token) > LONGEST_TOKEN or not token.isascii():
        return None
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    is_exact = urlsafe_b64encode(raw).rstrip(b"=").decode("ascii") == token
    return raw if is_exact and len(raw) == size else None


def _tag(key: bytes, key_id: int, purpose: bytes, fields: bytes) -> bytes:
    message = b"\0".join((b"subscriptions link", purpose, _KEY_ID.pack(key_id) + fields))
    return hmac.digest(key, message, "sha256")[:TAG_BYTES]


def _masked(key: bytes, purpose: bytes, tag: bytes, fields: bytes) -> bytes:
    """Mask or unmask: both are the same. Fields are never longer than one digest."""
    stream = hmac.digest(key, b"\0".join((b"subscriptions mask", purpose, tag)), "sha256")
    size = len(fields)
    return (int.from_bytes(fields) ^ int.from_bytes(stream[:size])).to_bytes(size)
