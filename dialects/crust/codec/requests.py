"""From a request to the operation it asks for, and from an operation to the request that asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from adapter.dialect import Call
from adapter.formats import json_body
from adapter.wire import Headers, WireRequest
from canonical.errors import Unsupported
from canonical.model import User
from canonical.model.module import FieldValue, Module, ModuleField, ModuleRecord, ModuleSort, SavedChart
from canonical.model.page import LayoutPage
from canonical.operations import Create, Delete, Find, Get, Update
from canonical.query import TRUE, Compare, Op, Query, Window, eq
from dialects.crust import fields
from dialects.crust.auth import LOGIN, cookie_of
from dialects.crust.binding import Request, bind, parse_query, uint64
from dialects.crust.codec.envelope import raw
from dialects.crust.codec.operations import (
    OLDEST_FIRST,
    CheckSession,
    FindRecords,
    FindTree,
    Reorder,
    SignIn,
    SignOut,
)
from dialects.crust.errors import Refused
from dialects.crust.fields import CONTENT_COLUMNS
from dialects.crust.gojson import decode_all
from dialects.crust.handlers import charts, content, modules, pages, users
from dialects.crust.query import OWN, corrected_per_page, parse_sort, window
from dialects.crust.routes import TABLE

Sent = Mapping[str, Any]
ACTIVE: Final = eq("active", 1)


# -- from a request -----------------------------------------------------------------------------------


def parse_request(request: WireRequest) -> Any:
    """The operation. Raises RouteNotFound, MethodNotAllowed, Refused in the vendor's words, and Unsupported for calls
    that are no operation.
    """
    match = TABLE.match(request.method, request.path)
    parse = _PARSERS.get(match.route.operation)
    if parse is None:
        raise Unsupported(match.route.operation)
    # What handlers bind is bound here: it looks at nothing but the request and its path.
    return parse(Call(request, None, 0, match.route, dict(match.params)))  # type: ignore[arg-type]


def _bound(request: Request, make: Callable[[Sent], Any]) -> Callable[[Call], Any]:
    return lambda call: make(bind(call, request))


def _sign_in(call: Call) -> SignIn:
    sent = bind(call, LOGIN)
    return SignIn(sent["username"], sent["password"])


def _module_values(sent: Sent, doing: str) -> dict[str, Any]:
    if not sent["fields"]:
        raise Refused(f"Error {doing} module: no fields")
    return {"name": modules.checked_name(sent), "fields": tuple(fields.read_fields(sent["fields"]))}


def _edit_module(sent: Sent) -> Any:
    if not sent["moduleID"]:
        raise Refused("Error updating module: invalid ID")
    return _update(Module, sent["moduleID"], _module_values(sent, "updating"))


def _values(text: str | None, prefix: str) -> tuple[FieldValue, ...]:
    try:
        return tuple(fields.read_values(decode_all(text or "", CONTENT_COLUMNS)))
    except Refused as error:
        raise Refused(prefix + error.message) from None


def _find_records(call: Call) -> FindRecords:
    sent = bind(call, content.name_set(call).list)
    given = sent["sort"] or "sort" in parse_query(call.request.query)
    # Without the module at hand every name but the record's own is taken for a field.
    terms = parse_sort(sent["sort"] if given else None, frozenset(_words(sent["sort"])) - {*OWN, ""})
    sort = tuple(ModuleSort(OWN[term.field] if term.own else term.field, term.descending, term.own) for term in terms)
    per_page = corrected_per_page(sent["perPage"])
    return FindRecords(sent["moduleID"], sent["query"], sort, window(max(0, sent["page"]), per_page))


def _words(sort: str) -> list[str]:
    return [part.partition(" ")[0] for part in sort.split(",")]


def _create_record(call: Call) -> Any:
    sent = bind(call, content.name_set(call).create)
    values = _values(sent["fields"], "No content: ")
    return _create(ModuleRecord, {"module_id": sent["moduleID"], "values": values})


def _update_record(call: Call) -> Any:
    names = content.name_set(call)
    sent = bind(call, names.edit)
    if not sent[names.id]:
        raise Refused("Error updating content: invalid ID")
    values = _values(sent["fields"], "Error when saving content, no content: ")
    return _update(ModuleRecord, sent[names.id], {"module_id": sent["moduleID"], "values": values})


def _one_record(operation: Any) -> Callable[[Call], Any]:
    def parse(call: Call) -> Any:
        names = content.name_set(call)
        return operation(ModuleRecord, bind(call, names.one)[names.id])

    return parse


def _page_values(sent: Sent) -> dict[str, Any]:
    page = pages.sent_page(0, sent)
    return {name: getattr(page, name) for name in _PAGE}


_PAGE: Final = {
    "parent_id": "selfID",
    "module_id": "moduleID",
    "title": "title",
    "description": "description",
    "blocks": "blocks",
    "visible": "visible",
}


def _edit_page(sent: Sent) -> Any:
    if not sent["pageID"]:
        raise Refused("Error when savig page, invalid ID")
    return _update(LayoutPage, sent["pageID"], _page_values(sent))


def _reorder(call: Call) -> Reorder:
    call.params["selfID"] = call.params["pageID"]
    sent = bind(call, pages.REORDER)
    return Reorder(sent["selfID"], tuple(uint64(id) for id in sent["pageIDs"] or ()))


def _chart_values(sent: Sent) -> dict[str, Any]:
    chart = charts.sent_chart(0, sent)
    return {"name": chart.name, "config": chart.config}


def _user_write(sent: Sent) -> tuple[dict[str, Any], dict[str, Any]]:
    values, extras = users.sent_user(sent)
    if sent["password"]:
        values["password"] = sent["password"]
    return values, extras


def _create_user(sent: Sent) -> Any:
    values, extras = _user_write(sent)
    return _create(User, values, extras)


def _edit_user(sent: Sent) -> Any:
    values, extras = _user_write(sent)
    return _update(User, sent["userID"], values, extras)


def _create(kind: Any, values: Sent, extras: Any = None) -> Any:
    return Create(kind, values, extras=extras or {})


def _update(kind: Any, id: int, values: Sent, extras: Any = None) -> Any:
    return Update(kind, id, values, extras=extras or {})


def _find(kind: Any, where: Any = TRUE) -> Any:
    return Find(kind, Query(where))


def _get(kind: Any, id: int) -> Any:
    return Get(kind, id)


def _delete(kind: Any, id: int) -> Any:
    return Delete(kind, id)


_PARSERS: Final[dict[str, Callable[[Call], Any]]] = {
    "auth.login": _sign_in,
    "auth.check": lambda call: CheckSession(cookie_of(call.request) or ""),
    "auth.logout": lambda call: SignOut(),
    "module.list": _bound(modules.LIST, lambda sent: _find(Module)),
    "module.create": _bound(modules.CREATE, lambda sent: _create(Module, _module_values(sent, "creating"))),
    "module.read": _bound(modules.READ, lambda sent: _get(Module, sent["moduleID"])),
    "module.edit": _bound(modules.EDIT, _edit_module),
    "module.delete": _bound(modules.DELETE, lambda sent: _delete(Module, sent["moduleID"])),
    "record.list": _find_records,
    "record.create": _create_record,
    "record.read": _one_record(_get),
    "record.update": _update_record,
    "record.delete": _one_record(_delete),
    "page.list": _bound(pages.LIST, lambda sent: _find(LayoutPage, eq("parent_id", sent["selfID"]))),
    "page.tree": _bound(pages.TREE, lambda sent: FindTree()),
    "page.create": _bound(pages.CREATE, lambda sent: _create(LayoutPage, _page_values(sent))),
    "page.read": _bound(pages.READ, lambda sent: _get(LayoutPage, sent["pageID"])),
    "page.edit": _bound(pages.EDIT, _edit_page),
    "page.delete": _bound(pages.DELETE, lambda sent: _delete(LayoutPage, sent["pageID"])),
    "page.reorder": _reorder,
    "chart.list": _bound(charts.LIST, lambda sent: _find(SavedChart)),
    "chart.create": _bound(charts.CREATE, lambda sent: _create(SavedChart, _chart_values(sent))),
    "chart.read": _bound(charts.READ, lambda sent: _get(SavedChart, sent["chartID"])),
    "chart.update": _bound(charts.UPDATE, lambda sent: _update(SavedChart, sent["chartID"], _chart_values(sent))),
    "chart.delete": _bound(charts.READ, lambda sent: _delete(SavedChart, sent["chartID"])),
    "user.list": _bound(users.LIST, lambda sent: _find(User, users.named(sent["query"]))),
    "user.create": _bound(users.CREATE, _create_user),
    "user.read": _bound(users.READ, lambda sent: _get(User, sent["userID"])),
    "user.edit": _bound(users.EDIT, _edit_user),
    "user.delete": _bound(users.READ, lambda sent: _delete(User, sent["userID"])),
}


# -- to a request -------------------------------------------------------------------------------------

ROOMS: Final[dict[Any, str]] = {Module: "/module/", LayoutPage: "/page/", SavedChart: "/chart/", User: "/users/"}


def render_request(operation: Any, credentials: str | None = None) -> WireRequest:
    """The request for an operation, with the body that the vendor's client sends; `credentials` is a token.

    Raises Unsupported for what no call can ask.
    """
    method, path, query, body = _parts(operation)
    headers = [("Accept", "application/json"), ("Content-Type", "application/json")]
    if isinstance(operation, CheckSession):
        # The one call that looks at the cookie only.
        headers.append(("Cookie", f"jwt={operation.token}"))
    elif credentials is not None:
        headers.append(("Authorization", f"Bearer {credentials}"))
    return WireRequest(method, path, query, Headers(headers), json_body.render_go(body))


def _parts(operation: Any) -> tuple[str, str, str, dict[str, Any]]:
    """Method, path, query and body."""
    match operation:
        case SignIn(username=username, password=password):
            return "POST", "/auth/login", "", {"username": username, "password": password}
        case CheckSession():
            return "GET", "/auth/check", "", {}
        case SignOut():
            return "GET", "/auth/logout", "", {}
        case FindRecords():
            return "GET", f"/module/{operation.module_id}/content", _list_query(operation), {}
        case FindTree():
            return "GET", "/page/tree", "", {}
        case Reorder(parent_id=parent_id, ids=ids):
            return "POST", f"/page/{parent_id}/reorder", "", {"pageIDs": [str(id) for id in ids]}
        case Find(kind=asked, query=query) if asked in ROOMS:
            return "GET", ROOMS[asked], _query(asked, query), {}
    kind: Any = getattr(operation, "kind", None)
    if kind is ModuleRecord:
        return _record_parts(operation)
    if kind not in ROOMS:
        raise Unsupported(type(operation).__name__)
    match operation:
        case Get(id=id):
            return "GET", f"{ROOMS[kind]}{id}", "", {}
        case Delete(id=id):
            return "DELETE", f"{ROOMS[kind]}{id}", "", {}
        case Create():
            return "POST", ROOMS[kind], "", _body(operation)
        case Update(id=id):
            return "PUT" if kind is User else "POST", f"{ROOMS[kind]}{id}", "", _body(operation)
    raise Unsupported(type(operation).__name__)


def _record_parts(operation: Any) -> tuple[str, str, str, dict[str, Any]]:
    # Where only the record's id counts, the vendor's server takes any module's.
    module_id = getattr(operation, "values", {}).get("module_id", 0)
    many = f"/module/{module_id}/content"
    match operation:
        case Get(id=id):
            return "GET", f"{many}/{id}", "", {}
        case Delete(id=id):
            return "DELETE", f"{many}/{id}", "", {}
        case Create(values=values):
            return "POST", many, "", _record_body(values["values"])
        case Update(id=id, values=values):
            return "POST", f"{many}/{id}", "", _record_body(values["values"])
    raise Unsupported(type(operation).__name__)


def _record_body(values: Sequence[FieldValue]) -> dict[str, Any]:
    return {"fields": [fields.sent_value(value) for value in values]}


def _list_query(operation: FindRecords) -> str:
    offset, limit = operation.window.offset, operation.window.limit
    if limit is None or limit != corrected_per_page(limit) or offset % limit:
        raise Unsupported("a page is of 10 to 100 records")
    given = {"query": operation.text, "page": offset // limit, "perPage": limit, "sort": sort_words(operation.sort)}
    return urlencode(given)


def sort_words(sort: Sequence[ModuleSort]) -> str:
    """An order as lists take it; empty is oldest first. Raises Unsupported."""
    if tuple(sort) == OLDEST_FIRST:
        return ""
    words = {own: name for name, own in OWN.items()}
    terms = []
    for term in sort:
        name = words.get(term.field, "id") if term.own else term.field
        if not name or " " in name or "," in name or (not term.own and name in OWN):
            raise Unsupported(f"this order by {name!r} cannot be said")
        terms.append(f"{name} DESC" if term.descending else name)
    return ",".join(terms)


def _query(kind: Any, query: Query) -> str:
    if query.sort or query.window != Window():
        raise Unsupported("these lists have neither an order nor pages")
    match kind, query.where:
        case _, node if node == TRUE and kind is not LayoutPage:
            return ""
        case _, Compare(field="parent_id", op=Op.EQ, value=int() as id) if kind is LayoutPage:
            return urlencode({"selfID": id})
        case _, Compare(field="username", op=Op.LIKE, value=str() as text) if kind is User:
            if users.named(text[:-1]) == query.where:
                return urlencode({"query": text[:-1]})
    raise Unsupported("this cannot be asked of a list")


def _body(operation: Create[Any] | Update[Any]) -> dict[str, Any]:
    values: Any = operation.values
    kind: Any = operation.kind
    if kind is Module:
        given: Sequence[ModuleField] = values["fields"]
        return {"name": values["name"], "fields": [fields.module_field(field) for field in given]}
    if kind is SavedChart:
        return {"name": values["name"], "config": raw(values.get("config"))}
    if kind is LayoutPage:
        shown = fields.page(LayoutPage(0, **values))
        return {word: shown[word] for name, word in _PAGE.items() if values.get(name) is not None}
    user = User(**{name: value for name, value in values.items() if name != "password" and value is not None})
    user.extras = {name: dict(kept) for name, kept in operation.extras.items()}
    return fields.sent_user(user, values.get("password"))
