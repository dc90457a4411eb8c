"""``list`` and ``search/filter`` of every module."""

from __future__ import annotations

from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.query import Node, Query, Sort, Window, all_of
from dialects.zurmo.auth import profile
from dialects.zurmo.codec.envelope import envelope
from dialects.zurmo.codec.parameters import given
from dialects.zurmo.handlers.shared import module_of, require_right, searching, shown
from dialects.zurmo.modules import Module
from dialects.zurmo.query import improved
from dialects.zurmo.query.dynamic import dynamic_node
from dialects.zurmo.query.paging import Paging, list_paging, list_sort, search_paging, search_sort
from dialects.zurmo.query.simple import simple_node


def list_query(module: Module, search: Any, who: Any) -> tuple[Node, tuple[Sort, ...]]:
    """What a list asks for: ``search`` and ``dynamicSearch`` together, and the order."""
    plain = search.get("search")
    where = all_of(
        module.where,
        simple_node(module, plain, who) if isinstance(plain, dict) else all_of(),
        dynamic_node(module, search.get("dynamicSearch"), who),
    )
    return where, list_sort(module, search.get("sort"), who)


def list_records(call: Call) -> WireResponse:
    """A page of a list. Past the end: the last page's items under the page that was asked for."""
    module = module_of(call)
    require_right(call, module)
    call.memo["interface"] = True
    search = given(call).filter
    paging = list_paging(search, profile(call).page_cap)
    where, sort = list_query(module, search, searching(call))
    desk = call.desk
    offset = min((paging.page - 1) * paging.size, 2**62)
    page = desk.find(module.kind, Query(where, sort, Window(offset, paging.size)), module.include, total=True)
    total = page.total or 0
    items = page.items
    if not items and total:
        last = (total - 1) // paging.size * paging.size
        items = desk.find(module.kind, Query(where, sort, Window(last, paging.size)), module.include).items
    return _answer(call, module, paging, total, items)


def search_records(call: Call) -> WireResponse:
    """A page of the improved search. Past the end there is nothing."""
    route = module_of(call)
    require_right(call, route)
    search = given(call).filter
    wanted = search.get("search")
    asked = wanted if isinstance(wanted, dict) else {}
    module = improved.module_of(asked, route)
    require_right(call, module)
    who = searching(call)
    paging = search_paging(search, profile(call).page_cap)
    where = all_of(module.where, improved.improved_node(module, asked, who))
    sort = search_sort(module, search.get("sort"), who)
    window = Window(min((paging.page - 1) * paging.size, 2**62), paging.size)
    page = call.desk.find(module.kind, Query(where, sort, window), module.include, total=True)
    return _answer(call, module, paging, page.total or 0, page.items)


def _answer(call: Call, module: Module, paging: Paging, total: int, items: Any) -> WireResponse:
    data: dict[str, Any] = {
        "totalCount": str(total) if profile(call).text_totals else total,
        "currentPage": paging.page,
    }
    if items:
        data["items"] = shown(call, module, items)
    return envelope(call, data)
