"""Field kinds and modules of the tenant's own (crust dossier, sections 4 to 7)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.support.crust import CrustClient
from tests.support.world import World

ZERO_PAGE = '{"pageID":"0","selfID":"0","moduleID":"0","title":"","description":"","blocks":{},"visible":false}'
ONE_FIELD = {"name": "M", "fields": [{"name": "a"}]}
TOO_LONG = "exec query failed: Error 1406: Data too long for column 'name' at row 1"
ZERO_STAMPS = dict.fromkeys(("createdAt", "updatedAt", "deletedAt"), "0001-01-01T00:00:00Z")
NO_ROW = "exec query failed: Error 1292: Incorrect datetime value: '0000-00-00' for column 'created_at' at row 1"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as made:
        made.set("crust.system_modules", "no")
        yield made


@pytest.fixture
def ann(world: World) -> CrustClient:
    return CrustClient(world)


def test_the_nine_field_kinds(ann: CrustClient) -> None:
    assert (
        ann.text("GET", "/field")
        == ann.text("GET", "/field/")
        == (
            '{"response":[{"name":"Boolean value (yes / no)","type":"bool"},{"name":"Date/time input","type":"stamp"},'
            '{"name":"E-mail input","type":"email"},{"name":"Hidden value","type":"hidden"},'
            '{"name":"Related content","type":"related"},{"name":"Related content (multiple)","type":"related_multi"},'
            '{"name":"Single option picker","type":"enum"},{"name":"Text input","type":"text"},'
            '{"name":"Text input (multi-line)","type":"textarea"}]}'
        )
    )
    assert ann.text("GET", "/field/enum") == '{"response":{"name":"Single option picker","type":"enum"}}'
    assert ann.text("GET", "/field/nothing") == '{"response":{"name":"","type":""}}'


def test_a_field_keeps_all_it_was_given(ann: CrustClient) -> None:
    field = {
        "kind": "Select",
        "name": "city",
        "label": "Ci & ty",
        "helpText": "h",
        "defaultValue": "d",
        "maxLength": 7,
        "options": {"z": 1.50, "a": ["<b>"]},
        "isPrivate": True,
        "isRequired": True,
        "isVisible": True,
    }
    shown = (
        '{"moduleID":"0","kind":"Select","name":"city","label":"Ci \\u0026 ty","helpText":"h","defaultValue":"d",'
        '"maxLength":7,"options":{"z":1.50,"a":["\\u003cb\\u003e"]},"isPrivate":true,"isRequired":true,"isVisible":true}'
    )
    body = orjson.dumps({"name": "Mesta", "fields": [field]}).replace(b"1.5,", b"1.50 ,")
    made = ann.text("POST", "/module", body)
    id = orjson.loads(made)["response"]["moduleID"]
    assert made == (
        f'{{"response":{{"moduleID":"{id}","name":"Mesta","fields":[{shown}],"createdAt":"2014-06-01T08:00:00Z"}}}}'
    )
    assert ann.text("GET", f"/module/{id}") == (
        f'{{"response":{{"moduleID":"{id}","name":"Mesta","fields":[{shown}],"page":{ZERO_PAGE},'
        '"createdAt":"2014-06-01T08:00:00Z"}}'
    )
    assert ann.text("GET", "/module/?query=nothing-like-it") == (
        f'{{"response":[{{"moduleID":"{id}","name":"Mesta","fields":[{shown}],"createdAt":"2014-06-01T08:00:00Z"}}]}}'
    )
    assert 17 <= len(id) <= 19


def test_ids_grow_and_are_beyond_what_a_float_holds(ann: CrustClient) -> None:
    ids = [int(ann.post("/module/", ONE_FIELD)["moduleID"]) for _ in range(5)]
    assert ids == sorted(set(ids))
    assert min(ids) > 2**53
    assert [int(module["moduleID"]) for module in ann.get("/module/")] == ids


def test_a_missing_module_is_zero(ann: CrustClient) -> None:
    for id in ("41", "0", "abc", "18446744073709551615"):
        assert ann.text("GET", f"/module/{id}") == (
            f'{{"response":{{"moduleID":"0","name":"","fields":null,"page":{ZERO_PAGE},'
            '"createdAt":"0001-01-01T00:00:00Z","updatedAt":"0001-01-01T00:00:00Z","deletedAt":"0001-01-01T00:00:00Z"}}'
        )


def test_editing_replaces_name_and_fields_and_keeps_created_at(world: World, ann: CrustClient) -> None:
    id = ann.post("/module/", {"name": "Old", "fields": [{"name": "a"}, {"name": "b"}]})["moduleID"]
    assert world.now is not None
    world.now += 90_250_000
    answer = ann.post(f"/module/{id}", {"moduleID": id, "fields": [{"name": "c", "moduleID": "0"}]})
    assert (answer["name"], [field["name"] for field in answer["fields"]]) == ("", ["c"])
    assert (answer["createdAt"], answer["updatedAt"]) == ("2014-06-01T08:00:00Z", "2014-06-01T08:01:30.25Z")
    assert ann.get(f"/module/{id}")["updatedAt"] == "2014-06-01T08:01:30Z"


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/module/", {"name": "x"}, "Error creating module: no fields"),
        ("/module/", {"name": "x", "fields": []}, "Error creating module: no fields"),
        ("/module/", {**ONE_FIELD, "name": "x" * 65}, TOO_LONG),
        ("/module/{id}", {"name": "x"}, "Error updating module: no fields"),
        ("/module/{id}", {**ONE_FIELD, "name": "x" * 65}, TOO_LONG),
        ("/module/0", ONE_FIELD, "Error updating module: invalid ID"),
        ("/module/abc", ONE_FIELD, "Error updating module: invalid ID"),
        ("/module/41", ONE_FIELD, NO_ROW),
        ("/module/9223372036854775808", ONE_FIELD, NO_ROW),
        ("/module/99999999999999999999", ONE_FIELD, NO_ROW),
    ],
)
def test_refusals(ann: CrustClient, path: str, body: object, words: str) -> None:
    id = ann.post("/module/", ONE_FIELD)["moduleID"]
    assert ann.post(path.format(id=id), body) == words
    assert ann.get("/module/")[0]["name"] == "M"
    assert len(ann.get("/module/")) == 1


def test_a_name_of_64_characters_fits_whatever_they_are(ann: CrustClient) -> None:
    assert ann.post("/module/", {**ONE_FIELD, "name": "ž" * 63 + "😀"})["name"] == "ž" * 63 + "😀"


def test_deleting_leaves_records_and_page_behind(ann: CrustClient) -> None:
    module = ann.make_module("city")
    content = ann.add(module, city="Kranj")
    page = ann.post("/page/", {"title": "P", "moduleID": module.removeprefix("/module/")})["pageID"]
    for _ in range(2):
        assert ann.text("DELETE", module) == '{"success":{"message":"OK"}}'
    assert ann.get(f"{module}/content") == ann.get(f"{module}/content/{content}") == "Module has no fields"
    assert ann.post(f"{module}/content", {"fields": []}) == "Module has no fields"
    assert ann.get(f"/page/{page}")["module"] == {"moduleID": "0", "name": "", "fields": None, **ZERO_STAMPS}
    assert "module" not in ann.get("/page/")[0]


def test_modules_of_another_tenant_are_not_there(world: World, ann: CrustClient) -> None:
    module = ann.make_module("city")
    content = ann.add(module, city="Kranj")
    page = ann.post("/page/", {"title": "P"})["pageID"]
    world.add_tenant("other")
    world.add_user("eve", tenant="other")
    eve = CrustClient(world, "eve-token")
    world.set("crust.system_modules", "no", tenant="other")
    assert eve.get("/module/") == eve.get("/page/") == []
    assert eve.get(module)["moduleID"] == eve.get(f"/page/{page}")["pageID"] == "0"
    assert eve.get(f"{module}/content/{content}") == "Module has no fields"
    eve.call("DELETE", f"{module}/content/{content}")
    eve.call("DELETE", module)
    eve.call("DELETE", f"/page/{page}")
    assert ann.values(module, content) == {"city": "Kranj"}
    assert ann.get(f"/page/{page}")["title"] == "P"


def test_a_user_who_may_only_look_changes_nothing(world: World, ann: CrustClient) -> None:
    module = ann.make_module("city")
    content = ann.add(module, city="Kranj")
    world.add_user("vic", view_only=True)
    vic = CrustClient(world, "vic-token")
    assert vic.values(module, content) == {"city": "Kranj"}
    for method, path, body in (
        ("POST", "/module/", ONE_FIELD),
        ("POST", module, ONE_FIELD),
        ("DELETE", module, {}),
        ("POST", f"{module}/content", {"fields": []}),
        ("POST", f"{module}/content/{content}", {"fields": []}),
        ("DELETE", f"{module}/content/{content}", {}),
        ("POST", "/page/", {"title": "x"}),
        ("POST", "/chart/", {"name": "x"}),
    ):
        assert vic.call(method, path, body) == "Not allowed: the user may only view"
    assert ann.values(module, content) == {"city": "Kranj"}


def test_c1_who_may_only_view_is_told_so_before_his_body_is_read(world: World) -> None:
    world.add_user("vera", view_only=True)
    vera = CrustClient(world, "vera-token")
    for body in (b'{"name":"x","fields":[1,1]}', b'{"name":', b"x"):
        assert "Not allowed" in vera.call("POST", "/module/", body)
