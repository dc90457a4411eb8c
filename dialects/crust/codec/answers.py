"""From a result to the answer that tells it, and from a server's answer to the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from adapter.wire import WireResponse
from canonical.errors import (
    CanonicalError,
    Duplicate,
    Invalid,
    NotFound,
    Problem,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from canonical.model import User
from canonical.model.module import FieldValue, Module, ModuleField, ModuleRecord, SavedChart
from canonical.model.page import LayoutPage
from canonical.operations import Create, Delete, Find, Get, Page, Update
from canonical.values import Instant, from_datetime
from dialects.crust import fields
from dialects.crust.auth import LONG_AGO
from dialects.crust.codec import envelope
from dialects.crust.codec.envelope import ZERO_TIME, Raw
from dialects.crust.codec.operations import CheckSession, FindRecords, FindTree, Reorder, Session, SignIn, SignOut
from dialects.crust.codec.requests import sort_words
from dialects.crust.errors import JSON, NO_FIELDS, USER_NOT_FOUND, VARY, Refused
from dialects.crust.gojson import (
    BOOL,
    INT,
    RAW,
    STRING,
    UINT64,
    GoType,
    Slice,
    Struct,
    compact,
    decode_all,
)
from dialects.crust.handlers.pages import nested
from dialects.crust.settings import NAME

NO_PAGE: Final = fields.zero_page()


# -- from a result ------------------------------------------------------------------------------------


def render_response(
    operation: Any,
    result: Any,
    *,
    owners: Mapping[int, User] | None = None,
    modules: Mapping[int, Module] | None = None,
    page: LayoutPage | None = None,
) -> WireResponse:
    """The answer that tells the result of an operation. Raises Unsupported where Crust has no such answer.

    `owners` are the users that records name, `modules` the modules of records and pages, both by id; `page` is the
    page of a module.
    """
    match operation:
        case SignIn() | CheckSession():
            return _session(operation, result)
        case SignOut():
            return WireResponse(200, [("Set-Cookie", f"jwt=; Path=/; {LONG_AGO}"), VARY])
        case Delete(kind=kind) if kind is User:
            return envelope.response(False)
        case Delete() | Reorder():
            return envelope.success()
        case FindTree():
            return envelope.response(nested(result.items))
        case FindRecords():
            return _listed(operation, result, owners, modules)
        case Find():
            return envelope.response([_shown(one, {}, owners, modules) for one in result.items])
        case Get(kind=kind) if result is None and kind in (Module, LayoutPage):
            return envelope.response(fields.zero_module(fields.zero_page()) if kind is Module else fields.zero_page())
        case Get() if isinstance(result, Module | ModuleRecord):
            beside = NO_PAGE if page is None else fields.page(page)
            how = {"page": fields.page_member(beside) if isinstance(result, ModuleRecord) else beside}
            return envelope.response(_shown(result, how, owners, modules))
        case Get():
            return envelope.response(_shown(result, {}, owners, modules))
        case Create():
            return envelope.response(_shown(result, _STAMPED.get(type(result), {"created": True}), owners, modules))
        case Update() if isinstance(result, ModuleRecord):
            echo = [fields.sent_value(value) for value in operation.values["values"]]
            return envelope.written(fields.own_content(result, _owner(result, owners), echo, updated=True))
        case Update() if isinstance(result, User):
            return envelope.response({**fields.user(result, updated=True), "createdAt": ZERO_TIME})
        case Update():
            return envelope.response(_shown(result, _STAMPED.get(type(result), {"updated": True}), owners, modules))
    raise Unsupported(type(operation).__name__)


_STAMPED: Final[dict[type, dict[str, Any]]] = {LayoutPage: {}}
"""Pages show no stamps."""


def _session(operation: SignIn | CheckSession, session: Session) -> WireResponse:
    cookie = ("Set-Cookie", f"jwt={session.token}; Path=/")
    shown = fields.user(session.user)
    if isinstance(operation, CheckSession):
        shown = {"jwt": operation.token, "user": fields.session_user(session.user)}
    answer = envelope.response(shown)
    answer.headers[:] = [JSON, cookie, VARY]
    return answer


def _owner(record: ModuleRecord, owners: Mapping[int, User] | None) -> bytes:
    return fields.owner((owners or {}).get(record.owner_id or 0))


def _shown(
    one: Any, how: Mapping[str, Any], owners: Mapping[int, User] | None, modules: Mapping[int, Module] | None
) -> dict[str, Any] | Raw:
    match one:
        case Module():
            return fields.module(one, **how)
        case ModuleRecord():
            of = (modules or {}).get(one.module_id)
            values = fields.in_order(one.values, fields.places_of(() if of is None else of.fields))
            return Raw(fields.own_content(one, _owner(one, owners), values, **how))
        case LayoutPage():
            of = (modules or {}).get(one.module_id)
            return fields.page(one, None if of is None else fields.module(of))
        case SavedChart():
            return fields.chart(one, **how)
        case User():
            return fields.user(one, **how)
    raise Unsupported(type(one).__name__)


def _listed(
    operation: FindRecords,
    result: Page[Any],
    owners: Mapping[int, User] | None,
    modules: Mapping[int, Module] | None,
) -> WireResponse:
    limit = operation.window.limit or 50
    meta: dict[str, Any] = {"query": operation.text} if operation.text else {}
    total = len(result.items) if result.total is None else result.total
    meta |= {
        "page": operation.window.offset // limit,
        "perPage": limit,
        "count": total,
        "sort": sort_words(operation.sort),
    }
    return envelope.response({"meta": meta, "contents": [_shown(one, {}, owners, modules) for one in result.items]})


# -- from a server ------------------------------------------------------------------------------------

_MODULE: Final = Struct(
    "types",
    "Module",
    (
        ("moduleID", UINT64),
        ("name", STRING),
        ("fields", fields.MODULE_FIELDS),
        ("createdAt", STRING),
        ("updatedAt", STRING),
    ),
)
_RECORD: Final = Struct(
    "types",
    "Content",
    (
        ("contentID", UINT64),
        ("recordID", UINT64),
        ("moduleID", UINT64),
        ("userID", UINT64),
        ("fields", fields.CONTENT_COLUMNS),
        ("createdAt", STRING),
        ("updatedAt", STRING),
        ("deletedAt", STRING),
    ),
)
_PAGE_FIELDS: Final = (
    ("pageID", UINT64),
    ("selfID", UINT64),
    ("moduleID", UINT64),
    ("title", STRING),
    ("description", STRING),
    ("blocks", RAW),
    ("children", RAW),
    ("visible", BOOL),
)
_PAGE: Final = Struct("types", "Page", _PAGE_FIELDS)
_CHART: Final = Struct(
    "types",
    "Chart",
    (("chartID", UINT64), ("name", STRING), ("config", RAW), ("createdAt", STRING), ("updatedAt", STRING)),
)
_USER: Final = Struct(
    "types",
    "User",
    (
        ("userID", UINT64),
        ("ID", UINT64),
        *((name, STRING) for name in ("username", "email", "name", "handle", "kind")),
        ("organisationID", UINT64),
        ("createdAt", STRING),
        ("updatedAt", STRING),
    ),
)
_LIST: Final = Struct(
    "types",
    "ContentList",
    (
        ("meta", Struct("types", "Meta", (("count", INT),))),
        ("contents", Slice("[]types.Content", _RECORD)),
        ("records", Slice("[]types.Content", _RECORD)),
    ),
)
_CHECKED: Final = Struct("types", "Session", (("jwt", STRING), ("user", _USER)))
_ERROR: Final = Struct("types", "Error", (("message", STRING),))
_ENVELOPE: Final = Struct("types", "Answer", (("response", RAW), ("success", RAW), ("error", RAW)))


def parse_response(operation: Any, response: WireResponse) -> Any:
    """What a Crust server's answer tells: a record for `Get`, `Create` and `Update`, a `Page` for lists, a `Session`
    for `SignIn` and `CheckSession`, else None. An update's record has the values that were sent, no others.

    Raises the canonical error that a failure means, NotFound for a zero object, Unavailable for what makes no sense.
    """
    if response.status != 200:
        raise Unavailable(f"status {response.status}")
    if isinstance(operation, SignOut):
        return None
    if isinstance(operation, CheckSession) and not response.body:
        raise Unauthenticated("unknown")
    envelope = _read(response.body, _ENVELOPE)
    if envelope["error"] is not None:
        raise _error(operation, str(_read(envelope["error"], _ERROR)["message"]))
    if isinstance(operation, Delete | Reorder):
        return None
    if envelope["response"] is None:
        raise Unavailable("an answer without a response")
    return _result(operation, envelope["response"], response)


def _result(operation: Any, text: str, response: WireResponse) -> Any:
    match operation:
        case SignIn():
            return Session(_user(_read(text, _USER)), _cookie(response))
        case CheckSession():
            checked = _read(text, _CHECKED)
            return Session(_user(checked["user"]), _cookie(response) or checked["jwt"])
        case FindRecords():
            found = _read(text, _LIST)
            rows = found["records"] if found["contents"] is None else found["contents"]
            return Page([_record(row) for row in rows or ()], found["meta"]["count"])
        case FindTree():
            return Page(_tree(text))
        case Find(kind=kind) if kind in _READERS:
            struct, make = _READERS[kind]
            return Page([make(row) for row in _read(text, Slice("[]", struct)) or ()])
        case Get(kind=kind) | Create(kind=kind) | Update(kind=kind) if kind in _READERS:
            struct, make = _READERS[kind]
            made = make(_read(text, struct))
            if not made.id:
                raise NotFound(_WORDS[kind], getattr(operation, "id", 0))
            return made
    raise Unsupported(type(operation).__name__)


def _read(data: bytes | str, kind: GoType) -> Any:
    """Raises Unavailable for what is no such JSON."""
    try:
        return decode_all(data if isinstance(data, str) else data.decode("utf-8", "replace"), kind)
    except Refused as error:
        raise Unavailable(f"an answer that is none: {error.message}") from None


def _cookie(response: WireResponse) -> str:
    for name, value in response.headers:
        if name.lower() == "set-cookie" and value.startswith("jwt="):
            return value[4:].partition(";")[0]
    return ""


_UNKNOWN: Final = {NO_FIELDS, USER_NOT_FOUND}
_INVALID: Final = (
    "error parsing http request body: ", "No content: ", "Error when saving content, no content: ",
    "Error creating module: ", "Error updating module: ", "Error updating content: ", "Error when savig page, ",
    "Error adding columns: ", "exec query failed: Error 1406: ", "invalid URL escape ",
)  # fmt: skip


def _error(operation: Any, message: str) -> CanonicalError:
    if message == "Unauthorized":
        return Unauthenticated("missing")
    if message.startswith(("failed to authorize request: ", "Malformed JWT claims", "http: named cookie")):
        return Unauthenticated("unknown")
    if isinstance(operation, SignIn) and message in (USER_NOT_FOUND, "Password doesn't match"):
        return Unauthenticated("unknown")
    if message in _UNKNOWN or message.endswith("NotFound"):
        kind = "module" if isinstance(operation, FindRecords) else _WORDS.get(getattr(operation, "kind", None), "")
        return NotFound(kind or "record", getattr(operation, "id", getattr(operation, "module_id", 0)))
    if message == "Page for module already exists":
        return Duplicate("module_id", message)
    if message.startswith(_INVALID):
        return Invalid(Problem("", "refused", {"message": message}))
    return Refused(message)


def _instant(text: str) -> Instant:
    """A time of the wire, zero for Go's zero time. Raises Unavailable."""
    if not text or text == ZERO_TIME:
        return 0
    whole, dot, fraction = text.removesuffix("Z").partition(".")
    try:
        at = from_datetime(datetime.fromisoformat(f"{whole}+00:00"))
        return at + int(f"{fraction[:6]:0<6}" if dot else 0)
    except (ValueError, OverflowError):
        raise Unavailable(f"no time: {text[:40]!r}") from None


def _stamp(text: str) -> Instant | None:
    return _instant(text) if text else None


def _json(text: str | None) -> str | None:
    """A raw value; none for the ``{}`` that stands where none was given."""
    return None if text is None or compact(text) == "{}" else compact(text)


def _module(row: Mapping[str, Any]) -> Module:
    given = tuple(_field(one) for one in row["fields"] or ())
    return Module(row["moduleID"], row["name"], given, _instant(row["createdAt"]), _stamp(row["updatedAt"]))


def _field(row: Mapping[str, Any]) -> ModuleField:
    (field,) = fields.read_fields([{**row, "options": _json(row["options"])}])
    return field


def _record(row: Mapping[str, Any]) -> ModuleRecord:
    values = tuple(FieldValue(one.name, one.value, one.related) for one in fields.read_values(row["fields"]))
    return ModuleRecord(
        row["contentID"] or row["recordID"],
        row["moduleID"],
        row["userID"] or None,
        values,
        _instant(row["createdAt"]),
        _stamp(row["updatedAt"]),
        _stamp(row["deletedAt"]),
    )


def _page(row: Mapping[str, Any]) -> LayoutPage:
    texts = row["title"], row["description"], _json(row["blocks"])
    return LayoutPage(row["pageID"], row["selfID"], row["moduleID"], *texts, row["visible"])


def _tree(text: str) -> list[LayoutPage]:
    """The pages of a tree, parents first; a deep tree is no deep recursion."""
    waiting = [text]
    found: list[LayoutPage] = []
    while waiting:
        below = []
        for row in _read(waiting.pop(), Slice("[]types.Page", _PAGE)) or ():
            found.append(_page(row))
            if row["children"] is not None:
                below.append(row["children"])
        waiting += reversed(below)
    return found


def _chart(row: Mapping[str, Any]) -> SavedChart:
    stamps = _instant(row["createdAt"]), _stamp(row["updatedAt"])
    return SavedChart(row["chartID"], row["name"], _json(row["config"]), *stamps)


def _user(row: Mapping[str, Any]) -> User:
    first, last = fields.split_name(row["name"])
    created = _instant(row["createdAt"])
    user = User(
        id=row["userID"] or row["ID"],
        created_at=created,
        updated_at=_stamp(row["updatedAt"]) or created,
        username=row["username"],
        email=row["email"] or None,
        first_name=first,
        last_name=last,
    )
    extras = {"handle": row["handle"] if row["handle"] != row["username"] else "", "kind": row["kind"]}
    extras["name"] = row["name"] if row["name"] != fields.user_name(user) else ""
    extras["organisation"] = str(row["organisationID"]) if row["organisationID"] else ""
    if any(extras.values()):
        user.extras = {NAME: {name: value for name, value in extras.items() if value}}
    return user


_READERS: Final[dict[Any, tuple[Struct, Callable[[Mapping[str, Any]], Any]]]] = {
    Module: (_MODULE, _module),
    ModuleRecord: (_RECORD, _record),
    LayoutPage: (_PAGE, _page),
    SavedChart: (_CHART, _chart),
    User: (_USER, _user),
}
_WORDS: Final[dict[Any, str]] = {
    Module: "module", ModuleRecord: "record", LayoutPage: "page", SavedChart: "chart", User: "user",
}  # fmt: skip
