"""The writer of every table of every dialect gives what the table's rows mean one by one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import is_dataclass
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.fields import Row
from adapter.fields.compile import object_writer
from canonical.model import KINDS, Link
from canonical.values import EARLIEST, LATEST, Ref
from tests.support.world import every_dialect

NAMES = [dialect.name for dialect in every_dialect()]
JOINED = ["affinitylive", "capsule", "crust", "zurmo"]
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "flag": st.booleans(),
    "instant": st.none() | st.integers(EARLIEST, LATEST),
    "integer": st.none() | st.integers(0, 100),
    "extras": st.sampled_from([{}, {name: {} for name in NAMES}, {name: {"location": "x"} for name in NAMES}]),
}
WORDS = st.none() | st.text(max_size=6) | st.sampled_from(["open", "completed", "task", "everyone", "confidential"])
LINKS = st.lists(
    st.builds(
        lambda kind, id, role: Link(1, Ref("activity", 7), Ref(kind, id), role, target_name="Fjord & <Co>"),
        st.sampled_from(["party", "opportunity", "case", "user"]),
        st.integers(1, 9),
        st.sampled_from(["", "assignee", "attendee"]),
    ),
    max_size=3,
)


@st.composite
def records(draw: st.DrawFn) -> Any:
    """A record of any kind, of odd values."""
    spec = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    made = spec.record()
    for field in spec.fields:
        setattr(
            made,
            field.name,
            draw(VALUES.get(field.type, WORDS if field.type == "text" else st.none() | st.integers(1, 9))),
        )
    if hasattr(made, "links"):
        made.links = draw(LINKS)
    return made


@cache
def tables(dialect: str) -> tuple[tuple[Row, ...], ...]:
    """Every tuple of rows, and every map of them, that a module of the dialect holds."""
    package = importlib.import_module(f"dialects.{dialect}")
    found: dict[tuple[int, ...], tuple[Row, ...]] = {}
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        for value in vars(importlib.import_module(info.name)).values():
            for rows in _rows(value):
                found[tuple(id(row) for row in rows)] = rows
    return tuple(found.values())


def _rows(value: Any) -> Iterator[tuple[Row, ...]]:
    if isinstance(value, dict):
        yield from (rows for inner in value.values() for rows in _rows(inner))
        value = list(value.values())
    if isinstance(value, list | tuple) and value and all(isinstance(row, Row) for row in value):
        yield tuple(value)
    elif is_dataclass(value) and not isinstance(value, type) and isinstance(getattr(value, "fields", None), tuple):
        yield from _rows(value.fields)


def outcome(work: Any, *given: Any) -> Any:
    try:
        return work(*given)
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("dialect", JOINED)
def test_rows_are_of_the_one_type(dialect: str) -> None:
    assert sum(len(rows) for rows in tables(dialect)) > 10, f"{dialect} has no tables of adapter.fields.Row"


@pytest.mark.parametrize("dialect", JOINED)
def test_what_is_written_is_what_is_meant(dialect: str) -> None:
    shown = {id(row): row for table in tables(dialect) for row in table if row.show is not None}
    rows = [(row, object_writer([row])) for row in shown.values()]

    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(records())
    def check(record: Any) -> None:
        for row, write in rows:
            meant = outcome(row.show, record, None)
            told = outcome(write, record, None)
            assert told == (meant if isinstance(meant, type) else {row.name: meant}), row.name

    check()
