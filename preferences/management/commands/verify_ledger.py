"""Recompute the ledger: digests, Merkle roots, the chain of seals, and saved heads."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from preferences.sealing import seal_events
from preferences.verification import head_line, parse_heads, verify_ledger


class Command(BaseCommand):
    help = (
        "Verify the ledger and name the first bad event. With --against FILE also compare with heads saved "
        "earlier by --save-head FILE, which finds a cut-off tail and a full rewrite."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--against", type=Path, metavar="FILE", help="heads saved earlier, one a line"
        )
        parser.add_argument(
            "--save-head", type=Path, metavar="FILE", help="add the newest head to this file"
        )
        parser.add_argument("--seal", action="store_true", help="seal new events first")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["seal"]:
            seal_events(now=timezone.now())
        report = verify_ledger(against=self._saved(options["against"]))
        if report.finding is not None:
            where = (
                f" at event {report.finding.event_id}"
                if report.finding.event_id is not None
                else ""
            )
            seal = (
                f" (seal {report.finding.seal_number})"
                if report.finding.seal_number is not None
                else ""
            )
            problem = report.finding.problem.replace("_", " ")
            raise CommandError(f"The ledger is NOT intact: {problem}{where}{seal}.")
        self.stdout.write(
            f"The ledger is intact. Events: {report.event_count:,}; seals: {report.seal_count:,}; "
            f"not sealed yet: {report.unsealed_count:,}; head: {report.head.hex()}"
        )
        if options["save_head"]:
            self._save(options["save_head"])

    def _saved(self, path: Path | None) -> list[dict]:
        if path is None:
            return []
        try:
            return parse_heads(path.read_text())
        except (OSError, ValueError) as error:
            raise CommandError(f"{path}: {error}") from error

    def _save(self, path: Path) -> None:
        line = head_line()
        if line is None:
            raise CommandError("There is no seal yet: run seal_ledger first.")
        with path.open("a") as file:
            file.write(line + "\n")
