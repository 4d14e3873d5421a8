"""Admin pages that only show: nothing is added, changed or deleted there."""

from functools import cached_property
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest

# Who looks for older rows searches for them; no page costs a scan of a large table.
SHOWN_ROWS = 1000


class BoundedPaginator(Paginator):
    """Pages over the first rows of a table, whose number is never counted."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return len(rows.values_list("pk", flat=True)[:SHOWN_ROWS])


class ReadOnlyAdmin(admin.ModelAdmin):
    """Shows rows, newest first, and offers nothing else."""

    actions = None
    ordering = ("-pk",)
    sortable_by = ()
    show_full_result_count = False
    paginator = BoundedPaginator
    list_per_page = 50
    list_max_show_all = 0

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class UndeletableAdmin(admin.ModelAdmin):
    """Adds and changes rows that other rows point at for ever."""

    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
