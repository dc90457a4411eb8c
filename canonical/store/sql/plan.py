"""The first half of compiling a query: values apart, shape apart.

A `Plan` holds the values in order and the shape as nested tuples; equal shapes have equal SQL. Names are checked
here against the kinds' descriptions, so no text of a client ever becomes SQL.

Shapes: ``("const", bool)``, ``("and", …)``, ``("or", …)``, ``("not", shape)``, ``("has", relation, shape)`` and
``("compare", field, how, primitive, n)`` with n values, where `primitive` is an operator, ``in``, ``range`` (a
literal prefix as two bounds), ``like``, ``match`` (a substring found through the trigram index, then checked),
``null``, ``not null``, ``never``, or ``none of``, where instead of n stand the words themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from canonical.errors import Unsupported
from canonical.model import KINDS, STATES, KindSpec
from canonical.query import (
    MAX_DEPTH,
    MAX_LIST,
    MAX_PATTERN,
    MAX_TERMS,
    And,
    Compare,
    Constant,
    Has,
    Node,
    Not,
    Op,
    Or,
    Scalar,
    size,
)
from canonical.store.sql import tables
from canonical.values import MAX_ID, clean_text, fold, fold_key, fold_pattern

Shape = tuple[Any, ...]
HIGHEST = "\U0010ffff"
SEARCH_COLUMNS = {("activity", "title"): "title_fold", ("activity", "body"): "body_fold"}
"""Folded fields with a trigram index, and their column in it."""

LITERAL_WORDS = {("activity", "state"): frozenset(STATES)}
"""Fields whose exclusions stand in the SQL itself, so that an index of the rows left over can serve them."""
FEW = 2
"""So many excluded words are compared faster than the list of all others."""

KEYS = {
    (kind, column.name.removesuffix("_fold"))
    for kind, table in tables.RECORDS.items()
    for index in table.indexes
    for column in index.columns
    if column.name.endswith("_fold")
}
"""Folded fields that stand in an index, and so are compared by their first `KEY_LENGTH` characters."""

RELATED_FIELDS: dict[str, dict[str, str]] = {
    "links": {"target_kind": "text", "target_id": "number", "role": "text", "at": "number", "position": "number"},
    "points": {
        **dict.fromkeys(("kind", "label", "service"), "text"),
        **dict.fromkeys(("street", "street2", "city", "region", "postcode", "country"), "fold"),
        "value": "key",
        **dict.fromkeys(("id", "position"), "number"),
    },
    "custom": {"group": "text", "name": "text", "value": "fold"},
    "tags": {"name": "key", "id": "number", "url": "text"},
}
"""Rows that hang on a record: the fields one may ask for, and how each compares."""


@dataclass(frozen=True, slots=True)
class Plan:
    shape: Shape
    values: list[Scalar]


def plan(node: Node, spec: KindSpec) -> Plan:
    """The plan of a tree over records of a kind. Raises Unsupported for unknown names and for trees beyond bounds."""
    terms, depth = size(node)
    if terms > MAX_TERMS or depth > MAX_DEPTH:
        raise Unsupported("the query is too large")
    values: list[Scalar] = []
    return Plan(_node(node, spec, values), values)


def how_of(spec: KindSpec, name: str) -> str:
    """How a field compares: ``fold``, ``key`` (fold, cut), ``text``, ``number`` or ``extras``.

    Raises Unsupported for a field that the kind does not have.
    """
    if name.startswith("extras."):
        parts = name.split(".")
        if len(parts) != 3 or not all(part.isascii() and part.isidentifier() for part in parts[1:]):
            raise Unsupported(f"no field {name}")
        return "extras"
    field = spec.by_name.get(name)
    if field is None or field.type == "extras":
        raise Unsupported(f"{spec.name} has no field {name}")
    if field.type in ("text", "date"):
        return ("key" if (spec.name, name) in KEYS else "fold") if field.folded else "text"
    return "number"


def _excluded(node: Node, spec: KindSpec | dict[str, str]) -> Shape | None:
    """The shape of "none of these words", where that is what the node says of a field of `LITERAL_WORDS`.

    "One of these" says it too, where hardly any are left.
    """
    named = None
    match node:
        case Compare(name, Op.NE, str(word)):
            words: tuple[Scalar, ...] = (word,)
        case Not(Compare(name, Op.EQ, str(word))):
            words = (word,)
        case Not(Compare(name, Op.IN, tuple(words))):
            pass
        case Compare(name, Op.IN, tuple(words)):
            named = words
        case _:
            return None
    known = None if isinstance(spec, dict) else LITERAL_WORDS.get((spec.name, name))
    if known is None or not words or not known.issuperset(words):
        return None
    if named is not None:
        words = tuple(known.difference(named))
        if not 0 < len(words) <= FEW:
            return None
    return ("compare", name, "text", "none of", tuple(sorted(set(words))))


def _node(node: Node, spec: KindSpec | dict[str, str], values: list[Scalar], negated: bool = False) -> Shape:
    excluded = _excluded(node, spec)
    if excluded is not None:
        return excluded
    match node:
        case Compare(name, op, value):
            if isinstance(spec, dict):
                how = spec.get(name)
                if how is None:
                    raise Unsupported(f"no field {name}")
                return _compare(name, how, op, value, values, searchable=False)
            # Of a missing text the trigram index says false where the truth is unknown: not below a Not.
            searchable = not negated and (spec.name, name) in SEARCH_COLUMNS
            return _compare(name, how_of(spec, name), op, value, values, searchable=searchable)
        case And(nodes):
            return ("and", *(_node(child, spec, values, negated) for child in nodes))
        case Or(nodes):
            return ("or", *(_node(child, spec, values, negated) for child in nodes))
        case Not(child):
            return ("not", _node(child, spec, values, True))
        case Constant(value):
            return ("const", value)
        case Has(relation, where):
            if spec is RELATED_FIELDS["links"] and relation in KINDS:
                return ("has", relation, _node(where, KINDS[relation], values))
            if isinstance(spec, dict) or relation not in spec.relations:
                raise Unsupported(f"no relation {relation}")
            if relation in RELATED_FIELDS:
                return ("has", relation, _node(where, RELATED_FIELDS[relation], values))
            other = KINDS[cast(str, spec.by_name[f"{relation}_id"].ref)]
            return ("has", relation, _node(where, other, values))
    raise Unsupported(f"no such node: {type(node).__name__}")


def _compare(name: str, how: str, op: Op, value: Any, values: list[Scalar], *, searchable: bool) -> Shape:
    if op is Op.NULL or op is Op.NOT_NULL:
        return ("compare", name, how, op.value, 0)
    if op is Op.IN:
        if not isinstance(value, tuple) or len(value) > MAX_LIST:
            raise Unsupported("a list of values is needed, not too long")
        # A missing value in the list equals nothing.
        wanted = padded([_value(how, item) for item in value if item is not None])
        values.extend(wanted)
        return ("compare", name, how, "in", len(wanted))
    if value is None:
        return ("compare", name, how, "never", 0)
    if op is not Op.LIKE:
        bound = _value(how, value)
        values.append(bound)
        return ("compare", name, how, f"float {op.value}" if isinstance(bound, float) else op.value, 1)
    if how == "number":
        raise Unsupported("a pattern needs a text field")
    pattern = clean_text(str(value))
    if how in ("fold", "key"):
        pattern = fold_pattern(pattern)
    prefix = _literal(pattern[:-1]) if pattern.endswith("%") and not pattern.endswith("\\%") else None
    if prefix:
        values.extend((prefix, prefix + HIGHEST))
        return ("compare", name, how, "range", 2)
    if len(pattern) > MAX_PATTERN:
        raise Unsupported("the pattern is too long")
    values.append(pattern)
    infix = _literal(pattern[1:-1]) if searchable and pattern[:1] == "%" and pattern[-1:] == "%" else None
    if infix is not None and len(infix) >= 3:
        values.append(infix)
        return ("compare", name, how, "match", 2)
    return ("compare", name, how, "like", 1)


def _value(how: str, value: Scalar) -> Scalar:
    if how != "number":
        text = clean_text(value if isinstance(value, str) else str(value))
        return fold(text) if how == "fold" else fold_key(text) if how == "key" else text
    if isinstance(value, int):
        return max(-MAX_ID, min(MAX_ID, int(value)))
    if isinstance(value, float):
        return value
    raise Unsupported("a number is needed")


def extras_asked(shape: Shape) -> set[str]:
    """The namespaces of the extras that a shape compares."""
    match shape:
        case ("and" | "or" | "not", *children):
            return set().union(*map(extras_asked, children))
        case ("compare", name, "extras", *_):
            return {name.split(".")[1]}
    return set()


def without_extras(shape: Shape) -> Shape:
    """What a shape comes to for a record without those extras.

    A comparison of one is then ``("const", bool, n)`` or ``("unknown", n)``, with as many values passed over as the
    comparison has.
    """
    match shape:
        case ("and" | "or" | "not", *children):
            return (shape[0], *map(without_extras, children))
        case ("compare", _, "extras", "null", bound):
            return ("const", True, bound)
        case ("compare", _, "extras", "not null", bound):
            return ("const", False, bound)
        case ("compare", _, "extras", _, bound):
            return ("unknown", bound)
    return shape


def padded(values: list[Scalar]) -> list[Scalar]:
    """The list with its last value repeated up to a power of two, so that few shapes serve all lengths."""
    if not values:
        return values
    length = 1
    while length < len(values):
        length *= 2
    return values + [values[-1]] * (length - len(values))


def _literal(pattern: str) -> str | None:
    """The text that a pattern without wildcards stands for; None when it has any."""
    if "\\" not in pattern:
        return None if "%" in pattern or "_" in pattern else pattern
    out: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 1
            if at == len(pattern):
                return None
            char = pattern[at]
        elif char in "%_":
            return None
        out.append(char)
        at += 1
    return "".join(out)
