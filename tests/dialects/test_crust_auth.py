"""Tokens, sessions, tenancy and CORS (crust dossier, section 1)."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapter.wire import Headers, WireRequest, WireResponse
from canonical.model import User
from canonical.operations import Update
from dialects.crust.auth import jwt
from dialects.crust.auth.jwt import sign
from tests.support.crust import CrustClient
from tests.support.world import NOON, World

NOW = NOON // 1_000_000
FAILED = "failed to authorize request: "
THEIRS = b"other's own key!"
CLEARED = "jwt=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as made:
        yield made


@pytest.fixture
def ann(world: World) -> CrustClient:
    return CrustClient(world)


def token(
    world: World, claims: dict[str, Any], header: Any = None, key: bytes | None = None, digest: str = "sha256"
) -> str:
    def part(data: Any) -> bytes:
        return base64.urlsafe_b64encode(orjson.dumps(data)).rstrip(b"=")

    signed = part(header or {"alg": "HS256", "typ": "JWT"}) + b"." + part(claims)
    signature = hmac.digest(key or world.core.accounts.secret(), signed, digest)
    return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def ask(world: World, path: str = "/field/", query: str = "", **headers: str) -> WireResponse:
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return world.endpoint("crust").send(WireRequest("GET", path, query, Headers(pairs)))


def message(answer: WireResponse) -> str | None:
    assert answer.status == 200
    data = orjson.loads(answer.body)
    return None if "response" in data else str(data["error"]["message"])


def test_a_token_is_looked_for_in_query_header_and_cookie_in_that_order(world: World, ann: CrustClient) -> None:
    bad = "a.b"
    assert message(ask(world, query=f"jwt={ann.jwt}", Authorization=f"Bearer {bad}", Cookie=f"jwt={bad}")) is None
    assert message(ask(world, Authorization=f"bEaReR {ann.jwt}", Cookie=f"jwt={bad}")) is None
    assert message(ask(world, Authorization=f"Bearer {bad}", Cookie=f"jwt={ann.jwt}")) is not None
    assert message(ask(world, query="jwt=", Authorization="Basic xyz", Cookie=f"a=b; jwt={ann.jwt}; jwt=x")) is None
    # The token starts at the eighth character, whatever the seventh is.
    assert message(ask(world, Authorization=f"bearer:{ann.jwt}")) is None


def test_tokens_that_are_not_good(world: World, ann: CrustClient) -> None:
    me = str(ann.user.user_id)
    cases: list[tuple[str, str]] = [
        (token(world, {"sub": me, "exp": NOW - 1}), FAILED + "jwtauth: token is expired"),
        (token(world, {"sub": me, "exp": NOW - 1}, key=b"other"), FAILED + "jwtauth: token is expired"),
        (token(world, {"sub": me, "exp": NOW + 9}, key=b"other"), FAILED + "signature is invalid"),
        (token(world, {"sub": me, "nbf": NOW + 9}), FAILED + "jwtauth: token nbf validation failed"),
        (token(world, {"sub": me}, {"alg": "none"}), FAILED + "'none' signature type is not allowed"),
        (
            token(world, {"sub": me}, {"alg": "none"}).rpartition(".")[0] + ".",
            FAILED + "'none' signature type is not allowed",
        ),
        (token(world, {"sub": me}, {"alg": "HS512"}), FAILED + "signature is invalid"),
        (token(world, {"sub": me}, {"alg": "HS512"}, digest="sha512"), FAILED + "jwtauth: algorithm mismatch"),
        (token(world, {"sub": me}, {"alg": "RS256"}), FAILED + "key is of invalid type"),
        (token(world, {"sub": me}, {"alg": "XS256"}), FAILED + "signing method (alg) is unavailable."),
        (token(world, {"sub": me}).rpartition(".")[0] + ".", FAILED + "signature is invalid"),
        (token(world, {"sub": me}).rpartition(".")[0] + ".ab!d", FAILED + "illegal base64 data at input byte 2"),
        (token(world, {"sub": me}, {"typ": "JWT"}), FAILED + "signing method (alg) is unspecified."),
        (token(world, {}), "Malformed JWT claims"),
        (token(world, {"sub": 1}), "Malformed JWT claims (sub not a string)"),
        (token(world, {"sub": "abc"}), 'Malformed JWT claims: strconv.ParseUint: parsing "abc": invalid syntax'),
        (
            token(world, {"sub": "9" * 30}),
            f'Malformed JWT claims: strconv.ParseUint: parsing "{"9" * 30}": value out of range',
        ),
        (token(world, {"sub": "0"}), "Unauthorized"),
        (token(world, {"sub": "4711"}), "crust.auth.repository.UserNotFound"),
        ("a.b", FAILED + "token contains an invalid number of segments"),
        ("x" * 10_000, FAILED + "token contains an invalid number of segments"),
        ("é.é.é", FAILED + "token contains an invalid number of segments"),
    ]
    for given, words in cases:
        assert message(ask(world, Cookie=f"jwt={given}")) == words, words
    assert message(ask(world)) == "Unauthorized"
    assert message(ask(world, Authorization="Basic abcdefgh")) == "Unauthorized"


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("header", "claims", "words"),
    [
        ("!!", "", "illegal base64 data at input byte 0"),
        ("a", "", "illegal base64 data at input byte 1"),
        ("abcde", "", "illegal base64 data at input byte 5"),
        ("", "", "unexpected end of JSON input"),
        (encoded("x"), "", "invalid character 'x' looking for beginning of value"),
        (encoded("[1]"), "", "json: cannot unmarshal array into Go value of type map[string]interface {}"),
        (encoded('{"alg":tru'), "", "invalid character ' ' in literal true (expecting 'e')"),
        (encoded("{} x"), "", "invalid character 'x' after top-level value"),
        (encoded("{}"), "", "EOF"),
        (encoded("{}"), encoded("{"), "unexpected EOF"),
        (encoded("{}"), encoded("[1]"), "json: cannot unmarshal array into Go value of type jwt.MapClaims"),
        (encoded("{}"), encoded("{} x"), "signing method (alg) is unspecified."),
        (encoded("null"), encoded("null"), "signing method (alg) is unspecified."),
        (encoded("{}"), encoded('{"exp":1E400}'), "json: cannot unmarshal number 1E400 into Go value of type float64"),
    ],
)
def test_parts_that_are_none_are_told_in_the_words_of_go(world: World, header: str, claims: str, words: str) -> None:
    """The words are those of Go 1.19's own base64 and JSON, run on these parts."""
    assert message(ask(world, Cookie=f"jwt={header}.{claims}.x")) == FAILED + words


@pytest.mark.parametrize("cookies", ["a=b,jwt={}", "a=b; c=d, jwt={}; e=f", "jwt={},a=b", 'a="x, y"; jwt={}'])
def test_cookies_may_come_in_several_lines(world: World, ann: CrustClient, cookies: str) -> None:
    assert message(ask(world, Cookie=cookies.format(ann.jwt))) is None


def test_a_fault_elsewhere_in_the_query_hides_no_token(world: World, ann: CrustClient) -> None:
    assert message(ask(world, query=f"a=%zz&jwt={ann.jwt}")) == 'invalid URL escape "%zz"'
    assert message(ask(world, query=f"a;b&jwt={ann.jwt}")) == "invalid semicolon separator in query"


def test_a_token_without_exp_is_good(world: World, ann: CrustClient) -> None:
    assert message(ask(world, Cookie=f"jwt={token(world, {'sub': str(ann.user.user_id)})}")) is None


def test_authorization_comes_before_body_and_method_but_not_before_an_unknown_prefix(world: World) -> None:
    endpoint = world.endpoint("crust")
    for method, path in (
        ("POST", "/module/"),
        ("PUT", "/field/x"),
        ("GET", "/module/1/nothing"),
        ("GET", "/users/1/x"),
    ):
        answer = endpoint.send(WireRequest(method, path, "", Headers([("Content-Type", "application/json")]), b"{bad"))
        assert message(answer) == "Unauthorized", path
    for path in ("/nothing", "/", "//module/", "/Module/", "/modules"):
        assert ask(world, path).status == 404


def test_paths_and_methods(ann: CrustClient) -> None:
    for path in ("/field", "/field/", "/module", "/module/", "/page", "/page/", "/users", "/users/"):
        assert ann.send("GET", path).status == 200
    for path in (
        "/field/email/",
        "/page/tree/",
        "/module/1/",
        "/module/1/content/",
        "/auth/check/",
        "//module",
        "/MODULE",
    ):
        answer = ann.send("GET", path)
        assert (answer.status, answer.body) == (404, b"404 page not found\n")
        assert answer.headers == [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Vary", "Origin"),
            ("X-Content-Type-Options", "nosniff"),
        ]
    for method, path in (("HEAD", "/module/"), ("PUT", "/module/1"), ("PATCH", "/page/1"), ("DELETE", "/module/")):
        answer = ann.send(method, path)
        assert (answer.status, answer.body, answer.headers) == (405, b"", [("Vary", "Origin")])


def login(world: World, body: bytes, content_type: str = "application/json") -> WireResponse:
    request = WireRequest("POST", "/auth/login", "", Headers([("Content-Type", content_type)]), body)
    return world.endpoint("crust").send(request)


def test_login_by_name_and_by_address_and_the_cookie_it_sets(world: World, ann: CrustClient) -> None:
    for body, kind in (
        (b'{"username":"ann","password":"ann-pw"}', "application/json"),
        (b"username=ann%40acme.test&password=ann-pw", "application/x-www-form-urlencoded"),
    ):
        answer = login(world, body, kind)
        assert orjson.loads(answer.body)["response"] == {
            "userID": str(ann.user.user_id),
            "username": "ann",
            "email": "ann@acme.test",
            "name": "Ann Lee",
            "handle": "ann",
            "kind": "",
            "organisationID": "0",
            "relatedUserID": "0",
            "user": None,
            "createdAt": "2014-06-01T08:00:00Z",
        }
        cookie = answer.header("Set-Cookie") or ""
        value = cookie.removeprefix("jwt=").partition(";")[0]
        assert cookie == f"jwt={value}; Path=/; Expires=Tue, 03 Jun 2014 20:00:00 GMT"
        assert value == sign(ann.user.user_id, NOW + 216_000, world.core.accounts.secret())
        assert message(ask(world, Cookie=f"jwt={value}")) is None
    assert [name for name, _ in answer.headers] == ["Content-Type", "Set-Cookie", "Vary"]


def test_login_refused(world: World) -> None:
    world.core.directory.add_user("acme", "gone", "gone-pw", world.time(), values={"active": False})
    for body, words in (
        (b'{"username":"ann","password":"no"}', "Password doesn't match"),
        (b'{"username":"ann@acme.test"}', "Password doesn't match"),
        (b'{"username":"nobody","password":"ann-pw"}', "crust.auth.repository.UserNotFound"),
        (b'{"username":"gone","password":"gone-pw"}', "crust.auth.repository.UserNotFound"),
        (b"{}", "crust.auth.repository.UserNotFound"),
    ):
        answer = login(world, body)
        assert message(answer) == words
        assert answer.header("Set-Cookie") is None


def test_check_wants_the_cookie_and_answers_with_a_fresh_one(world: World, ann: CrustClient) -> None:
    assert message(ask(world, "/auth/check", Authorization=f"Bearer {ann.jwt}")) == "http: named cookie not present"
    answer = ask(world, "/auth/check", Cookie=f"jwt={ann.jwt}")
    assert answer.body.decode() == (
        '{"response":{"jwt":"' + ann.jwt + '","user":{"ID":"' + str(ann.user.user_id) + '","name":"Ann Lee",'
        '"email":"ann@acme.test","username":"ann","handle":"ann","connections":0}}}'
    )
    assert (answer.header("Set-Cookie") or "").endswith("; Path=/; Expires=Tue, 03 Jun 2014 20:00:00 GMT")


def test_a_cookie_that_is_no_longer_good_is_cleared(world: World, ann: CrustClient) -> None:
    bob = world.add_user("bob")
    world.core.store.write(bob.tenant_id, lambda unit: unit.update("app_user", {"id": bob.user_id}, {"active": False}))
    for cookie in (*(f"jwt={token(world, {'sub': sub})}" for sub in (str(bob.user_id), "4711", "0")), "jwt=", "jwt=,"):
        answer = ask(world, "/auth/check", Cookie=cookie)
        assert (answer.status, answer.body, answer.header("Set-Cookie")) == (200, b"", CLEARED)
    assert ann.send("GET", "/auth/logout").headers == [("Set-Cookie", CLEARED), ("Vary", "Origin")]


def test_a_token_belongs_to_the_tenant_of_its_user(world: World, ann: CrustClient) -> None:
    world.add_tenant("other")
    eve = world.add_user("eve", tenant="other")
    world.set("crust.jwt_key", "other's own key!", tenant="other")
    theirs = {"sub": str(eve.user_id)}
    assert message(ask(world, Cookie=f"jwt={token(world, theirs)}")) == FAILED + "signature is invalid"
    assert message(ask(world, Cookie=f"jwt={token(world, theirs, key=THEIRS)}")) is None
    # The tenant's key makes no tokens for other tenants' users.
    mine = token(world, {"sub": str(ann.user.user_id)}, key=THEIRS)
    assert message(ask(world, Cookie=f"jwt={mine}")) == FAILED + "signature is invalid"
    # A host that names another tenant is not for this user.
    request = WireRequest("GET", "/field/", "", Headers([("Cookie", f"jwt={ann.jwt}")]))
    assert message(world.endpoint("crust", "other").send(request)) == "Unauthorized"
    assert message(world.endpoint("crust", "acme").send(request)) is None


def test_a_token_that_was_good_is_looked_at_every_time(world: World, ann: CrustClient) -> None:
    me = str(ann.user.user_id)
    mine = token(world, {"sub": me, "exp": NOW + 60, "nbf": NOW - 60})
    assert [message(ask(world, Cookie=f"jwt={mine}")) for _ in range(2)] == [None, None]
    # Another text with the same claims is another token.
    head, claims, signature = mine.split(".")
    for other in (f"{head}.{claims}.{signature[:-2]}AA", f"{head}.{claims}.", f"{mine}=", f"{mine}."):
        assert message(ask(world, Cookie=f"jwt={other}")) not in (None, "Unauthorized")
    for seconds, expected in ((61, "jwtauth: token is expired"), (-61, "jwtauth: token nbf validation failed")):
        world.now = NOON + seconds * 1_000_000
        assert message(ask(world, Cookie=f"jwt={mine}")) == FAILED + expected
    world.now = NOON
    world.set("crust.jwt_key", "acme's very own key")
    assert message(ask(world, Cookie=f"jwt={mine}")) == FAILED + "signature is invalid"
    world.set("crust.jwt_key", "")
    assert message(ask(world, Cookie=f"jwt={mine}")) is None
    world.write(lambda desk: desk.update(Update(User, ann.user.user_id, {"active": False})))
    assert message(ask(world, Cookie=f"jwt={mine}")) == "crust.auth.repository.UserNotFound"


def test_no_more_tokens_are_remembered_than_fit(
    world: World, ann: CrustClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwt, "MAX_GOOD", 3)
    monkeypatch.setattr(jwt, "_good", {})
    tokens = [token(world, {"sub": str(ann.user.user_id), "exp": NOW + at}) for at in range(1, 9)]
    for _ in range(2):
        assert [message(ask(world, Cookie=f"jwt={text}")) for text in tokens] == [None] * len(tokens)
        assert 0 < len(jwt._good) <= 3
    assert message(ask(world, Cookie=f"jwt={token(world, {'sub': 'x'}, key=b'other')}")) is not None
    assert not any(text.encode() in repr(jwt._good).encode() for text in tokens)


def test_cookie_settings(world: World) -> None:
    world.set("crust.cookie_domain", "shop.example")
    world.set("crust.token_minutes", "1")
    cookie = login(world, b'{"username":"ann","password":"ann-pw"}').header("Set-Cookie") or ""
    assert cookie.endswith("; Path=/; Domain=shop.example; Expires=Sun, 01 Jun 2014 08:01:00 GMT")


# -- CORS -------------------------------------------------------------------------------------------


def preflight(ann: CrustClient, *headers: tuple[str, str], path: str = "/module/") -> list[tuple[str, str]]:
    answer = ann.send("OPTIONS", path, b"", None, headers, signed_in=False)
    assert (answer.status, answer.body) == (200, b"")
    return answer.headers


VARY = [("Vary", "Origin"), ("Vary", "Access-Control-Request-Method"), ("Vary", "Access-Control-Request-Headers")]
ORIGIN = ("Origin", "https://app.example")
METHOD = ("Access-Control-Request-Method", "put")


def test_preflight(ann: CrustClient) -> None:
    asked = ("Access-Control-Request-Headers", "content-type, x-csrf-token")
    assert preflight(ann, ORIGIN, METHOD, asked, path="/nothing") == [
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Allow-Headers", "Content-Type, X-Csrf-Token"),
        ("Access-Control-Allow-Methods", "PUT"),
        ("Access-Control-Allow-Origin", "https://app.example"),
        ("Access-Control-Max-Age", "300"),
        *VARY,
    ]
    assert preflight(ann, ORIGIN, METHOD, ("Access-Control-Request-Headers", "x-shoe")) == VARY
    assert preflight(ann, METHOD) == VARY
    assert preflight(ann, ORIGIN, ("Access-Control-Request-Method", "TRACE")) == VARY
    # Any other OPTIONS, with or without a token and whatever the path.
    for path in ("/module/", "/nothing", "/auth/check", "//", "/oidc"):
        assert preflight(ann, path=path) == preflight(ann, ORIGIN, path=path) == VARY
    assert ann.send("OPTIONS", "/module/").headers == VARY


def test_every_answer_lets_its_origin_read(ann: CrustClient) -> None:
    allowed = [("Access-Control-Allow-Credentials", "true"), ("Access-Control-Allow-Origin", "https://app.example")]
    for path in ("/field/", "/nothing", "/auth/logout"):
        assert ann.send("GET", path, headers=(ORIGIN,)).headers[:2] == allowed
    assert ann.send("GET", "/field/").headers == [("Content-Type", "application/json"), ("Vary", "Origin")]
