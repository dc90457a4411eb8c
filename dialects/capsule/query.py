"""Parameters of lists and searches, made into queries (capsule dossier, section 5).

A parameter without a value counts as not given; of a repeated one the first counts; unknown ones are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from adapter.formats import form_body
from adapter.routes import RouteNotFound
from adapter.wire import WireRequest
from canonical.model import CLOSED_STATES, MAX_DIGITS, digits_back
from canonical.query import (
    FALSE,
    TRUE,
    Compare,
    Has,
    Node,
    Not,
    Op,
    Query,
    Sort,
    Window,
    all_of,
    any_of,
    contains,
    eq,
    one_of,
)
from canonical.values import Instant, Ref
from dialects.capsule.errors import BadRequest
from dialects.capsule.fields.opportunity import Milestones, state_of
from dialects.capsule.fields.subjects import ASSIGNEE
from dialects.capsule.wire import texts

Parameters = Mapping[str, str]

_DIGITS: Final = re.compile(r"[0-9 +\-.()/]+")
_FEWEST_DIGITS: Final = 4
_MAX_NUMBER: Final = 2**31 - 1
_BY_DUE: Final = (Sort("due_at"), Sort("id"))
BY_NAME: Final = (Sort("name"), Sort("id"))
BY_ID: Final = (Sort("id"),)
NEWEST: Final = (Sort("created_at", True), Sort("id", True))
NO_CONTACT_CARD = Compare("user_id", Op.NULL)
_IS_TASK: Final = eq("type", "task")
_IS_HISTORY: Final = Compare("type", Op.NE, "task")
_IS_CLOSED: Final = one_of("state", CLOSED_STATES)
# Said as "not closed" so that one index in the order of the due dates serves all the open states.
TASK_STATUS: Final = {"OPEN": Not(_IS_CLOSED), "COMPLETED": _IS_CLOSED}
_IS_OPEN: Final = eq("state", "open")
STATUS: Final = {"open": _IS_OPEN, "closed": Compare("state", Op.NE, "open")}


def parameters(request: WireRequest) -> Parameters:
    """The parameters that have a value, the first of each name. Raises `TooLarge`."""
    given: dict[str, str] = {}
    if request.query:
        for name, value in form_body.parse_pairs(request.query, max_pairs=1000):
            if value.strip():
                given.setdefault(name, value)
    return given


def window(given: Parameters, cap: int) -> Window:
    """`start` (from 0) and `limit` (0 or none: no limit, but never more than `cap`).

    Anything but a number is as if there were no such resource: the parameter's type is part of a JAX-RS route.
    """
    start = _number(given.get("start"))
    limit = _number(given.get("limit"))
    return Window(max(start, 0), min(limit, cap) if limit > 0 else cap)


def _number(text: str | None) -> int:
    if text is None:
        return 0
    digits = text.strip().removeprefix("-").removeprefix("+")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 10 or int(digits) > _MAX_NUMBER:
        raise RouteNotFound(text)
    return -int(digits) if text.strip().startswith("-") else int(digits)


def about(target: Ref) -> Node:
    """Activities that are about a record: linked to it in any role but the assignee's."""
    return Has(
        "links",
        all_of(
            eq("target_kind", target.kind),
            eq("target_id", target.id),
            Compare("role", Op.NE, ASSIGNEE),
        ),
    )


def tasks(given: Parameters, cap: int, target: Ref | None = None) -> Query:
    """Tasks, only open ones unless `status` says otherwise, by due date. Raises `BadRequest` for another status."""
    nodes: list[Node] = [_IS_TASK]
    try:
        nodes.append(TASK_STATUS[given.get("status", "OPEN").strip().upper()])
    except KeyError:
        raise BadRequest("status is invalid") from None
    if "category" in given:
        nodes.append(eq("category", given["category"]))
    if "user" in given:
        nodes.append(Has("owner", eq("username", given["user"])))
    if target is not None:
        nodes.append(about(target))
    return Query(all_of(*nodes), _BY_DUE, window(given, cap))


def history(target: Ref | None = None) -> Node:
    """What counts as history: every activity but tasks; of one record, or of all."""
    return _IS_HISTORY if target is None else all_of(_IS_HISTORY, about(target))


def history_halves(target: Ref) -> tuple[tuple[Node, str], tuple[Node, str]]:
    """History about a record in two halves: items that say when they happened, and those that do not.

    With each half the field by which its newest come first.
    """
    item = history(target)
    return (
        (all_of(item, Compare("start_at", Op.NOT_NULL)), "start_at"),
        (all_of(item, Compare("start_at", Op.NULL)), "created_at"),
    )


def parties(given: Parameters, cap: int, where: Node = TRUE) -> Query:
    """Parties by name, persons and organisations mixed. Raises `BadRequest` for a bad `lastmodified`.

    Users' contact cards are not among them: they are read by id only.
    """
    nodes: list[Node] = [where, NO_CONTACT_CARD]
    text = given.get("q")
    if text is not None:
        text = text.strip()
        phone = Has("points", all_of(eq("kind", "phone"), contains("value", text)))
        nodes.append(any_of(contains("name", text), phone, *_by_digits(text), Has("custom", eq("value", text))))
    if "email" in given:
        nodes.append(Has("points", all_of(eq("kind", "email"), eq("value", given["email"].strip()))))
    nodes += _common(given)
    return Query(all_of(*nodes), BY_NAME, window(given, cap))


def _by_digits(text: str) -> list[Node]:
    """Phones whose digits end with those of the text, if it is a number: callers' numbers come without zeros, country
    and blanks (capsule dossier, section 5)."""
    back = digits_back(text) if _DIGITS.fullmatch(text) else None
    if back is None or not _FEWEST_DIGITS <= len(back) < MAX_DIGITS:
        return []
    return [Has("points", all_of(eq("kind", "phone"), Compare("digits_back", Op.LIKE, f"{back}%")))]


def opportunities(given: Parameters, cap: int, milestones: Milestones, where: Node = TRUE) -> Query:
    """Opportunities by id. Raises `BadRequest` for an unknown milestone or status, or a bad `lastmodified`."""
    nodes: list[Node] = [where, _status(given)]
    if "milestone" in given:
        nodes.append(_at_milestone(given["milestone"], milestones))
    nodes += _common(given)
    return Query(all_of(*nodes), BY_ID, window(given, cap))


def _at_milestone(name: str, milestones: Milestones) -> Node:
    """What is shown at that milestone: stages of that name, and other dialects' stages that it fits best."""
    item = milestones.named(name.strip())
    if item is None:
        raise BadRequest("milestone is unknown")
    state = state_of(item)
    names = [other.value for other in milestones.items if state_of(other) == state]
    percents = [percent for percent in range(101) if milestones.fitting(state, percent) is item]
    foreign = any_of(Compare("stage", Op.NULL), Not(one_of("stage", names)))
    unsaid: Node = Compare("probability", Op.NULL) if 0 in percents else FALSE
    fits = all_of(foreign, any_of(one_of("probability", percents), unsaid))
    return all_of(eq("state", state), any_of(eq("stage", item.value), fits))


def kases(given: Parameters, cap: int, where: Node = TRUE) -> Query:
    """Cases by id. Raises `BadRequest` for an unknown status or a bad `lastmodified`."""
    return Query(all_of(where, _status(given), *_common(given)), BY_ID, window(given, cap))


def _status(given: Parameters) -> Node:
    text = given.get("status")
    if text is None:
        return TRUE
    try:
        return STATUS[text.strip().lower()]
    except KeyError:
        raise BadRequest("status is invalid") from None


def _common(given: Parameters) -> list[Node]:
    nodes: list[Node] = []
    if "tag" in given:
        nodes.append(Has("tags", eq("name", given["tag"].strip())))
    if "lastmodified" in given:
        nodes.append(Compare("updated_at", Op.GE, _moment("lastmodified", given["lastmodified"])))
    return nodes


def since(given: Parameters) -> Instant:
    """The moment from which deletions are wanted. Raises `BadRequest` without one."""
    if "since" not in given:
        raise BadRequest("since is required")
    return _moment("since", given["since"])


def _moment(name: str, text: str) -> Instant:
    try:
        return texts.read_moment(text)
    except ValueError:
        raise BadRequest(f"{name} is invalid") from None


def embeds_tags(given: Parameters) -> bool:
    """Whether the client wants ``embed=tags``, alone or in a list."""
    return "tags" in [name.strip() for name in given.get("embed", "").split(",")]
