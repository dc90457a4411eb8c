"""A world under test, with the testing surface, in this process."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from adapter.cli.testing import Bench
from adapter.mounts import Mounts
from adapter.serve import Wsgi, create_app
from adapter.settings import Settings
from tests.support.world import World
from tests.support.wsgi import Answer, call, environ

Pairs = Sequence[tuple[str, str]]


class UnderTest:
    """The server as `serve` makes it with ``CRMGLOT_TESTING=1``, over the core of `world`."""

    def __init__(self, world: World, token: str = "") -> None:
        self.world = world
        self.bench = Bench(world.core, world.log)
        settings = Settings(testing=True, testing_token=token)
        mounts = Mounts(self.bench.gateways())
        surface = self.bench.surface(mounts, settings)
        wsgi = Wsgi(mounts, settings, world.core.accounts.tenant_by_host, world.store.check_ready, world.log, surface)
        self.app = create_app(wsgi).wsgi_app

    def ask(self, method: str, target: str, headers: Pairs = (), body: bytes = b"", **given: Any) -> Answer:
        return call(self.app, environ(method, target, headers, body, **given))

    def surface(self, method: str, what: str, given: object = None, code: int = 200) -> Any:
        """What the surface answers, which must have that code."""
        body = b"" if given is None else json.dumps(given).encode()
        answer = self.ask(method, f"/_crmglot/{what}", body=body)
        assert answer.code == code, answer
        return json.loads(answer.body)

    def journal(self, query: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.surface("GET", f"journal{query}")["entries"]
        return found
