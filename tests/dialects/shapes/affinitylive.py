"""AffinityLive: ``{"response", "meta"}`` in JSON, XML or YAML; OAuth answers without meta; never 404 or 405.

Sources: affinitylive dossier, sections 1, 4 and 6.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

from adapter.routes import Route
from adapter.wire import Headers, WireRequest, WireResponse
from canonical.errors import Duplicate
from tests.dialects.shapes import Fields, Shape, header
from tests.support.rivals import HOME, RIVAL, VICTIM, Stock
from tests.support.world import World

STATUSES = (200, 302, 400, 401, 403, 429)
NO_TOKEN = "Could not authorize your access (B: No token found)"
META = ("ok", "invalid_request", "duplicate", "invalid_client", "invalid_permission", "too_many_failed_logins")
WHAT = {
    "activities": "note",
    "tasks": "task",
    "companies": "organisation",
    "contacts": "person",
    "staff": "user",
    "issues": "case",
    "prospects": "opportunity",
    "affiliations": "person",
}
ACTIVITY: Fields = {
    "subject": "Kick-off",
    "body": "as agreed",
    "medium": "note",
    "visibility": "all",
    "details": "x",
    "against_type": "company",
    "against_id": "1",
    "owner_type": "staff",
    "owner_id": "1",
    "priority_id": "1",
    "class_id": "1",
    "date_started": "1340044186",
    "date_due": "1340044186",
    "send": "no",
    "to": "contact(1)",
    "staff": "1",
    "parent_id": "0",
    "billable": "60",
    "_fields": "_ALL",
}
SAMPLES: dict[str, Fields] = {
    "activities": ACTIVITY,
    "tasks": {
        "title": "Ring Zoë",
        "description": "soon",
        "against_type": "company",
        "against_id": "1",
        "assignee_id": "1",
        "date_started": "1340044186",
        "date_due": "1340044186",
        "status_id": "1",
        "priority_id": "1",
        "remaining": "60",
    },
    "companies": {"name": "Fjord AS", "website": "fjord.example", "phone": "1", "comments": "x", "status_id": "1"},
    "contacts": {"firstname": "Zoë", "surname": "Lund", "email": "a@b.test", "company_id": "1", "mobile": "1"},
    "issues": {"title": "Broken", "type_id": "1", "against_type": "company", "against_id": "1", "description": "x"},
    "prospects": {"title": "Shop", "type_id": "1", "affiliation_id": "1", "value": "10.5", "weighting": "3"},
}


def sign_in(world: World, username: str) -> str:
    """An access token by client credentials."""
    client = f"{username}@{username}.test"
    tenant = HOME if username in (VICTIM, "ann") else RIVAL
    with suppress(Duplicate):
        world.core.directory.add_application(client, tenant, f"{username}-secret", username)
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": f"{username}-secret"}
    headers = Headers([("Content-Type", "application/x-www-form-urlencoded")])
    request = WireRequest("POST", "/oauth2/v0/token", headers=headers, body=urlencode(form).encode())
    return str(json.loads(world.endpoint("affinitylive", tenant).send(request).body)["access_token"])


def sign(request: WireRequest, credentials: str) -> None:
    request.headers.pairs.append(("Authorization", f"Bearer {credentials}"))


def prepare(request: WireRequest) -> None:
    """Nothing goes with every call."""


def check(request: WireRequest, response: WireResponse) -> None:
    status, body = response.status, response.body
    if request.path.startswith("/oauth2/") or "/oauth2/" in request.path:
        assert status in STATUSES, status
        if body.startswith(b"{") and status >= 400:
            found = json.loads(body)
            assert isinstance(found["error"], str)
            assert "meta" not in found
        return
    assert status in STATUSES, status
    if status == 401:
        assert header(response, "X-Status-Reason") == NO_TOKEN
    kind = header(response, "Content-Type") or ""
    if "json" in kind:
        found = json.loads(body)
        assert isinstance(found, dict)
        assert set(found) == {"response", "meta"}
        if status >= 400:
            assert found["response"] is None
            assert found["meta"]["status"] in META
            assert found["meta"]["message"]
    elif "xml" in kind:
        ElementTree.fromstring(body)  # noqa: S314, our own
    else:
        assert "yaml" in kind or status in (200, 302), kind


def failed(response: WireResponse) -> bool:
    return response.status >= 400


def refused(route: Route, response: WireResponse) -> bool:
    return response.status in (401, 429)


def own(route: Route, stock: Stock) -> Mapping[str, str]:
    parts = route.template.strip("/").split("/")
    what = WHAT.get(next((part for part in parts if part in WHAT), "activities"), "note")
    return {name: str(stock[what]) for name in _names(route)}


def _names(route: Route) -> list[str]:
    parts = (part for part in route.template.split("/") if part.startswith("{"))
    return [part[1:-1].partition(":")[0] for part in parts]


def sample(route: Route, stock: Stock) -> Fields | None:
    if not route.writes or route.methods == ("DELETE",):
        return None
    parts = route.template.strip("/").split("/")
    return next((SAMPLES[part] for part in parts if part in SAMPLES), None)


def encode(route: Route, fields: Fields, choice: int) -> tuple[str, bytes]:
    if choice % 2:
        return "application/json", json.dumps(fields).encode()
    pairs = [f"{quote(str(name))}={quote(str(value), errors='replace')}" for name, value in fields.items()]
    return "application/x-www-form-urlencoded", "&".join(pairs).encode()


SHAPE = Shape(
    base="/api/v0",
    sign_in=sign_in,
    sign=sign,
    prepare=prepare,
    check=check,
    failed=failed,
    refused=refused,
    own=own,
    wrong=("nobody-token", "", "x" * 2000, "' or '1'='1", "ÿ"),
    queries=("_fields", "_filters", "_search", "_limit", "_page", "_order_by", "_method", "_bearer_token", "id"),
    sample=sample,
    encode=encode,
    settings={"affinitylive.rate_limit": "1000000"},
)
