"""What opentaps writes as the other dialects show it, and what they hold of it that opentaps cannot say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canonical.model import Party, User
from canonical.operations import Create
from canonical.query import Query, eq
from canonical.values import Ref
from tests.matrix.clients import AffinityLive, Capsule, Crust, Opentaps, Zurmo
from tests.support.world import World

FREE_ROLES = ["buyer", "Käufer", "", "a b,c;d"]
TAKING_PART = ["from", "to", "cc", "bcc", "attendee", "assignee"]
MODELS = {"person": "Contact", "organisation": "Account"}
WORDS = {"person": "contact", "organisation": "company"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as made:
        yield made


@pytest.fixture
def opentaps(world: World) -> Opentaps:
    return Opentaps(world)


def party(world: World, **values: Any) -> int:
    values = values or {"first_name": "Kim", "last_name": "Roe"}
    return world.write(lambda desk: desk.create(Create(Party, values))).id


def activity(opentaps: Opentaps, type_: str) -> str:
    path, data = ("/task", {}) if type_ == "task" else ("/activities", {"activityType": type_})
    return str(opentaps.done("POST", path, {"noteText": "Visit", **data})["_id"])


def associate(opentaps: Opentaps, id: str, contact: int, role: str, how: str = "add") -> None:
    data = {"activityId": id, "contactId": opentaps.person_hex(contact), **({"role": role} if role else {})}
    opentaps.done("POST", f"/activities/contact/{how}", data)


def in_zurmo(zurmo: Zurmo, module: str, model: str, id: int) -> list[int]:
    """Zurmo's items that are about a record: by dynamic search and by a search's clause."""
    at = "[dynamicSearch][dynamicClauses][0]"
    dynamic = {
        f"{at}[attributeIndexOrDerivedType]": "activityItems",
        f"{at}[structurePosition]": "1",
        f"{at}[activityItems][modelClassName]": model,
        f"{at}[activityItems][modelId]": str(id),
        "[dynamicSearch][dynamicStructure]": "1",
    }
    found = zurmo.done("POST", f"{module}s/{module}/api/list/filter/", dynamic)
    at = "[search][searchAttributeData]"
    clause = {
        "[search][modelClassName]": module.capitalize(),
        f"{at}[clauses][1][attributeName]": "activityItems",
        f"{at}[clauses][1][relatedAttributeName]": "id",
        f"{at}[clauses][1][operatorType]": "equals",
        f"{at}[clauses][1][value]": str(id),
        f"{at}[structure]": "1",
    }
    searched = zurmo.done("POST", f"{module}s/{module}/api/search/filter/", clause)
    ids = [item["id"] for item in found.get("items", [])]
    assert [item["id"] for item in searched.get("items", [])] == ids
    return ids


def against(affinity: AffinityLive, path: str, number: int) -> tuple[str, str]:
    shown = affinity.done("GET", f"{path}/{number}?_fields=against_type,against_id")
    return shown["against_type"], shown["against_id"]


def filtered(affinity: AffinityLive, path: str, word: str, id: int) -> list[int]:
    return [int(item["id"]) for item in affinity.done("GET", f"{path}?_filters=against({word}({id}))")]


# -- O1: who is linked in a free role --------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["person", "organisation"])
@pytest.mark.parametrize("type_", ["note", "task", "meeting", "email", "call"])
def test_o1_who_is_linked_in_a_free_role_is_a_subject_elsewhere(
    world: World, opentaps: Opentaps, type_: str, kind: str
) -> None:
    zurmo, affinity = Zurmo(world), AffinityLive(world)
    path = "tasks" if type_ == "task" else "activities"
    for role in FREE_ROLES:
        contact = party(world) if kind == "person" else party(world, type="organisation", name="Roe Ltd")
        id = activity(opentaps, type_)
        number = int(id[8:], 16)
        assert against(affinity, path, number)[0] == "staff"
        associate(opentaps, id, contact, role)
        assert against(affinity, path, number) == (WORDS[kind], str(contact)), role
        assert filtered(affinity, path, WORDS[kind], contact) == [number]
        if type_ in ("note", "task", "meeting"):
            assert in_zurmo(zurmo, type_, MODELS[kind], contact) == [number]
        associate(opentaps, id, contact, role, "remove")
        assert against(affinity, path, number)[0] == "staff"
        assert filtered(affinity, path, WORDS[kind], contact) == []
        if type_ in ("note", "task", "meeting"):
            assert in_zurmo(zurmo, type_, MODELS[kind], contact) == []


def test_o1_a_further_one_is_found_and_the_plain_one_shown(world: World, opentaps: Opentaps) -> None:
    affinity = AffinityLive(world)
    kim, bo = party(world), party(world, first_name="Bo")
    id = activity(opentaps, "note")
    number = int(id[8:], 16)
    associate(opentaps, id, kim, "buyer")
    associate(opentaps, id, bo, "")
    assert against(affinity, "activities", number) == ("contact", str(bo))
    assert filtered(affinity, "activities", "contact", kim) == filtered(affinity, "activities", "contact", bo)
    assert in_zurmo(Zurmo(world), "note", "Contact", kim) == [number]


def test_o1_zurmo_takes_away_what_it_shows(world: World, opentaps: Opentaps) -> None:
    kim = party(world)
    id = activity(opentaps, "note")
    associate(opentaps, id, kim, "buyer")
    zurmo = Zurmo(world)
    at = "[modelRelations][activityItems][0]"
    gone = {f"{at}[action]": "remove", f"{at}[modelId]": str(kim), f"{at}[modelClassName]": "Contact"}
    zurmo.done("PUT", f"notes/note/api/update/{int(id[8:], 16)}", gone)
    assert in_zurmo(zurmo, "note", "Contact", kim) == []
    assert opentaps.done("GET", f"/activities/{id}")["contacts"] == []


@pytest.mark.parametrize("role", TAKING_PART)
def test_o1_roles_that_mean_taking_part_are_no_subject(world: World, opentaps: Opentaps, role: str) -> None:
    kim = party(world)
    id = activity(opentaps, "note")
    number = int(id[8:], 16)
    associate(opentaps, id, kim, role)
    assert opentaps.done("GET", f"/activities/{id}")["contacts"][0]["role"] == role
    assert against(AffinityLive(world), "activities", number)[0] == "staff"
    assert filtered(AffinityLive(world), "activities", "contact", kim) == []
    assert in_zurmo(Zurmo(world), "note", "Contact", kim) == []


def test_o1_a_users_card_takes_part_in_whatever_role(world: World, opentaps: Opentaps) -> None:
    world.add_user("bob", first_name="Bob", last_name="Ng")
    bob = world.desk().get(User, world.principal("bob-token").user_id).person_id or 0
    id = activity(opentaps, "note")
    number = int(id[8:], 16)
    associate(opentaps, id, bob, "buyer")
    assert against(AffinityLive(world), "activities", number)[0] == "staff"
    assert filtered(AffinityLive(world), "activities", "contact", bob) == []
    assert in_zurmo(Zurmo(world), "note", "Contact", bob) == []
    (link,) = world.desk().links_to(Ref("party", bob))
    assert (link.role, link.target_is_card) == ("buyer", True)


# -- O2: a person's company ---------------------------------------------------------------------------------

GUS = {
    "firstName": "Gus",
    "lastName": "Gale",
    "companyName": "Gale Works",
    "emailsNumber": "1",
    "email0": "gus@gale.example",
    "emailPurpose0": "PRIMARY",
}


def employers(world: World, id: int) -> dict[str, str | None]:
    """What each dialect calls the company of a person."""
    number = f"/contact?contactId={Opentaps(world).person_hex(id)}"
    (contact,) = Opentaps(world).done("GET", number)
    affiliation = AffinityLive(world).done("GET", f"contacts/{id}?_fields=default_affiliation(company(name))")
    company = (affiliation["default_affiliation"] or {}).get("company") or {}
    element = Capsule(world).xml(f"party/{id}")
    assert element is not None
    capsule = Capsule.texts(element)
    assert ("organisationId" in capsule) == ("organisationName" in capsule)
    zurmo = Zurmo(world)
    shown = zurmo.done("GET", f"contacts/contact/api/read/{id}")
    account = shown["account"]
    name = zurmo.done("GET", f"accounts/account/api/read/{account['id']}")["name"] if account else None
    crust = Crust(world)
    account_id = (crust.values("contact", id) or {}).get("AccountId")
    row = crust.values("account", int(account_id)) if account_id else None
    return {
        "opentaps": contact.get("companyName"),
        "affinitylive": company.get("name"),
        "capsule": capsule.get("organisationName"),
        "zurmo": name,
        "crust": None if row is None else row["AccountName"],
    }


def organisations(world: World) -> list[str]:
    return [found.name for found in world.desk().find(Party, Query(eq("type", "organisation"))).items]


def test_o2_company_name_is_the_employer_in_every_dialect(world: World, opentaps: Opentaps) -> None:
    def all_say(id: int, name: str | None) -> None:
        assert employers(world, id) == dict.fromkeys(("opentaps", "affinitylive", "capsule", "zurmo", "crust"), name)

    gus = opentaps.done("POST", "/contact", GUS)
    id = int(gus["_id"][8:], 16)
    assert gus["companyName"] == "Gale Works"
    all_say(id, "Gale Works")
    other = opentaps.done("POST", "/contact", {"firstName": "Ann", "companyName": " GALE works "})
    assert other["companyName"] == "Gale Works"
    assert organisations(world) == ["Gale Works"]
    accented = opentaps.done("POST", "/contact", {"firstName": "Åse", "companyName": "Gále Works"})
    assert accented["companyName"] == "Gále Works"
    opentaps.done("PUT", "/contact", {"contactId": gus["_id"], "companyName": "Fjord AS"})
    all_say(id, "Fjord AS")
    # Names that are not sent stay, and so does the company that is written back.
    opentaps.done("PUT", "/contact", {"contactId": gus["_id"], "firstName": "August"})
    opentaps.done("PUT", "/contact", {"contactId": gus["_id"], "companyName": "Fjord AS"})
    all_say(id, "Fjord AS")
    opentaps.done("PUT", "/contact", {"contactId": gus["_id"], "companyName": ""})
    all_say(id, None)
    assert organisations(world) == ["Gale Works", "Gále Works", "Fjord AS"]


def test_o2_json_bodies_upserts_and_logins_alike(world: World, opentaps: Opentaps) -> None:
    body = {"authToken": "ann-token", "clientDomain": "acme.com", "firstName": "Ole", "companyName": "Fjord AS"}
    answer = opentaps.send("POST", "/contact", json.dumps(body), {"Content-Type": "application/json"})
    made = json.loads(answer.body)["result"]["resultValue"]
    assert employers(world, int(made["_id"][8:], 16))["affinitylive"] == "Fjord AS"
    keys = {"firstName": "Bo", "companyName": "Fjord AS", "attribute_key": "7"}
    first = opentaps.done("POST", "/contact", keys)["_id"]
    assert opentaps.done("POST", "/contact", {**keys, "companyName": "Other AS"})["_id"] == first
    assert employers(world, int(first[8:], 16))["crust"] == "Other AS"
    login = {"firstName": "Eva", "companyName": "Other AS", "emailAddress": "eva@x.example", "userId": "eva"}
    card = opentaps.done("POST", "/admin/user-contact", login)
    id = int(card["contactId"][8:], 16)
    assert world.desk().get(Party, id).organisation_name == "Other AS"
    assert organisations(world) == ["Fjord AS", "Other AS"]


def test_o2_a_mere_name_of_another_dialect_is_no_organisation(world: World) -> None:
    """As Zurmo's companyName beside the account: Capsule shows organisationName with organisationId or not at all."""
    id = party(world, first_name="Gus", last_name="Gale", company="Loose Ltd")
    capsule = Capsule(world)
    assert employers(world, id) == {
        "opentaps": "Loose Ltd",
        **dict.fromkeys(("affinitylive", "capsule", "zurmo", "crust")),
    }
    document = "<person><organisationName>Loose Ltd</organisationName></person>"
    assert capsule.call("PUT", f"person/{id}", document).status == 200
    assert employers(world, id)["capsule"] == employers(world, id)["crust"] == "Loose Ltd"


# -- O4: addresses that stay who they are ---------------------------------------------------------------------


def test_o4_addresses_keep_what_others_hold_of_them_in_whichever_place(world: World, opentaps: Opentaps) -> None:
    data = {"[lastName]": "Roe", "[state][id]": "6"}
    for place, address, flag in (("primaryEmail", "a", "optOut"), ("secondaryEmail", "b", "isInvalid")):
        data |= {f"[{place}][emailAddress]": f"{address}@x.example", f"[{place}][{flag}]": "1"}
    zurmo = Zurmo(world)
    id = int(zurmo.done("POST", "contacts/contact/api/create/", data)["id"])

    def flags() -> dict[str, tuple[int, str, str]]:
        points = world.desk().get(Party, id, ("points",)).points
        kept = {point.value[0]: (point.id, point.extras.get("zurmo", {})) for point in points}
        return {
            name: (number, str(held.get("optOut") or "0"), str(held.get("isInvalid") or "0"))
            for name, (number, held) in kept.items()
        }

    def put(*addresses: str) -> None:
        sent = {f"email{at}": f"{address}@x.example" for at, address in enumerate(addresses)}
        contact = opentaps.person_hex(id)
        opentaps.done("PUT", "/contact", {"contactId": contact, "emailsNumber": str(len(sent)), **sent})

    before = flags()
    assert {name: held[1:] for name, held in before.items()} == {"a": ("1", "0"), "b": ("0", "1")}
    for sent in (("c", "b", "a"), ("b", "a", "c"), ("b", "c", "a"), ("a", "d", "b"), ("d", "a"), ("e", "f", "a")):
        put(*sent)
        now = flags()
        assert set(now) == set(sent)
        assert now["a"] == before["a"], sent
        if "b" in sent:
            assert now["b"] == before["b"], sent
    shown = zurmo.done("GET", f"contacts/contact/api/read/{id}")
    held = {shown[place]["emailAddress"]: shown[place]["optOut"] for place in ("primaryEmail", "secondaryEmail")}
    assert str(held["a@x.example"]) == "1"


def test_o4_phones_keep_their_ids_in_whichever_place(world: World, opentaps: Opentaps) -> None:
    capsule = Capsule(world)
    phones = "".join(
        f"<phone><type>Work</type><phoneNumber>{number}</phoneNumber></phone>" for number in ("111", "222")
    )
    capsule.call("POST", "person", f"<person><lastName>Roe</lastName><contacts>{phones}</contacts></person>")
    id = party_named(world, "Roe")

    def ids() -> dict[str, int]:
        return {point.value: point.id for point in world.desk().get(Party, id, ("points",)).points}

    before = ids()
    for sent in (("333", "222", "111"), ("222", "111", "333"), ("444", "111"), ("222", "555", "111")):
        data = {f"phone{at}": number for at, number in enumerate(sent)}
        contact = opentaps.person_hex(id)
        opentaps.done("PUT", "/contact", {"contactId": contact, "phonesNumber": str(len(sent)), **data})
        now = ids()
        assert set(now) == set(sent)
        assert now["111"] == before["111"], sent
        if sent[0] in ("333", "222") and "444" not in now and "555" not in now:
            assert now["222"] == before["222"], sent


def party_named(world: World, name: str) -> int:
    (found,) = world.desk().find(Party, Query(eq("last_name", name))).items
    return found.id


# -- O5: a due that was cleared -------------------------------------------------------------------------------


def clear_in_opentaps(world: World, number: int) -> None:
    opentaps = Opentaps(world)
    opentaps.done("POST", "/task", {"activityId": opentaps.hex(number), "scheduledDateTime": ""})


def clear_in_zurmo(world: World, number: int) -> None:
    Zurmo(world).done("PUT", f"tasks/task/api/update/{number}", {"[dueDateTime]": ""})


def clear_in_crust(world: World, number: int) -> None:
    crust = Crust(world)
    crust.done("POST", f"{crust.path('task')}/{number}", Crust.fields(ActivityDate=""))


CLEARING = {"opentaps": clear_in_opentaps, "zurmo": clear_in_zurmo, "crust": clear_in_crust}


@pytest.mark.parametrize("name", CLEARING)
def test_o5_a_cleared_due_is_no_longer_a_day(world: World, opentaps: Opentaps, name: str) -> None:
    made = opentaps.done("POST", "/task", {"noteText": "Call", "scheduledDateTime": "2031-04-04"})
    number = int(made["_id"][8:], 16)
    capsule = Capsule(world)

    def due() -> dict[str, str]:
        element = capsule.xml(f"task/{number}")
        assert element is not None
        return {tag: text for tag, text in Capsule.texts(element).items() if tag.startswith("due")}

    assert due() == {"dueDate": "2031-04-04T00:00:00Z"}
    CLEARING[name](world, number)
    assert due() == {}
    Zurmo(world).done("PUT", f"tasks/task/api/update/{number}", {"[dueDateTime]": "2031-04-05 00:00:00"})
    assert due() == {"dueDateTime": "2031-04-05T00:00:00Z"}
