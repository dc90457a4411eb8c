"""Bad input: the vendor's answer, nothing written, never an unexpected 500 (dossier, sections 5 and 6)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.formats import TooLarge
from adapter.wire import Headers, WireRequest
from canonical.model import Activity, Party
from dialects.affinitylive.perform import activities
from tests.dialects.affinitylive_client import FORM, JSON, Client, status
from tests.support.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("bad")
    with World(folder) as world:
        world.set("affinitylive.rate_limit", "999999999")
        Client(world).post("/activities", subject="only one")
        yield world


@pytest.fixture
def ann(world: World) -> Iterator[Client]:
    before = [(record.id, record.version) for record in world.desk().find(Activity).items]
    parties = world.desk().count(Party)
    yield Client(world)
    assert [(record.id, record.version) for record in world.desk().find(Activity).items] == before
    assert world.desk().count(Party) == parties


DEEP = "staff(" * 64 + ")" * 64
TERMS = quote(",".join(f"date_created_after({n}),id_{'not_' * n}not({n})" for n in range(30)))


@pytest.mark.parametrize(
    "query",
    [
        "_filters=id(3", "_filters=id)3", "_filters=id(3))", "_filters=(id)", "_filters=id(3)x", "_filters=_OR(id(3)",
        "_fields=staff(email", "_fields=staff)", "_fields=(", f"_fields={DEEP}", f"_filters={DEEP}",
        "_filters=" + "id(1)," * 5000, "_fields=" + "a" * 70_000, "_fields=" + "against(" * 30 + ")" * 30,
        "_filters={broken", "_fields=[broken", "_filters=" + quote('{"id":' * 100 + "1" + "}" * 100),
        "_filters=" + f"_OR({TERMS})" * 20,
        "_search=" + "+".join("x" * 30),
    ],
    ids=range(19),
)  # fmt: skip
def test_what_cannot_be_parsed(ann: Client, query: str) -> None:
    answer = ann.send("GET", f"/api/v0/contacts?{query}" if "_search" in query else f"/api/v0/activities?{query}")
    assert status(answer) == (400, "invalid_request")
    assert json.loads(answer.body)["response"] is None


@pytest.mark.parametrize(
    "query",
    [
        "_filters=nonsense(1),more(x(y(z)))", "_fields=nonsense,more(x(y(z)))", "nonsense=1&_order_by=name", "_page=x",
        "_limit=1e400", "_filters=", "_fields=", "_filters=undefined", "_filters=id_not_not_not()", "_page=&_limit=",
        "_filters=%00", "_fields=%ff%fe", "_filters=medium_not()", "_filters=order_by_asc(id(x))", "_fields=,,,",
        "a[b][c]=1",
        "_filters=empty(nonsense)",
        f"_filters=id{'_not' * 9000}(1)", f"_filters=date_due{'_not' * 9000}_before(1)",
        "%", "%zz=%", "&&&", "=", "_fields[x]=1", "_filters[x][]=1",
    ],
)  # fmt: skip
def test_what_is_unknown_is_ignored(ann: Client, query: str) -> None:
    answer = ann.send("GET", f"/api/v0/activities?{query}")
    assert status(answer) == (200, "ok")
    assert [row["subject"] for row in json.loads(answer.body)["response"]] == ["only one"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (JSON, b"{broken"), (JSON, b"[]"), (JSON, b'"text"'), (JSON, b"null"), (JSON, b"[" * 100_000),
        (JSON, b"subject=x"),
        (JSON, b'{"subject":"\\ud800x'), (JSON, b'{"subject":"x"}{"b":1}'), (JSON, b'{"a":' * 80 + b"1" + b"}" * 80),
        ("multipart/form-data; boundary=x", b"not multipart"), ("multipart/form-data", b"--x--"),
        ("application/xml", b"<activity/>"), ("image/png", b"\x89PNG"), (JSON, b"\xff\xfe{}"),
        (FORM, b"&".join(b"a%d=1" % n for n in range(20_000))),
        (FORM, b'{"subject":"x"}'), ("", b"\x00\x01"), ("text/plain", b"subject"), (FORM, b"subject%5B%5D=x"),
        (FORM, b"a[b][c][d][e][f][g][h][i][j]=1"), (JSON, b'{"subject":{"a":1}}'), (JSON, b'{"subject":["x"]}'),
        (JSON, b'{"_method":{"a":1}}'), (FORM, b"_method=%00"),
    ],
)  # fmt: skip
def test_bodies_that_are_not_what_they_claim(ann: Client, kind: str, body: bytes) -> None:
    assert status(ann.send("POST", "/api/v0/activities", body, kind)) == (400, "invalid_request")
    assert status(ann.send("PUT", "/api/v0/activities/2", body, kind))[0] == 400


@pytest.mark.parametrize("page", ["1e99", "1e300", "9" * 400, "9" * 40 + ".0"])
def test_a_number_far_past_the_last_page(ann: Client, page: str) -> None:
    """Clients that loop until an empty page must find one: never the first page again."""
    body = f'{{"_method":"GET","_page":{page},"_limit":{page}}}'.encode()
    answer = ann.send("POST", "/api/v0/activities", body, JSON)
    assert (answer.status, json.loads(answer.body)["response"]) in ((200, []), (400, None))


def test_a_million_characters(ann: Client) -> None:
    body = b"_method=get&_filters=medium(" + b"a" * 1_000_000 + b")"
    assert status(ann.send("POST", "/api/v0/activities", body, FORM)) == (400, "invalid_request")
    as_json = json.dumps({"_method": "GET", "_filters": {"id": list(range(10_000))}}).encode()
    assert status(ann.send("POST", "/api/v0/activities", as_json, JSON)) == (400, "invalid_request")


def test_what_the_server_refuses_is_worded_too(ann: Client) -> None:
    request = WireRequest("GET", "/api/v0/activities", "", Headers([("Authorization", "Bearer ann-token")]))
    answer = ann.world.gateway("affinitylive").send(request, None, TooLarge(9, 8))
    assert status(answer) == (400, "invalid_request")


def test_an_unexpected_failure_says_nothing_of_itself(ann: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(activities.interacts, "are_asked", broken)
    answer = ann.send("GET", "/api/v0/activities")
    assert status(answer) == (500, "server_error")
    assert b"secret" not in answer.body


FIELDS = (
    "subject", "body", "medium", "visibility", "details", "priority_id", "class_id", "date_started", "date_due",
    "billable", "against_type", "against_id", "owner_id", "parent_id", "to", "_fields", "_filters", "_method",
)  # fmt: skip
HOSTILE = st.one_of(
    st.sampled_from(
        ["", "0", "-1", "x", "\x00", "9" * 30, "1e400", "\u0663", "note", "company", "all", "_ALL", "((", "1401609600"]
    ),
    st.text(max_size=8),
    st.integers(),
    st.floats(),
    st.none(),
    st.booleans(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(
        st.sampled_from(["staff", "affiliation", "x"]),
        st.integers() | st.lists(st.text(max_size=3), max_size=2),
        max_size=2,
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.dictionaries(st.sampled_from(FIELDS), HOSTILE, max_size=8), put=st.booleans())
def test_any_values_are_taken_or_refused(fuzzed: World, values: dict[str, object], put: bool) -> None:
    body = json.dumps(values).encode()
    client = Client(fuzzed)
    answer = client.send("PUT" if put else "POST", f"/api/v0/activities{'/1' if put else ''}", body, JSON)
    assert answer.status in (200, 400, 403), answer.body


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.text(alphabet="/activties.jsonxml01%{}", max_size=30) | st.text(max_size=10).map(quote),
    query=st.text(max_size=20).map(lambda text: quote(text, safe="&=()_,[]")),
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"]),
    accept=st.text(st.characters(max_codepoint=255), max_size=15),
)
def test_any_request_is_answered(fuzzed: World, path: str, query: str, method: str, accept: str) -> None:
    for prefix in ("/api/v0/", "/", "/oauth2/v0/", "/api/v0/activities/"):
        answer = Client(fuzzed).send(method, f"{prefix}{path}?{query}", headers=(("Accept", accept),))
        assert answer.status in (200, 302, 400, 401, 403, 404), (answer.status, answer.body[:200])


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("fuzzed")) as world:
        world.set("affinitylive.rate_limit", "999999999")
        Client(world).post("/activities", subject="x")
        yield world


@pytest.mark.parametrize("path", ["/tasks", "/activities/count", "/nothing"])
def test_too_many_brackets_in_the_query_are_a_bad_request(world: World, path: str) -> None:
    answer = Client(world).send("GET", f"/api/v0{path}?a{'[b]' * 12}=1")
    assert status(answer) == (400, "invalid_request")
