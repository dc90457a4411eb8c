"""Records read in parts: only the fields that are looked at, and one record with what hangs on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canonical.errors import NotFound
from canonical.model import Activity, CustomValue, Party, User
from canonical.operations import Create, NewLink
from canonical.values import Ref
from tests.support.world import World, over_postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: Any, tmp_path: Path) -> Iterator[World]:
    with over_postgres(tmp_path) if request.param == "postgresql" else World(tmp_path) as made:
        yield made


def make(world: World) -> Activity:
    """An activity with two links, two tags and two custom values."""

    def work(desk: Any) -> Activity:
        mia = desk.create(Create(Party, {"type": "person", "first_name": "Mia"}))
        acme = desk.create(Create(Party, {"type": "organisation", "name": "Acme"}))
        values = {"title": "Call", "body": "long", "location": "Here", "category": "Phone"}
        made: Activity = desk.create(
            Create(
                Activity,
                values,
                (NewLink(Ref("party", mia.id)), NewLink(Ref("party", acme.id), "buyer")),
                tags=("hot", "cold"),
                custom=(CustomValue("a", "1"), CustomValue("b", "2")),
            )
        )
        return made

    return world.write(work)


def test_one_record_with_its_parts_is_what_a_list_shows(world: World) -> None:
    task, other = make(world), make(world)
    include = ("links", "tags", "custom")
    listed = {record.id: record for record in world.desk().find(Activity, include=include).items}
    for made in (task, other):
        read = world.desk().get(Activity, made.id, include)
        assert read == listed[made.id]
        assert [link.target_name for link in read.links] == ["Mia", "Acme"]
        assert [link.role for link in read.links] == ["", "buyer"]
        assert [tag.name for tag in read.tags] == ["hot", "cold"]
        assert [value.value for value in read.custom] == ["1", "2"]
    assert not world.desk().get(Activity, task.id, ("links",)).tags


def test_parts_of_what_is_missing_or_hidden_are_not_told(world: World) -> None:
    bea = world.add_user("bea")
    values = {"title": "Secret", "visibility": "private"}
    hidden = world.write(lambda desk: desk.create(Create(Activity, values)), bea.username + "-token")
    with pytest.raises(NotFound):
        world.desk().get(Activity, hidden.id + 1_000_000, ("links",))
    with pytest.raises(NotFound):
        world.desk().get(Activity, hidden.id, ("links",), ("title",))


def test_users_and_their_parts(world: World) -> None:
    bea = world.add_user("bea")
    assert world.desk().get(Party, world.desk().get(User, bea.user_id).person_id or 0, ("points", "tags")).points == []


def test_what_is_looked_at_is_read(world: World) -> None:
    task = make(world)
    whole = world.desk().get(Activity, task.id)
    fields = ("title", "category", "owner_username", "modifier_username")
    for read in (
        world.desk().get(Activity, task.id, ("links",), fields),
        world.desk().get(Activity, task.id, (), fields),
        world.desk().find(Activity, include=("links",), fields=fields).items[0],
    ):
        for name in ("id", "visibility", "owner_id", *fields):
            assert getattr(read, name) == getattr(whole, name)
    assert world.desk().get(Activity, task.id) == whole
