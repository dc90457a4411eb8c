"""``crmglot tenant``: companies and their settings."""

from __future__ import annotations

import click

from adapter.cli.faults import told
from adapter.cli.known import default_picklists, setting_of
from adapter.cli.opening import working_core
from adapter.cli.root import main
from adapter.gateway import real_now


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
