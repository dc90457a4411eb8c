"""Starting a server as a process of its own, on a free port, and ending it whatever the test does."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]


class DidNotStart(Exception):
    """The command ended, or did not accept a connection in time; the message is its log."""


@dataclass
class RunningServer:
    """A server that accepts connections at `host`:`port`; it writes to the file behind `log`."""

    host: str
    port: int
    process: subprocess.Popen[bytes]
    log: IO[bytes]

    @property
    def logs(self) -> str:
        """All it wrote so far, both streams."""
        return Path(self.log.name).read_text(encoding="utf-8", errors="replace")

    def wait_for_log(self, text: str, seconds: float = 10.0) -> str:
        """The first line that holds this text, once it is there."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in self.logs.splitlines():
                if text in line:
                    return line
            time.sleep(0.02)
        raise AssertionError(f"no {text!r} in:\n{self.logs}")

    def terminate(self, seconds: float = 20.0) -> int:
        """SIGTERM, and the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


def free_port(host: str = "127.0.0.1") -> int:
    """A port nobody listens on at the moment."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def outside_address() -> str | None:
    """An IPv4 address of this machine that is not loopback, if there is one; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
            address: str = probe.getsockname()[0]
        except OSError:
            return None
    return None if address.startswith("127.") or address == "0.0.0.0" else address


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    seconds: float = 20.0,
) -> Iterator[RunningServer]:
    """Run a command until the block ends; ``{host}`` and ``{port}`` in its words are filled in.

    It starts in the root of the checkout, in a process group of its own, which is killed at the end.
    """
    port = port or free_port(host)
    words = [str(word).replace("{host}", host).replace("{port}", str(port)) for word in command]
    with tempfile.NamedTemporaryFile(prefix="server-", suffix=".log") as log:
        process = subprocess.Popen(
            words,
            cwd=cwd or ROOT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        server = RunningServer(host, port, process, log)
        try:
            wait_until_accepting(server, seconds)
            yield server
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def running_python(*words: str, host: str = "127.0.0.1", **options: object) -> Iterator[RunningServer]:
    """`running` with this Python: ``running_python("-m", "tests.support.echo_server", "{port}")``."""
    with running([sys.executable, *words], host=host, **options) as server:  # type: ignore[arg-type]
        yield server


def wait_until_accepting(server: RunningServer, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.process.poll() is not None:
            raise DidNotStart(f"ended with {server.process.returncode}:\n{server.logs}")
        try:
            socket.create_connection((server.host, server.port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise DidNotStart(f"accepts no connection after {seconds} s:\n{server.logs}")


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost, 127.0.0.1 and ::1, and its key, made by the `openssl` command."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key
