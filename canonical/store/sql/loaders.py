"""Functions that make record objects out of rows, generated once from the kinds' descriptions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from canonical.model import KINDS, KindSpec, Record

Loader = Callable[[Sequence[Any]], Any]


def _generate(spec: KindSpec) -> Loader:
    """A function from a row (stored fields, then joined ones) to a record. Its source holds field names only."""
    arguments = []
    # By position where the declarations go in the same order: that is faster.
    declared = [field.name for field in dataclasses.fields(spec.record)]
    in_order = declared[: len(spec.fields)] == [field.name for field in spec.fields]
    for at, field in enumerate(spec.fields):
        name = "" if in_order else f"{field.name}="
        if field.type == "extras":
            arguments.append(f"{name}loads(r[{at}]) if r[{at}] else {{}}")
        elif field.type == "flag":
            arguments.append(f"{name}r[{at}] == 1")
        else:
            arguments.append(f"{name}r[{at}]")
    for at, join in enumerate(spec.joins, len(spec.fields)):
        arguments.append(f"{join.attribute}=r[{at}]")
    source = f"lambda r: record({', '.join(arguments)})"
    return eval(source, {"record": spec.record, "loads": orjson.loads})  # type: ignore[no-any-return]  # noqa: S307


LOADERS: dict[type[Record], Loader] = {spec.record: _generate(spec) for spec in KINDS.values()}
