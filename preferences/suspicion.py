"""Signs that a machine made an opt-out, and what they come to (R24). Pure: no Django, no clock.

A label takes nothing away: the opt-out counts like any other, and staff may give it back. The
table of docs/rules.md says what is a reason and what is not.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

type Network = IPv4Network | IPv6Network

# Names in the evidence of a labelled opt-out.
REASONS_KEY, BURST_KEY = "suspected", "burst"


class Why(StrEnum):
    """Why an opt-out looks automatic, in the order in which reasons are told."""

    PREFETCH = "prefetch"
    SCANNER = "scanner"
    TOO_FAST = "too_fast"
    BURST = "burst"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From where on something is a sign. ``excused``: networks that make no burst."""

    reading_seconds: int = 2
    burst_seconds: int = 10
    burst_page: int = 5
    burst_one_click: int = 50
    excused: tuple[Network, ...] = field(default=())

    def burst_of(self, *, is_one_click: bool) -> int:
        """Return how many other addresses make a burst; mailbox providers send one-click in bulk."""
        return self.burst_one_click if is_one_click else self.burst_page


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What is known of a request. ``prefetch``: the headers that say that nobody clicked.

    ``seconds``: since the page was drawn, None where no page was (one-click). ``others``: addresses
    that opted out from the same network just before.
    """

    is_one_click: bool
    prefetch: str = ""
    agent: str = ""
    seconds: int | None = None
    others: int = 0


# Programs that look at links on somebody's behalf; none of them is ever a person's own browser.
SCANNERS = re.compile(
    r"safelinks|ms-office|microsoft (?:office|outlook)|bingpreview|skypeuripreview|proofpoint"
    r"|urldefense|barracuda|mimecast|googleimageproxy|yahoomailproxy|symantec|cloudmark|trend ?micro"
    r"|sophos|forcepoint|fireeye|trellix|zscaler|virustotal|facebookexternalhit|headlesschrome|phantomjs"
    r"|link ?check|validator|crawler|spider|(?<!cu)bot\b",
    re.IGNORECASE,
)
# Programs without a reader. They send no forms for people, but mailbox providers' one-click.
PROGRAMS = re.compile(
    r"^(?:curl|wget|python|aiohttp|httpx|go-http-client|java|okhttp|libwww-perl|apache-httpclient"
    r"|node|axios|undici|ruby|php|guzzle|powershell|postman)\b",
    re.IGNORECASE,
)
# Not seen from outside: a proxy of our own that hides everybody, or an office.
OWN_NETWORKS = tuple(
    ip_network(text)
    for text in (
        *("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7", "fe80::/10"),
    )
)
IPV4_PREFIX, IPV6_PREFIX = 24, 56


def reasons(signs: Signs, limits: Limits) -> tuple[Why, ...]:
    """Return why an opt-out looks automatic; nothing at all is the rule."""
    burst = limits.burst_of(is_one_click=signs.is_one_click)
    is_program = not signs.is_one_click and PROGRAMS.search(signs.agent)
    found = {
        Why.PREFETCH: bool(signs.prefetch),
        Why.SCANNER: bool(SCANNERS.search(signs.agent) or is_program),
        Why.TOO_FAST: signs.seconds is not None and signs.seconds < limits.reading_seconds,
        Why.BURST: 0 < burst <= signs.others,
    }
    return tuple(why for why, is_so in found.items() if is_so)


def read_reasons(text: str) -> tuple[Why, ...]:
    """Return the reasons that evidence names; what is not known any more is left out."""
    named = {word.strip() for word in text.split(",")}
    return tuple(why for why in Why if why.value in named)


@lru_cache(maxsize=8192)
def network_of(address: str, excused: tuple[Network, ...] = ()) -> str:
    """Return the network that counts together, "" for one that makes no burst.

    /24 of IPv4 and /56 of IPv6: what one scanner has, and hardly more than one house or office.
    """
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    number = int(found)
    if any(number >> shift == start for start, shift in _spans(found.version, excused)):
        return ""
    prefix = IPV4_PREFIX if found.version == 4 else IPV6_PREFIX
    shift = found.max_prefixlen - prefix
    return f"{type(found)(number >> shift << shift)}/{prefix}"


@cache
def _spans(version: int, excused: tuple[Network, ...]) -> tuple[tuple[int, int], ...]:
    """Return the networks that make no burst as bits: an address is in one if its first ones agree."""
    shifts = [
        (network, network.max_prefixlen - network.prefixlen)
        for network in (*OWN_NETWORKS, *excused)
        if network.version == version
    ]
    return tuple((int(network.network_address) >> shift, shift) for network, shift in shifts)
