"""What every answer of a vendor looks like, told from its dossier and not from our code: one module a dialect.

A new dialect adds ``tests/dialects/shapes/<name>.py`` with ``SHAPE = Shape(...)``, and every route it has is tried.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from adapter.routes import Route
from adapter.wire import WireRequest, WireResponse
from tests.support.rivals import RIVAL, Stock
from tests.support.world import World

Fields = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """How one dialect's requests are made and its answers judged.

    `check` asserts that an answer is one the vendor could have sent; `failed` tells whether it says that nothing was
    done; `refused` whether it turns a caller without good credentials away, whatever he asked.
    """

    base: str
    """What real clients put before the path of a route's template."""

    sign_in: Callable[[World, str], str]
    """Credentials for a user, as text."""

    sign: Callable[[WireRequest, str], None]
    """Puts credentials on a request."""

    prepare: Callable[[WireRequest], None]
    """Puts on a request what clients send with every call beside credentials."""

    check: Callable[[WireRequest, WireResponse], None]
    failed: Callable[[WireResponse], bool]
    refused: Callable[[Route, WireResponse], bool]
    own: Callable[[Route, Stock], Mapping[str, str]]
    """The values of a route's parameters that name a record of the stock."""

    number: Callable[[str, int], str] = lambda kind, id: str(id)
    """An id as the wire has it."""

    wrong: tuple[str, ...] = ()
    """Credentials that nobody has, in the form of `sign_in`."""

    queries: tuple[str, ...] = ()
    """Names of parameters that lists know; ``{}`` stands for the value where a parameter's name holds it."""

    sample: Callable[[Route, Stock], Fields | None] = lambda route, stock: None
    """Good fields for a route that writes."""

    encode: Callable[[Route, Fields, int], tuple[str, bytes]] | None = None
    """Content type and body for fields; the number chooses where there are several ways."""

    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings of every tenant, where the default is in the way of thousands of calls."""

    partly: Callable[[WireResponse], bool] = lambda response: False
    """Whether an answer that says it failed has kept a part, as the vendor does."""

    crash: Callable[[WireRequest, WireResponse], bool] = lambda request, response: False
    """Whether this very 500 is the vendor's own."""


def shape(name: str) -> Shape:
    """The shape of a dialect."""
    try:
        module = importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError:
        pytest.fail(f"write tests/dialects/shapes/{name}.py: what an answer of {name} looks like")
    found = module.SHAPE
    assert isinstance(found, Shape)
    return found


def api_token(world: World, username: str) -> str:
    """The user's API token, given again if a call has replaced it."""
    token = f"{username}-token"
    if world.core.accounts.by_token("api", token, world.time()) is None:
        tenant = world.core.accounts.tenant_by_slug(RIVAL)
        assert tenant is not None
        principal = world.core.accounts.by_username(tenant.id, username)
        assert principal is not None
        world.core.accounts.issue("api", principal, world.time(), token=token)
    return token


def header(response: WireResponse, name: str) -> str | None:
    """The first value under exactly this name, letter case included."""
    return next((value for given, value in response.headers if given == name), None)


def leaves(fields: Fields, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The paths of all values that are not maps."""
    found = []
    for name, value in fields.items():
        found += leaves(value, (*path, name)) if isinstance(value, dict) else [(*path, name)]
    return found


def replaced(fields: Fields, path: tuple[str, ...], value: object) -> Fields:
    """A copy with another value at the path."""
    name, *rest = path
    return {**fields, name: replaced(fields[name], tuple(rest), value) if rest else value}
