"""What a thread remembers of committed rows is forgotten once anybody commits, and never told to the wrong one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canonical.model import Activity, Party, User, Viewer
from canonical.operations import Create, Update
from canonical.query import Query, Sort, Window, eq, one_of
from canonical.service.core import CanonicalCore
from canonical.store.sql import compile, kept, records
from canonical.store.sql.store import SqlStore
from tests.support.world import World, over_postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: Any, tmp_path: Path) -> Iterator[World]:
    with over_postgres(tmp_path) if request.param == "postgresql" else World(tmp_path) as made:
        yield made


@pytest.fixture
def other(world: World) -> Iterator[CanonicalCore]:
    """A second server process over the same database, as far as the database can tell."""
    core = CanonicalCore(SqlStore(world.url))
    yield core
    core.close()


def rename(core: CanonicalCore, world: World, name: str) -> None:
    """The second user's username, changed through that core."""
    core.write(world.principal(), "test", world.time(), lambda desk: desk.update(Update(User, 2, {"username": name})))


def test_a_new_username_shows_at_once(world: World, other: CanonicalCore) -> None:
    bea = world.add_user("bea")
    task = world.write(lambda desk: desk.create(Create(Activity, {"owner_id": bea.user_id})))
    assert task.owner_username == "bea"
    for core, name in ((world.core, "beate"), (other, "beatrix"), (world.core, "bea")):
        assert world.desk().get(User, bea.user_id).username != name
        rename(core, world, name)
        assert world.desk().get(Activity, task.id).owner_username == name
        assert world.desk().find(Activity).items[0].owner_username == name
        assert world.desk().get(User, bea.user_id).username == name


def test_a_desk_that_lives_on_sees_what_was_committed_meanwhile(world: World, other: CanonicalCore) -> None:
    bea = world.add_user("bea")
    task = world.write(lambda desk: desk.create(Create(Activity, {"owner_id": bea.user_id})))
    desk = world.desk()
    assert desk.get(Activity, task.id).owner_username == "bea"
    rename(other, world, "beate")
    assert desk.get(Activity, task.id).owner_username == "beate"


def test_a_write_sees_its_own_changes_and_leaves_none_behind_when_it_fails(world: World) -> None:
    bea = world.add_user("bea")
    task = world.write(lambda desk: desk.create(Create(Activity, {"owner_id": bea.user_id})))

    def fail(desk: Any) -> None:
        assert desk.get(User, bea.user_id).username == "bea"
        desk.update(Update(User, bea.user_id, {"username": "ghost"}))
        assert desk.get(User, bea.user_id).username == "ghost"
        assert desk.get(Activity, task.id).owner_username == "ghost"
        desk.save_module(None, "Ghosts", ())
        assert [module.name for module in desk.modules()] == ["Ghosts"]
        raise ValueError("planned")

    with pytest.raises(ValueError, match="planned"):
        world.write(fail)
    seen = world.write(lambda desk: (desk.get(Activity, task.id).owner_username, desk.modules()))
    assert seen == ("bea", [])


def test_what_a_tenant_sets_up_is_seen_by_other_processes_at_once(world: World, other: CanonicalCore) -> None:
    for at in range(3):
        assert len(world.desk().modules()) == at
        name = f"Module {at}"
        other.write(world.principal(), "test", world.time(), lambda desk, name=name: desk.save_module(None, name, ()))
    assert len(world.desk().modules()) == 3


def test_an_owner_who_is_not_there_has_no_name(world: World) -> None:
    task = world.write(lambda desk: desk.create(Create(Activity, {})))
    world.store.write(world.principal().tenant_id, lambda unit: unit.update("activity", {}, {"modifier_id": 999}))
    assert world.desk().get(Activity, task.id).modifier_username is None


def test_names_of_two_tenants_stay_apart(world: World) -> None:
    world.add_tenant("other")
    world.add_user("olga", tenant="other", token="olga-token")
    mine = world.write(lambda desk: desk.create(Create(Activity, {})))
    theirs = world.write(lambda desk: desk.create(Create(Activity, {})), "olga-token")
    for _ in range(2):
        assert world.desk().get(Activity, mine.id).owner_username == "ann"
        assert world.desk("olga-token").get(Activity, theirs.id).owner_username == "olga"


def test_what_a_user_tells_of_his_card_is_so_now(world: World, other: CanonicalCore) -> None:
    card = world.add_user("bea").person_id
    assert card is not None

    for core, visibility in ((world.core, "owner"), (other, "everyone"), (world.core, "private")):
        values = {"visibility": visibility}
        told = (
            world.write(lambda desk: desk.get(User, 2)).person_visibility,
            world.desk().get(User, 2).person_visibility,
        )
        assert visibility not in told
        core.write(world.principal(), "test", world.time(), lambda desk, v=values: desk.update(Update(Party, card, v)))
        assert world.write(lambda desk: desk.get(User, 2)).person_visibility == visibility
        assert world.desk().get(User, 2).person_visibility == visibility


def test_room_for_what_is_made_of_users_is_emptied_by_every_commit(world: World, other: CanonicalCore) -> None:
    world.add_user("bea")
    keeps = world.store.backend.name == "sqlite"
    for core, name in ((world.core, "beate"), (other, "beatrix")):
        world.desk().remembered("names")[2] = "as it was"
        assert world.desk().remembered("names") == ({2: "as it was"} if keeps else {})
        assert world.desk().remembered("others") == {}
        assert world.write(lambda desk: desk.remembered("names")) == {}
        world.desk().remembered("names")[2] = "as it was"
        rename(core, world, name)
        assert world.desk().remembered("names") == {}


def test_no_more_is_remembered_than_fits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(kept, "MOST", 3)
    with World(tmp_path) as world:
        users = [world.add_user(f"user{at}") for at in range(9)]
        for user in users:
            world.write(lambda desk, id=user.user_id: desk.create(Create(Activity, {"owner_id": id})))
        for _ in range(2):
            found = world.desk().find(Activity, Query(sort=(Sort("id"),)))
            assert [record.owner_username for record in found.items] == [user.username for user in users]
            for user in users:
                assert world.desk().get(User, user.user_id).username == user.username
        remembered = world.store._local.kept
        assert len(remembered.users) <= 3


@pytest.mark.parametrize("deep", [0, 500])
def test_a_deep_page_hides_what_is_hidden(world: World, monkeypatch: pytest.MonkeyPatch, deep: int) -> None:
    monkeypatch.setattr(records, "DEEP", deep)
    world.add_user("bea")

    def listed(token: str) -> list[int]:
        found = world.desk(token).find(
            Activity, Query(eq("type", "task"), (Sort("due_at"),), Window(0, 10)), total=True
        )
        assert found.total == len(found.items)
        return [record.id for record in found.items]

    open_to_all = world.write(lambda desk: desk.create(Create(Activity, {})))
    assert listed("bea-token") == [open_to_all.id]
    for hidden in ("private", "owner"):
        made = world.write(lambda desk, how=hidden: desk.create(Create(Activity, {"visibility": how})))
        assert listed("bea-token") == [open_to_all.id]
        assert made.id in listed("ann-token")
    world.write(lambda desk: desk.create(Create(Activity, {"visibility": "confidential"})))
    assert len(listed("bea-token")) == 2


def test_extras_are_found_whoever_else_has_some(world: World) -> None:
    def make(extras: dict[str, dict[str, Any]]) -> int:
        return world.write(lambda desk: desk.create(Create(Activity, {}, extras=extras))).id

    ids = [
        make({}),
        make({"one": {"word": "a"}}),
        make({"two": {"word": "a"}}),
        make({"one": {"x": 1}, "two": {"y": 2}}),
    ]

    def found(node: Any) -> list[int]:
        return [record.id for record in world.desk().find(Activity, Query(node, (Sort("id"),))).items]

    assert found(eq("extras.one.word", "a")) == [ids[1]]
    assert found(eq("extras.two.word", "a")) == [ids[2]]
    assert found(eq("extras.on.word", "a")) == []
    world.write(lambda desk: desk.update(Update(Activity, ids[0], {}, extras={"one": {"word": "a"}})))
    world.write(lambda desk: desk.update(Update(Activity, ids[1], {}, extras={"one": {"word": None}})))
    assert found(eq("extras.one.word", "a")) == [ids[0]]
    assert world.desk().find(Activity, Query(eq("id", ids[1]))).items[0].extras == {}


def test_a_tree_that_was_kept_is_not_planned_again_and_another_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned: list[object] = []
    real = compile.plan

    def counting(node: Any, spec: Any, viewer: Any) -> Any:
        planned.append(node)
        return real(node, spec, viewer)

    monkeypatch.setattr(compile, "plan", counting)
    for title in ("a", "b"):
        world.write(lambda desk, title=title: desk.create(Create(Activity, {"title": title})))  # type: ignore[misc]
    # Statements of reads without a memory, as on PostgreSQL, are for whole rows.
    statements = world.store.statements
    for title in ("a", "b", "a"):
        tree = eq("title", title)
        for descending in (False, True):
            query = Query(tree, (Sort("id", descending),))
            planned.clear()
            first = statements.keys(Activity, query, Viewer(1, admin=True, namespace="test"))
            again = statements.keys(Activity, query, Viewer(1, admin=True, namespace="test"))
            assert first == again
            assert first[1] == [title]
            assert planned == ([] if descending else [tree])
            assert ("DESC" in first[0]) is descending
            assert [found.title for found in world.desk().find(Activity, query).items] == [title]
        assert world.desk().count(Activity, tree) == 1
    for at in range(2 * compile.TREES_KEPT):
        statements.keys(Activity, Query(eq("title", str(at))), Viewer(1))
    assert len(statements._trees) <= compile.TREES_KEPT
    long = one_of("title", [str(at) for at in range(compile.SMALL + 1)])
    statements._trees.clear()
    statements.keys(Activity, Query(long), Viewer(1))
    assert not statements._trees


def test_a_caller_known_by_his_password_sees_what_was_committed(world: World, other: CanonicalCore) -> None:
    bea = world.add_user("bea")
    task = world.write(lambda desk: desk.create(Create(Activity, {"owner_id": bea.user_id})))
    assert world.desk().get(Activity, task.id).owner_username == "bea"
    # A request that ends before it reads leaves the version asked for.
    world.principal()
    rename(other, world, "beate")
    ann = world.core.accounts.by_password(None, "ann", "ann-pw", world.time())
    assert ann is not None
    desk = world.core.reading(ann, "test", world.time(), signed_in=True)
    assert desk.get(Activity, task.id).owner_username == "beate"
