"""The testing surface: who may use it, and what it says and does, in every dialect."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import dialects
from adapter.testing.faults import KINDS
from adapter.testing.hidden import STARS
from adapter.testing.journal import MAX_BODY, Journal
from canonical.model import Activity, Party
from canonical.operations import Create
from canonical.service.desk import CoreDesk
from tests.support.bench import UnderTest
from tests.support.world import World
from tests.support.wsgi import Answer, call, environ

BASIC = ("Authorization", "Basic " + base64.b64encode(b"ann-token:x").decode())
BEARER = ("Authorization", "Bearer ann-token")
ZURMO_LOGIN = "/zurmo/app/index.php/zurmo/api/login"
ZURMO = (
    ("Accept", "application/json"),
    ("Zurmo-Auth-Username", "ann"),
    ("Zurmo-Auth-Password", "ann-pw"),
    ("Zurmo-Api-Request-Type", "REST"),
)
CALLS: dict[str, tuple[str, str, Any, bytes]] = {
    "affinitylive": ("GET", "/affinitylive/api/v0/tasks", (BEARER,), b""),
    "capsule": ("GET", "/capsule/api/tasks", (BASIC,), b""),
    "crust": ("GET", "/crust/module/", (), b""),
    "opentaps": ("GET", "/opentaps/activities/1/3?authToken=ann-token&clientDomain=acme.com", (), b""),
    "zurmo": ("GET", "/zurmo/app/index.php/tasks/task/api/list/filter/", ZURMO[:1], b""),
}
"""A call of each dialect that goes well for whoever signed in."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[UnderTest]:
    with World(tmp_path) as world:
        yield UnderTest(world)


def signed(server: UnderTest, dialect: str) -> tuple[tuple[str, str], ...]:
    """The headers of a signed-in caller."""
    if dialect == "zurmo":
        told = json.loads(server.ask("POST", ZURMO_LOGIN, ZURMO).body)["data"]
        return (*ZURMO[:1], ("Zurmo-Session-Id", told["sessionId"]), ("Zurmo-Token", told["token"]), ZURMO[3])
    if dialect == "crust":
        form = ("Content-Type", "application/x-www-form-urlencoded")
        answer = server.ask("POST", "/crust/auth/login", [form], b"username=ann&password=ann-pw")
        cookies = [value for name, value in answer.headers if name == "Set-Cookie" and value.startswith("jwt=")]
        return (("Cookie", cookies[0].partition(";")[0]),)
    return tuple(CALLS[dialect][2])


def go(server: UnderTest, dialect: str) -> Answer:
    method, target, _, body = CALLS[dialect]
    return server.ask(method, target, signed(server, dialect), body)


def add_task(server: UnderTest, title: str = "Ring") -> Answer:
    body = f"<task><description>{title}</description><dueDate>2030-06-03T00:00:00Z</dueDate></task>".encode()
    return server.ask("POST", "/capsule/api/task", [BASIC, ("Content-Type", "application/xml")], body)


def titles(server: UnderTest) -> list[str]:
    tasks = json.loads(server.ask("GET", "/capsule/api/tasks", [BASIC, ("Accept", "application/json")]).body)
    found = tasks["tasks"].get("task", [])
    return sorted(task["description"] for task in (found if isinstance(found, list) else [found]))


class TestWhoMayUseIt:
    @pytest.mark.slow
    def test_not_there_without_testing(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            app = __import__("adapter.serve", fromlist=["create_app"]).create_app(world.wsgi()).wsgi_app
            assert call(app, environ("GET", "/_crmglot/operations")).code == 404

    @pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.1", "::1"])
    def test_from_this_machine(self, server: UnderTest, peer: str) -> None:
        assert server.ask("GET", "/_crmglot/operations", peer=peer).code == 200

    @pytest.mark.parametrize("peer", ["192.0.2.7", "2001:db8::1", "", "localhost"])
    def test_from_elsewhere_there_is_nothing(self, server: UnderTest, peer: str) -> None:
        answer = server.ask("GET", "/_crmglot/operations", peer=peer)
        assert (answer.code, answer.body) == (404, b"Not Found\n")
        assert server.ask("POST", "/_crmglot/reset", peer=peer).code == 404

    def test_through_a_proxy_here_from_elsewhere(self, server: UnderTest) -> None:
        assert server.ask("GET", "/_crmglot/journal", [("X-Forwarded-For", "192.0.2.7")]).code == 404

    def test_from_elsewhere_with_the_token(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            server = UnderTest(world, token="the-testing-token")
            right, wrong = ("Authorization", "Bearer the-testing-token"), ("Authorization", "Bearer no")
            assert server.ask("GET", "/_crmglot/clock", [right], peer="192.0.2.7").code == 200
            assert server.ask("GET", "/_crmglot/clock", [wrong], peer="192.0.2.7").code == 404
            assert server.ask("GET", "/_crmglot/clock", [wrong]).code == 404
            assert server.ask("GET", "/_crmglot/clock", peer="192.0.2.7").code == 404
            assert server.ask("GET", "/_crmglot/clock").code == 200

    def test_no_page_in_a_browser(self, server: UnderTest) -> None:
        assert server.ask("POST", "/_crmglot/reset", [("Origin", "https://evil.example")]).code == 404
        # A name that a stranger's name server gives this machine.
        assert server.ask("GET", "/_crmglot/journal", host="evil.example:8080").code == 404
        for host in ("localhost:8080", "127.0.0.1", "[::1]:80", "acme.capsulecrm.com"):
            assert server.ask("GET", "/_crmglot/clock", host=host).code == 200

    def test_what_is_not_there(self, server: UnderTest) -> None:
        assert server.surface("GET", "colour", code=404)["known"][0] == "clock"
        answer = server.ask("PUT", "/_crmglot/reset")
        assert (answer.code, answer.header("Allow")) == (405, "POST")
        assert server.ask("GET", "/_crmglotter/clock").code == 404


class TestWorlds:
    def test_reset(self, server: UnderTest) -> None:
        assert add_task(server, "Ring").code == 201
        server.surface("POST", "faults", {"fault": "cut"})
        server.surface("PUT", "clock", {"advance_s": 3600})
        assert server.surface("POST", "reset") == {"restored": "start"}
        assert titles(server) == []
        assert server.surface("GET", "faults") == {"faults": []}
        assert server.surface("GET", "clock")["real"] is True
        assert [entry["operation"] for entry in server.journal()] == ["task.list"]

    def test_snapshot_and_restore(self, server: UnderTest) -> None:
        add_task(server, "One")
        assert server.surface("POST", "snapshot/with-one") == {"snapshot": "with-one"}
        add_task(server, "Two")
        assert titles(server) == ["One", "Two"]
        server.surface("POST", "restore/with-one")
        assert titles(server) == ["One"]
        server.surface("POST", "reset?to=with-one")
        assert titles(server) == ["One"]
        server.surface("POST", "restore/start")
        assert titles(server) == []
        assert server.surface("GET", "snapshot") == {"snapshots": ["start", "with-one"]}

    def test_names_that_are_none(self, server: UnderTest) -> None:
        assert server.surface("POST", "restore/nothing", code=404)["known"] == ["start"]
        for name in ("", "start", "a%2Fb", "x" * 101, "%00"):
            assert "name" in server.surface("POST", f"snapshot/{name}", code=400)["error"]

    def test_ids_and_tokens_come_again(self, server: UnderTest) -> None:
        def run() -> list[str]:
            made = add_task(server).header("Location") or ""
            session = server.ask("POST", ZURMO_LOGIN, ZURMO).body.decode()
            jwt = signed(server, "crust")
            body = json.dumps({"name": "Boats", "fields": [{"name": "Name", "kind": "Text"}]}).encode()
            json_type = ("Content-Type", "application/json")
            module = server.ask("POST", "/crust/module/", [*jwt, json_type], body).body
            return [made, session, json.loads(module)["response"]["moduleID"]]

        first = run()
        server.surface("PUT", "clock", {"now": "2031-05-05T00:00:00Z"})
        server.surface("POST", "restore/start")
        assert run() == first
        assert run() != first

    def test_what_was_counted_is_forgotten(self, server: UnderTest) -> None:
        server.world.set("capsule.enforce_rate_limit", "yes")
        first = server.ask("GET", "/capsule/api/tasks", [BASIC]).header("X-RateLimit-Remaining")
        assert server.ask("GET", "/capsule/api/tasks", [BASIC]).header("X-RateLimit-Remaining") != first
        server.surface("POST", "reset")
        assert server.ask("GET", "/capsule/api/tasks", [BASIC]).header("X-RateLimit-Remaining") == first

    def test_a_thousand_records_take_less_than_50_ms(self, server: UnderTest) -> None:
        def work(desk: CoreDesk) -> None:
            for number in range(500):
                desk.create(Create(Party, {"first_name": f"Zoë {number}", "last_name": "Lund"}))
                desk.create(Create(Activity, {"type": "task", "title": f"Ring {number}"}))

        server.world.write(work)
        server.surface("POST", "snapshot/thousand")
        took = []
        for _ in range(7):
            add_task(server)
            begun = time.perf_counter()
            server.surface("POST", "reset?to=thousand")
            took.append(time.perf_counter() - begun)
        assert sorted(took)[3] < 0.05, took
        assert len(titles(server)) == 500

    def test_a_world_by_file(self, server: UnderTest) -> None:
        tenant = {"slug": "fjord", "users": [{"username": "mia", "token": "mia-token"}, {"username": "ole"}]}
        told = server.surface("POST", "world", {"tenants": [{**tenant, "tasks": [{"ref": "ring", "title": "Ring"}]}]})
        (made,) = told["tenants"]
        assert made["slug"] == "fjord"
        assert made["tokens"]["mia"] == "mia-token"
        assert len(made["tokens"]["ole"]) == 40
        assert made["ids"]["ring"]["kind"] == "activity"
        mia = ("Authorization", "Basic " + base64.b64encode(b"mia-token:x").decode())
        assert server.ask("GET", f"/capsule/api/task/{made['ids']['ring']['id']}", [mia]).code == 200
        wrong = server.ask("POST", "/_crmglot/world", body=b"tenants:\n  - slugg: x\n")
        assert wrong.code == 400
        assert json.loads(wrong.body)["error"].startswith("world:2:")


class TestJournal:
    def test_an_entry(self, server: UnderTest) -> None:
        server.surface("PUT", "clock", {"now": "2014-01-20T20:42:56Z", "frozen": True})
        made = add_task(server, "Zoë")
        (entry,) = server.journal()
        assert entry["at"] == "2014-01-20T20:42:56Z"
        assert (entry["dialect"], entry["operation"], entry["status"]) == ("capsule", "task.create", 201)
        assert (entry["method"], entry["target"]) == ("POST", "/capsule/api/task")
        assert (
            entry["request_body"]
            == "<task><description>Zoë</description><dueDate>2030-06-03T00:00:00Z</dueDate></task>"
        )
        assert ["Location", made.header("Location")] in entry["response_headers"]
        assert entry["response_body"] == made.body.decode()
        assert (entry["losses"], entry["unknown_parameters"], entry["nearest_route"]) == ({}, [], None)

    def test_bodies_that_are_no_text(self, server: UnderTest) -> None:
        server.ask("POST", "/capsule/api/task", [BASIC, ("Content-Type", "application/xml")], b"\xff\x00")
        assert server.journal()[0]["request_body"] == {"base64": base64.b64encode(b"\xff\x00").decode()}

    def test_filters(self, server: UnderTest) -> None:
        add_task(server)
        go(server, "capsule")
        go(server, "affinitylive")
        server.ask("GET", "/capsule/api/nothing", [BASIC])
        assert [entry["id"] for entry in server.journal("?dialect=capsule")] == [1, 2, 4]
        assert [entry["id"] for entry in server.journal("?operation=task.list&dialect=capsule")] == [2]
        assert [entry["id"] for entry in server.journal("?status=404")] == [4]
        assert [entry["id"] for entry in server.journal("?since=2")] == [3, 4]
        assert [entry["id"] for entry in server.journal("?limit=1")] == [4]
        assert server.journal("?limit=0") == []
        assert server.journal("?since=2999-01-01T00:00:00Z") == []
        assert len(server.journal("?since=2014-01-01T00:00:00Z")) == 4
        assert server.surface("DELETE", "journal") == {"entries": []}
        assert server.journal() == []
        add_task(server)
        assert [entry["id"] for entry in server.journal()] == [5]

    @pytest.mark.parametrize(
        "query", ["dialect=none", "operation=task.fly", "status=ok", "since=soon", "limit=-1", "limit=9999999"]
    )
    def test_filters_that_are_none(self, server: UnderTest, query: str) -> None:
        told = server.surface("GET", f"journal?{query}", code=400)
        assert told["error"]
        if query.startswith(("dialect", "operation")):
            assert told["known"]

    @pytest.mark.parametrize(
        ("target", "route"),
        [
            ("/capsule/api/taks/1", "/api/task"),
            ("/affinitylive/api/v0/compnies/7", "/companies/{"),
            ("/zurmo/app/index.php/tasks/task/api/raed/1", "/tasks/task/api/read/{"),
            ("/opentaps/activites/1/3?authToken=ann-token", "/activities/{"),
            ("/crust/modul/", "/module"),
        ],
    )
    def test_the_nearest_route(self, server: UnderTest, target: str, route: str) -> None:
        server.ask("GET", target, [BASIC])
        (entry,) = server.journal()
        assert (entry["operation"] or "unknown.").startswith("unknown.")
        assert route in entry["nearest_route"]

    def test_unknown_parameters(self, server: UnderTest) -> None:
        server.ask("GET", "/affinitylive/api/v0/tasks?colour=red", [BEARER])
        assert server.journal()[0]["unknown_parameters"] == ["colour"]

    def test_secrets(self, server: UnderTest) -> None:
        secrets = {"ann-token", "ann-pw"}
        for dialect in CALLS:
            go(server, dialect)
        form = ("Content-Type", "application/x-www-form-urlencoded")
        server.ask("POST", "/affinitylive/oauth2/v0/token", [form], b"client_secret=ann-pw&grant_type=x")
        server.ask("GET", f"/affinitylive/api/v0/tasks?_bearer_token={quote('ann-token')}")
        login = json.loads(server.ask("POST", ZURMO_LOGIN, ZURMO).body)["data"]
        jwt = dict(signed(server, "crust"))["Cookie"].partition("=")[2]
        secrets |= {login["sessionId"], login["token"], jwt, BASIC[1].partition(" ")[2]}
        text = json.dumps(server.journal())
        assert not [secret for secret in secrets if secret in text]
        assert STARS in text
        shown = json.dumps(server.journal("?secrets=1"))
        assert not [secret for secret in secrets if secret not in shown]

    def test_bounded(self, server: UnderTest) -> None:
        body = b"<task><description>" + b"x" * (MAX_BODY + 1000)
        server.ask("POST", "/capsule/api/task", [BASIC, ("Content-Type", "application/xml")], body)
        (entry,) = server.journal()
        assert (len(entry["request_body"]), entry["cut"]) == (MAX_BODY, True)
        small = Journal(most=3, max_bytes=3 * MAX_BODY)
        (kept,) = server.bench.journal.find()
        for _ in range(5):
            small.add(kept)
        assert len(small.find()) == 2
        empty = Journal(most=3)
        kept.request_body = kept.response_body = b""
        for _ in range(5):
            empty.add(kept)
        assert len(empty.find()) == 3


WORDED = {
    "affinitylive": {"unauthenticated": 401, "forbidden": 403, "rate_limited": 429, "server_error": 500},
    "capsule": {
        "unauthenticated": 401,
        "forbidden": 403,
        "rate_limited": 429,
        "server_error": 500,
        "unavailable": 503,
    },
    "crust": {"unauthenticated": 200, "forbidden": 200, "rate_limited": 429, "server_error": 500, "unavailable": 200},
    "opentaps": {
        "unauthenticated": 401,
        "forbidden": 403,
        "rate_limited": 429,
        "server_error": 500,
        "unavailable": 503,
    },
    "zurmo": {"unauthenticated": 200, "forbidden": 200, "rate_limited": 429, "server_error": 500, "unavailable": 200},
}
WORDS = {
    ("affinitylive", "rate_limited"): b"Rate limit exceeded for acme.api.accelo.com",
    ("capsule", "rate_limited"): b'{"error":"rate limit reached"}',
    ("capsule", "unavailable"): b"service unavailable",
    ("crust", "unauthenticated"): b'{"error":{"message":"Unauthorized"}}',
    ("crust", "unavailable"): b"driver: bad connection",
    ("opentaps", "forbidden"): b"You do not have permission to do this.",
    ("opentaps", "rate_limited"): b'"errorMessage":"Too Many Requests"',
    ("zurmo", "unauthenticated"): b'"message":"Sign in required."',
    ("zurmo", "unavailable"): b"Application is in maintenance mode.",
    ("zurmo", "rate_limited"): b'"status":"FAILURE"',
}


class TestFaults:
    @pytest.mark.parametrize("dialect", sorted(CALLS))
    def test_in_the_vendors_words_and_then_well_again(self, server: UnderTest, dialect: str) -> None:
        headers = signed(server, dialect)
        method, target, _, body = CALLS[dialect]
        well = server.ask(method, target, headers, body)
        assert well.code == 200
        assert b"error" not in well.body[:12]
        for fault, code in WORDED[dialect].items():
            server.surface("POST", "faults", {"dialect": dialect, "operation": "*", "fault": fault})
            answer = server.ask(method, target, headers, body)
            assert answer.code == code, (fault, answer)
            assert WORDS.get((dialect, fault), b"") in answer.body
            assert answer.body != well.body
            assert (
                server.ask(method, target, headers, body).body.replace(b"\n", b"")[:40]
                == well.body.replace(b"\n", b"")[:40]
            )

    @pytest.mark.parametrize("dialect", ["crust", "opentaps", "zurmo"])
    def test_a_limit_that_the_vendor_has_no_words_for(self, server: UnderTest, dialect: str) -> None:
        headers = signed(server, dialect)
        server.surface("POST", "faults", {"dialect": dialect, "fault": "rate_limited"})
        answer = server.ask(CALLS[dialect][0], CALLS[dialect][1], headers)
        assert (answer.code, answer.header("Retry-After")) == (429, "60")

    def test_which_calls(self, server: UnderTest) -> None:
        planted = server.surface(
            "POST",
            "faults",
            {"dialect": "capsule", "operation": "task.create", "fault": "unavailable", "times": 2, "after": 1},
        )
        assert planted["left"] == 2
        assert go(server, "capsule").code == 200
        assert [add_task(server).code for _ in range(5)] == [201, 503, 503, 201, 201]
        assert server.surface("GET", "faults")["faults"][0]["left"] == 0
        assert server.journal("?status=503")[0]["operation"] == "task.create"

    def test_nothing_is_done_unless_the_answer_breaks(self, server: UnderTest) -> None:
        for fault in ("unauthenticated", "forbidden", "rate_limited", "server_error", "unavailable"):
            server.surface("POST", "faults", {"fault": fault})
            assert add_task(server, fault).code >= 400
        assert titles(server) == []
        for fault in ("malformed", "cut"):
            server.surface("POST", "faults", {"fault": fault, "operation": "task.create"})
            with pytest.raises(ConnectionAbortedError):
                add_task(server, fault)
        assert titles(server) == ["cut", "malformed"]

    def test_half_a_body_under_its_whole_length(self, server: UnderTest) -> None:
        whole = go(server, "capsule")
        server.surface("POST", "faults", {"fault": "malformed"})
        said: list[tuple[str, Any]] = []
        method, target, headers, _ = CALLS["capsule"]
        pieces = iter(server.app(environ(method, target, headers), lambda *given: said.append(given)))
        got = next(pieces)
        with pytest.raises(ConnectionAbortedError):
            next(pieces)
        assert got == whole.body[: len(whole.body) // 2]
        assert dict(said[0][1])["Content-Length"] == str(len(whole.body))

    def test_slow(self, server: UnderTest) -> None:
        server.surface("POST", "faults", {"fault": "slow", "delay_ms": 150})
        begun = time.perf_counter()
        assert go(server, "capsule").code == 200
        assert time.perf_counter() - begun >= 0.15

    def test_for_ever_and_away(self, server: UnderTest) -> None:
        first = server.surface("POST", "faults", {"fault": "unavailable", "times": None})
        second = server.surface("POST", "faults", {"fault": "forbidden", "times": None})
        assert [add_task(server).code for _ in range(3)] == [503] * 3
        assert [each["id"] for each in server.surface("DELETE", f"faults/{first['id']}")["faults"]] == [second["id"]]
        assert add_task(server).code == 403
        assert server.surface("DELETE", "faults") == {"faults": []}
        assert add_task(server).code == 201
        assert server.surface("DELETE", "faults/99", code=404)["error"]

    @pytest.mark.parametrize(
        "given",
        [
            None,
            [],
            {"fault": "fire"},
            {"fault": None},
            {"fault": "slow", "dialect": "none"},
            {"fault": "slow", "operation": "task.fly"},
            {"fault": "slow", "dialect": ["capsule"]},
            {"fault": "slow", "colour": 1},
        ],
    )
    def test_names_that_are_none(self, server: UnderTest, given: object) -> None:
        told = server.surface("POST", "faults", given, code=400)
        assert told["known"]

    @pytest.mark.parametrize(
        "given", [{"times": 0}, {"times": "2"}, {"after": -1}, {"delay_ms": 60_001}, {"times": True}, {"after": 1.5}]
    )
    def test_numbers_that_are_none(self, server: UnderTest, given: dict[str, object]) -> None:
        assert "whole number" in server.surface("POST", "faults", {"fault": "slow", **given}, code=400)["error"]

    def test_the_kinds(self, server: UnderTest) -> None:
        assert set(server.surface("POST", "faults", {"fault": "x"}, code=400)["known"]) == set(KINDS)


class TestClock:
    def test_records_go_by_it(self, server: UnderTest) -> None:
        told = server.surface("PUT", "clock", {"now": "2014-01-20T20:42:56Z", "frozen": True})
        assert told == {"now": "2014-01-20T20:42:56Z", "frozen": True, "real": False}
        add_task(server)
        assert b"<createdOn>2014-01-20T20:42:56Z</createdOn>" in go(server, "capsule").body
        assert server.surface("PUT", "clock", {"advance_s": 3600})["now"] == "2014-01-20T21:42:56Z"
        assert server.surface("DELETE", "clock")["real"] is True

    def test_it_runs_unless_it_is_frozen(self, server: UnderTest) -> None:
        server.surface("PUT", "clock", {"now": "2014-01-20T20:42:56Z"})
        before = server.bench.clock.now()
        time.sleep(0.01)
        assert server.bench.clock.now() > before
        server.surface("PUT", "clock", {"frozen": True})
        before = server.bench.clock.now()
        time.sleep(0.01)
        assert server.bench.clock.now() == before

    def test_sessions_end_by_it(self, server: UnderTest) -> None:
        headers = signed(server, "zurmo")
        method, target, _, _ = CALLS["zurmo"]
        assert b"SUCCESS" in server.ask(method, target, headers).body
        server.surface("PUT", "clock", {"advance_s": 60 * 86_400})
        assert b"Sign in required" in server.ask(method, target, headers).body

    def test_a_header_comes_first(self, server: UnderTest) -> None:
        server.surface("PUT", "clock", {"now": "2014-01-20T20:42:56Z", "frozen": True})
        server.ask("GET", "/capsule/api/tasks", [BASIC, ("X-Crmglot-Now", "2015-01-01T00:00:00Z")])
        assert server.journal()[0]["at"] == "2015-01-01T00:00:00Z"

    @pytest.mark.parametrize(
        "given",
        [
            {},
            {"now": "soon"},
            {"now": 5},
            {"frozen": "yes"},
            {"advance_s": "1"},
            {"advance_s": True},
            {"advance_s": 1e300},
            {"now": "9999-12-31T23:59:59Z", "advance_s": 3600},
            {"moon": 1},
        ],
    )
    def test_what_is_no_time(self, server: UnderTest, given: dict[str, object]) -> None:
        assert server.surface("PUT", "clock", given, code=400)["error"]


def test_operations_are_the_names_of_the_log(server: UnderTest) -> None:
    told = server.surface("GET", "operations")
    assert set(told) == set(dialects.names())
    for name in told:
        go(server, name)
    logged = {(line["dialect"], line["operation"]) for line in server.world.lines if line["message"] == "request"}
    assert logged
    assert all(operation in told[dialect] for dialect, operation in logged if operation is not None)


def test_bodies_that_are_too_large(server: UnderTest) -> None:
    given = environ("POST", "/_crmglot/world")
    given["CONTENT_LENGTH"] = "99999999999"
    given["wsgi.input"] = None
    assert call(server.app, given).code == 413
