"""A real mail server on this machine, and what tests send through it."""

import importlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from types import ModuleType
from typing import Any

from django.test import override_settings

from mails.sending import Post
from mails.services import Letter
from subscriptions_site.mail_url import parse_email_url
from tests.factories import NOW


def _imported_controller() -> Any:
    """Import aiosmtpd, which imports a package ``public`` that our app of that name hides.

    All it wants of it is a decorator that adds a name to ``__all__``.
    """
    decorator = ModuleType("public")
    decorator.public = lambda thing: thing  # type: ignore[attr-defined]
    ours = sys.modules.get("public")
    sys.modules["public"] = decorator
    try:
        return importlib.import_module("aiosmtpd.controller").Controller
    finally:
        sys.modules.pop("public")
        if ours is not None:
            sys.modules["public"] = ours


Controller: Any = _imported_controller()


def letter(recipient: str = "ada@fernmoor.example", **fields: Any) -> Letter:
    values: dict[str, Any] = {
        "kind": "a letter",
        "language": "en",
        "sender": "Fernmoor Garden <garden@fernmoor.example>",
        "recipient": recipient,
        "subject": "Your link",
        "text": "Hello\nhttps://prefs.fernmoor.example/p/token/\n",
        "html": '<p>Hello <a href="https://prefs.fernmoor.example/p/token/">your link</a></p>',
    }
    return Letter(**{**values, **fields})


@dataclass
class PostOffice:
    """What arrived, as bytes; ``answers``: to RCPT, one per attempt, then 250. ``hangs``: seconds."""

    arrived: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    data_answers: list[str] = field(default_factory=list)
    hangs: float = 0
    url: str = ""

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.answers:
            answer = self.answers.pop(0)
            if not answer.startswith("250"):
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.hangs:
            time.sleep(self.hangs)
        if self.data_answers:
            return self.data_answers.pop(0)
        self.arrived.append(envelope.original_content)
        self.recipients += envelope.rcpt_tos
        return "250 OK"

    @property
    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=default) for raw in self.arrived]


class AnyPort(Controller):
    """Listens on a port that is free, and then knows which one that is."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def post_office(**settings: Any) -> Iterator[PostOffice]:
    """Run a mail server, and let the product send through it."""
    office = PostOffice()
    controller = AnyPort(office, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        office.url = f"smtp://127.0.0.1:{controller.port}"
        with sending_to(f"{office.url}?timeout=20", **settings):  # a busy machine is no dead server
            yield office
    finally:
        controller.stop()


def sending_to(url: str, **settings: Any) -> Any:
    return override_settings(MAILERS=parse_email_url(url), **settings)


class Clock:
    """The time as tests say it is."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def tick(self, **how_long: float) -> None:
        self.now += timedelta(**how_long)


def a_post(clock: Clock | None = None) -> Post:
    return Post(clock or Clock())
