"""Checks of the way out: mail that goes nowhere must not go unnoticed."""

from typing import Any

from django.core.checks import CheckMessage, Warning
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import mailers

from mails.sending import Delivery, delivery

HINT = "Set EMAIL_URL; docs/operations.md has the forms. Until then mails wait in the queue."


def check_delivery(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001
    """Warn when mails are held back, and when the way out cannot even be set up."""
    if delivery() is Delivery.HELD:
        return [Warning("No way to send mail is set.", hint=HINT, id="mails.W001")]
    try:
        mailers.default  # noqa: B018  (making the backend is the check; it opens no connection)
    except (ImproperlyConfigured, ImportError) as error:
        # The class alone: the message may hold what EMAIL_URL holds.
        return [Warning(f"EMAIL_URL cannot be used: {type(error).__name__}.", id="mails.W002")]
    return []
