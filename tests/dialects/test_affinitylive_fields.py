"""The field tables: rows are written as each field shows by itself, linked objects as the caller may see them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from adapter.fields.expression import Expression
from adapter.formats import TooLarge
from adapter.losses import LossReport
from canonical.model import Activity, Party, Record
from canonical.operations import Create, NewLink
from canonical.values import SECOND, Ref
from dialects.affinitylive.fields.registry import PLANNER, RESOURCES
from dialects.affinitylive.fields.rows import writer
from dialects.affinitylive.fields.standing import STANDINGS
from dialects.affinitylive.fields.table import Resource, Sight
from dialects.affinitylive.wire import grammar, parameters
from tests.dialects.affinitylive_client import Client
from tests.support.world import NOON, World

BLIND = Sight(None, 1, NOON, LossReport())
VISIBILITIES = ("everyone", "private", "confidential")


def records(kind: type[Record]) -> list[Record]:
    """Records with every field empty, with all filled in, and with something kept of this dialect's own."""
    fields = dataclasses.fields(kind)
    full: dict[str, Any] = {}
    for field in fields:
        type_ = str(field.type).removesuffix(" | None")
        if type_ in ("int", "Instant", "str"):
            full[field.name] = {"int": 7, "Instant": 1_400_000_000 * SECOND + 7, "str": f"{field.name} ü"}[type_]
        if field.metadata.get("spec", ("",))[0] == "date":
            full[field.name] = "2014-06-03"
    own = {"extras": {"affinitylive": {"custom_id": "c-1", "read": "1", "standing": "accepted", "budgeted": "60"}}}
    made = [kind(id=3), kind(**{**full, "id": 4}), kind(**{**full, "id": 5, **own}), kind(**{"id": 6, **own})]
    if any(field.name == "visibility" for field in fields):
        made.extend(kind(**{**full, "id": 10 + at, "visibility": word}) for at, word in enumerate(VISIBILITIES))
    return made


@pytest.mark.parametrize(
    "resource", [one for one in RESOURCES.values() if one.kind is not Record], ids=lambda r: r.name
)
def test_what_is_inlined_is_what_each_field_shows_by_itself(resource: Resource) -> None:
    fields = tuple(field for field in resource.fields if isinstance(field.show, Expression))
    made = records(resource.kind)
    rows = writer(fields, ("linked",))(made, BLIND)
    assert {"id", "date_created"} <= rows[0].keys()
    for record, row in zip(made, rows, strict=True):
        assert list(row.items()) == [*((field.name, field.show(record, BLIND)) for field in fields), ("linked", None)]


def test_a_field_shown_twice_is_planned_once_and_counted_each_time() -> None:
    shown = PLANNER.plan("tasks", grammar.parse("assignee(username),creator(username),manager(surname)"))
    by_name = {link.name: link.plan for link in shown.links}
    assert by_name["assignee"] is by_name["creator"] is not by_name["manager"]
    assert shown.size == 6 + 2 * 5 + 4  # with the defaults: tasks have id and title, staff id, firstname and surname
    twice = ",".join("against(_ALL)" for _ in range(2))
    assert (
        PLANNER.plan("tasks", grammar.parse(twice)).size == PLANNER.plan("tasks", grammar.parse("against(_ALL)")).size
    )
    wide = "_ALL"
    for _ in range(9):
        wide = f"against({wide})"
    with pytest.raises(TooLarge):
        PLANNER.plan("tasks", grammar.parse(wide))


# -- what is known without loading ------------------------------------------------------------------------


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as world:
        world.add_user("bob")
        world.add_user("eve")
        yield world


def task_about(world: World, visibility: str, token: str = "bob-token") -> int:
    """A task of bob's about a company that has the visibility."""

    def work(desk: Any) -> int:
        party = desk.create(
            Create(Party, {"type": "organisation", "name": f"{visibility} & Søn", "visibility": visibility})
        )
        links = (NewLink(Ref("party", party.id)),)
        return int(desk.create(Create(Activity, {"type": "task", "title": visibility}, links=links)).id)

    return world.write(work, token)


@pytest.mark.parametrize("fields", ["company(name)", "company(name,standing)"], ids=["told", "loaded"])
def test_a_linked_company_shows_only_to_those_who_may_see_it(world: World, fields: str) -> None:
    tasks = {word: task_about(world, word) for word in ("everyone", "confidential", "private", "owner", "group")}
    seen = {
        "ann-token": {"everyone", "confidential", "owner", "group"},  # the administrator
        "bob-token": set(tasks),
        "eve-token": {"everyone", "confidential"},
    }
    for token, words in seen.items():
        client = Client(world, token)
        listed = {row["id"]: row["company"] for row in client.get("/tasks", _fields=fields)}
        for word, id in tasks.items():
            one = client.get(f"/tasks/{id}", _fields=fields)["company"]
            assert one == listed[str(id)]
            assert (one or {}).get("name") == (f"{word} & Søn" if word in words else None), (token, word)


def test_the_company_of_each_task_of_a_page(world: World) -> None:
    first, hidden = task_about(world, "everyone"), task_about(world, "private")
    client = Client(world, "eve-token")
    bare = client.make("/tasks", title="about nothing", against_type="staff", against_id="1")["id"]
    rows = client.get(
        "/tasks", _fields="assignee(username),company(name),creator(username)", _filters="order_by_asc(id)"
    )
    names = [(row["id"], row["assignee"]["username"], (row["company"] or {}).get("name")) for row in rows]
    assert names == [(str(first), "bob", "everyone & Søn"), (str(hidden), "bob", None), (bare, "eve", None)]
    assert list(rows[0]) == ["id", "title", "assignee", "company", "creator"]


# -- what is kept of requests -------------------------------------------------------------------------------


def test_the_same_query_string_shows_each_caller_his_own(world: World) -> None:
    fields = {"_fields": "description,company(name)", "_filters": "order_by_asc(id)"}
    values = {"type": "task", "title": "t", "body": "b", "visibility": "confidential"}
    world.write(lambda desk: desk.create(Create(Activity, values)), "bob-token")
    for _ in range(2):
        assert [row["description"] for row in Client(world, "bob-token").get("/tasks", **fields)][-1] == "b"
        assert [row["description"] for row in Client(world, "eve-token").get("/tasks", **fields)][-1] == "Confidential"


def test_a_query_string_with_a_secret_is_not_kept() -> None:
    parameters._queries.clear()
    assert parameters.of_query("_fields=title") is parameters.of_query("_fields=title")
    for secret in ("_bearer_token=abc&_fields=title", "%5Fbearer%5Ftoken=abc", "client_secret=abc", "token=abc"):
        assert parameters.of_query(secret).values
        assert secret not in parameters._queries
    assert parameters.of_query("a=" + "x" * parameters.LONGEST_KEPT).values
    for at in range(2 * parameters.QUERIES_KEPT):
        parameters.of_query(f"_page={at}")
        assert len(parameters._queries) <= parameters.QUERIES_KEPT


# -- standings ------------------------------------------------------------------------------------------------


def test_every_choice_of_standings_finds_what_shows_them(world: World) -> None:
    client = Client(world)
    words = [row.word for row in STANDINGS["tasks"].rows]
    for state, kept in product(
        ("open", "in_progress", "awaiting", "rejected", "completed", "cancelled"), [None, *words]
    ):
        extras = {"affinitylive": {"standing": kept}} if kept else {}
        values = {"type": "task", "title": f"{state} {kept}", "state": state}
        world.write(lambda desk, v=values, e=extras: desk.create(Create(Activity, v, extras=e)))  # type: ignore[misc]
    shown = {int(row["id"]): row["standing"] for row in client.get("/tasks", _fields="standing", _limit="100")}
    assert set(shown.values()) == set(words)
    for choice in product((False, True), repeat=len(words)):
        chosen = [word for word, wanted in zip(words, choice, strict=True) if wanted]
        if chosen:
            found = client.ids("/tasks", f"standing({','.join(chosen)})")
            assert sorted(found) == sorted(id for id, word in shown.items() if word in chosen), chosen
