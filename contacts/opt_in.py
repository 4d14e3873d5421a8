"""What the dialogs of Subscribe and Resubscribe show: what the rules will ask for, before it is sent.

The rules are asked by a preview of the same change without grounds: fields they find missing are the
fields to fill in, and a refusal without fields is final and said at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contacts.consents import preview_opt_in
from contacts.panel import OptOutOfAll, Row, Subscriptions
from preferences.handing import why_not
from preferences.models import Address
from preferences.terms import current_terms
from preferences.values import Actor, Channel, Decision, Outcome
from preferences.wording import CHANNELS, words_for


@dataclass(frozen=True, slots=True)
class Option:
    """One type in the list. ``refusal``: why it cannot be chosen, "" when it can."""

    row: Row
    decision: Decision

    @property
    def is_refused(self) -> bool:
        return self.decision.outcome is Outcome.REFUSE and not self.decision.fields

    @property
    def refusal(self) -> str:
        return words_for(self.decision) if self.is_refused else ""


@dataclass(frozen=True, slots=True)
class OptInDialog:
    """``clicked``: the row it was opened from; None when that row is of no concern any more.

    ``moved``: that row, when what it offered was overtaken by another change meanwhile.
    ``confirms``: some of the types wait for the person's click first (R14).
    """

    address: Address
    is_resubscribe: bool
    options: Sequence[Option]
    clicked: Option | None
    moved: Row | None
    lifts: Sequence[OptOutOfAll]
    confirms: bool

    @property
    def open_options(self) -> list[Option]:
        return [option for option in self.options if not option.is_refused]

    @property
    def is_refused(self) -> bool:
        """Tell whether there is nothing to fill in: the clicked type, or every type, is refused."""
        if self.clicked is not None:
            return self.clicked.is_refused
        return bool(self.options) and not self.open_options

    @property
    def offers_link(self) -> bool:
        shown = [self.clicked] if self.clicked else self.options
        return any(option.is_refused and option.decision.offers_link for option in shown)

    @property
    def recommends_link(self) -> bool:
        """Tell whether the person had better do it themself: their own choice, and mail reaches them."""
        if self.clicked is None or self.clicked.is_refused or not self.is_resubscribe:
            return False
        said = self.clicked.row.said
        return bool(said and said.is_own) and why_not(self.address) is None

    @property
    def asks(self) -> frozenset[str]:
        """Return the fields that the rules demand of some of these types."""
        return frozenset(name for option in self.options for name in option.decision.fields)

    @property
    def asks_basis(self) -> bool:
        return "legal_basis" in self.asks

    @property
    def asks_explanation(self) -> bool:
        return "explanation" in self.asks

    @property
    def channel_label(self) -> str:
        return str(CHANNELS[self.address.channel_value])


def get_opt_in_dialog(
    subscriptions: Subscriptions,
    *,
    address: Address,
    type_id: int | None,
    is_resubscribe: bool,
    actor: Actor,
    now: datetime,
) -> OptInDialog:
    """Return the dialog for one address, opened from the row of ``type_id``."""
    held = [row for row in subscriptions.rows if row.address.pk == address.pk]
    rows = [row for row in held if (row.can_resubscribe if is_resubscribe else row.can_subscribe)]
    type_ids = [row.type.id for row in rows]
    previews = preview_opt_in(address_id=address.pk, type_ids=type_ids, actor=actor, now=now)
    options = [Option(row, previews[row.type.id].decision) for row in rows]
    clicked = next((option for option in options if option.row.type.id == type_id), None)
    return OptInDialog(
        address,
        is_resubscribe,
        options,
        clicked,
        None if clicked else next((row for row in held if row.type.id == type_id), None),
        _lifts(subscriptions, options),
        confirms=_confirms(address, [option.row for option in options if not option.is_refused]),
    )


def _confirms(address: Address, rows: Sequence[Row]) -> bool:
    if address.channel_value is not Channel.EMAIL:
        return False
    types = current_terms().types
    return any(types[row.type.id].double_opt_in for row in rows)


def _lifts(subscriptions: Subscriptions, options: Sequence[Option]) -> list[OptOutOfAll]:
    """Return the opts-out of all in the way of types that could be opted in (R9)."""
    held_back = [o.row for o in options if not o.is_refused and o.row.is_by_opt_out_of_all]
    unit_ids = {row.type.unit.id for row in held_back}
    return [
        standing
        for standing in subscriptions.opt_outs
        if any(row.address.pk == standing.address.pk for row in held_back)
        and (standing.unit is None or standing.unit.id in unit_ids)
    ]
