"""Nothing that a client sends may surprise: every answer is one of the vendor's."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import orjson
import pytest

from dialects.zurmo.fields.comparison import SCALAR_OPERATORS
from dialects.zurmo.fields.modules import MODULES
from tests.dialects.zurmo_client import FORM, Zurmo

TEXTS = [
    *("", "0", "1", "-1", "5x", "NaN", "Infinity", "1e999", "1e-999", "9" * 40, "٣", "x\0y", "\ud800", "\U0001f600"),
    *("%", "_", "\\", "%\\", "'", '"', "' OR 1=1 --", "a" * 70_000, "a@b.co", "2015-02-30 00:00:00", "2015-01-01"),
    *("0000-00-00 00:00:00", "9999-12-31 23:59:59", "0001-01-01 00:00:00", "12/31/9999", "1/1/0001", "Between"),
    *("Next 999 Days", "importModel", "add", "Contact", "Task", "User", "1 AND (2 OR 3)", "(" * 200, "name desc"),
    *("name.asc", "__class__"),
]
KEYS = [
    "id",
    "value",
    "values",
    "emailAddress",
    "0",
    "1",
    "",
    "type",
    "action",
    "modelId",
    "modelClassName",
    "currency",
]
KEYS += ["city", "firstDate", "structurePosition", "username", "nonEveryoneGroup", "a]b", "x[y"]
NAMES = sorted({name for module in MODULES for name in module.table(True).by_name})
NAMES += ["modelRelations", "activityItems", "regionalCstm", "dueDateTime__DateTime", "closeDate__Date", "password"]
NAMES += [
    "modelScenario",
    "sinceDateTime",
    "ownedItemsOnly",
    "anyMixedAttributes",
    "nope",
    "opportunities",
    "__proto__",
]
PATHS = [module.path for module in MODULES] + [
    "zurmo/group",
    "zurmo/customField",
    "contacts/contactState",
    "zurmo/currency",
]
ACTIONS = ["read", "list", "list/filter", "search/filter", "create", "update", "delete", "listAttributes", "addValues"]
ACTIONS += ["getCreatedItems", "getModifiedItems", "getDeletedItems", "searchUsersByEmails"]


def pairs(value: Any, name: str) -> list[str]:
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in pairs(inner, f"{name}[{key}]" if name else key)]
    return [f"{quote_plus(name)}={quote_plus(value.encode('utf-8', 'surrogatepass'))}"]


class Junk:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def value(self, depth: int = 0) -> Any:
        if depth < 4 and self.random.random() < 0.25:
            keys = self.random.sample(KEYS, self.random.randint(0, 4))
            return {key: self.value(depth + 1) for key in keys}
        return self.random.choice(TEXTS)

    def attributes(self, most: int) -> dict[str, Any]:
        return {self.random.choice(NAMES): self.value() for _ in range(self.random.randint(0, most))}

    def search(self, improved: bool) -> dict[str, Any]:
        choice = self.random.choice
        structure = choice(["1 AND 2 OR NOT 3", "1", choice(TEXTS)])
        found: dict[str, Any] = {
            "search": self.attributes(3),
            "pagination": {"page": choice(TEXTS), "pageSize": choice(TEXTS)},
            "sort": choice([choice(NAMES) + ".desc", choice(NAMES) + " asc", choice(TEXTS)]),
            "dynamicSearch": {
                "dynamicClauses": {str(at): {"structurePosition": str(at), **self.attributes(1)} for at in (1, 2, 3)},
                "dynamicStructure": structure,
            },
        }
        if improved:
            operators = [*SCALAR_OPERATORS, "oneOf", "isNull", choice(TEXTS)]
            clauses = {
                str(at): {
                    "attributeName": choice(NAMES),
                    "relatedAttributeName": choice(KEYS),
                    "operatorType": choice(operators),
                    "value": self.value(),
                }
                for at in (1, 2, 3)
            }
            model = choice([module.model for module in MODULES] + ["Foo", "Group"])
            attributes = {"clauses": clauses, "structure": structure}
            found["search"] = {"modelClassName": model, "searchAttributeData": attributes}
        return found


@pytest.mark.parametrize("profile", ["seed", "v3"])
def test_junk_gets_an_answer(tmp_path: Path, profile: str) -> None:
    zurmo = Zurmo(tmp_path, profile=profile)
    junk = Junk(20150227)
    good = {
        "name": "N",
        "lastName": "L",
        "closeDate": "2015-01-01",
        "startDateTime": "2015-01-01 00:00:00",
        "description": "d",
    }
    seen: set[str] = set()
    for at in range(700):
        path, action = junk.random.choice(PATHS), junk.random.choice(ACTIONS)
        searching = action.startswith(("list", "search"))
        data = junk.search("search/" in action) if searching else junk.attributes(6)
        if action == "create" and at % 2:
            data = {**data, **good, "state": {"id": "5"}, "amount": {"value": "1"}, "username": f"u{at}"}
        method = junk.random.choice(["GET", "POST", "PUT", "DELETE", "HEAD"]) if at % 3 else "POST"
        if action == "update":
            method = "PUT"
        encoded = "&".join(pairs({"data": data}, ""))
        target = f"/{path}/api/{action}/"
        if action in ("read", "update", "delete"):
            target += junk.random.choice(
                ["1", "2", "3", quote_plus(junk.random.choice(TEXTS).encode("utf-8", "replace")[:90])]
            )
        if method in ("GET", "HEAD", "DELETE"):
            target += "&".join(pairs(data, ""))[:3000] if searching else f"?{encoded[:3000]}"
        accept = junk.random.choice(["application/json", "application/xml"])
        answer = zurmo.raw(method, target, encoded.encode(), {"Accept": accept, "Content-Type": FORM}, zurmo.session)
        assert answer.status in (200, 404), (method, target[:200], data)
        if answer.status == 200 and accept == "application/json":
            body = orjson.loads(answer.body)
            assert list(body) == ["status", "data", "message", "errors"]
            assert (body["status"] == "SUCCESS") == (body["message"] is None)
            assert body["errors"] is None or isinstance(body["errors"], dict)
            seen.add(f"{action} {body['status']}")
    assert zurmo.failures() == []
    assert {"create SUCCESS", "create FAILURE", "update FAILURE", "list SUCCESS", "search/filter FAILURE"} <= seen


@pytest.mark.parametrize(
    "body",
    [
        b"data" + b"[a]" * 200 + b"=1",
        b"data[name]=" + b"%" * 100,
        b"data[name]=%00&data[description]=a%00b",
        b"data[name]=%ED%A0%80",
        bytes(range(256)),
        b"data[modelRelations][activityItems]" + b"[0]" * 30 + b"=x",
        b"&".join(b"data[modelRelations][activityItems][%d][action]=add" % at for at in range(600)),
    ],
)
def test_odd_bytes(tmp_path: Path, body: bytes) -> None:
    zurmo = Zurmo(tmp_path)
    for method in ("POST", "PUT"):
        answer = zurmo.raw(
            method,
            "/tasks/task/api/create/",
            body,
            {"Accept": "application/json", "Content-Type": FORM},
            zurmo.session,
        )
        assert answer.status == 200
        orjson.loads(answer.body)
    assert zurmo.failures() == []


CLAUSE = "data[search][searchAttributeData][clauses][1]"
SEARCH = "data[search][modelClassName]={}&data[search][searchAttributeData][structure]=1"


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("list", "data[search][id][]=1&" * 1_001, "Too many values."),
        (
            "search",
            f"{SEARCH.format('Task')}&{CLAUSE}[attributeName]=name&{CLAUSE}[operatorType]=oneOf&"
            + f"{CLAUSE}[value][]=a&" * 1_001,
            "Too many values.",
        ),
        (
            "list",
            "&".join(f"data[search][{name}][id][]={at}" for name in ("owner", "createdByUser") for at in range(999))
            + "&data[search][modifiedByUser][id]=1" * 9
            + "&data[pagination][a]=1&data[pagination][b]=1&data[sort]=id",
            "Too many values.",
        ),
        ("list", "data[search][description]=" + "%25a" * 30_000, "The search is not supported."),
        (
            "search",
            f"{SEARCH.format('Task')}&{CLAUSE}[attributeName]=name&{CLAUSE}[operatorType]=contains&"
            f"{CLAUSE}[value]={'a' * 100_000}",
            "The search is not supported.",
        ),
        # Compared in Python, where a pattern once took longer the more wildcards it had.
        (
            "search",
            f"{SEARCH.format('Task')}&{CLAUSE}[attributeName]=completed&{CLAUSE}[operatorType]=contains&"
            f"{CLAUSE}[value]={'%25' * 100_000}x",
            None,
        ),
        ("list", "data[search][name]=" + "a" * 1_000_000, None),
    ],
    ids=lambda value: str(value)[:20],
)
def test_searches_without_end_end_soon(tmp_path: Path, path: str, body: str, message: str | None) -> None:
    zurmo = Zurmo(tmp_path)
    started = time.process_time()
    headers = {"Accept": "application/json", "Content-Type": FORM}
    answer = zurmo.raw("POST", f"/tasks/task/api/{path}/filter/", body.encode(), headers, zurmo.session)
    assert time.process_time() - started < 5
    assert orjson.loads(answer.body)["message"] == message
    assert zurmo.failures() == []


def test_no_secret_in_the_log(tmp_path: Path) -> None:
    zurmo = Zurmo(tmp_path)
    zurmo.create("users/user", username="dana", lastName="Doe", password="s3cret-pw")
    zurmo.session = zurmo.login("dana", "s3cret-pw")
    zurmo.call("GET", "/tasks/task/api/list/")
    lines = repr(zurmo.world.lines)
    assert "s3cret-pw" not in lines
    assert all(part not in lines for part in zurmo.session)


def test_a_wrong_setting_is_refused() -> None:
    from dialects.zurmo.settings import SETTINGS

    checks = {setting.name: setting.check for setting in SETTINGS if setting.check is not None}
    for name, text in (
        ("session_seconds", "0"),
        ("session_seconds", "x"),
        ("base_currency", "usd"),
        ("currencies", "EUR"),
        ("currencies", "EUR=x"),
        ("time_zone", "../etc"),
        ("page_cap", "0"),
    ):
        with pytest.raises(ValueError, match=r"."):
            checks[name](text)
    for setting in SETTINGS:
        assert setting.choices or setting.check
        assert setting.default in setting.choices or checks[setting.name](setting.default) is not None
