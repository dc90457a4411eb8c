"""The testing surface over the core: what `serve` adds with ``CRMGLOT_TESTING=1``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dialects
from adapter import worlds
from adapter.cli.known import default_picklists, setting_of
from adapter.dialect import Dialect
from adapter.gateway import Gateway
from adapter.logs import Log
from adapter.mounts import Mounts
from adapter.serve import Wsgi, create_app
from adapter.settings import Settings
from adapter.testing import Clock, Faults, Journal, Surface, Watcher, Worlds
from canonical.service.core import CanonicalCore
from canonical.store.sql import schema
from canonical.store.sql.store import SqlStore


@dataclass
class Bench:
    """A server under test: its clock, its faults, its journal, and gateways that go by them."""

    core: CanonicalCore
    log: Log
    clock: Clock = field(default_factory=Clock)
    faults: Faults = field(default_factory=Faults)
    journal: Journal = field(default_factory=Journal)

    def gateways(self) -> dict[str, Gateway]:
        made = {}
        for name in dialects.names():
            dialect = dialects.load(name)
            watcher = Watcher(dialect, self.faults, self.journal, self.clock)
            made[name] = Gateway(dialect, self.core, self.log, self.clock, watcher)
        return made

    def surface(self, mounts: Mounts, settings: Settings) -> Surface:
        """Takes down the world that is there now as the one that a reset goes back to."""
        kept = Worlds(self.core)
        kept.begin()
        return Surface(
            mounts, kept, self.clock, self.faults, self.journal, load=self.load, token=settings.testing_token
        )

    def load(self, data: bytes) -> dict[str, Any]:
        """Adds the world in `data` to what is there. Raises ValueError with line and column."""
        try:
            wanted = worlds.read("world", data)
            loaded = worlds.load(self.core, wanted, default_picklists(), self.clock.now(), check_setting=setting_of)
        except worlds.WorldError as error:
            raise ValueError(str(error)) from None
        return {"tenants": [shown(each) for each in loaded]}


def shown(loaded: worlds.Loaded) -> dict[str, Any]:
    """A loaded tenant for whoever tests: tokens by username, ids by name."""
    ids = {name: {"kind": ref.kind, "id": ref.id} for name, ref in loaded.ids.items()}
    return {"slug": loaded.slug, "tokens": loaded.tokens, "ids": ids, "modules": loaded.modules}


@dataclass(frozen=True)
class InProcess:
    """All dialects and the testing surface as a WSGI application, without a server."""

    application: Any
    mounts: Mounts
    dialects: dict[str, Dialect]
    underscored: frozenset[str]
    """The headers that may come with underscores, as in ``wsgi``'s environment."""


@contextmanager
def in_process(folder: Path) -> Iterator[InProcess]:
    """Over a new database in that folder, which has no tenant yet; nothing is logged."""
    url = f"sqlite:///{folder}/world.db"
    schema.upgrade(url)
    secret = hashlib.sha256(b"crmglot testing").hexdigest()
    core = CanonicalCore(SqlStore(url), None, secret)
    try:
        bench = Bench(core, Log(lambda line: None))
        gateways = bench.gateways()
        mounts, settings = Mounts(gateways), Settings(testing=True)
        find = core.accounts.tenant_by_host
        wsgi = Wsgi(mounts, settings, find, core.store.check_ready, bench.log, bench.surface(mounts, settings))
        spoken = {name: gateway.dialect for name, gateway in gateways.items()}
        names = {header.upper() for dialect in spoken.values() for header in dialect.underscore_headers}
        yield InProcess(create_app(wsgi).wsgi_app, mounts, spoken, frozenset(names))
    finally:
        core.close()
