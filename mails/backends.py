"""Ways out that lead nowhere: for development, and for a site without a mail server."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class OutboxBackend(BaseEmailBackend):
    """Takes every mail as sent; the rows of the queue are what the outbox page shows."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        return len(email_messages)


class HeldBackend(BaseEmailBackend):
    """Takes no mail: they wait in the queue until EMAIL_URL is set (check ``mails.W001``)."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:  # noqa: ARG002
        raise OSError("no way to send mail is set")
