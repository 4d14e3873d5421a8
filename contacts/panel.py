"""What the subscriptions panel is made of: rows, groups and opt-outs of all, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from preferences import wording
from preferences.event_lines import EventLine, Request
from preferences.models import Address
from preferences.outline import TypeLine, UnitLine
from preferences.values import (
    ACCOUNT,
    ActorKind,
    Channel,
    Effective,
    Frequency,
    LegalBasis,
    Scope,
    ScopeKind,
    Source,
    Status,
    Word,
    unit_scope,
)

CHANNEL_ICONS = {Channel.EMAIL: "mail", Channel.SMS: "sms", Channel.WHATSAPP: "chat"}
IN, OUT, NONE = Status.SUBSCRIBED, Status.UNSUBSCRIBED, Status.NOT_SPECIFIED


@dataclass(frozen=True, slots=True)
class Said:
    """Who said something, when and through which way: the line under every status.

    ``who`` is a name of staff, or "" for the person and for programs (see ``actor_kind``).
    """

    word: Word
    said_at: datetime
    source: Source
    event_id: int
    actor_kind: ActorKind | None = None
    who: str = ""
    is_you: bool = False
    legal_basis: LegalBasis | None = None
    is_suspected: bool = False

    @property
    def is_own(self) -> bool:
        return self.word is Word.OWN

    @property
    def way(self) -> str:
        return str(wording.SOURCES[self.source])

    @property
    def by(self) -> str:
        """Return whose word it was, in the words of the row: "Own choice", "By Tom Birch"."""
        if self.is_own:
            return _("Own choice")
        if self.is_you:
            return _("By you")
        if self.who:
            return _("By %(name)s") % {"name": self.who}
        return str(wording.ACTOR_KINDS[self.actor_kind or ActorKind.SYSTEM])


@dataclass(frozen=True, slots=True)
class Row:
    """One type on one address.

    ``said`` decided the status; None when nobody spoke. ``level`` tells at which level: an opt-out
    of all outranks the type. ``undo_id`` is the event that staff may still take back (R23).
    ``frequency``: how often the person wants it at most, where the type offers a choice.
    """

    address: Address
    type: TypeLine
    effective: Effective
    said: Said | None = None
    pending: Request | None = None
    asked_by: str = ""
    undo_id: int | None = None
    frequency: Frequency | None = None

    @property
    def key(self) -> str:
        return f"{self.address.pk}-{self.type.id}"

    @property
    def status(self) -> Status:
        return self.effective.status

    @property
    def pill(self) -> str:
        if self.type.is_service:
            return "ALWAYS_SENT"
        if self.pending is not None and self.status is NONE:
            return "AWAITING"
        return self.status.name

    @property
    def is_closed(self) -> bool:
        """Tell whether nobody can opt in to this type on this address (R15)."""
        offered = self.address.channel_value in self.type.channels
        is_open = self.type.is_open and not (self.type.is_internal or self.type.is_service)
        return not (is_open and offered)

    @property
    def is_by_opt_out_of_all(self) -> bool:
        return self.status is OUT and self.effective.level is not ScopeKind.TYPE

    @property
    def level_words(self) -> str:
        """Return which opt-out of all decided: the unit's or the account's."""
        is_account = self.effective.level is ScopeKind.ACCOUNT
        return _("Unsubscribed from everything") if is_account else _("Unsubscribed from all")

    @property
    def way(self) -> str:
        """Return the way it came; under an opt-out of all, that it was one."""
        if self.is_by_opt_out_of_all:
            return self.level_words
        return self.said.way if self.said else ""

    @property
    def is_flagged_contract(self) -> bool:
        """Tell whether a marketing type is sent on the ground of a contract (R13)."""
        said = self.said
        is_contract = said and said.legal_basis is LegalBasis.PERFORMANCE_OF_CONTRACT
        return bool(is_contract and self.status is IN)

    @property
    def can_subscribe(self) -> bool:
        return self.status is NONE and not self.is_closed and self.pill != "AWAITING"

    @property
    def can_resubscribe(self) -> bool:
        return self.status is OUT and not self.is_closed

    @property
    def can_unsubscribe(self) -> bool:
        return self.status is not OUT and not self.type.is_service


@dataclass(frozen=True, slots=True)
class OptOutOfAll:
    """An opt-out of all that stands on one address.

    ``exceptions``: the types the person came back to (R11). ``own_also``: ours and theirs both
    stand, so lifting ours leaves theirs (R10). ``can_lift`` is whether lifting may be offered.
    """

    address: Address
    unit: UnitLine | None
    said: Said
    exceptions: tuple[TypeLine, ...] = ()
    own_also: bool = False
    can_lift: bool = False
    undo_id: int | None = None

    @property
    def scope(self) -> Scope:
        return ACCOUNT if self.unit is None else unit_scope(self.unit.id)

    @property
    def key(self) -> str:
        return f"{self.address.pk}-{self.unit.id if self.unit else 'all'}"

    @property
    def place(self) -> str:
        """Return what was left: "Larkhill Stays, Email"."""
        unit = self.unit.name if self.unit else _("Every business unit")
        return f"{unit}, {wording.CHANNELS[self.address.channel_value]}"

    @property
    def pill_words(self) -> str:
        """Return "Unsubscribed from all", or with exceptions "... all but Product news"."""
        if not self.exceptions:
            return _("Unsubscribed from all")
        names = ", ".join(kind.name for kind in self.exceptions)
        return _("Unsubscribed from all but %(names)s") % {"names": names}

    @property
    def short_words(self) -> str:
        """Return what fits into the card's pill: exceptions as a number."""
        count = len(self.exceptions)
        if not count:
            return self.pill_words
        words = ngettext(
            "Unsubscribed from all but %(count)s type",
            "Unsubscribed from all but %(count)s types",
            count,
        )
        return words % {"count": count}

    @property
    def title(self) -> str:
        return f"{self.pill_words}: {self.place}"


@dataclass(frozen=True, slots=True)
class AddressGroup:
    """The rows of one address within one unit. ``paused_until``: the person wants nothing till then."""

    address: Address
    is_alone: bool
    is_primary: bool
    rows: list[Row] = field(default_factory=list)
    opt_out: OptOutOfAll | None = None
    paused_until: datetime | None = None

    @property
    def icon(self) -> str:
        return CHANNEL_ICONS[self.address.channel_value]

    @property
    def channel_label(self) -> str:
        return str(wording.CHANNELS[self.address.channel_value])


@dataclass(frozen=True, slots=True)
class UnitGroup:
    unit: UnitLine
    groups: list[AddressGroup]

    @property
    def choices(self) -> list[Row]:
        return [row for group in self.groups for row in group.rows if not row.type.is_service]

    @property
    def in_count(self) -> int:
        return sum(row.status is IN for row in self.choices)

    @property
    def opt_outs(self) -> list[OptOutOfAll]:
        return [group.opt_out for group in self.groups if group.opt_out]


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Everything the panel and the card show. ``addresses``: the primary of each channel first.

    ``events``: those behind the statuses, and what else was asked for, by id.
    """

    addresses: Sequence[Address]
    units: list[UnitGroup]
    account: list[OptOutOfAll]
    events: Mapping[int, EventLine]

    @property
    def rows(self) -> list[Row]:
        return [row for unit in self.units for group in unit.groups for row in group.rows]

    @property
    def channels(self) -> list[tuple[str, str]]:
        found = {a.channel_value for a in self.addresses}
        return [(c.value, str(wording.CHANNELS[c])) for c in Channel if c in found]

    @property
    def opt_outs(self) -> list[OptOutOfAll]:
        return self.account + [opt_out for unit in self.units for opt_out in unit.opt_outs]

    def find_row(self, address_id: int, type_id: int) -> Row | None:
        found = (r for r in self.rows if r.address.pk == address_id and r.type.id == type_id)
        return next(found, None)

    def narrowed(self, *, unit_id: int | None, channel: Channel | None) -> list[UnitGroup]:
        """Return the units and addresses that the drop-downs above the list ask for."""
        units = [unit for unit in self.units if unit_id in (None, unit.unit.id)]
        if channel is None:
            return units
        kept = [
            UnitGroup(u.unit, [g for g in u.groups if g.address.channel_value is channel])
            for u in units
        ]
        return [unit for unit in kept if unit.groups]

    def card_lines(self) -> list["CardLine"]:
        """Return one line per address: how many types are opted in."""
        lines = []
        choices = [row for unit in self.units for row in unit.choices]
        for address in self.addresses:
            rows = [row for row in choices if row.address.pk == address.pk]
            channel = address.channel_value
            is_alone = sum(a.channel == address.channel for a in self.addresses) == 1
            in_count = sum(row.status is IN for row in rows)
            is_untouched = all(row.status is NONE for row in rows)
            lines.append(CardLine(address, channel, is_alone, in_count, len(rows), is_untouched))
        return lines


@dataclass(frozen=True, slots=True)
class CardLine:
    address: Address
    channel: Channel
    is_alone: bool
    in_count: int
    count: int
    is_untouched: bool

    @property
    def icon(self) -> str:
        return CHANNEL_ICONS[self.channel]

    @property
    def channel_label(self) -> str:
        return str(wording.CHANNELS[self.channel])

    @property
    def bar(self) -> str:
        """Return the width of the bar in the 56 wide drawing."""
        return f"{56 * self.in_count / self.count:.1f}" if self.count else "0"
