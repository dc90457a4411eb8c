"""Whoever runs the installation sees, reads and finds everything; nobody over the wire is that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from canonical.errors import NotFound
from canonical.model import Activity
from canonical.model.visibility import VISIBILITIES
from canonical.operations import Aggregate, Create
from canonical.query import Query, Sort, eq
from canonical.service.core import operator
from canonical.service.desk import CoreDesk
from canonical.values import Ref
from tests.support.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as world:
        world.add_user("bob")

        def work(desk: CoreDesk) -> None:
            for word in VISIBILITIES:
                desk.create(Create(Activity, {"type": "note", "title": f"told {word}", "visibility": word}))

        world.write(work, "bob-token")
        yield world


def test_reads_finds_sorts_and_counts_all(world: World) -> None:
    tenant = world.principal().tenant_id
    desk = world.core.everything(tenant, world.time())
    titles = [f"told {word}" for word in VISIBILITIES]
    found = desk.find(Activity, Query(sort=(Sort("title"),)))
    assert [note.title for note in found.items] == sorted(titles)
    for title in titles:
        (note,) = desk.find(Activity, Query(eq("title", title))).items
        assert desk.get(Activity, note.id).title == title
    counted = desk.aggregate(Activity, Aggregate("count", "title"))
    assert dict(counted) == dict.fromkeys(titles, 1)
    # The same question of a colleague, in the same process, is answered for a colleague.
    colleague = world.desk("ann-token")
    assert {note.title for note in colleague.find(Activity).items} == {"told everyone", "told owner", "told group", ""}
    assert [note.title for note in desk.find(Activity, Query(sort=(Sort("title"),))).items] == sorted(titles)


def test_changes_what_is_private(world: World) -> None:
    tenant = world.principal().tenant_id
    (note,) = world.core.everything(tenant, world.time()).find(Activity, Query(eq("title", "told private"))).items
    with pytest.raises(NotFound):
        world.desk("ann-token").get(Activity, note.id)
    assert not world.principal().operator
    world.core.write(operator(tenant), "", world.time(), lambda desk: desk.add_tag(Ref("activity", note.id), "seen"))
    tagged = world.core.everything(tenant, world.time()).get(Activity, note.id, ("tags",))
    assert [tag.name for tag in tagged.tags] == ["seen"]
