"""``python -m bench.peers``: GET one behind the shipped server, against mock servers that hold the same task."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from bench import served
from bench.cases import SMALL, World
from bench.client import Environ
from bench.measure import Timing, ratio
from bench.mocks import MOCKS, Missing, Mock
from bench.report import machine, summary, write
from bench.served import Server
from bench.sides import Facts
from bench.table import Row, as_text, at_least

TASKS: Final = 200
"""How many of ours are asked for, in turn; a mock has one."""
WARM_UP: Final = 2_000
"""Requests before ours is measured, in each dialect."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one server is asked, over and over, and what it must say to the first of these."""

    server: Server
    requests: Sequence[Environ]
    read_one: Callable[[bytes], Facts]
    facts: Facts
    warm_up: int

    def check(self) -> None:
        """Raises RuntimeError for other facts, or fewer."""
        told = self.read_one(served.ask(self.server, self.requests[0]))
        if told != self.facts:
            raise RuntimeError(f"{self.requests[0]['RAW_URI']} told {told}, not {self.facts}")

    def warm(self) -> None:
        done = 0
        while done < self.warm_up:
            done += served.load(self.server, self.requests, 1).done


def against(
    world: World, found: Mapping[type[Mock], list[str]], folder: Path, seconds: float, rounds: int
) -> Iterator[Row]:
    """A row for each dialect. All servers are up at once on one core, and are loaded in turns."""
    ids = world.ids()[:TASKS]
    mocks = [mock(words, world.floor, ids[0]) for mock, words in found.items()]
    facts = world.floor.get(ids[0])
    asked = {}
    with ExitStack() as stack:
        ours = stack.enter_context(served.running(partial(served.command, "ours", world.own)))
        for side in world.dialects:
            shown = {key: facts[key] for key in side.keys}
            asked[side.name] = Asked(ours, [side.one(id) for id in ids], side.read_one, shown, WARM_UP)
        for mock in mocks:
            server = stack.enter_context(served.running(partial(mock.command, folder)))
            for environ in mock.put():
                served.ask(server, environ)
            asked[mock.name] = Asked(server, [mock.one()], mock.read_one, facts, mock.warm_up)
        times = in_turns(asked, seconds, rounds)
    for side in world.dialects:
        mine = times[side.name]
        checks = [at_least(f"{mock.name} {{}}x", ratio(times[mock.name].cpu, mine.cpu), mock.least) for mock in mocks]
        notes = [f"{mock.name} {times[mock.name].us:,.0f} us, {times[mock.name].rate:,.0f}/s" for mock in mocks]
        yield Row(
            f"GET one behind the server, {side.name}", None, None, mine.us, mine.rate, tuple(checks), "; ".join(notes)
        )


def in_turns(asked: dict[str, Asked], seconds: float, rounds: int) -> dict[str, Timing]:
    """Loads each that long, the other way round every other time, after all were warmed up."""
    for each in asked.values():
        each.check()
        each.warm()
    times = {name: Timing() for name in asked}
    order = list(asked)
    for turn in range(1, rounds + 1):
        for name in order:
            load = served.load(asked[name].server, asked[name].requests, seconds)
            times[name].cpu.append(load.us)
            times[name].wall.append(1e6 / load.rate)
        order.reverse()
        told = ", ".join(f"{name} {time.cpu[-1]:,.0f}" for name, time in times.items())
        print(f"round {turn}: {told}", file=sys.stderr, flush=True)
    return times


def found(parser: argparse.ArgumentParser, given: argparse.Namespace) -> dict[type[Mock], list[str]]:
    """The words that start each mock server; one left out is told. Ends the program for one given in vain."""
    words = {}
    for option, mock in MOCKS.items():
        place = getattr(given, option)
        try:
            words[mock] = mock.find(place)
        except Missing as missing:
            if place is not None:
                parser.error(f"{mock.name}: {missing}")
            print(f"left out: {mock.name}, {missing}", flush=True)
    if not words:
        parser.error("nothing to compare with")
    return words


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--wiremock", metavar="JAR", help="WireMock's standalone jar; it needs java")
    parser.add_argument("--moto", metavar="COMMAND", help="moto's server, where it is not moto_server on the PATH")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0, help="load on each in each round")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="as `python -m bench` does")
    parser.add_argument("--write", action="store_true", help="put the table into bench/README.md")
    given = parser.parse_args(words)
    mocks = found(parser, given)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        kept = given.keep or folder
        kept.mkdir(parents=True, exist_ok=True)
        world = World(kept, SMALL)
        stack.callback(world.close)
        rows = list(against(world, mocks, folder, given.seconds, given.rounds))
    print(f"{machine()}\nCPU microseconds a request, medians of interleaved rounds\n\n{as_text(rows)}")
    if given.write:
        options = " ".join(f"--{option} ..." for option, mock in MOCKS.items() if mock in mocks)
        write(rows, f"python -m bench.peers {options}", "peers")
    print(f"\n{summary(rows)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
