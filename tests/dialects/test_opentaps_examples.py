"""The documented exchanges under fixtures/opentaps: answered as a server, asked and heard as a client."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapter.client import Credentials, Session
from adapter.contract.compare import compare
from adapter.contract.exchange import Exchange, load_session
from adapter.contract.volatile import Bindings
from adapter.losses import LossReport
from adapter.wire import WireRequest, WireResponse
from canonical.errors import Invalid, NotFound, Unauthenticated
from canonical.model import Activity, CustomValue, Party
from canonical.operations import AddLink, Create, Delete, DropLink, Find, Get, NewLink, Update
from canonical.query import And, Compare, Node, Op, Query, Sort, Window, eq
from canonical.values import Ref, from_datetime, iso_time
from dialects.opentaps import query
from dialects.opentaps.client import CLIENT, hear
from dialects.opentaps.client.shown import check
from dialects.opentaps.fields.activity import read_given
from dialects.opentaps.fields.status import status_node
from dialects.opentaps.routes import ROUTES, effective_method, locate
from dialects.opentaps.wire.ids import is_wire_id, number_of, text_of
from dialects.opentaps.wire.parameters import read_parameters
from dialects.opentaps.wire.times import parse_due
from tests.dialects.opentaps_client import local_id, quick_world

ROOT = Path(__file__).resolve().parents[2] / "fixtures" / "opentaps"
SESSION = load_session(ROOT)
TOKEN = "T0Ktest-token"
HOME = "https://crm2.opentaps.com"
SIGNED_IN = Session(HOME, Credentials(token=TOKEN, domain="acme.com"), state={"token": TOKEN, "users": {}})
CONTACT = "52dd8a10e4b0aa11bb22cd07"
ERRORS = {"not_found": NotFound, "unauthenticated": Unauthenticated, "invalid": Invalid}
SAID = [exchange for exchange in SESSION if exchange.operation is not None]


def names(exchange: Exchange) -> str:
    return exchange.name


def test_as_a_server(tmp_path: Path) -> None:
    """Records get the ids of the examples as aliases, as migrated ones do."""
    with quick_world(tmp_path) as world:
        world.add_tenant("acme", "acme.com")
        world.add_user("ann", token=TOKEN, admin=True, first_name="Ann", last_name="Lee")

        def known_as(kind: str, foreign: str, id: int) -> None:
            world.write(lambda desk: desk.set_alias(kind, foreign, id), TOKEN, "opentaps")
            world.core.accounts.forget_tenants()

        bo = world.write(lambda desk: desk.create(Create(Party, {"first_name": "Bo"})), TOKEN)
        known_as("party", CONTACT, bo.id)
        bindings = Bindings()
        for exchange in SESSION:
            if "now" in exchange.meaning:
                world.now = from_datetime(datetime.fromisoformat(exchange.meaning["now"]))
            got = world.endpoint("opentaps").send(exchange.request)
            if exchange.response.status == 201:
                theirs, ours = (orjson.loads(r.body)["result"]["resultValue"]["_id"] for r in (exchange.response, got))
                got = replace(got, body=got.body.replace(ours.encode(), theirs.encode()))
                known_as("activity", theirs, local_id(ours))
            assert compare(exchange, got, bindings) == []


# -- as a client ------------------------------------------------------------------------------------------


def role_words(links: Any) -> dict[str, list[str]]:
    roles: dict[str, list[str]] = {}
    for link in links:
        roles.setdefault(link.role, []).append(text_of(link.target.id))
    return roles


def record_words(activity: Activity) -> dict[str, Any]:
    said = {"kind": activity.type, "title": activity.title, "state": activity.state, "sequence": activity.sequence}
    if activity.due_at is not None:
        said["due"] = iso_time(activity.due_at)
    if activity.links:
        said["roles"] = role_words(activity.links)
    if activity.custom:
        said["custom"] = {value.name: value.value for value in activity.custom}
    return said


def operation_of(words: dict[str, Any]) -> Any:
    """The operation that a fixture's words mean."""
    values = dict(words.get("values", {}))
    if "due" in values:
        values["due_at"] = from_datetime(datetime.fromisoformat(values.pop("due")))
    id = int(words.get("record", "0"), 16)
    record, target = Ref("activity", id), Ref("party", int(words.get("target", "0"), 16))
    match words["do"]:
        case "create":
            links = tuple(
                NewLink(Ref("party", int(text, 16)), role)
                for role, texts in words.get("roles", {}).items()
                for text in texts
            )
            custom = tuple(CustomValue(*item) for item in words.get("custom", {}).items())
            return Create(Activity, {"type": words["kind"], **values}, links, custom=custom)
        case "update":
            return Update(Activity, id, values, drop_custom=tuple(("", name) for name in words.get("drop", ())))
        case "get":
            return Get(Activity, id)
        case "delete":
            return Delete(Activity, id)
        case "link":
            return AddLink(record, NewLink(target, words["role"]))
        case "unlink":
            return DropLink(record, target)
    descending = bool(words.get("descending"))
    nodes: list[Node] = [status_node(words["status"])] if "status" in words else []
    if "kind" in words:
        nodes.append(eq("type", words["kind"]))
    if "from" in words:
        nodes.append(Compare("sequence", Op.LE if descending else Op.GE, words["from"]))
    return Find(Activity, Query(And(tuple(nodes)), (Sort("sequence", descending),), Window(0, words["count"])))


class Numbers:
    """The `query.Names` of a place without records."""

    def activity(self, text: str) -> int | None:
        return number_of(text)

    contact = activity


def meaning(request: WireRequest) -> Any:
    """What the server reads in a request, however it is put."""
    params = read_parameters(request)
    match = ROUTES.match(effective_method(request), locate(request))
    verb = match.route.operation.rpartition(".")[2]
    if verb in ("list", "page") or (verb == "read" and not is_wire_id(match.params["id"])):
        type_ = "task" if match.route.meta.get("task") else None
        where = query.build(params, Numbers(), match.params.get("id"), match.params.get("start"), type_=type_)
        return sorted(map(repr, getattr(where.where, "nodes", ()))), where.sort, where.window
    if verb in ("save", "update"):
        given = read_given(params)
        due = None if given.scheduled is None else parse_due(given.scheduled)
        type_ = "task" if match.route.meta.get("task") else (given.type or "note").lower()
        id = match.params.get("id") or params.given("activityId")
        status = (given.status or "CREATED") if id is None else given.status
        return id, type_, given.text, status, due, given.assignees, given.attributes
    return (
        match.route.operation,
        match.params,
        {name: params.get(name) for name in ("activityId", "contactId", "role")},
    )


@pytest.mark.parametrize("exchange", SAID, ids=names)
def test_what_is_asked_means_the_same(exchange: Exchange) -> None:
    losses = LossReport()
    conversation = CLIENT.perform(operation_of(exchange.operation), SIGNED_IN, losses)
    request = next(conversation)
    if exchange.operation["do"] == "unlink":
        # Read first, for it tells how many went.
        request = conversation.send(next(e for e in SAID if e.name.endswith("-read")).response)
        assert (request.method, request.path) == ("POST", "/activities/contact/remove")
        return
    signed = CLIENT.sign(request, SIGNED_IN)
    assert signed.host == "crm2.opentaps.com"
    assert TOKEN in signed.query + signed.body.decode()
    assert meaning(signed) == meaning(exchange.request)
    assert not losses


HEARD = [exchange for exchange in SAID if "record" in exchange.result or "records" in exchange.result]
REFUSED = [exchange for exchange in SESSION if "error" in (exchange.result or {})]


@pytest.mark.parametrize("exchange", HEARD, ids=names)
def test_answer_is_heard(exchange: Exchange) -> None:
    losses = LossReport()
    if "records" in exchange.result:
        heard = hear.activities("list", exchange.response, {}, losses)
        assert [record_words(record) for record in heard] == exchange.result["records"]
    else:
        assert record_words(hear.one_activity("read", exchange.response, {}, losses)) == exchange.result["record"]
    assert not losses


@pytest.mark.parametrize("exchange", REFUSED, ids=names)
def test_refusal_is_heard(exchange: Exchange) -> None:
    with pytest.raises(ERRORS[exchange.result["error"]]) as caught:
        check("call", exchange.response)
    if isinstance(caught.value, Invalid):
        assert caught.value.problems[0].field == "text"


def test_tokens_are_asked_for_as_documented() -> None:
    temporary, validate = (next(e for e in SESSION if e.name.endswith(name)) for name in ("temp-token", "validate"))
    conversation = CLIENT.sign_in(Session(HOME, Credentials(token=TOKEN, domain="acme.com")))
    request = next(conversation)
    assert (request.method, request.target, request.body) == (
        "POST",
        temporary.request.target,
        temporary.request.body,
    )
    request = conversation.send(WireResponse(401, [], b"{}"))
    assert (request.target, request.body) == (validate.request.target, validate.request.body)
    asked = conversation.send(validate.response)
    assert (asked.path, TOKEN in asked.query) == ("/contacts-users", True)
