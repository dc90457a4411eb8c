"""The shipped server over real sockets: what old clients send, byte for byte, and what they rely on to come back."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.servers import ROOT
from tests.support.shipped import BASIC, FORM, TOKEN, ZURMO, Shipped, prepare, shipped, told

pytestmark = pytest.mark.slow

JSON = ("Accept: application/json", "Content-Type: application/json")
TASK = b'{"task":{"description":"Ring Zo\xc3\xab","dueDate":"2014-06-04"}}'


@pytest.fixture(scope="module", params=["1", "2"], ids=["one worker", "two workers"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shipped]:
    database = prepare(tmp_path_factory.mktemp("served"))
    with shipped(database, "--workers", request.param) as made:
        yield made


def zurmo_task(served: Shipped, session: tuple[str, str], name: str) -> int:
    line = "POST /zurmo/app/index.php/tasks/task/api/create/"
    answer = told(served.ask(line, *ZURMO, *session, FORM, body=f"data%5Bname%5D={name}".encode()))
    assert answer["status"] == "SUCCESS", answer
    return int(answer["data"]["id"])


@pytest.mark.parametrize("mark", ["_", "-"])
def test_zurmo_headers_with_underscores_and_dashes(served: Shipped, mark: str) -> None:
    session = served.log_in(mark)
    for spelling in (session, tuple(line.title() if mark == "-" else line for line in session)):
        names = [line.partition(":")[0] for line in spelling]
        values = [line.partition(":")[2] for line in session]
        lines = [f"{name}:{value}" for name, value in zip(names, values, strict=True)]
        answer = told(served.ask("GET /zurmo/app/index.php/tasks/task/api/list/", *ZURMO, *lines))
        assert answer["status"] == "SUCCESS"


def test_no_other_header_comes_in_by_its_underscore_twin(served: Shipped) -> None:
    answer = served.ask("GET /capsule/api/users", BASIC.replace("Authorization", "AUTHORIZATION_"))
    assert answer.status == 401
    made = served.ask("POST /capsule/api/task", BASIC, *JSON, "X_Forwarded_Host: evil.test", body=TASK)
    assert (made.header("Location") or "").startswith("http://crm.test/capsule/api/task/")


def test_the_target_arrives_raw(served: Shipped) -> None:
    """Zurmo decodes its path twice: only a raw target tells ``%2526`` (a ``&`` in the value) from ``%26``."""
    session = served.log_in()
    for name in ("Raw%26Bar", "Raw%2FBar", "Raw"):
        zurmo_task(served, session, name)
    base = "GET /zurmo/app/index.php/tasks/task/api/list/filter/search%5Bname%5D="
    found = {}
    for written in ("Raw%2526B", "Raw%26B", "Raw%252FB", "Raw%2FB"):
        items = told(served.ask(base + written, *ZURMO, *session))["data"].get("items", [])
        found[written] = {item["name"] for item in items}
    assert found["Raw%2526B"] == {"Raw&Bar"}
    assert found["Raw%26B"] == {"Raw&Bar", "Raw/Bar", "Raw"}
    assert found["Raw%2FB"] == {"Raw&Bar", "Raw/Bar", "Raw"}


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_form_as_the_body_of_a_get(served: Shipped, method: str) -> None:
    body = f"authToken={TOKEN}&clientDomain=acme.com".encode()
    target = "/opentaps/activities/10" if method == "GET" else f"/opentaps/activities/{'0' * 24}"
    assert served.ask(f"{method} {target}", FORM, body=body).status == (200 if method == "GET" else 404)
    assert served.ask(f"{method} {target}", FORM).status == 401


def test_100_continue(served: Shipped) -> None:
    session = served.log_in()
    body = b"data%5Bname%5D=Long&data%5Bdescription%5D=" + b"x" * 3000
    line = "POST /zurmo/app/index.php/tasks/task/api/create/ HTTP/1.1"
    length = f"Content-Length: {len(body)}"
    with served.connect() as connection:
        connection.send(served.message(line, *ZURMO, *session, FORM, length, "Expect: 100-continue"))
        assert connection.read_interim().status == 100
        connection.send(body)
        answer = connection.read_response()
    assert told(answer)["data"]["description"] == "x" * 3000


def test_chunked_bodies(served: Shipped) -> None:
    chunks = b"5\r\n" + TASK[:5] + b"\r\n%x\r\n" % (len(TASK) - 5) + TASK[5:] + b"\r\n0\r\n\r\n"
    with served.connect() as connection:
        line = "POST /capsule/api/task HTTP/1.1"
        connection.send(served.message(line, BASIC, *JSON, "Transfer-Encoding: chunked", body=chunks, length=False))
        assert connection.read_response().status == 201


def test_http_1_0(served: Shipped) -> None:
    with served.connect() as connection:
        connection.send(f"GET /capsule/api/users HTTP/1.0\r\n{BASIC}\r\nAccept: application/json\r\n\r\n".encode())
        answer = connection.read_response()
        assert (answer.status, answer.reason) == (200, "OK")
        assert "users" in told(answer)
        assert connection.ended()


def test_keep_alive_and_pipelining(served: Shipped) -> None:
    with served.connect() as connection:
        for _ in range(5):
            connection.send(served.message("GET /capsule/api/users HTTP/1.1", BASIC))
            assert connection.read_response().status == 200
        make = served.message("POST /capsule/api/task HTTP/1.1", BASIC, *JSON, body=TASK)
        connection.send(make + served.message("HEAD /healthz HTTP/1.1") + make)
        assert connection.read_response().status == 201
        head = connection.read_response(head=True)
        assert (head.status, head.header("Content-Length")) == (200, "3")
        assert connection.read_response().status == 201
        connection.send(served.message("GET /healthz HTTP/1.1", "Connection: close"))
        assert connection.read_response().body == b"ok\n"
        assert connection.ended()


def test_location_as_clients_compare_it(served: Shipped) -> None:
    """Spelt ``Location``, of the scheme, host and prefix that the client used (capsule dossier, section 9)."""
    places = [
        ("POST /capsule/api/task", "crm.test:8123", "http://crm.test:8123/capsule/api/task/"),
        ("POST /api/task", "acme.capsulecrm.com", "http://acme.capsulecrm.com/api/task/"),
        ("POST /api/task", "ACME.capsulecrm.com:8123", "http://ACME.capsulecrm.com:8123/api/task/"),
    ]
    for line, host, start in places:
        answer = served.ask(line, BASIC, *JSON, body=TASK, host=host)
        assert (answer.status, answer.reason, answer.body) == (201, "Created", b"")
        assert re.fullmatch(re.escape(start) + "[0-9]+", answer.header("Location") or ""), answer.headers
        assert answer.header("X-RateLimit-Limit") == "4000"
        assert answer.header("Content-Length") == "0"
    secure = served.ask(
        "POST /capsule/api/task", BASIC, *JSON, "X-Forwarded-Proto: https", "X-Forwarded-Host: a.test", body=TASK
    )
    assert (secure.header("Location") or "").startswith("https://a.test/capsule/api/task/")


def test_the_host_chooses_dialect_and_tenant(served: Shipped) -> None:
    assert served.ask("GET /api/users", BASIC, host="acme.capsulecrm.com").status == 200
    # The token is of acme; this is the host of another company.
    assert served.ask("GET /api/users", BASIC, host="rival.capsulecrm.com").status == 401
    assert served.ask("GET /api/users", BASIC).status == 404


def test_the_clock_of_tests_is_off(served: Shipped) -> None:
    made = served.ask("POST /capsule/api/task", BASIC, *JSON, "X-Crmglot-Now: 2001-01-01T00:00:00Z", body=TASK)
    path = (made.header("Location") or "").partition("/capsule")[2]
    task = told(served.ask(f"GET /capsule{path}", BASIC, *JSON))["task"]
    assert task["createdOn"] > "2020"


def test_the_clock_of_tests(tmp_path: Path) -> None:
    with shipped(prepare(tmp_path), testing="1") as served:
        made = served.ask("POST /capsule/api/task", BASIC, *JSON, "X-Crmglot-Now: 2014-01-20T20:42:56Z", body=TASK)
        path = (made.header("Location") or "").partition("/capsule")[2]
        task = told(served.ask(f"GET /capsule{path}", BASIC, *JSON))["task"]
        assert task["createdOn"] == "2014-01-20T20:42:56Z"


def test_what_one_connection_wrote_every_other_reads(served: Shipped) -> None:
    """With two workers the next connection may be served by the other process."""
    session = served.log_in()
    for at in range(20):
        id = zurmo_task(served, session, f"shared+{at}")
        task = told(served.ask(f"GET /capsule/api/task/{id}", BASIC, *JSON))["task"]
        assert task["description"] == f"shared {at}"


def test_requests_that_are_none(served: Shipped) -> None:
    for data, status in (
        (b"nonsense\r\n\r\n", 400),
        (b"GET /healthz HTTP/9.9\r\nHost: a\r\n\r\n", 400),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    ):
        with served.connect() as connection:
            connection.send(data)
            answer = connection.read_response()
            assert answer.status == status
            assert b"Traceback" not in answer.body
    assert served.ask("GET /healthz").status == 200


def test_too_large_a_body_is_worded_by_the_vendor(served: Shipped) -> None:
    with served.connect() as connection:
        connection.send(served.message("POST /capsule/api/task HTTP/1.1", BASIC, *JSON, f"Content-Length: {10**12}"))
        answer = connection.read_response()
    assert (answer.status, told(answer)) == (413, {"message": "request too large"})


def test_each_request_is_one_json_line(served: Shipped) -> None:
    before = len(served.lines())
    served.ask("GET /capsule/api/users?the-query=1", BASIC)
    served.ask("GET /capsule/api/users", BASIC.replace("Basic ", "Basic AAAA"))
    end = time.monotonic() + 5
    while len(served.lines()) < before + 2 and time.monotonic() < end:
        time.sleep(0.02)
    lines = served.lines()[before:]
    assert [(line["dialect"], line["operation"], line["status"]) for line in lines] == [
        ("capsule", "user.list", 200),
        ("capsule", "user.list", 401),
    ]
    assert (lines[0]["tenant"], lines[0]["user"]) == ("acme", "ann")
    assert len({line["id"] for line in served.lines()}) == len(served.lines())
    logs = served.server.logs
    assert not [word for word in (TOKEN, "ann-pw", "the-query", BASIC.rpartition(" ")[2]) if word in logs]
    assert "Traceback" not in logs


def test_sigterm_finishes_what_was_begun(tmp_path: Path) -> None:
    database = prepare(tmp_path)
    with shipped(database, "--workers", "2") as served, ExitStack() as stack:
        # Workers may still be starting when the address is known; what waits for one is not yet begun.
        assert served.ask("GET /healthz").status == 200
        begun = [stack.enter_context(served.connect()) for _ in range(4)]
        for connection in begun:
            whole = served.message("POST /capsule/api/task HTTP/1.1", BASIC, *JSON, body=TASK)
            connection.send(whole[:-10])
        stack.enter_context(served.connect())
        time.sleep(0.5)
        ended: list[int] = []
        stopping = threading.Thread(target=lambda: ended.append(served.server.terminate()))
        stopping.start()
        time.sleep(0.5)
        places = []
        for connection in begun:
            connection.send(TASK[-10:])
            answer = connection.read_response()
            assert answer.status == 201
            places.append(answer.header("Location") or "")
        stopping.join()
        assert ended == [0]
        with pytest.raises(ConnectionRefusedError):
            served.connect()
    with shipped(database) as again:
        for place in places:
            path = place.partition("/capsule")[2]
            assert again.ask(f"GET /capsule{path}", BASIC).status == 200


def test_sigint_stops_it(tmp_path: Path) -> None:
    with shipped(prepare(tmp_path)) as served:
        assert served.ask("GET /healthz").status == 200
        served.server.process.send_signal(signal.SIGINT)
        assert served.server.process.wait(10) == 0


def test_a_bad_setting_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "adapter", "serve"],
        cwd=ROOT,
        env={"CRMGLOT_DATABASE_URL": "mysql://x"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "crmglot: CRMGLOT_DATABASE_URL must begin with sqlite:/// or postgresql://\n"


def test_the_words_of_answers_are_the_vendors(served: Shipped) -> None:
    """One answer of each dialect to nobody, over the wire."""
    answers: dict[str, Any] = {}
    for name, line in (
        ("capsule", "GET /capsule/api/users"),
        ("zurmo", "GET /zurmo/app/index.php/tasks/task/api/list/"),
    ):
        answers[name] = served.ask(line, *ZURMO)
    assert answers["capsule"].header("WWW-Authenticate") == 'Basic realm="seamApp"'
    assert json.loads(answers["zurmo"].body)["message"] == "Sign in required."
    assert answers["zurmo"].header("Content-type") == "text/html; charset=UTF-8"
