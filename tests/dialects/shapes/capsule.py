"""Capsule: plain HTTP, XML or JSON by Accept, ``message`` bodies for errors, HTML only for 401.

Sources: capsule dossier, sections 1, 4 and 6.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from adapter.routes import Route
from adapter.wire import WireRequest, WireResponse
from tests.dialects.shapes import Fields, Shape, api_token, header
from tests.support.rivals import Stock

DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><'
CHALLENGE = 'Basic realm="seamApp"'
STATUSES = (200, 201, 400, 401, 403, 404, 405, 406, 413, 415, 500)
WHAT = {"task": "task", "tasks": "task", "party": "person", "opportunity": "opportunity", "kase": "case"}
ROOTS = {"task": "task", "history": "historyItem", "opportunity": "opportunity", "kase": "kase"}
CONTACTS: Fields = {
    "email": {"type": "Work", "emailAddress": "a@b.test", "id": "0"},
    "phone": {"type": "Mobile", "phoneNumber": "+47 555 01"},
    "website": {"type": "Work", "webAddress": "fjord.example", "webService": "URL"},
    "address": {"type": "Office", "street": "1 Quay St", "city": "Bergen", "zip": "5003", "country": "Norway"},
}
SAMPLES: dict[str, Fields] = {
    "task": {
        "description": "Ring Zoë",
        "detail": "soon",
        "category": "Call",
        "dueDate": "2014-06-03T00:00:00Z",
        "dueDateTime": "2014-06-03T09:30:00Z",
        "owner": "rob",
        "status": "OPEN",
        "partyId": "1",
    },
    "historyItem": {
        "note": "Met at the fair",
        "entryDate": "2014-06-03T09:30:00Z",
        "creator": "rob",
        "participants": {"participant": {"name": "Ole", "emailAddress": "ole@b.test", "role": "TO"}},
        "attachments": {"attachment": {"filename": "a.txt", "contentType": "text/plain"}},
    },
    "opportunity": {
        "name": "New shop",
        "description": "big",
        "currency": "GBP",
        "value": "500.00",
        "durationBasis": "MONTH",
        "duration": "3",
        "expectedCloseDate": "2014-09-30T00:00:00Z",
        "milestone": "Bid",
        "milestoneId": "1",
        "probability": "50",
        "owner": "rob",
    },
    "kase": {
        "name": "Broken till",
        "description": "again",
        "status": "OPEN",
        "owner": "rob",
        "closeDate": "2014-06-03",
    },
    "person": {
        "title": "Mr",
        "firstName": "Ole",
        "lastName": "Dal",
        "jobTitle": "Buyer",
        "about": "tall",
        "organisationName": "Fjord AS",
        "organisationId": "1",
        "contacts": CONTACTS,
    },
    "organisation": {"name": "Fjord AS", "about": "fish", "contacts": CONTACTS},
    "customFields": {
        "customField": {"label": "Region", "tag": "", "text": "North", "date": "2014-06-03", "number": "5"}
    },
}


def sign(request: WireRequest, credentials: str) -> None:
    pair = base64.b64encode(f"{credentials}:x".encode()).decode()
    request.headers.pairs.append(("Authorization", f"Basic {pair}"))


def prepare(request: WireRequest) -> None:
    if "Accept" not in request.headers:
        request.headers.pairs.append(("Accept", "application/json" if len(request.path) % 2 else "application/xml"))


def check(request: WireRequest, response: WireResponse) -> None:
    status, body, kind = response.status, response.body, header(response, "Content-Type")
    assert status in STATUSES, status
    if status == 401:
        assert header(response, "WWW-Authenticate") == CHALLENGE
        assert kind == "text/html;charset=utf-8"
        assert body == b"<html><head><title>401</title></head><body><h1>Unauthorized</h1></body></html>"
        return
    location = header(response, "Location")
    # A tag or a further party that was there already answers 200 with its address.
    assert (location is not None) == (status == 201) or (status == 200 and request.method == "POST")
    if location is not None:
        assert re.fullmatch(re.escape(request.base_url) + r"/api/[a-z]+/[0-9]+(/tag/[!-~]+|/party/[0-9]+)?", location)
    if status < 300:
        assert header(response, "X-RateLimit-Limit") or request.path.startswith("/theme/")
    if not body:
        assert status in (200, 201)
        assert kind == "text/plain; charset=UTF-8"
        return
    if kind in ("application/json", "application/xml;charset=UTF-8", "text/xml;charset=UTF-8"):
        told = _told(body, kind)
        if status >= 400:
            assert list(told) == ["message"]
            assert isinstance(told["message"], str)
            assert told["message"]
        assert (status == 405) == (header(response, "Allow") is not None)
    else:
        assert status == 200
        assert kind is not None
        assert kind.startswith("image/")


def _told(body: bytes, kind: str) -> dict[str, Any]:
    if kind == "application/json":
        found = json.loads(body)
        assert isinstance(found, dict)
        return found
    assert body.startswith(DECLARATION)
    root = ElementTree.fromstring(body)  # noqa: S314, our own
    return {child.tag: child.text for child in root} if root.tag == "response" else {root.tag: ""}


def failed(response: WireResponse) -> bool:
    return response.status >= 400


def refused(route: Route, response: WireResponse) -> bool:
    return response.status == 401


def own(route: Route, stock: Stock) -> Mapping[str, str]:
    parts = route.template.split("/")
    what = {"person": "person", "organisation": "organisation"}.get(parts[2]) or WHAT.get(parts[2], "person")
    return {
        "id": str(stock[what]),
        "item": str(stock["note"]),
        "contact": str(stock["point"]),
        "party": str(stock["person"]),
        "child": str(stock["opportunity" if "opportunity" in parts else "case"]),
        "name": stock.tag,
    }


def _root(route: Route) -> str | None:
    parts = [part for part in route.template.split("/") if part and not part.startswith("{")]
    last = parts[-1]
    if last in ("customfield", "customfields"):
        return "customFields"
    if last in SAMPLES:
        return last
    return ROOTS.get(last)


def sample(route: Route, stock: Stock) -> Fields | None:
    if not route.writes or route.methods == ("DELETE",):
        return None
    root = _root(route)
    return None if root is None else SAMPLES[root]


def encode(route: Route, fields: Fields, choice: int) -> tuple[str, bytes]:
    root = _root(route) or "task"
    if choice % 2:
        return "application/json", json.dumps({root: fields}).encode()
    return "application/xml; charset=utf-8", f"<{root}>{_xml(fields)}</{root}>".encode("utf-8", "replace")


def _xml(value: object) -> str:
    if isinstance(value, dict):
        return "".join(f"<{name}>{_xml(inner)}</{name}>" for name, inner in value.items())
    if isinstance(value, list):
        return "".join(f"<item>{_xml(inner)}</item>" for inner in value)
    return escape("" if value is None else str(value))


def crash(request: WireRequest, response: WireResponse) -> bool:
    """Malformed XML or JSON is a 500 to this vendor, and nothing else is (capsule dossier, section 6)."""
    if request.method not in ("POST", "PUT") or not request.body.strip():
        return False
    return not (_is_json(request.body) and _is_xml(request.body)) and (
        not _is_json(request.body) if b"json" in _kind(request) else not _is_xml(request.body)
    )


def _kind(request: WireRequest) -> bytes:
    kind = request.headers.get("Content-Type") or ("json" if request.body.lstrip()[:1] == b"{" else "xml")
    return kind.encode("latin-1", "replace")


@cache
def _is_json(body: bytes) -> bool:
    try:
        # A lone surrogate is no Unicode text, NaN no JSON.
        json.loads(body.decode("utf-8-sig"), parse_constant=_no_number)
        body.decode("utf-8")
    except (ValueError, RecursionError):
        return False
    return rb"\ud800" not in body


def _no_number(text: str) -> float:
    raise ValueError(text)


@cache
def _is_xml(body: bytes) -> bool:
    # A document type is refused before anybody would expand it.
    if b"<!DOCTYPE" in body:
        return False
    try:
        ElementTree.fromstring(body)  # noqa: S314, without a document type there is nothing to expand
    except (ElementTree.ParseError, ValueError, LookupError):
        return False
    return True


SHAPE = Shape(
    base="",
    sign_in=api_token,
    sign=sign,
    prepare=prepare,
    check=check,
    failed=failed,
    refused=refused,
    own=own,
    wrong=("nobody-token", "", "x" * 2000, "' or '1'='1", "ÿ\x00\n"),
    queries=(
        "start",
        "limit",
        "category",
        "user",
        "status",
        "q",
        "email",
        "tag",
        "lastmodified",
        "milestone",
        "since",
    ),
    sample=sample,
    encode=encode,
    crash=crash,
)
