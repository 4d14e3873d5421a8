"""Asks whether a machine sent an opt-out (R24). It is applied either way, and never later for it."""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest

from preferences.bursts import Burst, note_opt_out
from preferences.suspicion import BURST_KEY, REASONS_KEY, Limits, Signs, Why, network_of, reasons
from public.request_facts import agent_of, prefetch_of, seconds_since_drawn
from subscriptions_site.web.network import client_address

log = logging.getLogger(__name__)

ALONE = Burst("", 0)


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


def suspicion_of(
    request: HttpRequest, *, address_id: int, is_one_click: bool, drawn: str, now: datetime
) -> Suspicion:
    """Return what speaks for a machine; to be asked once for each opt-out, outside its transaction.

    ``drawn``: the stamp of the page that was sent, "" for one-click.
    """
    limits = limits_in_force()
    network = network_of(client_address(request), limits.excused)
    enough = limits.burst_of(is_one_click=is_one_click)
    burst = _burst(network, address_id, limits.burst_seconds, enough, now) if enough else ALONE
    found = reasons(
        Signs(
            is_one_click=is_one_click,
            prefetch=prefetch_of(request),
            agent=agent_of(request),
            seconds=None if is_one_click else seconds_since_drawn(drawn, now=now),
            others=burst.others,
        ),
        limits,
    )
    return Suspicion(found, burst.name if Why.BURST in found else "")


def limits_in_force() -> Limits:
    """Return the limits as the operator set them."""
    return Limits(
        reading_seconds=settings.SUSPECT_READING_SECONDS,
        burst_seconds=settings.SUSPECT_BURST_SECONDS,
        burst_page=settings.SUSPECT_BURST_PAGE,
        burst_one_click=settings.SUSPECT_BURST_ONE_CLICK,
        excused=settings.SUSPECT_EXCUSED_NETWORKS,
    )


def _burst(network: str, address_id: int, seconds: int, enough: int, now: datetime) -> Burst:
    """Count the others; a person's opt-out never fails because they could not be counted."""
    if not network:
        return ALONE
    try:
        return note_opt_out(
            network=network, address_id=address_id, now=now, seconds=seconds, enough=enough
        )
    except DatabaseError:
        log.exception("opt-outs from one network could not be counted")
        return ALONE
