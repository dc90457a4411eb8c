"""``crmglot tenant``: companies and their settings."""

from __future__ import annotations

from pathlib import Path

import click

from adapter.cli.faults import told
from adapter.cli.known import default_picklists, setting_of
from adapter.cli.opening import opened_store, working_core
from adapter.cli.root import main
from adapter.gateway import real_now
from adapter.logs import say
from canonical.store.sql import archive


@main.group()
def tenant() -> None:
    """Tenants: one a company."""


@tenant.command("add")
@click.argument("slug")
@click.option("--domain", "domains", multiple=True, metavar="NAME", help="A domain or host that means this tenant.")
@told
def tenant_add(slug: str, domains: tuple[str, ...]) -> None:
    """Add a tenant."""
    with working_core() as core:
        core.directory.add_tenant(slug, domains, default_picklists(), real_now())


@tenant.command("list")
@told
def tenant_list() -> None:
    """One line a tenant: slug, then its domains and hosts; tabs between."""
    with working_core() as core:
        for slug in core.directory.tenant_slugs():
            found = core.accounts.tenant_by_slug(slug)
            click.echo("\t".join((slug, *(found.hosts if found is not None else ()))))


@tenant.command("set")
@click.argument("slug")
@click.argument("settings", nargs=-1, required=True, metavar="DIALECT.SETTING=VALUE...")
@told
def tenant_set(slug: str, settings: tuple[str, ...]) -> None:
    """Change a tenant's settings of a dialect."""
    wanted = dict(setting_of(text) for text in settings)
    with working_core() as core:
        core.directory.change_settings(slug, wanted)


@tenant.command("export")
@click.argument("slug")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@told
def tenant_export(slug: str, file: Path) -> None:
    """Write all of a tenant to FILE: everything but passwords, tokens and OAuth applications."""
    with opened_store() as store:
        archive.export(store, slug.lower(), file)


@tenant.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--as", "slug", metavar="SLUG", help="Under this name instead of its own.")
@told
def tenant_import(file: Path, slug: str | None) -> None:
    """Add the tenant that FILE holds: all of it or nothing."""
    with opened_store() as store:
        added = archive.load(store, file, slug)
    for kind, by in sorted(added.moved.items()):
        say(f"{added.slug}: another tenant has {kind} ids of it; all of them are higher by {by} here")
    for host in added.taken_hosts:
        say(f"{added.slug}: {host} means another tenant and was left out")
