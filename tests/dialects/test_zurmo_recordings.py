"""The 65 recorded exchanges, run as the two sessions they were, and read in the client's direction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapter.client import Credentials, Session
from adapter.contract import Exchange, judge, load, load_deviations, replay
from adapter.losses import LossReport
from canonical.model import Activity
from canonical.values import iso_time
from dialects.zurmo.client import CLIENT, hear
from dialects.zurmo.client.server import Server, standard_states
from dialects.zurmo.client.shown import data
from dialects.zurmo.fields.modules import TASKS
from dialects.zurmo.settings import Profile, profile_of
from tests.dialects.zurmo_client import FIXTURES
from tests.support.world import World

NAMES = sorted(entry.name for entry in FIXTURES.iterdir() if entry.is_dir() and entry.name[0].isdigit())
V3 = {"profile": "v3", "zero_dates": "yes"}
V2 = {"total_count": "number", "completed_zero": "text", "request_type": "required"}
FIRST_OF_V2 = 59


def recorded(*, v2: bool) -> list[Exchange]:
    return [case for case in (load(FIXTURES, name) for name in NAMES) if (case.step >= FIRST_OF_V2) == v2]


def replayed(folder: Path, cases: list[Exchange], settings: dict[str, str]) -> list[str]:
    """What is wrong when the session runs against us, beyond the declared deviations."""
    with World(folder, empty=True, now=None) as world:
        world.add_tenant("shop")
        world.add_user("super", tenant="shop", password="super", admin=True, first_name="Super", last_name="User")
        for name, value in settings.items():
            world.set(f"zurmo.{name}", value, "shop")
        endpoint = world.endpoint("zurmo", "shop")
        differences = replay(cases, endpoint, base_url="http://crm.example")
        assert [line for line in world.lines if line.get("level") == "error"] == []
    deviations = load_deviations(FIXTURES / "deviations.json")
    names = [case.name for case in cases]
    return judge(names, differences, {name: why for name, why in deviations.items() if name in names})


def test_every_recording_is_there() -> None:
    assert len(NAMES) == 65
    assert set(load_deviations(FIXTURES / "deviations.json")) <= set(NAMES)


def test_zurmo_3_answers_as_recorded(tmp_path: Path) -> None:
    cases = recorded(v2=False)
    assert len(cases) == 58
    assert replayed(tmp_path, cases, V3) == []


def test_zurmo_2_answers_as_recorded(tmp_path: Path) -> None:
    cases = recorded(v2=True)
    assert len(cases) == 7
    assert replayed(tmp_path, cases, V2) == []


def test_zero_dates_are_a_quirk_of_the_setting(tmp_path: Path) -> None:
    wrong = replayed(tmp_path, recorded(v2=False), {"profile": "v3"})
    assert {line.partition(":")[0] for line in wrong} == {
        "015-task-read-zero-date",
        "016-task-update-status-5",
        "018-task-update-unknown-attribute",
        "033-task-list-page-2",
        "040-task-search-contains",
    }


# -- the client's direction ---------------------------------------------------------------------------------


def told(task: Activity) -> dict[str, Any]:
    """A task in the words of meaning.json."""
    due = None if task.due_at is None else iso_time(task.due_at)
    words = {
        "title": task.title,
        "body": task.body or None,
        "due": due,
        "state": task.state,
        "requester": task.requester_username,
        "owner": task.owner_username,
    }
    return {name: value for name, value in words.items() if value is not None}


def meant(record: dict[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in ("title", "body", "due", "state", "requester", "owner") if record.get(name)}


def heard(case: Exchange, profile: Profile) -> Any:
    """What a client hears of tasks in an answer: one, or a page and the number of all; None where there are none."""
    shown = data(case.name, case.response)
    server, losses = Server(profile, states=standard_states(1)), LossReport()
    found: Any = None
    if isinstance(shown.value, dict) and "totalCount" in shown.value:
        items = [hear.record(TASKS, item, server, losses) for item in hear.listed(shown)]
        found = items, hear.total(shown)
    elif shown.value is not None:
        found = hear.record(TASKS, shown, server, losses)
    assert not losses, losses.summary()
    return found


def profile_for(case: Exchange) -> Profile:
    return profile_of(V3) if case.step < FIRST_OF_V2 else profile_of({})


TASK_CASES = [
    case
    for case in (load(FIXTURES, name) for name in NAMES)
    if isinstance(case.result, dict)
    and case.result.get("ok")
    and isinstance(case.operation, dict)
    and case.operation.get("kind") == "task"
    and case.operation["do"] in ("create", "update", "get", "read", "find", "delete")
    and case.response.body.startswith(b"{")
    and ("record" in case.result or "records" in case.result)
]


@pytest.mark.parametrize("case", TASK_CASES, ids=lambda case: case.name)
def test_tasks_mean_what_the_recording_says(case: Exchange) -> None:
    found = heard(case, profile_for(case))
    if "records" in case.result:
        items, total = found
        assert [told(task) for task in items] == [meant(record) for record in case.result["records"]]
        assert total == case.result["total"]
    else:
        assert told(found) == meant(case.result["record"])


def test_there_are_enough_of_them() -> None:
    assert len(TASK_CASES) >= 15


def test_login_is_asked_and_heard() -> None:
    case = load(FIXTURES, "003-login")
    session = Session("http://crm.example", Credentials(username="super", password="super"))
    talk = CLIENT.sign_in(session)
    request = next(talk)
    assert (request.method, request.target) == (case.request.method, case.request.target)
    for name in ("ZURMO_AUTH_USERNAME", "ZURMO_AUTH_PASSWORD", "ZURMO_API_REQUEST_TYPE", "Accept"):
        assert request.headers.get(name) == case.request.headers.get(name)
    following = talk.send(case.response)
    assert following.headers.get("ZURMO_SESSION_ID") == "{{session:1}}"
    assert following.headers.get("ZURMO_TOKEN") == "{{token:1}}"
