"""What a mail server's refusal means: for this mail, and for the address it was sent to.

Reply codes (RFC 5321) say whether to try again. Whether the address itself is no good only the enhanced
status codes (RFC 3463) say: a bare 550 may as well mean that we are not liked.
"""

import re
import smtplib
from collections.abc import Iterator

from mails.models import OutgoingMail

# No such mailbox, no such host, no address at all, moved away, a domain that takes no mail (RFC 7505).
BAD_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
DISABLED = "5.2.1"  # may be an error of theirs once, not twice
_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")


def error_words(error: Exception) -> str:
    """Return class, reply codes and status of an error, which say nothing about a person."""
    codes = ", ".join(str(code) for code in sorted(set(_codes(error))))
    return " ".join(f"{type(error).__name__} {codes} {status_of(error)}".split())[:100]


def is_final(error: Exception) -> bool:
    """Tell whether another attempt cannot help: the mail itself was refused for good, or is no mail."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return False  # the operator can help
    codes = _codes(error)
    if codes:
        return all(500 <= code < 600 for code in codes)
    return isinstance(error, ValueError | smtplib.SMTPNotSupportedError)


def is_about_mail(error: Exception) -> bool:
    """Tell whether the server answered about this mail, and not about us."""
    return bool(_codes(error))


def is_hard_bounce(error: Exception, mail: OutgoingMail) -> bool:
    """Tell whether the refusal says that the address of this mail is no good, now and later."""
    if not is_final(error) or isinstance(error, smtplib.SMTPSenderRefused):
        return False
    return is_bad_status(status_of(error), mail)


def is_bad_status(status: str, mail: OutgoingMail | None) -> bool:
    """Tell whether a status code says that the address is no good; ``mail``: the one it is about."""
    if status == DISABLED:
        return mail is not None and _was_disabled(mail)
    return status in BAD_ADDRESS


def status_of(error: Exception) -> str:
    """Return the enhanced status code of a refusal, "" when it has none."""
    found = (_STATUS.match(text) for _, text in _replies(error))
    return next((match[1] for match in found if match), "")


def _was_disabled(mail: OutgoingMail) -> bool:
    failed = OutgoingMail.objects.filter(about=mail.about, state=OutgoingMail.State.FAILED)
    return failed.exclude(pk=mail.pk).filter(error__endswith=f" {DISABLED}").exists()


def _codes(error: Exception) -> list[int]:
    return [code for code, _ in _replies(error)]


def _replies(error: Exception) -> Iterator[tuple[int, str]]:
    """Return code and text of what the server answered about this mail; nothing when it did not."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        for code, text in error.recipients.values():
            yield code, _text(text)
    elif isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        yield error.smtp_code, _text(error.smtp_error)


def _text(words: object) -> str:
    return words.decode("ascii", "replace") if isinstance(words, bytes) else str(words)
