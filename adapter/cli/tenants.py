"""``crmglot tenant``: companies and their settings."""

from __future__ import annotations

import click

import dialects
from adapter.cli.faults import Misuse, told
from adapter.cli.opening import default_picklists, working_core
from adapter.cli.root import main
from adapter.dialect import Setting
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


def setting_of(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    dialect_name, dot, key = name.partition(".")
    if not equals or not dot:
        raise Misuse(f"{text}: a setting looks like zurmo.profile=v3")
    try:
        setting: Setting = dialects.load(dialect_name).setting(key)
    except KeyError:
        raise Misuse(f"{name}: there is no such setting") from None
    if setting.choices and value not in setting.choices:
        raise Misuse(f"{name} must be one of: {', '.join(setting.choices)}")
    if setting.check is not None:
        try:
            setting.check(value)
        except ValueError as error:
            raise Misuse(f"{name}: {error}") from error
    return name, value
