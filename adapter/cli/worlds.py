"""``crmglot world``: small worlds of records out of a file, and back."""

from __future__ import annotations

from pathlib import Path

import click

from adapter import worlds
from adapter.cli.faults import Failure, Misuse, told
from adapter.cli.known import default_picklists, setting_of
from adapter.cli.opening import working_core
from adapter.cli.root import main
from adapter.gateway import real_now
from adapter.logs import say
from adapter.worlds.document import MAX_BYTES


@main.group()
def world() -> None:
    """Worlds: tenants, users and records in a small YAML or JSON file."""


@world.command("load")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--tenant", metavar="SLUG", help="Only this tenant of the file; of a file with one, load it under this.")
@told
def world_load(file: str, tenant: str | None) -> None:
    """Add what FILE describes: tenants and users that are missing, and all its records."""
    wanted = read_world(file, tenant)
    with working_core() as core:
        try:
            loaded = worlds.load(core, wanted, default_picklists(), real_now(), check_setting=setting_of)
        except worlds.WorldError as error:
            raise Failure(str(error)) from error
    for each in loaded:
        for username, token in each.tokens.items():
            say(f"{each.slug} {username} {token}")


def read_world(file: str, tenant: str | None = None, *, empty: bool = False) -> list[worlds.NewTenant]:
    """The tenants of a world file. Raises `Misuse` in one line that names file, line and column."""
    path = Path(file)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Misuse(f"{file}: larger than {MAX_BYTES // 1024 // 1024} MB")
        found = worlds.read(file, path.read_bytes(), empty=empty)
    except OSError as error:
        raise Misuse(f"{file}: {error.strerror or 'cannot be read'}") from error
    except worlds.WorldError as error:
        raise Misuse(str(error)) from error
    if tenant is None:
        return found
    chosen = [each for each in found if each.slug == tenant]
    if not chosen and len(found) == 1:
        return [worlds.renamed(found[0], tenant)]
    if not chosen:
        raise Misuse(f"{file}: there is no tenant {tenant} in it")
    return chosen


@world.command("dump")
@click.option("--tenant", metavar="SLUG", required=True)
@click.option("--with-secrets", is_flag=True, help="Digests of passwords and tokens too, and the applications.")
@told
def world_dump(tenant: str, with_secrets: bool) -> None:
    """Write a tenant as YAML to standard output."""
    with working_core() as core:
        text = worlds.dump(core, tenant, real_now(), with_secrets=with_secrets)
    click.echo(text, nl=False)
