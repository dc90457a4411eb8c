"""The documented examples in four directions: as a server, and reading and writing both sides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapter.contract import Exchange, load
from adapter.formats.form_body import build_query
from adapter.losses import LossReport
from adapter.wire import Headers, WireRequest, WireResponse
from canonical.errors import Denied, Invalid, NotFound, Unauthenticated, Unavailable, Unsupported
from canonical.model import Activity, ContactPoint, Opportunity, Party, User
from canonical.operations import AddLink, Create, Delete, DropLink, Find, Get, NewLink, Page, Update
from canonical.query import Compare, Has, Not, Op, Query, Sort, Window, all_of, any_of, contains, eq
from canonical.values import Ref, instant
from dialects.zurmo import DIALECT
from dialects.zurmo.auth import CloseSession, OpenSession
from dialects.zurmo.codec.answers import parse_response, render_response
from dialects.zurmo.codec.links import UpdateAndLink
from dialects.zurmo.codec.requests import parse_request, render_request
from dialects.zurmo.errors import Failure
from dialects.zurmo.modules import MEETINGS
from dialects.zurmo.settings import profile_of
from tests.dialects.test_zurmo_recordings import meant, told
from tests.dialects.zurmo_client import FIXTURES, Zurmo

CASES = [load(FIXTURES, path.name) for path in sorted(FIXTURES.glob("doc-*"))]
SEED_DAY = instant(2012, 5, 8, 10, 57, 41)
V3 = profile_of({"profile": "v3"})


def prepared(folder: Path, case: Exchange) -> Zurmo:
    """The world that the example was told of, made by the calls of a client."""
    dossier = case.step == 1009
    zurmo = Zurmo(folder, now=instant(2015, 2, 27, 8, 15, 0) if dossier else SEED_DAY)
    # The ids of parties begin with the contact cards of the users.
    if dossier:
        for username in ("bo", "cy"):
            zurmo.create("users/user", username=username, lastName="Doe", password="pw-pw-pw")
        zurmo.create("users/user", username="dana", lastName="Doe", password="s3cret-pw")
        for _ in range(8):
            zurmo.create("contacts/contact", lastName="Silva", state={"id": "5"})
        for _ in range(40):
            zurmo.task()
        zurmo.session = zurmo.login("dana", "s3cret-pw")
        return zurmo
    for _ in range(3):
        zurmo.create("contacts/contact", lastName="Silva", state={"id": "5"})
    if case.step in (1001, 1010):
        return zurmo
    zurmo.task(
        "Check bills",
        dueDateTime="2012-05-08 13:47:14",
        completedDateTime="2012-05-08 14:03:54",
        completed="0",
        description="Task description",
    )
    for name in ("First Task", "Second Task", "Third Task", "Forth Task", "Fifth Task"):
        zurmo.task(
            name,
            description="my test description",
            dueDateTime="2012-05-08 13:44:21",
            completedDateTime="2012-05-08 13:27:41",
        )
    return zurmo


def with_session(case: Exchange, zurmo: Zurmo) -> Headers:
    assert zurmo.session is not None
    given = {"ZURMO_SESSION_ID": zurmo.session[0], "ZURMO_TOKEN": zurmo.session[1]}
    return Headers([(name, given.get(name, value)) for name, value in case.request.headers])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_server(case: Exchange, tmp_path: Path) -> None:
    zurmo = prepared(tmp_path, case)
    request = replace(case.request, headers=with_session(case, zurmo), base_url="http://crm.example")
    answer = zurmo.world.endpoint("zurmo", "shop").send(request)
    assert answer.status == case.response.status
    assert answer.body == case.response.body
    assert zurmo.session is not None
    expected = [
        (name, value.replace("{{session:1}}", zurmo.session[0]))
        for name, value in case.response.headers
        if name not in ("Content-Length", "Connection")
    ]
    assert answer.headers == expected


def linked(operation: Any) -> list[str]:
    """The ids that an operation links with."""
    if isinstance(operation, UpdateAndLink):
        return [str(change.link.target.id) for change in operation.links if isinstance(change, AddLink)]
    return [str(link.target.id) for link in getattr(operation, "links", ())]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_client(case: Exchange) -> None:
    operation = parse_request(case.request)
    assert linked(operation) == [link["record"] for link in case.operation.get("links", ())]
    asked = render_request(operation, ("a" * 32, "b" * 32), script=case.request.path.partition(".php")[0] + ".php")
    assert parse_request(asked) == operation
    result = parse_response(operation, case.response)
    if "records" in case.result:
        assert isinstance(result, Page)
        assert [told(task) for task in result.items] == [meant(record) for record in case.result["records"]]
        assert result.total == case.result["total"]
    elif "record" in case.result:
        assert told(result) == meant(case.result["record"])
    else:
        assert result is None
    assert render_response(operation, result).body == case.response.body


def test_a_plain_read_is_written_as_documented() -> None:
    case = load(FIXTURES, "doc-1003-task-read")
    asked = render_request(Get(Activity, 2), ("{{session:1}}", "{{token:1}}"), script="/index.php")
    assert (asked.method, asked.target, asked.body) == ("GET", case.request.target, b"")
    assert sorted(asked.headers.pairs) == sorted(pair for pair in case.request.headers if pair[0] != "Host")


# -- operations to requests and back ------------------------------------------------------------------------

DUE = instant(2015, 3, 2, 9, 0, 0)
OPERATIONS: list[Any] = [
    OpenSession("super", "s3cret"),
    CloseSession(),
    Delete(Activity, 7),
    Get(Party, 7, ("points",)),
    Create(Activity, {"type": "task", "title": "Call", "body": "about\nprices", "due_at": DUE}),
    Create(Activity, {"type": "task", "title": "Café & co", "owner_id": 3}, (NewLink(Ref("opportunity", 4)),)),
    Create(Activity, {"type": "note", "title": "first", "body": "rest", "start_at": DUE}),
    Create(Activity, {"type": "meeting", "title": "Demo", "start_at": DUE, "category": "Call"}),
    Create(Party, {"type": "person", "last_name": "Lund", "stage": "lead", "stage_word": "Dead"}),
    Create(
        Party,
        {"type": "organisation", "name": "Acme", "employees": 12, "industry": "Retail"},
        points=(
            ContactPoint("phone", "123", "work"),
            ContactPoint("address", label="billing", city="Leeds"),
            ContactPoint("email", "a@b.example"),
        ),
    ),
    Create(
        Opportunity,
        {
            "expected_close": "2015-12-31",
            "title": "Deal",
            "amount": 1_500_500_000,
            "currency": "USD",
            "stage": "Verbal",
            "probability": 75,
            "state": "open",
        },
    ),
    Update(Activity, 5, {"title": "New"}),
    Update(Activity, 5, {"body": ""}),
    Update(Activity, 5, {"state": "completed"}),
    AddLink(Ref("activity", 5), NewLink(Ref("party", 4))),
    DropLink(Ref("activity", 5), Ref("opportunity", 4), ""),
    AddLink(Ref("opportunity", 5), NewLink(Ref("party", 4))),
    Create(
        Opportunity,
        {
            "expected_close": "2015-12-31",
            "title": "Deal",
            "amount": 5_000_000,
            "currency": "USD",
            "stage": "Verbal",
            "probability": 75,
            "state": "open",
        },
        (NewLink(Ref("party", 4)),),
    ),
    UpdateAndLink(
        Update(Activity, 5, {"state": "completed"}),
        (
            AddLink(Ref("activity", 5), NewLink(Ref("party", 4))),
            DropLink(Ref("activity", 5), Ref("opportunity", 7), ""),
        ),
    ),
    Find(Activity, Query(eq("type", "task"), (Sort("title"),), Window(10, 10)), total=True),
    Find(
        Activity,
        Query(all_of(eq("type", "task"), contains("title", "bills")), (Sort("id"),), Window(0, 10)),
        total=True,
    ),
    Find(
        Activity,
        Query(
            all_of(
                eq("type", "task"),
                any_of(eq("owner_id", 4), Not(Compare("due_at", Op.NULL))),
                Has("owner", eq("username", "dana")),
            ),
            (Sort("title", True), Sort("id")),
            Window(0, 25),
        ),
        total=True,
    ),
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=repr)
def test_operations_come_back(operation: Any) -> None:
    assert parse_request(render_request(operation, ("s" * 32, "t" * 32))) == operation


def test_the_slots_are_these() -> None:
    assert DIALECT.parse_request is parse_request
    assert DIALECT.render_request is render_request
    assert DIALECT.parse_response is parse_response
    assert DIALECT.render_response is render_response


def test_a_migrated_record_keeps_its_times_and_makers() -> None:
    created = instant(2010, 1, 1)
    operation = Create(Activity, {"type": "task", "title": "Old", "created_at": created, "creator_id": 9})
    asked = parse_request(render_request(operation, None))
    assert asked.values["created_at"] == created
    assert asked.values["creator_id"] == 9


def test_what_zurmo_cannot_say_is_reported() -> None:
    losses = LossReport()
    values = {"type": "task", "title": "x" * 65, "priority": 3}
    links = (NewLink(Ref("case", 1)), NewLink(Ref("party", 2), "buyer"))
    render_request(Create(Activity, values, links, tags=("hot",)), None, losses=losses)
    assert losses.summary() == {
        "activity.links:no_relation": 2,
        "activity.priority:no_attribute": 1,
        "activity.tags:no_attribute": 1,
        "activity.title:shortened": 1,
    }


def test_an_account_is_named_as_one() -> None:
    target = Ref("party", 5)
    operation = Create(Activity, {"type": "task", "title": "x"}, (NewLink(target),))
    asked = render_request(operation, None, classes={target: "Account"})
    assert b"modelClassName%5D=Account" in asked.body


def test_a_meeting_is_attended() -> None:
    attends = AddLink(Ref("activity", 5), NewLink(Ref("user", 2), "attendee"))
    request = render_request(attends, None, module=MEETINGS)
    assert request.target == "/app/index.php/meetings/meeting/api/update/5"
    assert parse_request(request) == attends


@pytest.mark.parametrize(
    ("path", "relation", "error"),
    [
        # These are fields of the other record.
        (
            "accounts/account",
            {"contacts": [{"action": "add", "modelId": "4", "modelClassName": "Contact"}]},
            Unsupported,
        ),
        (
            "contacts/contact",
            {"opportunities": [{"action": "add", "modelId": "4", "modelClassName": "Opportunity"}]},
            Unsupported,
        ),
        ("tasks/task", {"owner": [{"action": "add", "modelId": "4", "modelClassName": "User"}]}, Failure),
        ("tasks/task", {"activityItems": [{"action": "move", "modelId": "4", "modelClassName": "Contact"}]}, Failure),
        ("tasks/task", {"activityItems": [{"action": "add", "modelId": "4", "modelClassName": "User"}]}, Failure),
    ],
)
def test_relations_that_are_no_links(path: str, relation: Any, error: type[Exception]) -> None:
    body = build_query(
        {"data": {"name": "x", "lastName": "x", "state": {"id": "5"}, "modelRelations": relation}}
    ).encode()
    for method, action in (("POST", "create/"), ("PUT", "update/5")):
        headers = Headers([("Content-Type", "application/x-www-form-urlencoded")])
        with pytest.raises(error):
            parse_request(WireRequest(method, f"/index.php/{path}/api/{action}", headers=headers, body=body))


def test_the_answer_to_a_changed_link_is_the_record() -> None:
    case = load(FIXTURES, "doc-1002-task-update-completed")
    for operation in (
        parse_request(case.request),
        AddLink(Ref("activity", 1), NewLink(Ref("party", 4))),
        DropLink(Ref("activity", 1), Ref("party", 4), ""),
    ):
        assert parse_response(operation, case.response).title == "Check bills"
        assert render_response(operation, parse_response(operation, case.response)).body == case.response.body
        with pytest.raises(NotFound, match="activity 1"):
            parse_response(operation, failed("The ID specified was invalid."))


@pytest.mark.parametrize(
    "operation",
    [
        NewLink(Ref("party", 1)),
        AddLink(Ref("activity", 1), NewLink(Ref("case", 1))),
        AddLink(Ref("activity", 1), NewLink(Ref("party", 1), "buyer")),
        AddLink(Ref("party", 1), NewLink(Ref("opportunity", 1))),
        Find(Activity, Query(all_of(eq("type", "task"), eq("priority", 1)))),
        Find(Activity, Query(all_of(eq("type", "task"), Compare("title", Op.LIKE, "a%b")))),
    ],
    ids=repr,
)
def test_what_no_call_can_ask(operation: Any) -> None:
    with pytest.raises(Unsupported):
        render_request(operation, None)


def answer(body: dict[str, Any] | bytes, status: int = 200) -> WireResponse:
    return WireResponse(status, [], body if isinstance(body, bytes) else orjson.dumps(body))


def failed(message: str, errors: Any = None) -> WireResponse:
    return answer({"status": "FAILURE", "data": None, "message": message, "errors": errors})


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (failed("Sign in required."), Unauthenticated),
        (failed("Invalid username or password."), Unauthenticated),
        (failed("The ID specified was invalid."), NotFound),
        (failed("You do not have rights to perform this action."), Denied),
        (failed("You do not have permissions for this action."), Denied),
        (failed("Model was not created.", {"name": ["Name cannot be blank."]}), Invalid),
        (failed("Something else."), Failure),
        (answer(b"<html>", 500), Unavailable),
        (answer(b"not json"), Unavailable),
        (answer(b"[]"), Unavailable),
        (answer({"status": "SUCCESS", "data": None}), Unavailable),
    ],
)
def test_failures_of_a_server(response: WireResponse, error: type[Exception]) -> None:
    with pytest.raises(error):
        parse_response(Get(Activity, 1), response)


def test_a_zero_date_of_a_server_is_no_date() -> None:
    data = {"id": 5, "name": "x", "dueDateTime": "0000-00-00 00:00:00", "description": "", "completed": "0"}
    task = parse_response(Get(Activity, 5), answer({"status": "SUCCESS", "data": data}))
    assert (task.id, task.title, task.due_at, task.body) == (5, "x", None, "")


def test_a_contact_of_a_server() -> None:
    case = load(FIXTURES, "023-contact-create")
    person = parse_response(parse_request(case.request, V3), case.response, profile=V3)
    assert (person.first_name, person.last_name, person.salutation) == ("Ana", "Silva", "Dr.")
    assert (person.stage, person.stage_word, person.organisation_id) == ("contact", "Qualified", 1)
    assert [(point.kind, point.value) for point in person.points] == [("email", "ana@shop.example")]


def test_a_user_of_a_server() -> None:
    case = load(FIXTURES, "048-user-create")
    user = parse_response(parse_request(case.request, V3), case.response, profile=V3)
    assert isinstance(user, User)
    assert (user.username, user.email, user.time_zone) == ("dana", "dana@shop.example", "America/Chicago")
