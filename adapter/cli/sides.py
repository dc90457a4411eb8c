"""The sides of a migration as an operator names them: ``DIALECT=URL``, ``core`` or ``core=SLUG``."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import dialects
from adapter.cli.known import default_picklists
from adapter.cli.opening import open_core, read_settings
from adapter.client import Credentials, Session
from adapter.driver import Driver
from adapter.gateway import real_now
from adapter.live import Live
from adapter.migrate.core_side import CoreSide
from adapter.migrate.live_side import LiveSide
from adapter.migrate.rehearsal import Rehearsal
from adapter.migrate.sides import Side, Unreadable
from canonical.service.core import CanonicalCore
from canonical.store.sql import schema
from canonical.store.sql.store import SqlStore

CORE: Final = "core"
_SECRETS: Final = ("token", "username", "password", "domain", "client_id", "client_secret")


def named(side: str, tenant: str | None) -> str:
    """The side as a plan keeps it. Raises `Unreadable`."""
    word, _, rest = side.partition("=")
    if word == CORE:
        slug = rest or tenant or ""
        if not slug:
            raise Unreadable("core: which tenant? --tenant SLUG, or core=SLUG")
        return f"{CORE}={slug}"
    if word not in dialects.names():
        raise Unreadable(f"{word}: there is no such side; sides are core and {' '.join(dialects.names())}")
    if dialects.load(word).client is None:
        raise Unreadable(f"{word}: cannot be asked yet")
    parts = urlsplit(rest)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Unreadable(f"{word}: an address is needed, such as {word}=https://crm.example.com")
    if parts.username is not None or parts.password is not None:
        raise Unreadable(f"{word}: credentials belong in the environment, not in the address")
    return f"{word}={rest}"


def dialect_of(side: str) -> str:
    """The namespace of a side's ids, empty for the core."""
    word = side.partition("=")[0]
    return "" if word == CORE else word


def credentials(role: str, environ: Mapping[str, str]) -> Credentials:
    """``CRMGLOT_SOURCE_TOKEN`` and the like."""
    return Credentials(**{name: environ.get(f"CRMGLOT_{role}_{name.upper()}", "") for name in _SECRETS})


@contextmanager
def opened(side: str, role: str, *, other: str, pace: float = 0.0, acting: str = "") -> Iterator[Side]:
    """The side, signed in. `role` is ``SOURCE`` or ``TARGET``; `other` is the side at the other end."""
    word, _, rest = side.partition("=")
    if word == CORE:
        core = open_core(read_settings(), timed=False)
        try:
            tenant = core.accounts.tenant_by_slug(rest)
            if tenant is None:
                raise Unreadable(f"core: there is no tenant {rest}")
            yield CoreSide(core, tenant, real_now, dialect=dialect_of(other), acting=acting)
        finally:
            core.close()
        return
    dialect = dialects.load(word)
    client = dialect.client
    if client is None:
        raise Unreadable(f"{word}: cannot be asked yet")
    given = credentials(role, os.environ)
    if not any(all(getattr(given, name) for name in needs) for needs in client.needs):
        wanted = " or ".join(
            " and ".join(f"CRMGLOT_{role}_{name.upper()}" for name in needs) for needs in client.needs
        )
        raise Unreadable(f"{word}: needs {wanted}")
    base = client.home(rest)
    live = LiveSide(side, Driver(dialect, Live(base, pace=pace), Session(base, given)))
    live.sign_in()
    yield live


@contextmanager
def rehearsed(target: Side) -> Iterator[Side]:
    """A rehearsal of the target, over a database that is thrown away."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="crmglot-"))
        url = f"sqlite:///{Path(folder) / 'rehearsal.db'}"
        schema.upgrade(url)
        core = CanonicalCore(SqlStore(url))
        stack.callback(core.close)
        tenant = core.directory.add_tenant("rehearsal", ("rehearsal.example",), default_picklists(), real_now())
        name = target.traits.dialect
        yield Rehearsal(target, core, tenant, dialects.load(name) if name else None, real_now)
