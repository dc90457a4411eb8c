"""The example exchanges as a server and in the client's direction; round trips of the four directions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapter.contract import Exchange, judge, load_deviations, load_session, replay
from adapter.formats import Malformed
from adapter.wire import WireRequest, WireResponse
from canonical.errors import Denied, Duplicate, Invalid, NotFound, Unauthenticated, Unavailable, Unsupported
from canonical.model import Activity, ContactPoint, Link, Party, Tag
from canonical.operations import Create, Delete, Find, Get, NewLink, Page, Update
from canonical.query import Compare, Op, Query, Sort, Window, all_of, eq, one_of
from canonical.values import SECOND, Ref
from dialects.affinitylive import DIALECT
from dialects.affinitylive.codec.directions import parse_request, parse_response, render_request, render_response
from dialects.affinitylive.fields.activity import NOT_TASKS
from tests.dialects.affinitylive_client import Client
from tests.support.world import World

ROOT = Path(__file__).resolve().parents[2] / "fixtures" / "affinitylive"
SESSION = load_session(ROOT)
ACTIVITIES = [case for case in SESSION if case.operation["do"] not in ("sign_in", "count")]
ERRORS = {"not_found": NotFound, "unauthenticated": Unauthenticated}


def name(case: Exchange) -> str:
    return case.name


def prepared(folder: Path) -> World:
    """A world in which the next ids are those of the examples."""
    world = World(folder)

    def next_ids(**ids: int) -> None:
        for kind, id in ids.items():
            world.store.write(0, lambda unit, kind=kind, id=id: unit.raise_value(kind, id - 1))

    next_ids(user=15)
    world.add_user("zoe", first_name="Zoë", last_name="Ng", email="zoe@acme.test")
    next_ids(party=14)
    # raise_value uses one number up where the counter was lower.
    acme = world.write(lambda desk: desk.create(Create(Party, {"type": "organisation", "name": "Acme"})))
    assert acme.id == 14
    next_ids(party=22)
    person = {"first_name": "Kai", "last_name": "Ito"}
    kai = world.write(lambda desk: desk.create(Create(Party, person, points=(ContactPoint("email", "kai@x.test"),))))
    assert kai.id == 22
    next_ids(activity=7)
    zoe = world.principal("zoe-token").user_id
    assert zoe == 15
    made = world.write(
        lambda desk: desk.create(Create(Activity, {"type": "meeting", "title": "Kick-off", "owner_id": zoe}))
    )
    assert made.id == 7
    next_ids(activity=9, link=31)
    links = (NewLink(Ref("party", 22), "from", 1_340_044_186 * SECOND),)
    mail = world.write(
        lambda desk: desk.create(Create(Activity, {"type": "email", "title": "Re: Kick-off"}, links=links), ("links",))
    )
    assert (mail.id, mail.links[0].id) == (9, 31)
    return world


def test_the_examples_as_a_server(tmp_path: Path) -> None:
    with prepared(tmp_path) as world:
        differences = replay(
            SESSION, world.endpoint("affinitylive", "acme"), base_url="http://acme.api.affinitylive.com"
        )
        assert judge([case.name for case in SESSION], differences, load_deviations(ROOT / "deviations.json")) == []


def meant(operation: Any) -> dict[str, Any]:
    """An operation in the words of meaning.json."""
    if isinstance(operation, Find):
        out: dict[str, Any] = {"do": "find", "kind": "activity", "limit": operation.query.window.limit}
        return {**out, "include": ["links"]} if operation.include else out
    if isinstance(operation, Create):
        about = next((list(link.target) for link in operation.links if link.role == ""), None)
        return {"do": "create", "kind": "activity", "values": dict(operation.values), "about": about}
    record = {"kind": "activity", "record": operation.id}
    if isinstance(operation, Update):
        return {"do": "update", **record, "values": dict(operation.values)}
    return {"do": "get" if isinstance(operation, Get) else "delete", **record}


@pytest.mark.parametrize("case", ACTIVITIES, ids=name)
def test_requests_mean_what_is_written(case: Exchange) -> None:
    assert meant(parse_request(case.request)) == case.operation


def told(record: Activity, like: dict[str, Any]) -> dict[str, Any]:
    takers = [[link.role, *link.target] for link in record.links if link.role]
    return {key: takers if key == "participants" else getattr(record, key) for key in like}


@pytest.mark.parametrize("case", ACTIVITIES, ids=name)
def test_answers_mean_what_is_written(case: Exchange) -> None:
    operation = parse_request(case.request)
    result = case.result
    if "error" in result:
        with pytest.raises(ERRORS[result["error"]]):
            parse_response(operation, case.response)
        return
    found = parse_response(operation, case.response)
    if "records" in result:
        assert [told(one, like) for one, like in zip(found.items, result["records"], strict=True)] == result["records"]
    elif "record" in result:
        assert told(found, result["record"]) == result["record"]
    else:
        assert found is None


FULL = Activity(
    id=5,
    created_at=1_400_000_000 * SECOND,
    updated_at=1_400_000_001 * SECOND,
    type="letter",
    title="Zoë <&>",
    body="line\r\nline",
    location="Oslo",
    visibility="confidential",
    owner_id=15,
    start_at=-5 * SECOND,
    end_at=1_400_000_100 * SECOND,
    due_at=1_500_000_000 * SECOND,
    priority=2,
    parent_id=3,
    thread_id=2,
    billable_seconds=60,
    nonbillable_seconds=30,
    extras={
        "affinitylive": {
            "class": "3",
            "task": "8",
            "rate": "4",
            "rate_charged": "80.50",
            "message_id": "<m>",
            "read": "1",
        }
    },
    links=[
        Link(0, Ref("activity", 5), Ref("party", 14), target_type="organisation"),
        Link(31, Ref("activity", 5), Ref("user", 15), "creator", 1, 1_340_044_186 * SECOND),
        Link(32, Ref("activity", 5), Ref("party", 22), "to", 2, 1_340_044_187 * SECOND),
    ],
    tags=[Tag(9, "vip")],
)


def test_what_is_rendered_is_read_back() -> None:
    get = Get(Activity, 5, ("links",))
    assert parse_response(get, render_response(get, FULL)) == FULL
    listed = Find(Activity, include=("links",))
    assert (
        parse_response(
            listed, render_response(listed, Page([FULL, Activity(id=6, title="x", type="note", owner_id=1)]))
        ).items[0]
        == FULL
    )
    # Without interacts the participants are not told.
    plain = Find(Activity)
    assert parse_response(plain, render_response(plain, Page([FULL]))).items == [replace(FULL, links=FULL.links[:1])]
    gone = Delete(Activity, 5)
    assert parse_response(gone, render_response(gone, None)) is None


TWO_SORTS = (Sort("updated_at"), Sort("start_at", False, "created_at"))
SOME_IDS = all_of(NOT_TASKS, one_of("id", (3, 4)), Compare("id", Op.GE, 5))


@pytest.mark.parametrize(
    "operation",
    [
        Get(Activity, 5, ("links",)),
        Delete(Activity, 5, True),
        Find(Activity, Query(NOT_TASKS, (), Window(0, 50)), ("links", "tags")),
        Find(Activity, Query(NOT_TASKS, TWO_SORTS, Window(100, 50)), ("links", "tags")),
        Find(Activity, Query(SOME_IDS, (Sort("id", True),), Window(7, 50)), ("links", "tags")),
        Update(Activity, 5, {"title": "x", "body": "ä&=", "due_at": None, "priority": 3, "visibility": "private"}),
        Create(
            Activity,
            {"type": "email", "title": "x", "visibility": "everyone", "parent_id": 3, "owner_id": 15},
            links=(NewLink(Ref("party", 14)), NewLink(Ref("user", 15), "to"), NewLink(Ref("party", 22), "cc")),
            extras={"affinitylive": {"class": "3", "against_type": "affiliation", "against_id": "14"}},
        ),
        Create(Activity, {"type": "note", "title": "x", "visibility": "private"},
               extras={"affinitylive": {"against_type": "job", "against_id": "998"}}),
    ],
)  # fmt: skip
def test_operations_survive_the_wire(operation: Any) -> None:
    request = render_request(operation, "token-1")
    assert request.headers.get("Authorization") == "Bearer token-1"
    read = parse_request(request)
    if isinstance(operation, Get | Find):
        read = replace(read, include=tuple(sorted({*operation.include})) if read.include else ())
        operation = replace(operation, include=tuple(sorted(operation.include)))
    assert read == operation


def test_what_cannot_be_said_is_refused() -> None:
    for query in (Query(), Query(eq("title", "x"), (), Window(0, 5)), Query(NOT_TASKS, (Sort("body"),), Window(0, 5))):
        with pytest.raises(Unsupported):
            render_request(Find(Activity, query))
    with pytest.raises(Unsupported):
        parse_request(WireRequest("GET", "/api/v0/companies"))


@pytest.mark.parametrize(
    ("code", "status", "operation", "error"),
    [
        (401, "invalid_client", Find(Activity), Unauthenticated),
        (403, "invalid_permission", Find(Activity), Denied),
        (400, "duplicate", Find(Activity), Duplicate),
        (400, "invalid_request", Create(Activity, {}), Invalid),
        (400, "invalid_request", Get(Activity, 1), NotFound),
        (429, "too_many_requests", Find(Activity), Unavailable),
        (500, "server_error", Find(Activity), Unavailable),
        (200, "invalid_request", Delete(Activity, 1), NotFound),
    ],
)
def test_errors_of_a_vendor(code: int, status: str, operation: Any, error: type[Exception]) -> None:
    body = json.dumps({"response": None, "meta": {"status": status, "message": "m"}}).encode()
    with pytest.raises(error):
        parse_response(operation, WireResponse(code, [], body))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>", b"[]", b"{}", b'{"meta":{"status":"ok"},"response":5}',
        b'{"meta":{"status":"ok"},"response":[5]}',
        b'{"meta":{"status":"ok"},"response":[{"id":"1","date_due":"soon"}]}',
    ],
)  # fmt: skip
def test_answers_that_are_none(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse_response(Find(Activity), WireResponse(200, [], body))


def test_the_client_side_against_our_own_server(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        endpoint = world.endpoint("affinitylive")
        new = Create(
            Activity, {"type": "call", "title": "Call Kai", "body": "b", "priority": 4, "visibility": "everyone"}
        )
        made = parse_response(new, endpoint.send(render_request(new, "ann-token")))
        assert (made.title, made.type, made.priority, made.visibility) == ("Call Kai", "call", 4, "everyone")
        change = Update(Activity, made.id, {"body": "c"})
        assert parse_response(change, endpoint.send(render_request(change, "ann-token"))).body == "c"
        listed = Find(Activity, Query(NOT_TASKS, (), Window(0, 50)), ("links",))
        page = parse_response(listed, endpoint.send(render_request(listed, "ann-token")))
        assert [(one.title, [link.role for link in one.links]) for one in page.items] == [("Call Kai", ["creator"])]
        gone = Delete(Activity, made.id)
        assert parse_response(gone, endpoint.send(render_request(gone, "ann-token"))) is None
        with pytest.raises(NotFound):
            parse_response(Get(Activity, made.id), endpoint.send(render_request(Get(Activity, made.id), "ann-token")))
        assert Client(world).get("/activities") == []


def test_the_dialect_fills_every_direction() -> None:
    assert (DIALECT.parse_request, DIALECT.render_response) == (parse_request, render_response)
    assert (DIALECT.render_request, DIALECT.parse_response) == (render_request, parse_response)
