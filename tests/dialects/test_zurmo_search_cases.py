"""Searches and sorts as a running Zurmo 3.1.5 answers them (zurmo dossier, section 5)."""

from __future__ import annotations

from typing import Any

import pytest

from canonical.model import Activity, ContactPoint, Party
from canonical.operations import Create
from dialects.zurmo.query.structure import negated
from tests.dialects.zurmo_client import ACCOUNT, CONTACT, TASK, Found, Zurmo, seed_fixture, v3_fixture

zurmo = seed_fixture()
v3 = v3_fixture()

CLAUSE = {"attributeName": "website", "operatorType": "contains", "value": "zzz"}


def person(v3: Zurmo, name: str, **more: Any) -> int:
    id: int = v3.create(CONTACT, lastName=name, **{"state": {"id": "5"}, **more})["id"]
    return id


def dynamic(clauses: list[dict[str, Any]], structure: str) -> dict[str, Any]:
    numbered = [
        {"attributeIndexOrDerivedType": next(iter(clause)), "structurePosition": str(at), **clause}
        for at, clause in enumerate(clauses, 1)
    ]
    return {"dynamicSearch": {"dynamicClauses": numbered, "dynamicStructure": structure}}


def structured(client: Zurmo, module: str, clauses: list[dict[str, Any]], structure: str, **more: Any) -> Found:
    key = "lastName" if module.endswith("contact") else "name"
    return client.post_list(module, key, **dynamic(clauses, structure), **more)


def searched(client: Zurmo, module: str, model: str, clause: dict[str, Any], structure: str) -> Found:
    """What an improved search with clause 1 and that structure finds."""
    search = client.search_data(model, {1: clause}, structure)
    data = client.ok("POST", f"/{module}/api/search/filter/", {"search": search})
    return client.names(data, "lastName" if module.endswith("contact") else "name")


# -- sorts -------------------------------------------------------------------------------------------------------


@pytest.fixture
def people(v3: Zurmo) -> Zurmo:
    v3.task("other")
    first = v3.create(ACCOUNT, name="Zeta")["id"]
    second = v3.create(ACCOUNT, name="Alpha")["id"]
    more: dict[str, dict[str, Any]] = {
        "Bb": {
            "officePhone": "2",
            "website": "http://c.example",
            "primaryEmail": {"emailAddress": "b@x.example", "optOut": "1"},
            "industry": {"value": "Retail"},
            "account": {"id": first},
            "primaryAddress": {"city": "Bled", "latitude": "46.5", "invalid": "1"},
        },
        "Ba": {
            "officePhone": "3",
            "website": "http://a.example",
            "primaryEmail": {"emailAddress": "c@x.example", "optOut": "0"},
            "industry": {"value": "Energy"},
            "account": {"id": second},
            "primaryAddress": {"city": "Bohinj"},
        },
        "Bc": {},
    }
    for name, values in more.items():
        person(v3, name, **values)
    return v3


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("officePhone.asc", ["Bc", "Bb", "Ba"]),
        ("officePhone.desc", ["Ba", "Bb", "Bc"]),
        ("website", ["Bc", "Ba", "Bb"]),
        ("primaryEmail", ["Bc", "Bb", "Ba"]),
        ("industry.asc", ["Bc", "Ba", "Bb"]),
        ("account", ["Bc", "Ba", "Bb"]),
        ("owner", ["Bb", "Ba", "Bc"]),
        ("state.desc", ["Bb", "Ba", "Bc"]),
        ("secondaryEmail", ["Bb", "Ba", "Bc"]),
        ("twitterId", ["Bb", "Ba", "Bc"]),
    ],
)
def test_z6_every_attribute_that_is_shown_sorts(people: Zurmo, sort: str, found: list[str]) -> None:
    assert people.list(CONTACT, "lastName", search={"lastName": "B"}, sort=sort) == found


def test_z6_the_first_choice_of_a_number_is_what_is_sorted_by(people: Zurmo) -> None:
    """A work number comes before a direct one, as it is shown."""
    points = (ContactPoint("phone", "1", "direct"), ContactPoint("phone", "9", "work"))
    values = {"type": "person", "last_name": "Bd", "stage": "contact"}
    people.write(lambda desk: desk.create(Create(Party, values, points=points)))
    found = people.list(CONTACT, "lastName", search={"lastName": "B"}, sort="officePhone.desc")
    assert found == ["Bd", "Ba", "Bb", "Bc"]


@pytest.mark.parametrize("sort", ["primaryAddress", "secondaryAddress.desc"])
def test_z6_an_address_sorts_to_a_failure_without_a_word(people: Zurmo, sort: str) -> None:
    assert people.failure("POST", f"/{CONTACT}/api/list/", {"sort": sort}) == ""


def test_z6_every_module_sorts_by_all_it_shows(v3: Zurmo) -> None:
    made = {
        TASK: {"name": "a"},
        "meetings/meeting": {"name": "a", "startDateTime": "2015-01-01 00:00:00"},
        "notes/note": {"description": "a"},
        CONTACT: {"lastName": "a", "state": {"id": "5"}},
        ACCOUNT: {"name": "a"},
        "opportunities/opportunity": {"name": "a", "closeDate": "2015-01-01", "amount": {"value": "1"}},
    }
    shown = {module: v3.create(module, **data) for module, data in made.items()}
    shown["users/user"] = v3.read("users/user", 1)
    for module, record in shown.items():
        for name in record.keys() - {"explicitReadWriteModelPermissions", "attendees"}:
            body = v3.call("POST", f"/{module}/api/list/", {"sort": f"{name}.desc"})
            wordless = name.endswith("Address")
            assert body["status"] == ("FAILURE" if wordless else "SUCCESS"), (module, name, body)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ({"primaryEmail": {"optOut": "1"}}, ["Bb"]),
        ({"primaryEmail": {"optOut": "0"}}, ["Ba", "Bc"]),
        ({"primaryEmail": {"isInvalid": "1"}}, []),
        ({"primaryAddress": {"city": "bo"}}, ["Ba"]),
        ({"primaryAddress": {"latitude": "46.5"}}, ["Bb"]),
        ({"primaryAddress": {"invalid": "1"}}, ["Bb"]),
        ({"primaryAddress": {"invalid": "0"}}, ["Ba", "Bc"]),
        ({"secondaryEmail": {"optOut": "1"}}, []),
    ],
)
def test_z6_flags_of_emails_and_all_of_an_address_are_searched(people: Zurmo, search: Any, found: list[str]) -> None:
    assert people.post_list(CONTACT, "lastName", search=search) == found


def test_z6_flags_of_an_email_without_an_address_are_found_too(people: Zurmo) -> None:
    person(people, "Bd", primaryEmail={"optOut": "1"})
    assert people.post_list(CONTACT, "lastName", search={"primaryEmail": {"optOut": "1"}}) == ["Bb", "Bd"]
    found = people.search(CONTACT, "Contact", "primaryEmail", "equals", "0", "optOut", "lastName")
    assert found == ["Ba"]
    assert people.search(CONTACT, "Contact", "primaryEmail", "isNull", None, "optOut", "lastName") == ["Bc"]


def test_z6_users_sort_and_are_found_by_what_is_kept_for_them_alone(v3: Zurmo) -> None:
    for name, city in (("ann", "Bled"), ("bob", "Ankaran")):
        email = {"emailAddress": f"{name[::-1]}@x.example", "optOut": "1" if name == "ann" else "0"}
        data = {"username": name, "lastName": "Ray", "secondaryEmail": email, "primaryAddress": {"city": city}}
        v3.create("users/user", **data)
    assert v3.list("users/user", "username", sort="secondaryEmail") == ["super", "bob", "ann"]
    assert v3.post_list("users/user", "username", search={"secondaryEmail": {"optOut": "1"}}) == ["ann"]
    assert v3.post_list("users/user", "username", search={"primaryAddress": {"city": "An"}}) == ["bob"]


@pytest.mark.parametrize("direction", ["DESC", "Desc", "down", "asc", ""])
def test_z23_only_desc_in_small_letters_descends(v3: Zurmo, direction: str) -> None:
    for name in "BCA":
        v3.task(name)
    assert v3.list(TASK, sort=f"name.{direction}") == ["A", "B", "C"]
    assert v3.list(TASK, sort="name.desc") == ["C", "B", "A"]
    states = v3.names(v3.ok("GET", f"/contacts/contactState/api/list/filter/sort=id.{direction}"), "id")
    assert states == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("module", "model", "sort"),
    [
        *((TASK, "Task", f"{name}DateTime") for name in ("created", "modified", "latest")),
        *((TASK, "Task", name) for name in ("owner", "project", "colour", "name.asc")),
        *((CONTACT, "Contact", name) for name in ("primaryEmail", "account", "state", "fullName", "industry")),
        ("opportunities/opportunity", "Opportunity", "amount"),
    ],
)
def test_z24_search_sorts_by_columns_of_its_own_table_only(v3: Zurmo, module: str, model: str, sort: str) -> None:
    clause = {"attributeName": "id", "operatorType": "isNotNull"}
    message = v3.refused_search(module, model, clause, sort=sort)
    assert message == f"SQLSTATE[42S22]: Column not found: 1054 Unknown column '{sort}' in 'order clause'"


@pytest.mark.parametrize(
    "sort", ["officePhone", "firstName desc", "WEBSITE", "latestActivityDateTime", "id", "lastname"]
)
def test_z24_a_contact_sorts_by_the_columns_of_its_person(people: Zurmo, sort: str) -> None:
    found = people.search(CONTACT, "Contact", "lastName", "startsWith", "B", key="lastName", sort=sort)
    assert sorted(found) == ["Ba", "Bb", "Bc"]


def test_z26_the_sort_is_not_judged_where_nothing_is_found(v3: Zurmo) -> None:
    v3.task("somebody")
    for sort in ("name asc", "colour"):
        asked = {"search": {"name": "nobody"}, "sort": sort}
        assert v3.ok("POST", f"/{TASK}/api/list/filter/", asked) == {"totalCount": 0, "currentPage": 1}
        asked["search"] = {"name": "some"}
        assert v3.failure("POST", f"/{TASK}/api/list/filter/", asked) == f"Undefined index: {sort}"
    address = {"search": {"lastName": "nobody"}, "sort": "primaryAddress"}
    assert v3.ok("POST", f"/{CONTACT}/api/list/", address)["totalCount"] == 0


# -- numbers, moments, status -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attribute", "related", "operator", "value", "found"),
    [
        ("createdDateTime", None, "startsWith", "20", ["a", "b"]),
        ("createdDateTime", None, "contains", "02-27 08", ["a", "b"]),
        ("latestDateTime", None, "contains", "20", ["a", "b"]),
        ("dueDateTime", None, "endsWith", ":01", ["b"]),
        ("dueDateTime", None, "doesNotContains", "2016", ["b"]),
        ("dueDateTime", None, "startsWith", "2016-03-0_", ["a"]),
        ("owner", "id", "contains", "1", ["a", "b"]),
        ("id", None, "contains", "1", ["a"]),
        ("id", None, "doesNotEndsWith", "1", ["b"]),
        ("id", None, "greaterThan", "1", ["b"]),
        ("status", None, "contains", "1", ["a", "b"]),
        ("status", None, "doesNotStartsWith", "1", []),
        ("completed", None, "contains", "0", ["a", "b"]),
    ],
)
def test_z10_numbers_and_moments_are_compared_as_they_are_shown(
    v3: Zurmo, attribute: str, related: str | None, operator: str, value: str, found: list[str]
) -> None:
    v3.task("a", dueDateTime="2016-03-02 09:00:00")
    v3.task("b", dueDateTime="2015-03-02 09:00:01")
    assert v3.search(TASK, "Task", attribute, operator, value, related) == found


def test_z10_an_amount_is_compared_as_it_is_shown(v3: Zurmo) -> None:
    for name, revenue in (("a", "1500.50"), ("b", "15"), ("c", None)):
        v3.create(ACCOUNT, name=name, **({} if revenue is None else {"annualRevenue": revenue}))
    wanted = {
        ("startsWith", "15"): ["a", "b"],
        ("endsWith", ".5"): ["a"],
        ("doesNotStartsWith", "a"): ["a", "b"],
        ("doesNotContains", "."): ["b"],
        ("lessThan", "15.5"): ["b"],
    }
    for (operator, value), found in wanted.items():
        assert v3.search(ACCOUNT, "Account", "annualRevenue", operator, value) == found, operator


@pytest.fixture
def stated(v3: Zurmo) -> Zurmo:
    for status in (1, 7, 0, 5):
        v3.task(f"s{status}", status=str(status))
    v3.task("done", completed="1")
    v3.write(lambda desk: desk.create(Create(Activity, {"type": "task", "title": "other", "state": "awaiting"})))
    return v3


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("7", ["s7"]),
        ("7x", ["s7"]),
        ("0", ["s0"]),
        ("abc", ["s0"]),
        ("1", ["done", "s1"]),
        ("5", ["s5"]),
        ("3", ["other"]),
        ("8", []),
        ({"0": "7", "1": "3"}, ["other", "s7"]),
    ],
)
def test_z11_status_is_compared_as_a_number(stated: Zurmo, status: Any, found: list[str]) -> None:
    assert stated.post_list(TASK, search={"status": status}) == found


def test_z11_status_and_completed_sort_by_their_values(stated: Zurmo) -> None:
    assert stated.list(TASK, sort="status") == ["s0", "s1", "done", "other", "s5", "s7"]
    assert stated.list(TASK, sort="status.desc") == ["s7", "s5", "other", "s1", "done", "s0"]
    assert sorted(stated.list(TASK, sort="completed.desc")[:2]) == ["done", "s5"]
    assert stated.search(TASK, "Task", "status", "greaterThan", "4", sort="status desc") == ["s7", "s5"]
    assert stated.search(TASK, "Task", "status", "lessThanOrEqualTo", "1") == ["s1", "s0", "done"]


# -- structures --------------------------------------------------------------------------------------------------


@pytest.fixture
def two(v3: Zurmo) -> Zurmo:
    person(v3, "five")
    person(v3, "six", state={"id": "6"})
    return v3


STRUCTURES: list[tuple[str, list[str]]] = [
    ("1", []),
    ("2", ["five"]),
    ("3", ["six"]),
    ("4", ["five", "six"]),
    ("1 OR 2", ["five"]),
    ("1 or 3", ["six"]),
    ("(1 OR 2) AND 3", []),
    ("NOT 2", ["six"]),
    ("2 AND 4", ["five"]),
    ("00", []),
]


@pytest.mark.parametrize(("structure", "found"), STRUCTURES)
def test_z7_numbers_beyond_the_clauses_name_the_states(two: Zurmo, structure: str, found: list[str]) -> None:
    assert structured(two, CONTACT, [{"website": "zzz"}], structure) == found
    assert searched(two, CONTACT, "Contact", CLAUSE, structure) == found


def test_z7_leads_have_four_states(v3: Zurmo) -> None:
    for state in "1234":
        v3.create("leads/contact", lastName=f"l{state}", state={"id": state})
    for place, found in (("2", ["l1"]), ("5", ["l4"]), ("6", ["l1", "l2", "l3", "l4"])):
        assert structured(v3, "leads/contact", [{"website": "zzz"}], place) == found


def test_z7_clauses_of_the_search_come_first(v3: Zurmo) -> None:
    v3.task("one", description="y")
    v3.task("two", description="y")
    both: dict[str, Any] = {"search": {"description": "y"}}
    assert structured(v3, TASK, [{"name": "one"}], "2", **both) == ["one"]
    assert structured(v3, TASK, [{"name": "one"}], "1", **both) == ["one"]
    assert structured(v3, TASK, [{"name": "one"}], "3", **both) == ["one", "two"]
    assert structured(v3, TASK, [{"name": "one"}], "NOT 2", **both) == ["two"]


def test_z7_a_clause_of_two_attributes_has_two_places(v3: Zurmo) -> None:
    v3.task("one", description="x")
    v3.task("one too", description="y")
    clauses = [{"name": "one", "description": "x"}]
    assert structured(v3, TASK, clauses, "1") == ["one"]
    assert structured(v3, TASK, clauses, "2") == ["one"]
    assert structured(v3, TASK, clauses, "3") == ["one", "one too"]


def test_z7_a_leading_zero_before_a_clause_is_no_sql(v3: Zurmo) -> None:
    v3.task("one")
    for structure in ("01", "1 AND 001"):
        message = v3.failure("POST", f"/{TASK}/api/list/", dynamic([{"name": "one"}], structure))
        assert message.startswith("SQLSTATE[42000]: Syntax error"), structure
    assert structured(v3, TASK, [{"name": "zzz"}], "09") == ["one"]
    assert structured(v3, TASK, [{"name": "zzz"}], "0") == ["one"]
    assert structured(v3, TASK, [{"name": "one"}], "00") == []


def test_z7_structure_zero_in_search(two: Zurmo) -> None:
    two.task("task")
    assert searched(two, CONTACT, "Contact", CLAUSE, "0") == ["five", "six"]
    name = {"attributeName": "name", "operatorType": "startsWith", "value": "t"}
    assert searched(two, TASK, "Task", name, "0") == []


@pytest.mark.parametrize(
    ("structure", "numbers"),
    [
        ("1 AND 2", set()),
        ("NOT 1 AND 2", {1}),
        ("1 OR NOT (2 AND (3 OR 4)) OR 5", {2, 3, 4}),
        ("not not 7", {7}),
        ("(NOT 1) AND 2", {1}),
        ("((NOT (1 AND NOT 2)) OR 3)", {1, 2}),
        ("NOT", set()),
    ],
)
def test_z21_what_stands_below_a_not(structure: str, numbers: set[int]) -> None:
    assert negated(structure) == numbers


@pytest.fixture
def absent(v3: Zurmo) -> Zurmo:
    account = v3.create(ACCOUNT, name="Bl")["id"]
    other = v3.create(ACCOUNT, name="Xx")["id"]
    for at, (name, text) in enumerate((("yes", "Bl"), ("no", "Xx"))):
        person(
            v3,
            name,
            primaryAddress={"city": text},
            primaryEmail={"emailAddress": f"{text}@x.example", "optOut": str(1 - at)},
            officePhone=text,
            department=text,
            twitterId=text,
            industry={"value": text},
            account={"id": other if at else account},
            regionalCstm={"value": text},
        )
    person(v3, "without", primaryAddress={"country": "SI"})
    return v3


@pytest.mark.parametrize(
    "clause",
    [
        {"primaryAddress": {"city": "Bl"}},
        {"primaryEmail": {"emailAddress": "Bl"}},
        {"primaryEmail": {"optOut": "1"}},
        {"anyCity": "Bl"},
        {"anyEmail": "Bl"},
        {"officePhone": "Bl"},
        {"department": "Bl"},
        {"twitterId": "Bl"},
        {"industry": {"value": "Bl"}},
        {"account": {"name": "Bl"}},
        {"regionalCstm": {"value": "Bl"}},
    ],
)
def test_z21_what_is_not_there_is_neither_like_nor_unlike(absent: Zurmo, clause: dict[str, Any]) -> None:
    assert structured(absent, CONTACT, [clause], "1") == ["yes"]
    assert structured(absent, CONTACT, [clause], "NOT 1") == ["no"]
    assert structured(absent, CONTACT, [clause], "NOT NOT 1") == ["yes"]
    assert structured(absent, CONTACT, [clause, {"lastName": "with"}], "NOT (1 OR 2)") == ["no"]


def test_z21_in_search_too(absent: Zurmo) -> None:
    clause = {"attributeName": "primaryAddress", "relatedAttributeName": "city"}
    for operator, value, found in (
        ("equals", "Bl", ["no"]),
        ("doesNotEqual", "Bl", ["yes"]),
        ("isNotNull", None, []),
    ):
        asked = {**clause, "operatorType": operator, **({} if value is None else {"value": value})}
        assert searched(absent, CONTACT, "Contact", asked, "NOT 1") == found


UNUSED = "SQLSTATE[42S22]: Column not found: 1054 Unknown column 'notused' in 'where clause'"


@pytest.mark.parametrize("structure", ["1", "NOT 1", "1 OR 2", "(1 OR 2) AND 3", "1 AND", "whatever"])
def test_z22_without_any_clause_left_nothing_is_asked(v3: Zurmo, structure: str) -> None:
    v3.task("one")
    assert structured(v3, TASK, [{"name": ""}], structure) == ["one"]
    assert structured(v3, TASK, [{"name": {"x": "y"}}], structure) == ["one"]


@pytest.mark.parametrize(
    ("structure", "found"),
    [
        ("(1 OR 2)", ["two"]),
        ("(1 and 2)", ["two"]),
        ("2 OR 1", ["two"]),
        ("(1 OR 2) AND 3", ["two"]),
        ("2 AND (1 OR 2)", ["two"]),
        ("1 OR 2", None),
        ("NOT 1", None),
        ("2 AND NOT 1", None),
        ("(1)", None),
    ],
)
def test_z22_an_empty_clause_drops_out_with_its_operator(v3: Zurmo, structure: str, found: Found | None) -> None:
    v3.task("one")
    v3.task("two")
    clauses = [{"name": ""}, {"name": "two"}]
    if found is None:
        assert v3.failure("POST", f"/{TASK}/api/list/", dynamic(clauses, structure)) == UNUSED
    else:
        assert structured(v3, TASK, clauses, structure) == found


def test_z22_states_and_a_search_beside_it_are_clauses_that_are_left(two: Zurmo) -> None:
    two.task("one")
    data = dynamic([{"lastName": ""}], "NOT 1")
    assert two.failure("POST", f"/{CONTACT}/api/list/", data) == UNUSED
    data = {**dynamic([{"name": ""}], "NOT 1"), "search": {"name": "one"}}
    assert two.failure("POST", f"/{TASK}/api/list/", data) == UNUSED


@pytest.mark.parametrize("structure", ["", "  "])
def test_z25_search_needs_a_structure_that_is_one(v3: Zurmo, structure: str) -> None:
    v3.task("one")
    name = {"attributeName": "name", "operatorType": "startsWith", "value": "o"}
    search = v3.search_data("Task", {1: name}, structure)
    message = v3.failure("POST", f"/{TASK}/api/search/filter/", {"search": search})
    assert message.startswith("SQLSTATE[42000]: Syntax error or access violation: 1064 ")


def test_a_map_where_a_value_of_the_record_belongs_is_ignored(people: Zurmo) -> None:
    everybody = ["Ba", "Bb", "Bc"]
    for name in ("lastName", "officePhone", "description", "website", "createdDateTime"):
        for value in ({"x": "zzz"}, {"0": "zzz"}):
            assert people.post_list(CONTACT, "lastName", search={name: value}) == everybody, name
    for inner in ({"x": "b"}, {"0": "b@x.example"}):
        assert people.post_list(CONTACT, "lastName", search={"primaryEmail": {"emailAddress": inner}}) == []
        assert people.post_list(CONTACT, "lastName", search={"account": {"name": inner}}) == []
        assert people.post_list(CONTACT, "lastName", search={"owner": {"username": inner}}) == []
    for inner in ({"x": "Retail"}, {"0": "Retail", "1": "Nope"}):
        assert people.post_list(CONTACT, "lastName", search={"industry": {"value": inner}}) == ["Bb"]
    assert people.post_list(CONTACT, "lastName", search={"owner": {"id": {"x": "1"}}}) == everybody
