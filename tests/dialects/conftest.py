"""What tests of several dialects' files share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.world import World, over_postgres


@pytest.fixture(params=[World, pytest.param(over_postgres, marks=pytest.mark.slow)], ids=["sqlite", "postgresql"])
def either_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A world on SQLite, and again on PostgreSQL."""
    make: Callable[[Path], World] = request.param
    with make(tmp_path) as made:
        yield made
