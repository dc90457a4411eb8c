"""The three search languages, sorts and pages (dossier, section 5)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canonical.query import FALSE, TRUE, And, Not, Or, eq
from canonical.values import instant
from dialects.zurmo.errors import Failure
from dialects.zurmo.fields.comparison import Comparison, like, number
from dialects.zurmo.query.structure import negated, parse
from tests.dialects.zurmo_client import Zurmo, seed_fixture, v3_fixture

zurmo = seed_fixture()
v3 = v3_fixture()

SYNTAX = "SQLSTATE[42000]: Syntax error or access violation: 1064 "
ALL = ["Fifth", "First", "Petrič 50% off_x", "Second"]


@pytest.fixture
def filled(v3: Zurmo) -> Zurmo:
    v3.task("First", description="ask about PRICES", dueDateTime="2015-03-02 09:00:00")
    v3.task("Fifth", dueDateTime="2015-03-03 23:00:00", status="2")
    v3.task("Second", description="", completed="1")
    v3.task("Petrič 50% off_x", status="5")
    return v3


# -- list: search ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ({"name": "fi"}, ["Fifth", "First"]),
        ({"name": "irst"}, []),
        ({"name": "petric"}, ["Petrič 50% off_x"]),
        ({"name": "PETRIČ 50% OFF_X"}, ["Petrič 50% off_x"]),
        ({"name": "%50"}, ["Petrič 50% off_x"]),
        ({"name": "f_f"}, ["Fifth"]),
        ({"name": "\\%"}, []),
        ({"name": ""}, ALL),
        ({"name": {"0": "First"}}, ALL),
        ({"description": "prices"}, ["First"]),
        ({"completed": "1"}, ["Petrič 50% off_x", "Second"]),
        ({"completed": "0"}, ["Fifth", "First"]),
        ({"status": "5"}, ["Petrič 50% off_x"]),
        ({"status": "1"}, ["First", "Second"]),
        ({"status": {"0": "2", "1": "5"}}, ["Fifth", "Petrič 50% off_x"]),
        ({"owner": {"id": "1"}}, ALL),
        ({"owner": {"id": "2"}}, []),
        ({"owner": {"id": ""}}, ALL),
        ({"owner": {"username": "sup"}}, ALL),
        ({"owner": {"id": {"0": "1", "1": "7"}}}, ALL),
        ({"createdByUser": {"id": "1"}}, ALL),
        ({"dueDateTime": "2015-03-02 09:00:00"}, ["First"]),
        ({"ownedItemsOnly": "1"}, ALL),
        ({"anyMixedAttributes": "sec"}, ["Second"]),
        ({"name": "Fi", "status": "2"}, ["Fifth"]),
        ({"nameX": ""}, ALL),
    ],
)
def test_list_search(filled: Zurmo, search: dict[str, Any], found: list[str]) -> None:
    assert filled.post_list("tasks/task", search=search) == found


def test_by_id(filled: Zurmo) -> None:
    id = filled.task("Sixth")
    for name in ("id", "uniqueIdentifier"):
        assert filled.post_list("tasks/task", search={name: str(id)}) == ["Sixth"]
    assert filled.post_list("tasks/task", search={"id": {"0": str(id), "1": "999"}}) == ["Sixth"]


def test_the_description_is_searched_by_its_beginning_in_the_seeds_shape(zurmo: Zurmo) -> None:
    zurmo.task("x", description="ask about prices")
    assert zurmo.post_list("tasks/task", search={"description": "prices"}) == []
    assert zurmo.post_list("tasks/task", search={"description": "ASK"}) == ["x"]


def test_zero_also_matches_what_was_never_set(zurmo: Zurmo) -> None:
    zurmo.task("never")
    zurmo.task("zero", completed="0")
    zurmo.task("one", completed="1")
    assert zurmo.post_list("tasks/task", search={"completed": "0"}) == ["never", "zero"]
    assert zurmo.search("tasks/task", "Task", "completed", "equals", "0") == ["zero"]
    assert zurmo.search("tasks/task", "Task", "completed", "isNull") == ["never"]


@pytest.mark.parametrize(
    "target",
    ["list/filter/search%5Bcolour%5D=red", "list/filter/sort=colour", "list/filter/search%5Bowner%5D%5Bcolour%5D=red"],
)
def test_unknown_attributes(zurmo: Zurmo, target: str) -> None:
    zurmo.task()
    assert zurmo.failure("GET", f"/tasks/task/api/{target}") == "Undefined index: colour"


def test_an_unknown_date_filter_fails_without_a_word(zurmo: Zurmo) -> None:
    for kind in ("Sometime", "today"):
        search = {"dueDateTime__DateTime": {"type": kind}}
        assert zurmo.failure("POST", "/tasks/task/api/list/", {"search": search}) == ""


# -- date filters -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        # Days of America/Chicago: 05:59 UTC is the day before, in winter.
        ({"type": "On", "firstDate": "3/2/2015"}, ["b", "c"]),
        ({"type": "On", "firstDate": "3/2/15"}, ["b", "c"]),
        ({"type": "Before", "firstDate": "3/2/2015"}, ["a", "b", "c"]),
        ({"type": "After", "firstDate": "3/2/2015"}, ["b", "c", "d"]),
        ({"type": "Between", "firstDate": "3/1/2015", "secondDate": "3/2/2015"}, ["a", "b", "c"]),
        ({"type": "Today"}, ["a"]),
        # Anything else counts as today.
        ({"type": "On", "firstDate": "2015-03-02"}, ["a"]),
        ({"type": "On", "firstDate": "2/30/2015"}, ["a"]),
        ({"type": "Yesterday"}, []),
        ({"type": "Tomorrow"}, ["b", "c"]),
        ({"type": "Next 7 Days"}, ["a", "b", "c", "d"]),
        ({"type": "Last 7 Days"}, ["a"]),
        ({"type": "This Month"}, ["a", "b", "c", "d"]),
        ({"type": "Last Year"}, []),
        ({"type": ""}, ["a", "b", "c", "d"]),
    ],
)
def test_date_filters(v3: Zurmo, filter_: dict[str, str], found: list[str]) -> None:
    for name, due in (
        ("a", "2015-03-02 05:59:59"),
        ("b", "2015-03-02 06:00:00"),
        ("c", "2015-03-03 05:59:59"),
        ("d", "2015-03-03 06:00:00"),
    ):
        v3.task(name, dueDateTime=due)
    v3.world.now = instant(2015, 3, 1, 15)
    v3.session = v3.login()
    assert v3.post_list("tasks/task", search={"dueDateTime__DateTime": filter_}) == found


def test_date_filters_on_days(v3: Zurmo) -> None:
    v3.create("opportunities/opportunity", name="Deal", closeDate="2015-12-31", amount={"value": "1"})
    for first, found in (("12/31/2015", ["Deal"]), ("12/30/2015", [])):
        search = {"closeDate__Date": {"type": "On", "firstDate": first}}
        assert v3.post_list("opportunities/opportunity", search=search) == found
    assert "not supported" in v3.failure(
        "POST", "/tasks/task/api/list/", {"search": {"name__Date": {"type": "Today"}}}
    )


# -- sort and pages -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        (None, ALL),
        ("name", ALL),
        ("name.asc", ALL),
        ("name.desc", ALL[::-1]),
        ("name.DESC", ALL),
        ("name.Desc", ALL),
        ("name.sideways", ALL),
        ("id.asc", ["First", "Fifth", "Second", "Petrič 50% off_x"]),
        ("dueDateTime.asc", ["Second", "Petrič 50% off_x", "First", "Fifth"]),
        ("dueDateTime.desc", ["Fifth", "First", "Second", "Petrič 50% off_x"]),
    ],
)
def test_list_sort(filled: Zurmo, sort: str | None, found: list[str]) -> None:
    assert filled.list("tasks/task", **({} if sort is None else {"sort": sort})) == found


@pytest.mark.parametrize(
    ("pagination", "page", "found"),
    [
        ({}, 1, ALL),
        ({"page": "1", "pageSize": "3"}, 1, ALL[:3]),
        ({"page": "2", "pageSize": "3"}, 2, ALL[3:]),
        ({"page": "7", "pageSize": "3"}, 7, ALL[3:]),
        ({"page": "9223372036854775807", "pageSize": "3"}, 9223372036854775807, ALL[3:]),
        ({"page": "99999999999999999999", "pageSize": "3"}, 9223372036854775807, ALL[3:]),
        ({"page": "000000000000000000000002", "pageSize": "3"}, 2, ALL[3:]),
        ({"page": "0", "pageSize": "0"}, 1, ALL),
        ({"page": "-2", "pageSize": "-1"}, 1, ALL),
        ({"page": "x", "pageSize": "x"}, 1, ALL),
        ({"pageSize": "10000"}, 1, ALL),
    ],
)
def test_list_pages(filled: Zurmo, pagination: dict[str, str], page: int, found: list[str]) -> None:
    data = filled.ok("POST", "/tasks/task/api/list/", {"pagination": pagination})
    assert (data["totalCount"], data["currentPage"], filled.names(data)) == (4, page, found)


def test_ten_a_page(v3: Zurmo) -> None:
    for at in range(12):
        v3.task(f"t{at:02}")
    assert v3.list("tasks/task") == [f"t{at:02}" for at in range(10)]
    v3.set("page_cap", "3")
    assert len(v3.list("tasks/task", pagination={"pageSize": "5"})) == 3


# -- dynamicSearch ------------------------------------------------------------------------------------------------


def dynamic(structure: str, *clauses: dict[str, Any]) -> dict[str, Any]:
    numbered = [
        {"attributeIndexOrDerivedType": "x", "structurePosition": str(at), **clause}
        for at, clause in enumerate(clauses, 1)
    ]
    return {"dynamicClauses": numbered, "dynamicStructure": structure}


@pytest.mark.parametrize(
    ("structure", "found"),
    [
        ("1 AND (2 OR 3)", ["Fifth", "First", "Second"]),
        ("1 and (2 or 3)", ["Fifth", "First", "Second"]),
        ("2 OR 3 AND 4", ["Fifth", "First"]),
        ("NOT 2 AND 1", ["Petrič 50% off_x", "Second"]),
        ("NOT (2 OR 3)", ["Petrič 50% off_x"]),
        ("((3))", ["Second"]),
        ("1", ALL),
        # A number without a clause is what it is in SQL.
        ("2 AND 9", ["Fifth", "First"]),
        ("2 OR 9", ALL),
        ("2 OR 0", ["Fifth", "First"]),
        ("", ALL),
    ],
)
def test_dynamic_search(filled: Zurmo, structure: str, found: list[str]) -> None:
    search = dynamic(structure, {"owner": {"id": "1"}}, {"name": "Fi"}, {"name": "Se"}, {"name": "zz"})
    assert filled.post_list("tasks/task", dynamicSearch=search) == found
    assert filled.list("tasks/task", dynamicSearch=search) == found


def test_search_and_dynamic_search_are_anded(filled: Zurmo) -> None:
    assert filled.post_list("tasks/task", search={"status": "2"}, dynamicSearch=dynamic("1", {"name": "Fi"})) == [
        "Fifth"
    ]


def test_keys_of_one_clause_are_anded(filled: Zurmo) -> None:
    assert filled.post_list("tasks/task", dynamicSearch=dynamic("1", {"name": "Fi", "status": "2"})) == ["Fifth"]


def test_empty_clauses(filled: Zurmo) -> None:
    empty, second = {"name": ""}, {"name": "Se"}
    assert filled.post_list("tasks/task", dynamicSearch=dynamic("1 AND 2", second, empty)) == ["Second"]
    assert filled.post_list("tasks/task", dynamicSearch=dynamic("1", empty)) == ALL
    assert filled.post_list("tasks/task", dynamicSearch=dynamic("1 OR 2", empty, {"owner": {"id": ""}})) == ALL
    data = {"dynamicSearch": dynamic("1 AND 2", empty, second)}
    message = filled.failure("POST", "/tasks/task/api/list/", data)
    assert message == "SQLSTATE[42S22]: Column not found: 1054 Unknown column 'notused' in 'where clause'"


def test_both_parts_are_needed(filled: Zurmo) -> None:
    for search in ({"dynamicStructure": "1"}, {"dynamicClauses": {"0": {"name": "x"}}}, "x", {"dynamicClauses": "x"}):
        assert filled.post_list("tasks/task", dynamicSearch=search) == ALL


@pytest.mark.parametrize(
    ("structure", "near"),
    [
        ("1 FOO 2", "foo 2)"),
        ("1 AND", ")"),
        ("(1", ")"),
        ("1)", "))"),
        ("1) OR (1=1", ") or (1=1)"),
        ("1; DROP TABLE x", "; drop table x)"),
        ("1 2", "2)"),
        ("AND 1", "and 1)"),
        ("'1'='1'", "'1'='1')"),
        ("1 XOR 2", "xor 2)"),
        ("()", "))"),
    ],
)
def test_structures_that_are_none(zurmo: Zurmo, structure: str, near: str) -> None:
    message = zurmo.failure("POST", "/tasks/task/api/list/", {"dynamicSearch": dynamic(structure, {"name": "x"})})
    assert message.startswith(SYNTAX)
    assert message.endswith(f"near '{near}' at line 1")


@pytest.mark.parametrize(
    "structure", ["(" * 1000 + "1" + ")" * 1000, "NOT " * 900 + "1", " OR ".join("1" * 900), "1" * 9000]
)
def test_structures_are_bounded(zurmo: Zurmo, structure: str) -> None:
    message = zurmo.failure("POST", "/tasks/task/api/list/", {"dynamicSearch": dynamic(structure, {"name": "x"})})
    assert message.startswith(SYNTAX)


A, B, C = eq("a", 1), eq("b", 1), eq("c", 1)


def test_precedence() -> None:
    clauses = {1: A, 2: B, 3: C}
    assert parse("1 OR 2 AND NOT 3", clauses) == Or((A, And((B, Not(C)))))
    assert parse("(1 OR 2) AND 3", clauses) == And((Or((A, B)), C))
    assert parse("NOT 1 AND 2", clauses) == And((Not(A), B))
    assert parse("NOT NOT 1", clauses) == Not(Not(A))
    assert parse("7 AND 0", clauses) == And((TRUE, FALSE))


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.text(alphabet="012 ()ANDORNTandornt;'=%\u0661", max_size=60))
def test_any_text_is_an_expression_or_a_failure(text: str) -> None:
    try:
        negated(text)
        parse(text, {1: A, 2: B}, (A, B), {2})
    except Failure as failure:
        message = failure.message
    else:
        return
    assert message.startswith("SQLSTATE[")


# -- search/filter ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attribute", "operator", "value", "found"),
    [
        ("name", "equals", "first", ["First"]),
        ("name", "doesNotEqual", "First", ["Fifth", "Second", "Petrič 50% off_x"]),
        ("name", "startsWith", "Fi", ["First", "Fifth"]),
        ("name", "endsWith", "ST", ["First"]),
        ("name", "contains", "i", ["First", "Fifth", "Petrič 50% off_x"]),
        ("name", "contains", "%ff_", ["Petrič 50% off_x"]),
        ("name", "doesNotStartsWith", "Fi", ["Second", "Petrič 50% off_x"]),
        ("name", "doesNotEndsWith", "st", ["Fifth", "Second", "Petrič 50% off_x"]),
        ("name", "doesNotContains", "i", ["Second"]),
        # A null never matches a negation.
        ("description", "doesNotContains", "prices", ["Second"]),
        ("description", "doesNotEqual", "x", ["First", "Second"]),
        ("name", "greaterThan", "First", ["Second", "Petrič 50% off_x"]),
        ("name", "lessThanOrEqualTo", "first", ["First", "Fifth"]),
        ("name", "oneOf", ["second", "nope"], ["Second"]),
        ("description", "isNull", None, ["Fifth", "Petrič 50% off_x"]),
        ("description", "isNotNull", None, ["First", "Second"]),
        ("description", "isEmpty", None, ["Second"]),
        ("description", "isNotEmpty", None, ["First"]),
        ("dueDateTime", "equals", "2015-03-02 09:00:00", ["First"]),
        ("dueDateTime", "doesNotEqual", "2015-03-02 09:00:00", ["Fifth"]),
        ("dueDateTime", "greaterThan", "2015-03-02 09:00:00", ["Fifth"]),
        ("dueDateTime", "greaterThanOrEqualTo", "2015-03-02", ["First", "Fifth"]),
        ("dueDateTime", "lessThan", "2015-03-03", ["First"]),
        ("dueDateTime", "lessThanOrEqualTo", "2015-03-02 09:00:00", ["First"]),
        ("dueDateTime", "startsWith", "2015-03-0", None),
        ("dueDateTime", "startsWith", "2015-03-03", ["Fifth"]),
        ("dueDateTime", "oneOf", ["2015-03-02 09:00:00", "x"], ["First"]),
        ("dueDateTime", "equals", "garbage", []),
        ("dueDateTime", "greaterThan", "garbage", ["First", "Fifth"]),
        ("completed", "equals", "1", ["Second", "Petrič 50% off_x"]),
        ("completed", "doesNotEqual", "1", ["First", "Fifth"]),
        ("completedDateTime", "isNull", None, ["First", "Fifth", "Second"]),
        ("completedDateTime", "isNotNull", None, ["Petrič 50% off_x"]),
        ("completedDateTime", "lessThan", "2015-02-27", []),
        ("status", "greaterThan", "1", ["Fifth", "Petrič 50% off_x"]),
        ("status", "oneOf", ["2", "5"], ["Fifth", "Petrič 50% off_x"]),
        ("latestDateTime", "equals", "2015-02-27 08:15:00", ["First", "Fifth", "Second", "Petrič 50% off_x"]),
        ("id", "greaterThan", "x", ["First", "Fifth", "Second", "Petrič 50% off_x"]),
        ("id", "lessThan", "1e400", ["First", "Fifth", "Second", "Petrič 50% off_x"]),
        ("id", "lessThan", "1.5", None),
    ],
)
def test_operators(filled: Zurmo, attribute: str, operator: str, value: Any, found: list[str] | None) -> None:
    if found is None:
        clause = {"attributeName": attribute, "operatorType": operator, "value": value}
        data = {"search": filled.search_data("Task", {1: clause}, "1")}
        assert filled.call("POST", "/tasks/task/api/search/filter/", data)["status"] in ("SUCCESS", "FAILURE")
    else:
        assert filled.search("tasks/task", "Task", attribute, operator, value) == found


@pytest.mark.parametrize(
    ("operator", "value", "message"),
    [
        ("near", "x", "value: x operator type: near"),
        ("equals", ["x"], "value: Array operator type: equals"),
        ("oneOf", "x", "value: x operator type: oneOf"),
        ("isNull", "", "value:  operator type: isNull"),
        ("equals", None, "value:  operator type: equals"),
        ("", "x", "value: x operator type: "),
    ],
)
def test_mismatches(zurmo: Zurmo, operator: str, value: Any, message: str) -> None:
    clause = {"attributeName": "name", "operatorType": operator, "value": value}
    assert zurmo.refused_search("tasks/task", "Task", clause) == message


def test_what_a_mismatch_repeats_is_bounded(zurmo: Zurmo) -> None:
    clause = {"attributeName": "name", "operatorType": "o" * 100_000, "value": "v" * 100_000}
    assert len(zurmo.refused_search("tasks/task", "Task", clause)) < 3_000


def test_related_attributes(filled: Zurmo) -> None:
    for value, found in (("1", 4), ("2", 0)):
        assert len(filled.search("tasks/task", "Task", "owner", "equals", value, "id")) == found
    assert len(filled.search("tasks/task", "Task", "owner", "startsWith", "su", "username")) == 4
    assert len(filled.search("tasks/task", "Task", "owner", "oneOf", ["1", "3"], "id")) == 4
    clause = {"attributeName": "owner", "relatedAttributeName": "colour", "operatorType": "equals", "value": "1"}
    assert filled.refused_search("tasks/task", "Task", clause) == "Undefined index: colour"


def test_structure_and_paging_of_the_seed(filled: Zurmo) -> None:
    clauses = {
        1: {"attributeName": "owner", "relatedAttributeName": "id", "operatorType": "equals", "value": "1"},
        2: {"attributeName": "name", "operatorType": "startsWith", "value": "Fi"},
        3: {"attributeName": "name", "operatorType": "startsWith", "value": "Se"},
    }
    search = filled.search_data("Task", clauses, "1 AND (2 OR 3)")
    page = {"page": "2", "pageSize": "2"}
    data = filled.ok(
        "POST", "/tasks/task/api/search/filter/", {"search": search, "pagination": page, "sort": "name asc"}
    )
    assert (data["totalCount"], data["currentPage"], filled.names(data)) == (3, 2, ["Second"])
    del search["searchAttributeData"]["structure"]
    data = filled.ok("POST", "/tasks/task/api/search/filter", {"search": search})
    assert data == {"totalCount": 0, "currentPage": 1}


def test_by_get_in_the_path(filled: Zurmo) -> None:
    from urllib.parse import quote

    from adapter.formats.form_body import build_query

    clause = {"attributeName": "name", "operatorType": "startsWith", "value": "Se"}
    text = build_query({"search": filled.search_data("Task", {1: clause}, "1"), "sort": "name desc"})
    data = filled.ok("GET", "/tasks/task/api/search/filter/" + quote(text, safe="=&%+"))
    assert filled.names(data) == ["Second"]


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("name asc", ALL),
        ("name desc", ALL[::-1]),
        ("name", ALL),
        ("NAME DESC", ALL[::-1]),
        ("dueDateTime desc, name desc", ["Fifth", "First", "Second", "Petrič 50% off_x"]),
        ("", ["First", "Fifth", "Second", "Petrič 50% off_x"]),
    ],
)
def test_search_sort(filled: Zurmo, sort: str, found: list[str]) -> None:
    assert filled.search("tasks/task", "Task", "id", "greaterThan", "0", sort=sort) == found


@pytest.mark.parametrize(
    ("sort", "start"),
    [
        ("name.asc", "SQLSTATE[42S22]: Column not found: 1054 Unknown column 'name.asc' in 'order clause'"),
        ("colour asc", "SQLSTATE[42S22]: Column not found: 1054 Unknown column 'colour' in 'order clause'"),
        ("name sideways", SYNTAX),
        ("name asc; DROP TABLE x", SYNTAX),
        ("name asc,", SYNTAX),
    ],
)
def test_bad_search_sorts(zurmo: Zurmo, sort: str, start: str) -> None:
    clause = {"attributeName": "name", "operatorType": "equals", "value": "x"}
    assert zurmo.refused_search("tasks/task", "Task", clause, sort=sort).startswith(start)


def test_search_pages(filled: Zurmo) -> None:
    def page(**pagination: str) -> Any:
        clause = {"attributeName": "name", "operatorType": "contains", "value": "i"}
        search = filled.search_data("Task", {1: clause}, "1")
        return filled.call("POST", "/tasks/task/api/search/filter/", {"search": search, "pagination": pagination})

    assert page(page="9", pageSize="2")["data"] == {"totalCount": 3, "currentPage": 9}
    assert page(pageSize="0")["data"] == {"totalCount": 3, "currentPage": 1}
    assert page(page="99999999999999999999")["data"] == {"totalCount": 3, "currentPage": 9223372036854775807}
    assert len(page(pageSize="99999999999999999999")["data"]["items"]) == 3
    assert page(page="0", pageSize="1")["data"]["currentPage"] == 1
    assert page(pageSize="-1")["message"].startswith(SYNTAX)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("Foo", "Foo class does not exist."),
        ("", " class does not exist."),
        ("AccountsModule", "AccountsModule should be subclass of RedBeanModel."),
        ("task", "task class does not exist."),
    ],
)
def test_classes(zurmo: Zurmo, model: str, message: str) -> None:
    clause = {"attributeName": "name", "operatorType": "equals", "value": "x"}
    assert zurmo.refused_search("tasks/task", model, clause) == message


def test_without_data(zurmo: Zurmo) -> None:
    assert zurmo.failure("GET", "/tasks/task/api/search/filter/") == " class does not exist."
    assert zurmo.ok("POST", "/tasks/task/api/list/filter/", {}) == {"totalCount": "0", "currentPage": 1}


def test_the_class_need_not_be_the_routes(filled: Zurmo) -> None:
    filled.create("accounts/account", name="Acme")
    assert filled.search("tasks/task", "Account", "name", "equals", "acme") == ["Acme"]
    assert filled.search("contacts/contact", "Task", "name", "equals", "first") == ["First"]


def test_users_need_the_right_by_any_road(v3: Zurmo) -> None:
    v3.world.add_user("dana", tenant="shop")
    session = v3.login("dana", "dana-pw")
    clause = {"attributeName": "username", "operatorType": "startsWith", "value": "s"}
    data = {"search": v3.search_data("User", {1: clause}, "1")}
    message = v3.failure("POST", "/tasks/task/api/search/filter/", data, session=session)
    assert message == "You do not have rights to perform this action."


# -- comparisons in Python ------------------------------------------------------------------------------------------


def test_numbers_as_mysql_reads_them() -> None:
    assert [int(number(text)) for text in ("12", " 7x", "x", "", "-3", "1e3", "٣")] == [12, 7, 0, 0, -3, 1000, 0]
    assert number("1e999") == 10**30
    assert number("9" * 60) > 0


@pytest.mark.parametrize(
    ("text", "pattern", "matches"),
    [
        ("Qualified", "qual%", True),
        ("a.c", "a_c", True),
        ("abc", "a\\_c", False),
        ("a_c", "a\\_c", True),
        ("x", "", False),
        ("", "%%", True),
        ("abcabc", "%b%c", True),
        ("abc", "%c%b%", False),
        ("ab", "ab%b", False),
        ("a%", "a\\%", True),
        ("1", "%" * 200_000 + "x", False),
        ("Qualified", "%a_" * 100_000, False),
    ],
    ids=lambda value: str(value)[:20],
)
def test_like(text: str, pattern: str, matches: bool) -> None:
    assert like(text, pattern) is matches


def test_a_comparison_of_known_texts() -> None:
    assert Comparison("oneOf", values=("1", "05")).accepts("5")
    assert not Comparison("isEmpty").accepts("5")
    assert Comparison("doesNotContains", "x").accepts("abc")
    assert Comparison("greaterThanOrEqualTo", "5").accepts("5")
