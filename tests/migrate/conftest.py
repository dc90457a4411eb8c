"""A full world and an empty one, both served over HTTP, and the command between them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.migrating import Command, company, served
from tests.support.world import World


@dataclass
class Two:
    """`addresses` are those of the servers, the full one first."""

    source: World
    target: World
    command: Command
    addresses: tuple[str, str]

    def plan(self, source: str, target: str, *words: str, code: int = 0) -> dict[str, object]:
        """Makes the plan between two dialects, ``core`` for the database itself; only one of them may be."""
        self.command.environment.setenv(
            "CRMGLOT_DATABASE_URL", self.target.url if target == "core" else self.source.url
        )
        sides = [
            "core=acme" if name == "core" else f"{name}={address}/{name}"
            for name, address in zip((source, target), self.addresses, strict=True)
        ]
        return self.command.make(sides[0], sides[1], *words, code=code)


@contextmanager
def two_worlds(folder: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> Iterator[Two]:
    """A company of about so many records in the first of them."""
    folders = [folder / "one", folder / "other"]
    for each in folders:
        each.mkdir()
    with World(folders[0], now=None) as source, World(folders[1], now=None) as target:
        company(source, size)
        for name in ("bob", "cyd"):
            target.add_user(name)
        for world in (source, target):
            world.core.directory.add_application("migration", "acme", "ann-secret", "ann")
        with served(source) as one, served(target) as other:
            yield Two(source, target, Command(folder, monkeypatch), (one, other))


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    with two_worlds(tmp_path, monkeypatch, 30) as worlds:
        yield worlds
