"""Small lists: contact states, currencies, groups, roles, picklists, and the permissions a new record gets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.model import PicklistItem
from dialects.zurmo.auth import profile
from dialects.zurmo.errors import INVALID_ID, NO_DATA, NO_RIGHT, Failure, NotSearchable, UnknownAttribute
from dialects.zurmo.fields import contact
from dialects.zurmo.fields.comparison import Comparison
from dialects.zurmo.fields.picklists import DEFAULTS, LISTS, MAX_NAME, OWN_NAMES, list_name
from dialects.zurmo.fields.references import EVERYONE, SUPER_ADMINISTRATORS
from dialects.zurmo.perform.shared import route_of
from dialects.zurmo.query.paging import list_paging
from dialects.zurmo.query.simple import is_empty
from dialects.zurmo.settings import NAME
from dialects.zurmo.wire.envelope import envelope
from dialects.zurmo.wire.parameters import given

Rows = Callable[[Call], list[dict[str, Any]]]

_MAX_VALUES, _MAX_VALUE = 1_000, 255


# -- lists and reads of small tables -----------------------------------------------------------------------


def states(call: Call) -> list[dict[str, Any]]:
    first = profile(call).first_state
    return [
        {"id": at + first, "name": name, "order": str(at), "serializedLabels": None}
        for at, name in enumerate(contact.STATES)
    ]


def currencies(call: Call) -> list[dict[str, Any]]:
    return [
        {"id": at, "active": "1", "code": code, "rateToBase": rate}
        for at, (code, rate) in enumerate(profile(call).currencies, 1)
    ]


def _named(list_name: str, always: Sequence[PicklistItem] = ()) -> Rows:
    def rows(call: Call) -> list[dict[str, Any]]:
        return [
            {
                "id": item.id,
                "createdDateTime": item.data.get("createdDateTime"),
                "modifiedDateTime": item.data.get("modifiedDateTime"),
                "createdByUser": None,
                "modifiedByUser": None,
                "name": item.value,
            }
            for item in (*always, *call.desk.picklist(list_name))
        ]

    return rows


# Every install has these two (zurmo dossier, section 8); no picklist's item ever has their ids.
groups = _named(
    "group",
    (
        PicklistItem("group", "Super Administrators", id=SUPER_ADMINISTRATORS),
        PicklistItem("group", "Everyone", id=EVERYONE),
    ),
)
roles = _named("role")
# Columns that sort and search, and the one a list is sorted by.
TABLES: Final[dict[str, tuple[Rows, str]]] = {
    "contacts/contactState": (states, "order"),
    "zurmo/currency": (currencies, "code"),
    "zurmo/group": (groups, "name"),
    "zurmo/role": (roles, "name"),
}


def _table(call: Call) -> tuple[Rows, str]:
    return TABLES[route_of(call).meta["path"]]


def read_row(call: Call) -> WireResponse:
    """One row of a small table."""
    id = given(call).id
    for row in _table(call)[0](call):
        if row["id"] == id:
            return envelope(call, row)
    raise Failure(INVALID_ID)


def list_rows(call: Call) -> WireResponse:
    """A page of a small table, with the search of `list`."""
    call.memo["interface"] = True
    rows, order = _table(call)
    search = given(call).filter
    found = _searched(rows(call), search.get("search"))
    sort = search.get("sort")
    name, _, direction = (sort if isinstance(sort, str) and sort else order).partition(".")
    if found and name not in found[0]:
        raise UnknownAttribute(name)
    found.sort(key=lambda row: _sortable(row[name]), reverse=direction == "desc")
    paging = list_paging(search, profile(call).page_cap)
    offset = (paging.page - 1) * paging.size
    page = found[offset : offset + paging.size]
    if found and not page:
        page = found[(len(found) - 1) // paging.size * paging.size :]
    total = str(len(found)) if profile(call).text_totals else len(found)
    data: dict[str, Any] = {"totalCount": total, "currentPage": paging.page}
    if page:
        data["items"] = page
    return envelope(call, data)


def _sortable(value: Any) -> tuple[int, int, str]:
    if isinstance(value, int):
        return 1, value, ""
    return (0, 0, "") if value is None else (2, 0, str(value).lower())


def _searched(rows: list[dict[str, Any]], search: Any) -> list[dict[str, Any]]:
    for name, value in search.items() if isinstance(search, dict) else ():
        if is_empty(value):
            continue
        if rows and name not in rows[0]:
            raise UnknownAttribute(name)
        if not isinstance(value, str):
            raise NotSearchable(name)
        operator = "startsWith" if name in ("name", "code") else "equals"
        test = Comparison(operator, value)
        rows = [row for row in rows if row[name] is not None and test.accepts(str(row[name]))]
    return rows


def _states_of(call: Call, names: Sequence[str]) -> WireResponse:
    """The envelope of these lists has its items first (zurmo dossier, section 8)."""
    items = [row for row in states(call) if row["name"] in names]
    total = str(len(items)) if profile(call).text_totals else len(items)
    return envelope(call, {"items": items, "totalCount": total, "currentPage": 1})


def list_contact_states(call: Call) -> WireResponse:
    return _states_of(call, contact.CONTACTS)


def list_lead_states(call: Call) -> WireResponse:
    return _states_of(call, contact.LEADS)


def disabled(call: Call) -> WireResponse:
    """An action that the vendor switched off for the model: a failure without a word (zurmo dossier, section 6)."""
    raise Failure("")


# -- picklists ------------------------------------------------------------------------------------------


def _items(call: Call, name: str) -> list[PicklistItem]:
    """The items that Zurmo brought or the tenant made; other dialects' defaults are theirs.

    A list of which the tenant has nothing, being older than the list, is what a new tenant gets.
    """
    kept = call.desk.picklist(list_name(name))
    if not kept:
        return [item for item in DEFAULTS if item.list == LISTS.get(name)]
    return [item for item in kept if item.origin in (NAME, "")]


def _map(items: Sequence[PicklistItem]) -> dict[str, str] | list[str]:
    """Value to label; PHP's empty array is a list."""
    return {item.value: item.value for item in items} or []


def _asked_name(call: Call) -> str:
    path = given(call).rest
    return path[0] if path else ""


def read_custom_field(call: Call) -> WireResponse:
    """The values of one picklist; one that there is not is empty."""
    return envelope(call, _map(_items(call, _asked_name(call))))


def list_custom_fields(call: Call) -> WireResponse:
    """All picklists by name."""
    own = [item.value for item in call.desk.picklist(OWN_NAMES)]
    names = dict.fromkeys((*LISTS, *own))
    return envelope(call, {name: _map(_items(call, name)) for name in names})


def add_values(call: Call) -> WireResponse:
    """Adds values to a picklist, making it where there is none; answers the whole map.

    That is the designer's right, which administrators have.
    """
    if call.caller.view_only or not call.caller.is_admin:
        raise Failure(NO_RIGHT)
    data = given(call).data
    values = data.get("values") if data is not None else None
    name = _asked_name(call)
    if not isinstance(values, dict) or not name or len(name) > MAX_NAME:
        raise Failure(NO_DATA)
    desk = call.desk
    items = _items(call, name)
    known = {item.value for item in items}
    position = max((item.position for item in items), default=0)
    for item in items:
        if not item.id:
            desk.save_picklist_item(item)
    for value in values.values():
        if not isinstance(value, str) or not value or value in known or len(known) >= _MAX_VALUES:
            continue
        position += 1
        known.add(value)
        desk.save_picklist_item(PicklistItem(list_name(name), value[:_MAX_VALUE], position=position))
    if name not in LISTS and name not in {item.value for item in desk.picklist(OWN_NAMES)}:
        desk.save_picklist_item(PicklistItem(OWN_NAMES, name))
    return envelope(call, _map(_items(call, name)))


def list_default_permissions(call: Call) -> WireResponse:
    """The owner and permissions of what the caller creates."""
    data = {
        "owner": {"id": call.me},
        "explicitReadWriteModelPermissions": {
            "type": None if profile(call).owner_only else 1,
            "nonEveryoneGroup": None,
        },
    }
    return envelope(call, data)
