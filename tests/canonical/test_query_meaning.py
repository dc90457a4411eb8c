"""The compiled SQL finds what the plain evaluator finds, on random trees over random rows, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canonical.errors import Unsupported
from canonical.model import Activity, ContactPoint, CustomValue, Party, User
from canonical.operations import Create, NewLink, Update
from canonical.query import (
    After,
    And,
    Compare,
    Constant,
    First,
    Has,
    Node,
    Not,
    Op,
    Or,
    Query,
    Sort,
    Window,
    all_of,
    contains,
    eq,
)
from canonical.values import Ref
from tests.canonical import evaluator
from tests.support.world import World, over_postgres

WORDS = [
    "Fi",
    "first",
    "FIRST Task",
    "Café",
    "cafe",
    "Žel%ezo",
    "100%",
    "a_b",
    "a\\b",
    "ß",
    "straße",
    "",
    "x" * 40,
    "日本語テキスト",
    "Ørsted",
    'say "hi"',
    "it's",
    "needle in hay",
]
TEXT = st.sampled_from(WORDS) | st.text(alphabet="aAéÉbßzŽ %_\\\"'日", max_size=6)
PATTERN = st.builds(
    "".join,
    st.lists(
        st.sampled_from(["%", "_", "\\%", "\\_", "\\\\", "fi", "a", "caf", "žel", "needle", "日", "ß", " ", '"']),
        max_size=5,
    ),
)
NUMBER = st.integers(-3, 12)
PRINTED = ("priority", "due_at", "owner_id", "id", "due_date_only", "target_id", "rank.zurmo.status")
PRINTED_PATTERN = st.builds(
    "".join, st.lists(st.sampled_from(["%", "_", "1", "2", "-", "20", "2014-", ":", " ", "0", "a"]), max_size=4)
)
INSTANT = st.sampled_from([0, 1_400_000_000_000_000, 1_500_000_000_000_000])


def related(fields: dict[str, Any]) -> st.SearchStrategy[Node]:
    compared = st.sampled_from(sorted(fields)).flatmap(lambda name: comparison(name, fields[name]))
    if fields is LINK_FIELDS:
        # A link's target of a kind.
        compared |= st.builds(Has, st.just("party"), comparison("name", TEXT))
        compared |= st.builds(Has, st.just("user"), comparison("username", TEXT))
    return st.recursive(
        compared,
        lambda inner: (
            st.lists(inner, max_size=2).map(lambda nodes: And(tuple(nodes)))
            | st.lists(inner, max_size=2).map(lambda nodes: Or(tuple(nodes)))
            | inner.map(Not)
        ),
        max_leaves=3,
    )


def comparison(name: str, values: Any) -> st.SearchStrategy[Node]:
    ordered = st.sampled_from([Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE])
    plain = st.builds(Compare, st.just(name), ordered, values | st.none())
    listed = st.builds(Compare, st.just(name), st.just(Op.IN), st.lists(values | st.none(), max_size=4).map(tuple))
    empty = st.builds(Compare, st.just(name), st.sampled_from([Op.NULL, Op.NOT_NULL]))
    if values is TEXT or name in PRINTED:
        patterns = PATTERN if values is TEXT else PRINTED_PATTERN
        return plain | listed | empty | st.builds(Compare, st.just(name), st.just(Op.LIKE), patterns)
    return plain | listed | empty


FIELDS: dict[str, Any] = {
    "title": TEXT,
    "body": TEXT,
    "category": TEXT,
    "type": st.sampled_from(["task", "note", "call"]),
    "state": st.sampled_from(["open", "completed", "nonsense"]),
    "priority": NUMBER,
    "due_at": INSTANT,
    "owner_id": st.integers(0, 3),
    "id": NUMBER,
    "due_date_only": st.sampled_from([0, 1]),
    "extras.zurmo.word": TEXT,
    "extras.capsule.word": TEXT,
    "extras.zurmo.more.word": TEXT,
    "rank.zurmo.status": NUMBER,
}
LINK_FIELDS = {"target_kind": st.sampled_from(["party", "user"]), "target_id": st.integers(0, 5), "role": TEXT}


def trees() -> st.SearchStrategy[Node]:
    leaf = st.one_of(
        st.sampled_from(sorted(FIELDS)).flatmap(lambda name: comparison(name, FIELDS[name])),
        st.builds(Constant, st.booleans()),
        st.builds(Has, st.just("links"), related(LINK_FIELDS)),
        st.builds(Has, st.just("tags"), related({"name": TEXT})),
        st.builds(Has, st.just("custom"), related({"name": TEXT, "value": TEXT})),
        st.builds(Has, st.just("owner"), comparison("username", TEXT)),
        st.builds(Has, st.just("parent"), comparison("title", TEXT)),
        st.builds(
            Compare,
            st.sampled_from(["due_at", "updated_at"]),
            st.sampled_from([Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE]),
            st.builds(After, st.sampled_from(["due_at", "created_at"]), st.integers(-3, 3)),
        ),
    )
    return st.recursive(
        leaf,
        lambda inner: (
            st.lists(inner, max_size=3).map(lambda nodes: And(tuple(nodes)))
            | st.lists(inner, max_size=3).map(lambda nodes: Or(tuple(nodes)))
            | inner.map(Not)
        ),
        max_leaves=8,
    )


CHOICES = st.lists(comparison("name", TEXT), min_size=1, max_size=2).map(tuple)
KEYS = (
    st.builds(First, st.just("custom"), st.just("value"), CHOICES)
    | st.builds(First, st.sampled_from(["owner", "parent"]), st.sampled_from(["id", "created_at"]))
    | st.sampled_from(sorted(FIELDS)).flatmap(lambda name: comparison(name, FIELDS[name]))
)
SORTS = st.lists(
    st.builds(
        Sort,
        st.sampled_from(["title", "body", "due_at", "priority", "state", "id", "rank.zurmo.status"]),
        st.booleans(),
    )
    | st.builds(Sort, KEYS, st.booleans())
    | st.builds(Sort, st.just("due_at"), st.booleans(), st.just("created_at")),
    max_size=2,
    unique_by=lambda sort: sort.field,
).map(tuple)
WINDOWS = st.builds(Window, st.integers(0, 6), st.none() | st.integers(1, 5))
QUERIES = st.builds(Query, trees(), SORTS, WINDOWS)
ROW = st.fixed_dictionaries(
    {
        "title": TEXT,
        "type": st.sampled_from(["task", "note", "call"]),
        "state": st.sampled_from(["open", "completed"]),
        "body": st.none() | TEXT,
        "category": st.none() | TEXT,
        "priority": st.none() | NUMBER,
        "due_at": st.none() | INSTANT,
        "due_date_only": st.booleans(),
    }
)


def populate(world: World) -> None:
    """Twelve activities with texts, links, tags and custom values out of the pool, the same every time."""
    bea = world.add_user("Béa", token="bea-token-1")

    def work(desk: Any) -> None:
        for name in ("Zoë Lund", "Fjord AS"):
            desk.create(Create(Party, {"type": "organisation", "name": name}))
        for at, word in enumerate(WORDS):
            links = [NewLink(Ref("party", 1 + at % 3), WORDS[at % 5])] if at % 2 else []
            if at % 3 == 0:
                links.append(NewLink(Ref("user", 1), "attendee"))
            desk.create(
                Create(
                    Activity,
                    {
                        "title": word,
                        "body": None if at % 4 == 0 else WORDS[-at],
                        "type": ("task", "note", "call")[at % 3],
                        "state": "completed" if at % 5 == 0 else "open",
                        "category": None if at % 2 else WORDS[(at * 7) % len(WORDS)],
                        "priority": None if at % 3 else at,
                        "due_at": None if at % 2 else (0, 1_400_000_000_000_000)[at % 4 == 0],
                        "owner_id": 1 + at % 2 * (bea.user_id - 1),
                        "parent_id": None if at < 4 else at - 3,
                    },
                    links=tuple(links),
                    tags=tuple({WORDS[at % 7]: 1, "vip": 1}) if at % 4 == 1 and WORDS[at % 7] else (),
                    custom=(CustomValue(WORDS[at % 4], WORDS[at % 9]),) if at % 3 == 1 else (),
                    extras={
                        name: {
                            "word": WORDS[at % 6],
                            "more": {"word": WORDS[at % 5]},
                            "status": f"{'open' if at % 3 else 'completed'}:{at % 7 - 1}:",
                        }
                        for name, every in (("zurmo", 2), ("capsule", 3))
                        if at % every == 1
                    },
                )
            )

    world.write(work)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: Any, tmp_path_factory: Any) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("world")
    with over_postgres(folder) if request.param == "postgresql" else World(folder) as world:
        populate(world)
        yield world


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=QUERIES)
def test_sql_means_what_the_evaluator_means(filled: World, query: Query) -> None:
    desk = filled.desk()
    include = ("links", "tags", "custom")
    records = desk.find(Activity, Query(), include).items
    world = {
        "user": {user.id: user for user in desk.find(User, Query()).items},
        "activity": {record.id: record for record in records},
        "party": {party.id: party for party in desk.find(Party, Query()).items},
    }
    expected = evaluator.find(query, records, world)
    assert [record.id for record in desk.find(Activity, query).items] == expected
    unlimited = evaluator.find(Query(query.where), records, world)
    assert desk.count(Activity, query.where) == len(unlimited)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=ROW, query=QUERIES)
def test_random_rows_are_found_as_the_evaluator_finds_them(filled: World, row: dict[str, Any], query: Query) -> None:
    created = filled.write(lambda desk: desk.create(Create(Activity, row)))
    desk = filled.desk()
    world: dict[str, Any] = {
        "user": {user.id: user for user in desk.find(User, Query()).items},
        "party": {party.id: party for party in desk.find(Party, Query()).items},
        "activity": {},
    }
    record = desk.get(Activity, created.id, ("links", "tags", "custom"))
    expected = evaluator.matches(query.where, record, world) is True
    found = desk.find(Activity, Query(all_of(query.where, eq("id", record.id)))).items
    assert bool(found) == expected


@pytest.mark.parametrize("text", ["petric", "PETRIČ", "Petrič", "etri"])
def test_letter_case_and_accents_do_not_count(filled: World, text: str) -> None:
    made = filled.write(lambda desk: desk.create(Create(Activity, {"title": "Ana Petrič"})))
    assert made.id in [record.id for record in filled.desk().find(Activity, Query(contains("title", text))).items]


def test_contact_points_are_searched_by_their_own_fields(filled: World) -> None:
    point = ContactPoint("email", "Zoë@X.test", "work")
    made = filled.write(lambda desk: desk.create(Create(Party, {"first_name": "Zoë"}, points=(point,))))
    both = And((eq("kind", "email"), eq("value", "zoe@x.TEST")))
    assert [party.id for party in filled.desk().find(Party, Query(Has("points", both))).items] == [made.id]
    wrong = And((eq("kind", "phone"), eq("value", "zoe@x.TEST")))
    assert filled.desk().count(Party, Has("points", wrong)) == 0


def test_phones_are_searched_by_their_last_digits(filled: World) -> None:
    points = (ContactPoint("phone", "+44 (0)20 7123 4567"), ContactPoint("email", "20@7123.4567"))
    made = filled.write(lambda desk: desk.create(Create(Party, {"first_name": "Zoë"}, points=points), ("points",)))
    assert [point.digits_back for point in made.points] == ["7654321702044", None]

    def found(digits: str) -> int:
        return filled.desk().count(Party, Has("points", Compare("digits_back", Op.LIKE, f"{digits}%")))

    assert [found(digits) for digits in ("7654", "7654321702044", "8654", "76543217020440")] == [1, 1, 0, 0]
    change = Update(Party, made.id, points=(replace(made.points[0], value="1" * 60),))
    filled.write(lambda desk: desk.update(change))
    assert [found(digits) for digits in ("7654", "1" * 40, "1" * 41)] == [0, 1, 0]


@pytest.mark.parametrize(
    "node",
    [
        eq("no_such_field", 1),
        eq("extras.a.b; DROP TABLE activity", "x"),
        eq("extras.zurmo.", "x"),
        Has("nothing", Constant(True)),
        Has("points", Constant(True)),
        Has("links", eq("password", "x")),
        Compare("title", Op.IN, "text"),
        Compare("priority", Op.LIKE, "1" * 10_001),
        eq("extras.zurmo.a.b.c", "x"),
        eq("rank.zurmo", 1),
        eq("rank.zurmo.a'b", 1),
        Compare("due_at", Op.GT, After("title")),
        Compare("title", Op.GT, After("due_at")),
        Compare("due_at", Op.IN, After("created_at")),
        Compare("priority", Op.EQ, "one"),
        Or(tuple(eq("title", str(n)) for n in range(501))),
        Compare("title", Op.LIKE, "%" + "a" * 60_000),
        Compare("title", Op.LIKE, "%" + "a_" * 30_000 + "%"),
    ],
)
def test_what_the_core_cannot_say_is_refused(filled: World, node: Node) -> None:
    with pytest.raises(Unsupported):
        filled.desk().find(Activity, Query(node))


def test_a_tree_too_deep_is_refused(filled: World) -> None:
    node: Node = eq("title", "x")
    for _ in range(40):
        node = Not(node)
    with pytest.raises(Unsupported):
        filled.desk().find(Activity, Query(node))


@pytest.mark.parametrize(
    "key",
    [
        First("nothing", "id"),
        First("points", "value", (Constant(True),)),
        First("custom", "value"),
        First("custom", "password", (Constant(True),)),
        First("tags", "name", (Constant(True),)),
        First("owner", "password_hash"),
    ],
)
def test_what_nothing_sorts_by_is_refused(filled: World, key: First) -> None:
    with pytest.raises(Unsupported):
        filled.desk().find(Activity, Query(sort=(Sort(key),)))


def test_parties_sort_by_what_hangs_on_them(filled: World) -> None:
    work, home = eq("label", "work"), eq("label", "home")
    wanted: dict[str, tuple[ContactPoint, ...]] = {
        "none": (),
        "home": (ContactPoint("phone", "1", "home"),),
        "both": (ContactPoint("phone", "0", "home"), ContactPoint("phone", "3", "work")),
        "work": (ContactPoint("phone", "2", "work", extras={"zurmo": {"optOut": "1"}}),),
    }
    for name, points in wanted.items():
        values = {"name": name, "type": "organisation", "category": "sorted"}
        filled.write(lambda desk, v=values, p=points: desk.create(Create(Party, v, points=p)))
    here = eq("category", "sorted")
    for window in (Window(), Window(0, 9)):
        query = Query(here, (Sort(First("points", "value", (work, home)), descending=True),), window)
        assert [party.name for party in filled.desk().find(Party, query).items] == ["both", "work", "home", "none"]
    out = Has("points", all_of(eq("kind", "phone"), eq("extras.zurmo.optOut", "1")))
    assert [party.name for party in filled.desk().find(Party, Query(out)).items] == ["work"]


@pytest.mark.parametrize("amount", [0, 1, -500_000, 1_500_500_000, -1_234_000_001, 10_000_000])
def test_amounts_are_searched_as_they_are_printed(filled: World, amount: int) -> None:
    values = {"type": "organisation", "name": "rich", "annual_revenue": amount}
    made = filled.write(lambda desk: desk.create(Create(Party, values)))
    found = filled.desk().find(Party, Query(Compare("annual_revenue", Op.LIKE, evaluator.printed(amount, "money"))))
    assert made.id in [party.id for party in found.items]


def test_nobody_sorts_by_the_name_of_what_he_may_not_see(filled: World) -> None:
    """Sorted by it, a record with a hidden account stands where one without an account stands."""

    def people(desk: Any) -> list[int]:
        hidden = desk.create(Create(Party, {"type": "organisation", "name": "Aaa", "visibility": "owner"}))
        values = [{"last_name": "x", "organisation_id": hidden.id}, {"last_name": "y"}]
        return [desk.create(Create(Party, {**v, "department": "hiding"})).id for v in values]

    first, second = filled.write(people)
    query = Query(eq("department", "hiding"), (Sort(First("organisation", "name"), descending=True),))
    assert [party.id for party in filled.desk().find(Party, query).items] == [first, second]
    other = Query(eq("department", "hiding"), (Sort(First("organisation", "name")), Sort("last_name", True)))
    assert [party.id for party in filled.desk("bea-token-1").find(Party, other).items] == [second, first]
