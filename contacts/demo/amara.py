"""The story of Amara Okafor, the first contact: what a rich history looks like.

Her record is the one on the pictures of the manual, so it never changes.
"""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import NamedTuple

from contacts.demo.company import TYPES
from contacts.demo.histories import (
    BULK,
    CHAT,
    FLOW,
    FORM,
    IN,
    MOVED,
    NONE,
    ONE_CLICK,
    OUT,
    OWN,
    PAGE,
    PANEL,
    SPAM,
    V3,
    Way,
)
from contacts.demo.timeline import EVERYTHING, Timeline
from preferences.values import Act, Channel, LegalBasis, Status

CLIENT = LegalBasis.LEGITIMATE_INTEREST_CLIENT
CHANNEL_OF = {kind.key: kind.channel for kind in TYPES}
_DEVICE = (("ip", "198.51.100.24"), ("user_agent", "Phone browser, English"))
FACT = SPAM._replace(word=PANEL.word)  # what a provider tells of an address


class Step(NamedTuple):
    """One entry. ``text``: the explanation, or with her own word what she read or wrote.

    ``undone``: after how many minutes it was taken back; ``given_back``: the explanation of a
    correction; ``asked``: days before now that she asked for it.
    """

    days_ago: int
    clock: str
    actor: str
    key: str
    way: Way
    status: Status
    text: str = ""
    basis: LegalBasis | None = None
    asked: int | None = None
    undone: int = 0
    given_back: str = ""
    act: Act = Act.STATE
    on_page: bool = False


GUEST = "Guest of Larkhill Stays in 2024; list of the former booking system."
STORY = (
    Step(618, "09:31", "api", "guide", FORM, IN, "Email me the monthly garden guide."),
    Step(618, "09:31", "api", "offers", FORM, IN, "Email me offers and seasonal sales."),
    Step(598, "13:07", "api", "delivery", FORM, IN, "Text me when my order is on its way."),
    Step(560, "16:20", "ellie", "reminders", PANEL, IN, "Asked to be reminded of her workshop."),
    Step(512, "10:00", "ruth", "breaks", MOVED, IN, GUEST, CLIENT),
    Step(512, "10:00", "ruth", "places", MOVED, IN, GUEST, CLIENT),
    Step(505, "18:02", "api", "guests", FORM, IN, "One short survey after each stay."),
    Step(455, "09:15", "tom", "workshops", PANEL, IN, "Spoke to her at the fair.", undone=9),
    Step(410, "14:30", "ellie", "offers", BULK, OUT, undone=95),
    Step(377, "06:00", "workflow", "places", FLOW, NONE),
    Step(376, "11:48", "tom", "places", PANEL, IN, "Wants to hear of new cottages.", CLIENT),
    Step(
        *(348, "03:12", "person", "guide", ONE_CLICK, OUT),
        given_back="The mail filter of her studio opens every link; she still reads the guide.",
    ),
    Step(300, "20:11", "person", "guests", PAGE, OUT, on_page=True),
    Step(281, "08:40", "person", "guests", PAGE, IN, on_page=True),
    Step(240, "07:30", "api", "breaks", V3, OUT),
    Step(233, "15:05", "tom", "breaks", PANEL, IN, "Asked for late offers on the phone.", CLIENT),
    Step(167, "11:25", "ellie", "reminders", PANEL, OUT, "Asked on the phone for no more texts."),
    Step(124, "02:10", "provider", EVERYTHING, FACT, NONE, "Mailbox full", act=Act.BOUNCE),
    Step(123, "09:00", "provider", EVERYTHING, FACT, NONE, act=Act.DELIVER),
    Step(96, "19:58", "person", "offers", PAGE, OUT, "“Too many messages.”", on_page=True),
    Step(80, "12:16", "ruth", "offers", PANEL, IN, "Missed the bulb week, asked again.", asked=81),
    Step(60, "17:45", "person", "directions", CHAT, IN, "START"),
    Step(41, "09:20", "tom", "directions", PANEL, NONE, "Changes her number; new one follows."),
    Step(20, "19:40", "person", "offers", ONE_CLICK, OUT, "“Autumn bulbs”, sent the day before"),
    Step(20, "19:41", "person", "stays", PAGE, OUT, "“We are not travelling.”", on_page=True),
    Step(2, "10:12", "tom", "surveys", PANEL, IN, "Said yes to short surveys on the phone."),
)


def tell_amaras_story(timeline: Timeline, addresses: Mapping[Channel, int], now: datetime) -> None:
    """Add every step of hers, with what undid or corrected it."""
    for step in STORY:
        at = datetime.combine(
            (now - timedelta(days=step.days_ago)).date(), time.fromisoformat(step.clock), now.tzinfo
        )
        is_own = step.way.word is OWN
        evidence = (("reason", step.text),) if is_own and step.text else ()
        is_grounded = step.status is IN and not is_own
        wish = timeline.wish(
            step.key,
            step.way.source,
            step.status,
            step.way.word,
            basis=(step.basis or step.way.basis) if is_grounded else None,
            why="" if is_own else step.text,
            asked_on=step.asked and (now - timedelta(days=step.asked)).date(),
            act=step.act,
            suspected=bool(step.given_back),
            evidence=(*_DEVICE, *evidence) if step.on_page else evidence,
        )
        channel = CHANNEL_OF.get(step.key, Channel.EMAIL)
        mark = timeline.add(at, step.actor, addresses[channel], wish)
        if step.undone:
            timeline.answer(at + timedelta(minutes=step.undone), step.actor, mark)
        if step.given_back:
            back = at + timedelta(hours=6)
            timeline.answer(back, "ruth", mark, act=Act.CORRECT, why=step.given_back)
