"""What the record shows of links and mails, and in whose look a link is sent."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.access import Reach
from contacts.models import Contact, ContactAddress
from mails.models import OutgoingMail
from preferences.bulk_sql import fetch_all, ids_match, ids_parameter
from preferences.handing import CannotMail
from preferences.models import Address, BusinessUnit, LinkHandout
from preferences.selectors import units_for

SHOWN = 5
WHY_NOT: dict[CannotMail, Promise] = {
    CannotMail.NO_EMAIL: _("There is no email address to send a link to."),
    CannotMail.ERASED: _("The data of this person was erased, so nothing can be sent."),
    CannotMail.UNDELIVERABLE: _("Mail to this address came back, so nothing is sent to it."),
    CannotMail.OPTED_OUT_OF_ALL: _("They unsubscribed from all, so they get no such mail."),
    CannotMail.SENT_SINCE: _(
        "They unsubscribed from all, and one link was mailed since. They get no second one (R4)."
    ),
    CannotMail.ASKED_BACK_SINCE: _(
        "They opted out of this, and one link was mailed since. They get no second one (R4)."
    ),
}


@dataclass(frozen=True, slots=True)
class SentLine:
    """One mail, or (``mail`` None) one link that somebody copied."""

    at: datetime
    address: Address
    by: str
    mail: OutgoingMail | None = None


def sent_lines(addresses: Sequence[Address]) -> list[SentLine]:
    """Return the last mails to these addresses and links that were copied: three queries.

    One, where there are none, as for most people.
    """
    known = {address.pk: address for address in addresses}
    if not _were_any_sent(known):
        return []
    mails = (
        OutgoingMail.objects.filter(about__in=known)
        .select_related("created_by")
        .defer("text", "html", "headers")
        .order_by("-id")[:SHOWN]
    )
    copies = (
        LinkHandout.objects.filter(address_id__in=known, way=LinkHandout.Way.COPY)
        .select_related("by")
        .order_by("-id")[:SHOWN]
    )
    lines = [SentLine(m.created_at, known[m.about or 0], str(m.created_by or ""), m) for m in mails]
    lines += [SentLine(one.at, known[one.address_id], str(one.by)) for one in copies]
    return sorted(lines, key=lambda line: line.at, reverse=True)[:SHOWN]


def _were_any_sent(address_ids: Collection[int]) -> bool:
    """Tell it with a fixed statement; compiling the two queries takes longer than running them."""
    ids, copied = ids_parameter(address_ids), LinkHandout.Way.COPY
    sql = (
        f"SELECT EXISTS (SELECT 1 FROM {OutgoingMail._meta.db_table} WHERE {ids_match('about')}) OR "
        f"EXISTS (SELECT 1 FROM {LinkHandout._meta.db_table} WHERE way = %s AND {ids_match('address_id')})"
    )
    return bool(fetch_all(sql, [ids, copied, ids])[0][0])


def unit_of(contact: Contact, reach: Reach) -> BusinessUnit | None:
    """Return the unit in whose look and name a link is sent: the contact's first within reach."""
    units = list(units_for(reach).filter(archived_at=None))
    held = set(contact.unit_set.unit_ids)
    return next((unit for unit in units if unit.pk in held), units[0] if units else None)


def languages_of(address_ids: Collection[int]) -> Mapping[int, str]:
    """Return the language of the contact behind each address, where one is on record."""
    links = ContactAddress.objects.filter(
        address_id__in=address_ids, contact__deleted_at=None
    ).exclude(contact__language="")
    return dict(links.order_by("-id").values_list("address_id", "contact__language"))
