"""The recorded exchanges and the dossier's examples in the four directions; round trips; our own server as theirs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapter.contract import Exchange, load_session
from adapter.routes import MethodNotAllowed, RouteNotFound
from adapter.wire import Headers, WireRequest, WireResponse
from canonical.errors import CanonicalError, Duplicate, Invalid, NotFound, Unauthenticated, Unavailable, Unsupported
from canonical.model import Activity, User
from canonical.model.module import FieldValue, Module, ModuleField, ModuleRecord, ModuleSort, SavedChart
from canonical.model.page import LayoutPage
from canonical.operations import Create, Delete, Find, Get, Page, Update
from canonical.query import Query, Sort, Window, eq, starts_with
from canonical.values import SECOND
from dialects.crust import DIALECT
from dialects.crust.codec.answers import parse_response, render_response
from dialects.crust.codec.operations import CheckSession, FindRecords, FindTree, Reorder, Session, SignIn, SignOut
from dialects.crust.codec.requests import parse_request, render_request
from dialects.crust.errors import Refused
from tests.support.world import World

SESSION = load_session(Path(__file__).resolve().parents[2] / "fixtures" / "crust")
NO_OPERATION = ("field_type", "preflight", "unknown", "chart")
"""What the recording asks besides operations: kinds of fields, CORS, wrong paths, computed charts."""
KINDS: dict[Any, str] = {
    Module: "module", ModuleRecord: "record", LayoutPage: "page", SavedChart: "chart", User: "user",
}  # fmt: skip
ASKED = [case for case in SESSION if not {case.operation["do"], case.operation.get("kind")} & {*NO_OPERATION}]
GOOD = [case for case in ASKED if "error" not in case.result]
BAD_REQUESTS = {
    "019", "020", "021", "022", "023", "030", "031", "034", "035", "036", "047", "055", "070", "071", "doc-109",
}  # fmt: skip
"""Refused as they are read, whatever the server holds."""


def name(case: Exchange) -> str:
    return case.name


def number(case: Exchange) -> str:
    return case.name[:7] if case.name.startswith("doc-") else case.name[:3]


def carried(case: Exchange, record: str) -> int:
    """The id behind a meaning's ``record``: itself, or the answer of an earlier exchange."""
    if record.isdigit():
        return int(record)
    return int(re.findall(r"/(\d+)", case.request.path)[-1])


def meant(case: Exchange, operation: Any) -> dict[str, Any]:
    """An operation in the words of meaning.json, as far as they say anything there."""
    words = case.operation
    out: dict[str, Any] = {}
    match operation:
        case SignIn(username=username):
            out = {"do": "sign_in", "username": username}
        case CheckSession():
            out = {"do": "check_session"}
        case SignOut():
            out = {"do": "sign_out"}
        case Reorder():
            out = {"do": "reorder", "kind": "page"}
        case FindTree():
            out = {"do": "find", "kind": "page", "as": "tree"}
        case FindRecords():
            assert operation.window.limit is not None
            asked = max(10, words.get("page_size", operation.window.limit))
            assert operation.window == Window(words.get("page", 0) * asked, asked)
            sort = " ".join(f"{term.field} desc" if term.descending else term.field for term in operation.sort)
            out = {
                "do": "find", "kind": "record", "query": operation.text, "text": operation.text,
                "page": words.get("page"), "page_size": words.get("page_size"),
                "sort": words.get("sort") if sort == _canonical(words.get("sort", "")) else sort,
            }  # fmt: skip
        case Find(kind=kind):
            out = {"do": "find", "kind": KINDS[kind]}
        case Get(kind=kind, id=id) | Delete(kind=kind, id=id):
            out = {"do": "get" if isinstance(operation, Get) else "delete", "kind": KINDS[kind], "record": id}
        case Create(kind=kind, values=values) | Update(kind=kind, values=values):
            out = {"do": "create" if isinstance(operation, Create) else "update", "kind": KINDS[kind]}
            out |= {"record": operation.id} if isinstance(operation, Update) else {}
            out |= written(kind, values, operation.extras)
    return {key: out.get(key) for key in words}


def _canonical(sort: str) -> str:
    return sort.replace("createdAt", "created_at").replace("DESC", "desc")


def written(kind: Any, values: Mapping[str, Any], extras: Mapping[str, Any]) -> dict[str, Any]:
    if kind is ModuleRecord:
        return {"values": {value.name: value.value for value in values["values"]}}
    if kind is Module:
        return {"name": values["name"], "fields": [field.name for field in values["fields"]]}
    if kind is User:
        return {"name": f"{values['first_name']} {values['last_name']}", "username": values["username"]}
    return {"title": values["title"]}


@pytest.mark.parametrize("case", [case for case in ASKED if number(case) not in BAD_REQUESTS], ids=name)
def test_requests_mean_what_is_written(case: Exchange) -> None:
    expected = dict(case.operation)
    if "record" in expected:
        expected["record"] = carried(case, expected["record"])
    got = meant(case, parse_request(case.request))
    if "values" in expected:
        # The meaning leaves out references to other records.
        expected["values"] = {key: value or "" for key, value in expected["values"].items()}
        got["values"] = {key: value for key, value in got["values"].items() if key in expected["values"]}
    if case.request.path == "/page/tree":
        expected.setdefault("as", "tree")
    assert got | {"as": expected.get("as")} == expected | {"as": expected.get("as")}


@pytest.mark.parametrize("case", [case for case in ASKED if number(case) in BAD_REQUESTS], ids=name)
def test_bad_requests_are_refused_in_the_servers_words(case: Exchange) -> None:
    with pytest.raises(Refused) as caught:
        parse_request(case.request)
    assert caught.value.message == orjson.loads(case.response.body)["error"]["message"]


@pytest.mark.parametrize("case", [case for case in SESSION if case not in ASKED], ids=name)
def test_what_is_no_operation(case: Exchange) -> None:
    with pytest.raises((Unsupported, RouteNotFound, MethodNotAllowed)):
        parse_request(case.request)


ERRORS = {
    "not_signed_in": Unauthenticated, "unauthenticated": Unauthenticated, "bad_credentials": Unauthenticated,
    "bad_token": Unauthenticated, "not_found": NotFound, "malformed": Invalid, "invalid": Invalid,
    "conflict": Duplicate,
}  # fmt: skip


def operation_of(case: Exchange) -> Any:
    """The request's operation; of one that is refused what it wants to be."""
    if number(case) not in BAD_REQUESTS:
        return parse_request(case.request)
    kind: Any = {word: kind for kind, word in KINDS.items()}[case.operation["kind"]]
    if case.operation["do"] == "find":
        return FindRecords(7)
    return Create(kind, {}) if case.operation["do"] == "create" else Update(kind, 7)


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


@pytest.mark.parametrize("case", ASKED, ids=name)
def test_answers_mean_what_is_written(case: Exchange) -> None:
    operation, result = operation_of(case), case.result
    if "error" in result:
        with pytest.raises(ERRORS[result["error"]]):
            parse_response(operation, case.response)
        return
    found = parse_response(operation, case.response)
    if isinstance(found, Page):
        rows = list(found.items)
        counted = [row for row in rows if not row.parent_id] if isinstance(operation, FindTree) else rows
        assert result.get("total", len(counted)) == (len(counted) if found.total is None else found.total)
        for row, record in zip(rows, result.get("records", ()), strict=False):
            assert told(row) == record
    elif isinstance(found, Session):
        assert (found.user.username, found.user.email) == ("mila", "mila@shop.example")
        assert found.token.startswith("{{token:")
    elif "record" in result:
        shown = told(found)
        assert {key: shown.get(key) for key in result["record"]} == result["record"]
    else:
        assert found is None


def settled(body: bytes) -> bytes:
    """An answer without what a result does not hold: digits below a microsecond, and how the order was worded."""
    body = re.sub(rb"(\.\d{6})\d{1,3}Z", lambda match: match[1].rstrip(b"0") + b"Z", body)
    return re.sub(rb'"sort":"[^"]*"', b'"sort":""', body)


def read_as(kind: Any, shown: Any) -> Any:
    """A thing inside an answer."""
    return parse_response(Get(kind, 1), WireResponse(200, [], orjson.dumps({"response": shown})))


@pytest.mark.parametrize("case", GOOD, ids=name)
def test_what_an_answer_tells_is_written_as_the_server_wrote_it(case: Exchange) -> None:
    operation = parse_request(case.request)
    found = parse_response(operation, case.response)
    body = case.response.body
    sent = orjson.loads(body) if body else {}
    beside: dict[str, Any] = {}
    shown = sent.get("response")
    rows = shown.get("contents", [shown]) if isinstance(shown, dict) else shown if isinstance(shown, list) else []
    for row in rows:
        if row.get("user") and not isinstance(operation, CheckSession):
            beside["owners"] = {int(row["userID"]): read_as(User, row["user"])}
        if row.get("module"):
            beside["modules"] = {int(row["moduleID"]): read_as(Module, row["module"])}
        if row.get("page", {}).get("pageID", "0") != "0":
            beside["page"] = read_as(LayoutPage, row["page"])
    got = render_response(operation, found, **beside)
    assert settled(got.body) == settled(body)
    kinds = {name for name, _ in case.response.headers} - {"Date", "Content-Length", "Transfer-Encoding"}
    assert {name for name, _ in got.headers} == kinds


FIELD = ModuleField("city", "Select", "City <&>", "help", "x", 5, '{"options":["a"]}', True, True, True)
MODULE = Module(7, "Leads", (FIELD, ModuleField("zip")), 1_400_000_000 * SECOND, 1_400_000_001 * SECOND)
RECORD = ModuleRecord(
    9, 7, 1, (FieldValue("city", "Kranj & <Bled>"), FieldValue("zip", "4000")), 5 * SECOND, 6 * SECOND
)
PAGE = LayoutPage(3, 2, 7, "Home", "d", '[{"kind":"Content","b":1.50}]', True)
CHART = SavedChart(4, "c", '{"a":[1]}', 5 * SECOND, 6 * SECOND)
BOB = User(
    id=8,
    created_at=5 * SECOND,
    updated_at=6 * SECOND,
    username="bob",
    email="b@x.test",
    first_name="Bob",
    last_name="Ng",
    extras={"crust": {"handle": "bb", "kind": "k", "organisation": "5"}},
)


@pytest.mark.parametrize(("kind", "record"), [(Module, MODULE), (LayoutPage, PAGE), (SavedChart, CHART), (User, BOB)])
def test_results_survive_the_wire(kind: Any, record: Any) -> None:
    for operation in (Get(kind, record.id), Create(kind, {}), Update(kind, record.id, {})):
        found = parse_response(operation, render_response(operation, record))
        if kind is User and isinstance(operation, Update):
            # The vendor's server zeroes it (crust dossier, section 8).
            found.created_at = record.created_at
        if kind is User and isinstance(operation, Get):
            # Reads do not tell it (crust dossier, section 4).
            found.extras["crust"]["kind"] = "k"
        assert found == record
    listed = parse_response(Find(kind), render_response(Find(kind), Page([record, record]))).items
    assert [one.id for one in listed] == [record.id, record.id]
    assert parse_response(Delete(kind, 1), render_response(Delete(kind, 1), None)) is None


def test_records_survive_the_wire() -> None:
    owners = {1: User(id=1, username="ann")}
    for operation in (
        Get(ModuleRecord, 9),
        Create(ModuleRecord, {}),
        Update(ModuleRecord, 9, {"values": RECORD.values}),
    ):
        assert (
            parse_response(operation, render_response(operation, RECORD, owners=owners, modules={7: MODULE})) == RECORD
        )
    listed = FindRecords(7, "kra", window=Window(20, 10))
    answer = render_response(listed, Page([RECORD], 21), owners=owners, modules={7: MODULE})
    assert orjson.loads(answer.body)["response"]["meta"] == {
        "query": "kra", "page": 2, "perPage": 10, "count": 21, "sort": "",
    }  # fmt: skip
    assert parse_response(listed, answer) == Page([RECORD], 21)


def test_trees_and_missing_things() -> None:
    home, news, deep = LayoutPage(1, title="Home"), LayoutPage(2, 1, title="News"), LayoutPage(3, 2, title="Deep")
    second = LayoutPage(4, title="Second")
    tree = FindTree()
    found = parse_response(tree, render_response(tree, Page([home, news, deep, second])))
    assert sorted(page.id for page in found.items) == [1, 2, 3, 4]
    assert found.items[0] == home
    assert parse_response(tree, render_response(tree, Page([]))).items == []
    for kind in (Module, LayoutPage):
        with pytest.raises(NotFound):
            parse_response(_get(kind), render_response(_get(kind), None))


def _get(kind: Any) -> Any:
    return Get(kind, 41)


def _find(kind: Any, **how: Any) -> Any:
    return Find(kind, Query(**how))


PAGE_VALUES = {
    "parent_id": 2, "module_id": 0, "title": "Home", "description": "", "blocks": '[{"b":1.50}]', "visible": True,
}  # fmt: skip
USER_VALUES = {"username": "bob", "email": None, "first_name": "Bob", "last_name": "Ng", "password": "pw-1"}
VALUES = (FieldValue("city", "ž & <b>"), FieldValue("zip", "", ("5", "6")))


@pytest.mark.parametrize(
    "operation",
    [
        SignIn("ann", "ann-pw"),
        CheckSession("a.b.c"),
        SignOut(),
        FindTree(),
        Reorder(0, (5, 3)),
        FindRecords(7),
        FindRecords(7, "ž%", (ModuleSort("city", True), ModuleSort("created_at", own=True)), Window(60, 20)),
        FindRecords(7, sort=(ModuleSort("id", True, True),), window=Window(0, 100)),
        _find(Module),
        _find(User),
        _find(User, where=starts_with("username", "a%b_\\")),
        _find(SavedChart),
        _find(LayoutPage, where=eq("parent_id", 3)),
        *(operation(kind, 5) for kind in KINDS for operation in (Get, Delete)),
        Create(Module, {"name": "Leads", "fields": (FIELD,)}),  # type: ignore[type-var]
        Update(Module, 7, {"name": "", "fields": (FIELD, ModuleField("zip", options="{}"))}),  # type: ignore[type-var]
        Create(ModuleRecord, {"module_id": 7, "values": VALUES}),  # type: ignore[type-var]
        Update(ModuleRecord, 9, {"module_id": 7, "values": VALUES}),  # type: ignore[type-var]
        Create(LayoutPage, PAGE_VALUES),  # type: ignore[type-var]
        Update(LayoutPage, 9, {**PAGE_VALUES, "blocks": None, "visible": False}),  # type: ignore[type-var]
        Create(SavedChart, {"name": "c", "config": '{"a":1}'}),  # type: ignore[type-var]
        Update(SavedChart, 5, {"name": "c", "config": "[]"}),  # type: ignore[type-var]
        Create(User, USER_VALUES, extras={"crust": {"name": "Bob Ng", "handle": "bb", "kind": "k"}}),
        Update(User, 5, USER_VALUES, extras={"crust": {"name": "Bob Ng", "handle": "bb", "kind": "k"}}),
    ],
)
def test_operations_survive_the_wire(operation: Any) -> None:
    request = render_request(operation, "a.b.c")
    assert request.headers.get("Content-Type") == "application/json"
    assert "a.b.c" in (request.headers.get("Authorization") or "") + (request.headers.get("Cookie") or "")
    read = parse_request(request)
    if isinstance(read, Create | Update) and read.kind is User:
        read.extras["crust"].update(meta=None, satosa=None)
        assert {key: value for key, value in read.extras["crust"].items() if value} == operation.extras["crust"]
        read = type(read)(**{**{slot: getattr(read, slot) for slot in read.__slots__}, "extras": operation.extras})
    assert read == operation


@pytest.mark.parametrize(
    "operation",
    [
        Get(Activity, 1),
        _find(Module, where=eq("name", "x")),
        _find(LayoutPage),
        _find(User, where=eq("username", "x")),
        _find(User, sort=(Sort("id"),)),
        _find(Module, window=Window(0, 5)),
        FindRecords(7, window=Window(0, 5)),
        FindRecords(7, window=Window(5, 10)),
        FindRecords(7, window=Window(0, None)),
        FindRecords(7, sort=(ModuleSort("a b"),)),
        FindRecords(7, sort=(ModuleSort("id"),)),
        Find(ModuleRecord),  # type: ignore[type-var]
    ],
)
def test_what_no_call_can_ask(operation: Any) -> None:
    with pytest.raises(Unsupported):
        render_request(operation)


@pytest.mark.parametrize(
    ("message", "operation", "error"),
    [
        ("Unauthorized", FindTree(), Unauthenticated),
        ("failed to authorize request: signature is invalid", FindTree(), Unauthenticated),
        ("Malformed JWT claims", FindTree(), Unauthenticated),
        ("crust.auth.repository.UserNotFound", SignIn("a", "b"), Unauthenticated),
        ("crust.auth.repository.UserNotFound", Get(User, 1), NotFound),
        ("Module has no fields", FindRecords(7), NotFound),
        ("crust.crm.repository.ChartNotFound", _get(SavedChart), NotFound),
        ("exec query failed: Error 1406: Data too long for column 'name' at row 1", _get(Module), Invalid),
        ("something else", _get(Module), Refused),
    ],
)
def test_errors_of_a_server(message: str, operation: Any, error: type[CanonicalError]) -> None:
    body = orjson.dumps({"error": {"message": message}})
    with pytest.raises(error):
        parse_response(operation, WireResponse(200, [], body))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>", b"[]", b"{}", b'{"response":5}', b'{"response":{"moduleID":7}}',
        b'{"response":{"moduleID":"7","createdAt":"soon"}}', b'{"response":{"moduleID":"7","fields":5}}',
    ],
)  # fmt: skip
def test_answers_that_are_none(body: bytes) -> None:
    with pytest.raises(Unavailable):
        parse_response(_get(Module), WireResponse(200, [], body))
    with pytest.raises(Unavailable):
        parse_response(_get(Module), WireResponse(500, [], b'{"response":{"moduleID":"7"}}'))


def test_a_session_that_is_no_more() -> None:
    with pytest.raises(Unauthenticated):
        parse_response(CheckSession("a.b.c"), WireResponse(200, [], b""))


def test_the_client_side_against_our_own_server(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        endpoint = world.endpoint("crust")
        token = ""

        def ask(operation: Any) -> Any:
            return parse_response(operation, endpoint.send(render_request(operation, token or None)))

        session = ask(SignIn("ann", "ann-pw"))
        token = session.token
        assert ask(CheckSession(token)).user.username == "ann"
        made = ask(Create(Module, {"name": "Leads", "fields": (FIELD,)}))  # type: ignore[type-var]
        assert (made.name, made.fields) == ("Leads", (FIELD,))
        assert made in ask(_find(Module)).items
        record = ask(Create(ModuleRecord, {"module_id": made.id, "values": VALUES}))  # type: ignore[type-var]
        assert record.owner_id == session.user.id
        change = {"module_id": 0, "values": (FieldValue("city", "Bled"),)}
        assert ask(Update(ModuleRecord, record.id, change)).values == change["values"]  # type: ignore[type-var]
        assert [value.value for value in ask(Get(ModuleRecord, record.id)).values] == ["", "Bled"]  # type: ignore[type-var]
        assert ask(FindRecords(made.id, "ble")).total == 1
        home = ask(Create(LayoutPage, {**PAGE_VALUES, "parent_id": 0}))  # type: ignore[type-var]
        below = ask(Create(LayoutPage, {**PAGE_VALUES, "parent_id": home.id}))  # type: ignore[type-var]
        assert ask(Reorder(home.id, (below.id,))) is None
        assert [page.id for page in ask(FindTree()).items] == [home.id, below.id]
        user = ask(Create(User, USER_VALUES, extras={"crust": {"handle": "bb"}}))
        assert [found.id for found in ask(_find(User, where=starts_with("username", "bo"))).items] == [user.id]
        for kind, id in ((ModuleRecord, record.id), (Module, made.id), (LayoutPage, home.id), (User, user.id)):
            assert ask(Delete(kind, id)) is None  # type: ignore[type-var]
            with pytest.raises(NotFound):
                ask(Get(kind, id))  # type: ignore[type-var]
        assert ask(SignOut()) is None


def test_the_dialect_fills_every_direction() -> None:
    assert (DIALECT.parse_request, DIALECT.render_response) == (parse_request, render_response)
    assert (DIALECT.render_request, DIALECT.parse_response) == (render_request, parse_response)
    assert parse_request(WireRequest("GET", "/module/7", "", Headers())) == Get(Module, 7)  # type: ignore[type-var]
