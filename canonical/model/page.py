"""Pages: how a tenant's clients lay out what they show."""

from __future__ import annotations

from dataclasses import dataclass

from canonical.values import Instant


@dataclass(slots=True)
class LayoutPage:
    """A page of a tree; `parent_id` 0 is the root, `module_id` 0 an ordinary page, any other that module's own page.

    `blocks` is JSON text that is kept as it came, None when none was given. Siblings are ordered by `position`.
    """

    id: int
    parent_id: int = 0
    module_id: int = 0
    title: str = ""
    description: str = ""
    blocks: str | None = None
    visible: bool = False
    position: int = 0
    created_at: Instant = 0
