"""The tables of docs/rules.md, written by hand, against the rules, case by case."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import product
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from preferences.registers import Shape, resolve
from preferences.rules import Situation, UndoFacts, decide, effective
from preferences.values import (
    ACCOUNT,
    OURS_ONLY_SOURCES,
    Act,
    Actor,
    ActorKind,
    Channel,
    LegalBasis,
    Policy,
    Privacy,
    Register,
    Registers,
    Source,
    State,
    Status,
    TypeFacts,
    Wish,
    Word,
    type_scope,
    unit_scope,
)

RULES = Path(__file__).parents[2] / "docs" / "rules.md"
IN, OUT, NONE = Status.SUBSCRIBED, Status.UNSUBSCRIBED, Status.NOT_SPECIFIED
Case = dict[str, str]


# --- reading the tables -----------------------------------------------------------------------------


class Row(NamedTuple):
    conditions: tuple[tuple[str, frozenset[str], bool], ...]
    expected: tuple[str, ...]
    text: str

    def matches(self, case: Case) -> bool:
        return all((case[name] in values) is wanted for name, values, wanted in self.conditions)


@cache
def table(number: int) -> tuple[Row, ...]:
    """Read "## Table <number>" of docs/rules.md."""
    part = RULES.read_text().split(f"## Table {number}:")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    names = cells(lines[0])
    rows = []
    for line in lines[2:]:
        row = dict(zip(names, cells(line), strict=True))
        given = names[: RESULT_STARTS[number]]
        pairs = [(name, row[name]) for name in given if name != "when" and row[name] != "*"]
        if row.get("when", "*") != "*":
            pairs += [tuple(pair.split("=")) for pair in row["when"].split()]
        expected = tuple(row[name] for name in names[RESULT_STARTS[number] :])
        rows.append(Row(tuple(condition(*pair) for pair in pairs), expected, line))
    return tuple(rows)


RESULT_STARTS = {1: 3, 2: 3, **dict.fromkeys(range(3, 9), 4)}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def condition(name: str, text: str) -> tuple[str, frozenset[str], bool]:
    values = set(text.removeprefix("!").split(","))
    if "standing" in values:
        values = {one for one in ABOVE if one != "free" and not one.startswith("excepted")}
    return name, frozenset(values), not text.startswith("!")


def find(number: int, case: Case) -> Row:
    for row in table(number):
        if row.matches(case):
            return row
    pytest.fail(f"no row of table {number} for {case}")


# --- table 1: two registers of one scope -----------------------------------------------------------


def register_cases() -> list[tuple[str, str, str]]:
    """List every pair of registers in every order; ours can name only an opt-out."""
    cases = []
    for own, ours in product(OWN, OURS):
        if ours == "names" and own not in ("out", "suspected"):
            continue
        orders = ["-"] if "-" in (own, ours) else ["earlier", "tie", "later"]
        cases += [(own, ours, order) for order in orders]
    return cases


OWN = {"-": None, "in": IN, "relayed": IN, "out": OUT, "suspected": OUT}
OURS = {"-": None, "in": IN, "names": IN, "ns": NONE, "hand": OUT, "job": OUT}


@cache
def shape(own: str, ours: str, order: str) -> Shape:
    return Shape(
        own=OWN[own],
        ours=OURS[ours],
        own_later={"earlier": False, "later": True}.get(order),
        is_named=ours == "names",
        own_is_relayed=own == "relayed",
        own_is_suspected=own == "suspected",
        ours_by_hand=ours == "hand",
    )


STATUS = {"in": IN, "out": OUT, "none": NONE}
WORD = {"own": Word.OWN, "ours": Word.OURS, "-": None}


@pytest.mark.parametrize(("own", "ours", "order"), register_cases())
def test_two_registers_add_up_as_table_1_says(own, ours, order):
    status, by = find(1, {"own": own, "ours": ours, "order": order}).expected
    assert resolve(shape(own, ours, order)) == (STATUS[status], WORD[by])


# --- table 2: what counts ---------------------------------------------------------------------------

START = datetime(2026, 11, 22, tzinfo=UTC)


def said(status: Status, minute: int, *, flags: int = 0, names: int | None = None) -> Register:
    """Make a register said at that minute; its event has the minute as its id."""
    at = START + timedelta(minutes=minute)
    return Register(status, at, minute, Source.RECORD_PANEL, flags, names)


def wide(kind: str, minute: int) -> Registers:
    return {
        "-": Registers(),
        "ours": Registers(ours=said(OUT, minute)),
        "own": Registers(own=said(OUT, minute)),
        "both": Registers(said(OUT, minute), said(OUT, minute - 1)),
        "lifted": Registers(said(IN, minute + 5), said(OUT, minute)),
        "taken": Registers(ours=said(IN, minute + 5)),
        "left": Registers(said(OUT, minute), said(IN, minute + 5)),
    }[kind]


BACK = {
    "never": Registers(),
    "before": Registers(own=said(IN, 10)),
    "between": Registers(own=said(IN, 27)),
    "after": Registers(own=said(IN, 50)),
    "relayed": Registers(own=said(IN, 50, flags=1)),
    "withdrawn": Registers(said(IN, 50), said(NONE, 60)),
    "regained": Registers(said(IN, 50), said(IN, 60)),
    "closed": Registers(said(IN, 50), said(OUT, 60)),
    "resubscribed": Registers(said(OUT, 50), said(IN, 60, names=50)),
}
WIDE = ["-", "ours", "own", "both", "lifted", "taken", "left"]


@pytest.mark.parametrize(("account", "unit", "back"), list(product(WIDE, WIDE, BACK)))
def test_r9_r11_what_counts_is_what_table_2_says(account, unit, back):
    row = find(2, {"account": account, "unit": unit, "back": back})
    found = effective(State(BACK[back], wide(unit, 30), wide(account, 20)))
    words = {IN: "in", OUT: "out", NONE: "none"}
    by = found.word.value.lower() if found.word else "-"
    exception = "yes" if found.is_exception else "no"
    assert (words[found.status], found.level.value.lower(), by, exception) == row.expected


# --- tables 3 to 8: decisions -----------------------------------------------------------------------

HAND = Shape(ours=OUT, ours_by_hand=True)
JOB = Shape(ours=OUT)
THEIRS = Shape(own=OUT)
BOTH = Shape(own=OUT, ours=OUT, own_later=False, ours_by_hand=True)
ABOVE: dict[str, dict[str, Any]] = {
    "free": {},
    "account-hand": {"account": HAND},
    "account-job": {"account": JOB},
    "account-own": {"account": THEIRS},
    "account-both": {"account": BOTH},
    "unit-hand": {"unit": HAND},
    "unit-job": {"unit": JOB},
    "unit-own": {"unit": THEIRS},
    "unit-both": {"unit": BOTH},
    "account-hand+unit-own": {"account": HAND, "unit": THEIRS},
    "account-job+unit-hand": {"account": JOB, "unit": HAND},
    "back": {"unit": BOTH, "back_unit": True},
    "excepted-hand": {"unit": HAND, "excepted_unit": True, "back_unit": True},
    "excepted-job": {"unit": JOB, "excepted_unit": True, "back_unit": True},
    "excepted-own": {"unit": THEIRS, "excepted_unit": True, "back_unit": True},
}
SOURCES = {
    "record": Source.RECORD_PANEL,
    "bulk": Source.BULK_EDIT,
    "workflow": Source.WORKFLOW,
    "import": Source.IMPORT,
    "v3": Source.API_V3,
    "v4": Source.API_V4,
    "page": Source.PREFERENCE_PAGE,
    "click": Source.ONE_CLICK,
    "confirm": Source.CONFIRMATION,
    "sms": Source.SMS_KEYWORD,
    "whatsapp": Source.WHATSAPP,
    "provider": Source.PROVIDER_FEEDBACK,
    "system": Source.SYSTEM,
}
UNIT, TYPE = unit_scope(1), type_scope(7)
WISHES = {
    "in": (TYPE, IN, Act.STATE),
    "none": (TYPE, NONE, Act.STATE),
    "out": (TYPE, OUT, Act.STATE),
    "out of unit": (UNIT, OUT, Act.STATE),
    "out of account": (ACCOUNT, OUT, Act.STATE),
    "complain": (UNIT, OUT, Act.COMPLAIN),
    "lift unit": (UNIT, IN, Act.STATE),
    "lift account": (ACCOUNT, IN, Act.STATE),
    "undo": (TYPE, NONE, Act.UNDO),
    "correct": (TYPE, NONE, Act.CORRECT),
    "bounce": (ACCOUNT, NONE, Act.BOUNCE),
    "deliver": (ACCOUNT, NONE, Act.DELIVER),
    "erase": (ACCOUNT, NONE, Act.ERASE),
    "request": (TYPE, NONE, Act.REQUEST),
}
ACTORS = {
    "full": Actor(ActorKind.USER, 1, may_resubscribe=True),
    "staff": Actor(ActorKind.USER, 2),
    "part": Actor(
        ActorKind.USER, 3, may_resubscribe=True, all_units=False, unit_ids=frozenset({1})
    ),
    "outside": Actor(
        ActorKind.USER, 4, may_resubscribe=True, all_units=False, unit_ids=frozenset({2})
    ),
}
BASIS = LegalBasis.CONSENT_WITH_NOTICE
ASKED = date(2026, 11, 20)
GROUNDS = {
    "full": (BASIS, "Asked at the counter", ASKED),
    "contract": (LegalBasis.PERFORMANCE_OF_CONTRACT, "In the order", ASKED),
    "none": (None, " ", None),
    "undated": (BASIS, "Asked at the counter", None),
    "early": (BASIS, "Asked at the counter", ASKED),
    "store": (LegalBasis.PROCESS_AND_STORE, "Asked at the counter", ASKED),
    "long": (BASIS, "x" * 2001, ASKED),
}
NO_YES = ["no", "yes"]
AXES = {
    "word": ["own", "ours"],
    "source": list(SOURCES),
    "registers": register_cases(),
    "above": list(ABOVE),
    "actor": list(ACTORS),
    "type": ["open", "archived", "internal", "service", "elsewhere"],
    "privacy": ["off", "on", "enforced"],
    "strict": NO_YES,
    "double": ["no", "yes", "sms"],
    "grounds": list(GROUNDS),
    "heard": ["now", "relayed", "future", "older"],
    "undo": ["-", "own", "ours"],
    **dict.fromkeys(
        (*("lift", "list", "erased", "more", "kept", "suspected", "spoke", "late", "dead"),), NO_YES
    ),
    "newest": ["yes", "no"],
}
USUAL = {
    "source": "record",
    "registers": ("-", "-", "-"),
    "above": "free",
    "actor": "full",
    "type": "open",
    "privacy": "on",
    "grounds": "full",
    "heard": "now",
    "undo": "-",
    "newest": "yes",
    "word": "ours",
}


@cache
def wish_of(kind: str, word: str, source: str, grounds: str, lift: str, listed: str, bot: str):
    scope, status, act = WISHES[kind]
    basis, explanation, asked_on = GROUNDS[grounds]
    return Wish(
        scope=scope,
        status=status,
        act=act,
        source=SOURCES[source],
        word=WORD[word],
        legal_basis=basis,
        explanation=explanation,
        asked_on=asked_on,
        lift=lift == "yes",
        is_opt_out_list=listed == "yes",
        suspected=bot == "yes",
        undoes=1 if act in (Act.UNDO, Act.CORRECT) else None,
    )


@cache
def facts_of(kind: str, double: str) -> TypeFacts:
    return TypeFacts(
        7,
        1,
        channels=frozenset({Channel.WHATSAPP} if kind == "elsewhere" else Channel),
        is_service=kind == "service",
        is_internal=kind == "internal",
        is_archived=kind == "archived",
        double_opt_in=double != "no",
    )


@cache
def policy_of(privacy: str, strict: str) -> Policy:
    return Policy(privacy=Privacy(privacy.upper()), only_person_resubscribes=strict == "yes")


def situation_of(case: Case, level: str) -> Situation:
    own_shape = shape(case["own"], case["ours"], case["order"])
    above = ABOVE[case["above"]] if level == "type" else {}
    undo = None
    if case["undo"] != "-":
        undo = UndoFacts(
            WORD[case["undo"]],
            case["newest"] == "yes",
            case["spoke"] == "yes",
            case["late"] == "yes",
        )
    return Situation(
        **{level: own_shape},
        **above,
        channel=Channel.SMS if case["double"] == "sms" else Channel.EMAIL,
        has_exceptions=case["more"] == "yes" and level != "type",
        is_erased=case["erased"] == "yes",
        is_undeliverable=case["dead"] == "yes",
        is_older=case["heard"] == "older",
        is_relayed=case["heard"] == "relayed",
        in_future=case["heard"] == "future",
        kept_recently=case["kept"] == "yes",
        asked_in_time=case["grounds"] not in ("early", "none"),
        undo=undo,
    )


def cases(wishes: list[str], **axes):
    """Yield every combination of the axes named; the others are as usual."""
    names = list(axes)
    for values in product(wishes, *axes.values()):
        case = dict.fromkeys(AXES, "no") | USUAL | {"wish": values[0]}
        case.update(zip(names, values[1:], strict=True))
        yield case


def is_possible(case: Case) -> bool:
    """Tell whether a wish can be made at all; ``Wish`` refuses the rest."""
    return not (case["word"] == "own" and SOURCES[case["source"]] in OURS_ONLY_SOURCES)


def check(number: int, case: Case, reached: set[Row]) -> None:
    if case["wish"] == "complain":
        case["word"] = "own"
    if not is_possible(case):
        return
    scope = WISHES[case["wish"]][0]
    if not scope.is_wide:
        case["more"] = "no"
    case["own"], case["ours"], case["order"] = case["registers"]
    case["status"], case["by"] = status_of(*case["registers"])
    row = find(number, case)
    reached.add(row)
    wish = wish_of(
        *(case[name] for name in ("wish", "word", "source", "grounds", "lift", "list", "suspected"))
    )
    facts = None if scope.is_wide else facts_of(case["type"], case["double"])
    decision = decide(
        situation_of(case, scope.kind.value.lower()),
        wish,
        ACTORS[case["actor"]],
        policy_of(case["privacy"], case["strict"]),
        facts,
    )
    found = (decision.outcome.value, decision.rule, decision.reason)
    assert found == row.expected, f"{case}\n{row.text}"


@cache
def status_of(own: str, ours: str, order: str) -> tuple[str, ...]:
    return find(1, {"own": own, "ours": ours, "order": order}).expected


REG, EVERY = AXES["registers"], AXES
OUR_WAYS = ["record", "bulk", "workflow", "import", "v3", "v4"]
OUTS = ["out", "out of unit", "out of account", "complain"]
FEW = [("-", "-", "-"), ("in", "-", "-"), ("out", "-", "-"), ("-", "job", "-")]


def both(**axes):
    """Add both words and every source."""
    return {"word": EVERY["word"], "source": EVERY["source"], **axes}


PRODUCTS = {
    3: [
        (OUTS, both(registers=REG, more=NO_YES, kept=NO_YES)),
        (
            OUTS,
            {
                "word": ["own"],
                "source": ["page", "import"],
                "registers": REG,
                "actor": ["full", "outside"],
                "heard": EVERY["heard"],
                "more": NO_YES,
                "kept": NO_YES,
                "suspected": NO_YES,
            },
        ),
        (OUTS, both(actor=EVERY["actor"], type=EVERY["type"], registers=FEW, erased=NO_YES)),
    ],
    4: [
        (
            ["in"],
            {
                "word": ["own"],
                "source": EVERY["source"][3:],
                "registers": REG,
                "above": EVERY["above"],
                "heard": EVERY["heard"],
            },
        ),
        (
            ["in"],
            {
                "word": ["own"],
                "source": ["page", "confirm", "import", "v3"],
                "registers": REG,
                "heard": EVERY["heard"],
                "erased": NO_YES,
                "kept": NO_YES,
                "actor": ["full", "outside"],
            },
        ),
        (
            ["in"],
            {
                "word": ["own"],
                "source": EVERY["source"][3:],
                "registers": FEW,
                "type": EVERY["type"],
                "list": NO_YES,
                "actor": EVERY["actor"],
            },
        ),
    ],
    5: [
        (
            ["in"],
            {
                "source": EVERY["source"],
                "registers": REG,
                "above": EVERY["above"],
                "lift": NO_YES,
            },
        ),
        (
            ["in"],
            {
                "source": ["record", "bulk", "v4", "workflow"],
                "registers": REG,
                "above": ["free", "unit-hand", "excepted-hand"],
                "lift": ["yes"],
                "actor": ["full", "staff", "part"],
                "strict": NO_YES,
                "double": EVERY["double"],
            },
        ),
        (
            ["in"],
            {
                "source": OUR_WAYS,
                "registers": REG,
                "grounds": EVERY["grounds"],
                "privacy": EVERY["privacy"],
                "double": ["no", "yes"],
            },
        ),
        (
            ["in"],
            {
                "source": EVERY["source"],
                "registers": FEW,
                "type": EVERY["type"],
                "erased": NO_YES,
                "list": NO_YES,
                "actor": EVERY["actor"],
            },
        ),
        (
            ["in"],
            {
                "source": OUR_WAYS,
                "registers": FEW,
                "above": EVERY["above"],
                "lift": NO_YES,
                "actor": EVERY["actor"],
            },
        ),
    ],
    6: [
        (["none"], both(registers=REG, above=EVERY["above"])),
        (
            ["none"],
            both(
                registers=FEW,
                type=EVERY["type"],
                list=NO_YES,
                erased=NO_YES,
                actor=["full", "outside"],
            ),
        ),
    ],
    7: [
        (["lift unit", "lift account"], both(registers=REG, actor=EVERY["actor"])),
        (
            ["lift unit", "lift account"],
            both(registers=FEW, heard=EVERY["heard"], erased=NO_YES, list=NO_YES),
        ),
    ],
    8: [
        (
            ["undo"],
            {
                "word": ["own", "ours"],
                "source": ["page", "record"],
                "registers": FEW,
                "undo": EVERY["undo"],
                "newest": NO_YES,
                "spoke": NO_YES,
                "late": NO_YES,
                "erased": NO_YES,
                "actor": EVERY["actor"],
            },
        ),
        (
            ["correct"],
            {
                "registers": REG,
                "undo": EVERY["undo"],
                "newest": NO_YES,
                "actor": EVERY["actor"],
                "grounds": ["full", "none", "long"],
            },
        ),
        (
            ["bounce", "deliver", "erase", "request"],
            {"dead": NO_YES, "erased": NO_YES, "actor": EVERY["actor"]},
        ),
    ],
}


@pytest.mark.parametrize("number", PRODUCTS)
def test_decisions_are_what_the_table_says(number):
    reached: set[Row] = set()
    for wishes, axes in PRODUCTS[number]:
        for case in cases(wishes, **axes):
            check(number, case, reached)
    assert [row.text for row in table(number) if row not in reached] == []


@pytest.mark.parametrize("number", PRODUCTS)
def test_drawn_from_all_combinations_too(number):
    """The axes that the products hold still move here, all at once."""
    random = Random(number)  # a fixed seed: the same cases in every run
    wishes = PRODUCTS[number][0][0] if number != 8 else ["undo", "correct", "erase", "request"]
    words = {4: ["own"], 5: ["ours"]}.get(number, ["own", "ours"])
    for _ in range(8000):
        case = {name: random.choice(values) for name, values in AXES.items()}
        case |= {"wish": random.choice(wishes), "word": random.choice(words)}
        check(number, case, set())


def test_every_rule_is_described_with_example_and_source():
    text = RULES.read_text()
    for number in range(1, 25):
        part = text.split(f"\n### R{number} ")[1].split("\n### ")[0].split("\n## ")[0]
        assert "*Example:*" in part, number
        assert f"product R{number}" in part, number
        assert "*Reasons:*" in part, number


@pytest.mark.parametrize("number", PRODUCTS)
def test_the_prose_of_a_rule_names_the_reasons_it_answers(number):
    text = RULES.read_text()
    for row in table(number):
        rule, reason = row.expected[1:]
        part = text.split(f"\n### {rule} ")[1].split("\n### ")[0]
        assert f"`{reason}`" in part, row.text
