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
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from itertools import cycle, islice
from pathlib import Path
from typing import Any, BinaryIO, Final

from adapter.server import run
from bench import data
from bench.client import Environ, Refused
from bench.floor import Floor
from bench.obvious import create_app

ROOT: Final = Path(__file__).resolve().parents[1]
CONNECTIONS: Final = 16
START_SECONDS: Final = 60
PLAIN: Final[dict[str, Callable[[Path], Any]]] = {"floor": Floor, "obvious app": create_app}


Command = Callable[[int], tuple[list[str], dict[str, str]]]
"""For a port: what starts a server there, and its environment beside ours."""


@dataclass(frozen=True, slots=True)
class Server:
    """One that runs: its port, and the process group whose CPU time counts."""

    port: int
    group: int


@dataclass(frozen=True, slots=True)
class Load:
    """What one server did under load: CPU microseconds a request, requests a second, and how many."""

    us: float
    rate: float
    done: int


def command(side: str, path: Path, port: int) -> tuple[list[str], dict[str, str]]:
    """What starts the server of a side, and its environment."""
    if side in PLAIN:
        return [sys.executable, "-m", "bench.served", side, str(path), str(port)], {}
    return [sys.executable, "-m", "adapter", "serve", "--port", str(port)], {
        "CRMGLOT_DATABASE_URL": f"sqlite:///{path}",
        "CRMGLOT_SECRET_KEY": data.SECRET,
    }


def measure(side: str, path: Path, requests: Sequence[Environ], seconds: float) -> Load:
    """Starts the server of a side over its database, and loads it for that long."""
    with running(partial(command, side, path)) as server:
        load(server, requests, 0.5)
        return load(server, requests, seconds)


def load(server: Server, requests: Sequence[Environ], seconds: float) -> Load:
    """Loads a server for that long. Raises RuntimeError for any answer but 200."""
    before = _cpu_seconds(server.group)
    with _pinned(last=True):
        done, took = _drive(server.port, requests, seconds)
    used = _cpu_seconds(server.group) - before
    return Load(used * 1e6 / done, done / took, done)


def ask(server: Server, environ: Environ) -> bytes:
    """The body of one answer. Raises Refused unless its status is 200 or 201."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=START_SECONDS)
    connection.request(environ["REQUEST_METHOD"], environ["RAW_URI"], environ["body"], dict(wire_headers(environ)))
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status not in (200, 201):
        raise Refused(f"{environ['REQUEST_METHOD']} {environ['RAW_URI']}: {answer.status}: {body[:500]!r}")
    return body


@contextmanager
def running(command: Command) -> Iterator[Server]:
    """A server in a process group of its own, on the first core."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    words, more = command(port)
    with _pinned():
        process = subprocess.Popen(
            words,
            cwd=ROOT,
            env={**os.environ, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        _wait_for(port, process)
        yield Server(port, process.pid)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def _pinned(last: bool = False) -> Iterator[None]:
    """Processes and threads that are started within stay on the first core, or on the last."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores) if last else min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.05)
    raise RuntimeError(f"no server on port {port}: {process.args!r}")


def _cpu_seconds(group: int) -> float:
    """User and system time of all processes of the group so far."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def _drive(port: int, requests: Sequence[Environ], seconds: float) -> tuple[int, float]:
    """Loads the server; gives requests done and seconds taken."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return _drive_ourselves(port, requests, seconds)
    with tempfile.NamedTemporaryFile("w", suffix=".lua", encoding="utf-8") as script:
        script.write(_lua(requests))
        script.flush()
        words = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "-s", script.name]
        words.append(f"http://127.0.0.1:{port}")
        said = subprocess.run(words, stdout=subprocess.PIPE, text=True, timeout=seconds + 30).stdout
    told = dict(line.split("=") for line in said.splitlines() if line.startswith("bench."))
    if int(told["bench.errors"]):
        raise RuntimeError(f"{told['bench.errors']} errors under load")
    return int(told["bench.requests"]), int(told["bench.us"]) / 1e6


def _lua(requests: Sequence[Environ]) -> str:
    """A wrk script that sends these requests in turn."""
    first = requests[0]
    headers = ", ".join(f"[ {_quoted(name)} ] = {_quoted(value)}" for name, value in wire_headers(first))
    asked = ", ".join(
        f"{{ {_quoted(environ['RAW_URI'])}, {_quoted(environ['body'].decode()) if environ['body'] else 'nil'} }}"
        for environ in requests
    )
    return (
        f"local asked = {{ {asked} }}\nlocal headers = {{ {headers} }}\nlocal at = 0\n"
        "request = function()\n  at = at % #asked + 1\n"
        f'  return wrk.format("{first["REQUEST_METHOD"]}", asked[at][1], headers, asked[at][2])\nend\n'
        "done = function(summary)\n"
        "  local bad = summary.errors\n"
        '  print("bench.requests=" .. summary.requests)\n'
        '  print("bench.us=" .. summary.duration)\n'
        '  print("bench.errors=" .. bad.connect + bad.read + bad.write + bad.status + bad.timeout)\nend\n'
    )


def _quoted(text: str) -> str:
    """A Lua string, nothing in it escaped."""
    return f"[==[{text}]==]"


def wire_headers(environ: Environ) -> list[tuple[str, str]]:
    """The headers of a request as a client sends them, but for those of the connection."""
    names = {key: key.removeprefix("HTTP_") for key in environ if key.startswith("HTTP_") or key == "CONTENT_TYPE"}
    names.pop("HTTP_CONNECTION", None)
    return [(name.replace("_", "-").title(), environ[key]) for key, name in names.items()]


def _drive_ourselves(port: int, requests: Sequence[Environ], seconds: float) -> tuple[int, float]:
    """A plain loop in threads, for machines without wrk: its own core bounds the rate, not the CPU per request."""
    ready = [_bytes(environ) for environ in requests]
    end = time.monotonic() + seconds

    def client(number: int) -> int:
        waiting, count = islice(cycle(ready), number, None), 0
        while time.monotonic() < end:
            with socket.create_connection(("127.0.0.1", port)) as sock, sock.makefile("rb") as answers:
                kept = True
                while kept and time.monotonic() < end:
                    sock.sendall(next(waiting))
                    kept = _skip_answer(answers)
                    count += 1
        return count

    began = time.monotonic()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return sum(pool.map(client, range(CONNECTIONS))), time.monotonic() - began


def _bytes(environ: Environ) -> bytes:
    body: bytes = environ["body"]
    lines = [f"{environ['REQUEST_METHOD']} {environ['RAW_URI']} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in wire_headers(environ)]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _skip_answer(answers: BinaryIO) -> bool:
    """Whether the server keeps the connection. Raises RuntimeError unless the answer is a 200 with its length."""
    status = answers.readline()
    headers = {}
    while (line := answers.readline()).strip():
        name, _, value = line.partition(b":")
        headers[name.lower()] = value.strip().lower()
    if status.split()[1:2] != [b"200"] or b"content-length" not in headers:
        raise RuntimeError(f"answered {status!r} {headers}")
    answers.read(int(headers[b"content-length"]))
    return headers.get(b"connection") != b"close"


if __name__ == "__main__":
    side, path, port = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    run(lambda: PLAIN[side](path), host="127.0.0.1", port=port)
