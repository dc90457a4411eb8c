"""The grammar of ``_fields`` and ``_filters``: what it reads, what it refuses, and that nothing breaks it."""

from __future__ import annotations

import json
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.formats import Malformed, TooDeep, TooLarge
from canonical.errors import CanonicalError, Unsupported
from canonical.model import Activity
from canonical.operations import Create
from canonical.query import Query, size
from dialects.affinitylive.client.filters import write
from dialects.affinitylive.fields.registry import PLANNER, RESOURCES
from dialects.affinitylive.query.build import build, where
from dialects.affinitylive.query.tables import FILTERS
from dialects.affinitylive.wire import grammar
from dialects.affinitylive.wire.grammar import Item
from dialects.affinitylive.wire.parameters import Parameters
from tests.support.world import World


def leaf(*names: str) -> tuple[Item, ...]:
    return tuple(Item(name) for name in names)


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", ()),
        ("a", leaf("a")),
        ("a,b", leaf("a", "b")),
        (" a , b ( c , d ) ", (Item("a"), Item("b", leaf("c", "d")))),
        ("a()", (Item("a", ()),)),
        ("a(b(c(d)))", (Item("a", (Item("b", (Item("c", leaf("d")),)),)),)),
        ("a,,b,", leaf("a", "b")),
        ("search(kurt wagner)", (Item("search", leaf("kurt wagner")),)),
        ("email(é@x.test)", (Item("email", leaf("é@x.test")),)),
        ("_OR(id(1),medium(note))", (Item("_OR", (Item("id", leaf("1")), Item("medium", leaf("note")))),)),
    ],
)
def test_reads(text: str, items: tuple[Item, ...]) -> None:
    assert grammar.parse(text) == items


@pytest.mark.parametrize("text", ["(", ")", "a(", "a)", "a(b))", "(a)", "a(b)c", "a(b)(c)", "a((b))", "a(b)c,d"])
def test_refuses_what_is_unbalanced(text: str) -> None:
    with pytest.raises(Malformed):
        grammar.parse(text)


def test_depth_length_and_number_are_bounded() -> None:
    assert grammar.parse("a(" * 32 + ")" * 32)
    with pytest.raises(TooDeep):
        grammar.parse("a(" * 33 + ")" * 33)
    with pytest.raises(TooLarge):
        grammar.parse("a" * (grammar.MAX_LENGTH + 1))
    with pytest.raises(TooLarge):
        grammar.parse("a," * (grammar.MAX_ITEMS + 2))


def test_json_array_of_fields_nests_by_dots() -> None:
    """["_ALL","issue_status._ALL"] = _ALL,issue_status(_ALL) [noojee]"""
    assert grammar.fields(["_ALL", "issue_status._ALL"]) == grammar.parse("_ALL,issue_status(_ALL)")
    assert grammar.fields(["staff.company.name", "a(b)"]) == grammar.parse("staff(company(name)),a(b)")
    assert grammar.fields('["_ALL","status._ALL"]') == grammar.parse("_ALL,status(_ALL)")
    assert grammar.fields(12) == ()
    assert grammar.fields([1, None, "x"]) == leaf("x")


def test_json_object_of_filters() -> None:
    given_ = {
        "id": [12, 13],
        "date_created_after": ["1498"],
        "against": [{"company": ["1"], "job": [998]}],
        "read": False,
        "_OR": {"medium": "note", "_AND": {"id": 5}},
        "nothing": None,
    }
    text = (
        "id(12,13),date_created_after(1498),against(company(1),job(998)),read(0),"
        "_OR(medium(note),_AND(id(5))),nothing()"
    )
    assert grammar.filters(given_) == grammar.parse(text)
    assert grammar.filters(json.dumps(given_)) == grammar.parse(text)


WORD = st.text(st.characters(blacklist_characters="(),\x00", blacklist_categories=("Cs",)), min_size=1, max_size=8)
NAME = WORD.map(str.strip).filter(lambda name: bool(name) and name[0] not in "{[")
ITEMS = st.recursive(
    st.builds(Item, NAME),
    lambda inner: st.builds(Item, NAME, st.lists(inner, max_size=3).map(tuple)),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(ITEMS, max_size=4).map(tuple))
def test_what_is_written_is_read_back(items: tuple[Item, ...]) -> None:
    assert grammar.parse(grammar.write(items)) == items


@settings(max_examples=300, deadline=None)
@given(st.lists(ITEMS, max_size=4).map(tuple), st.sampled_from(["", " ", "  ", "\t", "\r\n"]))
def test_blanks_around_tokens_do_not_count(items: tuple[Item, ...], blank: str) -> None:
    spaced = re.sub(r"[(),]", lambda mark: f"{blank}{mark[0]}{blank}", grammar.write(items))
    assert grammar.parse(f"{blank}{spaced}{blank}") == items


CORPUS = (
    "id(1,2),id_not(3)",
    "_OR(id(2),_AND(medium(email),read(yes)))",
    "against(company(14),job),owner(staff(17,13),affiliation(22))",
    "interacts(type(to,from,creator,cc,bcc,attendee,attended,did_not_attend))",
    "search(kurt wagner),order_by_asc(date_ended),date_created_before(1400000000)",
    "staff(email),_ALL,status(_ALL),breadcrumbs,against(company(default_affiliation()))",
    '{"id":[12,13],"against":[{"company":["1"],"job":[998]}],"_OR":{"empty":["date_due"],"_AND":{"id":5}}}',
    '["_ALL","issue_status._ALL","a.b.c(d)"]',
    "id_greater_than_or_equal(99999999999999999999)",
)
PIECES = ("(", ")", ",", "()", "),(", "_not", "_OR(", "_AND(", ".", "{", "}", "[", "]", '"', ":", "\\", " ", "\x00",
          "\u0663", "\ud800", "\U0001f600", "1", "9" * 30, "-", "id", "_before", "((((", "))))",
          "\\ud800")  # fmt: skip
BUDGET = 10_000


def mutated(rng: random.Random) -> str:
    """An example with a few cuts, copies, insertions and joints."""
    text = rng.choice(CORPUS)
    for _ in range(rng.randint(1, 6)):
        at, to = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
        before, between, after = text[:at], text[at:to], text[to:]
        changed = (
            before + rng.choice(PIECES) + between + after,
            before + after,
            before + between * rng.randint(2, 40) + after,
            before + rng.choice(CORPUS)[-rng.randint(1, 40) :],
        )
        text = rng.choice(changed)[:4_000]
    return text


@pytest.mark.slow
def test_a_budget_of_broken_examples_finds_nothing() -> None:
    """The same texts on every run: each is read or refused as broken, and what is read comes back when written."""
    rng = random.Random(2)
    read = 0
    for _ in range(BUDGET):
        text = mutated(rng)
        try:
            items = grammar.parse(text)
        except (Malformed, TooLarge):
            items = None
        if items is not None:
            read += 1
            assert grammar.parse(grammar.write(items)) == items
        for how in (grammar.fields, grammar.filters):
            try:
                items = how(text)
                PLANNER.plan("activities", items)
                query = build(FILTERS["activities"], Parameters({"_filters": text}), Query().where, 100)
            except (Malformed, TooLarge):
                continue
            size(query.where)
    # A budget of nothing but refusals, or of nothing but the examples, would say little.
    assert BUDGET // 10 < read < BUDGET * 9 // 10


@settings(max_examples=400, deadline=None)
@given(st.lists(st.deferred(lambda: FILTER), min_size=1, max_size=3).map(tuple), st.booleans())
def test_what_the_client_says_means_what_was_meant(items: tuple[Item, ...], with_interacts: bool) -> None:
    meant = where(FILTERS["activities"], items, with_interacts=with_interacts)
    try:
        said = write(meant, with_interacts=with_interacts)
    except Unsupported:
        return
    assert where(FILTERS["activities"], tuple(said), with_interacts=with_interacts) == meant


VALUES = (
    "1",
    "0",
    "-1",
    "99999999999999999999",
    "1401609600",
    "note",
    "",
    "é",
    "%",
    "_",
    "yes",
    "staff",
    "company",
    "type",
)
NAMES = sorted(
    {
        f"{name}{suffix}"
        for table in FILTERS.values()
        for name in (
            *table.columns,
            *table.moments,
            *table.objects,
            "search",
            "empty",
            "order_by_asc",
            "nonsense",
            "min_id",
        )
        for suffix in (
            "",
            "_not",
            "_not_not",
            "_before",
            "_after",
            "_after_not",
            "_greater_than",
            "_less_than_or_equal",
        )
    }
)
FILTER = st.recursive(
    st.builds(Item, st.sampled_from(NAMES), st.lists(st.builds(Item, st.sampled_from(VALUES)), max_size=3).map(tuple)),
    lambda inner: st.builds(
        Item,
        st.sampled_from(["_OR", "_AND", "against", "owner", "interacts", *NAMES[:40]]),
        st.lists(inner, max_size=3).map(tuple),
    ),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(resource=st.sampled_from(sorted(FILTERS)), items=st.lists(FILTER, max_size=5).map(tuple))
def test_any_filter_makes_a_query_the_core_can_say(fuzzed: World, resource: str, items: tuple[Item, ...]) -> None:
    text = grammar.write(items)
    try:
        query = build(FILTERS[resource], Parameters({"_filters": text}), RESOURCES[resource].where, 100)
    except (Malformed, TooLarge, CanonicalError):
        return
    terms, _ = size(query.where)
    if terms < 400:
        fuzzed.desk().find(RESOURCES[resource].kind, query)


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet="aid_OR(),. {}[]\"'\x00é1", max_size=40) | st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (grammar.fields, grammar.filters):
        try:
            items = read(text)
        except (Malformed, TooLarge):
            continue
        PLANNER.plan("activities", items)
        build(FILTERS["activities"], Parameters({"_filters": text}), Query().where, 100)


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["_OR", "_AND", "id", "against", "x"]), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_any_json_is_read_or_refused(value: object) -> None:
    for read in (grammar.fields, grammar.filters):
        try:
            read(value)
        except (Malformed, TooLarge):
            continue
    try:
        build(FILTERS["activities"], Parameters({"_filters": value}), Query().where, 100)
    except (Malformed, TooLarge):
        return


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("fuzz"))
    world.write(lambda desk: desk.create(Create(Activity, {"title": "one", "type": "note"})))
    return world
