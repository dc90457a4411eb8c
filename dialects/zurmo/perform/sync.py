"""``getCreatedItems``, ``getModifiedItems``, ``getDeletedItems``: what changed since a moment (3.x)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapter.dialect import Call
from adapter.formats.form_body import Nested
from adapter.wire import WireResponse
from canonical.model import Party
from canonical.query import TRUE, After, Compare, Node, Op, Query, Sort, Window, all_of, eq
from canonical.values import EARLIEST, SECOND, Instant
from dialects.zurmo.auth import profile
from dialects.zurmo.errors import BAD_SINCE, Failure
from dialects.zurmo.fields.modules import Module
from dialects.zurmo.fields.plain import read_moment
from dialects.zurmo.perform.shared import module_of, require_right, shown
from dialects.zurmo.query.paging import Paging, list_paging
from dialects.zurmo.wire.envelope import envelope
from dialects.zurmo.wire.parameters import given

EDITED_AFTER: Final = 3
"""Seconds after its creation until a change counts as one."""


def _asked(call: Call) -> tuple[Module, Instant | None, Paging]:
    """The module, since when, and the page. Without a moment, or without any data, it is since ever: None."""
    module = module_of(call)
    require_right(call, module)
    data: Mapping[str, Nested] = given(call).data or {}
    since = data.get("sinceDateTime")
    at = read_moment(since) if isinstance(since, str) else None
    if since is not None and at is None:
        raise Failure(BAD_SINCE)
    return module, at, list_paging(data, profile(call).page_cap)


def created(call: Call) -> WireResponse:
    """The caller's own records made since then."""
    module, since, paging = _asked(call)
    made = TRUE if since is None else Compare("created_at", Op.GE, since)
    return _records(call, module, made, Sort("id"), paging)


def modified(call: Call) -> WireResponse:
    """The caller's own records changed after then, and not just made: the oldest change first."""
    module, since, paging = _asked(call)
    if since is None:
        return _answer(call, paging, 0, [])
    changed = all_of(
        Compare("updated_at", Op.GE, since + SECOND),
        Compare("updated_at", Op.GT, After("created_at", EDITED_AFTER)),
    )
    return _records(call, module, changed, Sort("updated_at"), paging)


def deleted(call: Call) -> WireResponse:
    """The ids of records deleted since then. Contacts and leads are one: which it was is not known any more."""
    module, since, paging = _asked(call)
    type_ = str(module.start["type"])
    kind = Party.KIND if module.kind is Party else module.kind.KIND
    changes, total = call.desk.changes(
        kind,
        ("delete",),
        EARLIEST if since is None else since,
        types=(type_,),
        offset=paging.offset,
        limit=paging.size,
    )
    return _answer(call, paging, total, [change.record.id for change in changes])


def _records(call: Call, module: Module, condition: Node, sort: Sort, paging: Paging) -> WireResponse:
    # Only what the caller owns, an administrator's own too (zurmo dossier, section 8).
    where = all_of(module.where, eq("owner_id", call.me), condition)
    query = Query(where, (sort,), Window(paging.offset, paging.size))
    page = call.desk.find(module.kind, query, module.include, total=True, fields=module.reads)
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
