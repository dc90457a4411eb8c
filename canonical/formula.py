"""Formulas over the fields of records: what reports compute, group and filter by.

    made("year", Field("created_at", "moment"))

Every node has a type: ``text``, ``number``, ``moment`` (``2018-12-09 10:11:12``, UTC) or ``truth``. `as_type` turns
one into another as the vendors' MySQL does: text that begins with a number is that number, other text is 0. A missing
value makes what is computed of it missing. What needs no record is computed here, at once; the rest is the store's.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from canonical.errors import Unsupported
from canonical.letters import fold_letters

Scalar = str | int | float | bool | None

_NUMBER = re.compile(r"\s*([-+]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][-+]?[0-9]{1,2})?)", re.ASCII)
_MOMENT = re.compile(
    r"\s*((?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2})(?![0-9])(?:[T ]([0-9]{2}:[0-9]{2})(?::([0-9]{2}))?)?", re.ASCII
)
MAX_NODES: Final = 400
MAX_DEPTH: Final = 40


@dataclass(frozen=True, slots=True)
class Value:
    value: Scalar
    type: str = "text"


@dataclass(frozen=True, slots=True)
class Field:
    """`name` as in `Aggregate`; `type` says how it is stored: moments are microseconds. `own`: of a record of a module
    not one of its values, but one of `RECORD_FIELDS`."""

    name: str
    type: str = "text"
    own: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    args: tuple[Formula, ...]
    type: str


Formula = Value | Field | Call
NOTHING: Final = Value(None)
ALL: Final = Value(True, "truth")


# -- what needs no record ---------------------------------------------------------------------------


def number_of(text: str) -> float:
    found = _NUMBER.match(text)
    return float(found[1]) if found else 0.0


def moment_of(text: str) -> str | None:
    """``2018-12-09``, perhaps with a time, as ``2018-12-09 00:00:00``; None for what is no date."""
    found = _MOMENT.match(text)
    if found is None:
        return None
    whole = f"{found[1]} {found[2] or '00:00'}:{found[3] or '00'}"
    try:
        datetime.fromisoformat(whole)
    except ValueError:
        return None
    return whole


def plain_number(number: float) -> str:
    """A number as text, whole where it is whole."""
    return str(int(number)) if float(number).is_integer() and abs(number) < 2**53 else repr(float(number))


def _divided(one: float, other: float) -> float | None:
    return one / other if other else None


def _rest(one: float, other: float) -> float | None:
    return math.fmod(one, other) if other else None


def _like(text: str, pattern: str) -> bool:
    out, chars = "", iter(pattern)
    for char in chars:
        if char == "\\":
            out += re.escape(next(chars, "\\"))
        else:
            out += ".*" if char == "%" else "." if char == "_" else re.escape(char)
    return re.fullmatch(out, text, re.DOTALL) is not None


def _int_at(start: int, end: int) -> Callable[[str], int]:
    return lambda moment: int(moment[start:end])


Compute = Callable[..., Any]
_COMPARED: Final[dict[str, Compute]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
FUNCTIONS: Final[dict[str, tuple[str, str, Compute]]] = {
    **{name: ("same", "truth", compute) for name, compute in _COMPARED.items()},
    "+": ("number", "number", operator.add),
    "-": ("number", "number", operator.sub),
    "*": ("number", "number", operator.mul),
    "/": ("number", "number", _divided),
    "%": ("number", "number", _rest),
    "negative": ("number", "number", operator.neg),
    "year": ("moment", "number", _int_at(0, 4)),
    "month": ("moment", "number", _int_at(5, 7)),
    "day": ("moment", "number", _int_at(8, 10)),
    "hour": ("moment", "number", _int_at(11, 13)),
    "minute": ("moment", "number", _int_at(14, 16)),
    "second": ("moment", "number", _int_at(17, 19)),
    "quarter": ("moment", "number", lambda moment: (int(moment[5:7]) + 2) // 3),
    "date": ("moment", "moment", lambda moment: f"{moment[:10]} 00:00:00"),
    "date text": ("moment", "text", lambda moment: moment[:10]),
    "time text": ("moment", "text", lambda moment: moment[11:]),
    "two digits": ("number", "text", lambda number: f"{int(number):02d}"),
    "four digits": ("number", "text", lambda number: f"{int(number):04d}"),
    "joined": ("text", "text", lambda *texts: "".join(texts)),
    "letters": ("text", "text", fold_letters),
    "trimmed": ("text", "text", lambda text: text.rstrip(" ")),
    "filled": ("text", "text", lambda text: text or None),
    "like": ("text", "truth", _like),
    "not": ("truth", "truth", operator.not_),
    "text to number": ("text", "number", number_of),
    "text to moment": ("text", "moment", moment_of),
    "number to text": ("number", "text", plain_number),
    "moment to text": ("moment", "text", lambda moment: moment),
    "number to truth": ("number", "truth", bool),
    "truth to number": ("truth", "number", int),
}
"""The type of a function's arguments, that of its result, and what it computes."""


def as_type(node: Formula, type: str) -> Formula:
    """Raises Unsupported where the one cannot be the other."""
    if node.type == type:
        return node
    if node == NOTHING:
        return Value(None, type)
    steps = {("text", "truth"): "number", ("truth", "text"): "number"}
    between = steps.get((node.type, type))
    if between is not None:
        return as_type(as_type(node, between), type)
    function = f"{node.type} to {type}"
    if function not in FUNCTIONS:
        raise Unsupported(f"a {node.type} is no {type}")
    return _made(function, (node,))


def made(function: str, *args: Formula) -> Formula:
    """The call of a function, its arguments turned into what it takes. Raises Unsupported."""
    takes = FUNCTIONS[function][0]
    return _made(function, tuple(as_type(arg, takes) for arg in args))


def compared(how: str, one: Formula, other: Formula) -> Formula:
    """A comparison: of moments if one is a moment, of text without regard to case, accents and blanks at the end."""
    types = {node.type for node in (one, other) if node != NOTHING} or {"text"}
    common = types.pop() if len(types) == 1 else "moment" if types == {"moment", "text"} else "number"
    one, other = (as_type(node, common) for node in (one, other))
    if common == "text":
        one, other = (made("trimmed", made("letters", node)) for node in (one, other))
    return _made(how, (one, other))


def likened(text: Formula, pattern: Formula) -> Formula:
    """A text held against a LIKE pattern, without regard to case and accents."""
    return _made("like", tuple(made("letters", as_type(node, "text")) for node in (text, pattern)))


def missing(node: Formula) -> Formula:
    return Value(node.value is None, "truth") if isinstance(node, Value) else Call("missing", (node,), "truth")


def both(how: str, one: Formula, other: Formula) -> Formula:
    """`how` is ``and`` or ``or``."""
    one, other = as_type(one, "truth"), as_type(other, "truth")
    decides = how == "or"
    for this, that in ((one, other), (other, one)):
        if isinstance(this, Value) and this.value is not None:
            return this if bool(this.value) is decides else that
    flat = [arg for node in (one, other) for arg in _arms(how, node)]
    return Call(how, tuple(flat), "truth")


def _arms(how: str, node: Formula) -> tuple[Formula, ...]:
    return node.args if isinstance(node, Call) and node.function == how else (node,)


def words(node: Formula, said: Mapping[Any, str]) -> Formula:
    """What stands for a stored value, missing where nothing does."""
    pairs: list[Formula] = []
    for stored, text in said.items():
        if text:
            pairs += [Value(stored, node.type), Value(text)]
    return Call("words", (node, *pairs), "text")


def _made(function: str, args: tuple[Formula, ...]) -> Formula:
    _, type, compute = FUNCTIONS[function]
    if not all(isinstance(arg, Value) for arg in args):
        return Call(function, args, type)
    values = [arg.value for arg in args if isinstance(arg, Value)]
    return Value(None if None in values else _sane(compute(*values)), type)


def _sane(value: Any) -> Scalar:
    """A number that there is: the database has no infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    found: Scalar = value
    return found


def size(node: Formula) -> tuple[int, int]:
    """How many nodes it has and how deep they lie, counted without going deeper than the language does."""
    count, deepest = 0, 0
    waiting = [(node, 1)]
    while waiting:
        one, depth = waiting.pop()
        count, deepest = count + 1, max(deepest, depth)
        if isinstance(one, Call):
            waiting.extend((arg, depth + 1) for arg in one.args)
    return count, deepest
