"""``crmglot user``: those who sign in."""

from __future__ import annotations

import click

from adapter.cli.asking import asked
from adapter.cli.faults import told
from adapter.cli.opening import working_core
from adapter.cli.root import main
from adapter.gateway import real_now


@main.group()
def user() -> None:
    """Users."""


@user.command("add")
@click.argument("username")
@click.option("--tenant", "slug", required=True)
@click.option("--password", help="Without it, it is asked for or read from standard input, and no `ps` shows it.")
@click.option("--token", help="The API token to give; without it one is made.")
@click.option("--first-name")
@click.option("--last-name")
@click.option("--email")
@click.option("--admin", is_flag=True)
@click.option("--view-only", is_flag=True)
@told
def user_add(
    username: str,
    slug: str,
    password: str | None,
    token: str | None,
    first_name: str | None,
    last_name: str | None,
    email: str | None,
    admin: bool,
    view_only: bool,
) -> None:
    """Add a user and print the API token."""
    values = {
        "first_name": first_name,
        "last_name": last_name,
        "email": email,
        "is_admin": admin,
        "view_only": view_only,
    }
    if password is None:
        password = asked("Password")
    with working_core() as core:
        _, given = core.directory.add_user(slug, username, password, real_now(), token=token, values=values)
    click.echo(given)
