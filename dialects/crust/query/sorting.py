"""Paging and sorting of content lists (crust dossier, section 5)."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Final

from canonical.query import Window
from dialects.crust.errors import bad_syntax

MAX_PARTS: Final = 16
WHOLE: Final = Window()
OWN: Final = {
    "id": "id",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "deletedAt": "deleted_at",
    "userId": "owner_id",
    "moduleId": "module_id",
}
"""Names that sort by the record itself, in exactly this spelling."""


@dataclass(frozen=True, slots=True)
class Term:
    """`field` is a module's field, or with `own` a name of `OWN`."""

    field: str
    own: bool
    descending: bool


def corrected_per_page(asked: int) -> int:
    """1 to 9 become 10, more than 100 become 100, nothing sensible becomes 50."""
    if asked <= 0:
        return 50
    return max(10, min(100, asked))


def window(page: int, per_page: int) -> Window:
    return Window(min(page * per_page, 2**62), per_page)


def parse_sort(text: str | None, names: Container[str], of: Window = WHOLE) -> list[Term]:
    """The terms of a ``sort``; None when the parameter was not sent at all.

    Not sent: newest first, as the seed says; sent empty, as the real client does: oldest first, as the vendor's
    server answered. Raises Refused with the database's words, which name the page asked for (`of`), when every part
    has more than two words.
    """
    if text is None:
        return [Term("id", True, True)]
    if not text:
        return [Term("id", True, False)]
    terms = []
    for part in text.split(",")[:MAX_PARTS]:
        name, *more = part.split(" ")
        if len(more) > 1:
            continue
        own = name not in names
        field = name if not own else name if name in OWN else "id"
        terms.append(Term(field, own, bool(more) and more[0].lower() == "desc"))
    if not terms:
        raise bad_syntax(f"LIMIT {of.offset}, {of.limit or 0}")
    return terms
