"""The events that a chunk of a job wrote into the ledger."""

from django.db.models import QuerySet

from jobs.models import JobChunk
from preferences.models import ConsentEvent


def events_of_chunk(chunk: JobChunk) -> QuerySet[ConsentEvent]:
    """Return the events of a chunk in their order, read by the ledger's own key.

    Between its first and its last lie those of other workers; a chunk is one transaction.
    """
    if chunk.first_event_id is None:
        return ConsentEvent.objects.none()
    first = ConsentEvent.objects.filter(pk=chunk.first_event_id)
    return ConsentEvent.objects.filter(
        pk__range=(chunk.first_event_id, chunk.last_event_id),
        job_id=chunk.job_id,
        transaction_id=first.values("transaction_id")[:1],
    ).order_by("pk")
