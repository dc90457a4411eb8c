"""One write in each vendor's way, with the text that it stored: for tests of what stands in front of all dialects."""

from __future__ import annotations

import base64
import itertools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_from_bytes

from adapter.serve import create_app
from tests.support.world import World
from tests.support.wsgi import call, environ

Pairs = tuple[tuple[str, str], ...]
Sent = tuple[int, Mapping[str, str], bytes]
"""Status, headers by their names in lower case, body."""
Send = Callable[[str, str, Pairs, bytes], Sent]
"""Sends method, target, headers and body to a server whose user ann has the password ann-pw, the token ann-token."""

FORM_TYPE = "application/x-www-form-urlencoded"
TOKEN = "ann-token"
BASIC = ("Authorization", "Basic " + base64.b64encode(f"{TOKEN}:x".encode()).decode())
BEARER = ("Authorization", f"Bearer {TOKEN}")
OPENTAPS = f"authToken={TOKEN}&clientDomain=acme.com"
ZURMO: Pairs = (("Accept", "application/json"), ("ZURMO_API_REQUEST_TYPE", "REST"))

_COUNT = itertools.count(1)


@dataclass(frozen=True)
class Door:
    """A vendor's way to store a text.

    `body` is a template with ``@`` for the text and ``#`` for what nobody else has; `quoted` says that the text stands
    percent-encoded there. `stored` finds it in what `store` gives back.
    """

    dialect: str
    target: str
    content_type: str
    body: bytes
    stored: Callable[[bytes], str]
    sign_in: Callable[[Send], Pairs]
    quoted: bool = True
    method: str = "POST"

    def put(self, text: bytes) -> bytes:
        unique = b"c%d" % next(_COUNT)
        return self.body.replace(b"#", unique).replace(b"@", quote_from_bytes(text).encode() if self.quoted else text)


def _zurmo_session(send: Send) -> Pairs:
    login = (*ZURMO, ("ZURMO_AUTH_USERNAME", "ann"), ("ZURMO_AUTH_PASSWORD", "ann-pw"))
    data = json.loads(send("POST", "/zurmo/app/index.php/zurmo/api/login", login, b"")[2])["data"]
    return (*ZURMO, ("ZURMO_SESSION_ID", data["sessionId"]), ("ZURMO_TOKEN", data["token"]))


def _crust_cookie(send: Send) -> Pairs:
    form = (("Content-Type", FORM_TYPE),)
    cookie = send("POST", "/crust/auth/login", form, b"username=ann&password=ann-pw")[1]["set-cookie"]
    return (("Cookie", cookie.partition(";")[0]),)


def _in_json(*path: str) -> Callable[[bytes], str]:
    def find(body: bytes) -> str:
        found: Any = json.loads(body)
        for name in path:
            found = found[name]
        return str(found)

    return find


def _in_xml(body: bytes) -> str:
    found = re.search(rb"<lastName>(.*)</lastName>", body)
    assert found is not None, body
    return found[1].decode()


def _opentaps_text(body: bytes) -> str:
    found = re.search(r'"noteText":("(?:[^"\\]|\\.)*")', body.decode())
    assert found is not None, body
    return str(json.loads(found[1]))


def _nobody(_: Send) -> Pairs:
    return ()


DOORS = (
    Door(
        *("capsule", "/capsule/api/person", "application/xml", b"<person><lastName>@</lastName></person>"),
        _in_xml,
        lambda _: (BASIC,),
        quoted=False,
    ),
    Door("opentaps", f"/opentaps/activities?{OPENTAPS}", FORM_TYPE, b"noteText=@", _opentaps_text, _nobody),
    Door(
        *("zurmo", "/zurmo/app/index.php/tasks/task/api/create/", FORM_TYPE, b"data[name]=@"),
        _in_json("data", "name"),
        _zurmo_session,
    ),
    Door(
        *("affinitylive", "/affinitylive/api/v0/companies", FORM_TYPE, b"name=#&comments=@&_fields=comments"),
        _in_json("response", "comments"),
        lambda _: (BEARER,),
    ),
    Door(
        *(
            "crust",
            "/crust/module/",
            "application/json",
            b'{"name":"@","fields":[{"name":"a","title":"A","kind":"text"}]}',
        ),
        _in_json("response", "name"),
        _crust_cookie,
        quoted=False,
    ),
)


def in_process(world: World) -> Send:
    """Sends to all dialects over a world, in this process."""
    app = create_app(world.wsgi())

    def send(method: str, target: str, headers: Pairs, body: bytes) -> Sent:
        answer = call(app.wsgi_app, environ(method, target, headers, body))
        return answer.code, {name.lower(): value for name, value in answer.headers}, answer.body

    return send


def store(send: Send, door: Door, body: bytes, *headers: tuple[str, str], content_type: str | None = None) -> Sent:
    """The answer to a write of that body; where it only points to what it made, that."""
    sent = (*door.sign_in(send), ("Content-Type", content_type or door.content_type), *headers)
    status, answered, found = send(door.method, door.target, sent, body)
    location = answered.get("location")
    if status == 201 and location is not None and not found:
        made = send("GET", "/" + location.split("/", 3)[3], door.sign_in(send), b"")
        return status, answered, made[2]
    return status, answered, found
