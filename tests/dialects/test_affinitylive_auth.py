"""Tokens, grants, scopes, deployments, limits (affinitylive dossier, section 1)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from adapter.wire import WireResponse
from canonical.errors import Busy
from canonical.values import MINUTE, SECOND
from tests.dialects.affinitylive_client import FORM, JSON, Client, status
from tests.support.world import NOON, World

APP, SECRET = "4340a04623@acme.accelo.com", "s3cret-of-the-app"
URI = "https://app.example/back"
VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
NO_TOKEN = "Could not authorize your access (B: No token found)"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as world:
        world.add_user("bob", first_name="Bob", last_name="Ray", email="bob@acme.test")
        world.core.directory.add_application(APP, "acme", SECRET, "bob")
        yield world


@pytest.fixture
def guest(world: World) -> Client:
    return Client(world, None)


def basic(name: str = APP, secret: str = SECRET) -> tuple[tuple[str, str], ...]:
    return (("Authorization", "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()),)


def form(**values: str) -> bytes:
    return urlencode(values).encode()


def body(response: WireResponse) -> Any:
    return json.loads(response.body)


def test_client_credentials_by_basic(world: World, guest: Client) -> None:
    answer = guest.send(
        "POST", "/oauth2/v0/token", form(grant_type="client_credentials", scope="write(all)"), FORM, basic()
    )
    assert answer.status == 200
    data = body(answer)
    assert len(data["access_token"]) == 64
    assert data["token_type"] == "Bearer"
    assert data["expires_in"] == 2592000
    assert data["deployment"] == "acme"
    assert data["deployment_uri"] == "acme.affinitylive.com"
    assert "meta" not in data
    details = data["account_details"]
    assert (details["id"], details["firstname"], details["surname"]) == (data["account_id"], "Bob", "Ray")
    assert details["title"] is None
    assert details["user_access"]["company"]["view"] == 1
    assert answer.header("X-RateLimit-Limit") is None
    bob = Client(world, data["access_token"])
    assert bob.get("/staff/whoami") == {"id": data["account_id"], "firstname": "Bob", "surname": "Ray"}


@pytest.mark.parametrize("target", ["/oauth2/v0/token", "/oauth2/v0/token.xml", "/api/oauth2/v0/token"])
def test_client_fields_in_the_form(guest: Client, target: str) -> None:
    given = form(client_id=APP, client_secret=SECRET, grant_type="client_credentials", username="x", password="y")
    assert guest.send("POST", target, given, FORM).status == 200


def test_everything_in_the_query_of_an_empty_post(guest: Client) -> None:
    """[gwoody] sends all of it in the query, with stray parameters."""
    query = urlencode(
        {"client_id": APP, "client_secret": SECRET, "grant_type": "client_credentials", "request_type": "code"}
    )
    assert guest.send("POST", f"/oauth2/v0/token?{query}").status == 200


def test_client_fields_in_multipart(guest: Client) -> None:
    """[suicidesin]"""
    parts = {"client_id": APP, "client_secret": SECRET, "grant_type": "client_credentials"}
    text = "".join(f'--xx\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in parts.items())
    answer = guest.send("POST", "/oauth2/v0/token", f"{text}--xx--\r\n".encode(), "multipart/form-data; boundary=xx")
    assert answer.status == 200


@pytest.mark.parametrize(
    ("given", "headers", "code", "error"),
    [
        ({"grant_type": "client_credentials"}, basic(secret="wrong-secret"), 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, (), 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, (("Authorization", "Basic !!"),), 401, "invalid_client"),
        ({"grant_type": "password"}, basic(), 400, "unsupported_grant_type"),
        ({}, basic(), 400, "invalid_request"),
        ({"grant_type": "client_credentials", "scope": "everything"}, basic(), 400, "invalid_scope"),
        ({"grant_type": "client_credentials", "scope": "read(all"}, basic(), 400, "invalid_scope"),
        ({"grant_type": "client_credentials", "expires_in": "soon"}, basic(), 400, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "nope-nope"}, basic(), 400, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "nope-nope"}, basic(), 400, "invalid_grant"),
    ],
)
def test_oauth_errors_have_no_meta(guest: Client, given: dict[str, str], headers: Any, code: int, error: str) -> None:
    answer = guest.send("POST", "/oauth2/v0/token", form(**given), FORM, headers)
    assert answer.status == code
    data = body(answer)
    assert set(data) == {"error", "error_description"}
    assert data["error"] == error


def test_oauth_texts(guest: Client) -> None:
    bad = guest.send(
        "POST", "/oauth2/v0/token", form(grant_type="client_credentials"), FORM, basic(secret="nope-nope")
    )
    assert bad.body == b'{"error":"invalid_client","error_description":"client id and secret were not found"}'
    gone = guest.send(
        "POST", "/oauth2/v0/token", form(grant_type="authorization_code", code="12345678"), FORM, basic()
    )
    assert body(gone)["error_description"] == "Grant was not found (possibly expired)."


def token(guest: Client, **given: str) -> Any:
    answer = guest.send("POST", "/oauth2/v0/token", form(**given), FORM, basic())
    assert answer.status == 200, answer.body
    return body(answer)


def test_refresh_also_without_grant_type(guest: Client) -> None:
    first = token(guest, grant_type="client_credentials", scope="read(all)")
    for given in ({"grant_type": "refresh_token"}, {"token_type": "refresh_token"},
                  {"token_type": "refresh_token", "grant_type": ""}):  # fmt: skip
        again = token(guest, refresh_token=first["refresh_token"], **given)
        assert again["access_token"] != first["access_token"]
        reader = Client(guest.world, again["access_token"])
        assert reader.send("GET", "/api/v0/activities").status == 200
        # The scope stays what was granted.
        assert status(reader.send("POST", "/api/v0/activities", b"subject=x", FORM)) == (403, "invalid_permission")
    wider = guest.send("POST", "/oauth2/v0/token", form(grant_type="refresh_token", scope="write(all)",
                       refresh_token=first["refresh_token"]), FORM, basic())  # fmt: skip
    assert (wider.status, body(wider)["error"]) == (400, "invalid_scope")


def test_tokens_expire(world: World, guest: Client) -> None:
    data = token(guest, grant_type="client_credentials", expires_in="60")
    assert data["expires_in"] == 60
    client = Client(world, data["access_token"])
    info = client.get("/tokeninfo")
    assert info["expiry_date"] == str(NOON // SECOND + 60)
    assert (info["deployment"], info["staff_id"], info["email"]) == ("acme", data["account_id"], "bob@acme.test")
    world.now = NOON + MINUTE
    answer = client.send("GET", "/api/v0/tokeninfo")
    assert (answer.status, answer.header("X-Status-Reason")) == (401, NO_TOKEN)


def test_the_longest_lifetime(guest: Client) -> None:
    for asked in ("99999999999", "9" * 40):
        assert token(guest, grant_type="client_credentials", expires_in=asked)["expires_in"] == 10 * 365 * 86_400
    assert token(guest, grant_type="client_credentials", expires_in="")["expires_in"] == 2592000


def test_scopes(world: World, guest: Client) -> None:
    # An absent scope grants everything [suicidesin, noojee].
    assert Client(world, token(guest, grant_type="client_credentials")["access_token"]).post(
        "/activities", subject="x"
    )
    some = Client(
        world,
        token(guest, grant_type="client_credentials", scope="read(companies,contacts),write(tasks)")["access_token"],
    )
    assert some.get("/companies") == []
    assert some.get("/tasks") == []  # write implies read
    assert some.make("/tasks", title="x")["title"] == "x"
    assert status(some.send("GET", "/api/v0/activities")) == (403, "invalid_permission")
    assert status(some.send("POST", "/api/v0/companies", b"name=x", FORM)) == (403, "invalid_permission")
    assert some.get("/staff/whoami")["firstname"] == "Bob"


def test_authorize_redirects_with_code_and_state(guest: Client) -> None:
    asked = urlencode(
        {"client_id": APP, "response_type": "code", "redirect_uri": URI, "state": "a b&c", "scope": "write(all)"}
    )
    for answer in (
        guest.send("GET", f"/oauth2/v0/authorize?{asked}"),
        guest.send("POST", "/oauth2/v0/authorize", asked.encode(), FORM),
    ):
        assert answer.status == 302
        where = urlsplit(answer.header("Location") or "")
        assert f"{where.scheme}://{where.netloc}{where.path}" == URI
        given = parse_qs(where.query)
        assert given["state"] == ["a b&c"]
        code = given["code"][0]
        wrong = guest.send("POST", "/oauth2/v0/token", form(grant_type="authorization_code", code=code), FORM)
        assert body(wrong)["error"] == "invalid_client"
        assert (
            token(guest, grant_type="authorization_code", code=code, redirect_uri=URI)["account_details"]["username"]
            == "bob"
        )
        # A code is good once.
        again = guest.send(
            "POST",
            "/oauth2/v0/token",
            form(grant_type="authorization_code", code=code, redirect_uri=URI),
            FORM,
            basic(),
        )
        assert body(again)["error"] == "invalid_grant"


def test_authorize_refuses(guest: Client) -> None:
    asked = {"client_id": APP, "response_type": "token", "redirect_uri": URI, "state": "s"}
    answer = guest.send("GET", f"/oauth2/v0/authorize?{urlencode(asked)}")
    given = parse_qs(urlsplit(answer.header("Location") or "").query)
    assert (answer.status, given["error"], given["state"]) == (302, ["unsupported_response_type"], ["s"])
    unknown = guest.send("GET", f"/oauth2/v0/authorize?{urlencode({**asked, 'client_id': 'nobody'})}")
    assert (unknown.status, body(unknown)["error"]) == (401, "invalid_client")
    for uri in ("javascript:alert(1)", "data:text/html,x", "/relative", "https://x.test/\r\nSet-Cookie: a=b"):
        bad = guest.send("GET", f"/oauth2/v0/authorize?{urlencode({**asked, 'redirect_uri': uri})}")
        assert (bad.status, body(bad)["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "uri",
    [
        "https:evil", "http:///x", "https:///x", "https://", "https://@/", "https://ok@evil/", "https://o:p@evil/x",
        "https://ok\\@evil/", "https:\\\\evil", "https://a b/", "https://x:port/", "https://[evil/", "//evil/x",
        "view-source:https://x", "intent://x#Intent;end", "ws://x/y", "wss://x/y", "ftp://x/y", "mailto:a@b.test",
        "tel:1", "file:///etc/passwd", "chrome://x", "about:blank", "blob:https://x/1", "javascript:alert(1)", "x:y",
        "java\tscript:alert(1)", "com.example.app", "com.example:://x", "https://\u0435vil.test/",
        "https://x/" + "y" * 2000,
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a27_authorize_redirects_to_no_address_that_nobody_registered(guest: Client, uri: str, method: str) -> None:
    for kind in ("code", "token"):
        asked = urlencode({"response_type": kind, "client_id": APP, "redirect_uri": uri, "state": "s"})
        target = f"/oauth2/v0/authorize?{asked}" if method == "GET" else "/oauth2/v0/authorize"
        answer = guest.send(method, target, asked.encode() if method == "POST" else b"", FORM)
        assert (answer.status, body(answer)["error"]) == (400, "invalid_request")
        assert answer.header("Location") is None


@pytest.mark.parametrize(
    "uri", ["https://app.example", "http://127.0.0.1:8000/cb?x=1", "http://[::1]/", "com.example.app:/cb", "a.b://x/y"]
)
def test_a27_an_application_without_registered_addresses_has_ordinary_ones(guest: Client, uri: str) -> None:
    asked = urlencode({"response_type": "code", "client_id": APP, "redirect_uri": uri})
    answer = guest.send("GET", f"/oauth2/v0/authorize?{asked}")
    assert answer.status == 302
    assert (answer.header("Location") or "").startswith(uri.partition("?")[0])


def test_a27_registered_addresses_are_the_only_ones(world: World, guest: Client) -> None:
    uris = ["https://one.example/cb", "myapp:/cb"]
    world.core.directory.add_application("strict", "acme", "s3cret-two", "bob", uris)
    for uri in (*uris, URI, "https://one.example/cb/", "https://one.example/cb?x", "HTTPS://one.example/cb"):
        asked = urlencode({"response_type": "code", "client_id": "strict", "redirect_uri": uri})
        answer = guest.send("GET", f"/oauth2/v0/authorize?{asked}")
        assert answer.status == (302 if uri in uris else 400)
        assert (answer.header("Location") is not None) == (uri in uris)
    # The token call must repeat what authorize was given.
    asked = urlencode({"response_type": "code", "client_id": "strict", "redirect_uri": uris[0]})
    where = guest.send("GET", f"/oauth2/v0/authorize?{asked}").header("Location") or ""
    code = parse_qs(urlsplit(where).query)["code"][0]
    for uri in (uris[1], uris[0]):
        given = form(grant_type="authorization_code", code=code, redirect_uri=uri)
        answer = guest.send("POST", "/oauth2/v0/token", given, FORM, basic("strict", "s3cret-two"))
        # Right or wrong, a code is good once.
        assert body(answer)["error"] == "invalid_grant"


def rows(world: World) -> int:
    counted = world.store.backend.reader().execute("SELECT count(*) FROM token").fetchone()
    return int(counted[0])


def test_a27_strangers_leave_no_row_and_are_limited(world: World, guest: Client) -> None:
    before = rows(world)
    asked = urlencode({"response_type": "code", "client_id": APP, "redirect_uri": URI})
    codes = set()
    for _ in range(100):
        answer = guest.send("GET", f"/oauth2/v0/authorize?{asked}")
        codes.add(parse_qs(urlsplit(answer.header("Location") or "").query)["code"][0])
    assert len(codes) == 100
    assert rows(world) == before
    answer = guest.send("GET", f"/oauth2/v0/authorize?{asked}")
    assert (answer.status, body(answer)["error"]) == (429, "too_many_failed_logins")
    assert answer.header("Location") is None
    world.now = NOON + 5 * MINUTE
    assert guest.send("GET", f"/oauth2/v0/authorize?{asked}").status == 302


def test_a_strangers_code_is_the_clients_alone_and_ends(world: World, guest: Client) -> None:
    world.core.directory.add_application("other", "acme", "s3cret-two", "bob")
    asked = urlencode({"response_type": "code", "client_id": APP, "redirect_uri": URI, "scope": "read(tasks)"})
    where = guest.send("GET", f"/oauth2/v0/authorize?{asked}").header("Location") or ""
    code = parse_qs(urlsplit(where).query)["code"][0]
    given = form(grant_type="authorization_code", code=code, redirect_uri=URI)
    other = guest.send("POST", "/oauth2/v0/token", given, FORM, basic("other", "s3cret-two"))
    assert (other.status, body(other)["error"]) == (400, "invalid_grant")
    for changed in (code[:-2] + ("AA" if code[-2:] != "AA" else "BB"), code + "A", code[1:], "x", ""):
        bad = form(grant_type="authorization_code", code=changed, redirect_uri=URI)
        answer = guest.send("POST", "/oauth2/v0/token", bad, FORM, basic())
        assert body(answer)["error"] == "invalid_grant"
    world.now = NOON + 10 * MINUTE
    late = guest.send("POST", "/oauth2/v0/token", given, FORM, basic())
    assert body(late)["error"] == "invalid_grant"
    world.now = NOON + 9 * MINUTE
    right = guest.send("POST", "/oauth2/v0/token", given, FORM, basic())
    assert right.status == 200
    client = Client(world, body(right)["access_token"])
    assert client.get("/tasks") == []
    assert status(client.send("GET", "/api/v0/companies")) == (403, "invalid_permission")


def test_a28_wrong_client_secrets_are_limited_and_a_right_one_of_another_application_goes_on(
    world: World, guest: Client
) -> None:
    world.core.directory.add_application("other", "acme", "s3cret-two", "bob")
    asked = form(grant_type="client_credentials")
    for number in range(100):
        answer = guest.send("POST", "/oauth2/v0/token", asked, FORM, basic(secret=f"wrong {number}"))
        assert (answer.status, body(answer)["error"]) == (401, "invalid_client")
    for secret in ("wrong", SECRET):
        answer = guest.send("POST", "/oauth2/v0/token", asked, FORM, basic(secret=secret))
        assert (answer.status, body(answer)["error"]) == (429, "too_many_failed_logins")
        assert answer.header("Retry-After") == "300"
    by_form = form(grant_type="client_credentials", client_id="other", client_secret="s3cret-two")
    assert guest.send("POST", "/oauth2/v0/token", by_form, FORM).status == 200
    wrong = guest.send("POST", "/oauth2/v0/token", asked, FORM, basic("other", "wrong"))
    assert (wrong.status, body(wrong)["error"]) == (429, "too_many_failed_logins")
    revoked = guest.send("POST", "/oauth2/v0/revoke", form(token="x"), FORM, basic())
    assert (revoked.status, body(revoked)["error"]) == (429, "too_many_failed_logins")
    world.now = NOON + 6 * MINUTE
    assert guest.send("POST", "/oauth2/v0/token", asked, FORM, basic()).status == 200


def test_guesses_on_the_authorize_page_are_limited(world: World, guest: Client) -> None:
    for number in range(100):
        answer = guest.send(
            "POST", "/oauth2/v0/authorize", pkce(username="ann", password=f"no {number}").encode(), FORM
        )
        assert answer.status == 200
    answer = guest.send("POST", "/oauth2/v0/authorize", pkce(username="ann", password="ann-pw").encode(), FORM)
    assert (answer.status, body(answer)["error"]) == (429, "too_many_failed_logins")
    assert answer.header("Location") is None


def test_a_sign_in_that_finds_no_place_is_told_to_come_again(
    world: World, guest: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise Busy("too many passwords are being checked")

    monkeypatch.setattr(world.core.accounts._passwords, "verify", busy)
    answer = guest.send("POST", "/oauth2/v0/authorize", pkce(username="ann", password="ann-pw").encode(), FORM)
    assert (answer.status, body(answer)["error"]) == (503, "temporarily_unavailable")
    assert (world.lines[-1]["level"], world.lines[-1]["refused"]) == ("warning", "Busy")


def test_pin_for_installed_apps(guest: Client) -> None:
    answer = guest.send("GET", f"/oauth2/v0/authorize?{urlencode({'client_id': APP, 'response_type': 'code'})}")
    assert answer.status == 200
    pin = answer.body.decode().split("<code>")[1].split("</code>")[0]
    assert token(guest, grant_type="authorization_code", code=pin)["access_token"]


def pkce(**more: str) -> str:
    asked = {
        "client_id": APP,
        "response_type": "code",
        "redirect_uri": URI,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return urlencode({**asked, **more})


def redeem(guest: Client, answer: WireResponse, verifier: str = VERIFIER) -> WireResponse:
    code = parse_qs(urlsplit(answer.header("Location") or "").query)["code"][0]
    given = form(grant_type="authorization_code", code=code, redirect_uri=URI, client_id=APP, code_verifier=verifier)
    return guest.send("POST", "/oauth2/v0/token", given, FORM)


def test_pkce_of_a_signed_in_user(world: World, guest: Client) -> None:
    """Without a secret the user himself must have agreed: knowing a client's id is not enough."""
    first = guest.send("POST", "/oauth2/v0/authorize", pkce(state="s").encode(), FORM)
    assert first.status == 302
    where = first.header("Location") or ""
    assert where.startswith("http://localhost/oauth2/v0/authorize?")
    assert "code=" not in where.replace("code_challenge=", "")
    page = guest.send("GET", f"/oauth2/v0/authorize?{pkce(state='s')}")
    assert page.status == 200
    assert b'name="password"' in page.body
    wrong = guest.send("POST", "/oauth2/v0/authorize", pkce(username="ann", password="no").encode(), FORM)
    assert wrong.status == 200
    right = guest.send(
        "POST", "/oauth2/v0/authorize", pkce(username="ann", password="ann-pw", state="s").encode(), FORM
    )
    assert right.status == 302
    done = redeem(guest, right)
    assert done.status == 200
    assert body(done)["account_details"]["username"] == "ann"
    # A public client refreshes by its id alone.
    refreshed = guest.send("POST", "/oauth2/v0/token", form(grant_type="refresh_token", client_id=APP,
                           refresh_token=body(done)["refresh_token"]), FORM)  # fmt: skip
    assert refreshed.status == 200


def test_pkce_verifier_must_fit(world: World, guest: Client) -> None:
    world.set("affinitylive.pkce_without_secret", "yes")
    answer = guest.send("GET", f"/oauth2/v0/authorize?{pkce()}")
    assert body(redeem(guest, answer, "w" * 50))["error"] == "invalid_grant"
    assert redeem(guest, guest.send("GET", f"/oauth2/v0/authorize?{pkce()}")).status == 200


def test_revoke(world: World, guest: Client) -> None:
    data = token(guest, grant_type="client_credentials")
    client = Client(world, data["access_token"])
    assert client.send("GET", "/api/v0/activities").status == 200
    assert guest.send("POST", "/oauth2/v0/revoke", form(token=data["access_token"]), FORM).status == 401
    assert guest.send("POST", "/oauth2/v0/revoke", form(token=data["access_token"]), FORM, basic()).status == 200
    assert client.send("GET", "/api/v0/activities").status == 401
    assert guest.send("POST", "/oauth2/v0/revoke", form(token="gone-long-ago"), FORM, basic()).status == 200


@pytest.mark.parametrize("wrong", [None, "nobody-has-this-one", "x" * 5000])
def test_no_good_token(world: World, wrong: str | None) -> None:
    answer = Client(world, wrong).send("GET", "/api/v0/activities")
    assert answer.status == 401
    assert ("X-Status-Reason", NO_TOKEN) in answer.headers
    assert body(answer)["response"] is None
    assert body(answer)["meta"] == {
        "status": "invalid_client",
        "message": NO_TOKEN,
        "more_info": "https://affinitylive.jira.com/wiki/display/APIS/Status+Codes#invalid_client",
    }
    assert answer.header("X-RateLimit-Limit") is None


def test_token_as_parameter(guest: Client) -> None:
    assert guest.send("GET", "/api/v0/activities?_bearer_token=ann-token").status == 200
    assert guest.send("POST", "/api/v0/activities", b"subject=x&_bearer_token=ann-token", FORM).status == 200
    assert guest.send("POST", "/api/v0/activities", b'{"subject":"x","_bearer_token":"ann-token"}', JSON).status == 200
    both = Client(guest.world).send("GET", "/api/v0/activities?_bearer_token=ann-token")
    assert status(both) == (400, "invalid_request")


def test_a_token_of_another_deployment_is_no_token(world: World) -> None:
    world.add_tenant("rival", "rival.com")
    world.add_user("rob", tenant="rival")
    assert Client(world, "rob-token", "acme").send("GET", "/api/v0/activities").status == 401
    assert Client(world, "rob-token", "rival").send("GET", "/api/v0/activities").status == 200
    # Nor is a client of another one a client.
    rival = Client(world, None, "rival").send("POST", "/oauth2/v0/token", form(grant_type="client_credentials"), FORM,
                                              basic(), host="rival.api.affinitylive.com")  # fmt: skip
    assert (rival.status, body(rival)["error"]) == (401, "invalid_client")


def test_a_token_elsewhere_says_nothing_of_its_own_deployment(world: World) -> None:
    """No rate headers on a 401 [w6w]: they would tell that the token is good, and count against its owner."""
    world.add_tenant("rival", "rival.com")
    world.add_user("rob", tenant="rival")
    world.set("affinitylive.rate_limit", "2", "rival")
    stray = Client(world, "rob-token", "acme")
    for _ in range(5):
        answer = stray.send("GET", "/api/v0/activities", host="acme.api.affinitylive.com")
        assert (answer.status, answer.header("X-Status-Reason")) == (401, NO_TOKEN)
        assert [pair for pair in answer.headers if pair[0].startswith("X-Rate")] == []
    home = Client(world, "rob-token", "rival").send("GET", "/api/v0/activities", host="rival.api.accelo.com")
    assert (home.status, home.header("X-RateLimit-Remaining")) == (200, "1")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "token"), ("PUT", "token"), ("DELETE", "authorize"), ("GET", "revoke"), ("POST", "nothing"), ("GET", "")],
)
def test_other_methods_and_paths_below_oauth(guest: Client, method: str, path: str) -> None:
    """Not the client's credentials are wrong, so it must not be told so."""
    answer = guest.send(method, f"/oauth2/v0/{path}", headers=basic())
    assert answer.status == 400
    assert set(body(answer)) == {"error", "error_description"}
    assert body(answer)["error"] == "invalid_request"


def test_an_unknown_deployment_in_the_words_of_oauth(guest: Client) -> None:
    """OAuth errors have no meta."""
    given = form(grant_type="client_credentials")
    answer = guest.send("POST", "/oauth2/v0/token", given, FORM, basic(), host="nowhere.api.accelo.com")
    assert answer.status == 400
    assert body(answer) == {"error": "invalid_request", "error_description": "Deployment 'nowhere' was not found."}


@pytest.mark.parametrize(
    "domain",
    ["affinitylive.com", "api.affinitylive.com", "api.staging.affinitylive.com", "api.accelo.com", "accelo.com"],
)
def test_deployment_in_the_host(world: World, domain: str) -> None:
    assert Client(world).send("GET", "/api/v0/activities", host=f"acme.{domain}").status == 200
    answer = Client(world).send("GET", "/api/v0/activities", host=f"nowhere.{domain}")
    assert status(answer) == (400, "invalid_request")
    assert body(answer)["meta"]["message"] == "Deployment 'nowhere' was not found."


def test_rate_limit(world: World) -> None:
    world.set("affinitylive.rate_limit", "2")
    client = Client(world)
    reset = str((NOON // SECOND // 3600 + 1) * 3600)
    for left in ("1", "0"):
        answer = client.send("GET", "/api/v0/activities/1")
        # In exactly this letter case, on errors too [php].
        assert [pair for pair in answer.headers if pair[0].startswith("X-R")] == [
            ("X-RateLimit-Limit", "2"), ("X-RateLimit-Remaining", left), ("X-RateLimit-Reset", reset)
        ]  # fmt: skip
    over = client.send("GET", "/api/v0/activities")
    assert status(over) == (429, "too_many_requests")
    assert body(over)["meta"]["message"] == "Rate limit exceeded for acme.api.accelo.com"
    assert (
        Client(world, None)
        .send("POST", "/oauth2/v0/token", form(grant_type="client_credentials"), FORM, basic())
        .status
        == 200
    )
    world.now = NOON + 60 * MINUTE
    assert client.send("GET", "/api/v0/activities").status == 200


def test_too_many_failed_logins(world: World) -> None:
    guest = Client(world, "wrong-wrong")
    for _ in range(100):
        assert guest.send("GET", "/api/v0/activities").status == 401
    answer = guest.send("GET", "/api/v0/activities")
    assert status(answer) == (429, "too_many_failed_logins")
    assert 0 < int(answer.header("Retry-After") or "") <= 300
    assert Client(world).send("GET", "/api/v0/activities").status == 200


def test_view_only_users_read(world: World) -> None:
    world.add_user("vera", view_only=True)
    vera = Client(world, "vera-token")
    assert vera.get("/activities") == []
    assert status(vera.send("POST", "/api/v0/activities", b"subject=x", FORM)) == (403, "invalid_permission")


def test_secrets_are_not_logged(world: World, guest: Client) -> None:
    token(guest, grant_type="client_credentials")
    guest.send("GET", "/api/v0/activities?_bearer_token=ann-token")
    text = json.dumps(world.lines)
    assert SECRET not in text
    assert "ann-token" not in text
