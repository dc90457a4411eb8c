"""From a result to the answer that tells it, and from a server's answer to the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapter.dialect import Call
from adapter.formats import Malformed, json_body
from adapter.formats.form_body import Nested
from adapter.wire import Headers, WireRequest, WireResponse
from canonical.errors import CanonicalError, Denied, Invalid, NotFound, Problem, Unauthenticated, Unavailable
from canonical.model import KINDS, Record
from canonical.operations import AddLink, Create, Delete, DropLink, Find, Get, Page, Update
from dialects.zurmo import errors
from dialects.zurmo.auth import CloseSession, OpenSession
from dialects.zurmo.codec.envelope import envelope
from dialects.zurmo.codec.links import UpdateAndLink
from dialects.zurmo.codec.parameters import php_int
from dialects.zurmo.codec.requests import SEED, asked_types, module_for
from dialects.zurmo.fields.base import Draft, View
from dialects.zurmo.fields.plain import read_moment
from dialects.zurmo.handlers.sessions import BAD_LOGIN
from dialects.zurmo.modules import MODULES, Module
from dialects.zurmo.settings import NAME, Profile

_AUDIT: Final = {"createdDateTime": "created_at", "modifiedDateTime": "updated_at"}
_USERS: Final = {
    "createdByUser": ("creator_id", "creator_username"),
    "modifiedByUser": ("modifier_id", "modifier_username"),
    "owner": ("owner_id", "owner_username"),
    "requestedByUser": ("requester_id", "requester_username"),
    "manager": ("manager_id", "manager_username"),
}
_MEANINGS: Final[dict[str, type[Exception]]] = {
    errors.SIGN_IN: Unauthenticated,
    BAD_LOGIN: Unauthenticated,
    errors.NO_RIGHT: Denied,
    errors.NO_PERMISSION: Denied,
}


def render_response(
    operation: Any, result: Any, *, accept: str = "application/json", profile: Profile = SEED
) -> WireResponse:
    """The answer that tells the result of an operation."""
    request = WireRequest("GET", "/", headers=Headers([("Accept", accept)]))
    call = Call(request, _NO_ACCOUNTS, 0)
    match operation:
        case OpenSession():
            session, token = result
            return envelope(call, {"sessionId": session, "token": token})
        case CloseSession() | Delete():
            return envelope(call)
        case Find():
            return envelope(call, _list(operation, result, profile))
    data = _shown(result, profile)
    if isinstance(operation, Create) and profile.number_zero and data.get("completed") == "0":
        data["completed"] = 0  # as the seed prints it
    return envelope(call, data)


_NO_ACCOUNTS: Any = None


def _module_of(record: Any) -> Module:
    for module in MODULES:
        if isinstance(record, module.kind) and module.belongs(record):
            return module
    raise LookupError(record.KIND)


def _shown(record: Record, profile: Profile) -> dict[str, Any]:
    return _module_of(record).table(profile.v3).show(record, View(profile))


def _list(operation: Find[Any], page: Page[Any], profile: Profile) -> dict[str, Any]:
    window = operation.query.window
    total = len(page.items) if page.total is None else page.total
    data: dict[str, Any] = {
        "totalCount": str(total) if profile.text_totals else total,
        "currentPage": window.offset // window.limit + 1 if window.limit else 1,
    }
    if page.items:
        data["items"] = [_shown(record, profile) for record in page.items]
    return data


# -- from a server --------------------------------------------------------------------------------------------


def parse_response(
    operation: Any, response: WireResponse, *, profile: Profile = SEED, module: Module | None = None
) -> Any:
    """What a Zurmo server's answer tells: a record for `Get`, `Create`, `Update` and what changes links, a `Page` for
    `Find`, session id and token for `OpenSession`, else None.

    Raises the canonical error that a failure means, Unavailable for an answer that makes no sense.
    """
    body = _body(response)
    if body.get("status") != "SUCCESS":
        raise _error(operation, body)
    data = body.get("data")
    match operation:
        case OpenSession():
            if not isinstance(data, dict):
                raise Unavailable("an answer without a session")
            return str(data.get("sessionId")), str(data.get("token"))
        case Get() | Create() | Update():
            values = getattr(operation, "values", {})
            return parse_record(module or module_for(operation.kind, values), data, profile)
        case UpdateAndLink(update=update):
            return parse_record(module or module_for(update.kind, update.values), data, profile)
        case AddLink(record=linked) | DropLink(record=linked):
            return parse_record(module or module_for(KINDS[linked.kind].record, {}), data, profile)
        case Find():
            return _page(module or module_for(operation.kind, asked_types(operation.query)), data, profile)
    return None


def _body(response: WireResponse) -> dict[str, Any]:
    if response.status != 200:
        raise Unavailable(f"status {response.status}")
    try:
        body = json_body.parse(response.body)
    except Malformed as error:
        raise Unavailable("an answer that is no JSON") from error
    if not isinstance(body, dict):
        raise Unavailable("an answer that is no envelope")
    return body


def _error(operation: Any, body: Mapping[str, Any]) -> CanonicalError:
    message = str(body.get("message") or "")
    problems = body.get("errors")
    if isinstance(problems, dict) and problems:
        return Invalid(*(Problem(str(name), "refused") for name in problems))
    if message == errors.INVALID_ID:
        return NotFound(*_named(operation))
    meaning = _MEANINGS.get(message)
    if meaning is Unauthenticated:
        return Unauthenticated("missing" if message == errors.SIGN_IN else "unknown")
    if meaning is Denied:
        return Denied(message, "record" if message == errors.NO_PERMISSION else "right")
    return errors.Failure(message)


def _named(operation: Any) -> tuple[str, int]:
    """Kind and id of the record that an operation is about."""
    match operation:
        case AddLink(record=record) | DropLink(record=record):
            return record.kind, record.id
        case UpdateAndLink(update=update):
            return _named(update)
    kind = getattr(operation, "kind", None)
    return ("" if kind is None else kind.KIND), getattr(operation, "id", 0)


def _page(module: Module, data: Any, profile: Profile) -> Page[Any]:
    if not isinstance(data, dict):
        raise Unavailable("an answer without a list")
    items = data.get("items", [])
    records = [parse_record(module, item, profile) for item in items] if isinstance(items, list) else []
    return Page(records, php_int(str(data.get("totalCount", ""))))


def _as_nested(value: Any) -> Nested | None:
    """A shown value as one that could be sent: numbers as text, null left out."""
    if value is None:
        return None
    if isinstance(value, dict):
        found = {str(key): _as_nested(inner) for key, inner in value.items()}
        if "username" in found:
            found = {"id": found.get("id")}
        return {key: inner for key, inner in found.items() if inner is not None}
    return str(value)


def parse_record(module: Module, data: Any, profile: Profile = SEED) -> Any:
    """A record out of its attributes, read by the table that also takes what clients send."""
    if not isinstance(data, dict):
        raise Unavailable("an answer without a record")
    sent = {name: value for name, shown in data.items() if (value := _as_nested(shown)) is not None}
    draft = Draft(profile, 0, None, sent, partial=True, whole=True)
    table = module.table(profile.v3)
    for name, value in sent.items():
        row = table.by_name.get(name)
        if row is not None and row.take is not None:
            row.take(draft, row, value)
    if module.settle is not None:
        module.settle(draft)
    record: Any = module.kind(id=php_int(str(data.get("id"))))
    values = {**module.start, **draft.values}
    for name, column in _AUDIT.items():
        at = read_moment(str(data.get(name)))
        if at is not None:
            values[column] = at
    for name, (column, joined) in _USERS.items():
        user = data.get(name)
        if isinstance(user, dict) and hasattr(record, column):
            values[column] = php_int(str(user.get("id")))
            values[joined] = user.get("username")
    for column, value in values.items():
        setattr(record, column, value)
    if draft.points:
        record.points = draft.points
    extras = {key: value for key, value in draft.extras.items() if value is not None}
    if extras:
        record.extras = {NAME: extras}
    return record
