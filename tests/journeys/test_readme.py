"""The README's calls, run as they stand against a fresh demo world, give the answers printed there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.servers import running_python

README = Path(__file__).resolve().parents[2] / "README.md"
# What differs from run to run: moments, session ids, and the moment inside an opentaps id.
VOLATILE = [
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?"), "MOMENT"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "TOKEN"),
    (re.compile(r"\b[0-9a-f]{8}(?=[0-9a-f]{16}\b)"), "TIME"),
    (re.compile(r"\b\d{17,19}\b"), "ID"),
]


def examples() -> list[tuple[str, str]]:
    """The commands and the answers printed under them, in order."""
    found: list[tuple[str, str]] = []
    for block in re.findall(r"```console\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, answer = part.partition("\n")
            found.append((command, answer.rstrip("\n")))
    return found


def settled(text: str) -> str:
    for pattern, word in VOLATILE:
        text = pattern.sub(word, text)
    return text


@pytest.mark.slow
def test_the_readmes_calls_give_the_answers_printed_there(tmp_path: Path) -> None:
    own = {"PYTHONPATH": str(README.parent), "CRMGLOT_DATABASE_URL": f"sqlite:///{tmp_path}/demo.db"}
    demo = [sys.executable, "-m", "adapter", "demo"]
    subprocess.run(demo, env={**os.environ, **own}, check=True, capture_output=True)
    commands = examples()
    assert len(commands) >= 8
    with running_python("-m", "adapter", "serve", "--port", "{port}", env=own) as server:
        for command, expected in commands:
            local = command.replace("localhost:8080", f"127.0.0.1:{server.port}")
            shown = subprocess.run(["bash", "-c", local], cwd=tmp_path, check=True, capture_output=True, text=True)
            assert settled(shown.stdout.rstrip("\n")) == settled(expected), command
