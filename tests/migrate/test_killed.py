"""A run that is killed at any moment and resumed ends as one that was never killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from adapter.migrate.live_side import LiveSide
from canonical.model import Activity, Case, Opportunity, Party
from canonical.query import Compare, Op, Query
from tests.migrate.conftest import Two
from tests.support.servers import ROOT


def content(two: Two) -> Counter[tuple[str, str, int, int]]:
    """What the target holds, by name, with how much hangs on it."""
    desk = two.target.desk()
    found: Counter[tuple[str, str, int, int]] = Counter()
    for kind in (Party, Opportunity, Case, Activity):
        where = Query(Compare("user_id", Op.NULL)) if kind is Party else Query()
        for record in desk.find(kind, where, ("links", "tags")).items:  # type: ignore[type-abstract]
            name = getattr(record, "name", "") or getattr(record, "title", "")
            found[kind.KIND, name, len(record.links), len(record.tags)] += 1  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize(("source", "target"), [("core", "capsule"), ("capsule", "core")])
@pytest.mark.slow
def test_broken_off_inside_every_tenth_create(
    two: Two, monkeypatch: pytest.MonkeyPatch, source: str, target: str
) -> None:
    """The answer to a create is lost, as when the process is killed before it is written down."""
    two.plan(source, target)
    expected = two.command("run", "--dry-run")
    for n in (1, 4, 7, 10):
        with monkeypatch.context() as broken:
            break_off(broken, target, n)
            with pytest.raises(Killed):
                two.command("run")
    done = two.command("resume")
    assert done["total"] == expected["total"]
    assert done["losses"] == expected["losses"]
    assert two.command("verify")["differences"] == []
    once = {name: count for (kind, name, *_), count in content(two).items() if kind == "party" and count > 1}
    assert once == {}


class Killed(BaseException):
    """No handler of errors sees it."""


def break_off(patch: pytest.MonkeyPatch, target: str, after: int) -> None:
    from adapter.migrate.core_side import CoreSide

    left = [after]

    def broken(original: object) -> object:
        def create_many(self: object, given: object) -> object:
            for made in original(self, given):  # type: ignore[operator]
                left[0] -= 1
                if left[0] < 0:
                    raise Killed
                yield made

        return create_many

    side = CoreSide if target == "core" else LiveSide
    patch.setattr(side, "create_many", broken(side.create_many))


@pytest.mark.slow
def test_killed_with_signal_nine(two: Two) -> None:
    two.plan("core", "capsule")
    expected = two.command("run", "--dry-run")
    words = [sys.executable, "-m", "adapter", "migrate", "run", str(two.command.plan), "--quiet"]
    chance = random.Random(4)
    for _ in range(5):
        process = subprocess.Popen(words, cwd=ROOT, env=os.environ, stdout=subprocess.DEVNULL)
        time.sleep(1.0 + chance.random() * 2)
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = two.command("resume")
    if done["total"] != expected["total"]:
        # It was done before the last kill: this was a run of its own.
        assert (done["total"]["created"], done["total"]["updated"]) == (0, 0)
    assert two.command("verify")["differences"] == []
    found = content(two)
    assert sum(found.values()) == sum(expected["kinds"][kind]["read"] for kind in MOVED)


MOVED = ("organisation", "person", "opportunity", "case", "task", "note", "email", "meeting", "call")
