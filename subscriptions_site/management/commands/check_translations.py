"""Check the catalogues: complete where promised, sound, and compiled."""

import gettext
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from shutil import copy2, copytree, ignore_patterns, which
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from subscriptions_site.management.commands.makemessages import IGNORED

# Which folders a language promises to cover: Polish all of them, German what the public sees.
EVERYTHING = (".",)
PUBLIC = (
    "public",
    "preferences/frequency_words.py",
    "preferences/reasons.py",
    "templates/public",
    "templates/base_public.html",
)
COMPLETE = {"pl": EVERYTHING, "de": PUBLIC}
SHOWN = 20


class Command(BaseCommand):
    help = (
        "Fail when a text of the source has no translation in a complete language, when "
        "placeholders differ, or when a .mo file does not say what its .po file says."
    )
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        if which("msgfmt") is None:
            self.stderr.write("msgfmt is missing (apt install gettext): catalogues not checked")
            return
        wanted = {
            language: texts_of_source(settings.BASE_DIR, folders)
            for language, folders in COMPLETE.items()
        }
        problems = [
            f"{source.relative_to(settings.BASE_DIR)}: {problem}"
            for folder in settings.LOCALE_PATHS
            for source in sorted(Path(folder).rglob("*.po"))
            for problem in problems_of(source, wanted.get(language_of(source), ()))
        ]
        if problems:
            raise CommandError("\n".join(problems))


def language_of(source: Path) -> str:
    return source.parent.parent.name


def problems_of(source: Path, wanted: Iterable[str]) -> list[str]:
    """Say what is wrong with a catalogue. Fuzzy and empty translations count as none."""
    with TemporaryDirectory() as folder:
        fresh = Path(folder, "fresh.mo")
        compiling = _run("msgfmt", "--check-format", "-o", str(fresh), str(source))
        if compiling.returncode:
            return [line for line in compiling.stderr.splitlines() if line]
        expected = _messages(fresh)
    problems = []
    missing = sorted(set(wanted) - {_text(key) for key in expected})
    if missing:
        problems.append(f"{len(missing)} texts are not translated (see docs/translating.md):")
        problems += [f"  {text.replace(chr(4), ' | ')!r}" for text in missing[:SHOWN]]
    compiled = source.with_suffix(".mo")
    if not compiled.exists() or _messages(compiled) != expected:
        problems.append("compile again with `sh dev compilemessages`")
    return problems


def texts_of_source(root: Path, places: Iterable[str] = EVERYTHING) -> set[str]:
    """Collect what is marked for translation. Works on a copy: collecting leaves files about."""
    with TemporaryDirectory() as folder:
        copy = Path(folder, "source")
        for place in places:
            _copy(root / place, copy / place)
        Path(copy, "locale").mkdir()
        collecting = _run(sys.executable, "-m", "django", "makemessages", "-l", "en", cwd=copy)
        if collecting.returncode:
            raise CommandError(collecting.stderr)
        # Only what has a translation is compiled, so each text becomes its own.
        filled, compiled = Path(folder, "filled.po"), Path(folder, "filled.mo")
        collected = Path(copy, "locale", "en", "LC_MESSAGES", "django.po")
        _run("msgen", "-o", str(filled), str(collected)).check_returncode()
        _run("msgfmt", "-o", str(compiled), str(filled)).check_returncode()
        return {_text(key) for key in _messages(compiled)}


def _copy(source: Path, target: Path) -> None:
    """Copy a folder or a file, as far as it exists."""
    if source.is_dir():
        copytree(source, target, ignore=ignore_patterns(*IGNORED, "locale", ".*", "*.sqlite3*"))
    elif source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        copy2(source, target)


def _run(*command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    return subprocess.run(  # noqa: S603
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def _text(key: str | tuple[str, int]) -> str:
    """Return the text, with its context before \\x04; a plural has a key for each of its forms."""
    return key if isinstance(key, str) else key[0]


def _messages(path: Path) -> dict[Any, str]:
    with path.open("rb") as file:
        catalogue = dict(gettext.GNUTranslations(file)._catalog)  # type: ignore[attr-defined]
    catalogue.pop("", None)  # the header has the date of compiling
    return catalogue
