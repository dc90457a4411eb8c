"""Recordings for tests: thirty calls of a client in any dialect, through the recorder, at a served gateway."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dialects
from adapter.contract.hop import Upstream
from adapter.contract.recorder import Recorder
from adapter.contract.recording import Recording
from adapter.live import Live
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

    def desk(self) -> Any:
        return self._world.desk()


def thirty_calls(name: str, world: LivedIn, url: str) -> int:
    """What a client of the dialect does in thirty calls or a few more; gives how many."""
    through: Any = Through(world, url)
    client = CLIENTS[name](through)
    number = 0
    while through.calls < CALLS:
        number += 1
        for kind in client.kinds:
            made = client.create(kind, f'Ring Zoë {number} <&> "{kind}"', "with 1234.56 é", world.person)
            assert client.read(kind, made) is not None
            client.retitle(kind, made, f"Ring {number}", "again")
            assert made in client.numbers(kind, world.person)
            if kind == "task":
                client.complete(made)
            if number == 2:
                client.delete(kind, made, world.person)
                assert client.read(kind, made) is None
    return int(through.calls)


def record_thirty(name: str, folder: Path, world: LivedIn, vendor: str) -> Path:
    """Records thirty calls at the server `vendor` (its address without the dialect's mount); gives the folder."""
    out = folder / f"recording-{name}"
    upstream = Upstream(f"{vendor}/{name}")
    recording = Recording(out, dialects.load(name), upstream.url)
    with recorder(recording, upstream) as (url, lines):
        calls = thirty_calls(name, world, url)
    assert len(recording.exchanges) == calls == len(lines), lines
    assert not recording.left()
    return out
