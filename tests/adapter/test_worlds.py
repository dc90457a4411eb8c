"""World files: what they make, what is wrong in them by line and column, and dumps that make the same again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapter import worlds
from adapter.cli.tenants import setting_of
from adapter.wire import Headers, WireRequest
from canonical.model import Activity, Case, Opportunity, Party
from canonical.query import Query, eq
from canonical.values import instant
from tests.support.world import World

FILE = """
tenants:
  - slug: sample
    domains: [sample.example]
    settings: {zurmo: {profile: v3}}
    users:
      - {username: mia, password: mia-pw, token: mia-token-1, first_name: Mia, last_name: Berg, admin: true}
      - {username: ole, token: ole-token-1}
    apps:
      - {client_id: app-1, secret: app-secret, user: mia, redirect_uris: [https://app.example/back]}
    organisations:
      - {ref: fjord, name: Fjord AS, emails: [info@fjord.example], phones: {work: +47 22 00 00 00}, tags: [hot]}
    people:
      - ref: zoe
        first_name: Zoë
        last_name: Lund
        organisation: Fjord AS
        emails: {work: zoe@fjord.example}
        owner: ole
        custom: {Region: North, Shoes: {Size: "042"}}
        addresses: [{label: office, street: 1 Quay St, city: Bergen}]
    opportunities:
      - {ref: deal, title: New shop, party: zoe, amount: 1500.50, currency: USD, expected_close: 2030-12-31}
    cases:
      - {ref: till, title: Broken till, party: zoe}
    tasks:
      - {ref: ring, title: Ring Zoë, body: "yes\\nno", due: 2030-06-03, about: [zoe, {ref: ole, role: assignee}]}
      - {title: Later, due: "2030-06-03T09:30:00Z", state: completed, owner: ole}
    notes:
      - {title: Met at the fair, about: [deal], visibility: confidential}
    modules:
      - name: Boats
        fields: [Name, {name: Length, kind: Number, required: true}]
        records: [{Name: Ran, Length: "12"}, {Name: Ægir}]
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as world:
        yield world


def load(world: World, text: str) -> worlds.Loaded:
    read = worlds.read("world.yaml", text.encode())
    (loaded,) = worlds.load(world.core, read, [], world.time(), check_setting=setting_of)
    return loaded


def test_a_world_is_made_as_it_says(world: World) -> None:
    loaded = load(world, FILE)
    assert loaded.tokens == {"mia": "mia-token-1", "ole": "ole-token-1"}
    desk = world.desk("mia-token-1")
    zoe: Party = desk.get(Party, loaded.ids["zoe"].id, ("points", "tags", "custom"))
    assert (zoe.name, zoe.organisation_name, zoe.owner_username, zoe.owner_chosen) == (
        "Zoë Lund",
        "Fjord AS",
        "ole",
        True,
    )
    assert {(c.group, c.name, c.value) for c in zoe.custom} == {("", "Region", "North"), ("Shoes", "Size", "042")}
    assert [(p.kind, p.label, p.value or p.street) for p in zoe.points] == [
        ("email", "work", "zoe@fjord.example"),
        ("address", "office", "1 Quay St"),
    ]
    fjord = desk.get(Party, loaded.ids["Fjord AS"].id, ("points", "tags"))
    assert [(p.kind, p.label, p.value) for p in fjord.points] == [
        ("email", None, "info@fjord.example"),
        ("phone", "work", "+47 22 00 00 00"),
    ]
    assert [tag.name for tag in fjord.tags] == ["hot"]
    deal = desk.get(Opportunity, loaded.ids["deal"].id)
    assert (deal.party_id, deal.amount, deal.expected_close) == (zoe.id, 1_500_500_000, "2030-12-31")
    assert desk.get(Case, loaded.ids["till"].id).party_id == zoe.id
    ring = desk.get(Activity, loaded.ids["ring"].id, ("links",))
    assert (ring.due_at, ring.due_date_only, ring.body) == (instant(2030, 6, 3), True, "yes\nno")
    assert [(link.target.kind, link.role) for link in ring.links] == [("party", ""), ("user", "assignee")]
    (later,) = desk.find(Activity, Query(eq("title", "Later"))).items
    assert (later.due_at, later.due_date_only, later.state) == (instant(2030, 6, 3, 9, 30), False, "completed")
    (boats,) = [module for module in desk.modules() if module.name == "Boats"]
    assert [(row.name, row.kind, row.required) for row in boats.fields] == [
        ("Name", "", False),
        ("Length", "Number", True),
    ]
    records, _ = desk.find_module_records(boats.id)
    assert [[value.value for value in record.values] for record in records] == [["Ran", "12"], ["Ægir"]]
    assert world.core.accounts.by_secret("app-1", "app-secret", 0) is not None


def test_its_users_sign_in_over_the_wire(world: World) -> None:
    load(world, FILE)
    headers = Headers([("Authorization", "Basic bWlhLXRva2VuLTE6eA==")])
    answer = world.endpoint("capsule", "sample").send(WireRequest("GET", "/api/users", headers=headers))
    assert answer.status == 200
    assert b"<username>ole</username>" in answer.body


def test_json_is_taken_too(world: World) -> None:
    data = {
        "tenants": [
            {"slug": "sample", "users": [{"username": "mia"}], "people": [{"last_name": "Zo\u00eb \U0001f600"}]}
        ]
    }
    loaded = load(world, json.dumps(data))
    assert len(loaded.tokens["mia"]) == 40
    assert [p.last_name for p in world.desk(loaded.tokens["mia"]).find(Party, Query(eq("last_name", "zoë 😀"))).items]


def test_loaded_again_users_and_tenant_stay(world: World) -> None:
    load(world, FILE)
    again = load(world, FILE)
    assert again.tokens == {}
    assert world.desk("mia-token-1").count(Activity) == 6


@pytest.mark.parametrize("with_secrets", [False, True])
def test_a_dump_makes_the_same_again(world: World, tmp_path: Path, with_secrets: bool) -> None:
    load(world, FILE)
    text = worlds.dump(world.core, "sample", world.time(), with_secrets=with_secrets)
    assert "mia-pw" not in text
    assert "app-secret" not in text
    assert ("argon2" in text, "app-1" in text) == (with_secrets, with_secrets)
    other = tmp_path / "other"
    other.mkdir()
    with World(other) as copy:
        load(copy, text)
        again = worlds.dump(copy.core, "sample", copy.time(), with_secrets=with_secrets)
        if with_secrets:
            assert copy.core.accounts.by_token("api", "mia-token-1", copy.time()) is not None
            assert copy.core.accounts.by_secret("app-1", "app-secret", 0) is not None
    assert _shape(again) == _shape(text)


def _shape(text: str) -> Any:
    """The dump without the numbers in names, which are another world's."""
    names: dict[str, str] = {}
    return re.sub(
        r"\b(party|opportunity|case|activity)-\d+\b", lambda m: names.setdefault(m[0], f"{m[1]}#{len(names)}"), text
    )


def test_the_confidential_is_dumped_whole(world: World) -> None:
    load(world, FILE)
    assert "Met at the fair" in worlds.dump(world.core, "sample", world.time())


WRONG = [
    ("tenants: [{slug: a, users: [{username: x}], tasks: [{titel: y}]}]", 1, 54, "unknown key 'titel'"),
    ("tenants:\n  - slug: a\n    tasks:\n      - {body: x}\n", 4, 9, "needs a title"),
    ("tenants: [{slug: a, tasks: [{title: x, due: tomorrow}]}]", 1, 45, "a time such as"),
    ("tenants: [{slug: a, opportunities: [{title: x, amount: 1e99}]}]", 1, 56, "an amount such as"),
    ("tenants: [{slug: a, tasks: [{title: x, about: [nobody]}]}]", 1, 48, "called 'nobody'"),
    ("tenants: [{slug: a, tasks: [{title: x, owner: nobody}]}]", 1, 47, "no user 'nobody'"),
    ("tenants: [{slug: a, people: [{ref: x, first_name: a}, {ref: x, first_name: b}]}]", 1, 55, "two records"),
    ("tenants: [{slug: a, users: [{username: x, admin: maybe}]}]", 1, 50, "true or false"),
    ("tenants: [{slug: a}, {slug: a}]", 1, 22, "comes twice"),
    ("tenants: [{slug: a, slug: b}]", 1, 21, "comes twice"),
    ("tenants: [{slug: a, settings: {zurmo.profil: v3}}]", 1, 46, "no such setting"),
    ("tenants: [{slug: A B}]", 1, 11, "not_a_slug"),
    ("tenants: [{slug: a, tasks: [{title: x}]}]", 1, 11, "need a user"),
    ("tenants: !!python/object/apply:os.system [x]", 1, 10, "tag"),
    ("a: &a [x]\nb: *a", 1, 4, "anchors"),
    ("tenants: [" + "[" * 40, 1, 29, "nested too deep"),
    ("tenants: {", 1, 11, "expected"),
    ("", 1, 1, "empty"),
    ("just text", 1, 1, "mapping"),
    ("people: []", 1, 1, "unknown key"),
    ("tenants: []", 1, 1, "no tenant"),
]


@pytest.mark.parametrize(("text", "line", "column", "reason"), WRONG)
def test_what_is_wrong_is_told_by_place(world: World, text: str, line: int, column: int, reason: str) -> None:
    with pytest.raises(worlds.WorldError, match=reason) as caught:
        load(world, text)
    assert str(caught.value).startswith(f"world.yaml:{line}:{column}: ")


def test_bytes_that_are_none() -> None:
    with pytest.raises(worlds.WorldError, match="not UTF-8"):
        worlds.read("world.yaml", b"tenants: \xff")
    with pytest.raises(worlds.WorldError, match="larger than 16 MB"):
        worlds.read("world.yaml", b" " * (16 * 1024 * 1024 + 1))
