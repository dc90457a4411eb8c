"""A small AffinityLive client for tests: requests as clients send them, answers taken apart."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from adapter.wire import Headers, WireRequest, WireResponse
from tests.support.world import World

FORM = "application/x-www-form-urlencoded"
JSON = "application/json; charset=UTF-8"
NEEDED: dict[str, dict[str, object]] = {
    "/tasks": {"title": "Ring", "against_type": "staff", "against_id": 1},
    "/issues": {"title": "Broken", "type_id": 1, "against_type": "staff", "against_id": 1},
    "/prospects": {"title": "Deal", "type_id": 1, "affiliation_id": 1},
}
"""What a create must have (dossier, section 8.4); party 1 is the contact card of the first user."""


class Client:
    """Sends to the AffinityLive endpoint of a world, as one user."""

    def __init__(self, world: World, token: str | None = "ann-token", tenant: str | None = None) -> None:
        self.world = world
        self.token = token
        self.tenant = tenant

    def send(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        kind: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        host: str = "localhost",
    ) -> WireResponse:
        path, _, query = target.partition("?")
        pairs = list(headers)
        if self.token is not None:
            pairs.append(("Authorization", f"Bearer {self.token}"))
        if kind is not None:
            pairs.append(("Content-Type", kind))
        request = WireRequest(method, path, query, Headers(pairs), body, f"http://{host}", host)
        return self.world.endpoint("affinitylive", self.tenant).send(request)

    def get(self, path: str, **query: object) -> Any:
        """The `response` of a GET that must be ok. A leading ``_`` of names is part of them."""
        return self._ok(self.send("GET", f"/api/v0{path}{'?' + urlencode(query) if query else ''}"))

    def post(self, path: str, **form: object) -> Any:
        return self._ok(self.send("POST", f"/api/v0{path}", urlencode(form).encode(), FORM))

    def make(self, path: str, **form: object) -> Any:
        """As `post`, with what a create must have and the test says nothing of."""
        needed = dict(NEEDED[path])
        if "contact_id" in form or "company_id" in form:
            needed.pop("affiliation_id", None)
        return self.post(path, **{**needed, **form})

    def put(self, path: str, **form: object) -> Any:
        return self._ok(self.send("PUT", f"/api/v0{path}", urlencode(form).encode(), FORM))

    def json(self, method: str, path: str, data: object) -> Any:
        return self._ok(self.send(method, f"/api/v0{path}", json.dumps(data).encode(), JSON))

    def delete(self, path: str) -> Any:
        return self._ok(self.send("DELETE", f"/api/v0{path}"))

    def ids(self, path: str, filters: str | dict[str, Any] = "", **query: object) -> list[int]:
        """The ids that a list under filters has, in order."""
        if isinstance(filters, dict):
            data = {"_method": "GET", "_filters": filters, "_limit": 100, **query}
            rows = self.json("POST", path, data)
        else:
            rows = self.get(path, _filters=filters, _limit=100, **query)
        return [int(row["id"]) for row in rows]

    @staticmethod
    def _ok(response: WireResponse) -> Any:
        assert response.status == 200, (response.status, response.body[:500])
        data = json.loads(response.body)
        assert data["meta"]["status"] == "ok"
        return data["response"]


def status(response: WireResponse) -> tuple[int, str]:
    """HTTP code and meta.status."""
    return response.status, json.loads(response.body)["meta"]["status"]
