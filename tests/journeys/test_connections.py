"""The shipped server and its connections, in every dialect: which are kept, which wait, which old TLS comes in."""

from __future__ import annotations

import http.client
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.doors import BASIC, BEARER, DOORS, FORM_TYPE, OPENTAPS, ZURMO, Door, Pairs, Send, Sent
from tests.support.rawhttp import RawConnection, Response
from tests.support.servers import ROOT, self_signed
from tests.support.shipped import Shipped, prepare, shipped

pytestmark = pytest.mark.slow

MB = 1_000_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shipped]:
    with shipped(prepare(tmp_path_factory.mktemp("connections"))) as made:
        yield made


def lines(*pairs: tuple[str, str]) -> list[str]:
    return [f"{name}: {value}" for name, value in pairs]


def holds(served: Shipped, connection: RawConnection, response: Response) -> str:
    """What the answer says of its connection, which must be so."""
    said = response.any_case("Connection") or ""
    if said == "close":
        assert connection.ended()
    else:
        assert said == "keep-alive"
        connection.send(served.message("GET /healthz HTTP/1.1"))
        assert connection.read_response().body == b"ok\n"
    return said


@pytest.mark.parametrize(
    ("line", "size", "status"),
    [("POST /healthz", 70_000, 200), ("POST /nowhere", 100_000, 404), ("PUT /readyz", 8_000_000, 200)],
)
def test_h2_bodies_for_the_servers_own_answers(served: Shipped, line: str, size: int, status: int) -> None:
    for sent in (size, 10):
        with served.connect() as connection:
            began = time.monotonic()
            method = line.partition(" ")[0].replace("PUT", "DELETE" if sent == 10 else "PUT")
            method = "GET" if method == "POST" and sent == 10 else method
            target = line.partition(" ")[2]
            declared = f"Content-Length: {size}"
            connection.send(served.message(f"{method} {target} HTTP/1.1", declared, body=b"a" * sent, length=False))
            response = connection.read_response()
            assert response.status == status
            assert holds(served, connection, response) == ("keep-alive" if sent == size else "close")
            assert time.monotonic() - began < 5


TOO_LONG = {"capsule": 413, "opentaps": 413, "zurmo": 200, "affinitylive": 400, "crust": 200}


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.dialect)
@pytest.mark.parametrize("how", ["sent", "declared", "expected", "chunked", "1.0"])
def test_h2_a_body_past_the_cap(served: Shipped, door: Door, how: str) -> None:
    head = [*lines(BASIC, *ZURMO), f"Content-Type: {door.content_type}"]
    version = "HTTP/1.0" if how == "1.0" else "HTTP/1.1"
    if how == "chunked":
        head.append("Transfer-Encoding: chunked")
        body = b"%x\r\n" % (9 * MB) + b"a" * 9 * MB
    else:
        head.append(f"Content-Length: {9 * MB}")
        body = b"a" * 9 * MB if how in ("sent", "1.0") else b""
    if how == "expected":
        head.append("Expect: 100-continue")
    if how == "1.0":
        head.append("Connection: keep-alive")
    with served.connect() as connection:
        connection.send(served.message(f"{door.method} {door.target} {version}", *head, body=body, length=False))
        response = connection.read_response()
        assert response.status == TOO_LONG[door.dialect]
        assert response.interim == []
        if door.dialect == "zurmo":
            assert b"Max post size exceeded!" in response.body
        said = holds(served, connection, response)
        if how != "sent" and how != "1.0":
            assert said == "close"


def over(host: str, port: int) -> tuple[http.client.HTTPConnection, Send]:
    """Python's own client, on one connection as long as the server lets it."""
    client = http.client.HTTPConnection(host, port, timeout=20)

    def send(method: str, target: str, headers: Pairs, body: bytes) -> Sent:
        client.request(method, target, body or None, dict(headers))
        response = client.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()

    return client, send


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.dialect)
def test_h2_pythons_client_loses_no_post(served: Shipped, door: Door) -> None:
    client, send = over(served.server.host, served.server.port)
    signed = (*door.sign_in(send), ("Content-Type", door.content_type))
    for size in (100, 70_000, 300_000, 9 * MB, 100):
        send("POST", "/nowhere", (), b"a" * size)
        send(door.method, door.target, signed, b"a" * size)
        status, _, _ = send(door.method, door.target, signed, door.put(b"next"))
        assert status in (200, 201)
    client.close()


@pytest.mark.parametrize(
    ("target", "pairs"),
    [
        ("/capsule/api/users", (BASIC,)),
        ("/capsule/api/party/999999", (BASIC,)),
        ("/capsule/api/nothing", (BASIC,)),
        ("/capsule/api/users", ()),
        ("/zurmo/app/index.php/tasks/task/api/list/", ZURMO),
        ("/healthz", ()),
        ("/nowhere", ()),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
@pytest.mark.parametrize("part", [b"", b"ab"])
def test_h4_a_read_does_not_wait_for_a_body_that_means_nothing(
    served: Shipped, target: str, pairs: Pairs, method: str, part: bytes
) -> None:
    head = lines(*pairs, ("Content-Type", FORM_TYPE), ("Content-Length", "52"))
    with served.connect() as connection:
        began = time.monotonic()
        connection.send(served.message(f"{method} {target} HTTP/1.1", *head, body=part, length=False))
        response = connection.read_response(head=method == "HEAD")
        assert time.monotonic() - began < 2
        assert response.status != 408
        assert holds(served, connection, response) == "close"
    with served.connect() as connection:
        connection.send(served.message(f"{method} {target} HTTP/1.1", *head, body=b"a" * 52, length=False))
        again = connection.read_response(head=method == "HEAD")
        assert again.status == response.status
        assert holds(served, connection, again) == "keep-alive"


@pytest.mark.parametrize(
    ("method", "target", "pairs"),
    [
        ("GET", f"/opentaps/activities/10?{OPENTAPS}", ()),
        ("GET", "/affinitylive/api/v0/tasks", (BEARER,)),
        ("DELETE", "/crust/module/", (BEARER,)),
    ],
)
def test_h4_a_body_that_may_mean_something_is_waited_for_some_seconds(
    served: Shipped, method: str, target: str, pairs: Pairs
) -> None:
    head = lines(*pairs, ("Content-Type", FORM_TYPE), ("Content-Length", "52"))
    with served.connect() as connection:
        began = time.monotonic()
        connection.send(served.message(f"{method} {target} HTTP/1.1", *head))
        response = connection.read_response()
        assert time.monotonic() - began < 10
        assert (response.status, response.any_case("Connection")) == (408, "close")
        assert connection.ended()


def test_h11_too_many_headers(served: Shipped) -> None:
    for count, target, status in (
        (150, "/capsule/api/users", 431),
        (150, "/nowhere", 431),
        (90, "/capsule/api/users", 200),
    ):
        many = [f"X-Field-{at}: 1" for at in range(count)]
        with served.connect() as connection:
            connection.send(served.message(f"GET {target} HTTP/1.1", *lines(BASIC), *many))
            response = connection.read_response()
            assert response.status == status
            holds(served, connection, response)
    with served.connect() as connection:
        connection.send(served.message("GET /capsule/api/users HTTP/1.1", *[f"X-{at}: 1" for at in range(1000)]))
        response = connection.read_response()
        assert (response.status, holds(served, connection, response)) == (431, "close")
    assert served.ask("GET /capsule/api/users", *lines(BASIC), "X-A: " + "a" * 17_000).status == 431
    assert served.ask("GET /capsule/api/users?" + "a" * 70_000, *lines(BASIC)).status == 414


@pytest.mark.parametrize("sent", ["/crm", "/crm/"])
def test_h3_links_have_the_path_that_a_proxy_took_off(served: Shipped, sent: str) -> None:
    body = b"<person><lastName>P</lastName></person>"
    forwarded = ["X-Forwarded-Proto: https", "X-Forwarded-Host: crm.example.org", f"X-Forwarded-Prefix: {sent}"]
    head = [*lines(BASIC), "Content-Type: application/xml", *forwarded]
    location = served.ask("POST /capsule/api/person", *head, body=body).header("Location") or ""
    assert location.startswith("https://crm.example.org/crm/capsule/api/party/")
    shown = served.ask(f"GET {location.removeprefix('https://crm.example.org/crm')}", *head[:1], *forwarded).body
    assert b"<pictureURL>https://crm.example.org/crm/capsule/" in shown
    # Its twin with underscores is nobody's word.
    twin = [*head[:2], "X_Forwarded_Prefix: /evil", "X-Forwarded_Prefix: /evil"]
    location = served.ask("POST /capsule/api/person", *twin, body=body).header("Location") or ""
    assert location.startswith("http://crm.test/capsule/api/party/")


@pytest.mark.parametrize("lowest", ["1.0", "1.1", "1.2", None])
def test_h8_old_tls(tmp_path: Path, lowest: str | None) -> None:
    certificate, key = self_signed(tmp_path)
    options = [
        "--tls-cert",
        str(certificate),
        "--tls-key",
        str(key),
        *([] if lowest is None else ["--tls-min", lowest]),
    ]
    with shipped(prepare(tmp_path), *options) as served:
        for flag, version in (("-tls1", "1.0"), ("-tls1_1", "1.1"), ("-tls1_2", "1.2"), ("-tls1_3", "1.3")):
            address = f"{served.server.host}:{served.server.port}"
            words = [
                "openssl",
                "s_client",
                "-connect",
                address,
                flag,
                "-cipher",
                "ALL:@SECLEVEL=0",
                "-quiet",
                "-ign_eof",
            ]
            sent = b"GET /healthz HTTP/1.0\r\n\r\n"
            done = subprocess.run(words, input=sent, capture_output=True, timeout=20, check=False)
            assert (b"\r\n\r\nok\n" in done.stdout) == (version >= (lowest or "1.2")), (version, done.stderr)
        # A client of today gets what it always got.
        tls = ssl.create_default_context(cafile=str(certificate))
        with RawConnection("localhost", served.server.port, tls=tls) as connection:
            assert isinstance(connection.sock, ssl.SSLSocket)
            assert connection.sock.version() == "TLSv1.3"
        warned = [line for line in served.server.logs.splitlines() if '"warning"' in line and "TLS" in line]
        assert len(warned) == (1 if lowest in ("1.0", "1.1") else 0)


@pytest.mark.parametrize("words", [["--tls-min", "1.0"], ["--tls-min", "1.3"], ["--tls-min", "3"]])
def test_h8_bad_options_are_one_line(tmp_path: Path, words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "adapter", "serve", "--port", "0", *words],
        cwd=ROOT,
        env={"CRMGLOT_DATABASE_URL": f"sqlite:///{prepare(tmp_path)}", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "tls-min" in done.stderr
    assert "Traceback" not in done.stderr
