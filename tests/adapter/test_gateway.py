"""One dialect's endpoint: the order of things, tenants, transactions, clock, and one log line for each request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapter.dialect import Dialect
from adapter.formats import Malformed
from adapter.gateway import Gateway
from adapter.gateway import testing_clock as given_clock
from adapter.logs import Log
from adapter.wire import Headers, WireRequest, WireResponse
from canonical.accounts import Tenant
from canonical.errors import Unavailable
from canonical.model import Activity
from canonical.values import instant
from tests.adapter.echo_dialect import ECHO
from tests.support.world import NOON, World, every_dialect


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("gateway")) as made:
        made.add_tenant("rival", "rival.com")
        made.add_user("rob", tenant="rival")
        made.set("echo.colour", "blue", "rival")
        yield made


@pytest.fixture(autouse=True)
def forget(world: World) -> None:
    world.lines.clear()


def ask(
    world: World,
    method: str,
    path: str,
    token: str | None = "ann-token",
    tenant: str | None = None,
    **headers: str,
) -> WireResponse:
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    if token:
        pairs.append(("X-Token", token))
    found = None if tenant is None else world.core.accounts.tenant_by_slug(tenant)
    return world.gateway(ECHO).send(WireRequest(method, path, headers=Headers(pairs)), found)


def told(response: WireResponse) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response.body)
    return found


def line(world: World) -> dict[str, Any]:
    assert len(world.lines) == 1, world.lines
    return world.lines[0]


class TestOrder:
    def test_a_signed_in_caller(self, world: World) -> None:
        response = ask(world, "GET", "/things/12")
        assert told(response)["params"] == {"id": "12"}
        assert (told(response)["user"], told(response)["tenant"], told(response)["now"]) == ("ann", "acme", NOON)
        assert response.headers[-1] == ("X-Finished", "yes")

    @pytest.mark.parametrize(
        ("method", "path", "token", "status"),
        [
            ("GET", "/open/door", None, 200),
            ("GET", "/open/door", "ann-token", 200),
            ("GET", "/things/1", None, 401),
            ("GET", "/things/1", "nobody-token", 401),
            ("GET", "/open/door", "nobody-token", 401),
            ("POST", "/make/it", None, 401),
            # Credentials are read before a missing route or a wrong method is told.
            ("GET", "/nothing", "nobody-token", 401),
            ("PUT", "/things/1", "nobody-token", 401),
            ("GET", "/nothing", None, 404),
            ("GET", "/nothing", "ann-token", 404),
            ("PUT", "/things/1", "ann-token", 405),
            ("GET", "/things/x", "ann-token", 404),
            ("OPTIONS", "/nothing", None, 204),
        ],
    )
    def test_what_comes_first(self, world: World, method: str, path: str, token: str | None, status: int) -> None:
        assert ask(world, method, path, token).status == status
        assert line(world)["status"] == status
        assert line(world)["level"] == "info"

    def test_what_is_already_wrong_is_worded_before_anything_else(self, world: World) -> None:
        response = world.gateway(ECHO).send(WireRequest("GET", "/things/1"), None, Malformed("x"))
        assert (response.status, response.body) == (400, b"Malformed")
        assert line(world)["refused"] == "Malformed"


class TestTenants:
    def test_the_credential_names_the_tenant(self, world: World) -> None:
        assert told(ask(world, "GET", "/things/1", "rob-token"))["tenant"] == "rival"
        assert line(world)["tenant"] == "rival"

    def test_settings_are_the_tenants_over_the_defaults(self, world: World) -> None:
        assert told(ask(world, "GET", "/things/1"))["settings"] == {"colour": "red"}
        assert told(ask(world, "GET", "/things/1", "rob-token"))["settings"] == {"colour": "blue"}
        world.set("echo.colour", "green", "rival")
        assert told(ask(world, "GET", "/things/1", "rob-token"))["settings"] == {"colour": "green"}
        world.set("echo.colour", "blue", "rival")

    def test_the_host_names_the_tenant_of_guests(self, world: World) -> None:
        assert told(ask(world, "GET", "/open/x", None, "rival"))["tenant"] == "rival"
        assert told(ask(world, "GET", "/open/x", None, "rival"))["settings"] == {"colour": "blue"}

    @pytest.mark.parametrize("path", ["/things/1", "/open/x", "/nothing", "/count"])
    def test_a_credential_of_another_tenant_than_the_hosts_is_refused(self, world: World, path: str) -> None:
        assert ask(world, "GET", path, "rob-token", "acme").status == 401
        assert "user" not in line(world)
        assert ask(world, "GET", path, "rob-token", "rival").status in (200, 404)

    def test_of_several_tenants_none_is_the_default(self, world: World) -> None:
        assert told(ask(world, "GET", "/open/x", None))["tenant"] is None

    def test_the_only_tenant_is_the_default(self, tmp_path: Path) -> None:
        with World(tmp_path) as alone:
            assert told(ask(alone, "GET", "/open/x", None))["tenant"] == "acme"

    def test_the_configured_tenant_is_the_default(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(world.core, "_default", "rival")
        assert told(ask(world, "GET", "/open/x", None))["tenant"] == "rival"
        assert told(ask(world, "GET", "/things/1", "ann-token"))["tenant"] == "acme"
        monkeypatch.setattr(world.core, "_default", "gone")
        assert told(ask(world, "GET", "/open/x", None))["tenant"] is None


class TestTransactions:
    @pytest.mark.parametrize("how", ["missing", "denied", "away", "broken", "malformed"])
    def test_what_fails_leaves_nothing(self, world: World, how: str) -> None:
        before = told(ask(world, "GET", "/count"))["count"]
        assert ask(world, "POST", f"/make/{how}").status >= 400
        assert told(ask(world, "GET", "/count"))["count"] == before

    def test_what_succeeds_stays(self, world: World) -> None:
        before = told(ask(world, "GET", "/count"))["count"]
        made = told(ask(world, "POST", "/make/it"))["id"]
        assert told(ask(world, "GET", "/count"))["count"] == before + 1
        assert world.desk().get(Activity, made).title == "made"

    def test_a_conflict_runs_the_handler_again(self, world: World) -> None:
        before = told(ask(world, "GET", "/count"))["count"]
        assert ask(world, "POST", "/make/conflict").status == 200
        assert told(ask(world, "GET", "/count"))["count"] == before + 1

    def test_guests_have_no_desk(self, world: World) -> None:
        assert ask(world, "GET", "/count", None).status == 401


class TestFailures:
    def test_an_unexpected_error_is_a_500_that_says_nothing(self, world: World) -> None:
        response = ask(world, "GET", "/fail/broken")
        assert (response.status, response.body) == (500, b"")
        found = line(world)
        assert (found["level"], found["message"], found["error"]) == ("error", "request failed", "ZeroDivisionError")
        assert found["where"][-1].startswith("echo_dialect.py:")
        assert (found["operation"], found["tenant"], found["user"], found["status"]) == (
            "thing.fail",
            "acme",
            "ann",
            500,
        )
        assert "4711" not in orjson.dumps(found).decode()

    def test_a_store_that_is_away_is_an_error_with_its_reason(self, world: World) -> None:
        assert ask(world, "GET", "/fail/away").status == 503
        assert (line(world)["level"], line(world)["reason"]) == ("error", "the disk is full")

    @pytest.mark.parametrize("path", ["/fail/missing", "/fail/broken", "/nothing"])
    def test_an_error_that_cannot_be_worded(self, world: World, path: str) -> None:
        response = ask(world, "GET", path, X_Word="badly")
        assert (response.status, response.body) == (500, b"Internal Server Error\n")
        assert world.lines[0]["message"] == "an error could not be worded"

    def test_a_finish_that_fails(self, world: World) -> None:
        response = ask(world, "GET", "/things/1", X_Finish="badly")
        assert (response.status, response.body) == (500, b"")
        assert line(world)["error"] == "ValueError"

    def test_every_error_is_finished(self, world: World) -> None:
        for path in ("/nothing", "/fail/broken", "/fail/denied"):
            assert ask(world, "GET", path).header("X-Finished") == "yes"

    def test_a_core_that_fails_at_once(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        def away() -> Tenant | None:
            raise RuntimeError("no database")

        monkeypatch.setattr(world.core, "default_tenant", away)
        assert ask(world, "GET", "/things/1").status == 500
        assert line(world)["level"] == "error"


class TestLines:
    def test_the_line(self, world: World) -> None:
        ask(world, "GET", "/lose")
        found = line(world)
        assert found == {
            "level": "info",
            "message": "request",
            "id": found["id"],
            "dialect": "echo",
            "operation": "thing.lose",
            "method": "GET",
            "status": 200,
            "us": found["us"],
            "tenant": "acme",
            "user": "ann",
            "losses": {"activity.category:not_shown": 2},
            "at": found["at"],
        }
        assert isinstance(found["us"], int)
        assert 0 < found["us"] < 10_000_000

    def test_ids_differ(self, world: World) -> None:
        for _ in range(50):
            ask(world, "GET", "/open/x")
        assert len({found["id"] for found in world.lines}) == 50

    def test_no_secret_no_body_no_query(self, world: World) -> None:
        request = WireRequest(
            "P" * 5000, "/things/the-path", "authToken=the-query", Headers([("X-Token", "the-token")]), b"the-body"
        )
        world.gateway(ECHO).send(request)
        text = orjson.dumps(line(world)).decode()
        assert "the-" not in text
        assert len(text) < 500


class TestClock:
    NOW = instant(2014, 1, 20, 20, 42, 56)

    @pytest.mark.parametrize("text", ["2014-01-20T20:42:56Z", "2014-01-20T21:42:56+01:00"])
    def test_a_given_moment(self, text: str) -> None:
        assert given_clock(WireRequest("GET", "/", headers=Headers([("X-Crmglot-Now", text)]))) == self.NOW

    @pytest.mark.parametrize(
        "text", [None, "", "yesterday", "2014", "2014-01-20T20:42:56", "9999-12-31T23:59:59-23:59"]
    )
    def test_anything_else_is_the_real_one_or_utc(self, text: str | None) -> None:
        headers = [] if text is None else [("X-Crmglot-Now", text)]
        found = given_clock(WireRequest("GET", "/", headers=Headers(headers)))
        assert found > self.NOW or text == "2014-01-20T20:42:56"

    def test_only_with_the_clock_of_tests(self, world: World) -> None:
        headers = Headers([("X-Crmglot-Now", "2014-01-20T20:42:56Z"), ("X-Token", "ann-token")])
        request = WireRequest("GET", "/things/1", headers=headers)
        with_it = Gateway(ECHO, world.core, Log(lambda line: None), given_clock)
        without = Gateway(ECHO, world.core, Log(lambda line: None))
        assert told(with_it.send(request))["now"] == self.NOW
        assert told(without.send(request))["now"] > self.NOW


def test_aliases_only_where_ids_are_numbers(world: World) -> None:
    seen: list[bool] = []

    class Spy:
        accounts = world.core.accounts
        default_tenant = staticmethod(world.core.default_tenant)

        def reading(self, *given: Any, aliased: bool, signed_in: bool = False, private_extras: Any) -> Any:
            seen.append(aliased)
            return world.core.reading(*given)

        def write(self, *given: Any, aliased: bool, private_extras: Any) -> WireResponse:
            seen.append(aliased)
            answer: WireResponse = world.core.write(*given)
            return answer

    core: Any = Spy()
    request = WireRequest("GET", "/count", headers=Headers([("X-Token", "ann-token")]))
    Gateway(ECHO, core, world.log).send(request)
    world.set("echo.aliases", "yes")
    Gateway(ECHO, core, world.log).send(request)
    Gateway(replace(ECHO, numeric_ids=False), core, world.log).send(request)
    world.set("echo.aliases", "no")
    assert seen == [False, True, False]


@pytest.mark.parametrize("dialect", every_dialect(), ids=lambda dialect: dialect.name)
def test_a_database_that_is_away_is_worded_by_every_vendor(tmp_path: Path, dialect: Dialect) -> None:
    """Also where the tenant could not be looked up: what finishes an answer may ask for its settings."""
    with World(tmp_path) as world:
        endpoint = world.endpoint(dialect)
        world.store.check()
        (tmp_path / "world.db").rename(tmp_path / "elsewhere.db")
        with pytest.raises(Unavailable):
            world.store.check()
        world.core.accounts.forget_tenants()
        response = endpoint.send(WireRequest("GET", "/"))
        assert b"Internal Server Error" not in response.body
        (line,) = world.lines
        assert (line["level"], line["message"], line["refused"]) == ("error", "request", "Unavailable")
        assert line["reason"] == "the database file world.db was removed or replaced"
