"""The recorder on the wire: bytes through as they are, failures of the upstream, files whole or none."""

from __future__ import annotations

import gzip
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

import dialects
from adapter.cli import main
from adapter.contract import load_session
from adapter.contract.hop import Upstream
from adapter.contract.recording import Recording
from tests.support.recorded import recorder
from tests.support.servers import free_port, running


@contextmanager
def vendor(*answers: bytes | None) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives these answers, one a connection, byte for byte; None resets. Gives what it was asked."""
    asked: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for answer in answers:
            connection, _ = listener.accept()
            with connection:
                got = b""
                while b"\r\n\r\n" not in got:
                    got += connection.recv(65536)
                asked.append(got)
                if answer is None:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                elif answer != b"(silence)":
                    connection.sendall(answer)
                else:
                    connection.recv(1)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/capsule", asked


def asked_through(url: str, request: bytes) -> bytes:
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as client:
        client.sendall(request)
        got = b""
        while more := client.recv(65536):
            got += more
        return got


GET = (
    b"GET /api/task/1 HTTP/1.1\r\nhOsT: here\r\nX-B: 2\r\nx-a:1\r\n"
    b"Authorization: Basic c2VjcmV0LTEyMzQ1Ong=\r\nConnection: close\r\n\r\n"
)


def recorded_one(
    tmp_path: Path, answer: bytes | None, request: bytes = GET, seconds: float = 60.0
) -> tuple[bytes, bytes, list[str]]:
    """What the client got, what the vendor was asked, and what the recorder told."""
    with vendor(answer) as (url, asked):
        upstream = Upstream(url, seconds)
        with recorder(Recording(tmp_path / "out", dialects.load("capsule"), upstream.url), upstream) as (here, lines):
            return asked_through(here, request), asked[0] if asked else b"", lines


def test_the_answer_goes_through_byte_for_byte(tmp_path: Path) -> None:
    answer = (
        b"HTTP/1.1 200 Fine\r\nx-Odd:  two\r\nSet-cookie: a=b\r\nX-ODD: one\r\nContent-Length: 5\r\n\r\n\x00\xff\x80ab"
    )
    got, asked, lines = recorded_one(tmp_path, answer)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert got == head + b"\r\nConnection: close\r\n\r\n" + body
    assert asked.startswith(b"GET /capsule/api/task/1 HTTP/1.1\r\nhOsT: 127.0.0.1:")
    assert b"\r\nX-B: 2\r\nx-a:1\r\nAuthorization: Basic c2Vj" in asked
    assert lines[0].startswith("GET /api/task/1 200 ")
    (exchange,) = load_session(tmp_path / "out")
    assert exchange.response.body == b"\x00\xff\x80ab"
    assert b"c2Vj" not in exchange.request_bytes


def test_chunks_are_the_recorders_own_and_gzip_is_stored_decoded(tmp_path: Path) -> None:
    packed = gzip.compress(b'{"task":{"id":"7"}}')
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    got, _, lines = recorded_one(tmp_path, head + chunks)
    assert packed in got
    assert b"Content-Encoding: gzip" in got
    (exchange,) = load_session(tmp_path / "out")
    assert exchange.response.body == b'{"task":{"id":"7"}}'
    assert "stored decoded, it came as gzip" in lines[0]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (None, b"502"),
        (b"garbage\r\n\r\n", b"502"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", b"502"),
        (b"(silence)", b"504"),
    ],
    ids=["reset", "garbage", "half", "slow"],
)
def test_a_failing_upstream_is_told_in_a_plain_line_and_nothing_is_written(
    tmp_path: Path, answer: bytes | None, status: bytes
) -> None:
    got, _, lines = recorded_one(tmp_path, answer, seconds=0.3)
    assert got.startswith(b"HTTP/1.1 " + status)
    assert b"Content-Type: text/plain" in got
    assert got.partition(b"\r\n\r\n")[2].count(b"\n") == 1
    assert "nothing written" in lines[0]
    assert load_session(tmp_path / "out") == []


def test_a_closed_upstream_is_502(tmp_path: Path) -> None:
    upstream = Upstream(f"http://127.0.0.1:{free_port()}")
    with recorder(Recording(tmp_path / "out", dialects.load("capsule"), upstream.url), upstream) as (here, _):
        assert asked_through(here, GET).startswith(b"HTTP/1.1 502 ")


def test_a_secret_found_late_leaves_what_was_written_before(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "out", dialects.load("capsule"), "http://vendor.test")
    first = b'HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n{"handle":"late-Sec/ret-77"}'
    recording.put(b"GET /api/a HTTP/1.1\r\nHost: v\r\n\r\n", first, 1.0, 1.1, [], "")
    later = b"GET /api/b HTTP/1.1\r\nHost: v\r\nAuthorization: Bearer late-Sec/ret-77\r\n\r\n"
    recording.put(later, b"HTTP/1.1 200 OK\r\n\r\n", 2.0, 2.1, [], "")
    files = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*.*"))
    assert b"late-Sec" not in files
    assert recording.left() == []


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_the_command_leaves_whole_exchanges_only_however_it_ends(tmp_path: Path, ending: signal.Signals) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    with vendor(*[answer] * 20) as (url, _):
        words = ["-m", "adapter", "contract", "record", "--dialect", "capsule", "--upstream", url, "--port", "{port}"]
        with running([sys.executable, *words, "--out", tmp_path / "out"]) as server:
            for _ in range(8):
                assert b"{}" in asked_through(f"http://127.0.0.1:{server.port}", GET)
            os.kill(server.process.pid, ending)
            code = server.process.wait(20)
            logs = server.logs
    assert len(load_session(tmp_path / "out")) == 8
    assert "secret-12345" not in logs
    if ending is signal.SIGINT:
        assert (code, logs.count("GET /api/task/1 200 ")) == (0, 8)
        assert "8 exchanges; the recording replays against itself" in logs


def test_a_folder_with_something_in_it_and_an_unknown_dialect_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    options = ["contract", "record", "--upstream", "http://127.0.0.1:9", "--out", str(tmp_path)]
    full = CliRunner().invoke(main, [*options, "--dialect", "capsule"])
    other = CliRunner().invoke(main, [*options, "--dialect", "nobody"])
    assert (full.exit_code, other.exit_code) == (2, 2)


@pytest.mark.slow
def test_the_command_says_what_it_takes() -> None:
    words = [sys.executable, "-m", "adapter", "contract", "record", "--help"]
    shown = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert all(option in shown for option in ("--dialect", "--upstream", "--out", "--port", "--host", "--redact"))
