"""``modelRelations`` as links to make and to drop, in both directions (zurmo dossier, section 3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapter.formats.form_body import Nested
from adapter.losses import LossReport
from canonical.errors import Unsupported
from canonical.operations import AddLink, DropLink, NewLink, Update
from canonical.values import Ref
from dialects.zurmo.fields.meeting import ATTENDEE
from dialects.zurmo.handlers.relations import TAKES, Change, asked, entries, is_link, role_of
from dialects.zurmo.modules import OPPORTUNITIES, Module

# The class of what a link names, when nothing says otherwise.
_CLASS_OF: Final = {"opportunity": "Opportunity", "user": "User", "party": "Contact"}


@dataclass(frozen=True, slots=True)
class UpdateAndLink:
    """One call that changes a record and its links: ``update`` with ``modelRelations``."""

    update: Update[Any]
    links: tuple[AddLink | DropLink, ...]


def _changes(module: Module, sent: Mapping[str, Nested]) -> list[Change]:
    """What is asked of the record's links. Raises Unsupported for a relation that is a field of the other record."""
    changes = [asked(module, entry) for entry in entries(sent)]
    for change in changes:
        if not is_link(change) and module is not OPPORTUNITIES:
            raise Unsupported(change.relation)
    return changes


def new_links(module: Module, sent: Mapping[str, Nested]) -> tuple[NewLink, ...]:
    """The links of a record to be made."""
    return tuple(NewLink(change.target, role_of(change)) for change in _changes(module, sent) if change.adds)


def with_links(update: Update[Any], module: Module, sent: Mapping[str, Nested]) -> Any:
    """The update; `AddLink` or `DropLink` where that is all that was sent, `UpdateAndLink` where there is both."""
    record = Ref(module.kind.KIND, update.id)
    links = tuple(
        AddLink(record, NewLink(change.target, role_of(change)))
        if change.adds
        else DropLink(record, change.target, role_of(change))
        for change in _changes(module, sent)
    )
    if not links:
        return update
    return links[0] if len(links) == 1 and update == Update(module.kind, update.id) else UpdateAndLink(update, links)


def relations_of(
    module: Module,
    links: Iterable[NewLink | AddLink | DropLink],
    classes: Mapping[Ref, str],
    losses: LossReport | None,
) -> dict[str, list[dict[str, str]]]:
    """``modelRelations`` that make or drop these links; those that the module has no relation for are reported."""
    relations: dict[str, list[dict[str, str]]] = {}
    for link in links:
        named = link.link if isinstance(link, AddLink) else link
        name, role = _relation(module, named.target)
        model = classes.get(named.target) or _CLASS_OF.get(named.target.kind)
        # A link dropped in any role is dropped in the one that there is here.
        if name in module.relations and model in TAKES[name] and named.role in (role, None):
            action = "remove" if isinstance(link, DropLink) else "add"
            entry = {"action": action, "modelId": str(named.target.id), "modelClassName": str(model)}
            relations.setdefault(name, []).append(entry)
        elif losses is not None:
            losses.add(module.kind.KIND, "links", "no_relation")
    return relations


def _relation(module: Module, target: Ref) -> tuple[str, str]:
    """The relation that such links are in, and their role."""
    if module is OPPORTUNITIES:
        return "contacts", ""
    return ("userAttendees", ATTENDEE) if target.kind == "user" else ("activityItems", "")
