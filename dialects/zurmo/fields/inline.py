"""Rows that say how they are shown in one expression, and the function that shows whole records, generated from them.

Lists spend most of their time between the record and its attributes, so a table's function has the expressions of its
rows in it, and calls a row's own function only where there is none, or where `SHOW` stands in it: for what is unusual.
The generated source holds names of the tables only, never a client's text.

An expression knows `record`, `view`, and `mine`: what this dialect keeps in the record's extras, None without any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from canonical.values import sql_time
from dialects.zurmo.settings import NAME

if TYPE_CHECKING:
    from dialects.zurmo.fields.base import Field, Show, View

SHOW: Final = "show(record, view)"
"""In an expression: what the row's own function gives."""
_KNOWN: Final = {"__builtins__": {}, "len": len, "sql_time": sql_time, "str": str}


class Inline:
    """How a row is shown, as a function and as an expression that gives the same."""

    __slots__ = ("_function", "source")

    def __init__(self, source: str, show: Show | None = None) -> None:
        self.source = source
        self._function: Show = show or _function(source, {})

    def __call__(self, record: Any, view: View) -> Any:
        return self._function(record, view)


def expression(source: str) -> Inline:
    """All that there is to say about a row."""
    return Inline(source)


def shortcut(source: str, show: Show) -> Inline:
    """What `show` comes to for most records; for the others it holds `SHOW`."""
    return Inline(source, show)


def table_function(rows: Iterable[Field]) -> Callable[[Any, View], dict[str, Any]]:
    """From a record to its attributes by name, in the order of the rows."""
    shows: dict[str, Show] = {}
    entries = []
    for at, row in enumerate(rows):
        shows[f"show{at}"] = row.show
        source = row.show.source if isinstance(row.show, Inline) else SHOW
        entries.append(f"{row.name!r}: {source.replace(SHOW, f'show{at}(record, view)')}")
    return _function(f"{{{', '.join(entries)}}}", shows)  # type: ignore[no-any-return]


def _function(source: str, shows: dict[str, Show]) -> Any:
    """The function of a record and a view that gives the value of an expression."""
    known: dict[str, Any] = {**_KNOWN, **shows}
    exec(f"def show(record, view):\n    mine = record.extras.get({NAME!r})\n    return {source}", known)  # noqa: S102
    return known["show"]
