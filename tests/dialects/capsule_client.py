"""A Capsule client for tests: one account in a world, spoken to in this process."""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapter.wire import Headers, WireRequest, WireResponse
from canonical.service.desk import CoreDesk
from tests.support.world import World

XML = "application/xml"
JSON = "application/json"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
RECORDS = ("task", "person", "organisation", "opportunity", "kase")
_COUNT = itertools.count(1)


class Capsule:
    """An account of its own with the user mia (Mia Berg), whose API token it sends."""

    def __init__(self, world: World, slug: str) -> None:
        self.world = world
        self.slug = slug
        self.base_url = f"https://{slug}.capsulecrm.com"
        self.token = self.add_user("mia", first_name="Mia", last_name="Berg", admin=True)

    @classmethod
    def fresh(cls, world: World) -> Capsule:
        slug = f"t{next(_COUNT)}"
        world.add_tenant(slug)
        return cls(world, slug)

    def add_user(self, username: str, **values: Any) -> str:
        """A user of this account; gives the token."""
        token = f"{self.slug}-{username}-token"
        self.world.add_user(username, tenant=self.slug, token=token, **values)
        return token

    def write(self, work: Callable[[CoreDesk], Any]) -> Any:
        """Runs `work` on the core, as another dialect would."""
        return self.world.write(work, self.token)

    def set(self, name: str, value: str) -> None:
        self.world.set(f"capsule.{name}", value, self.slug)

    def send(
        self,
        method: str,
        target: str,
        body: str | bytes | dict[str, Any] = b"",
        content_type: str | None = None,
        accept: str | None = None,
        *,
        token: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> WireResponse:
        """One request; a dict is sent as JSON, text as XML unless `content_type` says otherwise."""
        path, _, query = target.partition("?")
        pair = base64.b64encode(f"{token or self.token}:x".encode()).decode()
        sent = [("Authorization", f"Basic {pair}"), *headers]
        if isinstance(body, dict):
            body, content_type = orjson.dumps(body), content_type or JSON
        elif isinstance(body, str):
            body, content_type = body.encode(), content_type or XML
        if content_type:
            sent.append(("Content-Type", content_type))
        if accept:
            sent.append(("Accept", accept))
        host = f"{self.slug}.capsulecrm.com"
        request = WireRequest(method, path, query, Headers(sent), body, self.base_url, host)
        return self.world.endpoint("capsule", self.slug).send(request)

    def json(self, target: str) -> Any:
        response = self.send("GET", target, accept=JSON)
        assert response.status == 200, response.body
        assert response.header("Content-Type") == JSON
        return orjson.loads(response.body)

    def xml(self, target: str) -> str:
        """The document of a GET, without its declaration."""
        response = self.send("GET", target)
        assert response.status == 200, response.body
        assert response.header("Content-Type") == "application/xml;charset=UTF-8"
        text = response.body.decode()
        assert text.startswith(DECLARATION)
        return text.removeprefix(DECLARATION)

    def create(self, target: str, body: str | dict[str, Any]) -> int:
        """The id at the end of the Location of what was made."""
        response = self.send("POST", target, body)
        assert (response.status, response.body) == (201, b""), response.body
        location = response.header("Location")
        assert location is not None
        found = re.fullmatch(re.escape(self.base_url) + r"/api/[a-z]+/([1-9][0-9]*)", location)
        assert found is not None, location
        return int(found[1])

    def done(self, method: str, target: str, body: str | bytes | dict[str, Any] = b"") -> None:
        """A write that answers 200 and nothing, or to a JSON PUT of a record with what GET then shows."""
        response = self.send(method, target, body)
        root = next(iter(body), "") if isinstance(body, dict) else ""
        if method == "PUT" and root in RECORDS:
            shown = self.send("GET", f"/api/{root}/{target.rpartition('/')[2]}", accept=JSON)
            assert (response.status, response.body) == (200, shown.body)
            assert response.header("Content-Type") == JSON
            return
        assert (response.status, response.body) == (200, b""), response.body
        assert response.header("Content-Type") == "text/plain; charset=UTF-8"

    def refused(self, method: str, target: str, body: str | bytes | dict[str, Any] = b"") -> tuple[int, str]:
        """Status and message of an error."""
        response = self.send(method, target, body, accept=JSON)
        assert response.status >= 400, response.body
        error = orjson.loads(response.body)
        assert list(error) == ["message"]
        return response.status, error["message"]

    # What most tests need first.

    def task(self, text: str = "Call customer", below: str = "", **elements: str) -> int:
        given = {"description": text, "dueDateTime": "2014-06-03T09:30:00Z", **elements}
        return self.create(f"/api{below}/task", {"task": given})

    def person(self, first: str = "Zoë", last: str = "Lund", **elements: Any) -> int:
        return self.create("/api/person", {"person": {"firstName": first, "lastName": last, **elements}})

    def organisation(self, name: str = "Fjord AS", **elements: Any) -> int:
        return self.create("/api/organisation", {"organisation": {"name": name, **elements}})

    def opportunity(self, party: int, name: str = "Deal", **elements: Any) -> int:
        given = {"name": name, "milestone": "New", **elements}
        return self.create(f"/api/party/{party}/opportunity", {"opportunity": given})

    def kase(self, party: int, name: str = "Matter", **elements: Any) -> int:
        return self.create(f"/api/party/{party}/kase", {"kase": {"name": name, **elements}})


def world_fixture() -> Any:
    """A world for a module of tests."""

    @pytest.fixture(scope="module")
    def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
        with quick_world(tmp_path_factory.mktemp("capsule")) as made:
            yield made

    return world


def capsule_fixture() -> Any:
    """An account for one test."""

    @pytest.fixture
    def capsule(world: World) -> Capsule:
        world.now = NOW
        return Capsule.fresh(world)

    return capsule


def quick_world(folder: Path) -> World:
    """A world without a tenant, and without the slow hashing of passwords that no Capsule client sends."""
    world = World(folder, empty=True)
    world.core.accounts.set_password = lambda *_, **__: None
    return world


NOW = 1_401_609_600 * 1_000_000  # 2014-06-01T08:00:00Z
