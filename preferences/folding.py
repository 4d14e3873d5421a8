"""What the events of one address add up to: the definition of the projection."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from preferences.models import ConsentEvent
from preferences.registers import hear_wide, merge_own
from preferences.situations import register_of, scope_of
from preferences.terms import Terms
from preferences.values import (
    NO_WORDS,
    Act,
    Flag,
    Register,
    Registers,
    Scope,
    ScopeKind,
    TypeFacts,
    Word,
)

_NO_REGISTER = (Act.REQUEST, Act.BOUNCE, Act.DELIVER, Act.ERASE)


@dataclass(slots=True)
class Folded:
    """Registers and facts of one address after some events.

    ``heard``: by event id of a person's opt-out of all, what types held before they heard it.
    ``unnamed``: our resubscribes that name no opt-out any more, since one of all was heard late.
    """

    registers: dict[Scope, Registers] = field(default_factory=dict)
    erased_at: datetime | None = None
    undeliverable_at: datetime | None = None
    complained_at: datetime | None = None
    heard: dict[int, dict[Scope, Register | None]] = field(default_factory=dict)
    unnamed: set[int] = field(default_factory=set)

    @property
    def facts(self) -> tuple[datetime | None, datetime | None, datetime | None]:
        return self.erased_at, self.undeliverable_at, self.complained_at

    def as_it_is_now(self, said: Register | None) -> Register | None:
        """Return a register that is restored, without the name it lost meanwhile."""
        if said is not None and said.event_id in self.unnamed:
            return said._replace(names_event_id=None)
        return said


def fold_address(address_id: int, terms: Terms) -> Folded:
    """Fold all events of the address."""
    return fold(ConsentEvent.objects.filter(address_id=address_id).order_by("id"), terms.types)


def fold(events: Iterable[ConsentEvent], types: Mapping[int, TypeFacts]) -> Folded:
    """Return the state after the events of one address, given in the order of their ids."""
    folded = Folded()
    spoken: dict[int, Register] = {}
    for event in events:
        act = Act.from_code(event.act)
        _fold_fact(folded, act, event.recorded_at)
        if act in _NO_REGISTER:
            continue
        scope = scope_of(event)
        registers = folded.registers.get(scope, NO_WORDS)
        if act in (Act.UNDO, Act.CORRECT):
            said = folded.as_it_is_now(spoken.get(event.restores_event_id or 0))
            is_own = act is Act.CORRECT or event.word == Word.OWN.code
            folded.registers[scope] = (
                registers._replace(own=said) if is_own else registers._replace(ours=said)
            )
            _forget(folded, event.undoes_event_id or 0)
            continue
        said = spoken[event.pk] = register_of(event)
        if event.word == Word.OURS.code:
            folded.registers[scope] = registers._replace(ours=said)
            continue
        if not event.flags & Flag.OLDER:
            folded.registers[scope] = registers._replace(own=merge_own(registers.own, said))
        if scope.is_wide:
            _tell_types(folded, scope, said, types)
    return folded


def _tell_types(
    folded: Folded, wide: Scope, said: Register, types: Mapping[int, TypeFacts]
) -> None:
    for scope, registers in folded.registers.items():
        facts = types.get(scope.id or 0) if scope.kind is ScopeKind.TYPE else None
        if facts is None or (wide.kind is ScopeKind.UNIT and facts.business_unit_id != wide.id):
            continue
        told = hear_wide(registers, said)
        if told != registers and told.ours is not None:
            folded.heard.setdefault(said.event_id, {})[scope] = registers.own
            folded.registers[scope] = told
            folded.unnamed.add(told.ours.event_id)


def _forget(folded: Folded, undone: int) -> None:
    """Give types back what they held before they heard an opt-out of all that is undone now."""
    for scope, before in folded.heard.get(undone, {}).items():
        registers = folded.registers[scope]
        if registers.own is not None and registers.own.event_id == undone:
            folded.registers[scope] = registers._replace(own=before)


def _fold_fact(folded: Folded, act: Act, at: datetime) -> None:
    if act is Act.BOUNCE:
        folded.undeliverable_at = at
    elif act is Act.DELIVER:
        folded.undeliverable_at = None
    elif act is Act.COMPLAIN:
        folded.complained_at = at
    elif act is Act.ERASE:
        folded.erased_at = at
