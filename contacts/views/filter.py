"""The form of one condition of the index's filter: in a popover, or as a page of its own."""

from typing import cast

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import Right, staff_view
from accounts.models import User
from contacts.filter_editor import FilterEditor
from subscriptions_site.web.htmx import Request, invalid, page_or_fragment

PAGE, FORM = "contacts/contacts_filter.html", "contacts/_filter_form.html"


@staff_view(Right.VIEW)
@require_safe
def contacts_filter(request: Request) -> HttpResponse:
    """Offer the fields, show the form of one, or lead to the index with the condition in it."""
    editor = FilterEditor(request.GET, user=cast(User, request.user), now=timezone.now())
    is_sent = "apply" in request.GET
    form = editor.form(request.GET if is_sent else None)
    context = {"editor": editor, "form": form, "popover": f"filter-{editor.number}-form"}
    if form is None or not is_sent:
        popover = f"filter_{editor.number}_form"
        return page_or_fragment(request, PAGE, context, {popover: FORM})
    condition = form.chosen()
    if condition is not None:
        return redirect(editor.url_with(condition))
    response = invalid(request, PAGE, context, {"contact_list": FORM})
    response["HX-Retarget"] = f"#{context['popover']}"
    response["HX-Reswap"], response["HX-Push-Url"] = "innerHTML", "false"
    return response
