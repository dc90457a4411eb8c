"""What can be asked of a Crust server and is no operation of the core's own vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from canonical.model.module import ModuleSort
from canonical.query import Window

OLDEST_FIRST: Final = (ModuleSort("id", own=True),)
FIRST_PAGE: Final = Window(0, 50)


@dataclass(frozen=True, slots=True)
class FindRecords:
    """Records of a module that hold `text` in any value: a `Page`, oldest first unless `sort` says otherwise."""

    module_id: int
    text: str = ""
    sort: tuple[ModuleSort, ...] = OLDEST_FIRST
    window: Window = FIRST_PAGE


@dataclass(frozen=True, slots=True)
class FindTree:
    """The ordinary pages below the root, parents before their children: a `Page`."""


@dataclass(frozen=True, slots=True)
class Reorder:
    """Puts the children of a page in that order."""

    parent_id: int
    ids: tuple[int, ...]
