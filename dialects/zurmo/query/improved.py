"""``search/filter``: clauses with an operator each, a structure, and a class that need not be the route's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from adapter.formats.form_body import Nested
from canonical.query import TRUE, Node, all_of
from dialects.zurmo.errors import Failure, NotSearchable, UnknownAttribute, syntax_error
from dialects.zurmo.fields.comparison import LIST_OPERATORS, NULL_OPERATORS, SCALAR_OPERATORS, Comparison, Searching
from dialects.zurmo.fields.modules import BY_MODEL, OTHER_MODELS, Module
from dialects.zurmo.query.attributes import node_of, one_of_texts
from dialects.zurmo.query.structure import negated, parse
from dialects.zurmo.wire.parameters import php_int

MAX_CLAUSES: Final = 200
MAX_ECHO: Final = 1_000


def module_of(search: Mapping[str, Nested], route: Module) -> Module:
    """The module of ``modelClassName``. Raises Failure for a class that there is not, or that is no model."""
    name = search.get("modelClassName")
    model = name if isinstance(name, str) else ""
    if model == route.model:
        return route
    found = BY_MODEL.get(model)
    if found is not None:
        return found
    if model in OTHER_MODELS:
        raise NotSearchable(model)
    if model.endswith("Module") and len(model) > 6:
        raise Failure(f"{model[:100]} should be subclass of RedBeanModel.")
    raise Failure(f"{model[:100]} class does not exist.")


def improved_node(module: Module, search: Mapping[str, Nested], searching: Searching) -> Node:
    """The node of the clauses and their structure; without a structure all clauses must hold.

    A number of the structure is a clause's key, or else the place of one of the module's states after them.
    """
    attributes = search.get("searchAttributeData")
    if not isinstance(attributes, dict):
        return TRUE
    clauses, structure = attributes.get("clauses"), attributes.get("structure")
    given = clauses if isinstance(clauses, dict) else {}
    if len(given) > MAX_CLAUSES:
        raise Failure("Too many clauses.")
    below_not = negated(structure) if isinstance(structure, str) else set()
    nodes = {
        key: _clause(module, clause, replace(searching, strict=key in below_not))
        for key, clause in ((php_int(key), clause) for key, clause in given.items())
        if isinstance(clause, dict)
    }
    if not isinstance(structure, str):
        return all_of(*nodes.values())
    if not structure.strip():
        raise Failure(syntax_error(")"))
    if structure == "0" and module.states:
        return TRUE  # PHP's empty: the states alone are left
    return parse(structure, nodes, (*nodes.values(), *module.states))


def _clause(module: Module, clause: Mapping[str, Nested], searching: Searching) -> Node:
    name, related = clause.get("attributeName"), clause.get("relatedAttributeName")
    if not isinstance(name, str):
        raise UnknownAttribute("")
    below = (related,) if isinstance(related, str) and related else ()
    return node_of(module, name, below, _comparison(clause), searching)


def _comparison(clause: Mapping[str, Nested]) -> Comparison:
    """The operator and its value. Raises Failure, in the vendor's words, where the two do not fit."""
    sent = clause.get("operatorType")
    operator = sent if isinstance(sent, str) else ""
    value = clause.get("value")
    if value is None and operator in NULL_OPERATORS:
        return Comparison(operator)
    if isinstance(value, str) and operator in SCALAR_OPERATORS:
        return Comparison(operator, value)
    if isinstance(value, dict) and operator in LIST_OPERATORS:
        return one_of_texts(value)
    shown = "Array" if isinstance(value, dict) else value or ""
    raise Failure(f"value: {shown[:MAX_ECHO]} operator type: {operator[:MAX_ECHO]}")
