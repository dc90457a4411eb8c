"""Crust's servers as the client side asks and hears them: recorded answers, its own words, errors, what it keeps."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.client import Credentials, Session, UnexpectedAnswer
from adapter.contract import Exchange, load_session
from adapter.losses import Loss, LossReport
from adapter.wire import WireRequest, WireResponse
from canonical.errors import (
    CanonicalError,
    Conflict,
    Denied,
    Duplicate,
    Invalid,
    NotFound,
    Unauthenticated,
    Unavailable,
    UnknownReference,
    Unsupported,
)
from canonical.model import User
from canonical.model.module import FieldValue, Module, ModuleField, ModuleRecord, ModuleSort, SavedChart
from canonical.model.page import LayoutPage
from canonical.operations import Create, Delete, Find, Get, Page, Update
from canonical.query import Query, Sort, Window, eq, starts_with
from dialects.crust.client import CLIENT, ask, hear
from dialects.crust.client.operations import FindRecords, FindTree, Reorder
from dialects.crust.client.shown import Shown, ended, response_of
from dialects.crust.client.views import Modules
from dialects.crust.fields.system.modules import CREATED_AT, system_modules

SESSION = Session("https://crm.shop.example", Credentials(username="mila", password="kresnicka-7"))
RECORDED = load_session(Path(__file__).resolve().parents[2] / "fixtures" / "crust")
KINDS: dict[str, Any] = {
    "module": Module, "record": ModuleRecord, "page": LayoutPage, "chart": SavedChart, "user": User,
}  # fmt: skip
ASKED = [
    case
    for case in RECORDED
    if case.operation["do"] in ("find", "get", "create", "update", "delete", "reorder")
    and case.operation.get("kind") in KINDS
]
"""What the recording asks besides are kinds of fields, CORS, sessions, wrong paths and computed charts."""


def answer(value: Any, status: int = 200) -> WireResponse:
    body = value if isinstance(value, bytes) else orjson.dumps(value)
    return WireResponse(status, [("Content-Type", "application/json")], body)


def shown(value: Any) -> WireResponse:
    return answer({"response": value})


def conversed(operation: Any, *answers: WireResponse, session: Session = SESSION) -> tuple[list[WireRequest], Any]:
    """The requests of an operation's conversation, and its result."""
    requests = []
    conversation = CLIENT.perform(operation, session, LossReport())
    left = list(answers)
    try:
        requests.append(next(conversation))
        while True:
            requests.append(conversation.send(left.pop(0)))
    except StopIteration as done:
        return requests, done.value


# -- recorded answers -------------------------------------------------------------------------------


def name(case: Exchange) -> str:
    return case.name


def ids(case: Exchange) -> list[int]:
    return [int(id) for id in re.findall(r"/(\d+)", case.request.path)]


def wanted(case: Exchange) -> Any:
    """What a recorded request asks for, as an operation."""
    words = case.operation
    kind, there = KINDS[words["kind"]], ids(case)
    sent = orjson.loads(case.request.body) if _is_good_json(case) else {}
    match words["do"]:
        case "reorder":
            return Reorder(there[0] if there else 0, tuple(int(id) for id in sent["pageIDs"]))
        case "get":
            return Get(kind, there[-1])
        case "delete":
            return Delete(kind, there[-1])
        case "find" if kind is ModuleRecord:
            size = max(10, words.get("page_size", 50))
            text = words.get("query", words.get("text", ""))
            return FindRecords(there[0], text, _sort(words), Window(words.get("page", 0) * size, size))
        case "find" if case.request.path == "/page/tree":
            return FindTree()
        case "find" if kind is LayoutPage:
            return Find(kind, Query(eq("parent_id", int(case.request.query.partition("selfID=")[2] or 0))))
        case "find" if kind is User:
            return Find(kind, Query(starts_with("username", case.request.query.partition("query=")[2])))
        case "find":
            return Find(kind)
    values, extras = _values(kind, sent if isinstance(sent, dict) else {}, there)
    if words["do"] == "create":
        return Create(kind, values, extras=extras)
    return Update(kind, there[-1], values, extras=extras)


def _is_good_json(case: Exchange) -> bool:
    try:
        orjson.loads(case.request.body)
    except orjson.JSONDecodeError:
        return False
    return True


def _sort(words: dict[str, Any]) -> tuple[ModuleSort, ...]:
    field, _, how = words.get("sort", "").partition(" ")
    if not field:
        return (ModuleSort("id", own=True),)
    own = field == "createdAt"
    return (ModuleSort("created_at" if own else field, how.lower() == "desc", own),)


def _values(kind: Any, sent: dict[str, Any], there: list[int]) -> tuple[dict[str, Any], dict[str, Any]]:
    if kind is ModuleRecord:
        rows = sent.get("fields")
        rows = rows if isinstance(rows, list) else []
        values = [FieldValue(row["name"], row["value"], None) for row in rows if isinstance(row.get("value"), str)]
        return {"module_id": there[0], "values": tuple(values)}, {}
    if kind is Module:
        rows = sent.get("fields")
        rows = rows if isinstance(rows, list) else []
        given = tuple(ModuleField(row["name"], row["kind"], row.get("label", "")) for row in rows)
        return {"name": str(sent.get("name", "")), "fields": given}, {}
    if kind is LayoutPage:
        values = {"title": sent.get("title", "")}
        for field, word in (("module_id", "moduleID"), ("parent_id", "selfID")):
            if isinstance(sent.get(word), str) and sent[word].isdigit():
                values[field] = int(sent[word])
        return values, {}
    first, _, last = sent.get("name", "").rpartition(" ")
    extras = {"crust": {"handle": sent["handle"]}} if sent.get("handle") else {}
    values = {"username": sent.get("username"), "email": sent.get("email"), "first_name": first, "last_name": last}
    return values, extras


ERRORS: dict[str, type[CanonicalError]] = {
    "not_signed_in": Unauthenticated, "unauthenticated": Unauthenticated, "bad_token": Unauthenticated,
    "not_found": NotFound, "malformed": Invalid, "invalid": Invalid, "conflict": Duplicate,
}  # fmt: skip


def told(found: Any) -> dict[str, Any]:
    match found:
        case ModuleRecord():
            return {value.name: value.value for value in found.values}
        case Module():
            return {"name": found.name}
        case User():
            return {"name": f"{found.first_name} {found.last_name}", "username": found.username, "email": found.email}
        case LayoutPage():
            return {"title": found.title}
    raise AssertionError(found)


def heard(case: Exchange) -> tuple[WireRequest, Any]:
    """The last request of what the recording asks, and what the recorded answer means."""
    operation = wanted(case)
    before: list[WireResponse] = []
    if isinstance(operation, Update | Delete) and operation.kind is ModuleRecord:
        # A record that is changed is read first.
        before = [shown({"contentID": str(operation.id), "moduleID": str(ids(case)[0]), "createdAt": ""})]
    elif isinstance(operation, Update | Delete) and operation.kind is User:
        before = [shown({"userID": str(operation.id), "username": "zala"})]
    requests, result = conversed(operation, *before, case.response)
    return requests[-1], result


@pytest.mark.parametrize("case", ASKED, ids=name)
def test_recorded_answers_mean_what_is_written(case: Exchange) -> None:
    result = case.result
    if "error" in result:
        with pytest.raises(ERRORS[result["error"]]):
            heard(case)
        return
    _, found = heard(case)
    if isinstance(found, Page):
        rows = list(found.items)
        counted = [row for row in rows if not row.parent_id] if case.request.path == "/page/tree" else rows
        assert result.get("total", len(counted)) == (len(counted) if found.total is None else found.total)
        for row, record in zip(rows, result.get("records", ()), strict=False):
            assert told(row) == record
    elif "record" in result and found is not None:
        assert {key: told(found).get(key) for key in result["record"]} == result["record"]


SAME = [
    case
    for case in ASKED
    if "error" not in case.result
    and case.request.headers.get("Content-Type", "application/json") == "application/json"
    and case.name[:3] not in ("039", "042", "043", "044", "045", "046", "051", "072", "074")
]
"""Requests of a client without whims: no repeated keys, forms, null or trailing text, nor a page of five."""


@pytest.mark.parametrize("case", SAME, ids=name)
def test_what_is_asked_is_what_was_recorded(case: Exchange) -> None:
    request, _ = heard(case)
    path, body = case.request.path, case.request.body
    if request.method == "GET" and case.operation["kind"] == "record" and case.operation["do"] == "get":
        # Only the record's own id counts.
        path = re.sub(r"/module/\d+", "/module/0", path)
    assert (request.method, request.path) == (case.request.method, path)
    if request.method in ("POST", "PUT"):
        assert request.headers.get("Content-Type") == "application/json"
        sent, recorded = orjson.loads(request.body), orjson.loads(body)
        assert set(_flat(recorded)) - {"password", "selfID"} - _flat(sent).keys() <= _OPTIONAL
        assert {key: value for key, value in _flat(sent).items() if key in _flat(recorded)}.items() <= (
            _flat(recorded).items()
        )


_OPTIONAL = {
    "description", "blocks", "visible", "meta", "kind", "satosaID", "organisationID", "handle", "moduleID",
    "createdAt",
}  # fmt: skip


def _flat(body: dict[str, Any]) -> dict[str, str]:
    """A body as text by key, of values and fields their names and texts."""
    out = {}
    for key, value in body.items():
        if key == "fields":
            value = [(row["name"], row.get("value", row.get("kind"))) for row in value]
        out[key] = repr(value)
    return out


# -- sign-in ----------------------------------------------------------------------------------------


def login(*answers: WireResponse, credentials: Credentials = SESSION.credentials) -> tuple[list[WireRequest], Session]:
    conversation = CLIENT.sign_in(Session(SESSION.base_url, credentials))
    requests = []
    left = list(answers)
    try:
        requests.append(next(conversation))
        while True:
            requests.append(conversation.send(left.pop(0)))
    except StopIteration as done:
        return requests, done.value


def recorded(head: str) -> WireResponse:
    return next(case.response for case in RECORDED if case.name.startswith(head))


def test_the_token_comes_in_the_cookie_and_goes_as_bearer() -> None:
    requests, session = login(recorded("004"), recorded("026"))
    assert [(request.method, request.path) for request in requests] == [("POST", "/auth/login"), ("GET", "/module/")]
    assert orjson.loads(requests[0].body) == {"username": "mila", "password": "kresnicka-7"}
    assert requests[1].headers.get("Authorization") == f"Bearer {session.state['token']}"
    assert session.state["token"].startswith("{{token:")
    assert (requests[1].host, requests[1].base_url) == ("crm.shop.example", "https://crm.shop.example")
    assert [module.name for module in session.state["modules"].known] == ["Firme & <partnerji>", "Stranke"]
    assert session.state["token"] not in repr(session)


def test_a_token_alone_is_tried() -> None:
    requests, session = login(recorded("018"), credentials=Credentials(token="a.b.c"))
    assert requests[0].headers.get("Authorization") == "Bearer a.b.c"
    assert session.state["token"] == "a.b.c"
    with pytest.raises(Unauthenticated):
        login(recorded("012"), credentials=Credentials(token="a.b.c"))
    with pytest.raises(Unauthenticated):
        login(credentials=Credentials(username="mila"))


@pytest.mark.parametrize("head", ["002", "003"])
def test_wrong_passwords_are_told(head: str) -> None:
    with pytest.raises(Unauthenticated):
        login(recorded(head))


def test_a_login_without_a_cookie_is_none() -> None:
    with pytest.raises(UnexpectedAnswer, match="header Set-Cookie: no token"):
        login(shown({"userID": "7", "username": "mila"}))


@pytest.mark.parametrize("head", ["001", "011", "012", "013", "doc-102"])
def test_a_session_that_ended_is_seen(head: str) -> None:
    assert ended(recorded(head))


@pytest.mark.parametrize("head", ["002", "010", "018", "061", "058", "016"])
def test_other_answers_end_no_session(head: str) -> None:
    assert not ended(recorded(head))


@pytest.mark.parametrize(
    ("url", "home"),
    [
        ("https://crm.shop.example", "https://crm.shop.example"),
        ("https://crm.shop.example/", "https://crm.shop.example"),
        ("http://host/crust", "http://host/crust"),
        ("http://host/crust/", "http://host/crust"),
    ],
)
def test_the_address_is_the_mount(url: str, home: str) -> None:
    assert CLIENT.home(url) == home


# -- answers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("Unauthorized", Unauthenticated),
        ("failed to authorize request: jwtauth: token is expired", Unauthenticated),
        ("Malformed JWT claims", Unauthenticated),
        ("crust.auth.repository.UserNotFound", NotFound),
        ("Module has no fields", NotFound),
        ("crust.crm.repository.ChartNotFound", NotFound),
        ("Not allowed: the user may only view", Denied),
        ("Page for module already exists", Duplicate),
        ("exec query failed: Error 1062: Duplicate entry for key 'username'", Duplicate),
        ("exec query failed: Error 1452: Cannot add or update a child row: a foreign key constraint fails (owner_id)",
         UnknownReference),
        ("exec query failed: Error 1213: Deadlock found when trying to get lock; try restarting transaction",
         Conflict),
        ("exec query failed: Error 1406: Data too long for column 'name' at row 1", Invalid),
        ("exec query failed: Error 1366: Incorrect value for column 'email' at row 1 (too_long)", Invalid),
        ("driver: bad connection", Unavailable),
        ("query too complex", Unsupported),
        ("something else", Invalid),
    ],
)  # fmt: skip
def test_errors_of_a_server(message: str, error: type[CanonicalError]) -> None:
    with pytest.raises(error):
        response_of("task read", answer({"error": {"message": message}}))


@pytest.mark.parametrize(
    ("status", "body", "error", "text"),
    [
        (200, b"", UnexpectedAnswer, "no JSON"),
        (200, b"<html>", UnexpectedAnswer, "no JSON"),
        (200, b'{"response":{"contentID":"3"', UnexpectedAnswer, "no JSON"),
        (200, '{"response":{"name":"\u017d"}}'.encode("iso-8859-2"), UnexpectedAnswer, "no JSON"),
        (200, b"[]", UnexpectedAnswer, "no object"),
        (200, b"{}", UnexpectedAnswer, "/response: missing"),
        (200, b'{"error":"no"}', UnexpectedAnswer, "/error/message: missing"),
        (200, b'{"response":5}', UnexpectedAnswer, "/response: no object"),
        (200, b'{"response":null}', UnexpectedAnswer, "/response/contentID: missing"),
        (200, b'{"response":{"contentID":7}}', UnexpectedAnswer, "/response/contentID: no id"),
        (200, b'{"response":{"contentID":"-7"}}', UnexpectedAnswer, "/response/contentID: no id"),
        (200, b'{"response":{"contentID":"7","createdAt":"soon"}}', UnexpectedAnswer, "createdAt: no time"),
        (200, b'{"response":{"contentID":"7","fields":{}}}', UnexpectedAnswer, "/response/fields: no list"),
        (200, b'{"response":{"contentID":"7","fields":[5]}}', UnexpectedAnswer, "/response/fields/0: no object"),
        (
            200,
            b'{"response":{"contentID":"7","fields":[{"value":true}]}}',
            UnexpectedAnswer,
            "/0/value: no str",
        ),
        (404, b"404 page not found\n", UnexpectedAnswer, "status 404, status"),
        (302, b"", UnexpectedAnswer, "status 302"),
        (503, b"", Unavailable, "status 503"),
        (500, b"Internal Server Error\n", Unavailable, "status 500"),
    ],
)
def test_answers_that_are_none(status: int, body: bytes, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        hear.record(response_of("task read", answer(body, status)), VIEWS.of("task"), VIEWS, LossReport())


def test_an_answer_of_a_hundred_megabytes_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dialects.crust.client.shown.MAX_ANSWER", 1_000)
    with pytest.raises(UnexpectedAnswer, match="too large"):
        response_of("task list", answer(b'{"response":"' + b"x" * 1_000 + b'"}'))


SYSTEM = [
    Module(100 + system.place, system.name, (*system.described.values(), ModuleField("Area", "Select")), CREATED_AT)
    for system in system_modules()
]
VIEWS = Modules(SYSTEM, {})


def test_names_that_nobody_knows_are_kept_and_counted() -> None:
    losses = LossReport()
    row = {
        "contentID": "7", "mood": "good", "user": {"userID": "3", "team": 5}, "userID": "3",
        "fields": [
            {"name": "Subject", "value": "x", "related": None},
            {"name": "Colour", "value": "red", "related": ["5"], "tint": 3},
            {"name": "Status", "value": "Half done", "related": None},
            {"name": "Area", "value": "North", "related": None},
        ],
    }  # fmt: skip
    task = hear.record(response_of("task read", shown(row)), VIEWS.of("task"), VIEWS, losses)
    assert (task.id, task.title, task.state, task.owner_id) == (7, "x", "open", 3)
    assert [(value.name, value.value) for value in task.custom] == [("Area", "North")]
    kept = task.extras["crust"]
    assert (kept["mood"], kept["user.team"], kept["fields.tint"]) == ("good", 5, 3)
    assert kept["values"] == {"Colour": "red"}
    assert kept["related"] == {"Colour": ["5"]}
    assert (kept["Status"], kept["Status_of"]) == ("Half done", "Not Started")
    assert losses.counts() == {
        Loss("task", "mood", "unknown_name"): 1,
        Loss("task", "user.team", "unknown_name"): 1,
        Loss("task", "fields.tint", "unknown_name"): 1,
        Loss("task", "Colour", "unknown_field"): 1,
        Loss("task", "Status", "kept_as_text"): 1,
        Loss("task", "related", "kept_as_extra"): 1,
    }


def test_texts_that_say_it_in_other_words_are_no_loss() -> None:
    losses = LossReport()
    texts = {
        "Status": "Done",
        "ActivityDate": "2018-12-24T09:00:00Z",
        "Priority": "Medium",
        "ReminderDateTime": "soon",
    }
    task = hear.from_texts(VIEWS.of("task"), 7, texts, VIEWS, losses)
    assert (task.state, task.priority, task.due_date_only) == ("completed", 3, False)
    assert task.extras["crust"]["Status"] == "Done"
    assert task.extras["crust"]["ReminderDateTime"] == "soon"
    assert not losses


def test_a_record_that_is_marked_as_deleted_is_not_there() -> None:
    row = {"contentID": "7", "deletedAt": "2018-12-24T09:00:00Z"}
    with pytest.raises(NotFound):
        hear.record(response_of("task read", shown(row)), VIEWS.of("task"), VIEWS, LossReport())


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*path, key))


def _mutated(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    if not path:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _mutated(value[path[0]], path[1:], other)
    return copy


REAL = [case for case in ASKED if case.response.body.startswith(b"{") and "error" not in case.result]
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=5)
    | st.sampled_from(["0", "7", "-1", "9" * 30, "2018-12-24T09:00:00Z", "2018-99-99T09:00:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_a_server_answers_is_heard_or_told(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(REAL))
    real = orjson.loads(case.response.body)
    place = data.draw(st.sampled_from(list(_places(real))))
    value = _mutated(real, place, data.draw(JUNK))
    kind = case.operation["kind"]
    try:
        if kind == "record":
            shown_ = response_of("task list", answer(orjson.dumps(value)))
            rows = hear.rows_of("task list", answer(orjson.dumps(value)))[0] if "contents" in str(value) else [shown_]
            for row in rows:
                hear.record(row, VIEWS.of("task"), VIEWS, LossReport())
                hear.module_of(row)
        ended(answer(orjson.dumps(value)))
        heard(dataclasses.replace(case, response=answer(orjson.dumps(value))))
    except (UnexpectedAnswer, CanonicalError):
        pass


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60), st.sampled_from([200, 200, 404, 500]))
def test_bytes_that_are_no_answer_are_told(body: bytes, status: int) -> None:
    for operation in (Find(Module), Get(LayoutPage, 3), FindTree(), Find(User), FindRecords(7)):  # type: ignore[type-var]
        with pytest.raises((UnexpectedAnswer, CanonicalError)):
            conversed(operation, answer(body, status))


# -- what no call can ask ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "operation",
    [
        Find(Module, Query(eq("name", "x"))),  # type: ignore[type-var]
        Find(LayoutPage),  # type: ignore[type-var]
        Find(User, Query(eq("username", "x"))),
        Find(User, Query(sort=(Sort("id"),))),
        Find(User, Query(window=Window(0, 5))),
        FindRecords(7, window=Window(0, 5)),
        FindRecords(7, window=Window(5, 10)),
        FindRecords(7, window=Window(0, None)),
        FindRecords(7, sort=(ModuleSort("a b"),)),
        FindRecords(7, sort=(ModuleSort("id"),)),
        Find(ModuleRecord),  # type: ignore[type-var]
        "no operation",
    ],
)
def test_what_no_call_can_ask(operation: Any) -> None:
    with pytest.raises(Unsupported, match="crust"):
        conversed(operation)


def test_the_later_name_of_records_is_the_profile_s() -> None:
    later = Session(SESSION.base_url, profile={"records": "record"})
    requests, page = conversed(
        FindRecords(7, "x"),
        shown({"meta": {"count": 1, "page": 0, "perPage": 50, "sort": ""}, "records": [{"recordID": "9"}]}),
        session=later,
    )
    assert requests[0].target == "/module/7/record?query=x&page=0&perPage=50&sort="
    assert [record.id for record in page.items] == [9]
    with pytest.raises(Unsupported, match="crust: records are not called 'rows'"):
        ask.records(7, Session("", profile={"records": "rows"}))


def test_a_place_is_a_pointer() -> None:
    assert str(Shown("task list", 200, 5, "/response/contents/0").fail("no object", "user")) == (
        "task list: status 200, /response/contents/0/user: no object"
    )
