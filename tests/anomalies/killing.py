"""Processes of their own on the database of a test."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from django.conf import settings
from django.db import connection

from tests.preferences.kernel import IS_POSTGRESQL


def database_of(folder: Path) -> str:
    """Return the address of the database; SQLite's lives in memory and is copied to a file."""
    if IS_POSTGRESQL:
        values = connection.settings_dict
        return (
            f"postgres:///{values['NAME']}?host={values['HOST']}&port={values['PORT']}"
            f"&user={values['USER']}"
        )
    path = folder / "kernel.sqlite3"
    with sqlite3.connect(path) as copy:
        connection.connection.backup(copy)
    return f"sqlite:///{path}"


def start(database: str, module: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": database},
        stdout=subprocess.PIPE,
        text=True,
    )


def answers(process: subprocess.Popen[str]) -> list[dict[str, object]]:
    text, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return [json.loads(line) for line in text.splitlines()]
