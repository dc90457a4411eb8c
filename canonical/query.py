"""The one search tree that every search language of every dialect becomes.

Truth is three-valued as in SQL: a comparison with a missing value is neither true nor false, and `Not` of it is
not true either. Text fields marked *folded* in the model compare without regard to letter case or accents.

`Like` patterns: ``%`` stands for any run of characters, ``_`` for one, a backslash takes the next one literally.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

MAX_TERMS = 500
MAX_DEPTH = 32
MAX_LIST = 10_000
MAX_PATTERN = 10_000
"""Characters of a LIKE pattern: SQLite takes 50,000 bytes and no more."""


class Op(Enum):
    """How a field is compared."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    IN = "in"
    LIKE = "like"
    NULL = "null"
    NOT_NULL = "not null"


Scalar = str | int | float | None


@dataclass(frozen=True, slots=True)
class After:
    """What another instant of the same record is, so many seconds later: a value to compare an instant with.

    Both are counted in whole seconds.
    """

    field: str
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Compare:
    """`field` is a field of the kind (``title``, ``owner_id``), or one of these.

    ``extras.<namespace>.<key>``, also a key inside what is kept there: compared as text.
    ``rank.<namespace>.<key>`` of an activity: the number in the extra ``<state>:<number>:…`` while the activity has
    that state, else its state's own rank (`canonical.model.STATE_RANKS`).

    A pattern compares numbers and instants as they are printed: ``15.5``, ``2014-01-20 20:42:56``.
    """

    field: str
    op: Op
    value: Scalar | tuple[Scalar, ...] | After = None


@dataclass(frozen=True, slots=True)
class Has:
    """There is at least one related row for which `where` holds.

    `relation` is one of the kind's relations (see `canonical.model.KINDS`): ``links``, ``points``, ``tags``,
    ``custom``, ``owner``, ``organisation``, … Inside ``links`` it may also be a kind (``party``): the link's target is
    of that kind and `where` holds for it. ``people`` of a party are the persons who work there, ``positions`` the
    further employments there, ``employments`` a person's own.
    """

    relation: str
    where: Node


@dataclass(frozen=True, slots=True)
class And:
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    node: Node


@dataclass(frozen=True, slots=True)
class Constant:
    """True or false for every row."""

    value: bool


Node = Compare | Has | And | Or | Not | Constant

TRUE = Constant(True)
FALSE = Constant(False)


@dataclass(frozen=True, slots=True)
class First:
    """A field of the first row of a relation: what a record sorts by that has the value hanging on it.

    Of the ``points`` or ``custom`` values for which one of `choices` holds, those of the earlier choice come first,
    then those of lower position. A to-one relation (``owner``) needs no choices; of a record that the caller may not
    see there is no value.
    """

    relation: str
    field: str
    choices: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Sort:
    """Missing values come first ascending and last descending, as in MySQL; false comes before true.

    `field` is one that can be compared, a condition, or a field of what hangs on the record. Where it is missing the
    record sorts by `fallback`, a field of the same type, if one is named.
    """

    field: str | Node | First
    descending: bool = False
    fallback: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """`limit` None: all that follow `offset`."""

    offset: int = 0
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """What to find. Ties are broken by id, ascending, unless `sort` names ``id`` itself."""

    where: Node = TRUE
    sort: tuple[Sort, ...] = ()
    window: Window = Window()


def all_of(*nodes: Node) -> Node:
    """The conjunction, flattened; `TRUE` when there is nothing to hold, `FALSE` when that cannot hold."""
    flat: list[Node] = []
    for node in nodes:
        if isinstance(node, And):
            flat.extend(node.nodes)
        elif node == FALSE:
            return FALSE
        elif node != TRUE:
            flat.append(node)
    if not flat:
        return TRUE
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def any_of(*nodes: Node) -> Node:
    """The disjunction; `FALSE` when there is nothing that could hold, `TRUE` when one holds anyway."""
    if TRUE in nodes:
        return TRUE
    flat = [node for node in nodes if node != FALSE]
    if not flat:
        return FALSE
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def eq(field: str, value: Scalar) -> Compare:
    return Compare(field, Op.EQ, value)


def one_of(field: str, values: Sequence[Scalar]) -> Node:
    """`field` equals one of `values`; `FALSE` when there are none."""
    return Compare(field, Op.IN, tuple(values)) if values else FALSE


def escape_like(text: str) -> str:
    """`text` as a pattern that matches only itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def starts_with(field: str, text: str) -> Compare:
    return Compare(field, Op.LIKE, escape_like(text) + "%")


def contains(field: str, text: str) -> Compare:
    return Compare(field, Op.LIKE, "%" + escape_like(text) + "%")


def size(node: Node) -> tuple[int, int]:
    """Number of terms and depth of a tree, what `MAX_TERMS` and `MAX_DEPTH` bound."""
    if isinstance(node, And | Or):
        inner = [size(child) for child in node.nodes]
        return sum(terms for terms, _ in inner), 1 + max((depth for _, depth in inner), default=0)
    if isinstance(node, Not):
        terms, depth = size(node.node)
        return terms, depth + 1
    if isinstance(node, Has):
        terms, depth = size(node.where)
        return terms + 1, depth + 1
    return 1, 1
