"""Filters on what is a day in the core: it counts as its midnight UTC (dossier, section 5)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from canonical.model import Case
from canonical.operations import Create
from tests.matrix.clients import AffinityLive
from tests.support.world import World

MIDNIGHT = 1_401_580_800  # 2014-06-01T00:00:00Z


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("filter", "days"),
    [
        (f"date_closed_before({MIDNIGHT})", ["2014-05-31"]),
        (f"date_closed_before({MIDNIGHT + 1})", ["2014-05-31", "2014-06-01"]),
        (f"date_closed_before({MIDNIGHT + 86_400})", ["2014-05-31", "2014-06-01"]),
        (f"date_closed_before({MIDNIGHT - 86_400})", []),
        (f"date_closed_after({MIDNIGHT})", ["2014-06-02"]),
        (f"date_closed_after({MIDNIGHT - 1})", ["2014-06-01", "2014-06-02"]),
        (f"date_closed_after({MIDNIGHT - 86_400})", ["2014-06-01", "2014-06-02"]),
        (f"date_closed({MIDNIGHT})", ["2014-06-01"]),
        (f"date_closed({MIDNIGHT + 1})", []),
        (f"date_closed_before_not({MIDNIGHT})", [None, "2014-06-01", "2014-06-02"]),
        (f"date_closed_after_not({MIDNIGHT})", [None, "2014-05-31", "2014-06-01"]),
    ],
)
def test_a_days_before_does_not_take_in_the_day(world: World, filter: str, days: list[str | None]) -> None:
    numbers = {}
    for day in (None, "2014-05-31", "2014-06-01", "2014-06-02"):
        values = {"title": "x", "state": "closed" if day else "open", "closed_on": day}
        numbers[world.write(lambda desk, v=values: desk.create(Create(Case, v))).id] = day  # type: ignore[misc]
    listed = AffinityLive(world).done("GET", f"issues?_filters={filter}&_limit=100")
    assert [numbers[int(item["id"])] for item in listed] == days
