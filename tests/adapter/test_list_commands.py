"""Lists that an operator makes while others serve: each dialect's clients see them at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import dialects
from adapter import cli
from canonical.model import PicklistItem
from tests.matrix.clients import CLIENTS
from tests.support.world import World, over_postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Served by this process; the commands run on a store of their own, as in another process."""
    made = over_postgres(tmp_path) if request.param == "postgresql" else World(tmp_path)
    monkeypatch.setenv("CRMGLOT_DATABASE_URL", made.url)
    monkeypatch.setenv("CRMGLOT_SECRET_KEY", "0123456789abcdef")
    with made:
        yield made


def run(command: str, dialect: str, *words: str, code: int = 0) -> str:
    given = ("list", command, "--tenant", "acme", "--dialect", dialect, *words)
    result = CliRunner().invoke(cli.main, given)
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.stderr.strip().splitlines()[-1]


def capsule(world: World) -> Any:
    return CLIENTS["capsule"](world)


def texts(world: World, path: str) -> list[dict[str, str]]:
    element = capsule(world).xml(path)
    assert element is not None
    return [{child.tag: child.text for child in item.children} or {"": item.text} for item in element.children]


class TestCapsule:
    def test_k10_a_milestone(self, world: World) -> None:
        client = capsule(world)
        person = world.principal().person_id
        deal = "<opportunity><name>n</name><milestone>Lead</milestone></opportunity>"
        assert client.call("POST", f"party/{person}/opportunity", deal).status == 400
        options = ("--option", "probability=5", "--option", "description=To ring")
        run("add", "capsule", "milestone", "Lead", "Cold", *options)
        shown = {item["name"]: item for item in texts(world, "opportunity/milestones")}
        assert list(shown) == ["New", "Bid", "Won", "Lost", "Lead", "Cold"]
        assert (shown["Lead"]["probability"], shown["Lead"]["complete"]) == ("5", "false")
        assert shown["Lead"]["description"] == "To ring"
        made = client.call("POST", f"party/{person}/opportunity", deal)
        assert made.status == 201
        where = (made.header("Location") or "").partition("/api/")[2]
        opportunity = client.texts(client.xml(where))
        assert (opportunity["milestone"], opportunity["probability"]) == ("Lead", "5")
        run("remove", "capsule", "milestone", "Lead")
        assert client.call("POST", f"party/{person}/opportunity", deal).status == 400
        assert "Lead" not in [item["name"] for item in texts(world, "opportunity/milestones")]

    def test_k10_a_category(self, world: World) -> None:
        run("add", "capsule", "category", "Écrire", "Call")
        assert [item[""] for item in texts(world, "task/categories")][-2:] == ["Send", "Écrire"]
        run("remove", "capsule", "CATEGORY", "Call", "Écrire")
        assert texts(world, "task/categories")[0] == {"": "Email"}

    def test_k10_a_track_and_what_it_brings(self, world: World) -> None:
        assert texts(world, "tracks") == []
        tasks = ("--option", "task=3:Call:Ring: twice", "--option", "task=10::Send the offer")
        run("add", "capsule", "track", "Sales", *tasks)
        run("add", "capsule", "track", "Close", "--option", "captureRule=CASEFILE", "--option", "direction=END_DATE")
        shown = texts(world, "tracks")
        assert [(item["description"], item["captureRule"], item["direction"]) for item in shown] == [
            ("Sales", "OPPORTUNITY", "START_DATE"),
            ("Close", "CASEFILE", "END_DATE"),
        ]
        deal = "<opportunity><name>n</name><milestone>New</milestone></opportunity>"
        path = f"party/{world.principal().person_id}/opportunity?trackId={shown[0]['id']}"
        assert capsule(world).call("POST", path, deal).status == 201
        made = {item["description"]: item for item in texts(world, "tasks")}
        assert set(made) == {"Ring: twice", "Send the offer"}
        assert made["Ring: twice"]["category"] == "Call"
        assert "category" not in made["Send the offer"]

    @pytest.mark.parametrize(
        ("words", "line"),
        [
            (("milestone", "x", "--option", "probability=101"), "probability: a whole number from 0 to 100 is needed"),
            (("milestone", "x", "--option", "probability=٣"), "probability: a whole number from 0 to 100 is needed"),
            (("milestone", "x", "--option", "complete=maybe"), "complete must be one of: yes, no"),
            (("milestone", "x", "--option", "colour=red"), "colour: there is no such option"),
            (("milestone", "x", "--option", "colour"), "colour: an option looks like KEY=VALUE"),
            (("category", "x", "--option", "a=b"), "a: there is no such option"),
            (("track", "x", "--option", "direction=UP"), "direction must be one of: START_DATE, END_DATE"),
            (("track", "x", "--option", "task=3"), "task: it looks like 3:Call:Ring the customer"),
            (("track", "x", "--option", "task=x:Call:y"), "task: a whole number from 0 to 36500 is needed"),
            (("milestone", " "), "a value has 1 to 255 printable characters"),
            (("milestone", "ok", "x\x00y"), "a value has 1 to 255 printable characters"),
            (("milestone", "x" * 256), "a value has 1 to 255 printable characters"),
            (("colours", "x"), "capsule has no list colours; it has milestone, category, track"),
        ],
    )
    def test_refused(self, world: World, words: tuple[str, ...], line: str) -> None:
        before = texts(world, "opportunity/milestones"), texts(world, "tracks")
        assert run("add", "capsule", *words, code=2) == f"crmglot: {line}"
        assert (texts(world, "opportunity/milestones"), texts(world, "tracks")) == before


class TestZurmo:
    def values(self, world: World, name: str) -> Any:
        return CLIENTS["zurmo"](world).done("GET", f"zurmo/customField/api/read/{name}")

    def test_a_picklist_of_the_vendors(self, world: World) -> None:
        run("add", "zurmo", "Industries", "Fishing", "Banking")
        found = list(self.values(world, "Industries"))
        assert (found.count("Banking"), found[-1]) == (1, "Fishing")
        run("remove", "zurmo", "industries", "Banking")
        assert "Banking" not in self.values(world, "Industries")

    def test_a_picklist_of_ones_own(self, world: World) -> None:
        assert self.values(world, "Colours") == []
        run("add", "zurmo", "Colours", "Red", "Blue")
        assert self.values(world, "Colours") == {"Red": "Red", "Blue": "Blue"}
        assert "Colours" in CLIENTS["zurmo"](world).done("GET", "zurmo/customField/api/list/")
        assert run("show", "zurmo").splitlines()[-1] == "Colours"
        assert run("show", "zurmo", "Colours").splitlines() == ["Red", "Blue"]


def test_one_dialects_items_are_not_anothers(world: World) -> None:
    run("add", "capsule", "milestone", "Lead")
    assert "Lead" not in TestZurmo().values(world, "SalesStages")
    run("add", "zurmo", "SalesStages", "Verbal twice")
    assert "Verbal twice" not in [item["name"] for item in texts(world, "opportunity/milestones")]


def test_an_item_that_is_there_keeps_its_place_and_gets_the_options(world: World) -> None:
    run("add", "capsule", "milestone", "Bid")
    offer = "complete=no\tdescription=An offer was made"
    assert run("show", "capsule", "milestone").splitlines()[1] == f"Bid\tprobability=50\t{offer}"
    run("add", "capsule", "milestone", "Bid", "--option", "probability=60")
    shown = run("show", "capsule", "milestone").splitlines()
    assert len(shown) == 4
    assert shown[1] == f"Bid\tprobability=60\t{offer}"


def test_what_is_not_there_cannot_be_removed_and_nothing_else_is(world: World) -> None:
    assert run("remove", "capsule", "milestone", "New", "None", code=1) == "crmglot: milestone has no None"
    assert "New" in run("show", "capsule", "milestone")
    result = CliRunner().invoke(cli.main, ("list", "show", "--tenant", "no", "--dialect", "capsule", "track"))
    assert (result.exit_code, result.stderr) == (1, "crmglot: there is no tenant no\n")


@pytest.mark.parametrize("name", dialects.names())
def test_every_list_can_be_added_to_is_documented_and_has_the_defaults(world: World, name: str) -> None:
    dialect = dialects.load(name)
    readme = (Path(dialects.__file__).parent / name / "README.md").read_text(encoding="utf-8")
    for choices in dialect.lists:
        run("add", name, choices.name, "One more")
        shown = [line.partition("\t")[0] for line in run("show", name, choices.name).splitlines()]
        mine: list[PicklistItem] = [item for item in dialect.picklists if item.list == choices.list]
        assert shown == [*(item.value for item in mine), "One more"]
        assert f"`{choices.name}`" in readme, choices.name
    listed = [line.partition("\t")[0] for line in run("show", name).splitlines()]
    assert listed == [choices.name for choices in dialect.lists]


def test_an_activity_class_and_an_activity_type(world: World) -> None:
    run("add", "affinitylive", "class", "Support")
    run("add", "opentaps", "activity-type", "VISIT")
    as_ann = {"Authorization": "Bearer ann-token"}
    answer = CLIENTS["affinitylive"](world).send("GET", "/api/v0/activities/classes.json", b"", as_ann)
    assert "Support" in [found["title"] for found in json.loads(answer.body)["response"]]
    types = CLIENTS["opentaps"](world).send("GET", "/admin/activity-type?authToken=ann-token")
    assert b"VISIT" in types.body
