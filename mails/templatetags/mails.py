"""Template tags of the screens that show mails."""

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from mails.kinds import label_of
from mails.models import OutgoingMail
from subscriptions_site.templatetags.ui import status_pill

register = template.Library()

PILLS = {
    OutgoingMail.State.QUEUED: "PAUSED",
    OutgoingMail.State.SENDING: "RUNNING",
    OutgoingMail.State.SENT: "FINISHED",
    OutgoingMail.State.FAILED: "FAILED",
    OutgoingMail.State.CANCELLED: "SKIPPED",
}


@register.simple_tag
def mail_pill(mail: OutgoingMail) -> SafeString:
    """Draw the state of a mail."""
    state = OutgoingMail.State(mail.state)
    return status_pill(PILLS[state], state.label)


@register.filter
def mail_label(mail: OutgoingMail) -> str:
    """Write which kind of mail it is."""
    return label_of(mail)


@register.filter
def language_words(code: str) -> str:
    """Write what a language is called, its code where nobody knows."""
    try:
        return _(get_language_info(code)["name"])
    except KeyError:
        return code
