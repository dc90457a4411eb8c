"""Every ordered pair of dialects over tasks with their dues, meetings, e-mails and calls: what one writes the other
shows, may write back, and may change fact by fact, and nothing else changes."""

from __future__ import annotations

import dataclasses
from itertools import permutations
from typing import Any

import pytest

import dialects
from canonical.model import Activity
from canonical.operations import Create, NewLink
from canonical.values import Ref, instant
from tests.matrix.doers import DOERS, DOINGS, Doer, Facts
from tests.support.world import World

pytestmark = pytest.mark.slow
PAIRS = [
    pytest.param(kind, *pair, id="-".join((kind, *pair))) for kind in DOINGS for pair in permutations(sorted(DOERS), 2)
]
MADE: Facts = {
    "title": "Zoë's <b>visit</b> & ŽELEZO \U0001f600",
    "body": 'first "line"\n\nlast ]]> é',
    "start": "2014-06-03T09:30:00Z",
    "end": "2014-06-03T11:00:00Z",
    "location": "Røom <1> & 2",
    "category": "Call",
}
DUES = ("2014-06-04", "2014-06-04T10:15:00Z", "2014-06-04T00:00:00Z")
"""A day, a moment, and the moment that looks like a day where there are only moments."""
OTHER: Facts = {
    "title": "Another <title> ü",
    "body": "other\nbödy",
    "start": "2014-06-03T08:00:00Z",
    "end": "2014-06-03T12:45:00Z",
    "location": "Élsewhere",
    "category": "Meeting",
    "due": "2014-07-01T16:20:00Z",
}
COLUMNS = {
    "start": {"start_at"},
    "end": {"end_at"},
    "due": {"due_at", "due_date_only"},
}


def moment(text: str) -> int:
    return instant(*(int(text[at : at + size]) for at, size in ((0, 4), (5, 2), (8, 2), (11, 2), (14, 2), (17, 2))))


def by_the_core(world: World, kind: str, facts: Facts, person: int) -> int:
    """For kinds that a vendor's clients cannot make, but change."""
    values: dict[str, Any] = {name: facts[name] for name in ("title", "body", "location", "category")}
    values |= {f"{name}_at": moment(facts[name]) for name in ("start", "end")}
    due = facts["due"]
    values |= {"due_at": moment(f"{due[:10]}T00:00:00Z" if len(due) == 10 else due), "due_date_only": len(due) == 10}
    link = (NewLink(Ref("party", person)),)
    return world.write(lambda desk: desk.create(Create(Activity, {"type": kind, **values}, link))).id


def make(world: World, doer: Doer, kind: str, facts: Facts, person: int) -> tuple[int, Facts]:
    """A record as this dialect makes it, and what that says."""
    if kind in doer.MAKES:
        said = doer.sayable(kind, facts)
        return doer.create(kind, said, person), said
    return by_the_core(world, kind, facts, person), facts


def stored(world: World, number: int) -> dict[str, Any]:
    record = world.desk().get(Activity, number, ("links", "tags", "custom"))
    kept = dataclasses.asdict(record)
    return {name: value for name, value in kept.items() if name not in ("version", "updated_at", "modifier_id")}


def changed(before: dict[str, Any], after: dict[str, Any], dialect: str) -> set[str]:
    """The core's fields that differ, what the changing dialect keeps for itself aside."""
    for record in (before, after):
        record["extras"] = {name: kept for name, kept in record["extras"].items() if name != dialect}
    return {name for name in before if before[name] != after[name]}


def test_every_dialect_has_a_doer() -> None:
    assert set(DOERS) == set(dialects.names())


@pytest.mark.parametrize("due", DUES)
@pytest.mark.parametrize(("kind", "one", "other"), PAIRS)
def test_what_one_writes_the_other_shows_and_may_write_back(
    world: World, person: int, kind: str, one: str, other: str, due: str
) -> None:
    writer, reader = DOERS[one](world), DOERS[other](world)
    number, said = make(world, writer, kind, {**MADE, "due": due}, person)
    told = reader.tell(kind, number)
    expected = {name: reader.shaped(name, text) for name, text in said.items() if name in reader.SAYS[kind]}
    assert {name: told[name] for name in expected} == expected
    if "type" in told:
        assert told["type"] == kind.upper()
    before = stored(world, number)
    assert Ref("party", person) in [link["target"] for link in before["links"]]
    back = {name: text for name, text in told.items() if text and reader.SAYS[kind][name].write}
    reader.change(kind, number, back)
    assert changed(before, stored(world, number), "") == set()


@pytest.mark.parametrize(("kind", "one", "other"), PAIRS)
def test_what_the_other_changes_is_seen_and_takes_nothing_away(
    world: World, person: int, kind: str, one: str, other: str
) -> None:
    writer, changer = DOERS[one](world), DOERS[other](world)
    for due in DUES:
        number, _ = make(world, writer, kind, {**MADE, "due": due}, person)
        for name, said in changer.SAYS[kind].items():
            if not said.write or said.fixed:
                continue
            seen, before = writer.tell(kind, number), stored(world, number)
            changer.change(kind, number, {name: OTHER[name]})
            after = writer.tell(kind, number)
            assert after == {**seen, **({name: OTHER[name]} if name in seen else {})}, name
            assert changer.tell(kind, number)[name] == OTHER[name]
            kept = stored(world, number)
            assert changed(before, dict(kept), other) <= COLUMNS.get(name, {name}), name
            if name == "due":
                assert (kept["due_at"], kept["due_date_only"]) == (moment(OTHER["due"]), False)


@pytest.mark.parametrize(("kind", "one", "other"), PAIRS)
def test_what_cannot_be_changed_stays(world: World, person: int, kind: str, one: str, other: str) -> None:
    """An e-mail that was sent is fixed in AffinityLive (dossier, section 7), whoever wrote it."""
    changer = DOERS[other](world)
    number, _ = make(world, DOERS[one](world), kind, {**MADE, "due": DUES[1]}, person)
    before = stored(world, number)
    for name, said in changer.SAYS[kind].items():
        if said.fixed:
            changer.change(kind, number, {name: OTHER[name]})
    assert changed(before, stored(world, number), "") == set()
