"""``crmglot app``: OAuth applications."""

from __future__ import annotations

import click

from adapter.cli.asking import asked
from adapter.cli.faults import told
from adapter.cli.opening import working_core
from adapter.cli.root import main


@main.group("app")
def application() -> None:
    """OAuth applications."""


@application.command("add")
@click.argument("client_id")
@click.option("--tenant", "slug", required=True)
@click.option("--secret", help="Without it, it is asked for or read from standard input.")
@click.option("--user", "username", required=True)
@click.option(
    "--redirect-uri",
    "redirect_uris",
    multiple=True,
    metavar="URI",
    help="Where users may be sent back to; repeatable.",
)
@told
def application_add(
    client_id: str, slug: str, secret: str | None, username: str, redirect_uris: tuple[str, ...]
) -> None:
    """Add an OAuth application that acts as a user."""
    if secret is None:
        secret = asked("Secret")
    with working_core() as core:
        core.directory.add_application(client_id, slug, secret, username, redirect_uris)


@application.command("list")
@told
def application_list() -> None:
    """One line an application: client id, tenant, user; tabs between."""
    with working_core() as core:
        for found, slug, username in core.directory.applications():
            click.echo("\t".join((found.client_id, slug, username)))


@application.command("remove")
@click.argument("client_id")
@told
def application_remove(client_id: str) -> None:
    """Remove an OAuth application; what it was issued ends at once."""
    with working_core() as core:
        core.directory.remove_application(client_id)
