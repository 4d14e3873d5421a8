"""Pages of the index under a filter, and the plans of their queries, for ``bench_pages --filters``."""

import re
from typing import Any

from django.core import signing
from django.core.cache import cache
from django.db import connection, reset_queries
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode

from contacts import letters
from contacts.models import Contact
from preferences.models import BusinessUnit, OptOut, Preference
from preferences.values import Status
from subscriptions_site.web.paging import SALT

OUT = Status.UNSUBSCRIBED.code
PAGE_SIZE, DEEP_PAGE = 25, 1_000
FIRST = ", first count"  # before these pages, what the cache keeps of their number is thrown away
_IDS = re.compile(r"(?:\d+, ){5,}")
_COSTS = re.compile(r"\(cost[^)]*\) ")


def filter_pages() -> dict[str, str]:
    """Return the pages: deep in the list, a search, and filters from common to rare.

    Those with an estimate come twice: as it is made first, and then as it is kept for a while.
    """
    contacts = reverse("contacts")
    left = Preference.objects.filter(status=OUT).values_list("subscription_type_id", flat=True)
    types = sorted(set(left.distinct()))[-2:]
    units = OptOut.objects.filter(status=OUT, business_unit__isnull=False)
    unit_id = units.values_list("business_unit_id", flat=True).first()
    unit = BusinessUnit.objects.filter(pk=unit_id or 0).first()
    part = _part_of_an_address()
    shorter = _part_of_many(part)
    filters = {"email address contains": f"address.email:has:{part}"}
    for number, type_id in enumerate(types):
        filters[f"type {number + 1} opted out"] = f"status.{type_id}.email:is:out"
    if types:
        filters["type 1 opted in"] = f"status.{types[0]}.email:is:in"
        filters["type 1 opted out, own choice"] = f"own.{types[0]}.email:is:yes"
        filters["type 1 may be sent"] = f"sendable.{types[0]}.email:is:yes"
    if unit is not None:
        filters["left one unit"] = f"left.{unit.pk}.email:is:yes"
        filters["left any unit"] = "left.all.email:is:yes"
    filters["undeliverable"] = "undeliverable.email:is:yes"
    pages = {
        "first page": contacts,
        f"page {DEEP_PAGE:,}": f"{contacts}?{urlencode({'after': _deep_cursor()})}",
        "part of an address": f"{contacts}?{urlencode({'q': part})}",
        f"shared by 1 in 200 to 1,000{FIRST}": f"{contacts}?{urlencode({'q': shorter})}",
    }
    for name, text in filters.items():
        url = f"{contacts}?{urlencode({'f': text})}"
        pages |= {f"{name}{FIRST}": url, name: url}
    return pages


def forget_counts() -> None:
    """Throw away what is kept for half a minute; which letters are common is read every ten minutes."""
    common = cache.get(letters.KEPT)
    cache.clear()
    cache.set(letters.KEPT, common, letters.KEPT_SECONDS)


def _part_of_an_address() -> str:
    """Return what somebody may look for: the name before the @ of an address, behind its dot."""
    found = Contact.objects.filter(deleted_at=None).order_by("-pk")[DEEP_PAGE]
    words = found.search_text.partition("@")[0].replace(".", " ").split()
    return words[-1] if words else ""


def _part_of_many(word: str) -> str:
    """Return a part of a word that one in 200 to 1,000 people have: among a million some thousand."""
    contacts = Contact.objects.filter(deleted_at=None)
    total = contacts.count()
    for size in range(3, len(word)):
        for start in range(len(word) - size + 1):
            part = word[start : start + size]
            count = contacts.filter(search_text__contains=part).count()
            if total / 1_000 <= count <= total / 200:
                return part
    return word


def _deep_cursor() -> str:
    """Return the cursor of a page far down; found by counting once, as no page ever does."""
    rows = Contact.objects.filter(deleted_at=None).order_by("-updated_at", "-pk")
    place = min(PAGE_SIZE * DEEP_PAGE, rows.count() - 1)
    updated_at, pk = rows.values_list("updated_at", "pk")[place]
    return signing.dumps(["updated_at", "desc", "t", updated_at.isoformat(), pk], salt=SALT)


def plans_of(client: Client, url: str) -> list[str]:
    """Return the plans of the page and of the count, without costs."""
    connection.force_debug_cursor = True
    reset_queries()
    client.get(url)
    connection.force_debug_cursor = False
    asked = [query["sql"] for query in connection.queries if _is_looked_at(query["sql"])]
    lines: list[str] = []
    with connection.cursor() as cursor:
        for sql in asked:
            cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF) {sql}")
            lines += [_shortened(row) for row in cursor.fetchall()]
    return lines


def _is_looked_at(sql: str) -> bool:
    """Tell whether a statement reads the page or its number; ours and Django's differ in quotes."""
    words = sql.replace('"', "").lower()
    is_page = "order by" in words and " limit " in words
    return "from contacts_contact where" in words and (is_page or "count(" in words)


def _shortened(row: tuple[Any, ...]) -> str:
    return _IDS.sub("... ", _COSTS.sub("", str(row[0])))[:160]
