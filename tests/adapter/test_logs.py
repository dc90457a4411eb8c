"""One JSON line an event; neither the text of an error nor anybody's data in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import orjson
import pytest

from adapter.logs import Log, say
from tests.support.servers import ROOT


def test_an_event_is_one_line() -> None:
    lines: list[bytes] = []
    Log(lines.append).event({"level": "info", "message": "a\nb\u2028c", "odd": object})
    assert len(lines) == 1
    assert lines[0].endswith(b"}\n")
    assert lines[0].count(b"\n") == 1
    told = orjson.loads(lines[0])
    assert told["message"] == "a\nb\u2028c"
    assert abs(told["at"] - time.time()) < 5


def test_a_failure_tells_where_and_not_what() -> None:
    lines: list[bytes] = []
    try:
        int("the client's secret")
    except ValueError as error:
        Log(lines.append).failure("request failed", error, dialect="echo")
    told = orjson.loads(lines[0])
    assert (told["level"], told["message"], told["error"], told["dialect"]) == (
        "error",
        "request failed",
        "ValueError",
        "echo",
    )
    assert told["where"][-1].startswith("test_logs.py:")
    assert b"secret" not in lines[0]


def test_lines_of_threads_do_not_mix() -> None:
    script = (
        "import threading; from adapter.logs import Log; log = Log()\n"
        "def run(n):\n"
        "    for _ in range(200): log.event({'n': n, 'pad': 'x' * 500})\n"
        "threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout == b""
    lines = done.stderr.splitlines()
    assert len(lines) == 1600
    assert {json.loads(line)["n"] for line in lines} == set(range(8))


def test_a_log_that_cannot_be_written_stops_nobody() -> None:
    script = "import os; from adapter.logs import Log; os.close(2); Log().event({'a': 1}); os.write(1, b'fine')"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout == b"fine"


def test_say(capfd: pytest.CaptureFixture[str]) -> None:
    say("hello")
    assert capfd.readouterr() == ("", f"hello{os.linesep}")
