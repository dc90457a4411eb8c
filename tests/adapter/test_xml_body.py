"""XML from strangers."""

from __future__ import annotations

import time
from contextlib import suppress
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.formats import Malformed, TooDeep, TooLarge
from adapter.formats.xml_body import Element, carried_text, escape_attribute, escape_text, parse


def test_tree() -> None:
    root = parse(
        b'<?xml version="1.0"?>\n<a xmlns="u" xmlns:v="w" v:k="1&amp;2"> t<b>1</b>u<!--c--><?p i?><v:c/><b>2</b></a>'
    )
    assert root == Element(
        "a", {"k": "1&2"}, " tu", [Element("b", {}, "1", []), Element("c"), Element("b", {}, "2", [])]
    )
    first = root.child("b")
    assert first is not None
    assert first.text == "1"
    assert [element.text for element in root.children_of("b")] == ["1", "2"]
    assert root.child("d") is None


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf<a>\xc3\xa9</a>",
        b'<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>',
        '<?xml version="1.0" encoding="UTF-16"?><a>é</a>'.encode("utf-16"),
        b'<?xml version="1.0" encoding="windows-1252"?><a>\xe9</a>',
        b"<a>&#233;</a>",
        b"<a><![CDATA[\xc3\xa9]]></a>",
        b"\n<a>\xc3\xa9</a>",
    ],
)
def test_encodings(data: bytes) -> None:
    assert parse(data).text == "é"


def test_charset_comes_before_the_declaration_and_a_mark_before_both() -> None:
    """RFC 7303, section 3."""
    utf8, latin = "<a>é€</a>".encode(), b"<a>\xe9\x80</a>"
    for declared in ("", "ISO-8859-1", "utf-16", "UTF-16LE", "windows-1250", "nonsense", "Shift_JIS"):
        head = f'<?xml version="1.0" encoding="{declared}"?>'.encode() if declared else b""
        for charset in ("utf-8", "UTF8", "nonsense"):
            assert parse(head + utf8, charset=charset).text == "é€"
        for charset in ("ISO-8859-1", "us-ascii", "windows-1252", "latin1"):
            assert parse(head + latin, charset=charset).text == "é€"
            assert parse(b"\xef\xbb\xbf" + head + utf8, charset=charset).text == "é€"
        for codec in ("utf-16-le", "utf-16-be"):
            wide = ("\ufeff" + head.decode() + "<a>é€</a>").encode(codec)
            assert parse(wide, charset="ISO-8859-1").text == "é€"
            assert parse(wide).text == "é€"


@pytest.mark.parametrize(
    ("label", "data", "text"),
    [
        ("ISO-8859-1", b"\x80\x91\x81", "€‘\x81"),
        ("ISO-8859-15", b"\xa4", "€"),
        ("ISO-8859-2", b"\xb9", "š"),
        ("windows-1250", b"\x9a", "š"),
        ("windows-1251", b"\xc6", "Ж"),
        ("Shift_JIS", "日本".encode("shift_jis"), "日本"),
    ],
)
def test_character_sets(label: str, data: bytes, text: str) -> None:
    assert parse(b"<a>" + data + b"</a>", charset=label).text == text
    assert parse(f'<?xml version="1.0" encoding="{label}"?>\n<a>'.encode() + data + b"</a>").text == text


def test_declared_utf16_over_bytes_that_are_none() -> None:
    """.NET's XmlSerializer to a StringWriter; bytes that are no UTF-8 are what the declaration says."""
    for declared in ("utf-16", "UTF-16LE", "utf-16BE"):
        assert parse(f'<?xml version="1.0" encoding="{declared}"?><a>é</a>'.encode()).text == "é"
    assert parse(b'<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>', charset="utf-8").text == "é"


LAUGHS = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e0 "ha">%s]>' % b"".join(
    b'<!ENTITY e%d "%s">' % (level, b"&e%d;" % (level - 1) * 10) for level in range(1, 30)
)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text",
        b"<a>",
        b"<a/><b/>",
        b"<a></b>",
        b"<a>1 & 2</a>",
        b"<a>1 < 2</a>",
        b'<a b="<"/>',
        b'<a b="1" b="2"/>',
        b"<a>&x;</a>",
        b"<a>&#0;</a>",
        b"<a>\xe9</a>",
        b"<a>\x00</a>",
        b'<?xml version="1.0" encoding="utf-8"?><a>\xff</a>',
        b' <?xml version="1.0"?><a/>',
        b'\n<?xml version="1.0"?><a/>',
        b"<!DOCTYPE a><a/>",
        b"<!DOCTYPE a []><a/>",
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
        b'<!DOCTYPE a [<!ENTITY % e SYSTEM "http://127.0.0.1:9/x.dtd"> %e;]><a/>',
        b'<!DOCTYPE a [<!ENTITY e "%s">]><a>%s</a>' % (b"x" * 50_000, b"&e;" * 50_000),
        LAUGHS + b"<a>&e29;</a>",
        LAUGHS + b'<a b="&e29;"/>',
        LAUGHS.decode().encode("utf-16") + "<a>&e29;</a>".encode("utf-16-le"),
    ],
)
def test_refused(data: bytes) -> None:
    started = time.monotonic()
    with pytest.raises(Malformed) as caught:
        parse(data)
    assert time.monotonic() - started < 1
    assert "passwd" not in str(caught.value)


def test_position() -> None:
    with pytest.raises(Malformed) as caught:
        parse(b"<a>\n  1 & 2</a>")
    assert (caught.value.line, caught.value.column) == (2, 6)
    assert "line" not in caught.value.message


@pytest.mark.parametrize("text", ["&amp;", "&#38;", "&#x26;", "&amp;#38;", "&amp;amp;#38;", "&lt;&#60;&quot;&apos;"])
def test_ampersands_of_an_attribute(text: str) -> None:
    root = parse(f'<a b="{text}">{text}</a>'.encode())
    assert root.attributes["b"] == root.text


@pytest.mark.slow
def test_limits() -> None:
    parse(b"<a>" * 64 + b"</a>" * 64)
    parse(b"<a>%s</a>" % (b"<b c='1'/>" * 4999), max_elements=9999)
    with pytest.raises(TooDeep):
        parse(b"<a>" * 65 + b"</a>" * 65)
    with pytest.raises(TooDeep):
        parse(b"<a>" * 100_000)
    with pytest.raises(TooLarge):
        parse(b"<a>%s</a>" % (b"<b/>" * 100_000))
    with pytest.raises(TooLarge):
        parse(b"<a>%s</a>" % (b"<b c='1'/>" * 5000), max_elements=9999)
    with pytest.raises(TooLarge):
        parse(b"<a/>", max_bytes=3)


@given(st.one_of(st.binary(), st.text("<>/ab =\"'&;#x1![]-?\n\xe9").map(str.encode)))
def test_nothing_else_is_raised(data: bytes) -> None:
    for document in (data, b"<a>" + data + b"</a>", b"<?xml version='1.0' encoding='" + data + b"'?><a/>"):
        with suppress(Malformed, TooLarge):
            parse(document)


def test_messages_are_one_line() -> None:
    with pytest.raises(Malformed, match=r"^Invalid character: Char 0x0 out of allowed range$"):
        parse(b"<a>\x00</a>")


def test_escapes() -> None:
    assert escape_text('<a> & "b"\r\n\t\'\x00\ufffe\ud800é') == '&lt;a&gt; &amp; "b"&#xD;\n\t\'\ufffd\ufffd\ufffdé'
    assert escape_attribute('<a> & "b"\r\n\t\'\x0b') == "&lt;a&gt; &amp; &quot;b&quot;&#xD;&#xA;&#x9;'\ufffd"


@given(st.one_of(st.text(), st.text("&#38;amp<>\"'\t\n\r")))
def test_what_is_escaped_is_read_back(text: str) -> None:
    document = f'<a b="{escape_attribute(text)}">{escape_text(text)}</a>'.encode()
    root = parse(document)
    other = ElementTree.fromstring(document)  # noqa: S314
    assert (other.text or "", other.get("b")) == (root.text, root.attributes["b"])
    assert root.text == carried_text(text)
    assert len(root.text) == len(text)
    assert all(a in (b, "\ufffd") for a, b in zip(root.text, text, strict=True))
    assert root.attributes["b"] == root.text
