"""The tab History of the subscriptions panel: entries, their file, and whether they are intact."""

from datetime import timedelta
from typing import Any, cast

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import Right, may, reach_of, staff_view
from accounts.models import User
from contacts.access import get_contact
from contacts.history import csv_rows, entries_of, months_of, verify_history
from contacts.selectors import addresses_of as links_of
from contacts.subscription_forms import HistoryForm
from contacts.subscriptions import addresses_of, get_subscriptions
from contacts.views.panel import address_lines, behind, number_of
from preferences.event_lines import history_lines
from preferences.models import Address
from preferences.outline import get_outline
from preferences.selectors import HISTORY_PAGE, HistoryFilter, count_history
from subscriptions_site.web.files import csv_response
from subscriptions_site.web.htmx import Request, page_or_fragment

FRAGMENTS = {
    "panel": "contacts/_history_panel.html",
    "events": "contacts/_events.html",
    "older": "contacts/_events_older.html",
}


@staff_view(Right.VIEW)
@require_safe
def contact_history(request: Request, contact_id: int) -> HttpResponse:
    """Show the consent events of a contact's addresses, newest first."""
    user, now = cast(User, request.user), timezone.now()
    contact = get_contact(user, contact_id)
    links = links_of(contact)
    addresses = [link.address for link in links]
    outline = get_outline(reach_of(user))
    form = HistoryForm(request.GET, units=outline.units)
    context = {
        "contact": contact,
        "subscriptions": lambda: get_subscriptions(
            contact, user=user, now=now, addresses=addresses, outline=outline
        ),
        "address_lines": address_lines(addresses),
        "form": form,
        "tab": "history",
        "behind": behind(user, contact, links, outline),
        "may_edit": may(user, Right.EDIT),
        "entry_count": _count(addresses, user),
        "may_export": may(user, Right.EXPORT),
        "checked": verify_history(addresses, now=now),
        **_page(request, user, addresses, form),
    }
    return page_or_fragment(request, "contacts/contact_history.html", context, FRAGMENTS)


@staff_view(Right.VIEW)
@require_safe
def contact_history_verify(request: Request, contact_id: int) -> HttpResponse:
    """Check the entries again and say whether they are intact."""
    contact = get_contact(cast(User, request.user), contact_id)
    if not request.htmx:
        return redirect("contact_history", contact_id)
    addresses = addresses_of(contact)
    context = {
        "contact": contact,
        "checked": verify_history(addresses, now=timezone.now()),
        "entry_count": _count(addresses, cast(User, request.user)),
    }
    return render(request, "contacts/_verification.html", context)


@staff_view(Right.EXPORT)
@require_safe
def contact_history_csv(request: Request, contact_id: int) -> StreamingHttpResponse:
    """Send the history, as filtered, as a file with its evidence and digests."""
    user = cast(User, request.user)
    contact = get_contact(user, contact_id)
    addresses = addresses_of(contact)
    form = HistoryForm(request.GET, units=get_outline(reach_of(user)).units)
    events = history_lines(
        [address.pk for address in addresses],
        reach=reach_of(user),
        filters=_filters(form, addresses),
        limit=None,
    )
    sees_evidence = may(user, Right.SEE_LEDGER)
    entries = entries_of(events, addresses, user=user, sees_evidence=sees_evidence)
    return csv_response(csv_rows(entries), f"history-{contact.pk}.csv")


def _count(addresses: list[Address], user: User) -> int:
    return count_history([one.pk for one in addresses], reach=reach_of(user))


def _page(
    request: Request, user: User, addresses: list[Address], form: HistoryForm
) -> dict[str, Any]:
    """Return one page of the timeline and the cursor of the next one."""
    events = history_lines(
        [address.pk for address in addresses],
        reach=reach_of(user),
        filters=_filters(form, addresses),
        before=number_of(request, "before"),
        limit=HISTORY_PAGE + 1,
    )
    has_older = len(events) > HISTORY_PAGE
    events = events[:HISTORY_PAGE]
    sees_evidence = may(user, Right.SEE_LEDGER)
    entries = entries_of(events, addresses, user=user, sees_evidence=sees_evidence)
    months = months_of(entries, begun=request.GET.get("month", ""))
    return {
        "months": months,
        "last_month": months[-1].title if months else "",
        "entries": entries,
        "is_older": "before" in request.GET,
        "before": events[-1].id if has_older else None,
        "is_filtered": any(form.understood.values()),
    }


def _filters(form: HistoryForm, addresses: list[Address]) -> HistoryFilter:
    values = form.understood
    channel, period = values.get("channel"), values.get("period")
    of_channel = frozenset(a.pk for a in addresses if a.channel_value is channel)
    return HistoryFilter(
        what=values.get("what", ""),
        unit_id=values.get("unit"),
        address_ids=of_channel if channel else None,
        source=values.get("source"),
        since=timezone.now() - timedelta(days=int(period)) if period else None,
    )
