"""``crmglot serve``, ``worker`` and ``demo``."""

from __future__ import annotations

import json
import logging
from contextlib import nullcontext
from typing import Any

import click

import dialects
from adapter import demo
from adapter.cli.database import upgrade_schema
from adapter.cli.faults import Failure, Misuse, told
from adapter.cli.known import default_picklists
from adapter.cli.opening import build_wsgi, open_core, read_settings, working_core
from adapter.cli.ready_world import world_of
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
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="0 takes a free one and prints a line of JSON when it is ready.",
)
@click.option("--workers", type=click.IntRange(1, 64), help="Processes; one unless told otherwise.")
@click.option("--tls-cert", type=click.Path(exists=True, dir_okay=False))
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False))
@click.option("--tls-min", type=click.Choice(TLS_VERSIONS), help="The oldest TLS that is let in; 1.2 unless told.")
@click.option(
    "--world",
    "world_file",
    type=click.Path(dir_okay=False),
    help="Serve the world of this file, in a temporary database unless CRMGLOT_DATABASE_URL names one.",
)
@told
def serve(
    host: str,
    port: int,
    workers: int | None,
    tls_cert: str | None,
    tls_key: str | None,
    tls_min: str | None,
    world_file: str | None,
) -> None:
    """Serve all dialects on one port."""
    if (tls_cert is None) != (tls_key is None):
        raise Misuse("--tls-cert and --tls-key go together")
    if tls_min is not None and tls_cert is None:
        raise Misuse("--tls-min goes with --tls-cert and --tls-key")
    options = {
        "host": host,
        "port": port,
        "workers": workers,
        "tls_cert": tls_cert,
        "tls_key": tls_key,
        "tls_min": tls_min or TLS_VERSIONS[-1],
    }
    with nullcontext(None) if world_file is None else world_of(world_file) as token:
        _serve(options, token)


def _serve(options: dict[str, Any], token: str | None) -> None:
    """`token` is what the line of JSON tells of the world."""
    settings = read_settings()
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

    options["workers"] = options["workers"] or settings.workers
    alone = options["workers"] == 1
    if settings.testing and not alone:
        say("no testing surface: it is that of one process, and there are several workers")

    def factory() -> Any:
        return create_app(build_wsgi(settings, open_core(settings, tally), Log(), sweeping, alone=alone))

    def ready(address: str) -> None:
        say(f"listening on {address}")
        if options["port"] == 0:
            click.echo(_ready_line(address, token))

    logger = logging.getLogger("adapter.server")
    logger.propagate = False
    logger.handlers[:] = [Records(Log(), "server")]

    try:
        run(
            factory,
            **options,
            threads=settings.threads,
            underscore_headers=names,
            probes=PROBES,
            on_ready=ready,
            each_second=None if attached is None else attached.look,
        )
    except ServerError as error:
        raise Failure(str(error)) from error
    finally:
        if attached is not None:
            attached.close()


def _ready_line(address: str, token: str | None) -> str:
    """Where clients find what, for whoever started us: one line of JSON."""
    # Nobody can call the address that stands for all.
    url = address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
    mounted = {name: f"{url}/{name}" for name in dialects.names()}
    return json.dumps({"ready": True, "url": url, "dialects": mounted, "token": token})


@main.command()
@click.option("--attached", is_flag=True, hidden=True, help="End when standard input closes.")
@told
def worker(attached: bool) -> None:
    """Run workflow jobs."""
    settings = read_settings()
    with working_core(timed=True) as core:
        worker_process.main(core, settings, attached=attached)
