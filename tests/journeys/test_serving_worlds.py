"""``crmglot serve --port 0 --world FILE``, as a test in any language starts it."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, IncompleteRead, RemoteDisconnected
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import dialects
from tests.support.servers import ROOT

pytestmark = pytest.mark.slow

WORLD = """
tenants:
  - slug: acme
    domains: [acme.com]
    users: [{username: mia, password: mia-pw, admin: true}]
    tasks: [{title: Ring Zoë, due: 2030-06-03}]
"""


@contextmanager
def serving(folder: Path, *words: str, **env: str) -> Iterator[tuple[dict[str, Any], subprocess.Popen[str]]]:
    """The line that it prints, and the process."""
    path = folder / "world.yaml"
    path.write_text(WORLD, encoding="utf-8")
    command = [sys.executable, "-m", "adapter", "serve", "--port", "0", "--world", str(path), *words]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CRMGLOT_")}
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**clean, "TMPDIR": str(folder), **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline()), process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()


def ask(ready: dict[str, Any], method: str, path: str, given: object = None) -> Any:
    connection = HTTPConnection(urlsplit(ready["url"]).netloc, timeout=20)
    basic = base64.b64encode(f"{ready['token']}:x".encode()).decode()
    try:
        body = None if given is None else json.dumps(given)
        connection.request(method, path, body, {"Authorization": f"Basic {basic}"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_ready_reset_and_gone(tmp_path: Path) -> None:
    with serving(tmp_path, CRMGLOT_TESTING="1") as (ready, process):
        assert ready["ready"] is True
        assert ready["dialects"] == {name: f"{ready['url']}/{name}" for name in dialects.names()}
        code, task = ask(ready, "GET", "/capsule/api/task/1")
        assert (code, "Ring Zoë" in task.decode()) == (200, True)
        assert ask(ready, "DELETE", "/capsule/api/task/1")[0] == 200
        assert ask(ready, "GET", "/capsule/api/task/1")[0] == 404
        assert ask(ready, "POST", "/_crmglot/reset")[0] == 200
        assert ask(ready, "GET", "/capsule/api/task/1") == (200, task)

        ask(ready, "POST", "/_crmglot/faults", {"fault": "malformed"})
        with pytest.raises(IncompleteRead) as broken:
            ask(ready, "GET", "/capsule/api/task/1")
        assert broken.value.partial == task[: len(task) // 2]
        ask(ready, "POST", "/_crmglot/faults", {"fault": "cut"})
        with pytest.raises(RemoteDisconnected):
            ask(ready, "GET", "/capsule/api/task/1")
        assert ask(ready, "GET", "/capsule/api/task/1") == (200, task)
        assert list(tmp_path.glob("crmglot-world-*"))
    assert process.returncode == 0
    assert not list(tmp_path.glob("crmglot-world-*"))
    with serving(tmp_path, CRMGLOT_TESTING="1") as (again, _):
        assert again["token"] == ready["token"]


def test_a_database_of_ones_own_keeps_its_world(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/own.db"
    with serving(tmp_path, CRMGLOT_DATABASE_URL=url) as (ready, _):
        assert ask(ready, "GET", "/_crmglot/clock")[0] == 404
        assert ask(ready, "DELETE", "/capsule/api/task/1")[0] == 200
    with serving(tmp_path, CRMGLOT_DATABASE_URL=url) as (again, _):
        assert again["token"] is None
        assert ask({**again, "token": ready["token"]}, "GET", "/capsule/api/task/1")[0] == 404


def test_a_world_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "world.yaml"
    path.write_text("tenants:\n  - {slug: acme, colour: red}\n")
    command = [sys.executable, "-m", "adapter", "serve", "--port", "0", "--world", str(path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "world.yaml:2:" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_several_processes_have_no_surface(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2", CRMGLOT_TESTING="1") as (ready, _):
        assert ask(ready, "GET", "/_crmglot/clock")[0] == 404
        with socket.create_connection((urlsplit(ready["url"]).hostname, urlsplit(ready["url"]).port)):
            pass
