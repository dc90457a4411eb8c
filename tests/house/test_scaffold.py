"""``make dialect``: a new dialect is made, served and asked, keeps the house rules, and is taken away again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import dialects
from adapter.client import Credentials, Session, UnexpectedAnswer
from adapter.driver import Driver
from adapter.wire import Headers, WireRequest, WireResponse
from canonical.errors import NotFound, Unauthenticated, Unsupported
from canonical.model import Activity, Party
from canonical.operations import Create, Delete, Get, Update
from tests.support.scaffold import ROOT, make
from tests.support.world import World

SIXTH = "sixthcrm"


@pytest.fixture
def packages(tmp_path: Path) -> Iterator[Path]:
    """A folder in which `dialects` finds the sixth dialect, for as long as the test runs."""
    folder = tmp_path / "packages"
    folder.mkdir()
    make(SIXTH, folder)
    dialects.__path__.append(str(folder))
    dialects.names.cache_clear()
    try:
        yield folder
    finally:
        dialects.__path__.remove(str(folder))
        dialects.names.cache_clear()
        dialects.load.cache_clear()
        for module in [name for name in sys.modules if name.startswith(f"dialects.{SIXTH}")]:
            del sys.modules[module]


def test_it_is_found_served_and_asked(packages: Path, tmp_path: Path) -> None:
    assert SIXTH in dialects.names()
    with World(tmp_path) as world:
        endpoint = world.endpoint(SIXTH)
        headers = Headers([("Authorization", "Bearer ann-token")])
        made = endpoint.send(WireRequest("POST", "/tasks", headers=headers, body=b'{"title":"Ring","text":"now"}'))
        assert (made.status, json.loads(made.body)["title"]) == (201, "Ring")
        assert endpoint.send(WireRequest("GET", "/tasks")).status == 401
        assert endpoint.send(WireRequest("GET", "/nothing", headers=headers)).status == 404
        assert endpoint.send(WireRequest("POST", "/tasks", headers=headers, body=b"{")).status == 400

        session = Session("http://localhost", Credentials(token="ann-token"))
        driver = Driver(dialects.load(SIXTH), endpoint, session)
        values = {"type": "task", "title": "Write", "body": "soon", "category": "Call"}
        task = driver.perform(Create(Activity, values, tags=("hot",)))
        assert driver.losses.summary() == {"task.category:not_said": 1, "task.tags:not_said": 1}
        driver.perform(Update(Activity, task.id, {"state": "completed"}))
        heard = driver.perform(Get(Activity, task.id))
        assert (heard.title, heard.body, heard.state) == ("Write", "soon", "completed")
        assert [r.title for batch in driver.pull("task") for r in batch.records if isinstance(r, Activity)] == [
            "Ring",
            "Write",
        ]
        # What it wrote is there in the others at once.
        capsule = Headers([("Authorization", "Basic YW5uLXRva2VuOng=")])
        shown = world.endpoint("capsule").send(WireRequest("GET", f"/api/task/{task.id}", headers=capsule))
        assert b"<status>COMPLETED</status>" in shown.body
        driver.perform(Delete(Activity, task.id))
        with pytest.raises(NotFound):
            driver.perform(Get(Activity, task.id))
        with pytest.raises(Unsupported, match=f"{SIXTH}: person create"):
            driver.perform(Create(Party, {"type": "person", "last_name": "x"}))
        with pytest.raises(Unauthenticated):
            Driver(dialects.load(SIXTH), endpoint, Session("http://localhost")).sign_in()


def test_its_client_hears_nonsense_as_one_typed_error(packages: Path) -> None:
    class Nonsense:
        def send(self, request: WireRequest) -> WireResponse:
            return WireResponse(200, [], b'{"tasks":[{"id":"x"}]}')

    driver = Driver(dialects.load(SIXTH), Nonsense(), Session("http://localhost"))
    with pytest.raises(UnexpectedAnswer, match="/tasks/0/id"):
        list(driver.pull("task"))


def test_it_keeps_the_house_style(packages: Path) -> None:
    ruff = Path(sys.executable).parent / "ruff"
    for command in (["format", "--check"], ["check"]):
        ran = subprocess.run(
            [ruff, *command, "--config", ROOT / "pyproject.toml", packages],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_afterwards_it_is_gone() -> None:
    assert SIXTH not in dialects.names()
    with pytest.raises(KeyError):
        dialects.load(SIXTH)


@pytest.mark.parametrize("name", ["", "X", "1abc", "two words", "../up", "a" * 32])
def test_names_that_are_none(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lower-case"):
        make(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_dialect_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    make("sixth", tmp_path)
    with pytest.raises(FileExistsError):
        make("sixth", tmp_path)
