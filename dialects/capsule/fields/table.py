"""The rows that field tables are made of. One row serves both directions, as a server and as a client.

`attribute` names the canonical field that an element is, one to one, with `type` between them; where more than one
field decides, `show` makes the text and the entity's own reader takes it apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from adapter.fields import Row
from adapter.fields.expression import (
    IT,
    NONE_READ,
    Attribute,
    Both,
    Call,
    Constant,
    Expression,
    Given,
    expression,
)
from adapter.formats.xml_body import carried_text
from dialects.capsule.errors import NOT_A_NUMBER, BadRequest
from dialects.capsule.wire import texts
from dialects.capsule.wire.bodies import Tree


class Form(Enum):
    """What a shown value is: text without anything to escape, any text, text or pairs, or several times pairs."""

    PLAIN = "plain"
    TEXT = "text"
    NESTED = "nested"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Type:
    """How a canonical value stands on the wire. `plain` text never needs escaping."""

    show: Callable[[Any], str]
    read: Callable[[str], Any]
    plain: bool = True


def _same(text: str) -> str:
    return text


def _percent(text: str) -> int:
    percent = texts.read_integer(text)
    if not 0 <= percent <= 100:
        raise ValueError("not a percentage")
    return percent


TEXT = Type(_same, _same, plain=False)
INTEGER = Type(str, texts.read_integer)
ID = Type(str, texts.read_id)
TIME = Type(texts.show_time, texts.read_time)
DAY = Type(texts.show_day, texts.read_day)
MONEY = Type(texts.show_money, texts.read_money)
PERCENT = Type(str, _percent)


def choice(*words: str) -> Type:
    """Upper case on the wire, lower case in the core, and nothing but these words."""

    def read(text: str) -> str:
        word = text.strip().lower()
        if word not in words:
            raise ValueError(f"not one of {words}")
        return word

    return Type(str.upper, read)


@dataclass(frozen=True, slots=True)
class Field(Row):
    """One element. `required` ones must be given and may not be emptied, `kept` ones may only not be emptied;
    `read_only` ones are ignored when they come in. `safe` says that what `show` gives never needs escaping.
    Where no `show` is given, `attribute` or `value` says it."""

    attribute: str | None = None
    type: Type = TEXT
    kept: bool = False
    safe: bool = False
    repeats: bool = False
    """Whether `show` gives several values, each of which is an element of this name."""
    value: Expression | None = None
    """What the element is in the core, where that is no attribute of the record itself; shown as `type` says."""
    form: Form = field(init=False)

    def __post_init__(self) -> None:
        if self.show is not None:
            form = Form.REPEATED if self.repeats else Form.PLAIN if self.safe else Form.NESTED
        else:
            form = Form.PLAIN if self.type.plain else Form.TEXT
        object.__setattr__(self, "form", form)
        value = Attribute(self.attribute) if self.attribute is not None else self.value
        if self.show is None and value is not None:
            object.__setattr__(self, "show", _as_text(value, self.type, self.required))


def _as_text(value: Expression, type_: Type, required: bool) -> Expression:
    if type_ is TEXT:
        # Absent values are left out and nothing is shown as empty text, unless the element must be there.
        return Both(value, "or", Constant("" if required else None))
    return Given(value, Call(type_.show, IT))


PARTS = frozenset({"links"})
"""What is loaded with a record and is no field of it."""


def fields_shown(table: Iterable[Field]) -> tuple[str, ...]:
    """The canonical fields that must be read to show these elements. Raises `ValueError` where a row does not say."""
    names: list[str] = []
    for row in table:
        found = NONE_READ if row.show is None else expression(row.show).reads()
        if found is None:
            raise ValueError(f"{row.name} does not say what it reads")
        names += sorted(found - PARTS)
    return tuple(dict.fromkeys(names))


def unchanged(given: str, shown: str | None) -> bool:
    """Whether a client wrote back what it was shown.

    XML turns a CR LF inside text into LF on its way, and shows what it cannot carry as U+FFFD.
    """
    shown = shown or ""
    if given == shown:
        return True
    if not shown.isprintable():
        shown = carried_text(shown)
        return given == shown or given == shown.replace("\r\n", "\n").replace("\r", "\n")
    return False


def _is_same_amount(given: str, shown: str | None) -> bool:
    """Whether it is the number that was shown, which may have left digits out: 5 for 5.00."""
    try:
        return shown is not None and texts.read_money(given) == texts.read_money(shown)
    except ValueError:
        return False


def read_text(name: str, type_: Type, text: str) -> Any:
    """The canonical value of one element's text. Raises `BadRequest` naming the element."""
    try:
        return type_.read(text)
    except texts.NotANumber:
        raise BadRequest(NOT_A_NUMBER, name) from None
    except (ValueError, OverflowError):
        raise BadRequest(f"{name} is invalid") from None


def read_simple(
    fields: tuple[Field, ...], body: Tree, current: Any | None = None, *, new: bool, context: Any = None
) -> dict[str, Any]:
    """Canonical values out of the elements that stand for one field each.

    For a `new` record empty elements count as absent and required ones must be there. For a change an empty element
    empties its field, and text equal to what is shown of `current` changes nothing. Raises `BadRequest`.
    """
    values: dict[str, Any] = {}
    for row in fields:
        if row.attribute is None or row.read_only:
            continue
        text = body.text(row.name)
        if new and text is not None and not text.strip():
            text = None
        if text is None:
            if new and row.required:
                raise BadRequest(f"{row.name} is required")
            continue
        if current is not None and row.show is not None:
            shown = row.show(current, context)
            if unchanged(text, shown) or (row.type is MONEY and _is_same_amount(text, shown)):
                continue
        if text.strip():
            values[row.attribute] = read_text(row.name, row.type, text)
        elif row.required or row.kept:
            raise BadRequest(f"{row.name} is required")
        else:
            values[row.attribute] = None
    return values


def read_record(fields: tuple[Field, ...], body: Tree) -> dict[str, Any]:
    """Canonical values out of a server's answer, read-only elements included. Raises `BadRequest`."""
    values: dict[str, Any] = {}
    for row in fields:
        if row.attribute is not None:
            text = body.text(row.name)
            if text is not None:
                values[row.attribute] = read_text(row.name, row.type, text)
    return values


def write_simple(fields: tuple[Field, ...], values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Elements for the canonical values that the table knows; a None empties its element."""
    pairs = []
    for row in fields:
        if row.attribute is not None and row.attribute in values and not row.read_only:
            value = values[row.attribute]
            pairs.append((row.name, "" if value is None else row.type.show(value)))
    return pairs
