"""A Zurmo client for tests: a world with the administrator super, spoken to in this process."""

from __future__ import annotations

import atexit
import functools
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from adapter.dialect import Call
from adapter.formats.form_body import build_query
from adapter.wire import Headers, WireRequest, WireResponse
from canonical.service.desk import CoreDesk
from canonical.values import instant
from dialects.zurmo.auth import open_session
from tests.support.world import World

FIXTURES = Path(__file__).parents[2] / "fixtures" / "zurmo"
Found = list[Any]
BASE = "/app/index.php"
FORM = "application/x-www-form-urlencoded"
SECOND = 1_000_000
START = instant(2015, 2, 27, 8, 15, 0)
TASK = "tasks/task"
MEETING = "meetings/meeting"
CONTACT = "contacts/contact"
ACCOUNT = "accounts/account"
DEAL = "opportunities/opportunity"
USER = "users/user"


class Zurmo:
    """One tenant, ``shop``, with the administrator super (password super) signed in."""

    def __init__(self, folder: Path, now: int | None = START, **settings: str) -> None:
        template, session = _template()
        folder.mkdir(exist_ok=True)
        shutil.copyfile(template, folder / "world.db")
        self.world = World(folder, url=f"sqlite:///{folder}/world.db", made=True, now=now)
        for name, value in settings.items():
            self.set(name, value)
        self.session: tuple[str, str] | None = session
        if now != START:
            self.session = self.login()

    def set(self, name: str, value: str) -> None:
        self.world.set(f"zurmo.{name}", value, "shop")

    def tick(self, seconds: int = 5) -> None:
        """Lets time pass."""
        assert self.world.now is not None
        self.world.now += seconds * SECOND

    def write(self, work: Callable[[CoreDesk], Any]) -> Any:
        """Runs `work` on the core, as another dialect would."""
        return self.world.write(work, "super-token")

    def desk(self) -> CoreDesk:
        return self.world.desk("super-token")

    # -- raw ------------------------------------------------------------------------------------------

    def raw(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        session: tuple[str, str] | None = None,
        base: str = BASE,
    ) -> WireResponse:
        """Sends exactly this, with no headers but those given and the session's."""
        pairs = list((headers or {}).items())
        if session is not None:
            pairs += [("ZURMO_SESSION_ID", session[0]), ("ZURMO_TOKEN", session[1])]
        path, _, query = (base + target).partition("?")
        return self.world.endpoint("zurmo", "shop").send(WireRequest(method, path, query, Headers(pairs), body))

    def send(
        self,
        method: str,
        path: str,
        data: Mapping[str, Any] | None = None,
        *,
        accept: str = "application/json",
        session: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> WireResponse:
        """A call with the usual headers; `data` goes into a form under that name."""
        sent = {"Accept": accept, "ZURMO_API_REQUEST_TYPE": "REST", **(headers or {})}
        body = b""
        if data is not None:
            sent.setdefault("Content-Type", FORM)
            body = build_query({"data": data}).encode()
        return self.raw(method, path, body, sent, session or self.session)

    # -- answers ---------------------------------------------------------------------------------------

    def call(self, method: str, path: str, data: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """The envelope of a JSON answer."""
        answer = self.send(method, path, data, **more)
        assert answer.status == 200, (answer.status, answer.body[:500])
        found: dict[str, Any] = orjson.loads(answer.body)
        return found

    def login(self, username: str = "super", password: str = "super") -> tuple[str, str]:
        headers = {"ZURMO_AUTH_USERNAME": username, "ZURMO_AUTH_PASSWORD": password}
        data = self.call("POST", "/zurmo/api/login", headers=headers)["data"]
        return data["sessionId"], data["token"]

    def ok(self, method: str, path: str, data: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """The data of a successful answer."""
        body = self.call(method, path, data, **more)
        assert body["status"] == "SUCCESS", body
        assert body["message"] is None
        assert body["errors"] is None
        return body["data"]

    def failure(self, method: str, path: str, data: Mapping[str, Any] | None = None, **more: Any) -> str:
        """The message of a failure without errors."""
        body = self.call(method, path, data, **more)
        assert body["status"] == "FAILURE", body
        assert body["data"] is None
        assert body["errors"] is None
        message: str = body["message"]
        return message

    def errors(self, method: str, path: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """The errors of a failed validation."""
        body = self.call(method, path, data)
        assert body["status"] == "FAILURE", body
        assert body["message"] == ("Model was not updated." if "/update/" in path else "Model was not created.")
        found: dict[str, Any] = body["errors"]
        return found

    # -- records ---------------------------------------------------------------------------------------

    def create(self, module: str, **data: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.ok("POST", f"/{module}/api/create/", data)
        return made

    def task(self, name: str = "Call", **data: Any) -> int:
        id: int = self.create("tasks/task", name=name, **data)["id"]
        return id

    def read(self, module: str, id: int) -> dict[str, Any]:
        found: dict[str, Any] = self.ok("GET", f"/{module}/api/read/{id}")
        return found

    def update(self, module: str, id: int, **data: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.ok("PUT", f"/{module}/api/update/{id}", data)
        return found

    # -- lists -----------------------------------------------------------------------------------------

    def names(self, data: Any, key: str = "name") -> Found:
        return [item[key] for item in data.get("items", [])]

    def list(self, module: str, key: str = "name", **search: Any) -> Found:
        """What a list by path finds."""
        encoded = quote(build_query(search), safe="=&%+")
        return self.names(self.ok("GET", f"/{module}/api/list/filter/{encoded}"), key)

    def post_list(self, module: str, key: str = "name", **search: Any) -> Found:
        """What a list by form finds."""
        return self.names(self.ok("POST", f"/{module}/api/list/filter/", search), key)

    def search_data(self, model: str, clauses: Mapping[int, Mapping[str, Any]], structure: str) -> dict[str, Any]:
        attributes = {"clauses": {str(at): clause for at, clause in clauses.items()}, "structure": structure}
        return {"modelClassName": model, "searchAttributeData": attributes}

    def search(
        self,
        module: str,
        model: str,
        attribute: str,
        operator: str,
        value: Any = None,
        related: str | None = None,
        key: str = "name",
        **more: Any,
    ) -> Found:
        """What an improved search with one clause finds."""
        clause = {"attributeName": attribute, "operatorType": operator, "value": value}
        if related is not None:
            clause["relatedAttributeName"] = related
        data = {"search": self.search_data(model, {1: clause}, "1"), **more}
        return self.names(self.ok("POST", f"/{module}/api/search/filter/", data), key)

    def refused_search(self, module: str, model: str, clause: Mapping[str, Any], **more: Any) -> str:
        data = {"search": self.search_data(model, {1: clause}, "1"), **more}
        return self.failure("POST", f"/{module}/api/search/filter/", data)

    def failures(self) -> Found:
        """Log lines of what nobody expected."""
        return [line for line in self.world.lines if line.get("level") == "error"]


@functools.cache
def _template() -> tuple[Path, tuple[str, str]]:
    """A database with super signed in, made once in this process: passwords take their time."""
    folder = Path(tempfile.mkdtemp(prefix="crmglot-zurmo-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with World(folder, empty=True, now=START) as world:
        world.add_tenant("shop")
        world.add_user("super", tenant="shop", password="super", admin=True, first_name="Super", last_name="User")
        call = Call(
            WireRequest("POST", "/"), world.core.accounts, START, tenant=world.core.accounts.tenant_by_slug("shop")
        )
        session = open_session(call, world.principal("super-token"))
    with sqlite3.connect(folder / "world.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return folder / "world.db", session


def seed_fixture() -> Any:
    @pytest.fixture
    def zurmo(tmp_path: Path) -> Iterator[Zurmo]:
        client = Zurmo(tmp_path / "seed")
        yield client
        assert client.failures() == []
        client.world.core.close()

    return zurmo


def v3_fixture() -> Any:
    @pytest.fixture
    def v3(tmp_path: Path) -> Iterator[Zurmo]:
        client = Zurmo(tmp_path / "v3", profile="v3")
        yield client
        assert client.failures() == []
        client.world.core.close()

    return v3
