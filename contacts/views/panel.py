"""What the views of the subscriptions panel share: reading the request, drawing the answer."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, cast
from urllib.parse import SplitResult, urlencode, urlsplit

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.access import Right, may, reach_of
from accounts.models import User
from contacts.models import Contact, ContactAddress
from contacts.panel import CHANNEL_ICONS
from contacts.selectors import addresses_of as links_of
from contacts.subscriptions import addresses_of, get_subscriptions
from preferences.access import get_type
from preferences.models import Address, SubscriptionType
from preferences.outline import Outline, get_outline
from preferences.selectors import count_history
from preferences.values import Channel
from subscriptions_site.web.htmx import Request, close_layer, page_or_fragment, toast, trigger

CHANGED = "contacts/_subscriptions_changed.html"


def number_of(request: Request, name: str) -> int | None:
    """Return a number that the form or the URL names; None for anything else."""
    return _number(request.POST.get(name) or request.GET.get(name))


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 19 else None


def get_target(request: Request, contact: Contact) -> tuple[Address, SubscriptionType]:
    """Return the address of the contact and the type that the request names; raises Http404."""
    address_id = number_of(request, "address")
    held = (address for address in addresses_of(contact) if address.pk == address_id)
    address = next(held, None)
    if address is None:
        raise Http404
    return address, get_type(cast(User, request.user), number_of(request, "type") or 0)


def behind(
    user: User,
    contact: Contact,
    links: Sequence[ContactAddress] | None = None,
    outline: Outline | None = None,
) -> Callable[[], dict[str, Any]]:
    """Return what draws the record behind a layer that is a page of its own; read only if drawn.

    ``links``, the contact's addresses, and ``outline`` come from callers who have read them.
    """

    def read() -> dict[str, Any]:
        held = links_of(contact) if links is None else links
        units = set(contact.unit_set.unit_ids)
        names = (outline or get_outline(reach_of(user))).units
        return {
            "emails": [row for row in held if row.channel_value is Channel.EMAIL],
            "phones": [row for row in held if row.channel_value is not Channel.EMAIL],
            "units": [name for unit_id, name in names.items() if unit_id in units],
        }

    return read


def address_lines(addresses: Collection[Address]) -> list[tuple[str, Address]]:
    """Return the addresses for the head of the panel, each with the icon of its channel."""
    return [(CHANNEL_ICONS[address.channel_value], address) for address in addresses]


def list_context(request: Request, contact: Contact, *, query: Mapping[str, str]) -> dict[str, Any]:
    """Return what the panel's list needs; ``query`` has the business unit and the channel."""
    user = cast(User, request.user)
    links = links_of(contact)
    addresses, outline = [link.address for link in links], get_outline(reach_of(user))
    subscriptions = get_subscriptions(
        contact, user=user, now=timezone.now(), addresses=addresses, outline=outline
    )
    unit_id = _number(query.get("unit"))
    name = query.get("channel", "")
    channel = Channel(name) if name in list(Channel) else None
    return {
        "contact": contact,
        "subscriptions": subscriptions,
        "address_lines": address_lines(addresses),
        "entry_count": count_history([one.pk for one in addresses], reach=reach_of(user)),
        "units": subscriptions.narrowed(unit_id=unit_id, channel=channel),
        "unit_id": unit_id,
        "channel": channel,
        "tab": "subscriptions",
        "behind": behind(user, contact, links, outline),
        "may_edit": may(user, Right.EDIT),
        **_row_urls(contact),
    }


def _row_urls(contact: Contact) -> dict[str, str]:
    """Return where the buttons of a row lead, made once for all rows."""
    acts = ("subscribe", "resubscribe", "unsubscribe", "undo", "confirm_again")
    return {f"{act}_url": reverse(f"contact_{act}", args=[contact.pk]) for act in acts}


def dialog(
    request: Request, template: str, context: Mapping[str, Any], *, is_problem: bool = False
) -> HttpResponse:
    """Draw a dialog, over the contact's name where it is a page of its own; 422 for a problem."""
    fragment = template.replace("/contact_", "/_").replace(".html", "_dialog.html")
    user, contact = cast(User, request.user), context["contact"]
    context = {
        "subscriptions": lambda: get_subscriptions(contact, user=user, now=timezone.now()),
        **context,
        "panel_url": reverse("contact_subscriptions", args=[contact.pk]),
        "dialog_template": fragment,
        "behind": behind(user, contact),
        "may_edit": True,
    }
    return page_or_fragment(
        request, template, context, {"dialog": fragment}, status=422 if is_problem else 200
    )


def acted(
    request: Request,
    contact: Contact,
    words: str,
    *,
    keys: Collection[str] = (),
    redraws_all: bool = False,
    undo_id: int | None = None,
) -> HttpResponse:
    """Answer a change that was made; ``keys`` are the rows it was about, none for a wide one."""
    if not request.htmx:
        messages.success(request, words)
        return redirect(_panel_url(contact, keys))
    undo_url = ""
    if undo_id is not None:
        undo_url = reverse("contact_undo", args=[contact.pk]) + "?" + urlencode({"event": undo_id})
    response = changed(request, contact, keys=keys, redraws_all=redraws_all)
    close_layer(response, "dialog")
    toast(response, words, undo_url=undo_url)
    return trigger(response, "subscriptions:changed")


def refused(
    request: Request, contact: Contact, words: str, *, keys: Collection[str] = ()
) -> HttpResponse:
    """Answer a change that the rules refused: fresh rows, and why."""
    if not request.htmx:
        messages.warning(request, words)
        return redirect(_panel_url(contact, keys))
    response = changed(request, contact, keys=keys, problem=words, status=409)
    return toast(response, words)


def changed(
    request: Request,
    contact: Contact,
    *,
    keys: Collection[str] = (),
    redraws_all: bool = False,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    """Draw out of band what a change may have touched: rows, card and the history's count.

    Without ``keys`` the whole list is drawn again.
    """
    context = {
        **_open_context(request, contact),
        "is_oob": True,
        "done_keys": keys,
        "focus_key": next(iter(keys), ""),
        "redraws_all": redraws_all or not keys,
        "problem": problem,
    }
    context["rows"] = [row for row in context["subscriptions"].rows if row.key in keys]
    return render(request, CHANGED, context, status=status)


def _open_context(request: Request, contact: Contact) -> dict[str, Any]:
    """Return what the page that sent the request shows of the panel, as it is now."""
    current = _page_of(request)
    list_path, history_path = (
        reverse(name, args=[contact.pk]) for name in ("contact_subscriptions", "contact_history")
    )
    return {
        **list_context(request, contact, query=QueryDict(current.query)),
        "list_is_open": current.path == list_path,
        # Behind a dialog that is a page of its own there is none.
        "panel_is_open": current.path in (list_path, history_path),
    }


def _page_of(request: Request) -> SplitResult:
    """Return the page that htmx says it is on; an address that is none is as good as no page."""
    try:
        return urlsplit(request.htmx.current_url or "")
    except ValueError:
        return urlsplit("")


def _panel_url(contact: Contact, keys: Collection[str]) -> str:
    anchor = f"#row-{next(iter(keys))}" if keys else ""
    return reverse("contact_subscriptions", args=[contact.pk]) + anchor
