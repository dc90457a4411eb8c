"""From a request to the operation it asks for, and from an operation to the request that asks for it.

Pure functions for contract tests and migration. What depends on the record at hand (an update's points, its status)
is read without one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from adapter.formats import form_body
from adapter.formats.form_body import Nested
from adapter.losses import LossReport
from adapter.wire import Headers, WireRequest
from canonical.errors import Invalid, Problem, Unsupported
from canonical.model import KINDS, Party, Record
from canonical.operations import AddLink, Create, Delete, DropLink, Find, Get, Update
from canonical.query import And, Compare, Op, Query, Window
from canonical.values import Ref
from dialects.zurmo.auth import CloseSession, OpenSession, header_text
from dialects.zurmo.codec.links import UpdateAndLink, new_links, relations_of, with_links
from dialects.zurmo.codec.parameters import Given, locate
from dialects.zurmo.errors import INVALID_ID, NO_DATA, Failure
from dialects.zurmo.fields.base import Draft, View
from dialects.zurmo.fields.common import IMPORTABLE
from dialects.zurmo.handlers.drafting import create_operation, fill
from dialects.zurmo.modules import ACCOUNTS, CONTACTS, LEADS, MODULES, Module
from dialects.zurmo.query.clauses import asked_clauses
from dialects.zurmo.query.comparison import Searching
from dialects.zurmo.query.listing import list_query, search_query, searched_module
from dialects.zurmo.query.paging import list_paging, search_paging
from dialects.zurmo.routes import ROUTES
from dialects.zurmo.settings import NAME, Profile, profile_of

SEED: Final = profile_of({})
_IMPORT: Final = "importModel"
# -- from a request -----------------------------------------------------------------------------------------


def parse_request(request: WireRequest, profile: Profile = SEED) -> Any:
    """The operation: `Get`, `Find`, `Create`, `Update`, `Delete`, or a session opened or closed.

    An update with ``modelRelations`` is `AddLink` or `DropLink` where that is all it does, else `UpdateAndLink`.
    Raises RouteNotFound, Failure (a missing id or ``data``), Invalid, and Unsupported for calls that are no operation.
    """
    match = ROUTES.match(request.method, locate(request))
    operation = match.route.operation
    if operation == "session.open":
        return OpenSession(header_text(request, "ZURMO_AUTH_USERNAME"), header_text(request, "ZURMO_AUTH_PASSWORD"))
    if operation == "session.close":
        return CloseSession()
    action = match.route.meta.get("action")
    parse = _PARSERS.get(str(action))
    module = match.route.meta.get("module")
    if parse is None or not isinstance(module, Module):
        raise Unsupported(operation)
    return parse(module, Given(request, str(action), match.params.get("rest", "")), profile)


def _id(given: Given) -> int:
    if given.id <= 0:
        raise Failure(INVALID_ID)
    return given.id


def _draft(module: Module, given: Given, profile: Profile, *, partial: bool) -> Draft:
    if given.data is None:
        raise Failure(NO_DATA)
    draft = Draft(profile, 0, None, given.data, partial=partial)
    fill(draft, module)
    if draft.errors:
        raise Invalid(*(Problem(name, "refused") for name in draft.errors))
    return draft


def _create(module: Module, given: Given, profile: Profile) -> Create[Any]:
    draft = _draft(module, given, profile, partial=False)
    return create_operation(draft, module, new_links(module, draft.sent))


def _update(module: Module, given: Given, profile: Profile) -> Any:
    id = _id(given)
    draft = _draft(module, given, profile, partial=True)
    extras = {key: value for key, value in draft.extras.items() if value is not None}
    update = Update(
        module.kind,
        id,
        draft.values,
        extras={NAME: extras} if extras else {},
        custom=tuple(draft.custom),
        points=tuple(draft.points),
    )
    return with_links(update, module, draft.sent)


def _list(module: Module, given: Given, profile: Profile) -> Find[Any]:
    search = given.filter
    where, sort = list_query(module, search, Searching(profile))
    page, size = list_paging(search, profile.page_cap)
    return Find(module.kind, Query(where, sort, Window((page - 1) * size, size)), module.include, total=True)


def _search(module: Module, given: Given, profile: Profile) -> Find[Any]:
    search = given.filter
    found = searched_module(search, module)
    where, sort = search_query(found, search, Searching(profile))
    page, size = search_paging(search, profile.page_cap)
    return Find(found.kind, Query(where, sort, Window((page - 1) * size, size)), found.include, total=True)


_PARSERS: Final[dict[str, Callable[[Module, Given, Profile], Any]]] = {
    "read": lambda module, given, profile: Get(module.kind, _id(given), module.include),
    "delete": lambda module, given, profile: Delete(module.kind, _id(given)),
    "create": _create,
    "update": _update,
    "list": _list,
    "search": _search,
}


# -- to a request -------------------------------------------------------------------------------------------


def module_for(kind: type[Record], values: Mapping[str, Any]) -> Module:
    """The module whose records have these values. Raises Unsupported for a kind that Zurmo has not."""
    if kind is Party:
        if values.get("type") == "organisation":
            return ACCOUNTS
        return LEADS if values.get("stage") == "lead" else CONTACTS
    candidates = [module for module in MODULES if module.kind is kind]
    type_ = values.get("type", "task")
    for module in candidates:
        if module.start.get("type", type_) == type_:
            return module
    if candidates:
        return candidates[-1]  # any other activity is a note
    raise Unsupported(kind.KIND)


def as_sent(shown: Any) -> Any:
    """A shown value as a client sends it: objects by their values or ids, null as empty."""
    if not isinstance(shown, dict):
        return "" if shown is None else str(shown)
    if "currency" in shown and "value" in shown:
        return {"value": shown["value"], "currency": {"id": str(shown["currency"]["id"])}}
    if "value" in shown:
        return {"value": shown["value"]}
    if "username" in shown or set(shown) == {"id"}:
        return {"id": str(shown["id"])}
    # `invalid` is 0 by itself.
    kept = {key: value for key, value in shown.items() if key != "id" and value is not None}
    return {key: as_sent(value) for key, value in kept.items() if (key, value) != ("invalid", "0")}


def _sent(module: Module, record: Any, named: Mapping[str, Any], profile: Profile, *, whole: bool) -> dict[str, Any]:
    """The attributes that say the named canonical values; with `whole` only those that have a value."""
    view = View(profile)
    out: dict[str, Any] = {}
    pointed = bool(getattr(record, "points", ()))
    plain = replace(record, extras={}) if record.extras else None
    for row in module.table(profile.v3).by_name.values():
        if row.take is None:
            continue
        touched = any(column in named for column in row.columns)
        if plain is not None and not touched:
            # Said by our own extras alone: the completedDateTime of a task that is not completed.
            touched = row.show(record, view) != row.show(plain, view)
        if touched or (pointed and not row.columns):
            shown = row.show(record, view)
            if shown is not None or (touched and not whole):
                out[row.name] = as_sent(shown)
    return out


def render_request(
    operation: Any,
    credentials: tuple[str, str] | None,
    *,
    base_url: str = "http://localhost",
    script: str = "/app/index.php",
    profile: Profile = SEED,
    module: Module | None = None,
    classes: Mapping[Ref, str] | None = None,
    losses: LossReport | None = None,
) -> WireRequest:
    """The request for an operation; `credentials` are session id and token.

    `module` says which one, where the operation does not; `classes` which links are to an Account (a party's default
    is Contact). What Zurmo has no attribute for is reported to `losses`. Raises Unsupported for what it cannot do.
    """
    headers = [("Accept", "application/json"), ("ZURMO_API_REQUEST_TYPE", "REST")]
    if credentials is not None:
        headers += [("ZURMO_SESSION_ID", credentials[0]), ("ZURMO_TOKEN", credentials[1])]
    method, path, data = _parts(operation, headers, profile, module, classes or {}, losses)
    body = b""
    if data is not None:
        headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        body = form_body.build_query({"data": data}).encode()
    host = base_url.partition("://")[2].partition("/")[0]
    return WireRequest(method, script + path, "", Headers(headers), body, base_url, host)


def _parts(
    operation: Any,
    headers: list[tuple[str, str]],
    profile: Profile,
    module: Module | None,
    classes: Mapping[Ref, str],
    losses: LossReport | None,
) -> tuple[str, str, dict[str, Any] | None]:
    """Method, path and what goes under ``data``."""
    match operation:
        case OpenSession(username=username, password=password):
            headers += [("ZURMO_AUTH_USERNAME", username), ("ZURMO_AUTH_PASSWORD", password)]
            return "POST", "/zurmo/api/login", None
        case CloseSession():
            return "GET", "/zurmo/api/logout", None
        case Get(kind=kind, id=id):
            return "GET", f"/{(module or module_for(kind, {})).path}/api/read/{id}", None
        case Delete(kind=kind, id=id):
            return "DELETE", f"/{(module or module_for(kind, {})).path}/api/delete/{id}", None
        case Create(kind=kind, values=values):
            found = module or module_for(kind, values)
            return "POST", f"/{found.path}/api/create/", _create_data(found, operation, profile, classes, losses)
        case Update(kind=kind, id=id, values=values):
            found = module or module_for(kind, values)
            record = kind(**_stored(kind, values))
            _attach(record, operation.points, operation.extras)
            _note(found, values, profile, losses)
            return "PUT", f"/{found.path}/api/update/{id}", _sent(found, record, values, profile, whole=False)
        case AddLink(record=linked) | DropLink(record=linked):
            found = module or module_for(KINDS[linked.kind].record, {})
            relations = relations_of(found, (operation,), classes, losses)
            if not relations:
                raise Unsupported(type(operation).__name__)
            return "PUT", f"/{found.path}/api/update/{linked.id}", {"modelRelations": relations}
        case UpdateAndLink(update=update, links=links):
            found = module or module_for(update.kind, update.values)
            method, path, data = _parts(update, headers, profile, found, classes, losses)
            return method, path, {**(data or {}), "modelRelations": relations_of(found, links, classes, losses)}
        case Find(kind=kind, query=query):
            return _find(module or module_for(kind, asked_types(query)), query, profile)
    raise Unsupported(type(operation).__name__)


def _stored(kind: type[Record], values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _attach(record: Any, points: Any, extras: Mapping[str, Mapping[str, Any]]) -> None:
    if points:
        record.points = points
    record.extras = {name: dict(kept) for name, kept in extras.items()}


def _create_data(
    module: Module,
    operation: Create[Any],
    profile: Profile,
    classes: Mapping[Ref, str],
    losses: LossReport | None,
) -> dict[str, Any]:
    values = {**module.start, **operation.values}
    record: Any = module.kind(**_stored(module.kind, values))
    _attach(record, operation.points, operation.extras)
    data = _sent(module, record, values, profile, whole=True)
    view = View(profile)
    imported = {
        row.name: as_sent(row.show(record, view))
        for row in module.table(profile.v3).fields
        if IMPORTABLE.get(row.name) in values
    }
    if imported:
        data |= {**imported, "modelScenario": _IMPORT}
    relations = relations_of(module, operation.links, classes, losses)
    if relations:
        data["modelRelations"] = relations
    _note(module, values, profile, losses)
    if losses is not None and (operation.tags or operation.custom):
        losses.add(module.kind.KIND, "tags" if operation.tags else "custom", "no_attribute")
    return data


def _note(module: Module, values: Mapping[str, Any], profile: Profile, losses: LossReport | None) -> None:
    """Reports the values that no attribute of the module says."""
    if losses is None:
        return
    table = module.table(profile.v3)
    said = {column for row in table.by_name.values() if row.take is not None for column in row.columns}
    said |= {"type", "name", "due_date_only", "owner_chosen", *IMPORTABLE.values()}
    for name, value in values.items():
        if name not in said and value is not None:
            losses.add(module.kind.KIND, name, "no_attribute")
    limit = profile.name_length
    if module.kind.KIND == "activity" and len(str(values.get("title") or "")) > limit:
        losses.add("activity", "title", "shortened")


def asked_types(query: Query) -> dict[str, str]:
    """The type and stage that a condition asks for by plain equality: they tell the module."""
    nodes = query.where.nodes if isinstance(query.where, And) else (query.where,)
    return {
        node.field: str(node.value)
        for node in nodes
        if isinstance(node, Compare) and node.op is Op.EQ and node.field in ("type", "stage")
    }


def _find(module: Module, query: Query, profile: Profile) -> tuple[str, str, dict[str, Any] | None]:
    """A list where nothing but the module and the order is asked for, else an improved search."""
    clauses, structure, sort = asked_clauses(module, query, profile)
    pagination = {}
    if query.window.limit is not None:
        size = max(1, query.window.limit)
        pagination = {"page": str(query.window.offset // size + 1), "pageSize": str(size)}
    if not clauses:
        asked: dict[str, Any] = {"pagination": pagination} if pagination else {}
        if sort:
            asked["sort"] = f"{sort[0][0]}.{sort[0][1]}"
        filter_ = form_body.build_query(asked)
        return "GET", f"/{module.path}/api/list/" + (f"filter/{quote(filter_, safe='=&%')}" if filter_ else ""), None
    data: dict[str, Nested] = {
        "search": {
            "modelClassName": module.model,
            "searchAttributeData": {"clauses": clauses, "structure": structure},
        }
    }
    if pagination:
        data["pagination"] = dict(pagination)
    if sort:
        data["sort"] = ", ".join(f"{name} {direction}" for name, direction in sort)
    return "POST", f"/{module.path}/api/search/filter/", data
