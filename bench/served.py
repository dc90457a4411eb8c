"""The same behind the shipped server: one worker pinned to one core, kept-alive connections from another.

``python -m bench.served SIDE DATABASE PORT`` serves the floor or the obvious app as ``crmglot serve`` serves ours.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from adapter.server import run
from bench.client import Environ
from bench.floor import Floor
from bench.obvious import create_app

ROOT: Final = Path(__file__).resolve().parents[1]
CONNECTIONS: Final = 16
PLAIN: Final[dict[str, Callable[[Path], Any]]] = {"floor": Floor, "obvious app": create_app}


@dataclass(frozen=True, slots=True)
class Load:
    """What one server did under load: CPU microseconds a request, and requests a second."""

    us: float
    rate: float


def command(side: str, path: Path, port: int) -> tuple[list[str], dict[str, str]]:
    """What starts the server of a side, and its environment."""
    if side in PLAIN:
        return [sys.executable, "-m", "bench.served", side, str(path), str(port)], {}
    return [sys.executable, "-m", "adapter", "serve", "--port", str(port)], {
        "CRMGLOT_DATABASE_URL": f"sqlite:///{path}"
    }


def measure(side: str, path: Path, requests: Sequence[Environ], seconds: float) -> Load:
    """Starts the server of a side over its database, and loads it for that long."""
    cores = sorted(os.sched_getaffinity(0))
    with _running(side, path, cores[0]) as (port, group):
        _drive(port, requests, 0.5, cores[-1])
        before = _cpu_seconds(group)
        done, took = _drive(port, requests, seconds, cores[-1])
        used = _cpu_seconds(group) - before
    return Load(used * 1e6 / done, done / took)


@contextmanager
def _running(side: str, path: Path, core: int) -> Iterator[tuple[int, int]]:
    """A server in a process group of its own; gives its port and the group."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    words, more = command(side, path, port)
    process = subprocess.Popen(
        words,
        cwd=ROOT,
        env={**os.environ, **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.sched_setaffinity(process.pid, {core})
    try:
        _wait_for(port, process)
        yield port, process.pid
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < end:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.05)
    raise RuntimeError(f"no server on port {port}")


def _cpu_seconds(group: int) -> float:
    """User and system time of all processes of the group so far."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def _drive(port: int, requests: Sequence[Environ], seconds: float, core: int) -> tuple[int, float]:
    """Loads the server from another core; gives requests done and seconds taken."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return _drive_ourselves(port, requests, seconds)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_lua(requests))
        script.flush()
        words = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "-s", script.name]
        process = subprocess.Popen([*words, f"http://127.0.0.1:{port}"], stdout=subprocess.PIPE, text=True)
        os.sched_setaffinity(process.pid, {core})
        said, _ = process.communicate(timeout=seconds + 30)
    told = dict(line.split("=") for line in said.splitlines() if line.startswith("bench."))
    if int(told["bench.errors"]):
        raise RuntimeError(f"{told['bench.errors']} errors under load")
    return int(told["bench.requests"]), int(told["bench.us"]) / 1e6


def _lua(requests: Sequence[Environ]) -> str:
    """A wrk script that sends these requests in turn."""
    first = requests[0]
    headers = ", ".join(f'["{name}"] = "{value}"' for name, value in wire_headers(first))
    targets = ", ".join(f'"{environ["RAW_URI"]}"' for environ in requests)
    return (
        f"local targets = {{ {targets} }}\nlocal headers = {{ {headers} }}\nlocal at = 0\n"
        "request = function()\n  at = at % #targets + 1\n"
        f'  return wrk.format("{first["REQUEST_METHOD"]}", targets[at], headers)\nend\n'
        "done = function(summary)\n"
        "  local bad = summary.errors\n"
        '  print("bench.requests=" .. summary.requests)\n'
        '  print("bench.us=" .. summary.duration)\n'
        '  print("bench.errors=" .. bad.connect + bad.read + bad.write + bad.status + bad.timeout)\nend\n'
    )


def wire_headers(environ: Environ) -> list[tuple[str, str]]:
    """The headers of a request as a client sends them."""
    names = [key for key in environ if key.startswith("HTTP_") and key != "HTTP_CONNECTION"]
    return [(key[5:].replace("_", "-").title(), environ[key]) for key in names]


def _drive_ourselves(port: int, requests: Sequence[Environ], seconds: float) -> tuple[int, float]:
    """A plain loop in threads, for machines without wrk: its own core bounds the rate, not the CPU per request."""
    ready = [_bytes(environ) for environ in requests]
    end = time.monotonic() + seconds
    counts = [0] * CONNECTIONS

    def client(number: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as sock, sock.makefile("rb") as answers:
            at = number
            while time.monotonic() < end:
                sock.sendall(ready[at % len(ready)])
                at += 1
                _skip_answer(answers)
                counts[number] += 1

    began = time.monotonic()
    threads = [threading.Thread(target=client, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts), time.monotonic() - began


def _bytes(environ: Environ) -> bytes:
    lines = [f"{environ['REQUEST_METHOD']} {environ['RAW_URI']} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in wire_headers(environ)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _skip_answer(answers: Any) -> None:
    status = answers.readline()
    if status.split()[1] != b"200":
        raise RuntimeError(f"answered {status!r}")
    length = 0
    while (line := answers.readline()) != b"\r\n":
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    answers.read(length)


if __name__ == "__main__":
    side, path, port = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    run(lambda: PLAIN[side](path), host="127.0.0.1", port=port)
