"""opentaps' client side beyond what every dialect is held to: how it signs in, asks and finds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

import dialects
from adapter.client import Credentials, Session, UnexpectedAnswer
from adapter.driver import Driver
from adapter.losses import Loss, LossReport
from adapter.wire import WireRequest, WireResponse
from canonical.errors import (
    Denied,
    NotFound,
    Unauthenticated,
    Unsupported,
)
from canonical.model import Activity, Case, ContactPoint, CustomValue, Link, Opportunity, Party, Tag, User
from canonical.operations import (
    AddLink,
    AddTag,
    Create,
    Delete,
    DropLink,
    DropTag,
    Find,
    FindCustomFields,
    FindDeletions,
    Get,
    NewLink,
    Update,
)
from canonical.query import And, Compare, Constant, Has, Op, Query, Sort, Window, all_of, contains, eq
from canonical.values import SECOND, Ref, instant
from dialects.opentaps import query
from dialects.opentaps.client import CLIENT, ask
from dialects.opentaps.query import attribute_node
from dialects.opentaps.wire.ids import number_of, text_of
from dialects.opentaps.wire.parameters import read_parameters
from tests.dialects.opentaps_vendor import (
    CARD,
    CONTACT,
    CONTACT_ELEMENT,
    ELEMENT,
    ID,
    PARTY,
    SESSION,
    TEXT,
    answer,
    conversed,
    enveloped,
    pairs,
    signing_in,
)
from tests.support.world import World

# -- signing in -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "home"),
    [
        ("https://crm2.opentaps.com", "https://crm2.opentaps.com"),
        ("https://crm2.opentaps.com/activities/", "https://crm2.opentaps.com"),
        ("http://host/opentaps/", "http://host/opentaps"),
        ("http://host/opentaps/crm2", "http://host/opentaps/crm2"),
    ],
)
def test_addresses(url: str, home: str) -> None:
    assert CLIENT.home(url) == home


def test_credentials_stand_in_the_body_where_there_is_one() -> None:
    read = CLIENT.sign(ask.reading("/activities/1", [("order", "DESC")]), SESSION)
    assert read.query == "order=DESC&authToken=tmp&clientDomain=acme.com"
    written = CLIENT.sign(ask.sending("PUT", "/contact", [("a", "é&")]), SESSION)
    assert (written.query, written.body) == ("", b"authToken=tmp&clientDomain=acme.com&a=%C3%A9%26")
    made = CLIENT.sign(ask.sending_json("/contact", {"firstName": "Bo"}), SESSION)
    assert made.body == b'{"authToken":"tmp","clientDomain":"acme.com","firstName":"Bo"}'
    assert CLIENT.sign(ask.removing("/activities/1"), SESSION).query == "authToken=tmp"
    nowhere = replace(SESSION, credentials=Credentials(token="T0K"), state={})
    assert CLIENT.sign(ask.reading("/task"), nowhere).query == "authToken=T0K"


def test_only_the_token_of_an_hour_is_sent_after_signing_in() -> None:
    cards = answer(200, [{"_id": text_of(CARD), "fullName": "Ann Lee", "emails": []}])
    requests, state = signing_in(
        answer(200, {"authToken": "tmp9"}), cards, answer(200, [{"userId": "Ann", "userIdType": "INTERNAL"}])
    )
    assert [request.path for request in requests] == [
        "/oauth/temp-token",
        "/contacts-users",
        f"/contact-users/{text_of(CARD)}",
    ]
    assert all("tmp9" in request.query for request in requests[1:])
    assert state == {"token": "tmp9", "users": {CARD: "ann"}}


def test_a_temporary_token_is_good_though_it_buys_no_other() -> None:
    _, state = signing_in(answer(401, {"error": "x"}), answer(200, {"authenticated": True}), answer(200, []))
    assert state["token"] == "T0K"


def test_a_server_of_before_2014_has_no_temporary_tokens_and_no_list_of_users() -> None:
    unknown = answer(404, b"<html>")
    requests, state = signing_in(unknown, enveloped([]), unknown)
    assert [request.path for request in requests] == ["/oauth/temp-token", "/activities/1", "/contacts-users"]
    assert state == {"token": "T0K", "users": {}}


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([answer(404, b"<html>"), answer(200, b"<html>")], UnexpectedAnswer),
        ([answer(200, b"<html>")], UnexpectedAnswer),
        ([answer(200, {"authToken": ""})], UnexpectedAnswer),
        ([answer(401, b""), answer(200, {"authenticated": False})], Unauthenticated),
        ([answer(200, {"authToken": "t"}), answer(403, {"error": "no"})], Denied),
    ],
)
def test_signing_in_that_fails(answers: list[WireResponse], error: type[Exception]) -> None:
    with pytest.raises(error):
        signing_in(*answers)


def test_a_token_whose_hour_is_over_is_bought_anew(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        session = Session("http://localhost", Credentials(token="ann-token", domain="acme.com"))
        driver = Driver(dialects.load("opentaps"), world.endpoint("opentaps"), session)
        made = driver.perform(Create(Activity, {"type": "note", "title": "x"}))
        first = driver.session.state["token"]
        assert world.now is not None
        world.now += 2 * 3600 * SECOND
        assert driver.perform(Get(Activity, made.id)).title == "x"
        assert driver.session.state["token"] not in (first, "ann-token")


# -- asking ---------------------------------------------------------------------------------------------


def test_activity_with_all_that_hangs_on_it() -> None:
    operation = Create(
        Activity,
        {
            "type": "task",
            "title": "t",
            "body": "b",
            "owner_id": CARD,
            "owner_chosen": True,
            "due_at": instant(2014, 2, 3),
            "due_date_only": True,
            "location": "Rome",
            "priority": None,
        },
        (
            NewLink(PARTY, "assignee"),
            NewLink(Ref("user", CARD), "assignee"),
            NewLink(PARTY, "~assignee"),
            NewLink(PARTY),
            NewLink(Ref("case", 4)),
        ),
        tags=("a", "b"),
        custom=(
            CustomValue("n", "v", "set"),
            CustomValue("status", "v"),
            CustomValue("noteId", "v"),
            CustomValue("x y", ""),
        ),
        extras={
            "opentaps": {"status": "On Hold", "createdByUser": {"userLoginId": "admin", "photo": None}},
            "crust": {"k": 1},
        },
    )
    requests, made, losses = conversed(operation, enveloped(ELEMENT, 201), *[enveloped(ELEMENT)] * 3)
    assert pairs(requests[0]) == [
        ("noteText", "t\nb"),
        ("note_field_activityType", "TASK"),
        ("note_field_scheduledDateTime", "2014-02-03"),
        ("note_field_responsibleContactId", text_of(CARD)),
        ("note_field_assignedToContactId", f"{CONTACT},{text_of(CARD)}"),
        ("note_field_x y", ""),
        ("created_by_user_userLoginId", "admin"),
        ("tagName", "a"),
    ]
    assert [(request.path, pairs(request)[2:]) for request in requests[1:3]] == [
        ("/activities/contact/add", [("role", "assignee")]),
        ("/activities/contact/add", []),
    ]
    assert (requests[3].method, pairs(requests[3])) == ("PUT", [("partial", "Yes"), ("tagName", "b")])
    assert made.id == ID
    assert losses.counts() == {
        Loss("task", "location", "not_said"): 1,
        Loss("task", "extras.crust", "not_said"): 1,
        Loss("task", "links", "no_case"): 1,
        Loss("activity", "custom", "grouped"): 1,
        Loss("activity", "custom", "reserved_name"): 2,
    }


@pytest.mark.parametrize(
    ("values", "extras", "expected"),
    [
        (
            {"due_at": instant(2014, 2, 3, 4, 5, 6, 7)},
            {},
            [("note_field_scheduledDateTime", "2014-02-03 04:05:06.000007")],
        ),
        (
            {"due_at": None, "parent_id": None},
            {},
            [("note_field_scheduledDateTime", ""), ("note_field_parentActivityId", "")],
        ),
        ({"title": "a", "body": None}, {"noteText": "a\n"}, [("noteText", "a\n")]),
        ({"title": "a", "body": "b"}, {"noteText": "a\n"}, [("noteText", "a\nb")]),
        ({"state": "open"}, {"status": "On Hold"}, [("note_field_status", "On Hold")]),
        ({"state": "completed"}, {"status": "On Hold"}, [("note_field_status", "COMPLETED")]),
        ({"owner_chosen": False}, {}, [("note_field_responsibleContactId", "")]),
        ({"owner_username": "ANN"}, {}, [("note_field_responsibleContactId", text_of(CARD))]),
        ({}, {"responsibleContactId": CONTACT}, [("note_field_responsibleContactId", CONTACT)]),
        ({"parent_id": ID}, {}, [("note_field_parentActivityId", TEXT)]),
    ],
)
def test_updates(values: dict[str, Any], extras: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    (request,), _, losses = conversed(
        Update(Activity, ID, values, {"opentaps": extras} if extras else {}), enveloped(ELEMENT)
    )
    assert (request.method, request.path) == ("PUT", f"/activities/{TEXT}")
    assert pairs(request) == [("partial", "Yes"), *expected]
    assert not losses


def test_half_of_a_text_is_changed_by_reading_the_other() -> None:
    requests, _, _ = conversed(Update(Activity, ID, {"body": "c"}), enveloped(ELEMENT), enveloped(ELEMENT))
    assert pairs(requests[1]) == [("partial", "Yes"), ("noteText", "a\nc")]
    requests, _, _ = conversed(Update(Activity, ID, {"due_date_only": True}), enveloped(ELEMENT), enveloped(ELEMENT))
    assert pairs(requests[1]) == [("partial", "Yes"), ("note_field_scheduledDateTime", "2014-02-03")]


def test_an_update_that_says_nothing_asks_nothing() -> None:
    losses = LossReport()
    with pytest.raises(StopIteration):
        next(CLIENT.perform(Update(Activity, ID, {"location": "Rome"}), SESSION, losses))
    assert losses.counts() == {Loss("task", "location", "not_said"): 1}


def test_an_unknown_owner_is_a_loss() -> None:
    (request,), _, losses = conversed(
        Create(Activity, {"title": "x", "owner_username": "zed"}), enveloped(ELEMENT, 201)
    )
    assert pairs(request) == [("noteText", "x")]
    assert losses.counts() == {Loss("activity", "owner_username", "unknown_user"): 1}


def test_assignees_are_a_field() -> None:
    link = AddLink(Ref("activity", ID), NewLink(Ref("user", CARD), "assignee"))
    requests, made, _ = conversed(
        link, enveloped(ELEMENT), enveloped({**ELEMENT, "assignedToContact": [CONTACT, text_of(CARD)]})
    )
    assert pairs(requests[1])[1:] == [("note_field_assignedToContactId", f"{CONTACT},{text_of(CARD)}")]
    assert made == Link(0, Ref("activity", ID), Ref("user", CARD), "assignee", 3)


@pytest.mark.parametrize(
    ("role", "gone", "asked"),
    [
        ("buyer", 1, [("remove", "buyer")]),
        ("", 1, [("remove", ""), ("add", "buyer")]),
        (None, 3, [("remove", ""), ("assign", "")]),
        ("assignee", 1, [("assign", "")]),
        ("seller", 0, []),
    ],
)
def test_links_are_taken_away_in_one_role_or_all(role: str | None, gone: int, asked: list[tuple[str, str]]) -> None:
    element = {**ELEMENT, "contacts": [{"contactId": CONTACT, "role": "buyer"}, {"contactId": CONTACT}]}
    requests, count, _ = conversed(DropLink(Ref("activity", ID), PARTY, role), *[enveloped(element)] * 4)
    said = [
        (request.path.rpartition("/")[2], dict(pairs(request)).get("role", ""))
        if request.method == "POST"
        else ("assign", dict(pairs(request))["note_field_assignedToContactId"])
        for request in requests[1:]
    ]
    assert (count, said) == (gone, asked)


def test_tags_say_whether_they_were_there() -> None:
    record = Ref("activity", ID)
    hot = Tag(7, "Hot", "http://x.test")
    assert conversed(AddTag(record, "hot"), *[enveloped(ELEMENT)] * 2)[1] == (hot, False)
    bare = {**ELEMENT, "tags": []}
    requests, result, _ = conversed(AddTag(record, "Hot", "u", "k"), enveloped(bare), enveloped(ELEMENT))
    assert result == (hot, True)
    assert pairs(requests[1]) == [("partial", "Yes"), ("tagName", "Hot"), ("tagUrl", "u"), ("tagKeywords", "k")]


def test_person_with_employer_is_made_by_a_json_object() -> None:
    """A form whose attributes fit one contact would change that one."""
    operation = Create(
        Party,
        {"type": "person", "first_name": "Zoë", "organisation_id": PARTY.id, "about": "c", "job_title": "x"},
        (NewLink(Ref("case", 4)),),
        (
            ContactPoint("email", "z@x.test", "work"),
            ContactPoint("address", street="1 High St"),
            ContactPoint("phone", ""),
        ),
        custom=(CustomValue("size", "5"), CustomValue("n", "v", "set")),
    )
    company = {"contactId": CONTACT, "companyName": "Fjord AS"}
    requests, made, losses = conversed(operation, enveloped([company]), enveloped({"contactId": TEXT}))
    assert pairs(requests[0]) == [("contactId", CONTACT)]
    assert orjson.loads(requests[1].body) == {
        "firstName": "Zoë", "companyName": "Fjord AS", "comment": "c",
        "emails": [{"email": "z@x.test", "purpose": "WORK"}], "attributes": {"size": "5"},
    }  # fmt: skip
    assert made.id == ID
    assert losses.counts() == {
        Loss("person", "job_title", "not_said"): 1,
        Loss("person", "points", "not_said"): 1,
        Loss("person", "links", "not_said"): 1,
        Loss("party", "custom", "grouped"): 1,
    }


def test_person_without_a_name_is_not_made_his_company() -> None:
    email = (ContactPoint("email", "z@x.test"),)
    (request,), _, losses = conversed(
        Create(Party, {"company": "Fjord AS"}, points=email), enveloped({"contactId": TEXT})
    )
    assert "companyName" not in orjson.loads(request.body)
    assert losses.counts() == {Loss("person", "organisation_id", "needs_a_name"): 1}
    with pytest.raises(Unsupported, match="person create without a name"):
        conversed(Create(Party, {"company": "Fjord AS"}))


def test_contact_is_read_before_what_the_vendor_replaces_whole() -> None:
    operation = Update(
        Party,
        PARTY.id,
        {"last_name": None, "organisation_id": None, "about": None},
        custom=(CustomValue("mood", "good"),),
        points=(ContactPoint("email", "new@x.test"), ContactPoint("phone", "2", "work", id=3)),
        drop_points=(1,),
    )
    requests, _, losses = conversed(operation, enveloped([CONTACT_ELEMENT]), enveloped(CONTACT_ELEMENT))
    assert (requests[1].method, requests[1].path) == ("PUT", "/contact")
    assert pairs(requests[1]) == [
        ("contactId", CONTACT),
        ("lastName", ""),
        ("companyName", ""),
        ("emailsNumber", "2"),
        ("email0", "b@y.test"),
        ("email1", "new@x.test"),
        ("phonesNumber", "1"),
        ("phone0", "2"),
        ("phonePurpose0", "WORK"),
        ("attribute_size", "5"),
        ("attribute_mood", "good"),
    ]
    assert losses.counts() == {Loss("person", "about", "stays"): 1}
    gone = Update(Party, PARTY.id, drop_custom=(("", "size"),), drop_points=(3,))
    requests, _, _ = conversed(gone, enveloped([CONTACT_ELEMENT]), enveloped(CONTACT_ELEMENT))
    assert pairs(requests[1]) == [("contactId", CONTACT), ("phonesNumber", "0")]


def test_contact_that_goes_leaves_its_activities_alone() -> None:
    """The vendor deletes what is associated with it."""
    done = enveloped({"contactId": CONTACT})
    answers = [enveloped([ELEMENT]), enveloped(ELEMENT), enveloped([ELEMENT]), done]
    requests, _, _ = conversed(Delete(Party, PARTY.id), *answers)
    assert [(request.method, request.path) for request in requests] == [
        ("GET", "/activities/100"),
        ("POST", "/activities/contact/remove"),
        ("GET", "/activities/100"),
        ("DELETE", "/contact"),
    ]
    (request,), _, _ = conversed(Delete(Party, PARTY.id, cascade=True), done)
    assert request.method == "DELETE"


def test_user_is_a_contact_with_a_login() -> None:
    made = enveloped({"userId": "cy", "userIdType": "INTERNAL", "contactId": TEXT})
    values = {"username": "cy", "first_name": "Cy", "email": "c@x.test", "is_admin": True, "view_only": True}
    requests, user, losses = conversed(Create(User, {**values, "job_title": "x"}), made, made, made)
    assert [(request.method, request.path) for request in requests] == [
        ("POST", "/admin/user-contact"),
        ("POST", "/admin/user-permission"),
        ("DELETE", "/admin/user-permission"),
    ]
    assert pairs(requests[0]) == [
        ("userId", "cy"),
        ("userIdType", "INTERNAL"),
        ("firstName", "Cy"),
        ("emailAddress", "c@x.test"),
    ]
    assert [dict(pairs(request))["permission"] for request in requests[1:]] == ["DOMAIN_CONF", "ACTIVITY_UPDATE"]
    assert (user.id, user.person_id) == (ID, ID)
    assert losses.counts() == {Loss("user", "job_title", "not_said"): 1}
    (request,), _, _ = conversed(Create(User, {"username": "cy", "person_id": PARTY.id}), made)
    assert (request.path, pairs(request)[-1]) == ("/admin/user", ("contactId", CONTACT))


# -- finding --------------------------------------------------------------------------------------------


class Numbers:
    """The `query.Names` of a place without records."""

    def activity(self, text: str) -> int | None:
        return number_of(text)

    contact = activity


def built(path: str, parameters: str) -> Query:
    """The query that the server makes of a list."""
    _, noun, *words = path.split("/")
    count, start = [*words, None, None][:2]
    params = read_parameters(WireRequest("GET", path, parameters))
    return query.build(params, Numbers(), count, start, type_="task" if noun == "task" else None)


@pytest.mark.parametrize(
    "parameters",
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
def test_queries_survive_the_wire(parameters: str) -> None:
    for path in ("/activities", "/activities/7", "/activities/7/5", "/task"):
        wanted = built(path, parameters.replace(" ", "%20"))
        (request,), page, _ = conversed(Find(Activity, wanted), enveloped([ELEMENT]))
        assert built(request.path, request.query) == wanted
        assert [item.id for item in page.items] == [ID]


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        (eq("state", "completed"), "status=CLOSED%2CCOMPLETED%2CDONE%2CFINISHED"),
        (eq("owner_id", CARD), f"responsibleContactId={text_of(CARD)}"),
        (all_of(eq("type", "task"), Compare("sequence", Op.GE, 5)), "activityType=TASK"),
    ],
)
def test_queries_in_canonical_words(wanted: Any, target: str) -> None:
    (request,), _, _ = conversed(Find(Activity, Query(wanted, window=Window(0, 10))), enveloped([]))
    assert request.query == target
    assert request.path.startswith("/activities/10")


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        (Query(eq("id", PARTY.id)), f"contactId={CONTACT}&per_page=10000&page=1"),
        (
            Query(Has("points", all_of(eq("kind", "email"), eq("value", "a@b.test"))), window=Window(20, 10)),
            "emailAddress=a%40b.test&per_page=10&page=3",
        ),
        (Query(attribute_node("size", "5"), (Sort("id"),)), "attribute_size=5&per_page=10000&page=1"),
    ],
)
def test_contacts_are_found(wanted: Query, target: str) -> None:
    (request,), page, _ = conversed(Find(Party, wanted), enveloped([CONTACT_ELEMENT]))
    assert request.target == f"/contact?{target}"
    assert page.items[0].organisation_name == "Fjord AS"


@pytest.mark.parametrize(
    "operation",
    [
        Find(Activity, Query(eq("title", "x"))),
        Find(Activity, Query(eq("state", "open"))),
        Find(Activity, Query(Constant(False))),
        Find(Activity, Query(sort=(Sort("title"),))),
        Find(Activity, Query(Compare("sequence", Op.LE, 5))),
        Find(Activity, Query(window=Window(5, 10))),
        Find(Activity, Query(window=Window(0, 0))),
        Find(Activity, Query(window=Window(0, 10_001))),
        Find(Activity, Query(And(tuple(Has("tags", eq("name", name)) for name in "abc")))),
        Find(Activity, Query(attribute_node("status", "x"))),
        Find(Activity, Query(Has("links", Compare("role", Op.NULL)))),
        Find(
            Activity, Query(Has("links", And((eq("target_kind", "party"), eq("target_id", 1), eq("role", "buyer")))))
        ),
        Find(Party, Query(contains("about", "x"))),
        Find(Party, Query(sort=(Sort("name"),))),
        Find(Party, Query(And((eq("id", 1), attribute_node("a", "b"))))),
        Find(User, Query(eq("username", "x"))),
        Find(Case),
        Get(Opportunity, 1),
        Delete(Activity, ID, True),
        Delete(Party, CARD),
        Delete(Case, 1),
        AddTag(Ref("party", 1), "x"),
        DropTag(Ref("activity", ID), "x"),
        AddLink(Ref("activity", ID), NewLink(Ref("case", 1), "buyer")),
        AddLink(Ref("case", 1), NewLink(PARTY)),
        DropLink(Ref("activity", ID), Ref("case", 1)),
        Create(Opportunity, {"title": "x"}),
        Create(User, {"first_name": "x"}),
        FindCustomFields("party"),
        FindDeletions("party", 0),
        "no operation",
    ],
)
def test_what_cannot_be_asked_is_refused(operation: Any) -> None:
    with pytest.raises(Unsupported):
        conversed(operation)


@pytest.mark.parametrize("operation", [Get(Activity, -1), Get(Party, 1 << 96), Delete(Activity, 1 << 200)])
def test_ids_that_no_record_has(operation: Any) -> None:
    with pytest.raises(NotFound):
        conversed(operation)


def test_deleted_contact_leaves_its_activities_on_a_gateway(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        session = Session("http://localhost", Credentials(token="ann-token", domain="acme.com"))
        driver = Driver(dialects.load("opentaps"), world.endpoint("opentaps"), session)
        person = driver.perform(Create(Party, {"type": "person", "first_name": "Bo"}))
        target = Ref("party", person.id)
        links = (NewLink(target), NewLink(target, "buyer"), NewLink(target, "assignee"))
        note = driver.perform(Create(Activity, {"type": "note", "title": "x"}, links))
        assert len(driver.perform(Get(Activity, note.id)).links) == 3
        driver.perform(Delete(Party, person.id))
        assert driver.perform(Get(Activity, note.id)).links == []
        with pytest.raises(NotFound):
            driver.perform(Get(Party, person.id))
