"""What hangs on records: links, contact points, tags, custom values. Functions over a unit of work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from canonical.errors import Duplicate, Invalid, NotFound, Problem
from canonical.model import ContactPoint, CustomValue, Link, StateChange, Tag
from canonical.operations import NewLink
from canonical.store.port import Unit
from canonical.values import Instant, Ref, clean_text, fold, fold_key

MAX_NAME = 500
"""Characters of a role or of a custom field's name or group: they stand in indexes."""
POINT_KINDS = ("email", "phone", "website", "address")


def _next_position(rows: list[dict[str, Any]]) -> int:
    return max((row["position"] for row in rows), default=-1) + 1


def short(field: str, text: str) -> str:
    """The text, cleaned. Raises Invalid when it is longer than `MAX_NAME`."""
    if len(text) > MAX_NAME:
        raise Invalid(Problem(field, "too_long", {"maximum": MAX_NAME}))
    return clean_text(text)


# -- links ------------------------------------------------------------------------------------------


def add_link(unit: Unit, record: Ref, new: NewLink, now: Instant, *, fresh: bool = False, at: int = 0) -> int:
    """The id of the link, made unless it is there. With `fresh` the record is new: nothing can be there yet.

    That the target is there, and the caller may know it, is settled before.
    """
    role = short("role", new.role)
    position = at
    if not fresh:
        there = unit.select("link", {"record_kind": record.kind, "record_id": record.id})
        for row in there:
            if (row["target_kind"], row["target_id"], row["role"]) == (*new.target, role):
                return int(row["id"])
        position = _next_position(there)
    id = unit.next_value("link", shared=True)
    unit.insert(
        "link",
        {
            "id": id,
            "record_kind": record.kind,
            "record_id": record.id,
            "target_kind": new.target.kind,
            "target_id": new.target.id,
            "role": role,
            "position": position,
            "at": now if new.at is None else new.at,
        },
    )
    return id


def add_links(unit: Unit, record: Ref, links: Iterable[NewLink], now: Instant) -> None:
    """The links of a new record; the same target in the same role counts once."""
    seen: set[tuple[Ref, str]] = set()
    for new in links:
        key = (new.target, new.role)
        if key not in seen:
            add_link(unit, record, new, now, fresh=True, at=len(seen))
            seen.add(key)


def drop_link(unit: Unit, record: Ref, target: Ref, role: str | None) -> int:
    where: dict[str, Any] = {
        "record_kind": record.kind,
        "record_id": record.id,
        "target_kind": target.kind,
        "target_id": target.id,
    }
    if role is not None:
        where["role"] = role
    return unit.delete("link", where)


def find_link(unit: Unit, record: Ref, id: int) -> Link:
    return next(link for link in unit.links_of(record.kind, (record.id,))[record.id] if link.id == id)


# -- contact points ---------------------------------------------------------------------------------


def _point_row(point: ContactPoint) -> dict[str, Any]:
    row = {
        name: getattr(point, name)
        for name in ("kind", "value", "label", "service", "street", "street2", "city", "region", "postcode", "country")
    }
    for name, value in row.items():
        if isinstance(value, str):
            row[name] = clean_text(value)
    row["extras"] = point.extras
    row["digits_back"] = point.digits_back
    return row


def save_points(unit: Unit, party_id: int, points: Iterable[ContactPoint], *, fresh: bool = False) -> bool:
    """Points with an id replace that point of the party, the others are added at the end. Gives whether any changed.

    Raises NotFound for an id that the party does not have.
    """
    there = {} if fresh else {point.id: point for point in unit.points_of((party_id,))[party_id]}
    position = max((point.position for point in there.values()), default=-1) + 1
    changed = False
    for point in points:
        if point.kind not in POINT_KINDS:
            raise ValueError(point.kind)
        if point.id == 0:
            row = {**_point_row(point), "id": unit.next_value("contact_point", shared=True), "party_id": party_id}
            unit.insert("contact_point", {**row, "position": position})
            position += 1
            changed = True
            continue
        old = there.get(point.id)
        if old is None:
            raise NotFound("contact_point", point.id)
        if replace(point, position=old.position, party_id=party_id) != old:
            unit.update("contact_point", {"id": point.id}, _point_row(point))
            changed = True
    return changed


def drop_points(unit: Unit, party_id: int, ids: Iterable[int]) -> bool:
    wanted = tuple(ids)
    return bool(wanted) and unit.delete("contact_point", {"party_id": party_id, "id": wanted}) > 0


# -- tags -------------------------------------------------------------------------------------------


def _tag(row: dict[str, Any]) -> Tag:
    return Tag(row["id"], row["name"], row["url"], row["keywords"], row["parent_id"])


def tag_by_name(unit: Unit, name: str) -> Tag | None:
    rows = unit.select("tag", {"name_fold": fold_key(name)})
    return _tag(rows[0]) if rows else None


def save_tag(unit: Unit, tag: Tag) -> Tag:
    name = clean_text(tag.name)
    taken = tag_by_name(unit, name)
    if taken is not None and taken.id != tag.id:
        raise Duplicate("tag", name)
    values = {"name": name, "url": tag.url, "keywords": tag.keywords, "parent_id": tag.parent_id}
    if tag.id:
        if not unit.update("tag", {"id": tag.id}, values):
            raise NotFound("tag", tag.id)
        return replace(tag, name=name)
    id = unit.next_value("tag", shared=True)
    unit.insert("tag", {"id": id, **values})
    return replace(tag, id=id, name=name)


def add_tag(unit: Unit, record: Ref, name: str, url: str | None, keywords: str | None) -> tuple[Tag, bool]:
    """The tag of that name, made when there is none, and whether the record lacked it."""
    tag = tag_by_name(unit, name) or save_tag(unit, Tag(0, name, url, keywords))
    where = {"record_kind": record.kind, "record_id": record.id}
    there = unit.select("tagging", where)
    if any(row["tag_id"] == tag.id for row in there):
        return tag, False
    unit.insert("tagging", {**where, "tag_id": tag.id, "position": _next_position(there)})
    return tag, True


def drop_tag(unit: Unit, record: Ref, name: str) -> bool:
    tag = tag_by_name(unit, name)
    if tag is None:
        return False
    return unit.delete("tagging", {"record_kind": record.kind, "record_id": record.id, "tag_id": tag.id}) > 0


def find_tags(unit: Unit, name_contains: str | None, ids: Iterable[int] | None) -> list[Tag]:
    where = {} if ids is None else {"id": tuple(ids)}
    wanted = fold(name_contains or "")
    return [_tag(row) for row in unit.select("tag", where, ("id",)) if wanted in row["name_fold"]]


def delete_tag(unit: Unit, id: int) -> None:
    if not unit.delete("tag", {"id": id}):
        raise NotFound("tag", id)
    unit.delete("tagging", {"tag_id": id})
    unit.update("tag", {"parent_id": id}, {"parent_id": None})


# -- custom values ----------------------------------------------------------------------------------


def save_custom(
    unit: Unit, record: Ref, values: Iterable[CustomValue], now: Instant, me: int, *, fresh: bool = False
) -> bool:
    """Sets each value, by group and name. Gives whether any changed."""
    values = tuple(values)
    if not values:
        return False
    where = {"record_kind": record.kind, "record_id": record.id}
    there = {} if fresh else {(row["group"], row["name"]): row for row in unit.select("custom_value", where)}
    position = _next_position(list(there.values()))
    changed = False
    for custom in values:
        key = (short("group", custom.group), short("name", custom.name))
        value = clean_text(custom.value)
        old = there.get(key)
        given = {"value": value, "updated_at": now, "modifier_id": me}
        if old is None:
            row = {**where, "group": key[0], "name": key[1], "position": position, **given}
            unit.insert("custom_value", {**row, "id": unit.next_value("custom_value", shared=True)})
            there[key] = row
            position += 1
            changed = True
        elif old["value"] != value:
            unit.update("custom_value", {**where, "group": key[0], "name": key[1]}, given)
            old["value"] = value
            changed = True
    return changed


def drop_custom(unit: Unit, record: Ref, keys: Iterable[tuple[str, str]]) -> bool:
    where = {"record_kind": record.kind, "record_id": record.id}
    dropped = [unit.delete("custom_value", {**where, "group": group, "name": name}) for group, name in keys]
    return any(dropped)


# -- changes of state -------------------------------------------------------------------------------


def add_state_change(unit: Unit, record: Ref, word: str, now: Instant, me: int) -> None:
    """Logs that the record came to a state now."""
    on = {"record_kind": record.kind, "record_id": record.id}
    word = short("word", word)
    unit.update("state_change", {**on, "word": word, "latest": 1}, {"latest": False})
    id = unit.next_value("state_change", shared=True)
    unit.insert("state_change", {**on, "id": id, "at": now, "user_id": me, "word": word, "latest": True})


def state_changes(unit: Unit, kind: str, ids: Iterable[int]) -> dict[int, list[StateChange]]:
    """The changes of records, oldest first."""
    found: dict[int, list[StateChange]] = {id: [] for id in ids}
    for row in unit.select("state_change", {"record_kind": kind, "record_id": tuple(found)}, ("id",)):
        change = StateChange(row["id"], row["at"], row["user_id"], row["word"], bool(row["latest"]))
        found[row["record_id"]].append(change)
    return found


def drop_all(unit: Unit, record: Ref) -> None:
    """All that hangs on a record that goes."""
    on = {"record_kind": record.kind, "record_id": record.id}
    for table in ("link", "tagging", "custom_value", "state_change"):
        unit.delete(table, on)
    unit.delete("link", {"target_kind": record.kind, "target_id": record.id})
    if record.kind in ("party", "employment"):
        unit.delete("contact_point", {"party_id": record.id})
