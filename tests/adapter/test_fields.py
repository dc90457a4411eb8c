"""Expressions of rows: what they mean, what they are compiled to, what they look at; and the one place of `exec`."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.fields import Row
from adapter.fields.compile import (
    PLAIN,
    TEXT,
    json_array_writer,
    object_writer,
    objects_writer,
    present_writer,
    reads,
    xml_writer,
)
from adapter.fields.expression import (
    HERE,
    IT,
    Attribute,
    Both,
    Call,
    Constant,
    Entry,
    Expression,
    Given,
    If,
    Item,
    Object,
    Once,
    Part,
    Scope,
    Told,
)
from canonical.generated import BadSource, function


def shown(name: str, show: Any) -> Row:
    """A row with no more than what it shows."""
    return Row(name, show=show)


LEAVES = st.one_of(
    st.builds(Attribute, st.sampled_from(["a", "b", "none"])),
    st.builds(Constant, st.none() | st.integers(-3, 3) | st.booleans() | st.text(max_size=3)),
    st.just(IT),
    st.just(Entry(Attribute("map"), Constant("k"), Constant(0))),
    st.just(Entry(HERE, Constant("k"))),
    st.just(Part(Attribute("near"), "far.id")),
    st.just(Item(Attribute("row"), 1)),
    st.just(Once("mine", Entry(Attribute("map"), Constant("k")))),
    st.just(Told(lambda record, context: (record.a, context["k"]), frozenset({"a"}))),
)
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Given, inner, inner, inner),
        st.builds(If, inner, inner, inner),
        st.builds(Both, inner, st.sampled_from(["==", "or", "and"]), inner),
        st.builds(lambda one, other: Call(lambda x, y: [x, y], one, other), inner, inner),
        st.builds(lambda one, other: Object({"x": one, "it's \\ \n": other}), inner, inner),
    ),
    max_leaves=8,
)


def record(a: Any = 1, b: Any = "") -> Any:
    near = SimpleNamespace(far=SimpleNamespace(id=7))
    return SimpleNamespace(a=a, b=b, none=None, map={"k": 5}, near=near, row=(1, 2))


VALUES = st.none() | st.integers(0, 2) | st.text(max_size=2)


@given(st.lists(EXPRESSIONS, min_size=1, max_size=4), VALUES, VALUES)
def test_the_writer_of_a_table_gives_what_its_rows_mean(shows: list[Expression], a: Any, b: Any) -> None:
    # Outside of a `Given` there is nothing that `IT` could be.
    rows = [shown(f"n{at}", Given(Constant(9), show)) for at, show in enumerate(shows)]
    told, context = record(a, b), {"k": 3}
    meant = {row.name: row.show(told, context) for row in rows}
    assert object_writer(rows)(told, context) == meant
    assert objects_writer(rows, ["later"])([told, told], context) == [{**meant, "later": None}] * 2
    assert present_writer(rows, lambda name: str if name == "n0" else None)(told, context) == {
        name: str(value) if name == "n0" else value for name, value in meant.items() if value is not None
    }


@given(EXPRESSIONS, VALUES, VALUES)
def test_what_is_not_read_does_not_matter(show: Expression, a: Any, b: Any) -> None:
    whole = Given(Constant(9), show)
    found = whole.reads()
    assert found is not None
    assert reads([shown("x", whole)]) == found
    one, other = record(a, b), record(a if "a" in found else "other", b if "b" in found else "other")
    for name in ("map", "near", "row"):
        if name not in found:
            delattr(other, name)
    assert whole(one, {"k": 3}) == whole(other, {"k": 3})


def test_nobody_can_tell_what_a_function_reads() -> None:
    rows = [shown("x", Attribute("a")), shown("y", lambda record, context: record.b)]
    assert reads(rows[:1]) == {"a"}
    assert reads(rows) is None


@given(VALUES, VALUES)
def test_elements_and_arrays(a: Any, b: Any) -> None:
    def text(value: Any) -> str | None:
        return None if value is None else f"<{value}>"

    rows = [shown("a", Call(text, Attribute("a"))), shown("b", Call(text, Attribute("b")))]
    told = record(a, b)
    first = "" if a is None else f"<a><{a}></a>"
    escaped = "" if b is None else f"<b>&lt;{b}&gt;</b>"
    if not isinstance(b, str):
        assert xml_writer(rows, "x", {"a": PLAIN, "b": TEXT}.__getitem__)(told) == f"<x>{first}{escaped}</x>"
    twice = xml_writer(rows[:1], "x", lambda name: lambda name, value: f"{name}{value}" * 2)(told)
    assert twice == f"<x>{'' if a is None else f'a<{a}>a<{a}>'}</x>"
    if not isinstance(a, str):
        written = json_array_writer(rows[:1], '{{"name":"{}","value":'.format, "}", lambda name: True)(told)
        assert written == (b"[]" if a is None else b'[{"name":"a","value":"<%d>"}]' % a)


def test_text_is_escaped_where_it_is_not_clean() -> None:
    written = json_array_writer([shown("a", Attribute("a"))], '{{"{}":'.format, "}", lambda name: False)
    assert written(record('"\n')) == b'[{"a":"\\"\\n"}]'


@pytest.mark.parametrize(
    "statement",
    [
        "return open('x')",
        "return r.__class__",
        "import os",
        "return (lambda: r)()",
        "return r\nglobal x",
        "class X: pass",
        "def g(): pass",
        "return [open for x in r]",
        "return [x.__class__ for x in r]",
    ],
)
def test_a_generated_function_has_nothing_but_what_it_was_given(statement: str) -> None:
    with pytest.raises(BadSource):
        function("f", ["r"], [statement], {})


def test_one_function_alone() -> None:
    with pytest.raises(BadSource):
        function("f(): pass\ndef g", ["r"], ["return r"], {})
    with pytest.raises(BadSource):
        Both(IT, "; import os", IT).source(Scope(), "it")
    assert function("f", ["r"], ["return k(r)"], {"k": str})(5) == "5"


def test_source_becomes_a_function_in_one_place() -> None:
    root = Path(__file__).parents[2]
    found = [
        str(path.relative_to(root))
        for folder in ("adapter", "canonical", "dialects")
        for path in (root / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("exec", "eval", "compile")
    ]
    assert set(found) == {"canonical/generated.py"}
