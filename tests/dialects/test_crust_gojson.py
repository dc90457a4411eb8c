"""JSON and forms as Go reads them: values, and the words for what is wrong (crust dossier, sections 3 and 6)."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.dialect import Call
from adapter.wire import Headers, WireRequest
from dialects.crust.errors import Refused
from dialects.crust.fields.objects import CONTENT_COLUMNS, IDS, MAX_VALUES, MODULE_FIELDS
from dialects.crust.wire.binding import Get, Path, Post, Request, bind
from dialects.crust.wire.gojson import BOOL, INT, RAW, STRING, UINT64, Mapping, checked_raw, decode_all, decode_first

MODULE = Request("ModuleCreate", (Post("name"), Post("fields", MODULE_FIELDS)))
PAGE = Request(
    "PageCreate",
    (Post("selfID", UINT64), Post("title"), Post("visible", BOOL), Post("blocks", RAW), Post("pageIDs", IDS)),
)
LIST = Request("ModuleContentList", (Get("query"), Get("page", INT), Path("moduleID")))
PREFIX = "error parsing http request body: "


def bound(
    request: Request,
    body: bytes = b"",
    content_type: str = "application/json",
    query: str = "",
    method: str = "POST",
    **params: str,
) -> dict[str, Any]:
    wire = WireRequest(method, "/", query, Headers([("Content-Type", content_type)]), body)
    return bind(Call(wire, None, 0, params=params), request)  # type: ignore[arg-type]


def refusal(request: Request, body: bytes) -> str:
    with pytest.raises(Refused) as caught:
        bound(request, body)
    assert caught.value.message.startswith(PREFIX)
    return caught.value.message.removeprefix(PREFIX)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{name:1}", "invalid character 'n' looking for beginning of object key string"),
        (b"{'name':1}", "invalid character '\\'' looking for beginning of object key string"),
        (b'{"name":1,}', "invalid character '}' looking for beginning of object key string"),
        (b'{"name" 1}', "invalid character '1' after object key"),
        (b'{"name":1 "x":2}', "invalid character '\"' after object key:value pair"),
        (b'{"name":[1 2]}', "invalid character '2' after array element"),
        (b'{"name":[1,]}', "invalid character ']' looking for beginning of value"),
        (b'{"name":}', "invalid character '}' looking for beginning of value"),
        (b'{"name":tru}', "invalid character '}' in literal true (expecting 'e')"),
        (b'{"name":nil}', "invalid character 'i' in literal null (expecting 'u')"),
        (b'{"name":01}', "invalid character '1' after object key:value pair"),
        (b'{"name":1.}', "invalid character '}' after decimal point in numeric literal"),
        (b'{"name":1e+}', "invalid character '}' in exponent of numeric literal"),
        (b'{"name":-x}', "invalid character 'x' in numeric literal"),
        (b'{"name":"a\nb"}', "invalid character '\\n' in string literal"),
        (b'{"name":"\\q"}', "invalid character 'q' in string escape code"),
        (b'{"name":"\\u12x4"}', "invalid character 'x' in \\u hexadecimal character escape"),
        (b'{"name":"x"', "unexpected EOF"),
        (b'{"name":"x', "unexpected EOF"),
        (b"-", "unexpected EOF"),
        (b"\xc5\xbe", "invalid character 'Å' looking for beginning of value"),
        (b"[" * 100_000, "exceeded max depth"),
        (b'{"x":' * 5_000 + b"1" + b"}" * 5_000, "exceeded max depth"),
    ],
)
def test_broken_json_is_told_in_the_words_of_go(body: bytes, words: str) -> None:
    assert refusal(MODULE, body) == words


@pytest.mark.parametrize(
    ("request_", "body", "words"),
    [
        (MODULE, b'{"name":7}', "json: cannot unmarshal number into Go struct field ModuleCreate.Name of type string"),
        (
            MODULE,
            b'{"name":true}',
            "json: cannot unmarshal bool into Go struct field ModuleCreate.Name of type string",
        ),
        (
            MODULE,
            b'{"name":{}}',
            "json: cannot unmarshal object into Go struct field ModuleCreate.Name of type string",
        ),
        (MODULE, b'{"name":[]}', "json: cannot unmarshal array into Go struct field ModuleCreate.Name of type string"),
        (
            MODULE,
            b'{"fields":{}}',
            "json: cannot unmarshal object into Go struct field ModuleCreate.Fields of type types.ModuleFieldSet",
        ),
        (
            MODULE,
            b'{"fields":["x"]}',
            "json: cannot unmarshal string into Go struct field ModuleCreate.Fields of type types.ModuleField",
        ),
        (
            MODULE,
            b'{"fields":[{"name":7}],"name":8}',
            "json: cannot unmarshal number into Go struct field ModuleField.Fields.name of type string",
        ),
        (
            MODULE,
            b'{"fields":[{"maxLength":"7"}]}',
            "json: cannot unmarshal string into Go struct field ModuleField.Fields.maxLength of type int",
        ),
        (
            MODULE,
            b'{"fields":[{"maxLength":7.5}]}',
            "json: cannot unmarshal number 7.5 into Go struct field ModuleField.Fields.maxLength of type int",
        ),
        (MODULE, b"[]", "json: cannot unmarshal array into Go value of type request.ModuleCreate"),
        (MODULE, b'"x" rest', "json: cannot unmarshal string into Go value of type request.ModuleCreate"),
        (MODULE, b"12", "json: cannot unmarshal number into Go value of type request.ModuleCreate"),
        (
            PAGE,
            b'{"selfID":7}',
            "json: invalid use of ,string struct tag, trying to unmarshal unquoted value into uint64",
        ),
        (PAGE, b'{"selfID":""}', 'json: invalid use of ,string struct tag, trying to unmarshal "" into uint64'),
        (PAGE, b'{"selfID":"x"}', 'json: invalid use of ,string struct tag, trying to unmarshal "x" into uint64'),
        (
            PAGE,
            b'{"selfID":"7x"}',
            "json: cannot unmarshal number 7x into Go struct field PageCreate.SelfID of type uint64",
        ),
        (
            PAGE,
            b'{"selfID":"18446744073709551616"}',
            "json: cannot unmarshal number 18446744073709551616 into Go struct field PageCreate.SelfID of type uint64",
        ),
        (
            PAGE,
            b'{"visible":"1"}',
            "json: cannot unmarshal string into Go struct field PageCreate.Visible of type bool",
        ),
        (PAGE, b'{"visible":1}', "json: cannot unmarshal number into Go struct field PageCreate.Visible of type bool"),
        (
            PAGE,
            b'{"pageIDs":"1"}',
            "json: cannot unmarshal string into Go struct field PageCreate.PageIDs of type []string",
        ),
        (
            PAGE,
            b'{"pageIDs":[1]}',
            "json: cannot unmarshal number into Go struct field PageCreate.PageIDs of type string",
        ),
    ],
)
def test_a_wrong_type_is_told_in_the_words_of_go(request_: Request, body: bytes, words: str) -> None:
    assert refusal(request_, body) == words


def test_keys_match_in_any_case_the_last_counts_and_unknown_ones_do_not() -> None:
    assert bound(MODULE, b'{"NAME":"a","x":[{"name":"no"}],"Name":"b"} and more')["name"] == "b"


def test_keys_fold_as_go_folds_them() -> None:
    """The long s and the Kelvin sign are letters of a key in another case."""
    body = '{"ſELFid":"7","VI\u017fIBLE":true}'.encode()
    assert {name: bound(PAGE, body)[name] for name in ("selfID", "visible")} == {"selfID": 7, "visible": True}
    field = bound(MODULE, '{"field\u017f":[{"\u212aind":"x"}]}'.encode())["fields"][0]
    assert field["kind"] == "x"


def test_an_id_that_is_no_number_hides_what_was_wrong_before() -> None:
    """Go gives up at such an id, and forgets the type errors that it had noted."""
    hidden = "json: invalid use of ,string struct tag, trying to unmarshal {} into uint64"
    assert refusal(PAGE, b'{"title":5,"selfID":"x"}') == hidden.format('"x"')
    assert refusal(PAGE, b'{"title":5,"selfID":"\\"x"}') == hidden.format('"\\"x"')
    noted = "json: cannot unmarshal number into Go struct field PageCreate.Title of type string"
    for id in (b'""', b'"true"', b'"nil"', b"7", b'"-7"', b'"\\"7\\""'):
        assert refusal(PAGE, b'{"title":5,"selfID":' + id + b"}") == noted


def test_of_two_bad_halves_the_body_is_told_first() -> None:
    with pytest.raises(Refused) as caught:
        bound(PAGE, b"title=%xx", "application/x-www-form-urlencoded", query="title=%yy")
    assert caught.value.message == 'invalid URL escape "%xx"'


def test_null_and_nothing_leave_everything_as_it_was() -> None:
    empty = {"selfID": 0, "title": "", "visible": False, "blocks": None, "pageIDs": None}
    for body in (b"", b" \n", b"null", b"{}", b'{"selfID":null,"title":null,"visible":null,"pageIDs":null}'):
        assert bound(PAGE, body) == empty
    assert bound(PAGE, b'{"blocks":null}')["blocks"] == "null"


def test_raw_json_is_kept_to_the_byte() -> None:
    raw = b'[{"b":1.50,"a":"\\u017e <x>","big":123456789012345678901234567890},  {"b" : [ ]}]'
    assert bound(PAGE, b'{"blocks": ' + raw + b" }")["blocks"] == raw.decode()
    assert checked_raw(raw.decode()) == (
        '[{"b":1.50,"a":"\\u017e <x>","big":123456789012345678901234567890},{"b":[]}]'
    )
    assert checked_raw('" a  b "') == '" a  b "'


def test_text_that_is_no_unicode_becomes_a_replacement_character() -> None:
    assert bound(MODULE, b'{"name":"\\ud83d\\ude00 \\ud800 \xc5\xbe\xff"}')["name"] == "😀 \ufffd ž\ufffd"


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "text/plain", "", "multipart/form-data; boundary=x"]
)
def test_only_the_bare_type_is_read(content_type: str) -> None:
    assert bound(MODULE, b'{"name":"x"}', content_type)["name"] == ""


def test_json_is_read_on_every_method_whatever_the_case_of_its_type() -> None:
    for method in ("GET", "DELETE"):
        assert bound(LIST, b'{"query":"x","page":2}', "Application/JSON", method=method)["page"] == 2


def test_form_and_query_override_json_and_the_path_overrides_all() -> None:
    assert bound(MODULE, b'{"name":"json"}', query="name=query")["name"] == "query"
    form = "application/x-www-form-urlencoded; charset=utf-8"
    assert bound(MODULE, b"name=body&name=second", form, query="name=query")["name"] == "body"
    assert bound(MODULE, b"name=body", form, method="GET")["name"] == ""
    assert bound(LIST, b'{"moduleID":"7"}', moduleID="8")["moduleID"] == 8
    for path in ("undefined", "-1", "1.5", "٣", "+1", ""):
        assert bound(LIST, b'{"moduleID":"7"}', moduleID=path)["moduleID"] == 0
    for path in ("9" * 20, "9" * 30, "9" * 5000):
        assert bound(LIST, b'{"moduleID":"7"}', moduleID=path)["moduleID"] == 2**64 - 1


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("selfID=12&visible=Yes", {"selfID": 12, "visible": True}),
        ("selfID=abc&visible=on", {"selfID": 0, "visible": False}),
        ("selfID=-3&visible=%20T%20", {"selfID": 0, "visible": True}),
        ("title=a+b%C5%BE&visible=1", {"title": "a bž", "visible": True}),
        ("blocks=%5B1", {"blocks": "[1"}),
        ("pageIDs=1&fields=x", {"pageIDs": None}),
    ],
)
def test_values_of_forms(query: str, values: dict[str, Any]) -> None:
    got = bound(PAGE, query=query)
    assert {name: got[name] for name in values} == values


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2", 2), ("-3", -3), ("10.5", 0), ("abc", 0), ("", 0), ("9" * 30, 2**63 - 1), ("1e99", 0),
        ("%2B9", 9), ("+9", 0),
        (str(2**63 - 1), 2**63 - 1), (str(2**63), 2**63 - 1), (str(-(2**63)), -(2**63)),
        (str(-(2**63) - 1), -(2**63)), ("0" * 30 + "7", 7), ("-" + "9" * 5000, -(2**63)),
    ],
)  # fmt: skip
def test_whole_numbers_of_queries(text: str, number: int) -> None:
    assert bound(LIST, query=f"page={text}", method="GET")["page"] == number


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("query=%zz", 'invalid URL escape "%zz"'),
        ("query=%2", 'invalid URL escape "%2"'),
        ("query=a%", 'invalid URL escape "%"'),
        ("a=1;b=2", "invalid semicolon separator in query"),
        ("query=%zz&a=1;b=2", "invalid semicolon separator in query"),
        ("query=%zz&sort=%yy", 'invalid URL escape "%zz"'),
        ("query=%\xc3\xa9", 'invalid URL escape "%é"'),
        ("query=%4\xc3\xa9", 'invalid URL escape "%4\\xc3"'),
    ],
)
def test_a_bad_query_is_told_in_the_words_of_go(query: str, words: str) -> None:
    with pytest.raises(Refused) as caught:
        bound(LIST, query=query, method="GET")
    assert caught.value.message == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "unexpected end of JSON input"),
        ("[", "unexpected end of JSON input"),
        ('["a', "unexpected end of JSON input"),
        ("[nul", "invalid character ' ' in literal null (expecting 'l')"),
        ("[-", "invalid character ' ' in numeric literal"),
        ("[1.", "invalid character ' ' after decimal point in numeric literal"),
        ('["\\u12', "invalid character ' ' in \\u hexadecimal character escape"),
        ("[1", "unexpected end of JSON input"),
        ("[] x", "invalid character 'x' after top-level value"),
        ("{}", "json: cannot unmarshal object into Go value of type []types.ContentColumn"),
        ("[1]", "json: cannot unmarshal number into Go value of type types.ContentColumn"),
        ('[{"value":1}]', "json: cannot unmarshal number into Go struct field ContentColumn.value of type string"),
        (
            '[{"related":"x"}]',
            "json: cannot unmarshal string into Go struct field ContentColumn.related of type []string",
        ),
    ],
)
def test_content_is_decoded_as_one_text(text: str, words: str) -> None:
    with pytest.raises(Refused) as caught:
        decode_all(text, CONTENT_COLUMNS)
    assert caught.value.message == words


def test_maps_are_read() -> None:
    kind = Mapping("types.JobParameterSet", STRING)
    assert decode_all('{"a":"1","b":null}', kind) == {"a": "1", "b": ""}
    with pytest.raises(Refused, match=r"cannot unmarshal array into Go value of type types\.JobParameterSet"):
        decode_all("[]", kind)


NUMBER = "json: cannot unmarshal number into Go value of type types.ContentColumn"


@pytest.mark.parametrize("count", [10, 20_000, 200_000])
def test_c1_what_is_refused_is_not_kept(count: int) -> None:
    with pytest.raises(Refused) as caught:
        decode_first(b"[" + b"1," * count + b"1]", CONTENT_COLUMNS)
    assert caught.value.message == NUMBER
    frames = caught.traceback
    assert not [entry for entry in frames if len(entry.frame.f_locals.get("value") or ()) > 1]


def test_c1_of_more_elements_than_a_record_has_only_one_more_is_made() -> None:
    found = decode_first(b"[" + b"{}," * 100_000 + b"{}]", CONTENT_COLUMNS)
    assert len(found) == MAX_VALUES + 1
    found = decode_first(b"[" + b"{}," * 9_000 + b"{}]", CONTENT_COLUMNS)
    assert len(found) == MAX_VALUES + 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"[" + b"{}," * 30_000 + b"{]", "invalid character ']' looking for beginning of object key string"),
        (b"[" + b"{}," * 30_000 + b"1{}]", "invalid character '{' after array element"),
        (b"[" + b"{}," * 30_000 + b"{", "unexpected EOF"),
        (b"[" + b'{"a":1},' * 400_000 + b"{}]", "http: request body too large"),
    ],
)
def test_c1_many_elements_are_read_as_strictly_as_few(text: bytes, words: str) -> None:
    with pytest.raises(Refused) as caught:
        decode_first(text, CONTENT_COLUMNS)
    assert caught.value.message == words
