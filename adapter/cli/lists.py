"""``crmglot list``: what users choose from, where the vendor's administrators made it in pages of theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click

import dialects
from adapter.cli.faults import Failure, Misuse, told
from adapter.cli.opening import working_core
from adapter.cli.root import main
from adapter.dialect import Choices, Dialect
from adapter.gateway import real_now
from canonical.model import PicklistItem
from canonical.operations import Desk

MAX_VALUE = 255


@main.group("list")
def lists() -> None:
    """Lists that users choose from: milestones, categories, picklists."""


def of_tenant(command: Callable[..., Any]) -> Callable[..., Any]:
    """Whose list it is: ``--tenant SLUG --dialect NAME``."""
    tenant = click.option("--tenant", "slug", required=True)
    return tenant(
        click.option("--dialect", "dialect_name", required=True, type=click.Choice(dialects.names()))(command)
    )


@lists.command("show")
@of_tenant
@click.argument("name", metavar="LIST", required=False)
@told
def list_show(slug: str, dialect_name: str, name: str | None) -> None:
    """The dialect's lists; or one line an item of LIST: its value, then its options, tabs between."""
    dialect = dialects.load(dialect_name)
    if name is None:
        with working_core() as core:
            named = core.directory.carry_out(slug, real_now(), lambda desk: _named(desk, dialect))
        for choices in (*dialect.lists, *named):
            click.echo("\t".join(word for word in (choices.name, choices.help) if word))
        return
    choices = _choices(dialect, name)
    with working_core() as core:
        items = core.directory.carry_out(slug, real_now(), lambda desk: _shown(desk, dialect, choices))
    for item in items:
        click.echo("\t".join((item.value, *(f"{key}={_told(value)}" for key, value in item.data.items()))))


@lists.command("add")
@of_tenant
@click.argument("name", metavar="LIST")
@click.argument("values", nargs=-1, required=True, metavar="VALUE...")
@click.option("--option", "options", multiple=True, metavar="KEY=VALUE", help="As `list show` tells of LIST.")
@told
def list_add(slug: str, dialect_name: str, name: str, values: tuple[str, ...], options: tuple[str, ...]) -> None:
    """Add items to the end of LIST. One that is there keeps its place and gets the options, if any are given."""
    dialect = dialects.load(dialect_name)
    choices = _choices(dialect, name)
    for value in values:
        if not value.strip() or not value.isprintable() or len(value) > MAX_VALUE:
            raise Misuse(f"a value has 1 to {MAX_VALUE} printable characters")
    try:
        data = choices.read([_pair(text) for text in options])
    except ValueError as error:
        raise Misuse(str(error)) from error

    def work(desk: Desk) -> None:
        there = {item.value: item for item in _shown(desk, dialect, choices)}
        for value in dict.fromkeys(values):
            known = there.get(value)
            if known is None:
                desk.save_picklist_item(PicklistItem(choices.list, value, origin=dialect.name, data=data))
            elif options:
                desk.save_picklist_item(replace(known, data={**known.data, **data}))
        if choices.named_in and all(item.value != choices.name for item in desk.picklist(choices.named_in)):
            desk.save_picklist_item(PicklistItem(choices.named_in, choices.name))

    with working_core() as core:
        core.directory.carry_out(slug, real_now(), work)


@lists.command("remove")
@of_tenant
@click.argument("name", metavar="LIST")
@click.argument("values", nargs=-1, required=True, metavar="VALUE...")
@told
def list_remove(slug: str, dialect_name: str, name: str, values: tuple[str, ...]) -> None:
    """Remove items from LIST. Records that have the value keep it."""
    dialect = dialects.load(dialect_name)
    choices = _choices(dialect, name)

    def work(desk: Desk) -> None:
        there = {item.value: item for item in _shown(desk, dialect, choices)}
        for value in dict.fromkeys(values):
            if value not in there:
                raise Failure(f"{choices.name} has no {value}")
            desk.delete_picklist_item(there[value].id)

    with working_core() as core:
        core.directory.carry_out(slug, real_now(), work)


def _choices(dialect: Dialect, name: str) -> Choices:
    try:
        return dialect.choices(name)
    except KeyError:
        known = ", ".join(choices.name for choices in dialect.lists)
        raise Misuse(f"{dialect.name} has no list {name}; it has {known or 'none'}") from None


def _named(desk: Desk, dialect: Dialect) -> list[Choices]:
    """The lists that the tenant's users made."""
    registers = {choices.named_in for choices in (dialect.own_list("x"),) if choices is not None}
    found = [dialect.own_list(item.value) for register in sorted(registers) for item in desk.picklist(register)]
    return [choices for choices in found if choices is not None]


def _shown(desk: Desk, dialect: Dialect, choices: Choices) -> list[PicklistItem]:
    """The items that this dialect brought or the tenant made; other dialects' are theirs."""
    return [item for item in desk.picklist(choices.list) if item.origin in (dialect.name, "")]


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise Misuse(f"{text}: an option looks like KEY=VALUE")
    return key, value


def _told(value: Any) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)
