"""Remove contacts for good that were deleted more than 90 days ago; for a daily timer."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from contacts.services import RESTORE_DAYS, purge_deleted_contacts


class Command(BaseCommand):
    help = f"Remove for good the contacts deleted more than {RESTORE_DAYS} days ago."

    def handle(self, *args: Any, **options: Any) -> None:
        count = purge_deleted_contacts(now=timezone.now())
        self.stdout.write(f"{count:,} contacts removed. Their addresses keep their statuses.")
