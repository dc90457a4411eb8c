"""A client of the opentaps dialect for tests: sends forms as its real clients do, and gives the `resultValue`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from adapter.wire import Headers, WireRequest, WireResponse
from canonical.accounts import Principal
from canonical.service.desk import CoreDesk
from tests.support.world import NOON, World

FORM = "application/x-www-form-urlencoded"
JSON_TYPE = "application/json;charset=UTF-8"
Fields = dict[str, Any] | list[tuple[str, str]]
_COUNT = itertools.count(1)


class Client:
    """Speaks for the holder of `token`; `domain` None leaves `clientDomain` out.

    In what `send` is given ``T0K`` stands for the token and ``acme.com`` for the domain.
    """

    def __init__(self, world: World, slug: str, token: str | None, domain: str | None) -> None:
        self.world = world
        self.slug = slug
        self.token = token
        self.domain = domain

    @classmethod
    def fresh(cls, world: World, *hosts: str) -> Client:
        """A tenant of its own with the administrator ann (Ann Lee)."""
        slug = f"t{next(_COUNT)}"
        world.add_tenant(slug, *(hosts or (f"{slug}.com",)))
        owner = cls(world, slug, None, f"{slug}.com")
        return owner.user("ann", admin=True, first_name="Ann", last_name="Lee", email="ann@acme.test")

    def user(self, username: str, **values: Any) -> Client:
        """A colleague."""
        token = f"{self.slug}-{username}-token"
        self.world.add_user(username, tenant=self.slug, token=token, **values)
        return Client(self.world, self.slug, token, self.domain)

    def but(self, **changes: str | None) -> Client:
        """The same with another `token` or `domain`."""
        return Client(self.world, self.slug, changes.get("token", self.token), changes.get("domain", self.domain))

    @property
    def principal(self) -> Principal:
        return self.world.principal(self.token or "")

    def desk(self) -> CoreDesk:
        """A desk that reads, as another dialect would."""
        return self.world.desk(self.token or "")

    def write(self, work: Callable[[CoreDesk], Any], dialect: str = "test") -> Any:
        """Runs `work` on the core, as another dialect would."""
        return self.world.write(work, self.token or "", dialect)

    def send(
        self, method: str, target: str, body: bytes = b"", content_type: str | None = FORM, **headers: str
    ) -> WireResponse:
        """Exactly this request; every answer must be ASCII JSON that browsers may read."""
        path, _, query = self._own(target).partition("?")
        pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
        if content_type is not None:
            pairs.append(("Content-Type", content_type))
        sent = self._own(body.decode("latin-1")).encode("latin-1")
        response = self.world.endpoint("opentaps").send(WireRequest(method, path, query, Headers(pairs), sent))
        assert response.header("Content-Type") == JSON_TYPE
        assert response.header("Access-Control-Allow-Origin") == "*"
        assert response.body.isascii()
        return response

    def _own(self, text: str) -> str:
        return text.replace("T0K", self.token or "").replace("acme.com", self.domain or "")

    def ask(self, method: str, path: str, fields: Fields | None = None, **more: Any) -> WireResponse:
        """With token and domain added: in the query of GET and DELETE, in the body of the others."""
        pairs = list(fields.items()) if isinstance(fields, dict) else list(fields or [])
        pairs += list(more.items())
        if self.token is not None:
            pairs.append(("authToken", self.token))
        if self.domain is not None:
            pairs.append(("clientDomain", self.domain))
        form = urlencode(pairs)
        if method in ("GET", "DELETE"):
            return self.send(method, f"{path}?{form}", content_type=None)
        return self.send(method, path, form.encode())

    def value(self, method: str, path: str, fields: Fields | None = None, *, expect: int = 200, **more: Any) -> Any:
        """The `resultValue` of an answer with that status."""
        response = self.ask(method, path, fields, **more)
        assert response.status == expect, response.body
        return orjson.loads(response.body)["result"]["resultValue"]

    def create(self, text: str = "Call Bo", path: str = "/activities", **fields: Any) -> Any:
        return self.value("POST", path, {"noteText": text, **fields}, expect=201)

    def contact(self, **fields: Any) -> Any:
        return self.value("POST", "/contact", {"firstName": "Bo", **fields})

    def bare(self, path: str) -> Any:
        """A GET whose answer has no envelope."""
        response = self.ask("GET", path)
        assert response.status == 200, response.body
        return orjson.loads(response.body)

    def refusal(self, method: str, path: str, fields: Fields | None = None, *, expect: int, **more: Any) -> str:
        """The message of an error with that status, which is the same in both of its places."""
        return refused(self.ask(method, path, fields, **more), expect)


def refused(response: WireResponse, expect: int) -> str:
    """The message of an error answer."""
    assert response.status == expect, response.body
    data = orjson.loads(response.body)
    assert data["result"]["errorMessage"] == data["error"]
    return str(data["error"])


def local_id(wire_id: str) -> int:
    """The number of the record that a wire id names."""
    return int(wire_id[8:], 16)


def quick_world(folder: Path) -> World:
    """A world without a tenant, and without the slow hashing of passwords that no client of this API sends."""
    world = World(folder, empty=True)
    world.core.accounts.set_password = lambda *_, **__: None  # type: ignore[method-assign]
    return world


def world_fixture() -> Any:
    """One world for a module."""

    @pytest.fixture(scope="module")
    def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
        with quick_world(tmp_path_factory.mktemp("opentaps")) as made:
            yield made

    return world


def ann_fixture() -> Any:
    """A tenant's administrator for one test; the time is noon of 2014-06-01 again."""

    @pytest.fixture
    def ann(world: World) -> Client:
        world.now = NOON
        return Client.fresh(world)

    return ann
