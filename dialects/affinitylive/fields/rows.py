"""Functions that write the rows of a page, generated once from the fields they show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from adapter.fields.compile import objects_writer
from adapter.fields.compile import reads as reads_of
from dialects.affinitylive.fields.table import Field, Sight

Rows = Callable[[Sequence[Any], Sight], list[dict[str, Any]]]


@lru_cache(maxsize=1024)
def writer(fields: tuple[Field, ...], links: tuple[str, ...] = ()) -> Rows:
    """From records to rows with these fields in this order, and places for linked objects after them."""
    return objects_writer(fields, links)


def reads(fields: Sequence[Field]) -> frozenset[str] | None:
    """The attributes of a record that rows with these fields are made of; None where that cannot be told."""
    return None if any(field.include or field.prepare for field in fields) else reads_of(fields)
