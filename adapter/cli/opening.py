"""What commands work on: the settings, the core over the configured database, and all dialects over it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dialects
from adapter.cli.faults import Misuse
from adapter.cli.testing import Bench
from adapter.gateway import Gateway, testing_clock
from adapter.jobs.queue import QueueAutomation
from adapter.logs import Log
from adapter.mounts import Mounts
from adapter.serve import Wsgi, create_app
from adapter.settings import BadSetting, Settings, load
from canonical.errors import Unavailable
from canonical.service.core import CanonicalCore
from canonical.service.guesses import Tally
from canonical.store.sql.store import SqlStore


def read_settings() -> Settings:
    try:
        return load(os.environ, dialects.names())
    except BadSetting as error:
        raise Misuse(str(error)) from error


def open_core(settings: Settings, tally: Tally | None = None, *, timed: bool = True) -> CanonicalCore:
    """The core over the configured database, its statements `timed` unless an operator waits for them.

    Wrong passwords are counted in `tally`, which processes may share.

    Raises WrongSchema unless its schema is the newest, and Unavailable.
    """
    store = SqlStore(settings.database_url, settings.statement_timeout if timed else None)
    try:
        store.check()
    except Unavailable:
        store.close()
        raise
    core = CanonicalCore(store, settings.default_tenant, settings.secret_key, tally)
    core.accounts.hold(settings.threads)
    core.automation = QueueAutomation(settings, Log())
    return core


def build_wsgi(
    settings: Settings,
    core: CanonicalCore,
    log: Log,
    workers: Callable[[], None] | None = None,
    *,
    alone: bool = True,
) -> Wsgi:
    """All dialects over one core. `workers` raises Unavailable when no worker sweeps that should.

    The testing surface is that of one process, so there is one only when this is `alone` in serving.
    """
    bench = Bench(core, log) if settings.testing and alone else None
    clock = testing_clock if settings.testing else None
    gateways = {name: Gateway(dialects.load(name), core, log, clock) for name in dialects.names()}
    mounts = Mounts(gateways if bench is None else bench.gateways(), settings.hosts)
    surface = None if bench is None else bench.surface(mounts, settings)

    def ready() -> None:
        core.store.check_ready()
        if workers is not None:
            workers()

    return Wsgi(mounts, settings, core.accounts.tenant_by_host, ready, log, surface)


def create_wsgi_app() -> Any:
    """The Flask application on the settings of the environment, for ``flask --app adapter.cli:create_wsgi_app``."""
    settings = read_settings()
    return create_app(build_wsgi(settings, open_core(settings), Log()))


@contextmanager
def working_core(*, timed: bool = False) -> Iterator[CanonicalCore]:
    core = open_core(read_settings(), timed=timed)
    try:
        yield core
    finally:
        core.close()


@contextmanager
def opened_store() -> Iterator[SqlStore]:
    """The configured database itself, for commands that take rows as they are."""
    store = SqlStore(read_settings().database_url)
    try:
        store.check()
        yield store
    finally:
        store.close()
