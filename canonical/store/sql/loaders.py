"""How rows become record objects: functions generated once from the kinds' descriptions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from canonical.model import KINDS, KindSpec, Record
from canonical.operations import Fields

Loader = Callable[[Sequence[Any], Mapping[int | None, str | None]], Any]
"""From a row (stored fields, then joined ones) and the names of users to a record."""


ALWAYS: Final = ("id", "visibility", "owner_id")
"""The fields that are read in any case: which record it is, and who may see it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How rows without usernames are read. `spec` has the fields that are read, `fields` is what was asked for.

    `load` makes a record of a row, and `named_by` tells where in the row the ids stand whose names it looks up.
    """

    spec: KindSpec
    fields: Fields
    load: Loader
    named_by: tuple[int, ...]


def _generate(spec: KindSpec, *, joined: bool) -> Loader:
    """The loader of rows with all joins, or of those whose usernames are looked up by id.

    Its source holds names and defaults of fields only. It raises KeyError for a user whose name is not there.
    """
    arguments = []
    # By position where the declarations go in the same order: that is faster, with the defaults of what is not read.
    stored = KINDS[spec.name].fields
    declared = [field.name for field in dataclasses.fields(spec.record)]
    in_order = declared[: len(stored)] == [field.name for field in stored]
    at = {field.name: at for at, field in enumerate(spec.fields)}
    for field in stored if in_order else spec.fields:
        if field.name not in at:
            arguments.append("{}" if field.type == "extras" else repr(field.default))
            continue
        name, value = "" if in_order else f"{field.name}=", f"r[{at[field.name]}]"
        if field.type == "extras":
            arguments.append(f"{name}loads({value}) if {value} else {{}}")
        elif field.type == "flag":
            arguments.append(f"{name}{value} == 1")
        else:
            arguments.append(f"{name}{value}")
    more = len(spec.fields)
    for join in spec.joins:
        if join.kind == "user" and not joined:
            arguments.append(f"{join.attribute}=names[r[{at[join.field]}]]")
        else:
            arguments.append(f"{join.attribute}=r[{more}]")
            more += 1
    source = f"lambda r, names: record({', '.join(arguments)})"
    return eval(source, {"record": spec.record, "loads": orjson.loads})  # type: ignore[no-any-return]  # noqa: S307


JOINED: dict[type[Record], Loader] = {spec.record: _generate(spec, joined=True) for spec in KINDS.values()}


_READINGS: dict[tuple[type[Record], Fields], Reading] = {}


def reading(kind: type[Record], fields: Fields = None) -> Reading:
    """How records of the kind are read, whole or only those fields of theirs. Made once for each choice of fields."""
    made = _READINGS.get((kind, fields))
    if made is None:
        made = _READINGS[kind, fields] = _made(KINDS[kind.KIND], fields)
    return made


def _made(spec: KindSpec, fields: Fields) -> Reading:
    if fields is not None:
        spec = spec.only({*fields, *ALWAYS})
    by = {join.field for join in spec.joins if join.kind == "user"}
    named_by = tuple(at for at, field in enumerate(spec.fields) if field.name in by)
    return Reading(spec, fields, _generate(spec, joined=False), named_by)
