"""The documented examples: answered as a server, heard and asked as a client."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapter.client import Credentials, Session
from adapter.contract import Exchange, load
from adapter.wire import Headers, WireRequest
from canonical.model import Activity
from canonical.operations import AddLink, Create, Delete, Find, Get, NewLink, Update
from canonical.query import Query, Sort, Window, all_of, any_of, eq, starts_with
from canonical.values import Ref, instant
from dialects.zurmo.client import CLIENT
from dialects.zurmo.client.server import Server, standard_states
from dialects.zurmo.settings import profile_of
from dialects.zurmo.wire.parameters import parse_str
from tests.dialects.test_zurmo_recordings import heard, meant, told
from tests.dialects.zurmo_client import FIXTURES, Zurmo
from tests.support.conversing import Asker

CASES = [load(FIXTURES, path.name) for path in sorted(FIXTURES.glob("doc-*"))]
SEED_DAY = instant(2012, 5, 8, 10, 57, 41)
# The server of the seed, below its bare script.
SESSION = Session(
    "http://crm.example/index.php",
    Credentials(username="super", password="super"),
    state={
        "session": "{{session:1}}",
        "token": "{{token:1}}",
        "server": Server(profile_of({}), states=standard_states(1), currencies={1: "USD"}),
    },
)


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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_client_hears(case: Exchange) -> None:
    found = heard(case, profile_of({}))
    if "records" in case.result:
        items, total = found
        assert [told(task) for task in items] == [meant(record) for record in case.result["records"]]
        assert total == case.result["total"]
    elif "record" in case.result:
        assert told(found) == meant(case.result["record"])
    else:
        assert found is None


def asked(operation: Any, case: Exchange) -> WireRequest:
    """The one request that asks for an operation, signed; the example's answer is given to it."""
    requests, _ = Asker(CLIENT, SESSION).perform(operation, case.response)
    (request,) = requests
    return CLIENT.sign(request, SESSION)


TASK = {
    "type": "task",
    "title": "Check bills",
    "body": "Task description",
    "due_at": instant(2012, 5, 8, 13, 47, 14),
    "state": "open",
}
CONTACT = NewLink(Ref("party", 4))
ASKED = [
    (
        "doc-1001-task-create",
        # Zurmo alone knows of a moment of completion before it is completed.
        Create(Activity, TASK, (CONTACT,), extras={"zurmo": {"done": "2012-05-08 14:03:54"}}),
    ),
    ("doc-1003-task-read", Get(Activity, 2)),
    ("doc-1004-task-delete", Delete(Activity, 1)),
]


@pytest.mark.parametrize(("name", "operation"), ASKED, ids=lambda value: value if isinstance(value, str) else "")
def test_client_asks_as_documented(name: str, operation: Any) -> None:
    case = load(FIXTURES, name)
    request = asked(operation, case)
    assert (request.method, f"/index.php{request.target}") == (case.request.method, case.request.target)
    assert parse_str(request.body) == parse_str(case.request.body)
    for header, value in case.request.headers:
        assert request.headers.get(header) == value or header in ("Host", "Content-Length"), header


def test_completed_and_linked_are_two_calls() -> None:
    case = load(FIXTURES, "doc-1002-task-update-completed")
    sent: Any = parse_str(case.request.body)["data"]
    completed = asked(Update(Activity, 1, {"state": "completed"}), case)
    linked = asked(AddLink(Ref("activity", 1), CONTACT), case)
    assert {completed.target, linked.target} == {case.request.target.removeprefix("/index.php")}
    assert parse_str(completed.body)["data"] == {"completed": sent["completed"]}
    assert parse_str(linked.body)["data"] == {"modelRelations": sent["modelRelations"]}


def test_search_with_clauses() -> None:
    case = load(FIXTURES, "doc-1007-task-improved-search")
    where = all_of(
        eq("type", "task"), eq("owner_id", 1), any_of(starts_with("title", "Fi"), starts_with("title", "Se"))
    )
    request = asked(Find(Activity, Query(where, (Sort("title"),), Window(0, 1))), case)
    assert request.target == case.request.target.removeprefix("/index.php")
    sent: Any = parse_str(request.body)["data"]
    assert sent["search"]["modelClassName"] == "Task"
    attributes = sent["search"]["searchAttributeData"]
    assert attributes["structure"] == "1 AND (2 OR 3)"
    assert attributes["clauses"]["1"] == {
        "attributeName": "owner",
        "relatedAttributeName": "id",
        "operatorType": "equals",
        "value": "1",
    }
    assert attributes["clauses"]["3"] == {"attributeName": "name", "operatorType": "startsWith", "value": "Se"}
    assert (sent["sort"], sent["pagination"]) == ("name asc", {"page": "1", "pageSize": "1"})
