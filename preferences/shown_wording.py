"""The texts people saw when they decided: kept once, named by the events they led to.

Whoever shows a person a choice (a page, a form, a mail) puts the text together as the person reads
it, asks ``shown_wording`` for its id, and names that in the ``Wish``. Personal data stays out of it:
an address, a name or a link is written as ``{address}``, ``{name}``, ``{link}``.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Max
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from preferences import seal
from preferences.models import Wording

# What a wording belongs to; anything else a colleague writes shows its own name.
WORDING_KINDS: Mapping[str, Promise] = {
    "preference_page": _("Preference page"),
    "unsubscribe_page": _("Unsubscribe page"),
    "one_click": _("One-click header"),
    "confirm_page": _("Confirmation page"),
    "confirm_mail": _("Confirmation mail"),
}
_MEMORY = 4_096  # ids of texts known to be stored; wordings are few, and never deleted
_stored: set[int] = set()


def shown_wording(*, kind: str, language: str, text: str, now: datetime) -> int:
    """Return the id of this text, storing it as the next version when it is new.

    Safe when many do so at once: they get one version. Costs no query for a text that this process
    has seen before, one for a text that is stored. Call it before the door locks addresses.
    """
    digest = seal.wording_digest(kind, language, text)
    found = seal.wording_id(digest)
    if found in _stored:
        return found
    while not Wording.objects.filter(pk=found).exists():
        _store(Wording(id=found, kind=kind, language=language, text=text, digest=digest), now)
    if not connection.in_atomic_block:  # what may be rolled back is not remembered
        if len(_stored) >= _MEMORY:
            _stored.clear()
        _stored.add(found)
    return found


def _store(wording: Wording, now: datetime) -> None:
    """Insert it under the next number, unless somebody else did or took that number first."""
    with transaction.atomic():
        if Wording.objects.filter(pk=wording.pk).exists():
            return
        versions = Wording.objects.filter(kind=wording.kind, language=wording.language)
        last = versions.aggregate(last=Max("version"))["last"] or 0
        wording.version, wording.created_at = last + 1, now
        Wording.objects.bulk_create([wording], ignore_conflicts=True)


def forget_stored() -> None:
    """Forget which texts are stored: for tests, whose databases are emptied."""
    _stored.clear()
