"""The vendor's web client of December 2018 at work, and what its user's records are to clients of other dialects.

Sources: crust dossier, sections 3, 8, 9 (the client's habits), 7 and 10 (system modules).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapter.wire import Headers, WireRequest, WireResponse
from tests.support.crust import CrustClient
from tests.support.jobs import Jobs
from tests.support.world import World

ORIGIN = "https://app.crm.example"
BASIC = base64.b64encode(b"ann-token:x").decode()


class Rejected(Exception):
    """The client's promise was rejected; `args[0]` is the message that it shows."""


class WebClient:
    """The app in a browser: axios with credentials, JSON bodies on every call, and a cookie jar of one cookie."""

    def __init__(self, world: World) -> None:
        self.endpoint = world.endpoint("crust")
        self.cookie = ""
        self.meta: dict[str, Any] = {}

    def send(self, method: str, target: str, body: Any = None) -> WireResponse:
        # The browser asks first: the JSON type makes no call of this app a simple one.
        asked = [
            ("Host", "crm.example"),
            ("Origin", ORIGIN),
            ("Access-Control-Request-Method", method),
            ("Access-Control-Request-Headers", "content-type"),
        ]
        path, _, query = target.partition("?")
        allowed = self.endpoint.send(WireRequest("OPTIONS", path, query, Headers(asked)))
        assert (allowed.status, allowed.body) == (200, b"")
        assert allowed.header("Access-Control-Allow-Origin") == ORIGIN
        assert allowed.header("Access-Control-Allow-Headers") == "Content-Type"
        assert allowed.header("Access-Control-Allow-Methods") == method
        assert allowed.header("Access-Control-Allow-Credentials") == "true"
        sent = [
            ("Host", "crm.example"),
            ("Accept", "application/json, text/plain, */*"),
            ("Content-Type", "application/json"),
            ("Origin", ORIGIN),
            ("Referer", f"{ORIGIN}/crm/"),
            ("Accept-Encoding", "gzip, deflate, br"),
        ]
        if self.cookie:
            sent.append(("Cookie", self.cookie))
        data = orjson.dumps({} if body is None else body)
        answer = self.endpoint.send(WireRequest(method, path, query, Headers(sent), data))
        # Without these the browser hides the answer from the app.
        assert answer.header("Access-Control-Allow-Origin") == ORIGIN
        assert answer.header("Access-Control-Allow-Credentials") == "true"
        set_cookie = answer.header("Set-Cookie")
        if set_cookie is not None:
            pair = set_cookie.partition(";")[0]
            self.cookie = "" if "Expires=Thu, 01 Jan 1970" in set_cookie else pair
        return answer

    def call(self, method: str, target: str, body: Any = None) -> Any:
        """What the client's promise resolves with: None where the answer is a success only."""
        answer = self.send(method, target, body)
        assert (answer.status, answer.header("Content-Type")) == (200, "application/json")
        found = orjson.loads(answer.body)
        assert len(found) == 1
        if found.get("error"):
            raise Rejected(found["error"]["message"])
        return found.get("response")

    def get(self, target: str) -> Any:
        return self.call("GET", target)

    def post(self, target: str, body: Any) -> Any:
        return self.call("POST", target, body)

    def delete(self, target: str) -> None:
        assert self.call("DELETE", target) is None

    def sign_in(self, username: str, password: str) -> Any:
        return self.post("/auth/login", {"username": username, "password": password})

    def records(self, module: str, sort: str = "") -> list[dict[str, Any]]:
        """A record list block's call; `meta` of the answer is its paging from then on."""
        meta = {"query": "", "page": 0, "perPage": 20, **self.meta, "sort": sort}
        query = "&".join(
            f"{name}={str(meta[name]).replace(' ', '%20')}" for name in ("query", "page", "perPage", "sort")
        )
        found = self.get(f"/module/{module}/content?{query}")
        self.meta = found["meta"]
        contents: list[dict[str, Any]] = found["contents"]
        return contents


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as made:
        yield made


def values(record: dict[str, Any]) -> dict[str, str]:
    return {field["name"]: field["value"] for field in record["fields"]}


def capsule(world: World, target: str) -> Any:
    """What a Capsule client with ann's token reads."""
    headers = Headers([("Authorization", f"Basic {BASIC}"), ("Accept", "application/json"), ("Host", "acme.com")])
    path, _, query = target.partition("?")
    answer = world.endpoint("capsule", "acme").send(WireRequest("GET", path, query, headers))
    assert answer.status == 200, answer.body
    return orjson.loads(answer.body)


class ZurmoReader:
    """A Zurmo client that ann signs in with."""

    def __init__(self, world: World) -> None:
        self.endpoint = world.endpoint("zurmo", "acme")
        signed_in = self._call(
            "POST", "/zurmo/api/login", [("ZURMO_AUTH_USERNAME", "ann"), ("ZURMO_AUTH_PASSWORD", "ann-pw")]
        )
        self.session = [("ZURMO_SESSION_ID", signed_in["sessionId"]), ("ZURMO_TOKEN", signed_in["token"])]

    def _call(self, method: str, path: str, headers: list[tuple[str, str]]) -> Any:
        sent = Headers([("Accept", "application/json"), ("ZURMO_API_REQUEST_TYPE", "REST"), *headers])
        answer = orjson.loads(self.endpoint.send(WireRequest(method, f"/app/index.php{path}", "", sent)).body)
        assert answer["status"] == "SUCCESS", answer
        return answer["data"]

    def read(self, module: str, id: str) -> Any:
        return self._call("GET", f"/{module}/{module[:-1]}/api/read/{id}", self.session)


def set_up_app(app: WebClient) -> tuple[str, str, str]:
    """What the administrator of the app made before: a module, its record page, a page that lists its records."""
    made = app.post(
        "/module/",
        {
            "name": "Leads",
            "fields": [
                {"name": "city", "label": "City", "kind": "String", "maxLength": 0, "options": {"multiLine": False}},
                {"name": "size", "label": "Size", "kind": "Number", "maxLength": 0, "options": {"format": "0"}},
            ],
        },
    )
    module = made["moduleID"]
    home = app.post("/page/", {"title": "Home"})
    assert (home["blocks"], home["visible"], home["selfID"], home["moduleID"]) == ({}, False, "0", "0")
    record_page = app.post("/page/", {"title": "Record page for module Leads", "moduleID": module})
    block = {
        "title": "All", "theme": "", "description": "", "x": 0, "y": 0, "width": 12, "height": 8, "kind": "RecordList",
        "options": {"pageID": record_page["pageID"], "moduleID": module, "fields": made["fields"]},
    }  # fmt: skip
    app.post(f"/page/{home['pageID']}", {**home, "visible": True, "blocks": [block]})
    return module, home["pageID"], record_page["pageID"]


def test_the_clients_whole_round(world: World) -> None:
    app = WebClient(world)
    # Nobody is signed in: the app is refused and shows its login link.
    with pytest.raises(Rejected, match=r"^http: named cookie not present$"):
        app.get("/auth/check")
    with pytest.raises(Rejected, match=r"^Unauthorized$"):
        app.get("/page/")
    signed_in = app.sign_in("ann", "ann-pw")
    module, home, record_page = set_up_app(app)

    # Start-up.
    token = app.cookie.removeprefix("jwt=")
    checked = app.get("/auth/check")
    assert checked["jwt"] == token
    assert (checked["user"]["ID"], checked["user"]["username"]) == (signed_in["userID"], "ann")
    first = next(page for page in app.get("/page/") if page["moduleID"] == "0" and page["visible"])
    assert first["pageID"] == home
    page = app.get(f"/page/{first['pageID']}")
    assert [block["kind"] for block in page["blocks"]] == ["RecordList"]
    assert page["blocks"][0]["options"]["pageID"] == record_page
    assert [node["pageID"] for node in app.get("/page/tree")] == [home]
    assert page["blocks"][0]["options"]["moduleID"] == module
    read = app.get(f"/module/{module}")
    assert [field["maxLength"] for field in read["fields"]] == [0, 0]
    assert (read["page"]["pageID"], read["page"]["moduleID"]) == (record_page, module)
    assert app.records(module) == []
    assert app.meta == {"page": 0, "perPage": 20, "count": 0, "sort": ""}

    # Records: made from the module's fields, edited by what was read, deleted.
    for city, size in (("Kranj & <Bled>", "9"), ("Bled", "10"), ("", "100")):
        form = [{"name": "city", "value": city, "related": None}, {"name": "size", "value": size, "related": None}]
        made = app.post(f"/module/{module}/content", {"fields": form})
        assert made["fields"] == form
        assert made["user"]["username"] == "ann"
    assert [values(record)["size"] for record in app.records(module)] == ["9", "10", "100"]
    assert [values(record)["size"] for record in app.records(module, "size")] == ["10", "100", "9"]
    assert app.meta["sort"] == "size"
    assert [values(record)["size"] for record in app.records(module, "size DESC")] == ["9", "100", "10"]
    record = app.get(f"/module/{module}/content/{made['contentID']}")
    assert record["page"]["pageID"] == record_page
    record["fields"][0]["value"] = "Maribor"
    target = f"/module/{module}/content/{record['contentID']}"
    assert world.now is not None
    world.now += 61_250_000
    # The client posts the whole object back; what is not `fields` means nothing.
    changed = app.post(target, record)
    assert changed["fields"] == record["fields"]
    assert (changed["createdAt"], changed["updatedAt"]) == ("2014-06-01T08:00:00Z", "2014-06-01T08:01:01.25Z")
    again = app.get(target)
    assert values(again) == {"city": "Maribor", "size": "100"}
    assert (again["createdAt"], again["contentID"]) == (record["createdAt"], record["contentID"])
    app.delete(target)
    with pytest.raises(Rejected, match=r"^Module has no fields$"):
        app.get(target)
    assert len(app.records(module)) == app.meta["count"] == 2

    # The module as it was read goes back with the server's own keys.
    read["fields"].append({"name": "vip", "label": "VIP", "kind": "Bool", "options": {}, "isVisible": True})
    edited = app.post(f"/module/{module}", read)
    assert [field["moduleID"] for field in edited["fields"]] == ["0", "0", "0"]
    assert (edited["createdAt"], edited["updatedAt"]) == ("2014-06-01T08:00:00Z", "2014-06-01T08:01:01.25Z")
    assert app.get(f"/module/{module}")["updatedAt"] == "2014-06-01T08:01:01Z"

    # Pages: two more, put first below no parent, whose id the client does not know.
    news = app.post("/page/", {"selfID": "0", "title": "News"})["pageID"]
    about = app.post("/page/", {"selfID": "0", "title": "About"})["pageID"]
    order = [about, home, news, record_page]
    assert app.post("/page/undefined/reorder", {"pageIDs": order}) is None
    assert [page["pageID"] for page in app.get("/page/")] == order
    assert [node["pageID"] for node in app.get("/page/tree")] == [about, home, news]
    # Moved below another, as the tree view does it.
    moved = app.get(f"/page/{news}")
    app.post(f"/page/{news}", {**moved, "selfID": home})
    assert app.post(f"/page/{home}/reorder", {"pageIDs": [news]}) is None
    assert [child["pageID"] for child in app.get("/page/tree")[1]["children"]] == [news]
    app.delete(f"/page/{about}")
    assert [node["pageID"] for node in app.get("/page/tree")] == [home]

    # The chart that the client draws of no module at all.
    drawn = app.get("/module/0/chart?kind=line")
    assert drawn["fields"][drawn["data"][0][0]]["kind"] == "datetime"
    assert all(len(row) > 2 for row in drawn["data"])

    app.delete(f"/module/{module}")
    assert app.send("GET", "/auth/logout").body == b""
    assert app.cookie == ""
    with pytest.raises(Rejected, match=r"^http: named cookie not present$"):
        app.get("/auth/check")
    with pytest.raises(Rejected, match=r"^Unauthorized$"):
        app.get("/page/")


def test_a_workflow_makes_a_task_that_a_capsule_client_reads(world: World) -> None:
    jobs = Jobs(world)
    app = WebClient(world)
    app.sign_in("ann", "ann-pw")
    body = 'crm.create("task", title="Call " + params["who"], due="2014-06-03")\nlog("made it")'
    task = {"name": "make", "body": body, "fallback": "", "retries": [], "timeout": 10}
    made = app.post("/workflow/", {"name": "Call somebody", "tasks": [task], "onError": [], "timeout": 60})
    assert made["tasks"] == [task]
    queued = app.post("/job/", {"workflowID": made["workflowID"], "parameters": {"who": "Zoë & sons"}})
    assert (queued["status"], queued["parameters"]) == ("queued", {"who": "Zoë & sons"})
    assert capsule(world, "/api/tasks")["tasks"].get("task") in (None, [])
    assert jobs.run_due() == 1
    assert app.get(f"/job/{queued['jobID']}")["status"] == "ok"
    assert [entry["message"] for entry in app.get(f"/job/{queued['jobID']}/logs")["logs"]] == ["made it"]
    found = capsule(world, "/api/tasks")["tasks"]
    assert found["@size"] == "1"
    assert (found["task"]["description"], found["task"]["status"]) == ("Call Zoë & sons", "OPEN")
    assert (found["task"]["dueDate"][:10], found["task"]["owner"]) == ("2014-06-03", "ann")
    # Run again with another parameter, it makes another task.
    app.post("/job/", {"workflowID": made["workflowID"], "parameters": {"who": "Bob"}})
    jobs.run_due()
    both = capsule(world, "/api/tasks")["tasks"]["task"]
    assert sorted(each["description"] for each in both) == ["Call Bob", "Call Zoë & sons"]


def test_system_records_are_read_through_capsule_and_zurmo(world: World) -> None:
    ann = CrustClient(world)
    account = ann.add(ann.system("Account"), AccountName="Fjord & Sønn AS", Phone="+47 1", Website="http://fjord.test")
    contact = ann.add(
        ann.system("Contact"),
        FirstName="Zoë", LastName="Lund", Title="CEO", Email="zoe@fjord.test", Phone="+47 2", AccountId=account,
    )  # fmt: skip
    deal = ann.add(
        ann.system("Opportunity"),
        Name="Boats", Amount="1200.50", Probability="40", CloseDate="2014-12-24", AccountId=account,
        StageName="Negotiating",
    )  # fmt: skip

    organisation = capsule(world, f"/api/party/{account}")["organisation"]
    assert (organisation["id"], organisation["name"]) == (account, "Fjord & Sønn AS")
    assert organisation["contacts"]["phone"]["phoneNumber"] == "+47 1"
    assert organisation["contacts"]["website"]["webAddress"] == "http://fjord.test"
    person = capsule(world, f"/api/party/{contact}")["person"]
    assert (person["firstName"], person["lastName"], person["jobTitle"]) == ("Zoë", "Lund", "CEO")
    assert (person["organisationId"], person["organisationName"]) == (account, "Fjord & Sønn AS")
    assert person["contacts"]["email"]["emailAddress"] == "zoe@fjord.test"
    opportunity = capsule(world, f"/api/opportunity/{deal}")["opportunity"]
    assert (opportunity["name"], opportunity["partyId"], opportunity["probability"]) == ("Boats", account, "40")
    assert float(opportunity["value"]) == 1200.5
    assert opportunity["expectedCloseDate"][:10] == "2014-12-24"

    zurmo = ZurmoReader(world)
    assert zurmo.read("accounts", account)["name"] == "Fjord & Sønn AS"
    shown = zurmo.read("contacts", contact)
    assert (shown["firstName"], shown["lastName"], shown["jobTitle"]) == ("Zoë", "Lund", "CEO")
    assert str(shown["account"]["id"]) == account
    assert shown["primaryEmail"]["emailAddress"] == "zoe@fjord.test"
    shown = zurmo._call("GET", f"/opportunities/opportunity/api/read/{deal}", zurmo.session)
    assert (shown["name"], str(shown["account"]["id"])) == ("Boats", account)
    assert float(shown["amount"]["value"]) == 1200.5
    assert shown["closeDate"] == "2014-12-24"
