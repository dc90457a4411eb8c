"""The one place where source becomes a function.

Hot paths are functions that their tables generate: loaders of records, makers of stored rows, writers of answers.
Their source holds names and constants of tables, never a client's text.
"""

from __future__ import annotations

import symtable
from collections.abc import Callable, Iterable, Mapping
from types import CodeType
from typing import Any, Final

_COMPREHENSIONS: Final = frozenset({"listcomp", "setcomp", "dictcomp", "genexpr"})


class BadSource(ValueError):
    """The source is not one function of the names that it was given."""


def function(
    name: str, parameters: Iterable[str], statements: Iterable[str], known: Mapping[str, Any]
) -> Callable[..., Any]:
    """The function of those parameters and statements; it knows no other names than its own and those of `known`,
    builtins not either.

    Raises `BadSource` for a name that nobody gave, for one with two underscores before it, and for what is more than
    the statements of a function. Callers say which type the function has.
    """
    lines = [
        f"def {name}({', '.join(parameters)}):",
        *(f"    {line}" for statement in statements for line in statement.split("\n")),
    ]
    source, file = "\n".join(lines), f"<{name}>"
    _check_names(symtable.symtable(source, file, "exec"), name, known)
    code = compile(source, file, "exec")
    _check_attributes(code)
    space: dict[str, Any] = {**known, "__builtins__": {}}
    exec(code, space)  # noqa: S102, the one in the product
    made: Callable[..., Any] = space[name]
    return made


def _check_names(module: symtable.SymbolTable, name: str, known: Mapping[str, Any]) -> None:
    if set(module.get_identifiers()) != {name} or [table.get_name() for table in module.get_children()] != [name]:
        raise BadSource("one function is needed")
    tables = module.get_children()
    for table in tables:
        for symbol in table.get_symbols():
            if symbol.is_imported() or symbol.is_declared_global():
                raise BadSource(f"{symbol.get_name()} comes from elsewhere")
            if symbol.is_global() and symbol.get_name() not in known:
                raise BadSource(f"nobody gave {symbol.get_name()}")
        for inner in table.get_children():
            if inner.get_name() not in _COMPREHENSIONS:
                raise BadSource(f"no {inner.get_name()} in a generated function")
            tables.append(inner)


def _check_attributes(code: CodeType) -> None:
    for name in code.co_names:
        if name.startswith("__"):
            raise BadSource(f"{name} is nobody's to use")
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            _check_attributes(inner)
