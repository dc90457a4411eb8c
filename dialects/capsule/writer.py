"""A writer says records of one kind in XML and in JSON: two functions, generated once from the kind's field table.

Answers spend most of their time here. The generated source holds names of the tables only, never a client's text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from adapter.formats.xml_body import escape_text
from dialects.capsule.fields.subjects import subjects
from dialects.capsule.fields.table import TEXT, Field
from dialects.capsule.pairs import pairs_json, pairs_xml, repeated_json, repeated_xml

Write = Callable[..., Any]
"""From a record and a context, which is whatever the table's `show` functions need, to the element."""


class Writer:
    """Writes records of one kind as element `name`."""

    __slots__ = ("json", "name", "xml")

    def __init__(self, name: str, fields: Iterable[Field]) -> None:
        self.name = name
        shown = [field for field in fields if field.show or field.attribute or field.link]
        self.json: Write = _generate("shown = {}", shown, _json_of, "shown")
        """The element as JSON has it, without its name."""
        # Joining once, at the end, is the fastest.
        parts = [f"part{at}" for at in range(len(shown))]
        whole = "".join(f"{{{part}}}" for part in parts)
        self.xml: Write = _generate(f"{' = '.join(parts)} = ''", shown, _xml_of, f"f'<{name}>{whole}</{name}>'")
        """The element whole."""


def _json_of(at: int, name: str, text: str, form: str) -> str:
    if form == "nested":
        text = f"{text} if isinstance({text}, str) else pairs_json({text})"
    elif form == "repeated":
        text = f"repeated_json({text})"
    return f"shown[{name!r}] = {text}"


def _xml_of(at: int, name: str, text: str, form: str) -> str:
    if form == "nested":
        return f"part{at} = pairs_xml((({name!r}, {text}),))"
    if form == "repeated":
        return f"part{at} = repeated_xml({name!r}, {text})"
    inner = text if form == "plain" else f"escape_text({text})"
    return f"part{at} = f'<{name}>{{{inner}}}</{name}>'"


Say = Callable[[int, str, str, str], str]
"""The statement that adds the element of a row, the ``at``th, of that name, with the text of an expression, which is
``plain`` (nothing to escape), ``text``, ``nested`` (text or pairs), or ``repeated`` (several times pairs)."""


def _generate(begin: str, fields: list[Field], say: Say, end: str) -> Write:
    """A function that begins so, says each field and returns `end`."""
    known: dict[str, Any] = {
        "escape_text": escape_text,
        "isinstance": isinstance,
        "pairs_json": pairs_json,
        "pairs_xml": pairs_xml,
        "repeated_json": repeated_json,
        "repeated_xml": repeated_xml,
        "str": str,
        "subjects": subjects,
        "__builtins__": {},
    }
    lines = ["def write(record, context=None):", f"    {begin}"]
    if any(field.link for field in fields):
        lines.append("    links = subjects(record.links)")
    for at, field in enumerate(fields):
        lines += [f"    {line}" for line in _lines(at, field, say, known)]
    exec("\n".join([*lines, f"    return {end}"]), known)  # noqa: S102
    made: Write = known["write"]
    return made


def _lines(at: int, field: Field, say: Say, known: dict[str, Any]) -> Iterator[str]:
    """The statements for one row of the table, the ``at``th; what they call goes into `known`."""
    form = "plain" if field.type.plain else "text"
    if field.show is not None:
        known[f"show{at}"] = field.show
        shown = "repeated" if field.repeats else "plain" if field.safe else "nested"
        yield f"value = show{at}(record, context)"
        yield f"if value is not None: {say(at, field.name, 'value', shown)}"
        return
    value = f"record.{field.attribute}"
    if field.link is not None:
        kind, attribute = field.link
        yield f"link = links.get({kind!r})"
        value = f"None if link is None else link.{attribute}"
    if field.type is not TEXT:
        known[f"write{at}"] = field.type.show
        yield f"value = {value}"
        yield f"if value is not None: {say(at, field.name, f'write{at}(value)', form)}"
    elif field.required:
        yield say(at, field.name, f'{value} or ""', form)
    else:
        # Absent values are left out and nothing is shown as empty text.
        yield f"value = {value}"
        yield f"if value: {say(at, field.name, 'value', form)}"
