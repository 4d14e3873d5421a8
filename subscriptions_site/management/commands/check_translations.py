"""Check that every compiled catalogue says what its source says."""

import gettext
import subprocess
import tempfile
from pathlib import Path
from shutil import which
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Fail when a .mo file is missing or older in content than its .po file."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        sources = sorted(
            source for folder in settings.LOCALE_PATHS for source in Path(folder).rglob("*.po")
        )
        if not sources:
            self.stdout.write("no catalogues yet")
            return
        compiler = which("msgfmt")
        if compiler is None:
            self.stderr.write("msgfmt is missing (apt install gettext): catalogues not compared")
            return
        stale = [source for source in sources if not is_current(source, compiler)]
        if stale:
            names = ", ".join(str(path.relative_to(settings.BASE_DIR)) for path in stale)
            raise CommandError(f"compile again with `sh dev compilemessages`: {names}")


def is_current(source: Path, compiler: str) -> bool:
    """Tell whether the .mo file beside a .po file holds the same messages."""
    compiled = source.with_suffix(".mo")
    if not compiled.exists():
        return False
    with tempfile.NamedTemporaryFile(suffix=".mo") as fresh:
        subprocess.run([compiler, "-o", fresh.name, str(source)], check=True)  # noqa: S603
        return _messages(compiled) == _messages(Path(fresh.name))


def _messages(path: Path) -> dict[Any, str]:
    with path.open("rb") as file:
        catalogue = dict(gettext.GNUTranslations(file)._catalog)  # type: ignore[attr-defined]
    catalogue.pop("", None)  # the header has the date of compiling
    return catalogue
