"""Notes: one text. Every activity that is neither task nor meeting is one here, an e-mail or a call too."""

from __future__ import annotations

from adapter.fields.expression import Told
from adapter.formats.form_body import Nested
from canonical.model import Activity
from canonical.query import Compare, Node, Not, Op, all_of, any_of
from canonical.values import join_text, split_text, sql_time
from dialects.zurmo.errors import UnknownAttribute
from dialects.zurmo.fields import base, common, plain
from dialects.zurmo.fields.base import Draft, Field, View, kept, sql_moment
from dialects.zurmo.fields.comparison import Below, Comparison, Searching
from dialects.zurmo.fields.nodes import moment_node, text_node


def description_of(record: Activity) -> str:
    """The text as it was sent, while title and body are still what it was split into."""
    plain_text = join_text(record.title, record.body)
    held = kept(record, "description")
    if isinstance(held, str) and (record.title, record.body) == split_text(held):
        return held
    return plain_text


def _show_description(record: Activity, view: View) -> str:
    if record.type != "note":
        view.lose("activity", "type", "shown_as_note")
    return description_of(record)


def _take_description(draft: Draft, row: Field, value: Nested) -> None:
    text = plain.as_text(draft, row, value)
    if text is None:
        return
    title, body = split_text(text)
    draft.values["title"], draft.values["body"] = title, body
    # What joining does not bring back (a line break at the end) is kept beside it.
    draft.extras["description"] = None if join_text(title, body) == text else text


def _search_description(searching: Searching, below: Below, test: Comparison) -> Node:
    if below:
        raise UnknownAttribute(below[0])
    if test.operator.startswith("doesNot"):
        positive = Comparison(_POSITIVE[test.operator], test.value)
        return Not(_search_description(searching, below, positive))
    # Each term is true or false, never unknown, so that the negations above hold for notes without a body.
    has_body = all_of(Compare("body", Op.NOT_NULL), Compare("body", Op.NE, ""))
    head, line_break, rest = test.value.partition("\n")
    match test.operator:
        case "contains":
            return any_of(text_node("title", test), all_of(has_body, text_node("body", test)))
        case "endsWith":
            return any_of(all_of(has_body, text_node("body", test)), all_of(Not(has_body), text_node("title", test)))
        case "equals" if rest:
            return all_of(Compare("title", Op.EQ, head), has_body, Compare("body", Op.EQ, rest))
        case "equals":
            return all_of(Compare("title", Op.EQ, head), Not(has_body))
        case "startsWith" if line_break:
            return all_of(Compare("title", Op.EQ, head), has_body, Compare("body", Op.LIKE, f"{rest}%"))
    return text_node("title", test)


_POSITIVE = {
    "doesNotEqual": "equals",
    "doesNotStartsWith": "startsWith",
    "doesNotEndsWith": "endsWith",
    "doesNotContains": "contains",
}


def _occurred(record: Activity) -> int:
    """Where nobody said when it happened, it happened when it was written down."""
    return record.created_at if record.start_at is None else record.start_at


def _show_occurred(record: Activity, view: View) -> str | None:
    if record.start_at is None and "occurredOnDateTime" in kept(record, "zero", ()):
        return plain.ZERO_DATE
    return sql_time(_occurred(record))


_OCCURRED = sql_moment("start_at", Told(_show_occurred))


def _search_occurred(searching: Searching, below: Below, test: Comparison) -> Node:
    if below:
        raise UnknownAttribute(below[0])
    if test.operator in ("isNull", "isNotNull"):
        return moment_node("created_at", test)
    unset = all_of(Compare("start_at", Op.NULL), moment_node("created_at", test))
    return any_of(moment_node("start_at", test), unset)


def _take_occurred(draft: Draft, row: Field, value: Nested) -> None:
    good, at = plain.as_moment(draft, row, value)
    if good:
        draft.values["start_at"] = at


def _missing_occurred(draft: Draft, row: Field) -> None:
    draft.values["start_at"] = draft.now


FIELDS: tuple[Field, ...] = (
    common.OWNER,
    common.PERMISSIONS,
    *common.AUDIT,
    Field(
        "latestDateTime",
        show=_OCCURRED,
        search=_search_occurred,
        sort="start_at",
        element="DateTime",
        read_only=True,
        required=True,
    ),
    Field(
        "description",
        show=_show_description,
        take=_take_description,
        search=_search_description,
        sort="title",
        columns=("title", "body"),
        element="TextArea",
        default_operator="contains",
        required=True,
        missing=base.blank,
        clear=base.clear_column("title"),
        max_length=plain.TEXT_LIMIT,
    ),
    Field(
        "occurredOnDateTime",
        show=_OCCURRED,
        take=_take_occurred,
        search=_search_occurred,
        sort="start_at",
        label="Occurred On",
        element="DateTime",
        missing=_missing_occurred,
        clear=base.clear_column("start_at"),
    ),
)
