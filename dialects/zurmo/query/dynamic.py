"""``dynamicSearch``: numbered clauses and a structure over them (zurmo dossier, section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapter.formats.form_body import Nested
from canonical.query import TRUE, Node
from dialects.zurmo.codec.parameters import php_int
from dialects.zurmo.errors import Failure
from dialects.zurmo.modules import Module
from dialects.zurmo.query.attributes import about_node
from dialects.zurmo.query.comparison import Searching
from dialects.zurmo.query.simple import is_empty, simple_node
from dialects.zurmo.query.structure import parse

MAX_CLAUSES: Final = 200
_NOT_SEARCHED: Final = ("attributeIndexOrDerivedType", "structurePosition")


def dynamic_node(module: Module, search: Nested | None, searching: Searching) -> Node:
    """The node of a dynamic search; true when clauses or structure are missing, as the vendor then ignores both."""
    if not isinstance(search, dict):
        return TRUE
    clauses, structure = search.get("dynamicClauses"), search.get("dynamicStructure")
    if not isinstance(clauses, dict) or not clauses or not isinstance(structure, str) or not structure.strip():
        return TRUE
    if len(clauses) > MAX_CLAUSES:
        raise Failure("Too many clauses.")
    nodes: dict[int, Node] = {}
    unused: set[int] = set()
    for clause in clauses.values():
        if not isinstance(clause, dict):
            continue
        position = php_int(clause.get("structurePosition"))
        asked = {name: value for name, value in clause.items() if name not in _NOT_SEARCHED}
        if is_empty(asked):
            unused.add(position)
        else:
            nodes[position] = _clause(module, asked, searching)
    return parse(structure, nodes, unused - nodes.keys())


def _clause(module: Module, asked: Mapping[str, Nested], searching: Searching) -> Node:
    model = asked.get("modelClassName")
    if isinstance(model, str) and "modelId" in asked and "activityItems" in module.relations:
        return about_node(model, php_int(asked["modelId"]))
    return simple_node(module, asked, searching)
