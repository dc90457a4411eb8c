"""What a query finds for a caller is what it means over the records as they are shown to him: nothing else of them is
found, sorted, counted or summed up by."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from canonical.model import KINDS, Activity, Opportunity, Party, User
from canonical.model.visibility import VISIBILITIES
from canonical.operations import Aggregate, Create, NewLink
from canonical.query import And, Compare, First, Has, Node, Not, Op, Or, Query, Sort, Window, eq
from canonical.service.desk import CoreDesk
from canonical.values import Ref
from tests.canonical import evaluator
from tests.canonical.test_query_meaning import QUERIES
from tests.support.world import World, over_postgres

VIEWERS = ("ann", "bea", "cy", "dee", "eve")
"""An administrator; who owns and makes all; who is linked, as a user or by card; who has nothing to do with it."""
TITLES = ("", "a", "Merger", "needle in hay", "z")
INCLUDE = ("links", "tags", "custom")


def populate(world: World) -> None:
    """Activities and parties of every visibility, each with and without links to cy and to dee's card."""
    for name in VIEWERS[1:]:
        world.add_user(name)
    dee = world.desk().get(User, world.principal("dee-token").user_id)
    links = {
        "": (),
        "cy": (NewLink(Ref("user", world.principal("cy-token").user_id), "cc"),),
        "dee": (NewLink(Ref("party", dee.person_id or 0), "Büyer"),),
    }

    def work(desk: Any) -> None:
        parties: list[int] = []
        for visibility, taking in product(VISIBILITIES, links):
            values = {"type": "organisation", "name": f"Co {visibility}", "visibility": visibility}
            parties.append(desk.create(Create(Party, values, links[taking])).id)
        activities: list[int] = []
        for at, (visibility, taking, title) in enumerate(product(VISIBILITIES, links, TITLES)):
            about = NewLink(Ref("party", parties[at % len(parties)]))
            values = {
                "type": ("task", "note", "call")[at % 3],
                "title": title,
                "body": None if at % 4 == 0 else TITLES[-at % 5],
                "visibility": visibility,
                "state": "completed" if at % 5 == 0 else "open",
                "priority": at % 4,
                "parent_id": None if at < 7 else activities[(at * 5) % at],
            }
            extras = {
                name: {"word": title, "more": {"word": title}, "status": f"open:{at % 7 - 1}:"}
                for name in ("zurmo", "capsule")
                if at % 3
            }
            made = desk.create(Create(Activity, values, (*links[taking], about), extras=extras))
            activities.append(made.id)
            matter = {"title": title, "visibility": visibility, "party_id": parties[at % len(parties)]}
            desk.create(Create(Opportunity, matter, links[taking]))

    world.write(work, "bea-token")


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def filled(request: Any, tmp_path_factory: Any) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("world")
    with over_postgres(folder) if request.param == "postgresql" else World(folder) as world:
        populate(world)
        yield world


def shown(desk: CoreDesk) -> dict[str, dict[int, Any]]:
    """All that the caller sees, as it is shown to him."""
    kinds: tuple[Any, ...] = (Activity, Party, Opportunity, User)
    found = {kind.KIND: desk.find(kind, Query(), INCLUDE).items for kind in kinds}
    return {name: {record.id: record for record in records} for name, records in found.items()}


VALUES = ("", "a", "Merger", "MERGER", "zz")
PATTERNS = ("%", "%%", "", "_%", "Mer%", "%needle%", "%e%", "%ger", "\\%")


def comparisons(field: str) -> list[Node]:
    ordered = (Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE)
    nodes: list[Node] = [Compare(field, op, value) for op, value in product(ordered, (*VALUES, None))]
    nodes += [Compare(field, Op.LIKE, pattern) for pattern in PATTERNS]
    nodes += [Compare(field, Op.IN, values) for values in ((), ("",), ("Merger", "a"), (None, "z"))]
    return [*nodes, Compare(field, Op.NULL), Compare(field, Op.NOT_NULL)]


def texts() -> list[Node]:
    fields = ("title", "body", "extras.zurmo.word", "extras.capsule.word", "extras.capsule.more.word")
    plain = [node for field in fields for node in comparisons(field)]
    other = Compare("title", Op.LIKE, "%needle%")
    joined: list[Node] = [Or((plain[7], other)), And((Not(other), Not(plain[9]))), Not(Or((other, eq("body", "a"))))]
    return [*plain, *map(Not, plain), *joined]


def related() -> list[Node]:
    """What related records are compared by, and the references and links to them."""
    parties, parents = (1, 9, 10, 11, 12), (2, 33, 50)
    linked = [Has("links", And((eq("target_kind", "party"), eq("target_id", id)))) for id in parties]
    named = [Has("links", Has("party", Compare("name", Op.LIKE, pattern))) for pattern in ("Co %", "%private")]
    named += [Has("links", Not(Has("party", Compare("name", op)))) for op in (Op.NULL, Op.NOT_NULL)]
    above: list[Node] = [Has("parent", node) for node in comparisons("title")]
    below: list[Node] = [Compare("parent_id", op, id) for op, id in product((Op.EQ, Op.NE, Op.LT, Op.GE), parents)]
    below += [Compare("parent_id", Op.NULL), Compare("parent_id", Op.NOT_NULL), Compare("parent_id", Op.IN, parents)]
    plain = [*linked, *named, *above, *below]
    return [*plain, *map(Not, plain)]


SOME = 11
"""Of so many queries one is asked by the fast tests, of each sort and operator another."""
EVERY: Any = pytest.param(1, marks=pytest.mark.slow)


@pytest.mark.parametrize("step", [SOME, EVERY])
@pytest.mark.parametrize("viewer", VIEWERS)
@pytest.mark.parametrize("nodes", [texts, related], ids=lambda nodes: nodes.__name__)
def test_found_is_what_is_shown_so(filled: World, viewer: str, nodes: Any, step: int) -> None:
    desk = filled.desk(f"{viewer}-token", "zurmo")
    world = shown(desk)
    records = list(world["activity"].values())
    for node in nodes()[::step]:
        expected = evaluator.find(Query(node), records, world)
        assert [record.id for record in desk.find(Activity, Query(node)).items] == expected, node
        assert desk.count(Activity, node) == len(expected), node


SORTED: tuple[Any, ...] = (
    "title",
    "body",
    "parent_id",
    Compare("title", Op.LIKE, "%needle%"),
    Compare("body", Op.GT, "a"),
    First("parent", "id"),
    First("parent", "title"),
    Has("parent", eq("title", "Merger")),
)


@pytest.mark.parametrize("step", [SOME, EVERY])
@pytest.mark.parametrize("viewer", VIEWERS)
@pytest.mark.parametrize("descending", [False, True])
def test_sorted_is_by_what_is_shown(filled: World, viewer: str, descending: bool, step: int) -> None:
    desk = filled.desk(f"{viewer}-token", "zurmo")
    world = shown(desk)
    records = list(world["activity"].values())
    where = Not(eq("state", "completed"))
    more = ((), (Sort("priority", not descending),), (Sort("id", descending),))
    windows = (Window(), Window(0, 7), Window(5, 7), Window(30, 60))
    for field, others, window in list(product(SORTED, more, windows))[::step]:
        query = Query(where, (Sort(field, descending), *others), window)
        expected = evaluator.find(query, records, world)
        assert [record.id for record in desk.find(Activity, query).items] == expected, query


@pytest.mark.parametrize("viewer", VIEWERS)
@pytest.mark.parametrize("field", ["title", "parent_id"])
def test_what_is_sorted_by_a_text_is_found_as_ever(filled: World, viewer: str, field: str) -> None:
    """Records that are read and such that are masked are then looked up apart."""
    desk = filled.desk(f"{viewer}-token", "zurmo")
    world = shown(desk)
    records = list(world["activity"].values())
    for node in related()[:9]:
        query = Query(node, (Sort(field),))
        expected = evaluator.find(query, records, world)
        assert [record.id for record in desk.find(Activity, query).items] == expected, node


@pytest.mark.parametrize("viewer", VIEWERS)
def test_summed_up_is_what_is_shown(filled: World, viewer: str) -> None:
    desk = filled.desk(f"{viewer}-token", "zurmo")
    world = shown(desk)
    for kind, key in ((Activity, "title"), (Activity, "body"), (Activity, "links.party"), (Opportunity, "party_id")):
        counts: dict[Any, int] = {}
        for record in world[kind.KIND].values():
            value = getattr(record, key, None)
            if key == "links.party":
                targets = [link.target.id for link in record.links if link.target.kind == "party"]
                value = min((id for id in targets if id in world["party"]), default=None)
            elif key == "party_id" and value not in world["party"]:
                value = None
            if value is not None:
                counts[value] = counts.get(value, 0) + 1
        assert desk.aggregate(kind, Aggregate("count", key)) == sorted(counts.items()), (kind, key)
        pairs = desk.aggregate(kind, Aggregate("pairs", "id", key))
        assert [id for id, _ in pairs] == sorted(world[kind.KIND])
    bounded = Aggregate("count", "title", low="m", high="o")
    titles = [record.title for record in world["activity"].values()]
    assert desk.aggregate(Activity, bounded) == [(word, titles.count(word)) for word in ("needle in hay",)]


def test_each_viewer_is_shown_something_else(filled: World) -> None:
    """Else the tests above hold nobody to anything."""
    kinds: tuple[Any, ...] = (Activity, Party, Opportunity)
    for kind in kinds:
        seen = {viewer: shown(filled.desk(f"{viewer}-token"))[kind.KIND] for viewer in VIEWERS}
        counts = {viewer: len(records) for viewer, records in seen.items()}
        whole = counts["bea"]
        # Of five visibilities with three kinds of links each.
        expected = {"bea": 15, "ann": 12, "cy": 7, "dee": 7, "eve": 6}
        cards = len(VIEWERS) if kind is Party else 0
        assert counts == {viewer: (whole - cards) * share // 15 + cards for viewer, share in expected.items()}
        if "title" in KINDS[kind.KIND].by_name:
            masked = {viewer: sum(record.masked for record in records.values()) for viewer, records in seen.items()}
            assert masked == {viewer: whole // 15 * share for viewer, share in
                              {"bea": 0, "ann": 3, "cy": 2, "dee": 2, "eve": 3}.items()}  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=QUERIES)
@pytest.mark.parametrize("viewer", VIEWERS)
def test_any_query_means_what_it_means_over_what_is_shown(filled: World, viewer: str, query: Query) -> None:
    desk = filled.desk(f"{viewer}-token", "zurmo")
    world = shown(desk)
    records = list(world["activity"].values())
    assert [record.id for record in desk.find(Activity, query).items] == evaluator.find(query, records, world)
    assert desk.count(Activity, query.where) == len(evaluator.find(Query(query.where), records, world))
