"""Form data as PHP reads and writes it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.formats import Malformed, TooDeep, TooLarge
from adapter.formats.form_body import as_list, build_query, multipart, nest, parse_pairs

PAIRS: list[tuple[bytes | str, list[tuple[str, str]]]] = [
    (b"", []),
    (b"a=1&b=2&a=3", [("a", "1"), ("b", "2"), ("a", "3")]),
    (b"&&a=1&", [("a", "1")]),
    (b"a", [("a", "")]),
    (b"=1", [("", "1")]),
    (b"a=1=2", [("a", "1=2")]),
    (b"a+b=c+d%20e%2Bf", [("a b", "c d e+f")]),
    (b"a=%zz&b=%4&c=%", [("a", "%zz"), ("b", "%4"), ("c", "%")]),
    (b"a=1;b=2", [("a", "1;b=2")]),
    (b"a%5Bb%5D=%C3%A9", [("a[b]", "é")]),
    (b"a=caf%E9&b=caf%C3%A9", [("a", "café"), ("b", "café")]),
    ("a=\xc3\xa9&b=\xe9", [("a", "é"), ("b", "é")]),
    ("a=\u20ac", [("a", "€")]),
    ("a=\ud800", [("a", "\xed\xa0\u20ac")]),
    (b"a=%F0%9F%98%80", [("a", "\U0001f600")]),
]


@pytest.mark.parametrize(("data", "pairs"), PAIRS)
def test_pairs(data: bytes | str, pairs: list[tuple[str, str]]) -> None:
    assert parse_pairs(data) == pairs


LATIN_LABELS = ("iso-8859-1", "ISO_8859-1", "latin1", "L1", "us-ascii", "ascii", "windows-1252", "CP1252")


@pytest.mark.parametrize("charset", LATIN_LABELS)
def test_a_latin_label_means_windows_1252(charset: str) -> None:
    assert parse_pairs(b"a=%C3%A9%80", charset=charset) == [("a", "Ã©€")]


@pytest.mark.parametrize(
    "charset", [None, "utf-8", "UTF8", "bogus", "hex", "idna", "utf-7", "", "a\0b", "unicode_escape", "utf-16"]
)
def test_without_a_label_that_means_something_it_is_utf_8_and_else_windows_1252(charset: str | None) -> None:
    assert parse_pairs(b"a=%C3%A9", charset=charset) == [("a", "é")]
    assert parse_pairs(b"%80=%93a%94%85&b=%C2%80%E2%82%AC&c=\x92", charset=charset) == [
        *(("€", "“a”…"), ("b", "\u0080€"), ("c", "’"))
    ]
    # The five that windows-1252 leaves open stay as they are.
    assert parse_pairs(b"a=%81%8D%8F%90%9D%E9", charset=charset) == [("a", "\x81\x8d\x8f\x90\x9dé")]


@pytest.mark.parametrize(
    ("charset", "raw", "text"),
    [
        ("iso-8859-2", b"%B1", "ą"),
        ("windows-1250", b"%8A", "Š"),
        ("iso-8859-15", b"%A4", "€"),
        ("koi8-r", b"%C1", "а"),
        ("windows-1251", b"%E9", "й"),
        ("shift_jis", b"%82%A0", "あ"),
        # Bytes that mean nothing there.
        ("shift_jis", b"%80%FF", "€ÿ"),
        ("windows-1250", b"%81", "\x81"),
    ],
)
def test_other_labels(charset: str, raw: bytes, text: str) -> None:
    assert parse_pairs(b"a=" + raw, charset=charset) == [("a", text)]


@pytest.mark.parametrize(
    ("body_label", "part_label", "text"),
    [(None, None, "Euro€"), ("utf-8", None, "Euro€"), ("iso-8859-1", None, "Euro€"), ("windows-1251", None, "EuroЂ"),
     ("windows-1251", "iso-8859-1", "Euro€"), (None, "windows-1251", "EuroЂ")],
)  # fmt: skip
def test_labels_of_multipart_fields(body_label: str | None, part_label: str | None, text: str) -> None:
    own = b"" if part_label is None else b"Content-Type: text/plain; charset=%b\r\n" % part_label.encode()
    body = b'--X\r\nContent-Disposition: form-data; name="a"\r\n' + own + b"\r\nEuro\x80\r\n--X--\r\n"
    label = "" if body_label is None else f"; charset={body_label}"
    assert multipart(body, f"multipart/form-data; boundary=X{label}")[0] == [("a", text)]


def test_pairs_are_bounded() -> None:
    assert len(parse_pairs(b"a&&b&", max_pairs=2)) == 2
    with pytest.raises(TooLarge) as caught:
        parse_pairs(b"a&" * 10_001)
    assert (caught.value.size, caught.value.limit) == (10_001, 10_000)


# php.net: parse_str, "Variables From External Sources"; php-src main/php_variables.c of 5.6 for the odd ones.
NESTED: list[tuple[str, dict[str, Any]]] = [
    ("first=value&arr[]=foo+bar&arr[]=baz", {"first": "value", "arr": {"0": "foo bar", "1": "baz"}}),
    ("My Value=Something", {"My_Value": "Something"}),
    ("a.b=1&c d.e=2", {"a_b": "1", "c_d_e": "2"}),
    ("a.b[c.d]=1&a[x y]=2", {"a_b": {"c.d": "1"}, "a": {"x y": "2"}}),
    ("  a=1", {"a": "1"}),
    ("a=1&a=2", {"a": "2"}),
    ("a=1&a[b]=2", {"a": {"b": "2"}}),
    ("a[b]=2&a=1", {"a": "1"}),
    ("a[b]=1&a[b][c]=2", {"a": {"b": {"c": "2"}}}),
    ("a[b][c]=1&a[b]=2", {"a": {"b": "2"}}),
    ("a[5]=x&a[]=y&a[2]=z&a[]=w", {"a": {"5": "x", "6": "y", "2": "z", "7": "w"}}),
    ("a[-5]=x&a[]=y", {"a": {"-5": "x", "0": "y"}}),
    ("a[05]=x&a[]=y&a[-0]=z&a[]=w", {"a": {"05": "x", "0": "y", "-0": "z", "1": "w"}}),
    ("a[9223372036854775807]=x&a[]=y", {"a": {"9223372036854775807": "x"}}),
    ("a[9223372036854775808]=x&a[]=y", {"a": {"9223372036854775808": "x", "0": "y"}}),
    ("a[][b]=1&a[][b]=2", {"a": {"0": {"b": "1"}, "1": {"b": "2"}}}),
    ("a[ ]=1&a[ b]=2&a[%09]=3", {"a": {"0": "1", " b": "2", "1": "3"}}),
    ("a[b=1", {"a_b": "1"}),
    ("a[=1", {"a_": "1"}),
    ("a[b.c=1", {"a_b.c": "1"}),
    ("a[b][c=1", {"a": {"b": "1"}}),
    ("a[b]c=1&d[e]f[g]=2", {"a": {"b": "1"}, "d": {"e": "2"}}),
    ("a[b[c]]=1", {"a": {"b[c": "1"}}),
    ("a]b=1", {"a]b": "1"}),
    ("[a]=1&=2&[=3&%20=4", {}),
    ("a%00b=1&%00c=2", {"a": "1"}),
    ("a[b%00]=1", {"a_b": "1"}),
    ("0=a&5=b", {"0": "a", "5": "b"}),
    ("a[0]=x&a=s&a[]=y", {"a": {"0": "y"}}),
    ("a[1]=b&a[0]=a", {"a": {"1": "b", "0": "a"}}),
    (
        "data[modelRelations][activityItems][0][action]=add&data[modelRelations][activityItems][0][modelId]=3",
        {"data": {"modelRelations": {"activityItems": {"0": {"action": "add", "modelId": "3"}}}}},
    ),
]


@pytest.mark.parametrize(("query", "expected"), NESTED)
def test_nesting(query: str, expected: dict[str, Any]) -> None:
    result = nest(parse_pairs(query))
    assert result == expected
    assert repr(result) == repr(expected)  # the order of keys counts too


def test_a_variable_nested_too_deep_is_dropped_whole() -> None:
    deepest = "a" + "[b]" * 64
    assert nest([(deepest, "1")]) != {}
    assert nest([("a[x]", "1"), ("c", "2"), (deepest + "[b]", "3")]) == {"c": "2"}
    with pytest.raises(TooLarge):
        nest([("a[]", "1")] * 10_001)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"0": "a", "1": "b"}, ["a", "b"]),
        ({"1": "b", "0": "a"}, ["a", "b"]),
        ({"1": "b"}, {"1": "b"}),
        ({"0": "a", "x": "b"}, {"0": "a", "x": "b"}),
        ({}, []),
        ("text", "text"),
        (None, None),
    ],
)
def test_as_list(value: Any, expected: Any) -> None:
    assert as_list(value) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"a": 1, "b": [1, 2], "c": {"key": "value"}}, "a=1&b%5B0%5D=1&b%5B1%5D=2&c%5Bkey%5D=value"),
        ({"a": None, "b": True, "c": False, "d": [], "e": {}}, "b=1&c=0"),
        ({"data": {"items": [{"x": "a b"}]}}, "data%5Bitems%5D%5B0%5D%5Bx%5D=a+b"),
        (["x", "y"], "0=x&1=y"),
        ({"a": "é~-_.&=+/@"}, "a=%C3%A9%7E-_.%26%3D%2B%2F%40"),
        ({"a": 1.0, "b": 0.1, "c": 1e25, "d": 1.5e-7}, "a=1&b=0.1&c=1.0E%2B25&d=1.5E-7"),
        ({}, ""),
    ],
)
def test_build_query(data: Any, expected: str) -> None:
    assert build_query(data) == expected


def test_build_query_is_bounded() -> None:
    data: dict[str, Any] = {}
    data["self"] = data
    with pytest.raises(TooDeep):
        build_query(data)


KEYS = st.text("abXY019é/&=+% ", min_size=1, max_size=6).filter(lambda key: not key.startswith(" "))
TREES = st.recursive(
    st.text(max_size=10), lambda inner: st.dictionaries(KEYS, inner, min_size=1, max_size=3), max_leaves=12
)


@given(st.dictionaries(KEYS.map(lambda key: key.replace(" ", "_")), TREES, max_size=4))
def test_what_is_built_is_read_back(data: dict[str, Any]) -> None:
    # `[ ]` alone is an automatic index
    if "[ ]" not in str(parse_pairs(build_query(data))):
        assert nest(parse_pairs(build_query(data))) == data


BODY = (
    b'--xyz\r\nContent-Disposition: form-data; name="a[b]"\r\n\r\ncaf\xc3\xa9\r\n'
    b'--xyz\r\nContent-Disposition: form-data; name="f"; filename="n.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\n\x00\xff\r\n"
    b'--xyz\r\nContent-Disposition: form-data; name="c"\r\n\r\n\xe9\r\n--xyz--\r\n'
)


def test_multipart() -> None:
    fields, files = multipart(BODY, "multipart/form-data; boundary=xyz")
    assert fields == [("a[b]", "café"), ("c", "é")]
    assert files == [("f", "n.txt", "text/plain", b"\x00\xff")]


def test_multipart_is_bounded() -> None:
    kind = "multipart/form-data; boundary=xyz"
    with pytest.raises(TooLarge):
        multipart(BODY, kind, max_parts=2)
    with pytest.raises(TooLarge):
        multipart(BODY, kind, max_bytes=10)


@pytest.mark.parametrize(
    "kind", ["", "text/plain; boundary=xyz", "multipart/form-data", "multipart/form-data; boundary="]
)
def test_multipart_without_boundary(kind: str) -> None:
    with pytest.raises(Malformed):
        multipart(BODY, kind)


def test_multipart_that_breaks_off() -> None:
    for end in range(len(BODY) - 6):
        with pytest.raises(Malformed):
            multipart(BODY[:end], "multipart/form-data; boundary=xyz")


@given(st.one_of(st.binary(), st.text("ab[]=&%+. \0\t01\xe9"), st.text()))
def test_no_form_is_refused(data: bytes | str) -> None:
    nest(parse_pairs(data))


@given(st.binary(), st.text("multipart/form-data; boundary=\"xyz'*%"), st.integers(0, len(BODY)), st.integers(0, 9))
def test_multipart_raises_nothing_else(noise: bytes, kind: str, cut: int, skip: int) -> None:
    for body, content_type in (
        (noise, "multipart/form-data; boundary=xyz"),
        (BODY[:cut] + noise + BODY[cut + skip :], "multipart/form-data; boundary=xyz"),
        (BODY, kind),
        (BODY, "multipart/form-data; boundary=" + kind),
    ):
        with suppress(Malformed, TooLarge):
            multipart(body, content_type)
