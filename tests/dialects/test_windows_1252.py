"""Bytes 80 to 9F of forms: without a label, and under those of Latin-1, they are windows-1252 in every dialect
(WHATWG, Encoding), because Excel, Outlook and old PHP pages send them and nobody ever sent control characters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.dialects.zurmo_client import Zurmo
from tests.support.doors import BASIC, BEARER, DOORS, FORM_TYPE, OPENTAPS, Door, Send, in_process, store
from tests.support.world import World

# Crust's other door; Capsule has no forms.
FORMS = [
    replace(door, target="/crust/page/", content_type=FORM_TYPE, body=b"title=@", quoted=True)
    if door.dialect == "crust"
    else door
    for door in DOORS
    if door.dialect != "capsule"
]
every_form = pytest.mark.parametrize("door", FORMS, ids=lambda door: door.dialect)
LABELS = ["", "; charset=windows-1252", "; charset=ISO-8859-1", ';charset="latin1"', "; charset=us-ascii"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("windows"), now=None) as made:
        yield made


@pytest.fixture(scope="module")
def send(world: World) -> Send:
    return in_process(world)


def stored(send: Send, door: Door, text: bytes, label: str) -> str:
    status, _, answer = store(send, door, door.put(text), content_type=door.content_type + label)
    assert status in (200, 201), answer
    return title(answer) if door.dialect == "crust" else door.stored(answer)


def title(answer: bytes) -> str:
    return str(json.loads(answer)["response"]["title"])


@every_form
@pytest.mark.parametrize("label", LABELS)
def test_a29_o3_z41_windows_bytes_are_what_they_were_meant_as(send: Send, door: Door, label: str) -> None:
    for raw, text in ((b"Euro\x80", "Euro€"), (b"it\x92s \x93so\x94 \x85", "it’s “so” …"), (b"caf\xe9", "café")):
        assert stored(send, door, raw, label) == text
    # A tilde or a dash of the client that does not encode what it need not.
    assert stored(send, replace(door, quoted=False), b"raw\x80", label) == "raw€"


@every_form
@pytest.mark.parametrize("label", ["", "; charset=utf-8", "; charset=UTF-8", "; charset=made-up"])
def test_utf_8_stays_utf_8(send: Send, door: Door, label: str) -> None:
    for text in ("Euro€", "Zoë 😀", "Petrič “so”", "\u0085x"):
        assert stored(send, door, text.encode(), label) == text


@every_form
def test_other_labels_are_kept(send: Send, door: Door) -> None:
    if door.dialect == "zurmo":
        # The vendor never looked at a label.
        assert stored(send, door, "Zoë".encode(), "; charset=ISO-8859-1") == "Zoë"
    else:
        assert stored(send, door, b"\xb1\xe6", "; charset=ISO-8859-2") == "ąć"


def test_z41_put_and_path(tmp_path_factory: pytest.TempPathFactory) -> None:
    zurmo = Zurmo(tmp_path_factory.mktemp("zurmo"))
    made = zurmo.ok("POST", "/tasks/task/api/create/", {"name": "x"})["id"]
    for kind in (FORM_TYPE, f"{FORM_TYPE}; charset=ISO-8859-1", "application/json", None):
        headers = {"Accept": "application/json", "ZURMO_API_REQUEST_TYPE": "REST"}
        headers |= {} if kind is None else {"Content-Type": kind}
        target = f"/tasks/task/api/update/{made}"
        answer = zurmo.raw("PUT", target, b"data%5Bname%5D=Euro%80%92", headers, zurmo.session)
        assert json.loads(answer.body)["data"]["name"] == "Euro€’"
    assert zurmo.names(zurmo.ok("GET", "/tasks/task/api/list/filter/search%5Bname%5D=Euro%80")) == ["Euro€’"]
    assert zurmo.names(zurmo.ok("GET", "/tasks/task/api/list/filter/search%5Bname%5D=Euro%2580%2592")) == ["Euro€’"]


def test_queries_and_paths(send: Send) -> None:
    xml = (BASIC, ("Content-Type", "text/xml"))
    made = send("POST", "/capsule/api/person", xml, "<person><lastName>Qé</lastName></person>".encode())
    party = "/" + made[1]["location"].split("/", 3)[3]
    assert "<lastName>Qé</lastName>".encode() in send("GET", "/capsule/api/party?q=q%E9", (BASIC,), b"")[2]
    for written, name in (("big%80", "big%E2%82%AC"), ("so+%93so%94", "so%20%E2%80%9Cso%E2%80%9D")):
        assert send("POST", f"{party}/tag/{written}", (BASIC,), b"")[1]["location"].endswith(f"/tag/{name}")
    made = send("POST", f"/opentaps/activities?{OPENTAPS}&noteText=Query%80", (), b"")
    assert b"Query\\u20ac" in made[2]
    named = send("POST", "/affinitylive/api/v0/companies?name=Query%80&_fields=name", (BEARER,), b"")
    assert json.loads(named[2])["response"]["name"] == "Query€"


def test_json_in_latin_1(send: Send) -> None:
    """Java's HttpClient labels and sends JSON so by default."""
    for charset in ("ISO-8859-1", "windows-1252"):
        kind = ("Content-Type", f"application/json; charset={charset}")
        body = b'{"name":"%b\x80","_fields":"name"}' % charset.encode()
        made = send("POST", "/affinitylive/api/v0/companies", (BEARER, kind), body)
        assert json.loads(made[2])["response"]["name"] == f"{charset}€"
        noted = send("POST", f"/opentaps/activities?{OPENTAPS}", (kind,), b'{"noteText":"json\x80"}')
        assert b"json\\u20ac" in noted[2]
