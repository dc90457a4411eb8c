"""What a long run of the same calls against the vendor's own server showed (crust dossier, all sections)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from adapter.wire import Headers, WireRequest
from canonical.letters import TABLE, fold_letters
from tests.support.crust import CrustClient, encoded, fields
from tests.support.world import World

NOT_FOUND = (404, b"404 page not found\n")
FORM = "application/x-www-form-urlencoded"
TOO_BIG = 2**64 - 1


@pytest.fixture
def world(either_world: World) -> World:
    return either_world


@pytest.fixture
def ann(world: World) -> CrustClient:
    return CrustClient(world)


def found(ann: CrustClient, module: str, query: str) -> list[str]:
    return ann.names(f"{module}/content?sort=id&query={encoded(query)}", "name")


# -- lists --------------------------------------------------------------------------------------------


def test_c8_the_list_of_a_module_that_is_not_there_is_empty(ann: CrustClient) -> None:
    for of in ("abc", "0", "41", "", str(TOO_BIG), "9" * 30):
        assert ann.text("GET", f"/module/{of}/content?sort=id&query=x") == (
            '{"response":{"meta":{"query":"x","page":0,"perPage":50,"count":0,"sort":"id"},"contents":[]}}'
        ), of
        assert ann.get(f"/module/{of}/record")["records"] == []
        assert ann.post(f"/module/{of}/content", fields({})) == "Module has no fields"
    module = ann.make_module("name")
    ann.add(module, name="left behind")
    ann.call("DELETE", module)
    # Only a record that would have to be shown is an error.
    assert ann.get(f"{module}/content") == ann.get(f"{module}/content?query=left") == "Module has no fields"
    assert ann.get(f"{module}/content?query=nothing")["meta"]["count"] == 0
    past = ann.get(f"{module}/content?page=1")
    assert (past["meta"]["count"], past["contents"]) == (1, [])


def test_c9_numbers_beyond_64_bits_are_the_largest_and_the_smallest(ann: CrustClient) -> None:
    module = ann.make_module("n")
    ann.add(module, n="1")
    most = 2**63 - 1
    for query, page, per_page, count in (
        ("page=100000000000000000000&perPage=100", most, 100, 0),
        ("perPage=9223372036854775808", 0, 100, 1),
        ("page=-99999999999999999999&perPage=-99999999999999999999", 0, 50, 1),
        (f"page={'9' * 5000}&perPage={'9' * 5000}", most, 100, 0),
        ("page=%2B1", 1, 50, 0),
        ("page=+1", 0, 50, 1),
    ):
        answer = ann.get(f"{module}/content?{query}")
        assert (answer["meta"]["page"], answer["meta"]["perPage"], len(answer["contents"])) == (page, per_page, count)


def test_c10_query_folds_one_letter_to_one_letter(ann: CrustClient) -> None:
    module = ann.make_module("name")
    values = (
        "é", "e\u0301", "straße", "Petrič", "smørrebrød", "Łódź", "ﬁn", "fin", "＜", "½", "ΣΊΣΥΦΟΣ", "Ёлка", "йод",
        "İstanbul", "\u212bngström", "ŽELEZO", "cœur", "ｶ",
    )  # fmt: skip
    for value in values:
        ann.add(module, name=value)
    for query, names in (
        ("e\u0301", ["e\u0301"]),
        ("\u0301", ["e\u0301"]),
        ("é_", ["e\u0301", "Petrič", "smørrebrød", "ŽELEZO"]),
        ("ss", []),
        ("strase", ["straße"]),
        ("STRASSE", []),
        ("petric", ["Petrič"]),
        ("PÉTRÎC", ["Petrič"]),
        ("o", ["Łódź", "\u212bngström", "ŽELEZO"]),
        ("lodz", []),
        ("łódz", ["Łódź"]),
        ("SMØRREBRØD", ["smørrebrød"]),
        ("fi", ["fin"]),
        ("ﬁ", ["ﬁn"]),
        ("<", []),
        ("1/2", []),
        ("1", []),
        ("σίσυφος", ["ΣΊΣΥΦΟΣ"]),
        ("елка", ["Ёлка"]),
        ("и", []),
        ("Й", ["йод"]),
        ("istanbul", ["İstanbul"]),
        ("ıstanbul", ["İstanbul"]),
        ("ångström", []),
        ("coeur", []),
        ("CŒUR", ["cœur"]),
        ("ｶ", ["ｶ"]),
        ("カ", []),
    ):
        assert found(ann, module, query) == names, query


def test_c10_the_letters_are_those_of_the_database() -> None:
    """All 1,108 that it changes, each to one, and none that Python's own tables would add."""
    assert len(TABLE) == 1_108
    assert all(len(letter) == 1 for letter in TABLE.values())
    for group in ("SßsſšŚ", "EeéÈê", "ΣσςϲΣ", "ЕеЁёЀ", "IıİìÍi", "ＡａＡ", "Ⅷⅷ", "Ⓩⓩ", "\u0345Ιΐ", "\u1fbb\u1f71"):
        assert len({fold_letters(letter) for letter in group}) == 1, group
    for letter in ("ø", "ł", "đ", "æ", "œ", "й", "ĳ", "\u212b", "\u212a", "ƀ", "ᲀ", "ꙁ", "\u0301", "😀"):
        assert fold_letters(letter) not in set("oldajikbse") | {"и", "å"}, letter
    assert fold_letters("Й") == fold_letters("й") != fold_letters("и")


def test_c11_blanks_at_the_end_count(ann: CrustClient) -> None:
    module = ann.make_module("name", "more")
    for name, more in (("c ", "x"), ("c", "x"), ("c\u00a0", "y ")):
        ann.add(module, name=name, more=more)
    for query, names in (
        ("c ", ["c "]),
        ("c_", ["c ", "c\u00a0"]),
        ("c\u00a0", ["c\u00a0"]),
        (" ", ["c ", "c\u00a0"]),
        ("y ", ["c\u00a0"]),
        ("c", ["c ", "c", "c\u00a0"]),
    ):
        assert found(ann, module, query) == names, query


def test_c12_a_nul_is_a_letter_that_nothing_has(ann: CrustClient) -> None:
    module = ann.make_module("name")
    ann.add(module, name="ab")
    ann.add(module, name="a\0b")
    for query in ("%00", "a%00", "a%00b", "%25%00"):
        answer = ann.text("GET", f"{module}/content?sort=&query={query}")
        assert '"count":0' in answer
        assert "\\u0000" in answer
    assert found(ann, module, "ab") == ["ab"]
    assert found(ann, module, "a_b") == ["a\0b"]
    task = ann.system("Task")
    ann.add(task, Subject="e")
    for query, count in (
        ("%00", 0),
        ("e%00", 0),
        ("%CC%81", 0),
        ("%25%CC%81", 0),
        ("%C3%89", 1),
        ("%25", 1),
        ("_", 1),
    ):
        assert ann.get(f"{task}/content?query={query}")["meta"]["count"] == count, query


def test_c24_a_sort_of_which_nothing_is_usable_names_the_page(ann: CrustClient) -> None:
    module = ann.make_module("a")
    words = (
        "select query failed: Error 1064: You have an error in your SQL syntax; check the manual that corresponds to "
        "your MariaDB server version for the right syntax to use near 'LIMIT {}, {}' at line 1"
    )
    for query, offset, size in (("", 0, 50), ("&page=2&perPage=20", 40, 20), ("&page=3&perPage=5", 30, 10)):
        for of in (module, "/module/41", ann.system("Task")):
            assert ann.get(f"{of}/content?sort=a+b+c{query}") == words.format(offset, size)


# -- signing in ---------------------------------------------------------------------------------------


def check(world: World, path: str = "/auth/check", query: str = "", **headers: str) -> tuple[int, bytes, str | None]:
    request = WireRequest("GET", path, query, Headers([*headers.items()]))
    answer = world.endpoint("crust").send(request)
    return answer.status, answer.body, answer.header("Set-Cookie")


CLEARED = "jwt=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
SEGMENTS = b'{"error":{"message":"failed to authorize request: token contains an invalid number of segments"}}'
NO_COOKIE = b'{"error":{"message":"http: named cookie not present"}}'


def test_c13_check_reads_tokens_as_every_other_call(world: World, ann: CrustClient) -> None:
    good = ann.jwt
    for path in ("/auth/check", "/auth/check/", "/auth/nothing", "/auth", "/auth/logout"):
        assert check(world, path, Cookie="jwt=bad") == (200, SEGMENTS, None), path
        assert check(world, path, query="jwt=bad", Cookie=f"jwt={good}") == (200, SEGMENTS, None), path
        assert check(world, path, Authorization="Bearer bad") == (200, SEGMENTS, None), path
    for path in ("/auth/check/", "/auth/nothing", "/auth"):
        assert check(world, path)[:2] == check(world, path, Cookie=f"jwt={good}")[:2] == NOT_FOUND
    assert check(world) == check(world, Authorization=f"Bearer {good}") == (200, NO_COOKIE, None)
    assert check(world, Cookie="jwt=") == (200, b"", CLEARED)
    status, body, cookie = check(world, query=f"jwt={good}", Cookie="jwt=x")
    assert status == 200
    assert body.startswith(b'{"response":{"jwt":"x","user":{"ID":"')
    assert cookie is not None
    assert cookie != CLEARED
    request = WireRequest("POST", "/auth/login", "", Headers([("Cookie", "jwt=bad")]), b"")
    assert b"UserNotFound" in world.endpoint("crust").send(request).body
    expired = b'{"error":{"message":"failed to authorize request: jwtauth: token is expired"}}'
    assert world.now is not None
    world.now = 2**41 * 1_000_000
    assert check(world, Cookie=f"jwt={good}") == (200, expired, None)


def test_c14_options_is_answered_whatever_is_asked(world: World, ann: CrustClient) -> None:
    vary = ("Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers")
    origin = ("Origin", "https://app.example")
    for path in ("/module/", "/nothing", "/auth/check", "/auth/nothing", "/users/1", "//module/"):
        for headers in ((), (origin,), (("Access-Control-Request-Method", "PUT"),)):
            for signed_in in (False, True):
                answer = ann.send("OPTIONS", path, headers=headers, signed_in=signed_in)
                assert (answer.status, answer.body) == (200, b"")
                assert answer.headers == [("Vary", name) for name in vary]
    # A method that HTTP does not know is refused before anything else.
    for path in ("/module/", "/nothing", "/auth/check"):
        answer = ann.send("FOO", path, signed_in=False)
        assert (answer.status, answer.body) == (405, b"")
    assert ann.text("HEAD", "/module/") == ""
    assert ann.send("TRACE", "/nothing", signed_in=False).status == 404


# -- ids and paths ------------------------------------------------------------------------------------


def test_c15_ids_are_all_numbers_of_64_bits(ann: CrustClient) -> None:
    made = orjson.loads(ann.text("POST", "/page/", b"title=x&selfID=99999999999999999999", FORM))["response"]
    assert made["selfID"] == str(TOO_BIG)
    assert [page["title"] for page in ann.get(f"/page/?selfID={TOO_BIG}")] == ["x"]
    assert ann.post("/page/99999999999999999999999", {"title": "last"})["pageID"] == str(TOO_BIG)
    assert ann.get(f"/page/{TOO_BIG}")["title"] == ann.get(f"/page/{'9' * 40}")["title"] == "last"
    for id in ("9223372036854775808", str(TOO_BIG), "9223372036854775807"):
        page = ann.post("/page/", {"selfID": id, "title": "z", "moduleID": id})
        assert (page["selfID"], page["moduleID"]) == (id, id)
        assert ann.get(f"/page/{page['pageID']}")["module"]["fields"] is None
        assert ann.post("/page/", {"moduleID": id}) == "Page for module already exists"
    first, second = (ann.post("/page/", {"selfID": str(2**63), "title": title})["pageID"] for title in "ab")
    ann.post(f"/page/{2**63}/reorder", {"pageIDs": [second, first]})
    assert [page["title"] for page in ann.get(f"/page/?selfID={2**63}")][:2] == ["b", "a"]
    assert ann.text("DELETE", f"/page/{TOO_BIG}") == '{"success":{"message":"OK"}}'
    assert ann.get(f"/page/{TOO_BIG}")["pageID"] == "0"
    for body in ({"selfID": "18446744073709551616"},):
        assert "cannot unmarshal number 18446744073709551616" in ann.post("/page/", body)


def test_c16_an_empty_segment_is_id_zero(ann: CrustClient) -> None:
    assert ann.get("/module//content")["contents"] == []
    assert ann.post("/module//content", fields({})) == ann.get("/module//content/41") == "Module has no fields"
    assert ann.call("DELETE", "/module//content/41") == {"message": "OK"}
    assert ann.get("/module//chart?kind=pie")["kind"] == "pie"
    assert ann.post("/page//reorder", {"pageIDs": []}) == {"message": "OK"}
    root = [ann.post("/page/", {"title": title})["pageID"] for title in "ab"]
    ann.post("/page//reorder", {"pageIDs": root[::-1]})
    assert [page["title"] for page in ann.get("/page/")] == ["b", "a"]
    assert ann.send("PUT", "/module//content").status == 405
    for path in ("//module/", "/module//", "/module//content/", "/page//", "/users//"):
        answer = ann.send("GET", path)
        assert (answer.status, answer.body) == NOT_FOUND, path


def test_c17_escapes_that_nobody_needs_are_text(ann: CrustClient) -> None:
    for path in ("/mod%75le/", "/modul%65", "/%6dodule/"):
        answer = ann.send("GET", path)
        assert (answer.status, answer.body) == NOT_FOUND, path
    assert ann.get("/field/%74ext") == ann.get("/field/%c3%a9mail") == {"name": "", "type": ""}
    assert ann.post("/page/5", {"title": "five"})["pageID"] == "5"
    for path in ("/page/%35", "/page/tr%65e", "/page/%2F", "/page/5%2f"):
        assert ann.get(path)["pageID"] == "0", path
    # The database compares kinds without regard to case, accents and blanks at the end.
    for path in ("/field/Bool", "/field/bool", "/field/b%C3%B3ol", "/field/bool%20", "/field/B%C3%B6ol%20%20"):
        assert ann.get(path)["type"] == "bool", path
    for path in ("/field/%25ool", "/field/_ool", "/field/%20bool", "/field/bool%C2%A0"):
        assert ann.get(path)["type"] == "", path
    words = "error parsing http request body: json: cannot unmarshal array into Go value of type request.FieldType"
    assert ann.call("GET", "/field/bool", b"[]") == words


# -- bodies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (";", "no media type"),
        ("/", "no media type"),
        ("/json", "no media type"),
        ("(x)/y", "no media type"),
        ("text plain", "expected slash after first token"),
        ("text/", "expected token after slash"),
        ("text/;a=1", "expected token after slash"),
        ("application/json, application/json", "unexpected content after media subtype"),
        ("text/plain x", "unexpected content after media subtype"),
        ("application/json; charset", "invalid media parameter"),
        ("text/plain; =1", "invalid media parameter"),
        ("text/plain; a=", "invalid media parameter"),
        ('text/plain; a="b', "invalid media parameter"),
        ('text/plain; a="b\\"', "invalid media parameter"),
        ("text/plain; a=1 b", "invalid media parameter"),
        ("text/plain;; a=1", "invalid media parameter"),
        ("text/plain; a=1; a=2", "duplicate parameter name"),
        ("text/plain; a=1; A=1", "duplicate parameter name"),
    ],
)
def test_c18_a_malformed_content_type_stores_nothing(tmp_path: Path, kind: str, words: str) -> None:
    with World(tmp_path) as world:
        ann = CrustClient(world)
        for body in (b"", b'{"title":"x"}', b"title=x"):
            assert ann.text("POST", "/page/", body, kind) == f'{{"error":{{"message":"mime: {words}"}}}}'
            assert ann.text("GET", "/page/", body, kind) == '{"response":[]}'
        assert ann.text("POST", "/page//reorder", b"", kind) == f'{{"error":{{"message":"mime: {words}"}}}}'


@pytest.mark.parametrize(
    "kind",
    [
        "application/json;",
        "application/json ; ",
        "text/plain; a=1;",
        'a/b; c="d;e\\"f"; g=h',
        "x",
        "text/plain; a*0=1; a*1=2",
    ],
)
def test_c18_a_well_formed_one_is_as_good_as_none(tmp_path: Path, kind: str) -> None:
    with World(tmp_path) as world:
        ann = CrustClient(world)
        assert '"title":""' in ann.text("POST", "/page/", b'{"title":"x"}', kind)


def error_of(what: str) -> str:
    return f"Error adding module fields: exec query failed: Error {what} at row 1"


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"name": "x" * 65}, "1406: Data too long for column 'name'"),
        ({"kind": "ž" * 65}, "1406: Data too long for column 'kind'"),
        ({"label": "x" * 256}, "1406: Data too long for column 'label'"),
        ({"maxLength": -1}, "1264: Out of range value for column 'max_length'"),
        ({"maxLength": 2**32}, "1264: Out of range value for column 'max_length'"),
    ],
)
def test_c19_c20_what_the_columns_of_fields_do_not_hold(tmp_path: Path, field: dict[str, Any], words: str) -> None:
    with World(tmp_path) as world:
        ann = CrustClient(world)
        module = ann.make_module("a")
        for path in ("/module/", module, ann.system("Task")):
            assert ann.post(path, {"name": "M", "fields": [{"name": "b"}, field]}) == error_of(words)
        assert [one["name"] for one in ann.get(module)["fields"]] == ["a"]
        most = {"name": "x" * 64, "kind": "ž" * 64, "label": "x" * 255, "maxLength": 2**32 - 1}
        kept = ann.post(module, {"name": "M", "fields": [most]})["fields"][0]
        assert {name: kept[name] for name in most} == most


def test_c21_the_first_place_of_a_field_counts(ann: CrustClient) -> None:
    module = ann.make_module("city", "email", "city")
    id = ann.add(module, email="e", city="c")
    assert [field["name"] for field in ann.get(f"{module}/content/{id}")["fields"]] == ["city", "email"]
    assert [field["name"] for field in ann.get(f"{module}/content")["contents"][0]["fields"]] == ["city", "email"]


def test_c22_the_module_that_a_field_names_is_kept(ann: CrustClient) -> None:
    sent = [{"name": "a", "moduleID": "5"}, {"name": "b"}, {"name": "c", "moduleID": str(TOO_BIG)}]
    made = ann.post("/module/", {"name": "M", "fields": sent})
    shown = ["5", "0", str(TOO_BIG)]
    assert [field["moduleID"] for field in made["fields"]] == shown
    module = f"/module/{made['moduleID']}"
    assert [field["moduleID"] for field in ann.get(module)["fields"]] == shown
    assert [field["moduleID"] for field in ann.get("/module/")[-1]["fields"]] == shown
    edited = ann.post(module, {"name": "M", "fields": [{"name": "a", "moduleID": "7"}, {"name": "b"}]})
    assert [field["moduleID"] for field in edited["fields"]] == ["7", "0"]


def test_c23_reads_do_not_tell_the_kind_of_a_user(ann: CrustClient) -> None:
    bot = {"username": "bot", "kind": "bot", "password": "bot-pw-long"}
    made = ann.post("/users/", bot)
    assert made["kind"] == "bot"
    id = made["userID"]
    assert ann.get(f"/users/{id}")["kind"] == ""
    assert {user["kind"] for user in ann.get("/users/")} == {""}
    assert ann.call("PUT", f"/users/{id}", bot)["kind"] == "bot"
    assert ann.post("/auth/login", bot)["kind"] == ""


def test_c25_text_that_is_no_json_in_a_form(ann: CrustClient) -> None:
    words = (
        "exec query failed: sql: converting argument $6 type: invalid character 'o' in literal null (expecting 'u')"
    )
    assert ann.text("POST", "/page/", b"title=x&blocks=nonsense", FORM) == f'{{"error":{{"message":"{words}"}}}}'
    assert "sql: converting argument $" in ann.text("POST", "/chart/", b"name=x&config=nonsense", FORM)
    assert "sql: converting argument $" in ann.text("POST", "/users/", b"username=x&meta=nonsense", FORM)
    assert ann.get("/page/") == ann.get("/chart/") == []
    assert len(ann.get("/users/")) == 1


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (b"1E400", "json: cannot unmarshal number 1E400 into Go struct field PageCreate.SelfID of type float64"),
        (b"-1e999", "json: cannot unmarshal number -1e999 into Go struct field PageCreate.SelfID of type float64"),
        (b"7", "json: invalid use of ,string struct tag, trying to unmarshal unquoted value into uint64"),
        (b"1e308", "json: invalid use of ,string struct tag, trying to unmarshal unquoted value into uint64"),
    ],
)
def test_c26_a_number_too_large_for_an_id(tmp_path: Path, number: bytes, words: str) -> None:
    with World(tmp_path) as world:
        ann = CrustClient(world)
        body = b'{"selfID":' + number + b',"title":"x"}'
        assert ann.call("POST", "/page/", body) == f"error parsing http request body: {words}"


def test_c27_nul_is_kept(ann: CrustClient) -> None:
    text = "a\0b\x1an\x1a"
    module = f"/module/{ann.post('/module/', {'name': text, 'fields': [dict.fromkeys(FIELD, text)]})['moduleID']}"
    for shown in (ann.get(module), ann.get("/module/")[-1]):
        assert shown["name"] == text
        assert {shown["fields"][0][name] for name in FIELD} == {text}
    sent = {"a\0": "x\0", "a": "\0", text: text}
    id = ann.add(module, sent)
    for record in (
        ann.get(f"{module}/content/{id}"),
        ann.get(f"{module}/content?sort={encoded(text)}")["contents"][0],
    ):
        assert {field["name"]: field["value"] for field in record["fields"]} == sent
    assert '"a\\u0000b' in ann.text("GET", module)
    page = ann.post("/page/", {"title": text, "description": text, "blocks": [text]})
    assert ann.get(f"/page/{page['pageID']}") == page
    assert (page["title"], page["description"], page["blocks"]) == (text, text, [text])
    chart = ann.post("/chart/", {"name": text})
    assert ann.get(f"/chart/{chart['chartID']}")["name"] == ann.get("/chart/")[0]["name"] == chart["name"] == text
    # What all dialects share has none.
    task = ann.system("Task")
    assert ann.values(task, ann.add(task, Subject=text, x=text))["Subject"] == text.replace("\0", "")
    edited = ann.post(task, {"name": "Task", "fields": [{"name": text, "label": text}]})
    assert "ab\x1an\x1a" in [field["name"] for field in edited["fields"]]


FIELD = ("name", "kind", "label", "helpText", "defaultValue")


# -- words of the database --------------------------------------------------------------------------------


def test_values_that_are_too_long_are_told_otherwise_by_an_update(ann: CrustClient) -> None:
    module = ann.make_module("a")
    id = ann.add(module, a="1")
    words = "exec query failed: Error 1406: Data too long for column 'column_{}' at row 1"
    for sent, column in (({"a": "x" * 65_536}, "value"), ({"n" * 256: "x"}, "name")):
        for of, one in ((module, id), (ann.system("Task"), ann.add(ann.system("Task"), Subject="x"))):
            assert ann.post(f"{of}/content", fields(sent)) == f"Error adding columns: {words.format(column)}"
            assert ann.post(f"{of}/content/{one}", fields(sent)) == (
                f"Error adding columns to database: {words.format(column)}"
            )
    assert ann.values(module, id) == {"a": "1"}


def test_a_related_id_is_a_number(ann: CrustClient) -> None:
    module = ann.make_module("a")
    id = ann.add(module, a="1")
    for related, words in (
        ("abc", "Error 1366: Incorrect integer value: 'abc' for column "),
        ("", "Error 1366: Incorrect integer value: '' for column "),
        ("12abc", "Error 1265: Data truncated for column 'rel_content_id' at row 1"),
        ("-5", "Error 1264: Out of range value for column 'rel_content_id' at row 1"),
        ("9" * 30, "Error 1264: Out of range value for column 'rel_content_id' at row 1"),
    ):
        for path in (f"{module}/content", f"{module}/content/{id}"):
            answer = ann.post(path, {"fields": [{"name": "a", "value": "2", "related": ["7", related]}]})
            assert answer.startswith(f"Error adding column links: exec query failed: {words}"), related
    assert ann.get(f"{module}/content")["meta"]["count"] == 1
    assert ann.values(module, id) == {"a": "1"}
    for related in ("7", " 7 ", "1.5", "1e3", "-0", str(TOO_BIG)):
        sent = {"fields": [{"name": "a", "value": "1", "related": [related]}]}
        assert ann.post(f"{module}/content/{id}", sent)["fields"][0]["related"] == [related]
