"""The vendors' wire dialects, found by name: a new folder here is a new dialect."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from adapter.dialect import Dialect


@cache
def names() -> tuple[str, ...]:
    """The names of all dialects, in alphabetical order."""
    return tuple(sorted(info.name for info in pkgutil.iter_modules(__path__) if info.ispkg))


@cache
def load(name: str) -> Dialect:
    """The dialect of that name.

    Raises `KeyError` when there is none.
    """
    if name not in names():
        raise KeyError(name)
    dialect = importlib.import_module(f"{__name__}.{name}").DIALECT
    if not isinstance(dialect, Dialect):
        raise TypeError(f"dialects.{name}.DIALECT is not a Dialect")
    return dialect
