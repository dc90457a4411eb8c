"""What stops a migration is one clear line and exit code 2; what is wrong with one record sets it aside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapter import cli
from adapter.live import Live, Unreachable
from canonical.model import Activity
from canonical.operations import Create
from canonical.query import Compare, Op, Query
from tests.migrate.conftest import Two


def last_line(told: dict[str, object]) -> str:
    return str(told["error"]).strip().splitlines()[-1]


def test_wrong_credentials(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRMGLOT_SOURCE_TOKEN", "nobody-knows-it")
    line = last_line(two.plan("capsule", "core", code=2))
    assert line.endswith("the credentials are refused")
    assert "nobody-knows-it" not in line
    monkeypatch.delenv("CRMGLOT_SOURCE_TOKEN")
    assert last_line(two.plan("capsule", "core", code=2)) == "crmglot: capsule: needs CRMGLOT_SOURCE_TOKEN"


def test_unknown_sides_and_kinds(two: Two, tmp_path: Path) -> None:
    make = two.command.make
    assert "there is no such side" in last_line(make("siebel=http://x.example", "core=acme", code=2))
    assert "an address is needed" in last_line(make("capsule=acme", "core=acme", code=2))
    assert "belong in the environment" in last_line(make("capsule=http://a:b@x.example", "core=acme", code=2))
    assert "which tenant" in last_line(make(f"capsule={two.addresses[0]}/capsule", "core", code=2))
    assert "widget: there is no such kind" in last_line(
        two.plan("capsule", "core", "--kinds", "person,widget", code=2)
    )
    assert not (tmp_path / "plan.toml").exists()


@pytest.mark.slow
def test_a_source_that_is_none_of_that_vendors(two: Two) -> None:
    line = last_line(two.command.make(f"capsule={two.addresses[0]}/healthz", "core=acme", code=2))
    assert "the answer is not capsule's" in line


@pytest.mark.slow
def test_a_source_that_is_not_there(two: Two) -> None:
    line = last_line(two.command.make("capsule=http://127.0.0.1:9/capsule", "core=acme", code=2))
    assert "127.0.0.1:9" in line


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ("pace = 0.0", "pace = -3"),
        ('changed_both = "source"', 'changed_both = "both"'),
        ('due = "created"', "due = 7"),
        ("[drop]", "[drop]\nwidget = []"),
        ('person = ["email"]', 'person = ["shoe size"]'),
        ("version = 1", "version = = 1"),
    ],
)
def test_a_mistake_in_the_plan_is_told_by_line_and_column(two: Two, wrong: str, place: str) -> None:
    two.plan("core", "capsule", "--kinds", "organisation,person,task")
    text = two.command.plan.read_text("utf-8")
    assert wrong in text
    two.command.plan.write_text(text.replace(wrong, place, 1), "utf-8")
    line = last_line(two.command("run", code=2))
    assert "plan.toml" in line
    assert "line " in line
    assert "column " in line


def test_secrets_are_neither_in_the_plan_nor_in_the_ledger(two: Two) -> None:
    two.plan("core", "capsule", "--kinds", "organisation")
    two.command("run")
    for file in two.command.plan.parent.glob("plan.toml*"):
        assert b"ann-token" not in file.read_bytes()


@pytest.mark.slow
def test_a_target_that_vanishes_half_way_is_gone_on_with(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    two.plan("core", "capsule")
    left = [40]
    send = Live.send

    def vanishing(self: Live, request: object) -> object:
        left[0] -= 1
        if left[0] < 0:
            raise Unreachable("POST http://crm.example: ConnectionError")
        return send(self, request)  # type: ignore[arg-type]

    with monkeypatch.context() as broken:
        broken.setattr(Live, "send", vanishing)
        assert "resume" in last_line(two.command("run", code=2))
    two.command("resume")
    assert two.command("verify")["differences"] == []


@pytest.mark.slow
def test_what_the_target_needs_and_the_plan_does_not_give_is_set_aside(two: Two) -> None:
    two.source.write(lambda desk: desk.create(Create(Activity, {"type": "task", "title": "Some day"})))
    two.plan("core", "capsule")
    plan = two.command.plan
    plan.write_text(plan.read_text("utf-8").replace('due = "created"', 'due = ""'), "utf-8")
    assert two.command("run", "--dry-run", code=1)["kinds"]["task"]["quarantined"] == 1
    done = two.command("run", code=1)
    (row,) = done["quarantined"]
    assert (row["n"], row["kind"]) == (1, "task")
    assert row["reason"].startswith("due_at")
    assert two.command("verify", code=1)["differences"] == []
    record = quarantine(two, "show", "1")
    assert record["title"] == "Some day"
    record["due_at"] = 1_900_000_000_000_000
    quarantine(two, "edit", "1", "--file", "-", given=json.dumps(record))
    again = quarantine(two, "retry")
    assert again["quarantined"] == []
    assert again["kinds"]["task"]["quarantined"] == 0
    assert two.command("verify")["differences"] == []
    arrived = two.target.desk().find(Activity, Query(Compare("title", Op.EQ, "Some day"))).items
    assert len(arrived) == 1
    # A later run reads the source again and keeps what was put in its place.
    assert two.command("run")["total"]["created"] == 0


def quarantine(two: Two, command: str, *words: str, given: str | None = None) -> dict[str, object]:
    line = ("migrate", "quarantine", str(two.command.plan), command, *words, "--json")
    result = CliRunner().invoke(cli.main, line, input=given)
    assert result.exit_code == 0, result.output
    told: dict[str, object] = json.loads(result.stdout)
    return told


@pytest.mark.slow
def test_a_corrected_record_must_be_a_record(two: Two) -> None:
    two.source.write(lambda desk: desk.create(Create(Activity, {"type": "task", "title": "Some day"})))
    two.plan("core", "capsule")
    plan = two.command.plan
    plan.write_text(plan.read_text("utf-8").replace('due = "created"', 'due = ""'), "utf-8")
    two.command("run", code=1)
    for text, reason in (("{", "JSON"), ("[]", "object"), ('{"shoe": 1}', "shoe: there is no such field")):
        line = ("migrate", "quarantine", str(plan), "edit", "1", "--file", "-")
        result = CliRunner().invoke(cli.main, line, input=text)
        assert result.exit_code == 2
        assert reason.lower() in result.stderr.lower()
