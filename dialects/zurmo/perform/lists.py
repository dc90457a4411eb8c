"""``list`` and ``search/filter`` of every module."""

from __future__ import annotations

from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.query import Query, Window
from dialects.zurmo.auth import profile
from dialects.zurmo.errors import Failure, UnknownAttribute
from dialects.zurmo.fields.modules import Module
from dialects.zurmo.perform.shared import module_of, require_right, searching, shown
from dialects.zurmo.query.listing import list_where, search_query, searched_module
from dialects.zurmo.query.paging import Paging, list_paging, list_sort, search_paging
from dialects.zurmo.wire.envelope import envelope
from dialects.zurmo.wire.parameters import given


def list_records(call: Call) -> WireResponse:
    """A page of a list. Past the end: the last page's items under the page that was asked for."""
    module = module_of(call)
    require_right(call, module)
    call.memo["interface"] = True
    search = given(call).filter
    paging = list_paging(search, profile(call).page_cap)
    desk = call.desk
    who = searching(call)
    where = list_where(module, search, who)
    try:
        sort = list_sort(module, search.get("sort"), who)
    except (Failure, UnknownAttribute):
        # The sort is not looked at when nothing is found (zurmo dossier, section 5).
        if desk.count(module.kind, where):
            raise
        sort = ()
    window = Window(paging.offset, paging.size)
    page = desk.find(module.kind, Query(where, sort, window), module.include, total=True, fields=module.reads)
    total = page.total or 0
    items = page.items
    if not items and total:
        last = (total - 1) // paging.size * paging.size
        query = Query(where, sort, Window(last, paging.size))
        items = desk.find(module.kind, query, module.include, fields=module.reads).items
    return _answer(call, module, paging, total, items)


def search_records(call: Call) -> WireResponse:
    """A page of the improved search. Past the end there is nothing."""
    route = module_of(call)
    require_right(call, route)
    search = given(call).filter
    module = searched_module(search, route)
    require_right(call, module)
    paging = search_paging(search, profile(call).page_cap)
    where, sort = search_query(module, search, searching(call))
    window = Window(paging.offset, paging.size)
    page = call.desk.find(module.kind, Query(where, sort, window), module.include, total=True, fields=module.reads)
    return _answer(call, module, paging, page.total or 0, page.items)


def _answer(call: Call, module: Module, paging: Paging, total: int, items: Any) -> WireResponse:
    data: dict[str, Any] = {
        "totalCount": str(total) if profile(call).text_totals else total,
        "currentPage": paging.page,
    }
    if items:
        data["items"] = shown(call, module, items)
    return envelope(call, data)
