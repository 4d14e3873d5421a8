"""The side panel "View subscriptions": the list, and acts that need no opt-in dialog.

Every act answers htmx with what changed, out of band, and a browser with a redirect to the panel.
"""

from typing import cast

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import Right, reach_of, staff_view
from accounts.models import User
from contacts import consents
from contacts.access import get_contact
from contacts.models import Contact
from contacts.panel import OptOutOfAll, Subscriptions
from contacts.subscription_forms import LiftForm, OptOutOfAllForm
from contacts.subscriptions import addresses_of, get_subscriptions
from contacts.views.panel import (
    acted,
    dialog,
    get_target,
    list_context,
    number_of,
    refused,
)
from preferences import selectors
from preferences.access import actor_for
from preferences.values import Outcome
from preferences.wording import words_for
from subscriptions_site.web.htmx import Request, page_or_fragment

PANEL = {
    "panel": "contacts/_subscriptions_panel.html",
    "subscription_list": "contacts/_subscription_list.html",
}


@staff_view(Right.VIEW)
@require_safe
def contact_subscriptions(request: Request, contact_id: int) -> HttpResponse:
    """Show every type of every address of a contact with its status."""
    contact = get_contact(cast(User, request.user), contact_id)
    context = list_context(request, contact, query=request.GET)
    return page_or_fragment(request, "contacts/contact_subscriptions.html", context, PANEL)


@staff_view(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_unsubscribe(request: Request, contact_id: int) -> HttpResponse:
    """Opt one address out of one type at once; GET asks first, for browsers without script."""
    contact = get_contact(cast(User, request.user), contact_id)
    address, kind = get_target(request, contact)
    if request.method != "POST":
        context = {"contact": contact, "address": address, "type": kind}
        return dialog(request, "contacts/contact_unsubscribe.html", context)
    result = consents.opt_out_address(
        address_id=address.pk,
        type_id=kind.pk,
        actor=actor_for(cast(User, request.user)),
        now=timezone.now(),
    )
    keys = {f"{address.pk}-{kind.pk}"}
    if result.decision.outcome is Outcome.REFUSE:
        return refused(request, contact, words_for(result.decision), keys=keys)
    is_new = result.is_applied
    words = _("Unsubscribed from %(type)s") if is_new else _("%(type)s: already opted out.")
    return acted(request, contact, words % {"type": kind}, keys=keys, undo_id=result.event_id)


@staff_view(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_unsubscribe_all(request: Request, contact_id: int) -> HttpResponse:
    """Opt addresses out of everything of one business unit, or of the account."""
    user = cast(User, request.user)
    contact = get_contact(user, contact_id)
    addresses = addresses_of(contact)
    form = OptOutOfAllForm(
        request.POST if request.method == "POST" else None,
        units=selectors.units_for(reach_of(user)).filter(archived_at=None),
        addresses=addresses,
        initial={"unit": request.GET.get("unit"), "addresses": [a.pk for a in addresses]},
    )
    if not form.is_valid():
        context = {"contact": contact, "form": form}
        template = "contacts/contact_unsubscribe_all.html"
        return dialog(request, template, context, is_problem=form.is_bound)
    results = consents.opt_out_of_all(
        address_ids=form.cleaned_data["addresses"],
        scope=form.scope,
        explanation=form.cleaned_data["explanation"],
        actor=actor_for(user),
        now=timezone.now(),
    )
    may_undo = len(results) == 1 and reach_of(user).covers(form.scope.id)
    words = _("Unsubscribed from all: %(place)s") % {"place": form.place}
    return acted(request, contact, words, undo_id=results[0].event_id if may_undo else None)


@staff_view(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_lift(request: Request, contact_id: int) -> HttpResponse:
    """Lift an opt-out of all that was set on our word, or say why that cannot be (R10)."""
    user = cast(User, request.user)
    contact = get_contact(user, contact_id)
    subscriptions = _subscriptions_of(request, contact)
    standing = _get_opt_out(request, subscriptions)
    form = LiftForm(request.POST if request.method == "POST" else None)
    result = consents.lift_opt_out_of_all(
        address_id=standing.address.pk,
        scope=standing.scope,
        explanation=form.cleaned_data["explanation"] if form.is_valid() else "",
        actor=actor_for(user),
        now=timezone.now(),
        is_preview=not form.is_valid(),
    )
    refusal = words_for(result.decision) if result.decision.outcome is Outcome.REFUSE else ""
    if form.is_valid() and not refusal:
        return acted(request, contact, words_for(result.decision), undo_id=result.event_id)
    context = {"contact": contact, "subscriptions": subscriptions, "standing": standing}
    context |= {"form": form, "refusal": refusal, "offers_link": result.decision.offers_link}
    return dialog(request, "contacts/contact_lift.html", context, is_problem=form.is_bound)


@staff_view(Right.EDIT)
@require_POST
def contact_undo(request: Request, contact_id: int) -> HttpResponse:
    """Undo one act of staff on this contact (R23)."""
    user = cast(User, request.user)
    contact = get_contact(user, contact_id)
    event = selectors.find_event(
        number_of(request, "event") or 0,
        address_ids=[address.pk for address in addresses_of(contact)],
        reach=reach_of(user),
    )
    if event is None:
        raise Http404
    result = consents.undo_event(event=event, actor=actor_for(user), now=timezone.now())
    is_type = event.subscription_type_id is not None
    keys = {f"{event.address_id}-{event.subscription_type_id}"} if is_type else set()
    if result.decision.outcome is Outcome.REFUSE:
        return refused(request, contact, words_for(result.decision), keys=keys)
    name = event.subscription_type or event.business_unit or _("every business unit")
    words = _("Undone: %(name)s is as it was before") % {"name": name}
    return acted(request, contact, words, keys=keys)


def _subscriptions_of(request: Request, contact: Contact) -> Subscriptions:
    return get_subscriptions(contact, user=cast(User, request.user), now=timezone.now())


def _get_opt_out(request: Request, subscriptions: Subscriptions) -> OptOutOfAll:
    """Return the opt-out of all that stands there; raises Http404."""
    key = request.POST.get("standing") or request.GET.get("standing")
    found = next((one for one in subscriptions.opt_outs if one.key == key), None)
    if found is None:
        raise Http404
    return found
