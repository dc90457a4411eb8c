"""What every table of every dialect is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Show = Callable[[Any, Any], Any]
"""From a record and a context, which is whatever the table's rows need, to the value on the wire. An
`adapter.fields.expression.Expression` is one that a writer can have inlined; any other function it calls."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One field on the wire; there is one of each. A dialect adds the columns that its vendor needs in a class of its
    own."""

    name: str
    show: Show | None = field(default=None, kw_only=True)
    """What it shows of a record; None for what only comes in."""
    required: bool = field(default=False, kw_only=True)
    """Whether a new record must have it."""
    read_only: bool = field(default=False, kw_only=True)
    """Whether it is only shown: what comes in is ignored."""
