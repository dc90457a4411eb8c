"""AffinityLive's client side beyond what every dialect is held to: its words, its rules, what it keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from adapter.client import Batch, Credentials, Session, UnexpectedAnswer
from adapter.driver import Driver
from adapter.losses import Loss, LossReport
from adapter.wire import WireRequest, WireResponse
from canonical.errors import (
    Denied,
    Duplicate,
    Invalid,
    NotFound,
    TooManyGuesses,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from canonical.model import Activity, Case, ContactPoint, CustomValue, Opportunity, Party, Record, User
from canonical.operations import AddLink, AddTag, Create, Delete, Find, Get, NewLink, Update
from canonical.query import FALSE, Compare, Has, Not, Op, Query, Sort, Window, all_of, any_of, eq, one_of
from canonical.values import MINUTE, SECOND, Ref
from dialects.affinitylive import DIALECT
from dialects.affinitylive.client import CLIENT, ask, finding, shown
from dialects.affinitylive.client.lookups import Lookups
from dialects.affinitylive.fields.activity import NOT_TASKS
from dialects.affinitylive.fields.people import PERSONS
from dialects.affinitylive.fields.work import TASKS
from dialects.affinitylive.query.build import build
from dialects.affinitylive.query.tables import FILTERS
from dialects.affinitylive.wire.parameters import Parameters
from tests.dialects.affinitylive_client import Client
from tests.support.world import World

HOME = "https://acme.api.accelo.com"


def session() -> Session:
    return Session(HOME, Credentials(token="T"), state={"token": "T", "lookups": Lookups(1)})


def answer(response: Any, status: int = 200, word: str = "ok") -> WireResponse:
    return WireResponse(
        status, [], json.dumps({"response": response, "meta": {"status": word, "message": "m"}}).encode()
    )


UNKNOWN = answer(None, 400, "invalid_request")


def conversed(operation: Any, *answers: WireResponse) -> tuple[list[WireRequest], Any, LossReport]:
    """The requests of an operation's conversation, its result, and what was lost."""
    losses, requests, left = LossReport(), [], list(answers)
    conversation = CLIENT.perform(operation, session(), losses)
    try:
        requests.append(next(conversation))
        while True:
            requests.append(conversation.send(left.pop(0)))
    except StopIteration as done:
        return requests, done.value, losses


def form(request: WireRequest) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.body.decode(), keep_blank_values=True).items()}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as world:
        yield world


def driver(world: World, credentials: Credentials | None = None) -> Driver:
    given = credentials or Credentials(token="ann-token")
    return Driver(DIALECT, world.endpoint("affinitylive"), Session("http://localhost", given))


# -- where it is, and signing in -------------------------------------------------------------------------


@pytest.mark.parametrize("below", ["", "/", "/api/v0", "/api/v0/", "/api", "/public_api/v0"])
def test_address_with_or_without_the_prefix_of_the_api(below: str) -> None:
    assert CLIENT.home(HOME + below) == HOME
    assert CLIENT.home(f"http://host/affinitylive{below}") == "http://host/affinitylive"


def test_requests_are_signed_with_the_token() -> None:
    request = CLIENT.sign(ask.reading("tasks/3"), session())
    assert request.headers.get("Authorization") == "Bearer T"
    assert (request.host, request.base_url) == ("acme.api.accelo.com", HOME)


def test_application_is_given_a_token_by_its_id_and_secret() -> None:
    given = Credentials(client_id="id@acme", client_secret="s:1")
    signing = CLIENT.sign_in(Session(HOME, given))
    request = next(signing)
    assert (request.method, request.path) == ("POST", "/oauth2/v0/token")
    assert request.headers.get("Authorization") == "Basic aWRAYWNtZTpzOjE="
    assert form(request) == {"grant_type": "client_credentials", "scope": "write(all)"}
    asked = signing.send(WireResponse(200, [], b'{"access_token":"N","token_type":"Bearer","expires_in":2592000}'))
    assert (asked.path, asked.headers.get("Authorization")) == ("/api/v0/tokeninfo", "Bearer N")
    with pytest.raises(StopIteration) as done:
        signing.send(answer({"staff_id": "23"}))
    assert (done.value.value.state["token"], done.value.value.state["lookups"].me) == ("N", 23)


def test_token_is_used_as_it_is(world: World) -> None:
    client = driver(world)
    assert client.sign_in().state["token"] == "ann-token"


def test_token_that_has_expired_is_renewed_by_a_new_grant(world: World) -> None:
    world.core.directory.add_application("client-1", "acme", "secret-1", "ann")
    client = driver(world, Credentials(client_id="client-1", client_secret="secret-1"))
    first = client.sign_in().state["token"]
    made = client.perform(Create(Party, {"type": "organisation", "name": "Fjord AS"}))
    world.core.accounts.revoke("access", first)
    assert client.perform(Get(Party, made.id)).name == "Fjord AS"
    assert client.session.state["token"] != first


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, b'{"error":"invalid_client","error_description":"x"}', Unauthenticated),
        (401, b'{"error":"unauthorized_client"}', Unauthenticated),
        (400, b'{"error":"invalid_grant"}', Unauthenticated),
        (400, b'{"error":"invalid_scope"}', Denied),
        (429, b'{"error":"too_many_failed_logins"}', TooManyGuesses),
        (503, b"<html>", Unavailable),
        (400, b'{"error":"invalid_request"}', UnexpectedAnswer),
        (200, b'{"token_type":"Bearer"}', UnexpectedAnswer),
        (200, b'{"access_token":["x"]}', UnexpectedAnswer),
        (200, b"<html>", UnexpectedAnswer),
        (200, b"[]", UnexpectedAnswer),
    ],
)
def test_refused_sign_in(status: int, body: bytes, error: type[Exception]) -> None:
    signing = CLIENT.sign_in(Session(HOME, Credentials(client_id="i", client_secret="s")))
    next(signing)
    with pytest.raises(error):
        signing.send(WireResponse(status, [], body))


def test_end_of_a_session_is_told_by_the_vendors_word() -> None:
    assert CLIENT.ended(answer(None, 401, "invalid_client"))
    assert not CLIENT.ended(answer(None, 403, "invalid_permission"))
    assert not CLIENT.ended(WireResponse(401, [], b"<html>"))


@pytest.mark.parametrize(
    ("code", "status", "asked", "error"),
    [
        (401, "invalid_client", "task list", Unauthenticated),
        (403, "invalid_permission", "task list", Denied),
        (400, "duplicate", "organisation create", Duplicate),
        (400, "invalid_request", "task create", Invalid),
        (400, "invalid_request", "task update", Invalid),
        (400, "invalid_request", "task read", NotFound),
        (200, "invalid_request", "task delete", NotFound),
        (429, "too_many_requests", "task list", Unavailable),
        (500, "server_error", "task list", Unavailable),
        (200, "server_error", "task list", Unavailable),
        (200, "of_another_vendor", "task list", UnexpectedAnswer),
    ],
)
def test_errors_of_a_vendor(code: int, status: str, asked: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        shown.response(asked, answer(None, code, status))


# -- finding ---------------------------------------------------------------------------------------------


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
def test_every_filter_of_the_seed_is_said(text: str) -> None:
    given = Parameters({"_filters": text, "_limit": "10"})
    query = build(FILTERS["activities"], given, NOT_TASKS, 100, with_interacts=True)
    _, request, counting = finding.find(Find(Activity, query, total=True))
    assert request is not None
    assert counting is not None
    said = parse_qs(request.query)["_filters"][0]
    assert said == MEANT_ELSEWHERE.get(text, text.replace("date_due_before(0)", "empty(date_due)"))
    again = Parameters({"_filters": said, "_limit": "10"})
    assert build(FILTERS["activities"], again, NOT_TASKS, 100, with_interacts=True) == query
    assert counting.path == "/api/v0/activities/count"


@pytest.mark.parametrize(
    ("kind", "where", "sort", "path", "filters"),
    [
        (Case, Compare("id", Op.GT, 7), (Sort("id"),), "issues", "id_greater_than(7),order_by_asc(id)"),
        (Activity, all_of(TASKS, one_of("owner_id", (3, 4))), (), "tasks", "assignee(3,4)"),
        (Activity, eq("type", "call"), (), "activities", "medium(call)"),
        (Activity, eq("type", "note"), (), "activities", "medium(note)"),
    ],
)  # fmt: skip
def test_lists_of_every_kind(kind: type[Record], where: Any, sort: Any, path: str, filters: str) -> None:
    resource, request, _ = finding.find(Find(kind, Query(where, sort, Window(100, 50))))
    assert request is not None
    asked = {name: values[0] for name, values in parse_qs(request.query).items()}
    assert (resource, request.path, asked["_filters"]) == (path, f"/api/v0/{path}", filters)
    assert (asked["_limit"], asked["_page"]) == ("50", "2")


TWICE = all_of(Compare("created_at", Op.LT, 5 * SECOND), Compare("created_at", Op.LT, 6 * SECOND))


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        (Activity, Query()),
        (Activity, Query(NOT_TASKS, (Sort("body"),), Window(0, 5))),
        (Party, Query(window=Window(0, 5))),
        (Party, Query(all_of(PERSONS, eq("about", "x")), window=Window(0, 5))),
        (Case, Query(eq("body", "x"), window=Window(0, 5))),
        (Case, Query()),
        *(
            (Activity, Query(all_of(NOT_TASKS, node), (), Window(0, 5)))
            for node in (
                eq("title", "x"),
                FALSE,
                Not(eq("title", "x")),
                any_of(eq("id", 3), eq("title", "x")),
                # Of the same filter twice only the last would count.
                TWICE,
                # A date in the middle of a second.
                Compare("created_at", Op.LT, 5 * SECOND + 1),
                # Not in the oldest table: it would be ignored, and the list be of everything.
                Compare("billable_seconds", Op.GT, 0),
                Has("links", eq("role", "buyer")),
                # A filter's value has no commas.
                all_of(Compare("extras.affinitylive.message_id", Op.NOT_NULL),
                       one_of("extras.affinitylive.message_id", ("a,b",))),
                all_of(*(Compare("id", Op.GE, n) for n in range(200))),
            )
        ),
    ],
)  # fmt: skip
def test_what_the_vendor_would_ignore_is_refused(kind: type[Record], query: Query) -> None:
    with pytest.raises(Unsupported):
        finding.find(Find(kind, query))


def test_page_and_count_are_found(world: World) -> None:
    client = driver(world)
    for title in ("one", "two", "three"):
        client.perform(Create(Activity, {"type": "call", "title": title}))
    where = all_of(NOT_TASKS, eq("type", "call"))
    page = client.perform(Find(Activity, Query(where, (Sort("id"),), Window(0, 2)), total=True))
    assert ([record.title for record in page.items], page.total) == (["one", "two"], 3)


# -- whose id it is --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "operation",
    [
        AddLink(Ref("activity", 3), NewLink(Ref("party", 4))),
        AddTag(Ref("activity", 3), "vip"),
        Delete(User, 3),
        None,
        "delete",
    ],
)
def test_what_the_vendor_has_no_call_for(operation: Any) -> None:
    with pytest.raises(Unsupported, match="affinitylive"):
        conversed(operation)


def test_a30_deleting_a_party_never_deletes_what_has_its_number_elsewhere() -> None:
    requests, _, _ = conversed(Delete(Party, 3), UNKNOWN, answer({"id": "3"}), answer(None))
    assert [(request.method, request.path) for request in requests] == [
        ("GET", "/api/v0/contacts/3"),
        ("GET", "/api/v0/companies/3"),
        ("DELETE", "/api/v0/companies/3"),
    ]


@pytest.mark.parametrize("kind", [Party, Activity])
@pytest.mark.parametrize("operation", [Delete, Get])
def test_number_that_two_resources_have_is_refused(kind: type[Record], operation: Any) -> None:
    with pytest.raises(Unsupported, match="one of the"):
        conversed(operation(kind, 3), answer({"id": "3"}), answer({"id": "3"}))


def test_task_is_not_taken_for_an_activity() -> None:
    requests, _, _ = conversed(Delete(Activity, 3), UNKNOWN, answer({"id": "3"}), answer(None))
    assert requests[-1].path == "/api/v0/tasks/3"


# -- writing ---------------------------------------------------------------------------------------------


def test_task_is_completed_by_the_progression_that_leads_there() -> None:
    offered = [
        {"id": "71", "title": "Start", "status": {"id": "3", "standing": "started"}},
        {"id": "72", "title": "Finish", "status": {"id": "9", "standing": "complete"}},
    ]
    requests, _, losses = conversed(Update(Activity, 3, {"state": "completed"}), answer(offered), answer({"id": "3"}))
    assert [(request.method, request.path) for request in requests] == [
        ("GET", "/api/v0/tasks/3/progressions"),
        ("POST", "/api/v0/tasks/3/progressions/72/auto"),
    ]
    assert not losses
    _, _, losses = conversed(Update(Activity, 3, {"state": "cancelled"}), answer(offered))
    assert losses.counts() == {Loss("task", "state", "no_progression"): 1}


def test_email_names_its_takers_by_their_affiliations_and_the_rest_is_a_loss() -> None:
    values = {"type": "email", "title": "x", "billable_seconds": 60, "priority": None, "visibility": "everyone"}
    links = (
        NewLink(Ref("case", 8)),
        NewLink(Ref("user", 1), "from"),
        NewLink(Ref("user", 2), "to"),
        NewLink(Ref("party", 5), "cc"),
        NewLink(Ref("party", 5), "attendee"),
        NewLink(Ref("case", 9)),
    )
    affiliation = answer({"id": "5", "default_affiliation": "50"})
    requests, made, losses = conversed(
        Create(Activity, values, links), answer({"id": "5"}), UNKNOWN, affiliation, affiliation, answer({"id": "77"})
    )
    assert json.loads(requests[-1].body) == {
        "subject": "x",
        "medium": "email",
        "visibility": "all",
        "billable": "60",
        "against_type": "issue",
        "against_id": "8",
        "to": {"staff": [2]},
        "cc": {"affiliation": [50]},
    }
    assert made.id == 77
    assert losses.counts() == {
        Loss("email", "links", "only_first_said"): 1,
        Loss("email", "links", "role_not_said"): 1,
    }


def test_sender_who_is_no_user_owns_the_email(world: World) -> None:
    client = driver(world)
    person = client.perform(Create(Party, {"type": "person", "first_name": "Kai", "last_name": "Ito"})).id
    company = client.perform(Create(Party, {"type": "organisation", "name": "Fjord AS"})).id
    client.perform(Update(Party, person, {"type": "person", "organisation_id": company}))
    links = (NewLink(Ref("party", person)), NewLink(Ref("party", person), "from"))
    made = client.perform(Create(Activity, {"type": "email", "title": "x"}, links))
    heard = client.perform(Get(Activity, made.id))
    assert [(link.role, link.target) for link in heard.links] == [
        ("", Ref("party", person)),
        ("from", Ref("party", person)),
    ]


def test_time_that_the_vendor_would_drop_is_a_loss() -> None:
    values = {"type": "call", "title": "x", "billable_seconds": 60, "nonbillable_seconds": 30, "visibility": "private"}
    requests, _, losses = conversed(Create(Activity, values), answer({"id": "7"}))
    assert not {"billable", "nonbillable"} & form(requests[0]).keys()
    assert losses.counts() == {
        Loss("call", "billable_seconds", "time_does_not_count"): 1,
        Loss("call", "nonbillable_seconds", "time_does_not_count"): 1,
    }


def test_prospect_of_a_company_is_of_its_default_affiliation_where_it_must_be() -> None:
    create = Create(Opportunity, {"title": "Deal", "party_id": 4, "currency": "EUR", "probability": 25})
    requests, made, losses = conversed(
        create,
        answer([{"id": "6", "title": "General"}]),
        UNKNOWN,
        answer({"id": "4"}),
        UNKNOWN,
        answer({"id": "4", "default_affiliation": "40"}),
        answer({"id": "9"}),
    )
    first, last = form(requests[3]), form(requests[-1])
    assert first == {"title": "Deal", "progress": "25", "type_id": "6", "company_id": "4"}
    assert last == {"title": "Deal", "progress": "25", "type_id": "6", "affiliation_id": "40"}
    assert made.id == 9
    assert losses.counts() == {
        Loss("opportunity", "currency", "not_said"): 1,
        Loss("opportunity", "party_id", "said_as_its_contact"): 1,
    }


def test_points_that_have_no_parameter_are_losses() -> None:
    points = (
        ContactPoint("email", "a@x.example", "work"),
        ContactPoint("email", "b@x.example", "work"),
        ContactPoint("phone", "1", "mobile"),
        ContactPoint("phone", "2", "home"),
        ContactPoint("address", street="1 High St"),
    )
    requests, _, losses = conversed(
        Create(Party, {"type": "person", "last_name": "Ek"}, points=points), answer({"id": "3"})
    )
    assert form(requests[0]) == {"surname": "Ek", "email": "a@x.example", "mobile": "1", "phone": "2"}
    assert losses.counts() == {
        Loss("person", "points", "not_said"): 1,
        Loss("person", "points", "only_first_said"): 1,
        Loss("person", "points", "label_not_said"): 1,
    }


def test_custom_value_takes_the_place_of_the_one_that_there_is() -> None:
    fields, no_more = answer([{"id": "12", "field_name": "Region", "field_type": "text"}]), answer([])
    values = answer([{"id": "900", "field_name": "Region", "field_id": "12"}])
    custom = (CustomValue("Region", "North"), CustomValue("Size", "5"))
    update = Update(Case, 3, custom=custom)
    requests, _, losses = conversed(update, fields, no_more, values, no_more, answer({"id": "900"}))
    assert (requests[-1].method, requests[-1].path) == ("PUT", "/api/v0/issues/3/profiles/values/900")
    assert form(requests[-1])["value"] == "North"
    assert losses.counts() == {Loss("case", "custom", "no_such_field"): 1}


def test_what_cannot_be_removed_is_a_loss() -> None:
    _, _, losses = conversed(Update(Party, 3, {"type": "person"}, drop_points=(1,), drop_custom=(("", "A"),)))
    assert losses.counts() == {Loss("person", "points", "not_removed"): 1, Loss("person", "custom", "not_removed"): 1}


def test_employer_is_changed_at_the_default_affiliation(world: World) -> None:
    client = driver(world)
    first, second = (client.perform(Create(Party, {"type": "organisation", "name": n})).id for n in ("A", "B"))
    person = client.perform(Create(Party, {"type": "person", "last_name": "Ek", "organisation_id": first})).id
    client.perform(Update(Party, person, {"type": "person", "organisation_id": second}))
    heard = client.perform(Get(Party, person))
    assert (heard.organisation_id, heard.organisation_name) == (second, "B")
    client.perform(Update(Party, person, {"type": "person", "organisation_id": None}))
    assert client.perform(Get(Party, person)).organisation_id is None


# -- lists -----------------------------------------------------------------------------------------------


def test_further_affiliations_are_kept_and_told(world: World) -> None:
    client, other = driver(world), Client(world)
    first, second = (client.perform(Create(Party, {"type": "organisation", "name": n})).id for n in ("A", "B"))
    person = client.perform(Create(Party, {"type": "person", "last_name": "Ek", "organisation_id": first})).id
    other.post("/affiliations", contact_id=person, company_id=second, position="Chair", email="ek@b.example")
    batches = list(client.pull("person"))
    heard = next(record for batch in batches for record in batch.records if record.id == person)
    (kept,) = heard.extras["affinitylive"]["affiliations"]
    assert (kept["company"], kept["position"], kept["email"]) == (str(second), "Chair", "ek@b.example")
    assert client.losses.counts() == {Loss("person", "employments", "kept_in_extras"): 1}


def test_list_goes_on_past_pages_that_are_shorter_than_asked(world: World) -> None:
    world.set("affinitylive.page_cap", "2") if hasattr(world, "set") else None
    client = driver(world)
    made = [client.perform(Create(Activity, {"type": "call", "title": str(n)})).id for n in range(5)]
    assert [record.id for batch in client.pull("call") for record in batch.records] == made


def test_list_is_narrowed_to_what_changed(world: World) -> None:
    client = driver(world)
    client.perform(Create(Activity, {"type": "note", "title": "old"}))
    since = world.time() + 5 * SECOND
    assert [record for batch in client.pull("note", since=since) for record in batch.records] == []
    assert len([record for batch in client.pull("note", since=since - MINUTE) for record in batch.records]) == 1


def test_server_that_gives_the_same_page_for_ever_is_told() -> None:
    pulling = CLIENT.pull("user", session(), LossReport(), None, None)
    next(pulling)
    page = answer([{"id": "3", "firstname": "A", "surname": "B", "username": "a"}])
    assert isinstance(pulling.send(page), Batch)
    next(pulling)
    with pytest.raises(UnexpectedAnswer, match="the same records again"):
        pulling.send(page)
