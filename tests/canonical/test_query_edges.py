"""The edges of what queries mean that no client is likely to touch by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from canonical.model import Activity
from canonical.operations import Create, NewLink
from canonical.query import (
    FALSE,
    TRUE,
    Compare,
    Node,
    Not,
    Op,
    Query,
    all_of,
    any_of,
    contains,
    eq,
    starts_with,
)
from canonical.values import Ref, fold, fold_key, fold_pattern
from tests.support.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as made:
        yield made


def make(world: World, token: str = "ann-token", **values: object) -> int:
    return world.write(lambda desk: desk.create(Create(Activity, values)), token).id


def found(world: World, node: Node, token: str = "ann-token") -> list[int]:
    desk = world.desk(token)
    ids = [record.id for record in desk.find(Activity, Query(node)).items]
    assert desk.count(Activity, node) == len(ids)
    return ids


@pytest.mark.parametrize("folded", [fold, fold_key])
def test_trailing_blanks_do_not_count_in_what_is_compared_but_do_in_patterns(folded: object) -> None:
    assert callable(folded)
    assert [folded(text) for text in ("Café", "café  ", "CAFE ")] == ["cafe"] * 3
    assert (folded(" a"), folded("a\t"), folded("  ")) == (" a", "a\t", "")
    assert fold_pattern("Café %") == "cafe %"
    assert fold_pattern("Call  ") == "call  "


def test_texts_that_differ_in_trailing_blanks_are_equal(world: World) -> None:
    with_blanks, without = make(world, title="Call  "), make(world, title="call")
    for text in ("Call", "CALL ", "call    "):
        assert found(world, eq("title", text)) == [with_blanks, without]
        assert found(world, Compare("title", Op.IN, (text, "x"))) == [with_blanks, without]
        assert found(world, Compare("title", Op.NE, text)) == []
    assert found(world, eq("title", " call")) == []
    assert found(world, starts_with("title", "call")) == [with_blanks, without]


@pytest.mark.parametrize("field", ["body", "priority", "extras.test.word"])
def test_nothing_is_known_of_a_missing_value_also_in_an_empty_list(world: World, field: str) -> None:
    missing = make(world, title="missing")
    values = {"title": "there", "body": "b", "priority": 1}
    there = world.write(lambda desk: desk.create(Create(Activity, values, extras={"test": {"word": "w"}}))).id
    nowhere = Compare(field, Op.IN, ())
    assert found(world, nowhere) == []
    assert found(world, Not(nowhere)) == [there]
    assert found(world, Not(Not(nowhere))) == []
    assert found(world, any_of(Not(nowhere), eq("title", "missing"))) == [missing, there]


def test_what_cannot_hold_and_what_holds_anyway_swallow_the_rest() -> None:
    node = eq("title", "a")
    assert all_of(node, FALSE) == all_of(FALSE, node) == all_of(TRUE, all_of(node, FALSE)) == FALSE
    assert any_of(node, TRUE) == any_of(TRUE, node) == any_of(FALSE, any_of(node, TRUE)) == TRUE
    assert all_of(TRUE, node) == any_of(FALSE, node) == node
    assert (all_of(), any_of()) == (TRUE, FALSE)


@pytest.mark.parametrize("visibility", ["confidential", "private"])
def test_the_contact_card_counts_in_what_is_found_and_in_what_is_masked(world: World, visibility: str) -> None:
    bob = world.add_user("bob")
    world.add_user("eve")
    values = {"title": "Merger", "body": "Initech", "visibility": visibility}
    link = (NewLink(Ref("party", bob.person_id or 0), "to"),)
    number = world.write(lambda desk: desk.create(Create(Activity, values, link))).id
    assert found(world, contains("body", "nitec"), "bob-token") == found(world, eq("title", "merger"), "bob-token")
    assert found(world, eq("title", "merger"), "bob-token") == [number]
    assert found(world, contains("body", "nitec"), "eve-token") == []
    (seen,) = world.desk("bob-token").get_many(Activity, [number]).values()
    assert (seen.title, seen.body, seen.masked) == ("Merger", "Initech", False)
    for record in world.desk("eve-token").get_many(Activity, [number]).values():
        assert (record.title, record.body, record.masked) == ("", None, True)
