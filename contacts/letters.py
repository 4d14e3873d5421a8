"""Which letters lead a search: those that few people have.

The index of letters (``contact_search``) keeps a list of people for every three letters in a row. Where
addresses are alike ("person77777@mail1.example") some lists are as long as the table, and a search for a
whole word reads them all. So the index is asked for the part of the word without these, and the whole
word is compared with whom it finds.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping

from django.core.cache import cache
from django.db.models import Q, TextField, Value
from django.db.models.functions import Concat
from django.db.models.lookups import Contains

from contacts.models import Contact
from preferences.bulk_sql import ids_match, ids_parameter, is_postgresql, run_prepared

SAMPLE = 1_024  # texts that are looked at
COMMON = (
    10  # of whose letters so many have that it is dearer to read them all than to walk to a page
)
LONG = 64  # of whose letters so many have that the index is not asked for them
CONTAINS = "search_text__contains"
KEPT = "letters"
KEPT_SECONDS = 3_600
_NOTHING = Value("", TextField())
_TABLE = Contact._meta.db_table
_ENDS = f"SELECT min(id), max(id) FROM {_TABLE}"  # both from the index
_TEXTS = f"SELECT search_text FROM {_TABLE} WHERE {ids_match('id')} AND deleted_at IS NULL"


def leads(word: str) -> bool:
    """Tell whether few people have some of the letters of a folded word, so that the index finds them."""
    common = _common() if is_postgresql() else {}
    return is_postgresql() and any(window not in common for window in _windows(_indexed(word)))


def indexed(word: str) -> Q:
    """Return who has the word in their ``search_text``, found by the index."""
    part = _indexed(word)
    found = narrowed(word)
    return found if part == word else found & unindexed(word)


def narrowed(word: str) -> Q:
    """Return all who have the word, found by the index, and others."""
    return Q((CONTAINS, _indexed(word)))


def _indexed(word: str) -> str:
    """Return the longest part of a word without letters whose list is long; all of it if there is none."""
    common = _common() if is_postgresql() else {}
    parts, start = list[str](), 0
    for place in range(len(word) - 2):
        if common.get(word[place : place + 3], 0) >= LONG:
            parts.append(word[start : place + 2])
            start = place + 1
    parts.append(word[start:])
    return max([part for part in parts if any(_windows(part))], key=len, default=word)


def unindexed(word: str) -> Q:
    """Return the same for who asks one contact after the other: out of the sight of the index."""
    return Q(Contains(Concat("search_text", _NOTHING), word))


def ends() -> tuple[int, int]:
    """Return the first id of all contacts, and how many there could be from it to the last one."""
    [(low, high)] = run_prepared(_ENDS, [])
    return low or 0, (high or 0) - (low or 0) + 1


def _common() -> Mapping[str, int]:
    """Return three letters in a row that are common, and how many have them; from a while ago."""
    found: Mapping[str, int] | None = cache.get(KEPT)
    if found is None:
        found = _counted()
        cache.set(KEPT, found, KEPT_SECONDS)
    return found


def _counted() -> Mapping[str, int]:
    first, span = ends()
    chosen = random.Random(span).sample(range(first, first + span), min(span, SAMPLE))  # noqa: S311
    texts = run_prepared(_TEXTS, [ids_parameter(chosen)])
    counts = Counter(window for (text,) in texts for window in set(_windows(text)))
    return {window: count for window, count in counts.items() if count >= COMMON}


def _windows(text: str) -> Iterator[str]:
    """Yield three letters in a row, as the index has them; of the beginning of a word two and a space."""
    return (window for n in range(len(text) - 2) if _is_kept(window := text[n : n + 3]))


def _is_kept(window: str) -> bool:
    return len(window) == 3 and (window[1:] if window[0] == " " else window).isalnum()
