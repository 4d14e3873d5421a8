"""Import contacts from a CSV file: `sh dev import_contacts people.csv --unit garden`."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from contacts.importing import Summary, UnreadableFile, import_contacts
from preferences.models import BusinessUnit


class Command(BaseCommand):
    help = (
        "Create and update contacts from a CSV file, found by their addresses. Column names of"
        " common systems are recognised. Touches no subscription status. Can be run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the CSV file")
        parser.add_argument(
            "--unit",
            action="append",
            default=[],
            metavar="SLUG",
            help="business unit that the contacts belong to; may be given several times",
        )
        parser.add_argument(
            "--region",
            metavar="PL",
            help="country of phone numbers without a prefix; by default that of the first unit",
        )
        parser.add_argument(
            "--rejects",
            type=Path,
            metavar="FILE",
            help="where to write rows to look at; by default FILE.rejects.csv in this directory",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        units = [self._unit(slug) for slug in options["unit"]]
        region = options["region"] or (units[0].default_region if units else None)
        path: Path = options["file"]
        rejects: Path = options["rejects"] or Path(f"{path.name}.rejects.csv")
        if not units:
            self.stdout.write(
                "No --unit given: only users who see all business units will see new contacts."
            )
        try:
            with (
                path.open("rb") as stream,
                rejects.open("w", encoding="utf-8-sig", newline="") as out,
            ):
                summary = import_contacts(
                    stream=stream,
                    rejects=out,
                    unit_ids=[unit.pk for unit in units],
                    region=region.upper() if region else None,
                    clock=timezone.now,
                    on_progress=self._progress,
                )
        except UnreadableFile as error:
            rejects.unlink(missing_ok=True)
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(str(error)) from error
        has_rejects = bool(summary.rejected or summary.partial)
        if not has_rejects:
            rejects.unlink(missing_ok=True)
        self._report(summary, rejects if has_rejects else None)

    def _unit(self, slug: str) -> BusinessUnit:
        try:
            return BusinessUnit.objects.get(slug=slug)
        except BusinessUnit.DoesNotExist as error:
            known = ", ".join(BusinessUnit.objects.order_by("slug").values_list("slug", flat=True))
            raise CommandError(f"No business unit {slug}. There are: {known or 'none'}.") from error

    def _progress(self, summary: Summary) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"\r{summary.rows:,} rows", ending="")
        elif summary.rows % 100_000 == 0:
            self.stderr.write(f"{summary.rows:,} rows")

    def _report(self, summary: Summary, rejects: Path | None) -> None:
        counts = (summary.created, summary.updated, summary.unchanged, summary.rejected)
        words = ("created", "updated", "unchanged", "rejected")
        told = ", ".join(f"{count:,} {word}" for count, word in zip(counts, words, strict=True))
        lines = ["", f"{summary.rows:,} rows: {told}."]
        if summary.partial:
            lines.append(f"{summary.partial:,} of them were imported without some value.")
        for reason, count in summary.reasons.most_common():
            lines.append(f"  {count:>7,}  {reason}")
        for (column, name), count in summary.unknown_names.most_common(20):
            lines.append(f"  {count:>7,}  {column}: nobody and nothing here is called {name!r}.")
        if summary.ignored_statuses:
            names = ", ".join(summary.ignored_statuses)
            lines.append(f"Columns with consent were left alone: {names}.")
        if summary.unknown_columns:
            lines.append(f"Columns not imported: {', '.join(summary.unknown_columns)}.")
        if rejects:
            lines.append(f"Rows to look at: {rejects}")
        self.stdout.write("\n".join(lines))
