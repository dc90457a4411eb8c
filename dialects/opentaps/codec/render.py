"""Operations into requests: this dialect as the language of a client. Ids and extras are those of `parse`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

from adapter.losses import LossReport
from adapter.wire import Headers, WireRequest
from canonical.errors import Unsupported
from canonical.model import Activity, CustomValue
from canonical.operations import AddLink, Create, Delete, DropLink, Find, Get, Update
from canonical.values import Instant, Ref, join_text
from dialects.opentaps import query
from dialects.opentaps.fields.activity import ASSIGNEE, CORE, CREATOR_PREFIX, IGNORED, PREFIX, role_out
from dialects.opentaps.fields.status import NAMESPACE, WORDS, state_of
from dialects.opentaps.ids import text_of
from dialects.opentaps.times import exact_stamp

Pairs = list[tuple[str, str]]
SAYABLE = {"title", "body", "type", "state", "due_at", "due_date_only", "parent_id", "owner_chosen"}
"""Values that the parameters can say; others are losses."""
_FORM = "application/x-www-form-urlencoded"
_TAG_EXTRAS = ("tagUrl", "tagKeywords")


def render_request(
    operation: Any,
    credentials: Mapping[str, str] | str,
    *,
    base_url: str = "https://crm2.opentaps.com",
    losses: LossReport | None = None,
) -> WireRequest:
    """The request that asks for an operation; `credentials`: ``authToken`` and ``clientDomain``, or a token.

    What a call cannot say is left out and counted in `losses`; without `losses` it is refused.
    Raises Unsupported for that, and for what this dialect has no call for.
    """
    known = {"authToken": credentials} if isinstance(credentials, str) else credentials
    pairs = [(name, known[name]) for name in ("authToken", "clientDomain") if known.get(name)]
    method, path, more = _parts(operation, losses)
    # DELETE needs no domain: the id is looked up in those of the token.
    pairs = (pairs[:1] if method == "DELETE" else pairs) + more
    form = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    host = base_url.partition("://")[2].partition("/")[0]
    if method in ("GET", "DELETE"):
        return WireRequest(method, path, form, base_url=base_url, host=host)
    return WireRequest(method, path, "", Headers([("Content-Type", _FORM)]), form.encode(), base_url, host)


def _parts(operation: Any, losses: LossReport | None) -> tuple[str, str, Pairs]:
    """Method, path and parameters."""
    match operation:
        case Get(kind, id) if kind is Activity:
            return "GET", f"/activities/{text_of(id)}", []
        case Find(kind, wanted) if kind is Activity:
            return "GET", *query.parameters_of(wanted, text_of)
        case Create(kind) if kind is Activity:
            return "POST", "/activities", _create_pairs(operation, losses)
        case Update(kind, id) if kind is Activity:
            return "PUT", f"/{_noun(operation)}/{text_of(id)}", _update_pairs(operation, losses)
        case Delete(kind, id, cascade) if kind is Activity and not cascade:
            return "DELETE", f"/activities/{text_of(id)}", []
        case AddLink(record, link) if _associates(record, link.target) and link.role != ASSIGNEE:
            return "POST", "/activities/contact/add", _link_pairs(record, link.target, link.role)
        # Without a role all of the contact's associations go, so that the one that has none cannot be named.
        case DropLink(record, target, role) if _associates(record, target) and role not in ("", ASSIGNEE):
            return "POST", "/activities/contact/remove", _link_pairs(record, target, role or "")
    raise Unsupported(f"opentaps has no call for {type(operation).__name__}")


def _noun(operation: Update[Activity]) -> str:
    """Where a full PUT leaves the type: below ``/task``; elsewhere one that says none makes a note."""
    replace = operation.extras.get(NAMESPACE, {}).get("replace")
    return "task" if replace and "type" not in operation.values else "activities"


def _associates(record: Ref, target: Ref) -> bool:
    return record.kind == "activity" and target.kind == "party"


def _lose(losses: LossReport | None, field: str, reason: str) -> None:
    """Counts what is left out. Raises Unsupported where nobody counts."""
    if losses is None:
        raise Unsupported(f"activity.{field}: {reason}")
    losses.add("activity", field, reason)


def _link_pairs(record: Ref, target: Ref, role: str) -> Pairs:
    pairs = [("activityId", text_of(record.id)), ("contactId", text_of(target.id))]
    return [*pairs, ("role", role_out(role))] if role else pairs


def _create_pairs(operation: Create[Activity], losses: LossReport | None) -> Pairs:
    extras = dict(operation.extras.get(NAMESPACE, {}))
    pairs = _value_pairs(operation.values, extras, losses)
    assignees = [link.target.id for link in operation.links if link.role == ASSIGNEE and link.target.kind == "party"]
    if assignees:
        pairs.append((f"{PREFIX}assignedToContactId", ",".join(map(text_of, assignees))))
    if len(assignees) < len(operation.links):
        _lose(losses, "links", "another_call")
    pairs += _custom_pairs(operation.custom, losses)
    pairs += [(f"{CREATOR_PREFIX}{key}", value) for key, value in extras.get("createdByUser", {}).items()]
    pairs += [("tagName", name) for name in operation.tags[:1]]
    if len(operation.tags) > 1:
        _lose(losses, "tags", "another_call")
    return pairs + [(name, extras[name]) for name in _TAG_EXTRAS if name in extras]


def _update_pairs(operation: Update[Activity], losses: LossReport | None) -> Pairs:
    extras = dict(operation.extras.get(NAMESPACE, {}))
    pairs = [] if extras.get("replace") else [("partial", "Yes")]
    pairs += _value_pairs(operation.values, extras, losses)
    if "assignees" in extras:
        pairs.append((f"{PREFIX}assignedToContactId", ",".join(map(text_of, extras["assignees"]))))
    pairs += _custom_pairs(operation.custom, losses)
    pairs += _custom_pairs(tuple(CustomValue(name, "", group) for group, name in operation.drop_custom), losses)
    return pairs + [(name, extras[name]) for name in ("tagName", *_TAG_EXTRAS) if name in extras]


def _custom_pairs(custom: tuple[CustomValue, ...], losses: LossReport | None) -> Pairs:
    pairs: Pairs = []
    for value in custom:
        if value.group or value.name in CORE or value.name in IGNORED:
            _lose(losses, "custom", "grouped" if value.group else "reserved_name")
        else:
            pairs.append((f"{PREFIX}{value.name}", value.value))
    return pairs


def _value_pairs(values: Mapping[str, Any], extras: Mapping[str, Any], losses: LossReport | None) -> Pairs:
    for name in values.keys() - SAYABLE:
        if values[name]:
            _lose(losses, name, "not_shown")
    pairs: Pairs = []
    if "title" in values:
        pairs.append(("noteText", extras.get("noteText") or join_text(values["title"], values.get("body"))))
    elif "body" in values:
        _lose(losses, "body", "one_text")
    if "type" in values:
        pairs.append((f"{PREFIX}activityType", values["type"].upper()))
    if "state" in values:
        word = extras.get("status") or ""
        fits = bool(word) and state_of(word) == values["state"]
        pairs.append((f"{PREFIX}status", word if fits else WORDS[values["state"]]))
    if "due_at" in values:
        pairs.append((f"{PREFIX}scheduledDateTime", _due_text(values["due_at"], bool(values.get("due_date_only")))))
    if "parent_id" in values:
        parent = values["parent_id"]
        pairs.append((f"{PREFIX}parentActivityId", "" if parent is None else text_of(parent)))
    if "responsible" in extras:
        responsible = extras["responsible"]
        pairs.append((f"{PREFIX}responsibleContactId", "" if responsible is None else text_of(responsible)))
    return pairs


def _due_text(at: Instant | None, date_only: bool) -> str:
    if at is None:
        return ""
    return exact_stamp(at)[:10] if date_only else exact_stamp(at)
