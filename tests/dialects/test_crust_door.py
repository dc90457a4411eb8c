"""The sign-in page (crust dossier, section 1): what a browser that follows the vendor's link gets, and what not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapter.wire import Headers, WireRequest, WireResponse
from tests.support.world import World

FORM = "application/x-www-form-urlencoded"
GOOD = b"username=ann&password=ann-pw"
APP = "https://app.acme.example/crm/#/"
OWN = "https://crm.acme.example"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as made:
        yield made


def door(
    world: World, body: bytes | None = None, query: str = "", kind: str = FORM, path: str = "/oidc", **headers: str
) -> WireResponse:
    """What a browser gets that asked for the page, or sent its form."""
    pairs = [*headers.items(), *([("Content-Type", kind)] if body is not None else [])]
    method = "GET" if body is None else "POST"
    return world.endpoint("crust").send(
        WireRequest(method, path, query, Headers(pairs), body or b"", f"{OWN}/crust", "crm.acme.example")
    )


def cookie_of(answer: WireResponse) -> str | None:
    return answer.header("Set-Cookie")


def test_c4_w1_the_page_is_a_form_and_no_more(world: World) -> None:
    page = door(world)
    assert (page.status, page.header("Content-Type")) == (200, "text/html; charset=utf-8")
    text = page.body.decode()
    assert re.findall(r"<form[^>]*>", text) == ['<form method="post">']
    assert re.findall(r'<input name="(\w+)"', text) == ["username", "password"]
    assert 'type="password"' in text
    assert "<script" not in text
    assert " on" not in re.sub(r">[^<]*<", "><", text).replace(" name", "")
    assert page.header("X-Frame-Options") == "DENY"
    policy = page.header("Content-Security-Policy") or ""
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert page.header("Cache-Control") == "no-store"
    assert cookie_of(page) is None
    assert door(world, path="/oidc/").status == door(world, path="/oidc/callback").status == 404


def test_c4_w1_a_right_password_sets_the_cookie_and_leads_to_the_app(world: World) -> None:
    world.set("crust.app_url", APP)
    login = WireRequest("POST", "/auth/login", "", Headers([("Content-Type", FORM)]), GOOD)
    for body in (GOOD, b"username=ann%40acme.test&password=ann-pw"):
        answer = door(world, body)
        assert (answer.status, answer.header("Location"), answer.body) == (303, APP, b"")
        assert cookie_of(answer) == cookie_of(world.endpoint("crust").send(login))
    cookie = (cookie_of(answer) or "").partition(";")[0]
    signed_in = world.endpoint("crust").send(WireRequest("GET", "/auth/check", "", Headers([("Cookie", cookie)])))
    assert b'"username":"ann"' in signed_in.body
    # Browsers hold the redirect after a form to the policy of the form's page.
    assert "form-action 'self' https://app.acme.example;" in (door(world).header("Content-Security-Policy") or "")


def test_c4_w1_a_wrong_password_shows_the_form_again(world: World) -> None:
    world.set("crust.app_url", APP)
    for body in (b"username=ann&password=no", b"username=nobody&password=ann-pw", b"", b"username=ann", b"%zz=1"):
        answer = door(world, body)
        assert (answer.status, cookie_of(answer), answer.header("Location")) == (401, None, None)
        assert b'<form method="post">' in answer.body
        assert b"User name or password is wrong." in answer.body
    # Only the body counts: what stands in an address is logged on the way. JSON is what other pages can send.
    assert door(world, b"", query=GOOD.decode()).status == 401
    assert door(world, b'{"username":"ann","password":"ann-pw"}', kind="application/json").status == 401
    assert door(world, GOOD, kind=";").status == 401
    # Nothing that was sent is shown.
    assert b"evil" not in door(world, b"username=<evil>&password=<evil>").body


def test_c4_w1_nobody_is_sent_to_an_address_that_a_request_names(world: World) -> None:
    evil = "https://evil.example/"
    named = f"redirect={evil}&app_url={evil}&next={evil}&to={evil}&here=1"
    for setting in ("", APP):
        world.set("crust.app_url", setting)
        for headers in (
            {"Referer": evil},
            {"Origin": evil},
            {"Referer": f"{OWN}@evil.example/"},
            {"Referer": "http://["},
        ):
            for body in (GOOD, GOOD + b"&" + named.encode()):
                answer = door(world, body, query=named, **headers)
                assert b"evil" not in answer.body
                assert "evil" not in repr(answer.headers)
                assert answer.header("Location") in ((APP,) if setting else (None, f"{OWN}/"))
            assert b"evil" not in door(world, query=named, **headers).body


def test_c4_w1_without_a_setting_it_leads_back_to_this_server_or_nowhere(world: World) -> None:
    for referer in ("", "https://app.acme.example/", "http://crm.acme.example/", f"{OWN}:8443/", "no address"):
        headers = {"Referer": referer} if referer else {}
        assert b'name="here"' not in door(world, **headers).body
        # The browser names the form's own page when it sends it.
        for sent in (headers, {"Referer": f"{OWN}/crust/oidc"}):
            answer = door(world, GOOD, **sent)
            assert (answer.status, answer.header("Location")) == (200, None)
            assert b"You are signed in." in answer.body
            assert b"<form" not in answer.body
            assert (cookie_of(answer) or "").startswith("jwt=e")
    assert b'name="here"' in door(world, Referer=f"{OWN}/app/sign-in?x=1").body
    for body, headers in ((GOOD + b"&here=1", {}), (GOOD, {"Referer": f"{OWN}/app/"})):
        answer = door(world, body, **headers)
        assert (answer.status, answer.header("Location")) == (303, f"{OWN}/")
    assert b'name="here"' in door(world, b"username=x&here=1").body


def test_c4_w1_a_token_neither_helps_nor_hinders(world: World) -> None:
    for cookie in ("jwt=bad", "jwt="):
        assert door(world, Cookie=cookie).status == 200
        assert door(world, GOOD, Cookie=cookie).status == 200
        assert door(world, b"", Cookie=cookie).status == 401


def test_c4_w1_no_other_origin_reads_the_page(world: World) -> None:
    for body in (None, b"", GOOD):
        assert "Access-Control" not in repr(door(world, body, Origin="https://app.example").headers)


def test_c4_w1_guesses_count_as_those_of_a_login(world: World) -> None:
    statuses = [door(world, b"username=ann&password=no").status for _ in range(200)]
    assert set(statuses) == {401, 503}
    assert statuses == sorted(statuses)
    login = WireRequest("POST", "/auth/login", "", Headers([("Content-Type", FORM)]), GOOD)
    assert world.endpoint("crust").send(login).header("Set-Cookie") is None
    answer = door(world, GOOD)
    assert (answer.status, cookie_of(answer)) == (503, None)
    assert b"Please try again in a while." in answer.body


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        *("//evil.example", "app.example", "https://", "https://a b", "https://a\r\nX: y", "ftp://x/"),
        *("https://user@x.example/", "https://ž.example/", "https://x/" + "a" * 2_000),
    ],
)
def test_c4_w1_the_setting_is_an_address_of_the_web(text: str) -> None:
    from dialects.crust import DIALECT

    check = DIALECT.setting("app_url").check
    assert check is not None
    for good in ("", APP, "http://localhost:8080/crm"):
        check(good)
    with pytest.raises(ValueError, match="address"):
        check(text)
