"""``python -m bench``: measures, prints the table, and with ``--write`` puts it into README.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench import cases
from bench.report import machine, summary, write
from bench.table import Row, as_text


def measured(folder: Path, large: int | None, seconds: float) -> Iterator[Row]:
    """All rows, as they come."""
    with ExitStack() as stack:
        world = cases.World(folder, cases.SMALL)
        stack.callback(world.close)
        yield from cases.gets(world)
        yield from cases.lists(world)
        if large is None:
            yield from cases.contains(world)
        else:
            larger = cases.World(folder, large)
            stack.callback(larger.close)
            yield from cases.growth(world, larger)
            yield from cases.charts(larger)
            yield from cases.contains(larger)
        if seconds:
            yield from cases.behind_the_server(world, seconds)
        yield from cases.bulk(folder)
        yield from cases.writing_processes(folder)
        yield from cases.creates(world)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--rows", type=int, metavar="N", help="also measure lists over N rows: 1000000 for the targets"
    )
    parser.add_argument("--seconds", type=float, default=2.0, help="load on each server; 0 leaves the servers out")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep the data sets there, and use those of before"
    )
    parser.add_argument("--write", action="store_true", help="put the table into bench/README.md")
    given = parser.parse_args()
    rows = []
    with ExitStack() as stack:
        folder = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        for row in measured(folder, given.rows, given.seconds):
            print(f"{row.path}: {'; '.join(filter(None, row.cells()[5:]))}", file=sys.stderr, flush=True)
            rows.append(row)
    print(f"{machine()}\nCPU microseconds a request, medians of interleaved rounds\n\n{as_text(rows)}")
    if given.write:
        write(rows, "python -m bench" + (f" --rows {given.rows}" if given.rows else ""), "measured")
    print(f"\n{summary(rows)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
