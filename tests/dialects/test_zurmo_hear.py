"""What Zurmo's client side hears: records, failures, and answers with anything in them."""

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

from adapter.client import Credentials, Session, UnexpectedAnswer
from adapter.contract import load
from adapter.losses import Loss
from adapter.wire import WireResponse
from canonical.errors import (
    CanonicalError,
    Denied,
    Duplicate,
    Invalid,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from canonical.model import Activity, CustomValue, Opportunity, Party, User
from canonical.operations import Create, Delete, Find, FindCustomFields, FindDeletions, Get, Update
from canonical.query import Query, eq
from canonical.values import Ref, instant
from dialects.zurmo.client import CLIENT
from dialects.zurmo.client.ids import canonical_id
from dialects.zurmo.client.shown import MAX_ANSWER, Shown, data
from tests.dialects.test_zurmo_client import LOGIN, NOTE_5, STATES, answer, asker, failed, listed
from tests.dialects.zurmo_client import FIXTURES
from tests.support.conversing import Asker, RanOut

ACCOUNT_1 = canonical_id("Account", 1)
MEETING_1 = canonical_id("Meeting", 1)
NOTE_1 = canonical_id("Note", 1)


def recorded(name: str) -> Any:
    """The data of a recorded answer."""
    return orjson.loads(load(FIXTURES, name).response.body)["data"]


def heard(kind: Any, id: int, shown: Any, *more: WireResponse) -> tuple[Any, dict[Loss, int]]:
    client = asker()
    _, record = client.perform(Get(kind, id), answer(shown), *more)
    return record, client.losses.counts()


# -- records ------------------------------------------------------------------------------------------------


def test_an_account_of_a_server() -> None:
    account, losses = heard(Party, ACCOUNT_1, recorded("021-account-create"))
    assert (account.id, account.type, account.name) == (ACCOUNT_1, "organisation", "Acme Ltd")
    assert (account.employees, account.annual_revenue, account.industry) == (12, 100_000_000_000, "Retail")
    assert (account.owner_id, account.owner_username, account.creator_username) == (1, "super", "super")
    assert account.created_at == account.updated_at == instant(2026, 11, 22, 5, 43, 27)
    address, email = account.points
    assert (address.kind, address.label, address.street, address.city) == ("address", "billing", "1 High St", "Leeds")
    assert (email.kind, email.value, email.extras) == ("email", "info@acme.example", {"zurmo": {"optOut": "1"}})
    assert not account.extras
    assert not losses


def test_a_contact_of_a_server() -> None:
    person, losses = heard(Party, 1, recorded("023-contact-create"))
    assert (person.first_name, person.last_name, person.salutation) == ("Ana", "Silva", "Dr.")
    assert (person.stage, person.stage_word, person.organisation_id) == ("contact", "Qualified", ACCOUNT_1)
    assert [(point.kind, point.value) for point in person.points] == [("email", "ana@shop.example")]
    assert not losses


def test_a_meeting_of_a_server() -> None:
    meeting, losses = heard(Activity, MEETING_1, recorded("029-meeting-create-linked"))
    assert (meeting.id, meeting.type, meeting.title) == (MEETING_1, "meeting", "Demo")
    assert (meeting.start_at, meeting.category) == (instant(2015, 5, 1, 10), "Meeting")
    assert [(link.target, link.role) for link in meeting.links] == [(Ref("party", 1), "")]
    assert not meeting.extras
    assert not losses


def test_a_note_of_a_server() -> None:
    note, losses = heard(Activity, NOTE_1, recorded("028-note-create-linked"))
    assert (note.id, note.type) == (NOTE_1, "note")
    assert note.title
    assert note.start_at is not None
    assert not losses


def test_an_opportunity_of_a_server() -> None:
    nobody = [listed()] * 2
    deal, losses = heard(Opportunity, 1, recorded("030-opportunity-create"), *nobody)
    assert (deal.title, deal.amount, deal.currency) == ("Deal", 1_500_500_000, "USD")
    assert (deal.stage, deal.probability, deal.state, deal.expected_close) == ("Negotiating", 50, "open", "2015-12-31")
    assert deal.stage_changed_at == instant(2026, 11, 22, 5, 43, 35)
    won, _ = heard(
        Opportunity,
        1,
        {**recorded("030-opportunity-create"), "stage": {"id": 4, "value": "Closed Won"}, "account": {"id": 9}},
        *nobody,
    )
    assert (won.state, won.party_id) == ("won", canonical_id("Account", 9))
    assert not losses


def test_a_user_of_a_server() -> None:
    user, losses = heard(User, 2, recorded("048-user-create"))
    assert (user.username, user.email, user.time_zone) == ("dana", "dana@shop.example", "America/Chicago")
    assert user.active is True
    assert not losses


TASK = {"id": 5, "name": "x", "completed": "0", "status": "1"}


@pytest.mark.parametrize(
    ("shown", "values", "extras"),
    [
        ({"dueDateTime": "0000-00-00 00:00:00", "description": ""}, {"due_at": None, "body": ""}, {}),
        ({"status": "3"}, {"state": "awaiting"}, {}),
        (
            {"completed": "1", "status": "5", "completedDateTime": "2015-03-02 09:00:00"},
            {"state": "completed", "completed_at": instant(2015, 3, 2, 9)},
            {},
        ),
        ({"completed": 1, "status": None}, {"state": "completed"}, {}),
        # Its own words, where they say something else (zurmo dossier, section 7).
        ({"completed": "1"}, {"state": "completed"}, {"status": "completed:1:"}),
        ({"completed": "0", "status": "5"}, {"state": "open"}, {"status": "open:5:"}),
        ({"completedDateTime": "2015-03-02 09:00:00"}, {"state": "open"}, {"done": "2015-03-02 09:00:00"}),
        ({"explicitReadWriteModelPermissions": {"type": None}}, {"visibility": "owner"}, {}),
        (
            {"explicitReadWriteModelPermissions": {"type": 2, "nonEveryoneGroup": 9}},
            {"visibility": "group", "group_id": 9},
            {},
        ),
        ({"requestedByUser": {"id": 3, "username": "dana"}}, {"requester_id": 3, "requester_username": "dana"}, {}),
        ({"project": {"id": 7}}, {}, {"project": 7}),
        ({"name": "x" * 300}, {"title": "x" * 300}, {}),
    ],
)
def test_tasks(shown: Any, values: dict[str, Any], extras: dict[str, Any]) -> None:
    task, losses = heard(Activity, 5, {**TASK, **shown})
    assert {name: getattr(task, name) for name in values} == values
    assert task.extras.get("zurmo", {}) == extras
    assert not losses


def test_what_a_client_could_not_send_is_heard_all_the_same() -> None:
    """A server has what an import put there: no rule of what may be sent applies."""
    shown = {
        "id": 5,
        "lastName": "",
        "state": {"id": 6},
        "mobilePhone": "1" * 60,
        "website": "no address",
        "primaryEmail": {"id": 1, "emailAddress": "no e-mail"},
        "primaryAddress": {"id": 1, "city": "x" * 99},
        "title": {"id": 1, "value": "x" * 300},
    }
    person, _ = heard(Party, 5, shown)
    assert [(point.kind, point.label, point.value or point.city) for point in person.points] == [
        ("phone", "mobile", "1" * 60),
        ("address", None, "x" * 99),
        ("email", None, "no e-mail"),
        ("website", None, "no address"),
    ]
    meeting = {"id": 5, "name": "x", "startDateTime": "2015-03-02 09:00:00", "endDateTime": "2015-03-01 09:00:00"}
    assert heard(Activity, canonical_id("Meeting", 5), meeting)[0].end_at == instant(2015, 3, 1, 9)


def test_custom_attributes_are_custom_values() -> None:
    shown = {
        **TASK,
        "sizeCstm": {"id": 3, "value": "5"},
        "tagsCstm": {"values": ["a", "b"]},
        "textCstm": "t",
        "numberCstm": 5,
        "noneCstm": None,
        "emptyCstm": {"values": None},
    }
    task, losses = heard(Activity, 5, shown)
    assert task.custom == [
        CustomValue("size", "5"),
        CustomValue("tags", "a\nb"),
        CustomValue("text", "t"),
        CustomValue("number", "5"),
    ]
    assert not losses


def test_attributes_that_nobody_knows_are_kept_and_counted() -> None:
    shown = {**TASK, "mood": "good", "team": {"id": 7}, "zero": 5, "nothing": None}
    task, losses = heard(Activity, 5, shown)
    # One of the name of an extra that means something stands beside it.
    assert task.extras == {"zurmo": {"mood": "good", "team": {"id": 7}, "zero_": 5}}
    assert losses == {Loss("task", name, "unknown_attribute"): 1 for name in ("mood", "team", "zero")}


# -- failures -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response", "error", "text"),
    [
        (failed("Sign in required."), Unauthenticated, "missing"),
        (failed("Invalid username or password."), Unauthenticated, "unknown"),
        (failed("An error occured during login. Please try again."), Denied, "login"),
        (failed("The ID specified was invalid."), NotFound, "activity 5"),
        (failed("You do not have rights to perform this action."), Denied, "rights"),
        (failed("You do not have permissions for this action."), Denied, "permissions"),
        (failed("Application is in maintenance mode. Please try again later."), Unavailable, "maintenance"),
        (failed("The related model ID specified was invalid."), Invalid, "links: unknown_reference"),
        (
            failed(
                "Model was updated, but there were issues with relations. The related model ID specified was invalid."
            ),
            Invalid,
            "links: unknown_reference",
        ),
        (failed(""), Invalid, "reference: unknown_reference"),
        (failed("Something else."), Invalid, "request: refused"),
        (failed("Model was not created.", {"name": ["Name cannot be blank."]}), Invalid, "name: refused"),
        (
            failed("Model was not created.", {"primaryEmail": {"emailAddress": ["Email Address is not valid."]}}),
            Invalid,
            "primaryEmail.emailAddress: refused",
        ),
        (
            failed("Model was not created.", {"username": ['Username "dana" is already in use.']}),
            Duplicate,
            "username",
        ),
        (failed("Model was not created.", {"name": "text"}), UnexpectedAnswer, "/errors/name: no list"),
        (failed("Model was not created.", ["text"]), UnexpectedAnswer, "/errors: no object"),
        (WireResponse(500, [], b"<html>"), Unavailable, "status 500"),
        (WireResponse(404, [], b"<html>"), UnexpectedAnswer, "status 404, the answer: no answer of this vendor"),
        (WireResponse(200, [], b""), UnexpectedAnswer, "no JSON"),
        (WireResponse(200, [], '{"status":"é"}'.encode("latin-1")), UnexpectedAnswer, "no JSON"),
        (WireResponse(200, [], b"[" * 100), UnexpectedAnswer, "no JSON"),
        (WireResponse(200, [], b'{"status":"SOME"}'), UnexpectedAnswer, "/status: neither"),
        (answer(), UnexpectedAnswer, "/data: no object"),
        (answer({}), UnexpectedAnswer, "/data/id: missing"),
        (answer({"id": "x"}), UnexpectedAnswer, "/data/id: no number"),
        (answer({"id": 10**17}), UnexpectedAnswer, "/data/id: no id"),
        (answer({**TASK, "name": {}}), UnexpectedAnswer, "/data/name: no text"),
        (answer({**TASK, "name": True}), UnexpectedAnswer, "/data/name: no text"),
        (answer({**TASK, "owner": "super"}), UnexpectedAnswer, "/data/owner: no object"),
        (answer({**TASK, "owner": {}}), UnexpectedAnswer, "/data/owner/id: missing"),
        (answer({**TASK, "completed": "2"}), UnexpectedAnswer, "/data/completed: not such a value"),
        (answer({**TASK, "dueDateTime": "soon"}), UnexpectedAnswer, "/data/dueDateTime: not such a value"),
        (answer({**TASK, "createdDateTime": "soon"}), UnexpectedAnswer, "/data/createdDateTime: no moment"),
    ],
)
def test_failures_and_answers_that_are_none(response: WireResponse, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        asker().perform(Get(Activity, 5), response)


def test_an_answer_without_an_end_is_not_taken_apart() -> None:
    with pytest.raises(UnexpectedAnswer, match="too large"):
        data("task read", WireResponse(200, [], b" " * (MAX_ANSWER + 1)))


def test_states_and_currencies_that_the_server_does_not_have() -> None:
    with pytest.raises(UnexpectedAnswer, match="/data/state/id: unknown contact state"):
        heard(Party, 5, {"id": 5, "lastName": "x", "state": {"id": 99}})
    with pytest.raises(UnexpectedAnswer, match="/data/amount/currency/id: unknown currency"):
        heard(Opportunity, 5, {"id": 5, "amount": {"value": "1", "currency": {"id": 99}}})


def test_a_list_that_goes_round_in_circles_ends() -> None:
    page = listed(*({"id": id, "name": "x"} for id in range(1, 101)))
    with pytest.raises(UnexpectedAnswer, match="not in the order asked for"):
        asker().pull("organisation", lambda request: page)


@pytest.mark.parametrize("body", [b"", b"{", b"x" * 2_000, b"[]", b'"Sign in required."'])
def test_a_session_has_not_ended_by_nonsense(body: bytes) -> None:
    assert not CLIENT.ended(WireResponse(200, [], body))


# -- anything -----------------------------------------------------------------------------------------------

ANSWERS: list[tuple[Any, list[Any]]] = [
    (Get(Party, ACCOUNT_1), [recorded("021-account-create")]),
    (Get(Party, 1), [recorded("023-contact-create")]),
    (Get(Activity, 1), [recorded("016-task-update-status-5")]),
    (Get(Activity, MEETING_1), [recorded("029-meeting-create-linked")]),
    (Get(Activity, NOTE_5), [recorded("028-note-create-linked")]),
    (Get(User, 2), [recorded("048-user-create")]),
    (
        Get(Opportunity, 1),
        [recorded("030-opportunity-create"), {"totalCount": 0, "currentPage": 1}, {"totalCount": 0}],
    ),
    (Create(Activity, {"type": "task", "title": "x"}), [recorded("007-task-create")]),
    (
        Update(Activity, NOTE_5, {"body": "x"}),
        [recorded("028-note-create-linked"), recorded("028-note-create-linked")],
    ),
    (Delete(Activity, 1), [None]),
    (Find(Activity, Query(eq("type", "task"))), [recorded("033-task-list-page-2")]),
    (FindCustomFields("opportunity"), [recorded("045-task-list-attributes")]),
    (FindDeletions("activity", 0), [recorded("056-task-deleted-items"), {"totalCount": 0}]),
]
_VALUES = st.sampled_from(
    [None, True, -1, 0, 2**63 - 1, 1.5, "", "x", "5", "0000-00-00 00:00:00", [], [1], {}, {"id": 1}]
)


def _places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield above
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, held in inner:
        yield from _places(held, (*above, key))


@st.composite
def _broken(draw: st.DrawFn) -> tuple[Any, list[WireResponse]]:
    operation, given_ = draw(st.sampled_from(ANSWERS))
    envelopes: list[Any] = [{"status": "SUCCESS", "data": held, "message": None, "errors": None} for held in given_]
    envelopes = copy.deepcopy(envelopes)
    for _ in range(draw(st.integers(1, 3))):
        whole = draw(st.sampled_from(envelopes))
        place = draw(st.sampled_from([place for place in _places(whole) if place]))
        above = whole
        for key in place[:-1]:
            above = above[key]
        if isinstance(above, dict) and draw(st.booleans()):
            above[draw(st.sampled_from(["mood", "id", "status", "zero", "aCstm"]))] = copy.deepcopy(draw(_VALUES))
        else:
            above[place[-1]] = copy.deepcopy(draw(_VALUES))
    bodies = [json.dumps(envelope).encode() for envelope in envelopes]
    if draw(st.booleans()):
        bodies[0] = bodies[0][: draw(st.integers(0, len(bodies[0])))]
    return operation, [WireResponse(draw(st.sampled_from([200, 200, 200, 404, 500])), [], body) for body in bodies]


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(_broken())
def test_no_answer_is_more_than_one_typed_error(case: tuple[Any, list[WireResponse]]) -> None:
    operation, answers = case
    with contextlib.suppress(UnexpectedAnswer, CanonicalError, RanOut):
        asker().perform(operation, *answers)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_signing_in_hears_anything(source: st.DataObject) -> None:
    given_ = [
        recorded("003-login"),
        recorded("045-task-list-attributes"),
        {"totalCount": 2, "items": STATES[:2]},
        {"totalCount": 1, "items": STATES[2:]},
        {"totalCount": 1, "items": [{"id": 1, "code": "USD"}]},
    ]
    at = source.draw(st.integers(0, len(given_) - 1))
    whole = copy.deepcopy(given_[at])
    place = source.draw(st.sampled_from([place for place in _places(whole) if place]))
    above: Any = whole
    for key in place[:-1]:
        above = above[key]
    above[place[-1]] = source.draw(_VALUES)
    given_[at] = whole
    answers = iter([answer(held) for held in given_])
    session = Session("http://h", Credentials(username="a", password="b"))
    with contextlib.suppress(UnexpectedAnswer, CanonicalError, StopIteration):
        Asker(CLIENT, session).sign_in(lambda request: next(answers, LOGIN))


def test_places_are_pointers() -> None:
    shown = Shown("x", 200, "", {"a": [{"b": "c"}]})
    with pytest.raises(UnexpectedAnswer, match=r"x: status 200, /a/0/b: no object"):
        next(shown.needed("a").items()).needed("b").object()
