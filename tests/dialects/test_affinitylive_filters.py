"""Every filter, order and comparison of the seed's table; paging and search (affinitylive dossier, section 5)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canonical.model import Activity
from canonical.operations import Create, Delete, NewLink
from canonical.values import SECOND, Ref
from tests.dialects.affinitylive_client import Client, status
from tests.support.world import NOON, World

T = NOON // SECOND


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("filters")
    with World(folder) as world:
        world.add_user("bob", first_name="Bob", last_name="Ray")
        ann, bob = Client(world), Client(world, "bob-token")
        company = ann.post("/companies", name="Acme")["id"]
        issue = ann.make("/issues", title="Broken")["id"]
        task = ann.make("/tasks", title="Ring")["id"]
        assert (company, issue, task) == ("3", "1", "1")

        def make(at: int, client: Client = ann, **form: Any) -> None:
            world.now = NOON + at * SECOND
            made = client.json("POST", "/activities", {"visibility": "all", **form})
            assert made["id"] == str(at), made

        make(2, subject="a", medium="note", date_started=T + 100, date_ended=T + 500, priority_id=1, class_id=2)
        make(3, subject="b", medium="email", against_type="company", against_id=3, message_id="<m@1>", read="yes")
        make(4, subject="c", medium="call", against_type="issue", against_id=1, billable=60, nonbillable=30)
        make(5, bob, subject="d", medium="meeting", parent_id=2, task_id=1, date_due=T + 900)
        make(6, bob, subject="e", medium="event_log", against_type="job", against_id=998, rate_id=11)
        make(7, subject="f", medium="sms", visibility="confidential", against_type="job", against_id=12, class_id=3)
        world.now = NOON + 50 * SECOND
        ann.put("/activities/3", class_id=2)
        yield world


ALL = [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        # lists, and their negation
        ("id(3,4)", [3, 4]),
        ("id_not(3,4)", [2, 5, 6, 7]),
        ("parent_id(2)", [5]),
        ("parent_id(0)", [2, 3, 4, 6, 7]),
        ("parent_id_not(2)", [2, 3, 4, 6, 7]),
        ("parent_id_not(0)", [5]),
        ("thread_id(2)", [2, 5]),
        ("thread_id_not(2)", [3, 4, 6, 7]),
        ("staff_id(1)", [2, 3, 4, 7]),
        ("staff_id_not(1)", [5, 6]),
        ("staff_id(0)", [6]),
        ("priority_id(1)", [2]),
        ("priority_id_not(1)", [3, 4, 5, 6, 7]),
        ("priority_id(0)", [3, 4, 5, 6, 7]),
        ("class_id(2)", [2, 3]),
        ("class_id(1)", [4, 5, 6]),
        ("class_id_not(1)", [2, 3, 7]),
        ("task_id(1)", [5]),
        ("task_id_not(1)", [2, 3, 4, 6, 7]),
        ("message_id(<m@1>)", [3]),
        ("message_id_not(<m@1>)", [2, 4, 5, 6, 7]),
        ("owner_id(1)", [2, 3, 4, 7]),
        ("owner_id_not(1)", [5, 6]),
        ("owner_type(staff)", ALL),
        ("owner_type(affiliation)", []),
        ("owner_type_not(affiliation)", ALL),
        ("visibility(confidential)", [7]),
        ("visibility_not(confidential)", [2, 3, 4, 5, 6]),
        ("visibility(all,confidential)", ALL),
        ("medium(note,call)", [2, 4]),
        ("medium_not(note,call)", [3, 5, 6, 7]),
        ("medium(telepathy)", []),
        ("type(email)", [3]),
        ("type(creator)", [2, 4, 5, 6, 7]),
        ("read(yes)", [3]),
        ("read(1)", [3]),
        ("read(y)", [3]),
        ("read(no)", [2, 4, 5, 6, 7]),
        ("read(0)", [2, 4, 5, 6, 7]),
        ("read(n)", [2, 4, 5, 6, 7]),
        ("read_not(yes)", [2, 4, 5, 6, 7]),
        ("invitation(no)", ALL),
        ("against_type(company)", [3]),
        ("against_type(company,job)", [3, 6, 7]),
        ("against_type_not(company,job)", [2, 4, 5]),
        ("against_type(staff)", [2, 5]),
        ("against_id(998,12)", [6, 7]),
        ("against_id(1)", [2, 4]),
        ("against_type(issue),against_id(1)", [4]),
        ("against_type(job),against_id(998)", [6]),
        ("against_id_not(998)", [2, 3, 4, 5, 7]),
        ("against(company)", [3]),
        ("against(company(3),job)", [3, 6, 7]),
        ("against(company(4),job(12))", [7]),
        ("against(companies(3))", [3]),
        ("owner(staff(1))", [2, 3, 4, 7]),
        ("owner(staff)", ALL),
        ("owner_not(staff(1))", [5, 6]),
        ("owner(1)", [2, 3, 4, 7]),
        # dates, strict
        (f"date_created_before({T + 4})", [2, 3]),
        (f"date_created_after({T + 4})", [5, 6, 7]),
        (f"date_created({T + 4})", [4]),
        (f"date_started_before({T + 101})", [2]),
        (f"date_started_before({T + 100})", []),
        (f"date_started_after({T + 99})", [2]),
        (f"date_started_after({T + 100})", []),
        ("date_started_before(0)", [3, 4, 5, 6, 7]),
        ("date_started_after(0)", [2]),
        (f"date_logged_before({T + 5})", [3, 4]),
        (f"date_logged_after({T + 6})", [2, 7]),
        ("date_logged_before(0)", []),
        (f"date_ended_before({T + 501})", [2]),
        (f"date_ended_after({T + 499})", [2]),
        (f"date_modified_after({T + 49})", [3]),
        (f"date_modified_before({T + 49})", [2, 4, 5, 6, 7]),
        (f"date_due_after({T})", [5]),
        ("empty(date_due)", [2, 3, 4, 6, 7]),
        ("empty(message_id)", [2, 4, 5, 6, 7]),
        ("empty_not(date_due)", [5]),
        # bounds and ranges
        ("min_id(6)", [6, 7]),
        ("max_id(3)", [2, 3]),
        ("id_greater_than(5)", [6, 7]),
        ("id_greater_than_or_equal(5)", [5, 6, 7]),
        ("id_less_than(4)", [2, 3]),
        ("id_less_than_or_equal(4)", [2, 3, 4]),
        ("thread_greater_than(3)", [4, 6, 7]),
        ("thread_less_than(3)", [2, 5]),
        ("against_id_greater_than(12)", [6]),
        ("against_id_less_than_or_equal(12)", [2, 3, 4, 5, 7]),
        ("owner_greater_than(1)", [5, 6]),
        ("staff_greater_than(0)", [2, 3, 4, 5, 7]),
        ("staff_greater_than(1)", [5]),
        ("staff_less_than(1)", [6]),
        ("priority_greater_than(0)", [2]),
        ("priority_less_than(1)", [3, 4, 5, 6, 7]),
        ("class_greater_than(1)", [2, 3, 7]),
        ("class_less_than_or_equal(2)", [2, 3, 4, 5, 6]),
        ("task_greater_than(0)", [5]),
        ("task_less_than(1)", [2, 3, 4, 6, 7]),
        ("billable_greater_than(0)", [4]),
        ("rate_greater_than(9)", [6]),
        # and, or
        ("medium(note),id(3)", []),
        ("_OR(medium(note),id(3))", [2, 3]),
        ("_OR(id(2),_AND(medium(email),read(yes)))", [2, 3]),
        ("_AND(medium(email),read(yes)),id(3)", [3]),
        ("_OR(_AND(id(2,3),_OR(medium(note),medium_not(note,email))),id(7))", [2, 7]),
        # the last of the same counts
        ("id(2),id(3)", [3]),
        ("_OR(id(2),id(3))", [3]),
        # unknown filters, words and fields are ignored
        ("subject(x)", ALL),
        ("type(time)", ALL),
        ("staffless_than(3)", ALL),
        ("_OR(nonsense(1))", ALL),
        ("undefined", ALL),
        ("id()", ALL),
        ("search(nothing here)", ALL),
        ("", ALL),
        # what is no number matches nothing
        ("id(two)", []),
        ("id_greater_than(two)", []),
        ("date_created_after(soon)", []),
        ("id(99999999999999999999)", []),
        ("id(\u0663)", []),
        ("id_not(two)", ALL),
        # a number past all there is is past it
        ("id_less_than(99999999999999999999)", ALL),
        ("id_greater_than(-99999999999999999999)", ALL),
        ("max_id(99999999999999999999),min_id(-99999999999999999999)", ALL),
        ("min_id(99999999999999999999)", []),
        ("thread_less_than(99999999999999999999)", ALL),
        ("task_greater_than(99999999999999999999)", []),
        ("date_created_before(99999999999999999999)", ALL),
        ("date_created_after(99999999999999999999)", []),
        ("date_logged_after(-99999999999999999999)", ALL),
        ("id_less_than(9999999999999999999x)", []),
        # each value once
        (f"medium({','.join(['note', 'Note', 'NOTE'] * 1300)})", [2]),
        (f"against_type({','.join(['company', 'companies', 'Company'] * 1300)})", [3]),
        (f"read({','.join(['yes'] * 3900)})", [3]),
        (f"date_created_after({','.join([str(T + 5)] * 3900)})", [6, 7]),
        # one suffix
        ("id_not_not(2)", ALL),
        ("medium_not_not_not(note)", ALL),
        # time that is none; a class that is always there
        ("time_allocation(0)", [2, 3, 5, 6, 7]),
        ("time_allocation(4)", [4]),
        ("time_allocation(2)", []),
        ("time_allocation_not(0)", [4]),
        ("empty(time_allocation)", [2, 3, 5, 6, 7]),
        ("empty(class)", []),
        ("empty(task)", [2, 3, 4, 6, 7]),
        # only with interacts
        ("interacts(type(from))", ALL),
        # order
        ("order_by_desc(id)", [7, 6, 5, 4, 3, 2]),
        ("order_by_asc(id)", ALL),
        ("order_by_desc(date_created)", [7, 6, 5, 4, 3, 2]),
        ("order_by_desc(date_modified)", [3, 7, 6, 5, 4, 2]),
        ("order_by_desc(date_logged)", [2, 7, 6, 5, 4, 3]),
        ("order_by_asc(date_logged)", [3, 4, 5, 6, 7, 2]),
        ("order_by_desc(date_started)", [2, 3, 4, 5, 6, 7]),
        ("order_by_asc(date_ended)", [3, 4, 5, 6, 7, 2]),
        ("order_by_desc(billable)", [4, 2, 3, 5, 6, 7]),
        ("order_by_desc(nonbillable)", [4, 2, 3, 5, 6, 7]),
        ("order_by_asc(nonsense)", ALL),
        ("order_by_desc(billable,id)", [4, 7, 6, 5, 3, 2]),
    ],
)  # fmt: skip
def test_filter(world: World, filters: str, ids: list[int]) -> None:
    client = Client(world)
    assert client.ids("/activities", filters) == ids
    if not filters.startswith("order"):
        assert client.get("/activities/count", _filters=filters) == {"count": str(len(ids))}


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({"id": [3, 4]}, [3, 4]),
        ({"id": "3"}, [3]),
        ({"id": 3, "order_by_desc": ["id"]}, [3]),
        ({"order_by_desc": ["id"], "order_by_asc": []}, [7, 6, 5, 4, 3, 2]),
        ({"against": [{"company": ["3"], "job": [998]}]}, [3, 6]),
        ({"against": [{"company": []}]}, [3]),
        ({"_OR": {"date_created_after": [T + 6], "date_created": [T + 6]}}, [6, 7]),
        ({"staff_greater_than": [0]}, [2, 3, 4, 5, 7]),
        ({"staffless_than": [3]}, ALL),
        ({"_AND": {"_AND": {"id": [2]}, "medium": "note"}}, [2]),
        ({"_OR": {"_OR": {"id": [2], "medium": "email"}, "visibility": ["confidential"]}}, [2, 3, 7]),
        ({"_OR": {"date_started_before": ["0"], "empty": ["date_started"]}}, [3, 4, 5, 6, 7]),
        ({"read": True}, [3]),
        ({}, ALL),
    ],
)  # fmt: skip
def test_json_filters(world: World, filters: dict[str, Any], ids: list[int]) -> None:
    assert Client(world).ids("/activities", filters) == ids


def test_against_several_things(world: World) -> None:
    """A thing linked to two is found under both; type and id must be of the same one."""
    links = (NewLink(Ref("case", 1)), NewLink(Ref("party", 3)))
    made = world.write(lambda desk: desk.create(Create(Activity, {"type": "note", "title": "two"}, links=links)))
    client = Client(world)
    for filters in ("against_type(company)", "against_type(issue),against_id(1)", "against(company(3))"):
        assert made.id in client.ids("/activities", filters)
    assert made.id not in client.ids("/activities", "against_type(issue),against_id(3)")
    world.write(lambda desk: desk.delete(Delete(Activity, made.id)))


# -- paging -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def paged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("paged")) as world:

        def work(desk: Any) -> None:
            for at in range(120):
                desk.create(Create(Activity, {"type": "note", "title": str(at)}))

        world.write(work)
        yield world


@pytest.mark.parametrize(
    ("query", "first", "count"),
    [
        ("", 1, 10),
        ("_limit=3", 1, 3),
        ("_limit=100", 1, 100),
        ("_limit=1000", 1, 100),
        ("_limit=0", 1, 10),
        ("_limit=-5", 1, 10),
        ("_limit=abc", 1, 10),
        ("_limit=%D9%A3", 1, 10),
        ("_page=0", 1, 10),
        ("_page=1", 11, 10),
        ("_page=2&_limit=50", 101, 20),
        ("_page=abc&_limit=5", 1, 5),
        ("_offset=10", 11, 10),
        ("_offset=10&_page=0", 1, 10),
        ("_offset=-1", 1, 10),
        ("_page=12", None, 0),
        ("_page=999999999999999999&_limit=100", None, 0),
        ("_offset=999999999999999999", None, 0),
        ("_page=99999999999999999999999999", None, 0),
        ("_offset=99999999999999999999999999", None, 0),
        ("_limit=99999999999999999999999999", 1, 100),
    ],
)
def test_paging(paged: World, query: str, first: int | None, count: int) -> None:
    rows = json.loads(Client(paged).send("GET", f"/api/v0/activities?{query}").body)["response"]
    assert len(rows) == count
    assert (int(rows[0]["id"]) if rows else None) == first


def test_the_cap_is_a_setting(paged: World) -> None:
    client = Client(paged)
    paged.set("affinitylive.profile", "seed")
    assert len(client.get("/activities", _limit=100)) == 50
    paged.set("affinitylive.profile", "live")
    paged.set("affinitylive.page_cap", "7")
    assert len(client.get("/activities", _limit=100)) == 7
    assert len(client.get("/activities")) == 7
    paged.set("affinitylive.page_cap", "100")


# -- search -------------------------------------------------------------------------------------------


def test_search(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        client = Client(world)
        acme = client.post("/companies", name="Acme Ähre", website="http://acme.test", phone="555 1")["id"]
        other = client.post("/companies", name="Other", fax="555 2")["id"]
        kurt = client.post("/contacts", firstname="Kurt", surname="Wagner", email="kw@acme.test", mobile="777")["id"]
        client.post("/contacts", firstname="Kurt", surname="Weill")
        client.make("/tasks", title="Ring Kurt", description="about the flat")
        assert client.get("/companies", _search="ACME")[0]["id"] == acme
        assert client.get("/companies", _search="ahre+acme")[0]["id"] == acme
        assert [row["id"] for row in client.get("/companies", _search="555")] == [acme, other]
        assert client.get("/companies", _search="acme 555 nothing") == []
        assert [row["id"] for row in client.get("/contacts", _filters="search(kurt wagner)")] == [kurt]
        assert [row["id"] for row in client.get("/contacts", _search="777")] == [kurt]
        # Who has no company has no affiliation.
        assert client.get("/affiliations", _search="kw@acme") == []
        made = client.post("/affiliations", company_id=acme, contact_id=kurt)["id"]
        assert [row["id"] for row in client.get("/affiliations", _search="kw@acme")] == [made]
        assert len(client.get("/contacts", _filters="_OR(search(wagner),search(weill))")) == 2
        assert len(client.get("/tasks", _search="flat")) == 1
        assert client.get("/tasks", _search="100%") == []
        assert client.get("/tasks/count", _search="kurt") == {"count": "1"}
        # Activities have no search: silently ignored [selerity].
        client.post("/activities", subject="x")
        assert len(client.get("/activities", _search="nothing at all")) == 1
        many = client.send("GET", "/api/v0/contacts?_search=" + "+".join("abcdefghijklmnopqrstuvwxyz"))
        assert status(many) == (400, "invalid_request")
