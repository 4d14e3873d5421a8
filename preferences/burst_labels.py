"""The first opt-outs of a burst: nothing spoke for a machine when they came, and something does now (R24).

The ledger is not touched: the label stands in a row beside the event. Who was in a burst is remembered
for an hour; after that, when nobody asked in time, the evidence of the events tells it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import batched

from preferences.bursts import KEPT, network_key
from preferences.models import BurstLabel, ConsentEvent, Evidence, RecentOptOut
from preferences.suspected import in_ledger
from preferences.suspicion import BURST_KEY, network_of
from preferences.values import Act, Flag, Source, Status, Word

WALKED = 100_000  # events of the ledger, the most that are looked at for one burst
_AT_ONCE = 500
_NAMED_BY = timedelta(seconds=1)  # names of bursts have whole seconds
_GROUPED = timedelta(seconds=2)  # a group is recorded at the time of its last word
_BESIDE = 1_000  # ids that were given at the same time
_BY_LINK = (Source.ONE_CLICK.code, Source.PREFERENCE_PAGE.code)
_SAID = {"word": Word.OWN.code, "act": Act.STATE.code, "status": Status.UNSUBSCRIBED.code}
_READ = ("address_id", "evidence_id", "recorded_at", "source", "flags")


@dataclass(slots=True)
class Burst:
    """A burst that was noticed, as the events that carry its name tell it."""

    name: str
    last_id: int
    last_at: datetime

    @property
    def network(self) -> int:
        return int(self.name.partition("-")[0], 16)

    @property
    def began_at(self) -> datetime:
        return datetime.fromtimestamp(int(self.name.partition("-")[2]), UTC)


def label_beginnings(*, now: datetime, since: datetime) -> int:
    """Label the opt-outs that came before their burst was noticed; return how many there were.

    ``since``: bursts that were noticed before have their labels.
    """
    return sum(_label(burst, now) for burst in sorted(_bursts(since), key=lambda one: one.name))


def _bursts(since: datetime) -> list[Burst]:
    """Return the bursts that were noticed since then."""
    events = in_ledger().order_by("-pk")
    found = events.values_list("pk", "recorded_at", f"evidence__details__{BURST_KEY}")
    bursts: dict[str, Burst] = {}
    for pk, recorded_at, name in found.iterator(chunk_size=_AT_ONCE):
        if recorded_at < since:
            break
        if name and name not in bursts:
            bursts[name] = Burst(name, pk, recorded_at)
    return list(bursts.values())


def _label(burst: Burst, now: datetime) -> int:
    remembered = _remembered(burst) if burst.last_at >= now - KEPT else {}
    ended_at = max([burst.last_at, *remembered.values()])
    by_times = _told_by_times(remembered, burst, ended_at)
    found = by_times if remembered else _told_by_evidence(burst)
    count = 0
    for some in batched(found, _AT_ONCE):
        known = BurstLabel.objects.filter(pk__in=[event.pk for event in some])
        count += len(some) - known.count()
        labels = [
            BurstLabel(
                event_id=event.pk,
                address_id=event.address_id,
                burst=burst.name,
                ended_at=ended_at,
                labelled_at=now,
            )
            for event in some
        ]
        BurstLabel.objects.bulk_create(labels, ignore_conflicts=True)
    return count


def _remembered(burst: Burst) -> Mapping[int, datetime]:
    """Return which addresses were in the burst and when they last spoke, while that is remembered."""
    rows = RecentOptOut.objects.filter(
        network=burst.network,
        began_at__gte=burst.began_at,
        began_at__lt=burst.began_at + _NAMED_BY,
    )
    return dict(rows.values_list("address_id", "said_at"))


def _told_by_times(
    remembered: Mapping[int, datetime], burst: Burst, ended_at: datetime
) -> Iterator[ConsentEvent]:
    """Yield the opt-outs that these addresses sent while the burst went on."""
    for address_ids in batched(sorted(remembered), _AT_ONCE):
        events = ConsentEvent.objects.filter(
            address_id__in=address_ids,
            recorded_at__range=(burst.began_at, ended_at + _GROUPED),
            **_SAID,
        )
        yield from filter(_is_by_link, events.only(*_READ))


def _told_by_evidence(burst: Burst) -> Iterator[ConsentEvent]:
    """Yield the opt-outs whose evidence names the network of the burst."""
    for events in batched(_between(burst), _AT_ONCE):
        evidence = Evidence.objects.in_bulk([event.evidence_id for event in events])
        for event in events:
            network = network_of(str(evidence[event.evidence_id].details.get("ip", "")))
            if network and network_key(network) == burst.network:
                yield event


def _between(burst: Burst) -> Iterator[ConsentEvent]:
    """Yield the opt-outs by link of the time of the burst, by walking the ledger back to its beginning.

    Without a condition, which could make the way long: there may be few of them among millions.
    """
    walked = ConsentEvent.objects.filter(pk__lte=burst.last_id + _BESIDE).order_by("-pk")
    for event in walked.only(*_READ, *_SAID)[:WALKED].iterator(chunk_size=_AT_ONCE):
        if event.recorded_at < burst.began_at - _GROUPED:
            return
        is_in_time = burst.began_at <= event.recorded_at <= burst.last_at + _GROUPED
        is_said = all(getattr(event, name) == value for name, value in _SAID.items())
        if is_in_time and is_said and event.evidence_id and _is_by_link(event):
            yield event


def _is_by_link(event: ConsentEvent) -> bool:
    """Tell whether an opt-out came by link and carries no label of its own."""
    return event.source in _BY_LINK and not event.flags & Flag.SUSPECTED
