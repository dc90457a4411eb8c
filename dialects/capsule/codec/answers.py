"""Answers: from a result to the bytes that tell it, and from a server's bytes to the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapter.formats import Malformed, TooLarge
from adapter.wire import WireResponse
from canonical.errors import Conflict, Denied, Invalid, NotFound, Problem, Unauthenticated, Unavailable, Unsupported
from canonical.model import Activity, Case, CustomValue, Opportunity, Party, Record, Tag, User
from canonical.operations import AddLink, AddTag, Create, Find, Get, Page
from canonical.query import And, Compare, Op
from dialects.capsule import texts, writers
from dialects.capsule.bodies import Tree, read_answer, read_document
from dialects.capsule.codec.parse import DEFAULT_MILESTONES
from dialects.capsule.codec.render import NOUNS
from dialects.capsule.errors import BadRequest, UnsupportedBody
from dialects.capsule.fields.custom import CustomItem, read_values
from dialects.capsule.fields.history import HistoryContext, parse_item
from dialects.capsule.fields.kase import parse_kase
from dialects.capsule.fields.opportunity import parse_opportunity
from dialects.capsule.fields.party import ORGANISATION, PERSON, PartyContext, parse_party
from dialects.capsule.fields.task import parse_task
from dialects.capsule.fields.user import UserContext
from dialects.capsule.negotiation import XML, answer_format
from dialects.capsule.replies import created, done, reply_mixed, reply_one
from dialects.capsule.writer import Writer

_ROOTS = {Party.KIND: "parties", Opportunity.KIND: "opportunities", Case.KIND: "kases", User.KIND: "users"}
_SUBLISTS = {("tags",): "tags", ("custom",): "customFields"}


def render_response(
    operation: Any, result: Any, *, accept: str | None = None, base_url: str = "https://account.capsulecrm.com"
) -> WireResponse:
    """The answer that tells the result of an operation. Raises `Unsupported` where Capsule has no such answer."""
    answer = answer_format(accept) or XML
    match operation:
        case Get(include=include) if include in _SUBLISTS:
            return reply_mixed(answer, _SUBLISTS[include], _hanging(include, result))
        case Get():
            return reply_one(answer, _writer(result), result, _context(result, base_url, operation.include))
        case Find() if _is_one_item(operation):
            if not result.items:
                raise NotFound("history", 0)
            item = result.items[0]
            return reply_one(answer, writers.HISTORY, item, _context(item, base_url, ()))
        case Find():
            items = list(result.items)
            context = _context(items[0], base_url, operation.include) if items else None
            return reply_mixed(answer, _root(operation), [(_writer(item), item) for item in items], context)
        case Create():
            return created(f"{base_url}/api/{_noun(result)}/{result.id}")
        case AddTag():
            tag, added = result
            kind, id = operation.record
            return created(f"{base_url}/api/{NOUNS[kind]}/{id}/tag/{texts.quoted(tag.name)}") if added else done()
        case AddLink(record=(kind, id), link=link) if result is not None:
            return created(f"{base_url}/api/{NOUNS[kind]}/{id}/party/{link.target.id}")
    return done()


def _hanging(include: tuple[str, ...], record: Any) -> list[tuple[Writer, Any]]:
    if include == ("tags",):
        return [(writers.TAG, tag) for tag in record.tags]
    return [(writers.CUSTOM_FIELD, CustomItem(value, None)) for value in record.custom]


def _writer(record: Record) -> Writer:
    match record:
        case Party(type=type_):
            return writers.PARTIES[type_]
        case Activity(type="task"):
            return writers.TASK
        case Activity():
            return writers.HISTORY
        case Opportunity():
            return writers.OPPORTUNITY
        case Case():
            return writers.KASE
        case User():
            return writers.USER
    raise Unsupported(record.KIND)


def _noun(record: Record) -> str:
    if isinstance(record, Activity):
        return "task" if record.type == "task" else "history"
    return NOUNS[record.KIND]


def _context(record: Record, base_url: str, include: Sequence[str]) -> Any:
    match record:
        case Party():
            return PartyContext(base_url, "tags" in include)
        case Opportunity():
            return DEFAULT_MILESTONES
        case User():
            return UserContext("", "GBP", "UTC")
        case Activity():
            return HistoryContext(base_url)
    return None


def _compares(operation: Find[Any], field: str, op: Op, value: object = None) -> bool:
    where = operation.query.where
    nodes = where.nodes if isinstance(where, And) else (where,)
    return any(
        isinstance(node, Compare) and (node.field, node.op) == (field, op) and value in (None, node.value)
        for node in nodes
    )


def _is_history(operation: Find[Any]) -> bool:
    return operation.kind is Activity and _compares(operation, "type", Op.NE, "task")


def _is_one_item(operation: Find[Any]) -> bool:
    return _is_history(operation) and _compares(operation, "id", Op.EQ)


def _root(operation: Find[Any]) -> str:
    if operation.kind is Activity:
        return "history" if _is_history(operation) else "tasks"
    return _ROOTS[operation.kind.KIND]


# -- from a server ----------------------------------------------------------------------------------


def parse_response(operation: Any, response: WireResponse) -> Any:
    """What a Capsule server's answer tells: a record for `Get`, a `Page` for `Find`, a record with its id for
    `Create`, the tag and whether it was new for `AddTag`, None for other writes.

    Raises the canonical error that an error status means; `Unavailable` for an answer that makes no sense.
    """
    if response.status not in (200, 201):
        raise _error(operation, response)
    try:
        return _parse(operation, response)
    except (Malformed, TooLarge, BadRequest, UnsupportedBody, ValueError) as error:
        raise Unavailable(f"an answer that makes no sense: {type(error).__name__}") from error


def _parse(operation: Any, response: WireResponse) -> Any:
    match operation:
        case Get(include=include) if include in _SUBLISTS:
            record = operation.kind(id=operation.id)
            _, tree = _read(response, _SUBLISTS[include])
            if include == ("tags",):
                record.tags = [_tag(entry) for entry in tree.branches("tag")]
            else:
                record.custom = [CustomValue(v.label, v.text or "", v.group) for v in read_values(tree)]
            return record
        case Get():
            roots = _item_names(operation.kind, history=False)
            return _record(*_read(response, *roots))
        case Find() if _is_one_item(operation):
            return Page([_record(*_read(response, "historyItem"))])
        case Find():
            _, tree = _read(response, _root(operation))
            names = _item_names(operation.kind, history=_is_history(operation))
            return Page([_record(name, entry) for name in names for entry in tree.branches(name)])
        case Create():
            location = response.header("Location") or ""
            return operation.kind(id=texts.read_id(location.rpartition("/")[2]))
        case AddTag():
            return Tag(0, operation.name), response.status == 201
        case AddLink():
            return operation.link
    return None


def _read(response: WireResponse, *roots: str) -> tuple[str, Tree]:
    return read_answer(response.body, response.header("Content-Type"), *roots)


def _item_names(kind: type[Record], *, history: bool) -> tuple[str, ...]:
    if kind is Party:
        return PERSON, ORGANISATION
    if kind is Activity:
        return ("historyItem",) if history else ("task",)
    return (NOUNS.get(kind.KIND, kind.KIND),)


def _record(name: str, tree: Tree) -> Record:
    match name:
        case "task":
            return parse_task(tree)
        case "historyItem":
            return parse_item(tree)
        case "person" | "organisation":
            return parse_party(name, tree)
        case "opportunity":
            return parse_opportunity(tree)
        case "kase":
            return parse_kase(tree)
    return _user(tree)


def _user(tree: Tree) -> User:
    first, _, last = (tree.filled("name") or "").partition(" ")
    id, party = tree.filled("id"), tree.filled("partyId")
    return User(
        id=texts.read_id(id) if id else 0,
        username=tree.filled("username") or "",
        first_name=first or None,
        last_name=last or None,
        currency=tree.filled("currency"),
        time_zone=tree.filled("timezone"),
        person_id=texts.read_id(party) if party else None,
    )


def _tag(tree: Tree) -> Tag:
    id = tree.filled("id")
    return Tag(texts.read_id(id) if id else 0, tree.filled("name") or "")


def _error(operation: Any, response: WireResponse) -> Exception:
    kind = getattr(getattr(operation, "kind", None), "KIND", "record")
    match response.status:
        case 400:
            return Invalid(Problem(_message(response).partition(" ")[0] or "?", "refused"))
        case 401:
            return Unauthenticated("unknown")
        case 403:
            return Denied("forbidden")
        case 404:
            return NotFound(kind, getattr(operation, "id", 0))
        case 409:
            return Conflict("conflict")
    return Unavailable(f"status {response.status}")


def _message(response: WireResponse) -> str:
    """The text of an error body in either format, empty where there is none."""
    try:
        document = read_document(response.body, response.header("Content-Type"))
        return (document.branch("response") or document).text("message") or ""
    except (Malformed, TooLarge, BadRequest, UnsupportedBody):
        return ""
