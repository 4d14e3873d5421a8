"""EMAIL_URL to Django's MAILERS: a mail server, a provider's API through Anymail, or the outbox."""

import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

SMTP_SECONDS = 20  # a server that hangs holds one worker up this long
OUTBOX = "mails.backends.OutboxBackend"
HELD = "mails.backends.HeldBackend"
SMTP = "django.core.mail.backends.smtp.EmailBackend"
SHORTEST_SECRET = 16
# What Anymail calls the key by which one or the other provider signs.
_SIGNED_BY = (
    "signing_secret",
    "tracking_webhook_verification_key",
    "webhook_key",
    "webhook_signing_key",
)
_PROVIDER = re.compile(r"[a-z][a-z0-9_]*")


def parse_email_url(url: str) -> dict[str, dict[str, Any]]:
    """Return MAILERS for an address of one of these forms.

    ``smtp://user:password@host:587?tls=1`` (STARTTLS; without ``tls`` in clear), ``smtps://...``
    (TLS from the first byte), ``anymail+postmark:?server_token=...`` (any provider of Anymail, its
    options as it names them), ``outbox:`` (nothing leaves; the outbox page shows the mails), and
    nothing at all: mails wait in the queue until there is a way to send them.
    """
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if not url:
        return {"default": {"BACKEND": HELD}}
    if parts.scheme == "outbox":
        return {"default": {"BACKEND": OUTBOX}}
    if parts.scheme in {"smtp", "smtps"}:
        return {"default": {"BACKEND": SMTP, "OPTIONS": _smtp(parts, query)}}
    kind, _, provider = parts.scheme.partition("+")
    if kind == "anymail" and _PROVIDER.fullmatch(provider):
        backend = f"anymail.backends.{provider}.EmailBackend"
        return {"default": {"BACKEND": backend, "OPTIONS": query}}
    # Never the address itself: it holds a password.
    raise ImproperlyConfigured("EMAIL_URL must begin with smtp://, smtps://, anymail+ or outbox:")


def anymail_settings(url: str, secret: str, key: str) -> dict[str, Any]:
    """Return ANYMAIL for what the provider of EMAIL_URL reports to us; nothing without a secret.

    ``secret``: ``user:password`` that comes with each report; ``key``: by which the provider signs.
    """
    kind, _, provider = urlsplit(url).scheme.partition("+")
    if not secret or kind != "anymail":
        return {}
    user, colon, password = secret.partition(":")
    if not user or not colon or len(password) < SHORTEST_SECRET:
        raise ImproperlyConfigured(
            f"MAIL_WEBHOOK_SECRET is user:password, the password of {SHORTEST_SECRET} characters or more"
        )
    keys = {f"{provider}_{name}".upper(): key for name in _SIGNED_BY} if key else {}
    return {"WEBHOOK_SECRET": [secret], **keys}


def _smtp(parts: Any, query: dict[str, str]) -> dict[str, Any]:
    try:
        port, seconds = parts.port, int(query.get("timeout", SMTP_SECONDS))
    except ValueError as error:
        raise ImproperlyConfigured("EMAIL_URL: port and timeout are numbers") from error
    if not parts.hostname or seconds < 1:
        raise ImproperlyConfigured("EMAIL_URL names no host, or no time to wait")
    options: dict[str, Any] = {"host": parts.hostname, "timeout": seconds}
    if port:
        options["port"] = port
    if parts.username:
        options["username"] = unquote(parts.username)
        options["password"] = unquote(parts.password or "")
    if parts.scheme == "smtps":
        options["use_ssl"] = True
    elif query.get("tls", "0") not in {"0", "no", "off", "false"}:
        options["use_tls"] = True
    return options
