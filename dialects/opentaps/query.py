"""Lists: sequence numbers, counts and filters <-> `Query` (opentaps dossier, section 5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from canonical.errors import Unsupported
from canonical.model import SUBJECT
from canonical.query import (
    FALSE,
    TRUE,
    And,
    Compare,
    Constant,
    Has,
    Node,
    Not,
    Op,
    Or,
    Query,
    Sort,
    Window,
    any_of,
    contains,
    eq,
    one_of,
)
from dialects.opentaps.errors import BadNumber
from dialects.opentaps.fields.activity import ASSIGNEE, CREATOR_PREFIX, PREFIX
from dialects.opentaps.fields.status import KNOWN_BY_WORDS, NAMESPACE, status_node, words_in, words_of
from dialects.opentaps.wire.parameters import Parameters, split_list

MAX_COUNT = 100
MAX_PER_PAGE = 10_000
MAX_FILTERS = 50
MAX_INT = 2**31 - 1
MAX_LONG = 2**63 - 1
RESERVED = frozenset(
    {"authToken", "clientDomain", "order", "per_page", "page", "partial", "method", "callback", "_", "lang", "userKey"}
)
RESPONSIBLE = f"extras.{NAMESPACE}.responsible"
TAG = "tagName"
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}\Z")


class Names(Protocol):
    """Turns ids on the wire into the core's; None for one that is not there."""

    def activity(self, text: str) -> int | None: ...
    def contact(self, text: str) -> int | None: ...


def number(text: str, largest: int) -> int:
    """A number of the path, as Java reads one.

    Raises `BadNumber`.
    """
    if not _NUMBER.match(text) or not -largest - 1 <= int(text) <= largest:
        raise BadNumber(text)
    return int(text)


def build(
    params: Parameters,
    names: Names,
    count: str | None,
    start: str | None,
    *,
    type_: str | None = None,
    skip: tuple[str, ...] = (),
) -> Query:
    """The query of a list. `type_` is fixed for tasks; names in `skip` are no filters of this call.

    Raises `BadNumber` for `count` and `start` out of the path, `Unsupported` for too many filters.
    """
    limit = MAX_COUNT if count is None else number(count, MAX_INT)
    # A count that cannot be used silently becomes the largest one, as in the vendor's repository class.
    if not 0 < limit <= MAX_COUNT:
        limit = MAX_COUNT
    descending = (params.get("order") or "").strip().upper() == "DESC"
    nodes = filters(params, names, skip)
    if type_ is not None:
        nodes.append(one_of("type", [type_]))
    if start is not None:
        # The start is a sequence number and belongs to the page; it is not an offset.
        nodes.append(Compare("sequence", Op.LE if descending else Op.GE, number(start, MAX_LONG)))
    per_page = _positive(params.get("per_page"), MAX_PER_PAGE)
    limit = per_page or limit
    page = _positive(params.get("page"), MAX_INT) or 1
    # Not flattened, so that `parameters_of` finds each filter whole.
    return Query(
        And(tuple(nodes)) if nodes else TRUE, (Sort("sequence", descending),), Window((page - 1) * limit, limit)
    )


def _positive(text: str | None, largest: int) -> int | None:
    """A usable number from 1 to `largest`; None for anything else, which is ignored."""
    text = (text or "").strip()
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        return None
    return int(text) if 0 < int(text) <= largest else None


# -- filters ----------------------------------------------------------------------------------------


def _types(words: list[str], names: Names) -> Node:
    return one_of("type", [word.upper().lower() for word in words])


def _statuses(words: list[str], names: Names) -> Node:
    return status_node(words)


def _linked(words: list[str], names: Names, role: Node) -> Node:
    found = (names.contact(word) for word in words)
    ids = [id for id in found if id is not None]
    return Has("links", And((eq("target_kind", "party"), one_of("target_id", ids), role))) if ids else FALSE


def _contacts(words: list[str], names: Names) -> Node:
    return _linked(words, names, Compare("role", Op.NE, ASSIGNEE))


def _assignees(words: list[str], names: Names) -> Node:
    return _linked(words, names, eq("role", ASSIGNEE))


def _responsible(words: list[str], names: Names) -> Node:
    """A contact of our own, or the owner whose card the contact is, where he was chosen."""
    found = [id for id in map(names.contact, words) if id is not None]
    kept = any_of(*(eq(RESPONSIBLE, str(id)) for id in found))
    if not found:
        return FALSE
    owner = And((Compare(RESPONSIBLE, Op.NULL), eq("owner_chosen", 1), Has("owner", one_of("person_id", found))))
    return any_of(kept, owner)


def _ids(words: list[str], names: Names) -> Node:
    return one_of("id", [id for id in map(names.activity, words) if id is not None])


def _parents(words: list[str], names: Names) -> Node:
    return one_of("parent_id", [id for id in map(names.activity, words) if id is not None])


def _mentions(words: list[str], names: Names) -> Node:
    """Texts with ``@id``."""
    return Or(tuple(contains(field, f"@{word}") for word in words for field in ("title", "body")))


FILTERS: Mapping[str, Callable[[list[str], Names], Node]] = {
    "activityType": _types,
    "status": _statuses,
    "contactId": _contacts,
    "assignedToContactId": _assignees,
    "responsibleContactId": _responsible,
    "parentActivityId": _parents,
    "activityId": _ids,
    "taskId": _ids,
    "mentionedUserIds": _mentions,
}
"""Filters whose value is a list of words, any of which may hold."""


def filters(params: Parameters, names: Names, skip: tuple[str, ...] = ()) -> list[Node]:
    """What a list is narrowed to; a filter without a value narrows nothing.

    Raises `Unsupported` for too many.
    """
    nodes: list[Node] = []
    terms = 0
    for name in params.first:
        if name in RESERVED or name in skip or name.startswith(CREATOR_PREFIX):
            continue
        bare = name.removeprefix(PREFIX)
        make = FILTERS.get(bare)
        words = [] if make is None else split_list(params.all(name))
        # Counted first: every id is looked up.
        terms += len(words) + 1
        if terms > MAX_FILTERS:
            raise Unsupported("too many filters")
        if make is not None:
            if words:
                nodes.append(make(words, names))
        elif bare == TAG:
            if value := params.given(name):
                nodes.append(Has("tags", eq("name", value)))
        elif bare:
            nodes.append(attribute_node(bare, params.first[name]))
    return nodes


def narrowed(where: Node, node: Node) -> Node:
    """What `build` asked for, and `node` besides."""
    return And((*where.nodes, node)) if isinstance(where, And) else node


def attribute_node(name: str, value: str) -> Node:
    """Records with that free attribute; letter case and accents of the value do not count."""
    return Has("custom", And((eq("group", SUBJECT), eq("name", name), eq("value", value))))


# -- the way back -----------------------------------------------------------------------------------


def parameters_of(query: Query, id_text: Callable[[int], str]) -> tuple[str, list[tuple[str, str]]]:
    """Path and parameters of a query that `build` could have made.

    Raises `Unsupported` for any other.
    """
    descending = any(sort.descending for sort in query.sort)
    if any(sort.field != "sequence" for sort in query.sort):
        raise Unsupported("activities are sorted by sequence number only")
    start: int | None = None
    pairs: list[tuple[str, str]] = []
    nodes = query.where.nodes if isinstance(query.where, And) else (query.where,)
    # A second list of types may be that of /task.
    types = [node.value for node in nodes if isinstance(node, Compare) and node.field == "type"]
    task = len(types) > 1 and types[-1] == ("task",)
    for node in nodes:
        match node:
            case Compare("sequence", Op.GE | Op.LE as op, int() as first) if descending is (op is Op.LE):
                start = first
            case Compare("type", Op.IN, ("task",)) if task:
                continue
            case _ if node != TRUE:
                name, value = _pair(node, id_text)
                pairs.append((_free_name(name, [taken for taken, _ in pairs]), value))
    if descending:
        pairs.append(("order", "DESC"))
    pages = paging(query.window)
    limit = int(pages[0][1])
    if limit > MAX_COUNT or query.window.offset:
        pairs += pages
    path = f"/{'task' if task else 'activities'}/{min(limit, MAX_COUNT)}"
    return path if start is None else f"{path}/{start}", pairs


def paging(window: Window) -> list[tuple[str, str]]:
    """``per_page`` and ``page``; as many as can be asked at once where there is no limit.

    Raises `Unsupported` for a window that is no page.
    """
    limit = MAX_PER_PAGE if window.limit is None else window.limit
    if not 0 < limit <= MAX_PER_PAGE or window.offset % limit:
        raise Unsupported("opentaps: a window must be a whole page of at most 10,000")
    return [("per_page", str(limit)), ("page", str(window.offset // limit + 1))]


def _free_name(name: str, taken: list[str]) -> str:
    """The name, or where it stands already the same with the prefix: a repeated list would be read as one longer list.

    Raises `Unsupported` where both stand.
    """
    for free in (name, f"{PREFIX}{name}"):
        if free not in taken:
            return free
    raise Unsupported("a filter can be said twice only")


def _attribute_name(name: str) -> str:
    """The name under which a free attribute is asked for."""
    if name in FILTERS or name == TAG or not name:
        raise Unsupported("an attribute of this name cannot be asked for")
    reserved = name in RESERVED or name.startswith((CREATOR_PREFIX, PREFIX))
    return f"{PREFIX}{name}" if reserved else name


def _pair(node: Node, id_text: Callable[[int], str]) -> tuple[str, str]:
    words = words_in(node)
    if words:
        return "status", ",".join(dict.fromkeys(words))
    match node:
        case Compare("type", Op.EQ | Op.IN, value):
            return "activityType", ",".join(str(word).upper() for word in _tuple(value))
        case Compare("state", Op.EQ | Op.IN, value) if KNOWN_BY_WORDS.issuperset(_tuple(value)):
            return "status", ",".join(word for state in _tuple(value) for word in words_of(str(state)))
        case Compare("owner_id", Op.EQ | Op.IN, value):
            return "responsibleContactId", _id_list(value, id_text)
        case Compare("id", Op.EQ | Op.IN, value):
            return "activityId", _id_list(value, id_text)
        case Compare("parent_id", Op.EQ | Op.IN, value):
            return "parentActivityId", _id_list(value, id_text)
        case Has("tags", Compare("name", Op.EQ, str() as name)):
            return TAG, name
        case Has(
            "custom", And((Compare("group"), Compare("name", Op.EQ, str() as name), Compare("value", Op.EQ, value)))
        ):
            return _attribute_name(name), str(value)
        case Has(
            "links",
            And(
                (
                    Compare("target_kind", Op.EQ, "party" | "user"),
                    Compare("target_id", Op.EQ | Op.IN, value),
                    Compare("role", Op.EQ | Op.NE as op, "assignee"),
                )
            ),
        ):
            return "assignedToContactId" if op is Op.EQ else "contactId", _id_list(value, id_text)
        case Or(nodes):
            kept = [child.value for child in nodes if isinstance(child, Compare) and child.field == RESPONSIBLE]
            if kept:
                return "responsibleContactId", ",".join(id_text(int(str(value))) for value in kept)
            found = [child.value for child in nodes if isinstance(child, Compare) and child.field == "title"]
            if found:
                return "mentionedUserIds", ",".join(_ESCAPED.sub(r"\1", str(value)[2:-1]) for value in found)
        case Constant() | Not():
            pass
    raise Unsupported("this dialect cannot ask that")


def _tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _id_list(value: Any, id_text: Callable[[int], str]) -> str:
    return ",".join(id_text(id) for id in _tuple(value))
