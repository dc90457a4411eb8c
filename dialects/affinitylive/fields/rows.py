"""Functions that write the rows of a page, generated once from the fields they show."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from canonical.values import SECOND
from dialects.affinitylive.fields.table import Field, Sight

Rows = Callable[[Sequence[Any], Sight], list[dict[str, Any]]]
_SHOW = re.compile(r"\bshow\b")
_READ = re.compile(r"\br\.(\w+)|\b(show|s)\b")


@lru_cache(maxsize=1024)
def writer(fields: tuple[Field, ...], links: tuple[str, ...] = ()) -> Rows:
    """From records to rows with these fields in this order, and places for linked objects after them.

    Its source holds what the tables say, and no text of a client's.
    """
    names: dict[str, Any] = {"SECOND": SECOND}
    parts = []
    for at, field in enumerate(fields):
        source = "show(r, s)" if field.source is None else field.source
        if _SHOW.search(source):
            names[f"show{at}"] = field.show
            source = _SHOW.sub(f"show{at}", source)
        parts.append(f"{field.name!r}: {source}")
    parts.extend(f"{name!r}: None" for name in links)
    text = f"lambda records, s: [{{{', '.join(parts)}}} for r in records]"
    return eval(text, names)  # type: ignore[no-any-return]  # noqa: S307


def reads(fields: Sequence[Field]) -> frozenset[str] | None:
    """The attributes of a record that rows with these fields are made of; None where that cannot be told."""
    found = set()
    for field in fields:
        for attribute, other in _READ.findall(field.source or "show"):
            if other or field.include or field.prepare is not None:
                return None
            found.add(attribute)
    return frozenset(found)
