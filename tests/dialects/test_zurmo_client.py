"""Zurmo's client side beyond what every dialect is held to: what it asks, in which words, of 2.x and 3.x."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest

from adapter.client import Credentials, Session
from adapter.driver import Driver
from adapter.losses import Loss, LossReport
from adapter.wire import WireRequest, WireResponse
from canonical.errors import Denied, Invalid, NotFound, Unauthenticated, Unsupported
from canonical.model import Activity, Case, ContactPoint, CustomField, CustomValue, Opportunity, Party, User
from canonical.operations import (
    AddLink,
    AddTag,
    Create,
    Delete,
    DropLink,
    Find,
    FindCustomFields,
    FindDeletions,
    Get,
    NewLink,
    Update,
)
from canonical.query import (
    TRUE,
    Compare,
    Has,
    Not,
    Op,
    Or,
    Query,
    Sort,
    Window,
    all_of,
    contains,
    eq,
    one_of,
)
from canonical.values import SECOND, Ref, instant
from dialects.zurmo import DIALECT
from dialects.zurmo.client import CLIENT
from dialects.zurmo.client.ids import STEP, canonical_id
from dialects.zurmo.client.server import Server, standard_states
from dialects.zurmo.settings import profile_of
from dialects.zurmo.wire.parameters import parse_str
from tests.dialects.zurmo_client import Zurmo, v3_fixture
from tests.support.conversing import Asker

v3 = v3_fixture()

AT = instant(2015, 3, 2, 9)
ACCOUNT_5 = canonical_id("Account", 5)
MEETING_5 = canonical_id("Meeting", 5)
NOTE_5 = canonical_id("Note", 5)


def answer(data: Any = None) -> WireResponse:
    body = {"status": "SUCCESS", "data": data, "message": None, "errors": None}
    return WireResponse(200, [("Content-Type", "text/html; charset=UTF-8")], orjson.dumps(body))


def failed(message: str, errors: Any = None) -> WireResponse:
    body = {"status": "FAILURE", "data": None, "message": message, "errors": errors}
    return WireResponse(200, [], orjson.dumps(body))


def listed(*items: Any, total: int | str | None = None) -> WireResponse:
    data = {"totalCount": len(items) if total is None else total, "currentPage": 1}
    return answer({**data, "items": list(items)} if items else data)


def asker(*, v3: bool = True, searches: bool = True, **more: Any) -> Asker:
    profile = profile_of({"profile": "v3" if v3 else "seed"})
    server = Server(profile, searches, standard_states(1), {1: "USD", 7: "EUR"}, **more)
    session = Session(
        "https://crm.example.com",
        Credentials(username="ann", password="ann-pw"),
        state={"session": "a" * 32, "token": "b" * 32, "server": server},
    )
    return Asker(CLIENT, session)


def form(request: WireRequest) -> Any:
    return parse_str(request.body).get("data")


def only(asker: Asker, operation: Any, given: WireResponse) -> tuple[str, Any]:
    """Method and path of the one request that an operation takes, and its form."""
    (request,), _ = asker.perform(operation, given)
    return f"{request.method} {request.target}", form(request)


# -- addresses, signing in ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "home", "asked"),
    [
        ("https://crm.example.com", "https://crm.example.com", "/app/index.php"),
        ("https://crm.example.com/", "https://crm.example.com", "/app/index.php"),
        ("https://crm.example.com/app/index.php", "https://crm.example.com", "/app/index.php"),
        ("https://crm.example.com/app/index.php/zurmo/api/login", "https://crm.example.com", "/app/index.php"),
        ("https://crm.example.com/app/", "https://crm.example.com", "/app/index.php"),
        ("http://host/zurmo/app/index.php/", "http://host/zurmo", "/app/index.php"),
        ("http://host/zurmo", "http://host/zurmo", "/app/index.php"),
        ("http://host/crm/index.php", "http://host/crm/index.php", ""),
    ],
)
def test_address_with_or_without_the_script(url: str, home: str, asked: str) -> None:
    assert CLIENT.home(url) == home
    request = CLIENT.sign(WireRequest("GET", "/tasks/task/api/read/1"), Session(CLIENT.home(url)))
    assert (request.base_url, request.path) == (home, f"{asked}/tasks/task/api/read/1")


def test_headers_that_pass_every_proxy() -> None:
    request = CLIENT.sign(WireRequest("GET", "/x"), asker().session)
    names = [name for name, _ in request.headers]
    assert not [name for name in names if "_" in name]
    assert request.headers.get("ZURMO_SESSION_ID") == "a" * 32
    assert request.headers.get("ZURMO_TOKEN") == "b" * 32
    assert request.headers.get("ZURMO_API_REQUEST_TYPE") == "REST"


STATES = [{"id": at, "name": name} for at, name in enumerate(("New", "Mine", "Qualified"), 2)]
PAGE_404 = WireResponse(404, [], b"<!DOCTYPE html><html>")


def serving(given: Mapping[str, WireResponse]) -> Any:
    """A server that answers by the end of the path, and everything else as an unknown action."""

    def answering(request: WireRequest) -> WireResponse:
        path = request.path.partition("/filter/")[0].rstrip("/")
        return next((found for end, found in given.items() if path.endswith(end)), PAGE_404)

    return answering


LOGIN = answer({"sessionId": "s" * 32, "token": "t" * 32})


@pytest.mark.parametrize(
    ("given", "is_v3", "searches", "states"),
    [
        (
            {
                "tasks/task/api/listAttributes": answer({"items": {"name": {}, "status": {}}}),
                "listLeadStates": listed(*STATES[:2]),
                "listContactStates": listed(*STATES[2:]),
                "currency/api/list": listed({"id": 3, "code": "EUR"}),
            },
            True,
            True,
            {2: ("lead", "New"), 3: ("lead", "Mine"), 4: ("contact", "Qualified")},
        ),
        (
            {"contactState/api/list": listed(*STATES)},
            False,
            False,
            {2: ("lead", "New"), 3: ("lead", "Mine"), 4: ("contact", "Qualified")},
        ),
        ({"tasks/task/api/listAttributes": answer({"items": {"name": {}}})}, False, True, standard_states(1)),
        (
            {"tasks/task/api/listAttributes": failed("You do not have rights to perform this action.")},
            True,
            True,
            standard_states(1),
        ),
    ],
)
def test_signing_in_asks_what_the_server_is(
    given: dict[str, WireResponse], is_v3: bool, searches: bool, states: Any
) -> None:
    session = Session("https://crm.example.com", Credentials(username="zoë", password="pässword"))
    requests, session = Asker(CLIENT, session).sign_in(serving({"zurmo/api/login": LOGIN, **given}))
    assert requests[0].headers.get("ZURMO_AUTH_USERNAME") == "zoë".encode().decode("iso-8859-1")
    server = session.state["server"]
    assert (server.v3, server.searches, dict(server.states)) == (is_v3, searches, states)
    assert server.currency_id("EUR") == (3 if "currency/api/list" in given else server.currency_id("EUR"))
    assert (session.state["session"], session.state["token"]) == ("s" * 32, "t" * 32)


def test_a_profile_that_is_named_is_taken() -> None:
    session = Session("http://h", Credentials(username="a", password="b"), {"profile": "v3"})
    _, session = Asker(CLIENT, session).sign_in(serving({"zurmo/api/login": LOGIN}))
    assert session.state["server"].v3


@pytest.mark.parametrize(
    "credentials", [Credentials(), Credentials(username="a"), Credentials(username="a", password="b\r\nX: y")]
)
def test_credentials_that_no_header_holds(credentials: Credentials) -> None:
    with pytest.raises(Unauthenticated):
        Asker(CLIENT, Session("http://h", credentials)).sign_in(serving({}))


def test_a_session_that_ended_is_renewed(v3: Zurmo) -> None:
    session = Session("http://localhost", Credentials(username="super", password="super"))
    driver = Driver(DIALECT, v3.world.endpoint("zurmo", "shop"), session)
    id = driver.perform(Create(Activity, {"type": "task", "title": "Call"})).id
    first = driver.session.state["session"]
    v3.tick(3600)
    assert driver.perform(Get(Activity, id)).title == "Call"
    assert driver.session.state["session"] != first


# -- ids ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "target"),
    [
        (Get(Party, 5), "contacts/contact/api/read/5"),
        (Get(Party, ACCOUNT_5), "accounts/account/api/read/5"),
        (Get(Activity, 5), "tasks/task/api/read/5"),
        (Get(Activity, MEETING_5), "meetings/meeting/api/read/5"),
        (Get(Activity, NOTE_5), "notes/note/api/read/5"),
        (Get(Opportunity, 5), "opportunities/opportunity/api/read/5"),
        (Get(User, 5), "users/user/api/read/5"),
        (Delete(Party, ACCOUNT_5), "accounts/account/api/delete/5"),
        (Delete(Activity, NOTE_5), "notes/note/api/delete/5"),
    ],
)
def test_each_model_counts_for_itself(operation: Any, target: str) -> None:
    talk = CLIENT.perform(operation, asker().session, LossReport())
    assert next(talk).target == f"/{target}"
    assert CLIENT.foreign_id(operation.kind.KIND, operation.id) == "5"


@pytest.mark.parametrize("id", [0, -1, STEP, 2 * STEP + 1, 9 * STEP])
def test_ids_of_no_model(id: int) -> None:
    with pytest.raises(NotFound):
        asker().perform(Get(Party, id))


# -- writing ------------------------------------------------------------------------------------------------


def test_task_of_3_with_status_and_what_it_is_about() -> None:
    client = asker()
    values = {"type": "task", "title": "Call", "due_at": AT, "state": "in_progress", "owner_id": 3, "priority": 2}
    links = (
        NewLink(Ref("party", 5)),
        NewLink(Ref("party", ACCOUNT_5), "buyer"),
        NewLink(Ref("opportunity", 5)),
        NewLink(Ref("case", 5)),
        NewLink(Ref("user", 5), "assignee"),
    )
    target, sent = only(client, Create(Activity, values, links, tags=("hot",)), answer({"id": 9}))
    assert target == "POST /tasks/task/api/create/"
    relations = sent.pop("modelRelations")
    assert sent == {"owner": {"id": "3"}, "dueDateTime": "2015-03-02 09:00:00", "name": "Call", "status": "2"}
    models = [entry["modelClassName"] for entry in relations["activityItems"].values()]
    assert models == ["Contact", "Account", "Opportunity"]
    assert {entry["modelId"] for entry in relations["activityItems"].values()} == {"5"}
    assert client.losses.counts() == {
        Loss("task", "priority", "not_said"): 1,
        Loss("task", "tags", "not_said"): 1,
        Loss("task", "links", "role_not_said"): 1,
        Loss("task", "links", "no_case"): 1,
        Loss("task", "links", "no_user"): 1,
    }


def test_meeting_with_users_and_its_makers() -> None:
    values = {"type": "meeting", "title": "Demo", "start_at": AT, "created_at": AT, "creator_id": 4}
    operation = Create(Activity, values, (NewLink(Ref("user", 2), "attendee"),))
    target, sent = only(asker(), operation, answer({"id": 9}))
    assert target == "POST /meetings/meeting/api/create/"
    assert sent["modelScenario"] == "importModel"
    assert (sent["createdDateTime"], sent["createdByUser"]) == ("2015-03-02 09:00:00", {"id": "4"})
    assert sent["modelRelations"]["userAttendees"]["0"]["modelClassName"] == "User"


def test_a_record_made_bears_its_model() -> None:
    for values, kind, id in (
        ({"type": "note", "title": "x"}, Activity, NOTE_5),
        ({"type": "organisation", "name": "x"}, Party, ACCOUNT_5),
        ({"type": "person", "last_name": "x", "stage": "lead"}, Party, 5),
    ):
        _, made = asker().perform(Create(kind, values), answer({"id": 5}))
        assert made.id == id


def test_person_with_points_that_have_no_place() -> None:
    client = asker()
    points = (
        ContactPoint("email", "a@b.example"),
        ContactPoint("email", "c@d.example", "home"),
        ContactPoint("email", "e@f.example"),
        ContactPoint("phone", "1", "mobile"),
        ContactPoint("phone", "2", "home"),
        ContactPoint("website", "no address"),
        ContactPoint("address", label="home", city="Leeds"),
    )
    values = {"type": "person", "first_name": "Ada", "last_name": "Byron", "stage": "lead", "stage_word": "Dead"}
    target, sent = only(client, Create(Party, values, points=points), answer({"id": 5}))
    assert target == "POST /leads/contact/api/create/"
    assert sent == {
        "firstName": "Ada",
        "lastName": "Byron",
        "state": {"id": "4"},
        "mobilePhone": "1",
        "primaryAddress": {"city": "Leeds"},
        "primaryEmail": {"emailAddress": "a@b.example"},
        "secondaryEmail": {"emailAddress": "c@d.example"},
    }
    assert client.losses.counts() == {
        Loss("person", "points", "another_label"): 2,
        Loss("person", "points", "no_place"): 2,
        Loss("person", "points", "not_valid"): 1,
    }


def test_organisation_below_another() -> None:
    values = {"type": "organisation", "name": "Acme", "organisation_id": ACCOUNT_5, "visibility": "owner"}
    _, sent = only(asker(), Create(Party, values), answer({"id": 6}))
    assert sent == {"name": "Acme", "account": {"id": "5"}, "explicitReadWriteModelPermissions": {"type": ""}}


@pytest.mark.parametrize(
    ("values", "sent", "lost"),
    [
        ({"amount": 1_500_500, "currency": "EUR"}, {"amount": {"value": "1.5005", "currency": {"id": "7"}}}, set()),
        ({"amount": 1_000_000}, {"amount": {"value": "1"}}, set()),
        ({"state": "won"}, {"stage": {"value": "Closed Won"}}, set()),
        ({"state": "won", "stage": "Verbal"}, {"stage": {"value": "Verbal"}}, {"state"}),
        ({"stage": "Verbal", "probability": 75}, {"stage": {"value": "Verbal"}, "probability": "75"}, set()),
        ({"stage": "Verbal", "probability": 9}, {"stage": {"value": "Verbal"}, "probability": "9"}, {"probability"}),
        ({"party_id": ACCOUNT_5}, {"account": {"id": "5"}}, set()),
    ],
)
def test_opportunities(values: Any, sent: Any, lost: set[str]) -> None:
    client = asker()
    _, found = only(client, Create(Opportunity, {"title": "Deal", **values}), answer({"id": 6}))
    assert found == {"name": "Deal", **sent}
    assert {loss.field for loss in client.losses.counts()} == lost


def test_money_in_a_currency_that_the_server_lacks_is_not_taken_for_the_base(v3: Zurmo) -> None:
    client = asker()
    operation = Create(Opportunity, {"title": "Deal", "amount": 1_000_000, "currency": "GBP"})
    with pytest.raises(Invalid, match="reference"):
        client.perform(operation, failed(""))


@pytest.mark.parametrize(
    ("is_v3", "values", "sent"),
    [
        (True, {"state": "completed"}, {"status": "5"}),
        (True, {"state": "open"}, {"status": "1"}),
        (
            True,
            {"state": "completed", "completed_at": AT},
            {"completedDateTime": "2015-03-02 09:00:00", "status": "5"},
        ),
        (False, {"state": "completed"}, {"completed": "1"}),
        (False, {"state": "open"}, {"completed": "0"}),
        (True, {"due_at": None}, {"dueDateTime": {"0": ""}}),
        (True, {"title": "x", "body": None}, {"name": "x", "description": ""}),
        (True, {"requester_id": None}, {"requestedByUser": {"id": ""}}),
    ],
)
def test_task_updates(is_v3: bool, values: Any, sent: Any) -> None:
    assert only(asker(v3=is_v3), Update(Activity, 5, values), answer({"id": 5})) == (
        "PUT /tasks/task/api/update/5",
        sent,
    )


def test_states_that_2_cannot_say() -> None:
    client = asker(v3=False)
    client.perform(Update(Activity, 5, {"state": "in_progress"}), answer({"id": 5}))
    assert client.losses.counts() == {Loss("task", "state", "no_such_status"): 1}


def test_an_update_of_nothing_asks_nothing() -> None:
    client = asker()
    assert client.perform(Update(Activity, 5, {"priority": 3})) == ([], None)
    assert client.losses.counts() == {Loss("task", "priority", "not_said"): 1}


USER = {"id": 1, "username": "super"}
NOTE = {"id": 5, "owner": USER, "description": "first\nrest", "occurredOnDateTime": "2015-03-02 09:00:00"}
PERSON: dict[str, Any] = {
    "id": 5,
    "lastName": "Byron",
    "state": {"id": 5},
    "primaryEmail": {"id": 9, "emailAddress": "a@b.example", "isInvalid": "0", "optOut": "1"},
    "mobilePhone": "1",
    "officePhone": "",
    "website": None,
}
DEAL = {
    "id": 5,
    "name": "Deal",
    "amount": {"id": 1, "value": "5", "rateToBase": "1", "currency": {"id": 7}},
    "stage": {"id": 1, "value": "Closed Lost"},
}


def test_half_of_an_attribute_is_read_before_it_is_written() -> None:
    requests, _ = asker().perform(Update(Activity, NOTE_5, {"body": "more"}), answer(NOTE), answer(NOTE))
    assert form(requests[1]) == {"description": "first\nmore"}
    nobody = [listed(total=0)] * 2
    requests, _ = asker().perform(Update(Opportunity, 5, {"amount": 9_000_000}), answer(DEAL), *nobody, answer(DEAL))
    assert form(requests[-1]) == {"amount": {"value": "9", "currency": {"id": "7"}}}
    requests, _ = asker().perform(Update(Opportunity, 5, {"state": "open"}), answer(DEAL), *nobody, answer(DEAL))
    assert form(requests[-1]) == {"stage": {"value": "Prospecting"}}


def test_contact_points_are_changed_by_their_places() -> None:
    _, person = asker().perform(Get(Party, 5), answer(PERSON))
    mobile, email = sorted(person.points, key=lambda point: point.kind, reverse=True)
    assert (email.value, email.extras) == ("a@b.example", {"zurmo": {"optOut": "1"}})
    operation = Update(
        Party,
        5,
        points=(replace(email, value="new@b.example"), ContactPoint("phone", "2", "work")),
        drop_points=(mobile.id,),
    )
    requests, _ = asker().perform(operation, answer(PERSON), answer(PERSON))
    assert form(requests[1]) == {
        "mobilePhone": "",
        "officePhone": "2",
        "primaryEmail": {"emailAddress": "new@b.example", "optOut": "1"},
    }
    requests, _ = asker().perform(Update(Party, 5, drop_points=(email.id,)), answer(PERSON), answer(PERSON))
    assert form(requests[1]) == {"primaryEmail": {"emailAddress": "", "optOut": ""}}


ATTRIBUTES = answer(
    {
        "items": {
            "sizeCstm": {"attributeLabel": "Size", "elementType": "DropDown"},
            "tagsCstm": {"attributeLabel": "Tags", "elementType": "MultiSelectDropDown"},
            "name": {"attributeLabel": "Name", "elementType": "Text"},
        }
    }
)


def test_custom_values_in_the_forms_that_the_server_has() -> None:
    client = asker()
    values = (
        CustomValue("size", "5"),
        CustomValue("tags", "a\nb"),
        CustomValue("gone", "x"),
        CustomValue("size", "5", "group"),
        CustomValue("no name", "5"),
    )
    operation = Create(Activity, {"type": "task", "title": "x"}, custom=values)
    made = answer({"id": 5, "sizeCstm": {"id": 1, "value": "5"}, "tagsCstm": {"values": ["a", "b"]}})
    requests, _ = client.perform(operation, ATTRIBUTES, made)
    sent = form(requests[1])
    assert sent["sizeCstm"] == {"value": "5"}
    assert list(sent["tagsCstm"]["values"].values()) == ["a", "b"]
    # The server ignores what it does not have: what its answer does not show is lost.
    assert client.losses.counts() == {
        Loss("task", "custom", "no_such_attribute"): 1,
        Loss("task", "custom", "no_such_name"): 2,
    }
    # Asked once.
    requests, _ = client.perform(Update(Activity, 5, custom=values[:1]), made)
    assert [request.method for request in requests] == ["PUT"]


def test_definitions() -> None:
    _, found = asker().perform(FindCustomFields("opportunity"), ATTRIBUTES)
    assert found == [
        CustomField("opportunity", "size", "Size", "choice"),
        CustomField("opportunity", "tags", "Tags", "choice", position=1),
    ]


@pytest.mark.parametrize(
    ("operation", "target", "sent"),
    [
        (
            AddLink(Ref("activity", MEETING_5), NewLink(Ref("user", 2), "attendee")),
            "PUT /meetings/meeting/api/update/5",
            ("userAttendees", "add", "2", "User"),
        ),
        (
            AddLink(Ref("opportunity", 5), NewLink(Ref("party", 4))),
            "PUT /opportunities/opportunity/api/update/5",
            ("contacts", "add", "4", "Contact"),
        ),
        (
            DropLink(Ref("activity", 5), Ref("party", ACCOUNT_5)),
            "PUT /tasks/task/api/update/5",
            ("activityItems", "remove", "5", "Account"),
        ),
    ],
)
def test_links(operation: Any, target: str, sent: tuple[str, ...]) -> None:
    found, data = only(asker(), operation, answer({"id": 5}))
    assert found == target
    entry = data["modelRelations"][sent[0]]["0"]
    assert (entry["action"], entry["modelId"], entry["modelClassName"]) == sent[1:]


@pytest.mark.parametrize(
    "operation",
    [
        "no operation",
        Get(Case, 1),
        Find(Case),
        Create(Case, {"title": "x"}),
        Update(Case, 1, {"title": "x"}),
        Delete(Case, 1),
        Delete(User, 1),
        Delete(Party, 1, cascade=True),
        AddTag(Ref("activity", 1), "hot"),
        AddLink(Ref("case", 1), NewLink(Ref("party", 1))),
        AddLink(Ref("party", 1), NewLink(Ref("party", 2))),
        AddLink(Ref("activity", 1), NewLink(Ref("case", 1))),
        AddLink(Ref("activity", 1), NewLink(Ref("user", 1))),
        AddLink(Ref("opportunity", 1), NewLink(Ref("party", ACCOUNT_5))),
        FindCustomFields("case"),
        FindDeletions("opportunity", 0),
        Find(Activity, Query(eq("type", "email"))),
        Find(Activity, Query(all_of(eq("type", "task"), eq("priority", 1)))),
        Find(Activity, Query(all_of(eq("type", "task"), Compare("title", Op.LIKE, "a%b")))),
        Find(Activity, Query(all_of(eq("type", "task"), contains("title", "a")), (Sort("created_at"),))),
        Find(Activity, Query(sort=(Sort("title"),))),
        Find(Activity, Query(all_of(eq("type", "task"), Has("links", eq("role", "x"))))),
        Find(Party, Query(Has("links", all_of(eq("target_kind", "party"), eq("target_id", 1))))),
        Find(Activity, Query(eq("type", "task"), window=Window(1, 100_000))),
    ],
    ids=repr,
)
def test_what_zurmo_has_no_call_for(operation: Any) -> None:
    with pytest.raises(Unsupported, match="zurmo"):
        asker().perform(operation)


@pytest.mark.parametrize(
    "operation",
    [
        Find(Activity, Query(all_of(eq("type", "task"), contains("title", "a")))),
        FindDeletions("activity", 0),
        FindCustomFields("activity"),
    ],
)
def test_what_2_has_no_call_for(operation: Any) -> None:
    with pytest.raises(Unsupported, match="zurmo"):
        asker(v3=False, searches=False).perform(operation)


# -- finding ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "target"),
    [
        (Query(eq("type", "task")), "pagination%5Bpage%5D=1&pagination%5BpageSize%5D=100"),
        (
            Query(eq("type", "task"), (Sort("created_at", True),), Window(20, 10)),
            "sort=createdDateTime.desc&pagination%5Bpage%5D=3&pagination%5BpageSize%5D=10",
        ),
        # The smallest page that holds records 5 to 11.
        (
            Query(eq("type", "task"), (Sort("id"),), Window(5, 7)),
            "sort=id.asc&pagination%5Bpage%5D=1&pagination%5BpageSize%5D=12",
        ),
    ],
)
def test_lists(query: Query, target: str) -> None:
    (request,), page = asker().perform(Find(Activity, query), listed(total="0"))
    assert request.target == f"/tasks/task/api/list/filter/{target}"
    assert (list(page.items), page.total) == ([], 0)


def searched(where: Any, *sort: Sort) -> Any:
    talk = CLIENT.perform(
        Find(Activity, Query(all_of(eq("type", "task"), where), sort)), asker().session, LossReport()
    )
    data = form(next(talk))
    return data["search"]["searchAttributeData"], data.get("sort")


def test_searches_with_the_server_s_own_numbers() -> None:
    found, sort = searched(one_of("id", (5, MEETING_5, 6)), Sort("due_at"), Sort("id"))
    assert found["clauses"]["1"] == {
        "attributeName": "id",
        "operatorType": "oneOf",
        "value": {"0": "5", "1": "6"},
    }
    assert sort == "dueDateTime asc, id asc"
    found, _ = searched(Or((Compare("due_at", Op.GE, AT), Not(Has("owner", eq("username", "dana"))))))
    assert found["structure"] == "1 OR (NOT 2)"
    assert found["clauses"]["1"]["value"] == "2015-03-02 09:00:00"
    found, sort = searched(TRUE, Sort("title"), Sort("id"))
    assert found["clauses"]["1"]["operatorType"] == "greaterThan"


def test_ids_of_another_model_find_nothing() -> None:
    query = Query(all_of(eq("type", "task"), eq("id", MEETING_5)))
    assert asker().perform(Find(Activity, query))[0] == []


def test_people_are_contacts_and_leads() -> None:
    client = asker()
    where = all_of(eq("type", "person"), eq("organisation_id", ACCOUNT_5))
    requests, page = client.perform(
        Find(Party, Query(where, window=Window(1, 2))),
        listed(PERSON, {**PERSON, "id": 6}, total=2),
        listed({**PERSON, "id": 7, "state": {"id": 1}}, total=1),
    )
    assert [request.path for request in requests] == [
        "/contacts/contact/api/search/filter/",
        "/leads/contact/api/search/filter/",
    ]
    clause = form(requests[0])["search"]["searchAttributeData"]["clauses"]["1"]
    assert (clause["attributeName"], clause["value"]) == ("account", "5")
    assert [(person.id, person.stage) for person in page.items] == [(6, "contact"), (7, "lead")]
    assert page.total == 3


def test_what_is_about_a_record() -> None:
    about = Has("links", all_of(eq("target_kind", "party"), eq("target_id", ACCOUNT_5)))
    (request,), _ = asker().perform(Find(Activity, Query(all_of(eq("type", "note"), about))), listed(total=0))
    assert request.path == "/notes/note/api/list/filter/"
    clause = form(request)["dynamicSearch"]["dynamicClauses"]["0"]
    assert (clause["modelClassName"], clause["modelId"]) == ("Account", "5")


def test_a_page_past_the_end_is_not_the_last_one_anew() -> None:
    """As `list` gives it (zurmo dossier, section 5)."""
    query = Query(eq("type", "note"), window=Window(10, 5))
    _, page = asker().perform(Find(Activity, query), listed(NOTE, total=1))
    assert (list(page.items), page.total) == ([], 1)


def test_a_window_without_an_end() -> None:
    first = [{**NOTE, "id": at} for at in range(1, 101)]
    query = Query(eq("type", "note"), window=Window(99))
    _, page = asker().perform(Find(Activity, query), listed(*first, total=101), listed({**NOTE, "id": 101}, total=101))
    assert [CLIENT.foreign_id("activity", note.id) for note in page.items] == ["100", "101"]
    assert asker().perform(Find(Activity, replace(query, window=Window(0, 0))), listed(NOTE))[1].items == []


# -- whole lists --------------------------------------------------------------------------------------------


class Notes:
    """A server of 2.x with these notes, of which some go while they are listed."""

    def __init__(self, count: int) -> None:
        self.ids = list(range(1, count + 1))
        self.pages = 0

    def __call__(self, request: WireRequest) -> WireResponse:
        if "/notes/" not in request.path:
            return listed(total=0)
        asked: Any = parse_str(request.path.partition("/filter/")[2].replace("%5B", "[").replace("%5D", "]"))
        page, size = (int(asked["pagination"][name]) for name in ("page", "pageSize"))
        found = [{**NOTE, "id": id} for id in self.ids[(page - 1) * size : page * size]]
        total = len(self.ids)
        self.pages += 1
        if self.pages == 1:
            # What goes moves all that follows to the front.
            del self.ids[:50]
        return listed(*found, total=total)


def test_pages_of_2_lose_nothing_when_records_go_meanwhile() -> None:
    server = Notes(250)
    _, batches = asker(v3=False, searches=False).pull("note", server)
    heard = [int(CLIENT.foreign_id("activity", note.id)) for batch in batches for note in batch.records]
    assert len(heard) == len(set(heard))
    assert set(server.ids) <= set(heard)


def test_lists_of_3_go_by_id_and_by_change() -> None:
    changed = {**NOTE, "modifiedDateTime": "2015-03-02 09:00:00"}
    given = serving({"notes/note/api/search": listed(changed, {**changed, "id": 6}, total=2)})

    def answering(request: WireRequest) -> WireResponse:
        return given(request) if "/notes/" in request.path else listed(total=0)

    requests, batches = asker().pull("note", answering, since=AT + SECOND // 2, cursor=[0, 3])
    search = form(requests[-1])["search"]["searchAttributeData"]
    assert search["structure"] == "1 AND 2"
    assert (search["clauses"]["1"]["value"], search["clauses"]["2"]["value"]) == ("3", "2015-03-02 09:00:00")
    assert [len(batch.records) for batch in batches] == [2]
    assert batches[0].cursor == [0, 6]


def test_activities_bear_what_they_are_about(v3: Zurmo) -> None:
    session = Session("http://localhost", Credentials(username="super", password="super"))
    driver = Driver(DIALECT, v3.world.endpoint("zurmo", "shop"), session)
    account = driver.perform(Create(Party, {"type": "organisation", "name": "Acme"})).id
    lead = driver.perform(Create(Party, {"type": "person", "last_name": "Byron", "stage": "lead"})).id
    deal = driver.perform(
        Create(
            Opportunity,
            {"title": "Deal", "amount": 1, "stage": "Verbal", "expected_close": "2015-12-31"},
            (NewLink(Ref("party", lead)),),
        )
    ).id
    targets = [Ref("party", account), Ref("party", lead), Ref("opportunity", deal)]
    for type_ in ("task", "meeting", "note"):
        values = {"type": type_, "title": "x", "start_at": AT} if type_ != "task" else {"type": type_, "title": "x"}
        driver.perform(Create(Activity, values, tuple(map(NewLink, targets))))
        (batch,) = driver.pull(type_)
        (record,) = batch.records
        assert {link.target for link in record.links} == set(targets)
        found = driver.perform(
            Find(
                Activity,
                Query(
                    all_of(
                        eq("type", type_),
                        Has("links", all_of(eq("target_kind", "party"), eq("target_id", account))),
                    )
                ),
            )
        )
        assert [item.id for item in found.items] == [record.id]
    assert [link.target for link in driver.perform(Get(Opportunity, deal)).links] == [Ref("party", lead)]
    assert not driver.losses, driver.losses.summary()


def test_deletions_of_every_model(v3: Zurmo) -> None:
    driver = Driver(
        DIALECT,
        v3.world.endpoint("zurmo", "shop"),
        Session("http://localhost", Credentials(username="super", password="super")),
    )
    task = driver.perform(Create(Activity, {"type": "task", "title": "x"})).id
    meeting = driver.perform(Create(Activity, {"type": "meeting", "title": "x", "start_at": AT})).id
    for id in (task, meeting):
        driver.perform(Delete(Activity, id))
    since = v3.world.time() - SECOND
    assert driver.perform(FindDeletions("activity", since)) == [Ref("activity", task), Ref("activity", meeting)]


def test_users_are_for_administrators(v3: Zurmo) -> None:
    v3.create("users/user", username="dana", lastName="Doe", password="s3cret-pw")
    driver = Driver(
        DIALECT,
        v3.world.endpoint("zurmo", "shop"),
        Session("http://localhost", Credentials(username="dana", password="s3cret-pw")),
    )
    with pytest.raises(Denied):
        list(driver.pull("user"))
