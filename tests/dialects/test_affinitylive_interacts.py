"""Interacts: the restructured list and those of one activity ([seed] "Handling Interacts")."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canonical.model import Activity, Party
from canonical.operations import Create, NewLink
from canonical.values import SECOND, Ref
from tests.dialects.affinitylive_client import Client
from tests.support.world import NOON, World

T = NOON // SECOND
TYPES = ("creator", "from", "to", "cc", "bcc", "attendee", "attended", "did_not_attend")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as world:
        world.add_user("bob", first_name="Bob", last_name="Ray", email="bob@acme.test")
        yield world


@pytest.fixture
def ann(world: World) -> Client:
    return Client(world)


def add(world: World, title: str, *links: tuple[str, int, str], **values: Any) -> int:
    made = [NewLink(Ref(kind, id), role, NOON + at * SECOND) for at, (kind, id, role) in enumerate(links)]
    return world.write(
        lambda desk: desk.create(Create(Activity, {"type": "email", "title": title, **values}, links=tuple(made)))
    ).id


def test_the_seed_sample(world: World, ann: Client) -> None:
    kurt = int(ann.post("/contacts", firstname="Kurt", surname="Wagner", email="serge@sample.com")["id"])
    bob = world.principal("bob-token").user_id
    first = add(world, "Re: Hiccup", ("party", kurt, "from"), ("user", bob, "to"))
    second = add(world, "Duplicated jobs", ("user", bob, "from"), ("user", 1, "cc"))
    third = add(world, "none of these", ("user", 1, "bcc"))
    answer = ann.get("/activities", _skip_auth="1", _fields="firstname,surname,email,interacts",
                     _filters="interact(type(from,creator))")  # fmt: skip
    interact = {"type": "from", "date_actioned": str(T), "owner_type": "staff", "owner_id": str(bob)}
    ids = [row["interacts"][0].pop("id") for row in answer["activities"]]
    assert len(set(ids)) == 2
    assert all(id.isdigit() for id in ids)
    assert answer == {
        # Newest id first, only matching interacts, each owner once.
        "activities": [
            {"id": str(second), "subject": "Duplicated jobs", "interacts": [interact]},
            {"id": str(first), "subject": "Re: Hiccup",
             "interacts": [{**interact, "owner_type": "contact", "owner_id": str(kurt)}]},
        ],
        "staff": [{"id": str(bob), "firstname": "Bob", "surname": "Ray", "email": "bob@acme.test"}],
        "contacts": [
            {"id": str(kurt), "firstname": "Kurt", "surname": "Wagner", "email": "serge@sample.com", "mobile": ""}
        ],
    }  # fmt: skip
    everything = ann.get("/activities", _fields="interacts")
    assert [row["id"] for row in everything["activities"]] == [str(third), str(second), str(first)]
    assert [[one["type"] for one in row["interacts"]] for row in everything["activities"]] == [
        ["bcc"],
        ["from", "cc"],
        ["from", "to"],
    ]
    assert everything["staff"] == [
        {"id": "1", "firstname": "Ann", "surname": "Lee"}, {"id": str(bob), "firstname": "Bob", "surname": "Ray"}
    ]  # fmt: skip
    assert ann.get("/activities/count", _fields="interacts", _filters="interacts(type(from))") == {"count": "2"}


def test_a_list_with_interacts_always_has_the_shape(ann: Client) -> None:
    assert ann.get("/activities", _fields="interacts") == {"activities": [], "staff": [], "contacts": []}
    assert ann.get("/activities/recent", _fields="interacts()") == {"activities": [], "staff": [], "contacts": []}
    assert ann.get("/activities", _fields="_ALL") == []


def test_order_and_paging_with_interacts(world: World, ann: Client) -> None:
    for title in "abc":
        add(world, title)
    rows = ann.get("/activities", _fields="interacts", _filters="order_by_asc(id)", _limit=2)["activities"]
    assert [row["subject"] for row in rows] == ["a", "b"]
    assert [row["subject"] for row in ann.get("/activities", _fields="interacts", _limit=2)["activities"]] == [
        "c",
        "b",
    ]


@pytest.mark.parametrize("role", TYPES)
def test_every_type(world: World, ann: Client, role: str) -> None:
    made = add(world, "x", ("user", 1, role), ("user", 1, "buyer"), ("party", 1, ""))
    shown = ann.get(f"/activities/{made}", _fields="interacts")["interacts"]
    assert [one["type"] for one in shown] == [role]
    found = ann.get("/activities", _fields="interacts", _filters=f"interacts(type({role}))")["activities"]
    assert [row["id"] for row in found] == [str(made)]
    other = next(one for one in TYPES if one != role)
    assert ann.get("/activities", _fields="interacts", _filters=f"interacts(type({other}))")["activities"] == []


def test_one_activity_stays_an_object(world: World, ann: Client) -> None:
    """[pilot]"""
    made = add(world, "x", ("user", 1, "from"), ("user", 1, "to"))
    shown = ann.get(f"/activities/{made}", _fields="interacts")
    assert set(shown) == {"id", "subject", "interacts"}
    assert [one["type"] for one in shown["interacts"]] == ["from", "to"]


@pytest.mark.parametrize("word", ["interacts", "recipients"])
def test_interacts_of_one_activity(world: World, ann: Client, word: str) -> None:
    kai = int(ann.post("/contacts", firstname="Kai", surname="Ito", email="kai@x.test", mobile="1")["id"])
    made = add(world, "x", ("user", 1, "from"), ("party", kai, "to"), ("party", kai, "cc"))
    answer = ann.get(f"/activities/{made}/{word}")
    assert [set(one) for one in answer["staff"]] == [{"id", "firstname", "surname", "interact"}]
    assert [one["interact"]["type"] for one in answer["contacts"]] == ["to", "cc"]
    first = answer["contacts"][0]
    id = first["interact"].pop("id")
    assert id.isdigit()
    assert first == {
        "id": str(kai), "firstname": "Kai", "surname": "Ito", "email": "kai@x.test", "mobile": "1",
        "interact": {"type": "to", "date_actioned": str(T + 1)},
    }  # fmt: skip
    assert ann.get(f"/activities/{made}/{word}/count") == {"count": "3"}
    assert ann.get(f"/activities/{made}/{word}", _filters="interacts(type(cc))")["staff"] == []


def test_create_with_recipients(world: World, ann: Client) -> None:
    kai = int(ann.post("/contacts", firstname="Kai")["id"])
    bob = world.principal("bob-token").user_id
    made = ann.json("POST", "/activities", {
        "subject": "hello", "medium": "email", "to": {"staff": [bob], "affiliation": [str(kai)], "emails": ["x@y.z"]},
        "cc": {"staff": [1]}, "bcc": {}, "_fields": "interacts",
    })  # fmt: skip
    assert [(one["type"], one["owner_type"], one["owner_id"]) for one in made["interacts"]] == [
        ("from", "staff", "1"), ("to", "staff", str(bob)), ("to", "contact", str(kai)), ("cc", "staff", "1"),
    ]  # fmt: skip
    # A bare address makes no interact: a loss.
    assert world.lines[-1]["losses"] == {"activity.to.emails:no_interact": 1}
    answer = ann.send("POST", "/api/v0/activities", b'{"subject":"x","to":{"staff":[999]}}', "application/json")
    assert answer.status == 400
    for nonsense in (b'{"subject":"x","to":[]}', b'{"subject":"x","to":"me","cc":null,"bcc":{"robots":[1]}}'):
        assert ann.send("POST", "/api/v0/activities", nonsense, "application/json").status == 200


def test_an_owner_may_be_missing(world: World, ann: Client) -> None:
    """[seed] staff 107 is in no list: here a company that takes part, which is no contact."""
    company = world.write(lambda desk: desk.create(Create(Party, {"type": "organisation", "name": "Acme"}))).id
    add(world, "x", ("party", company, "to"))
    answer = ann.get("/activities", _fields="interacts")
    assert answer["activities"][0]["interacts"][0]["owner_id"] == str(company)
    assert answer["contacts"] == []
