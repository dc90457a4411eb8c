"""``crmglot user``: those who sign in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from adapter.cli.asking import asked
from adapter.cli.faults import told
from adapter.cli.opening import working_core
from adapter.cli.root import main
from adapter.gateway import real_now

NOT_SHOWN = "Without it, it is asked for or read from standard input, and no `ps` shows it."


def of_one(command: Callable[..., Any]) -> Callable[..., Any]:
    """The user a command is about: ``USERNAME --tenant SLUG``."""
    return click.argument("username")(click.option("--tenant", "slug", required=True)(command))


@main.group()
def user() -> None:
    """Users."""


@user.command("list")
@click.option("--tenant", "slug", required=True)
@told
def user_list(slug: str) -> None:
    """One line a user: name to sign in with, full name, e-mail address, rights; tabs between."""
    with working_core() as core:
        for found in core.directory.users(slug):
            rights = [
                word
                for word, has in (
                    ("admin", found.is_admin),
                    ("view-only", found.view_only),
                    ("disabled", not found.active),
                )
                if has
            ]
            click.echo("\t".join((found.username, found.name, found.email or "", ",".join(rights))))


@user.command("add")
@of_one
@click.option("--password", help=NOT_SHOWN)
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


@user.command("disable")
@of_one
@told
def user_disable(username: str, slug: str) -> None:
    """Let a user in no longer: what he signed in for ends at once, his records stay."""
    with working_core() as core:
        core.directory.enable_user(slug, username, real_now(), active=False)


@user.command("enable")
@of_one
@told
def user_enable(username: str, slug: str) -> None:
    """Let a user in again, with the password and the API token that he had."""
    with working_core() as core:
        core.directory.enable_user(slug, username, real_now())


@user.command("password")
@of_one
@click.option("--password", help=NOT_SHOWN)
@told
def user_password(username: str, slug: str, password: str | None) -> None:
    """Change a password. What the user signed in for ends; his API token stays."""
    if password is None:
        password = asked("Password")
    with working_core() as core:
        core.directory.change_password(slug, username, password, real_now())


@user.command("token")
@of_one
@click.option("--token", help="The API token to give; without it one is made.")
@told
def user_token(username: str, slug: str, token: str | None) -> None:
    """Change an API token and print it. The old one ends, and all that the user signed in for."""
    with working_core() as core:
        click.echo(core.directory.change_token(slug, username, real_now(), token))
