"""An opentaps server's answers for tests, and the conversations that they are given in."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import orjson

from adapter.client import Credentials, Session
from adapter.losses import LossReport
from adapter.wire import WireRequest, WireResponse
from canonical.values import Ref
from dialects.opentaps.client import CLIENT
from dialects.opentaps.wire.ids import text_of

TEXT = "52dd8a10e4b0aa11bb22cc01"
ID = int(TEXT, 16)
CONTACT = "52dd8a10e4b0aa11bb22cd07"
PARTY = Ref("party", int(CONTACT, 16))
CARD = 0x52DD8A10E4B0AA11BB22CD09
SESSION = Session(
    "https://crm2.opentaps.com",
    Credentials(token="T0K", domain="acme.com"),
    state={"token": "tmp", "users": {CARD: "ann"}},
)
ELEMENT: dict[str, Any] = {
    "note": {"noteId": TEXT, "noteText": "a\nb", "sequenceNum": 3, "dateTimeCreated": "2014-01-20 20:42:56.5"},
    "_id": TEXT, "activityId": TEXT, "noteId": TEXT, "noteText": "a\nb", "sequenceNum": 3, "clientDomain": "acme.com",
    "dateTimeCreated": "2014-01-20 20:42:56.5", "createdByUser": {"id": "Ann", "userType": "INTERNAL", "name": "Ann"},
    "dateTimeUpdated": "2014-01-21 20:42:56.0", "activityType": "TASK", "status": "On Hold",
    "scheduledDateTime": "2014-02-03 00:00:00.0", "assignedToContact": [CONTACT],
    "responsibleContactId": text_of(CARD), "parentActivityId": CONTACT,
    "contacts": [{"contactId": CONTACT, "role": "buyer"}, {"contactId": text_of(CARD)}],
    "tags": [{"tagId": "0" * 23 + "7", "tagName": "Hot", "tagUrl": "http://x.test"}], "attributes": {"mood": "good"},
}  # fmt: skip
CONTACT_ELEMENT: dict[str, Any] = {
    "contactId": CONTACT, "firstName": "Bo", "lastName": "Ek", "companyName": "Fjord AS", "clientDomain": "acme.com",
    "emails": [{"email": "bo@x.test", "purpose": "PRIMARY"}, {"email": "b@y.test"}],
    "phones": [{"phone": "1", "purpose": "Work"}], "comment": "c", "attributes": {"size": "5"},
    "contact": {"contactId": CONTACT}, "_id": CONTACT, "fullName": "Bo Ek",
}  # fmt: skip


def answer(status: int, data: Any) -> WireResponse:
    body = data if isinstance(data, bytes) else orjson.dumps(data)
    return WireResponse(status, [("Content-Type", "application/json;charset=UTF-8")], body)


def enveloped(value: Any, status: int = 200) -> WireResponse:
    return answer(status, {"result": {"resultValue": value, "successMessage": "", "errorMessage": ""}})


class RanOut(Exception):
    """A conversation asks for more than there are answers."""


class Left:
    """The answers that were not given yet."""

    def __init__(self, answers: Iterable[WireResponse]) -> None:
        self._answers = list(answers)

    def take(self) -> WireResponse:
        if not self._answers:
            raise RanOut
        return self._answers.pop(0)


def conversed(operation: Any, *answers: WireResponse) -> tuple[list[WireRequest], Any, LossReport]:
    """The requests of an operation's conversation, its result, and what was lost."""
    losses, requests = LossReport(), []
    session = replace(SESSION, state=copy.deepcopy(dict(SESSION.state)))
    conversation = CLIENT.perform(operation, session, losses)
    left = Left(answers)
    try:
        requests.append(next(conversation))
        while True:
            requests.append(conversation.send(left.take()))
    except StopIteration as done:
        return requests, done.value, losses


def pairs(request: WireRequest) -> list[tuple[str, str]]:
    return parse_qsl(request.query or request.body.decode(), keep_blank_values=True)


def signing_in(*answers: WireResponse) -> tuple[list[WireRequest], Any]:
    conversation, left, requests = CLIENT.sign_in(SESSION), Left(answers), []
    try:
        requests.append(next(conversation))
        while True:
            requests.append(conversation.send(left.take()))
    except StopIteration as done:
        return requests, done.value.state


def pulled(kind: str, answers: Iterable[WireResponse], **more: Any) -> tuple[list[WireRequest], list[Any]]:
    left = Left(answers)
    pulling = CLIENT.pull(kind, SESSION, LossReport(), more.get("since"), more.get("cursor"))
    requests, batches = [], []
    item: Any = next(pulling)
    try:
        while True:
            if isinstance(item, WireRequest):
                requests.append(item)
                item = pulling.send(left.take())
            else:
                batches.append(item)
                item = next(pulling)
    except StopIteration:
        return requests, batches
