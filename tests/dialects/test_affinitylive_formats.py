"""Encodings in, envelopes out: JSON, XML, YAML, the switches, ``_method``, paths (dossier, sections 2, 3, 4, 6)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapter.formats import xml_body
from dialects.affinitylive.wire import xml, yaml
from tests.dialects.affinitylive_client import FORM, JSON, Client, status
from tests.support.world import World

OK = "Everything executed as expected."
MORE = "https://affinitylive.jira.com/wiki/display/APIS/Status+Codes#"
META = f'<meta status="ok" message="{OK}" more_info="{MORE}ok" />'


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as world:
        yield world


@pytest.fixture
def ann(world: World) -> Client:
    return Client(world)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v0/activities", "/api/v0/activities/", "/api/v0/activities.json", "/activities", "/activities.json",
        "/api/activities", "/public_api/v0/activities.json", "/activities/", "/api/v0/activities.json/",
    ],
)  # fmt: skip
def test_mounts(ann: Client, path: str) -> None:
    ann.post("/activities", subject="x")
    answer = ann.send("GET", path)
    assert json.loads(answer.body)["response"] == [{"id": "1", "subject": "x"}]


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/api/v0/jobs", 400), ("GET", "/api/v0/contracts/types", 400), ("GET", "/api/v1/activities", 400),
        ("PATCH", "/api/v0/activities/1", 400), ("DELETE", "/api/v0/activities", 400),
        ("GET", "/api/v0/activities/x", 400),
        ("GET", "/api/v0/activities/99999999999999999999999", 400), ("GET", "/api/v0/activities/0", 400),
        ("PUT", "/activities", 400), ("GET", "/api/v0/", 400), ("DELETE", "/api/v0/staff/1", 400),
    ],
)  # fmt: skip
def test_never_404_or_405(ann: Client, method: str, path: str, code: int) -> None:
    answer = ann.send(method, path)
    assert status(answer) == (code, "invalid_request")
    assert answer.header("X-Status-Reason") == json.loads(answer.body)["meta"]["message"]


def test_outside_the_api_it_is_html(ann: Client) -> None:
    for client in (ann, Client(ann.world, None)):
        answer = client.send("GET", "/index.html")
        assert (answer.status, answer.header("Content-Type")) == (404, "text/html; charset=utf-8")
        assert client.send("GET", "/").status == 404


# -- _method --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["get", "GET", "Get"])
def test_lists_by_post(ann: Client, word: str) -> None:
    ann.post("/activities", subject="x")
    rows = [{"id": "1", "subject": "x"}]
    for target, body, kind in (
        (f"/api/v0/activities?_method={word}&_limit=50&_page=0", b"", None),
        ("/api/v0/activities", f"_method={word}".encode(), FORM),
        (
            "/api/v0/activities?_page=0&_limit=50",
            json.dumps({"_method": word, "_fields": ["staff._ALL"]}).encode(),
            JSON,
        ),
        (f"/api/v0/activities?_%6dethod={word}", b"", None),
    ):
        answer = json.loads(ann.send("POST", target, body, kind).body)["response"]
        assert [{key: row[key] for key in ("id", "subject")} for row in answer] == rows
    assert ann.get("/activities/count") == {"count": "1"}


def test_put_and_delete_by_post(ann: Client) -> None:
    ann.post("/activities", subject="x")
    answer = ann.send("POST", "/api/v0/activities/1", b"_method=put&details=y&_fields=details", FORM)
    assert json.loads(answer.body)["response"]["details"] == "y"
    answer = ann.send("POST", "/api/v0/activities/1?_method=delete")
    assert answer.body.startswith(b'{"response":null,"meta":{"status":"ok"')
    assert status(ann.send("GET", "/api/v0/activities/1")) == (400, "invalid_request")


def test_a_get_deletes_only_where_the_setting_allows_it(world: World, ann: Client) -> None:
    ann.post("/activities", subject="x")
    assert status(ann.send("GET", "/api/v0/activities/1?_method=delete")) == (400, "invalid_request")
    assert ann.get("/activities/1")["id"] == "1"
    world.set("affinitylive.get_may_delete", "yes")
    assert status(ann.send("GET", "/api/v0/activities/1?_method=DELETE")) == (200, "ok")
    assert status(ann.send("GET", "/api/v0/activities/1")) == (400, "invalid_request")


def test_strange_methods(ann: Client) -> None:
    for word in ("patch", "options", "teapot", "\u00e9"):
        assert status(ann.send("POST", "/api/v0/activities", f"_method={word}".encode(), FORM)) == (
            400,
            "invalid_request",
        )


# -- bodies ---------------------------------------------------------------------------------------------


def test_a_form_as_the_body_of_a_get(ann: Client) -> None:
    ann.post("/activities", subject="x", medium="call")
    answer = ann.send("GET", "/api/v0/activities?_fields=details", b"_fields=medium&_filters=medium(call)", FORM)
    assert json.loads(answer.body)["response"] == [{"id": "1", "subject": "x", "medium": "call"}]


def test_create_out_of_the_query(ann: Client) -> None:
    """[kotlin]; the header JSON comes on requests without body too [noojee]."""
    answer = ann.send("POST", "/api/v0/activities?subject=Z%C3%B6e+%26+co&medium=call&_fields=medium", b"", JSON)
    assert json.loads(answer.body)["response"] == {"id": "1", "subject": "Zöe & co", "medium": "call"}
    assert "Zöe".encode() in answer.body


def test_the_last_of_a_repeated_key_counts_and_brackets_are_tolerated(ann: Client) -> None:
    body = b"subject=a&subject=b&_fields[]=medium&_fields[]=details&to[staff][]=1"
    answer = ann.send("POST", "/api/v0/activities", body, FORM)
    assert json.loads(answer.body)["response"] == {"id": "1", "subject": "b", "medium": "note", "details": ""}
    shown = ann.get("/activities/1", _fields="interacts")["interacts"]
    assert [one["type"] for one in shown] == ["creator", "to"]


# -- XML, YAML ------------------------------------------------------------------------------------------


def test_xml_by_extension_header_and_accept(ann: Client) -> None:
    ann.post("/activities", subject="x", medium="call")
    expected = f'<data><response count="1" />{META}</data>'.encode()
    answers = (
        ann.send("GET", "/api/v0/activities/count.xml?_filters=medium(call)"),
        ann.send("GET", "/api/v0/activities/count", headers=(("Accept-Type", "text/xml"),)),
        ann.send("GET", "/api/v0/activities/count", headers=(("Accept", "text/xml"),)),
    )
    for answer in answers:
        assert (answer.status, answer.header("Content-Type"), answer.body) == (200, "text/xml", expected)
    for accept in ("*/*", "application/json, text/xml", "text/html, application/xml;q=0.9, */*;q=0.8", "nonsense"):
        answer = ann.send("GET", "/api/v0/activities/count", headers=(("Accept", accept),))
        assert (answer.header("Content-Type") or "").startswith("application/json")


def test_xml_of_a_list(ann: Client) -> None:
    ann.post("/activities", subject='Zoë <&> "quoted"\nnew')
    answer = ann.send("GET", "/activities.xml?_fields=staff(email),date_due,tag,interacts")
    assert answer.body.isascii()
    tree = xml_body.parse(answer.body)
    activities = tree.children_of("response")[0].children_of("activities")
    assert activities[0].attributes == {"id": "1", "subject": 'Zoë <&> "quoted"\nnew'}
    assert activities[0].children[0].tag == "staff" or activities[0].children[0].tag == "interacts"
    flat = xml_body.parse(ann.send("GET", "/activities.xml?_fields=staff(email),date_due").body)
    row = flat.children_of("response")[0]
    # Null is left out, a linked object is an element, scalars are attributes.
    assert set(row.attributes) == {"id", "subject"}
    staff = row.child("staff")
    assert staff is not None
    assert staff.attributes["email"] == "ann@acme.test"
    assert ann.send("GET", "/contacts.xml").body == f"<data>{META}</data>".encode()


def test_xml_refusal(ann: Client) -> None:
    answer = ann.send("GET", "/api/v0/activities/77.xml")
    assert answer.status == 400
    meta = xml_body.parse(answer.body).child("meta")
    assert meta is not None
    assert meta.attributes["status"] == "invalid_request"


def test_yaml(ann: Client) -> None:
    ann.post("/activities", subject='Zoë: "x"\n- y', medium="call")
    answer = ann.send("GET", "/activities.yaml?_fields=date_due,staff(),interacts,confidential")
    assert answer.header("Content-Type") == "text/x-yaml"
    assert answer.body.decode() == (
        '---\nresponse:\n  activities:\n    - id: "1"\n      subject: "Zo\\xeb: \\"x\\"\\n- y"\n      date_due: ~\n'
        '      interacts:\n        - id: "1"\n          type: "creator"\n          date_actioned: "1401609600"\n'
        '          owner_type: "staff"\n          owner_id: "1"\n      confidential: 0\n'
        '      staff:\n        id: "1"\n        firstname: "Ann"\n        surname: "Lee"\n'
        '  staff:\n    - id: "1"\n      firstname: "Ann"\n      surname: "Lee"\n  contacts: []\n'
        f'meta:\n  status: "ok"\n  message: "{OK}"\n  more_info: "{MORE}ok"\n'
    )
    by_header = ann.send("GET", "/activities", headers=(("Accept-Type", "text/x-yaml"),))
    assert by_header.body.startswith(b"---\n")


def test_emitters() -> None:
    data = {"a": None, "b": [], "c": {}, "d": ["x", None, ["y"], {"e": 1}], "f": "\U0001f600\x07"}
    assert yaml.render(data).decode() == (
        '---\na: ~\nb: []\nc: {}\nd:\n  - "x"\n  - ~\n  -\n    - "y"\n  - e: 1\nf: "\\U0001f600\\x07"\n'
    )
    assert xml.render({"a": None, "b": [], "d": ["x", {"e": 1}], "f": "\x07é"}) == (
        b'<data f="&#65533;&#233;"><d>x</d><d e="1" /></data>'
    )


# -- switches --------------------------------------------------------------------------------------------


def test_switches(ann: Client) -> None:
    ann.post("/activities", subject="x")
    get = ann.send
    assert json.loads(get("GET", "/activities?_suppress_message=1").body)["meta"] == {"status": "ok"}
    assert json.loads(get("GET", "/activities?_suppress_meta=yes").body) == {"response": [{"id": "1", "subject": "x"}]}
    assert json.loads(get("GET", "/activities?_suppress_meta=no").body)["meta"]["status"] == "ok"
    answer = get("GET", "/api/v0/activities/10?_suppress_http_status=yes&_suppress_message=1")
    assert answer.status == 200
    assert answer.body == b'{"response":null,"meta":{"status":"invalid_request","response_code":400}}'
    guest = Client(ann.world, None).send("GET", "/activities?_suppress_http_status=1")
    assert (guest.status, json.loads(guest.body)["meta"]["response_code"]) == (200, 401)


def test_error_body(ann: Client) -> None:
    answer = ann.send("GET", "/api/v0/activities/10")
    message = (
        "The request could not be interpreted. This can be caused by missing or invalid data. "
        "Please ensure that the resource you are requesting actually exists."
    )
    assert answer.status == 400
    assert (
        answer.body
        == (
            f'{{"response":null,"meta":{{"status":"invalid_request","message":"{message}",'
            f'"more_info":"{MORE}invalid_request"}}}}'
        ).encode()
    )


@pytest.mark.parametrize(
    "path", ["//api/v0/activities", "/api/v0//activities.json", "/api//v0/activities//", "//activities"]
)
def test_doubled_slashes(ann: Client, path: str) -> None:
    """A base URL with a final slash before a path with a leading one."""
    assert ann.send("GET", path).status == 200


def test_a_byte_order_mark_before_json(ann: Client) -> None:
    body = b'\xef\xbb\xbf{"_method":"GET","_fields":"body"}'
    assert status(ann.send("POST", "/api/v0/activities", body, JSON)) == (200, "ok")


@pytest.mark.parametrize("path", ["/jobs", "/request.json", "/contracts/1", "/webhooks/subscriptions"])
def test_unserved_resources_at_the_root_are_the_apis_too(ann: Client, path: str) -> None:
    assert status(ann.send("GET", path)) == (400, "invalid_request")
    assert status(ann.send("GET", f"/api/v0{path}")) == (400, "invalid_request")
