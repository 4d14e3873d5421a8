"""The mail that says "you have unsubscribed", where a unit has switched it on.

A reader of the ledger: its cursor and the mails it queues commit together, and it reads sealed events
only, so none is skipped and none is mailed twice.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from mails.services import queue_mail
from preferences.languages import reading_languages
from preferences.letters import UNSUBSCRIBED, compose, is_reachable
from preferences.links import preference_link
from preferences.models import (
    Address,
    BusinessUnit,
    ConsentEvent,
    LedgerReader,
    Seal,
    SubscriptionType,
)
from preferences.selectors import LedgerCursor, events_after
from preferences.texts import texts_for
from preferences.values import Act, Channel, Flag, Source, Status, Word

READER = "opt_out_mails"
READ_AT_ONCE = 500
_WAYS = {Source.PREFERENCE_PAGE.code, Source.ONE_CLICK.code}
_QUIET = Flag.REPEAT | Flag.OLDER | Flag.SUSPECTED


def queue_opt_out_mails(now: datetime) -> int:
    """Read on, and queue one mail per address and act of unsubscribing; return how many."""
    with transaction.atomic():
        reader = _reader()
        news = events_after(LedgerCursor(reader.seal, reader.event), limit=READ_AT_ONCE)
        if not news:
            return 0
        reader.seal, reader.event = news[-1][0]
        reader.save(update_fields=["seal", "event"])
        return _mail(_own_opt_outs(event for _, event in news), now)


def _reader() -> LedgerReader:
    """Return our place in the ledger, locked; a new reader begins with what comes next."""
    reader = LedgerReader.objects.select_for_update().filter(pk=READER).first()
    if reader is None:
        last = Seal.objects.order_by("-number").first()
        place = {"seal": last.number, "event": last.last_id} if last else {}
        LedgerReader.objects.get_or_create(name=READER, defaults=place)
        reader = LedgerReader.objects.select_for_update().get(pk=READER)
    return reader


def _own_opt_outs(events: Iterable[ConsentEvent]) -> dict[tuple, list[ConsentEvent]]:
    """Return what people unsubscribed from themselves, by address and act."""
    found: dict[tuple, list[ConsentEvent]] = defaultdict(list)
    for event in events:
        is_said = (event.word, event.act) == (Word.OWN.code, Act.STATE.code)
        is_out = event.status == Status.UNSUBSCRIBED.code and not event.flags & _QUIET
        if is_said and is_out and event.source in _WAYS:
            found[event.address_id, event.recorded_at].append(event)
    return found


def _mail(acts: dict[tuple, list[ConsentEvent]], now: datetime) -> int:
    if not acts:
        return 0
    units = BusinessUnit.objects.in_bulk()
    unit_of = dict(SubscriptionType.objects.values_list("id", "business_unit_id"))
    addresses = Address.objects.in_bulk({address_id for address_id, _ in acts})
    count = 0
    for (address_id, _), events in acts.items():
        address = addresses[address_id]
        unit = _speaking_unit(events, units, unit_of)
        if unit is not None and address.channel_value is Channel.EMAIL and is_reachable(address):
            _queue(address, unit, events, units, now)
            count += 1
    return count


def _speaking_unit(
    events: list[ConsentEvent], units: dict[int, BusinessUnit], unit_of: dict[int, int]
) -> BusinessUnit | None:
    """Return the unit that writes: the first one that was left and has switched it on."""
    if any(
        event.subscription_type_id is None and event.business_unit_id is None for event in events
    ):
        left = set(units)
    else:
        left = {
            event.business_unit_id or unit_of[event.subscription_type_id or 0] for event in events
        }
    speaking = [unit for pk, unit in units.items() if pk in left and unit.confirms_opt_outs]
    return min(speaking, key=lambda unit: (unit.position, unit.pk), default=None)


def _queue(
    address: Address,
    unit: BusinessUnit,
    events: list[ConsentEvent],
    units: dict[int, BusinessUnit],
    now: datetime,
) -> None:
    language = reading_languages([address.pk], default=unit.default_language)[address.pk]
    texts = texts_for([e.subscription_type_id for e in events if e.subscription_type_id], language)
    context = {"lines": [_line(event, texts, units) for event in events]}
    letter = compose(
        UNSUBSCRIBED,
        address=address,
        unit=unit,
        language=language,
        link=preference_link(address_id=address.pk, unit_id=unit.pk, now=now),
        context=context,
    )
    queue_mail(letter=letter, key=f"unsubscribed:{events[0].pk}", now=now)


def _line(event: ConsentEvent, texts: dict, units: dict[int, BusinessUnit]) -> dict[str, str]:
    """Return what one event left: a type, all of a unit, or (both empty) everything."""
    if event.subscription_type_id is not None:
        return {"type": texts[event.subscription_type_id].name}
    return {"unit": units[event.business_unit_id].name} if event.business_unit_id else {}
