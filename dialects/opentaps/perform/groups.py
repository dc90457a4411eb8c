"""Contact groups (opentaps dossier, section 8, item 8).

The core has no groups: their names are a lookup list, and a contact's groups are kept in its extras as text
(`` 5 7 ``) that can be searched.
"""

from __future__ import annotations

from dataclasses import replace

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.model import Party, PicklistItem
from canonical.operations import Update
from canonical.query import Query, Sort, contains
from canonical.values import fold
from dialects.opentaps.auth import parameters
from dialects.opentaps.errors import NameTaken, Rejected, Unknown
from dialects.opentaps.fields.activity import MAX_NAME
from dialects.opentaps.fields.status import NAMESPACE
from dialects.opentaps.perform.contacts import INCLUDE, elements
from dialects.opentaps.perform.names import TenantNames
from dialects.opentaps.wire.envelope import answer
from dialects.opentaps.wire.ids import wire_id

LIST = f"{NAMESPACE}.contact_group"
SAVE = "save contact group"
MEMBERS = "save contact group member"
_GROUPS = f"extras.{NAMESPACE}.groups"


def _group(call: Call, action: str) -> PicklistItem:
    text = parameters(call).given("groupId")
    if text is None:
        raise Rejected(action, "groupId", None)
    id = TenantNames(call).plain("contact_group", text)
    found = next((item for item in call.desk.picklist(LIST) if item.id == id), None)
    if found is None:
        raise Unknown("contact group", text)
    return found


def _free_name(call: Call, own: int) -> str:
    sent = parameters(call).get("groupName")
    if sent is None or not sent.strip():
        raise Rejected(SAVE, "groupName", sent)
    name = sent.strip()
    if len(name) > MAX_NAME:
        raise Rejected(SAVE, "groupName", name, "is too long")
    if any(fold(item.value) == fold(name) and item.id != own for item in call.desk.picklist(LIST)):
        raise NameTaken("contact group", name)
    return name


def _element(item: PicklistItem) -> dict[str, str]:
    return {"groupId": wire_id(item.id), "groupName": item.value}


def create(call: Call) -> WireResponse:
    saved = call.desk.save_picklist_item(PicklistItem(LIST, _free_name(call, 0)))
    return answer(_element(saved))


def update(call: Call) -> WireResponse:
    group = _group(call, SAVE)
    saved = call.desk.save_picklist_item(replace(group, value=_free_name(call, group.id)))
    return answer(_element(saved))


def delete(call: Call) -> WireResponse:
    """The group goes, its contacts stay."""
    group = _group(call, SAVE)
    for party in _members(call, group.id):
        _set_groups(call, party, [id for id in groups_of(party) if id != group.id])
    call.desk.delete_picklist_item(group.id)
    return answer({"groupId": wire_id(group.id)})


def find(call: Call) -> WireResponse:
    """All groups, or those of one id or name."""
    params = parameters(call)
    items = call.desk.picklist(LIST)
    if params.given("groupId") is not None:
        items = [_group(call, SAVE)]
    name = params.given("groupName")
    if name is not None:
        items = [item for item in items if fold(name) in fold(item.value)]
    return answer([_element(item) for item in items])


# -- members ----------------------------------------------------------------------------------------


def groups_of(party: Party) -> list[int]:
    """The ids of a contact's groups."""
    kept = party.extras.get(NAMESPACE, {}).get("groups")
    return [int(word) for word in kept.split()] if isinstance(kept, str) else []


def _members(call: Call, group: int) -> list[Party]:
    wanted = Query(contains(_GROUPS, f" {group} "), (Sort("id"),))
    return list(call.desk.find(Party, wanted, INCLUDE).items)


def _set_groups(call: Call, party: Party, ids: list[int]) -> None:
    kept = f" {' '.join(map(str, ids))} " if ids else None
    call.desk.update(Update(Party, party.id, extras={NAMESPACE: {"groups": kept}}))


def _named(call: Call) -> tuple[PicklistItem, Party, str]:
    group = _group(call, MEMBERS)
    text = parameters(call).given("contactId")
    if text is None:
        raise Rejected(MEMBERS, "contactId", None)
    return group, TenantNames(call).party(text), text


def _membership(group: PicklistItem, text: str) -> dict[str, str]:
    return {"groupId": wire_id(group.id), "contactId": text}


def add_member(call: Call) -> WireResponse:
    """Once more changes nothing."""
    group, party, text = _named(call)
    ids = groups_of(party)
    if group.id not in ids:
        _set_groups(call, party, [*ids, group.id])
    return answer(_membership(group, text))


def drop_member(call: Call) -> WireResponse:
    """Nobody to remove is no error."""
    group, party, text = _named(call)
    ids = groups_of(party)
    if group.id in ids:
        _set_groups(call, party, [id for id in ids if id != group.id])
    return answer(_membership(group, text))


def find_members(call: Call) -> WireResponse:
    """The contacts of a group, or without one the groups of a contact."""
    text = parameters(call).given("contactId")
    if parameters(call).given("groupId") is None and text is not None:
        mine = groups_of(TenantNames(call).party(text))
        return answer([_element(item) for item in call.desk.picklist(LIST) if item.id in mine])
    return answer(elements(call, _members(call, _group(call, MEMBERS).id)))
