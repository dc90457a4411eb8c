"""The benchmark is honest: the floor, the obvious app and our dialects answer the same values for the same tasks."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator

import pytest

from bench import client, data, floor, rows
from bench.sides import DIALECTS, PAGE, CapsuleSide, CrustSide, FloorSide, ObviousSide, Ours, Side
from canonical.values import sql_time

COUNT = 300
TASKS = list(rows.tasks(COUNT))


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Side]]:
    """The floor, the obvious app, then our dialects, over new databases."""
    folder = tmp_path_factory.mktemp("bench")
    floor.make(folder / "plain.db", TASKS)
    data.make(folder / "ours.db", TASKS, rows.NOW)
    ours = Ours(folder / "ours.db")
    made = [FloorSide(folder / "plain.db"), ObviousSide(folder / "plain.db"), *ours.sides()]
    yield made
    for side in made:
        side.close()
    ours.close()


def test_rows_are_the_same_every_time() -> None:
    assert list(rows.tasks(COUNT)) == TASKS
    assert len({task.id for task in TASKS}) == COUNT
    waiting = [task for task in TASKS if task.state != "completed"]
    assert PAGE < len(waiting) < COUNT / 2


def test_every_side_answers_the_same_task(sides: list[Side]) -> None:
    reference, *others = sides
    assert [side.name for side in sides] == ["floor", "obvious app", *DIALECTS]
    for task in TASKS[::7]:
        facts = reference.get(task.id)
        assert (facts["title"], facts["body"]) == (task.title, task.body)
        assert facts["due_at"] == sql_time(task.due_at)
        assert facts["owner"] == f"user{task.owner_id}"
        assert facts["company"] == f"Company {task.company_id} & Søns"
        for side in others:
            assert side.get(task.id) == {key: facts[key] for key in side.keys}, side.name


def test_xml_says_what_json_says(sides: list[Side]) -> None:
    capsule = next(side for side in sides if isinstance(side, CapsuleSide))
    for task in TASKS[:20]:
        answer = client.call(capsule.app, capsule.one_xml(task.id))
        assert capsule.read_one_xml(answer) == capsule.get(task.id)


@pytest.mark.parametrize("offset", [0, PAGE])
def test_every_side_lists_the_same_page(sides: list[Side], offset: int) -> None:
    for side in sides:
        expected = side.listed(TASKS)
        ids, total = side.list(offset)
        assert ids == expected[offset : offset + PAGE] != [], side.name
        assert total == (None if "no total" in side.remark else len(expected)), side.name


def test_every_side_creates(sides: list[Side]) -> None:
    sent = ("Ring Žofie & co", "about <the> offer", "2014-06-03 09:30:00")
    for side in sides:
        facts = side.get(side.add(*sent))
        assert (facts["title"], facts["body"], facts["due_at"]) == sent, side.name
        assert facts.get("owner", "user1") == "user1"
        assert facts.get("completed_at") is None


def test_created_rows_are_in_the_files(sides: list[Side], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = next(iter(tmp_path_factory.getbasetemp().glob("bench*")))
    counts = {
        "plain.db": ("SELECT count(*) FROM tasks WHERE title = 'one more'", 2),
        "ours.db": ("SELECT count(*) FROM activity WHERE title = 'one more'", len(DIALECTS)),
    }
    for side in sides:
        side.add("one more", "", "2014-06-03 09:30:00")
    for name, (count, expected) in counts.items():
        connection = sqlite3.connect(folder / name)
        assert connection.execute(count).fetchone() == (expected,)
        connection.close()


def test_a_refusal_is_no_answer(sides: list[Side]) -> None:
    for side in sides[2:]:
        with pytest.raises(client.Refused):
            side.get(COUNT * 100)


def test_charts_count_what_is_there(sides: list[Side]) -> None:
    crust = next(side for side in sides if isinstance(side, CrustSide))
    shown = {"completed": "Completed", "awaiting": "Waiting on someone else", "rejected": "Rejected"}
    counts = crust.counts(crust.task_module, "Status")
    assert {shown[state]: sum(task.state == state for task in TASKS) for state in shown}.items() <= counts.items()
    words = [task.category or "None" for task in TASKS]
    data.load_module(crust.ours.core, crust.ours.tenant_id, data.MODULE, words)
    assert crust.counts(data.MODULE, "Status") == Counter(words)
