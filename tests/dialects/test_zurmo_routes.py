"""Paths, verbs and encodings: how requests may be written (dossier, sections 2 and 3)."""

from __future__ import annotations

from urllib.parse import quote

import orjson
import pytest

from adapter.routes import RouteTable
from dialects.zurmo.routes import ROUTES
from tests.dialects.zurmo_client import FORM, Zurmo, seed_fixture

zurmo = seed_fixture()
JSON = {"Accept": "application/json"}
BAD_ID = "The ID specified was invalid."
NO_DATA = "Please provide data."


def data(body: bytes) -> object:
    answer = orjson.loads(body)
    return answer["data"] if answer["status"] == "SUCCESS" else answer["message"]


@pytest.mark.parametrize(
    "base", ["/index.php", "/app/index.php", "/zurmo/app/index.php", "/crm/app/index.php", "/test.php"]
)
@pytest.mark.parametrize("slash", ["", "/"])
def test_any_base_ending_in_the_script(zurmo: Zurmo, base: str, slash: str) -> None:
    id = zurmo.task("Call")
    answer = zurmo.raw("GET", f"/tasks/task/api/read/{id}{slash}", b"", JSON, zurmo.session, base=base)
    assert orjson.loads(answer.body)["data"]["name"] == "Call"


def test_a_double_slash_after_the_script(zurmo: Zurmo) -> None:
    id = zurmo.task()
    assert b"SUCCESS" in zurmo.raw("GET", f"//tasks/task/api/read/{id}", b"", JSON, zurmo.session).body


def test_without_a_script_there_is_nothing(zurmo: Zurmo) -> None:
    assert zurmo.raw("GET", "/tasks/task/api/read/1", b"", JSON, zurmo.session, base="/app").status == 404


@pytest.mark.parametrize("suffix", ["{}x", "{}.5", "%20{}", "+{}", "{}%20OR%201"])
def test_ids_are_read_as_php_reads_numbers(zurmo: Zurmo, suffix: str) -> None:
    id = zurmo.task()
    assert zurmo.ok("GET", "/tasks/task/api/read/" + suffix.format(id))["id"] == id


@pytest.mark.parametrize("id", ["0", "x", "-1", "9999", "99999999999999999999", "%D9%A1", "", "%00"])
def test_what_is_no_id(zurmo: Zurmo, id: str) -> None:
    zurmo.task()
    assert zurmo.failure("GET", f"/tasks/task/api/read/{id}") == BAD_ID
    assert zurmo.failure("PUT", f"/tasks/task/api/update/{id}", {"name": "y"}) == BAD_ID
    assert zurmo.failure("DELETE", f"/tasks/task/api/delete/{id}") == BAD_ID


def test_an_id_of_another_class_is_invalid(zurmo: Zurmo) -> None:
    task = zurmo.task()
    account = zurmo.create("accounts/account", name="Acme")["id"]
    assert zurmo.failure("GET", f"/notes/note/api/read/{task}") == BAD_ID
    assert zurmo.failure("GET", f"/meetings/meeting/api/read/{task}") == BAD_ID
    assert zurmo.failure("GET", f"/contacts/contact/api/read/{account}") == BAD_ID
    assert zurmo.failure("DELETE", f"/contacts/contact/api/delete/{account}") == BAD_ID


def test_ids_in_the_query(zurmo: Zurmo) -> None:
    id = zurmo.task()
    assert zurmo.ok("GET", f"/tasks/task/api/read/?id={id}")["id"] == id
    assert zurmo.ok("GET", f"/tasks/task/api/delete/?id={id}") is None
    assert zurmo.failure("GET", f"/tasks/task/api/read/{id}") == BAD_ID


def test_wrong_verbs(zurmo: Zurmo) -> None:
    id = zurmo.task()
    assert zurmo.failure("GET", "/tasks/task/api/create/") == NO_DATA
    assert zurmo.failure("GET", f"/tasks/task/api/update/{id}") == NO_DATA
    assert zurmo.failure("POST", f"/tasks/task/api/update/{id}", {"name": "x"}) == BAD_ID
    assert zurmo.failure("POST", f"/tasks/task/api/read/{id}", {}) == BAD_ID
    assert zurmo.failure("GET", f"/tasks/task/api/delete/{id}") == BAD_ID
    assert zurmo.read("tasks/task", id)["name"] == "Call"


def test_create_with_an_id_in_the_path_or_by_put(zurmo: Zurmo) -> None:
    assert zurmo.ok("POST", "/notes/note/api/create/31", {"description": "x"})["description"] == "x"
    assert zurmo.ok("PUT", "/tasks/task/api/create/", {"name": "x"})["name"] == "x"
    assert zurmo.ok("PUT", "/tasks/task/api/create", {"name": "y"})["name"] == "y"


def test_method_override_changes_nothing(zurmo: Zurmo) -> None:
    id = zurmo.task()
    override = {"X-HTTP-Method-Override": "PUT"}
    assert zurmo.ok("PUT", f"/tasks/task/api/update/{id}", {"name": "x"}, headers=override)["name"] == "x"
    path = f"/tasks/task/api/update/{id}"
    assert zurmo.failure("POST", path, {"name": "y"}, headers=override) == BAD_ID
    body = f"id={id}&data[name]=z".encode()
    answer = zurmo.raw("POST", path, body, {**JSON, **override, "Content-Type": FORM}, zurmo.session)
    assert orjson.loads(answer.body)["data"]["name"] == "z"


# -- bodies ---------------------------------------------------------------------------------------------------


def create(zurmo: Zurmo, body: bytes, content_type: str | None = FORM, method: str = "POST") -> object:
    headers = {**JSON, **({} if content_type is None else {"Content-Type": content_type})}
    return data(zurmo.raw(method, "/tasks/task/api/create/", body, headers, zurmo.session).body)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"data[name]=Caf%C3%A9+visit", "Café visit"),
        (b"data%5Bname%5D=a%26b%3D%2B", "a&b=+"),
        (b"data%5bname%5d=low", "low"),
        (b"data[name]=caf%E9", "café"),
        (b"data[name]=caf\xe9", "café"),
        ("data[name]=😀".encode(), "😀"),
        (b"data[name]=a%2Fb%5Cc", "a/b\\c"),
        (b"x=1&data[name]=first&data[name]=last", "last"),
    ],
)
def test_names_in_forms(zurmo: Zurmo, body: bytes, name: str) -> None:
    for method in ("POST", "PUT"):
        made = create(zurmo, body, method=method)
        assert isinstance(made, dict)
        assert zurmo.read("tasks/task", made["id"])["name"] == name


def test_answers_escape_as_php_does(zurmo: Zurmo) -> None:
    id = zurmo.task("é/\U0001f600\u2028", description='"\\\n')
    body = zurmo.send("GET", f"/tasks/task/api/read/{id}").body
    assert rb'"name":"\u00e9\/\ud83d\ude00\u2028"' in body
    assert rb'"description":"\"\\\n"' in body


def test_emoji_may_become_question_marks(zurmo: Zurmo) -> None:
    zurmo.set("emoji", "question_marks")
    assert zurmo.read("tasks/task", zurmo.task("ok 😀!"))["name"] == "ok ????!"


def test_a_post_needs_a_form(zurmo: Zurmo) -> None:
    assert create(zurmo, b"data[name]=x", "application/json") == NO_DATA
    assert create(zurmo, b"data[name]=x", None) == NO_DATA
    assert create(zurmo, b'{"data":{"name":"x"}}', "application/json") == NO_DATA
    assert create(zurmo, b'{"data":{"name":"x"}}', "application/json", "PUT") == NO_DATA
    assert create(zurmo, b"", FORM) == NO_DATA
    assert create(zurmo, b"data=x", FORM) == NO_DATA


def test_a_put_is_read_whatever_its_type(zurmo: Zurmo) -> None:
    made = create(zurmo, b"data[name]=x", "application/json", "PUT")
    assert isinstance(made, dict)


def test_multipart(zurmo: Zurmo) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="data[%s]"\r\n\r\n%s\r\n'
    body = part % (b"name", b"Caf\xc3\xa9") + part % (b"description", b"x") + b"--b--\r\n"
    made = create(zurmo, body, "multipart/form-data; boundary=b")
    assert isinstance(made, dict)
    assert (made["name"], made["description"]) == ("Café", "x")
    assert create(zurmo, b"--b\r\nbroken", "multipart/form-data; boundary=b") == NO_DATA
    assert create(zurmo, body, "multipart/form-data") == NO_DATA


def test_xml_in_the_form(zurmo: Zurmo) -> None:
    ids = [zurmo.create("contacts/contact", lastName=name, state={"id": "5"})["id"] for name in ("Ab", "Cd")]
    items = "".join(
        f"<activityItems><action>add</action><modelId>{id}</modelId>"
        "<modelClassName>Contact</modelClassName></activityItems>"
        for id in ids
    )
    document = (
        f"<zurmoMessage><data><name>Xml &amp; co</name><modelRelations>{items}</modelRelations></data></zurmoMessage>"
    )
    made = create(zurmo, b"data=" + quote(document).encode())
    assert isinstance(made, dict)
    assert made["name"] == "Xml & co"
    assert zurmo.post_list("tasks/task", search={"activityItems": {"id": str(ids[1])}}) == ["Xml & co"]
    for bad in (
        "<zurmoMessage>",
        "<a><data><name>x</name></data></a>",
        "<!DOCTYPE a><zurmoMessage/>",
        "<zurmoMessage/>",
    ):
        assert create(zurmo, b"data=" + quote(bad).encode()) == NO_DATA


def test_too_large_a_body(zurmo: Zurmo) -> None:
    pairs = b"&".join(b"data[a%d]=1" % at for at in range(10_002))
    assert str(create(zurmo, pairs)).startswith("Max post size exceeded!")


# -- the filter in the path -------------------------------------------------------------------------------------


@pytest.fixture
def five(zurmo: Zurmo) -> Zurmo:
    for name in ("A&B", "A B", "A+B", "a/b", "100%"):
        zurmo.task(name)
    return zurmo


@pytest.mark.parametrize(
    ("segment", "found"),
    [
        ("search%5Bname%5D=A", ["a/b", "A B", "A&B", "A+B"]),
        ("search[name]=A", ["a/b", "A B", "A&B", "A+B"]),
        # The server decodes the whole path, then parse_str decodes again.
        ("search%5Bname%5D=A%26B", ["a/b", "A B", "A&B", "A+B"]),
        ("search%5Bname%5D=A%2526B", ["A&B"]),
        ("search%5Bname%5D=A%2BB", ["A B"]),
        ("search%5Bname%5D=A+B", ["A B"]),
        ("search%5Bname%5D=A%252BB", ["A+B"]),
        ("search%5Bname%5D=%2541%2526", ["A&B"]),
        # A slash ends the segment, encoded or not; the rest is lost.
        ("search%5Bname%5D=a/b", ["a/b", "A B", "A&B", "A+B"]),
        ("search%5Bname%5D=a%2Fb", ["a/b", "A B", "A&B", "A+B"]),
        ("search%5Bname%5D=a%252Fb", ["a/b"]),
        ("search%5Bname%5D=100%2525", ["100%"]),
        ("search%5Bname%5D=Zebra", []),
        ("search%5Bname%5D=a?x=1", ["a/b", "A B", "A&B", "A+B"]),
        ("", ["100%", "a/b", "A B", "A&B", "A+B"]),
    ],
)
def test_double_decoding(five: Zurmo, segment: str, found: list[str]) -> None:
    got = five.names(five.ok("GET", f"/tasks/task/api/list/filter/{segment}"))
    assert sorted(got) == sorted(found)


def test_a_question_mark_in_a_value(zurmo: Zurmo) -> None:
    zurmo.task("why?")
    zurmo.task("why")
    assert zurmo.names(zurmo.ok("GET", "/tasks/task/api/list/filter/search%5Bname%5D=why%3F")) == ["why?"]


def test_latin_1_in_the_path(zurmo: Zurmo) -> None:
    zurmo.task("café")
    zurmo.task("case")
    assert zurmo.names(zurmo.ok("GET", "/tasks/task/api/list/filter/search%5Bname%5D=caf%E9")) == ["café"]


def test_the_filter_as_a_parameter(five: Zurmo) -> None:
    encoded = quote("search[name]=A%26B", safe="")
    assert five.names(five.ok("GET", f"/tasks/task/api/list/?filter={encoded}")) == ["A&B"]


@pytest.mark.parametrize(
    "target", ["list/filter?search[name]=A", "list/?search[name]=A&pagination[pageSize]=1", "list"]
)
def test_a_search_beside_the_filter_is_ignored(five: Zurmo, target: str) -> None:
    assert len(five.names(five.ok("GET", f"/tasks/task/api/{target}"))) == 5


@pytest.mark.parametrize("path", ["list/", "list", "list/filter/", "list/filter"])
def test_posting_to_any_of_them_filters(five: Zurmo, path: str) -> None:
    assert five.names(five.ok("POST", f"/tasks/task/api/{path}", {"search": {"name": "100"}})) == ["100%"]


def test_the_table_has_a_row_for_every_route_of_the_dossier() -> None:
    assert isinstance(ROUTES, RouteTable)
    operations = {route.operation for route in ROUTES}
    for entity in ("task", "meeting", "note", "contact", "account", "opportunity", "user"):
        for action in ("read", "list", "search", "listAttributes", "create", "update", "delete"):
            assert f"{entity}.{action}" in operations
    for entity in ("task", "contact", "account", "meeting"):
        assert f"{entity}.getDeletedItems" in operations
    assert all(
        route.writes == (route.meta.get("action") in ("create", "update", "delete", "addValues"))
        for route in ROUTES
        if route.meta.get("path") not in ("zurmo/group", "zurmo/role", "zurmo/currency", "contacts/contactState")
    )
