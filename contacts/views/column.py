"""The dialog that chooses the columns of the index; what is chosen is in the URL until a view keeps it."""

from dataclasses import replace

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import Right, StaffRequest, reach_of, staff_view
from contacts.column_choice import choice_of, moved
from contacts.columns import kept_keys, offered_columns
from contacts.index_look import IndexLook, look_at_index
from contacts.open_view import NoSuchView, changed_url
from preferences.outline import get_outline
from subscriptions_site.web.htmx import close_layer, locate, page_or_fragment

PAGE = "contacts/contacts_columns.html"
DIALOG = {
    "dialog": "contacts/_columns_dialog.html",
    "column_choice": "contacts/_columns_dialog.html#column_choice",
}


@staff_view(Right.VIEW)
@require_safe
def contacts_columns(request: StaffRequest) -> HttpResponse:
    """Show which columns there are and their order, change the order, or go to the list with them."""
    outline = get_outline(reach_of(request.user))
    try:
        look = look_at_index(request.user, request.GET, now=timezone.now(), outline=outline)
    except NoSuchView as error:
        raise Http404 from error
    channels = look.form.catalogue.policy.channels
    keys = moved(look.columns.keys, request.GET.get("move", ""))
    if "default" in request.GET or "apply" in request.GET:
        wanted = () if "default" in request.GET else kept_keys(keys, channels)
        return _show(request, look, wanted)
    choice = choice_of(offered_columns(outline, channels), keys)
    context = {"look": look, "choice": choice, "left_out": look.columns.left_out}
    return page_or_fragment(request, PAGE, context, DIALOG)


def _show(request: StaffRequest, look: IndexLook, keys: tuple[str, ...]) -> HttpResponse:
    """Lead to the list with these columns."""
    url = changed_url(look.opened, replace(look.state, columns=keys))
    if not request.htmx:
        return HttpResponseRedirect(url)
    return close_layer(locate(url, target="#contact-list"), "dialog")
