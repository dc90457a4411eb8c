"""A run that takes only what changed since the last one."""

from __future__ import annotations

import pytest

from adapter.migrate import run
from canonical.model import Party
from canonical.operations import Create, Update
from canonical.query import Compare, Op, Query
from canonical.values import SECOND
from tests.migrate.conftest import Two


@pytest.mark.slow
def test_only_what_changed_is_taken(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "OVERLAP", 0)
    kinds = ("--kinds", "user,organisation,person")
    two.plan("core", "capsule", *kinds)
    assert "--since-last" in two.command("run", "--since-last", code=2)["error"]
    two.command("run", "--limit", "2")
    # Two of each are not all.
    assert "--since-last" in two.command("run", "--since-last", code=2)["error"]
    two.command("run")
    desk = two.source.desk()
    person = desk.find(Party, Query(Compare("last_name", Op.EQ, "Lund 2"))).items[0]
    two.source.core.write(two.source.principal(), "test", two.source.time() + 2 * SECOND, lambda desk: desk.update(
        Update(Party, person.id, {"job_title": "Chief"})))  # fmt: skip
    two.source.core.write(two.source.principal(), "test", two.source.time() + 2 * SECOND, lambda desk: desk.create(
        Create(Party, {"type": "person", "last_name": "Newcomer"})))  # fmt: skip
    dry = two.command("run", "--dry-run", "--since-last")
    done = two.command("run", "--since-last")
    assert done == dry
    assert (done["kinds"]["person"]["created"], done["kinds"]["person"]["updated"]) == (1, 1)
    assert done["kinds"]["person"]["read"] < 10
    assert two.command("verify")["differences"] == []
    there = two.target.desk().find(Party, Query(Compare("last_name", Op.EQ, "Lund 2"))).items
    assert [each.job_title for each in there] == ["Chief"]
