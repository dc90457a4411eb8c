"""``crmglot serve``, ``worker`` and ``demo``."""

from __future__ import annotations

import logging
from typing import Any

import click

import dialects
from adapter import demo
from adapter.cli.database import upgrade_schema
from adapter.cli.faults import Failure, Misuse, told
from adapter.cli.opening import build_wsgi, default_picklists, open_core, read_settings, working_core
from adapter.cli.root import main
from adapter.jobs import worker as worker_process
from adapter.jobs.beat import watcher
from adapter.jobs.queue import open_queue
from adapter.logs import Log, Records, say
from adapter.serve import PROBES, create_app
from adapter.server import TLS_VERSIONS, ServerError, run
from canonical.service.guesses import Tally


@main.command("demo")
@click.option("--database-if-missing", is_flag=True, help="Do nothing when the database already has tenants.")
@told
def demo_world(database_if_missing: bool) -> None:
    """Make a small demo world: a tenant, two users, a few records."""
    upgrade_schema(read_settings())
    with working_core() as core:
        if core.directory.tenant_slugs():
            if database_if_missing:
                return
            raise Failure("the database already has tenants")
        demo.build(core, default_picklists())
    say(demo.GREETING)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535))
@click.option("--workers", type=click.IntRange(1, 64), help="Processes; one unless told otherwise.")
@click.option("--tls-cert", type=click.Path(exists=True, dir_okay=False))
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False))
@click.option("--tls-min", type=click.Choice(TLS_VERSIONS), help="The oldest TLS that is let in; 1.2 unless told.")
@told
def serve(
    host: str, port: int, workers: int | None, tls_cert: str | None, tls_key: str | None, tls_min: str | None
) -> None:
    """Serve all dialects on one port."""
    settings = read_settings()
    if (tls_cert is None) != (tls_key is None):
        raise Misuse("--tls-cert and --tls-key go together")
    if tls_min is not None and tls_cert is None:
        raise Misuse("--tls-min goes with --tls-cert and --tls-key")
    with working_core() as core:
        if settings.default_tenant is not None and core.default_tenant() is None:
            raise Misuse(f"CRMGLOT_DEFAULT_TENANT: there is no tenant {settings.default_tenant}")
    if settings.queue_url:
        open_queue(settings)
    names = sorted({name for each in dialects.names() for name in dialects.load(each).underscore_headers})

    # On the defaults a job that a client creates runs with nothing else started.
    attached = None if settings.queue_url else worker_process.AttachedWorker(Log())
    sweeping = watcher(settings, expected=attached is not None)

    # Made before the processes part: wrong passwords are counted over all of them.
    tally = Tally()

    def factory() -> Any:
        return create_app(build_wsgi(settings, open_core(settings, tally), Log(), sweeping))

    logger = logging.getLogger("adapter.server")
    logger.propagate = False
    logger.handlers[:] = [Records(Log(), "server")]

    try:
        run(
            factory,
            host=host,
            port=port,
            workers=workers or settings.workers,
            threads=settings.threads,
            tls_cert=tls_cert,
            tls_key=tls_key,
            tls_min=tls_min or TLS_VERSIONS[-1],
            underscore_headers=names,
            probes=PROBES,
            on_ready=lambda address: say(f"listening on {address}"),
            each_second=None if attached is None else attached.look,
        )
    except ServerError as error:
        raise Failure(str(error)) from error
    finally:
        if attached is not None:
            attached.close()


@main.command()
@click.option("--attached", is_flag=True, hidden=True, help="End when standard input closes.")
@told
def worker(attached: bool) -> None:
    """Run workflow jobs."""
    settings = read_settings()
    with working_core(timed=True) as core:
        worker_process.main(core, settings, attached=attached)
