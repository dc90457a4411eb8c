"""Every ordered pair of dialects over tags, money and who of a group sees: what one says the other shows, where it has
a word for it, and leaves alone, where it has none."""

from __future__ import annotations

import contextlib
from itertools import permutations
from typing import Any
from urllib.parse import quote

import pytest

from canonical.model import Activity, Opportunity, Party
from canonical.operations import Create, Update
from canonical.values import MICROS, Ref
from tests.matrix.clients import CLIENTS
from tests.matrix.doers import DOERS
from tests.matrix.speakers import SPEAKERS
from tests.matrix.test_doings import DUES, MADE, make
from tests.support.world import World

NAMES = sorted(CLIENTS)
PAIRS = list(permutations(NAMES, 2))


# -- tags ----------------------------------------------------------------------------------------------

TAGS = ("Größe & <b>", "VIP \U0001f600", "a/b c+d")
TAG_TABLE = {
    # dialect: what it tags, of what it shows tags
    "affinitylive": ((), ("activity",)),
    "capsule": (("party", "opportunity", "case"), ("party", "opportunity", "case")),
    "crust": ((), ()),
    "opentaps": (("activity",), ("activity",)),
    "zurmo": ((), ()),
}


def put_tag(world: World, name: str, kind: str, number: int, tag: str) -> None:
    """As the dialect does; else as the core does for whoever can."""
    if kind not in TAG_TABLE[name][0]:
        world.write(lambda desk: desk.add_tag(Ref(kind, number), tag))
    elif name == "opentaps":
        client: Any = CLIENTS[name](world)
        client.done("POST", "/activities", {"activityId": client.hex(number), "tagName": tag})
    else:
        path = f"{'kase' if kind == 'case' else kind}/{number}/tag/{quote(tag, safe='')}"
        answer = CLIENTS[name](world).call("POST", path)  # type: ignore[attr-defined]
        assert answer.status in (200, 201), answer


def tags(world: World, name: str, kind: str, number: int) -> set[str] | None:
    """What the dialect shows; None where it shows none."""
    if kind not in TAG_TABLE[name][1]:
        return None
    client: Any = CLIENTS[name](world)
    if name == "affinitylive":
        type_ = world.desk().get(Activity, number).type
        path = "tasks" if type_ == "task" else "activities"
        return {tag["name"] for tag in client.done("GET", f"{path}/{number}?_fields=tag")["tag"]}
    if name == "opentaps":
        shown = client.done("GET", f"/activities/{client.hex(number)}")
        return {tag["tagName"] for tag in shown["tags"]}
    element = client.xml(f"{'kase' if kind == 'case' else kind}/{number}/tag")
    return {client.texts(tag)["name"] for tag in element.children}


@pytest.mark.slow
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_tags_of_activities_and_of_records(world: World, person: int, pair: tuple[str, str]) -> None:
    one, other = pair
    numbers: dict[str, int] = {"party": person}
    values = {"title": "Deal", "party_id": person}
    numbers["opportunity"] = world.write(lambda desk: desk.create(Create(Opportunity, values))).id
    numbers["activity"], _ = make(world, DOERS[one](world), "task", {**MADE, "due": DUES[0]}, person)
    kinds: dict[str, Any] = {"party": Party, "opportunity": Opportunity, "activity": Activity}
    for kind, number in numbers.items():
        for tag in TAGS:
            put_tag(world, one, kind, number, tag)
        assert tags(world, one, kind, number) in (None, set(TAGS))
        assert tags(world, other, kind, number) in (None, set(TAGS))
        # An update of anything else leaves them.
        if kind == "activity":
            DOERS[other](world).change("task", number, {"title": "Another"})
        else:
            speaker = SPEAKERS[other](world, CLIENTS[other](world))
            speech = {"party": "person", "opportunity": "opportunity"}[kind]
            if not speaker.WORDS[speech]:
                continue
            speaker.change(speech, number, {"last_name": "Other"} if kind == "party" else {"title": "Other"})
        kept = world.desk().get(kinds[kind], number, ("tags",))
        assert {tag.name for tag in kept.tags} == set(TAGS), kind
        # One more, by the other: both see all.
        put_tag(world, other, kind, number, "one more")
        for name in pair:
            assert tags(world, name, kind, number) in (None, {*TAGS, "one more"})


# -- money ---------------------------------------------------------------------------------------------

AMOUNTS = ("0", "0.01", "5", "1234.5", "99999999.99", "0.000001")
SELLERS = [name for name in NAMES if SPEAKERS[name].WORDS["opportunity"]]
PLACES = {"capsule": 2}
"""How many decimals a vendor shows, where not as many as there are."""


def plain(text: str) -> str:
    """A number without what says nothing: ``5.00`` is ``5``."""
    return text.rstrip("0").rstrip(".") if "." in text else text


@pytest.mark.slow
@pytest.mark.parametrize("pair", list(permutations(SELLERS, 2)), ids="-".join)
def test_money(world: World, person: int, pair: tuple[str, str]) -> None:
    """Zero is an amount, and none is none; what the other writes back as it shows it stays to the last millionth."""
    company = world.write(lambda desk: desk.create(Create(Party, {"type": "organisation", "name": "Fjord"}))).id
    writer, reader = (SPEAKERS[name](world, CLIENTS[name](world)) for name in pair)
    for amount in AMOUNTS:
        facts = {"title": "Deal", "amount": amount, "company": str(company), "closes": "2030-12-31", "owner": "1"}
        number = writer.create("opportunity", facts)
        stored = world.desk().get(Opportunity, number).amount
        assert stored == round(float(amount) * MICROS), amount
        for speaker in (writer, reader):
            told = speaker.tell("opportunity", number)["amount"]
            places = PLACES.get(speaker.client.name)
            assert plain(told) == plain(amount if places is None else f"{float(amount):.{places}f}"), amount
        reader.change("opportunity", number, {"amount": reader.tell("opportunity", number)["amount"]})
        assert world.desk().get(Opportunity, number).amount == stored
        reader.change("opportunity", number, {"amount": "17.25"})
        assert plain(writer.tell("opportunity", number)["amount"]) == "17.25"


@pytest.mark.parametrize("name", SELLERS)
def test_a_number_that_is_zero_is_not_nothing(world: World, name: str) -> None:
    """Whoever gave it; in a list as in a record. A new field of numbers must not show it as empty text."""
    values = {"title": "Free", "amount": 0, "probability": 0}
    number = world.write(lambda desk: desk.create(Create(Opportunity, values))).id
    told = SPEAKERS[name](world, CLIENTS[name](world)).tell("opportunity", number)
    assert plain(told["amount"]) == "0"
    if "probability" in told and name != "zurmo":
        assert told["probability"] == "0"


def test_a_meeting_without_length_has_the_length_zero(world: World) -> None:
    values = {"type": "meeting", "title": "Short", "start_at": world.time(), "end_at": world.time()}
    number = world.write(lambda desk: desk.create(Create(Activity, values))).id
    crust: Any = CLIENTS["crust"](world)
    row = crust.done("GET", f"/module/{crust.modules['Event']}/content/{number}")
    assert {field["name"]: field["value"] for field in row["fields"]}["DurationInMinutes"] == "0"


# -- who of a group sees ---------------------------------------------------------------------------------


def is_there(world: World, name: str, user: str, number: int) -> bool:
    return CLIENTS[name](world, user).read("task", number) is not None


@pytest.mark.parametrize("name", NAMES)
def test_what_a_group_sees_is_seen_by_it_alone_and_stays_so(world: World, person: int, name: str) -> None:
    """Zurmo alone says it; the owner may change the record through any dialect, administrators see it."""
    for user in ("bob", "eve"):
        world.add_user(user)
    zurmo: Any = CLIENTS["zurmo"](world, "bob")
    number = zurmo.create("task", "For one group", "b", person)
    permissions = {
        "[explicitReadWriteModelPermissions][type]": "2",
        "[explicitReadWriteModelPermissions][nonEveryoneGroup]": "1",
    }
    zurmo.done("PUT", f"tasks/task/api/update/{number}", permissions)
    before = world.desk().get(Activity, number)
    assert (before.visibility, before.group_id) == ("group", 1)
    assert {user: is_there(world, name, user, number) for user in ("ann", "bob", "eve")} == {
        "ann": True,
        "bob": True,
        "eve": False,
    }
    CLIENTS[name](world, "bob").retitle("task", number, "Another title", "b")
    with contextlib.suppress(AssertionError):
        CLIENTS[name](world, "eve").retitle("task", number, "Blindly", "b")
    with contextlib.suppress(AssertionError):
        CLIENTS[name](world, "eve").delete("task", number, person)
    after = world.desk().get(Activity, number)
    assert (after.title, after.visibility, after.group_id) == ("Another title", "group", 1)
    assert (number in CLIENTS[name](world, "eve").numbers("task", person)) is False
    # What the group sees is said again by nobody but Zurmo, and made public by whoever may.
    world.write(lambda desk: desk.update(Update(Activity, number, {"visibility": "everyone"})))
    assert is_there(world, name, "eve", number)
