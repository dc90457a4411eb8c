"""Scripts: whether they parse, and running one in a process of its own (`adapter.jobs.sandbox` is the other side)."""

from __future__ import annotations

import hashlib
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import orjson
import starlark

from canonical.service.workflows import ScriptError

SANDBOX: Final = Path(__file__).with_name("sandbox.py")
MAX_LINE: Final = 1_100_000
MAX_ANSWER: Final = 4_000_000
CHECKS_KEPT: Final = 512
CHECK_SECONDS: Final = 5.0
_PLACE = re.compile(r"^ *--> script:(\d+):(\d+)", re.MULTILINE)
_CAUSE = re.compile(r"^error: (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one try of one script may use.

    `cpu` and `wall` are seconds, `wall` for tasks without a timeout of their own and `max_wall` for those with one;
    `memory` and `output` (all that it logs) bytes; `calls` are calls of ``crm``. From its first write on, while it
    keeps other writers waiting, a script has only `hold_cpu` seconds of processor time and `hold_wall` in all.
    """

    cpu: float = 5.0
    wall: float = 30.0
    max_wall: float = 300.0
    memory: int = 256 * 1024 * 1024
    steps: int = 20_000_000
    depth: int = 60
    output: int = 65_536
    calls: int = 1000
    hold_cpu: float = 0.3
    hold_wall: float = 3.0


class ScriptFailed(Exception):
    """The script went wrong or was ended; the message is for the job's log."""


class Script:
    """One try of one script, in a process that ends with the ``with`` block.

    `next` gives what the script says, one at a time: ``{"log": text}``, ``{"call": name, "values": [...],
    "named": {...}}``, to which `answer` or `refuse` must follow, and ``{"done": True}``.
    """

    def __init__(self, body: str, params: Mapping[str, str], error: str | None, limits: Limits, wall: float) -> None:
        self._limits = limits
        self._wall = wall
        self._held = False
        self._process = _Sandbox()
        self._ends = time.monotonic() + wall
        order = {
            "script": body,
            "params": dict(params),
            "error": error,
            "memory": limits.memory,
            "cpu": limits.cpu,
            "steps": limits.steps,
            "depth": limits.depth,
            "output": limits.output,
        }
        self._send(order)

    def __enter__(self) -> Script:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.end()

    def next(self) -> dict[str, Any]:
        """Raises ScriptFailed when the script failed, was ended by a limit, or took too long."""
        line = self._process.line(self._ends)
        if line is None:
            raise ScriptFailed(
                f"the script took more than {self._limits.hold_wall:g} s after its first write"
                if self._held
                else f"the script timed out after {self._wall:g} s"
            )
        if not line:
            raise ScriptFailed(self._why_it_ended())
        message: dict[str, Any] = orjson.loads(line)
        if "failed" in message:
            raise ScriptFailed(_readable(message["failed"]))
        return message

    def answer(self, value: Any) -> None:
        """One too large for a script to hold fails the call."""
        message = orjson.dumps({"answer": value, **self._urge()})
        if len(message) > MAX_ANSWER:
            self.refuse(f"the answer has more than {MAX_ANSWER} bytes")
        else:
            self._process.tell(message)

    def refuse(self, reason: str) -> None:
        """Makes the call fail at its line of the script, which then ends: a script cannot catch errors."""
        self._send({"error": reason})

    def hold(self) -> None:
        """From now on other writers wait for the script."""
        if not self._held:
            self._held = True
            self._ends = min(self._ends, time.monotonic() + self._limits.hold_wall)

    def _urge(self) -> dict[str, float]:
        return {"hurry": self._limits.hold_cpu} if self._held else {}

    def _send(self, message: Mapping[str, Any]) -> None:
        self._process.tell(orjson.dumps(message))

    def _why_it_ended(self) -> str:
        status = self._process.wait()
        if status in (-signal.SIGPROF, -signal.SIGXCPU):
            if self._held:
                return f"the script used more than {self._limits.hold_cpu:g} s of processor time after its first write"
            return f"the script used more than {self._limits.cpu:g} s of processor time"
        return "the script ran out of memory"


class _Sandbox:
    """The process that runs a script."""

    def __init__(self) -> None:
        command = [sys.executable, "-I", "-S", str(SANDBOX), str(Path(starlark.__file__).parents[1])]
        # Our own command: what a client wrote goes in by the pipe.
        self._process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            bufsize=0,
        )
        self._pipes = [pipe for pipe in (self._process.stdin, self._process.stdout) if pipe is not None]
        self._into, self._out_of = (pipe.fileno() for pipe in self._pipes)
        self._ready = select.poll()
        self._ready.register(self._out_of, select.POLLIN)
        self._buffer = bytearray()

    def tell(self, message: bytes) -> None:
        """A message for it; lost when it has ended, which the next line tells."""
        data = memoryview(message + b"\n")
        try:
            while data:
                data = data[os.write(self._into, data) :]
        except BrokenPipeError:
            return

    def line(self, ends: float) -> bytes | None:
        """What it says next, empty when it has ended, None when that takes longer than until `ends`."""
        while True:
            at = self._buffer.find(b"\n")
            if at >= 0:
                line = bytes(self._buffer[:at])
                del self._buffer[: at + 1]
                return line
            left = ends - time.monotonic()
            if left <= 0 or not self._ready.poll(left * 1000):
                return None
            data = os.read(self._out_of, 65_536)
            if not data or len(self._buffer) > MAX_LINE:
                return b""
            self._buffer += data

    def wait(self) -> int:
        return self._process.wait()

    def end(self) -> None:
        self._process.kill()
        for pipe in self._pipes:
            pipe.close()
        self._process.wait()


def _readable(text: str) -> str:
    """``line 3, column 5: fail: no such person`` out of the engine's report."""
    place, cause = _PLACE.search(text), _CAUSE.search(text)
    message = (cause[1] if cause else text).strip()
    for name in ("ValueError: ", "StarlarkError: "):
        message = message.removeprefix(name)
    if place is None:
        return message
    return f"line {place[1]}, column {place[2]}: {message}"


class Checker:
    """Tells whether scripts parse; remembers what it has found."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, ScriptError | None] = OrderedDict()
        self._guard = threading.Lock()

    def check(self, bodies: Sequence[str]) -> list[ScriptError | None]:
        """For each script where and why it does not parse, or None."""
        keys = [hashlib.sha256(body.encode("utf-8", "surrogatepass")).digest() for body in bodies]
        with self._guard:
            found = {key: self._kept[key] for key in keys if key in self._kept}
        for key, body in zip(keys, bodies, strict=True):
            if key not in found:
                found[key] = parse_error(body)
        with self._guard:
            self._kept.update(found)
            while len(self._kept) > CHECKS_KEPT:
                self._kept.popitem(last=False)
        return [found[key] for key in keys]


def parse_error(body: str) -> ScriptError | None:
    """Where and why the script does not parse, or None. In a process of its own: a parser may run out of stack."""
    sandbox = _Sandbox()
    try:
        sandbox.tell(orjson.dumps({"check": [body], "memory": Limits().memory, "cpu": 2.0}))
        line = sandbox.line(time.monotonic() + CHECK_SECONDS)
    finally:
        sandbox.end()
    if not line:
        return ScriptError(1, 1, "the script is nested too deeply")
    report = orjson.loads(line)["checked"][0]
    if report is None:
        return None
    place, cause = _PLACE.search(report), _CAUSE.search(report)
    message = (cause[1] if cause else report).removeprefix("Parse error: ").strip()
    return ScriptError(int(place[1]), int(place[2]), message) if place else ScriptError(1, 1, message)
