"""The elements `customField` and `customFieldDefinition` (capsule dossier, section 8)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from canonical.model import CustomField, CustomValue
from canonical.values import fold
from dialects.capsule.errors import NOT_A_NUMBER, BadRequest
from dialects.capsule.fields.table import ID, INTEGER, Field, read_text, unchanged
from dialects.capsule.wire import texts
from dialects.capsule.wire.bodies import Tree

# Value element by the definition's type, and what Capsule calls that type.
_ELEMENTS: Final = {"flag": "boolean", "date": "date", "number": "number"}
_TYPES: Final = {"flag": "Boolean", "date": "Date", "number": "Number", "choice": "List"}
# The definition's type by the element that first brought a value.
_DEFINED_BY: Final = {"text": "text", "date": "date", "boolean": "flag", "number": "number"}
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST_NAME: Final = 500
"""Characters of a label or a tag: the core keeps no longer names of custom fields."""
_PARTY_CLASSES: Final = ("person", "organisation")


@dataclass(frozen=True, slots=True)
class CustomItem:
    """One value and its definition, which values of other dialects may lack."""

    value: CustomValue
    definition: CustomField | None

    @property
    def label(self) -> str:
        return (self.definition.label if self.definition is not None else "") or self.value.name

    def is_meant_by(self, given: GivenValue) -> bool:
        """Whether a client that names this tag and label means this value."""
        return _same_name(given.group, self.value.group) and _same_name(given.label, self.label)

    def is_shown_as(self, given: GivenValue) -> bool:
        """Whether that is what a client was shown of it: written back it changes nothing, however it is stored."""
        element, text = _typed(self)
        own = _ELEMENTS.get(self.definition.type, "text") if self.definition is not None else element
        if given.filled(own) is not None and own != element:
            return False
        value = given.filled(element)
        return value is not None and (unchanged(value, text) or _is_same(element, value, text))


def _is_same(element: str, given: str, text: str) -> bool:
    try:
        return _stored(element, given) == _stored(element, text)
    except BadRequest:
        return False


def _same_name(given: str, name: str) -> bool:
    return fold(given) == fold(name) or unchanged(given, name)


def _typed(item: CustomItem) -> tuple[str, str]:
    """The element and its text; a value that is not of its field's type is shown as text."""
    text = item.value.value
    element = _ELEMENTS.get(item.definition.type, "text") if item.definition is not None else "text"
    try:
        if element == "date":
            return element, texts.show_day(texts.read_day(text))
        if element == "boolean":
            return element, texts.show_boolean(texts.read_boolean(text))
        if element == "number":
            return element, texts.read_number(text)
    except ValueError:
        return "text", text
    return element, text


def _value(element: str) -> Field:
    def shows(item: CustomItem, context: object) -> str | None:
        name, text = _typed(item)
        return text if name == element else None

    return Field(element, show=shows)


def _id(item: CustomItem, context: object) -> str | None:
    return None if item.definition is None else str(item.definition.id)


FIELDS = (
    Field("id", show=_id, read_only=True, safe=True),
    Field("tag", show=lambda item, context: item.value.group or None),
    Field("label", show=lambda item, context: item.label),
    *(_value(element) for element in _DEFINED_BY),
)


def _type(definition: CustomField, context: object) -> str:
    return _TYPES.get(definition.type, "Text")


def _tag_id(definition: CustomField, tags: dict[str, int]) -> str | None:
    id = tags.get(fold(definition.group)) if definition.group else None
    return None if id is None else str(id)


def _options(definition: CustomField, context: object) -> str | None:
    """``a;b`` for a list, a regular expression for a text."""
    values = definition.options.get("values")
    if isinstance(values, list):
        return ";".join(str(value) for value in values)
    pattern = definition.options.get("pattern")
    return pattern if isinstance(pattern, str) else None


def _party_class(definition: CustomField, context: object) -> str | None:
    kind = definition.options.get("party_type")
    return str(kind) if definition.kind == "party" and kind in _PARTY_CLASSES else None


DEFINITION_FIELDS = (
    Field("id", "id", ID),
    Field("tag", "group"),
    Field("tagId", show=_tag_id, safe=True),
    Field("label", show=lambda definition, context: definition.label or definition.name),
    Field("type", show=_type, safe=True),
    Field("options", show=_options),
    Field("forPartyClass", show=_party_class, safe=True),
    Field("displayOrder", show=lambda definition, context: str(definition.position), safe=True),
)


@dataclass(frozen=True, slots=True)
class GivenValue:
    """What a client says of one field: the text of each value element that came, empty for an empty one."""

    group: str
    label: str
    elements: Mapping[str, str]

    def filled(self, element: str) -> str | None:
        text = self.elements.get(element, "")
        return text if text.strip() else None

    def meant(self, defined: str | None) -> MeantValue | None:
        """What it comes to for a field defined as that type, or not defined; None when it leaves the value alone.

        The element of the type counts whatever stands beside it. Another element's default is no value: a Ruby client
        posts all four back with every field, and knows no number. What else there is, is read as the type. Raises
        `BadRequest` for what cannot be read (capsule dossier, section 8).
        """
        if defined is None:
            return self._undefined()
        own = _ELEMENTS.get(defined, "text")
        if own in self.elements:
            text = self.filled(own)
            return MeantValue(defined, None if text is None else _stored(own, text))
        for element in self._said():
            return MeantValue(defined, _stored(own, self.elements[element], element))
        return None if self.elements else MeantValue(defined, None)

    def _undefined(self) -> MeantValue:
        """The first element that says something defines the field; a mere ``false`` does where nothing else does."""
        for element in (*self._said(), *(("boolean",) if self.filled("boolean") is not None else ())):
            return MeantValue(_DEFINED_BY[element], _stored(element, self.elements[element]))
        return MeantValue("text", None)

    def _said(self) -> list[str]:
        """The elements whose text is more than their default."""
        return [name for name in _DEFINED_BY if self.filled(name) is not None and not self._is_default(name)]

    def _is_default(self, element: str) -> bool:
        try:
            return element == "boolean" and not texts.read_boolean(self.elements[element])
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class MeantValue:
    """The type of a field, and its value as it is stored; None takes it away."""

    type: str
    text: str | None


def read_values(body: Tree) -> list[GivenValue]:
    """The fields of a `customFields` body in order. Raises `BadRequest` for one without a label."""
    entries = body.branches("customField")
    if not entries and "label" in body:
        # A field, or a list of them, in the place of the element that holds fields: no write may vanish.
        raise BadRequest("customField is required")
    return [_read_value(entry) for entry in entries]


def _read_value(entry: Tree) -> GivenValue:
    label = entry.filled("label")
    if label is None:
        raise BadRequest("label is required")
    group = (entry.filled("tag") or "").strip()
    for name, text in (("label", label), ("tag", group)):
        if len(text) > _LONGEST_NAME:
            raise BadRequest(f"{name} is invalid")
    given = {element: entry.text(element) for element in _DEFINED_BY}
    return GivenValue(group, label.strip(), {element: text for element, text in given.items() if text is not None})


def _stored(element: str, text: str, given: str | None = None) -> str:
    """The text of an element as it is stored. Raises `BadRequest`, which names the element that was `given`."""
    try:
        if element == "date":
            return texts.read_day(text)
        if element == "boolean":
            return texts.show_boolean(texts.read_boolean(text))
        if element == "number":
            return texts.read_number(text)
    except texts.NotANumber:
        raise BadRequest(NOT_A_NUMBER, given or element) from None
    except (ValueError, OverflowError):
        raise BadRequest(f"{given or element} is invalid") from None
    return text


def typed_element(text: str, type_: str | None = None) -> tuple[str, str]:
    """The element under which a stored value goes to a server: that of its type, by its look where that is unknown."""
    if type_ is not None:
        definition = CustomField("", "", type=type_)
        return _typed(CustomItem(CustomValue("", text), definition))
    return ("date", texts.show_day(text)) if _DAY.fullmatch(text) else ("text", text)


def parse_definition(kind: str, tree: Tree) -> CustomField:
    """The definition that a server's answer shows. Raises `BadRequest`."""
    label = tree.filled("label")
    if label is None:
        raise BadRequest("label is required")
    word = tree.filled("type") or "Text"
    type_ = next((type_ for type_, shown in _TYPES.items() if shown == word), "text")
    id, order = tree.filled("id"), tree.filled("displayOrder")
    definition = CustomField(kind, label, label, type_, tree.filled("tag") or "")
    definition.id = read_text("id", ID, id) if id else 0
    definition.position = read_text("displayOrder", INTEGER, order) if order else 0
    options = tree.filled("options")
    if options is not None:
        definition.options = {"values": options.split(";")} if type_ == "choice" else {"pattern": options}
    party_class = tree.filled("forPartyClass")
    if party_class in _PARTY_CLASSES:
        definition.options = {**definition.options, "party_type": party_class}
    return definition


def definition_of(definitions: Sequence[CustomField], group: str, label: str) -> CustomField | None:
    """The definition that a client means by tag and label: by its label, else by its name."""
    own = [definition for definition in definitions if fold(definition.group) == fold(group)]
    by_label = (definition for definition in own if fold(definition.label) == fold(label))
    by_name = (definition for definition in own if fold(definition.name) == fold(label))
    return next(by_label, None) or next(by_name, None)
