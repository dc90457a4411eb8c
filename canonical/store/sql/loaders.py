"""Functions that make record objects out of rows, generated once from the kinds' descriptions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from canonical.model import KINDS, KindSpec, Record

Loader = Callable[[Sequence[Any], Mapping[int | None, str | None]], Any]
"""From a row (stored fields, then joined ones) and the names of users to a record."""


def _generate(spec: KindSpec, *, joined: bool) -> Loader:
    """The loader of rows with all joins, or of those whose usernames are looked up by id.

    Its source holds field names only. It raises KeyError for a user whose name is not there.
    """
    arguments = []
    # By position where the declarations go in the same order: that is faster.
    declared = [field.name for field in dataclasses.fields(spec.record)]
    in_order = declared[: len(spec.fields)] == [field.name for field in spec.fields]
    at = {field.name: at for at, field in enumerate(spec.fields)}
    for field in spec.fields:
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
NAMED: dict[type[Record], Loader] = {spec.record: _generate(spec, joined=False) for spec in KINDS.values()}
NAMED_BY: dict[type[Record], tuple[int, ...]] = {
    spec.record: tuple(
        at
        for at, field in enumerate(spec.fields)
        if any(j.kind == "user" and j.field == field.name for j in spec.joins)
    )
    for spec in KINDS.values()
}
"""Where in a row the ids stand whose names `NAMED` looks up."""
