"""Typed reading of the environment: a wrong value stops the start with a sentence that names it."""

import os
import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"", "0", "false", "no", "off"})
ORIGIN_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")


class Env:
    """Reads typed values out of a mapping, the process environment by default."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = os.environ if values is None else values

    def text(self, name: str, default: str | None = None) -> str:
        value = self._values.get(name, "").strip()
        if value:
            return value
        if default is None:
            raise ImproperlyConfigured(f"{name} is not set")
        return default

    def secret(self, name: str, default: str | None = None) -> str:
        """Read NAME, or the file that NAME_FILE points to, as container secrets are mounted."""
        path = self._values.get(f"{name}_FILE", "").strip()
        if not path:
            return self.text(name, default)
        if self._values.get(name, "").strip():
            raise ImproperlyConfigured(f"set {name} or {name}_FILE, not both")
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error.strerror}") from error
        if not value:
            raise ImproperlyConfigured(f"the file of {name}_FILE is empty")
        return value

    def boolean(self, name: str, default: bool) -> bool:
        if name not in self._values:
            return default
        word = self._values[name].strip().lower()
        if word in TRUE_WORDS:
            return True
        if word in FALSE_WORDS:
            return False
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not {word!r}")

    def integer(
        self, name: str, default: int, *, minimum: int = 0, maximum: int | None = None
    ) -> int:
        value = self.text(name, str(default))
        try:
            number = int(value)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}") from error
        if number < minimum:
            raise ImproperlyConfigured(f"{name} must be at least {minimum}, not {number}")
        if maximum is not None and number > maximum:
            raise ImproperlyConfigured(f"{name} must be at most {maximum}, not {number}")
        return number

    def origin(self, name: str, default: str | None = None, *, is_open: bool = False) -> str:
        """Read where a site is, as https://host or https://host:port; http only where ``is_open``."""
        value = self.text(name, default).removesuffix("/")
        scheme, _, host = value.partition("://")
        is_safe = scheme == "https" or (scheme == "http" and is_open)
        if not is_safe or not ORIGIN_HOST.fullmatch(host):
            raise ImproperlyConfigured(f"{name} must be of the form https://host, not {value!r}")
        return value

    def words(self, name: str, default: str | None = "") -> list[str]:
        """Read a list separated by commas."""
        return [word.strip() for word in self.text(name, default).split(",") if word.strip()]

    def networks(self, name: str, default: str = "") -> tuple[IPv4Network | IPv6Network, ...]:
        """Read networks such as 203.0.113.0/24, separated by commas."""
        found = []
        for word in self.words(name, default):
            try:
                found.append(ip_network(word))
            except ValueError as error:
                message = f"{name}: {word!r} is not a network such as 203.0.113.0/24"
                raise ImproperlyConfigured(message) from error
        return tuple(found)

    def key_ring(self, name: str, default: str | None = None) -> dict[int, bytes]:
        """Read keys written as "1:hex,2:hex", in the order given.

        The error names the position of a bad key, never the key.
        """
        ring: dict[int, bytes] = {}
        for position, entry in enumerate(self.secret(name, default).split(","), start=1):
            number, _, digits = entry.strip().partition(":")
            try:
                key_id, key = int(number), bytes.fromhex(digits)
            except ValueError as error:
                message = f"{name}: entry {position} is not of the form 1:hex"
                raise ImproperlyConfigured(message) from error
            if not 0 < key_id < 32768 or len(key) < 32 or key_id in ring:
                raise ImproperlyConfigured(
                    f"{name}: entry {position} needs an id of its own from 1 to 32767"
                    " and a key of at least 32 bytes"
                )
            ring[key_id] = key
        return ring
