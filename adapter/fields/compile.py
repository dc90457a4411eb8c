"""Writers generated from whole tables, one for each shape of answer, and what of a record they look at.

Answers spend most of their time between a record and its text, so a table becomes one function in which the
expressions of its rows stand side by side. What it gives is what the rows mean one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from adapter.fields.expression import CONTEXT, RECORD, Expression, Reads, Scope, all_reads, expression
from adapter.fields.row import Row
from adapter.formats.xml_body import escape_text
from canonical.generated import function


class Value(NamedTuple):
    """A row's place in its table and its source."""

    at: int
    name: str
    source: str


def reads(rows: Iterable[Row]) -> Reads:
    """The attributes of a record that rows are shown of; None where a row does not say."""
    return all_reads(tuple(expression(row.show) for row in rows if row.show is not None))


def value_function(expression_: Expression) -> Callable[[Any], Any]:
    """The function of the value that `IT` stands for."""
    scope = Scope()
    source = expression_.source(scope, "value")
    return function("show", ("value",), [f"return {source}"], scope.known)


def object_writer(rows: Sequence[Row]) -> Callable[[Any, Any], dict[str, Any]]:
    """From a record to its values by name, in the order of the rows."""
    scope = Scope()
    entries = _entries(rows, scope)
    return function("write", _PARAMETERS, [*_once(scope), f"return {{{', '.join(entries)}}}"], scope.known)


def objects_writer(
    rows: Sequence[Row], places: Sequence[str] = ()
) -> Callable[[Sequence[Any], Any], list[dict[str, Any]]]:
    """As `object_writer` for several records, with room for what comes later under the names of `places`."""
    scope = Scope()
    entries = [*_entries(rows, scope), *(f"{name!r}: None" for name in places)]
    made = f"{{{', '.join(entries)}}}"
    if not scope.once:
        body = [f"return [{made} for {RECORD} in records]"]
    else:
        steps = [f"    {line}" for line in _once(scope)]
        body = ["made = []", f"for {RECORD} in records:", *steps, f"    made.append({made})", "return made"]
    return function("write", ("records", CONTEXT), body, scope.known)


Whole = Callable[[str, Any], str]
"""From an element's name and a value to the element in XML, however often it stands there."""
PLAIN, TEXT = "plain", "text"
"""What a value is that stands in an element: text with nothing to escape, and any text."""


def xml_writer(rows: Sequence[Row], name: str, form: Callable[[str], str | Whole]) -> Callable[[Any, Any], str]:
    """The element of that name with one for each row whose value is not None; `form` says of a row's name whether its
    value is `PLAIN` or `TEXT`, or what writes it."""
    scope = Scope()
    values = _values(rows, scope)
    parts = [f"part{value.at}" for value in values]
    # Joining once, at the end, is the fastest.
    lines = [f"{' = '.join(parts)} = ''"] if parts else []
    for value in values:
        how = form(value.name)
        if callable(how):
            told = f"{scope.give(how)}({value.name!r}, value)"
        else:
            inner = "value" if how == PLAIN else f"{scope.give(escape_text)}(value)"
            told = f"f'<{value.name}>{{{inner}}}</{value.name}>'"
        lines += [f"value = {value.source}", f"if value is not None: part{value.at} = {told}"]
    whole = "".join(f"{{{part}}}" for part in parts)
    return function("write", _PARAMETERS, [*_once(scope), *lines, f"return f'<{name}>{whole}</{name}>'"], scope.known)


def present_writer(
    rows: Sequence[Row], form: Callable[[str], Callable[[Any], Any] | None]
) -> Callable[[Any, Any], dict[str, Any]]:
    """The values by name, without the rows whose value is None; `form` gives, of a row's name, what its value goes
    through, None where it stays."""
    scope = Scope()
    lines = ["shown = {}"]
    for value in _values(rows, scope):
        how = form(value.name)
        told = "value" if how is None else f"{scope.give(how)}(value)"
        lines += [f"value = {value.source}", f"if value is not None: shown[{value.name!r}] = {told}"]
    return function("write", _PARAMETERS, [*_once(scope), *lines, "return shown"], scope.known)


def json_array_writer(
    rows: Sequence[Row], begin: Callable[[str], str], end: str, clean: Callable[[str], bool]
) -> Callable[[Any, Any], bytes]:
    """An array in JSON with an object for each row that shows a text that is not empty: `begin` of the row's name, the
    text as JSON, `end`. Texts of `clean` rows hold nothing that JSON escapes; the others go through orjson."""
    scope = Scope()
    scope.known["dumps"] = orjson.dumps
    lines = ["out = ''"]
    for value in _values(rows, scope):
        quote, text = ('"', "{value}") if clean(value.name) else ("", "{dumps(value).decode()}")
        told = [part.replace("{", "{{").replace("}", "}}") for part in (f",{begin(value.name)}", end)]
        lines += [f"value = {value.source}", f"if value: out += f'''{told[0]}{quote}{text}{quote}{told[1]}'''"]
    return function("write", _PARAMETERS, [*_once(scope), *lines, "return f'[{out[1:]}]'.encode()"], scope.known)


_PARAMETERS = (RECORD, f"{CONTEXT}=None")


def _values(rows: Sequence[Row], scope: Scope) -> list[Value]:
    shown = [(row.name, expression(row.show)) for row in rows if row.show is not None]
    return [Value(at, name, show.source(scope, "")) for at, (name, show) in enumerate(shown)]


def _entries(rows: Sequence[Row], scope: Scope) -> list[str]:
    return [f"{value.name!r}: {value.source}" for value in _values(rows, scope)]


def _once(scope: Scope) -> list[str]:
    return [f"{name} = {source}" for name, source in scope.once.items()]
