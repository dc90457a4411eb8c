"""What opentaps' client side hears: records, errors, lists that never end, and answers with anything in them."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.client import UnexpectedAnswer
from adapter.losses import Loss, LossReport
from canonical.errors import (
    CanonicalError,
    Conflict,
    Denied,
    Duplicate,
    Invalid,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from canonical.model import Activity, CustomValue, Link, Party, Tag, User
from canonical.operations import (
    AddTag,
    Create,
    Delete,
    DropLink,
    Find,
    Get,
    Update,
)
from canonical.query import Query
from canonical.values import SECOND, Ref, instant
from dialects.opentaps.client import hear
from dialects.opentaps.client.shown import MAX_ANSWER, Shown, check
from dialects.opentaps.wire.ids import text_of
from tests.dialects.opentaps_vendor import (
    CARD,
    CONTACT,
    CONTACT_ELEMENT,
    ELEMENT,
    ID,
    PARTY,
    TEXT,
    RanOut,
    answer,
    conversed,
    enveloped,
    pulled,
    signing_in,
)

# -- hearing --------------------------------------------------------------------------------------------


def heard(element: Any, losses: LossReport | None = None) -> Activity:
    return hear.activity(Shown("x", 200, "", element), {CARD: "ann"}, LossReport() if losses is None else losses)


def test_element_as_it_stands() -> None:
    record = heard(ELEMENT)
    assert (record.id, record.sequence, record.type, record.title, record.body) == (ID, 3, "task", "a", "b")
    assert (record.created_at, record.updated_at) == (
        instant(2014, 1, 20, 20, 42, 56, 500_000),
        instant(2014, 1, 21, 20, 42, 56),
    )
    assert (record.owner_id, record.owner_username, record.owner_chosen) == (CARD, "ann", True)
    assert (record.creator_id, record.creator_username, record.parent_id) == (CARD, "ann", PARTY.id)
    assert [(link.target, link.role) for link in record.links] == [
        (PARTY, "buyer"), (Ref("user", CARD), ""), (PARTY, "assignee"),
    ]  # fmt: skip
    assert record.tags == [Tag(7, "Hot", "http://x.test")]
    assert record.custom == [CustomValue("mood", "good")]
    assert record.extras == {
        "opentaps": {
            "status": "On Hold",
            "status_key": "ON HOLD",
            "clientDomain": "acme.com",
            "createdByUser": ELEMENT["createdByUser"],
        }
    }


def test_elements_of_all_three_generations() -> None:
    whole = {
        "_id": TEXT, "noteText": "a\nb", "status": "On Hold", "sequenceNum": 3, "activityType": "TASK",
        "dateTimeCreated": "2014-01-20 20:42:56.5", "scheduledDateTime": "2014-02-03 00:00:00.0",
        "assignedToContact": [CONTACT], "attributes": {"x": "1", "_id": "an attribute", "contacts": "another"},
    }  # fmt: skip
    note = {
        "noteId": TEXT, "noteText": "a\nb", "sequenceNum": 3, "dateTimeCreated": "2014-01-20 20:42:56.5",
        "note_field_activityType": "TASK", "note_field_status": "On Hold", "note_field_x": "1",
        "note_field_scheduledDateTime": "2014-02-03 00:00:00.0", "note_field_assignedToContactId": CONTACT,
        "note_field__id": "an attribute", "note_field_contacts": "another",
    }  # fmt: skip
    losses = LossReport()
    flat, old = heard(whole, losses), heard({"note": note}, losses)
    assert flat == old
    assert not losses
    assert (flat.id, flat.title, flat.body, flat.type, flat.state, flat.sequence) == (ID, "a", "b", "task", "open", 3)
    assert flat.links == [Link(0, Ref("activity", ID), PARTY, "assignee")]


def test_server_of_2012_shows_no_more_than_the_id_of_what_was_made() -> None:
    assert hear.new_activity("x", enveloped({"note": {"noteId": TEXT}}, 201)) == ID


def test_names_that_nobody_knows_are_kept_and_counted() -> None:
    losses = LossReport()
    record = heard({**ELEMENT, "mood": [1], "note": {**ELEMENT["note"], "colour": "red"}}, losses)
    kept = record.extras["opentaps"]
    assert (kept["mood"], kept["colour"]) == ([1], "red")
    assert losses.counts() == {Loss("task", "mood", "unknown_name"): 1, Loss("task", "colour", "unknown_name"): 1}
    party = hear.contact(Shown("x", 200, "", {**CONTACT_ELEMENT, "age": 5}), {}, losses)
    assert party.extras["opentaps"]["age"] == 5
    assert Loss("person", "age", "unknown_name") in losses.counts()


def test_responsible_contact_who_is_no_user_is_kept() -> None:
    record = heard({**ELEMENT, "responsibleContactId": CONTACT})
    assert (record.owner_id, record.owner_chosen) == (None, False)
    assert record.extras["opentaps"]["responsibleContactId"] == CONTACT


def test_contacts_are_people_or_organisations() -> None:
    person = hear.contact(Shown("x", 200, "", CONTACT_ELEMENT), {}, LossReport())
    assert (person.type, person.name, person.organisation_name, person.about) == ("person", "Bo Ek", "Fjord AS", "c")
    assert person.created_at == 0x52DD8A10 * SECOND
    assert [(point.id, point.kind, point.value, point.label) for point in person.points] == [
        (1, "email", "bo@x.test", "primary"), (2, "email", "b@y.test", None), (3, "phone", "1", "work"),
    ]  # fmt: skip
    assert person.points[2].extras == {"opentaps": {"purpose": "Work"}}
    company = hear.contact(Shown("x", 200, "", {"_id": CONTACT, "companyName": "Fjord AS"}), {}, LossReport())
    assert (company.type, company.name, company.organisation_name) == ("organisation", "Fjord AS", None)


def test_user_with_two_logins_is_known_by_the_first() -> None:
    losses = LossReport()
    card = Shown("x", 200, "", CONTACT_ELEMENT)
    user = hear.user(card, [("Bo@X", "GOOGLE_APPS"), ("bo", "INTERNAL")], losses)
    assert (user.id, user.username, user.email, user.last_name) == (PARTY.id, "bo@x", "bo@x.test", "Ek")
    assert user.extras["opentaps"] == {
        "userId": "Bo@X",
        "userIdType": "GOOGLE_APPS",
        "logins": [{"userId": "bo", "userIdType": "INTERNAL"}],
    }
    assert losses.counts() == {
        Loss("user", "username", "another_login"): 1,
        Loss("user", "points", "of_the_card"): 2,
        Loss("user", "about", "of_the_card"): 1,
    }


@pytest.mark.parametrize(
    ("status", "body", "error", "text"),
    [
        (401, b"", Unauthenticated, "unknown"),
        (401, b'{"error":"authToken is required."}', Unauthenticated, "missing"),
        (403, b'{"message":"no"}', Denied, "no"),
        (404, b'{"error":"I cannot find the contact with id [5]."}', NotFound, "contact 5"),
        (404, b'{"message":"no"}', NotFound, "call"),
        (404, b"<html>", UnexpectedAnswer, "status 404"),
        (400, b'{"error":"A tag with this name already exists."}', Duplicate, "tag is taken"),
        (400, b'{"message":"no"}', Invalid, "request: no"),
        (400, b'{"error":"x","errors":[{"field":"text","message":"must"}]}', Invalid, "text: must"),
        (400, b"[]", UnexpectedAnswer, "status 400"),
        (409, b'{"error":"x"}', Conflict, "x"),
        (500, b"<html>", Unavailable, "status 500"),
        (429, b"", Unavailable, "status 429"),
        (302, b"", UnexpectedAnswer, "status 302"),
    ],
)
def test_errors(status: int, body: bytes, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        check("call", answer(status, body))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"_id": None, "activityId": None, "noteId": None, "note": ""}, "/_id: missing"),
        ({"_id": "5"}, "/_id: no id of 24 hex digits"),
        ({"_id": 5}, "/_id: no text"),
        ({"noteText": None, "note": None}, "/noteText: missing"),
        ({"sequenceNum": True}, "/sequenceNum: no number"),
        ({"sequenceNum": 2.5}, "/sequenceNum: no number"),
        ({"dateTimeCreated": "yesterday"}, "/dateTimeCreated: no moment"),
        ({"scheduledDateTime": {}}, "/scheduledDateTime: no moment"),
        ({"contacts": {}}, "/contacts: no list"),
        ({"contacts": [{"role": "x"}]}, "/contacts/0/contactId: missing"),
        ({"assignedToContact": ["x"]}, "/assignedToContact/0: no id"),
        ({"tags": [{"tagId": "0" * 24}]}, "/tags/0/tagName: missing"),
        ({"attributes": []}, "/attributes: no object"),
        ({"createdByUser": "ann"}, "/createdByUser: no object"),
    ],
)
def test_elements_that_are_none(change: dict[str, Any], text: str) -> None:
    with pytest.raises(UnexpectedAnswer, match=text):
        heard({**ELEMENT, **change})


def test_answer_without_an_end_is_not_read() -> None:
    with pytest.raises(UnexpectedAnswer, match="too large"):
        hear.tags("tag list", answer(200, b" " * (MAX_ANSWER + 1)))


def test_answers_in_another_character_set() -> None:
    for charset in ("latin-1", "utf-16"):
        body = orjson.dumps({"result": {"resultValue": [{**ELEMENT, "noteText": "é"}]}}).decode().encode(charset)
        with pytest.raises(UnexpectedAnswer, match="no JSON"):
            hear.activities("x", answer(200, body), {}, LossReport())


# -- lists ----------------------------------------------------------------------------------------------


def element(number: int, **more: Any) -> dict[str, Any]:
    return {"_id": f"{number:024x}", "noteText": "x", "sequenceNum": number, **more}


def test_lists_go_on_after_the_last_sequence_number() -> None:
    first = [element(2 * number) for number in range(1, 101)]
    requests, batches = pulled("task", [enveloped(first), enveloped([])], cursor=2)
    assert [request.target for request in requests] == [
        "/activities/100/2?activityType=TASK", "/activities/100/201?activityType=TASK",
    ]  # fmt: skip
    assert [batch.cursor for batch in batches] == [201]


def test_notes_are_whatever_is_of_no_other_type() -> None:
    types = ("NOTE", "PINNED", "EMAIL", "TASK", "FOLLOWUP_EMAIL")
    shown = [element(number, activityType=type_) for number, type_ in enumerate(types, 1)]
    (request,), (batch,) = pulled("note", [enveloped(shown)])
    assert request.target == "/activities/100/0"
    assert [record.type for record in batch.records] == ["note", "pinned", "followup_email"]
    assert batch.cursor == 6


def test_only_what_changed_since_is_given() -> None:
    shown = [
        element(1, dateTimeCreated="2014-01-01 00:00:00.0"),
        element(2, dateTimeCreated="2014-01-01 00:00:00.0", dateTimeUpdated="2014-03-01 00:00:00.0"),
    ]
    _, (batch,) = pulled("note", [enveloped(shown)], since=instant(2014, 2, 1))
    assert [record.sequence for record in batch.records] == [2]


def test_servers_whose_lists_never_end_are_told_of() -> None:
    again = enveloped([element(number) for number in range(1, 101)])
    with pytest.raises(UnexpectedAnswer, match="sequenceNum: not after the one before"):
        pulled("note", [again, again])
    contacts = enveloped([{"contactId": f"{number:024x}", "firstName": "x"} for number in range(1, 151)])
    requests, batches = pulled("person", [contacts, contacts])
    assert [request.query for request in requests] == ["per_page=100&page=1", "per_page=100&page=2"]
    assert [len(batch.records) for batch in batches] == [150]


def test_cards_of_users_are_no_people() -> None:
    shown = [CONTACT_ELEMENT, {"contactId": text_of(CARD), "firstName": "Ann"}, {"_id": TEXT, "companyName": "x"}]
    _, (batch,) = pulled("person", [enveloped(shown)])
    assert [record.id for record in batch.records] == [PARTY.id]
    assert batch.cursor == 1


def test_list_of_users_holds_the_one_who_asks() -> None:
    with pytest.raises(UnexpectedAnswer, match="without the one who asks"):
        pulled("user", [answer(200, [])])


def test_user_who_lost_his_login_meanwhile_is_none() -> None:
    cards = answer(200, [CONTACT_ELEMENT, {"_id": text_of(CARD), "fullName": "Ann"}])
    gone = answer(404, {"error": f"I cannot find the contact with id [{CONTACT}]."})
    _, (batch,) = pulled("user", [cards, gone, answer(200, [{"userId": "ann"}])])
    assert [(user.username, user.last_name) for user in batch.records] == [("ann", "Ann")]


# -- anything at all ------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8) | st.just(TEXT),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ELEMENT, "x"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, held in inner:
        yield from places(held, (*at, key))


def changed(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    if not at:
        return new
    made = copy.copy(value)
    made[at[0]] = changed(value[at[0]], at[1:], new)
    return made


WHOLE = {"result": {"resultValue": ELEMENT, "successMessage": "", "errorMessage": ""}}
CONTACTS = {"result": {"resultValue": [CONTACT_ELEMENT]}}
LOGINS = [{"userId": "Ann", "userIdType": "INTERNAL"}]


def _listen(data: bytes, status: int) -> None:
    """Hears an answer in every way there is; nothing but the two sorts of error may come of it."""
    response = answer(status, data)
    # RanOut: none of the answers was refused.
    quiet = (UnexpectedAnswer, CanonicalError, RanOut)
    for operation in (
        Get(Activity, ID),
        Get(Party, PARTY.id),
        Get(User, CARD),
        Create(Activity, {"title": "x"}),
        Create(Party, {"first_name": "x"}),
        Update(Party, PARTY.id, {"first_name": "x"}),
        AddTag(Ref("activity", ID), "x"),
        DropLink(Ref("activity", ID), PARTY),
        Delete(User, CARD),
        Find(Activity, Query()),
    ):
        with contextlib.suppress(*quiet):
            conversed(operation, *[response] * 6)
    for kind in ("user", "person", "note"):
        with contextlib.suppress(*quiet):
            pulled(kind, [response] * 4)
    with contextlib.suppress(*quiet):
        signing_in(*[response] * 5)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_answers_with_anything_in_them(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([WHOLE, CONTACTS, LOGINS, [CONTACT_ELEMENT]]))
    at = data.draw(st.sampled_from(list(places(whole))))
    body = json.dumps(changed(whole, at, data.draw(JSON))).encode()
    cut = data.draw(st.just(len(body)) | st.integers(0, len(body)))
    _listen(body[:cut], data.draw(st.sampled_from([200, 200, 200, 201, 400, 404, 500])))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=60), st.sampled_from([200, 201, 400, 401, 403, 404, 409, 413, 418]))
def test_answers_of_any_bytes(body: bytes, status: int) -> None:
    _listen(body, status)
