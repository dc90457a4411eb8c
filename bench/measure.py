"""Measuring: what is compared runs in turns in one process, and the medians of the rounds are taken.

CPU time is `time.process_time`: of all threads of this process, so that a neighbour's load does not count as ours.
Where machines are shared only the ratio of two that ran in turns means much, so a ratio is the median of the rounds'
ratios, not the ratio of the medians.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from statistics import median
from typing import Final

from bench.client import Environ, Wsgi, call

ROUND_SECONDS: Final = 0.08
"""How long one side runs in one round, about."""


@dataclass
class Timing:
    """Per request and round: CPU and wall time in microseconds."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    @property
    def us(self) -> float:
        return median(self.cpu)

    @property
    def rate(self) -> float:
        """Requests a second, in the round in the middle."""
        return 1e6 / median(self.wall)


def ratio(one: Sequence[float], other: Sequence[float]) -> float:
    """How many times `other` one is, round by round."""
    return median(mine / theirs for mine, theirs in zip(one, other, strict=True))


Run = Callable[[int], None]
"""Does that many requests."""


def in_turns(
    sides: Mapping[str, Run], rounds: int, seconds: float = ROUND_SECONDS, least: int = 1
) -> dict[str, Timing]:
    """Runs the sides in turns, the other way round every other time. Each is warmed up and sized first.

    No round has fewer than `least` requests.
    """
    counts = {name: max(least, _size(run, seconds)) for name, run in sides.items()}
    timings = {name: Timing() for name in sides}
    order = list(sides)
    for _ in range(rounds):
        gc.collect()
        for name in order:
            count = counts[name]
            wall, cpu = time.perf_counter(), time.process_time()
            sides[name](count)
            timings[name].cpu.append((time.process_time() - cpu) * 1e6 / count)
            timings[name].wall.append((time.perf_counter() - wall) * 1e6 / count)
        order.reverse()
    return timings


def _size(run: Run, seconds: float) -> int:
    """How many requests take about that long."""
    run(1)
    count = 2
    while True:
        began = time.perf_counter()
        run(count)
        took = time.perf_counter() - began
        if took > seconds / 4:
            return max(1, round(count * seconds / took))
        count *= 2


def reader(app: Wsgi, requests: Sequence[Environ]) -> Run:
    """Sends these requests, one after the other and over again."""
    waiting = cycle(requests)

    def run(count: int) -> None:
        for environ in islice(waiting, count):
            call(app, environ)

    return run


def crowd(app: Wsgi, make: Callable[[int], Environ], clients: int) -> Run:
    """Sends `make(n)` for every new n, from that many threads that each wait for their answer."""
    numbers = iter(range(1 << 62))
    guard = threading.Lock()

    def run(count: int) -> None:
        failures: list[BaseException] = []
        share = [count // clients + (at < count % clients) for at in range(clients)]

        def client(requests: int) -> None:
            try:
                for _ in range(requests):
                    with guard:
                        number = next(numbers)
                    call(app, make(number))
            except BaseException as failure:
                failures.append(failure)

        threads = [threading.Thread(target=client, args=(requests,)) for requests in share if requests]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    return run
