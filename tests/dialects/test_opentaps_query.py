"""opentaps lists: sequence numbers, counts and filters (opentaps dossier, section 5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonical.model import STATES, Activity
from canonical.operations import Create, Update
from canonical.query import TRUE, And, Compare, Op, eq
from dialects.opentaps.fields.status import kept_word, shown_status, status_node, words_in
from dialects.opentaps.perform.names import TenantNames
from tests.canonical.evaluator import matches
from tests.dialects.opentaps_client import FORM, Client, ann_fixture, quick_world, refused
from tests.support.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with quick_world(tmp_path_factory.mktemp("opentaps")) as made:
        yield made


@pytest.fixture(scope="module")
def ann(world: World) -> Client:
    """Seven notes, 1 to 7, of which 6 is deleted; nobody changes them."""
    client = Client.fresh(world)
    made = [client.create(f"n{number}") for number in range(1, 8)]
    client.value("DELETE", f"/activities/{made[5]['_id']}")
    return client


fresh = ann_fixture()


def numbers(found: list[dict[str, Any]]) -> list[int]:
    return [element["sequenceNum"] for element in found]


def texts(client: Client, path: str = "/activities", **fields: Any) -> list[str]:
    return [element["noteText"] for element in client.value("GET", path, fields)]


# -- pages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "order", "expected"),
    [
        ("/activities", None, [1, 2, 3, 4, 5, 7]),
        ("/activities/", None, [1, 2, 3, 4, 5, 7]),
        ("/activities/2", None, [1, 2]),
        ("/activities/2/", None, [1, 2]),
        ("/activities/2/5", None, [5, 7]),
        ("/activities/2/6", None, [7]),
        ("/activities/10/999", None, []),
        ("/activities/3/0", None, [1, 2, 3]),
        ("/activities/3/-5", None, [1, 2, 3]),
        ("/activities/2/+5", None, [5, 7]),
        ("/activities/2/5", "desc", [5, 4]),
        ("/activities/2", " DESC ", [7, 5]),
        ("/activities/2/0", "DESC", []),
        ("/activities/2/-1", "DESC", []),
        ("/activities/2/5", "descending", [5, 7]),
        ("/activities/0/5", None, [5, 7]),
        ("/activities/-1/5", None, [5, 7]),
        ("/activities/101/5", None, [5, 7]),
        ("/activities/2147483647", None, [1, 2, 3, 4, 5, 7]),
        ("/activities/1/9223372036854775807", "DESC", [7]),
        ("/crm2/activities/2/5", None, [5, 7]),
        ("/task", None, []),
        ("/task/5/1", None, []),
    ],
)
def test_pages(ann: Client, path: str, order: str | None, expected: list[int]) -> None:
    assert numbers(ann.value("GET", path, {} if order is None else {"order": order})) == expected


def test_a_page_past_the_end_is_an_empty_list_to_the_byte(ann: Client) -> None:
    answer = ann.ask("GET", "/activities/10/999")
    assert (answer.status, answer.body) == (
        200,
        b'{"result":{"resultValue":[],"successMessage":"","errorMessage":""}}',
    )


@pytest.mark.parametrize(
    "path",
    ["/activities/abc", "/activities/5/x", "/activities/2147483648", "/activities/1/9223372036854775808",
     "/activities/1.5", "/activities/1e3", "/activities/%D9%A1", "/activities/0x10", "/activities/10/--1",
     "/activities/" + "9" * 5000, "/activities/%20"],
)  # fmt: skip
def test_bad_numbers(ann: Client, path: str) -> None:
    assert ann.refusal("GET", path, expect=400).startswith('Unexpected Error For input string: "')


def test_bad_number_text_is_that_of_2012(ann: Client) -> None:
    assert ann.refusal("GET", "/activities/abc", expect=400) == 'Unexpected Error For input string: "abc"'


def test_default_and_largest_count_is_100(fresh: Client) -> None:
    fresh.write(lambda desk: [desk.create(Create(Activity, {"type": "note", "title": f"n{n}"})) for n in range(105)])
    for path in ("/activities", "/activities/100", "/activities/101", "/activities/0", "/activities/5000/1"):
        assert numbers(fresh.value("GET", path)) == list(range(1, 101))
    assert len(fresh.value("GET", "/activities", per_page="9999")) == 105
    assert numbers(fresh.value("GET", "/activities", per_page="50", page="3")) == [101, 102, 103, 104, 105]
    assert numbers(fresh.value("GET", "/activities/7", page="15")) == list(range(99, 106))
    for bad in ("0", "-1", "x", "9" * 30, "٣", ""):
        assert len(fresh.value("GET", "/activities/3", per_page=bad, page=bad)) == 3
    assert len(fresh.value("GET", "/activities/3", per_page="10001")) == 3
    # The next page starts at the last number + 1.
    seen: list[int] = []
    start = 1
    while page := numbers(fresh.value("GET", f"/activities/40/{start}")):
        seen += page
        start = page[-1] + 1
    assert seen == list(range(1, 106))


def test_the_html_client_pages_down_to_an_empty_page(ann: Client) -> None:
    seen: list[int] = []
    start = 7
    while page := numbers(ann.value("GET", f"/activities/2/{start}", order="DESC")):
        seen += page
        start = page[-1] - 1
    assert seen == [7, 5, 4, 3, 2, 1]


# -- filters --------------------------------------------------------------------------------------------


def test_types_and_statuses_are_lists_by_comma_or_blank(fresh: Client) -> None:
    fresh.create("a", activityType="EMAIL")
    fresh.create("b", status="STARTED")
    fresh.create("c", activityType="TASK", status="On Hold")
    fresh.create("d", activityType="pinned", status="COMPLETED")
    assert texts(fresh, activityType="EMAIL,pinned") == ["a", "d"]
    assert texts(fresh, activityType="email PINNED  task") == ["a", "c", "d"]
    assert texts(fresh, activityType="EMAIL", status="CREATED") == ["a"]
    assert texts(fresh, status="STARTED,CREATED") == ["a", "b"]
    assert texts(fresh, status="started completed") == ["b", "d"]
    assert texts(fresh, activityType="", status=" ,") == ["a", "b", "c", "d"]
    assert texts(fresh, "/task") == ["c"]
    assert texts(fresh, "/task", activityType="NOTE") == []
    assert texts(fresh, activityType="CALL") == []
    two = [("activityType", "EMAIL"), ("activityType", "TASK")]
    assert [a["noteText"] for a in fresh.value("GET", "/activities", two)] == ["a", "c"]


def test_a_status_filter_finds_what_the_element_shows(fresh: Client) -> None:
    words = ["CREATED", "STARTED", "COMPLETED", "done", "on_hold", "started", "Cancelled"]
    for word in words:
        fresh.create(word, status=word)
    ids = [activity.id for activity in fresh.desk().find(Activity).items]
    states = ["completed", "open", "awaiting", "in_progress", "completed", "rejected", "open"]
    for wanted in (None, states):
        if wanted is not None:
            for id, state in zip(ids, wanted, strict=True):
                fresh.write(lambda desk, id=id, state=state: desk.update(Update(Activity, id, {"state": state})))
        shown = {a["noteText"]: a["status"] for a in fresh.value("GET", "/activities")}
        for word in {*words, *shown.values(), "AWAITING", "REJECTED", "nothing"}:
            expected = [text for text, status in shown.items() if status.upper() == word.upper()]
            assert texts(fresh, status=word) == expected, word


WORDS = st.sampled_from(
    ["CREATED", "STARTED", "AWAITING", "REJECTED", "COMPLETED", "CANCELLED", "done", "Closed", "FINISHED", "canceled",
     "created", "On Hold", "", "x"]
)  # fmt: skip


@given(st.lists(WORDS, min_size=1, max_size=8), st.sampled_from(STATES), st.none() | WORDS)
def test_the_query_of_words_means_what_is_shown_and_is_read_back(
    words: list[str], state: str, kept: str | None
) -> None:
    extras = {} if kept is None else {key: value for key, value in kept_word(kept).items() if value is not None}
    activity = Activity(state=state, extras={"opentaps": extras} if extras else {})
    node = status_node(words)
    asked = {word.strip().upper() for word in words}
    assert (matches(node, activity, {}) is True) == (shown_status(activity).strip().upper() in asked)
    assert set(words_in(node)) == asked
    assert status_node(words_in(node)) == node


def test_other_queries_are_no_words() -> None:
    for node in (TRUE, eq("state", "open"), And((eq("state", "open"),)), And((Compare("state", Op.NE, "completed"),))):
        assert words_in(node) == []


def test_people_parents_and_ids(fresh: Client) -> None:
    bo, cy = (fresh.contact(firstName=name)["contactId"] for name in ("Bo", "Cy"))
    a = fresh.create("a", assignedToContactId=bo)
    b = fresh.create("b", assignedToContactId=cy, parentActivityId=a["_id"])
    c = fresh.create("c")
    fresh.value("POST", "/activities/contact/add", activityId=c["_id"], contactId=bo, role="x")
    assert texts(fresh, contactId=bo) == ["c"]
    assert texts(fresh, assignedToContactId=bo) == ["a"]
    assert texts(fresh, assignedToContactId=f"{bo},{cy}") == ["a", "b"]
    assert texts(fresh, parentActivityId=a["_id"]) == ["b"]
    assert texts(fresh, activityId=b["_id"]) == ["b"]
    assert texts(fresh, taskId=f"{b['_id']} {c['_id']}") == ["b", "c"]
    for name in ("contactId", "assignedToContactId", "responsibleContactId", "parentActivityId", "activityId"):
        for nobody in ("x", "0" * 24, "f" * 24):
            assert texts(fresh, **{name: nobody}) == []


def test_tags_mentions_and_free_attributes(fresh: Client) -> None:
    fresh.create("a", tagName="Hot", note_field_opentapsOrderId="1001")
    fresh.create("ask @bea\nand more", note_field_opentapsOrderId="1002")
    fresh.create("c\n@bea", **{"note_field_a b": "x&y", "note_field_opentapsOrderId": "1001"})
    assert texts(fresh, tagName="hot") == ["a"]
    assert texts(fresh, mentionedUserIds="bea") == ["ask @bea\nand more", "c\n@bea"]
    assert texts(fresh, mentionedUserIds="be%") == []
    assert texts(fresh, opentapsOrderId="1001") == ["a", "c\n@bea"]
    assert texts(fresh, opentapsOrderId="1001", tagName="hot") == ["a"]
    assert texts(fresh, **{"a b": "x&y"}) == ["c\n@bea"]
    assert texts(fresh, note_field_opentapsOrderId="1002") == ["ask @bea\nand more"]
    assert texts(fresh, opentapsOrderId="") == []
    assert texts(fresh, nothing="1") == []


def test_reserved_names_are_never_filters(ann: Client) -> None:
    reserved = dict.fromkeys(("callback", "_", "lang", "userKey", "partial", "created_by_user_name"), "x")
    assert len(ann.value("GET", "/activities", reserved)) == 6


def test_count_and_start_apply_after_filtering(fresh: Client) -> None:
    for number in range(10):
        fresh.create(str(number), activityType="NOTE" if number % 2 else "EMAIL")
    assert texts(fresh, "/activities/2/4", activityType="EMAIL") == ["4", "6"]


def test_too_many_filters_are_refused(ann: Client) -> None:
    assert ann.refusal("GET", "/activities", {f"f{n}": "1" for n in range(60)}, expect=400)
    assert ann.refusal("GET", "/activities", status=",".join(f"s{n}" for n in range(60)), expect=400)


def test_too_many_ids_are_refused_before_they_are_looked_up(ann: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    for find in ("activity", "contact"):
        monkeypatch.setattr(TenantNames, find, lambda names, text: asked.append(text))
    for name in ("contactId", "assignedToContactId", "responsibleContactId", "parentActivityId", "taskId"):
        assert ann.refusal("GET", "/activities", {name: ",".join(f"{n:024x}" for n in range(51))}, expect=400)
        assert ann.refusal("GET", "/activities", {name: " ".join(map(str, range(10_001)))}, expect=413)
    assert asked == []
    assert ann.value("GET", "/activities", contactId=",".join(f"{n:024x}" for n in range(49))) == []
    assert len(asked) == 49


def test_task_search_with_credentials_in_the_body_of_a_get(fresh: Client) -> None:
    fresh.create("t", path="/task")
    fresh.create("n")
    body = b"status=STARTED%2CCREATED&per_page=9999&authToken=T0K&clientDomain=acme.com"
    answer = fresh.send("GET", "/task", body, FORM)
    assert answer.status == 200
    assert b'"activityType":"TASK"' in answer.body
    assert answer.body.count(b'"_id"') == 1


def test_queries_are_not_for_other_tenants(ann: Client, world: World) -> None:
    message = refused(ann.send("GET", "/activities?authToken=T0K&clientDomain=globex.com"), 403)
    assert message == "You do not have permission to do this."
