"""From an attribute's name and a comparison to a node, for all three search languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapter.formats.form_body import Nested
from canonical.model import IS_SUBJECT, Opportunity, Party
from canonical.query import Compare, Has, Node, Op, all_of, any_of, one_of
from dialects.zurmo.errors import Failure, NotSearchable, UnknownAttribute
from dialects.zurmo.fields.base import Field
from dialects.zurmo.fields.comparison import Below, Comparison, Searching
from dialects.zurmo.fields.custom import custom_node, is_custom
from dialects.zurmo.fields.modules import Module
from dialects.zurmo.fields.nodes import number_node
from dialects.zurmo.wire.parameters import php_int

# PHP itself takes no more variables of a form (max_input_vars).
MAX_VALUES: Final = 1_000


def one_of_texts(values: Mapping[str, Nested]) -> Comparison:
    """The comparison with a list that was sent. Raises Failure for one that is too long."""
    if len(values) > MAX_VALUES:
        raise Failure("Too many values.")
    return Comparison("oneOf", values=tuple(item for item in values.values() if isinstance(item, str)))


def row_of(module: Module, name: str, searching: Searching) -> Field:
    """The attribute's row. Raises UnknownAttribute."""
    row = module.table(searching.profile.v3).by_name.get(name)
    if row is None or row.search is None:
        raise UnknownAttribute(name)
    return row


def node_of(module: Module, name: str, below: Below, test: Comparison, searching: Searching) -> Node:
    """The node of one comparison. Raises UnknownAttribute, NotSearchable."""
    if name == "uniqueIdentifier":
        name = "id"
    if name == "activityItems" and "activityItems" in module.relations:
        return _about(below, test)
    if name in ("opportunities", "contacts", "accounts") and name in module.relations:
        return _related(module, name, below, test, searching)
    if is_custom(name):
        return custom_node(name, below, test, strict=searching.strict)
    search = row_of(module, name, searching).search
    if search is None:
        raise UnknownAttribute(name)
    try:
        return search(searching, below, test)
    except NotSearchable as error:
        # In the client's words, not the core's.
        raise NotSearchable(".".join((name, *below))) from error


def _about(below: Below, test: Comparison) -> Node:
    """What a task, note or meeting is about.

    The vendor compares an internal id that never shows on the wire; here the id of a contact, account or opportunity.
    """
    if below not in ((), ("id",)):
        raise UnknownAttribute(below[0])
    subjects = all_of(Compare("target_kind", Op.IN, ("party", "opportunity")), IS_SUBJECT)
    return Has("links", all_of(subjects, number_node("target_id", test)))


def about_node(model: str, id: int) -> Node:
    """What is about one record of a class: ``{modelClassName, modelId}`` in a dynamic search."""
    kind = {"Contact": "party", "Account": "party", "Opportunity": "opportunity"}.get(model)
    if kind is None:
        raise UnknownAttribute(model)
    subject = all_of(Compare("target_kind", Op.EQ, kind), Compare("target_id", Op.EQ, id), IS_SUBJECT)
    return Has("links", subject)


def _related(module: Module, name: str, below: Below, test: Comparison, searching: Searching) -> Node:
    """Records that one of the named records is linked with, by id."""
    if below not in ((), ("id",)):
        raise UnknownAttribute(below[0])
    if test.operator not in ("equals", "oneOf") or searching.desk is None:
        raise NotSearchable(name)
    ids = [php_int(text) for text in (test.values or (test.value,))]
    if module.model == "Account":
        kind: type[Opportunity] | type[Party] = Opportunity if name == "opportunities" else Party
        column = "party_id" if kind is Opportunity else "organisation_id"
        found = searching.desk.get_many(kind, ids)
        return one_of("id", [id for record in found.values() if (id := getattr(record, column)) is not None])
    if module.model == "Opportunity":
        people = all_of(Compare("target_kind", Op.EQ, "party"), one_of("target_id", ids))
        return any_of(Has("links", people)) if ids else one_of("id", ())
    deals = searching.desk.get_many(Opportunity, ids, ("links",))
    wanted = [link.target.id for deal in deals.values() for link in deal.links if link.target.kind == "party"]
    return one_of("id", wanted)
