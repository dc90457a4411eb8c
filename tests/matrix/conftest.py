"""What the tests of the matrix begin with: one world, and one person in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from canonical.model import Party
from canonical.operations import Create
from tests.support.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as made:
        yield made


@pytest.fixture
def person(world: World) -> int:
    return world.write(lambda desk: desk.create(Create(Party, {"first_name": "Zoë", "last_name": "Lund"}))).id
