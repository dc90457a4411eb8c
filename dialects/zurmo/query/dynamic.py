"""``dynamicSearch``: numbered clauses and a structure over them (zurmo dossier, section 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from adapter.formats.form_body import Nested
from canonical.query import TRUE, Node, all_of
from dialects.zurmo.errors import Failure
from dialects.zurmo.fields.comparison import Searching
from dialects.zurmo.fields.modules import Module
from dialects.zurmo.query.attributes import about_node
from dialects.zurmo.query.simple import is_empty, simple_nodes
from dialects.zurmo.query.structure import negated, parse
from dialects.zurmo.wire.parameters import php_int

MAX_CLAUSES: Final = 200
_NOT_SEARCHED: Final = ("attributeIndexOrDerivedType", "structurePosition")


def dynamic_node(module: Module, search: Nested | None, searching: Searching, before: Sequence[Node] = ()) -> Node:
    """The node of a dynamic search; true when clauses or structure are missing, as the vendor then ignores both.

    `before` are the clauses of the plain search beside it: a number may name them, or one of the module's states.
    """
    if not isinstance(search, dict):
        return TRUE
    clauses, structure = search.get("dynamicClauses"), search.get("dynamicStructure")
    if not isinstance(clauses, dict) or not clauses or not isinstance(structure, str) or structure in ("", "0"):
        return TRUE
    if len(clauses) > MAX_CLAUSES:
        raise Failure("Too many clauses.")
    below_not = negated(structure)
    nodes: dict[int, Node] = {}
    places = list(before)
    unused: set[int] = set()
    for clause in clauses.values():
        if not isinstance(clause, dict):
            continue
        position = php_int(clause.get("structurePosition"))
        asked = {name: value for name, value in clause.items() if name not in _NOT_SEARCHED}
        strict = bool(below_not & {position, len(places) + 1})
        found = [] if is_empty(asked) else _clause(module, asked, replace(searching, strict=strict))
        if found:
            nodes[position] = all_of(*found)
            places += found
        else:
            unused.add(position)
    if not places and not module.states:
        return TRUE  # no clause at all: no condition, whatever the structure
    return parse(structure, nodes, (*places, *module.states), unused - nodes.keys())


def _clause(module: Module, asked: Mapping[str, Nested], searching: Searching) -> list[Node]:
    model = asked.get("modelClassName")
    if isinstance(model, str) and "modelId" in asked and "activityItems" in module.relations:
        return [about_node(model, php_int(asked["modelId"]))]
    return simple_nodes(module, asked, searching)
