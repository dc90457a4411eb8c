"""A world for tests: a database, tenants and users, and an endpoint for each dialect, all in this process.

    with World(tmp_path) as world:
        world.add_user("ann", token="ann-token-1")
        answer = world.endpoint("capsule").send(WireRequest("GET", "/api/tasks", headers=...))

`over_postgres(tmp_path)` makes the same over PostgreSQL. Time stands still at `world.now` unless `world.now` is None.
"""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import orjson
from argon2 import PasswordHasher

import dialects
from adapter.dialect import Dialect
from adapter.gateway import Gateway, real_now
from adapter.logs import Log
from adapter.mounts import Mounts
from adapter.serve import Wsgi
from adapter.settings import Settings
from adapter.wire import WireRequest, WireResponse
from canonical.accounts import Principal, Tenant
from canonical.model import PicklistItem
from canonical.service.core import CanonicalCore
from canonical.service.desk import CoreDesk
from canonical.store.sql import schema
from canonical.store.sql.store import SqlStore
from canonical.values import Instant, instant
from tests.support.postgres import new_database

T = TypeVar("T")
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Real argon2, at a cost that thousands of tests can bear."""
NOON = instant(2014, 6, 1, 8, 0, 0)


class World:
    """One database with the tenant ``acme`` in it; the user ``ann`` (password ``ann-pw``, token ``ann-token``) is its
    administrator unless `empty`."""

    def __init__(
        self,
        folder: Path,
        *,
        url: str | None = None,
        now: Instant | None = NOON,
        empty: bool = False,
        made: bool = False,
    ) -> None:
        self.url = url or f"sqlite:///{folder}/world.db"
        if url is None:
            shutil.copyfile(_template(empty), folder / "world.db")
        elif not made:
            schema.upgrade(self.url)
        self.store = SqlStore(self.url)
        self.core = CanonicalCore(self.store)
        self.core.accounts._passwords._hasher = QUICK_HASHER
        self.now = now
        self.lines: list[dict[str, Any]] = []
        self.log = Log(lambda line: self.lines.append(orjson.loads(line)))
        self._gateways: dict[str, Gateway] = {}
        if url is not None and not empty and not made:
            self._add_acme()

    def _add_acme(self) -> None:
        self.add_tenant("acme", "acme.com")
        self.add_user("ann", admin=True, first_name="Ann", last_name="Lee", email="ann@acme.test")

    def __enter__(self) -> World:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.core.close()

    def time(self) -> Instant:
        return real_now() if self.now is None else self.now

    # -- setting up -------------------------------------------------------------------------------

    def add_tenant(self, slug: str, *hosts: str) -> Tenant:
        items: list[PicklistItem] = [item for name in dialects.names() for item in dialects.load(name).picklists]
        return self.core.directory.add_tenant(slug, hosts, items, self.time())

    def set(self, setting: str, value: str, tenant: str = "acme") -> None:
        """``world.set("zurmo.profile", "v3")``."""
        self.core.directory.change_settings(tenant, {setting: value})

    def add_user(
        self,
        username: str,
        *,
        tenant: str = "acme",
        password: str | None = None,
        token: str | None = None,
        admin: bool = False,
        view_only: bool = False,
        **values: Any,
    ) -> Principal:
        """The user's password is ``<username>-pw`` and the token ``<username>-token`` unless given."""
        token = token or f"{username}-token"
        values = {**values, "is_admin": admin, "view_only": view_only}
        self.core.directory.add_user(
            tenant, username, password or f"{username}-pw", self.time(), token=token, values=values
        )
        return self.principal(token)

    def principal(self, token: str = "ann-token") -> Principal:
        found = self.core.accounts.by_token("api", token, self.time())
        assert found is not None, token
        return found

    # -- working on the core directly ---------------------------------------------------------------

    def desk(self, token: str = "ann-token", dialect: str = "test") -> CoreDesk:
        """A desk that reads."""
        return self.core.reading(self.principal(token), dialect, self.time())

    def write(self, work: Callable[[CoreDesk], T], token: str = "ann-token", dialect: str = "test") -> T:
        """Runs `work(desk)` in one transaction."""
        return self.core.write(self.principal(token), dialect, self.time(), work)

    # -- endpoints ----------------------------------------------------------------------------------

    def gateway(self, dialect: str | Dialect) -> Gateway:
        """The gateway of a dialect, by name or given."""
        loaded = dialects.load(dialect) if isinstance(dialect, str) else dialect
        gateway = self._gateways.get(loaded.name)
        if gateway is None or gateway.dialect is not loaded:
            gateway = Gateway(loaded, self.core, self.log, lambda _: self.time())
            self._gateways[loaded.name] = gateway
        return gateway

    def endpoint(self, dialect: str | Dialect, tenant: str | None = None) -> TenantEndpoint:
        """An endpoint below the dialect's mount; `tenant` is the one that the host would name."""
        found = None if tenant is None else self.core.accounts.tenant_by_slug(tenant)
        return TenantEndpoint(self.gateway(dialect), found)

    def wsgi(self, settings: Settings | None = None) -> Wsgi:
        """The WSGI side over all dialects, as the server has it."""
        mounts = Mounts({name: self.gateway(name) for name in dialects.names()})
        return Wsgi(
            mounts, settings or Settings(), self.core.accounts.tenant_by_host, self.store.check_ready, self.log
        )


def every_dialect() -> list[Dialect]:
    """All dialects there are; tests that run over them take a new one in by themselves."""
    return [dialects.load(name) for name in dialects.names()]


@functools.cache
def _template(empty: bool) -> Path:
    """A database made once in this process, to be copied: migrations and passwords take their time."""
    folder = Path(tempfile.mkdtemp(prefix="crmglot-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "template.db"
    with World(folder, url=f"sqlite:///{path}", empty=empty):
        pass
    return path


@functools.cache
def _postgres_template() -> str:
    url = new_database()
    with World(Path(), url=url):
        pass
    return url


def over_postgres(folder: Path) -> World:
    """A world on PostgreSQL, in a database of its own."""
    return World(folder, url=new_database(_postgres_template()), made=True)


class TenantEndpoint:
    """A gateway with the host's tenant filled in."""

    def __init__(self, gateway: Gateway, tenant: Tenant | None) -> None:
        self.gateway = gateway
        self.tenant = tenant

    def send(self, request: WireRequest) -> WireResponse:
        return self.gateway.send(request, self.tenant)
