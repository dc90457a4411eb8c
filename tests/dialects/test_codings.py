"""Bodies in gzip, in every dialect: RESTEasy up to 3.0 decoded them by itself (capsule dossier, section 3)."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator

import pytest

from tests.support.doors import DOORS, Door, Send, in_process, store
from tests.support.world import World

MAX = 8 * 1024 * 1024


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("codings"), now=None) as made:
        yield made


@pytest.fixture(scope="module")
def send(world: World) -> Send:
    return in_process(world)


every_door = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.dialect)


@every_door
@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP", "deflate"])
def test_h6_a_coded_body_is_decoded(send: Send, door: Door, coding: str) -> None:
    text = f"{coding} Zoë".encode()
    pack = zlib.compress if coding == "deflate" else gzip.compress
    status, _, body = store(send, door, pack(door.put(text)), ("Content-Encoding", coding))
    assert status in (200, 201)
    assert door.stored(body) == text.decode()


@every_door
def test_h6_a_name_that_codes_nothing_changes_nothing(send: Send, door: Door) -> None:
    for name in ("utf-8", "identity", ""):
        assert door.stored(store(send, door, door.put(b"plain"), ("Content-Encoding", name))[2]) == "plain"


@every_door
def test_h6_bad_gzip_is_a_bad_body(world: World, send: Send, door: Door) -> None:
    """What nobody can decode is worded as a body that nobody can parse; nothing is written and nothing unexpected."""
    expected = {
        "capsule": (500, b"<message>"),
        "opentaps": (400, b"Unexpected Error Malformed request body"),
        "zurmo": (200, b"Please provide data."),
        "affinitylive": (400, b"invalid_request"),
        "crust": (200, b"error parsing http request body"),
    }[door.dialect]
    whole = gzip.compress(door.put(b"never"))
    for body in (door.put(b"never"), whole[:-3], whole + b"x", b"\x1f\x8b"):
        world.lines.clear()
        status, _, answer = store(send, door, body, ("Content-Encoding", "gzip"))
        assert status == expected[0], answer
        assert expected[1] in answer
        assert world.lines[-1]["refused"] == "Malformed"


@every_door
def test_h6_a_bomb_is_a_body_that_is_too_long(world: World, send: Send, door: Door) -> None:
    bomb = gzip.compress(b"a" * (MAX + 1), 1)
    plain = store(send, door, b"a" * (MAX + 1))
    world.lines.clear()
    coded = store(send, door, bomb, ("Content-Encoding", "gzip"))
    assert (coded[0], coded[2]) == (plain[0], plain[2])
    assert world.lines[-1]["refused"] == "TooLarge"
    assert world.lines[-1]["us"] < 1_000_000
