"""Capsule's client side beyond what every dialect is held to: its words, its errors, what it keeps."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.client import Credentials, Session, UnexpectedAnswer
from adapter.losses import Loss, LossReport
from adapter.wire import WireRequest, WireResponse
from canonical.errors import Denied, Invalid, NotFound, Unavailable, Unsupported
from canonical.model import Activity, Case, ContactPoint, CustomValue, Opportunity, Party
from canonical.operations import Create, Find, NewLink, Update
from canonical.query import Has, Query, Window, all_of, contains, eq
from canonical.values import Ref, instant
from dialects.capsule import query
from dialects.capsule.client import CLIENT, ask, hear

SESSION = Session("https://acme.capsulecrm.com", Credentials(token="0123abcd"))
AT = instant(2014, 6, 1, 8)


def answer(status: int, body: bytes = b"", content_type: str = "application/json") -> WireResponse:
    return WireResponse(status, [("Content-Type", content_type)], body)


def conversed(operation: Any, *answers: WireResponse) -> tuple[list[WireRequest], Any, LossReport]:
    """The requests of an operation's conversation, its result, and what was lost."""
    losses, requests = LossReport(), []
    conversation = CLIENT.perform(operation, SESSION, losses)
    left = list(answers)
    try:
        requests.append(next(conversation))
        while True:
            requests.append(conversation.send(left.pop(0)))
    except StopIteration as done:
        return requests, done.value, losses


def test_requests_are_signed_with_the_token() -> None:
    request = CLIENT.sign(ask.reading("/api/task/3"), SESSION)
    assert request.headers.get("Authorization") == "Basic MDEyM2FiY2Q6eA=="
    assert (request.host, request.base_url) == ("acme.capsulecrm.com", "https://acme.capsulecrm.com")


@pytest.mark.parametrize(
    ("url", "home"),
    [
        ("https://acme.capsulecrm.com", "https://acme.capsulecrm.com"),
        ("https://acme.capsulecrm.com/", "https://acme.capsulecrm.com"),
        ("http://host/capsule", "http://host/capsule"),
        ("http://host/capsule/api", "http://host/capsule"),
    ],
)
def test_address_with_or_without_api(url: str, home: str) -> None:
    assert CLIENT.home(url) == home


def test_person_with_all_that_hangs_on_it_takes_a_call_each() -> None:
    operation = Create(
        Party,
        {"type": "person", "first_name": "Ada", "department": "Works"},
        (NewLink(Ref("party", 3)),),
        (ContactPoint("email", "a@b.example", "work"),),
        ("key account",),
        (CustomValue("Size", "5"),),
    )
    created = WireResponse(201, [("Location", "https://acme.capsulecrm.com/api/party/1042")])
    definitions = (
        b'{"customFieldDefinitions":{"@size":"1","customFieldDefinition":{"id":"1","label":"Size","type":"Number"}}}'
    )
    requests, made, losses = conversed(operation, created, answer(201), answer(200, definitions), answer(200))
    assert [(request.method, request.path) for request in requests] == [
        ("POST", "/api/person"),
        ("POST", "/api/party/1042/tag/key%20account"),
        ("GET", "/api/party/customfield/definitions"),
        ("PUT", "/api/party/1042/customfields"),
    ]
    assert b"<number>5</number>" in requests[-1].body
    assert made.id == 1042
    assert losses.counts() == {
        Loss("person", "department", "not_said"): 1,
        Loss("person", "links", "not_said"): 1,
    }


def test_task_goes_below_what_it_is_about_and_the_other_links_are_a_loss() -> None:
    values = {"type": "task", "title": "x", "due_at": AT, "due_date_only": False, "priority": 1, "location": None}
    links = (NewLink(Ref("user", 2), "assignee"), NewLink(Ref("party", 3)), NewLink(Ref("case", 4)))
    created = WireResponse(201, [("Location", "/api/task/9")])
    requests, _, losses = conversed(Create(Activity, values, links), created)
    assert requests[0].path == "/api/party/3/task"
    assert requests[0].body == (
        b'<?xml version="1.0" encoding="UTF-8"?><task><description>x</description>'
        b"<dueDateTime>2014-06-01T08:00:00Z</dueDateTime></task>"
    )
    assert losses.counts() == {Loss("task", "priority", "not_said"): 1, Loss("task", "links", "only_first_said"): 2}


@pytest.mark.parametrize(
    "operation",
    [
        Create(Opportunity, {"title": "x"}),
        Create(Activity, {"type": "note", "title": "x"}),
        Find(Activity, Query(eq("type", "task"))),
        Find(Activity, Query(all_of(query.TASK_STATUS["OPEN"], eq("type", "task"), eq("priority", 1)))),
        Find(Activity, Query(query.history())),
        Find(Party, Query(contains("about", "x"))),
        "no operation",
    ],
)
def test_what_capsule_has_no_call_for(operation: object) -> None:
    with pytest.raises(Unsupported, match="capsule"):
        conversed(operation)


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        (
            Find(Activity, Query(all_of(eq("type", "task"), query.TASK_STATUS["OPEN"], eq("category", "Call")))),
            "/api/tasks?status=OPEN&category=Call",
        ),
        (
            Find(Activity, Query(query.history(Ref("case", 7)), window=Window(5, 5))),
            "/api/kase/7/history?start=5&limit=5",
        ),
        (
            Find(Party, Query(all_of(Has("tags", eq("name", "hot")), eq("type", "person")))),
            "/api/person?tag=hot",
        ),
        (Find(Case, Query(query.STATUS["closed"])), "/api/kase?status=closed"),
    ],
)
def test_queries_that_capsule_has_parameters_for(wanted: Find[Any], target: str) -> None:
    assert ask.find(wanted).target == target


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (Update(Activity, 3, {"state": "completed"}), [("POST", "/api/task/3/complete")]),
        (Update(Activity, 3, {"state": "open"}), [("POST", "/api/task/3/reopen")]),
        (Update(Activity, 3, {"title": "x", "state": "completed"}), [("PUT", "/api/task/3")]),
        (Update(Activity, 3, {"type": "note", "title": "a"}), [("PUT", "/api/history/3")]),
        (Update(Party, 3, {"type": "organisation", "name": "x"}), [("PUT", "/api/organisation/3")]),
        (
            Update(Party, 3, drop_points=(4, 5)),
            [("DELETE", "/api/party/3/contact/4"), ("DELETE", "/api/party/3/contact/5")],
        ),
        (Update(Case, 3, {"party_id": 4}), [("PUT", "/api/party/4/kase/3")]),
        (Update(Opportunity, 3, drop_custom=(("", "B"),)), [("PUT", "/api/opportunity/3/customfields")]),
    ],
)
def test_updates(operation: Update[Any], expected: list[tuple[str, str]]) -> None:
    assert [(request.method, request.path) for request in ask.updates(operation)] == expected


@pytest.mark.parametrize(
    ("status", "body", "error", "text"),
    [
        (400, b'{"message":"owner is unknown"}', Invalid, "owner: refused"),
        (400, b"<response><message>name is required</message></response>", Invalid, "name: refused"),
        (400, b"no sense", Invalid, r"\?: refused"),
        (403, b'{"message":"forbidden"}', Denied, "forbidden"),
        (404, b"", NotFound, "task read"),
        (503, b"", Unavailable, "status 503"),
        (418, b"", UnexpectedAnswer, "task read: status 418"),
        (200, b"<html>", UnexpectedAnswer, "no task"),
        (200, b'{"person":{}}', UnexpectedAnswer, "no task"),
        (200, b'{"task":{"description":"x"}}', UnexpectedAnswer, "/task/id: missing"),
        (200, b'{"task":{"id":"x"}}', UnexpectedAnswer, "/task/id: not such a value"),
        (200, b'{"task":{"id":"3","status":"HALF"}}', UnexpectedAnswer, "/task/status: not such a value"),
    ],
)
def test_answers_that_are_none(status: int, body: bytes, error: type[Exception], text: str) -> None:
    kind = "application/xml" if body.startswith(b"<") else "application/json"
    with pytest.raises(error, match=text):
        hear.one("task read", answer(status, body, kind), ("task",), LossReport())


def test_elements_that_nobody_knows_are_kept_and_counted() -> None:
    body = (
        b'{"tasks":{"@size":"1","task":{"id":"3","description":"x","status":"OPEN",'
        b'"dueDate":"2014-06-01T00:00:00Z","mood":"good","team":{"id":"7","name":"Sales"}}}}'
    )
    losses = LossReport()
    (task,) = hear.many("task list", answer(200, body), ("task",), losses)
    assert task.extras["capsule"] == {"mood": "good", "team": {"id": "7", "name": "Sales"}}
    assert losses.counts() == {Loss("task", "mood", "unknown_element"): 1, Loss("task", "team", "unknown_element"): 1}


@pytest.mark.parametrize("content_type", ["*/*", "", "application/xml;charset=UTF-8"])
def test_answers_of_a_server_that_calls_them_anything(content_type: str) -> None:
    """In 2011 Capsule's own server sent ``Content-Type: */*`` to whoever asked for that."""
    body = b"<user><id>2</id></user>"
    response = answer(200, b'<users size="1">' + body + b"</users>", content_type)
    assert [user.id for user in hear.many("user list", response, ("user",), LossReport())] == [2]
