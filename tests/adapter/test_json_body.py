"""JSON as each language writes it, against slow and plain references."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.formats import Malformed, OutOfRange, TooDeep, TooLarge
from adapter.formats.json_body import ascii_string, parse, render, render_ascii, render_go, render_php

TEXT = st.one_of(st.text(), st.text('"\\/bfnrtu<>&\x00\x08\x0b\x0c\x7f\x85\u2027\u2028\u2029\u202aé\U0001f600e.1,]}'))
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), TEXT)
TOKENS = re.compile(r"\\u[0-9a-f]{4}|\\.|.", re.DOTALL)
DATA = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20)


def plain(data: Any, ascii_only: bool) -> str:
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=ascii_only)
    # Python alone escapes DEL; PHP and Go leave it.
    return TOKENS.sub(lambda match: "\x7f" if match[0] == "\\u007f" else match[0], text)


def go_escaped(match: re.Match[str]) -> str:
    """encoding/json of Go 1.21, encodeState.string."""
    token = match[0]
    if token in ("\\b", "\\f"):
        return {"\\b": "\\u0008", "\\f": "\\u000c"}[token]
    return f"\\u{ord(token):04x}" if len(token) == 1 and token in "<>&\u2028\u2029" else token


@given(DATA)
def test_render(data: Any) -> None:
    assert render(data) == plain(data, ascii_only=False).encode()
    assert parse(render(data)) == data


@given(DATA)
def test_render_ascii(data: Any) -> None:
    assert render_ascii(data) == plain(data, ascii_only=True).encode("ascii")


@given(TEXT)
def test_ascii_string(text: str) -> None:
    assert ascii_string(text).encode("ascii") == render_ascii(text)


@given(DATA)
def test_render_php(data: Any) -> None:
    assert render_php(data) == plain(data, ascii_only=True).replace("/", "\\/").encode("ascii")


@given(DATA)
def test_render_go(data: Any) -> None:
    expected = TOKENS.sub(go_escaped, plain(data, ascii_only=False))
    assert render_go(data) == expected.encode()


def test_known_texts() -> None:
    assert render_php({"u": "a/b é \U0001f600", "l": [], "o": {}}) == (
        b'{"u":"a\\/b \\u00e9 \\ud83d\\ude00","l":[],"o":{}}'
    )
    assert render_go({"k<": "<b>&\u2028\b\f\n\t\x1f\\b é"}) == (
        b'{"k\\u003c":"\\u003cb\\u003e\\u0026\\u2028\\u0008\\u000c\\n\\t\\u001f\\\\b \xc3\xa9"}'
    )


@pytest.mark.parametrize(
    ("value", "php", "go"),
    [
        (1.0, "1", "1"),
        (-0.0, "-0", "-0"),
        (0.1 + 0.2, "0.3", "0.30000000000000004"),
        (100000.0, "100000", "100000"),
        (1e13, "10000000000000", "10000000000000"),
        (1e14, "1.0e+14", "100000000000000"),
        (1e20, "1.0e+20", "100000000000000000000"),
        (1.5e21, "1.5e+21", "1.5e+21"),
        (1e100, "1.0e+100", "1e+100"),
        (0.0001, "0.0001", "0.0001"),
        (0.00001, "1.0e-5", "0.00001"),
        (1.25e-7, "1.25e-7", "1.25e-7"),
        (1e-10, "1.0e-10", "1e-10"),
        (float("nan"), "null", "null"),
        (float("inf"), "null", "null"),
    ],
)
def test_floats(value: float, php: str, go: str) -> None:
    for data, frame in ((value, "{}"), ([value, 1], "[{},1]"), ({"a": {"b": value}}, '{{"a":{{"b":{}}}}}')):
        assert render_php(data) == frame.format(php).encode()
        assert render_go(data) == frame.format(go).encode()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_of_go_reads_back_the_same(value: float) -> None:
    assert float(render_go(value)) == value
    assert float(render_php(value)) == pytest.approx(value, rel=1e-13)


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b"", 1, 1),
        (b'{"a":\n 1,}', 2, 3),
        (b"{'a':1}", 1, 2),
        (b"NaN", 1, 1),
        (b"[1] x", 1, 5),
        (b'"\xff"', 1, 1),
        (b'"\\ud800"', 1, 2),
        (b"\xef\xbb\xbf1", 1, 1),
    ],
)
def test_malformed(data: bytes, line: int, column: int) -> None:
    with pytest.raises(Malformed) as caught:
        parse(data)
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize("data", [b"1e400", b'{"a":[-1e400]}'])
def test_number_beyond_a_double(data: bytes) -> None:
    with pytest.raises(OutOfRange):
        parse(data)
    assert parse(b"1e-400") == 0.0


@pytest.mark.parametrize("depth", [65, 500, 1024, 1025, 100_000])
@pytest.mark.parametrize(
    ("opening", "inner", "closing"), [(b"[", b"1", b"]"), (b'{"a":', b"1", b"}"), (b"[", b"", b"")]
)
def test_depth(depth: int, opening: bytes, inner: bytes, closing: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        parse(opening * depth + inner + closing * depth)
    assert isinstance(caught.value, TooDeep) or not closing


def test_depth_allowed() -> None:
    parse(b"[" * 64 + b"]" * 64)
    parse(b"[" + b"[],{}," * 5000 + b'"' + b"[" * 5000 + b'"]')
    with pytest.raises(TooDeep):
        parse(b"[[]]", max_depth=1)


@given(st.one_of(st.binary(), st.text('{}[]",:0123456789.eE+-ntrufalse\\ \n').map(str.encode)))
def test_nothing_else_is_raised(data: bytes) -> None:
    with suppress(Malformed):
        parse(data)


@pytest.mark.parametrize("data", [b"[" + b"{}," * 30_000 + b"1]", b"[" + b"1," * 200_000 + b"1]"])
def test_c1_elements_are_counted_before_they_are_made(data: bytes) -> None:
    with pytest.raises(TooLarge):
        parse(data)


def test_what_stands_in_strings_is_not_counted() -> None:
    text = '[{,"' * 60_000
    assert parse(render({"a": text})) == {"a": text}
