"""Zurmo: HTTP 200 and the envelope for success and failure; an HTML page where no API answer fits.

Sources: zurmo dossier, sections 1, 4 and 6.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from lxml import etree

from adapter.formats import form_body
from adapter.routes import Route
from adapter.wire import Headers, WireRequest, WireResponse
from tests.dialects.shapes import Fields, Shape, header
from tests.support.rivals import Stock
from tests.support.world import World

KEYS = ["status", "data", "message", "errors"]
BAD_REQUEST_TYPE = "<div>Invalid API request type.</div>"
WHAT = {
    "tasks/task": "task",
    "meetings/meeting": "meeting",
    "notes/note": "note",
    "contacts/contact": "person",
    "leads/contact": "person",
    "accounts/account": "organisation",
    "opportunities/opportunity": "opportunity",
    "users/user": "user",
}
EMAIL = {"emailAddress": "a@b.test", "optOut": "0", "isInvalid": "0"}
ADDRESS = {"street1": "1 Quay St", "city": "Bergen", "postalCode": "5003", "country": "Norway"}
PERSON: Fields = {
    "firstName": "Zoë",
    "lastName": "Lund",
    "jobTitle": "Buyer",
    "companyName": "Fjord",
    "description": "tall",
    "website": "http://fjord.example",
    "mobilePhone": "+47 555 01",
    "title": {"value": "Mr."},
    "industry": {"value": "Retail"},
    "primaryEmail": EMAIL,
    "primaryAddress": ADDRESS,
    "account": {"id": "0"},
    "owner": {"id": "0"},
    "state": {"id": "6"},
    "explicitReadWriteModelPermissions": {"type": "1", "nonEveryoneGroup": "1"},
}
LINKS: Fields = {"activityItems": {"0": {"action": "add", "modelId": "0", "modelClassName": "Contact"}}}
SAMPLES: dict[str, Fields] = {
    "tasks/task": {
        "name": "Call",
        "description": "about it",
        "dueDateTime": "2015-03-02 09:00:00",
        "completedDateTime": "2015-03-02 09:00:00",
        "completed": "0",
        "status": "2",
        "owner": {"id": "0"},
        "project": {"id": "3"},
        "requestedByUser": {"id": "0"},
        "createdDateTime": "2015-03-02 09:00:00",
        "modelScenario": "importModel",
        "modelRelations": LINKS,
    },
    "meetings/meeting": {
        "name": "Talk",
        "startDateTime": "2015-03-02 09:00:00",
        "endDateTime": "2015-03-02 10:00:00",
        "location": "Oslo",
        "category": {"value": "Call"},
        "modelRelations": LINKS,
    },
    "notes/note": {
        "description": "Met at the fair",
        "occurredOnDateTime": "2015-03-02 09:00:00",
        "modelRelations": LINKS,
    },
    "contacts/contact": PERSON,
    "leads/contact": PERSON,
    "accounts/account": {
        "name": "Fjord AS",
        "officePhone": "+47 555 02",
        "employees": "12",
        "annualRevenue": "12.5",
        "website": "fjord.example",
        "type": {"value": "Customer"},
        "billingAddress": ADDRESS,
        "primaryEmail": EMAIL,
    },
    "opportunities/opportunity": {
        "name": "New shop",
        "closeDate": "2015-03-02",
        "probability": "50",
        "amount": {"value": "99.5", "currency": {"id": "1"}},
        "stage": {"value": "Negotiating"},
        "source": {"value": "Inbound Call"},
        "account": {"id": "0"},
    },
    "users/user": {
        "username": "lea",
        "password": "lea-secret-word",
        "lastName": "Lea",
        "language": "en",
        "timeZone": "Europe/Oslo",
        "isActive": "1",
        "manager": {"id": "0"},
        "currency": {"id": "1"},
        "primaryEmail": EMAIL,
    },
    "zurmo/customField": {"values": {"0": "Fishing"}},
}


def sign_in(world: World, username: str) -> str:
    """Session id and token, by a login as clients send it."""
    names = {"ZURMO_AUTH_USERNAME": username, "ZURMO_AUTH_PASSWORD": f"{username}-pw"}
    headers = [*names.items(), ("Accept", "application/json"), ("ZURMO_API_REQUEST_TYPE", "REST")]
    request = WireRequest("POST", "/app/index.php/zurmo/api/login", headers=Headers(headers))
    data = json.loads(world.endpoint("zurmo").send(request).body)["data"]
    return f"{data['sessionId']}:{data['token']}"


def sign(request: WireRequest, credentials: str) -> None:
    session, _, token = credentials.partition(":")
    request.headers.pairs += [("ZURMO_SESSION_ID", session), ("ZURMO_TOKEN", token)]


def prepare(request: WireRequest) -> None:
    request.headers.pairs.append(("ZURMO_API_REQUEST_TYPE", "REST"))
    if "Accept" not in request.headers:
        request.headers.pairs.append(("Accept", "application/json"))


def envelope(response: WireResponse) -> dict[str, Any]:
    """The four values of a JSON or XML answer; ``{}`` for a page."""
    if response.status != 200:
        return {}
    if response.body.startswith(b"<"):
        root = etree.fromstring(response.body)
        assert root.tag == "zurmoMessage"
        return {str(child.tag): child.text or (None if not len(child) else {}) for child in root}
    found = json.loads(response.body)
    assert isinstance(found, dict)
    return found


def check(request: WireRequest, response: WireResponse) -> None:
    assert header(response, "Content-type") == "text/html; charset=UTF-8"
    accept = request.headers.get("Accept") or ""
    if accept.find("json") <= 0 and accept.find("xml") <= 0:
        assert response.status == 500
        assert BAD_REQUEST_TYPE.encode() in response.body
        return
    assert any(
        name == "Set-Cookie" and re.fullmatch(r"PHPSESSID=[A-Za-z0-9,-]{1,128}; path=/", value)
        for name, value in response.headers
    )
    if response.status == 404:
        assert b"<title>ZurmoCRM - Oh no!</title>" in response.body
        assert b"Unable to resolve the request" in response.body or b"unable to find the requested" in response.body
        return
    assert response.status == 200, response.status
    assert response.body.startswith(b"{" if accept.find("json") > 0 else b"<")
    assert response.body.isascii() or accept.find("json") <= 0
    found = envelope(response)
    assert list(found) == KEYS
    if found["status"] == "FAILURE":
        assert found["data"] is None
        assert found["message"] is None or isinstance(found["message"], str)
        assert found["errors"] is None or (found["errors"] and isinstance(found["errors"], dict))
        if accept.find("json") > 0:
            assert isinstance(found["message"], str), "k6 crashes on null"
    else:
        assert found["status"] == "SUCCESS"
        assert found["message"] is None
        assert found["errors"] is None


def failed(response: WireResponse) -> bool:
    return response.status != 200 or envelope(response)["status"] == "FAILURE"


def partly(response: WireResponse) -> bool:
    """The field update stays when relations fail (zurmo dossier, section 6)."""
    return (envelope(response).get("message") or "").startswith("Model was updated, but")


def refused(route: Route, response: WireResponse) -> bool:
    return envelope(response) == {"status": "FAILURE", "data": None, "message": "Sign in required.", "errors": None}


def own(route: Route, stock: Stock) -> Mapping[str, str]:
    what = WHAT.get(str(route.meta.get("path")), "task")
    rest = str(stock[what]) if route.meta.get("action") in ("read", "update", "delete") else ""
    return {"rest": rest, "module": "tasks", "entity": "task", "action": "frob"}


def sample(route: Route, stock: Stock) -> Fields | None:
    found = SAMPLES.get(str(route.meta.get("path")))
    return found if route.meta.get("action") in ("create", "update", "addValues") else None


def encode(route: Route, fields: Fields, choice: int) -> tuple[str, bytes]:
    if choice % 8 == 7:
        boundary = "frontier"
        parts = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in form_body.parse_pairs(form_body.build_query({"data": fields}))
        )
        body = f"{parts}--{boundary}--\r\n".encode("utf-8", "replace")
        return f"multipart/form-data; boundary={boundary}", body
    return "application/x-www-form-urlencoded", form_body.build_query({"data": fields}).encode("utf-8", "replace")


def crash(request: WireRequest, response: WireResponse) -> bool:
    """The page for an Accept that names neither JSON nor XML, and nothing else (zurmo dossier, section 6)."""
    accept = request.headers.get("Accept") or ""
    return accept.find("json") <= 0 and accept.find("xml") <= 0 and BAD_REQUEST_TYPE.encode() in response.body


SHAPE = Shape(
    base="/app/index.php",
    sign_in=sign_in,
    sign=sign,
    prepare=prepare,
    check=check,
    failed=failed,
    refused=refused,
    own=own,
    wrong=(
        "0123456789abcdef0123456789abcdef:0123456789abcdef0123456789abcdef",
        "no one:",
        ":",
        "x" * 5000 + ":y",
        "ÿ:ÿ",
    ),
    queries=(
        "id",
        "filter",
        "pagination[page]",
        "pagination[pageSize]",
        "sort",
        "search[{}]",
        "search[name]",
        "search[id]",
        "search[owner][id]",
        "dynamicSearch[dynamicStructure]",
        "data[sinceDateTime]",
    ),
    sample=sample,
    encode=encode,
    partly=partly,
    crash=crash,
)
