"""From a Capsule server's answers, in XML or JSON, to records; what nobody knows is kept and counted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from adapter.client import UnexpectedAnswer
from adapter.formats import Malformed, TooLarge
from adapter.losses import LossReport
from adapter.wire import WireResponse
from canonical.errors import (
    CanonicalError,
    Conflict,
    Denied,
    Invalid,
    NotFound,
    Problem,
    Unauthenticated,
    Unavailable,
)
from canonical.model import (
    SUBJECT,
    Activity,
    Case,
    CustomField,
    CustomValue,
    Link,
    Opportunity,
    Party,
    PicklistItem,
    Record,
    Tag,
    User,
)
from canonical.values import Ref
from dialects.capsule.errors import BadRequest, UnsupportedBody
from dialects.capsule.fields import custom, history, kase, opportunity, party, task, user
from dialects.capsule.fields.table import Field
from dialects.capsule.wire import texts
from dialects.capsule.wire.bodies import Tree, read_answer, read_document

NAMESPACE: Final = "capsule"
_ITEMS: Final[Mapping[str, tuple[Any, Collection[Field]]]] = {
    "task": (task.parse_task, task.FIELDS),
    "historyItem": (history.parse_item, history.FIELDS),
    "person": (lambda tree: party.parse_party(party.PERSON, tree), party.PERSON_FIELDS),
    "organisation": (lambda tree: party.parse_party(party.ORGANISATION, tree), party.ORGANISATION_FIELDS),
    "opportunity": (opportunity.parse_opportunity, opportunity.FIELDS),
    "kase": (kase.parse_kase, kase.FIELDS),
    "user": (user.parse_user, user.USER_FIELDS),
}
_KNOWN: Final = {name: frozenset(row.name for row in fields) for name, (_, fields) in _ITEMS.items()}
ITEMS: Final[Mapping[str, tuple[str, ...]]] = {
    Party.KIND: ("person", "organisation"),
    Opportunity.KIND: ("opportunity",),
    Case.KIND: ("kase",),
    User.KIND: ("user",),
}
"""The elements that stand for a canonical kind."""
ROOTS: Final[Mapping[str, str]] = {
    "task": "tasks",
    "historyItem": "history",
    "person": "parties",
    "organisation": "parties",
    "opportunity": "opportunities",
    "kase": "kases",
    "user": "users",
}
"""The root element of a list, by the element of its items."""


def ended(response: WireResponse) -> bool:
    """Never: a token is good until somebody takes it back, and there is no signing in anew."""
    return False


def one(asked: str, response: WireResponse, names: Collection[str], losses: LossReport) -> Record:
    """The record that an answer shows under one of these elements."""
    name, tree = _tree(asked, response, *names)
    return _record(asked, response.status, f"/{name}", name, tree, losses)


def many(asked: str, response: WireResponse, names: Collection[str], losses: LossReport) -> list[Record]:
    """The records of a list, in the order of `names` and then of the answer."""
    root, tree = _tree(asked, response, ROOTS[next(iter(names))])
    return [
        _record(asked, response.status, f"/{root}/{name}[{number}]", name, entry, losses)
        for name in names
        for number, entry in _entries(asked, response, root, name, tree)
    ]


def _entries(asked: str, response: WireResponse, root: str, name: str, tree: Tree) -> Iterator[tuple[int, Tree]]:
    try:
        yield from enumerate(tree.branches(name), 1)
    except BadRequest:
        raise UnexpectedAnswer(asked, response.status, f"/{root}/{name}", "text in the place of an element") from None


def _record(asked: str, status: int, place: str, name: str, tree: Tree, losses: LossReport) -> Record:
    parse, _ = _ITEMS[name]
    try:
        record: Record = parse(tree)
    except BadRequest as error:
        raise UnexpectedAnswer(asked, status, f"{place}/{error.element}", "not such a value") from None
    if record.id == 0:
        raise UnexpectedAnswer(asked, status, f"{place}/id", "missing")
    for unknown in sorted(tree.values.keys() - _KNOWN[name]):
        record.extras = {
            **record.extras,
            NAMESPACE: {**record.extras.get(NAMESPACE, {}), unknown: _plain(tree, unknown)},
        }
        losses.add(name if name != "kase" else "case", unknown, "unknown_element")
    return record


def _plain(tree: Tree, name: str) -> Any:
    """An element nobody knows, as JSON holds it."""
    values = [
        value if isinstance(value, str) else {inner: _plain(value, inner) for inner in value.values}
        for value in tree.values[name]
    ]
    return values[0] if len(values) == 1 else values


def new_id(asked: str, response: WireResponse) -> int:
    """The id at the end of ``Location``."""
    check(asked, response, (201,))
    try:
        return texts.read_id((response.header("Location") or "").rstrip("/").rpartition("/")[2])
    except ValueError:
        raise UnexpectedAnswer(asked, response.status, "header Location", "no id at its end") from None


def tags(asked: str, response: WireResponse) -> list[Tag]:
    root, tree = _tree(asked, response, "tags")
    found = []
    for number, entry in _entries(asked, response, root, "tag", tree):
        id, name = entry.filled("id"), entry.text("name")
        if not name:
            raise UnexpectedAnswer(asked, response.status, f"/tags/tag[{number}]/name", "missing")
        found.append(Tag(int(id) if id and id.isascii() and id.isdigit() else 0, name))
    return found


def custom_values(asked: str, response: WireResponse) -> list[CustomValue]:
    _, tree = _tree(asked, response, "customFields")
    try:
        found = []
        for given in custom.read_values(tree):
            meant = given.meant(None)
            found.append(CustomValue(given.label, (None if meant is None else meant.text) or "", given.group))
    except BadRequest as error:
        raise UnexpectedAnswer(
            asked, response.status, f"/customFields/customField/{error.element}", "not such a value"
        ) from None
    return found


def definitions(asked: str, response: WireResponse, kind: str) -> list[CustomField]:
    root, tree = _tree(asked, response, "customFieldDefinitions")
    found = []
    for number, entry in _entries(asked, response, root, "customFieldDefinition", tree):
        try:
            found.append(custom.parse_definition(kind, entry))
        except BadRequest as error:
            place = f"/{root}/customFieldDefinition[{number}]/{error.element}"
            raise UnexpectedAnswer(asked, response.status, place, "not such a value") from None
    return found


def milestones(asked: str, response: WireResponse) -> opportunity.Milestones:
    """The server's milestones, which tell what state an opportunity at one of them is in."""
    root, tree = _tree(asked, response, "milestones")
    return opportunity.Milestones(
        [
            opportunity.parse_milestone(entry, number)
            for number, entry in _entries(asked, response, root, "milestone", tree)
        ]
    )


def choices(asked: str, response: WireResponse, root: str, name: str) -> list[PicklistItem]:
    """A list of words: ``taskCategories`` of ``taskCategory`` and the like."""
    _, tree = _tree(asked, response, root)
    return [
        PicklistItem(root, value, position=number)
        for number, value in enumerate(tree.values.get(name, ()))
        if isinstance(value, str)
    ]


def party_links(asked: str, response: WireResponse, record: Ref) -> list[Link]:
    """The further parties of an opportunity or a case, as links."""
    found = many(asked, response, ITEMS[Party.KIND], LossReport())
    return [
        Link(0, record, Ref(Party.KIND, item.id), SUBJECT, number, target_name=item.name, target_type=item.type)
        for number, item in enumerate(found)
        if isinstance(item, Party)
    ]


def deletions(asked: str, response: WireResponse, kind: str, root: str, name: str) -> list[Ref]:
    _, tree = _tree(asked, response, root)
    found = []
    for number, entry in _entries(asked, response, root, name, tree):
        try:
            found.append(Ref(kind, texts.read_id(entry.text("id") or "")))
        except (ValueError, BadRequest):
            raise UnexpectedAnswer(asked, response.status, f"/{root}/{name}[{number}]/id", "no id") from None
    return found


def _tree(asked: str, response: WireResponse, *roots: str) -> tuple[str, Tree]:
    check(asked, response, (200,))
    try:
        return read_answer(response.body, response.header("Content-Type"), *roots)
    except (Malformed, TooLarge, BadRequest, UnsupportedBody, ValueError) as error:
        raise UnexpectedAnswer(asked, response.status, "", f"no {roots[0]} ({type(error).__name__})") from None


def check(asked: str, response: WireResponse, good: Collection[int] = (200, 201)) -> None:
    """Raises the canonical error that an answer with any other status means, or `UnexpectedAnswer`."""
    if response.status in good:
        return
    error = _error(asked, response)
    if error is None:
        raise UnexpectedAnswer(asked, response.status, "status", "not one of that call")
    raise error


def _error(asked: str, response: WireResponse) -> CanonicalError | None:
    match response.status:
        case 400:
            return Invalid(Problem(_message(response).partition(" ")[0] or "?", "refused"))
        case 401:
            return Unauthenticated("unknown")
        case 403:
            return Denied("forbidden")
        case 404 | 410:
            return NotFound(asked, 0)
        case 409:
            return Conflict("conflict")
        case 429 | 500 | 502 | 503 | 504:
            return Unavailable(f"status {response.status}")
    return None


def _message(response: WireResponse) -> str:
    """The text of an error body in either format, empty where there is none."""
    try:
        document = read_document(response.body, response.header("Content-Type"))
        return (document.branch("response") or document).text("message") or ""
    except (Malformed, TooLarge, BadRequest, UnsupportedBody):
        return ""


def history_items(asked: str, response: WireResponse, losses: LossReport) -> list[Activity]:
    """The items of a history list."""
    return [item for item in many(asked, response, ("historyItem",), losses) if isinstance(item, Activity)]
