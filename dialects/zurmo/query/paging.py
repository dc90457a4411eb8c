"""Pages and sorts of ``list``, ``search/filter`` and the sync calls (zurmo dossier, section 5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from adapter.formats.form_body import Nested
from canonical.query import Sort
from dialects.zurmo.errors import Failure, UnknownAttribute, syntax_error, unknown_column
from dialects.zurmo.fields.comparison import Searching
from dialects.zurmo.fields.custom import custom_key, is_custom
from dialects.zurmo.fields.modules import Module
from dialects.zurmo.wire.parameters import php_int

DEFAULT_SIZE: Final = 10
LAST_OFFSET: Final = 2**62
_TERM = re.compile(r"\s*([^\s,]+)(?:\s+(\S+))?\s*\Z")


class Paging(NamedTuple):
    page: int
    size: int

    @property
    def offset(self) -> int:
        """Where the page starts, never past what a database counts to."""
        return min((self.page - 1) * self.size, LAST_OFFSET)


def _part(search: Mapping[str, Nested], name: str) -> Nested | None:
    pagination = search.get("pagination")
    return pagination.get(name) if isinstance(pagination, dict) else None


def list_paging(search: Mapping[str, Nested], cap: int) -> Paging:
    """Page 1 and size 10 where the number is missing or below 1."""
    page, size = php_int(_part(search, "page")), php_int(_part(search, "pageSize"))
    return Paging(page if page > 0 else 1, min(size, cap) if size > 0 else DEFAULT_SIZE)


def search_paging(search: Mapping[str, Nested], cap: int) -> Paging:
    """As `list_paging`, but a size of 0 is kept, and one below is an SQL error."""
    page = php_int(_part(search, "page"))
    given = _part(search, "pageSize")
    size = DEFAULT_SIZE if given is None else php_int(given)
    if size < 0:
        raise Failure(syntax_error(str(size)))
    return Paging(page if page > 0 else 1, min(size, cap))


# What a list in a search is sorted by stands in the model's own table (zurmo dossier, section 5).
_COLUMNS: Final = frozenset(
    [
        *("Text", "TextArea", "Phone", "Url", "Integer", "Decimal", "Date", "DateTime", "CheckBox"),
        *("TaskStatusDropDown", "LanguageStaticDropDown", "LocaleStaticDropDown", "TimeZoneStaticDropDown"),
    ]
)
_IN_OTHER_TABLES: Final = frozenset(["createdDateTime", "modifiedDateTime", "latestDateTime"])


def list_sort(module: Module, sort: Nested | None, searching: Searching) -> tuple[Sort, ...]:
    """``attr``, ``attr.asc``, ``attr.desc``; any other direction, ``DESC`` too, is ascending.

    Raises UnknownAttribute, and the vendor's wordless Failure for an address.
    """
    if not isinstance(sort, str) or not sort:
        return (Sort(module.sort),)
    name, _, direction = sort.partition(".")
    if is_custom(name):
        return (Sort(custom_key(name), direction == "desc"),)
    row = module.table(searching.profile.v3).by_name.get(name)
    if row is not None and row.element == "Address":
        raise Failure("")
    if row is None or not row.keys:
        raise UnknownAttribute(name)
    return tuple(Sort(key, direction == "desc") for key in row.keys)


def search_sort(module: Module, sort: Nested | None, searching: Searching) -> tuple[Sort, ...]:
    """An SQL fragment, ``name asc``; attribute names in any letter case, as MySQL takes columns."""
    if not isinstance(sort, str) or not sort.strip():
        return (Sort("id"),)
    known = {
        row.name.lower(): row
        for row in module.table(searching.profile.v3).fields
        if row.element in _COLUMNS and row.name not in _IN_OTHER_TABLES
    }
    out: list[Sort] = []
    for term in sort.split(",")[:8]:
        found = _TERM.match(term)
        if found is None:
            raise Failure(syntax_error(term.strip()))
        name, direction = found[1], (found[2] or "asc").lower()
        if direction not in ("asc", "desc"):
            raise Failure(syntax_error(found[2]))
        row = known.get(name.lower())
        if row is None:
            raise Failure(unknown_column(name, "order clause"))
        out += [Sort(key, direction == "desc") for key in row.keys]
    return tuple(out)
