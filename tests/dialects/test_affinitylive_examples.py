"""The example exchanges: what the server answers, and what the client hears in the answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapter.contract import Exchange, judge, load_deviations, load_session, replay
from adapter.losses import LossReport
from canonical.errors import NotFound, Unauthenticated
from canonical.model import Activity, ContactPoint, Party
from canonical.operations import Create, NewLink
from canonical.values import SECOND, Ref
from dialects.affinitylive.client import hear, shown
from tests.support.world import World

ROOT = Path(__file__).resolve().parents[2] / "fixtures" / "affinitylive"
EVERY = load_session(ROOT)
SESSION = [case for case in EVERY if case.meaning.get("world") is None]
SEED = [case for case in EVERY if case.meaning.get("world") == "seed"]
ERRORS = {"not_found": NotFound, "unauthenticated": Unauthenticated}


def name(case: Exchange) -> str:
    return case.name


def next_ids(world: World, **ids: int) -> None:
    """The next new record of each kind gets that id, or a higher one where the counter is past it."""
    for kind, id in ids.items():
        world.store.write(0, lambda unit, kind=kind, id=id: unit.raise_value(kind, id - 1))


def prepared(folder: Path) -> World:
    """A world in which the next ids are those of the examples."""
    world = World(folder)
    world.core.directory.add_application("app@acme", "acme", "right-secret", "ann")
    next_ids(world, user=15)
    world.add_user("zoe", first_name="Zoë", last_name="Ng", email="zoe@acme.test")
    next_ids(world, party=14)
    # raise_value uses one number up where the counter was lower.
    acme = world.write(lambda desk: desk.create(Create(Party, {"type": "organisation", "name": "Acme"})))
    assert acme.id == 14
    next_ids(world, party=22)
    person = {"first_name": "Kai", "last_name": "Ito"}
    kai = world.write(lambda desk: desk.create(Create(Party, person, points=(ContactPoint("email", "kai@x.test"),))))
    assert kai.id == 22
    next_ids(world, activity=7)
    zoe = world.principal("zoe-token").user_id
    assert zoe == 15
    made = world.write(
        lambda desk: desk.create(Create(Activity, {"type": "meeting", "title": "Kick-off", "owner_id": zoe}))
    )
    assert made.id == 7
    next_ids(world, activity=9, link=31)
    links = (NewLink(Ref("party", 22), "from", 1_340_044_186 * SECOND),)
    mail = world.write(
        lambda desk: desk.create(Create(Activity, {"type": "email", "title": "Re: Kick-off"}, links=links), ("links",))
    )
    assert (mail.id, mail.links[0].id) == (9, 31)
    return world


def test_the_examples_as_a_server(tmp_path: Path) -> None:
    with prepared(tmp_path) as world:
        differences = replay(
            SESSION, world.endpoint("affinitylive", "acme"), base_url="http://acme.api.affinitylive.com"
        )
        assert judge([case.name for case in SESSION], differences, {}) == []


STAFF = {
    107: ("", "", ""),
    110: ("Christine", "Higgins", "christine.higgins@sample.com"),
    122: ("Hugh", "Cowling", "hugh.cowling@sample.com"),
    1000: ("Geoff", "McQueen", "geoff.mcqueen@sample.com"),
    1017: ("Alison", "Russell", "alison.russell@sample.com"),
}
"""[seed] who owns things in its samples."""


def seeded(folder: Path) -> World:
    """A world in which the seed's own samples are true."""
    world = World(folder)
    for id, (first, last, email) in STAFF.items():
        next_ids(world, user=id)
        made = world.add_user(f"u{id}", first_name=first, last_name=last, email=email)
        assert made.user_id == id
    next_ids(world, party=22611)
    kurt = {"first_name": "Kurt", "last_name": "Wagner"}
    points = (ContactPoint("email", "serge@sample.com"),)
    assert world.write(lambda desk: desk.create(Create(Party, kurt, points=points))).id == 22611
    listed = [json.loads(case.response.body)["response"] for case in SEED]
    last = 0
    for row in (*listed[0], *reversed(listed[1]["activities"])):
        if int(row["id"]) > last + 1:
            next_ids(world, activity=int(row["id"]))
        last = int(row["id"])
        new = Create(Activity, {"type": "email", "title": row["subject"], "owner_id": 1000})
        assert world.write(lambda desk, new=new: desk.create(new)).id == int(row["id"])
    for row in listed[1]["activities"]:
        for one in row["interacts"]:
            owner = Ref("user" if one["owner_type"] == "staff" else "party", int(one["owner_id"]))
            link = NewLink(owner, one["type"], int(one["date_actioned"]) * SECOND)
            record = Ref("activity", int(row["id"]))
            world.write(lambda desk, record=record, link=link: desk.add_link(record, link))
    return world


def test_the_samples_of_the_seed_as_a_server(tmp_path: Path) -> None:
    with seeded(tmp_path) as world:
        endpoint = world.endpoint("affinitylive", "acme")
        differences = replay(SEED, endpoint, base_url="http://acme.api.affinitylive.com")
        deviations = load_deviations(ROOT / "deviations.json")
        assert judge([case.name for case in SEED], differences, deviations) == []
        # Apart from what the deviations name it is the same, value for value and in the same order of rows.
        for case in SEED:
            answer = json.loads(endpoint.send(case.request).body)
            if isinstance(answer["response"], dict):
                answer["response"]["staff"] = [one for one in answer["response"]["staff"] if one["id"] != "107"]
            sample = json.loads(case.response.body)
            assert answer["response"] == sample["response"]
            assert {key: answer["meta"][key] for key in sample["meta"]} == sample["meta"]


def told(record: Activity, like: dict[str, Any]) -> dict[str, Any]:
    takers = [[link.role, *link.target] for link in record.links if link.role]
    return {key: takers if key == "participants" else getattr(record, key) for key in like}


def heard(case: Exchange) -> Any:
    """What the client hears in a recorded answer: records, a record, a number, a token or None."""
    do = case.operation["do"]
    if do == "sign_in":
        return shown.plain("sign-in", case.response).key("access_token").text()
    words = {"find": "list", "count": "list", "get": "read"}
    there = shown.response(f"activity {words.get(do, do)}", case.response)
    if do == "find":
        return hear.records("activities", there, LossReport())
    if do == "count":
        return there.key("count").number()
    return None if do == "delete" else hear.record("activities", there, LossReport())


@pytest.mark.parametrize("case", EVERY, ids=name)
def test_answers_mean_what_is_written(case: Exchange) -> None:
    result = case.result
    if "error" in result:
        with pytest.raises(ERRORS[result["error"]]):
            heard(case)
        return
    found = heard(case)
    if "total" in result:
        assert found == result["total"]
    elif "records" in result:
        assert [told(one, like) for one, like in zip(found, result["records"], strict=True)] == result["records"]
    elif "record" in result:
        assert told(found, result["record"]) == result["record"]
    else:
        assert found is None or len(found) == 64
