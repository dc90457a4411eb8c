"""Redaction: one placeholder for a secret, in every place and encoding."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest

from adapter.contract.redaction import Redactor

SECRET = "pä$s/w+rd \"&<'>"
HEAD = b"POST /x HTTP/1.1\r\nHost: v\r\nContent-Type: text/plain\r\n"


def message(body: str) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body.encode()) + body.encode()


WAYS = {
    "text": SECRET,
    "percent": quote(SECRET, safe=""),
    "plus": quote_plus(SECRET),
    "lower percent": "".join(f"%{byte:02x}" for byte in SECRET.encode()),
    "twice percent": quote(quote(SECRET, safe=""), safe=""),
    "json": json.dumps(SECRET)[1:-1],
    "json unicode": json.dumps(SECRET, ensure_ascii=False)[1:-1],
    "php": json.dumps(SECRET)[1:-1].replace("/", "\\/"),
    "go": json.dumps(SECRET)[1:-1].replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"),
    "xml": html.escape(SECRET),
    "xml numbers": "".join(f"&#{ord(c)};" for c in SECRET),
    "xml hex": "".join(f"&#x{ord(c):X};" for c in SECRET),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 for addresses": base64.urlsafe_b64encode(SECRET.encode()).decode(),
    "basic": base64.b64encode(b"ann:" + SECRET.encode()).decode(),
    "basic, one byte on": base64.b64encode(b"anna:" + SECRET.encode()).decode(),
    "basic, two bytes on": base64.b64encode(b"annas:" + SECRET.encode()).decode(),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_known_secret_is_found_in_any_encoding(way: str) -> None:
    redactor = Redactor({})
    redactor.learn(
        b"POST / HTTP/1.1\r\nHost: v\r\nContent-Type: application/json\r\n\r\n"
        + json.dumps({"password": SECRET}).encode()
    )
    written = WAYS[way]
    cleaned = redactor.clean(message(f"before {written} after"))
    assert written.encode() not in cleaned
    assert b"before {{password:1}} after" in cleaned
    assert not redactor.holds_secret(cleaned)
    head, _, body = cleaned.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /x?access_token=s3cr3t-value HTTP/1.1\r\nHost: v\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: v\r\nCookie: a=1; sid=s3cr3t-value\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: v\r\nAuthorization: Bearer s3cr3t-value\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: v\r\nX-Own: s3cr3t-value\r\n\r\n",
        b"POST /x HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\na=b&password=s3cr3t-value",
        b"POST /x HTTP/1.1\r\nContent-Type: text/xml\r\n\r\n<a><password>s3cr3t-value</password></a>",
        b"HTTP/1.1 302 Found\r\nLocation: https://v/cb?a=1&token=s3cr3t-value\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=s3cr3t-value; Path=/\r\n\r\n",
        b'POST /x HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{"password": "s3cr3t-value", ',
        b'POST /x HTTP/1.1\r\nContent-Type: text/xml\r\n\r\n<login password="s3cr3t-value"/>',
        b"POST /x HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
        b'Content-Disposition: form-data; name="password"\r\n\r\ns3cr3t-value\r\n--b--\r\n',
    ],
    ids=[
        "query",
        "cookie",
        "bearer",
        "named header",
        "form",
        "xml",
        "location",
        "set-cookie",
        "half",
        "attribute",
        "multipart",
    ],
)
def test_a_secret_is_known_by_its_place(raw: bytes) -> None:
    redactor = Redactor({}, ["X-Own"])
    redactor.learn(raw)
    assert b"s3cr3t-value" not in redactor.clean(raw)


def test_the_dummy_password_of_basic_leaves_words_alone() -> None:
    redactor = Redactor({"basic-username": "token"})
    redactor.learn(b"GET / HTTP/1.1\r\nAuthorization: Basic " + base64.b64encode(b"tok-123456:x") + b"\r\n\r\n")
    assert b"xylophone x" in redactor.clean(message("xylophone x"))
