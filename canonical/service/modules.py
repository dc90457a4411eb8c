"""Modules that tenants describe, and their records. Functions over a unit of work."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

import orjson

from canonical.errors import Conflict, NotFound
from canonical.letters import fold_letters
from canonical.model.module import FieldValue, Module, ModuleField, ModuleRecord, ModuleSort, SavedChart
from canonical.query import Window
from canonical.service.timed_ids import timed_id
from canonical.store.port import Unit
from canonical.values import MAX_ID, UNSET, Instant, Unset, from_column, to_column, valid_text

SEPARATOR = "\x1f"
_NUMBER = re.compile(r"\s*[-+]?[0-9]{1,30}(?:\.[0-9]{0,30})?\s*\Z", re.ASCII)


# -- modules ----------------------------------------------------------------------------------------


def _module(row: dict[str, Any]) -> Module:
    fields = tuple(ModuleField(**field) for field in orjson.loads(row["fields"]))
    return Module(row["id"], from_column(row["name"]), fields, row["created_at"], row["updated_at"])


def modules(unit: Unit) -> list[Module]:
    return [_module(row) for row in unit.select("module", {}, ("id",))]


def module(unit: Unit, id: int) -> Module | None:
    rows = unit.select("module", {"id": id}) if 0 < id <= MAX_ID else []
    return _module(rows[0]) if rows else None


def save_module(
    unit: Unit, id: int | None, name: str, fields: Sequence[ModuleField], now: Instant, *, make: bool
) -> Module:
    cleaned = tuple(map(_cleaned, fields))
    name = valid_text(name)
    values = {"name": to_column(name), "fields": orjson.dumps([asdict(field) for field in cleaned]).decode()}
    there = None if id is None else module(unit, id)
    if there is not None:
        unit.update("module", {"id": id}, {**values, "updated_at": now})
        return replace(there, name=name, fields=cleaned, updated_at=now)
    if id is None:
        id = timed_id(unit, now)
    elif not make:
        raise NotFound("module", id)
    unit.insert("module", {"id": id, **values, "created_at": now, "updated_at": None})
    return Module(id, name, cleaned, now)


def _cleaned(field: ModuleField) -> ModuleField:
    texts = {name: valid_text(value) for name, value in asdict(field).items() if isinstance(value, str)}
    return replace(field, **texts)  # type: ignore[arg-type]


def delete_module(unit: Unit, id: int) -> bool:
    return 0 < id <= MAX_ID and unit.delete("module", {"id": id}) > 0


# -- records ----------------------------------------------------------------------------------------


def _record(row: dict[str, Any]) -> ModuleRecord:
    values = tuple(
        FieldValue(name, value, None if related is None else tuple(related))
        for name, value, related in orjson.loads(row["values"])
    )
    return ModuleRecord(
        row["id"],
        row["module_id"],
        row["owner_id"],
        values,
        row["created_at"],
        row["updated_at"],
        row["deleted_at"],
        row["version"],
        row["creator_id"],
        row["extras"],
    )


def record(unit: Unit, id: int) -> ModuleRecord | None:
    rows = unit.select("module_record", {"id": id}) if 0 < id <= MAX_ID else []
    return _record(rows[0]) if rows else None


def find_records(
    unit: Unit, module_id: int, text: str, sort: Sequence[ModuleSort], window: Window
) -> tuple[list[ModuleRecord], int]:
    if module_id > MAX_ID:
        return [], 0
    total = unit.count_module_records(module_id, text)
    if not total or window.offset >= total:
        return [], total
    ids = unit.module_record_ids(module_id, text, tuple(sort), window)
    rows = {row["id"]: row for row in unit.select("module_record", {"id": tuple(ids)})} if ids else {}
    return [_record(rows[id]) for id in ids], total


def create_record(
    unit: Unit, module_id: int, values: Iterable[FieldValue], owner_id: int, now: Instant
) -> ModuleRecord:
    made = ModuleRecord(
        timed_id(unit, now), module_id, owner_id, _merged((), values), created_at=now, creator_id=owner_id
    )
    row = {name: getattr(made, name) for name in ("id", "version", "module_id", "owner_id", "creator_id")}
    unit.insert(
        "module_record",
        {**row, **_stored(made), "created_at": now, "updated_at": None, "deleted_at": None, "extras": {}},
    )
    _index_values(unit, made)
    return made


def update_record(
    unit: Unit, before: ModuleRecord, values: Iterable[FieldValue], now: Instant, owner_id: int | Unset | None
) -> ModuleRecord:
    after = replace(
        before,
        values=_merged(before.values, values),
        owner_id=before.owner_id if owner_id is UNSET else owner_id,
        updated_at=now,
        deleted_at=None,
        version=before.version + 1,
    )
    row = {
        **_stored(after),
        "owner_id": after.owner_id,
        "updated_at": now,
        "deleted_at": None,
        "version": after.version,
    }
    if unit.update("module_record", {"id": before.id, "version": before.version}, row) != 1:
        raise Conflict(f"record {before.id} was changed meanwhile")
    if after.values != before.values or before.deleted_at is not None:
        unit.delete("record_value", {"record_id": before.id})
        _index_values(unit, after)
    return after


def delete_record(unit: Unit, before: ModuleRecord, now: Instant) -> None:
    row = {"deleted_at": now, "listed": 0, "version": before.version + 1}
    if unit.update("module_record", {"id": before.id, "version": before.version}, row) != 1:
        raise Conflict(f"record {before.id} was changed meanwhile")
    unit.delete("record_value", {"record_id": before.id})


def _merged(kept: Iterable[FieldValue], given: Iterable[FieldValue]) -> tuple[FieldValue, ...]:
    """Values by name: the given ones over the kept ones, the last of a name over those before."""
    merged = {value.name: value for value in kept}
    for value in given:
        cleaned = replace(value, name=valid_text(value.name), value=valid_text(value.value))
        merged[cleaned.name] = cleaned
    return tuple(merged.values())


def _stored(made: ModuleRecord) -> dict[str, Any]:
    triples = [(value.name, value.value, value.related) for value in made.values]
    return {
        "values": orjson.dumps(triples).decode(),
        "search": searchable([value.value for value in made.values]),
        "listed": int(bool(made.values)),
    }


def searchable(texts: Sequence[str]) -> str | None:
    """What substring search looks into: the values, each folded letter by letter.

    NUL is a letter that no query has; it stands as one that no text has.
    """
    if not texts:
        return None
    return SEPARATOR.join(fold_letters(text.replace(SEPARATOR, " ").replace("\0", "\uffff")) for text in texts)


def number_of(text: str) -> float | None:
    """The number that a value is, if it is one."""
    return float(text) if _NUMBER.match(text) else None


def _index_values(unit: Unit, made: ModuleRecord) -> None:
    common = {"module_id": made.module_id, "record_id": made.id}
    unit.insert_many(
        "record_value",
        [
            {
                **common,
                "name": to_column(value.name),
                "value": to_column(value.value),
                "number": number_of(value.value),
            }
            for value in made.values
        ],
    )


# -- charts -----------------------------------------------------------------------------------------


def _chart(row: dict[str, Any]) -> SavedChart:
    return SavedChart(row["id"], from_column(row["name"]), row["config"], row["created_at"], row["updated_at"])


def charts(unit: Unit) -> list[SavedChart]:
    return [_chart(row) for row in unit.select("saved_chart", {}, ("id",))]


def chart(unit: Unit, id: int) -> SavedChart | None:
    rows = unit.select("saved_chart", {"id": id}) if 0 < id <= MAX_ID else []
    return _chart(rows[0]) if rows else None


def save_chart(unit: Unit, given: SavedChart, now: Instant) -> SavedChart:
    name = valid_text(given.name)
    values = {"name": to_column(name), "config": given.config}
    if given.id:
        there = chart(unit, given.id)
        if there is None:
            raise NotFound("chart", given.id)
        unit.update("saved_chart", {"id": given.id}, {**values, "updated_at": now})
        return replace(there, name=name, config=given.config, updated_at=now)
    made = SavedChart(timed_id(unit, now), name, given.config, now)
    unit.insert("saved_chart", {"id": made.id, **values, "created_at": now, "updated_at": None})
    return made


def delete_chart(unit: Unit, id: int) -> bool:
    return 0 < id <= MAX_ID and unit.delete("saved_chart", {"id": id}) > 0
