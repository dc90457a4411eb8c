"""Operations as conversations with a Zurmo server: what takes several calls there is one operation here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from adapter.client import Capability, Conversation, Session, kind_name, note_losses, require
from adapter.losses import LossReport
from canonical.errors import Unsupported
from canonical.model import Activity, ContactPoint, CustomValue, Link, Opportunity, Party
from canonical.operations import (
    AddLink,
    Create,
    Delete,
    DropLink,
    Find,
    FindCustomFields,
    FindDeletions,
    Get,
    NewLink,
    Update,
)
from canonical.values import Ref, sql_time
from dialects.zurmo.client import ask, definitions, hear, parts
from dialects.zurmo.client.capabilities import CAPABILITIES, IN_3, MODULE_OF
from dialects.zurmo.client.find import PAGE, find, records, searching
from dialects.zurmo.client.ids import MODELS, canonical_id, module_of, number_of
from dialects.zurmo.client.server import Data, Server, path_of, server_of
from dialects.zurmo.client.shown import data
from dialects.zurmo.fields.modules import CONTACTS, LEADS, MEETINGS, NOTES, OPPORTUNITIES, Module
from dialects.zurmo.fields.opportunity import FIRST_STAGE, STATES
from dialects.zurmo.settings import NAME


def perform(operation: Any, session: Session, losses: LossReport) -> Conversation:
    """See `adapter.client.ClientSide.perform`."""
    conversation = _CONVERSATIONS.get(type(operation))
    if conversation is None:
        raise Unsupported(f"zurmo: {type(operation).__name__}")
    return (yield from conversation(operation, server_of(session), losses))


def _row(server: Server, kind: str, verb: str) -> Capability:
    return require(IN_3 if server.v3 else CAPABILITIES, "zurmo", kind, verb)


def _module(kind: str, id: int, verb: str) -> Module:
    """The module of a record. Raises `Unsupported` for a kind that Zurmo does not have."""
    if kind not in MODELS:
        raise Unsupported(f"zurmo: {kind} {verb}")
    return module_of(kind, id)


# -- reading ----------------------------------------------------------------------------------------


def _get(operation: Get[Any], server: Server, losses: LossReport) -> Conversation:
    kind = operation.kind.KIND
    module = _module(kind, operation.id, "read")
    return (yield from _read(module, kind, operation.id, server, losses))


def _read(module: Module, kind: str, id: int, server: Server, losses: LossReport) -> Conversation:
    request = ask.reading(path_of(module, "read", number_of(id)))
    record = hear.record(module, data(f"{kind} read", (yield request), kind, id), server, losses)
    yield from complete(record, server)
    return record


def complete(record: Any, server: Server) -> Conversation:
    """Adds the contacts of an opportunity, which takes a search of its own for contacts and for leads."""
    if not isinstance(record, Opportunity) or not server.searches:
        return
    clause = {
        "attributeName": "opportunities",
        "relatedAttributeName": "id",
        "operatorType": "equals",
        "value": str(number_of(record.id)),
    }
    links: list[Link] = []
    for module in (CONTACTS, LEADS):
        asking, number = searching(module, {"1": clause}, "1", "id asc"), 1
        while True:
            people, total = yield from records(asking, number, PAGE, server, LossReport())
            about = Ref(record.KIND, record.id)
            links += [
                hear.link(about, module.model, number_of(person.id), len(links) + at)
                for at, person in enumerate(people)
            ]
            if number * PAGE >= total:
                break
            number += 1
    record.links = links


def _find(operation: Find[Any], server: Server, losses: LossReport) -> Conversation:
    if operation.kind.KIND not in MODELS:
        raise Unsupported(f"zurmo: {operation.kind.KIND} list")
    page = yield from find(operation, server, losses)
    if "links" in operation.include:
        for record in page.items:
            yield from complete(record, server)
    return page


def _find_deletions(operation: FindDeletions, server: Server, losses: LossReport) -> Conversation:
    if operation.kind not in (Party.KIND, Activity.KIND) or not server.searches:
        raise Unsupported(f"zurmo: {operation.kind} deletions")
    asked = f"{operation.kind} deletions"
    gone: dict[Ref, None] = {}
    for module in (*MODELS[operation.kind], *((LEADS,) if operation.kind == Party.KIND else ())):
        number = 1
        while module.synced:
            form = {"sinceDateTime": sql_time(operation.since), "pagination": ask.page(number, PAGE)}
            found = data(asked, (yield ask.sending("POST", path_of(module, "getDeletedItems"), form)))
            ids = [item.id() for item in hear.listed(found)]
            gone.update((Ref(operation.kind, canonical_id(module.model, id)), None) for id in ids)
            if not ids or number * PAGE >= hear.total(found):
                break
            number += 1
    return list(gone)


# -- writing ----------------------------------------------------------------------------------------


def _create(operation: Create[Any], server: Server, losses: LossReport) -> Conversation:
    kind = kind_name(operation.kind, operation.values)
    row = _row(server, kind, "create")
    module = LEADS if operation.values.get("stage") == "lead" and kind == "person" else MODULE_OF[kind]
    values = ask.ruled(kind, {**module.start, **operation.values}, server, losses)
    _note(row, operation, losses)
    record = ask.stored(module.kind, values)
    record.extras = {NAME: dict(operation.extras.get(NAME, {}))}
    told = LossReport()
    named = {*values, "stage"} if kind == "person" else set(values)
    sent = ask.attributes(module, record, named, server, told, whole=True)
    sent |= ask.audit(module, record, values, server)
    if operation.points and "points" in row.fields:
        record.points = list(operation.points)
        sent |= parts.points(module, kind, None, record, server, losses)
    custom = yield from _custom(module, kind, operation.custom, server, losses)
    sent |= custom
    sent |= parts.relations(module, kind, operation.links, "add", losses)
    _tell(told, kind, losses)
    found = data(f"{kind} create", (yield ask.create(module, sent)), kind)
    _check_kept(kind, custom, found.object(), losses)
    return module.kind(id=canonical_id(module.model, found.needed("id").id()))


def _note(row: Capability, operation: Create[Any] | Update[Any], losses: LossReport) -> None:
    """Counts what no attribute says; contact points are counted where they find their places, our extras nowhere."""
    others = {name: kept for name, kept in operation.extras.items() if name != NAME}
    said = {name: value for name, value in operation.values.items() if name != "probability"}
    points = () if "points" in row.fields else operation.points
    note_losses(row, replace(operation, values=said, points=points, extras=others), losses)


def _tell(told: LossReport, kind: str, losses: LossReport) -> None:
    for loss, times in told.counts().items():
        losses.add(kind, loss.field, loss.reason, times)


def _custom(
    module: Module, kind: str, values: tuple[CustomValue, ...], server: Server, losses: LossReport
) -> Conversation:
    """Custom values as attributes of the forms that they have there."""
    if not values:
        return {}
    types: Mapping[str, str] | None = yield from definitions.types_of(module, server)
    return parts.custom(kind, values, types, losses)


def _check_kept(kind: str, custom: Iterable[str], shown: Mapping[str, Any], losses: LossReport) -> None:
    """A server ignores attributes that it does not have, without a word: those that it does not show are lost."""
    missing = sum(shown.get(name) is None for name in custom)
    if missing:
        losses.add(kind, "custom", "no_such_attribute", missing)


def _update(operation: Update[Any], server: Server, losses: LossReport) -> Conversation:
    module = _module(operation.kind.KIND, operation.id, "update")
    kind = _kind(module, operation.values)
    row = _row(server, kind, "update")
    together, before = _together(module, server), None
    if _is_read_first(operation, together):
        before = yield from _read(module, operation.kind.KIND, operation.id, server, LossReport())
    values = ask.ruled(kind, _complete(operation, before, together), server, losses)
    _note(row, operation, losses)
    record = ask.stored(module.kind, values)
    mine = operation.extras.get(NAME, {})
    record.extras = {NAME: {name: held for name, held in mine.items() if held is not None}}
    told = LossReport()
    sent = ask.attributes(module, record, values, server, told, whole=False)
    if before is not None and (operation.points or operation.drop_points):
        record.points = _changed(before.points, operation)
        sent |= parts.points(module, kind, before, record, server, losses)
    custom = yield from _custom(module, kind, operation.custom, server, losses)
    gone = [CustomValue(name, "", group) for group, name in operation.drop_custom]
    sent |= {**(yield from _custom(module, kind, tuple(gone), server, losses)), **custom}
    for loss, times in told.counts().items():
        if loss.field != "type":
            losses.add(kind, loss.field, loss.reason, times)
    if sent:
        request = ask.update(module, Ref(operation.kind.KIND, operation.id), sent)
        found = data(f"{kind} update", (yield request), operation.kind.KIND, operation.id)
        _check_kept(kind, custom, found.object(), losses)


def _kind(module: Module, values: Mapping[str, Any]) -> str:
    """The name of the kind of a module's records; notes may be of any type."""
    if module is NOTES:
        found = kind_name(Activity, {"type": "note", **values})
        return found if found in MODULE_OF and MODULE_OF[found] is NOTES else "note"
    return "meeting" if module is MEETINGS else kind_name(module.kind, {**values, **module.start})


def _together(module: Module, server: Server) -> list[set[str]]:
    """The fields that are one attribute: where only some of them change, the others are read first."""
    rows = module.table(server.v3).by_name.values()
    return [set(row.columns) for row in rows if row.take is not None and len(row.columns) > 1]


def _is_read_first(operation: Update[Any], together: list[set[str]]) -> bool:
    named = operation.values.keys()
    if operation.points or operation.drop_points:
        return True
    if operation.kind is Opportunity and "state" in named and "stage" not in named:
        return True
    return any(0 < len(fields & named) < len(fields) for fields in together)


def _complete(operation: Update[Any], before: Any, together: list[set[str]]) -> dict[str, Any]:
    """The values, with those beside them that are one attribute there."""
    values = dict(operation.values)
    for fields in together if before is not None else ():
        if fields & values.keys():
            values = {**{name: getattr(before, name) for name in fields}, **values}
    if isinstance(before, Opportunity) and values.get("state") == "open" and "stage" not in operation.values:
        # It is reopened by a stage that is open.
        values["stage"] = FIRST_STAGE if before.stage in STATES else before.stage
    return values


def _changed(before: Iterable[ContactPoint], operation: Update[Any]) -> list[ContactPoint]:
    changed = {point.id: point for point in operation.points if point.id}
    kept = [changed.get(point.id, point) for point in before if point.id not in operation.drop_points]
    return kept + [point for point in operation.points if not point.id]


def _delete(operation: Delete[Any], server: Server, losses: LossReport) -> Conversation:
    kind = operation.kind.KIND
    module = _module(kind, operation.id, "delete")
    name = _kind(module, {})
    _row(server, name, "delete")
    if operation.cascade:
        raise Unsupported(f"zurmo: {name} delete with what is about it")
    answer = yield ask.removing(path_of(module, "delete", number_of(operation.id)))
    data(f"{name} delete", answer, kind, operation.id)


def _link(operation: AddLink | DropLink, server: Server, losses: LossReport) -> Conversation:
    adds = isinstance(operation, AddLink)
    record = operation.record
    link = operation.link if isinstance(operation, AddLink) else NewLink(operation.target, operation.role or "")
    verb = "link" if adds else "unlink"
    module = _module(record.kind, record.id, verb)
    name = _kind(module, {})
    if module is not OPPORTUNITIES and (module.kind is not Activity):
        raise Unsupported(f"zurmo: {name} {verb}")
    if parts.relation_of(module, link) is None:
        raise Unsupported(f"zurmo: {name} {verb} {link.target.kind}")
    form: Data = parts.relations(module, name, [link], "add" if adds else "remove", losses)
    data(f"{name} {verb}", (yield ask.update(module, record, form)), record.kind, record.id)
    return Link(0, record, link.target, link.role) if adds else 1


_CONVERSATIONS: Final[Mapping[type, Callable[[Any, Server, LossReport], Conversation]]] = {
    Get: _get,
    Find: _find,
    FindCustomFields: definitions.find,
    FindDeletions: _find_deletions,
    Create: _create,
    Update: _update,
    Delete: _delete,
    AddLink: _link,
    DropLink: _link,
}
