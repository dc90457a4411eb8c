"""Modules, their records, numbers over records, pages: on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from canonical.errors import Duplicate, Invalid, NotFound, Unsupported
from canonical.model import Activity, Opportunity, User
from canonical.model.module import FieldValue, ModuleField, ModuleSort, SavedChart
from canonical.model.page import LayoutPage
from canonical.operations import Aggregate, Create
from canonical.query import Window, eq
from canonical.service.desk import CoreDesk
from canonical.service.timed_ids import FIRST, timed_id
from canonical.store.sql.backend import _any_like
from canonical.values import MICROS
from tests.support.world import World, over_postgres


@pytest.fixture(params=[World, pytest.param(over_postgres, marks=pytest.mark.slow)], ids=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    make: Callable[[Path], World] = request.param
    with make(tmp_path) as made:
        yield made


WHOLE = Window()


def fill(desk: CoreDesk) -> int:
    module = desk.save_module(None, "Deals", [ModuleField("state"), ModuleField("value")])
    for at, state in enumerate(("Won", "Open", "Won", "Lost")):
        desk.create_module_record(module.id, [FieldValue("state", state), FieldValue("value", f"{at}0.5")])
    desk.create_module_record(module.id, [FieldValue("state", "Open"), FieldValue("value", "much")])
    desk.create_module_record(module.id, [])
    return module.id


def test_numbers_over_a_modules_records(world: World) -> None:
    module = world.write(fill)
    desk = world.desk()
    assert desk.aggregate(module, Aggregate("count", "state")) == [("Lost", 1), ("Open", 2), ("Won", 2)]
    assert desk.aggregate(module, Aggregate("sum", "state", "value")) == [("Lost", 30.5), ("Open", 10.5), ("Won", 21)]
    assert desk.aggregate(module, Aggregate("count", "")) == [("", 5)]
    assert desk.aggregate(module, Aggregate("sum", "", "value")) == [("", 62)]
    assert desk.aggregate(module, Aggregate("pairs", "value", "state", 10, 20.5)) == [
        ("10.5", "Open"),
        ("20.5", "Won"),
    ]
    assert desk.aggregate(module, Aggregate("count", "state", "", "L", "O")) == [("Lost", 1)]
    assert desk.aggregate(module, Aggregate("count", "state", "", 20, None, "value")) == [("Lost", 1), ("Won", 1)]
    assert (
        desk.aggregate(module, Aggregate("count", "x'; --")) == desk.aggregate(41, Aggregate("count", "state")) == []
    )
    for asked in (Aggregate("avg", "state"), Aggregate("sum", "state"), Aggregate("pairs", "", "value")):
        with pytest.raises(Unsupported):
            desk.aggregate(module, asked)


def test_numbers_over_a_kind(world: World) -> None:
    def deals(desk: CoreDesk) -> None:
        for stage, amount, day in (("b", 5, "2018-01-01"), ("a", 7, "2018-02-01"), ("a", None, None), (None, 1, None)):
            values = {"stage": stage, "amount": None if amount is None else amount * MICROS, "expected_close": day}
            desk.create(Create(Opportunity, values))
        desk.create(Create(Activity, {"type": "note"}))

    world.write(deals)
    desk = world.desk()
    assert desk.aggregate(Opportunity, Aggregate("count", "stage")) == [("a", 2), ("b", 1)]
    assert desk.aggregate(Opportunity, Aggregate("sum", "stage", "amount")) == [("a", 7 * MICROS), ("b", 5 * MICROS)]
    assert desk.aggregate(Opportunity, Aggregate("sum", "", "amount")) == [("", 13 * MICROS)]
    pairs = Aggregate("pairs", "expected_close", "amount", "2018-01-01", "2018-01-31")
    assert desk.aggregate(Opportunity, pairs) == [("2018-01-01", 5 * MICROS)]
    assert desk.aggregate(Activity, Aggregate("count", "type"), eq("type", "task")) == []
    for key in ("nothing", "extras", "links.nothing", "extras.a.b.c.d"):
        with pytest.raises(Unsupported):
            desk.aggregate(Opportunity, Aggregate("count", key))


def test_records_are_found_by_any_value(world: World) -> None:
    module = world.write(fill)
    desk = world.desk()

    def found(text: str, *sort: ModuleSort, window: Window = WHOLE) -> tuple[list[str], int]:
        records, total = desk.find_module_records(module, text, sort, window)
        return [record.values[1].value for record in records], total

    assert found("WON") == (["00.5", "20.5"], 2)
    assert found("w_t") == ([], 0)
    assert found("l_st") == (["30.5"], 1)
    assert found("", ModuleSort("value", True), window=Window(1, 2)) == (["30.5", "20.5"], 5)
    assert found("", ModuleSort("state"), ModuleSort("value", True)) == (["30.5", "much", "10.5", "20.5", "00.5"], 5)
    assert found("", window=Window(99, 5)) == ([], 5)
    with pytest.raises(Unsupported):
        found("", ModuleSort("values", own=True))


def test_a_deleted_record_counts_for_nothing(world: World) -> None:
    module = world.write(fill)
    ids = [record.id for record in world.desk().find_module_records(module, "won")[0]]
    assert world.write(lambda desk: desk.delete_module_record(ids[0]))
    assert not world.write(lambda desk: desk.delete_module_record(ids[0]))
    desk = world.desk()
    assert desk.aggregate(module, Aggregate("count", "state")) == [("Lost", 1), ("Open", 2), ("Won", 1)]
    kept = desk.module_record(ids[0])
    assert kept is not None
    assert kept.deleted_at == world.time()
    back = world.write(lambda desk: desk.update_module_record(ids[0], [FieldValue("state", "Open")]))
    assert (back.deleted_at, back.values[0].value, back.owner_id) == (None, "Open", 1)
    assert world.desk().aggregate(module, Aggregate("count", "state")) == [("Lost", 1), ("Open", 3), ("Won", 1)]
    with pytest.raises(NotFound):
        world.write(lambda desk: desk.update_module_record(41, []))
    actions = world.desk().changes("record", ("create", "update", "delete"), 0)[0]
    assert [change.action for change in actions if change.record.id == ids[0]] == ["update"]


def test_pages_and_charts(world: World) -> None:
    page = world.write(lambda desk: desk.save_page(LayoutPage(0, module_id=7, title="a\0b", blocks='{"z":1.0}')))
    assert world.desk().page(page.id) == LayoutPage(page.id, 0, 7, "a\0b", "", '{"z":1.0}', False, 0, world.time())
    with pytest.raises(Duplicate):
        world.write(lambda desk: desk.save_page(LayoutPage(0, module_id=7)))
    with pytest.raises(NotFound):
        world.write(lambda desk: desk.save_chart(SavedChart(41)))
    with pytest.raises(NotFound):
        world.write(lambda desk: desk.save_module(41, "x", []))
    assert world.write(lambda desk: desk.save_module(41, "x", [], make=True)).id == 41


def test_timed_ids_grow_whatever_the_clock_says(world: World) -> None:
    def make(desk: CoreDesk) -> list[int]:
        return [timed_id(desk.unit, now) for now in (world.time(), 2**60, 0, world.time() + 1, 2**70)]

    ids = world.write(make)
    assert ids == sorted(set(ids))
    assert (FIRST << 24) <= ids[0] < ids[-1] < 2**63


def test_a_user_is_found_by_id_alone_and_needs_a_name(world: World) -> None:
    accounts = world.core.accounts
    world.add_tenant("other")
    eve = world.add_user("eve", tenant="other", email="eve@x.test")
    for _ in range(2):
        found = accounts.by_user_id(eve.user_id)
        assert found is not None
        assert (found.tenant_id, found.username) == (eve.tenant_id, "eve")
    assert accounts.by_user_id(4711) is accounts.by_user_id(0) is accounts.by_user_id(2**70) is None
    assert accounts.has_user(None, "EVE")
    assert accounts.has_user(eve.tenant_id, "eve@x.test")
    assert not accounts.has_user(1, "eve")
    assert not accounts.has_user(None, "")
    with pytest.raises(Invalid):
        world.write(lambda desk: desk.create(Create(User, {"username": " "})))


def test_secrets_are_apart_by_purpose(world: World) -> None:
    secret = world.core.accounts.secret
    assert len({secret(), secret("a"), secret("b")}) == 3
    assert secret("a") == secret("a")


@pytest.mark.parametrize(
    ("texts", "pattern", "fits"),
    [
        ("one\x1ftwo", "%n%", 1),
        ("one\x1ftwo", "%e%t%", 0),
        ("one\x1ftwo", "%o_e%", 1),
        ("one\x1ftwo", "%e_t%", 0),
        ("50%\x1fa_b", "%0\\%%", 1),
        ("50%\x1fa_b", "%a\\_b%", 1),
        ("axb", "%a\\_b%", 0),
        ("a\nb", "%a_b%", 1),
        ("a" * 5000, "%a%a%a%a%a%a%a%b%", 0),
        ("", "%%", 1),
        ("x", "%\\%", 0),
    ],
)
def test_a_pattern_fits_one_of_several_texts(texts: str, pattern: str, fits: int) -> None:
    assert _any_like(texts, pattern) == fits
