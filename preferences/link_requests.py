"""Send me my link: what a stranger asks for on the public page, answered by the worker.

The page must not tell who is known here. So asking costs the same for every address: the request is
written down by the keyed hash of the address, and whether somebody lives there is looked up later, by
the mail worker.
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction

from mails.services import queue_mail
from preferences.addresses import address_key, canonical
from preferences.letters import ASKED_LINK, is_reachable, link_letter
from preferences.models import Address, BusinessUnit, LinkRequest, Preference
from preferences.values import Channel

WINDOW = timedelta(hours=1)
KEPT = timedelta(days=1)
MAX_PER_ADDRESS = 3
MAX_PER_NETWORK = 30
ANSWERED_AT_ONCE = 100


class Asked(StrEnum):
    """What became of a request. ENOUGH: asked for this address often enough; the answer is the same."""

    TAKEN = "taken"
    ENOUGH = "enough"
    TOO_MANY = "too many"


def ask_for_link(*, text: str, network: str, language: str, now: datetime) -> Asked:
    """Write down that somebody wants the link of this address; the same three queries for anybody.

    Raises ``addresses.InvalidAddress``.
    """
    place = address_key(Channel.EMAIL, canonical(Channel.EMAIL, text, None), secret=_secret())
    network_key = _network_key(network)
    recent = LinkRequest.objects.filter(requested_at__gt=now - WINDOW)
    of_network = recent.filter(network_key=network_key).count()
    of_address = recent.filter(address_id=place.id).count()
    if of_network >= MAX_PER_NETWORK:
        return Asked.TOO_MANY
    is_enough = of_address >= MAX_PER_ADDRESS
    LinkRequest.objects.create(
        address_id=place.id,
        key=place.digest,
        network_key=network_key,
        language=language,
        requested_at=now,
        is_open=not is_enough,
    )
    return Asked.ENOUGH if is_enough else Asked.TAKEN


def answer_requests(now: datetime) -> int:
    """Queue a mail for each open request of an address that lives here; return how many."""
    LinkRequest.objects.filter(requested_at__lt=now - KEPT).delete()
    with transaction.atomic():
        requests = list(
            LinkRequest.objects.select_for_update(skip_locked=True)
            .filter(is_open=True)
            .order_by("id")[:ANSWERED_AT_ONCE]
        )
        unit = (
            BusinessUnit.objects.filter(archived_at=None).order_by("position", "name", "id").first()
        )
        count = 0
        for request in requests:
            address = Address.objects.filter(pk=request.address_id).first()
            is_theirs = address is not None and bytes(address.key) == bytes(request.key)
            if address is not None and is_theirs and is_reachable(address) and unit is not None:
                shown = _unit_of(address) or unit
                letter = link_letter(ASKED_LINK, address, shown, request.language, now)
                queue_mail(letter=letter, key=f"asked:{request.pk}", now=now)
                count += 1
        LinkRequest.objects.filter(pk__in=[request.pk for request in requests]).update(
            is_open=False
        )
        return count


def _unit_of(address: Address) -> BusinessUnit | None:
    """Return a unit that this address has to do with: the look of the mail and of the page."""
    said = Preference.objects.filter(address=address, subscription_type__archived_at=None)
    of_types = said.order_by("-id").values_list("subscription_type__business_unit", flat=True)
    return BusinessUnit.objects.filter(pk__in=of_types[:1], archived_at=None).first()


def _network_key(network: str) -> bytes:
    return hmac.digest(_secret(), b"link request\n" + network.encode(), hashlib.sha256)


def _secret() -> bytes:
    return settings.ADDRESS_KEYS[settings.ADDRESS_KEY_ID]
