"""Which network a request comes from."""

import ipaddress
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """Return the visitor's IP address, "" if there is none.

    X-Forwarded-For is believed only as far from the right as there are proxies of our own.
    """
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    chain = [hop for hop in hops if hop] + [request.META.get("REMOTE_ADDR", "")]
    return _canonical(chain[-1 - min(settings.TRUSTED_PROXY_COUNT, len(chain) - 1)])


@lru_cache(maxsize=8192)  # asked several times in a request, and crowds come from few networks
def _canonical(address: str) -> str:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return ""


def client_network(request: HttpRequest) -> str:
    """Return the visitor's network: /24 of IPv4, /64 of IPv6, the size one household gets."""
    address = client_address(request)
    if not address:
        return ""
    prefix = 24 if ipaddress.ip_address(address).version == 4 else 64
    return str(ipaddress.ip_network(f"{address}/{prefix}", strict=False))
