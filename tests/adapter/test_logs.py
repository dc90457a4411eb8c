"""One JSON line an event; neither the text of an error nor anybody's data in it."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time

import orjson
import pytest

from adapter.logs import Log, Records, say
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


@pytest.mark.slow
def test_a_log_that_nobody_reads_holds_nobody_up() -> None:
    """A pipe takes 64 KiB; then lines are dropped until somebody reads, who is told how many."""
    script = (
        "import os, sys, time, adapter.logs as logs; log = logs.Log(); began = time.monotonic()\n"
        "for n in range(3000): log.event({'n': n, 'pad': 'x' * 500})\n"
        "os.write(1, b'%.1f\\n' % (time.monotonic() - began)); sys.stdin.readline(); log.event({'n': 'last'})"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    assert 0.5 < float(process.stdout.readline()) < 5
    reader = process.stderr
    seen = [json.loads(reader.readline()) for _ in range(100)]
    assert [line["n"] for line in seen] == list(range(100))
    process.stdin.write(b"\n")
    process.stdin.close()
    rest = [json.loads(line) for line in reader.read().splitlines()]
    assert process.wait(10) == 0
    assert rest[-1]["n"] == "last"
    assert (rest[-2]["message"], rest[-2]["count"]) == ("log lines were dropped", 3000 - 100 - len(rest) + 2)
    process.stdout.close()
    reader.close()


def test_closed_streams_are_filled_before_a_socket_gets_their_number() -> None:
    script = (
        "import socket; from adapter.logs import Log, hold_standard_streams, say; hold_standard_streams()\n"
        "ours, theirs = socket.socketpair(); Log().event({'a': 1}); say('hello'); theirs.setblocking(False)\n"
        "import sys; code = 1\n"
        "try: theirs.recv(100)\n"
        "except BlockingIOError: code = 7\n"
        "sys.exit(code)"
    )
    command = ["bash", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, script]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 7


def test_a_librarys_log_is_ours_without_what_it_put_in() -> None:
    lines: list[bytes] = []
    logger = logging.Logger("of a library")
    logger.addHandler(Records(Log(lines.append), "server"))
    for number in range(3):
        try:
            int(f"secret {number}")
        except ValueError:
            logger.exception("could not take %s", f"secret {number}")
        logger.warning("no room for %s", f"secret {number}")
        logger.info("said %s", number)
    told = [orjson.loads(line) for line in lines]
    assert [(line["level"], line["message"]) for line in told] == [
        ("error", "server: could not take %s"),
        ("warning", "server: no room for %s"),
    ]
    assert told[0]["error"] == "ValueError"
    assert not any(b"secret" in line for line in lines)


def test_say(capfd: pytest.CaptureFixture[str]) -> None:
    say("hello")
    assert capfd.readouterr() == ("", f"hello{os.linesep}")
