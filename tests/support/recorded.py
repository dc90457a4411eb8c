"""Recordings for tests: thirty calls of a client in any dialect, through the recorder, at a served gateway."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import dialects
from adapter.contract.hop import Upstream
from adapter.contract.recorder import Recorder
from adapter.contract.recording import Recording
from adapter.live import Live
from adapter.wire import WireRequest, WireResponse
from canonical.model import Activity, Party
from canonical.operations import Create, Delete
from canonical.service.desk import CoreDesk
from tests.matrix.clients import AffinityLive, Capsule, Client, Crust, Opentaps, Zurmo
from tests.support.world import World

CLIENTS: dict[str, type[Client]] = {each.name: each for each in (Opentaps, Zurmo, AffinityLive, Crust, Capsule)}
CALLS = 30


@contextmanager
def recorder(recording: Recording, upstream: Upstream) -> Iterator[tuple[str, list[str]]]:
    """A recorder at a free port; gives its address and the lines that it tells."""
    lines: list[str] = []
    with Recorder(recording, upstream, "127.0.0.1", 0, lines.append) as standing:
        thread = threading.Thread(target=standing.serve, daemon=True)
        thread.start()
        yield standing.address, lines
    thread.join(5)


class LivedIn(World):
    """A world as the vendor's account is before the session; `person` is the number of a person in it."""

    person = 0

    def __enter__(self) -> LivedIn:
        return self


def lived_in(folder: Path) -> LivedIn:
    """A world with a person."""
    world = LivedIn(folder, now=None)
    made = world.write(lambda desk: desk.create(Create(Party, {"first_name": "Zoë", "last_name": "Lund"})))
    world.person = made.id
    return world


def spend_ids(world: World) -> None:
    """Takes the first ids of activities, and frees them no more."""

    def spend(desk: CoreDesk) -> None:
        for type in ("task", "note"):
            desk.delete(Delete(Activity, desk.create(Create(Activity, {"type": type, "title": "gone"})).id))

    world.write(spend)


class Through:
    """Stands where a client expects a world: its endpoint is a live address."""

    def __init__(self, world: LivedIn, url: str) -> None:
        self._world = world
        self._live = Live(url)
        self.calls = 0

    def endpoint(self, name: str) -> Through:
        return self

    def send(self, request: Any) -> Any:
        self.calls += 1
        return self._live.send(request)

    @property
    def person(self) -> int:
        return self._world.person

    def desk(self) -> Any:
        return self._world.desk()


def thirty_calls(name: str, through: Any) -> int:
    """What a client of the dialect does in thirty calls or a few more; gives how many."""
    client = CLIENTS[name](through)
    number = 0
    while through.calls < CALLS:
        number += 1
        for kind in client.kinds:
            made = client.create(kind, f'Ring Zoë {number} <&> "{kind}"', "with 1234.56 é", through.person)
            assert client.read(kind, made) is not None
            client.retitle(kind, made, f"Ring {number}", "again")
            assert made in client.numbers(kind, through.person)
            if kind == "task":
                client.complete(made)
            if number == 2:
                client.delete(kind, made, through.person)
                assert client.read(kind, made) is None
    return int(through.calls)


def record_thirty(name: str, folder: Path, world: LivedIn, vendor: str) -> Path:
    """Records thirty calls at the server `vendor` (its address without the dialect's mount); gives the folder."""
    out = folder / f"recording-{name}"
    upstream = Upstream(f"{vendor}/{name}")
    recording = Recording(out, dialects.load(name), upstream.url)
    with recorder(recording, upstream) as (url, lines):
        calls = thirty_calls(name, Through(world, url))
    assert len(recording.exchanges) == calls == len(lines), lines
    assert not recording.left()
    return out


class Overheard(Through):
    """The gateway of a world in this process, with each exchange put into a recording."""

    def __init__(self, world: LivedIn, name: str, recording: Recording) -> None:
        self._world = world
        self._gateway = world.endpoint(name)
        self._recording = recording
        self.calls = 0

    def send(self, request: WireRequest) -> WireResponse:
        self.calls += 1
        asked = replace(request, base_url=VENDOR)
        began = time.time()
        answer = self._gateway.send(asked)
        head = [f"{request.method} {request.target} HTTP/1.1", "Host: vendor.test", *map(": ".join, request.headers)]
        told = [f"HTTP/1.1 {answer.status} {answer.reason}", *map(": ".join, answer.headers)]
        raws = ["\r\n".join([*lines, "", ""]).encode("iso-8859-1") for lines in (head, told)]
        self._recording.put(
            raws[0] + request.body, raws[1] + answer.body, began, time.time(), [], "recorded in a test"
        )
        return answer


VENDOR = "http://vendor.test/crm"


def record_in_process(name: str, folder: Path) -> Path:
    """Records thirty calls at a gateway in this process; gives the folder of the recording."""
    (folder / "world").mkdir()
    with lived_in(folder / "world") as world:
        recording = Recording(folder / "recording", dialects.load(name), VENDOR)
        thirty_calls(name, Overheard(world, name, recording))
    return recording.root
