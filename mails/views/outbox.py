"""The outbox: what was mailed, to whom, and what became of it."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.csp import CSP
from django.utils.translation import gettext as _
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_POST, require_safe

from mails.access import get_mail, outbox_view, shows_contents
from mails.kinds import label_of
from mails.models import OutgoingMail
from mails.sending import delivery
from mails.services import retry_mail
from subscriptions_site.web.htmx import Request, page_or_fragment
from subscriptions_site.web.paging import get_page

PAGE = 25
# A document of its own, without scripts, forms or an origin: whatever a mail holds, it can do nothing.
SANDBOX: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "sandbox": ["allow-popups"],
}


@outbox_view
@require_safe
def outbox(request: Request) -> HttpResponse:
    """Show the mails, the latest first."""
    mails = OutgoingMail.objects.defer("text", "html")
    page = get_page(mails, order=("id", "desc"), size=PAGE, query=request.GET)
    rows = [(mail, label_of(mail)) for mail in page.rows]
    context = {"page": page, "rows": rows, "delivery": delivery(), "is_open": shows_contents()}
    return page_or_fragment(request, "mails/outbox.html", context)


@outbox_view
@require_safe
def outbox_mail(request: Request, mail_id: int) -> HttpResponse:
    """Show one mail: its state, its header fields and, in development, its text."""
    mail = get_mail(mail_id)
    context = {"mail": mail, "label": label_of(mail), "is_open": shows_contents()}
    return page_or_fragment(request, "mails/outbox_mail.html", context)


@outbox_view
@require_safe
@csp_override(SANDBOX)
def outbox_mail_html(request: Request, mail_id: int) -> HttpResponse:  # noqa: ARG001
    """Show the HTML of a mail as its reader sees it, shut off from everything."""
    mail = get_mail(mail_id)
    if not shows_contents() or not mail.html:
        raise Http404
    return HttpResponse(mail.html)


@outbox_view
@require_POST
def outbox_mail_retry(request: Request, mail_id: int) -> HttpResponse:
    """Try a mail again that was given up."""
    if retry_mail(mail=get_mail(mail_id), now=timezone.now()):
        messages.success(request, _("The mail is waiting to be sent again."))
    else:
        messages.error(request, _("This mail cannot be sent again."))
    return redirect("outbox_mail", mail_id)
