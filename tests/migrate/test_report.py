"""The signed report: what it holds, that nothing in it is markup, that every change of it is seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapter import cli
from adapter.migrate.ledger import VERIFIED, Entry, Ledger
from adapter.migrate.plan import Plan, written

NASTY = "<script>alert(1)</script>\x1b[2J\u202e"


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A run that ended, with a record of each fate."""
    path = tmp_path / "plan.toml"
    path.write_text(written(Plan("core=acme", "capsule=http://127.0.0.1:1", ("person", "task")), {}), "utf-8")
    ledger = Ledger(f"{path}.ledger")
    ledger.set_meta("sides", "core=acme capsule=http://127.0.0.1:1")
    number = ledger.begin(0)
    for n, state in enumerate(("created", "created", "updated", "unchanged", "skipped")):
        losses = (("tags", NASTY, 2),) if n == 0 else ()
        ledger.put(Entry("person", f"{n}", "party", f"{n + 10}", state=state, run=number, losses=losses))
    ledger.put(Entry("task", "7", "activity", state="quarantined", run=number))
    ledger.set_aside("task", "7", NASTY, {"title": NASTY})
    ledger.end(number, 2_000_000, [])
    difference = {"kind": "person", "source_id": "1", "target_id": "11", "field": "about", "expected": 1, "got": NASTY}
    ledger.set_meta(VERIFIED, json.dumps({"at": 3_000_000, "differences": [difference]}))
    ledger.close()
    return path


def run(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(cli.main, ("migrate", *map(str, words)))
    assert result.exit_code == code, (result.output, result.exception)
    return result.output


def test_the_object_has_counts_losses_differences_duration_and_rate(plan: Path) -> None:
    told = json.loads(run("report", plan, "--json", code=1))
    assert told["total"]["read"] == 6
    assert told["kinds"]["person"]["created"] == 2
    assert (told["seconds"], told["records_per_second"]) == (2.0, 3.0)
    assert told["losses"] == [{"kind": "person", "field": "tags", "reason": NASTY, "count": 2}]
    assert [each["field"] for each in told["differences"]] == ["about"]
    assert [each["kind"] for each in told["quarantined"]] == ["task"]


def test_a_page_has_a_chart_and_nothing_of_a_record_is_markup(plan: Path, tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    run("report", plan, "--out", page, code=1)
    text = page.read_text("utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "<svg" in text
    assert "person created: 2" in text
    assert "http://" not in text.replace("http://127.0.0.1:1", "").replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("ending", ["html", "json", "txt"])
def test_a_report_is_signed_and_every_change_is_seen(plan: Path, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"r.{ending}"
    run("report", plan, "--out", file, code=1)
    key = json.loads(run("check-report", file, "--json"))["key"]
    run("check-report", file, "--key", key)
    assert "another key" in run("check-report", file, "--key", "00" * 32, code=2)
    whole = file.read_bytes()
    for changed in (
        whole.replace(b"person", b"pers0n", 1),
        whole + b" ",
        whole + whole,
        b" " + whole,
        whole[:-9],
        b"",
    ):
        file.write_bytes(changed)
        run("check-report", file, code=2)
    secret = plan.with_name("plan.toml.key")
    assert secret.stat().st_mode & 0o777 == 0o600
    assert secret.read_bytes().strip() not in whole


def test_bad_words_are_one_line(plan: Path, tmp_path: Path) -> None:
    assert run("report", plan, "--out", tmp_path / "r.pdf", code=2).count("\n") == 1
    assert run("check-report", tmp_path / "none.html", code=2).count("\n") == 1
    nested = tmp_path / "deep.json"
    nested.write_text("[" * 100_000)
    assert "no signed report" in run("check-report", nested, code=2)
