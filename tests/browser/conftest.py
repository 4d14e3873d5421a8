"""What browser tests may use: a page that fails its test if the browser complains."""

import re
from collections.abc import Callable

import pytest

from accounts.models import User

STOPPED = r"^htmx:(sendAbort|afterRequest), "  # an older request, by a newer one or by leaving
EXPECTED = re.compile(rf"the server responded with a status of 4\d\d|{STOPPED}")


@pytest.fixture
def watch():
    """Return a function that watches a page; any error on its console fails the test.

    An answer of 422, 409, 403 or 404 logs a line by itself, and so does a request that a newer one
    stopped ("latest wins"), so these are let through. One that failed logs ``htmx:sendError``.
    """
    problems: list[str] = []

    def watch(page):
        page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.emulate_media(reduced_motion="reduce")
        return page

    yield watch
    assert [text for text in problems if not EXPECTED.search(text)] == []


@pytest.fixture
def enter(live_server, as_user) -> Callable:
    """Return a function that signs the browser of a page in without the page to sign in."""

    def enter(page, user: User) -> None:
        session = as_user(user).cookies["sessionid"].value
        cookie = {"name": "sessionid", "value": session, "url": live_server.url}
        page.context.add_cookies([cookie])

    return enter
