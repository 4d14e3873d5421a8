"""What a contact is made of, as values: no Django, no database."""

import unicodedata
from collections.abc import Iterable
from enum import StrEnum

from preferences.values import LegalBasis

# The bases for processing a contact's data in the order screens show them; the bit is code - 1.
PROCESSING_BASES: tuple[LegalBasis, ...] = (
    LegalBasis.CONSENT_WITH_NOTICE,
    LegalBasis.LEGITIMATE_INTEREST_CLIENT,
    LegalBasis.LEGITIMATE_INTEREST_PQL,
    LegalBasis.LEGITIMATE_INTEREST_OTHER,
    LegalBasis.PERFORMANCE_OF_CONTRACT,
    LegalBasis.NON_GDPR,
)
ALL_PROCESSING_BITS = (1 << len(PROCESSING_BASES)) - 1

# Letters that Unicode does not take apart into a base letter and a mark.
_WHOLE_LETTERS = str.maketrans("łøđħıŧ", "lodhit")


class LifecycleStage(StrEnum):
    SUBSCRIBER = "subscriber"
    LEAD = "lead"
    MARKETING_QUALIFIED = "marketingqualifiedlead"
    SALES_QUALIFIED = "salesqualifiedlead"
    OPPORTUNITY = "opportunity"
    CUSTOMER = "customer"
    EVANGELIST = "evangelist"
    OTHER = "other"


class PropertyKind(StrEnum):
    """What a custom property holds. Stored in ``Contact.properties`` as JSON: dates as ISO text."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    YES_NO = "yes_no"


def bits_of(bases: Iterable[LegalBasis]) -> int:
    """Return several bases for processing as one small integer."""
    bits = 0
    for basis in bases:
        if basis not in PROCESSING_BASES:
            raise ValueError(f"{basis} is no basis for processing a contact's data")
        bits |= 1 << (basis.code - 1)
    return bits


def bases_of(bits: int) -> tuple[LegalBasis, ...]:
    """Return the bases for processing that a small integer stands for, in the order of screens."""
    return tuple(basis for basis in PROCESSING_BASES if bits >> (basis.code - 1) & 1)


def fold(text: str) -> str:
    """Return text as search and sorting see it: lower case, no accents, single spaces.

    "Żółć" and "zolc" fold to the same; scripts without accents stay as they are.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    parts = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in parts if not unicodedata.combining(c)).translate(_WHOLE_LETTERS)
    return " ".join(unicodedata.normalize("NFC", plain).split())


def search_text_of(words: Iterable[str]) -> str:
    """Return what a search looks into; every word follows a space, so "% li%" finds beginnings."""
    return "".join(f" {folded}" for folded in map(fold, words) if folded)


def unit_key_of(unit_ids: Iterable[int]) -> str:
    """Return the name of a set of business units: "1,4"; the empty set is ""."""
    return ",".join(str(unit_id) for unit_id in sorted(set(unit_ids)))


def unit_ids_of(key: str) -> tuple[int, ...]:
    """Return the business units of a set by its name."""
    return tuple(int(part) for part in key.split(",")) if key else ()
