"""What an address is: its canonical form, its keyed hash, and its mask.

Two spellings are one address when their canonical forms are equal. The form is for matching only;
mail goes to the address as it was given. Nothing is guessed: no dots are dropped, no `+tag` is cut
off, no letter is transliterated, because merging too much would give one person's consent to
another.

Lower-casing the local part is a policy that RFC 5321 does not promise: an opt-out for `Jan@` must
stop `jan@`.
"""

import hmac
import re
import unicodedata
from dataclasses import dataclass

import idna
import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from preferences.values import Channel

LOCAL_PART_MAX_OCTETS = 64  # RFC 5321, 4.5.3.1.1
ADDRESS_MAX_OCTETS = 254  # RFC 5321, 4.5.3.1.3: a path of 256 less its angle brackets
PHONE_MAX_DIGITS = 15  # ITU-T E.164

MESSAGES = {
    "empty": "The address is empty.",
    "no_at": "An e-mail address needs an @ sign.",
    "control_character": "The address contains a control character or a line break.",
    "invisible_character": "The address contains an invisible character.",
    "display_name": "Give the address alone, without a name or angle brackets.",
    "comment": "The address contains a comment in parentheses.",
    "address_literal": "An IP address in the place of the domain is not accepted.",
    "domain": "The part after the @ sign is not a valid domain.",
    "local_part": "The part before the @ sign is not valid.",
    "local_too_long": "The part before the @ sign is longer than 64 characters.",
    "too_long": "The address is longer than 254 characters.",
    "not_a_number": "This is not a phone number.",
    "no_region": "The phone number needs its country code, such as +48.",
    "extension": "A phone number with an extension cannot receive messages.",
    "not_possible": "No phone number of that country has this length.",
    "too_many_digits": "A phone number has at most 15 digits.",
}
"""English text by code; the texts are the msgids that the web layer translates."""


class InvalidAddress(ValueError):
    """Says why a text is not an address, by a stable code and its English text."""

    def __init__(self, code: str) -> None:
        super().__init__(MESSAGES[code])
        self.code = code


_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"(?!..--)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN_EMAIL = re.compile(
    rf"(?=.{{1,{ADDRESS_MAX_OCTETS}}}\Z)(?=[^@]{{1,{LOCAL_PART_MAX_OCTETS}}}@)"
    rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}"
)

# Letters by Unicode category that show nothing, beside all of category C (controls, format, zero
# width, bidi).
_BLANK_LETTERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)

_PHONE = re.compile(r"[+\uff0b]?[\d\s().\-/\[\]~\u2010-\u2015\u2212\u2043]+")
_EXTENSION = re.compile(
    r"(?<=\d)\s*[,;:.]?\s*(?:e?xt|ext(?:ension)?|x|#|wewn?|durchwahl|int)[\s.:=#]*\d+\W*\Z",
    re.IGNORECASE,
)
_BUSINESS_SCOPED_USER_ID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")


def canonical(channel: Channel, text: str, region: str | None = None) -> str:
    """Return the form by which addresses of this channel are compared.

    `region` is the ISO 3166 code that national phone numbers are read in; e-mail ignores it.
    WhatsApp also takes Meta's business-scoped user id (`US.13491208655302741918`), which is kept as
    it is, case included. Raises InvalidAddress.
    """
    if channel is Channel.EMAIL:
        return canonical_email(text)
    if channel is Channel.WHATSAPP and _BUSINESS_SCOPED_USER_ID.fullmatch(text.strip()):
        return text.strip()
    return canonical_phone(text, region)


def canonical_email(text: str) -> str:
    """Return the canonical form of an e-mail address: lower case, the domain as A-labels.

    Plain ASCII takes one regular expression, everything else the careful way; both agree. Reserved
    domains (`.example`, `.test`) are addresses like any other. Raises InvalidAddress.
    """
    stripped = text.strip()
    if _PLAIN_EMAIL.fullmatch(stripped):
        return stripped.lower()
    return _canonical_email_carefully(stripped)


def _canonical_email_carefully(text: str) -> str:
    if not text:
        raise InvalidAddress("empty")
    _refuse_invisible(text)
    local, at, domain = unicodedata.normalize("NFC", text).rpartition("@")
    if not at:
        raise InvalidAddress("no_at")
    _refuse_wrapping(local, domain)
    domain = _canonical_domain(domain)
    canonical_local = unicodedata.normalize("NFC", local.lower())
    if len(canonical_local.encode()) > LOCAL_PART_MAX_OCTETS:
        raise InvalidAddress("local_too_long")
    if len(canonical_local.encode()) + 1 + len(domain) > ADDRESS_MAX_OCTETS:
        raise InvalidAddress("too_long")
    _refuse_bad_local_part(local)
    return f"{canonical_local}@{domain}"


def _refuse_invisible(text: str) -> None:
    """Refuse what the eye cannot see, before any mapping drops it silently."""
    for character in text:
        category = unicodedata.category(character)
        if category in ("Cc", "Zl", "Zp"):
            raise InvalidAddress("control_character")
        if category[0] == "C" or _BLANK_LETTERS.match(character):
            raise InvalidAddress("invisible_character")


def _is_quoted(local: str) -> bool:
    return len(local) > 1 and local[0] == local[-1] == '"'


def _refuse_wrapping(local: str, domain: str) -> None:
    """Refuse names, comments and IP addresses around or in the place of an address."""
    outside_quotes = domain if _is_quoted(local) else local + domain
    if "<" in outside_quotes or ">" in outside_quotes:
        raise InvalidAddress("display_name")
    if "(" in outside_quotes or ")" in outside_quotes:
        raise InvalidAddress("comment")
    if domain.startswith("["):
        raise InvalidAddress("address_literal")


def _canonical_domain(domain: str) -> str:
    """Return the domain as lower-case A-labels, by UTS 46, where `straße` is not `strasse`."""
    try:
        ascii_domain = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii").lower()
    except UnicodeError as error:  # idna.IDNAError is one
        raise InvalidAddress("domain") from error
    last_label = ascii_domain.rpartition(".")[2]
    if "." not in ascii_domain or not last_label or last_label.isdigit():
        raise InvalidAddress("domain")
    return ascii_domain


def _refuse_bad_local_part(local: str) -> None:
    """Refuse what RFC 5321 and 6531 do not allow before the @ sign; a quoted string is allowed."""
    try:
        validate_email(
            f"{local}@example.com",
            check_deliverability=False,
            allow_quoted_local=True,
            allow_smtputf8=True,
            strict=False,  # The length was measured already, in octets, and on the canonical form.
        )
    except EmailNotValidError as error:
        raise InvalidAddress("local_part") from error


def canonical_phone(text: str, region: str | None) -> str:
    """Return a phone number in E.164.

    A national number is read in `region` and refused without one; `00` in front counts as `+` when
    there is no region. A number need only be possible, not assigned: reserved and new ranges pass.
    One that can be dialled only within its town (a US number without area code) is refused. Raises
    InvalidAddress.
    """
    number = "".join(
        c for c in text if unicodedata.category(c) != "Cf"
    ).strip()  # Phones copy bidi marks along.
    if not number:
        raise InvalidAddress("empty")
    if any(unicodedata.category(c) == "Cc" for c in number):
        raise InvalidAddress("control_character")
    if not _PHONE.fullmatch(number):
        raise InvalidAddress("extension" if _EXTENSION.search(number) else "not_a_number")
    if region is None and number.startswith("00"):
        number = "+" + number[2:]
    parsed = _parse_phone(number, region)
    e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    if len(e164) > 1 + PHONE_MAX_DIGITS:
        raise InvalidAddress("too_many_digits")
    if phonenumbers.is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE:
        raise InvalidAddress("not_possible")
    return e164


def _parse_phone(number: str, region: str | None) -> phonenumbers.PhoneNumber:
    try:
        return phonenumbers.parse(number, region and region.upper())
    except NumberParseException as error:
        if error.error_type == NumberParseException.TOO_LONG:
            code = "too_many_digits"
        elif error.error_type == NumberParseException.NOT_A_NUMBER:
            code = "not_a_number"
        elif (
            error.error_type == NumberParseException.INVALID_COUNTRY_CODE
            and number[0] not in "+\uff0b"
        ):
            code = "no_region"
        else:
            code = "not_possible"
        raise InvalidAddress(code) from error


@dataclass(frozen=True, slots=True)
class AddressKey:
    """Names an address without showing it.

    `id` is the primary key everywhere, positive and below 2**63; `digest` is the whole hash, which
    tells apart two addresses that fell on one id.
    """

    id: int
    digest: bytes


def address_key(channel: Channel, canonical: str, *, secret: bytes, probe: int = 0) -> AddressKey:
    """Return the key that any node computes for an address without looking it up.

    Whoever finds the id taken by another digest asks again with the next `probe`, 1 to 255: the
    digest stays the same, the id moves.
    """
    digest = hmac.digest(secret, f"{channel.value}\0{canonical}".encode(), "sha256")
    source = hmac.digest(secret, digest + bytes([probe]), "sha256") if probe else digest
    return AddressKey(id=(int.from_bytes(source[:8]) >> 1) or 1, digest=digest)


def spaced(canonical: str) -> str:
    """Return an address as staff read it: `+44 7700 900142`; what is no phone number stays."""
    if not canonical.startswith("+"):
        return canonical
    try:
        number = phonenumbers.parse(canonical)
    except NumberParseException:  # A country code that was taken back since.
        return canonical
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)


def mask(channel: Channel, canonical: str) -> str:
    """Return an address as a public page may show it: `a•••@okafor.example`, `+44•••••142`.

    The number of dots never follows the length that they hide; an IDN domain is shown in its own
    letters.
    """
    if channel is Channel.EMAIL:
        local, _, domain = canonical.rpartition("@")
        return f"{local[0]}•••@{idna.decode(domain)}"
    if canonical.startswith("+"):
        return f"+{phonenumbers.parse(canonical).country_code}•••••{canonical[-3:]}"
    return f"{canonical.partition('.')[0]}.•••••{canonical[-3:]}"
