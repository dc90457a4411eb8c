"""Capsule's four directions beyond the documented examples: every call that is an operation, there and back."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from adapter.losses import Loss, LossReport
from adapter.routes import RouteNotFound
from adapter.wire import Headers, WireRequest, WireResponse
from canonical.errors import Denied, Invalid, NotFound, Unavailable, Unsupported
from canonical.model import Activity, Case, ContactPoint, CustomValue, Link, Opportunity, Party, Record, Tag, User
from canonical.operations import AddLink, AddTag, Create, Delete, DropLink, DropTag, Find, Get, NewLink, Page, Update
from canonical.query import Query, Window, all_of, contains, eq
from canonical.values import Ref, instant
from dialects.capsule import query
from dialects.capsule.codec import parse_request, parse_response, render_request, render_response

BASE = "https://acme.capsulecrm.com"
AT = instant(2014, 6, 1, 8)


def request(method: str, target: str, body: dict[str, Any] | None = None) -> WireRequest:
    path, _, parameters = target.partition("?")
    headers = [] if body is None else [("Content-Type", "application/json")]
    return WireRequest(method, path, parameters, Headers(headers), b"" if body is None else orjson.dumps(body))


READS = [
    "/api/tasks?status=OPEN",
    "/api/tasks?status=COMPLETED&category=Call&user=mia&start=2&limit=5",
    "/api/party/7/tasks?status=OPEN",
    "/api/opportunity/7/tasks?status=OPEN&limit=5",
    "/api/kase/7/tasks?status=OPEN",
    "/api/party/7/history",
    "/api/kase/7/history?start=5&limit=5",
    "/api/history/88",
    "/api/task/311",
    "/api/party/7",
    "/api/party/7?embed=tags",
    "/api/party?tag=hot&lastmodified=20140603T093045",
    "/api/party?email=a%40b.example",
    "/api/person?tag=hot",
    "/api/organisation?limit=5",
    "/api/party/7/people",
    "/api/opportunity?status=open",
    "/api/opportunity?status=closed&tag=hot",
    "/api/party/7/opportunity",
    "/api/opportunity/7",
    "/api/kase?status=closed&lastmodified=20140603T093045",
    "/api/party/7/kase?status=open",
    "/api/kase/7",
    "/api/party/7/tag",
    "/api/kase/7/customfields",
    "/api/users",
]


@pytest.mark.parametrize("target", READS)
def test_reads_there_and_back(target: str) -> None:
    written = render_request(parse_request(request("GET", target)), "token-1", base_url=BASE)
    expected = request("GET", target)
    assert (written.method, written.path) == ("GET", expected.path)
    given = [(name, value) for name, value in query.parameters(written).items() if value != "100000"]
    assert sorted(given) == sorted(query.parameters(expected).items())


WRITES: list[tuple[str, str, dict[str, Any] | None, object]] = [
    ("DELETE", "/api/task/3", None, Delete(Activity, 3)),
    ("DELETE", "/api/party/3", None, Delete(Party, 3, cascade=True)),
    ("DELETE", "/api/opportunity/3", None, Delete(Opportunity, 3)),
    ("DELETE", "/api/kase/3", None, Delete(Case, 3)),
    ("POST", "/api/task/3/complete", None, Update(Activity, 3, {"state": "completed"})),
    ("POST", "/api/task/3/reopen", None, Update(Activity, 3, {"state": "open"})),
    ("POST", "/api/kase/3/tag/a%2Fb%20c", None, AddTag(Ref("case", 3), "a/b c")),
    ("DELETE", "/api/party/3/tag/caf%C3%A9", None, DropTag(Ref("party", 3), "café")),
    ("POST", "/api/kase/3/party/4", None, AddLink(Ref("case", 3), NewLink(Ref("party", 4)))),
    ("DELETE", "/api/opportunity/3/party/4", None, DropLink(Ref("opportunity", 3), Ref("party", 4))),
    ("DELETE", "/api/party/3/contact/4", None, Update(Party, 3, drop_points=(4,))),
    (
        "PUT",
        "/api/task/3",
        {"task": {"description": "x", "detail": "", "owner": "mia", "status": "COMPLETED"}},
        Update(Activity, 3, {"title": "x", "body": None, "owner_username": "mia", "state": "completed"}),
    ),
    (
        "POST",
        "/api/kase/3/history",
        {"historyItem": {"note": "a\nb", "entryDate": "2014-06-01T08:00:00Z", "creator": "mia"}},
        Create(
            Activity,
            {"type": "note", "title": "a", "body": "b", "start_at": AT, "creator_username": "mia"},
            (NewLink(Ref("case", 3)),),
        ),
    ),
    (
        "PUT",
        "/api/organisation/3",
        {"organisation": {"name": "Fjord AS", "contacts": {"phone": {"type": "Work", "phoneNumber": "1"}}}},
        Update(Party, 3, {"type": "organisation", "name": "Fjord AS"}, points=(ContactPoint("phone", "1", "work"),)),
    ),
    (
        "PUT",
        "/api/person/3",
        {"person": {"about": "", "organisationName": ""}},
        Update(Party, 3, {"type": "person", "about": None, "organisation_name": None}),
    ),
    (
        "POST",
        "/api/person",
        {"person": {"firstName": "Ole", "organisationId": 7, "organisationName": "Fjord AS"}},
        Create(Party, {"type": "person", "first_name": "Ole", "organisation_id": 7}),
    ),
    (
        "PUT",
        "/api/person/3",
        {"person": {"organisationId": ""}},
        Update(Party, 3, {"type": "person", "organisation_name": None}),
    ),
    (
        "PUT",
        "/api/organisation/3",
        {"organisation": {"about": "x"}},
        Update(Party, 3, {"type": "organisation", "about": "x"}),
    ),
    (
        "PUT",
        "/api/history/3",
        {"historyItem": {"note": "a\nb", "entryDate": "2014-06-01T08:00:00Z", "creator": "mia"}},
        Update(Activity, 3, {"type": "note", "title": "a", "body": "b", "start_at": AT, "creator_username": "mia"}),
    ),
    (
        "PUT",
        "/api/history/3",
        {"historyItem": {"entryDate": "2014-06-01T08:00:00Z"}},
        Update(Activity, 3, {"type": "note", "start_at": AT}),
    ),
    (
        "POST",
        "/api/party/3/opportunity",
        {
            "opportunity": {
                "name": "Deal",
                "milestone": "Bid",
                "value": "5.00",
                "durationBasis": "MONTH",
                "duration": 2,
                "expectedCloseDate": "2014-09-01",
                "probability": 50,
                "currency": "EUR",
            }
        },
        Create(
            Opportunity,
            {
                "title": "Deal",
                "currency": "EUR",
                "amount": 5_000_000,
                "duration_basis": "month",
                "duration": 2,
                "expected_close": "2014-09-01",
                "probability": 50,
                "stage": "Bid",
                "party_id": 3,
            },
        ),
    ),
    ("PUT", "/api/opportunity/3", {"opportunity": {"value": ""}}, Update(Opportunity, 3, {"amount": None})),
    (
        "PUT",
        "/api/kase/3",
        {"kase": {"status": "CLOSED", "name": "x", "closeDate": "2014-06-01", "owner": "mia"}},
        Update(Case, 3, {"title": "x", "owner_username": "mia", "state": "closed", "closed_on": "2014-06-01"}),
    ),
    (
        "PUT",
        "/api/party/4/kase/3",
        {"kase": {"status": "CLOSED"}},
        Update(Case, 3, {"state": "closed", "party_id": 4}),
    ),
    (
        "PUT",
        "/api/party/3/customfields",
        {"customFields": {"customField": [{"tag": "t", "label": "A", "text": "x"}, {"label": "B"}]}},
        Update(Party, 3, custom=(CustomValue("A", "x", "t"),), drop_custom=(("", "B"),)),
    ),
    (
        "PUT",
        "/api/party/3/customfields",
        {"customFields": {"customField": {"label": "A", "date": "2014-06-01"}}},
        Update(Party, 3, custom=(CustomValue("A", "2014-06-01"),)),
    ),
]


@pytest.mark.parametrize(("method", "target", "body", "operation"), WRITES)
def test_writes_there_and_back(method: str, target: str, body: dict[str, Any] | None, operation: object) -> None:
    assert parse_request(request(method, target, body)) == operation
    losses = LossReport()
    written = render_request(operation, "token-1", base_url=BASE, losses=losses)
    assert (written.method, written.path) == (method, target)
    assert parse_request(written) == operation
    assert not losses


@pytest.mark.parametrize("operation", ["history.delete", "milestone.list", "country.list", "deleted.list"])
def test_calls_that_are_no_operation(operation: str) -> None:
    targets = {
        "history.delete": ("DELETE", "/api/history/3"),
        "milestone.list": ("GET", "/api/opportunity/milestones"),
        "country.list": ("GET", "/api/countries"),
        "deleted.list": ("GET", "/api/party/deleted"),
    }
    with pytest.raises(Unsupported, match=operation):
        parse_request(request(*targets[operation]))


def test_paths_that_are_none() -> None:
    with pytest.raises(RouteNotFound):
        parse_request(request("GET", "/api/task/x"))
    with pytest.raises(NotFound):
        parse_request(request("GET", f"/api/task/{'9' * 30}"))


@pytest.mark.parametrize(
    "operation",
    [
        Find(Activity, Query(eq("type", "task"))),
        Find(Activity, Query(all_of(query.TASK_STATUS["OPEN"], eq("type", "task"), eq("priority", 1)))),
        Find(Activity, Query(query.history())),
        Find(Party, Query(contains("about", "x"))),
        Get(User, 3),
        Create(Opportunity, {"title": "x"}),
        Create(Activity, {"type": "note", "title": "x"}),
        "no operation",
    ],
)
def test_what_capsule_has_no_call_for(operation: object) -> None:
    with pytest.raises(Unsupported):
        render_request(operation, "token-1")


def test_what_has_no_element_is_a_loss() -> None:
    losses = LossReport()
    links = (NewLink(Ref("party", 3)), NewLink(Ref("case", 4)))
    operation = Create(
        Activity,
        {
            "type": "task",
            "title": "x",
            "due_at": instant(2014, 6, 1),
            "due_date_only": True,
            "priority": 1,
            "location": None,
        },
        links,
        tags=("a",),
    )
    written = render_request(operation, "token-1", losses=losses)
    assert written.path == "/api/party/3/task"
    assert written.body == (
        b'<?xml version="1.0" encoding="UTF-8"?><task><description>x</description>'
        b"<dueDate>2014-06-01T00:00:00Z</dueDate></task>"
    )
    assert losses.counts() == {
        Loss("activity", "priority", "no_element"): 1,
        Loss("activity", "tags", "another_call"): 1,
        Loss("activity", "links", "only_first_shown"): 1,
    }


def answer(status: int, body: bytes = b"", content_type: str = "application/json") -> WireResponse:
    return WireResponse(status, [("Content-Type", content_type)], body)


@pytest.mark.parametrize(
    ("status", "body", "error", "text"),
    [
        (400, b'{"message":"owner is unknown"}', Invalid, "owner: refused"),
        (400, b"<response><message>name is required</message></response>", Invalid, "name: refused"),
        (400, b"no sense", Invalid, r"\?: refused"),
        (403, b'{"message":"forbidden"}', Denied, "forbidden"),
        (404, b"", NotFound, "activity 3 not found"),
        (503, b"", Unavailable, "status 503"),
        (200, b"<html>", Unavailable, "no sense"),
        (200, b'{"person":{}}', Unavailable, "no sense"),
        (200, b'{"task":{"id":"x"}}', Unavailable, "no sense"),
        (200, b'{"task":{"status":"HALF"}}', Unavailable, "no sense"),
    ],
)
def test_errors_of_a_server(status: int, body: bytes, error: type[Exception], text: str) -> None:
    kind = "application/xml" if body.startswith(b"<") else "application/json"
    with pytest.raises(error, match=text):
        parse_response(Get(Activity, 3, ("links",)), answer(status, body, kind))


def party() -> Party:
    made = Party(id=7, type="person", name="Zoë Lund", first_name="Zoë", last_name="Lund", about="a & b")
    made.created_at = made.updated_at = AT
    made.points = [
        ContactPoint("address", label="office", id=1, street="1 High St", city="Leeds", country="Norway"),
        ContactPoint("email", "zoe@x.example", "work", 2, position=1),
        ContactPoint("website", "zoe", None, 3, "twitter", position=2),
    ]
    return made


def records() -> list[Record]:
    organisation = Party(id=8, type="organisation", name="Fjord AS", created_at=AT, updated_at=AT, points=[])
    task = Activity(id=3, title="x", body="y", category="Call", due_at=AT, due_date_only=False, owner_username="mia")
    task.created_at = task.updated_at = AT
    task.links = [Link(0, Ref("activity", 3), Ref("case", 4), target_name="Matter")]
    done = Activity(id=4, title="z", state="completed", completed_at=AT, owner_username="mia", links=[])
    done.created_at = done.updated_at = AT
    opportunity = Opportunity(id=5, title="Deal", party_id=7, amount=5_000_000, stage="Won", probability=100)
    opportunity.state, opportunity.closed_on, opportunity.owner_username = "won", "2014-06-01", "mia"
    opportunity.created_at = opportunity.updated_at = AT
    kase = Case(id=6, title="Matter", party_id=7, state="closed", closed_on="2014-06-01", owner_username="mia")
    kase.created_at = kase.updated_at = AT
    return [party(), organisation, task, done, opportunity, kase]


@pytest.mark.parametrize("accept", ["application/xml", "application/json"])
@pytest.mark.parametrize("record", records(), ids=lambda record: f"{record.KIND}{record.id}")
def test_records_there_and_back(record: Record, accept: str) -> None:
    operation = Get(type(record), record.id, ("points",) if isinstance(record, Party) else ("links",))
    written = render_response(operation, record, accept=accept, base_url=BASE)
    assert parse_response(operation, written) == record


@pytest.mark.parametrize("accept", ["application/xml", "application/json"])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_pages_there_and_back(accept: str, count: int) -> None:
    found: list[Any] = records()[2:4][:count]
    operation = Find(Activity, Query(all_of(eq("type", "task"), query.TASK_STATUS["OPEN"]), window=Window(0, 5)))
    written = render_response(operation, Page(found), accept=accept, base_url=BASE)
    assert parse_response(operation, written) == Page(found)


@pytest.mark.parametrize("accept", ["application/xml", "application/json"])
def test_answers_of_a_server_that_calls_them_anything(accept: str) -> None:
    """In 2011 Capsule's own server sent ``Content-Type: */*`` to whoever asked for that."""
    operation = Get(Party, 7, ("points",))
    written = render_response(operation, party(), accept=accept, base_url=BASE)
    for content_type in ("*/*", ""):
        written.headers = [("Content-Type", content_type)]
        assert parse_response(operation, written) == party()


def test_additional_party_there_and_back() -> None:
    operation = AddLink(Ref("case", 3), NewLink(Ref("party", 4)))
    written = render_response(operation, Link(1, Ref("case", 3), Ref("party", 4)), base_url=BASE)
    assert (written.status, written.headers[0]) == (201, ("Location", f"{BASE}/api/kase/3/party/4"))
    assert parse_response(operation, written) == operation.link
    assert render_response(operation, None, base_url=BASE).status == 200


def test_notes_there_and_back() -> None:
    note = Activity(id=9, type="note", title="a", body="b", start_at=AT, creator_username="mia")
    note.links = [Link(0, Ref("activity", 9), Ref("party", 7), target_name="Zoë Lund")]
    for where in (query.history(Ref("party", 7)), all_of(query.history(), eq("id", 9))):
        operation = Find(Activity, Query(where))
        assert parse_response(operation, render_response(operation, Page([note]))) == Page([note])


def test_users_tags_and_custom_values_there_and_back() -> None:
    user = User(id=2, username="mia", first_name="Mia", last_name="Berg", currency="EUR", time_zone="UTC", person_id=7)
    assert parse_response(Find(User), render_response(Find(User), Page([user]))) == Page([user])
    tagged = Party(id=7)
    tagged.tags = [Tag(1, "a"), Tag(2, "b")]
    operation = Get(Party, 7, ("tags",))
    assert parse_response(operation, render_response(operation, tagged)).tags == tagged.tags
    tagged.custom = [CustomValue("Region", "North"), CustomValue("Size", "5", "Customer")]
    operation = Get(Party, 7, ("custom",))
    assert parse_response(operation, render_response(operation, tagged)).custom == tagged.custom
