"""Several processes that write to one SQLite database: ``python -m bench.writers DATABASE SECONDS NUMBER``.

Each creates tasks through the whole application for that long, and prints what it saw as one line of JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench import client
from bench.sides import CapsuleSide, Ours


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of all processes together: creates, errors, seconds of the longest one, and the fewest that one process did."""

    created: int
    errors: int
    longest: float
    fewest: int


def write(path: Path, seconds: float, number: int) -> dict[str, float]:
    """Creates until the time is over."""
    ours = Ours(path)
    side = CapsuleSide(ours)
    created = errors = 0
    longest = 0.0
    ready = time.monotonic()
    while time.monotonic() < ready + seconds:
        began = time.monotonic()
        try:
            client.call(side.app, side.create(f"task {created} of {number}", "by one of many", "2014-06-03 09:30:00"))
            created += 1
        except client.Refused:
            errors += 1
        longest = max(longest, time.monotonic() - began)
    ours.close()
    return {"created": created, "errors": errors, "longest": longest}


def together(path: Path, seconds: float, processes: int) -> Outcome:
    """The outcome of that many processes at once."""
    command = [sys.executable, "-m", "bench.writers", str(path), str(seconds)]
    root = Path(__file__).resolve().parents[1]
    running = [
        subprocess.Popen([*command, str(number)], cwd=root, stdout=subprocess.PIPE) for number in range(processes)
    ]
    told = [json.loads(process.communicate(timeout=seconds + 60)[0]) for process in running]
    return Outcome(
        sum(each["created"] for each in told),
        sum(each["errors"] for each in told),
        max(each["longest"] for each in told),
        min(each["created"] for each in told),
    )


if __name__ == "__main__":
    print(json.dumps(write(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))))
