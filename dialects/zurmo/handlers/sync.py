"""``getCreatedItems``, ``getModifiedItems``, ``getDeletedItems``: what changed since a moment (3.x)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.dialect import Call
from adapter.formats.form_body import Nested
from adapter.wire import WireResponse
from canonical.model import Party
from canonical.query import Compare, Node, Op, Query, Sort, Window, all_of
from canonical.values import EARLIEST, Instant
from dialects.zurmo.auth import profile
from dialects.zurmo.codec.envelope import envelope
from dialects.zurmo.codec.parameters import given
from dialects.zurmo.errors import BAD_SINCE, NO_DATA, Failure
from dialects.zurmo.fields.plain import read_moment
from dialects.zurmo.handlers.shared import module_of, require_right, shown
from dialects.zurmo.modules import Module
from dialects.zurmo.query.paging import Paging, list_paging


def _asked(call: Call) -> tuple[Module, Mapping[str, Nested], Instant, Paging]:
    module = module_of(call)
    require_right(call, module)
    data = given(call).data
    if data is None:
        raise Failure(NO_DATA)
    since = data.get("sinceDateTime")
    at: Instant | None = EARLIEST
    if since not in (None, "", "0"):
        at = read_moment(since) if isinstance(since, str) else None
    if at is None:
        raise Failure(BAD_SINCE)
    return module, data, at, list_paging(data, profile(call).page_cap)


def created(call: Call) -> WireResponse:
    """Records made since then."""
    module, _, since, paging = _asked(call)
    return _records(call, module, Compare("created_at", Op.GE, since), paging)


def modified(call: Call) -> WireResponse:
    """Records that were there by then and changed since."""
    module, _, since, paging = _asked(call)
    changed = all_of(Compare("updated_at", Op.GE, since), Compare("created_at", Op.LT, since))
    return _records(call, module, changed, paging)


def deleted(call: Call) -> WireResponse:
    """The ids of records deleted since then. Contacts and leads are one: which it was is not known any more."""
    module, _, since, paging = _asked(call)
    type_ = str(module.start["type"])
    kind = Party.KIND if module.kind is Party else module.kind.KIND
    changes, total = call.desk.changes(
        kind, ("delete",), since, types=(type_,), offset=paging.offset, limit=paging.size
    )
    return _answer(call, paging, total, [change.record.id for change in changes])


def _records(call: Call, module: Module, condition: Node, paging: Paging) -> WireResponse:
    window = Window(paging.offset, paging.size)
    query = Query(all_of(module.where, condition), (Sort("id"),), window)
    page = call.desk.find(module.kind, query, module.include, total=True)
    return _answer(call, paging, page.total or 0, shown(call, module, page.items) if page.items else [])


def _answer(call: Call, paging: Paging, total: int, items: list[Any]) -> WireResponse:
    data: dict[str, Any] = {
        "totalCount": str(total) if profile(call).text_totals else total,
        "pageSize": paging.size,
        "currentPage": paging.page,
    }
    if items:
        data["items"] = items
    return envelope(call, data)
