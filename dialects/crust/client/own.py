"""The tenant's own modules and their records, pages and saved charts, asked of a Crust server.

Computed charts, reports, kinds of fields, workflows and jobs are no operation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapter.client import Conversation, Session
from adapter.losses import LossReport
from adapter.wire import WireResponse
from canonical.errors import NotFound, Unsupported
from canonical.model.module import FieldValue, Module, ModuleField, ModuleRecord, SavedChart
from canonical.model.page import LayoutPage
from canonical.operations import Create, Delete, Find, Get, Page, Update
from canonical.query import TRUE, Compare, Op, Query, Window
from canonical.values import Instant
from dialects.crust.client import ask, shapes
from dialects.crust.client.hear import keep, rows_of
from dialects.crust.client.operations import FindRecords, FindTree, Reorder
from dialects.crust.client.shown import Shown, Unknown, done, response_of, when
from dialects.crust.fields import objects
from dialects.crust.settings import NAME
from dialects.crust.wire.envelope import raw
from dialects.crust.wire.gojson import Struct

PAGES: Final = "/page/"
_PAGE_FIELDS: Final = {
    "parent_id": "selfID",
    "module_id": "moduleID",
    "title": "title",
    "description": "description",
    "blocks": "blocks",
    "visible": "visible",
}


# -- hearing ----------------------------------------------------------------------------------------


def _known(row: Shown, shape: Struct, kind: str, losses: LossReport) -> dict[str, Any]:
    """The members of an object that has no room for what nobody knows: that is counted only."""
    unknown = Unknown()
    read: dict[str, Any] = row.read(shape, unknown)
    for name in unknown:
        losses.add(kind, name, "unknown_name")
    return read


def _stamps(row: Shown, read: Mapping[str, Any]) -> tuple[Instant, Instant | None]:
    created, updated = (when(row, name, read[name]) for name in ("createdAt", "updatedAt"))
    return created, updated or None


def _json(text: str | None) -> str | None:
    """A raw value; none for the ``{}`` that stands where none was given."""
    return None if text == "{}" else text


def hear_module(row: Shown, losses: LossReport) -> Module:
    read = _known(row, shapes.MODULE, "module", losses)
    return Module(read["moduleID"], read["name"], tuple(map(_field, read["fields"])), *_stamps(row, read))


def _field(read: Mapping[str, Any]) -> ModuleField:
    return ModuleField(
        read["name"],
        read["kind"],
        read["label"],
        read["helpText"],
        read["defaultValue"],
        read["maxLength"],
        _json(read["options"]),
        read["isPrivate"],
        read["isRequired"],
        read["isVisible"],
        read["moduleID"],
    )


def modules(asked: str, answer: WireResponse, losses: LossReport) -> list[Module]:
    """The modules of a list. Raises UnexpectedAnswer for one without an id."""
    rows = response_of(asked, answer).rows()
    return [_with_id(row, hear_module(row, losses), "moduleID") for row in rows]


def module(asked: str, answer: WireResponse, losses: LossReport) -> Module:
    """Raises NotFound for the zero module that stands for a missing one."""
    found = hear_module(response_of(asked, answer), losses)
    if not found.id:
        raise NotFound("module", 0)
    return found


def _with_id(row: Shown, found: Any, name: str) -> Any:
    if not found.id:
        raise row.fail("missing", name)
    return found


def hear_record(row: Shown, losses: LossReport) -> ModuleRecord:
    unknown = Unknown()
    read = row.read(shapes.RECORD, unknown)
    values = tuple(FieldValue(item["name"], item["value"], _ids(item["related"])) for item in read["fields"])
    extras: dict[str, Any] = {}
    keep(extras, unknown, "record", losses)
    return ModuleRecord(
        read["contentID"] or read["recordID"],
        read["moduleID"],
        read["userID"] or None,
        values,
        *_stamps(row, read),
        when(row, "deletedAt", read["deletedAt"]) or None,
        extras={NAME: extras} if extras else {},
    )


def _ids(related: list[str]) -> tuple[str, ...] | None:
    return tuple(related) or None


def hear_page(row: Shown, losses: LossReport) -> LayoutPage:
    read = _known(row.without("children"), shapes.PAGE, "page", losses)
    texts = read["title"], read["description"], _json(read["blocks"])
    return LayoutPage(read["pageID"], read["selfID"], read["moduleID"], *texts, read["visible"])


def hear_chart(row: Shown, losses: LossReport) -> SavedChart:
    read = _known(row, shapes.CHART, "chart", losses)
    return SavedChart(read["chartID"], read["name"], _json(read["config"]), *_stamps(row, read))


def _tree(top: Shown, losses: LossReport) -> list[LayoutPage]:
    """The pages of a tree, parents first; a deep tree is no deep recursion."""
    found: list[LayoutPage] = []
    waiting = [top]
    while waiting:
        below = []
        for row in waiting.pop().rows():
            found.append(_with_id(row, hear_page(row, losses), "pageID"))
            if row.value.get("children") is not None:
                below.append(row.member("children"))
        waiting += reversed(below)
    return found


# -- asking -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Kind:
    """One of these kinds: its paths, the name of its id, how it is heard and what is sent of it."""

    word: str
    room: str
    id: str
    hear: Callable[[Shown, LossReport], Any]
    body: Callable[[Mapping[str, Any]], dict[str, Any]]


def _module_body(values: Mapping[str, Any]) -> dict[str, Any]:
    given: Sequence[ModuleField] = values["fields"]
    return {"name": values["name"], "fields": [objects.module_field(field) for field in given]}


def _page_body(values: Mapping[str, Any]) -> dict[str, Any]:
    shown = objects.page(LayoutPage(0, **values))
    return {word: shown[word] for name, word in _PAGE_FIELDS.items() if values.get(name) is not None}


def _chart_body(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": values["name"], "config": raw(values.get("config"))}


_KINDS: Final[Mapping[Any, _Kind]] = {
    Module: _Kind("module", ask.MODULES, "moduleID", hear_module, _module_body),
    LayoutPage: _Kind("page", PAGES, "pageID", hear_page, _page_body),
    SavedChart: _Kind("chart", "/chart/", "chartID", hear_chart, _chart_body),
}


def knows(operation: Any) -> bool:
    """Whether the operation is on what tenants make themselves."""
    kind = getattr(operation, "kind", None)
    is_one = isinstance(kind, type) and (kind in _KINDS or kind is ModuleRecord)
    return is_one or isinstance(operation, FindRecords | FindTree | Reorder)


def perform(operation: Any, session: Session, losses: LossReport) -> Conversation:
    """Results as on the desk; an update gives the thing as it now stands, of a record what was sent."""
    match operation:
        case FindRecords():
            return (yield from _find_records(operation, session, losses))
        case FindTree():
            return Page(_tree(response_of("page list", (yield ask.reading(f"{PAGES}tree"))), losses))
        case Reorder(parent_id=parent_id, ids=ids):
            path = f"{PAGES}{parent_id}/reorder"
            return done("page reorder", (yield ask.writing(path, {"pageIDs": [str(id) for id in ids]})))
    if operation.kind is ModuleRecord:
        return (yield from _record(operation, session, losses))
    kind = _KINDS[operation.kind]
    match operation:
        case Find(query=query):
            rows = response_of(f"{kind.word} list", (yield ask.reading(kind.room, _parameters(kind, query)))).rows()
            return Page([_with_id(row, kind.hear(row, losses), kind.id) for row in rows])
        case Get(id=id):
            answer = yield ask.reading(f"{kind.room}{id}")
            return _there(kind, response_of(f"{kind.word} read", answer), id, losses)
        case Create(values=values):
            answer = yield ask.writing(kind.room, kind.body(values))
            return _there(kind, response_of(f"{kind.word} create", answer), 0, losses)
        case Update(id=id, values=values):
            answer = yield ask.writing(f"{kind.room}{id}", kind.body(values))
            return _there(kind, response_of(f"{kind.word} update", answer), id, losses)
        case Delete(id=id):
            return done(f"{kind.word} delete", (yield ask.deleting(f"{kind.room}{id}")))
    raise Unsupported(f"crust: {kind.word} {type(operation).__name__}")


def _there(kind: _Kind, row: Shown, id: int, losses: LossReport) -> Any:
    """What an answer shows. Raises NotFound for the zero object that stands for what is missing."""
    found = kind.hear(row, losses)
    if not found.id:
        raise NotFound(kind.word, id)
    return found


def _parameters(kind: _Kind, query: Query) -> dict[str, str]:
    """Raises Unsupported for what these lists cannot be asked: they have neither an order nor pages."""
    if not query.sort and query.window == Window():
        match query.where:
            case node if node == TRUE and kind.hear is not hear_page:
                return {}
            case Compare(field="parent_id", op=Op.EQ, value=int() as id) if kind.hear is hear_page:
                return {"selfID": str(id)}
    raise Unsupported(f"crust: {kind.word} list of that query")


# -- records ----------------------------------------------------------------------------------------


def _find_records(operation: FindRecords, session: Session, losses: LossReport) -> Conversation:
    whole = ask.whole_page(operation.window)
    if whole is None:
        raise Unsupported("crust: a page is of 10 to 100 records")
    request = ask.listing(ask.records(operation.module_id, session), *whole, operation.text, operation.sort)
    rows, total = rows_of("record list", (yield request))
    return Page([_with_id(row, hear_record(row, losses), "contentID") for row in rows], total)


def _record(operation: Any, session: Session, losses: LossReport) -> Conversation:
    if isinstance(operation, Create):
        path = ask.records(operation.values["module_id"], session)
        answer = yield ask.writing(path, _record_body(operation.values["values"]))
        row = response_of("record create", answer)
        return _with_id(row, hear_record(row, losses), "contentID")
    if not isinstance(operation, Get | Update | Delete):
        raise Unsupported(f"crust: record {type(operation).__name__}")
    # Of a record that is read only its own id counts.
    answer = yield ask.reading(f"{ask.records(0, session)}/{operation.id}")
    row = response_of("record read", answer)
    there: ModuleRecord = _with_id(row, hear_record(row, losses), "contentID")
    path = f"{ask.records(there.module_id, session)}/{operation.id}"
    match operation:
        case Update(values=values):
            row = response_of("record update", (yield ask.writing(path, _record_body(values["values"]))))
            return _with_id(row, hear_record(row, losses), "contentID")
        case Delete():
            return done("record delete", (yield ask.deleting(path)))
    return there


def _record_body(values: Sequence[FieldValue]) -> dict[str, Any]:
    return {"fields": [objects.sent_value(value) for value in values]}
