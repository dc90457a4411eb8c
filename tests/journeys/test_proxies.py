"""Behind nginx and Apache, set up as ``docs/proxies.md`` says, and with clients of other languages.

A proxy or a language that this machine does not have is skipped by name; nothing else is.
"""

from __future__ import annotations

import gzip
import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.doors import BASIC, DOORS, FORM_TYPE, OPENTAPS, ZURMO, Door, Pairs, Sent, store
from tests.support.foreign import PROGRAMS, Step, follow, missing
from tests.support.proxies import block, program, proxied
from tests.support.rawhttp import RawConnection
from tests.support.servers import RunningServer
from tests.support.shipped import Shipped, prepare, shipped

pytestmark = pytest.mark.slow

EVIL: Pairs = (
    ("X-Forwarded-Host", "evil.test"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Prefix", "/evil"),
    ("X_Forwarded_Prefix", "/evil"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shipped]:
    with shipped(prepare(tmp_path_factory.mktemp("proxies"))) as made:
        yield made


class Way:
    """A way to the server: directly or by a proxy, in a sub-path or not."""

    def __init__(self, address: RunningServer, prefix: str) -> None:
        self.host, self.port, self.prefix = address.host, address.port, prefix
        self.forging: tuple[Pairs, ...] = ((),)
        self.base = f"http://{address.host}:{address.port}{prefix}"
        self.client = http.client.HTTPConnection(address.host, address.port, timeout=30)

    def close(self) -> None:
        self.client.close()

    def send(self, method: str, target: str, headers: Pairs, body: bytes) -> Sent:
        """On one connection, as long as the other side keeps it."""
        path = target if self.prefix and target.startswith(self.prefix) else self.prefix + target
        self.client.request(method, path, body or None, dict(headers))
        response = self.client.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()


@pytest.fixture(scope="module", params=["direct", "nginx", "nginx/crm", "apache", "apache/crm"])
def way(request: pytest.FixtureRequest, server: Shipped, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    name, slash, prefix = request.param.partition("/")
    if name == "direct":
        with closing(Way(server.server, "")) as made:
            yield made
        return
    if program(name) is None:
        pytest.skip(f"{name} is not installed")
    folder = tmp_path_factory.mktemp("proxy") / name
    with proxied(name, server.server, folder) as proxy, closing(Way(proxy, slash + prefix)) as made:
        made.forging = ((), EVIL)
        yield made


every_door = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.dialect)


@every_door
def test_texts_are_stored_and_shown(way: Way, door: Door) -> None:
    for number, text in enumerate(("plain", "Zoë “so” 😀", "a&b/c%20d+e")):
        shown = store(way.send, door, door.put(escaped(door, f"{number} {text}").encode()))
        assert shown[0] in (200, 201)
        assert unescaped(door, door.stored(shown[2])) == f"{number} {text}"
    zipped = store(way.send, door, gzip.compress(door.put(b"gz")), ("Content-Encoding", "gzip"))
    assert door.stored(zipped[2]) == "gz"


def escaped(door: Door, text: str) -> str:
    return text.replace("&", "&amp;") if door.dialect == "capsule" else text


def unescaped(door: Door, text: str) -> str:
    return text.replace("&amp;", "&") if door.dialect == "capsule" else text


def test_h3_links_lead_back(way: Way) -> None:
    xml = (BASIC, ("Content-Type", "text/xml"))
    for forged in way.forging:
        made = way.send("POST", "/capsule/api/person", (*xml, *forged), b"<person><lastName>L</lastName></person>")
        assert made[1]["location"].startswith(f"{way.base}/capsule/api/party/")
        shown = way.send(
            "GET", made[1]["location"].removeprefix(f"http://{way.host}:{way.port}"), (BASIC, *forged), b""
        )
        assert f"<pictureURL>{way.base}/capsule/".encode() in shown[2]
        tag = way.send("POST", made[1]["location"].removeprefix(way.base) + "/tag/big%20one", (BASIC, *forged), b"")
        assert tag[1]["location"] == f"{made[1]['location']}/tag/big%20one"


def test_zurmos_search_in_the_path_arrives_as_it_was_sent(way: Way) -> None:
    door = next(door for door in DOORS if door.dialect == "zurmo")
    raw = f"Raw{way.port}"
    for name in (f"{raw}&Bar", f"{raw}/Bar", raw):
        assert store(way.send, door, door.put(name.encode()))[0] == 200
    signed = door.sign_in(way.send)
    found = {}
    for written in ("%2526B", "%26B", "%252FB", "%2FB"):
        target = f"/zurmo/app/index.php/tasks/task/api/list/filter/search%5Bname%5D={raw}{written}"
        items = json.loads(way.send("GET", target, signed, b"")[2])["data"].get("items", [])
        found[written] = {item["name"].removeprefix(raw) for item in items}
    assert found == {
        "%2526B": {"&Bar"},
        "%26B": {"&Bar", "/Bar", ""},
        "%252FB": {"/Bar"},
        "%2FB": {"&Bar", "/Bar", ""},
    }


def test_long_searches_pass(way: Way) -> None:
    target = f"/opentaps/activities/1?{OPENTAPS}&x=" + "a" * 50_000
    assert way.send("GET", target, (), b"")[0] == 200


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_bodies_of_reads_pass(way: Way, method: str) -> None:
    target = "/opentaps/activities/10" if method == "GET" else f"/opentaps/activities/{'0' * 24}"
    answer = way.send(method, target, (("Content-Type", FORM_TYPE),), OPENTAPS.encode())
    assert answer[0] == (200 if method == "GET" else 404)


@every_door
def test_h2_long_bodies_are_refused_in_the_vendors_words_and_the_next_request_is_answered(
    way: Way, door: Door
) -> None:
    signed = (*door.sign_in(way.send), ("Content-Type", door.content_type))
    for size in (70_000, 9_000_000, 100):
        way.send("POST", "/nowhere", (), b"a" * size)
        told = way.send(door.method, door.target, signed, b"a" * size)
        if size > 8_000_000:
            words = {"zurmo": b"Max post size exceeded!", "capsule": b"request too large"}
            assert words.get(door.dialect, b"") in told[2]
            assert told[0] == {"capsule": 413, "opentaps": 413, "affinitylive": 400}.get(door.dialect, 200)
        assert store(way.send, door, door.put(b"after"))[0] in (200, 201)


def test_head_has_the_length_of_get(way: Way) -> None:
    for target in ("/capsule/api/users", "/healthz"):
        signed = (BASIC,) if "capsule" in target else ()
        got, head = (way.send(method, target, signed, b"") for method in ("GET", "HEAD"))
        assert head[2] == b""
        assert got[0] == 200
        if way.prefix == "" or "capsule" in target:
            assert (head[0], head[1].get("content-length")) == (200, str(len(got[2])))


def test_h4_a_read_with_an_unsent_body_keeps_nobody_waiting(way: Way) -> None:
    """A proxy may wait for it by itself; then the client ends it, and nobody else waits meanwhile."""
    with RawConnection(way.host, way.port) as connection:
        head = [
            f"GET {way.prefix}/capsule/api/users HTTP/1.1",
            "Host: crm.test",
            ": ".join(BASIC),
            "Content-Length: 52",
        ]
        connection.send("\r\n".join([*head, "", ""]).encode())
        began = time.monotonic()
        assert way.send("GET", "/healthz", (), b"")[0] == 200
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("client", PROGRAMS)
def test_clients_of_other_languages(way: Way, client: str, tmp_path: Path) -> None:
    lacking = missing(client)
    if lacking is not None:
        pytest.skip(f"{lacking} is not installed")
    steps: list[Step] = []
    checks: list[Callable[[int, str, bytes], None]] = []

    def step(method: str, target: str, headers: Pairs, body: bytes, check: Callable[[int, str, bytes], None]) -> None:
        steps.append(Step(method, way.base + target, headers, body))
        checks.append(check)

    for door in DOORS:
        signed = door.sign_in(way.send)
        typed = (*signed, ("Content-Type", door.content_type))
        for number in range(2):
            text = f"{client} Zoë {number}"

            def made(status: int, location: str, body: bytes, door: Door = door, text: str = text) -> None:
                assert status in (200, 201), body
                if door.dialect == "capsule":
                    assert location.startswith(f"{way.base}/capsule/api/party/")
                else:
                    assert door.stored(body) == text

            def long(status: int, location: str, body: bytes) -> None:
                assert status in (200, 400, 401, 413, 500), status

            step(door.method, door.target, typed, door.put(text.encode()), made)
            step("POST", "/healthz", (("Content-Type", "text/plain"),), b"a" * 70_000, lambda *_: None)
            step(door.method, door.target, typed, b"a" * 300_000, long)
    for target in ("/capsule/api/users", "/capsule/api/nothing", "/capsule/api/party/999999"):

        def read(status: int, location: str, body: bytes, target: str = target) -> None:
            assert status == (200 if target.endswith("users") else 404)
            assert b"<user" in body or b"<message>" in body

        step("GET", target, (BASIC,), b"", read)
    step("HEAD", "/capsule/api/users", (BASIC,), b"", lambda status, *_: check_equal(status, 200))
    step("DELETE", "/capsule/api/party/999999", (BASIC,), b"", lambda status, *_: check_equal(status, 404))
    step("PUT", "/capsule/api/party/999999", (BASIC,), b"<a/>", lambda *_: None)
    answers = follow(client, steps, tmp_path)
    assert len(answers) == len(steps)
    for asked, check, answer in zip(steps, checks, answers, strict=True):
        try:
            check(answer.status, answer.location, answer.body)
        except AssertionError as problem:
            raise AssertionError(f"{asked.method} {asked.url}: {answer}") from problem


def check_equal(found: object, wanted: object) -> None:
    assert found == wanted


def test_z42_nginx_as_it_is_installed_lets_nobody_in_and_the_log_says_why(server: Shipped, tmp_path: Path) -> None:
    if program("nginx") is None:
        pytest.skip("nginx is not installed")
    with proxied("nginx", server.server, tmp_path / "bare", bare=True) as proxy:
        login = (*ZURMO, ("ZURMO_AUTH_USERNAME", "ann"), ("ZURMO_AUTH_PASSWORD", "ann-pw"))
        with closing(Way(proxy, "")) as way:
            answer = way.send("POST", "/zurmo/app/index.php/zurmo/api/login", login, b"")
        assert b"Invalid username or password." in answer[2]
    told = [line for line in server.server.logs.splitlines() if "underscores_in_headers" in line]
    assert len(told) == 1
    assert json.loads(told[0])["level"] == "warning"


@pytest.mark.parametrize(
    "line", ["underscores_in_headers on;", "X-Forwarded-Prefix", "X-Forwarded-Host", "client_max_body_size"]
)
def test_the_page_has_what_nginx_needs(line: str) -> None:
    assert line in block("nginx")
