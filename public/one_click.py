"""One-click (RFC 8058): what a mail program sends when somebody presses its button to unsubscribe."""

from datetime import datetime

from django.http import HttpRequest

from preferences.tokens import Unsubscribe
from preferences.values import Result, Scope, Source, type_scope, unit_scope
from public.acts import Seen, withdraw
from public.request_facts import evidence_of
from public.shown import one_click_wording
from public.suspecting import glance_at

ONE_CLICK = "List-Unsubscribe=One-Click"
DONE = "You are unsubscribed.\n"
PLAIN = "text/plain; charset=utf-8"


def unsubscribe_by_one_click(request: HttpRequest, link: Unsubscribe, *, now: datetime) -> Result:
    """Opt the address of the link out. Reads nothing of the request but its META.

    Raises UnknownAddress and UnknownUnit.
    """
    wording_id = one_click_wording(now)
    evidence = evidence_of(request, drawn="", language="", now=now)
    return withdraw(
        address_id=link.address_id,
        scope=scope_of_link(link),
        source=Source.ONE_CLICK,
        seen=Seen(evidence, lambda _scope: wording_id),
        glance=glance_at(request, address_id=link.address_id, is_one_click=True, drawn="", now=now),
        now=now,
    )


def scope_of_link(link: Unsubscribe) -> Scope:
    """Return what the link withdraws from."""
    return unit_scope(link.unit_id) if link.type_id is None else type_scope(link.type_id)
