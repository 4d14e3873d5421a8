"""The history of a contact's addresses as a timeline and as a file: shaping of ledger events."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import User
from contacts.event_facts import Fact, facts_of
from preferences import wording
from preferences.event_lines import EventLine, WordingLine
from preferences.models import Address
from preferences.suspicion import BURST_KEY, REASONS_KEY
from preferences.values import (
    Act,
    ActorKind,
    Channel,
    Flag,
    LegalBasis,
    ScopeKind,
    Source,
    Status,
    Word,
)
from preferences.verification import Problem, verify_events

# What to show -> the icon and tone of its entries are chosen by status, see ``Entry.look``.
KINDS = {
    "": pgettext_lazy("history", "Every change"),
    "opt_ins": gettext_lazy("Opt-ins"),
    "opt_outs": gettext_lazy("Opt-outs"),
    "opt_outs_of_all": gettext_lazy("Unsubscribed from all"),
    "confirmations": gettext_lazy("Confirmations"),
    "undone": gettext_lazy("Undone and corrected"),
    "delivery": gettext_lazy("Delivery and complaints"),
}
PERIODS = {
    "": gettext_lazy("All time"),
    "30": gettext_lazy("Last 30 days"),
    "365": gettext_lazy("Last 12 months"),
}
NOTES = {
    Flag.RELAYED: gettext_lazy("Passed on to us, not said here"),
    Flag.SUSPECTED: gettext_lazy("Suspected automatic"),
    Flag.CONTRACT_FOR_MARKETING: gettext_lazy("Performance of a contract, for a marketing type"),
    Flag.REPEAT: gettext_lazy("Said again; nothing changed"),
    Flag.OLDER: gettext_lazy("Heard late; something newer counts"),
    Flag.OWN_STANDS: gettext_lazy("Their own opt-out still stands"),
}
DETAILS = {
    "ip": gettext_lazy("IP address"),
    "user_agent": gettext_lazy("Device"),
    "reason": gettext_lazy("Reason given"),
    "prefetch": gettext_lazy("Prefetch headers"),
    "seconds": gettext_lazy("Seconds on the page"),
    "language": gettext_lazy("Language of the page"),
    BURST_KEY: gettext_lazy("Burst"),
}
FINDINGS = {
    Problem.ALTERED: gettext_lazy("An entry was altered after it was written"),
    Problem.MISSING: gettext_lazy("An entry is missing"),
    Problem.EVIDENCE_ALTERED: gettext_lazy("The evidence of an entry was altered"),
    Problem.WORDING_ALTERED: gettext_lazy("The wording of an entry was altered"),
}
LOOKS = {
    Status.SUBSCRIBED: ("in", "check"),
    Status.UNSUBSCRIBED: ("out", "x"),
    Status.NOT_SPECIFIED: ("", "dash"),
}
ACT_LOOKS = {
    Act.UNDO: ("", "undo"),
    Act.CORRECT: ("", "undo"),
    Act.REQUEST: ("wait", "send"),
    Act.COMPLAIN: ("out", "ban"),
    Act.BOUNCE: ("hold", "alert"),
    Act.DELIVER: ("in", "check"),
    Act.ERASE: ("hold", "trash"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as staff read it. ``sees_evidence``: also IP, device and what else was kept.

    ``address_text`` is the address as staff read it, written once for all entries about it.
    """

    event: EventLine
    address: Address
    address_text: str
    is_you: bool
    sees_evidence: bool

    @property
    def act(self) -> Act:
        return Act.from_code(self.event.act)

    @property
    def status(self) -> Status:
        return Status.from_code(self.event.status)

    @property
    def look(self) -> tuple[str, str]:
        """Return tone and icon."""
        if self.act in ACT_LOOKS:
            return ACT_LOOKS[self.act]
        if self.is_wide and self.status is Status.UNSUBSCRIBED:
            return "out", "ban"
        return LOOKS[self.status]

    @property
    def tone(self) -> str:
        return self.look[0]

    @property
    def icon(self) -> str:
        return self.look[1]

    @property
    def is_wide(self) -> bool:
        return self.event.scope != ScopeKind.TYPE.code

    @property
    def channel(self) -> Channel:
        return self.address.channel_value

    @property
    def subject(self) -> str:
        """Return what it is about: "Product news (SMS)", "all Larkhill Stays email"."""
        channel = str(wording.CHANNELS[self.channel])
        if not self.is_wide:
            name = self.event.type_name
            return name if self.channel is Channel.EMAIL else f"{name} ({channel})"
        place = self.event.unit_name or _("every business unit")
        return _("all messages of %(unit)s (%(channel)s)") % {"unit": place, "channel": channel}

    @property
    def title(self) -> str:
        words = _title_words(self.act, self.status, is_wide=self.is_wide)
        return words % {"subject": self.subject, "address": self.address_text}

    @property
    def by(self) -> str:
        if self.event.word == Word.OWN.code:
            return _("Own choice")
        if self.is_you:
            return _("You")
        kind = ActorKind.from_code(self.event.actor_kind)
        return self.event.staff_name or str(wording.ACTOR_KINDS[kind])

    @property
    def way(self) -> str:
        return str(wording.SOURCES[Source.from_code(self.event.source)])

    @property
    def before(self) -> str:
        return self._status_words(self.event.before)

    @property
    def after(self) -> str:
        return self._status_words(self.event.after)

    @property
    def is_change(self) -> bool:
        return self.event.before != self.event.after

    def _status_words(self, code: int) -> str:
        status = Status.from_code(code)
        if not self.is_wide:
            return str(wording.STATUSES[status])
        is_out = status is Status.UNSUBSCRIBED
        return _("Unsubscribed from all") if is_out else _("Not unsubscribed from all")

    @property
    def is_said_earlier(self) -> bool:
        return self.event.said_at != self.event.recorded_at

    @property
    def legal_basis(self) -> str:
        code = self.event.legal_basis
        return str(wording.LEGAL_BASES[LegalBasis.from_code(code)]) if code else ""

    @property
    def details(self) -> list[tuple[str, str]]:
        """Return the rest of the evidence, for those who may see the ledger."""
        kept = self.event.details if self.sees_evidence else {}
        return [
            (str(DETAILS.get(key, key)), str(value))
            for key, value in kept.items()
            if key != REASONS_KEY  # a note says it in words
        ]

    @property
    def facts(self) -> list[Fact]:
        return list(facts_of(self))

    @property
    def notes(self) -> list[str]:
        flags = self.event.flags
        notes = [str(words) for flag, words in NOTES.items() if flags & flag]
        if flags & Flag.SUSPECTED and self.suspicions:
            label = str(NOTES[Flag.SUSPECTED])
            notes[notes.index(label)] = f"{label}: {', '.join(self.suspicions)}"
        return notes

    @property
    def suspicions(self) -> list[str]:
        """Return why it looks automatic (R24), in words."""
        return wording.suspicions_of(self.event.details)

    @property
    def number(self) -> str:
        digest = bytes(self.event.digest).hex()
        return f"{digest[:4]}…{digest[-4:]}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What checking every entry of some addresses found, and when; "" when all are intact."""

    words: str
    event_id: int | None
    at: datetime


def verify_history(addresses: Iterable[Address], *, now: datetime) -> Verification:
    """Recompute every entry and its evidence."""
    finding = verify_events([address.pk for address in addresses])
    if finding is None:
        return Verification("", None, now)
    words = FINDINGS.get(finding.problem, FINDINGS[Problem.ALTERED])
    return Verification(str(words), finding.event_id, now)


@dataclass(frozen=True, slots=True)
class Month:
    """Entries under one separator of the timeline. ``is_begun``: its heading is shown already."""

    title: str
    entries: list[Entry]
    is_begun: bool = False


def entries_of(
    events: Iterable[EventLine],
    addresses: Iterable[Address],
    *,
    user: User,
    sees_evidence: bool,
) -> list[Entry]:
    """Return events of these addresses as staff read them."""
    known = {address.pk: (address, address.display) for address in addresses}
    return [
        Entry(event, *known[event.address_id], event.is_by(user), sees_evidence) for event in events
    ]


def months_of(entries: Iterable[Entry], *, begun: str = "") -> list[Month]:
    """Return entries under the months they were recorded in; ``begun``: the month above them."""
    months: list[Month] = []
    for entry in entries:
        title = capfirst(format_date(timezone.localtime(entry.event.recorded_at), "F Y"))
        if not months or months[-1].title != title:
            months.append(Month(title, [], is_begun=not months and title == begun))
        months[-1].entries.append(entry)
    return months


ACT_TITLES = {
    Act.UNDO: gettext_lazy("Undone: %(subject)s"),
    Act.CORRECT: gettext_lazy("Automatic opt-out given back: %(subject)s"),
    Act.REQUEST: gettext_lazy("Asked to confirm: %(subject)s"),
    Act.COMPLAIN: gettext_lazy("Marked as spam, unsubscribed from %(subject)s"),
    Act.BOUNCE: gettext_lazy("Undeliverable: %(address)s"),
    Act.DELIVER: gettext_lazy("Deliverable again: %(address)s"),
    Act.ERASE: gettext_lazy("Data erased"),
}


def _title_words(act: Act, status: Status, *, is_wide: bool) -> str:
    if act in ACT_TITLES:
        return str(ACT_TITLES[act])
    if is_wide:
        is_out = status is Status.UNSUBSCRIBED
        return _("Unsubscribed from %(subject)s") if is_out else _("Lifted: %(subject)s")
    if status is Status.NOT_SPECIFIED:
        return _("Not opted: %(subject)s")
    is_in = status is Status.SUBSCRIBED
    return _("Opted in: %(subject)s") if is_in else _("Opted out: %(subject)s")


# --- as a file ---

CSV_COLUMNS = (
    "entry",
    "recorded_at",
    "said_at",
    "channel",
    "address",
    "business_unit",
    "subscription_type",
    "act",
    "status",
    "before",
    "after",
    "whose_word",
    "source",
    "actor",
    "rule",
    "legal_basis",
    "explanation",
    "asked_on",
    "notes",
    "evidence",
    "wording",
    "wording_digest",
    "wording_text",
    "evidence_digest",
    "digest",
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_rows(entries: Iterable[Entry]) -> Iterator[list[str]]:
    """Yield the rows of the file: codes and exact times, for proof and for programs."""
    yield list(CSV_COLUMNS)
    for entry in entries:
        yield [safe_cell(value) for value in _csv_values(entry)]


def safe_cell(value: object) -> str:
    """Return a cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _csv_values(entry: Entry) -> tuple[object, ...]:
    event = entry.event
    basis = LegalBasis.from_code(event.legal_basis) if event.legal_basis else ""
    return (
        event.id,
        _instant(event.recorded_at),
        _instant(event.said_at),
        entry.channel,
        entry.address,
        event.unit_name or "*",
        event.type_name or "*",
        entry.act,
        entry.status,
        Status.from_code(event.before),
        Status.from_code(event.after),
        Word.from_code(event.word),
        Source.from_code(event.source),
        event.staff_name or ActorKind.from_code(event.actor_kind),
        f"R{event.rule}",
        basis,
        "(erased)" if event.erased_at else event.explanation,
        event.asked_on,
        "; ".join(entry.notes),
        "; ".join(f"{name}: {value}" for name, value in entry.details),
        _wording_label(event.wording),
        event.wording.digest if event.wording else "",
        event.wording.text if event.wording else "",
        bytes(event.evidence_digest).hex() if event.evidence_digest else "",
        bytes(event.digest).hex(),
    )


def _wording_label(wording: WordingLine | None) -> str:
    return f"{wording.kind} {wording.language} v{wording.version}" if wording else ""


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
