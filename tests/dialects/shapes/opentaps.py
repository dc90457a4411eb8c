"""opentaps: plain HTTP, always an ASCII JSON body, errors told twice for clients of two eras.

Sources: opentaps dossier, sections 1, 4 and 6.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from adapter.routes import Route
from adapter.wire import WireRequest, WireResponse
from tests.dialects.shapes import Fields, Shape, api_token, header
from tests.support.rivals import Stock
from tests.support.world import NOON

STATUSES = (200, 201, 400, 401, 403, 404, 405, 413)
ACTIVITY: Fields = {
    "noteText": "Café visit",
    "note_field_mood": "good",
    "activityType": "NOTE",
    "status": "CREATED",
    "scheduledDateTime": "2014-01-20 20:42:56.5",
    "assignedToContactId": "0",
    "responsibleContactId": "0",
    "parentActivityId": "0",
    "tagName": "vip",
    "tagUrl": "http://a.test",
    "created_by_user_name": "Ann",
}
CONTACT: Fields = {
    "firstName": "Zoë",
    "lastName": "Lund",
    "companyName": "Fjord",
    "emailsNumber": "1",
    "email0": "a@b.test",
    "emailPurpose0": "PRIMARY",
    "phonesNumber": "1",
    "phone0": "+47 555 01",
    "attribute_colour": "red",
}
SAMPLES: dict[str, Fields] = {
    "activities": ACTIVITY,
    "task": ACTIVITY,
    "contact": CONTACT,
    "tag": {"tagName": "vip", "tagUrl": "http://a.test", "tagKeywords": "a,b", "parentTagId": "0", "tagId": "1"},
    "admin": {
        "userId": "lea@b.test",
        "userIdType": "EMAIL",
        "contactId": "0",
        "permission": "CONTACT_VIEW",
        "firstName": "Lea",
        "lastName": "Roy",
        "activityType": "CHAT",
    },
    "contact-group": {"groupName": "vips", "groupId": "0"},
    "contact-group-member": {"groupId": "0", "contactId": "0"},
}


def number(kind: str, id: int) -> str:
    """24 hex digits: 8 of the creation time, 16 of the id (decisions, section 5)."""
    return f"{NOON // 1_000_000:08x}{id:016x}"


def sign(request: WireRequest, credentials: str) -> None:
    pair = urlencode({"authToken": credentials})
    request.query = f"{request.query}&{pair}" if request.query else pair


def prepare(request: WireRequest) -> None:
    """Nothing goes with every call."""


def check(request: WireRequest, response: WireResponse) -> None:
    assert response.status in STATUSES, response.status
    assert header(response, "Access-Control-Allow-Origin") == "*"
    if request.method == "OPTIONS":
        assert (response.status, response.body) == (200, b"")
        assert header(response, "Access-Control-Allow-Methods") == "GET, POST, PUT, DELETE, OPTIONS"
        return
    assert header(response, "Content-Type") == "application/json;charset=UTF-8"
    assert response.body.isascii()
    found = json.loads(response.body)
    if request.path.startswith("/contact") and response.status == 200 and isinstance(found, list):
        # Two calls answer without an envelope (opentaps dossier, section 8).
        assert all(isinstance(item, dict) for item in found)
        return
    assert isinstance(found, dict)
    assert (response.status == 405) == (header(response, "Allow") is not None)
    if response.status >= 400:
        assert isinstance(found["error"], str)
        assert found["error"]
        assert found["result"]["errorMessage"] == found["error"]
        if "errors" in found:
            assert found["errors"] == found["result"]["errorDetail"]
        else:
            assert found["result"]["resultValue"] == {"note": ""}


def failed(response: WireResponse) -> bool:
    return response.status >= 400


def refused(route: Route, response: WireResponse) -> bool:
    """The mount of 2012 is not there at all unless the tenant wants it (opentaps dossier, section 8)."""
    return response.status == (404 if route.template.startswith("/notes/") else 401)


def own(route: Route, stock: Stock) -> Mapping[str, str]:
    what = "task" if "/task" in route.template else "note"
    return {"id": number("activity", stock[what]), "start": "0", "userKey": "rob"}


def sample(route: Route, stock: Stock) -> Fields | None:
    if not route.writes or route.methods == ("DELETE",):
        return None
    return SAMPLES.get(route.template.split("/")[1])


def encode(route: Route, fields: Fields, choice: int) -> tuple[str, bytes]:
    if choice % 3 == 2:
        return "application/json", json.dumps(fields).encode()
    pairs = [f"{quote(str(name))}={quote(str(value), errors='replace')}" for name, value in fields.items()]
    return "application/x-www-form-urlencoded", "&".join(pairs).encode()


SHAPE = Shape(
    base="",
    sign_in=api_token,
    sign=sign,
    prepare=prepare,
    check=check,
    failed=failed,
    refused=refused,
    own=own,
    number=number,
    wrong=("nobody-token", "", "x" * 2000, "' or '1'='1", "ÿ\x00"),
    queries=(
        "activityType",
        "status",
        "contactId",
        "parentActivityId",
        "clientDomain",
        "numberOfActivities",
        "startFrom",
        "note_field_{}",
        "tagName",
        "tagId",
        "groupId",
        "email",
        "order",
    ),
    sample=sample,
    encode=encode,
)
