"""Pages of a tenant's clients, in a tree. Functions over a unit of work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from canonical.errors import Duplicate
from canonical.model.page import LayoutPage
from canonical.service.timed_ids import timed_id
from canonical.store.port import Unit
from canonical.values import MAX_ID, Instant, clean_text

ORDER = ("position", "id")


def _page(row: dict[str, Any]) -> LayoutPage:
    return LayoutPage(
        row["id"],
        row["parent_id"],
        row["module_id"],
        row["title"],
        row["description"],
        row["blocks"],
        bool(row["visible"]),
        row["position"],
        row["created_at"],
    )


def pages(unit: Unit, parent_id: int | None) -> list[LayoutPage]:
    if parent_id is not None and parent_id > MAX_ID:
        return []
    where = {} if parent_id is None else {"parent_id": parent_id}
    return [_page(row) for row in unit.select("layout_page", where, ORDER)]


def page(unit: Unit, id: int) -> LayoutPage | None:
    rows = unit.select("layout_page", {"id": id}) if 0 < id <= MAX_ID else []
    return _page(rows[0]) if rows else None


def page_of_module(unit: Unit, module_id: int) -> LayoutPage | None:
    rows = unit.select("layout_page", {"module_id": module_id}, ("id",)) if 0 < module_id <= MAX_ID else []
    return _page(rows[0]) if rows else None


def save_page(unit: Unit, given: LayoutPage, now: Instant) -> LayoutPage:
    if given.module_id:
        other = page_of_module(unit, given.module_id)
        if other is not None and other.id != given.id:
            raise Duplicate("module_id", str(given.module_id))
    values: dict[str, Any] = {
        "parent_id": given.parent_id,
        "module_id": given.module_id,
        "title": clean_text(given.title),
        "description": clean_text(given.description),
        "blocks": given.blocks,
        "visible": int(given.visible),
        "position": given.position,
    }
    saved = replace(given, title=values["title"], description=values["description"])
    if given.id and unit.update("layout_page", {"id": given.id}, values):
        return saved
    saved.id = given.id or timed_id(unit, now)
    saved.created_at = now
    unit.insert("layout_page", {"id": saved.id, **values, "created_at": now})
    return saved


def delete_page(unit: Unit, id: int) -> bool:
    return 0 < id <= MAX_ID and unit.delete("layout_page", {"id": id}) > 0


def reorder_pages(unit: Unit, parent_id: int, ids: Sequence[int]) -> None:
    children = {page.id: page for page in pages(unit, parent_id)}
    listed = [id for id in dict.fromkeys(ids) if id in children]
    others = [id for id in children if id not in set(listed)]
    for position, id in enumerate([*listed, *others], 1):
        if children[id].position != position:
            unit.update("layout_page", {"id": id}, {"position": position})
