"""The first opt-outs of a burst: nothing spoke for a machine when they came, and something does now (R24).

The ledger is not touched: the label stands in a row beside the event. Asked again while a burst goes on
or within the hour after it, and always answered the same.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import batched

from preferences.bursts import KEPT
from preferences.models import BurstLabel, ConsentEvent, RecentOptOut
from preferences.suspected import in_ledger
from preferences.suspicion import BURST_KEY
from preferences.values import Act, Flag, Source, Status, Word

_AT_ONCE = 500
_NAMED_BY = timedelta(seconds=1)  # names of bursts have whole seconds
_GROUPED = timedelta(seconds=2)  # a group is recorded at the time of its last word
_BY_LINK = (Source.ONE_CLICK.code, Source.PREFERENCE_PAGE.code)


def label_beginnings(*, now: datetime) -> int:
    """Label the opt-outs that came before their burst was noticed; return how many there were."""
    return sum(_label(burst, now) for burst in sorted(_recent_bursts(now)))


def _recent_bursts(now: datetime) -> set[str]:
    """Return the bursts that were noticed within the time we remember networks for."""
    events = in_ledger().order_by("-pk")
    found = events.values_list("recorded_at", f"evidence__details__{BURST_KEY}")
    bursts = set()
    for recorded_at, burst in found.iterator(chunk_size=_AT_ONCE):
        if recorded_at < now - KEPT:
            break
        if burst:
            bursts.add(burst)
    return bursts


def _label(burst: str, now: datetime) -> int:
    network, _, began = burst.partition("-")
    began_at = datetime.fromtimestamp(int(began), UTC)
    rows = RecentOptOut.objects.filter(
        network=int(network, 16), began_at__gte=began_at, began_at__lt=began_at + _NAMED_BY
    ).values_list("address_id", "said_at")
    times = dict(rows)
    if not times:
        return 0
    ended_at, count = max(times.values()), 0
    for address_ids in batched(sorted(times), _AT_ONCE):
        labels = [
            BurstLabel(
                event_id=event_id,
                address_id=address_id,
                burst=burst,
                ended_at=ended_at,
                labelled_at=now,
            )
            for event_id, address_id in _opt_outs(address_ids, began_at, ended_at)
        ]
        known = BurstLabel.objects.filter(pk__in=[label.pk for label in labels])
        count += len(labels) - known.count()
        BurstLabel.objects.bulk_create(labels, ignore_conflicts=True)
    return count


def _opt_outs(
    address_ids: Sequence[int], began_at: datetime, ended_at: datetime
) -> Iterator[tuple[int, int]]:
    """Yield the people's opt-outs by link in that time that carry no label of their own."""
    events = ConsentEvent.objects.filter(
        address_id__in=address_ids,
        recorded_at__range=(began_at, ended_at + _GROUPED),
        word=Word.OWN.code,
        act=Act.STATE.code,
        status=Status.UNSUBSCRIBED.code,
        source__in=_BY_LINK,
    )
    for event_id, address_id, flags in events.values_list("pk", "address_id", "flags"):
        if not flags & Flag.SUSPECTED:
            yield event_id, address_id
