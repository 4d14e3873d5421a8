"""What is remembered for an hour to notice bursts of opt-outs (R24)."""

from django.db import models


class RecentOptOut(models.Model):
    """One address that opted out from one network a moment ago.

    ``network`` is a keyed hash. ``began_at``: when the burst that it belongs to began; its own time
    if it is alone. On PostgreSQL the table is not logged: a crash may empty it. ``preferences/bursts.py``
    writes it, nothing refers to it, and an hour later it is gone.
    """

    pk = models.CompositePrimaryKey("network", "address_id")
    network = models.BigIntegerField()
    address_id = models.BigIntegerField()
    said_at = models.DateTimeField()
    began_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["network", "said_at"], name="recent_opt_out_network")]


class BurstLabel(models.Model):
    """A label beside an event: it turned out later that it began a burst (R24). The event stays as it is.

    ``ended_at``: when the last opt-out of the burst came, as far as it was known then.
    """

    event_id = models.BigIntegerField(primary_key=True)
    address_id = models.BigIntegerField()
    burst = models.CharField(max_length=40)
    ended_at = models.DateTimeField()
    labelled_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["burst", "event_id"], name="burst_label_burst")]
