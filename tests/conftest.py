"""What every test may use: users, a signed-in client, a browser."""

import os
import shutil

import pytest
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.test import Client
from django.utils import translation
from hypothesis import HealthCheck, settings

from accounts.models import Role, User
from preferences.group_commit import close_line
from preferences.shown_wording import forget_stored

# Playwright's synchronous interface runs an event loop, which Django would object to.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

settings.register_profile(
    "deterministic",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "deterministic"))

PASSWORD = "correct horse battery"
CHROMIUM = (
    os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome") or ""
)


def make_user(role: str = Role.EDITOR, **fields: object) -> User:
    """Create a member of staff who reaches every unit, unless the fields say otherwise."""
    values = {"email": f"{role}@fernmoor.example", "name": f"{role.title()} Person"}
    return User.objects.create_user(
        **{"all_units": True, **values, **fields}, role=role, password=PASSWORD
    )


@pytest.fixture(autouse=True, scope="session")
def _flush_past_the_ledger():
    """Let the flush after a transactional test empty tables that refuse DELETE.

    The triggers are lifted around the flush and put back; the product has no switch for it.
    """
    operations = type(connection.ops)
    flush = operations.execute_sql_flush

    def flush_without_triggers(self, sql_list):
        with self.connection.cursor() as cursor:
            if self.connection.vendor == "postgresql":
                cursor.execute("SET session_replication_role = replica")
            else:
                cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
                triggers = cursor.fetchall()
                for name, _ in triggers:
                    cursor.execute(f'DROP TRIGGER "{name}"')
        flush(self, sql_list)
        with self.connection.cursor() as cursor:
            if self.connection.vendor == "postgresql":
                cursor.execute("SET session_replication_role = DEFAULT")
            else:
                for _, sql in triggers:
                    cursor.execute(sql)

    operations.execute_sql_flush = flush_without_triggers
    yield
    operations.execute_sql_flush = flush


@pytest.fixture(autouse=True)
def _forget_stored_wordings():
    """Databases of tests are emptied; a process of the product keeps the one it has."""
    yield
    forget_stored()


@pytest.fixture
def kept_connection(monkeypatch):
    """Keep the connection that the test's transaction is on, as Django's test client does."""
    monkeypatch.setattr(connections[DEFAULT_DB_ALIAS], "close_if_unusable_or_obsolete", int)


@pytest.fixture(autouse=True)
def _close_the_line_of_groups():
    """A database of tests cannot be removed while somebody is connected to it."""
    yield
    close_line()


@pytest.fixture(autouse=True)
def _speak_english_again():
    """A request leaves its language behind in the thread, where the next test would speak it."""
    yield
    translation.deactivate()


@pytest.fixture
def viewer(db) -> User:
    return make_user(Role.VIEWER)


@pytest.fixture
def editor(db) -> User:
    return make_user(Role.EDITOR)


@pytest.fixture
def administrator(db) -> User:
    return make_user(Role.ADMINISTRATOR)


@pytest.fixture
def compliance(db) -> User:
    return make_user(Role.COMPLIANCE)


@pytest.fixture
def as_user():
    """Return a function that gives a client signed in as a user."""

    def sign_in(user: User, **headers: str) -> Client:
        client = Client(headers=headers)
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture(scope="session")
def browser_type_launch_args(request):
    """Use the machine's own Chromium: Playwright's download is not needed."""
    if not CHROMIUM:
        pytest.skip("no chromium on this machine")
    return {
        "executable_path": CHROMIUM,
        "headless": True,
        "args": [
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
        ],
    }
