"""A client of the Crust dialect with the web client's habits: JSON bodies on every call, cookie credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from adapter.wire import Headers, WireRequest, WireResponse
from dialects.crust.auth.jwt import sign
from tests.support.world import World

JSON = "application/json"


class CrustClient:
    """Signed in as the user with that API token; `last` is the last answer."""

    def __init__(self, world: World, token: str = "ann-token") -> None:
        self.endpoint = world.endpoint("crust")
        self.user = world.principal(token)
        self.jwt = sign(self.user.user_id, 2**40, world.core.accounts.secret())
        self.last = WireResponse(0, [])

    def send(
        self,
        method: str,
        target: str,
        body: bytes = b"{}",
        content_type: str | None = JSON,
        headers: tuple[tuple[str, str], ...] = (),
        *,
        signed_in: bool = True,
    ) -> WireResponse:
        pairs = [("Host", "crm.example"), *headers]
        if content_type is not None:
            pairs.append(("Content-Type", content_type))
        if signed_in:
            pairs.append(("Cookie", f"jwt={self.jwt}"))
        path, _, query = target.partition("?")
        self.last = self.endpoint.send(WireRequest(method, path, query, Headers(pairs), body))
        return self.last

    def text(self, method: str, target: str, body: Any = b"{}", content_type: str | None = JSON) -> str:
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        return self.send(method, target, data, content_type).body.decode()

    def call(self, method: str, target: str, body: Any = b"{}") -> Any:
        """The answer's ``response``; the message of an error."""
        answer = orjson.loads(self.text(method, target, body))
        if "error" in answer:
            return answer["error"]["message"]
        return answer.get("response", answer.get("success"))

    def get(self, target: str) -> Any:
        return self.call("GET", target)

    def post(self, target: str, body: Any) -> Any:
        return self.call("POST", target, body)

    # -- shorthands -----------------------------------------------------------------------------------

    def make_module(self, *names: str, name: str = "Leads") -> str:
        """A module of text fields; gives its path."""
        fields = [{"name": field, "label": field.title(), "kind": "String"} for field in names]
        return f"/module/{self.post('/module/', {'name': name, 'fields': fields})['moduleID']}"

    def system(self, name: str) -> str:
        """The path of a system module."""
        return next(f"/module/{module['moduleID']}" for module in self.get("/module/") if module["name"] == name)

    def add(self, module: str, values: Mapping[str, str] | None = None, **more: str) -> str:
        """A record; gives its id."""
        return str(self.post(f"{module}/content", fields({**(values or {}), **more}))["contentID"])

    def values(self, module: str, id: str) -> dict[str, str]:
        """A record's values that are not empty."""
        return plain(self.get(f"{module}/content/{id}"))

    def names(self, target: str, field: str) -> list[str]:
        """The values of one field in a content list."""
        return [plain(record).get(field, "") for record in self.get(target)["contents"]]


def fields(values: Mapping[str, str]) -> dict[str, Any]:
    return {"fields": [{"name": name, "value": value} for name, value in values.items()]}


def plain(record: Any) -> dict[str, str]:
    return {field["name"]: field["value"] for field in record["fields"] if field["value"]}


def encoded(text: str) -> str:
    return quote(text, safe="")
