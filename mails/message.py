"""A mail as the standard library and Django send it."""

from email.message import Message as AnyMessage
from email.policy import EmailPolicy, Policy
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from mails.models import OutgoingMail


class WholeUrls(EmailPolicy):
    """Leaves the fields of list mail on the line they were written on.

    Python re-folds what is longer than 78 characters and then writes a URL as encoded words, which
    breaks one-click (RFC 8058). Lines of up to 998 octets are allowed (RFC 5322 2.1.1). It also reads
    encoded words when a field is set: these values are kept as they came, which is ASCII.
    """

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        if name.lower().startswith("list-"):
            return name, value
        return super().header_store_parse(name, value)

    def fold(self, name: str, value: Any) -> str:
        if name.lower().startswith("list-"):
            return f"{name}: {value}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower().startswith("list-"):
            return self.fold(name, value).encode("ascii")
        return super().fold_binary(name, value)


MAIL = "mail"  # the name under which a provider keeps which of our mails it was
FORGETFUL = frozenset(
    {"postal", "console", "sendinblue"}
)  # providers that keep nothing beside a mail


class Message(EmailMultiAlternatives):
    """One mail of the queue, as text and HTML. ``metadata`` is for Anymail."""

    metadata: dict[str, str]

    def message(self, *, policy: "Policy[AnyMessage] | None" = None) -> Any:
        return super().message(policy=WholeUrls(linesep=policy.linesep if policy else "\n"))


def message_of(mail: OutgoingMail) -> Message:
    """Return what is to be sent."""
    message = Message(
        subject=mail.subject,
        body=mail.text,
        from_email=mail.sender,
        to=[mail.recipient],
        headers={
            "Message-ID": mail.message_id,
            "Auto-Submitted": "auto-generated",  # RFC 3834: no holiday replies
            "Content-Language": mail.language,
            **dict(mail.headers),
        },
    )
    if _provider_remembers():
        message.metadata = {MAIL: str(mail.pk)}  # comes back with what the provider reports
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    return message


def _provider_remembers() -> bool:
    parts = settings.MAILERS["default"]["BACKEND"].split(".")
    return parts[0] == "anymail" and parts[2] not in FORGETFUL
