"""Clients in other languages: each runs a plan of requests over the connections that its library keeps.

A plan is a file with a request a line: method, address, ``Name: value`` pairs joined by ``|``, and the body in base64,
with tabs between. What a client prints is an answer a line: status, Location, body in base64.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CLIENTS = Path(__file__).parent / "clients"
PROGRAMS = {
    "python": (sys.executable, "plan.py"),
    "node": ("node", "plan.js"),
    "java": ("java", "Plan.java"),
    "php-curl": ("php", "plan_curl.php"),
    "php-streams": ("php", "plan_streams.php"),
    "ruby": ("ruby", "plan.rb"),
    "curl": ("curl", ""),
}


@dataclass(frozen=True)
class Step:
    """One request."""

    method: str
    url: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""


@dataclass(frozen=True)
class Told:
    """One answer."""

    status: int
    location: str
    body: bytes


def missing(client: str) -> str | None:
    """What this machine lacks to run that client, if something."""
    program = PROGRAMS[client][0]
    # Java's source is compiled as it is run.
    for needed in (program, *(["javac"] if client == "java" else [])):
        if shutil.which(needed) is None:
            return needed
    if client == "php-curl":
        done = subprocess.run([program, "-m"], capture_output=True, text=True, check=True)
        return None if "curl" in done.stdout.split() else "php-curl"
    return None


def follow(client: str, steps: Sequence[Step], folder: Path) -> list[Told]:
    """The answers that a client gets."""
    program, script = PROGRAMS[client]
    if client == "curl":
        return _curl(steps, folder)
    lines = []
    for step in steps:
        pairs = "|".join(f"{name}: {value}" for name, value in step.headers)
        lines.append("\t".join((step.method, step.url, pairs, base64.b64encode(step.body).decode())) + "\n")
    plan = folder / "plan.txt"
    plan.write_text("".join(lines), encoding="utf-8")
    done = subprocess.run(
        [program, str(CLIENTS / script), str(plan)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout[-2000:]
    answers = [line.split("\t") for line in done.stdout.splitlines()]
    return [Told(int(status), location, base64.b64decode(body)) for status, location, body in answers]


def _curl(steps: Sequence[Step], folder: Path) -> list[Told]:
    words: list[str] = ["curl"]
    for number, step in enumerate(steps):
        words += [] if number == 0 else ["--next"]
        words += [
            "-s",
            "-m",
            "60",
            "-w",
            "%{http_code}\\t%header{location}\\n",
            "-o",
            str(folder / f"answer-{number}"),
        ]
        words += ["-I"] if step.method == "HEAD" else ["-X", step.method]
        words += [word for name, value in step.headers for word in ("-H", f"{name}: {value}")]
        if step.body:
            sent = folder / f"body-{number}"
            sent.write_bytes(step.body)
            words += ["--data-binary", f"@{sent}"]
        words.append(step.url)
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
    told = []
    for number, line in enumerate(done.stdout.splitlines()):
        status, _, location = line.partition("\t")
        body = folder / f"answer-{number}"
        told.append(Told(int(status), location, body.read_bytes() if body.exists() else b""))
        body.unlink(missing_ok=True)
    return told
