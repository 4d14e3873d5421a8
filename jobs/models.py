"""Long work: what was asked for, over which frozen selection, and what became of each piece.

A job is a list of chunks. The chunk's row is the cursor, the lock, the progress and the result at
once: a worker holds it while it works and writes it in the transaction of the effect (R19).
"""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

_STATES = ("waiting", "queued", "running", "paused", "cancelled", "finished", "failed")


class Job(models.Model):
    """One piece of long work. ``kind`` names an entry of ``jobs.kinds``.

    ``parameters`` are what the kind works with, ``selection`` says in words and values how the items
    were chosen: for the record, the items themselves are frozen in the chunks. ``key`` makes a
    repeated start the same job.
    """

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("job", "Waiting for approval")
        QUEUED = "queued", pgettext_lazy("job", "Waiting for its turn")
        RUNNING = "running", pgettext_lazy("job", "Running")
        PAUSED = "paused", pgettext_lazy("job", "Paused")
        CANCELLED = "cancelled", pgettext_lazy("job", "Cancelled")
        FINISHED = "finished", pgettext_lazy("job", "Finished")
        FAILED = "failed", pgettext_lazy("job", "Stopped by a problem")

    class Problem(models.TextChoices):
        NO_RIGHT = "no_right", _("Who started it may no longer do this. Nothing more was done.")
        ERROR = "error", _("An error came back at every attempt. What was done before stays.")
        UNKNOWN_KIND = "unknown_kind", _("This version does not know this kind of job.")
        NOT_APPROVED = "not_approved", _("It was not approved. Nothing was done.")
        INVALID = "invalid", _("What it was to do is no longer possible. Nothing more was done.")

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(_("kind"), max_length=40)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.QUEUED)
    problem = models.CharField(_("problem"), max_length=20, choices=Problem, blank=True)
    key = models.CharField(max_length=64, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("started by")
    )
    created_at = models.DateTimeField(_("created"))
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("approved by"),
    )
    approved_at = models.DateTimeField(_("approved at"), null=True)
    started_at = models.DateTimeField(_("started at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("paused or cancelled by"),
    )
    stopped_at = models.DateTimeField(_("paused or cancelled at"), null=True)
    seen_at = models.DateTimeField(_("result seen at"), null=True)
    undo_of = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="undos", verbose_name=_("undoes")
    )
    total = models.BigIntegerField(_("items"), default=0)
    chunk_count = models.IntegerField(_("chunks"), default=0)
    parameters = models.JSONField(_("parameters"), default=dict)
    selection = models.JSONField(_("selection"), default=dict)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["created_by", "key"], name="job_key_unique"),
            models.CheckConstraint(
                condition=Q(state__in=_STATES),
                name="job_state_known",
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=False, state__in=["cancelled", "finished"])
                | (Q(finished_at__isnull=True) & ~Q(state__in=["cancelled", "finished"])),
                name="job_finished_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("created_by")),
                name="job_second_person_is_another",
            ),
            models.CheckConstraint(
                condition=Q(state="failed", problem__gt="") | ~Q(state="failed"),
                name="job_failure_has_its_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["id"],
                condition=Q(state__in=["queued", "running"]),
                name="job_runnable",
            ),
            models.Index(fields=["created_by", "-id"], name="job_of_user"),
            models.Index(
                fields=["created_by"], condition=Q(seen_at__isnull=True), name="job_unseen"
            ),
            models.Index(fields=["id"], condition=Q(state="waiting"), name="job_waiting"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.kind}"

    @property
    def is_over(self) -> bool:
        return self.state in (Job.State.CANCELLED, Job.State.FINISHED)


class JobChunk(models.Model):
    """Some items of a job, and what became of them once ``done_at`` is set.

    ``items``: the ids as text (``jobs.ids``). ``item_counts`` by outcome, each item once;
    ``change_counts`` by decision; ``refusals``: by reason, a flat list of numbers whose meaning the
    kind knows. ``first_event_id`` and ``last_event_id`` bound the events of the ledger it wrote.
    ``output``: what the kind made for a file.
    """

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, models.CASCADE, related_name="chunks", db_index=False)
    number = models.IntegerField()
    item_count = models.IntegerField(_("items"))
    items = models.TextField()
    attempts = models.SmallIntegerField(_("failed attempts"), default=0)
    error = models.CharField(_("last error"), max_length=200, blank=True)
    done_at = models.DateTimeField(_("done at"), null=True)
    first_event_id = models.BigIntegerField(null=True)
    last_event_id = models.BigIntegerField(null=True)
    item_counts = models.JSONField(default=dict)
    change_counts = models.JSONField(default=dict)
    refusals = models.JSONField(default=dict)
    output = models.BinaryField(null=True)

    class Meta:
        verbose_name = _("chunk of a job")
        verbose_name_plural = _("chunks of jobs")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "number"], name="job_chunk_unique")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["job", "number"], condition=Q(done_at__isnull=True), name="job_chunk_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.job_id}/{self.number}"


class JobPolicy(models.Model):
    """What starting a large job demands; never changed, only followed by the next version.

    The database refuses to change or delete a row. The newest one is in force; before there is any,
    the defaults are.
    """

    typed_number_over = models.PositiveIntegerField(
        _("ask to type the number over"),
        default=1000,
        help_text=_("Who starts a job with more people than this types their number."),
    )
    second_person_approves = models.BooleanField(
        _("second person approves"),
        default=False,
        help_text=_("Another user with the right approves such a job before it runs."),
    )
    changed_at = models.DateTimeField(_("changed at"))
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("job policy")
        verbose_name_plural = _("job policies")

    def __str__(self) -> str:
        return f"{self.pk}"


class WorkerSign(models.Model):
    """When a worker of jobs was last there: one row for all of them, whatever their number."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    seen_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("sign of a worker")
        verbose_name_plural = _("signs of workers")

    def __str__(self) -> str:
        return f"{self.seen_at:%Y-%m-%d %H:%M:%S}"
