"""Pages of a tenant's clients, in a tree. Functions over a unit of work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from canonical.errors import Duplicate
from canonical.model.page import LayoutPage
from canonical.service.timed_ids import timed_id
from canonical.store.port import Unit
from canonical.values import MAX_ID, Instant, from_column, to_column, valid_text

ORDER = ("position", "id")
ALL = 2**64
"""Ids of pages, of what they lie below and of the module they show are numbers of 64 bits without a sign: databases
have signed ones, so those of the upper half are stored below zero."""


def _signed(id: int) -> int:
    return id if id <= MAX_ID else id - ALL


def _page(row: dict[str, Any]) -> LayoutPage:
    return LayoutPage(
        row["id"] % ALL,
        row["parent_id"] % ALL,
        row["module_id"] % ALL,
        from_column(row["title"]),
        from_column(row["description"]),
        row["blocks"],
        bool(row["visible"]),
        row["position"],
        row["created_at"],
    )


def pages(unit: Unit, parent_id: int | None) -> list[LayoutPage]:
    where = {} if parent_id is None else {"parent_id": _signed(parent_id)}
    return [_page(row) for row in unit.select("layout_page", where, ORDER)]


def page(unit: Unit, id: int) -> LayoutPage | None:
    rows = unit.select("layout_page", {"id": _signed(id)}) if 0 < id < ALL else []
    return _page(rows[0]) if rows else None


def page_of_module(unit: Unit, module_id: int) -> LayoutPage | None:
    rows = unit.select("layout_page", {"module_id": _signed(module_id)}, ("id",)) if 0 < module_id < ALL else []
    return _page(rows[0]) if rows else None


def save_page(unit: Unit, given: LayoutPage, now: Instant) -> LayoutPage:
    if given.module_id:
        other = page_of_module(unit, given.module_id)
        if other is not None and other.id != given.id:
            raise Duplicate("module_id", str(given.module_id))
    saved = replace(given, title=valid_text(given.title), description=valid_text(given.description))
    values: dict[str, Any] = {
        "parent_id": _signed(given.parent_id),
        "module_id": _signed(given.module_id),
        "title": to_column(saved.title),
        "description": to_column(saved.description),
        "blocks": given.blocks,
        "visible": int(given.visible),
        "position": given.position,
    }
    if given.id and unit.update("layout_page", {"id": _signed(given.id)}, values):
        return saved
    saved.id = given.id or timed_id(unit, now)
    saved.created_at = now
    unit.insert("layout_page", {"id": _signed(saved.id), **values, "created_at": now})
    return saved


def delete_page(unit: Unit, id: int) -> bool:
    return 0 < id < ALL and unit.delete("layout_page", {"id": _signed(id)}) > 0


def reorder_pages(unit: Unit, parent_id: int, ids: Sequence[int]) -> None:
    children = {page.id: page for page in pages(unit, parent_id)}
    listed = [id for id in dict.fromkeys(ids) if id in children]
    others = [id for id in children if id not in set(listed)]
    for position, id in enumerate([*listed, *others], 1):
        if children[id].position != position:
            unit.update("layout_page", {"id": _signed(id)}, {"position": position})
