"""What is measured, each case against its targets. The data sets are made first, and shared by all cases."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy.orm import Session

from bench import data, floor, obvious, rows, served, writers
from bench.client import Environ
from bench.measure import Run, Timing, crowd, in_turns, ratio, reader
from bench.sides import PAGE, CapsuleSide, CrustSide, FloorSide, ObviousSide, Ours, Side, ZurmoSide
from bench.table import Check, Row, at_least, at_most, number
from canonical.accounts import Tenant

SMALL: Final = 100_000
DEEP: Final = 200 * PAGE
"""Where page 201 begins."""
CLIENTS: Final = 16
PROCESSES: Final = 4
BULK: Final = 20_000


S = TypeVar("S", bound=Side)


@dataclass
class World:
    """The sides over data sets of one size."""

    folder: Path
    count: int

    def __post_init__(self) -> None:
        self.plain = self.folder / f"plain-{self.count}.db"
        self.own = self.folder / f"ours-{self.count}.db"
        self._fill()
        self.floor = FloorSide(self.plain)
        self.obvious = ObviousSide(self.plain)
        self.ours = Ours(self.own)
        self.dialects = self.ours.sides()
        self.zurmo = self._side(ZurmoSide)
        self.capsule = self._side(CapsuleSide)
        self.crust = self._side(CrustSide)

    def _side(self, kind: type[S]) -> S:
        return next(side for side in self.dialects if isinstance(side, kind))

    def _fill(self) -> None:
        done = self.folder / f"made-{self.count}"
        if done.exists():
            return
        self.plain.unlink(missing_ok=True)
        self.own.unlink(missing_ok=True)
        floor.make(self.plain, rows.tasks(self.count))
        data.make(self.own, rows.tasks(self.count), rows.NOW)
        ours = Ours(self.own)
        values = islice(cycle(rows.OPEN_STATES), self.count)
        data.load_module(ours.core, ours.tenant_id, data.MODULE, values)
        ours.close()
        done.touch()

    def ids(self) -> list[int]:
        """A thousand ids from all over the data."""
        chance = random.Random(self.count)
        return [chance.randrange(1, self.count + 1) for _ in range(1000)]

    def close(self) -> None:
        self.floor.close()
        self.ours.close()


def gets(world: World) -> Iterator[Row]:
    """GET one, JSON in each dialect and Capsule's XML."""
    ids = world.ids()
    sides: list[Side] = [world.floor, world.obvious, *world.dialects]
    runs = {side.name: reader(side.app, [side.one(id) for id in ids]) for side in sides}
    runs["capsule xml"] = reader(world.capsule.app, [world.capsule.one_xml(id) for id in ids])
    runs["obvious xml"] = reader(world.obvious.app, [world.obvious.one_xml(id) for id in ids])
    times = in_turns(runs, rounds=11)
    low, high = times["floor"], times["obvious app"]
    for side in world.dialects:
        mine = times[side.name]
        checks = (
            at_most("{}x floor", ratio(mine.cpu, low.cpu), 4),
            at_least("obvious {}x", ratio(high.cpu, mine.cpu), 5),
        )
        yield _row(f"GET one, JSON, {side.name}", mine, low, high, *checks)
    mine, high = times["capsule xml"], times["obvious xml"]
    checks = (
        at_most("{}x own JSON", ratio(mine.cpu, times["capsule"].cpu), 1.4),
        at_least("ORM + lxml {}x", ratio(high.cpu, mine.cpu), 4),
    )
    yield _row("GET one, XML, capsule", mine, None, high, *checks)


def lists(world: World) -> Iterator[Row]:
    """A page of 50 open tasks by due date, with the total where the wire has one: the first and a deep one."""
    sides: list[Side] = [world.floor, world.obvious, *world.dialects]
    first = in_turns({side.name: reader(side.app, [side.page(0)]) for side in sides}, rounds=7, seconds=0.15)
    size = f"{world.count:,}"
    for side in world.dialects:
        mine, high = first[side.name], first["obvious app"]
        check = at_least("obvious {}x", ratio(high.cpu, mine.cpu), 8)
        yield _row(f"list of 50 of {size}, {_told(side)}", mine, first["floor"], high, check)
    runs: dict[str, Run] = {side.name: reader(side.app, [side.page(DEEP)]) for side in sides}
    runs |= {f"{side.name} p1": reader(side.app, [side.page(0)]) for side in world.dialects}
    deep = in_turns(runs, rounds=7, seconds=0.15)
    for side in world.dialects:
        mine = deep[side.name]
        check = at_most("{}x page 1", ratio(mine.cpu, deep[f"{side.name} p1"].cpu), 2.5)
        yield _row(f"page 201 of {size}, {side.name}", mine, deep["floor"], deep["obvious app"], check)


def _told(side: Side) -> str:
    """Its name, and how its lists differ from the floor's."""
    return f"{side.name} ({side.remark})" if side.remark else side.name


def growth(small: World, large: World) -> Iterator[Row]:
    """The same lists over the larger data set."""
    for mine, other in zip(large.dialects, small.dialects, strict=True):
        for name, offset in (("list of 50", 0), ("page 201", DEEP)):
            runs = {"large": reader(mine.app, [mine.page(offset)]), "small": reader(other.app, [other.page(offset)])}
            times = in_turns(runs, rounds=7, seconds=0.15)
            check = at_most(f"{{}}x of {small.count:,}", ratio(times["large"].cpu, times["small"].cpu), 1.3)
            yield _row(f"{name} of {large.count:,}, {mine.name}", times["large"], None, None, check)


def charts(world: World) -> Iterator[Row]:
    """How many records have each value: of the system module of tasks, and of a module of the tenant's own."""
    modules = {"tasks by Status": world.crust.task_module, "values of an own module": data.MODULE}
    for name, module in modules.items():
        times = in_turns({"": reader(world.crust.app, [world.crust.chart(module, "Status")])}, rounds=3)[""]
        yield _row(f"chart of {world.count:,} {name}, crust", times, None, None, note=f"{number(times.us / 1000)} ms")


def contains(world: World) -> Iterator[Row]:
    """A substring search for a word of one title in ten thousand."""
    runs = {
        "ours": reader(world.zurmo.app, [world.zurmo.containing(rows.RARE)]),
        "obvious": reader(world.obvious.app, [world.obvious.containing(rows.RARE)]),
    }
    times = in_turns(runs, rounds=5, seconds=0.15)
    check = at_most("{} ms", times["ours"].us / 1000, 5)
    yield _row(f"'contains', rare word, {world.count:,}", times["ours"], None, times["obvious"], check)


def creates(world: World) -> Iterator[Row]:
    """Durable creates by 16 waiting clients. It adds to the data sets, so it comes last."""
    sides: list[Side] = [world.floor, world.obvious, *world.dialects]

    def requests(side: Side) -> Run:
        return crowd(side.app, lambda n: side.create(f"Ring number {n}", "about the offer", _DUE), CLIENTS)

    times = in_turns({side.name: requests(side) for side in sides}, rounds=5, seconds=0.4, least=CLIENTS * 8)
    low, high = times["floor"], times["obvious app"]
    for side in world.dialects:
        mine = times[side.name]
        checks = (
            at_least("obvious {}x", ratio(high.cpu, mine.cpu), 5),
            at_least("{}x raw group commit", ratio(low.cpu, mine.cpu), 0.5),
        )
        rates = f"per second: raw {low.rate:,.0f}, obvious {high.rate:,.0f}"
        yield _row(f"durable create, {CLIENTS} clients, {side.name}", mine, low, high, *checks, note=rates)


_DUE: Final = "2014-06-03 09:30:00"


def writing_processes(folder: Path) -> Iterator[Row]:
    """Processes that write to one SQLite database."""
    path = folder / "written.db"
    _fresh(path)
    data.make(path, rows.tasks(1000), rows.NOW)
    outcome = writers.together(path, 3.0, PROCESSES)
    checks = (at_most("{} errors", outcome.errors, 0), at_most("longest {} s", outcome.longest, 0.5))
    note = f"fewest {outcome.fewest} of {outcome.created}"
    yield Row(f"{PROCESSES} writing processes", rate=outcome.created / 3.0, checks=checks, note=note)


def bulk(folder: Path) -> Iterator[Row]:
    """Tasks with their people and company, against the ORM's `add_all` by the thousand."""
    tasks = list(rows.tasks(BULK))
    mine, theirs = Timing(), Timing()
    for _ in range(2):
        for timing, load in ((mine, _load_ours), (theirs, _load_obvious)):
            path = folder / "bulk.db"
            _fresh(path)
            wall, cpu = load(path, tasks)
            timing.wall.append(wall * 1e6 / BULK)
            timing.cpu.append(cpu * 1e6 / BULK)
    check = at_least("add_all {}x", ratio(theirs.cpu, mine.cpu), 2.5)
    note = f"per second: add_all {theirs.rate:,.0f}"
    yield _row(f"bulk load of {BULK:,} with links", mine, None, theirs, check, note=note)


def _load_ours(path: Path, tasks: list[rows.Task]) -> tuple[float, float]:
    data.make(path, [], rows.NOW)
    ours = Ours(path)
    tenant = ours.core.accounts.tenant_by_slug(data.TENANT)
    assert isinstance(tenant, Tenant)
    wall, cpu = time.perf_counter(), time.process_time()
    data.load_tasks(ours.core, tenant.id, tasks)
    took = time.perf_counter() - wall, time.process_time() - cpu
    ours.close()
    return took


def _load_obvious(path: Path, tasks: list[rows.Task]) -> tuple[float, float]:
    floor.make(path, [])
    engine = obvious.open_engine(path)
    wall, cpu = time.perf_counter(), time.process_time()
    with Session(engine) as session:
        waiting = iter(tasks)
        while batch := list(islice(waiting, 1000)):
            session.add_all([obvious.model(task) for task in batch])
            session.commit()
    took = time.perf_counter() - wall, time.process_time() - cpu
    engine.dispose()
    return took


def behind_the_server(world: World, seconds: float) -> Iterator[Row]:
    """GET one behind the shipped server: the floor, the obvious app, and ours."""
    ids = world.ids()[:200]

    def load(side: Side, path: Path, requests: Sequence[Environ]) -> served.Load:
        return served.measure(side.name, path, requests, seconds)

    low = load(world.floor, world.plain, [world.floor.one(id) for id in ids])
    high = load(world.obvious, world.plain, [world.obvious.one(id) for id in ids])
    asked: dict[str, tuple[Side, list[Environ]]] = {
        "JSON, zurmo": (world.zurmo, [world.zurmo.one(id) for id in ids]),
        "XML, capsule": (world.capsule, [world.capsule.one_xml(id) for id in ids]),
    }
    for name, (side, requests) in asked.items():
        mine = load(side, world.own, requests)
        note = f"{mine.us / low.us:.1f}x floor, obvious {high.us / mine.us:.1f}x; per second: floor {low.rate:,.0f}, "
        note += f"obvious {high.rate:,.0f}"
        yield Row(f"GET one behind the server, {name}", low.us, high.us, mine.us, mine.rate, note=note)


def _row(path: str, mine: Timing, low: Timing | None, high: Timing | None, *checks: Check, note: str = "") -> Row:
    return Row(
        path,
        None if low is None else low.us,
        None if high is None else high.us,
        mine.us,
        mine.rate,
        checks,
        note,
    )


def _fresh(path: Path) -> None:
    """Nothing under that name, nor what SQLite and the writer keep beside it."""
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
