"""The first half of compiling a query: values apart, shape apart.

A `Plan` holds the values in order and the shape as nested tuples; equal shapes have equal SQL. Names are checked
here against the kinds' descriptions, so no text of a client ever becomes SQL.

Shapes: ``("const", bool)``, ``("and", …)``, ``("or", …)``, ``("not", shape)``, ``("has", relation, shape)`` and
``("compare", field, how, primitive, n)`` with n values, where `primitive` is an operator, ``in``, ``range`` (a
literal prefix as two bounds), ``like``, ``match`` (a substring found through the trigram index, then checked),
``null``, ``not null``, ``never``, ``printed <type>`` (a pattern over a number as it is printed), or one where instead
of n stands what the SQL holds itself: ``none of`` some words, ``after <operator>`` another field and seconds. A
comparison of what is not shown to everybody is ``("veiled", compare, truth, veil)``, where `truth` is what it comes to
for a record of which it is not shown, and `veil` says why it may not be: ``text`` for a confidential record's text, or
a kind for a reference to a record of that kind.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from canonical.errors import Unsupported
from canonical.model import KINDS, STATES, KindSpec, Viewer
from canonical.model.visibility import has_texts
from canonical.query import (
    MAX_DEPTH,
    MAX_LIST,
    MAX_PATTERN,
    MAX_TERMS,
    After,
    And,
    Compare,
    Constant,
    First,
    Has,
    Node,
    Not,
    Op,
    Or,
    Scalar,
    Sort,
    size,
)
from canonical.store.sql import tables
from canonical.values import MAX_ID, clean_text, fold, fold_key, fold_pattern

Shape = tuple[Any, ...]
TEXT = "text"
VEILED = frozenset(kind for kind, spec in KINDS.items() if "visibility" in spec.by_name)
"""The kinds of which not everybody learns that a record is there."""
HIGHEST = "\U0010ffff"
SEARCH_COLUMNS = {("activity", "title"): "title_fold", ("activity", "body"): "body_fold"}
"""Folded fields with a trigram index, and their column in it."""

SHORTEST = 3
"""Characters of a text that such an index can find."""

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
        "digits_back": "text",
        **dict.fromkeys(("id", "position"), "number"),
    },
    "custom": {"group": "text", "name": "text", "value": "fold"},
    "tags": {"name": "key", "id": "number", "url": "text"},
    "steps": {"word": "text", **dict.fromkeys(("at", "user_id", "latest"), "number")},
}
"""Rows that hang on a record: the fields one may ask for, and how each compares."""
SORTED_BY = ("points", "custom")
"""Those of them that a record sorts by."""


REVERSE = {
    "party": {
        "people": ("party", "organisation_id"),
        "positions": ("employment", "organisation_id"),
        "employments": ("employment", "person_id"),
    }
}
"""By kind: relations to records that refer to it, each with their kind and the field that does."""


@dataclass(frozen=True, slots=True)
class Plan:
    shape: Shape
    values: list[Scalar]


def plan(node: Node, spec: KindSpec, viewer: Viewer) -> Plan:
    """The plan of a tree over records of a kind. Raises Unsupported for unknown names and for trees beyond bounds."""
    terms, depth = size(node)
    if terms > MAX_TERMS or depth > MAX_DEPTH:
        raise Unsupported("the query is too large")
    values: list[Scalar] = []
    return Plan(_node(node, spec, values, viewer), values)


def veil_of(spec: KindSpec, name: str, viewer: Viewer) -> str | None:
    """Why a field of some records may not be shown: as in shapes, None for one that is always."""
    if viewer.is_text(name):
        return TEXT if has_texts(spec) else None
    field = spec.by_name.get(name)
    return field.ref if field is not None and field.ref in VEILED else None


def veils(node: Node | First, spec: KindSpec, viewer: Viewer) -> frozenset[str]:
    """What keeps from the viewer something that a tree, or what is sorted by, depends on: `TEXT`, or kinds.

    Of related records only those count that he sees, whatever there is.
    """
    match node:
        case Compare(name):
            veil = veil_of(spec, name, viewer)
            return frozenset() if veil is None else frozenset({veil})
        case And(nodes) | Or(nodes):
            return frozenset().union(*(veils(child, spec, viewer) for child in nodes))
        case Not(child):
            return veils(child, spec, viewer)
        case Has("links", _):
            return VEILED
    return frozenset()


def sort_veils(sort: tuple[Sort, ...], spec: KindSpec, viewer: Viewer) -> frozenset[str]:
    """As `veils`, for an order."""
    found: set[str] = set()
    for term in sort:
        for name in (term.field, term.fallback):
            if isinstance(name, str):
                found.add(veil_of(spec, name, viewer) or "")
            elif name is not None:
                found |= veils(name, spec, viewer)
    return frozenset(found - {""})


def sort_shapes(sort: tuple[Sort, ...], spec: KindSpec, values: list[Scalar], viewer: Viewer) -> tuple[Any, ...]:
    """What is sorted by, term by term: None for a field, the shape of a condition, or for `First` its relation, its
    field, how that compares, and the shapes of its choices.

    Their values follow those that there are. Raises Unsupported as `plan` does.
    """
    out: list[Any] = []
    for term in sort:
        match term.field:
            case str():
                out.append(None)
            case First(relation, field, choices) if relation in SORTED_BY and relation in spec.relations:
                fields = RELATED_FIELDS[relation]
                if field not in fields or not choices:
                    raise Unsupported(f"no order by {relation}")
                built = tuple(_node(node, fields, values, viewer) for node in choices)
                out.append((relation, field, fields[field], built))
            case First(relation, field, ()) if relation in spec.relations and relation not in RELATED_FIELDS:
                other = KINDS[cast(str, spec.by_name[f"{relation}_id"].ref)]
                out.append((relation, field, how_of(other, field), ()))
            case First(relation):
                raise Unsupported(f"no order by {relation}")
            case condition:
                out.append(_node(condition, spec, values, viewer, negated=True))
    return tuple(out)


def bound(shape: Shape) -> int:
    """How many values a shape has."""
    match shape:
        case ("compare", _, _, _, count):
            return count if isinstance(count, int) else 0
        case ("const", *_):
            return 0
        case ("has", _, where):
            return bound(where)
        case ("veiled", compared, *_):
            return bound(compared)
    return sum(map(bound, shape[1:]))


def _path(name: str, most: int) -> bool:
    """Whether it is a namespace and a key, or up to `most` parts, after its first word."""
    parts = name.split(".")[1:]
    return 2 <= len(parts) <= most and all(part.isascii() and part.isidentifier() for part in parts)


def how_of(spec: KindSpec, name: str) -> str:
    """How a field compares: ``fold``, ``key`` (fold, cut), ``text``, ``number``, ``extras`` or ``rank``.

    Raises Unsupported for a field that the kind does not have.
    """
    if name.startswith("extras.") and _path(name, 3):
        return "extras"
    if name.startswith("rank.") and _path(name, 2) and spec.name == "activity":
        return "rank"
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


def _node(
    node: Node, spec: KindSpec | dict[str, str], values: list[Scalar], viewer: Viewer, negated: bool = False
) -> Shape:
    excluded = _excluded(node, spec)
    if excluded is not None:
        return excluded
    match node:
        case Compare(name, op, value):
            if isinstance(spec, dict):
                how = spec.get(name)
                if how is None and spec is RELATED_FIELDS["points"] and name.startswith("extras.") and _path(name, 2):
                    how = "extras"
                if how is None:
                    raise Unsupported(f"no field {name}")
                return _compare(name, how, op, value, values, searchable=False)
            if isinstance(value, After):
                return _after(name, op, value, spec)
            # Of a missing text the trigram index says false where the truth is unknown: not below a Not.
            searchable = not negated and (spec.name, name) in SEARCH_COLUMNS
            field = spec.by_name.get(name)
            type_ = "int" if field is None else field.type
            before = len(values)
            shape = _compare(name, how_of(spec, name), op, value, values, searchable=searchable, type_=type_)
            veil = veil_of(spec, name, viewer)
            if veil is None:
                return shape
            kept = field.default if veil == TEXT and field is not None else None
            truth = _masked(kept, shape[3], values[before:])
            # What is not below a Not may as well be false as unknown.
            return ("veiled", shape, bool(truth) if not negated else truth, veil)
        case And(nodes):
            return ("and", *(_node(child, spec, values, viewer, negated) for child in nodes))
        case Or(nodes):
            return ("or", *(_node(child, spec, values, viewer, negated) for child in nodes))
        case Not(child):
            return ("not", _node(child, spec, values, viewer, True))
        case Constant(value):
            return ("const", value)
        case Has(relation, where):
            if spec is RELATED_FIELDS["links"] and relation in KINDS:
                return ("has", relation, _node(where, KINDS[relation], values, viewer))
            if not isinstance(spec, dict) and relation in REVERSE.get(spec.name, ()):
                return ("has", relation, _node(where, KINDS[REVERSE[spec.name][relation][0]], values, viewer))
            if isinstance(spec, dict) or relation not in spec.relations:
                raise Unsupported(f"no relation {relation}")
            if relation in RELATED_FIELDS:
                return ("has", relation, _node(where, RELATED_FIELDS[relation], values, viewer))
            other = KINDS[cast(str, spec.by_name[f"{relation}_id"].ref)]
            return ("has", relation, _node(where, other, values, viewer))
    raise Unsupported(f"no such node: {type(node).__name__}")


_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _masked(text: str | None, primitive: str, values: list[Scalar]) -> bool | None:
    """What a comparison comes to where the field is not shown: missing, or an empty text."""
    match primitive:
        case "null":
            return text is None
        case "not null":
            return text is not None
        case "never":
            return None
    if text is None:
        return None
    match primitive:
        case "in":
            return text in values
        case "like":
            return not str(values[0]).strip("%")
        case "range" | "match":
            return False
    return _HOLDS[primitive](text, values[0])


def _after(name: str, op: Op, value: After, spec: KindSpec) -> Shape:
    for asked in (name, value.field):
        found = spec.by_name.get(asked)
        if found is None or found.type != "instant":
            raise Unsupported(f"{asked} is no instant")
    if op in (Op.IN, Op.LIKE, Op.NULL, Op.NOT_NULL):
        raise Unsupported("instants are only compared with each other")
    return ("compare", name, "number", f"after {op.value}", (value.field, int(value.seconds)))


def _compare(
    name: str, how: str, op: Op, value: Any, values: list[Scalar], *, searchable: bool, type_: str = "int"
) -> Shape:
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
    pattern = clean_text(str(value))
    if how in ("number", "rank"):
        if len(pattern) > MAX_PATTERN:
            raise Unsupported("the pattern is too long")
        values.append(pattern)
        return ("compare", name, how, f"printed {type_}", 1)
    if how in ("fold", "key"):
        pattern = fold_pattern(pattern)
    prefix = _literal(pattern[:-1]) if pattern.endswith("%") and not pattern.endswith("\\%") else None
    # What no index holds in order is looked for in the index of its substrings.
    sought = prefix if searchable and how == "fold" else None
    if prefix and (sought is None or len(sought) < SHORTEST):
        values.extend((prefix, prefix + HIGHEST))
        return ("compare", name, how, "range", 2)
    if len(pattern) > MAX_PATTERN:
        raise Unsupported("the pattern is too long")
    values.append(pattern)
    if sought is None and searchable and pattern[:1] == "%" and pattern[-1:] == "%":
        sought = _literal(pattern[1:-1])
    if sought is not None and len(sought) >= SHORTEST:
        values.append(sought)
        return ("compare", name, how, "match", 2)
    return ("compare", name, how, "like", 1)


def _value(how: str, value: Scalar) -> Scalar:
    if how not in ("number", "rank"):
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
        case ("veiled", compared, *_):
            return extras_asked(compared)
        case ("compare", name, "extras" | "rank", *_):
            return {name.split(".")[1]}
    return set()


def without_extras(shape: Shape) -> Shape:
    """What a shape comes to for a record without those extras.

    A comparison of one is then ``("const", bool, n)`` or ``("unknown", n)``, with as many values passed over as the
    comparison has; a rank is the state's.
    """
    match shape:
        case ("and" | "or" | "not", *children):
            return (shape[0], *map(without_extras, children))
        case ("veiled", compared, *_):
            without = without_extras(compared)
            return shape if without is compared else without
        case ("compare", _, "extras", "null", count):
            return ("const", True, count)
        case ("compare", _, "extras", "not null", count):
            return ("const", False, count)
        case ("compare", _, "extras", _, count):
            return ("unknown", count)
        case ("compare", name, "rank", primitive, count):
            return ("compare", name, "plain rank", primitive, count)
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
