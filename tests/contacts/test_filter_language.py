"""The language of filters: text to tree and back, editing; no database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.filters.language import (
    CONDITION_LIMIT,
    DEPTH_LIMIT,
    TEXT_LIMIT,
    InvalidFilter,
    parse,
    write,
)
from contacts.filters.tree import (
    EVERYBODY,
    Condition,
    Group,
    Join,
    conditions_of,
    find_item,
    tidied,
    turned,
    with_added,
    with_alternative,
    with_replaced,
    without,
)

ALL, ANY = Join.ALL, Join.ANY
names = st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True)
parts = st.from_regex(r"[a-z0-9_]{1,6}", fullmatch=True)
values = st.text(max_size=8)
conditions = st.builds(
    Condition,
    names,
    st.from_regex(r"[a-z]{1,6}", fullmatch=True),
    st.lists(values, max_size=3).map(tuple),
    st.lists(parts, max_size=2).map(tuple),
)
trees = st.recursive(
    conditions,
    lambda inner: st.builds(Group, st.sampled_from(Join), st.lists(inner, max_size=3).map(tuple)),
    max_leaves=6,
)
groups = st.builds(Group, st.sampled_from(Join), st.lists(trees, max_size=3).map(tuple))


def named(name: str, *values: str) -> Condition:
    return Condition(name, "is", values)


def read(text: str) -> Group | str:
    """Return the tree, or why there is none."""
    try:
        return parse(text)
    except InvalidFilter as error:
        return error.code


A, B, C, D = (named(name, "1") for name in "abcd")


@given(groups)
def test_every_tree_comes_back_from_its_text(group):
    tree = tidied(group)
    text = write(tree)
    again = read(text)
    if again == "too_long":
        return
    assert again == tree
    assert write(again) == text


@given(groups)
def test_tidying_loses_no_condition_and_is_done_once(group):
    tree = tidied(group)
    assert tidied(tree) == tree
    assert [one for _path, one in conditions_of(tree)] == [one for _p, one in conditions_of(group)]
    assert turned(turned(tree)) == tree or len(tree.items) < 2


@given(st.text(alphabet="ab.:;|(),~é \n0", max_size=30))
def test_any_text_is_read_or_refused_and_a_read_one_has_one_spelling(text):
    tree = read(text)
    assert tree == "unreadable" or parse(write(tree)) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", EVERYBODY),
        ("  ", EVERYBODY),
        ("country:is:PL", Group(ALL, (Condition("country", "is", ("PL",)),))),
        (
            "status.12.email:is:in,out",
            Group(ALL, (Condition("status", "is", ("in", "out"), ("12", "email")),)),
        ),
        ("owner:known", Group(ALL, (Condition("owner", "known"),))),
        ("a:is:1;b:is:1", Group(ALL, (A, B))),
        ("a:is:1|b:is:1", Group(ANY, (A, B))),
        ("a:is:1;(b:is:1|c:is:1)", Group(ALL, (A, Group(ANY, (B, C))))),
        ("(a:is:1|b:is:1)", Group(ANY, (A, B))),
        ("a:is:1;(b:is:1;c:is:1)", Group(ALL, (A, B, C))),
        ("a:is:x~,y,z", Group(ALL, (Condition("a", "is", ("x,y", "z")),))),
        ("a:is:10~:30 ~(a~)", Group(ALL, (Condition("a", "is", ("10:30 (a)",)),))),
        ("a:is:,", Group(ALL, (Condition("a", "is", ("", "")),))),
    ],
)
def test_texts_and_their_trees(text, tree):
    assert parse(text) == tree


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "a:",
        "a:is:1;",
        ";a:is:1",
        "a:is:1;b:is:1|c:is:1",
        "(a:is:1",
        "a:is:1)",
        "()",
        "a:is:1(b:is:1)",
        "a:is:1:2",
        "A:is:1",
        "a:IS:1",
        "a b:is:1",
        "a:is:x~",
        "a..b:is:1",
        ".a:is:1",
        "'; DROP TABLE",
        "\x00",
    ],
)
def test_what_cannot_be_read_is_refused(text):
    with pytest.raises(InvalidFilter, match="unreadable"):
        parse(text)


def test_size_and_depth_are_bounded():
    condition, deep = "a:is:1", "a:is:1"
    for number in range(DEPTH_LIMIT):
        deep = f"({deep}{';|'[number % 2]}b:is:1)"
    for text in (
        "x" * (TEXT_LIMIT + 1),
        ";".join([condition] * (CONDITION_LIMIT + 1)),
        f"{deep};c:is:1",
        "(" * 1_000 + condition + ")" * 1_000,
        f"a:is:{','.join(['1'] * 101)}",
    ):
        with pytest.raises(InvalidFilter, match="too_long"):
            parse(text)
    assert len(parse(";".join([condition] * CONDITION_LIMIT)).items) == CONDITION_LIMIT


def test_conditions_are_added_changed_and_removed():
    tree = with_added(with_added(EVERYBODY, A), B)
    assert tree == Group(ALL, (A, B))
    assert with_replaced(tree, (0,), C) == Group(ALL, (C, B))
    assert without(tree, (0,)) == Group(ALL, (B,))
    assert without(without(tree, (0,)), (0,)) == EVERYBODY
    for nowhere in ((7,), (0, 0), (), (-1,)):
        assert without(tree, nowhere) == tree


def test_an_alternative_makes_a_group_and_joins_one_that_is_there():
    tree = with_alternative(Group(ALL, (A, B)), (1,), C)
    assert write(tree) == "a:is:1;(b:is:1|c:is:1)"
    assert write(with_alternative(tree, (1, 0), D)) == "a:is:1;(b:is:1|d:is:1|c:is:1)"
    assert find_item(tree, (1, 1)) == C
    assert without(tree, (1, 0)) == Group(ALL, (A, C))
    only = with_alternative(Group(ALL, (A,)), (0,), B)
    assert only == Group(ANY, (A, B))


def test_and_and_or_are_turned_on_every_level():
    tree = Group(ALL, (A, Group(ANY, (B, C))))
    assert turned(tree) == Group(ANY, (A, Group(ALL, (B, C))))
    assert turned(turned(tree)) == tree
