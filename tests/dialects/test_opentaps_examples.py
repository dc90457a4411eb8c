"""The documented exchanges under fixtures/opentaps, in every direction: as a server, and as a client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapter.contract.compare import compare
from adapter.contract.exchange import Exchange, load_session
from adapter.contract.volatile import Bindings
from adapter.losses import LossReport
from adapter.wire import Headers, WireRequest, WireResponse
from canonical.errors import Denied, Invalid, NotFound, Unauthenticated, Unavailable, Unsupported
from canonical.model import Activity, ContactPoint, CustomValue, Link, Party
from canonical.operations import AddLink, AddTag, Create, Delete, DropLink, Find, Get, NewLink, Page, Update
from canonical.query import And, Compare, Constant, Has, Op, Query, Sort, Window, eq
from canonical.values import Ref, from_datetime, instant, iso_time
from dialects.opentaps import DIALECT
from dialects.opentaps.codec.parse import parse_request
from dialects.opentaps.codec.render import render_request
from dialects.opentaps.codec.responses import activity_of, parse_response, render_response
from dialects.opentaps.fields.status import NAMESPACE, words_in
from dialects.opentaps.ids import text_of
from dialects.opentaps.query import attribute_node
from tests.dialects.opentaps_client import local_id, quick_world

ROOT = Path(__file__).resolve().parents[2] / "fixtures" / "opentaps"
SESSION = load_session(ROOT)
TOKEN = "T0Ktest-token"
CREDENTIALS = {"authToken": TOKEN, "clientDomain": "acme.com"}
CONTACT = "52dd8a10e4b0aa11bb22cd07"
ID = int("52dd8a10e4b0aa11bb22cc01", 16)
ERRORS = {"not_found": NotFound, "unauthenticated": Unauthenticated, "invalid": Invalid}
SAID = [exchange for exchange in SESSION if exchange.operation is not None]


def names(exchange: Exchange) -> str:
    return exchange.name


def test_as_a_server(tmp_path: Path) -> None:
    """Records get the ids of the examples as aliases, as migrated ones do."""
    with quick_world(tmp_path) as world:
        world.add_tenant("acme", "acme.com")
        world.add_user("ann", token=TOKEN, admin=True, first_name="Ann", last_name="Lee")

        def known_as(kind: str, foreign: str, id: int) -> None:
            world.write(lambda desk: desk.set_alias(kind, foreign, id), TOKEN, "opentaps")
            world.core.accounts.forget_tenants()

        bo = world.write(lambda desk: desk.create(Create(Party, {"first_name": "Bo"})), TOKEN)
        known_as("party", CONTACT, bo.id)
        bindings = Bindings()
        for exchange in SESSION:
            if "now" in exchange.meaning:
                world.now = from_datetime(datetime.fromisoformat(exchange.meaning["now"]))
            got = world.endpoint("opentaps").send(exchange.request)
            if exchange.response.status == 201:
                theirs, ours = (orjson.loads(r.body)["result"]["resultValue"]["_id"] for r in (exchange.response, got))
                got = replace(got, body=got.body.replace(ours.encode(), theirs.encode()))
                known_as("activity", theirs, local_id(ours))
            assert compare(exchange, got, bindings) == []


# -- what operations and results say, in canonical words ------------------------------------------------


def value_words(values: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in values.items() if name in ("title", "body", "state") and value is not None}
    if values.get("due_at") is not None:
        said["due"] = iso_time(values["due_at"])
    return said


def role_words(links: Any) -> dict[str, list[str]]:
    roles: dict[str, list[str]] = {}
    for link in links:
        roles.setdefault(link.role, []).append(text_of(link.target.id))
    return roles


def find_words(query: Query) -> dict[str, Any]:
    said: dict[str, Any] = {"do": "find", "count": query.window.limit}
    for node in getattr(query.where, "nodes", ()):
        if words_in(node):
            said["status"] = list(dict.fromkeys(words_in(node)))
        elif node.field == "sequence":
            said["from"] = node.value
        else:
            (said["kind"],) = node.value
    return said | ({"descending": True} if query.sort[0].descending else {})


def operation_words(operation: Any) -> dict[str, Any]:
    match operation:
        case Find():
            return find_words(operation.query)
        case Get():
            return {"do": "get", "record": text_of(operation.id)}
        case Delete():
            return {"do": "delete", "record": text_of(operation.id)}
        case AddLink():
            said = {"do": "link", "record": text_of(operation.record.id), "target": text_of(operation.link.target.id)}
            return said | {"role": operation.link.role}
        case DropLink():
            return {"do": "unlink", "record": text_of(operation.record.id), "target": text_of(operation.target.id)}
        case Update():
            said = {"do": "update", "record": text_of(operation.id), "values": value_words(operation.values)}
            return said | ({"drop": [name for _, name in operation.drop_custom]} if operation.drop_custom else {})
    said = {"do": "create", "kind": operation.values["type"], "values": value_words(operation.values)}
    if operation.custom:
        said["custom"] = {value.name: value.value for value in operation.custom}
    return said | ({"roles": role_words(operation.links)} if operation.links else {})


def record_words(activity: Activity) -> dict[str, Any]:
    said = {"kind": activity.type, "title": activity.title, "state": activity.state, "sequence": activity.sequence}
    if activity.due_at is not None:
        said["due"] = iso_time(activity.due_at)
    if activity.links:
        said["roles"] = role_words(activity.links)
    if activity.custom:
        said["custom"] = {value.name: value.value for value in activity.custom}
    return said


def result_words(result: Any) -> dict[str, Any]:
    if result is None:
        return {"ok": True}
    if isinstance(result, Page):
        return {"ok": True, "records": [record_words(activity) for activity in result.items]}
    return {"ok": True, "record": record_words(result)}


@pytest.mark.parametrize("exchange", SAID, ids=names)
def test_request_is_understood(exchange: Exchange) -> None:
    assert operation_words(parse_request(exchange.request)) == exchange.operation


@pytest.mark.parametrize("exchange", SAID, ids=names)
def test_request_survives_being_written_anew(exchange: Exchange) -> None:
    operation = parse_request(exchange.request)
    losses = LossReport()
    request = render_request(operation, CREDENTIALS, losses=losses)
    assert not losses
    assert request.host == "crm2.opentaps.com"
    assert TOKEN in request.query + request.body.decode()
    assert parse_request(request) == operation


@pytest.mark.parametrize("exchange", SAID, ids=names)
def test_answer_is_understood(exchange: Exchange) -> None:
    operation = parse_request(exchange.request)
    if "error" in exchange.result:
        with pytest.raises(ERRORS[exchange.result["error"]]):
            parse_response(operation, exchange.response)
    else:
        assert result_words(parse_response(operation, exchange.response)) == exchange.result


@pytest.mark.parametrize("exchange", [e for e in SAID if "ok" in e.result], ids=names)
def test_answer_survives_being_written_anew(exchange: Exchange) -> None:
    operation = parse_request(exchange.request)
    written = render_response(operation, parse_response(operation, exchange.response))
    assert (written.status, written.body) == (exchange.response.status, exchange.response.body)


def test_refused_request_raises_what_the_server_words() -> None:
    exchange = next(exchange for exchange in SESSION if exchange.name.endswith("create-without-text"))
    with pytest.raises(Invalid) as caught:
        parse_request(exchange.request)
    assert render_response(None, caught.value).body == exchange.response.body
    with pytest.raises(Invalid) as read:
        parse_response(None, exchange.response)
    assert read.value.problems[0].field == "text"


# -- beyond the examples ----------------------------------------------------------------------------------

PARTY = Ref("party", int(CONTACT, 16))
LINE_BREAK = {"noteText": "a\n"}
CRLF = {"noteText": "a\r\nb"}
OPERATIONS = [
    Create(
        Activity,
        {"type": "followup_email", "title": "a", "body": "b\n\nc & <é> 😀", "state": "open", "parent_id": ID,
         "due_at": instant(2014, 2, 3, 4, 5, 6, 123_456), "due_date_only": False},
        (NewLink(PARTY, "assignee"),),
        tags=("A::b",),
        custom=(CustomValue("x y", ""), CustomValue("é", "1&2=3")),
        extras={"opentaps": {"status": "On Hold", "status_key": "ON HOLD", "responsible": ID, "tagUrl": "http://x.test",
                             "createdByUser": {"userLoginId": "admin"}}},
    ),
    Create(Activity, {"type": "n", "title": "a", "body": None, "state": "open"}, extras={NAMESPACE: LINE_BREAK}),
    Create(Activity, {"type": "n", "title": "a", "body": "b", "state": "open"}, extras={NAMESPACE: CRLF}),
    Update(Activity, ID, {"due_at": instant(2014, 2, 3), "due_date_only": True}),
    Update(Activity, ID, {"due_at": None, "due_date_only": False, "parent_id": None}),
    Update(Activity, ID, {"owner_chosen": False}, {"opentaps": {"responsible": None, "assignees": []}}),
    Update(Activity, ID, {"type": "call"}, {"opentaps": {"assignees": [1, 2], "responsible": 3, "tagName": "t"}}),
    Update(Activity, ID, custom=(CustomValue("a", "1"),), drop_custom=(("", "b"),)),
    Update(
        Activity,
        ID,
        {"title": "t", "body": None, "type": "note", "state": "open", "due_at": None, "due_date_only": False},
        {"opentaps": {"noteText": None, "status": None, "status_key": None, "assignees": [], "replace": True}},
    ),
    Update(
        Activity,
        ID,
        {"title": "t", "body": None, "state": "open", "due_at": None, "due_date_only": False},
        {"opentaps": {"noteText": None, "status": None, "status_key": None, "assignees": [], "replace": True}},
    ),
    AddLink(Ref("activity", ID), NewLink(PARTY, "~assignee")),
    DropLink(Ref("activity", ID), PARTY, "rôle"),
    DropLink(Ref("activity", ID), PARTY),
]  # fmt: skip


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: type(operation).__name__)
def test_operations_survive_the_wire(operation: Any) -> None:
    assert parse_request(render_request(operation, TOKEN)) == operation


@pytest.mark.parametrize(
    "query",
    [
        "activityType=EMAIL,NOTE&status=STARTED on_hold&order=DESC",
        f"contactId={CONTACT}&assignedToContactId={CONTACT}&responsibleContactId={CONTACT}",
        f"parentActivityId={CONTACT}&activityId={CONTACT}&tagName=Hot&opentapsOrderId=1001",
        "mentionedUserIds=bea,b_x&per_page=500&page=3",
        "mentionedUserIds=a%25b_c%5Cd",
        "status=COMPLETED",
        "status=STARTED&note_field_status=on_hold",
        "activityType=EMAIL&note_field_activityType=NOTE",
        "tagName=a&note_field_tagName=b&x=1&note_field_x=2",
        "note_field_order=DESC&note_field_authToken=x&note_field_created_by_user_x=y&note_field_note_field_z=1",
    ],
)
def test_queries_survive_the_wire(query: str) -> None:
    for path in ("/activities", "/activities/7", "/activities/7/5", "/task"):
        operation = parse_request(WireRequest("GET", path, query.replace(" ", "%20")))
        assert parse_request(render_request(operation, TOKEN)) == operation


@pytest.mark.parametrize(
    "operation",
    [
        Find(Activity, Query(eq("title", "x"))),
        Find(Activity, Query(Constant(False))),
        Find(Activity, Query(sort=(Sort("title"),))),
        Find(Activity, Query(window=Window(5, 10))),
        Find(Activity, Query(And(tuple(Has("tags", eq("name", name)) for name in "abc")))),
        Find(Activity, Query(attribute_node("status", "x"))),
        Find(Activity, Query(Has("links", Compare("role", Op.NULL)))),
        Find(Party, Query()),
        Delete(Activity, ID, True),
        AddTag(Ref("activity", ID), "x"),
        AddLink(Ref("activity", ID), NewLink(PARTY, "assignee")),
        AddLink(Ref("activity", ID), NewLink(Ref("user", 1), "buyer")),
        DropLink(Ref("activity", ID), PARTY, "assignee"),
        DropLink(Ref("activity", ID), PARTY, ""),
        Update(Activity, ID, {"body": "x"}),
        Create(Party, {"first_name": "Bo"}, points=(ContactPoint("email", "x"),)),
    ],
)
def test_what_cannot_be_asked_is_refused(operation: Any) -> None:
    with pytest.raises(Unsupported):
        render_request(operation, TOKEN)


def test_what_a_call_cannot_say_is_counted() -> None:
    operation = Create(
        Activity,
        {"type": "note", "title": "t", "location": "Rome", "priority": 2},
        (NewLink(PARTY, "buyer"), NewLink(Ref("user", 1), "assignee")),
        tags=("a", "b"),
        custom=(CustomValue("n", "v", "set"), CustomValue("status", "v")),
    )
    losses = LossReport()
    request = render_request(operation, TOKEN, losses=losses)
    assert losses.summary() == {
        "activity.custom:grouped": 1,
        "activity.custom:reserved_name": 1,
        "activity.links:another_call": 1,
        "activity.location:not_shown": 1,
        "activity.priority:not_shown": 1,
        "activity.tags:another_call": 1,
    }
    assert b"Rome" not in request.body
    with pytest.raises(Unsupported):
        render_request(operation, TOKEN)


@pytest.mark.parametrize(
    ("method", "target"),
    [("POST", "/oauth/validate"), ("GET", "/tag"), ("POST", "/contact"), ("GET", "/contacts-users")],
)
def test_other_calls_are_no_operations_on_records(method: str, target: str) -> None:
    with pytest.raises(Unsupported):
        parse_request(WireRequest(method, target))


def test_elements_of_all_three_generations() -> None:
    whole = {
        "_id": text_of(ID), "noteText": "a\nb", "status": "On Hold", "sequenceNum": 3, "activityType": "TASK",
        "dateTimeCreated": "2014-01-20 20:42:56.5", "scheduledDateTime": "2014-02-03 00:00:00.0",
        "assignedToContact": [CONTACT], "attributes": {"x": "1"},
    }  # fmt: skip
    note = {
        "noteId": text_of(ID), "noteText": "a\nb", "sequenceNum": 3, "dateTimeCreated": "2014-01-20 20:42:56.5",
        "note_field_activityType": "TASK", "note_field_status": "On Hold", "note_field_x": "1",
        "note_field_scheduledDateTime": "2014-02-03 00:00:00.0", "note_field_assignedToContactId": CONTACT,
        "note_field__id": "an attribute", "note_field_contacts": "another",
    }  # fmt: skip
    whole["attributes"] |= {"_id": "an attribute", "contacts": "another"}
    flat, old = activity_of(whole), activity_of({"note": note})
    assert flat == old
    assert (flat.id, flat.title, flat.body, flat.type, flat.state, flat.sequence) == (ID, "a", "b", "task", "open", 3)
    assert flat.links == [Link(0, Ref("activity", ID), PARTY, "assignee")]
    assert flat.extras == {"opentaps": {"status": "On Hold", "status_key": "ON HOLD"}}


@pytest.mark.parametrize(
    ("status", "error"), [(401, Unauthenticated), (403, Denied), (404, NotFound), (400, Invalid), (500, Unavailable)]
)
def test_errors_of_a_vendor_without_our_body(status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        parse_response(Get(Activity, ID), WireResponse(status, [], b'{"message":"no"}'))


def test_the_slots_hold_the_four_directions() -> None:
    assert DIALECT.parse_request is parse_request
    assert DIALECT.render_request is render_request
    assert DIALECT.parse_response is parse_response
    assert DIALECT.render_response is render_response
    request = WireRequest("PUT", f"/activities/{text_of(ID)}", headers=Headers(), body=b"partial=yes&status=X")
    assert isinstance(parse_request(request), Update)
