"""opentaps on the wire: tokens, domains, encodings, errors (opentaps dossier, sections 1, 3, 6 and 9)."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from adapter.wire import WireRequest
from canonical.values import MINUTE
from tests.dialects.opentaps_client import FORM, JSON_TYPE, Client, ann_fixture, refused, world_fixture
from tests.support.world import World

world = world_fixture()
ann = ann_fixture()


def value(body: bytes) -> Any:
    return orjson.loads(body)["result"]["resultValue"]


# -- tokens and domains -----------------------------------------------------------------------------------


def test_no_token_is_401_to_the_byte(ann: Client) -> None:
    answer = ann.send("GET", "/activities/10")
    message = "authToken is required."
    expected = {
        "error": message,
        "result": {"resultValue": {"note": ""}, "successMessage": "", "errorMessage": message},
    }
    assert (answer.status, answer.body.decode()) == (401, json.dumps(expected, separators=(",", ":")))
    assert [name for name, _ in answer.headers] == ["Content-Type", "Access-Control-Allow-Origin"]


@pytest.mark.parametrize("token", ["nobody-token", "x" * 900, "T0K-ANN-TOKEN", "t1-ann-tokem", "ž" * 10, "'--"])
def test_a_bad_token_is_401_and_never_echoed(ann: Client, token: str) -> None:
    answer = ann.but(token=token).ask("GET", "/activities")
    assert refused(answer, 401) == "authToken is not valid."
    assert token.encode() not in answer.body
    assert all(token not in json.dumps(line) for line in ann.world.lines)


@pytest.mark.parametrize("query", ["", "authToken=", "authToken=%20", "authToken=&authToken=T0K"])
def test_a_blank_token_is_missing(ann: Client, query: str) -> None:
    assert refused(ann.send("GET", f"/activities?{query}"), 401) == "authToken is required."


@pytest.mark.parametrize("domain", ["{}.com", "{}.COM", " {}.com ", "{}", "{}.capsulecrm.com"])
def test_domains_of_the_user(ann: Client, domain: str) -> None:
    domain = domain.format(ann.slug)
    made = ann.but(domain=domain).create()
    assert made["clientDomain"] == made["note"]["clientDomain"] == domain.strip().lower()


def test_without_a_domain_it_is_the_users_only_one(ann: Client) -> None:
    assert ann.but(domain=None).create()["clientDomain"] == ann.domain
    assert ann.but(domain="").create()["clientDomain"] == ann.domain


def test_a_tenant_without_domains_is_known_by_its_slug(world: World) -> None:
    world.add_tenant("globex")
    gil = Client(world, "globex", None, None).user("gil")
    made = gil.create()
    assert made["clientDomain"] == "globex"
    assert gil.but(domain="globex").value("GET", "/activities")


@pytest.mark.parametrize("domain", ["{}", "nowhere.test", "com", "evil.acme.com", "acme.test/x", "x" * 5000])
def test_a_foreign_domain_is_403(world: World, ann: Client, domain: str) -> None:
    client = ann.but(domain=domain.format(Client.fresh(world).domain))
    for method, path in (("GET", "/activities"), ("POST", "/activities"), ("GET", "/contacts-users")):
        assert client.refusal(method, path, noteText="x", expect=403) == "You do not have permission to do this."


def test_delete_needs_no_domain(world: World, ann: Client) -> None:
    id = ann.create()["_id"]
    assert id in refused(Client.fresh(world).send("DELETE", f"/activities/{id}?authToken=T0K"), 404)
    assert ann.send("DELETE", f"/activities/{id}?authToken=T0K").status == 200


def test_view_only_users_may_read_and_not_write(world: World, ann: Client) -> None:
    vic = ann.user("vic", view_only=True)
    id = ann.create()["_id"]
    assert vic.value("GET", f"/activities/{id}")["_id"] == id
    for method, path in (
        ("POST", "/activities"), ("POST", "/task"), ("PUT", f"/activities/{id}"), ("DELETE", f"/activities/{id}"),
        ("POST", "/activities/contact/add"), ("POST", "/activities/contact/remove"), ("POST", "/contact"),
        ("POST", "/tag"), ("POST", "/admin/reset-token"),
    ):  # fmt: skip
        assert vic.refusal(method, path, noteText="x", expect=403) == "You do not have permission to do this."


def test_temporary_tokens_last_an_hour_and_work_everywhere(world: World, ann: Client) -> None:
    answer = ann.send("POST", "/oauth/temp-token", b"authToken=T0K")
    data = orjson.loads(answer.body)
    assert (answer.status, list(data)) == (200, ["authToken"])
    token = data["authToken"]
    assert token.isalnum()
    temporary = ann.but(token=token)
    assert temporary.create()["createdByUser"]["id"] == "ann"
    assert refused(ann.send("POST", "/oauth/temp-token", f"authToken={token}".encode()), 401)
    assert world.now is not None
    world.now += 60 * MINUTE - 1
    assert temporary.value("GET", "/activities")
    world.now += 1
    assert temporary.refusal("GET", "/activities", expect=401) == "authToken is not valid."
    assert orjson.loads(ann.send("POST", "/oauth/validate", f"authToken={token}".encode()).body) == {
        "authenticated": False
    }


def test_temp_token_needs_a_good_token(ann: Client) -> None:
    assert refused(ann.send("POST", "/oauth/temp-token", b"authToken=wrong-token"), 401) == "authToken is not valid."
    assert refused(ann.send("POST", "/oauth/temp-token"), 401) == "authToken is required."


@pytest.mark.parametrize(
    ("body", "content_type", "good"),
    [
        (b'{"authToken":"T0K"}', "application/json", True),
        (b'{"authToken":"T0K"}', "application/json; charset=ISO-8859-1", True),
        (b"authToken=T0K", FORM, True),
        (b'{"authToken":"bad-token"}', "application/json", False),
        (b'{"authToken":null}', "application/json", False),
        (b'{"authToken":["T0K"]}', "application/json", True),
        (b'{"authToken":{"a":1}}', "application/json", False),
        (b"{}", "application/json", False),
        (b"", FORM, False),
    ],
)
def test_validate_always_answers(ann: Client, body: bytes, content_type: str, good: bool) -> None:
    answer = ann.send("POST", "/oauth/validate", body, content_type)
    assert (answer.status, answer.body) == (200, b'{"authenticated":true}' if good else b'{"authenticated":false}')


def test_tokens_are_named_as_secrets() -> None:
    from dialects.opentaps import DIALECT

    assert "authToken" in DIALECT.secret_parameters


# -- encodings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"noteText=Caf%C3%A9", FORM),
        (b"noteText=Caf\xc3\xa9", FORM),
        (b"noteText=Caf%E9", FORM),
        (b"noteText=Caf%E9", f"{FORM}; charset=ISO-8859-1"),
        (b"noteText=Caf%E9", f'{FORM}; charset="latin1"'),
        (b"noteText=Caf%C3%A9", f"{FORM}; charset=x-unknown"),
        (b"noteText=Caf%C3%A9", "text/plain"),
        (b"noteText=Caf%C3%A9", None),
        (b'{"noteText":"Caf\xc3\xa9"}', "application/json"),
        (b'{"noteText":"Caf\\u00e9"}', "application/json;charset=utf-8"),
        (b'{"noteText":"Caf\xe9"}', "application/json;charset=iso-8859-1"),
        (b'  {"noteText":"Caf\xc3\xa9"}', "text/plain"),
        (b'{"noteText":"Caf\xe9"}', "application/json"),
        (b'{"noteText":"Caf\xc3\xa9"}\n', FORM),
        (b'\xef\xbb\xbf{"noteText":"Caf\xc3\xa9"}', "application/json"),
        (b'\xef\xbb\xbf{"noteText":"Caf\xc3\xa9"}', None),
        (b"\xef\xbb\xbfnoteText=Caf%C3%A9", FORM),
        (b"noteText=Caf%C3%A9", "application/json"),
        (b"&noteText=Caf%C3%A9", "application/json; charset=UTF-8"),
        (b"noteText=Caf%C3%A9", "multipart/form-data"),
        (b'--X\r\nContent-Disposition: form-data; name="noteText"\r\n\r\nCaf\xc3\xa9\r\n--X--\r\n',
         "multipart/form-data; boundary=X"),
        (b'--X\r\nContent-Disposition: form-data; name="noteText"\r\n\r\nCaf\xe9\r\n--X--\r\n',
         "multipart/form-data; boundary=X"),
    ],
)  # fmt: skip
def test_every_encoding_of_a_body(ann: Client, body: bytes, content_type: str | None) -> None:
    answer = ann.send("POST", "/activities?authToken=T0K&clientDomain=acme.com", body, content_type)
    assert answer.status == 201
    assert value(answer.body)["noteText"] == "Café"
    assert b'"noteText":"Caf\\u00e9"' in answer.body


def test_output_escapes_emoji_as_surrogate_pairs(ann: Client) -> None:
    answer = ann.ask("POST", "/activities", noteText="😀/\u2028")
    assert b'"noteText":"\\ud83d\\ude00/\\u2028"' in answer.body


def test_first_value_wins_and_the_query_wins_over_the_body(ann: Client) -> None:
    body = b"noteText=one&noteText=two&note_field_a=1&note_field_a=2&authToken=bad-token"
    made = value(ann.send("POST", "/activities?authToken=T0K&note_field_a=0&clientDomain=acme.com", body).body)
    assert (made["noteText"], made["attributes"]) == ("one", {"a": "0"})


def test_malformed_percent_is_literal(ann: Client) -> None:
    made = value(ann.send("POST", "/activities?authToken=T0K", b"noteText=100%zz%&note_field_%=%4").body)
    assert (made["noteText"], made["attributes"]) == ("100%zz%", {"%": "%4"})


def test_nul_and_control_characters_do_no_harm(ann: Client) -> None:
    made = value(ann.send("POST", "/activities?authToken=T0K", b"noteText=a%00b%01%ED%A0%80&note_field_n%00=%00").body)
    assert made["noteText"].startswith("ab\x01")
    assert made["attributes"] == {"n": ""}
    assert refused_validation(ann.send("POST", "/activities?authToken=T0K", b"noteText=%00"))


def refused_validation(answer: Any) -> bool:
    return bool(answer.status == 400 and orjson.loads(answer.body)["errors"][0]["field"] == "text")


@pytest.mark.parametrize("body", [b"{a}=1&noteText=x", b'noteText=x&note_field_{"a":1}', b"{&noteText=x&b=}"])
def test_a_form_with_braces_stays_a_form(ann: Client, body: bytes) -> None:
    assert value(ann.send("POST", "/activities?authToken=T0K", body).body)["noteText"] == "x"


def test_json_objects_with_attributes(ann: Client) -> None:
    body = orjson.dumps(
        {"noteText": "x", "authToken": ann.token, "attributes": {"a": 1, "b": True, "c": None, "status": "S"},
         "note_field_d": [1, {"e": "f"}], "assignedToContactId": []}
    )  # fmt: skip
    made = value(ann.send("POST", "/activities", body, "application/json").body)
    assert made["attributes"] == {"a": "1", "b": "true", "c": "", "d": '[1,{"e":"f"}]'}
    assert made["status"] == "S"


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'"x"', b"", b"null", b'{"a":"\\ud800"}', b"[" * 100_000, b'{"a":' * 100 + b"1" + b"}" * 100]
)
def test_a_malformed_json_body_is_400(ann: Client, body: bytes) -> None:
    if not body:
        return
    answer = ann.send("POST", "/activities?authToken=T0K", body, "application/json")
    assert refused(answer, 400) == "Unexpected Error Malformed request body"


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=X"])
def test_a_malformed_multipart_body_is_400(ann: Client, content_type: str) -> None:
    answer = ann.send("POST", "/activities?authToken=T0K", b"--X\r\nbroken", content_type)
    assert refused(answer, 400) == "Unexpected Error Malformed request body"


def test_more_pairs_than_anyone_needs_are_refused(ann: Client) -> None:
    assert refused(ann.send("POST", "/activities?authToken=T0K", b"a=1&" * 20_000), 413)


@pytest.mark.parametrize(
    "extra",
    [
        {f"note_field_{n}": "" for n in range(10_001)},
        {"attributes": {str(n): "" for n in range(10_001)}},
        {"assignedToContactId": ["x"] * 10_001},
        {"assignedToContactId": ",".join(map(str, range(10_001)))},
    ],
    ids=["names", "attributes", "values", "words"],
)
def test_a_json_object_holds_no_more_than_a_form(ann: Client, extra: dict[str, Any]) -> None:
    answer = ann.send(
        "POST", "/activities?authToken=T0K", orjson.dumps({"noteText": "x", **extra}), "application/json"
    )
    assert refused(answer, 413)
    assert ann.value("GET", "/activities") == []


def test_a_json_null_is_no_text(ann: Client) -> None:
    refusal = ann.send("POST", "/activities?authToken=T0K", b'{"noteText":null}', "application/json")
    assert orjson.loads(refusal.body)["errors"] == [{"field": "text", "message": "must not be empty", "value": None}]
    id = ann.create("kept")["_id"]
    body = b'{"noteText":null,"status":"COMPLETED","partial":"Yes"}'
    changed = value(ann.send("PUT", f"/activities/{id}?authToken=T0K", body, "application/json").body)
    assert (changed["noteText"], changed["status"]) == ("kept", "COMPLETED")


@pytest.mark.parametrize(
    "fields",
    [
        {"activityId": "x" * 100_000}, {"noteText": "t", "scheduledDateTime": "x" * 100_000},
        {"noteText": " " * 100_000}, {"noteText": "t", "assignedToContactId": "x" * 100_000},
        {"noteText": "t", "note_field_" + "x" * 100_000: "1"}, {"noteText": "t", "activityType": "x" * 100_000},
    ],
    ids=lambda fields: max(fields, key=lambda name: len(name + fields[name]))[:20],
)  # fmt: skip
def test_errors_repeat_no_more_than_the_beginning(ann: Client, fields: dict[str, str]) -> None:
    answer = ann.ask("POST", "/activities", fields)
    assert answer.status in (400, 404)
    assert 1000 < len(answer.body) < 15_000


def test_overlong_names_are_refused(ann: Client) -> None:
    for fields in ({"note_field_" + "x" * 300: "1"}, {"activityType": "x" * 300}, {"tagName": "x" * 300}):
        assert ann.refusal("POST", "/activities", {"noteText": "t", **fields}, expect=400)


def test_long_texts_and_values_are_kept(ann: Client) -> None:
    made = ann.create("x" * 50_000, note_field_long="ž" * 50_000, status="y" * 1000)
    again = ann.value("GET", f"/activities/{made['_id']}")
    assert (len(again["noteText"]), len(again["attributes"]["long"]), len(again["status"])) == (50_000, 50_000, 1000)


# -- methods and paths -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/activities", "/nowhere", "/activities/contact/add", "/notes/notes", "/"])
def test_preflight_on_any_path(ann: Client, path: str) -> None:
    answer = ann.send("OPTIONS", path)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.header("Access-Control-Allow-Methods") == "GET, POST, PUT, DELETE, OPTIONS"
    assert (
        answer.header("Access-Control-Allow-Headers")
        == "Content-Type, Accept, X-Requested-With, X-HTTP-Method-Override"
    )


@pytest.mark.parametrize(
    "path",
    ["/", "/nowhere", "/activities.json", "/activities/10.json", "/task/1/2/3", "/mail", "/import", "/crm2",
     "/activities/contact/2", "/activities/contact/"],
)  # fmt: skip
def test_unknown_paths(ann: Client, path: str) -> None:
    assert ann.refusal("GET", path, expect=404) == "Not Found"
    assert refused(ann.send("GET", path), 404) == "Not Found"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/activities", "GET, POST"),
        ("DELETE", "/activities", "GET, POST"),
        ("GET", "/activities/contact/add", "POST"),
        ("GET", "/activities/contact/remove", "POST"),
        ("POST", "/activities/1/2", "GET"),
        ("GET", "/oauth/validate", "POST"),
    ],
)
def test_methods_that_are_not_allowed(ann: Client, method: str, path: str, allowed: str) -> None:
    answer = ann.ask(method, path)
    assert refused(answer, 405) == "Method Not Allowed"
    assert answer.header("Allow") == allowed


def test_method_override_by_header_and_query(ann: Client) -> None:
    id = ann.create(note_field_a="1")["_id"]
    body = b"authToken=T0K&clientDomain=acme.com&noteText=new"
    replaced = ann.send("POST", f"/activities/{id}", body, X_HTTP_Method_Override="put")
    assert value(replaced.body)["attributes"] == {}
    deleted = ann.send("POST", f"/activities/{id}?method=DELETE", body)
    assert (deleted.status, value(deleted.body)["_id"]) == (200, id)
    created = ann.send("POST", "/activities", body, X_HTTP_Method_Override="TRACE")
    assert created.status == 201


def test_head_is_answered_like_get(ann: Client) -> None:
    assert ann.send("HEAD", "/activities?authToken=T0K").status == 200


def test_the_home_host_and_the_prefix_are_mounted(world: World, ann: Client) -> None:
    gateway = world.gateway("opentaps")
    assert "crm2.opentaps.com" in gateway.dialect.hosts
    answer = gateway.send(
        WireRequest("GET", "/crm2/activities/10", f"authToken={ann.token}&clientDomain={ann.domain}")
    )
    assert (answer.status, answer.header("Content-Type")) == (200, JSON_TYPE)


@pytest.mark.parametrize(
    "path",
    ["/activities/", "//activities", "//crm2//activities/10/", "/crm2/activities/10/1/", "/activities//10/1",
     "/activities///10//1//"],
)  # fmt: skip
def test_slashes_of_base_addresses(ann: Client, path: str) -> None:
    assert ann.value("GET", path) == []


def test_every_value_of_a_task_that_py_concatenates_is_text(ann: Client) -> None:
    ann.create(path="/task")
    task = ann.value("GET", "/task")[0]
    assert [type(task[name]) for name in ("_id", "noteText", "status")] == [str, str, str]
    assert [task[name] for name in ("contacts", "tags", "attributes")] == [[], [], {}]
