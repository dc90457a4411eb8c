"""Every ordered pair of dialects: what one writes the other reads, changes, completes and deletes, losing nothing."""

from __future__ import annotations

from itertools import permutations

import pytest

import dialects
from tests.matrix.clients import CLIENTS, Client
from tests.support.world import World

PAIRS = list(permutations(sorted(set(dialects.names()) & set(CLIENTS)), 2))
TITLE = "Zoë's <b>visit</b> & ŽELEZO 日本 \U0001f600"
BODY = 'first line\nsecond & <i>line</i>, tab\tand "quotes"\n\nlast ]]> é'
KINDS = ("task", "note")


def test_every_dialect_has_a_client() -> None:
    assert set(dialects.names()) == set(CLIENTS)


def two(world: World, pair: tuple[str, str]) -> tuple[Client, Client]:
    return CLIENTS[pair[0]](world), CLIENTS[pair[1]](world)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_what_one_writes_the_other_reads_changes_and_deletes(
    world: World, person: int, pair: tuple[str, str], kind: str
) -> None:
    one, other = two(world, pair)
    number = one.create(kind, TITLE, BODY, person)
    expected = f"{TITLE}\n{BODY}"
    for client in (one, other):
        seen = client.read(kind, number)
        assert seen is not None
        assert (seen.text, seen.completed) == (expected, False)
        assert number in client.numbers(kind, person)
    other.retitle(kind, number, "Wörd & <more>", BODY)
    for client in (one, other):
        seen = client.read(kind, number)
        assert seen is not None
        assert seen.text == f"Wörd & <more>\n{BODY}"
    if kind == "task":
        other.complete(number)
        for client in (one, other):
            seen = client.read(kind, number)
            assert seen is not None
            assert seen.completed
    other.delete(kind, number, person)
    for client in (one, other):
        assert client.read(kind, number) is None
        assert number not in client.numbers(kind, person)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_what_only_one_knows_survives_the_others_update(
    world: World, person: int, pair: tuple[str, str], kind: str
) -> None:
    one, other = two(world, pair)
    number = one.create(kind, TITLE, BODY, person)
    one.mark(kind, number, person)
    marks = one.marks(kind, number, person)
    assert marks
    other.retitle(kind, number, "Other title", BODY)
    if kind == "task":
        other.complete(number)
    assert one.marks(kind, number, person) == marks
    other.mark(kind, number, person)
    theirs = other.marks(kind, number, person)
    one.retitle(kind, number, "Third title", BODY)
    assert other.marks(kind, number, person) == theirs
    assert one.marks(kind, number, person) == marks


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", sorted(set(dialects.names()) & set(CLIENTS)))
def test_writing_back_what_was_shown_changes_nothing(world: World, person: int, name: str, kind: str) -> None:
    writer = CLIENTS[name](world)
    for client_name in sorted(set(dialects.names()) & set(CLIENTS)):
        client = CLIENTS[client_name](world)
        number = client.create(kind, TITLE, BODY, person)
        writer.retitle(kind, number, TITLE, BODY)
        seen = client.read(kind, number)
        assert seen is not None
        assert seen.text == f"{TITLE}\n{BODY}"
