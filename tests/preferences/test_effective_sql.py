"""The status as SQL says it, against ``rules.effective`` and the gate, state by state.

Every combination of the two registers on the three levels that can be told apart is written into
the projection, each on an address of its own; then SQL and rules are asked about all of them.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product

import pytest
from django.db import connection
from django.db.models import Q

from accounts.access import Reach
from contacts.properties import OptOuts
from preferences import effective_sql as sql
from preferences import projection
from preferences.gate import Question, may_send_many
from preferences.models import Address, Pause, SubscriptionType
from preferences.rules import effective
from preferences.services import ensure_addresses
from preferences.terms import current_terms
from preferences.values import (
    ACCOUNT,
    NO_WORDS,
    Channel,
    Flag,
    LegalBasis,
    Privacy,
    Register,
    Registers,
    Source,
    State,
    TypeFacts,
    Word,
    type_scope,
    unit_scope,
)
from tests.factories import TypeFactory
from tests.preferences.kernel import (
    HOUR,
    IN,
    NONE,
    NOW,
    OUT,
    act,
    address,
    of,
    ours,
    own,
    set_policy,
)

pytestmark = pytest.mark.django_db
TIMES = (1, 2, 3)  # hours; the person speaks of the type at 2
EVENTS = iter(range(1, 10_000_000))
EVERYONE = Reach(all_units=True, unit_ids=frozenset())


def said(status, hour: int, *, flags: int = 0, names: int | None = None) -> Register:
    return Register(status, NOW + hour * HOUR, next(EVENTS), Source.IMPORT, flags, names)


def type_registers() -> Iterator[Registers]:
    """Yield every pair of registers of a type: who said what, in which order, relayed, naming."""
    words = (None, (IN, 0), (IN, Flag.RELAYED), (OUT, 0), (OUT, Flag.SUSPECTED))
    for word in words:
        mine = said(word[0], 2, flags=word[1]) if word else None
        yield Registers(mine)
        for status, hour in product((IN, NONE, OUT), TIMES if word else (2,)):
            yield Registers(mine, said(status, hour))
        if word and word[0] is OUT:  # a resubscribe that names the opt-out, and one of another
            yield Registers(mine, said(IN, 3, names=mine.event_id))
            yield Registers(mine, said(IN, 3, names=mine.event_id + 1))


def every_wide() -> Iterator[Registers]:
    """Yield every pair of registers of an opt-out of all, before, with and after the type's."""
    sides = [None, *product((IN, OUT), TIMES)]
    for mine, others in product(sides, sides):
        yield Registers(mine and said(*mine), others and said(*others))


def some_wide(times: tuple[int, ...] = TIMES) -> Iterator[Registers]:
    """Yield a pair of registers for each thing that an opt-out of all can mean to a type."""
    for mine, others in (
        *((None, None), (OUT, None), (None, OUT), (OUT, OUT)),
        *((OUT, IN), (IN, OUT), (IN, None)),
    ):
        for one, other in product(times if mine else (1,), times if others else (1,)):
            if mine and others and one == other == 2:
                continue
            yield Registers(mine and said(mine, one), others and said(others, other))


def write_down(rows: dict) -> None:
    projection.write(rows, {})
    with connection.cursor() as cursor:  # without counts of rows PostgreSQL plans for none
        cursor.execute("ANALYZE")


class World:
    """Addresses in many states, all of one type."""

    def __init__(self, states: list[State], kind: SubscriptionType) -> None:
        self.kind = kind
        forms = [(f"p{n}@x.example", f"p{n}@x.example") for n in range(len(states))]
        ids = ensure_addresses(channel=Channel.EMAIL, pairs=forms, now=NOW)
        self.states = dict(zip(ids, states, strict=True))
        self.forms = dict(zip(ids, [form for form, _text in forms], strict=True))
        scopes = (type_scope(kind.pk), unit_scope(kind.business_unit_id), ACCOUNT)
        rows = {
            (address_id, scope): registers
            for address_id, state in self.states.items()
            for scope, registers in zip(scopes, state, strict=True)
            if registers != NO_WORDS
        }
        write_down(rows)

    @property
    def facts(self) -> TypeFacts:
        return current_terms().types[self.kind.pk]

    def found(self, condition: Q) -> set[int]:
        return set(Address.objects.filter(condition).values_list("pk", flat=True))

    def where(self, test) -> set[int]:
        """Return the addresses whose effective status passes a test."""
        return {pk for pk, state in self.states.items() if test(effective(state))}


@pytest.fixture
def world() -> World:
    types, wide = list(type_registers()), list(every_wide())
    nothing = NO_WORDS
    fine, coarse = list(some_wide()), list(some_wide((1,)))
    states = [State(*parts) for parts in product(types, fine, coarse)]
    states += [State(*parts) for parts in product(types, coarse, fine)]
    states += [State(one, unit, nothing) for one, unit in product(types, wide)]
    states += [State(one, nothing, account) for one, account in product(types, wide)]
    return World(states, TypeFactory())


def test_sql_says_of_every_state_what_the_rules_say(world):
    assert len(world.states) > 20_000
    facts = world.facts
    for condition, test in (
        (sql.opted_in("pk", facts), lambda said: said.status is IN),
        (sql.opted_out("pk", facts), lambda said: said.status is OUT),
        (sql.not_opted("pk", facts), lambda said: said.status is NONE),
        (
            sql.opted_out_by_themself("pk", facts),
            lambda said: said.status is OUT and said.word is Word.OWN,
        ),
    ):
        expected = world.where(test)
        assert expected
        assert world.found(condition) == expected
        assert world.found(~condition) == world.states.keys() - expected
    assert world.where(lambda said: said.is_exception)


def test_sql_says_what_the_gate_says():
    kind = TypeFactory(offered_on_sms=True)
    wide = [
        (NO_WORDS, NO_WORDS),
        (Registers(said(OUT, 1)), NO_WORDS),
        (NO_WORDS, Registers(None, said(OUT, 3))),
    ]
    flaws = list(product((False, True), (None, 1, 3), (None, -1, 1)))
    parts = list(product(type_registers(), wide, flaws))
    world = World([State(one, *levels) for one, levels, _flaws in parts], kind)
    rows, pauses = [], []
    for pk, (_one, _levels, (is_bounced, erased, paused)) in zip(world.states, parts, strict=True):
        row = Address(pk=pk, undeliverable_at=NOW if is_bounced else None)
        row.erased_at = NOW + erased * HOUR if erased else None
        rows.append(row)
        if paused:
            pauses.append(Pause(address_id=pk, until=NOW + paused * HOUR, asked_at=NOW - 9 * HOUR))
    Address.objects.bulk_update(rows, ["undeliverable_at", "erased_at"], batch_size=500)
    Pause.objects.bulk_create(pauses)
    kinds = [{"kind": "service"}, {"archived_at": NOW}, {"offered_on_email": False}]
    on = {"privacy": Privacy.ON.code}
    cases = [({"privacy": privacy.code}, {}) for privacy in Privacy]
    cases += [(on, fields) for fields in kinds] + [({**on, "email_connected": False}, {})]
    for policy, fields in cases:
        set_policy(**policy)
        SubscriptionType.objects.filter(pk=kind.pk).update(**fields)
        _compare_with_the_gate(world)
        reset = {"kind": "marketing", "archived_at": None, "offered_on_email": True}
        SubscriptionType.objects.filter(pk=kind.pk).update(**reset)


def _compare_with_the_gate(world: World) -> None:
    terms = current_terms()
    asked = [Question("EMAIL", form, world.kind.pk) for form in world.forms.values()]
    answers = may_send_many(asked, now=NOW)
    yes = {pk for pk, answer in zip(world.states, answers, strict=True) if answer.allowed}
    facts = terms.types[world.kind.pk]
    condition = sql.may_be_sent("pk", facts, Channel.EMAIL, terms.policy, now=NOW)
    assert world.found(condition) == yes
    bounced = set(Address.objects.exclude(undeliverable_at=None).values_list("pk", flat=True))
    assert world.found(sql.undeliverable("pk")) == bounced


def test_flags_in_sql_read_as_the_properties_do():
    """Two types in one unit and one in another, and every way in which they can be left."""
    first = TypeFactory()
    second = TypeFactory(business_unit=first.business_unit)
    other = TypeFactory()
    TypeFactory(business_unit=other.business_unit, kind="service")
    back, early = Registers(said(IN, 2)), Registers(said(IN, 0))
    types = (NO_WORDS, back, early, Registers(None, said(IN, 3)), Registers(said(OUT, 2)))
    wide = (
        NO_WORDS,
        Registers(said(OUT, 1)),
        Registers(None, said(OUT, 3)),
        Registers(said(IN, 1)),
    )
    forms = []
    rows = {}
    for n, (one, two, three, unit, far, account) in enumerate(
        product(types, (NO_WORDS, back), (NO_WORDS, back), wide, wide, wide)
    ):
        forms.append((f"f{n}@x.example", f"f{n}@x.example"))
        rows[n] = {
            of(first): one,
            of(second): two,
            of(other): three,
            unit_scope(first.business_unit_id): unit,
            unit_scope(other.business_unit_id): far,
            ACCOUNT: account,
        }
    ids = ensure_addresses(channel=Channel.EMAIL, pairs=forms, now=NOW)
    write_down(
        {
            (pk, scope): registers
            for pk, found in zip(ids, rows.values(), strict=True)
            for scope, registers in found.items()
            if registers != NO_WORDS
        }
    )
    units = [first.business_unit_id, other.business_unit_id]
    narrow = Reach(all_units=False, unit_ids=frozenset(units[:1]))
    for reach in (EVERYONE, narrow):
        _compare_flags(ids[:: 5 if reach is EVERYONE else 11], reach, units)


def _compare_flags(ids: list[int], reach: Reach, units: list[int]) -> None:
    outs = {row.pk: OptOuts(row, reach=reach) for row in Address.objects.filter(pk__in=ids)}
    within = [pk for pk in units if reach.covers(pk)]
    known = current_terms().types.values()
    types = [kind for kind in known if kind.business_unit_id in within and not kind.is_service]
    said_so = Address.objects.filter(pk__in=ids)
    any_one = set(said_so.filter(sql.left_any("pk", within, types)).values_list("pk", flat=True))
    assert any_one == {pk for pk, out in outs.items() if out.is_on}
    account = set(said_so.filter(sql.left_any("pk", [], types)).values_list("pk", flat=True))
    assert account == {pk for pk, out in outs.items() if out.account.is_on}
    assert account
    assert account < any_one
    for unit_id in within:
        of_unit = said_so.filter(sql.left_unit("pk", unit_id, types))
        expected = {
            pk
            for pk, out in outs.items()
            if any(flag.is_on for flag in out.units if flag.unit.pk == unit_id)
        }
        assert set(of_unit.values_list("pk", flat=True)) == expected


def test_the_last_change_of_a_type_is_the_newest_word_on_it():
    kind = TypeFactory()
    ada, bob, eve = (address(f"{name}@x.example") for name in ("ada", "bob", "eve"))
    basis = {"legal_basis": LegalBasis.LEGITIMATE_INTEREST_CLIENT}
    act(ada, ours(of(kind), IN, **basis), at=NOW)
    act(bob, ours(of(kind), IN, **basis), at=NOW)
    act(bob, own(of(kind), OUT, Source.ONE_CLICK), at=NOW + HOUR)
    facts = current_terms().types[kind.pk]

    def found(**how) -> set[int]:
        condition = sql.last_changed("pk", facts, **how)
        return set(Address.objects.filter(condition).values_list("pk", flat=True))

    assert found() == {ada, bob}
    assert found(sources=[Source.RECORD_PANEL]) == {ada}
    assert found(sources=[Source.ONE_CLICK, Source.API_V4]) == {bob}
    assert found(bases=[LegalBasis.LEGITIMATE_INTEREST_CLIENT]) == {ada}
    assert found(since=NOW + timedelta(minutes=1)) == {bob}
    assert found(until=NOW + HOUR) == {ada}
    assert eve not in found(since=NOW - HOUR)
