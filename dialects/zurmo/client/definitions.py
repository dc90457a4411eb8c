"""Custom attributes as a server's administrators made them in its designer (zurmo dossier, section 4)."""

from __future__ import annotations

from typing import Final

from adapter.client import Conversation
from adapter.losses import LossReport
from canonical.errors import Unsupported
from canonical.model import CustomField
from canonical.operations import FindCustomFields
from dialects.zurmo.client import ask
from dialects.zurmo.client.ids import MODELS
from dialects.zurmo.client.server import Server, path_of
from dialects.zurmo.client.shown import data
from dialects.zurmo.fields.custom import SUFFIX, is_custom
from dialects.zurmo.fields.modules import Module

_TYPES: Final = {
    "CheckBox": "flag",
    "Date": "date",
    "DateTime": "date",
    "Decimal": "number",
    "Integer": "number",
    "DropDown": "choice",
    "RadioDropDown": "choice",
    "MultiSelectDropDown": "choice",
    "TagCloud": "choice",
}
"""What the vendor's designer makes custom attributes of, and the core's types; any other is text."""


def find(operation: FindCustomFields, server: Server, losses: LossReport) -> Conversation:
    """The custom attributes of all modules of a kind. Raises `Unsupported`, also of 2.x, which does not tell."""
    if operation.kind not in MODELS or not server.searches:
        raise Unsupported(f"zurmo: custom_field list of {operation.kind}")
    found: dict[str, CustomField] = {}
    for module in MODELS[operation.kind]:
        answer = yield ask.reading(path_of(module, "listAttributes"))
        for item in data("custom_field list", answer).needed("items").members():
            name = item.place.rpartition("/")[2]
            if is_custom(name):
                plain, element = name.removesuffix(SUFFIX), item.needed("elementType").text()
                label, type_ = item.needed("attributeLabel").text(), _TYPES.get(element, "text")
                found.setdefault(plain, CustomField(operation.kind, plain, label, type_, position=len(found)))
    return list(found.values())


def types_of(module: Module, server: Server) -> Conversation:
    """The types of a module's custom attributes, asked for once; None from a server that does not tell."""
    if not server.searches:
        return None
    if module.path not in server.attributes:
        answer = yield ask.reading(path_of(module, "listAttributes"))
        items = data("custom_field list", answer).needed("items")
        server.attributes[module.path] = {
            name: item.needed("elementType").text()
            for item in items.members()
            if is_custom(name := item.place.rpartition("/")[2])
        }
    return server.attributes[module.path]
