"""Texts: of the record itself, or of our own extras."""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final

from adapter.fields.expression import NOTHING, Attribute, Constant, Entry, If, Told
from adapter.fields.row import Show
from adapter.formats.form_body import Nested
from canonical.query import Node
from dialects.zurmo.errors import UnknownAttribute
from dialects.zurmo.fields import base
from dialects.zurmo.fields.base import MINE, Draft, Field, View
from dialects.zurmo.fields.comparison import Below, Comparison, Searching
from dialects.zurmo.fields.nodes import extra_column, text_node

TEXT_LIMIT: Final = 65_535
"""What the vendor's TEXT columns hold."""
# Yii's CUrlValidator with `http` as the scheme of what has none.
_URL = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9][A-Za-z0-9_-]*)+", re.ASCII | re.IGNORECASE)

MakeNode = Callable[[str, Comparison], Node]


def column_search(column: str, node: MakeNode) -> base.Search:
    """A search of one stored field; nothing can be below it."""

    def search(searching: Searching, below: Below, test: Comparison) -> Node:
        if below:
            raise UnknownAttribute(below[0])
        return node(column, test)

    return search


def as_text(draft: Draft, row: Field, value: Nested) -> str | None:
    """The sent text, None after noting why it is none."""
    if not isinstance(value, str):
        draft.fail(row.name, base.MUST_BE.format(row.label, "string"))
        return None
    if draft.whole:
        return value
    if row.required and not value:
        draft.fail(row.name, base.BLANK.format(row.label))
        return None
    if row.max_length is not None and len(value) > row.max_length:
        draft.fail(row.name, base.TOO_LONG.format(row.label, row.max_length))
        return None
    return value


def set_column(column: str) -> base.Take:
    def take(draft: Draft, row: Field, value: Nested) -> None:
        text = as_text(draft, row, value)
        if text is not None:
            draft.values[column] = text

    return take


def show_column(column: str, limit: int | None) -> Show:
    """A stored text, shortened where it is longer than the vendor's."""
    if limit is None:
        return Attribute(column)
    getter = attrgetter(column)

    def show(record: Any, view: View) -> str | None:
        return base.shortened(record, view, column, getter(record), limit)

    return base.short_text(column, limit, Told(show))


def text(name: str, column: str, limit: int | None = 64, **more: Any) -> Field:
    """A short text: `list` searches its beginning."""
    more.setdefault("default_operator", "startsWith")
    if more.get("required"):
        more.setdefault("missing", base.blank)
    return Field(
        name,
        show=show_column(column, limit),
        take=set_column(column),
        search=column_search(column, text_node),
        sort=column,
        max_length=limit,
        clear=base.clear_column(column),
        **more,
    )


def text_area(name: str, column: str, **more: Any) -> Field:
    """A long text: `list` searches anywhere in it."""
    more.setdefault("default_operator", "contains")
    more.setdefault("audited", False)
    return text(name, column, TEXT_LIMIT, element="TextArea", **more)


def own_text(name: str, limit: int | None = 255, **more: Any) -> Field:
    """A text that only this dialect knows."""

    def take(draft: Draft, row: Field, value: Nested) -> None:
        sent = as_text(draft, row, value)
        if sent is not None:
            draft.extras[name] = sent

    more.setdefault("default_operator", "startsWith")
    return Field(
        name,
        show=If(MINE, Entry(MINE, Constant(name)), NOTHING),
        take=take,
        search=column_search(extra_column(name), text_node),
        sort=extra_column(name),
        max_length=limit,
        clear=base.clear_extra(name),
        **more,
    )


def as_url(text: str) -> str | None:
    """The web address with a scheme, as the vendor stores it; None where it takes it for none."""
    whole = text if "://" in text else f"http://{text}"
    return whole if _URL.match(whole) else None
