"""Numbers, dates and patterns that cost Python far more to read than to send: each is refused or kept, and soon."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from adapter.wire import Headers, WireRequest
from tests.support.crust import CrustClient
from tests.support.world import World

pytestmark = pytest.mark.slow

SECONDS = 2.0
BOMBS = (
    "9" * 5_000, "-" + "9" * 200_000, "1" + "0" * 1_000_000, "0" * 1_000_000 + "1", "1e999999999999999999",
    "1e-99999999999999999999", "1E+" + "9" * 5_000, "1e4000000", "-1e-4000000", "0." + "0" * 1_000_000 + "1", "1e",
    ".",
    "Infinity", "-inf", "nan", "0x" + "f" * 100_000, "1_000", "\u0661\u0662", "\u00b2", "99999999-12-31", "-1-01-01",
    "0000-00-00", "9999-12-31T23:59:59.999999999999999999999Z", "2014-06-01T08:00:00+99:99", "9" * 19, "-" + "9" * 19,
    "18446744073709551616", " " * 300_000 + "1", "1" + " " * 300_000 + "x", "a" * 300_000 + "!", "a@" * 100_000,
    "http://" + "a." * 100_000, "(" * 100_000, "%" * 100_000, "\\" * 100_000, "_%" * 3_000, '"' * 100_000,
    ";" * 100_000, "," * 100_000, "\n" * 100_000, "\0" * 1_000,
)  # fmt: skip
BASIC = ("Authorization", "Basic YW5uLXRva2VuOng=")
FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Content-Type", "application/json")
REST = (("ZURMO_API_REQUEST_TYPE", "REST"), ("Accept", "application/json"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("numbers")
    with World(folder) as world:
        world.set("affinitylive.rate_limit", "999999999")
        yield world


@pytest.fixture(scope="module")
def system(world: World) -> list[tuple[str, list[str]]]:
    """Ids and field names of some of Crust's modules."""
    names = ("Task", "Event", "Opportunity", "Contact", "User")
    listed = CrustClient(world).get("/module/")
    return [(one["moduleID"], [field["name"] for field in one["fields"]]) for one in listed if one["name"] in names]


def send(world: World, dialect: str, method: str, target: str, body: str, *headers: tuple[str, str]) -> None:
    path, _, query = target.partition("?")
    world.lines.clear()
    begun = time.process_time()
    request = WireRequest(method, path, query, Headers(list(headers)), body.encode("utf-8", "surrogatepass"))
    answer = world.endpoint(dialect).send(request)
    took = time.process_time() - begun
    shown = (dialect, target[:80], body[:80], answer.status, answer.body[:200])
    assert took < SECONDS, (took, shown)
    assert [line["message"] for line in world.lines] == ["request"], (world.lines, shown)


def quoted(text: str) -> str:
    return json.dumps(text)


def number_or_text(bomb: str) -> Iterator[str]:
    """As a JSON text, and as it stands where it looks like a number."""
    yield quoted(bomb)
    yield bomb


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: f"{bomb[:12]!a}x{len(bomb)}")
class TestBombs:
    def test_capsule(self, world: World, bomb: str) -> None:
        for field in ("dueDate", "dueDateTime", "partyId", "category", "description"):
            for text in number_or_text(bomb):
                send(
                    world,
                    "capsule",
                    "POST",
                    "/api/task",
                    f'{{"task":{{"description":"x","{field}":{text}}}}}',
                    BASIC,
                    JSON,
                )
        for field in ("value", "probability", "duration", "expectedCloseDate", "currency"):
            for text in number_or_text(bomb):
                body = f'{{"opportunity":{{"name":"x","milestone":"New","{field}":{text}}}}}'
                send(world, "capsule", "POST", "/api/party/1/opportunity", body, BASIC, JSON)
        if len(bomb) < 20_000:
            for name in ("start", "limit", "q", "lastmodified", "tag", "email"):
                send(world, "capsule", "GET", f"/api/party?{name}={quote(bomb)}", "", BASIC)

    def test_crust(self, world: World, system: list[tuple[str, list[str]]], bomb: str) -> None:
        ann = CrustClient(world)
        token = ("Cookie", f"jwt={ann.jwt}")
        module = ann.post("/module/", {"name": "M", "fields": [{"name": "a"}]})["moduleID"]
        for field in ("moduleID", "maxLength", "isPrivate", "name", "options"):
            for text in number_or_text(bomb):
                body = f'{{"name":"x","fields":[{{"name":"a","{field}":{text}}}]}}'
                send(world, "crust", "POST", "/module/", body, token, JSON)
        for related in number_or_text(bomb):
            values = f'[{{"name":"a","value":{quoted(bomb)},"related":[{related}]}}]'
            send(world, "crust", "POST", f"/module/{module}/content", f'{{"fields":{values}}}', token, JSON)
        for id, names in system:
            for name in names:
                values = json.dumps([{"name": name, "value": bomb, "related": [bomb[:20]]}])
                send(world, "crust", "POST", f"/module/{id}/content", f'{{"fields":{values}}}', token, JSON)
        if len(bomb) < 20_000:
            for name in ("page", "perPage", "query", "sort", "jwt"):
                send(world, "crust", "GET", f"/module/{module}/content?{name}={quote(bomb)}", "", token)
            for name in ("dimensions", "metrics", "filter"):
                send(
                    world, "crust", "GET", f"/module/{module}/report?metrics=COUNT(a)&{name}={quote(bomb)}", "", token
                )

    def test_zurmo(self, world: World, bomb: str) -> None:
        login = [("ZURMO_AUTH_USERNAME", "ann"), ("ZURMO_AUTH_PASSWORD", "ann-pw"), *REST]
        path = "/app/index.php/zurmo/api/login"
        answer = world.endpoint("zurmo").send(WireRequest("POST", path, "", Headers(login)))
        data = json.loads(answer.body)["data"]
        session = (*REST, ("ZURMO_SESSION_ID", data["sessionId"]), ("ZURMO_TOKEN", data["token"]))
        models = {
            "tasks/task": ("name", "dueDateTime", "completed", "owner[id]", "status", "description"),
            "opportunities/opportunity": ("amount[value]", "amount[currency][id]", "closeDate", "probability"),
            "contacts/contact": ("lastName", "state[id]", "primaryEmail[emailAddress]", "website"),
            "accounts/account": ("name", "employees", "annualRevenue", "website", "billingAddress[latitude]"),
        }  # fmt: skip
        for model, fields in models.items():
            for field in fields:
                body = urlencode(
                    {f"data[{field.replace('[', '][', 1) if '[' in field else field}]".replace("]]", "]"): bomb}
                )
                send(world, "zurmo", "POST", f"/app/index.php/{model}/api/create/", body, *session, FORM)
        searches = (
            "pagination[page]",
            "pagination[pageSize]",
            "sort",
            "search[name]",
            "search[dueDateTime]",
            "search[id]",
        )
        for name in searches:
            body = urlencode(
                {f"data[{name.replace('[', '][')}".replace("]]", "]") + ("" if "[" in name else "]"): bomb}
            )
            send(world, "zurmo", "POST", "/app/index.php/tasks/task/api/list/filter/", body, *session, FORM)
        body = urlencode({"data[search][dynamicClauses][0][attributeIndexOrDerivedType]": "name",
                          "data[search][dynamicClauses][0][structurePosition]": bomb,
                          "data[search][dynamicClauses][0][name]": bomb,
                          "data[search][dynamicStructure]": bomb})  # fmt: skip
        send(world, "zurmo", "POST", "/app/index.php/tasks/task/api/list/filter/", body, *session, FORM)

    def test_affinitylive(self, world: World, bomb: str) -> None:
        bearer = ("Authorization", "Bearer ann-token")
        fields = (
            "subject",
            "body",
            "date_started",
            "billable",
            "against_id",
            "class_id",
            "thread_id",
            "_fields",
            "_limit",
        )
        for field in fields:
            given = {"subject": "x", field: bomb}
            send(world, "affinitylive", "POST", "/api/v0/activities", urlencode(given), bearer, FORM)
            for text in number_or_text(bomb):
                body = f'{{"subject":"x","{field}":{text}}}'
                send(world, "affinitylive", "POST", "/api/v0/activities", body, bearer, JSON)
        filters = [
            f"{name}({bomb})" for name in ("id", "date_created_after", "subject", "search", "order_by_asc", "owner")
        ]
        for filter in (*filters, bomb):
            body = json.dumps({"_method": "GET", "_filters": filter})
            send(world, "affinitylive", "POST", "/api/v0/activities", body, bearer, JSON)
        for name in ("_page", "_limit", "_offset", "_search", "_fields"):
            body = json.dumps({"_method": "GET", name: bomb})
            send(world, "affinitylive", "POST", "/api/v0/companies", body, bearer, JSON)

    def test_opentaps(self, world: World, bomb: str) -> None:
        for field in (
            "note_field_noteText",
            "note_field_dueDate",
            "dateTimeCreated",
            "note_field_x",
            "contactId",
            "tags",
        ):
            body = urlencode({"authToken": "ann-token", "note_field_noteText": "x", field: bomb})
            send(world, "opentaps", "POST", "/activities/note", body, FORM)
            send(world, "opentaps", "POST", "/activities/task", body, FORM)
            send(world, "opentaps", "POST", "/contact", body, FORM)
        if len(bomb) < 20_000:
            for target in (f"/activities/{quote(bomb, safe='')}/3", f"/activities/1/{quote(bomb, safe='')}"):
                send(world, "opentaps", "GET", f"{target}?authToken=ann-token", "")
