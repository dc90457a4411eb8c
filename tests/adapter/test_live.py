"""A vendor's server as an endpoint: bytes as they came, retries only where they are safe, nothing endless."""

from __future__ import annotations

import pytest
import requests
import responses
from responses import RequestsMock

from adapter.formats import TooLarge
from adapter.live import Live, Unreachable
from adapter.wire import Headers, WireRequest

BASE = "https://acme.capsule.test"


class Sleeps(list[float]):
    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def live(sleeps: Sleeps, **options: object) -> Live:
    return Live(BASE, sleep=sleeps, clock=lambda: sum(sleeps), **options)  # type: ignore[arg-type]


def test_an_answer_comes_back_as_it_was() -> None:
    with RequestsMock() as server:
        server.post(f"{BASE}/api/task", status=201, headers={"Location": f"{BASE}/api/task/59"}, body=b"\xff<a/>")
        request = WireRequest("POST", "/api/task", headers=Headers([("Authorization", "Basic x")]), body=b"<task/>")
        answer = Live(BASE + "/").send(request)
        sent = server.calls[0].request
    assert (answer.status, answer.header("location"), answer.body) == (201, f"{BASE}/api/task/59", b"\xff<a/>")
    assert (sent.body, sent.headers["Authorization"]) == (b"<task/>", "Basic x")


def test_the_raw_target_is_not_encoded_anew() -> None:
    with RequestsMock() as server:
        server.add(responses.GET, f"{BASE}/list/filter/search[name]=A%2526B?x=%20y", body=b"ok")
        Live(BASE).send(WireRequest("GET", "/list/filter/search[name]=A%2526B", "x=%20y"))
        assert server.calls[0].request.url == f"{BASE}/list/filter/search[name]=A%2526B?x=%20y"


def test_a_redirect_is_an_answer() -> None:
    with RequestsMock() as server:
        server.get(f"{BASE}/", status=302, headers={"Location": "https://elsewhere.test/"})
        assert Live(BASE).send(WireRequest("GET", "/")).status == 302


@pytest.mark.parametrize("header", ["7", "Thu, 01 Jan 1970 00:00:00 GMT", "soon", None])
def test_a_busy_server_is_asked_again_when_it_says(header: str | None) -> None:
    sleeps = Sleeps()
    with RequestsMock() as server:
        server.post(f"{BASE}/", status=429, headers={"Retry-After": header} if header else {})
        server.post(f"{BASE}/", status=200, body=b"done")
        assert live(sleeps).send(WireRequest("POST", "/")).body == b"done"
    assert sleeps == {"7": [7.0], "soon": [1.0], None: [1.0]}.get(header, [0.0])


def test_a_server_that_stays_busy_has_answered() -> None:
    sleeps = Sleeps()
    with RequestsMock() as server:
        server.get(f"{BASE}/", status=503, headers={"Retry-After": "9999"})
        assert live(sleeps, longest_wait=5.0).send(WireRequest("GET", "/")).status == 503
    assert sleeps == [5.0, 5.0]


def test_only_safe_requests_are_tried_again_without_an_answer() -> None:
    sleeps = Sleeps()
    with RequestsMock(assert_all_requests_are_fired=False) as server:
        failure = requests.ConnectionError("secret=abc")
        server.get(f"{BASE}/", body=failure)
        server.post(f"{BASE}/", body=failure)
        with pytest.raises(Unreachable) as caught:
            live(sleeps).send(WireRequest("GET", "/", "authToken=secret"))
        assert (len(server.calls), sleeps) == (3, [1.0, 2.0])
        with pytest.raises(Unreachable):
            live(sleeps).send(WireRequest("POST", "/"))
        assert len(server.calls) == 4
    assert "secret" not in str(caught.value)


def test_requests_keep_their_pace() -> None:
    sleeps = Sleeps()
    with RequestsMock() as server:
        server.get(f"{BASE}/")
        endpoint = live(sleeps, pace=0.5)
        for _ in range(3):
            endpoint.send(WireRequest("GET", "/"))
    assert sleeps == [0.5, 0.5]


def test_an_answer_without_end_is_cut_off() -> None:
    with RequestsMock() as server:
        server.get(f"{BASE}/", body=b"x" * 200_000)
        with pytest.raises(TooLarge):
            Live(BASE, max_bytes=100_000).send(WireRequest("GET", "/"))
