"""The pytest plugin: both fixtures as a client's tests use them."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

import dialects
from tests.support.servers import ROOT

EXAMPLE = ROOT / "docs" / "testing" / "python"
DUE = "2030-06-03T00:00:00Z"


def add(crm: Any, text: str = "Ring", base: str | None = None) -> requests.Response:
    task = {"task": {"description": text, "dueDate": DUE}}
    return requests.post(f"{base or crm.url('capsule')}/api/task", json=task, auth=(crm.token, "x"), timeout=10)


def count(crm: Any) -> int:
    accept = {"Accept": "application/json"}
    told = requests.get(f"{crm.url('capsule')}/api/tasks", auth=(crm.token, "x"), headers=accept, timeout=10).json()
    return int(told["tasks"]["@size"])


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def test_importing_it_costs_nothing_much() -> None:
    code = (
        "import pytest, sys, time; before = set(sys.modules); at = time.perf_counter(); import adapter.pytest_plugin; "
        "print(time.perf_counter() - at, sorted(set(sys.modules) - before))"
    )
    took, _, modules = min((python(code).partition(" ") for _ in range(3)), key=lambda told: float(told[0]))
    assert float(took) < 0.02
    assert modules.strip() == "['adapter', 'adapter.pytest_plugin']"


class TestMock:
    def test_vendors_hosts(self, crm_mock: Any) -> None:
        bearer = {"Authorization": f"Bearer {crm_mock.token}"}
        assert add(crm_mock, base="https://acme.capsulecrm.com").status_code == 201
        tasks = requests.get("https://acme.api.accelo.com/api/v0/tasks", headers=bearer, timeout=10).json()
        assert [task["title"] for task in tasks["response"]] == ["Ring"]
        given = {"authToken": crm_mock.token, "clientDomain": "acme.com"}
        found = requests.get("https://crm2.opentaps.com/activities/5/1", params=given, timeout=10)
        assert found.status_code == 200
        assert "Ring" in found.text

    @pytest.mark.parametrize("host", [None, "crm.example.com"])
    def test_hosts_that_the_test_names(self, crm_mock: Any, host: str | None) -> None:
        if host is not None:
            crm_mock.host("zurmo", host)
            crm_mock.host("crust", f"data.{host}")
        login = {
            "ZURMO_AUTH_USERNAME": "super",
            "ZURMO_AUTH_PASSWORD": "super",
            "ZURMO_API_REQUEST_TYPE": "REST",
            "Accept": "application/json",
        }
        base = f"https://{host}" if host else crm_mock.url("zurmo")
        told = requests.post(f"{base}/app/index.php/zurmo/api/login", headers=login, timeout=10).json()
        assert told["status"] == "SUCCESS"
        crust = requests.Session()
        form = {"username": "super", "password": "super"}
        base = f"https://data.{host}" if host else crm_mock.url("crust")
        assert crust.post(f"{base}/auth/login", data=form, timeout=10).status_code == 200
        assert "response" in crust.get(f"{base}/module/", timeout=10).json()

    def test_every_url_answers(self, crm_mock: Any) -> None:
        for name in dialects.names():
            requests.get(crm_mock.url(name), timeout=10)
        assert {entry["dialect"] for entry in crm_mock.journal()} == set(dialects.names())

    def test_other_hosts(self, crm_mock: Any) -> None:
        with pytest.raises(requests.ConnectionError):
            requests.get("https://other.example", timeout=10)
        responses.add(responses.GET, "https://other.example", json={"ok": 1})
        responses.add(responses.GET, "https://acme.capsulecrm.com/api/mine", json={"mine": 1})
        assert requests.get("https://other.example", timeout=10).json() == {"ok": 1}
        for _ in range(2):
            assert requests.get("https://acme.capsulecrm.com/api/mine", timeout=10).json() == {"mine": 1}
        assert add(crm_mock).status_code == 201

    def test_state_faults_journal_clock(self, crm_mock: Any) -> None:
        crm_mock.clock(datetime(2014, 1, 20, 20, 42, 56, tzinfo=UTC), frozen=True)
        add(crm_mock, "Zoë")
        assert [entry["at"] for entry in crm_mock.journal(operation="task.create")] == ["2014-01-20T20:42:56Z"]
        assert crm_mock.clock(advance_s=4)["now"] == "2014-01-20T20:43:00Z"
        assert crm_mock.clock()["real"] is True
        crm_mock.fault(fault="rate_limited", dialect="capsule", operation="task.create", times=2)
        assert [add(crm_mock).status_code for _ in range(3)] == [429, 429, 201]
        assert count(crm_mock) == 2
        crm_mock.reset()
        assert count(crm_mock) == 0

    def test_broken_answers(self, crm_mock: Any) -> None:
        crm_mock.fault("cut")
        with pytest.raises(requests.ConnectionError):
            add(crm_mock)
        crm_mock.fault("malformed")
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            count(crm_mock)
        assert count(crm_mock) == 1

    def test_bodies_of_any_kind(self, crm_mock: Any, tmp_path: Path) -> None:
        xml = f"<task><description>Zoë</description><dueDate>{DUE}</dueDate></task>".encode()
        (tmp_path / "task.xml").write_bytes(xml)
        url, headers = f"{crm_mock.url('capsule')}/api/task", {"Content-Type": "application/xml"}
        with open(tmp_path / "task.xml", "rb") as file:
            for body in (xml, xml.decode(), iter([xml[:9], xml[9:]]), file):
                answer = requests.post(url, body, headers=headers, auth=(crm_mock.token, "x"), timeout=10)
                assert answer.status_code == 201
        assert count(crm_mock) == 4

    def test_worlds(self, crm_mock: Any) -> None:
        world = json.loads(json.dumps({"tenants": [{"slug": "fjord", "users": [{"username": "ole"}]}]}))
        crm_mock.world(world)
        made = crm_mock.token
        assert crm_mock.url("capsule") == "https://fjord.capsulecrm.com"
        assert count(crm_mock) == 0
        crm_mock.world(EXAMPLE / "world.yaml")
        assert (crm_mock.token, count(crm_mock)) == ("token-of-mia", 1)
        crm_mock.world(world)
        assert crm_mock.token == made

    @pytest.mark.crm_world(str(EXAMPLE / "world.yaml"))
    def test_the_marker(self, crm_mock: Any) -> None:
        assert crm_mock.tokens == {"mia": "token-of-mia"}
        assert list(crm_mock.ids) == ["ring"]

    def test_what_is_wrong_is_said(self, crm_mock: Any) -> None:
        for wrong in (
            lambda: crm_mock.fault("fire"),
            lambda: crm_mock.journal(dialect="none"),
            lambda: crm_mock.url("none"),
            lambda: crm_mock.host("none", "x.example"),
            lambda: crm_mock.world({"tenants": [{"slug": "a", "colour": "red"}]}),
        ):
            with pytest.raises(Exception, match=r"there is no|unknown key") as told:
                wrong()
            assert "known" in str(told.value)

    def test_a_test_beyond_the_first_costs_little(self, crm_mock: Any) -> None:
        took = []
        for _ in range(9):
            begun = time.perf_counter()
            crm_mock.world(None)
            took.append(time.perf_counter() - begun)
        assert statistics.median(took) < 0.05, took


@pytest.mark.slow
class TestGateway:
    def test_what_it_gives(self, crm_gateway: Any) -> None:
        assert crm_gateway.url("capsule") == f"{crm_gateway.base}/capsule"
        assert add(crm_gateway).status_code == 201
        assert add(crm_gateway).headers["Location"].endswith("/2")
        assert count(crm_gateway) == 2
        crm_gateway.reset()
        assert (count(crm_gateway), len(crm_gateway.journal())) == (0, 1)
        assert "task.create" in crm_gateway.operations()["capsule"]

    def test_broken_answers(self, crm_gateway: Any) -> None:
        crm_gateway.fault("cut")
        with pytest.raises(requests.ConnectionError):
            add(crm_gateway)
        crm_gateway.fault("malformed")
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            count(crm_gateway)

    def test_a_test_beyond_the_first_costs_little(self, crm_gateway: Any) -> None:
        took = []
        for _ in range(9):
            begun = time.perf_counter()
            crm_gateway.world(None)
            took.append(time.perf_counter() - begun)
        assert statistics.median(took) < 0.05, took

    @pytest.mark.parametrize("words", [(), ("-n", "2")])
    def test_the_example(self, tmp_path: Path, words: tuple[str, ...]) -> None:
        for file in EXAMPLE.iterdir():
            if file.is_file():
                shutil.copy(file, tmp_path)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words, str(tmp_path)]
        env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
        assert "7 passed" in done.stdout

    def test_a_marker_without_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "test_x.py").write_text(
            "import pytest\n@pytest.mark.crm_world\ndef test_x(crm_gateway): pass\n", encoding="utf-8"
        )
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert "crm_world takes the name of one file" in done.stdout
