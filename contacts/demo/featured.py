"""The first contacts, always the same: Amara Okafor, whose story is in ``amara.py``, and two dozen
others.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from contacts.demo.amara import tell_amaras_story
from contacts.demo.company import Company
from contacts.demo.histories import (
    CHAT,
    FLOW,
    FORM,
    IN,
    KEYWORD,
    MOVED,
    OFFERED,
    OUT,
    PAGE,
    PANEL,
    Way,
)
from contacts.demo.people import Person
from contacts.demo.timeline import EVERYTHING, Timeline
from contacts.upsert import AddressGiven, ContactRow
from contacts.values import LifecycleStage
from preferences.values import Channel, LegalBasis, Status

EMAIL, SMS, WHATSAPP = Channel
UK_FICTION = "+447700900"  # Ofcom keeps 07700 900000 to 900999 for films and books
_WAYS = {"form": FORM, "import": MOVED, "page": PAGE, "panel": PANEL, "workflow": FLOW}
_ACTORS = {
    "form": "api",
    "import": "ruth",
    "page": "person",
    "panel": "ellie",
    "workflow": "workflow",
}


class Row(NamedTuple):
    """``opted_in``: to how many email types; "all out" of everything. Phone states: in, out, none
    (a number without a choice) or "" (no number)."""

    first: str
    last: str
    email: str
    units: str
    opted_in: int
    sms: str
    whatsapp: str
    days_ago: int
    way: str


AMARA = Row("Amara", "Okafor", "amara@okafor.example", "garden stays", 0, "in", "none", 2, "")
ROWS = (
    AMARA,
    Row("Jonas", "Lindqvist", "jonas@lindqvist.example", "garden", 3, "none", "", 3, "form"),
    Row(
        "Zofia", "Wiśniewska", "zofia.w@poczta.example", "garden kitchens", 2, "in", "", 4, "import"
    ),
    Row("Mateo", "Fernández", "m.fernandez@correo.example", "garden", 0, "out", "", 5, "page"),
    Row(
        "Priya",
        "Raghunathan",
        "priya.r@mailbox.example",
        "garden kitchens stays",
        6,
        "in",
        "in",
        5,
        "form",
    ),
    Row(
        "Chloé",
        "Marchetti",
        "chloe.marchetti@atelier.example",
        "garden kitchens",
        1,
        "",
        "",
        6,
        "waiting",
    ),
    Row("Tomasz", "Zieliński", "tomasz@zielinski.example", "garden", 3, "in", "", 7, "workflow"),
    Row("Hana", "Sato", "hana.sato@kumo.example", "garden stays", 6, "in", "in", 8, "panel"),
    Row(
        "Liam",
        "O’Rourke",
        "liam.orourke@hollybank.example",
        "garden stays",
        2,
        "out",
        "out",
        10,
        "leaves",
    ),
    Row("Noor", "Haddad", "noor.haddad@cedar.example", "garden", 2, "none", "", 11, "form"),
    Row("Ingrid", "Solberg", "ingrid@fjordhus.example", "garden stays", 1, "", "", 13, "import"),
    Row(
        "Daniel", "Abebe", "d.abebe@southbridge.example", "garden kitchens", 5, "in", "", 14, "form"
    ),
    Row("Gwen", "Pritchard", "gwen@pritchardfarm.example", "garden", 2, "none", "", 16, "page"),
    Row("Marek", "Novák", "marek.novak@posta.example", "garden", 3, "in", "", 17, "form"),
    Row(
        "Sofia",
        "Almeida",
        "sofia.almeida@ribeira.example",
        "garden stays",
        3,
        "none",
        "in",
        18,
        "workflow",
    ),
    Row("Kwame", "Mensah", "kwame@mensahbuild.example", "garden kitchens", 2, "in", "", 18, "form"),
    Row("Elif", "Yıldız", "elif.yildiz@posta.example", "garden", 0, "none", "", 19, "import"),
    Row("Bao", "Tran", "bao.tran@lotusroad.example", "garden", 3, "in", "", 20, "form"),
    Row(
        "Aoife",
        "Brennan",
        "aoife@brennanfarm.example",
        "garden kitchens stays",
        9,
        "in",
        "in",
        21,
        "panel",
    ),
    Row("Henrik", "Dahl", "henrik.dahl@nordlys.example", "garden", 1, "", "", 22, "import"),
    Row(
        "Leila",
        "Benali",
        "leila.benali@medina.example",
        "garden stays",
        2,
        "out",
        "none",
        23,
        "page",
    ),
    Row("Rupert", "Langley", "rupert@langleyhall.example", "garden", 3, "none", "", 24, "form"),
    Row(
        "Mei-Ling",
        "Chou",
        "meiling.chou@harbour.example",
        "garden kitchens",
        4,
        "in",
        "",
        25,
        "form",
    ),
    Row("Oskar", "Virtanen", "oskar@virtanen.example", "garden", 2, "out", "", 26, "leaves"),
    Row("Grace", "Achieng", "grace.achieng@savanna.example", "garden", 3, "in", "", 27, "form"),
)


def featured_person(number: int, company: Company, now: datetime) -> Person:
    """Return one of the first contacts."""
    one = ROWS[number]
    units = tuple(one.units.split())
    phone = f"{UK_FICTION}{142 + 7 * number}"
    given = [AddressGiven(EMAIL, one.email, one.email)]
    given += [AddressGiven(SMS, phone, phone)] if one.sms else []
    given += [AddressGiven(WHATSAPP, phone, phone)] if one.whatsapp else []
    is_amara = one is AMARA
    row = ContactRow(
        addresses=given,
        first_name=one.first,
        last_name=one.last,
        company="Brightwater Studio" if is_amara else "",
        job_title="Garden designer" if is_amara else "",
        language="en",
        country="GB",
        lifecycle_stage=LifecycleStage.CUSTOMER.value,
        owner_id=company.staff["tom" if number % 2 == 0 else "ellie"].pk,
        processing_bases=[LegalBasis.LEGITIMATE_INTEREST_CLIENT],
        unit_ids=[company.units[key] for key in units],
        properties=_AMARAS_PROPERTIES if is_amara else {},
        created_at=now - timedelta(days=618 if is_amara else 300 + one.days_ago),
    )
    return Person(number, row, units, one.days_ago)


_AMARAS_PROPERTIES = {
    "garden_optional_extras": "Seed tray, compost",
    "delivery_options": "Leave with neighbour",
    "orders_placed": 11,
    "customer_since": "2025-03-14",
    "trade_customer": True,
}


def tell_featured(
    timeline: Timeline, number: int, addresses: Mapping[Channel, int], now: datetime
) -> None:
    """Add the story of one of the first contacts."""
    one = ROWS[number]
    if one is AMARA:
        tell_amaras_story(timeline, addresses, now)
        return
    told = _Told(timeline, addresses, now, one)
    told.email()
    told.phone(SMS, one.sms, KEYWORD)
    told.phone(WHATSAPP, one.whatsapp, CHAT)


class _Told:
    def __init__(
        self, timeline: Timeline, addresses: Mapping[Channel, int], now: datetime, one: Row
    ) -> None:
        self.timeline, self.addresses, self.now, self.one = timeline, addresses, now, one

    def email(self) -> None:
        """Opt in to so many types; the last change is the one the list shows."""
        one = self.one
        units = one.units.split()
        keys = [key for unit in units for key in OFFERED[unit][EMAIL]][: max(one.opted_in, 1)]
        for key in keys[1:]:
            self._add(EMAIL, one.days_ago + 200, "api", key, FORM, IN)
        if one.way in ("leaves", "waiting") or one.opted_in == 0:
            self._add(EMAIL, one.days_ago + 150, "api", keys[0], FORM, IN)
        if one.way == "leaves":
            self._add(EMAIL, one.days_ago, "person", EVERYTHING, PAGE, OUT)
        elif one.way == "waiting":
            self._add(EMAIL, one.days_ago, "tom", "surveys", PANEL, IN)
        else:
            status = IN if one.opted_in else OUT
            way = _WAYS[one.way] if status is IN else PAGE
            actor = _ACTORS[one.way] if status is IN else "person"
            self._add(EMAIL, one.days_ago, actor, keys[0], way, status)

    def phone(self, channel: Channel, state: str, own_way: Way) -> None:
        """Bring the number's first type to that state."""
        keys = [key for unit in self.one.units.split() for key in OFFERED[unit][channel]]
        if state in ("in", "out") and keys:
            self._add(channel, self.one.days_ago + 120, "person", keys[0], own_way, IN)
        if state == "out":
            key = keys[0] if keys else self.one.units.split()[0]
            self._add(channel, self.one.days_ago + 1, "person", key, own_way, OUT)

    def _add(
        self, channel: Channel, ago: int, actor: str, key: str, way: Way, status: Status
    ) -> None:
        basis, why = (way.basis, way.why) if status is IN else (None, "")
        wish = self.timeline.wish(key, way.source, status, way.word, basis=basis, why=why)
        at = self.now - timedelta(days=ago)
        if ago > 60:  # long ago the day does not matter
            at = self.timeline.moments[self.timeline.slot(ago)]
        self.timeline.add(at, actor, self.addresses[channel], wish)
