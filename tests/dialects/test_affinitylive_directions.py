"""The example exchanges as a server and in the client's direction; round trips of the four directions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest

from adapter.contract import Exchange, judge, load_deviations, load_session, replay
from adapter.formats import Malformed
from adapter.wire import WireRequest, WireResponse
from canonical.errors import Denied, Duplicate, Invalid, NotFound, Unauthenticated, Unavailable, Unsupported
from canonical.model import KINDS, Activity, ContactPoint, Link, Party, Record, Tag
from canonical.operations import (
    AddLink,
    AddTag,
    Aggregate,
    Create,
    Delete,
    DropLink,
    DropTag,
    Find,
    Get,
    NewLink,
    Page,
    Update,
)
from canonical.query import FALSE, Compare, Has, Not, Op, Query, Sort, Window, all_of, any_of, eq, one_of
from canonical.values import SECOND, Ref
from dialects.affinitylive import DIALECT
from dialects.affinitylive.codec.directions import parse_request, parse_response, render_request, render_response
from dialects.affinitylive.fields.activity import NOT_TASKS
from tests.dialects.affinitylive_client import Client
from tests.support.world import World

ROOT = Path(__file__).resolve().parents[2] / "fixtures" / "affinitylive"
EVERY = load_session(ROOT)
SESSION = [case for case in EVERY if case.meaning.get("world") is None]
SEED = [case for case in EVERY if case.meaning.get("world") == "seed"]
ACTIVITIES = [case for case in EVERY if case.operation["do"] != "sign_in"]
ANSWERED = [case for case in ACTIVITIES if "error" not in case.result]
ERRORS = {"not_found": NotFound, "unauthenticated": Unauthenticated}


def name(case: Exchange) -> str:
    return case.name


def next_ids(world: World, **ids: int) -> None:
    """The next new record of each kind gets that id, or a higher one where the counter is past it."""
    for kind, id in ids.items():
        world.store.write(0, lambda unit, kind=kind, id=id: unit.raise_value(kind, id - 1))


def prepared(folder: Path) -> World:
    """A world in which the next ids are those of the examples."""
    world = World(folder)
    world.core.directory.add_application("app@acme", "acme", "right-secret", "ann")
    next_ids(world, user=15)
    world.add_user("zoe", first_name="Zoë", last_name="Ng", email="zoe@acme.test")
    next_ids(world, party=14)
    # raise_value uses one number up where the counter was lower.
    acme = world.write(lambda desk: desk.create(Create(Party, {"type": "organisation", "name": "Acme"})))
    assert acme.id == 14
    next_ids(world, party=22)
    person = {"first_name": "Kai", "last_name": "Ito"}
    kai = world.write(lambda desk: desk.create(Create(Party, person, points=(ContactPoint("email", "kai@x.test"),))))
    assert kai.id == 22
    next_ids(world, activity=7)
    zoe = world.principal("zoe-token").user_id
    assert zoe == 15
    made = world.write(
        lambda desk: desk.create(Create(Activity, {"type": "meeting", "title": "Kick-off", "owner_id": zoe}))
    )
    assert made.id == 7
    next_ids(world, activity=9, link=31)
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
        assert judge([case.name for case in SESSION], differences, {}) == []


STAFF = {
    107: ("", "", ""),
    110: ("Christine", "Higgins", "christine.higgins@sample.com"),
    122: ("Hugh", "Cowling", "hugh.cowling@sample.com"),
    1000: ("Geoff", "McQueen", "geoff.mcqueen@sample.com"),
    1017: ("Alison", "Russell", "alison.russell@sample.com"),
}
"""[seed] who owns things in its samples."""


def seeded(folder: Path) -> World:
    """A world in which the seed's own samples are true."""
    world = World(folder)
    for id, (first, last, email) in STAFF.items():
        next_ids(world, user=id)
        made = world.add_user(f"u{id}", first_name=first, last_name=last, email=email)
        assert made.user_id == id
    next_ids(world, party=22611)
    kurt = {"first_name": "Kurt", "last_name": "Wagner"}
    points = (ContactPoint("email", "serge@sample.com"),)
    assert world.write(lambda desk: desk.create(Create(Party, kurt, points=points))).id == 22611
    listed = [json.loads(case.response.body)["response"] for case in SEED]
    last = 0
    for row in (*listed[0], *reversed(listed[1]["activities"])):
        if int(row["id"]) > last + 1:
            next_ids(world, activity=int(row["id"]))
        last = int(row["id"])
        new = Create(Activity, {"type": "email", "title": row["subject"], "owner_id": 1000})
        assert world.write(lambda desk, new=new: desk.create(new)).id == int(row["id"])
    for row in listed[1]["activities"]:
        for one in row["interacts"]:
            owner = Ref("user" if one["owner_type"] == "staff" else "party", int(one["owner_id"]))
            link = NewLink(owner, one["type"], int(one["date_actioned"]) * SECOND)
            record = Ref("activity", int(row["id"]))
            world.write(lambda desk, record=record, link=link: desk.add_link(record, link))
    return world


def test_the_samples_of_the_seed_as_a_server(tmp_path: Path) -> None:
    with seeded(tmp_path) as world:
        endpoint = world.endpoint("affinitylive", "acme")
        differences = replay(SEED, endpoint, base_url="http://acme.api.affinitylive.com")
        deviations = load_deviations(ROOT / "deviations.json")
        assert judge([case.name for case in SEED], differences, deviations) == []
        # Apart from what the deviations name it is the same, value for value and in the same order of rows.
        for case in SEED:
            answer = json.loads(endpoint.send(case.request).body)
            if isinstance(answer["response"], dict):
                answer["response"]["staff"] = [one for one in answer["response"]["staff"] if one["id"] != "107"]
            sample = json.loads(case.response.body)
            assert answer["response"] == sample["response"]
            assert {key: answer["meta"][key] for key in sample["meta"]} == sample["meta"]


def meant(operation: Any) -> dict[str, Any]:
    """An operation in the words of meaning.json."""
    if isinstance(operation, Find) and operation.total:
        return {"do": "count", "kind": "activity"}
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
    if "total" in result:
        assert (found.items, found.total) == ((), result["total"])
    elif "records" in result:
        assert [told(one, like) for one, like in zip(found.items, result["records"], strict=True)] == result["records"]
    elif "record" in result:
        assert told(found, result["record"]) == result["record"]
    else:
        assert found is None


@pytest.mark.parametrize("case", ACTIVITIES, ids=name)
def test_requests_survive_being_written_anew(case: Exchange) -> None:
    operation = parse_request(case.request)
    again = parse_request(render_request(operation, "token-1"))
    if isinstance(operation, Get | Find) and isinstance(again, Get | Find):
        # The client asks for everything, whatever the example asks for.
        assert set(operation.include) <= set(again.include)
        again = replace(again, include=operation.include)
    if isinstance(operation, Create) and isinstance(again, Create):
        # What the vendor makes private without a word on it is, in the core, for everyone: so the client says it.
        again = replace(again, values={**again.values, **operation.values})
        assert set(again.values) - set(operation.values) <= {"visibility"}
        again = replace(again, values=operation.values)
    assert again == operation


@pytest.mark.parametrize("case", ANSWERED, ids=name)
def test_answers_survive_being_written_anew(case: Exchange) -> None:
    operation = parse_request(case.request)
    result = parse_response(operation, case.response)
    answer = render_response(operation, result, case.request)
    assert answer.header("Content-Type") == case.response.header("Content-Type")
    assert parse_response(operation, answer) == result


def test_the_count_is_written_as_the_vendor_prints_it() -> None:
    case = next(case for case in SESSION if case.name == "007-count-xml")
    operation = parse_request(case.request)
    assert render_response(operation, Page((), 1), case.request).body == case.response.body
    asked = render_request(operation)
    assert (asked.path, asked.query) == ("/api/v0/activities/count", "_filters=medium%28call%29")
    assert parse_response(operation, render_response(operation, Page((), 1), asked)) == Page((), 1)


SAID = """
    owner_type(staff) owner_type(staff,affiliation) owner_id(1,2) invitation(yes) read(no) parent_id(0) parent_id(5)
    parent_id(5,0) thread_id(1,2) staff_id(1) staff_id(0) staff_id(3,0) priority_id(1,2) priority_id(0) class_id(1)
    class_id(2,3) task_id(0) task_id(9) message_id(<x@y>) message_id(a,b) visibility(all) visibility(private,all)
    medium(call) medium(note) medium(postal,note,event_log) against_type(company,job) against_type(staff)
    against_type(affiliation,contact) against_id(12,14) against_type(company),against_id(14)
    against_type(company,job),against_id(14,15) against(company(14),job) against(job(998),contact(3,4))
    owner(staff(17,13),affiliation(22)) owner(affiliation(1)) owner(lead(4)) id(1,2) id_not(12) medium_not(call,note)
    against_type_not(company) against_id_not(3) owner_type_not(staff) owner_id_not(1) visibility_not(all)
    parent_id_not(0) thread_id_not(2) priority_id_not(1) class_id_not(1) task_id_not(2) staff_id_not(0)
    message_id_not(x) date_created_before(1400000000) date_created_after(1400000000) date_created(1400000000)
    date_started_before(5) date_started_before(0) date_started_after(5) date_logged_before(1400000000)
    date_logged_after(1400000000) date_logged_before(0) date_ended_before(9) date_ended_after(9)
    date_modified_after(3) date_modified_before(4) max_id(5) min_id(6) min_id(2),max_id(9) id_greater_than(5)
    id_less_than(5) thread_greater_than(5) thread_less_than_or_equal(4) against_id_greater_than(3)
    against_id_less_than_or_equal(3) owner_greater_than(3) owner_less_than(3) staff_greater_than(0)
    staff_less_than_or_equal(3) priority_greater_than(2) priority_greater_than_or_equal(2) class_greater_than(1)
    class_less_than(2) task_greater_than(0) task_less_than(5) empty(date_due) interacts(type(creator,from))
    interacts(type(to)) _OR(id(1),medium(note)) _OR(date_created_after(5),date_created(5))
    _OR(_AND(medium(call),priority_id(2)),id(1)) id(1),medium(call),order_by_desc(date_modified)
    date_due_before(0),date_ended_before(0),id_not(3) order_by_asc(date_ended,id) order_by_desc(billable)
"""
MEANT_ELSEWHERE = {
    "type(call)": "medium(call)",
    "type(from,to)": "interacts(type(from,to))",
    "interact(type(from,creator))": "interacts(type(creator,from))",
    "staff(5)": "staff_id(5)",
    "owner(staff)": "owner_type(staff)",
    "against(company(14))": "against_type(company),against_id(14)",
    "id_greater_than_or_equal(5)": "min_id(5)",
    "empty(priority)": "priority_id(0)",
    "read(n)": "read(no)",
    "against_id(12,12)": "against_id(12)",
}
"""What the seed, or only the newest servers, say in more than one way."""


@pytest.mark.parametrize("text", [*SAID.split(), *MEANT_ELSEWHERE])
def test_every_filter_of_the_seed_survives_the_wire(text: str) -> None:
    query = urlencode({"_fields": "interacts", "_limit": "10", "_filters": text})
    operation = parse_request(WireRequest("GET", "/api/v0/activities", query))
    asked = render_request(operation)
    again = parse_request(asked)
    assert isinstance(again, Find)
    assert isinstance(operation, Find)
    assert again.query == operation.query
    said = parse_qs(asked.query)["_filters"][0]
    assert said == MEANT_ELSEWHERE.get(text, text.replace("date_due_before(0)", "empty(date_due)"))
    # Counting asks the same.
    count = Find(Activity, Query(operation.query.where, (), Window(0, 0)), ("links",), total=True)
    assert parse_request(render_request(count)) == count


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


TWICE = all_of(Compare("created_at", Op.LT, 5 * SECOND), Compare("created_at", Op.LT, 6 * SECOND))
TOOK_PART = Has("links", all_of(one_of("role", ("from",)), one_of("target_kind", ("user", "party"))))


@pytest.mark.parametrize(
    "query",
    [
        Query(),
        Query(NOT_TASKS, (Sort("body"),), Window(0, 5)),
        *(
            Query(all_of(NOT_TASKS, node), (), Window(0, 5))
            for node in (
                eq("title", "x"),
                FALSE,
                Not(eq("title", "x")),
                any_of(eq("id", 3), eq("title", "x")),
                # Of the same filter twice only the last would count.
                TWICE,
                # A date in the middle of a second.
                Compare("created_at", Op.LT, 5 * SECOND + 1),
                # Not in the vendor's table: it would be ignored, and the list be of everything.
                Compare("billable_seconds", Op.GT, 0),
                # Interacts can be filtered by only where they are shown.
                TOOK_PART,
                # A filter's value has no commas.
                all_of(Compare("extras.affinitylive.message_id", Op.NOT_NULL),
                       one_of("extras.affinitylive.message_id", ("a,b",))),
                all_of(*(Compare("id", Op.GE, n) for n in range(200))),
            )
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_refused(query: Query) -> None:
    with pytest.raises(Unsupported):
        render_request(Find(Activity, query))


def test_other_routes_are_no_operations() -> None:
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


VERBS: dict[str, Any] = {
    "find": lambda kind: Find(kind, Query(window=Window(0, 10))),
    "count": lambda kind: Find(kind, Query(window=Window(0, 0)), total=True),
    "get": lambda kind: Get(kind, 3),
    "create": lambda kind: Create(kind, {"title": "x"}),
    "update": lambda kind: Update(kind, 3, {"title": "x"}),
    "delete": lambda kind: Delete(kind, 3),
}
PATHS = {"find": "/activities", "count": "/activities/count", "create": "/activities"}
OTHERS = [
    AddLink(Ref("activity", 3), NewLink(Ref("party", 4))),
    DropLink(Ref("activity", 3), Ref("party", 4)),
    AddTag(Ref("activity", 3), "vip"),
    DropTag(Ref("activity", 3), "vip"),
    Aggregate("count", "title"),
    None,
    "delete",
    Create(Activity, {"type": "task"}),
    Update(Activity, 3, {"type": "task"}),
]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("kind", [spec.record for spec in KINDS.values()], ids=KINDS)
def test_a30_no_verb_is_asked_at_another_kinds_path(kind: type[Record], verb: str) -> None:
    """A party's deletion must never delete the activity that has its number."""
    operation = VERBS[verb](kind)
    if kind is Activity:
        assert render_request(operation).path == f"/api/v0{PATHS.get(verb, '/activities/3')}"
        return
    with pytest.raises(Unsupported):
        render_request(operation)


@pytest.mark.parametrize("operation", OTHERS)
def test_a30_what_is_no_call_on_activities_is_not_asked(operation: Any) -> None:
    with pytest.raises(Unsupported):
        render_request(operation)


@pytest.mark.parametrize("type_", ["note", "email", "call", "meeting", "report", "letter", "fax", "sms", "event"])
def test_a30_every_medium_is_asked_at_its_own_path(type_: str) -> None:
    assert render_request(Create(Activity, {"type": type_, "title": "x"})).path == "/api/v0/activities"
    assert render_request(Update(Activity, 3, {"title": "x"})).path == "/api/v0/activities/3"


def test_a30_tasks_are_not_listed_as_activities() -> None:
    for where in (eq("type", "task"), one_of("type", ("task", "note"))):
        with pytest.raises(Unsupported):
            render_request(Find(Activity, Query(where, window=Window(0, 10))))
