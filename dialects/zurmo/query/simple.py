"""The search of ``list``: a map of attributes, ANDed, the operator given by the attribute's type.

A dynamic clause's own keys are the same thing (zurmo dossier, section 5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from adapter.formats.form_body import Nested
from canonical.query import TRUE, Node, any_of, eq
from dialects.zurmo.errors import NotSearchable, UnknownAttribute
from dialects.zurmo.fields.comparison import Comparison, Searching
from dialects.zurmo.fields.custom import is_custom
from dialects.zurmo.fields.modules import Module
from dialects.zurmo.query.attributes import about_node, node_of, one_of_texts, row_of
from dialects.zurmo.query.dates import SUFFIXES, date_filter
from dialects.zurmo.wire.parameters import php_int

MAX_DEPTH = 8
_OBJECTS = {"EmailAddressInformation", "Address", "CurrencyValue"}
# Attributes whose value may be a list: a list or map for any other value of the record itself is ignored.
_LISTS = {"DropDown", "User", "Account", "ContactState", "Project", "TaskStatusDropDown", "CurrencyDropDown"}


# Ids and dropdown values may be many; where any other related text belongs, a list or map finds nothing.
_MANY = (("id",), ("value",), ("values",))
_NOTHING = Comparison("oneOf")


def is_empty(value: Nested) -> bool:
    """What does not count as a value: "" and empty maps, also deep inside."""
    if isinstance(value, str):
        return value == ""
    return all(is_empty(inner) for inner in value.values())


def _is_list(value: Mapping[str, Nested]) -> bool:
    return all(key.isascii() and key.isdigit() for key in value)


def simple_nodes(module: Module, search: Mapping[str, Nested], searching: Searching) -> list[Node]:
    """The clauses of a map of attributes, in its order. Raises UnknownAttribute, NotSearchable."""
    asked = [(name, value) for name, value in search.items() if not is_empty(value)]
    return [node for name, value in asked for node in _attribute(module, name, value, searching)]


def _attribute(module: Module, name: str, value: Nested, searching: Searching) -> list[Node]:
    special = _special(module, name, value, searching)
    if special is not None:
        return [] if special == TRUE else [special]
    tests = list(_tests(module, name, (), value, searching))
    return [node_of(module, name, below, test, searching) for below, test in tests]


def _special(module: Module, name: str, value: Nested, searching: Searching) -> Node | None:
    """What is no comparison of an attribute's value; None where it is one."""
    if name == "ownedItemsOnly":
        return eq("owner_id", searching.user_id) if value not in ("0", "") else TRUE
    if name == "anyMixedAttributes":
        return _mixed(module, value, searching)
    for suffix in SUFFIXES:
        if name.endswith(suffix):
            row = row_of(module, name.removesuffix(suffix), searching)
            if row.sort is None or row.element not in ("DateTime", "Date"):
                raise NotSearchable(name)
            return date_filter(row.sort, row.element == "Date", value, searching)
    if name == "activityItems" and isinstance(value, dict) and name in module.relations:
        return _named_items(value)
    return None


def _named_items(value: Mapping[str, Nested]) -> Node | None:
    """``{modelClassName, modelId}``, alone or in a list."""
    entries = [value] if "modelClassName" in value else [entry for entry in value.values() if isinstance(entry, dict)]
    nodes = [
        about_node(str(entry["modelClassName"]), php_int(entry.get("modelId")))
        for entry in entries
        if isinstance(entry.get("modelClassName"), str)
    ]
    return any_of(*nodes) if nodes else None


def _mixed(module: Module, value: Nested, searching: Searching) -> Node:
    """The search box of the vendor's own pages: any of the main texts."""
    text = value if isinstance(value, str) else ""
    test = Comparison("startsWith", text)
    return any_of(*(node_of(module, name, (), test, searching) for name in module.mixed)) if text else TRUE


def _tests(
    module: Module, name: str, below: tuple[str, ...], value: Nested, searching: Searching
) -> Iterator[tuple[tuple[str, ...], Comparison]]:
    """The comparisons in one attribute's value, each with the names that lead to it."""
    if is_empty(value):
        return
    if isinstance(value, str):
        yield below, _default(module, name, below, value, searching)
        return
    if len(below) >= MAX_DEPTH:
        raise UnknownAttribute(name)
    if _takes_lists(module, name, searching):
        if below in _MANY or (not below and _is_list(value)):
            yield below, one_of_texts(value)
            return
        if below:
            yield below, _NOTHING
            return
    elif row_of(module, name, searching).element not in _OBJECTS:
        return
    elif below not in ((), ("currency",)):
        yield below, _NOTHING  # where a related text belongs
        return
    for key, inner in value.items():
        yield from _tests(module, name, (*below, key), inner, searching)


def _takes_lists(module: Module, name: str, searching: Searching) -> bool:
    if name in module.relations or is_custom(name):
        return True
    row = row_of(module, name, searching)
    return row.element in _LISTS or name == "id"


def _default(module: Module, name: str, below: tuple[str, ...], value: str, searching: Searching) -> Comparison:
    """The operator by the attribute's type; an id inside another record is always equal."""
    if name in ("uniqueIdentifier", "activityItems") or name in module.relations or below == ("id",):
        return Comparison("equals", value, loose=True)
    if is_custom(name):
        return Comparison("equals" if below else "startsWith", value)
    row = row_of(module, name, searching)
    operator = row.default_operator
    if row.seed_operator is not None and not searching.profile.v3:
        operator = row.seed_operator
    if row.element in ("User", "Account", "ContactState") and below:
        operator = "startsWith"
    test = Comparison(operator, value, loose=True)
    if below and below[-1] in ("optOut", "isInvalid", "invalid", "id", "value") and operator != "equals":
        test = replace(test, operator="equals")
    return test
