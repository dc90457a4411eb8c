"""Capsule's parameters as queries (capsule dossier, section 5), and the order in which lists are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.routes import RouteNotFound
from adapter.wire import WireRequest
from canonical.model import Activity, Party, PicklistItem, Viewer
from canonical.query import Query, Window
from canonical.values import instant
from dialects.capsule import query
from dialects.capsule.errors import BadRequest
from dialects.capsule.fields.opportunity import Milestones
from dialects.capsule.wire import texts
from tests.dialects.capsule_client import quick_world


def given(text: str) -> query.Parameters:
    return query.parameters(WireRequest("GET", "/api/party", text))


def test_parameters() -> None:
    assert given("") == {}
    assert given("q=a+b&q=c&start=&x=%C3%A9&tag=%20") == {"q": "a b", "x": "é"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Window(0, 100)),
        ("limit=5", Window(0, 5)),
        ("start=3", Window(3, 100)),
        ("limit=0&start=0", Window(0, 100)),
        ("limit=-1&start=-1", Window(0, 100)),
        ("limit=+5", Window(0, 5)),
        ("limit=2147483647", Window(0, 100)),
        ("start=2147483647", Window(2147483647, 100)),
    ],
)
def test_window(text: str, expected: Window) -> None:
    assert query.window(given(text), 100) == expected


@pytest.mark.parametrize(
    "text", ["limit=x", "limit=2147483648", "start=1e3", "start=--1", "limit=%D9%A3", "limit=1 2"]
)
def test_window_that_is_none(text: str) -> None:
    with pytest.raises(RouteNotFound):
        query.window(given(text), 100)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("20140603T093045", instant(2014, 6, 3, 9, 30, 45)), ("20140603T093045Z", instant(2014, 6, 3, 9, 30, 45))],
)
def test_since(text: str, expected: int) -> None:
    assert query.since({"since": text}) == expected
    assert texts.show_compact_time(expected) == "20140603T093045"


@pytest.mark.parametrize("text", ["2014-06-31T09:30:45Z", "201406", "20140631T000000", "00000101T000000", ""])
def test_since_that_is_none(text: str) -> None:
    with pytest.raises(BadRequest, match="since is"):
        query.since({"since": text} if text else {})


@pytest.mark.parametrize(
    ("text", "expected"), [("embed=tags", True), ("embed=x,tags", True), ("embed=x", False), ("embed=", False)]
)
def test_embed(text: str, expected: bool) -> None:
    assert query.embeds_tags(given(text)) is expected


def test_milestones_without_any() -> None:
    with pytest.raises(BadRequest, match="milestone is unknown"):
        query.opportunities({"milestone": "New"}, 10, Milestones([PicklistItem("stage", "Won")]))


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        (Activity, query.tasks({"limit": "50"}, 1000)),
        (Party, query.parties({"limit": "50"}, 1000)),
    ],
)
@pytest.mark.parametrize("admin", [False, True])
def test_lists_are_read_in_the_order_of_an_index(
    tmp_path: Path, kind: type[Activity] | type[Party], wanted: Query, admin: bool
) -> None:
    """Sorting all there is made a page of 50 out of 100,000 cost 15 ms instead of 1."""
    with quick_world(tmp_path) as world:
        sql, values = world.store.statements.find(kind, wanted, Viewer(1, admin=admin))
        parameters = {f"p{index}": value for index, value in enumerate(values)}
        parameters |= {"tenant_id": 1, "me": 1, "card": 1, "limit": 50, "offset": 0}
        inner = sql[sql.index("(SELECT") + 1 : sql.rindex(") AS k")]
        rows = world.store.backend.reader().execute(f"EXPLAIN QUERY PLAN {inner}", parameters)
        plan = [row[3] for row in rows]
    assert plan[0].startswith("SEARCH r USING COVERING INDEX")
    assert not [step for step in plan if "ORDER BY" in step]
