"""Rules that hold in every dialect, whichever the record was written through: who sees it, under which id, what goes
with it when it is deleted."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dialects
from canonical.errors import NotFound
from canonical.model import Activity, Opportunity, Party, Record, User
from canonical.operations import Create, NewLink, Update
from canonical.values import Ref
from tests.matrix.clients import CLIENTS, Capsule, Client, Zurmo
from tests.matrix.speakers import SPEAKERS
from tests.support.world import World

NAMES = sorted(CLIENTS)
SECRET = "Sécret \U0001f600"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The administrator ann, and bob and eve, who are none."""
    with World(tmp_path) as made:
        made.add_user("bob", first_name="Bob", last_name="Ng")
        made.add_user("eve")
        yield made


def person(world: World, **values: Any) -> int:
    values = {"first_name": "Zoë", "last_name": "Lund", **values}
    return world.write(lambda desk: desk.create(Create(Party, values)), token="bob-token").id


def bobs(world: World, visibility: str, about: int, type_: str = "task") -> int:
    values = {"type": type_, "title": SECRET, "body": "bödy", "visibility": visibility}
    link = (NewLink(Ref("party", about)),)
    return world.write(lambda desk: desk.create(Create(Activity, values, link)), token="bob-token").id


def is_there(world: World, kind: type[Record], number: int) -> bool:
    try:
        world.desk("bob-token").get(kind, number)
    except NotFound:
        return False
    return True


# -- who sees ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("visibility", ["private", "owner", "confidential"])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_everyones_is_hidden_in_every_dialect(world: World, name: str, visibility: str) -> None:
    about = person(world)
    bob, eve = CLIENTS[name](world, "bob"), CLIENTS[name](world, "eve")
    for kind in ("task", "note"):
        number = bobs(world, visibility, about, kind)
        own = bob.read(kind, number)
        assert own is not None
        assert own.text == f"{SECRET}\nbödy"
        foreign = eve.read(kind, number)
        if visibility == "confidential":
            assert foreign is not None
            assert "Sécret" not in foreign.text
            assert "bödy" not in foreign.text
        else:
            assert foreign is None
        assert (number in eve.numbers(kind, about)) == (visibility == "confidential")
        with contextlib.suppress(AssertionError):
            eve.retitle(kind, number, "Overwritten", "blindly")
        kept = world.desk("bob-token").get(Activity, number)
        assert (kept.title, kept.body, kept.visibility) == (SECRET, "bödy", visibility)


def test_a_participant_reads_what_is_confidential(world: World) -> None:
    number = bobs(world, "confidential", person(world), "note")
    eve = world.principal("eve-token").user_id
    world.write(
        lambda desk: desk.add_link(Ref("activity", number), NewLink(Ref("user", eve), "to")), token="bob-token"
    )
    for name in NAMES:
        seen = CLIENTS[name](world, "eve").read("note", number)
        assert seen is not None, name
        assert seen.text == f"{SECRET}\nbödy", name


@pytest.mark.parametrize("kind", ["task", "note"])
@pytest.mark.parametrize("attribute", ["name", "description"])
def test_confidential_texts_are_not_found_by_zurmo_searches(world: World, kind: str, attribute: str) -> None:
    number = bobs(world, "confidential", person(world), kind)
    if kind == "note" and attribute == "name":
        attribute = "description"
    word = SECRET[:6] if kind == "note" or attribute == "name" else "b"
    clause = "[search][searchAttributeData][clauses][1]"
    search = {
        "[search][modelClassName]": kind.capitalize(),
        f"{clause}[attributeName]": attribute,
        f"{clause}[operatorType]": "contains",
        f"{clause}[value]": word,
        "[search][searchAttributeData][structure]": "1",
    }
    found = {}
    for user in ("bob", "eve"):
        zurmo = Zurmo(world, user)
        listed = zurmo.done("POST", f"{kind}s/{kind}/api/list/filter/", {f"[search][{attribute}]": word})
        searched = zurmo.done("POST", f"{kind}s/{kind}/api/search/filter/", search)
        found[user] = [[item["id"] for item in data.get("items", [])] for data in (listed, searched)]
    assert found == {"bob": [[number], [number]], "eve": [[], []]}


def test_whoever_does_not_see_a_record_does_not_read_its_name(world: World) -> None:
    """Neither beside a task about it, nor as the employer of a person."""
    hidden = {"type": "organisation", "name": "Hidden AS", "visibility": "owner"}
    company = world.write(lambda desk: desk.create(Create(Party, hidden)), token="bob-token").id
    employee = person(world, organisation_id=company)
    deal = world.write(
        lambda desk: desk.create(Create(Opportunity, {"title": "Hidden deal", "visibility": "owner"})),
        token="bob-token",
    ).id
    task = bobs(world, "everyone", company)
    world.write(
        lambda desk: desk.add_link(Ref("activity", task), NewLink(Ref("opportunity", deal))), token="bob-token"
    )
    shown = {}
    for user in ("bob", "eve"):
        capsule = Capsule(world, user)
        texts = [element for path in (f"task/{task}", f"party/{employee}") if (element := capsule.xml(path))]
        told = {name: text for element in texts for name, text in capsule.texts(element).items()}
        shown[user] = [told.get(name) for name in ("partyName", "opportunityName", "organisationName")]
    assert shown["bob"] == ["Hidden AS", "Hidden deal", "Hidden AS"]
    assert not any(shown["eve"])
    opentaps: Any = CLIENTS["opentaps"](world, "eve")
    (contact,) = opentaps.done("GET", f"/contact?contactId={opentaps.person_hex(employee)}")
    assert "companyName" not in contact


def test_what_the_caller_does_not_see_stays_linked_through_his_updates(world: World) -> None:
    hidden = person(world, visibility="owner")
    task = bobs(world, "everyone", hidden)
    for name in NAMES:
        CLIENTS[name](world, "eve").retitle("task", task, f"By {name}", "")
        (link,) = world.desk("bob-token").get(Activity, task, ("links",)).links
        assert (link.target, link.target_name) == (Ref("party", hidden), "Zoë Lund"), name


# -- deleting ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("affinitylive", set()),
        ("capsule", {"task", "opportunity"}),
        ("crust", set()),
        ("opentaps", {"task"}),
        ("zurmo", set()),
    ],
)
def test_deleting_a_person_takes_along_only_what_the_vendor_does(world: World, name: str, gone: set[str]) -> None:
    """Never what the caller does not see, nor tasks that the person was only to do."""
    about = person(world)
    assigned = world.write(
        lambda desk: desk.create(
            Create(Activity, {"type": "task", "title": "Do it"}, (NewLink(Ref("party", about), "assignee"),))
        )
    )
    deal = world.write(lambda desk: desk.create(Create(Opportunity, {"title": "Deal", "party_id": about})))
    records: dict[str, tuple[type[Record], int]] = {
        "task": (Activity, bobs(world, "everyone", about)),
        "hidden": (Activity, bobs(world, "private", about)),
        "assigned": (Activity, assigned.id),
        "opportunity": (Opportunity, deal.id),
    }
    speaker = SPEAKERS[name](world, CLIENTS[name](world))
    speaker.delete("person", about)
    assert {word for word, (kind, id) in records.items() if not is_there(world, kind, id)} == gone


def test_every_dialect_has_a_rule_for_deleting() -> None:
    assert set(NAMES) == set(dialects.names())


# -- ids ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in NAMES if dialects.load(name).numeric_ids])
def test_migrated_ids_are_the_ones_that_clients_of_the_dialect_know(world: World, name: str) -> None:
    """The person, the task and the very users, of whom one signs in."""
    about = person(world)
    task = bobs(world, "confidential", about)
    bob = world.principal("bob-token").user_id
    for kind, id, foreign in (("party", about, "4711"), ("activity", task, "4712"), ("user", bob, "4713")):
        world.write(lambda desk, alias=(kind, foreign, id): desk.set_alias(*alias), dialect=name)
    client = CLIENTS[name](world, "bob")
    seen = client.read("task", 4712)
    assert seen is not None
    assert seen.text == f"{SECRET}\nbödy"
    client.retitle("task", 4712, "Mine", "bödy")
    assert world.desk("bob-token").get(Activity, task).title == "Mine"
    assert client.read("task", task) is None
    assert 4712 in client.numbers("task", 4711)
    made = client.create("task", "New", "", 4711)
    kept = world.desk("bob-token").get(Activity, made, ("links",))
    assert (kept.owner_id, [link.target for link in kept.links]) == (bob, [Ref("party", about)])
    client.delete("task", made, 4711)
    assert client.read("task", made) is None
    others: list[Client] = [CLIENTS[other](world, "bob") for other in NAMES if other != name]
    assert all(other.read("task", task) is not None for other in others)


def test_a_migrated_user_is_told_who_he_is(world: World) -> None:
    bob = world.principal("bob-token").user_id
    for name in ("affinitylive", "zurmo"):
        world.write(lambda desk: desk.set_alias("user", "4713", bob), dialect=name)
    affinitylive: Any = CLIENTS["affinitylive"](world, "bob")
    zurmo: Any = CLIENTS["zurmo"](world, "bob")
    assert [affinitylive.done("GET", path)["id"] for path in ("staff/whoami", "user")] == ["4713", "4713"]
    assert affinitylive.done("GET", "tokeninfo")["staff_id"] == "4713"
    assert zurmo.done("GET", "users/user/api/getAuthenticatedUser")["id"] == 4713
    assert zurmo.done("GET", "zurmo/permission/api/listDefault")["owner"] == {"id": 4713}
    world.set("zurmo.profile", "v3")
    mine = zurmo.create("task", "Mine", "", person(world))
    requester = zurmo.done("GET", f"tasks/task/api/read/{mine}")["requestedByUser"]
    assert (requester["id"], world.desk().get(Activity, mine).requester_id) == (4713, bob)
    owned = zurmo.done("GET", "tasks/task/api/list/filter/search%5BownedItemsOnly%5D=1")
    assert [item["id"] for item in owned["items"]] == [mine]


# -- users ----------------------------------------------------------------------------------------------


def test_a_users_card_goes_by_his_name(world: World) -> None:
    """Dialects that know only contacts name a user by his card; a name given to the card itself stays."""
    bob = world.desk().get(User, world.principal("bob-token").user_id)
    crust: Any = CLIENTS["crust"](world)
    path = f"/module/{crust.modules['User']}/content/{bob.id}"
    crust.done("POST", path, crust.fields(FirstName="Robért"))
    capsule = Capsule(world)
    card = capsule.xml(f"party/{bob.person_id}")
    assert card is not None
    texts = capsule.texts(card)
    assert (texts["firstName"], texts["lastName"]) == ("Robért", "Ng")
    assert bob.person_id is not None
    named = Update(Party, bob.person_id, {"first_name": "Bobby"})
    assert world.write(lambda desk: desk.update(named)).name == "Bobby Ng"
    crust.done("POST", path, crust.fields(FirstName="Rob"))
    assert world.desk().get(Party, bob.person_id).name == "Bobby Ng"
