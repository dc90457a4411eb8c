"""The recorder between a client and a served gateway that acts as the vendor."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfile
from urllib.parse import quote, quote_plus

import pytest

import dialects
from adapter.client import Credentials
from adapter.contract import load_session
from adapter.contract.credentials import renamed, said, stand_ins
from adapter.contract.verify import self_check, verify
from adapter.live import Live
from tests.support.recorded import CLIENTS, LivedIn, lived_in, record_thirty, spend_ids
from tests.support.shipped import shipped
from tests.support.world import World

pytestmark = pytest.mark.slow
SECRETS = ("ann-token", "ann-pw")


@contextmanager
def served(folder: Path) -> Iterator[str]:
    with shipped(folder / "world.db") as running:
        yield f"http://127.0.0.1:{running.server.port}"


def in_any_encoding(secret: str) -> list[bytes]:
    plain = secret.encode()
    basic = [base64.b64encode(plain + b":x"), base64.b64encode(b"ann:" + plain), base64.b64encode(plain).rstrip(b"=")]
    texts = [quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], html.escape(secret)]
    return [plain, *basic, *(text.encode() for text in texts)]


@pytest.mark.parametrize("name", sorted(CLIENTS))
def test_thirty_calls_are_recorded_without_secrets_and_verify(name: str, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    with lived_in(first) as world:
        # Before a server opens it; opentaps' ids hold the moment of creation, so the person is the same in both.
        world.store.close()
        copyfile(first / "world.db", second / "world.db")
    if name != "opentaps":
        # opentaps counts its activities, so there must be as many.
        with World(second, url=f"sqlite:///{second}/world.db", made=True) as copied:
            copied.now = None
            spend_ids(copied)
    with LivedIn(first, url=f"sqlite:///{first}/world.db", made=True, now=None) as world, served(first) as url:
        world.person = 2
        out = record_thirty(name, tmp_path, world, url)
    for path in out.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        for secret in SECRETS:
            assert not [form for form in in_any_encoding(secret) if form in content], (path, secret)
    session = load_session(out)
    assert len(session) >= 30
    assert self_check(session) == []
    held = said(session, dialects.load(name).traces)
    given = Credentials("ann-token", "ann", "ann-pw")
    with served(second) as other:
        report = verify(
            session,
            Live(f"{other}/{name}"),
            base_url=f"{other}/{name}",
            upstream=f"{url}/{name}",
            known=stand_ins(held, given),
            names=renamed(held, given),
        )
    assert report.differences == []
