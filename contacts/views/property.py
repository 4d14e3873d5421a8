"""All properties of a contact, with a search over their names."""

from typing import cast

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.access import Right, reach_of, staff_view
from accounts.models import User
from contacts.access import get_contact
from contacts.properties import GROUPS, OptOuts, grouped, properties_of
from contacts.selectors import addresses_of, custom_properties
from preferences.values import Channel
from subscriptions_site.web.htmx import Request, page_or_fragment


@staff_view(Right.VIEW)
@require_safe
def contact_properties(request: Request, contact_id: int) -> HttpResponse:
    """Show every property of a contact, or those whose name holds what is searched for."""
    user = cast(User, request.user)
    contact = get_contact(user, contact_id)
    reach, held = reach_of(user), addresses_of(contact)
    primary = {row.channel_value: row.address for row in held if row.is_primary}
    email = OptOuts(primary.get(Channel.EMAIL), reach=reach)
    others = [OptOuts(a, reach=reach) for c, a in primary.items() if c is not Channel.EMAIL]
    everything = properties_of(
        contact, held=held, custom=custom_properties(), opt_outs=[email, *others], reach=reach
    )
    search = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    chosen = request.GET.get("group", "")
    shown = grouped(everything, search=search, group=chosen, hides_empty="full" in request.GET)
    context = {
        "contact": contact,
        "email": email,
        "groups": shown,
        "group_choices": GROUPS.items(),
    }
    context |= {"search": search, "chosen": chosen, "hides_empty": "full" in request.GET}
    context |= {"count": sum(len(g.rows) for g in shown), "total": len(everything)}
    return page_or_fragment(request, "contacts/contact_properties.html", context, ["props"])
