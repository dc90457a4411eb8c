"""What a list or a search asks for: the condition and the order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapter.formats.form_body import Nested
from canonical.query import Node, Sort, all_of
from dialects.zurmo.errors import Failure
from dialects.zurmo.fields.comparison import Searching
from dialects.zurmo.fields.modules import Module
from dialects.zurmo.query import improved
from dialects.zurmo.query.dynamic import dynamic_node
from dialects.zurmo.query.paging import search_sort
from dialects.zurmo.query.simple import simple_nodes

Asked = tuple[Node, tuple[Sort, ...]]
MAX_TEXTS: Final = 2_000


def _bounded(search: Mapping[str, Nested]) -> Mapping[str, Nested]:
    """The search. Raises Failure for one of more texts than a database should compare with."""
    left = MAX_TEXTS
    inner: list[Nested] = [dict(search)]
    while inner:
        value = inner.pop()
        if isinstance(value, dict):
            inner.extend(value.values())
        elif (left := left - 1) < 0:
            raise Failure("Too many values.")
    return search


def list_where(module: Module, search: Mapping[str, Nested], who: Searching) -> Node:
    """``search`` and ``dynamicSearch`` together."""
    plain = _bounded(search).get("search")
    clauses = simple_nodes(module, plain, who) if isinstance(plain, dict) else []
    dynamic = dynamic_node(module, search.get("dynamicSearch"), who, clauses)
    return all_of(module.where, *clauses, dynamic)


def _improved(search: Mapping[str, Nested]) -> Mapping[str, Nested]:
    wanted = search.get("search")
    return wanted if isinstance(wanted, dict) else {}


def searched_module(search: Mapping[str, Nested], route: Module) -> Module:
    """The module that an improved search is about, which need not be the route's."""
    return improved.module_of(_improved(search), route)


def search_query(module: Module, search: Mapping[str, Nested], who: Searching) -> Asked:
    """The clauses of an improved search, and the order."""
    where = all_of(module.where, improved.improved_node(module, _improved(_bounded(search)), who))
    return where, search_sort(module, search.get("sort"), who)
