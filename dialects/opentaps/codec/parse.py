"""Requests into operations, without a desk: what contract tests and migrations read.

Ids in these operations and records are the 96 bits of a wire id as an int (see `ids`), for there is no tenant here in
which to look one up. What the canonical operation has no field for stays under ``extras["opentaps"]``, in the words of
the wire: `responsible` (an id), `assignees` (ids, of an update), `replace` (a PUT without ``partial``), `tagName`,
`tagUrl`, `tagKeywords`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapter.routes import Match
from adapter.wire import WireRequest
from canonical.errors import Unsupported
from canonical.model import Activity, CustomValue
from canonical.operations import AddLink, Create, Delete, DropLink, Find, Get, NewLink, Update
from canonical.values import Ref
from dialects.opentaps import query
from dialects.opentaps.codec.parameters import Parameters, read_parameters
from dialects.opentaps.errors import Rejected, Unknown
from dialects.opentaps.fields.activity import (
    ASSIGNEE,
    ID_NAMES,
    YES,
    Given,
    as_replacement,
    canonical_type,
    check,
    custom_of,
    legacy_attributes,
    read_given,
    role_in,
    values_of,
)
from dialects.opentaps.fields.status import NAMESPACE
from dialects.opentaps.ids import is_wire_id, number_of
from dialects.opentaps.routes import ROUTES, effective_method, locate


class _Numbers:
    """The `query.Names` of a place without records."""

    def activity(self, text: str) -> int | None:
        return number_of(text)

    def contact(self, text: str) -> int | None:
        return number_of(text)


def _number(noun: str, text: str) -> int:
    found = number_of(text)
    if found is None:
        raise Unknown(noun, text)
    return found


def parse_request(request: WireRequest) -> Any:
    """The operation of a request.

    Raises what the server would word as an error, and Unsupported for calls that are no operation on records.
    """
    match = ROUTES.match(effective_method(request), locate(request))
    noun, _, verb = match.route.operation.partition(".")
    parse = _PARSERS.get(verb if noun in ("activity", "task", "note") else match.route.operation)
    if parse is None:
        raise Unsupported(f"{match.route.operation} is no operation on records")
    return parse(match, read_parameters(request))


def _parse_list(match: Match, params: Parameters) -> Find[Activity]:
    type_ = "task" if match.route.meta.get("task") else None
    wanted = query.build(params, _Numbers(), match.params.get("id"), match.params.get("start"), type_=type_)
    return Find(Activity, wanted)


def _parse_read(match: Match, params: Parameters) -> Any:
    if not is_wire_id(match.params["id"]) and not match.route.meta.get("e1"):
        return _parse_list(match, params)
    return Get(Activity, _number("note", match.params["id"]))


def _parse_save(match: Match, params: Parameters) -> Any:
    id = None if match.route.meta.get("e1") else params.given(*ID_NAMES)
    if id is not None:
        return _parse_update(match, params, id, replace=False)
    given = read_given(params)
    given.attributes = {**given.attributes, **legacy_attributes(params)}
    check(given, "create note", whole=True)
    values, extras = values_of(given, None, "create note")
    values["type"] = "task" if match.route.meta.get("task") else canonical_type(given.type, "note")
    values.setdefault("state", "open")
    if given.parent and given.parent.strip():
        values["parent_id"] = _number("note", given.parent.strip())
    if given.responsible and given.responsible.strip():
        extras["responsible"] = _number("contact", given.responsible.strip())
    if given.creator:
        extras["createdByUser"] = given.creator
    extras |= {"tagUrl": given.tag_url, "tagKeywords": given.tag_keywords}
    kept = {key: value for key, value in extras.items() if value is not None}
    return Create(
        Activity,
        values,
        tuple(NewLink(Ref("party", _number("contact", text)), ASSIGNEE) for text in given.assignees or ()),
        tags=(given.tag,) if given.tag is not None else (),
        custom=tuple(CustomValue(name, value) for name, value in given.attributes.items()),
        extras={NAMESPACE: kept} if kept else {},
    )


def _parse_put(match: Match, params: Parameters) -> Update[Activity]:
    partial = (params.get("partial") or "").strip().lower() in YES
    return _parse_update(match, params, match.params["id"], replace=not partial)


def _parse_post(match: Match, params: Parameters) -> Update[Activity]:
    return _parse_update(match, params, match.params["id"], replace=False)


def _parse_update(match: Match, params: Parameters, id: str, *, replace: bool) -> Update[Activity]:
    given = read_given(params)
    if replace:
        as_replacement(given)
    if match.route.meta.get("task"):
        given.type = None
    check(given, "update note", whole=replace)
    values, extras = values_of(given, None, "update note")
    if given.type is not None:
        values["type"] = canonical_type(given.type, "note")
    if given.parent is not None:
        values["parent_id"] = _number("note", given.parent.strip()) if given.parent.strip() else None
    _parse_people(given, values, extras)
    tag = {"tagName": given.tag, "tagUrl": given.tag_url, "tagKeywords": given.tag_keywords}
    extras |= {key: value for key, value in tag.items() if value is not None}
    if replace:
        extras["replace"] = True
    drop = tuple(("", name) for name, value in given.attributes.items() if not value)
    return Update(Activity, _number("note", id), values, {NAMESPACE: extras} if extras else {}, custom_of(given), drop)


def _parse_people(given: Given, values: dict[str, Any], extras: dict[str, Any]) -> None:
    if given.assignees is not None:
        extras["assignees"] = [_number("contact", text) for text in given.assignees]
    if given.responsible is not None and given.responsible.strip():
        extras["responsible"] = _number("contact", given.responsible.strip())
    elif given.responsible is not None:
        values["owner_chosen"] = False
        extras["responsible"] = None


def _parse_delete(match: Match, params: Parameters) -> Delete[Activity]:
    return Delete(Activity, _number("note", match.params["id"]))


def _associated(params: Parameters, action: str) -> tuple[Ref, Ref, str]:
    texts = []
    for name, spellings in (("activityId", ("activityId", "noteId", "_id")), ("contactId", ("contactId",))):
        text = params.given(*spellings)
        if text is None:
            raise Rejected(action, name, params.get(name))
        texts.append(text)
    activity, contact = _number("note", texts[0]), _number("contact", texts[1])
    return Ref("activity", activity), Ref("party", contact), role_in(params.get("role") or "")


def _parse_add(match: Match, params: Parameters) -> AddLink:
    record, target, role = _associated(params, "add contact")
    return AddLink(record, NewLink(target, role))


def _parse_remove(match: Match, params: Parameters) -> DropLink:
    record, target, role = _associated(params, "remove contact")
    return DropLink(record, target, role or None)


_PARSERS: dict[str, Callable[[Match, Parameters], Any]] = {
    "list": _parse_list,
    "page": _parse_list,
    "read": _parse_read,
    "save": _parse_save,
    "create": _parse_save,
    "update": _parse_put,
    "change": _parse_post,
    "delete": _parse_delete,
    "contact.add": _parse_add,
    "contact.remove": _parse_remove,
}
