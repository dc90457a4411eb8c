"""The rooms of a dialect: the same in every one, each importing only what lies beneath it, each slot in its place."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import dialects
from adapter.client import ClientSide
from adapter.dialect import Dialect
from tests.support.scaffold import ROOT, make

LAYERS = (
    ("answers",),
    ("routes", "client"),
    ("perform",),
    ("auth",),
    ("query",),
    ("fields",),
    ("settings",),
    ("wire",),
    ("errors",),
)
"""Every room, from the top down; ARCHITECTURE.md says what each is for. Those of one layer do not know each other."""
DEPTH = {room: depth for depth, layer in enumerate(LAYERS) for room in layer}
SLOTS = {
    "routes": "routes",
    "locate": "routes",
    "effective_method": "routes",
    "authenticate": "auth",
    "preflight": "answers",
    "render_error": "answers",
    "finish": "answers",
    "settings": "settings",
    "picklists": "fields",
    "lists": "fields",
    "own_list": "fields",
    "client": "client",
}
"""The room that fills each slot of `Dialect`, where it is filled."""
VALUES = {
    *("name", "title", "hosts", "underscore_headers", "judges_rights", "max_body", "unread_bodies", "numeric_ids"),
    *("text_extras", "people_extras", "secret_parameters", "traces"),
}
"""Slots that are plain values: they may be written out where the dialect is put together."""
SCAFFOLDED = "seventhcrm"
DIALECTS = (*dialects.names(), SCAFFOLDED)


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The folder of every dialect, with that of one just made."""
    packages = tmp_path_factory.mktemp("packages")
    make(SCAFFOLDED, packages)
    return {**{name: ROOT / "dialects" / name for name in dialects.names()}, SCAFFOLDED: packages / SCAFFOLDED}


def rooms(home: Path) -> list[str]:
    """Files and packages; a folder that moved away may have left its compiled modules behind."""
    found = (path for path in home.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file())
    return sorted(path.name.removesuffix(".py") for path in found)


def imported(home: Path, file: Path) -> Iterator[tuple[str, int]]:
    """Rooms of the same dialect that a file imports, with the line; a circle in name only is one too."""
    package = f"dialects.{home.name}"
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Import(names=names):
                modules = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module), level=0) if module == package:
                modules = [f"{package}.{alias.name}" for alias in node.names]
            case ast.ImportFrom(module=str(module), level=0):
                modules = [module]
            case _:
                continue
        for module in modules:
            if module.startswith(f"{package}."):
                yield module.split(".")[2], node.lineno


def upwards(home: Path) -> list[str]:
    """Imports that do not go down."""
    found = []
    for file in sorted(home.rglob("*.py")):
        path = file.relative_to(home)
        room = path.parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        for other, line in imported(home, file):
            if other != room and DEPTH[other] <= DEPTH[room]:
                found.append(f"{path}:{line} {room} -> {other}")
    return found


def home_of(value: Any) -> str:
    """The second-level room of a function of a dialect, or of a value that one of its modules binds."""
    return str(value.__module__).split(".")[2]


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_has_these_rooms_and_no_others(homes: Mapping[str, Path], name: str) -> None:
    assert [room for room in rooms(homes[name]) if room != "__pycache__"] == sorted(("__init__", *DEPTH))
    assert (homes[name] / "README.md").is_file()


@pytest.mark.parametrize("name", DIALECTS)
def test_a_room_imports_only_what_lies_beneath_it(homes: Mapping[str, Path], name: str) -> None:
    assert upwards(homes[name]) == []


def test_an_import_upwards_is_seen(homes: Mapping[str, Path], tmp_path: Path) -> None:
    make("other", tmp_path)
    home = tmp_path / "other"
    for file, line in (
        ("wire/a.py", "from dialects.other.fields import task"),
        ("query.py", "import dialects.other.auth"),
    ):
        with (home / file).open("a") as opened:
            opened.write(f"{line}\n")
    with (home / "errors.py").open("a") as opened:
        opened.write("def late():\n    from dialects.other import settings\n")
    assert [found.split(" ", 1)[1] for found in upwards(home)] == [
        "errors -> settings",
        "query -> auth",
        "wire -> fields",
    ]


def test_every_slot_has_its_room() -> None:
    assert {slot.name for slot in fields(Dialect)} == SLOTS.keys() | VALUES


@pytest.mark.parametrize("name", dialects.names())
def test_each_slot_is_filled_by_its_room(name: str) -> None:
    dialect = dialects.load(name)
    functions = {slot: getattr(dialect, slot) for slot in SLOTS if _is_own(name, getattr(dialect, slot))}
    assert {"authenticate", "render_error"} <= functions.keys()
    assert {slot: home_of(function) for slot, function in functions.items()} == {
        slot: SLOTS[slot] for slot in functions
    }
    bound = _bound(ROOT / "dialects" / name / "__init__.py")
    values = {slot: room for slot, room in bound.items() if slot in SLOTS.keys() - functions.keys()}
    assert values == {slot: SLOTS[slot] for slot in values}


@pytest.mark.parametrize("name", dialects.names())
def test_the_client_s_slots_are_filled_by_the_client(name: str) -> None:
    client = dialects.load(name).client
    assert client is not None
    own = {slot.name: getattr(client, slot.name) for slot in fields(ClientSide)}
    functions = {slot: value for slot, value in own.items() if _is_own(name, value)}
    assert {"home", "sign_in", "sign", "ended", "perform", "pull"} <= functions.keys()
    # What an id looks like is the wire's, for both sides.
    rooms = {slot: home_of(function) for slot, function in functions.items()}
    assert {slot: room for slot, room in rooms.items() if room not in ("client", "wire")} == {}


def _is_own(name: str, value: object) -> bool:
    return callable(value) and getattr(value, "__module__", "").startswith(f"dialects.{name}.")


def _bound(file: Path) -> dict[str, str]:
    """By keyword of the call of `Dialect` the room that the value was imported from."""
    tree = ast.parse(file.read_text())
    origin = {
        alias.asname or alias.name: node.module.split(".")[2]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.count(".") >= 2
        for alias in node.names
    }
    call = next(
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Dialect"
    )
    return {
        str(keyword.arg): origin[keyword.value.id]
        for keyword in call.keywords
        if isinstance(keyword.value, ast.Name) and keyword.value.id in origin
    }
