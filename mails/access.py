"""Who may look at outgoing mail: administrators of the whole account.

A mail may be to anybody, whatever their business unit; and it carries links that let its reader act
for them. So what a mail said is shown only where it went nowhere but to the outbox.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpResponseBase

from accounts.access import Right, View, staff_view
from accounts.settings_access import require_all_units
from mails.models import OutgoingMail
from mails.sending import Delivery, delivery
from subscriptions_site.web.htmx import Request


def outbox_view(view: View) -> View:
    """Open a view of the outbox to administrators who reach every business unit."""

    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        require_all_units(request.user)
        return view(request, *args, **kwargs)

    guard: Callable[[View], View] = staff_view(Right.ADMINISTER)
    return guard(guarded)


def get_mail(mail_id: int) -> OutgoingMail:
    """Return the mail; raises Http404."""
    mail = OutgoingMail.objects.select_related("created_by").filter(pk=mail_id).first()
    if mail is None:
        raise Http404
    return mail


def shows_contents() -> bool:
    """Tell whether what mails said may be read here."""
    return delivery() is Delivery.OUTBOX
