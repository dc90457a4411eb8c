"""The Flask shell: what of a WSGI request reaches a gateway, and that both ways through it say the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import flask
import pytest
from click.testing import CliRunner
from flask.cli import FlaskGroup
from sqlalchemy import create_engine, text

from adapter.dialect import Dialect
from adapter.mounts import Mounts
from adapter.serve import MAX_HEADERS, MAX_TARGET, Application, Wsgi, create_app
from adapter.settings import Settings
from tests.adapter.echo_dialect import ECHO
from tests.dialects.shapes import shape
from tests.support.probing import Prober
from tests.support.rivals import Rivals
from tests.support.world import World, every_dialect
from tests.support.wsgi import Answer, call, environ


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("serve")) as made:
        made.add_tenant("rival", "rival.com")
        made.add_user("rob", tenant="rival")
        yield made


@pytest.fixture(autouse=True)
def forget(world: World) -> None:
    world.lines.clear()


def app(world: World, settings: Settings | None = None, dialect: Dialect = ECHO) -> Application:
    settings = settings or Settings()
    mounts = Mounts({"echo": world.gateway(dialect)}, settings.hosts)
    wsgi = Wsgi(mounts, settings, world.core.accounts.tenant_by_host, world.store.check, world.log)
    return create_app(wsgi)


def ask(world: World, method: str, target: str, *headers: tuple[str, str], **given: Any) -> Answer:
    settings = given.pop("settings", None)
    return call(app(world, settings).wsgi_app, environ(method, target, headers, **given))


def told(answer: Answer) -> dict[str, Any]:
    assert answer.code == 200, answer
    found: dict[str, Any] = json.loads(answer.body)
    return found


class TestRequest:
    def test_what_reaches_the_gateway(self, world: World) -> None:
        answer = ask(world, "GET", "/echo/open/a%2Fb%26c?x=%20+1&y", ("Accept", "a/b"))
        found = told(answer)
        assert (found["method"], found["path"], found["query"]) == ("GET", "/open/a%2Fb%26c", "x=%20+1&y")
        assert found["params"] == {"word": "a/b&c"}
        assert found["base_url"] == "http://localhost:8080/echo"
        assert answer.status == "200 OK"
        assert answer.headers == (
            ("Content-Type", "application/json"),
            ("X-Odd-CASE", "1"),
            ("X-Finished", "yes"),
            ("Content-Length", str(len(answer.body))),
        )

    def test_a_server_that_keeps_no_raw_target(self, world: World) -> None:
        found = told(ask(world, "GET", "/echo/open/a%20b%C3%A9?q=1", raw=False))
        assert (found["path"], found["query"], found["params"]) == ("/open/a%20b%C3%A9", "q=1", {"word": "a bé"})

    @pytest.mark.parametrize(
        "target", ["http://other.test/echo/open/x?q", "https://o/echo/open/x?q", "ftp://o/echo/open/x?q"]
    )
    def test_absolute_targets(self, world: World, target: str) -> None:
        found = told(ask(world, "GET", target))
        assert (found["path"], found["query"]) == ("/open/x", "q")

    @pytest.mark.parametrize("target", ["*", "http://other.test", "nonsense", "http://"])
    def test_targets_that_name_no_path(self, world: World, target: str) -> None:
        assert ask(world, "GET", target).code == 404

    @pytest.mark.parametrize("name", ["X-Token", "X_TOKEN", "x-token"])
    def test_header_spellings(self, world: World, name: str) -> None:
        assert told(ask(world, "GET", "/echo/things/1", (name, "ann-token")))["user"] == "ann"

    def test_bodies(self, world: World) -> None:
        token = ("X-Token", "ann-token")
        assert told(ask(world, "POST", "/echo/any/x", token, body=b"\x00\xff"))["body"] == "\x00\xff"
        # GET has one too (opentaps dossier, section 1).
        assert told(ask(world, "GET", "/echo/any/x", token, body=b"a=1"))["body"] == "a=1"
        given = environ("POST", "/echo/any/x", [token], b"chunks")
        del given["CONTENT_LENGTH"]
        assert told(call(app(world).wsgi_app, given))["body"] == ""
        given = environ("POST", "/echo/any/x", [token], b"chunks")
        del given["CONTENT_LENGTH"]
        given["wsgi.input_terminated"] = True
        assert told(call(app(world).wsgi_app, given))["body"] == "chunks"

    @pytest.mark.parametrize("length", ["-1", "x", "٣", "", " 5"])
    def test_lengths_that_are_none(self, world: World, length: str) -> None:
        given = environ("POST", "/echo/any/x", [("X-Token", "ann-token")], b"body")
        given["CONTENT_LENGTH"] = length
        assert told(call(app(world).wsgi_app, given))["body"] == ""

    def test_head_has_no_body_but_its_length(self, world: World) -> None:
        for application in (app(world).wsgi_app, app(world).extensions["through_flask"]):
            answer = call(application, environ("HEAD", "/echo/any/x", [("X-Token", "ann-token")]))
            assert (answer.code, answer.body) == (200, b"")
            assert int(answer.header("Content-Length") or 0) > 50


class TestLimits:
    def test_body(self, world: World) -> None:
        token = ("X-Token", "ann-token")
        assert ask(world, "POST", "/echo/any/x", token, body=b"x" * 1000).code == 200
        assert ask(world, "POST", "/echo/any/x", token, body=b"x" * 1001).code == 413
        # It is not even read.
        given = environ("POST", "/echo/any/x", [token])
        given["CONTENT_LENGTH"] = "9" * 30
        given["wsgi.input"] = None
        assert call(app(world).wsgi_app, given).code == 413

    def test_body_of_unknown_length(self, world: World) -> None:
        for size, code in ((1000, 200), (1001, 413), (50_000, 413)):
            given = environ("POST", "/echo/any/x", [("X-Token", "ann-token")], b"x" * size)
            del given["CONTENT_LENGTH"]
            given["wsgi.input_terminated"] = True
            assert call(app(world).wsgi_app, given).code == code

    def test_target(self, world: World) -> None:
        room = MAX_TARGET - len("/echo/open/")
        assert ask(world, "GET", "/echo/open/" + "a" * room).code == 200
        assert ask(world, "GET", "/echo/open/" + "a" * (room + 1)).code == 414
        assert ask(world, "GET", "/healthz?" + "a" * MAX_TARGET).code == 414

    def test_h11_headers(self, world: World) -> None:
        many = [(f"X-{at}", "1") for at in range(MAX_HEADERS + 1)]
        assert ask(world, "GET", "/echo/open/x", *many[: MAX_HEADERS - 1]).code == 200
        answer = ask(world, "GET", "/echo/open/x", *many)
        assert answer.status == "431 Request Header Fields Too Large"
        assert answer.body == b"Request Header Fields Too Large\n"
        assert world.lines[-1]["message"] == "refused a request: 431 Request Header Fields Too Large"
        assert ask(world, "GET", "/nowhere", *many).code == 431

    def test_h4_bodies_that_mean_nothing_are_not_read(self, world: World) -> None:
        deaf = replace(ECHO, unread_bodies=("GET", "DELETE"))
        made = app(world, dialect=deaf)
        for method, target, read in (
            ("GET", "/echo/any/x", False),
            ("DELETE", "/echo/any/x", False),
            ("POST", "/echo/any/x", True),
            ("GET", "/healthz", False),
            ("GET", "/nowhere", False),
            ("POST", "/nowhere", True),
        ):
            given = environ(method, target, [("X-Token", "ann-token")], b"abc")
            assert made.reads_body(given) is read
            if not read:
                given["wsgi.input"] = None
            assert call(made.wsgi_app, given).code == (404 if target == "/nowhere" else 200)
        # A coding of what is not read is nobody's mistake.
        given = environ("GET", "/echo/any/x", [("X-Token", "ann-token"), ("Content-Encoding", "gzip")], b"no gzip")
        assert told(call(made.wsgi_app, given))["body"] == ""

    def test_each_is_one_line_in_the_log(self, world: World) -> None:
        ask(world, "POST", "/echo/any/x", body=b"x" * 1001)
        assert [(line["status"], line["refused"]) for line in world.lines] == [(413, "TooLarge")]


class TestOrigin:
    """Scheme, host and prefix as the client used them (decisions, section 3)."""

    PROXIED = (("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "crm.acme.com:444"))

    @pytest.mark.parametrize(
        ("headers", "given", "base_url"),
        [
            ((), {}, "http://localhost:8080/echo"),
            ((), {"scheme": "https", "host": "a.test"}, "https://a.test/echo"),
            ((), {"host": None}, "http://127.0.0.1/echo"),
            ((), {"host": "[::1]:80"}, "http://[::1]:80/echo"),
            # What is no host name is not put into links.
            ((), {"host": "a.test/x?"}, "http://localhost/echo"),
            ((), {"host": "a.test\r\nX: y"}, "http://localhost/echo"),
            ((), {"host": "user@a.test"}, "http://localhost/echo"),
            (PROXIED, {}, "https://crm.acme.com:444/echo"),
            (PROXIED, {"peer": "::1"}, "https://crm.acme.com:444/echo"),
            (PROXIED, {"peer": "127.9.9.9"}, "https://crm.acme.com:444/echo"),
            (PROXIED, {"peer": "10.0.0.1"}, "http://localhost:8080/echo"),
            (PROXIED, {"peer": ""}, "http://localhost:8080/echo"),
            (PROXIED, {"peer": "nonsense"}, "http://localhost:8080/echo"),
            (PROXIED[:1], {}, "https://localhost:8080/echo"),
            (PROXIED[1:], {}, "http://crm.acme.com:444/echo"),
            # Of several the client's own comes first.
            (
                (("X-Forwarded-Proto", "https, http"), ("X-Forwarded-Host", "a.test, b.test")),
                {},
                "https://a.test/echo",
            ),
            ((("X-Forwarded-Proto", "gopher"), ("X-Forwarded-Host", "<x>")), {}, "http://localhost/echo"),
        ],
    )
    def test_base_url(
        self, world: World, headers: tuple[tuple[str, str], ...], given: dict[str, Any], base_url: str
    ) -> None:
        assert told(ask(world, "GET", "/echo/open/x", *headers, **given))["base_url"] == base_url

    @pytest.mark.parametrize(
        ("sent", "prefix"),
        [
            ("/crm", "/crm"),
            ("/crm/", "/crm"),
            (" /a/B-1_2.~/c/ ", "/a/B-1_2.~/c"),
            ("/", ""),
            ("", ""),
            # Each proxy adds what it took off, the client's first.
            ("/outer, /inner/", "/outer/inner"),
            *((text, "") for text in ("//evil", "//evil.test/x", "https://evil.test", "https:evil", "javascript:x")),
            *((text, "") for text in ("crm", "/crm?x=1", "/crm#x", "/a//b", "/a/../b", "/..", "/a/./b", "/a%2Fb")),
            *(
                (text, "")
                for text in ("/a b", "/a\\b", "\\evil", "/a@b", '/"', "/<x>", "/é", "/ok, //evil", "/a\r\nX: y")
            ),
            ("/" + "a" * 199, "/" + "a" * 199),
            ("/" + "a" * 200, ""),
        ],
    )
    def test_h3_the_path_in_front_of_ours(self, world: World, sent: str, prefix: str) -> None:
        forwarded = ("X-Forwarded-Prefix", sent)
        assert told(ask(world, "GET", "/echo/open/x", forwarded))["base_url"] == f"http://localhost:8080{prefix}/echo"
        full = told(ask(world, "GET", "/echo/open/x", forwarded, *self.PROXIED))
        assert full["base_url"] == f"https://crm.acme.com:444{prefix}/echo"
        vendors = ("X-Forwarded-Host", "rival.echo.test")
        assert told(ask(world, "GET", "/open/x", forwarded, vendors))["base_url"] == f"http://rival.echo.test{prefix}"
        stranger = told(ask(world, "GET", "/echo/open/x", forwarded, peer="10.0.0.1"))
        assert stranger["base_url"] == "http://localhost:8080/echo"

    def test_trusted_networks_are_a_setting(self, world: World) -> None:
        settings = Settings(trusted_proxies=("10.0.0.0/8", "2001:db8::/32"))
        for peer, trusted in (("10.1.2.3", True), ("2001:db8::1", True), ("127.0.0.1", False), ("11.0.0.1", False)):
            found = told(ask(world, "GET", "/echo/open/x", *self.PROXIED, peer=peer, settings=settings))
            assert found["base_url"].startswith("https:") == trusted

    @pytest.mark.parametrize(
        ("peer", "forwarded", "client"),
        [
            ("127.0.0.1", None, "127.0.0.1"),
            ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
            ("127.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
            ("127.0.0.1", "203.0.113.9, 198.51.100.7, 10.0.0.2", "10.0.0.2"),
            ("127.0.0.1", "203.0.113.9, 127.0.0.1", "203.0.113.9"),
            ("127.0.0.1", "<x>", "127.0.0.1"),
            ("127.0.0.1", "[2001:db8::1]", "2001:db8::1"),
            ("198.51.100.1", "203.0.113.9", "198.51.100.1"),
        ],
    )
    def test_the_address_of_who_asks(self, world: World, peer: str, forwarded: str | None, client: str) -> None:
        """The nearest that is no proxy we trust: what stands before it any client may have written."""
        environ = {"REMOTE_ADDR": peer}
        if forwarded is not None:
            environ["HTTP_X_FORWARDED_FOR"] = forwarded
        assert world.wsgi()._client(environ) == client

    def test_the_forwarded_host_is_the_host(self, world: World) -> None:
        """It chooses mount and tenant as the Host header would, and only from whom we trust."""
        forwarded = ("X-Forwarded-Host", "rival.echo.test")
        assert told(ask(world, "GET", "/open/x", forwarded))["tenant"] == "rival"
        assert ask(world, "GET", "/open/x", forwarded, peer="10.0.0.1").code == 404

    def test_underscore_twins_cannot_pose_as_forwarding_headers(self) -> None:
        """The server lets in only the names that dialects list (decisions, section 4)."""
        names = {name.upper().replace("_", "-") for dialect in every_dialect() for name in dialect.underscore_headers}
        assert not any("FORWARDED" in name or name in ("HOST", "X-CRMGLOT-NOW", "AUTHORIZATION") for name in names)
        assert {"ZURMO-SESSION-ID", "ZURMO-TOKEN"} <= names


class TestTenants:
    @pytest.mark.parametrize(
        ("host", "target", "tenant"),
        [
            ("localhost", "/echo/open/x", None),
            ("127.0.0.1:80", "/echo/open/x", None),
            ("[::1]", "/echo/open/x", None),
            ("acme.com", "/echo/open/x", "acme"),
            ("ACME.com:8080", "/echo/open/x", "acme"),
            ("rival.com", "/echo/open/x", "rival"),
            ("rival.echo.test", "/open/x", "rival"),
            ("acme.api.echo.test", "/open/x", "acme"),
            ("nobody.echo.test", "/open/x", None),
        ],
    )
    def test_of_the_host(self, world: World, host: str, target: str, tenant: str | None) -> None:
        assert told(ask(world, "GET", target, host=host))["tenant"] == tenant

    def test_a_credential_of_another_is_refused(self, world: World) -> None:
        token = ("X-Token", "rob-token")
        assert ask(world, "GET", "/things/1", token, host="acme.echo.test").code == 401
        assert ask(world, "GET", "/echo/things/1", token, host="acme.com").code == 401
        assert told(ask(world, "GET", "/things/1", token, host="rival.echo.test"))["tenant"] == "rival"
        assert told(ask(world, "GET", "/echo/things/1", token))["tenant"] == "rival"

    def test_hosts_of_the_settings(self, world: World) -> None:
        settings = Settings(hosts={"crm.rival.com": "echo"})
        assert told(ask(world, "GET", "/open/x", host="crm.rival.com", settings=settings))["path"] == "/open/x"
        assert ask(world, "GET", "/open/x", host="crm.rival.com").code == 404


class TestOwnPaths:
    def test_healthz(self, world: World) -> None:
        answer = ask(world, "GET", "/healthz")
        assert (answer.status, answer.body) == ("200 OK", b"ok\n")
        assert world.lines == []

    def test_readyz(self, world: World) -> None:
        assert ask(world, "GET", "/readyz").body == b"ready\n"

    @pytest.mark.parametrize(("version", "said"), [("0001", "run `crmglot db upgrade`"), ("9999", "is newer than")])
    def test_readyz_tells_of_an_old_schema(self, tmp_path: Path, version: str, said: str) -> None:
        with World(tmp_path) as old:
            engine = create_engine(old.url)
            with engine.begin() as connection:
                connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
            engine.dispose()
            answer = ask(old, "GET", "/readyz")
            assert (answer.code, answer.body) == (503, b"not ready\n")
            assert [(line["level"], line["message"]) for line in old.lines] == [("error", "not ready")]
            assert said in old.lines[0]["reason"]
            assert ask(old, "GET", "/healthz").code == 200

    def test_readyz_tells_of_a_database_that_is_damaged(self, tmp_path: Path) -> None:
        with World(tmp_path) as damaged:
            damaged.core.close()
        file = tmp_path / "world.db"
        size = file.stat().st_size
        with file.open("r+b") as pages:
            # The first pages say what tables there are.
            pages.seek(size // 4)
            pages.write(b"\xff" * (size - size // 4))
        with World(tmp_path / "none", url=f"sqlite:///{file}", made=True) as damaged:
            assert ask(damaged, "GET", "/readyz").code == 503
            assert damaged.lines[0]["reason"] == "database disk image is malformed"

    @pytest.mark.parametrize(
        "target", ["/", "/nothing", "/activities", "/favicon.ico", "/echo%2Fopen/x", "//echos/open/x"]
    )
    def test_nobodys_path(self, world: World, target: str) -> None:
        answer = ask(world, "GET", target)
        assert (answer.code, answer.body) == (404, b"Not Found\n")
        assert world.lines == []


VOLATILE = re.compile(r"PHPSESSID=\w+|X-RateLimit-Remaining', '\d+|JSESSIONID=\w+")


@pytest.fixture(scope="module", params=every_dialect(), ids=lambda dialect: dialect.name)
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Prober, flask.Flask]]:
    """A prober of one dialect, and the application over its world."""
    dialect: Dialect = request.param
    rivals = Rivals(tmp_path_factory.mktemp("both"))
    yield Prober(rivals, dialect, shape(dialect.name)), create_app(rivals.world.wsgi())
    rivals.close()


@pytest.mark.parametrize("signed", ["signed", "guest", "wrong"])
def test_both_ways_answer_alike(both: tuple[Prober, flask.Flask], signed: str) -> None:
    """Beneath Flask's dispatch and through it: the same bytes, headers in the same case and order, one line each."""
    prober, made = both
    name = prober.dialect.name
    compared = 0
    for number, route in enumerate(prober.dialect.routes):
        if route.writes and number % 3:
            continue
        method = "GET" if "*" in route.methods else route.methods[0]
        path = prober.own_path(route)
        if method == "DELETE" or any(word in path for word in ("logout", "login", "oauth", "reset")):
            continue
        credentials = {"signed": prober.credentials(), "guest": None, "wrong": prober.shape.wrong[0]}[signed]
        request = prober.request(method, path, signed=credentials)
        target = f"/{name}{request.path}" + (f"?{request.query}" if request.query else "")
        headers = [pair for pair in request.headers if pair[0] != "Host"]
        answers, lines = [], []
        for application in (made.wsgi_app, made.extensions["through_flask"]):
            prober.rivals.world.lines.clear()
            answers.append(call(application, environ(method, target, headers, request.body)))
            lines.append(prober.rivals.world.lines[:])
        lane, flask_way = answers
        assert lane.status == flask_way.status, target
        assert [name for name, _ in lane.headers] == [name for name, _ in flask_way.headers], target
        if not (route.writes and signed == "signed"):
            # What is written twice has two ids.
            assert VOLATILE.sub("", repr(lane.headers)) == VOLATILE.sub("", repr(flask_way.headers)), target
            assert lane.body == flask_way.body, target
        for found in lines:
            assert len(found) == 1, target
            for key in ("id", "us", "at"):
                assert found[0].pop(key)
        assert lines[0] == lines[1], target
        compared += 1
    assert compared >= 10


@pytest.mark.slow
def test_flask_lists_the_vendors_routes(world: World) -> None:
    made = create_app(world.wsgi())
    rules = {rule.rule for rule in made.url_map.iter_rules()}
    for dialect in every_dialect():
        mine = [rule for rule in rules if rule.startswith(f"/{dialect.name}/")]
        assert len(mine) >= len({route.template for route in dialect.routes}) - 1
    assert "/capsule/api/task/<int:id>" in rules
    assert "/zurmo/tasks/task/api/update/<path:rest>" in rules
    listed = CliRunner().invoke(FlaskGroup(create_app=lambda: made), ["routes"])
    assert listed.exit_code == 0
    assert "/capsule/api/party/<int:id>/task" in listed.output


@pytest.mark.slow
def test_odd_paths_through_flask_are_not_redirected(world: World) -> None:
    made = create_app(world.wsgi())
    for target in ("/capsule", "/capsule/", "/capsule//api//tasks", "/capsule/api/tasks/", f"/capsule/{quote('ü')}"):
        lane = call(made.wsgi_app, environ("GET", target))
        through = call(made.extensions["through_flask"], environ("GET", target))
        assert (lane.code, through.code) == (401, 401), target
