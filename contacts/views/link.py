"""Links to the preference page: mailed to the person, copied, and a request to confirm sent again."""

from typing import cast

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import Right, reach_of, staff_view
from accounts.models import User
from contacts.access import get_contact
from contacts.link_form import LinkForm
from contacts.links import unit_of
from contacts.models import Contact
from contacts.subscriptions import addresses_of
from contacts.views.panel import acted, dialog, number_of, refused
from preferences import confirming, handing
from preferences.models import BusinessUnit
from subscriptions_site.web.htmx import Request


@staff_view(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_send_link(request: Request, contact_id: int) -> HttpResponse:
    """Mail a contact the link to their choices: the dialog, and what it sends."""
    user = cast(User, request.user)
    contact, form = _begin(request, contact_id)
    if form.is_valid() and _mail(contact, form, user):
        words = _("The link is on its way: %(address)s") % {"address": form.chosen}
        return acted(request, contact, words)
    context = {"contact": contact, "form": form, "may_copy": user.all_units}
    return dialog(request, "contacts/contact_send_link.html", context, is_problem=form.is_bound)


def _mail(contact: Contact, form: LinkForm, user: User) -> bool:
    """Mail the link, or say in the form why not."""
    try:
        handing.mail_link(
            address=form.chosen,
            unit=_unit(contact, user),
            user=user,
            key=str(form.cleaned_data["key"]),
            legal_basis=form.basis,
            explanation=form.cleaned_data["explanation"],
            resubscribes=form.cleaned_data["type"],
            now=timezone.now(),
        )
    except (handing.NotMailed, handing.NoGrounds) as error:
        form.add_problem(error)
        return False
    return True


@staff_view(Right.EDIT)
@require_POST
def contact_copy_link(request: Request, contact_id: int) -> HttpResponse:
    """Show the link to be passed on by hand. It opens all units, so it takes who reaches them all."""
    user = cast(User, request.user)
    if not user.all_units:
        raise PermissionDenied("all units")
    contact, form = _begin(request, contact_id)
    wanted = number_of(request, "address")
    address = next((one for one in form.held if one.pk == wanted), None)
    if address is None:
        raise Http404
    link = handing.copy_link(
        address=address, unit=_unit(contact, user), user=user, now=timezone.now()
    )
    context = {"contact": contact, "form": form, "link": link, "address": address}
    return dialog(request, "contacts/contact_copy_link.html", context)


@staff_view(Right.EDIT)
@require_POST
def contact_confirm_again(request: Request, contact_id: int) -> HttpResponse:
    """Mail a request to confirm once more (R14)."""
    user = cast(User, request.user)
    contact = get_contact(user, contact_id)
    wanted, type_id = number_of(request, "address"), number_of(request, "type")
    if wanted not in {address.pk for address in addresses_of(contact)}:
        raise Http404
    keys = [f"{wanted}-{type_id}"]
    try:
        confirming.ask_again(address_id=wanted or 0, user=user, now=timezone.now())
    except confirming.TooSoon:
        words = _("Not sent again: they were asked within the last hour, or opted out.")
        return refused(request, contact, words, keys=keys)
    return acted(request, contact, _("The request to confirm is on its way again."), keys=keys)


def _begin(request: Request, contact_id: int) -> tuple[Contact, LinkForm]:
    contact = get_contact(cast(User, request.user), contact_id)
    data = request.POST if request.method == "POST" else None
    initial = {"type": number_of(request, "type")}
    return contact, LinkForm(data, addresses=addresses_of(contact), initial=initial)


def _unit(contact: Contact, user: User) -> BusinessUnit:
    unit = unit_of(contact, reach_of(user))
    if unit is None:
        raise Http404
    return unit
