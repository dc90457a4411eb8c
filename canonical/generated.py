"""The one place where source becomes a function.

Hot paths are functions that their tables generate: loaders of records, makers of stored rows, writers of answers.
Their source holds names and constants of tables, never a client's text.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from typing import Any


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
    tree = ast.parse("\n".join(lines), f"<{name}>")
    _check(tree, known)
    space: dict[str, Any] = {**known, "__builtins__": {}}
    exec(compile(tree, f"<{name}>", "exec"), space)  # noqa: S102, the one in the product
    made: Callable[..., Any] = space[name]
    return made


def _check(tree: ast.Module, known: Mapping[str, Any]) -> None:
    if len(tree.body) != 1 or not isinstance(tree.body[0], ast.FunctionDef):
        raise BadSource("one function is needed")
    nodes = list(ast.walk(tree.body[0]))
    own = {node.arg for node in nodes if isinstance(node, ast.arg)}
    own |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in nodes:
        if isinstance(node, ast.Name) and node.id not in own and node.id not in known:
            raise BadSource(f"nobody gave {node.id}")
        if isinstance(node, ast.Attribute) and node.attr.startswith("__"):
            raise BadSource(f"{node.attr} is nobody's to use")
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Global | ast.Nonlocal | ast.ClassDef | ast.Lambda):
            raise BadSource(f"no {type(node).__name__} in a generated function")
