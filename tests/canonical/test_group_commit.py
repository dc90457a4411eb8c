"""What waiting writes share on SQLite: counters and the substring index are brought up to date once a transaction."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from canonical.errors import UnknownReference
from canonical.model import KINDS, STATES, Activity, Viewer
from canonical.operations import Create, Delete, Update
from canonical.query import Compare, Not, Op, Query, contains, eq, one_of
from canonical.service.desk import CoreDesk
from canonical.store.sql.plan import LITERAL_WORDS, plan
from tests.support.world import World


def titled(desk: CoreDesk, text: str) -> list[str]:
    return [found.title for found in desk.find(Activity, Query(contains("title", text))).items]


def test_a_write_finds_its_own_new_text(tmp_path: Path) -> None:
    with World(tmp_path) as world:

        def work(desk: CoreDesk) -> None:
            task = desk.create(Create(Activity, {"title": "the zirconium offer"}))
            assert titled(desk, "zirconium") == ["the zirconium offer"]
            desk.update(Update(Activity, task.id, {"title": "the cobalt offer"}))
            assert titled(desk, "zirconium") == []
            assert titled(desk, "cobalt") == ["the cobalt offer"]
            gone = desk.create(Create(Activity, {"title": "cobalt too"}))
            desk.delete(Delete(Activity, gone.id))
            assert titled(desk, "cobalt") == ["the cobalt offer"]

        world.write(work)
        assert titled(world.desk(), "cobalt") == ["the cobalt offer"]
        assert titled(world.desk(), "zirconium") == []


def test_text_that_changes_before_it_is_indexed_is_indexed_once(tmp_path: Path) -> None:
    with World(tmp_path) as world:

        def work(desk: CoreDesk) -> int:
            task = desk.create(Create(Activity, {"title": "first wording"}))
            desk.update(Update(Activity, task.id, {"title": "second wording"}))
            desk.delete(Delete(Activity, desk.create(Create(Activity, {"title": "third wording"})).id))
            return task.id

        id = world.write(work)
        assert titled(world.desk(), "wording") == ["second wording"]
        world.write(lambda desk: desk.update(Update(Activity, id, {"title": "last words"})))
        assert titled(world.desk(), "wording") == []
        reader = world.store.backend.reader()
        assert reader.execute("SELECT count(*) FROM activity_search_waiting").fetchone() == (0,)
        reader.execute("INSERT INTO activity_search(activity_search) VALUES ('integrity-check')")


def test_refused_jobs_leave_no_gap_between_their_neighbours(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.write(lambda desk: desk.create(Create(Activity, {"title": "before"})))
        gate = threading.Event()

        def refused(desk: CoreDesk) -> None:
            desk.create(Create(Activity, {"title": "lost"}))
            raise UnknownReference("owner_id", "user", 0)

        def attempt(number: int) -> None:
            gate.wait()
            if number % 3:
                world.write(lambda desk: desk.create(Create(Activity, {"title": f"kept {number}"})))
            else:
                with pytest.raises(UnknownReference):
                    world.write(refused)

        threads = [threading.Thread(target=attempt, args=(number,)) for number in range(30)]
        for thread in threads:
            thread.start()
        gate.set()
        for thread in threads:
            thread.join()
        kept = world.desk().find(Activity).items
        assert sorted(task.sequence for task in kept) == list(range(1, 22))
        assert len({task.id for task in kept}) == 21


def test_excluded_states_stand_in_the_statement() -> None:
    """Only so can an index of what is left over serve them."""
    spec = KINDS["activity"]
    assert LITERAL_WORDS
    assert plan(Compare("state", Op.NE, "completed"), spec, Viewer(1)).shape == (
        "compare",
        "state",
        "text",
        "none of",
        ("completed",),
    )
    closed = plan(Not(one_of("state", ("completed", "cancelled"))), spec, Viewer(1))
    assert (closed.shape[-1], closed.values) == (("cancelled", "completed"), [])
    # All states but two.
    nearly_all = plan(one_of("state", ("open", "in_progress", "awaiting", "rejected")), spec, Viewer(1))
    assert (nearly_all.shape, nearly_all.values) == (closed.shape, [])
    for kept in (
        one_of("state", STATES),
        one_of("state", STATES[:3]),
        eq("state", "open"),
        Compare("state", Op.NE, "nonsense'"),
        Not(one_of("state", ("open", "x"))),
    ):
        assert "none of" not in repr(plan(kept, spec, Viewer(1)).shape)
