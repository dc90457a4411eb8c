"""Records of the tenant's own modules (crust dossier, sections 4 to 7)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.crust import CrustClient, encoded, fields
from tests.support.world import World

NO_ROW = "exec query failed: Error 1292: Incorrect datetime value: '0000-00-00' for column 'created_at' at row 1"
LONG = "Error adding columns: exec query failed: Error 1406: Data too long for column '{}' at row 1"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as made:
        yield made


@pytest.fixture
def ann(world: World) -> CrustClient:
    return CrustClient(world)


USER = (
    '"user":{"userID":"1","username":"ann","email":"ann@acme.test","name":"Ann Lee","handle":"ann","kind":"",'
    '"organisationID":"0","relatedUserID":"0","user":null,"createdAt":"2014-06-01T08:00:00Z"},"userID":"1"'
)


def test_create_read_and_update_to_the_byte(world: World, ann: CrustClient) -> None:
    module = ann.make_module("city", "zip")
    of = module.removeprefix("/module/")
    body = {
        "fields": [{"name": "zip", "value": "4000"}, {"name": "city", "value": "Kranj & <Bled>", "related": ["7"]}]
    }
    made = ann.text("POST", f"{module}/content", body)
    id = made.split('"')[5]
    values = (
        '"fields":[{"name":"city","value":"Kranj \\u0026 \\u003cBled\\u003e","related":null},'
        '{"name":"zip","value":"4000","related":null}]'
    )
    start = f'{{"response":{{"contentID":"{id}","moduleID":"{of}"'
    assert made == f'{start},{USER},{values},"createdAt":"2014-06-01T08:00:00Z"}}}}'
    page = '"page":{"pageID":"0","selfID":"0","moduleID":"0","title":"","description":"","blocks":{},"visible":false}'
    read = f'{start},{USER},{page},{values},"createdAt":"2014-06-01T08:00:00Z"}}}}'
    assert ann.text("GET", f"{module}/content/{id}") == read
    assert world.now is not None
    world.now += 1_500_000
    changed = ann.text(
        "POST", f"{module}/content/{id}", b'{"fields": [ {"value" : "Bled","name":"city", "related":["8"]}]}'
    )
    assert changed == (
        f'{start},{USER},"fields":[{{"value":"Bled","name":"city","related":["8"]}}],'
        '"createdAt":"2014-06-01T08:00:00Z","updatedAt":"2014-06-01T08:00:01.5Z"}}'
    )
    assert ann.values(module, id) == {"city": "Bled", "zip": "4000"}


def test_an_update_loses_the_owner_only_where_the_tenant_wants_that(world: World, ann: CrustClient) -> None:
    module = ann.make_module("city")
    id = ann.add(module, city="Kranj")
    assert ann.post(f"{module}/content/{id}", fields({"city": "Bled"}))["userID"] == "1"
    world.set("crust.lose_owner_on_update", "yes")
    for shown in (ann.post(f"{module}/content/{id}", fields({"city": "Bled"})), ann.get(f"{module}/content/{id}")):
        assert shown["userID"] == "0"
        assert "user" not in shown


def test_values_merge_by_name_unknown_ones_come_first_and_the_last_of_a_name_counts(ann: CrustClient) -> None:
    module = ann.make_module("b", "a")
    id = ann.add(module, a="1", x="2", b="3")
    ann.post(f"{module}/content/{id}", {"fields": [{"name": "a", "value": "no"}, {"name": "a", "value": "4"}]})
    shown = ann.get(f"{module}/content/{id}")["fields"]
    assert [(field["name"], field["value"]) for field in shown] == [("x", "2"), ("b", "3"), ("a", "4")]
    assert {field["related"] for field in shown} == {None}


@pytest.mark.parametrize("sent", [[], None])
def test_a_record_without_values_is_kept_but_never_listed(ann: CrustClient, sent: object) -> None:
    module = ann.make_module("a")
    id = ann.post(f"{module}/content", {"fields": sent})["contentID"]
    assert ann.get(f"{module}/content/{id}")["fields"] == []
    assert ann.get(f"{module}/content")["meta"]["count"] == 0
    ann.post(f"{module}/content/{id}", fields({"a": ""}))
    assert ann.get(f"{module}/content")["meta"]["count"] == 1


@pytest.mark.parametrize(
    ("body", "create", "update"),
    [
        ({}, "No content: ", "unexpected end of JSON input"),
        ({"fields": {}}, "No content: ", "json: cannot unmarshal object into Go value of type []types.ContentColumn"),
        ({"fields": "x"}, "No content: ", "json: cannot unmarshal string into Go value of type []types.ContentColumn"),
        (
            {"fields": [{"name": "a", "value": True}]},
            "No content: ",
            "json: cannot unmarshal bool into Go struct field ContentColumn.value of type string",
        ),
        (
            {"fields": [{"name": "a", "value": 7}]},
            "No content: ",
            "json: cannot unmarshal number into Go struct field ContentColumn.value of type string",
        ),
    ],
)
def test_what_is_no_content(ann: CrustClient, body: object, create: str, update: str) -> None:
    module = ann.make_module("a")
    id = ann.add(module, a="1")
    assert ann.post(f"{module}/content", body) == create + update
    assert ann.post(f"{module}/content/{id}", body) == f"Error when saving content, no content: {update}"
    assert ann.values(module, id) == {"a": "1"}
    assert ann.get(f"{module}/content")["meta"]["count"] == 1


def test_refusals(ann: CrustClient) -> None:
    module = ann.make_module("a")
    assert ann.post(f"{module}/content", fields({"a": "x" * 65_535}))["fields"][0]["value"] == "x" * 65_535
    assert ann.post(f"{module}/content", fields({"a": "x" * 65_536})) == LONG.format("column_value")
    assert ann.post(f"{module}/content", fields({"a": "ž" * 32_768})) == LONG.format("column_value")
    assert ann.post(f"{module}/content", fields({"n" * 256: "x"})) == LONG.format("column_name")
    many = {"fields": [{"name": str(at), "value": ""} for at in range(5_001)]}
    assert "too many placeholders" in ann.post(f"{module}/content", many)
    for id in ("0", "abc"):
        assert ann.post(f"{module}/content/{id}", fields({})) == "Error updating content: invalid ID"
    assert ann.post(f"{module}/content/41", fields({})) == NO_ROW
    assert ann.post(f"{module}/content/{2**63}", fields({})) == NO_ROW
    for id in ("41", "0", "abc", str(2**63), str(2**64)):
        assert ann.get(f"{module}/content/{id}") == "Module has no fields"
        assert ann.text("DELETE", f"{module}/content/{id}") == '{"success":{"message":"OK"}}'
    for of in ("41", "0", "abc"):
        assert ann.post(f"/module/{of}/content", fields({})) == "Module has no fields"


def numbered(start: int, value: str = "") -> dict[str, object]:
    return {"fields": [{"name": f"n{at}", "value": value} for at in range(start, start + 3_000)]}


@pytest.mark.slow
def test_a_record_does_not_grow_without_end(ann: CrustClient) -> None:
    for module in (ann.make_module("a"), ann.system("Task")):
        id = ann.add(module, {})
        ann.post(f"{module}/content/{id}", numbered(0))
        assert "too many placeholders" in ann.post(f"{module}/content/{id}", numbered(3_000))
        assert ann.post(f"{module}/content/{id}", numbered(0, "x"))["contentID"] == id
        long = {"fields": [{"name": f"n{at}", "value": "x" * 65_000} for at in range(100)]}
        assert ann.post(f"{module}/content/{id}", long)["contentID"] == id
        more = {"fields": [{"name": f"n{at + 100}", "value": "x" * 65_000} for at in range(100)]}
        assert "Row size too large" in ann.post(f"{module}/content/{id}", more)
        found = {field["name"]: field["value"] for field in ann.get(f"{module}/content/{id}")["fields"]}
        assert (len(found["n99"]), found["n100"], "n3000" in found) == (65_000, "x", False)


def test_a_deleted_record_is_hidden_until_it_is_updated(ann: CrustClient) -> None:
    module = ann.make_module("a")
    id = ann.add(module, a="1")
    ann.call("DELETE", f"{module}/content/{id}")
    assert ann.get(f"{module}/content/{id}") == "Module has no fields"
    assert ann.get(f"{module}/content")["contents"] == []
    ann.post(f"{module}/content/{id}", {"fields": []})
    assert ann.values(module, id) == {"a": "1"}
    assert ann.names(f"{module}/content?sort=a&query=1", "a") == ["1"]
    assert "deletedAt" not in ann.get(f"{module}/content/{id}")


def test_the_id_of_a_record_decides_not_the_module_in_the_path(ann: CrustClient) -> None:
    module, other = ann.make_module("a"), ann.make_module("b")
    id = ann.add(module, a="1")
    assert ann.values("/module/41", id) == ann.values(other, id) == {"a": "1"}
    assert ann.get(f"{other}/content/{id}")["moduleID"] == module.removeprefix("/module/")
    ann.post(f"{other}/content/{id}", fields({"a": "2"}))
    assert ann.values(module, id) == {"a": "2"}


def test_the_later_name_of_content(ann: CrustClient) -> None:
    module = ann.make_module("a")
    made = ann.post(f"{module}/record", fields({"a": "1"}))
    assert list(made)[:2] == ["recordID", "moduleID"]
    listed = ann.get(f"{module}/record")
    assert [record["recordID"] for record in listed["records"]] == [made["recordID"]]
    assert ann.post(f"{module}/record/{made['recordID']}", fields({"a": "2"}))["recordID"] == made["recordID"]
    assert ann.get(f"{module}/record/{made['recordID']}")["fields"][0]["value"] == "2"
    assert ann.values(module, made["recordID"]) == {"a": "2"}
    ann.call("DELETE", f"{module}/record/{made['recordID']}")
    assert ann.get(f"{module}/content")["contents"] == []


# -- lists, on both databases ---------------------------------------------------------------------------


@pytest.fixture
def anywhere(either_world: World) -> CrustClient:
    return CrustClient(either_world)


ROWS = (
    {"name": "Ana Petrič", "n": "10", "city": "Bled"},
    {"name": "bor", "n": "9"},
    {"name": "Bor", "n": "100", "note": "50% off_now"},
    {"name": "ŽELEZO a", "city": "bc"},
)


def test_sorting_and_searching(anywhere: CrustClient) -> None:
    module = anywhere.make_module("name", "n", "city", "id")
    for row in ROWS:
        anywhere.add(module, row)

    def found(**parameters: str) -> list[str]:
        query = "&".join(f"{name}={encoded(value)}" for name, value in parameters.items())
        return [name.partition(" ")[0] for name in anywhere.names(f"{module}/content?{query}", "name")]

    newest = ["ŽELEZO", "Bor", "bor", "Ana"]
    oldest = newest[::-1]
    assert found() == newest  # the seed: id desc
    assert found(sort="") == oldest  # the real client
    assert found(sort="n") == ["ŽELEZO", "Ana", "Bor", "bor"]  # as text, the missing one first
    assert found(sort="n DESC") == ["bor", "Bor", "Ana", "ŽELEZO"]
    assert found(sort="name") == ["Ana", "Bor", "bor", "ŽELEZO"]  # capitals before small letters
    assert found(sort="city,name desc") == ["bor", "Bor", "Ana", "ŽELEZO"]
    assert found(sort="city, name desc") == ["bor", "Bor", "Ana", "ŽELEZO"]  # three words: skipped
    assert found(sort="createdAt,bogus dEsc") == found(sort="contentID desc") == newest
    assert found(sort="n up") == found(sort="n")
    assert "SQL syntax" in anywhere.get(f"{module}/content?sort=a%20b%20c")
    for query, names in (
        ("petric", ["Ana"]),
        ("zelezo A", ["ŽELEZO"]),
        ("BO", ["bor", "Bor"]),
        ("b", ["Ana", "bor", "Bor", "ŽELEZO"]),
        ("1_0", ["Bor"]),
        ("a%tri", ["Ana"]),
        ("a%bled", []),  # not from one value into the next
        ("0\\%", ["Bor"]),
        ("f\\_n", ["Bor"]),
        ("x_x", []),
        ("city", []),  # values, not names
        ("\x1f", []),
        ("", oldest),
    ):
        assert found(query=query, sort="id") == names, query
    answer = anywhere.get(f"{module}/content?query=BO&sort=n&page=0")
    assert answer["meta"] == {"query": "BO", "page": 0, "perPage": 50, "count": 2, "sort": "n"}
    assert anywhere.get(f"{module}/content?query={'x' * 20_000}")["contents"] == []


def test_paging(ann: CrustClient) -> None:
    module = ann.make_module("n")
    for n in range(12):
        ann.add(module, n=f"{n:02d}")
    for query, meta, rows in (
        ("", (0, 50), 12),
        ("perPage=0", (0, 50), 12),
        ("perPage=-3&page=-1", (0, 50), 12),
        ("perPage=abc&page=x", (0, 50), 12),
        ("perPage=5", (0, 10), 10),
        ("perPage=5&page=1", (1, 10), 2),
        ("perPage=11", (0, 11), 11),
        ("perPage=101", (0, 100), 12),
        ("page=7", (7, 50), 0),
        ("page=9223372036854775807&perPage=100", (2**63 - 1, 100), 0),
    ):
        answer = ann.get(f"{module}/content?{query}")
        assert (answer["meta"]["page"], answer["meta"]["perPage"], answer["meta"]["count"]) == (*meta, 12), query
        assert len(answer["contents"]) == rows, query
    assert ann.names(f"{module}/content?perPage=10&page=1&sort=n", "n") == ["10", "11"]


def test_parameters_of_a_list_may_come_as_json(ann: CrustClient) -> None:
    module = ann.make_module("n")
    ann.add(module, n="1")
    answer = ann.call("GET", f"{module}/content", {"query": "2", "perPage": 20, "sort": "n"})
    assert answer["meta"] == {"query": "2", "page": 0, "perPage": 20, "count": 0, "sort": "n"}
    assert ann.call("GET", f"{module}/content", {"page": "1"}) == (
        "error parsing http request body: json: cannot unmarshal string into Go struct field "
        "ModuleContentList.Page of type int"
    )
