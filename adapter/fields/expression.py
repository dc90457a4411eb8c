"""How a row's value is told: small objects that mean something, are Python source, and know what they look at.

Each has one plain meaning, `Expression.__call__`, and one source, which `adapter.fields.compile` puts into the writer
of a whole table; a property test holds the two to each other for every table. Sources hold names of tables and
constants only.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from canonical.generated import BadSource

Reads = frozenset[str] | None
"""The attributes of the record that are looked at; None where nobody can tell."""
NONE_READ: Final[frozenset[str]] = frozenset()
RECORD: Final = "r"
CONTEXT: Final = "c"


class Scope:
    """What the function under construction knows: objects by name, and values that it works out once a record."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}
        self.once: dict[str, str] = {}
        self._names: dict[int, str] = {}
        self._variables = 0

    def give(self, value: Any) -> str:
        """The name under which the function has that object."""
        name = self._names.get(id(value))
        if name is None:
            name = self._names[id(value)] = f"k{len(self._names)}"
            self.known[name] = value
        return name

    def variable(self) -> str:
        """A name for a value in between."""
        self._variables += 1
        return f"v{self._variables}"


class Expression(ABC):
    """The value of a row, from a record and a context."""

    __slots__ = ()

    def __call__(self, record: Any, context: Any) -> Any:
        """What it means."""
        return self.meaning(record, context, None)

    @abstractmethod
    def meaning(self, record: Any, context: Any, it: Any) -> Any:
        """The value; `it` is that of the `Given` around it."""

    @abstractmethod
    def source(self, scope: Scope, it: str) -> str:
        """The same as an expression in Python, which may stand in any other."""

    @abstractmethod
    def reads(self) -> Reads:
        """The record's attributes that the value depends on."""


def all_reads(parts: tuple[Expression, ...]) -> Reads:
    """What several look at together."""
    found: frozenset[str] = NONE_READ
    for part in parts:
        read = part.reads()
        if read is None:
            return None
        found |= read
    return found


@dataclass(frozen=True, slots=True)
class Attribute(Expression):
    """An attribute of the record."""

    name: str

    def meaning(self, record: Any, context: Any, it: Any) -> Any:
        return getattr(record, self.name)

    def source(self, scope: Scope, it: str) -> str:
        return f"{RECORD}.{self.name}"

    def reads(self) -> Reads:
        return frozenset((self.name,))


@dataclass(frozen=True, slots=True)
class Constant(Expression):
    """The same for every record: a text, a number, a truth or None; a list or a map is a new one for each."""

    value: Any

    def meaning(self, record: Any, context: Any, it: Any) -> Any:
        return self.value.copy() if isinstance(self.value, list | dict) else self.value

    def source(self, scope: Scope, it: str) -> str:
        return repr(self.value)

    def reads(self) -> Reads:
        return NONE_READ


@dataclass(frozen=True, slots=True)
class _It(Expression):
    def meaning(self, record: Any, context: Any, it: Any) -> Any:
        return it

    def source(self, scope: Scope, it: str) -> str:
        return it

    def reads(self) -> Reads:
        return NONE_READ


@dataclass(frozen=True, slots=True)
class _Context(Expression):
    def meaning(self, record: Any, context: Any, it: Any) -> Any:
        return context

    def source(self, scope: Scope, it: str) -> str:
        return CONTEXT

    def reads(self) -> Reads:
        return NONE_READ


IT: Final = _It()
"""The value that the `Given` around it is about."""
HERE: Final = _Context()
"""The context."""
NOTHING: Final = Constant(None)


@dataclass(frozen=True, slots=True)
class Given(Expression):
    """`then` of a value that there is, as `IT`, and `otherwise` without one."""

    value: Expression
    then: Expression
    otherwise: Expression = NOTHING

    def meaning(self, record: Any, context: Any, it: Any) -> Any:
        value = self.value.meaning(record, context, it)
        if value is None:
            return self.otherwise.meaning(record, context, it)
        return self.then.meaning(record, context, value)

    def source(self, scope: Scope, it: str) -> str:
        name = scope.variable()
        value, otherwise = self.value.source(scope, it), self.otherwise.source(scope, it)
        return f"({otherwise} if ({name} := {value}) is None else {self.then.source(scope, name)})"

    def reads(self) -> Reads:
        return all_reads((self.value, self.then, self.otherwise))


@dataclass(frozen=True, slots=True)
class If(Expression):
    """One of two, by whether a condition holds."""

    condition: Expression
    then: Expression
    otherwise: Expression

    def meaning(self, record: Any, context: Any, it: Any) -> Any:
        chosen = self.then if self.condition.meaning(record, context, it) else self.otherwise
        return chosen.meaning(record, context, it)

    def source(self, scope: Scope, it: str) -> str:
        condition, then, otherwise = (part.source(scope, it) for part in (self.condition, self.then, self.otherwise))
        return f"({then} if {condition} else {otherwise})"

    def reads(self) -> Reads:
        return all_reads((self.condition, self.then, self.otherwise))


_OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "<=": operator.le,
    "or": lambda left, right: left or right,
    "and": lambda left, right: left and right,
    "+": operator.add,
    "*": operator.mul,
    "//": operator.floordiv,
}


@dataclass(frozen=True, slots=True)
class Both(Expression):
    """Two with an operator between them. The right of ``or`` and ``and`` counts only where Python looks at it."""

    left: Expression
    operator: str
    right: Expression

    def meaning(self, record: Any, context: Any, it: Any) -> Any:
        left = self.left.meaning(record, context, it)
        if self.operator in ("or", "and") and bool(left) == (self.operator == "or"):
            return left
        return _OPERATORS[self.operator](left, self.right.meaning(record, context, it))

    def source(self, scope: Scope, it: str) -> str:
        if self.operator not in _OPERATORS:
            raise BadSource(f"no such operator: {self.operator}")
        return f"({self.left.source(scope, it)} {self.operator} {self.right.source(scope, it)})"

    def reads(self) -> Reads:
        return all_reads((self.left, self.right))


class Call(Expression):
    """What a function of nothing but these values gives."""

    __slots__ = ("function", "values")

    def __init__(self, function: Callable[..., Any], *values: Expression) -> None:
        self.function = function
        self.values = values

    def meaning(self, record: Any, context: Any, it: Any) -> Any:
        return self.function(*(value.meaning(record, context, it) for value in self.values))

    def source(self, scope: Scope, it: str) -> str:
        return f"{scope.give(self.function)}({', '.join(value.source(scope, it) for value in self.values)})"

    def reads(self) -> Reads:
        return all_reads(self.values)


@dataclass(frozen=True, slots=True)
class Told(Expression):
    """What a function of the record and the context gives; `looks_at` says what it reads, where that is known."""

    function: Callable[[Any, Any], Any]
    looks_at: Reads = None

    def meaning(self, record: Any, context: Any, it: Any) -> Any:
        return self.function(record, context)

    def source(self, scope: Scope, it: str) -> str:
        return f"{scope.give(self.function)}({RECORD}, {CONTEXT})"

    def reads(self) -> Reads:
        return self.looks_at


@dataclass(frozen=True, slots=True)
class Entry(Expression):
    """What a map has under a key."""

    mapping: Expression
    key: Expression
    default: Expression = NOTHING

    def meaning(self, record: Any, context: Any, it: Any) -> Any:
        mapping, key, default = (part.meaning(record, context, it) for part in (self.mapping, self.key, self.default))
        return mapping.get(key, default)

    def source(self, scope: Scope, it: str) -> str:
        parts = (self.mapping, self.key) if self.default == NOTHING else (self.mapping, self.key, self.default)
        mapping, *given = (part.source(scope, it) for part in parts)
        return f"{mapping}.get({', '.join(given)})"

    def reads(self) -> Reads:
        return all_reads((self.mapping, self.key, self.default))


@dataclass(frozen=True, slots=True)
class Part(Expression):
    """An attribute of a value, by names with points between: ``target.id``."""

    value: Expression
    path: str

    def meaning(self, record: Any, context: Any, it: Any) -> Any:
        return operator.attrgetter(self.path)(self.value.meaning(record, context, it))

    def source(self, scope: Scope, it: str) -> str:
        return f"{self.value.source(scope, it)}.{self.path}"

    def reads(self) -> Reads:
        return self.value.reads()


@dataclass(frozen=True, slots=True)
class Item(Expression):
    """What stands at a place of a sequence."""

    value: Expression
    at: int

    def meaning(self, record: Any, context: Any, it: Any) -> Any:
        return self.value.meaning(record, context, it)[self.at]

    def source(self, scope: Scope, it: str) -> str:
        return f"{self.value.source(scope, it)}[{self.at}]"

    def reads(self) -> Reads:
        return self.value.reads()


@dataclass(frozen=True, slots=True)
class Object(Expression):
    """A map of named values."""

    entries: Mapping[str, Expression] = field(default_factory=dict)

    def meaning(self, record: Any, context: Any, it: Any) -> Any:
        return {name: value.meaning(record, context, it) for name, value in self.entries.items()}

    def source(self, scope: Scope, it: str) -> str:
        return f"{{{', '.join(f'{name!r}: {value.source(scope, it)}' for name, value in self.entries.items())}}}"

    def reads(self) -> Reads:
        return all_reads(tuple(self.entries.values()))


@dataclass(frozen=True, slots=True)
class Once(Expression):
    """A value of the record alone that a writer works out once for all rows; equal names mean the same."""

    name: str
    value: Expression

    def meaning(self, record: Any, context: Any, it: Any) -> Any:
        return self.value.meaning(record, context, None)

    def source(self, scope: Scope, it: str) -> str:
        if self.name not in scope.once:
            scope.once[self.name] = self.value.source(scope, "")
        return self.name

    def reads(self) -> Reads:
        return self.value.reads()


def expression(show: Callable[[Any, Any], Any]) -> Expression:
    """A row's `show` as an expression."""
    return show if isinstance(show, Expression) else Told(show)
