"""From a query back to the clauses, structure and sort of ``search/filter``: what a client of Zurmo asks."""

from __future__ import annotations

from typing import Any

from adapter.formats.form_body import Nested
from canonical.errors import Unsupported
from canonical.query import TRUE, And, Compare, Has, Node, Not, Op, Or, Query
from canonical.values import MICROS, sql_time
from dialects.zurmo.fields.base import Field
from dialects.zurmo.fields.modules import Module
from dialects.zurmo.fields.plain import decimal_text
from dialects.zurmo.settings import Profile

_OPERATORS = {
    Op.EQ: "equals",
    Op.NE: "doesNotEqual",
    Op.GT: "greaterThan",
    Op.LT: "lessThan",
    Op.GE: "greaterThanOrEqualTo",
    Op.LE: "lessThanOrEqualTo",
}
_NULLS = {Op.NULL: "isNull", Op.NOT_NULL: "isNotNull"}


def asked_clauses(
    module: Module, query: Query, profile: Profile
) -> tuple[dict[str, Nested], str, list[tuple[str, str]]]:
    """Clauses by number, the structure over them, and the sort as attribute and direction.

    The module's own condition is left out: the server adds it. Raises Unsupported for what no clause can say.
    """
    asking = _Asking(module, profile)
    structure = asking.text(_without(query.where, module.where))
    sort = [(asking.attribute(term.field).name, "desc" if term.descending else "asc") for term in query.sort]
    return asking.clauses, structure, sort


def _without(where: Node, own: Node) -> Node:
    parts = where.nodes if isinstance(where, And) else (where,)
    mine = own.nodes if isinstance(own, And) else (own,)
    left = tuple(node for node in parts if node not in mine and node != TRUE)
    return TRUE if not left else left[0] if len(left) == 1 else And(left)


class _Asking:
    def __init__(self, module: Module, profile: Profile) -> None:
        self.clauses: dict[str, Nested] = {}
        self._rows = [row for row in module.table(profile.v3).by_name.values() if row.search is not None]

    def attribute(self, column: object) -> Field:
        """The attribute that says a canonical field alone, or sorts by it."""
        for row in self._rows:
            if column in row.keys and row.name != "completed":
                return row
        for row in self._rows:
            if row.columns == (column,):
                return row
        raise Unsupported(str(column))

    def text(self, node: Node) -> str:
        match node:
            case And(nodes):
                return " AND ".join(self._inner(child) for child in nodes)
            case Or(nodes):
                return " OR ".join(self._inner(child) for child in nodes)
            case Not(child):
                return f"NOT {self._inner(child)}"
            case Compare():
                return self._clause(self._compare(node))
            case Has(relation, Compare() as inner):
                return self._clause(self._has(relation, inner))
        if node == TRUE:
            return ""
        raise Unsupported(type(node).__name__)

    def _inner(self, node: Node) -> str:
        text = self.text(node)
        return f"({text})" if isinstance(node, And | Or | Not) else text

    def _clause(self, clause: dict[str, Nested]) -> str:
        number = str(len(self.clauses) + 1)
        self.clauses[number] = clause
        return number

    def _has(self, relation: str, inner: Compare) -> dict[str, Nested]:
        row = self.attribute(f"{relation}_id")
        if (row.element, inner.field) not in (("User", "username"), ("Account", "name")):
            raise Unsupported(relation)
        operator, value = _comparison(row, inner, as_text=True)
        return _made(row.name, inner.field, operator, value)

    def _compare(self, node: Compare) -> dict[str, Nested]:
        if node.field == "state" and node.value == "completed" and node.op in (Op.EQ, Op.NE):
            return _made("completed", None, "equals", "1" if node.op is Op.EQ else "0")
        row = self.attribute(node.field)
        operator, value = _comparison(row, node)
        related = {"User": "id", "Account": "id", "DropDown": "value"}.get(row.element)
        return _made(row.name, related, operator, value)


def _made(name: str, related: str | None, operator: str, value: Nested | None) -> dict[str, Nested]:
    clause: dict[str, Nested] = {"attributeName": name}
    if related is not None:
        clause["relatedAttributeName"] = related
    clause["operatorType"] = operator
    if value is not None:
        clause["value"] = value
    return clause


def _value(row: Field, value: Any) -> str:
    if row.element == "DateTime":
        return sql_time(value)
    if row.element in ("Decimal", "CurrencyValue"):
        return decimal_text(value if isinstance(value, int) else int(value * MICROS))
    return str(int(value)) if isinstance(value, bool) else str(value)


def _comparison(row: Field, node: Compare, *, as_text: bool = False) -> tuple[str, Nested | None]:
    """Operator and value of a comparison."""
    if node.op in _NULLS:
        return _NULLS[node.op], None
    if node.op is Op.IN:
        values = node.value if isinstance(node.value, tuple) else ()
        return "oneOf", {str(at): _value(row, value) for at, value in enumerate(values)}
    if node.op is Op.LIKE:
        return _pattern(str(node.value))
    if node.value is None:
        raise Unsupported("a comparison with nothing")
    return _OPERATORS[node.op], str(node.value) if as_text else _value(row, node.value)


def _pattern(pattern: str) -> tuple[str, Nested]:
    start, end = pattern[:1] == "%", pattern[-1:] == "%" and len(pattern) > 1
    if start and end:
        return "contains", pattern[1:-1]
    if end:
        return "startsWith", pattern[:-1]
    if start:
        return "endsWith", pattern[1:]
    raise Unsupported("a pattern with both ends fixed")
