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
