"""How rows become record objects: functions generated once from the kinds' descriptions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from canonical.generated import function
from canonical.model import KINDS, KindSpec, Record
from canonical.operations import Fields

Loader = Callable[[Sequence[Any], Mapping[int | None, str | None]], Any]
"""From a row (stored fields, then joined ones) and the names of users to a record."""


ALWAYS: Final = ("id", "visibility", "owner_id", "creator_id", "person_id")
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

    It sets the attributes one by one, which takes half as long as calling the class. Its source holds names and
    defaults of fields only. It raises KeyError for a user whose name is not there.
    """
    at = {field.name: at for at, field in enumerate(spec.fields)}
    values = {field.name: _stored(field.type, f"r[{at[field.name]}]") for field in spec.fields}
    more = len(spec.fields)
    for join in spec.joins:
        if join.kind == "user" and not joined:
            values[join.attribute] = f"names[r[{at[join.field]}]]"
        else:
            values[join.attribute] = f"r[{more}]"
            more += 1
    lines = ["made = new(record)"]
    # What is not read (a field nobody asked for; links, tags, ...) has its default.
    for field in dataclasses.fields(spec.record):
        default = "{}" if field.default is dataclasses.MISSING else repr(field.default)
        lines.append(f"made.{field.name} = {values.get(field.name) or default}")
    known = {"record": spec.record, "new": object.__new__, "loads": orjson.loads}
    return function("load", ("r", "names"), [*lines, "return made"], known)


def _stored(type_: str, value: str) -> str:
    if type_ == "extras":
        return f"loads({value}) if {value} else {{}}"
    return f"{value} == 1" if type_ == "flag" else value


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
