"""What operators do to users while others serve: who is shut out, from what, and in whose words."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner

from adapter import cli
from adapter.wire import Headers, WireRequest, WireResponse
from canonical.model import Activity
from canonical.operations import Create
from tests.support.world import World, over_postgres

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
REST = {"Accept": "application/json", "ZURMO_API_REQUEST_TYPE": "REST"}
PASSWORD, TOKEN = "bob-pw", "bob-token"


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Served by this process; the commands run on a store of their own, as in another process."""
    made = over_postgres(tmp_path) if request.param == "postgresql" else World(tmp_path)
    made.now = None
    monkeypatch.setenv("CRMGLOT_DATABASE_URL", made.url)
    monkeypatch.setenv("CRMGLOT_SECRET_KEY", "0123456789abcdef")
    with made:
        made.add_user("bob", email="bob@acme.test")
        made.core.directory.add_application("bobs-app", "acme", "app-secret", "bob")
        yield made


def run(*words: str, code: int = 0, said: str | None = None) -> str:
    result = CliRunner().invoke(cli.main, words, input=said)
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.stderr.strip()


class Doors:
    """Every way in that bob has, opened once; each says afterwards whether what it gave is still good."""

    def __init__(self, world: World) -> None:
        self.world = world
        session = json.loads(self.log_in("zurmo").body)["data"]
        self.zurmo = {"ZURMO_SESSION_ID": session["sessionId"], "ZURMO_TOKEN": session["token"]}
        self.jwt = (self.log_in("crust").header("Set-Cookie") or "").partition(";")[0]
        given = urlencode({"authToken": TOKEN})
        self.temporary = json.loads(self.send("opentaps", "POST", "/oauth/temp-token", FORM, given).body)["authToken"]
        granted = json.loads(self.grant(grant_type="client_credentials", scope="write(all)").body)
        self.access, self.refresh = granted["access_token"], granted["refresh_token"]

    def send(
        self, dialect: str, method: str, target: str, headers: Mapping[str, str] | None = None, body: str = ""
    ) -> WireResponse:
        path, _, query = target.partition("?")
        request = WireRequest(method, path, query, Headers((headers or {}).items()), body.encode())
        return self.world.endpoint(dialect, "acme").send(request)

    def log_in(self, dialect: str, password: str = PASSWORD) -> WireResponse:
        if dialect == "zurmo":
            named = {"ZURMO_AUTH_USERNAME": "bob", "ZURMO_AUTH_PASSWORD": password}
            return self.send("zurmo", "POST", "/app/index.php/zurmo/api/login", {**REST, **named})
        given = urlencode({"username": "bob", "password": password})
        return self.send("crust", "POST", "/auth/login", FORM, given)

    def grant(self, **given: str) -> WireResponse:
        client = {"client_id": "bobs-app", "client_secret": "app-secret"}
        return self.send("affinitylive", "POST", "/oauth2/v0/token", FORM, urlencode({**client, **given}))

    def capsule(self, token: str = TOKEN) -> WireResponse:
        encoded = base64.b64encode(f"{token}:x".encode()).decode()
        return self.send("capsule", "GET", "/api/tasks", {"Authorization": f"Basic {encoded}"})

    def opentaps(self, token: str = TOKEN) -> WireResponse:
        return self.send("opentaps", "GET", f"/activities/10?{urlencode({'authToken': token})}")

    def affinitylive(self, token: str = TOKEN) -> WireResponse:
        return self.send("affinitylive", "GET", "/api/v0/tasks.json", {"Authorization": f"Bearer {token}"})

    def crust(self) -> WireResponse:
        return self.send("crust", "GET", "/module/", {"Cookie": self.jwt})

    def zurmo_list(self) -> WireResponse:
        return self.send("zurmo", "GET", "/app/index.php/tasks/task/api/list/", {**REST, **self.zurmo})

    def open(self) -> dict[str, bool]:
        """Which are open: what the API token opens, what was signed in for, what a password opens."""
        answers = {
            "token capsule": self.capsule(),
            "token opentaps": self.opentaps(),
            "token affinitylive": self.affinitylive(),
            "session zurmo": self.zurmo_list(),
            "session crust": self.crust(),
            "session opentaps": self.opentaps(self.temporary),
            "session affinitylive": self.affinitylive(self.access),
            "session refresh": self.grant(grant_type="refresh_token", refresh_token=self.refresh),
            "password zurmo": self.log_in("zurmo"),
            "password crust": self.log_in("crust"),
        }
        return {name: is_good(answer) for name, answer in answers.items()}


def is_good(answer: WireResponse) -> bool:
    refused = b'"FAILURE"' in answer.body or b'"error"' in answer.body
    return answer.status == 200 and not refused


def only(*beginnings: str) -> dict[str, bool]:
    names = [*(f"token {name}" for name in ("capsule", "opentaps", "affinitylive"))]
    names += [f"session {name}" for name in ("zurmo", "crust", "opentaps", "affinitylive", "refresh")]
    names += ["password zurmo", "password crust"]
    return {name: name.startswith(beginnings) for name in names}


@pytest.fixture
def doors(world: World) -> Doors:
    made = Doors(world)
    assert made.open() == only("token", "session", "password")
    return made


def test_a_disabled_user_is_shut_out_everywhere_and_let_in_again(world: World, doors: Doors) -> None:
    kept = world.write(lambda desk: desk.create(Create(Activity, {"title": "bob's own"})), TOKEN)
    run("user", "disable", "BOB", "--tenant", "acme")
    assert doors.open() == dict.fromkeys(only(), False)
    words = {
        "zurmo": doors.zurmo_list(),
        "zurmo login": doors.log_in("zurmo"),
        "crust": doors.crust(),
        "crust login": doors.log_in("crust"),
        "capsule": doors.capsule(),
        "affinitylive": doors.affinitylive(),
        "opentaps": doors.opentaps(),
        "grant": doors.grant(grant_type="client_credentials", scope="write(all)"),
    }
    assert {name: (answer.status, said(answer)) for name, answer in words.items()} == {
        "zurmo": (200, "Sign in required."),
        "zurmo login": (200, "Invalid username or password."),
        "crust": (200, "crust.auth.repository.UserNotFound"),
        "crust login": (200, "crust.auth.repository.UserNotFound"),
        "capsule": (401, "<html><head><title>401</title></head><body><h1>Unauthorized</h1></body></html>"),
        "affinitylive": (401, "Could not authorize your access (B: No token found)"),
        "opentaps": (401, "authToken is not valid."),
        "grant": (401, "The user of the client is not active."),
    }
    assert world.desk("ann-token").get(Activity, kept.id).owner_id == kept.owner_id
    run("user", "enable", "bob", "--tenant", "acme")
    # His sessions do not come back to life.
    assert doors.open() == only("token", "password")
    assert Doors(world).open() == only("token", "session", "password")


def said(answer: WireResponse) -> str:
    try:
        data = json.loads(answer.body)
    except ValueError:
        return answer.body.decode()
    places = ("message", "error.message", "meta.message", "error_description", "result.errorMessage")
    for place in places:
        found: Any = data
        for step in place.split("."):
            found = found.get(step) if isinstance(found, dict) else None
        if isinstance(found, str):
            return found
    return str(data)


@pytest.mark.slow
def test_a_new_password_ends_what_the_old_one_opened(world: World, doors: Doors) -> None:
    run("user", "password", "bob", "--tenant", "acme", said="new pw\n")
    assert doors.open() == only("token")
    assert is_good(doors.log_in("zurmo", "new pw"))
    # The session that the new one opens is good, and its token too.
    doors.jwt = (doors.log_in("crust", "new pw").header("Set-Cookie") or "").partition(";")[0]
    assert is_good(doors.crust())
    checked = doors.send("crust", "GET", "/auth/check", {"Cookie": doors.jwt})
    doors.jwt = (checked.header("Set-Cookie") or "").partition(";")[0]
    assert is_good(doors.crust())
    run("user", "password", "bob", "--tenant", "acme", "--password", "newer")
    assert not is_good(doors.crust())


def test_a_new_token_ends_the_old_one_and_what_it_bought(world: World, doors: Doors) -> None:
    assert run("user", "token", "bob", "--tenant", "acme", "--token", "a-given-token") == "a-given-token\n"
    assert doors.open() == only("password")
    assert is_good(doors.capsule("a-given-token"))
    made = run("user", "token", "bob", "--tenant", "acme").strip()
    assert len(made) >= 32
    assert is_good(doors.capsule(made))
    assert not is_good(doors.capsule("a-given-token"))


def test_nobody_else_is_touched(world: World, doors: Doors) -> None:
    ann = world.core.accounts.issue("zurmo-session", world.principal(), world.time(), token="anns-own-session")
    for words in (("disable",), ("enable",), ("password", "--password", "x"), ("token",)):
        run("user", words[0], "bob", "--tenant", "acme", *words[1:])
    assert world.core.accounts.by_token("zurmo-session", ann, world.time()) is not None
    assert is_good(doors.capsule("ann-token"))


@pytest.mark.parametrize("command", ["disable", "enable", "password", "token"])
def test_users_that_are_not_there(world: World, command: str) -> None:
    more = ("--password", "x") if command == "password" else ()
    assert run("user", command, "no", "--tenant", "acme", *more, code=1) == "crmglot: there is no user no"
    assert run("user", command, "bob", "--tenant", "no", *more, code=1) == "crmglot: there is no tenant no"


def test_what_is_refused_changes_nothing(world: World, doors: Doors) -> None:
    refused = {
        ("token", "--token", "ann-token"): "crmglot: token is taken",
        ("token", "--token", "short"): "crmglot: token: not_a_token",
        ("password", "--password", ""): "crmglot: password: required",
    }
    for words, line in refused.items():
        assert run("user", words[0], "bob", "--tenant", "acme", *words[1:], code=1) == line
    needed = "crmglot: a password is needed: --password, or a line on standard input"
    assert run("user", "password", "bob", "--tenant", "acme", code=2) == needed
    assert doors.open() == only("token", "session", "password")


def test_lists(world: World) -> None:
    world.add_user("vi", view_only=True, first_name="Vi", last_name="Ewer")
    world.add_tenant("rival", "rival.com", "crm.rival.com")
    world.add_user("rob", tenant="rival")
    run("user", "disable", "vi", "--tenant", "acme")
    assert run("user", "list", "--tenant", "acme").splitlines() == [
        "ann\tAnn Lee\tann@acme.test\tadmin",
        "bob\tbob\tbob@acme.test\t",
        "vi\tVi Ewer\t\tview-only,disabled",
    ]
    assert run("tenant", "list").splitlines() == ["acme\tacme.com", "rival\tcrm.rival.com\trival.com"]
    assert run("app", "list").splitlines() == ["bobs-app\tacme\tbob"]


def test_a_removed_application_leaves_nothing_it_was_issued(world: World, doors: Doors) -> None:
    world.core.directory.add_application("other", "acme", "s", "bob")
    run("app", "remove", "bobs-app")
    shut = ("session affinitylive", "session refresh")
    assert doors.open() == {name: name not in shut for name in only()}
    assert run("app", "list").splitlines() == ["other\tacme\tbob"]
    assert run("app", "remove", "bobs-app", code=1) == "crmglot: there is no application bobs-app"


@pytest.mark.parametrize("dialect", ["opentaps", "crust"])
def test_who_is_removed_by_a_client_loses_his_sessions_too(world: World, doors: Doors, dialect: str) -> None:
    if dialect == "opentaps":
        asked = urlencode({"authToken": "ann-token", "userId": "bob"})
        assert doors.send("opentaps", "DELETE", "/admin/user", FORM, asked).status == 200
    else:
        signed = doors.send("crust", "POST", "/auth/login", FORM, urlencode({"username": "ann", "password": "ann-pw"}))
        cookie = {"Cookie": (signed.header("Set-Cookie") or "").partition(";")[0]}
        bob = world.principal(TOKEN).user_id
        assert is_good(doors.send("crust", "DELETE", f"/users/{bob}", cookie))
    assert not any(doors.open().values())
    run("user", "enable", "bob", "--tenant", "acme")
    assert not any(good for name, good in doors.open().items() if name.startswith("session"))
