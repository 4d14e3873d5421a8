"""Counts what became of contacts: each once by outcome, each change by decision. Pure.

Keys of ``items``: ``changed`` (of these ``partly``: some of the chosen types were refused),
``confirm``, ``unchanged``, ``refused``, ``no_address``, ``gone``; and besides, for each refusal that
was the reason, ``refused R5 own_opt_out``. Keys of ``changes``: ``apply R12 opted_in``.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from preferences.values import Decision, Outcome, Result

EXCLUSIVE = ("changed", "confirm", "unchanged", "refused", "no_address", "gone")


@dataclass(slots=True)
class Tally:
    """``refusals``: by reason a flat list of contact, address, scope kind and scope id, for files.

    ``people``: by key of ``items`` the contacts, only where ``keeps_people`` says so.
    """

    keeps_people: bool = False
    items: Counter[str] = field(default_factory=Counter)
    refusals: dict[str, list[int]] = field(default_factory=dict)
    people: dict[str, list[int]] = field(default_factory=dict)
    first_event_id: int | None = None
    last_event_id: int | None = None
    _decisions: dict[int, list] = field(default_factory=dict)

    @property
    def changes(self) -> dict[str, int]:
        """Return how many changes were decided how."""
        counts: Counter[str] = Counter()
        for decision, count in self._decisions.values():
            counts[f"{decision.outcome.value} {reason_key(decision)}"] += count
        return dict(counts)

    def add(self, contact_id: int, results: Sequence[Result]) -> None:
        """Count one contact by the results of all its changes."""
        applied = asked = False
        refused: Result | None = None
        for result in results:
            decision = result.decision
            seen = self._decisions.get(id(decision))
            if seen is None:
                self._decisions[id(decision)] = [decision, 1]
            else:
                seen[1] += 1
            outcome = decision.outcome
            if outcome is Outcome.APPLY:
                applied = True
                self._see_events(result)
            elif outcome is Outcome.CONFIRM_FIRST:
                asked = True
                self._see_events(result)
            elif outcome is Outcome.REFUSE:
                refused = refused or result
                self._refuse(contact_id, result)
        if applied:
            self.count("changed", contact_id)
            if refused is not None:
                self.count("partly", contact_id)
        elif asked:
            self.count("confirm", contact_id)
        elif refused is not None:
            self.count("refused", contact_id)
            self.count(f"refused {reason_key(refused.decision)}", contact_id)
        else:
            self.count("unchanged", contact_id)

    def count(self, key: str, contact_id: int) -> None:
        """Count a contact under one key."""
        self.items[key] += 1
        if self.keeps_people:
            self.people.setdefault(key, []).append(contact_id)

    def leave(self, key: str, contact_id: int) -> None:
        """Count a contact without any change: gone, or without an address."""
        self.count(key, contact_id)
        self.refuse(key, contact_id)

    def refuse(self, reason: str, contact_id: int) -> None:
        """Write down for files why a contact was left as it is, whatever its addresses."""
        self.refusals.setdefault(reason, []).extend((contact_id, 0, 0, 0))

    def _refuse(self, contact_id: int, result: Result) -> None:
        address_id, wish = result.change
        scope = wish.scope
        row = (contact_id, address_id, scope.kind.code, scope.id or 0)
        self.refusals.setdefault(reason_key(result.decision), []).extend(row)

    def _see_events(self, result: Result) -> None:
        for event_id in (result.event_id, *result.lifted_event_ids):
            if event_id is None:
                continue
            if self.first_event_id is None or event_id < self.first_event_id:
                self.first_event_id = event_id
            if self.last_event_id is None or event_id > self.last_event_id:
                self.last_event_id = event_id


def reason_key(decision: Decision) -> str:
    """Return how counts name a decision: rule and reason."""
    return f"{decision.rule} {decision.reason}"
