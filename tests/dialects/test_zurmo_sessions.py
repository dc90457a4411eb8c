"""Login, sessions, the headers of every answer, and requests that no answer fits (dossier, sections 1, 4, 6)."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest

from adapter.wire import WireResponse
from tests.dialects.zurmo_client import Zurmo, seed_fixture

zurmo = seed_fixture()

GUEST = b'{"status":"FAILURE","data":null,"message":"Sign in required.","errors":null}'
READ = "/tasks/task/api/read/1"
NO_CACHE = [
    ("Expires", "Thu, 19 Nov 1981 08:52:00 GMT"),
    ("Cache-Control", "no-store, no-cache, must-revalidate, post-check=0, pre-check=0"),
    ("Pragma", "no-cache"),
]


def cookie_of(answer: WireResponse) -> str:
    found = re.fullmatch(r"PHPSESSID=([A-Za-z0-9,-]+); path=/", answer.header("Set-Cookie") or "")
    assert found is not None, answer.headers
    return found[1]


def login_headers(**names: str) -> dict[str, str]:
    return {"Accept": "application/json", "ZURMO_API_REQUEST_TYPE": "REST", **names}


def test_login_gives_two_hex_numbers_and_the_cookie_after_the_cache_headers(zurmo: Zurmo) -> None:
    headers = login_headers(ZURMO_AUTH_USERNAME="super", ZURMO_AUTH_PASSWORD="super")
    answer = zurmo.raw("POST", "/zurmo/api/login", headers=headers)
    data = orjson.loads(answer.body)["data"]
    assert list(data) == ["sessionId", "token"]
    assert all(re.fullmatch("[0-9a-f]{32}", value) for value in data.values())
    assert answer.headers == [
        ("X-Powered-By", "PHP/5.6.40"),
        *NO_CACHE,
        ("Set-Cookie", f"PHPSESSID={data['sessionId']}; path=/"),
        ("Content-type", "text/html; charset=UTF-8"),
    ]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/zurmo/api/login/"), ("GET", "/zurmo/api/login"), ("PUT", "/zurmo/api/login")]
)
def test_any_verb_signs_in_with_or_without_slash(zurmo: Zurmo, method: str, path: str) -> None:
    headers = login_headers(ZURMO_AUTH_USERNAME="super", ZURMO_AUTH_PASSWORD="super")
    assert b"sessionId" in zurmo.raw(method, path, headers=headers).body


@pytest.mark.parametrize(
    ("session_name", "token_name"),
    [
        ("ZURMO_SESSION_ID", "ZURMO_TOKEN"),
        ("ZURMO-SESSION-ID", "ZURMO-TOKEN"),
        ("Zurmo-Session-Id", "Zurmo-Token"),
        ("zurmo_session_id", "zurmo_token"),
    ],
)
def test_header_spellings(zurmo: Zurmo, session_name: str, token_name: str) -> None:
    assert zurmo.session is not None
    headers = {"Accept": "application/json", session_name: zurmo.session[0], token_name: zurmo.session[1]}
    answer = zurmo.raw("GET", "/tasks/task/api/list/", headers=headers)
    assert b'"status":"SUCCESS"' in answer.body


@pytest.mark.parametrize(
    "given",
    [
        {"ZURMO_AUTH_USERNAME": "super", "ZURMO_AUTH_PASSWORD": "nope"},
        {"ZURMO_AUTH_USERNAME": "nobody", "ZURMO_AUTH_PASSWORD": "super"},
        {"ZURMO_AUTH_USERNAME": "super"},
        {},
    ],
)
def test_bad_credentials(zurmo: Zurmo, given: dict[str, str]) -> None:
    answer = zurmo.raw("POST", "/zurmo/api/login", headers=login_headers(**given))
    assert answer.status == 200
    assert answer.body == b'{"status":"FAILURE","data":null,"message":"Invalid username or password.","errors":null}'


PROXIED = {"X-Forwarded-For": "203.0.113.9"}
AUTH = {"ZURMO_AUTH_USERNAME": "super", "ZURMO_AUTH_PASSWORD": "super"}


def told(zurmo: Zurmo, headers: dict[str, str], path: str = "/zurmo/api/login", method: str = "POST") -> list[str]:
    """The levels of the lines that tell of dropped headers."""
    zurmo.world.lines.clear()
    zurmo.raw(method, path, headers=headers)
    assert [line["message"] for line in zurmo.world.lines].count("request") == 1
    return [line["level"] for line in zurmo.world.lines if "underscores_in_headers" in str(line)]


@pytest.mark.parametrize(
    "proxy", [PROXIED, {"Via": "1.1 proxy"}, {"x-forwarded-for": ""}, {**PROXIED, "Via": "1.1 a"}]
)
def test_z42_a_login_whose_headers_a_proxy_dropped_is_told_of_once(zurmo: Zurmo, proxy: dict[str, str]) -> None:
    rest = {"Accept": "application/json", "ZURMO_API_REQUEST_TYPE": "REST"}
    for headers in (proxy, {**rest, **proxy}, {"Accept": "application/json", **proxy}):
        for method in ("POST", "GET"):
            assert told(zurmo, headers, method=method) == ["warning"]
    assert told(zurmo, {**proxy, "Accept": "application/json"}, "/zurmo/api/login/?a=b") == ["warning"]
    # Where that is wanted, it ends before any login.
    zurmo.set("request_type", "required")
    assert told(zurmo, proxy) == ["warning"]


def test_z42_nothing_else_is_told_of(zurmo: Zurmo) -> None:
    dashes = {name.replace("_", "-").title(): value for name, value in AUTH.items()}
    for headers in (
        {},
        AUTH,
        {**AUTH, **PROXIED},
        {**dashes, **PROXIED},
        {"zurmo_auth_username": "super", **PROXIED},
        {"ZURMO-AUTH-PASSWORD": "nope", **PROXIED},
        {"ZURMO_AUTH_USERNAME": "", **PROXIED},
        {**AUTH, "ZURMO_AUTH_PASSWORD": "nope", **PROXIED},
        {"X-Forwarded-Host": "crm.test", "X-Forwarded-Proto": "https", "X-Real-IP": "203.0.113.9"},
    ):
        assert told(zurmo, headers) == []
    for path in ("/zurmo/api/logout", READ, "/nothing", "/zurmo/api/nothing"):
        assert told(zurmo, PROXIED, path) == []


def test_a_password_beyond_ascii(zurmo: Zurmo) -> None:
    zurmo.world.add_user("zoe", tenant="shop", password="žába")
    wire = "žába".encode().decode("iso-8859-1")
    assert len(zurmo.login("zoe", wire)) == 2


@pytest.mark.parametrize("path", [READ, "/zurmo/api/auth", "/foo/bar/api/read/1", "/tasks/task/api/nope", "/"])
def test_a_guest_must_sign_in_whatever_he_asks(zurmo: Zurmo, path: str) -> None:
    answer = zurmo.raw("GET", path, headers=login_headers())
    assert (answer.status, answer.body) == (200, GUEST)
    assert re.fullmatch("[0-9a-f]{32}", cookie_of(answer))


def test_every_guest_gets_another_session(zurmo: Zurmo) -> None:
    first, second = (cookie_of(zurmo.raw("GET", READ, headers=login_headers())) for _ in range(2))
    assert first != second


@pytest.mark.parametrize("token", ["wrong", ""])
def test_a_wrong_token_destroys_the_session_for_good(zurmo: Zurmo, token: str) -> None:
    assert zurmo.session is not None
    good = zurmo.session
    assert zurmo.raw("GET", READ, headers=login_headers(), session=(good[0], token)).body == GUEST
    assert zurmo.raw("GET", READ, headers=login_headers(), session=good).body == GUEST


def test_logging_in_again_leaves_other_sessions_alone(zurmo: Zurmo) -> None:
    first = zurmo.session
    zurmo.session = zurmo.login()
    assert zurmo.ok("GET", "/tasks/task/api/list/", session=first) == {"totalCount": "0", "currentPage": 1}
    assert zurmo.ok("GET", "/tasks/task/api/list/") == {"totalCount": "0", "currentPage": 1}


def test_the_cookie_alone_signs_in(zurmo: Zurmo) -> None:
    assert zurmo.session is not None
    headers = login_headers(Cookie=f"a=b; PHPSESSID={zurmo.session[0]}")
    answer = zurmo.raw("GET", "/tasks/task/api/list/", headers=headers)
    assert b'"status":"SUCCESS"' in answer.body
    assert cookie_of(answer) == zurmo.session[0]


@pytest.mark.parametrize(
    "cookie",
    ["other=\xe9\xff; PHPSESSID={}", 'PHPSESSID="{}";x', " PHPSESSID={} ; PHPSESSID=no", "XPHPSESSID=no;PHPSESSID={}"],
)
def test_cookies_beside_it_may_be_anything(zurmo: Zurmo, cookie: str) -> None:
    assert zurmo.session is not None
    answer = zurmo.raw("GET", READ, headers=login_headers(Cookie=cookie.format(zurmo.session[0])))
    assert cookie_of(answer) == zurmo.session[0]
    assert answer.body != GUEST


@pytest.mark.parametrize("cookie", ["PHPSESSID=\xe9\xff", "PHPSESSID=", "\xff" * 5_000, "PHPSESSID=no; PHPSESSID={}"])
def test_a_cookie_of_no_session_makes_a_guest(zurmo: Zurmo, cookie: str) -> None:
    assert zurmo.session is not None
    answer = zurmo.raw("GET", READ, headers=login_headers(Cookie=cookie.format(zurmo.session[0])))
    assert answer.body == GUEST


def test_session_headers_decide_over_the_cookie(zurmo: Zurmo) -> None:
    assert zurmo.session is not None
    headers = login_headers(Cookie=f"PHPSESSID={zurmo.session[0]}")
    answer = zurmo.raw("GET", READ, headers=headers, session=("0" * 32, "1" * 32))
    assert answer.body == GUEST
    assert cookie_of(answer) == "0" * 32


def test_the_cookie_never_carries_what_is_no_session_id(zurmo: Zurmo) -> None:
    answer = zurmo.raw("GET", READ, headers=login_headers(), session=("x; path=/\r\nA: b", "t"))
    assert re.fullmatch("[0-9a-f]{32}", cookie_of(answer))


def test_a_session_ends_when_it_was_not_used(zurmo: Zurmo) -> None:
    zurmo.tick(1400)
    assert zurmo.call("GET", "/tasks/task/api/list/")["status"] == "SUCCESS"
    zurmo.tick(1400)
    assert zurmo.call("GET", "/tasks/task/api/list/")["status"] == "SUCCESS"
    zurmo.tick(1441)
    assert zurmo.failure("GET", "/tasks/task/api/list/") == "Sign in required."


def test_how_long_is_a_setting(tmp_path: Path) -> None:
    zurmo = Zurmo(tmp_path, session_seconds="60")
    zurmo.session = zurmo.login()
    zurmo.tick(61)
    assert zurmo.failure("GET", "/tasks/task/api/list/") == "Sign in required."


def test_logout(zurmo: Zurmo) -> None:
    assert zurmo.session is not None
    answer = zurmo.send("GET", "/zurmo/api/logout")
    assert answer.body == b'{"status":"SUCCESS","data":null,"message":null,"errors":null}'
    assert cookie_of(answer) == zurmo.session[0]
    assert zurmo.failure("GET", READ) == "Sign in required."
    assert zurmo.raw("POST", "/zurmo/api/logout", headers=login_headers()).body == answer.body


def test_tokens_are_kept_as_digests(zurmo: Zurmo) -> None:
    assert zurmo.session is not None
    content = Path(zurmo.world.url.removeprefix("sqlite:///"))
    stored = b"".join(path.read_bytes() for path in content.parent.glob("world.db*"))
    assert zurmo.session[0].encode() not in stored
    assert zurmo.session[1].encode() not in stored
    assert all(part not in repr(zurmo.world.lines) for part in zurmo.session)


def test_an_inactive_user_is_out(zurmo: Zurmo) -> None:
    from canonical.model import User
    from canonical.operations import Update

    id = zurmo.create("users/user", username="dana", lastName="Doe", password="s3cret-pw")["id"]
    session = zurmo.login("dana", "s3cret-pw")
    zurmo.write(lambda desk: desk.update(Update(User, id, {"active": False})))
    assert zurmo.failure("GET", READ, session=session) == "Sign in required."


# -- Accept and the request type -----------------------------------------------------------------------------


@pytest.mark.parametrize("accept", ["*/*", "text/html", "", "json", None])
def test_no_answer_fits(zurmo: Zurmo, accept: str | None) -> None:
    headers = {} if accept is None else {"Accept": accept}
    answer = zurmo.raw("POST", "/tasks/task/api/create/", b"data[name]=x", headers, zurmo.session)
    assert answer.status == 500
    assert b"<title>ZurmoCRM - Oh no!</title>" in answer.body
    assert b"<div>Invalid API request type.</div>" in answer.body
    assert zurmo.list("tasks/task") == []


@pytest.mark.parametrize(
    ("accept", "start"),
    [
        ("application/json", b'{"status"'),
        ("text/xml, application/json", b'{"status"'),
        ("application/xml", b"<?xml"),
        ("text/html,application/xhtml+xml", b"<?xml"),
        ("json, application/xml", b"<?xml"),
    ],
)
def test_formats(zurmo: Zurmo, accept: str, start: bytes) -> None:
    answer = zurmo.send("GET", "/tasks/task/api/list/", accept=accept)
    assert answer.body.startswith(start)
    assert answer.header("Content-type") == "text/html; charset=UTF-8"


def test_xml_of_lists_and_errors(zurmo: Zurmo) -> None:
    zurmo.create("accounts/account", name="A & <B>", description="\x01", primaryEmail={"emailAddress": "a@b.example"})
    zurmo.create("accounts/account", name="C")
    body = zurmo.send("GET", "/accounts/account/api/list/", accept="application/xml").body.decode()
    assert body.startswith(
        '<?xml version="1.0" encoding="UTF-8"?>\n<zurmoMessage>\n  <status>SUCCESS</status>\n  <data>\n'
    )
    assert body.count("\n    <items>\n      <id>") == 2
    assert "<name>A &amp; &lt;B&gt;</name>" in body
    assert "        <emailAddress>a@b.example</emailAddress>\n" in body
    assert "<description>\ufffd</description>" in body
    assert body.endswith("  <message></message>\n  <errors></errors>\n</zurmoMessage>\n")
    failed = zurmo.send("POST", "/tasks/task/api/create/", {"name": ""}, accept="application/xml").body
    assert b"  <errors>\n    <name>Name cannot be blank.</name>\n  </errors>\n" in failed
    names = zurmo.send("GET", "/zurmo/customField/api/read/Industries", accept="application/xml").body
    assert b"<XML_Serializer_Tag>Financial Services</XML_Serializer_Tag>" in names


@pytest.mark.parametrize("kind", ["REST", "rest", "whatever", None])
def test_the_request_type_may_be_missing(zurmo: Zurmo, kind: str | None) -> None:
    headers = {"Accept": "application/json", **({} if kind is None else {"ZURMO_API_REQUEST_TYPE": kind})}
    assert b"SUCCESS" in zurmo.raw("GET", "/tasks/task/api/list/", b"", headers, zurmo.session).body


def test_soap_is_an_empty_500(zurmo: Zurmo) -> None:
    answer = zurmo.send("GET", "/tasks/task/api/list/", headers={"ZURMO_API_REQUEST_TYPE": "soap"})
    assert (answer.status, answer.body) == (500, b"")


def test_signed_in_but_no_such_page(zurmo: Zurmo) -> None:
    for path, sentence in (
        ("/tasks/task/api/nope", "The system is unable to find the requested action &quot;nope&quot;."),
        ("/zurmo/api/auth", "The system is unable to find the requested action &quot;auth&quot;."),
        ("/foo/bar/api/read/1", "Unable to resolve the request &quot;foo/barApi/read&quot;."),
        ("/Tasks/task/api/read/1", "Unable to resolve the request &quot;Tasks/taskApi/read&quot;."),
        ("/no%20such/%2525%C3%A9", "Unable to resolve the request &quot;no%20such/%2525%C3%A9&quot;."),
    ):
        answer = zurmo.send("GET", path)
        assert answer.status == 404
        assert f"<div>{sentence}</div>".encode() in answer.body
    assert zurmo.send("GET", "/%3Cscript%3E/x/api/read").body.count(b"<script>") == 0
