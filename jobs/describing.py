"""What a job says of itself on screens. The kind of the job knows the words; screens only lay them out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from jobs.kinds import UnknownKind, get_kind
from jobs.models import Job
from subscriptions_site.templatetags.ui import number

type Words = str | Promise
SHOWN_NAMES = 3
REFUSED = "refused "  # begins the keys of counts that tell why


class Outcome(NamedTuple):
    """One way an item may have gone. ``name``: its key in ``JobChunk.item_counts``.

    ``tone``: "in", "out", "none" or "wait"; ``before``: the words while the job is under way.
    ``part`` is the key of those that went so in part, and ``part_label`` the words for them;
    ``is_rare``: not worth showing when nobody went so.
    """

    name: str
    tone: str
    label: Words
    before: Words = ""
    part: str = ""
    part_label: Words = ""
    is_rare: bool = False


class ItemWords(NamedTuple):
    """What screens say of the items of a job. The sentences take ``done`` and ``total``."""

    meter: Words = gettext_lazy("Contacts done")
    so_far: Words = gettext_lazy("%(done)s of %(total)s contacts done")
    failed: Words = gettext_lazy("%(done)s of %(total)s contacts were done before.")
    cancelled: Words = gettext_lazy(
        "Cancelled after %(done)s of %(total)s contacts. What was done stays done."
    )

    def counted(self, done: int, total: int) -> "ItemWords":
        """Return the words with the numbers in them."""
        numbers = {"done": number(done), "total": number(total)}
        return ItemWords(*(str(words) % numbers for words in self))


class File(NamedTuple):
    """Something to download. ``url_name`` takes the job's id."""

    url_name: str
    label: Words


@dataclass(frozen=True, slots=True)
class EffectLine:
    """One line of what a job would do now."""

    tone: str
    count: int
    words: Words
    why: Words = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a job would do now, counted for ``seen`` of its ``total`` items and scaled up."""

    lines: Sequence[EffectLine]
    seen: int
    total: int

    @property
    def is_about(self) -> bool:
        return self.seen < self.total


class Description(NamedTuple):
    """``facts``: label and value of what was asked for, plain text.

    ``reason_words`` tells what a key "refused REASON" of the counts means, ``summary`` what came of it
    all. ``refusals``: the name of the URL that lists whom the job left as they were. ``items``: the
    words for items that are no contacts.
    """

    facts: Sequence[tuple[Words, Words]] = ()
    outcomes: Sequence[Outcome] = ()
    files: Sequence[File] = ()
    reason_words: Callable[[str], str] = str
    summary: Callable[[Mapping[str, int]], str] | None = None
    refusals: str = ""
    items: ItemWords = ItemWords()


def title_of(job: Job) -> str:
    """Return what the job does, in one line; needs no query."""
    try:
        kind = get_kind(job.kind)
    except UnknownKind:
        return _("Job %(number)s") % {"number": job.pk}
    return kind.title(job) if kind.title else str(kind.label)


def description_of(job: Job) -> Description:
    """Return what was asked for and how to call what came of it."""
    try:
        kind = get_kind(job.kind)
    except UnknownKind:
        return Description()
    return kind.describe(job) if kind.describe else Description()


def effect_of(job: Job, *, now: datetime) -> Effect | None:
    """Return what a job that waits would do now; None for kinds that cannot tell."""
    try:
        kind = get_kind(job.kind)
    except UnknownKind:
        return None
    return kind.effect(job, now) if kind.effect else None


@dataclass(frozen=True, slots=True)
class Result:
    """An outcome with how many items went so, and how many of these in part."""

    outcome: Outcome
    count: int
    part_count: int


def results_of(description: Description, counts: Mapping[str, int]) -> list[Result]:
    """Return what to show of the counts of a job, in the order of its kind."""
    results = [
        Result(outcome, counts.get(outcome.name, 0), counts.get(outcome.part, 0))
        for outcome in description.outcomes
    ]
    return [result for result in results if result.count or not result.outcome.is_rare]


def reasons_of(description: Description, counts: Mapping[str, int]) -> list[tuple[str, str, int]]:
    """Return key, words and number of each reason for a refusal, the most frequent first."""
    found = [(key, count) for key, count in counts.items() if key.startswith(REFUSED)]
    found.sort(key=lambda pair: (-pair[1], pair[0]))
    return [
        (key.removeprefix(REFUSED), description.reason_words(key), count) for key, count in found
    ]


def names_of(users: Sequence[User]) -> str:
    """Return "Ruth Adeyemi, Tom Birch, Ellie Marsh and 2 more", "" for nobody."""
    shown, more = ", ".join(map(str, users[:SHOWN_NAMES])), len(users) - SHOWN_NAMES
    if more <= 0:
        return shown
    words = ngettext("%(names)s and %(count)s more", "%(names)s and %(count)s more", more)
    return words % {"names": shown, "count": more}


def may_be_undone(job: Job) -> bool:
    """Tell whether there is a kind that undoes this one, and something it may undo."""
    try:
        kind = get_kind(job.kind)
    except UnknownKind:
        return False
    return bool(kind.undo_kind) and (job.is_over or job.state == Job.State.FAILED)
