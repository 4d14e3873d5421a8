"""The dialogs of Subscribe and Resubscribe on the subscriptions panel."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.access import Right, staff_view
from accounts.models import User
from contacts import consents
from contacts.access import get_contact
from contacts.models import Contact
from contacts.opt_in import get_opt_in_dialog
from contacts.panel import Subscriptions
from contacts.subscription_forms import OptInForm
from contacts.subscriptions import get_subscriptions
from contacts.views.panel import acted, changed, dialog, number_of
from preferences.access import actor_for
from preferences.models import Address
from preferences.selectors import get_policy
from preferences.values import Outcome, Privacy, Result
from preferences.wording import LEGAL_BASES, words_for
from subscriptions_site.web.htmx import Request


@staff_view(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_subscribe(request: Request, contact_id: int) -> HttpResponse:
    """Opt in to types without a choice: the dialog, and what it sends."""
    return _opt_in(request, contact_id, "contacts/contact_subscribe.html")


@staff_view(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_resubscribe(request: Request, contact_id: int) -> HttpResponse:
    """Opt in to types that were opted out (R4): the dialog, and what it sends."""
    return _opt_in(request, contact_id, "contacts/contact_resubscribe.html")


def _opt_in(request: Request, contact_id: int, template: str) -> HttpResponse:
    user, now = cast(User, request.user), timezone.now()
    contact = get_contact(user, contact_id)
    subscriptions = get_subscriptions(contact, user=user, now=now)
    address = _get_address(request, subscriptions)
    form = _form(request, contact, subscriptions, address, now)
    results: list[Result] = []
    if form.is_valid():
        results = consents.opt_in_address(
            contact=contact,
            address_id=address.pk,
            type_ids=form.cleaned_data["types"],
            grounds=form.grounds(),
            is_complete=form.is_complete,
            actor=actor_for(user),
            now=now,
        )
        is_wrong = form.add_refusals(results)
        if not is_wrong and not any(_is_refused(result) for result in results):
            return _saved(request, contact, form, results)
    if results and not form.errors:
        subscriptions = get_subscriptions(contact, user=user, now=now)
    shown = get_opt_in_dialog(
        subscriptions,
        address=address,
        type_id=number_of(request, "type"),
        is_resubscribe=template.endswith("contact_resubscribe.html"),
        actor=actor_for(user),
        now=now,
    )
    context = {"contact": contact, "subscriptions": subscriptions, "form": form, "shown": shown}
    return _unfinished(request, template, context, results)


def _get_address(request: Request, subscriptions: Subscriptions) -> Address:
    """Return the address the request names, or else the first one; raises Http404."""
    wanted = number_of(request, "address")
    addresses = [a for a in subscriptions.addresses if wanted is None or a.pk == wanted]
    if not addresses:
        raise Http404
    return addresses[0]


def _form(
    request: Request,
    contact: Contact,
    subscriptions: Subscriptions,
    address: Address,
    now: datetime,
) -> OptInForm:
    rows = [row for row in subscriptions.rows if row.address.pk == address.pk]
    return OptInForm(
        request.POST if request.method == "POST" else None,
        rows=rows,
        on_record=contact.processing_bases,
        asks_processing=get_policy().privacy is not Privacy.OFF,
        last_day=timezone.localtime(now).date(),
        initial={"types": [number_of(request, "type")]},
    )


def _is_refused(result: Result) -> bool:
    return result.decision.outcome is Outcome.REFUSE


def _saved(
    request: Request, contact: Contact, form: OptInForm, results: Sequence[Result]
) -> HttpResponse:
    """Answer when every type was opted in, is so already, or waits for the person's click."""
    words = " ".join(_result_words(form, result) for result in results)
    if len(results) > 1 and len({result.decision.outcome for result in results}) == 1:
        count = len(results)
        words = ngettext("Saved for %(count)s type", "Saved for %(count)s types", count)
        words %= {"count": count}
    address_id = results[0].change.address_id
    keys = {f"{address_id}-{result.change.wish.scope.id}" for result in results}
    undo_id = results[0].event_id if len(results) == 1 and results[0].is_applied else None
    is_lift = any(result.decision.lifts for result in results)
    return acted(request, contact, words, keys=keys, redraws_all=is_lift, undo_id=undo_id)


def _result_words(form: OptInForm, result: Result) -> str:
    name = form.names[result.change.wish.scope.id or 0]
    return {
        Outcome.APPLY: _("%(type)s: opted in."),
        Outcome.NO_CHANGE: _("%(type)s: already opted in."),
        Outcome.CONFIRM_FIRST: _("%(type)s: asked to confirm."),
        Outcome.REFUSE: f"%(type)s: {words_for(result.decision)}",
    }[result.decision.outcome] % {"type": name}


def _notes(form: OptInForm, results: Sequence[Result]) -> list[str]:
    """Return what to say of single types; of a form with errors only the refusals that stay."""
    said = [r for r in results if not form.errors or (_is_refused(r) and not r.decision.fields)]
    return [_result_words(form, result) for result in said]


def _unfinished(
    request: Request, template: str, context: dict[str, Any], results: Sequence[Result]
) -> HttpResponse:
    """Draw the dialog, new or sent; when part of it was saved, what changed goes with it."""
    contact, form = context["contact"], context["form"]
    is_decided = bool(results) and not form.errors
    context |= {
        "notes": _notes(form, results),
        "processing_words": ", ".join(str(LEGAL_BASES[b]) for b in contact.processing_bases),
        "is_saved_in_part": is_decided and any(result.is_applied for result in results),
    }
    response = dialog(request, template, context, is_problem=form.is_bound)
    if is_decided and request.htmx:
        response.content += changed(request, contact).content
    return response
