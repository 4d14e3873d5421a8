"""The index of contacts, the record page, and creating, editing, deleting, restoring one."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import Right, may, reach_of, staff_view
from accounts.models import User
from contacts import services
from contacts.access import (
    contacts_for,
    covers_all_units,
    deleted_contacts_for,
    get_contact,
    get_deleted_contact,
    require_all_units,
)
from contacts.bounding import TooSlow
from contacts.counting import count_matches
from contacts.filter_toolbar import filter_toolbar
from contacts.forms import ContactForm, with_one_more_address
from contacts.history import entries_of
from contacts.index import index_rows
from contacts.index_look import IndexLook, look_at_index
from contacts.links import sent_lines
from contacts.models import Contact
from contacts.nav_count import remember_contact_count
from contacts.open_view import NoSuchView
from contacts.selectors import (
    addresses_of,
    count_in,
    get_contact_page,
    get_unit_sets,
)
from contacts.subscriptions import get_subscriptions
from contacts.tabs import tabs_of
from preferences.event_lines import history_ids
from preferences.outline import Outline, get_outline
from preferences.values import Channel
from subscriptions_site.web.htmx import (
    Request,
    invalid,
    page_or_fragment,
    redirect_or_trigger,
)
from subscriptions_site.web.paging import get_page

ACTIVITY_COUNT = 5
DELETED_PAGE = 50
INDEX = "contacts/contacts.html"
INDEX_FRAGMENTS = ["contact_list"]


@staff_view(Right.VIEW)
@require_safe
def contacts(request: Request) -> HttpResponse:
    """Show the people this user sees, a page at a time."""
    user = cast(User, request.user)
    outline = get_outline(reach_of(user))
    try:
        look = look_at_index(user, request.GET, now=timezone.now(), outline=outline)
    except NoSuchView:
        context = {"tabs": tabs_of(user, None), "is_missing": True}
        return page_or_fragment(request, INDEX, context, INDEX_FRAGMENTS, status=404)
    context = {
        "look": look,
        "form": look.form,
        "query": look.query,
        "tabs": tabs_of(user, look),
        "filters": filter_toolbar(
            look.query.filters, request.htmx.trigger if request.htmx else None
        ),
        "may_edit": may(user, Right.EDIT),
        "may_export": may(user, Right.EXPORT),
        "may_select": may(user, Right.EDIT) or may(user, Right.EXPORT),
        **_list(user, look, outline, request),
    }
    return page_or_fragment(request, INDEX, context, INDEX_FRAGMENTS)


@staff_view(Right.VIEW)
@require_safe
def contact(request: Request, contact_id: int) -> HttpResponse:
    """Show one person: addresses, subscriptions, what else is known, the latest changes."""
    user = cast(User, request.user)
    person = get_contact(user, contact_id)
    held = addresses_of(person)
    ids = [row.address_id for row in held]
    latest = history_ids(ids, reach=reach_of(user), limit=ACTIVITY_COUNT)
    addresses, outline = [row.address for row in held], get_outline(reach_of(user))
    subscriptions = get_subscriptions(
        person, user=user, now=timezone.now(), addresses=addresses, outline=outline, also=latest
    )
    lines = [subscriptions.events[event_id] for event_id in latest]
    context = {
        **_record_context(user, person, outline),
        "emails": [row for row in held if row.channel_value is Channel.EMAIL],
        "phones": [row for row in held if row.channel_value is not Channel.EMAIL],
        "subscriptions": subscriptions,
        "entries": entries_of(lines, addresses, user=user, sees_evidence=False),
        "sent": sent_lines(addresses),
    }
    return page_or_fragment(request, "contacts/contact.html", context)


@staff_view(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_new(request: Request) -> HttpResponse:
    """Show the empty form, or create a contact."""
    user = cast(User, request.user)
    if "add_address" in request.POST:
        return _one_more_address(request, "contacts/contact_new.html", None)
    form = ContactForm(request.POST if request.method == "POST" else None, user=user)
    if request.method != "POST":
        return page_or_fragment(request, "contacts/contact_new.html", {"form": form})
    if not form.is_valid():
        return invalid(request, "contacts/contact_new.html", {"form": form})
    person = services.create_contact(
        fields=form.values(), addresses=form.wishes() or [], user=user, now=timezone.now()
    )
    messages.success(request, _("%(name)s was added.") % {"name": person})
    return redirect("contact", contact_id=person.pk)


@staff_view(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_edit(request: Request, contact_id: int) -> HttpResponse:
    """Show what is known of a person in a form, or save it."""
    user = cast(User, request.user)
    person = get_contact(user, contact_id)
    template, context = "contacts/contact_edit.html", {"contact": person}
    if "add_address" in request.POST:
        return _one_more_address(request, template, person)
    data = request.POST if request.method == "POST" else None
    form = ContactForm(data, user=user, contact=person)
    if request.method != "POST":
        return page_or_fragment(request, template, {**context, "form": form})
    if not form.is_valid():
        return invalid(request, template, {**context, "form": form})
    if not _save(user, person, form):
        return page_or_fragment(request, template, {**context, "form": form}, status=409)
    return redirect("contact", contact_id=person.pk)


@staff_view(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_delete(request: Request, contact_id: int) -> HttpResponse:
    """Ask whether to delete a contact, or delete it; it can be restored for 90 days."""
    user = cast(User, request.user)
    person = get_contact(user, contact_id)
    require_all_units(user, person)
    if request.method != "POST":
        record = _record_context(user, person, get_outline(reach_of(user)))
        context = {**record, "restore_days": services.RESTORE_DAYS}
        dialog = {"dialog": "contacts/_contact_delete_dialog.html"}
        return page_or_fragment(request, "contacts/contact_delete.html", context, dialog)
    services.delete_contact(contact=person, user=user, now=timezone.now())
    messages.success(request, _("%(name)s was deleted.") % {"name": person}, extra_tags="deleted")
    return redirect_or_trigger(request, "/contacts/")


@staff_view(Right.EDIT)
@require_safe
def contacts_deleted(request: Request) -> HttpResponse:
    """Show who was deleted and can still be restored, the latest first."""
    user = cast(User, request.user)
    deleted = deleted_contacts_for(user).select_related("unit_set").defer("search_text")
    page = get_page(deleted, order=("deleted_at", "desc"), size=DELETED_PAGE, query=request.GET)
    reach = reach_of(user)
    rows = [(person, covers_all_units(reach, person)) for person in page.rows]
    context = {"page": page, "rows": rows, "restore_days": services.RESTORE_DAYS}
    return page_or_fragment(request, "contacts/contacts_deleted.html", context)


@staff_view(Right.EDIT)
@require_POST
def contact_restore(request: Request, contact_id: int) -> HttpResponse:
    """Bring a deleted contact back."""
    user = cast(User, request.user)
    person = contacts_for(user).filter(pk=contact_id).first()
    if person is None:  # A second click restores nothing twice.
        person = get_deleted_contact(user, contact_id)
        services.restore_contact(contact=person, user=user, now=timezone.now())
        messages.success(request, _("%(name)s was restored.") % {"name": person})
    return redirect("contact", contact_id=contact_id)


def _list(user: User, look: IndexLook, outline: Outline, request: Request) -> dict[str, Any]:
    """Read how many contacts there are, and one page of them; one that takes too long is empty."""
    query, columns = look.query, look.columns
    sets = get_unit_sets()
    matches = count_matches(user, query, sets)
    total = count_in(sets, reach_of(user))
    remember_contact_count(user, total)
    found: dict[str, Any] = {"matches": matches, "total": total}
    try:
        page = get_contact_page(
            user,
            query,
            request.GET,
            with_properties=columns.needs_properties,
            is_rare=matches.is_rare,
            among=matches.ids,
        )
    except TooSlow:
        return {**found, "is_too_slow": True}
    known = {line.id for line in sets}
    if any(row.unit_set_id not in known for row in page.rows):  # a set that is newer than the list
        sets = get_unit_sets()
    rows = index_rows(
        page.rows,
        outline=outline,
        sets=sets,
        asked=columns.asked,
        with_owners=columns.needs_owner,
    )
    return {**found, "page": page, "rows": rows, "columns": columns}


def _save(user: User, person: Contact, form: ContactForm) -> bool:
    """Save the form, unless somebody else saved the contact since it was opened; tell which."""
    if form.is_changed_elsewhere:
        return False
    try:
        services.update_contact(
            contact=person,
            fields=form.values(),
            addresses=form.wishes(),
            user=user,
            now=timezone.now(),
            seen_at=person.updated_at,
        )
    except services.ChangedElsewhere:
        person.refresh_from_db()
        form.__dict__.pop("is_changed_elsewhere")
        return False
    return True


def _record_context(user: User, person: Contact, outline: Outline) -> dict[str, Any]:
    held = set(person.unit_set.unit_ids)
    return {
        "contact": person,
        "units": [name for unit_id, name in outline.units.items() if unit_id in held],
        "may_edit": may(user, Right.EDIT),
        "may_delete": may(user, Right.EDIT) and covers_all_units(reach_of(user), person),
    }


def _one_more_address(request: Request, template: str, person: Contact | None) -> HttpResponse:
    """Draw the form again with one more row for an address; nothing is checked or saved."""
    data = with_one_more_address(request.POST)
    form = ContactForm(data, user=cast(User, request.user), contact=person)
    form.forget_errors()
    fragments = {"addresses": "contacts/_address_rows.html"}
    context = {"form": form, "contact": person, "is_adding": True}
    return page_or_fragment(request, template, context, fragments)
