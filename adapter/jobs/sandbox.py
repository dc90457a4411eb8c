"""The other side of `adapter.jobs.scripts`: runs one script in a process of its own, and nothing else.

Starlark reaches no files, no network and no other code, but its engine ends the process that runs out of memory, so
it runs where that does no harm. Started by path, isolated and without site packages, with the folder of the Starlark
package as its argument; it imports nothing of ours. One JSON value a line: the order on standard input, then a line
for each call of the script, answered by one line each, and at last how it ended.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

sys.path.append(sys.argv[1])

import starlark

STEPS_A_CHECK = 1000
"""How many instructions the engine runs between two looks at whether to stop."""
MAX_LINE = 1_000_000
API = ("find", "get", "create", "update", "complete", "link")
PRELUDE = f"""
crm = struct({", ".join(f"{name} = _crm_{name}" for name in API)})
{chr(10).join(f"_crm_{name} = None" for name in API)}
print = log
"""


class Stopped(Exception):
    """The other side is gone."""


def confine(memory: int, cpu_seconds: float) -> None:
    """No new files, no processes, bounded memory; the kernel ends what computes too long."""
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 3),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, int(cpu_seconds) + 2),
    ):
        resource.setrlimit(limit, (value, value))
    hurry(cpu_seconds)


def hurry(cpu_seconds: float) -> None:
    """SIGPROF, which nobody handles, once so much more processor time is used."""
    left = signal.getitimer(signal.ITIMER_PROF)[0]
    signal.setitimer(signal.ITIMER_PROF, min(cpu_seconds, left) if left else cpu_seconds)


def send(message: dict[str, Any]) -> None:
    line = json.dumps(message, separators=(",", ":"), allow_nan=False)
    if len(line) > MAX_LINE:
        raise ValueError("the value is too large")
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def receive() -> dict[str, Any]:
    line = sys.stdin.readline()
    if not line:
        raise Stopped
    message: dict[str, Any] = json.loads(line)
    return message


def dialect() -> starlark.Dialect:
    chosen = starlark.Dialect.standard()
    chosen.enable_load = False
    chosen.enable_top_level_stmt = True
    chosen.enable_f_strings = True
    chosen.enable_keyword_only_arguments = True
    return chosen


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class Script:
    """One script with what it may call."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        self.checks = 0
        self.output = 0
        self.stopped_by: str | None = None

    def out_of_steps(self) -> bool:
        self.checks += 1
        if self.checks * STEPS_A_CHECK <= self.order["steps"]:
            return False
        self.stopped_by = f"the script took more than {self.order['steps']} steps"
        return True

    def log(self, *values: Any) -> None:
        text = " ".join(map(text_of, values))
        # An entry costs something even when it says nothing.
        self.output += len(text.encode("utf-8", "replace")) + 1
        if self.output > self.order["output"]:
            raise ValueError(f"the script logged more than {self.order['output']} bytes")
        send({"log": text})

    def asking(self, name: str) -> Callable[..., Any]:
        def call(*values: Any, **named: Any) -> Any:
            send({"call": name, "values": values, "named": named})
            answer = receive()
            if "hurry" in answer:
                hurry(answer["hurry"])
            if "error" in answer:
                raise ValueError(answer["error"])
            return answer["answer"]

        return call

    def run(self) -> None:
        """Raises what the engine raises."""
        library = starlark.LibraryExtension
        world = starlark.Globals.extended_by([library.StructType, library.Json, library.Map, library.Filter])
        module = starlark.Module()
        for name in API:
            module.add_callable(f"_crm_{name}", self.asking(name))
        module.add_callable("log", self.log)
        module["params"] = self.order["params"]
        module["error"] = self.order["error"]
        starlark.eval(module, starlark.parse("prelude", PRELUDE, dialect()), world)
        options = starlark.EvalOptions(check_cancelled=self.out_of_steps, max_callstack_size=self.order["depth"])
        starlark.eval_with(options, module, starlark.parse("script", self.order["script"], dialect()), world)


def run(order: dict[str, Any]) -> dict[str, Any]:
    script = Script(order)
    try:
        script.run()
    except starlark.StarlarkError as error:
        return {"failed": script.stopped_by or str(error)[-4000:]}
    return {"done": True}


def check(bodies: list[str]) -> dict[str, Any]:
    found: list[str | None] = []
    for body in bodies:
        try:
            starlark.parse("script", body, dialect())
            found.append(None)
        except starlark.StarlarkError as error:
            found.append(str(error)[:4000])
    return {"checked": found}


def main() -> None:
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    order = receive()
    confine(order["memory"], order["cpu"])
    try:
        send(check(order["check"]) if "check" in order else run(order))
    except (Stopped, BrokenPipeError):
        return


if __name__ == "__main__":
    main()
