"""Asks whether a machine sent an opt-out (R24). It is applied either way, and never later for it."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest

from preferences.bursts import Burst, Note
from preferences.suspicion import BURST_KEY, REASONS_KEY, Limits, Signs, Why, network_of, reasons
from public.request_facts import agent_of, prefetch_of, seconds_since_drawn
from subscriptions_site.web.network import client_address


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Why an opt-out looks automatic, if it does; ``burst`` names the burst it is part of."""

    reasons: tuple[Why, ...] = ()
    burst: str = ""

    @property
    def evidence(self) -> tuple[tuple[str, str], ...]:
        """Return what is kept of it; nothing, where nothing is suspected."""
        facts = {REASONS_KEY: ", ".join(self.reasons), BURST_KEY: self.burst}
        return tuple((name, value) for name, value in facts.items() if value)


@dataclass(frozen=True, slots=True)
class Glance:
    """What a request tells by itself; ``note``: what is to be counted before it can be judged."""

    signs: Signs
    limits: Limits
    note: Note | None

    def suspicion(self, burst: Burst) -> Suspicion:
        """Return what speaks for a machine, now that it is known who else opted out."""
        signs = replace(self.signs, others=burst.others) if burst.others else self.signs
        found = reasons(signs, self.limits)
        return Suspicion(found, burst.name if Why.BURST in found else "")


def glance_at(
    request: HttpRequest, *, address_id: int, is_one_click: bool, drawn: str, now: datetime
) -> Glance:
    """Look at the request of an opt-out. ``drawn``: the stamp of the page, "" for one-click."""
    limits = limits_in_force()
    network = network_of(client_address(request), limits.excused)
    enough = limits.burst_of(is_one_click=is_one_click)
    signs = Signs(
        is_one_click=is_one_click,
        prefetch=prefetch_of(request),
        agent=agent_of(request),
        seconds=None if is_one_click else seconds_since_drawn(drawn, now=now),
    )
    is_counted = network and enough
    note = Note(network, address_id, limits.burst_seconds, enough) if is_counted else None
    return Glance(signs, limits, note)


def limits_in_force() -> Limits:
    """Return the limits as the operator set them."""
    return _limits(
        reading_seconds=settings.SUSPECT_READING_SECONDS,
        burst_seconds=settings.SUSPECT_BURST_SECONDS,
        burst_page=settings.SUSPECT_BURST_PAGE,
        burst_one_click=settings.SUSPECT_BURST_ONE_CLICK,
        excused=settings.SUSPECT_EXCUSED_NETWORKS,
    )


_limits = lru_cache(maxsize=8)(Limits)
