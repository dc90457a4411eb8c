"""Records that not everybody sees or reads, on their way to where everybody would."""

from __future__ import annotations

import pytest

from canonical.model import Activity, Employment, Opportunity, Party
from canonical.operations import Create
from canonical.query import Compare, Op, Query
from canonical.service.desk import CoreDesk
from tests.migrate.conftest import Two


def hide(two: Two) -> None:
    for word in ("private", "owner", "group", "confidential"):
        values = {"type": "task", "title": f"Secret {word}", "visibility": word, "due_at": two.source.time()}
        two.source.write(lambda desk, values=values: desk.create(Create(Activity, values)))  # type: ignore[misc]


@pytest.mark.parametrize("target", ["capsule", pytest.param("opentaps", marks=pytest.mark.slow)])
def test_hidden_records_are_set_aside_where_everybody_would_see_them(two: Two, target: str) -> None:
    hide(two)
    foretold = two.plan("core", target, "--kinds", "user,task")
    assert {
        "kind": "task",
        "field": "visibility",
        "reason": "quarantined_unless_shown",
        "count": 4,
    } in foretold["losses"]  # type: ignore[operator]
    assert "# task: 4 such records" in two.command.plan.read_text("utf-8")
    dry = two.command("run", "--dry-run", code=1)
    done = two.command("run", code=1)
    assert done == dry
    assert done["kinds"]["task"]["quarantined"] == 4
    assert all(row["reason"].startswith("visibility: ") for row in done["quarantined"])
    assert two.target.desk().count(Activity, Compare("title", Op.LIKE, "Secret%")) == 0


@pytest.mark.slow
def test_a_plan_may_show_hidden_records_and_the_report_says_so(two: Two) -> None:
    hide(two)
    two.plan("core", "capsule", "--kinds", "user,task")
    text = two.command.plan.read_text("utf-8")
    two.command.plan.write_text(text.replace('hidden = "quarantine"', 'hidden = "show"'), "utf-8")
    done = two.command("run")
    assert {"kind": "task", "field": "visibility", "reason": "shown_to_all", "count": 4} in done["losses"]
    assert two.target.desk().count(Activity, Compare("title", Op.LIKE, "Secret%")) == 4


@pytest.mark.slow
def test_an_opportunity_of_a_person_stays_known_to_be_about_him_in_zurmo(two: Two) -> None:
    two.plan("core", "zurmo", "--kinds", "user,organisation,person,opportunity")
    done = two.command("run")
    assert done["kinds"]["opportunity"]["quarantined"] == 0
    assert {"kind": "opportunity", "field": "party_id", "reason": "shown_as_link", "count": 3} in done["losses"]
    deals = two.target.desk().find(Opportunity, Query(), ("links",)).items
    names = {two.target.desk().get(Party, link.target.id).name for deal in deals for link in deal.links}
    assert len(deals) == 3
    assert {name.rpartition(" ")[2] for name in names} == {"0", "1", "2"}
    assert two.command("verify")["differences"] == []


@pytest.mark.slow
def test_further_employments_are_a_loss(two: Two) -> None:
    def work(desk: CoreDesk) -> None:
        firms = desk.find(Party, Query(Compare("type", Op.EQ, "organisation"))).items
        person = desk.find(Party, Query(Compare("last_name", Op.EQ, "Lund 1"))).items[0]
        other = next(firm for firm in firms if firm.id != person.organisation_id)
        desk.create(Create(Employment, {"person_id": person.id, "organisation_id": other.id}))

    two.source.write(work)
    two.plan("core", "capsule", "--kinds", "user,organisation,person")
    dry = two.command("run", "--dry-run")
    done = two.command("run")
    assert done == dry
    assert {"kind": "person", "field": "employments", "reason": "not_said", "count": 1} in done["losses"]
