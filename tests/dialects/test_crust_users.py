"""Users, teams and organisations (crust dossier, section 8)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from canonical.model import Party, User
from canonical.operations import Update
from tests.support.crust import CrustClient
from tests.support.world import World

ZALA = {"username": "zala", "password": "zvoncek-3", "email": "z@x.example", "name": "Zala Mar Oven", "handle": "zz"}
MISSING = "crust.auth.repository.UserNotFound"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as made:
        yield made


@pytest.fixture
def ann(world: World) -> CrustClient:
    return CrustClient(world)


def test_create_list_read_edit_delete(world: World, ann: CrustClient) -> None:
    made = ann.post("/users/", {**ZALA, "kind": "k", "meta": {"a": 1}, "satosaID": "s"})
    id = made["userID"]
    first = ["userID", "username", "email", "name", "handle", "kind"]
    assert list(made) == [*first, "organisationID", "relatedUserID", "user", "createdAt"]
    assert (made["name"], made["handle"], made["kind"]) == ("Zala Mar Oven", "zz", "k")
    user = world.desk().get(User, int(id))
    assert (user.first_name, user.last_name) == ("Zala Mar", "Oven")
    assert world.desk().get(Party, user.person_id or 0).name == "Zala Mar Oven"
    # The kind is told to whoever sets it, and to nobody else.
    assert ann.get(f"/users/{id}") == {**made, "kind": ""}
    assert [found["username"] for found in ann.get("/users/?query=ZA")] == ["zala"]
    assert [found["username"] for found in ann.get("/users")] == ["ann", "zala"]
    # It begins a LIKE pattern of the vendor's.
    for query, names in (("%25", ["ann", "zala"]), ("_A", ["zala"]), ("%25la", ["zala"]), ("%5C%25", []), ("%5C", [])):
        assert [found["username"] for found in ann.get(f"/users/?query={query}")] == names, query
    assert world.now is not None
    world.now += 1_500_000
    edited = ann.call("PUT", f"/users/{id}", {**ZALA, "name": "Zala Kralj"})
    assert (edited["createdAt"], edited["updatedAt"]) == ("0001-01-01T00:00:00Z", "2014-06-01T08:00:01.5Z")
    assert (edited["name"], edited["kind"]) == ("Zala Kralj", "")
    assert ann.get(f"/users/{id}")["createdAt"] == "2014-06-01T08:00:00Z"
    login = ann.text("POST", "/auth/login", {"username": "zala", "password": "zvoncek-3"})
    assert f'"userID":"{id}"' in login
    assert ann.text("DELETE", f"/users/{id}") == '{"response":false}'
    assert ann.get(f"/users/{id}") == MISSING
    assert [found["username"] for found in ann.get("/users/")] == ["ann"]
    assert ann.post("/auth/login", {"username": "zala", "password": "zvoncek-3"}) == MISSING


def test_refusals(world: World, ann: CrustClient) -> None:
    for id in ("41", "0", "abc", str(2**64)):
        assert ann.get(f"/users/{id}") == ann.call("PUT", f"/users/{id}", ZALA) == MISSING
        assert ann.text("DELETE", f"/users/{id}") == '{"response":false}'
    ann.post("/users/", ZALA)
    assert ann.post("/users/", ZALA) == "exec query failed: Error 1062: Duplicate entry for key 'username'"
    assert "column 'username'" in ann.post("/users/", {**ZALA, "username": " "})
    assert world.desk().count(User) == 2


def test_texts_of_a_user_have_255_characters_at_most(world: World, ann: CrustClient) -> None:
    long = "ž" * 256
    words = "exec query failed: Error 1406: Data too long for column '{}' at row 1"
    for name, column in (("username", "username"), ("email", "email"), ("name", "name"), ("satosaID", "satosa_id")):
        assert ann.post("/users/", {**ZALA, name: long}) == words.format(column)
        assert ann.call("PUT", f"/users/{ann.user.user_id}", {**ZALA, name: long}) == words.format(column)
    assert world.desk().count(User) == 1
    assert ann.post("/users/", {**ZALA, "name": long[1:]})["name"] == long[1:]
    # What was long before stays when a client sends it back.
    world.write(lambda desk: desk.update(Update(User, ann.user.user_id, {"email": long})))
    own = ann.get(f"/users/{ann.user.user_id}")
    assert ann.call("PUT", f"/users/{ann.user.user_id}", own)["email"] == long


def test_only_administrators_change_others(world: World, ann: CrustClient) -> None:
    world.add_user("bob")
    bob = CrustClient(world, "bob-token")
    refusal = "Not allowed: only administrators change users"
    assert bob.post("/users/", ZALA) == refusal
    assert bob.call("PUT", f"/users/{ann.user.user_id}", {"username": "ann", "password": "taken-over"}) == refusal
    assert bob.call("DELETE", f"/users/{ann.user.user_id}") == refusal
    own = {"username": "bob", "password": "bobs-new-one", "email": "b@x.example", "name": "Bob", "handle": "bob"}
    assert bob.call("PUT", f"/users/{bob.user.user_id}", own)["email"] == "b@x.example"
    assert "response" in ann.text("POST", "/auth/login", {"username": "bob", "password": "bobs-new-one"})
    assert "response" in ann.text("POST", "/auth/login", {"username": "ann", "password": "ann-pw"})


def test_users_of_another_tenant_are_not_there(world: World, ann: CrustClient) -> None:
    world.add_tenant("other")
    eve = world.add_user("eve", tenant="other")
    assert ann.get(f"/users/{eve.user_id}") == MISSING
    assert [found["username"] for found in ann.get("/users/")] == ["ann"]


def test_the_rest(ann: CrustClient) -> None:
    assert ann.get("/teams/") == []
    assert ann.get("/teams/1") == "crust.auth.repository.TeamNotFound"
    (own,) = ann.get("/organisations/")
    assert (own["fqn"], own["name"]) == ("acme.com", "acme")
    assert ann.get(f"/organisations/{own['organisationID']}") == own
    assert ann.get("/organisations/77") == "crust.auth.repository.OrganisationNotFound"
    assert list(ann.get("/version")) == ["buildTime", "version"]
    assert ann.send("GET", "/version", signed_in=False).status == 200
