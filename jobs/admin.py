"""Administration of jobs: to be looked at. They are started and steered on their own pages."""

from django.contrib import admin

from jobs.models import Job, JobChunk, JobPolicy
from subscriptions_site.web.admin import ReadOnlyAdmin


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ("id", "kind", "state", "problem", "total", "created_by", "created_at")
    list_select_related = ("created_by",)


@admin.register(JobChunk)
class JobChunkAdmin(ReadOnlyAdmin):
    list_display = ("id", "job", "number", "item_count", "attempts", "error", "done_at")
    list_select_related = ("job",)
    exclude = ("items", "refusals", "output")


@admin.register(JobPolicy)
class JobPolicyAdmin(ReadOnlyAdmin):
    list_display = ("id", "typed_number_over", "second_person_approves", "changed_by", "changed_at")
    list_select_related = ("changed_by",)
