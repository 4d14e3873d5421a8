"""The nouns of consent as frozen values: no Django, no clock, no database.

Every enumeration that is stored carries a small integer ``code``; codes are part of the ledger's
canonical bytes and therefore never change their meaning.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, StrEnum
from typing import NamedTuple, Self

EXPLANATION_LIMIT = 2_000  # R12, characters
RELAY_AFTER_SECONDS = 600  # a person's word older than this was relayed, not spoken here
REPEAT_WINDOW_HOURS = 24  # R16
SINGLE_UNDO_HOURS = 24  # R23
JOB_UNDO_DAYS = 30  # R23


class Coded(str, Enum):
    """A string enumeration whose members also have a stable integer for storage."""

    code: int

    def __new__(cls, value: str, code: int = 0) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.code = code
        return member

    def __str__(self) -> str:
        return str(self._value_)

    __hash__ = str.__hash__  # Enum's own is a Python function; situations are hashed by the million

    @classmethod
    def from_code(cls, code: int) -> Self:
        """Return the member stored as ``code``; raises KeyError for an unknown one."""
        return cls._by_code()[code]

    @classmethod
    def _by_code(cls) -> dict[int, Self]:
        table = cls.__dict__.get("_codes_")
        if table is None:
            table = {member.code: member for member in cls}
            type.__setattr__(cls, "_codes_", table)
        return table


class Channel(Coded):
    EMAIL = "EMAIL", 1
    SMS = "SMS", 2
    WHATSAPP = "WHATSAPP", 3


class Status(Coded):
    """The status of one address for one type.

    For an opt-out of all UNSUBSCRIBED means "it stands" and SUBSCRIBED "it was lifted".
    """

    NOT_SPECIFIED = "NOT_SPECIFIED", 0
    SUBSCRIBED = "SUBSCRIBED", 1
    UNSUBSCRIBED = "UNSUBSCRIBED", 2


class Source(Coded):
    """Through which way a change came."""

    RECORD_PANEL = "RECORD_PANEL", 1
    BULK_EDIT = "BULK_EDIT", 2
    WORKFLOW = "WORKFLOW", 3
    IMPORT = "IMPORT", 4
    API_V3 = "API_V3", 5
    API_V4 = "API_V4", 6
    PREFERENCE_PAGE = "PREFERENCE_PAGE", 7
    ONE_CLICK = "ONE_CLICK", 8
    CONFIRMATION = "CONFIRMATION", 9
    SMS_KEYWORD = "SMS_KEYWORD", 10
    WHATSAPP = "WHATSAPP", 11
    PROVIDER_FEEDBACK = "PROVIDER_FEEDBACK", 12
    SYSTEM = "SYSTEM", 13


STAFF_SOURCES = frozenset({Source.RECORD_PANEL, Source.BULK_EDIT})
OURS_ONLY_SOURCES = frozenset({Source.RECORD_PANEL, Source.BULK_EDIT, Source.WORKFLOW})
OPT_OUT_ONLY_SOURCES = frozenset({Source.ONE_CLICK, Source.PROVIDER_FEEDBACK, Source.SYSTEM})


class ActorKind(Coded):
    PERSON = "PERSON", 1
    USER = "USER", 2
    WORKFLOW = "WORKFLOW", 3
    API_KEY = "API_KEY", 4
    PROVIDER = "PROVIDER", 5
    SYSTEM = "SYSTEM", 6


class LegalBasis(Coded):
    """Why we may communicate (hubspot.md section 3); PROCESS_AND_STORE never justifies it (R13)."""

    CONSENT_WITH_NOTICE = "CONSENT_WITH_NOTICE", 1
    LEGITIMATE_INTEREST_CLIENT = "LEGITIMATE_INTEREST_CLIENT", 2
    LEGITIMATE_INTEREST_PQL = "LEGITIMATE_INTEREST_PQL", 3
    LEGITIMATE_INTEREST_OTHER = "LEGITIMATE_INTEREST_OTHER", 4
    PERFORMANCE_OF_CONTRACT = "PERFORMANCE_OF_CONTRACT", 5
    NON_GDPR = "NON_GDPR", 6
    PROCESS_AND_STORE = "PROCESS_AND_STORE", 7


class Word(Coded):
    """Whose word a change is: the person's own, or ours (anyone else's)."""

    OWN = "OWN", 1
    OURS = "OURS", 2


class ScopeKind(Coded):
    TYPE = "TYPE", 1
    UNIT = "UNIT", 2
    ACCOUNT = "ACCOUNT", 3


class Scope(NamedTuple):
    """What a change is about: one subscription type, one business unit, or the whole account."""

    kind: ScopeKind
    id: int | None = None

    @property
    def is_wide(self) -> bool:
        return self.kind is not ScopeKind.TYPE


ACCOUNT = Scope(ScopeKind.ACCOUNT)


def type_scope(subscription_type_id: int) -> Scope:
    return Scope(ScopeKind.TYPE, subscription_type_id)


def unit_scope(business_unit_id: int) -> Scope:
    return Scope(ScopeKind.UNIT, business_unit_id)


class Act(Coded):
    """What a change does to a register."""

    STATE = "STATE", 1  # someone said a status
    UNDO = "UNDO", 2  # R23: the register gets its previous value back
    CORRECT = "CORRECT", 3  # R24: the same for an opt-out made by a machine
    REQUEST = "REQUEST", 4  # R14: asked to confirm; no register changes
    COMPLAIN = "COMPLAIN", 5  # R17: own opt-out of all, and a fact
    BOUNCE = "BOUNCE", 6  # R17: undeliverable from now on
    DELIVER = "DELIVER", 7  # R17: a bounce cleared
    ERASE = "ERASE", 8  # R18


class Privacy(Coded):
    """Data privacy settings of the account."""

    OFF = "OFF", 0
    ON = "ON", 1
    ENFORCED = "ENFORCED", 2


class Flag:
    """Bits of ``ConsentEvent.flags`` and of a person's register."""

    RELAYED = 1  # the person's opt-in was relayed, not spoken here
    SUSPECTED = 2  # R24: suspected automatic
    CONTRACT_FOR_MARKETING = 4  # R13
    REPEAT = 8  # R16: nothing changed, kept as proof
    OLDER = 16  # heard late: a newer word of the person stands
    OWN_STANDS = 32  # R10: ours lifted, theirs stands


class Register(NamedTuple):
    """What one side last said of one scope."""

    status: Status
    said_at: datetime
    event_id: int
    source: Source
    flags: int = 0
    names_event_id: int | None = None  # R4: the person's opt-out that a resubscribe names

    @property
    def is_relayed(self) -> bool:
        return bool(self.flags & Flag.RELAYED)


class Registers(NamedTuple):
    """The two registers of one scope: what the person last said, what anyone else last said."""

    own: Register | None = None
    ours: Register | None = None


NO_WORDS = Registers()


class State(NamedTuple):
    """All that is known of one address for one scope, its wider levels included."""

    type: Registers = NO_WORDS
    unit: Registers = NO_WORDS
    account: Registers = NO_WORDS


class Effective(NamedTuple):
    """The status that counts, the level that decided it and whose word that was.

    ``is_exception``: an opt-out of all stands, and this type is excepted from it (R11).
    """

    status: Status
    level: ScopeKind
    word: Word | None
    is_exception: bool = False


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and how far they reach. ``unit_ids`` counts only without ``all_units``."""

    kind: ActorKind
    id: int | None = None
    may_resubscribe: bool = False
    all_units: bool = True
    unit_ids: frozenset[int] = frozenset()

    def covers(self, business_unit_id: int | None) -> bool:
        """Tell whether the unit, or with None the whole account, is within reach."""
        return self.all_units or (
            business_unit_id is not None and business_unit_id in self.unit_ids
        )


PERSON = Actor(ActorKind.PERSON)
SYSTEM = Actor(ActorKind.SYSTEM)


class Frequency(StrEnum):
    """How often somebody wants a type at most, where it offers a choice; else it comes as it happens."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """What the rules need to know of a subscription type."""

    id: int
    business_unit_id: int
    channels: frozenset[Channel] = frozenset(Channel)
    is_service: bool = False
    is_internal: bool = False
    is_archived: bool = False
    double_opt_in: bool = False
    frequencies: tuple[Frequency, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """The account policy in force; events name its version."""

    version: int = 0
    privacy: Privacy = Privacy.ON
    only_person_resubscribes: bool = False  # R4, the strict switch
    channels: frozenset[Channel] = frozenset(Channel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is wanted, apart from the address it is wanted of.

    ``said_at``: when the person said it, for their own words only (None: now). Our words are said
    when they are decided; a time given with an import belongs in ``evidence``.
    ``lift``: also lift an opt-out of all that stands in the way, where R10 allows it.
    ``undoes``: the event to undo (R23) or to correct (R24).
    ``evidence``: pairs of name and text that can be erased later (IP, user agent, file row ...).
    Raises ValueError when its parts contradict each other; that is a mistake in the caller.
    """

    scope: Scope
    source: Source
    status: Status = Status.NOT_SPECIFIED
    act: Act = Act.STATE
    word: Word = Word.OURS
    said_at: datetime | None = None
    legal_basis: LegalBasis | None = None
    explanation: str = ""
    asked_on: date | None = None
    lift: bool = False
    is_opt_out_list: bool = False
    suspected: bool = False
    undoes: int | None = None
    job_id: int | None = None
    cause_id: int | None = None
    wording_id: int | None = None
    idempotency_key: str = ""
    evidence: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.word is Word.OWN and self.source in OURS_ONLY_SOURCES:
            raise ValueError(f"{self.source} is never the person's own word")
        if self.word is Word.OURS and self.said_at is not None:
            raise ValueError("our words are said when they are decided")
        if self.scope.is_wide and self.act is Act.STATE and self.status is Status.NOT_SPECIFIED:
            raise ValueError("an opt-out of all is set (UNSUBSCRIBED) or lifted (SUBSCRIBED)")
        if self.act in (Act.UNDO, Act.CORRECT) and self.undoes is None:
            raise ValueError("an undo names the event it undoes")
        if self.act is Act.COMPLAIN and not (
            self.scope.is_wide and self.word is Word.OWN and self.status is Status.UNSUBSCRIBED
        ):
            raise ValueError("a complaint is the person's own opt-out of all")


class Change(NamedTuple):
    """A wish about one address: what the door takes."""

    address_id: int
    wish: Wish


class Outcome(StrEnum):
    APPLY = "apply"
    NO_CHANGE = "no_change"
    CONFIRM_FIRST = "confirm_first"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules say of a change.

    ``rule``: R-number that decided; ``reason``: a code worded in ``preferences/wording.py``.
    ``fields``: names of the missing or wrong fields ("legal_basis", "explanation", "asked_on").
    ``offers_link``: the person can still do it themself through a link.
    ``register``: which register the event writes (None: it writes none).
    ``names_own``: the event names the person's standing opt-out (R4).
    ``lifts``: opt-outs of all that are lifted with it (R9), widest first.
    ``flags``: bits of ``Flag`` for the event.
    """

    outcome: Outcome
    rule: str
    reason: str
    fields: tuple[str, ...] = ()
    offers_link: bool = False
    register: Word | None = None
    names_own: bool = False
    lifts: tuple[ScopeKind, ...] = ()
    flags: int = 0


class Result(NamedTuple):
    """What became of one change. ``event_id`` is None where nothing was written.

    ``lifted_event_ids``: the events of opt-outs of all that were lifted with it (R9).
    """

    change: Change
    decision: Decision
    before: Status
    after: Status
    event_id: int | None = None
    lifted_event_ids: tuple[int, ...] = ()

    @property
    def is_applied(self) -> bool:
        return self.decision.outcome is Outcome.APPLY
