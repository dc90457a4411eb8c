"""Every route of every dialect under bad treatment: nothing leaks, nothing breaks, nothing is written.

The routes come from the route tables, what an answer must look like from ``tests/dialects/shapes``: a new route is
tried the day it is added, a new dialect as soon as it has a shape.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

import dialects
from adapter.formats import TooLarge
from adapter.routes import Route
from tests.dialects.shapes import Shape, leaves, replaced, shape
from tests.support.probing import Prober, parameters_of, path_of
from tests.support.rivals import HOME, RIVAL, VICTIM, Rivals
from tests.support.world import every_dialect

NAMES = [dialect.name for dialect in every_dialect()]
JSON, XML, FORM = "application/json", "application/xml", "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=frontier"
DEEP = 100_000
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE task [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + at)} "{f"&{chr(97 + at)};" * 20}">' for at in range(8))
    + "]><task><description>&i;</description></task>"
).encode()
STRANGER = (
    b'<?xml version="1.0"?><!DOCTYPE task [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    b"<task><description>&a;</description></task>"
)
BODIES: tuple[tuple[str, bytes], ...] = (
    (JSON, b"{broken"),
    (JSON, b"[" * DEEP),
    (JSON, b'{"task":' * DEEP),
    (JSON, b"[" * 900 + b"]" * 900),
    (JSON, b'{"task":{"description":"\\ud800","dueDate":"2014-06-04"}}'),
    (JSON, b'{"task":"\xff\xfe"}'),
    (JSON, b'{"data":1e999,"task":' + b"9" * 5000 + b"}"),
    (JSON, b'{"task":{"id":1e400,"dueDate":-1e400,"description":NaN}}'),
    (JSON, b'{"\\u0000":"\\u0000","noteText":"\\u0000","name":"\\u0000"}'),
    (JSON, b"null"),
    (JSON, b'"text"'),
    (JSON, b"[]"),
    (JSON, b"[[1],null,{}]"),
    (JSON, b'{"a":1}{"b":2}'),
    (JSON, b"\xef\xbb\xbf{}"),
    (f"{JSON}; charset=utf-16", '{"task":{}}'.encode("utf-16")),
    (f"{JSON}; charset=nonsense", b"{}"),
    (XML, b"<task><description>a & b</description>"),
    (XML, b"<a>" * DEEP),
    (XML, b"<a>" * 3000 + b"</a>" * 3000),
    (XML, BOMB),
    (XML, STRANGER),
    (XML, b'<?xml version="1.0" encoding="nonsense"?><task/>'),
    (XML, b"<task>\x00</task>"),
    (XML, b"<task>&#0;</task>"),
    (XML, b"<task>\xff</task>"),
    (XML, b"<nothing/>"),
    (XML, b'<task xmlns:x="y"><x:description x:y="z">1</x:description><![CDATA[x]]><?php x?></task>'),
    ("text/xml", b"   <task/>"),
    (FORM, b"data" + b"[a]" * 5000 + b"=1"),
    (FORM, b"data[" + b"[" * 5000 + b"=1&data]=2&=3&&[]=4"),
    (FORM, b"&".join(b"a%d=1" % at for at in range(20_000))),
    (FORM, b"data[name]=%00%01%zz%&data[]=%ff&noteText=%00"),
    (FORM, b"data=1&data[name]=x&data[name][a]=y&noteText[]=1&noteText=2"),
    (FORM, b"data[id]=" + b"9" * 40 + b"&data[owner][id]=1e400&id=-1&activityId=zzz&_method=teapot"),
    (FORM, b"\x00\xff\xfe{<"),
    (MULTIPART, b"no boundary here"),
    (MULTIPART, b'--frontier\r\nContent-Disposition: form-data; name="data[name]"\r\n\r\nx'),
    (MULTIPART, b'--frontier\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\x00\r\n--frontier--\r\n'),
    ("multipart/form-data", b"--x\r\n\r\n--x--"),
    ("multipart/form-data; boundary=", b"----"),
    ("text/plain", b"just words"),
    ("", b"\x00\x01\x02"),
    ("\xff/\xfe; charset=\x80", b"{}"),
    (FORM, b""),
    (JSON, b""),
    (XML, b""),
)
LIES = (JSON, XML, FORM, MULTIPART, "image/png", "application/json;charset=ISO-8859-1")
"""What a body of another kind is also said to be."""

IDS = (
    *(
        "0",
        "-1",
        "+1",
        "1.0",
        "1e3",
        "00",
        "%20",
        "undefined",
        "null",
        "*",
        "5x",
        "%2e%2e%2f%2e%2e%2f",
        "../../etc/passwd",
    ),
    *(str(2**31), str(2**63 - 1), str(2**63), str(2**64), str(10**40), "9" * 5000, "f" * 24, "0" * 24, "F" * 25),
    *("%D9%A1%D9%A2", "%C2%B2", "%00", "1%00", "%ff", "%", "%zz", "%E2%80%AE", "%0d%0aSet-Cookie:%20a=b", "a" * 9000),
    *("';DROP%20TABLE%20activity;--", "<script>", "%3Cb%3E", "%F0%9F%98%80", "{id}", "a;b=c", "//", "1,2", "1;2"),
)
VALUES = (
    *("", "0", "-1", "1", "true", "x", "%00", "%ff", "%D9%A1", "1.5", "1e400", "NaN", "%25", "%5B%5D", "a" * 3000),
    *(
        str(2**63 - 1),
        str(2**63),
        str(10**40),
        "0000-00-00",
        "2014-02-30",
        "99999-12-31T00:00:00Z",
        "1,2,3",
        "((((",
        "))",
    ),
    *(
        "1%20AND%20(2%20OR%203)",
        "(" * 2000,
        "a(b(c(d)))",
        "id%20desc",
        "';--",
        "20140101T000000",
        "-20140101T",
        "NOT%20" * 500,
    ),
)
TEXTS: tuple[object, ...] = (
    *(
        "",
        " ",
        "0",
        "-1",
        "1",
        "true",
        "x",
        "\x00",
        "a\x00b",
        "\r\n",
        "\u202e",
        "٣٤",
        "²",
        "😀" * 70,
        "<b>&amp;]]>",
        "\ufffe",
    ),
    *(
        str(2**31),
        str(2**63),
        str(10**40),
        "9" * 400,
        "1e400",
        "-1e400",
        "NaN",
        "Infinity",
        "1.123456789012345678",
        "0x10",
    ),
    *(
        "2014-02-30",
        "0000-00-00 00:00:00",
        "99999-01-01T00:00:00Z",
        "2014-06-03T24:61:61Z",
        "0001-01-01",
        "9999-12-31",
    ),
    *(
        "1900-01-01 00:00:00",
        "-1-1-1",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "2014-06-03T09:30:00+99:99",
        "1340044186" * 3,
        "'); DROP TABLE activity; --",
    ),
    *(
        "x" * 70_000,
        {"a": {"b": "c"}},
        {},
        ["a", ["b"]],
        [],
        "a@b@c",
        "http://[",
        "é" * 200,
        "\ud800",
        "=cmd|' /C calc'!A0",
    ),
)
WRONG_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "BREW", "get", "P" * 300)


@pytest.fixture(params=NAMES)
def prober(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Prober]:
    rivals = Rivals(tmp_path)
    for name in NAMES:
        for setting, value in shape(name).settings.items():
            for tenant in (HOME, RIVAL):
                rivals.world.set(setting, value, tenant)
    made = Prober(rivals, dialects.load(request.param), shape(request.param))
    made.secrets |= {f"{user}-{what}" for user in ("ann", "rob", VICTIM) for what in ("token", "pw", "secret")}
    yield made
    rivals.close()


def test_every_dialect_has_a_shape() -> None:
    assert [name for name in dialects.names() if not isinstance(shape(name), Shape)] == []


def test_good_calls_are_answered(prober: Prober) -> None:
    """The harness itself: with good credentials and own ids, every dialect serves what it is asked."""
    served = 0
    for route in prober.dialect.routes:
        if route.writes or route.public:
            continue
        for method in prober.methods(route)[:1]:  # type: ignore[index]
            request = prober.request(method, prober.own_path(route), signed=prober.credentials())
            response = prober.send(request, tenant=RIVAL)
            prober.settled(request, response)
            served += not prober.shape.failed(response)
    prober.verdict()
    assert served >= 5


def test_no_credentials(prober: Prober) -> None:
    for route, method in every(prober):
        request = prober.request(method, prober.own_path(route, prober.rivals.home))
        for tenant in (None, HOME):
            response = prober.send(request, tenant=tenant)
            prober.untouched(request, response)
            if not route.public:
                prober.must(request, response, prober.shape.refused(route, response), "not refused")
    prober.verdict()


def test_wrong_credentials(prober: Prober) -> None:
    prober.secrets |= {part for wrong in prober.shape.wrong for part in wrong.split(":") if len(part) > 7}
    wrong = itertools.cycle(prober.shape.wrong)
    for route, method in every(prober):
        for credentials in itertools.islice(wrong, 3):
            request = prober.request(method, prober.own_path(route, prober.rivals.home), signed=credentials)
            response = prober.send(request, tenant=HOME)
            prober.untouched(request, response)
            if not route.public:
                prober.must(request, response, prober.shape.refused(route, response), "not refused")
    prober.verdict()


def test_credentials_of_another_company_than_the_host(prober: Prober) -> None:
    for route, method in every(prober):
        request = prober.request(method, prober.own_path(route, prober.rivals.home), signed=prober.credentials())
        response = prober.send(request, tenant=HOME)
        prober.untouched(request, response)
        if not route.public:
            prober.must(request, response, prober.shape.refused(route, response), "not refused")
        else:
            prober._credentials = ""
    prober.verdict()


@pytest.mark.slow
def test_ids_of_another_company(prober: Prober) -> None:
    """Every id of the other company's records, in every parameter of every route, and in queries and forms."""
    home, shaped = prober.rivals.home, prober.shape
    ids = sorted(set(home.ids.values()))
    for route, method in every(prober):
        names = parameters_of(route)
        kind = route.kind or "activity"
        tries = [dict.fromkeys(names, shaped.number(kind, id)) for id in ids] if names else [{}]
        tries += (
            [{**shaped.own(route, home)}, {**shaped.own(route, prober.rivals.own), names[-1]: str(ids[0])}]
            if names
            else []
        )
        for at, values in enumerate(tries):
            id = shaped.number(kind, ids[at % len(ids)])
            for query in (
                "",
                f"id={id}&activityId={id}&contactId={id}&tagId={id}&q={home.username[:5]}&search[id]={id}",
            ):
                request = prober.request(method, path_of(shaped, route, values), query, signed=prober.credentials())
                response = prober.send(request)
                prober.settled(request, response)
    prober.verdict()
    assert prober.rivals.watch.strangers() == []


@pytest.mark.slow
def test_references_to_another_company(prober: Prober) -> None:
    """Good bodies, in which one value after the other is the id or the name of the other company's record."""
    shaped, home = prober.shape, prober.rivals.home
    taken = [shaped.number("party", id) for id in sorted(set(home.ids.values()))] + [home.username]
    for route, method, fields in writing(prober):
        for path in leaves(fields):
            for value in taken:
                send_fields(prober, route, method, replaced(fields, path, value), len(value))
    prober.verdict()
    assert prober.rivals.watch.strangers() == []


def test_wrong_methods(prober: Prober) -> None:
    for route in prober.dialect.routes:
        anything = "*" in route.methods
        path = path_of(prober.shape, route, {}) if anything else prober.own_path(route)
        for method in WRONG_METHODS:
            offered = prober.is_offered(method, path)
            if offered and not anything:
                continue
            request = prober.request(method, path, signed=prober.credentials())
            response = prober.send(request)
            prober.untouched(request, response)
            if "logout" in path:
                prober._credentials = ""
            if not offered and method not in ("HEAD", "OPTIONS"):
                prober.must(request, response, prober.shape.failed(response), "a method that is not offered succeeds")
    prober.verdict()


@pytest.mark.slow
def test_bodies_that_are_not_what_they_claim(prober: Prober) -> None:
    lies = itertools.cycle(LIES)
    for route, method in every(prober):
        path = prober.own_path(route)
        known = method in ("POST", "PUT")
        for at, (kind, body) in enumerate(BODIES):
            # Other methods ignore bodies, or read them all in one way: each gets some.
            if not known and at % 6:
                continue
            for content_type in (kind, next(lies)) if at % 3 == 0 else (kind,):
                request = prober.request(
                    method, path, body=body, content_type=content_type or None, signed=prober.credentials()
                )
                response = prober.send(request)
                prober.settled(request, response)
                path = prober.own_path(route)
    prober.verdict()


def test_too_large(prober: Prober) -> None:
    """The server does not even read such a body; the dialect words it."""
    for route, method in every(prober):
        for signed in (prober.credentials(), None):
            request = prober.request(method, prober.own_path(route), signed=signed)
            response = prober.send(request, refused=TooLarge(prober.dialect.max_body + 1, prober.dialect.max_body))
            prober.untouched(request, response)
            prober.must(request, response, prober.shape.failed(response), "taken")
    prober.verdict()


@pytest.mark.slow
def test_hostile_parameters_in_the_path(prober: Prober) -> None:
    for route in prober.dialect.routes:
        methods = itertools.cycle(prober.methods(route))
        for name in parameters_of(route):
            for value, method in zip(IDS, methods, strict=False):
                values = {**prober.shape.own(route, prober.rivals.own), name: value}
                request = prober.request(method, path_of(prober.shape, route, values), signed=prober.credentials())
                response = prober.send(request)
                prober.settled(request, response)
    prober.verdict()


@pytest.mark.slow
def test_hostile_parameters_in_the_query(prober: Prober) -> None:
    hostile = itertools.cycle(VALUES)
    for route in prober.dialect.routes:
        path = prober.own_path(route)
        methods = itertools.cycle(prober.methods(route))
        for name in prober.shape.queries:
            # What writes reads its body, and little else.
            for value, method in zip(itertools.islice(hostile, 2 if route.writes else 7), methods, strict=False):
                pair = f"{name.format(value)}={value}"
                request = prober.request(method, path, pair, signed=prober.credentials())
                response = prober.send(request)
                prober.settled(request, response)
                path = prober.own_path(route)
                if "filter" in path or "list" in path:
                    # Zurmo's searches lie in the path (zurmo dossier, section 3).
                    request = prober.request(method, f"{path}filter/{pair}", signed=prober.credentials())
                    prober.settled(request, prober.send(request))
    prober.verdict()


@pytest.mark.slow
def test_hostile_accept(prober: Prober) -> None:
    wanted = (
        "text/html",
        "*/*",
        "",
        "application/xml;q=x",
        ",",
        "x" * 5000,
        "image/png, xml;;=",
        "\xff",
        "a/json",
        "json",
    )
    accepts = itertools.cycle(wanted)
    for route, method in every(prober):
        for accept in itertools.islice(accepts, 3):
            request = prober.request(method, prober.own_path(route), accept=accept, signed=prober.credentials())
            response = prober.send(request)
            prober.settled(request, response)
    prober.verdict()


@pytest.mark.slow
def test_hostile_values_in_good_bodies(prober: Prober) -> None:
    """One value of a good body at a time is something else; what is taken all the same, every dialect can show."""
    hostile = itertools.cycle(TEXTS)
    for route, method, fields in writing(prober):
        for path in leaves(fields):
            for at, value in enumerate(itertools.islice(hostile, 11)):
                send_fields(prober, route, method, replaced(fields, path, value), at)
    show_everything(prober)
    prober.verdict()


def every(prober: Prober) -> Iterator[tuple[Route, str]]:
    """Every route with every method that real clients use for it."""
    for route in prober.dialect.routes:
        for method in prober.methods(route):
            yield route, method


def writing(prober: Prober) -> Iterator[tuple[Route, str, dict[str, object]]]:
    """The routes that take a body we know a good one for."""
    found = 0
    for route in prober.dialect.routes:
        fields = prober.shape.sample(route, prober.rivals.own)
        if fields is not None:
            found += 1
            method = "PUT" if "*" in route.methods and "update" in route.template else prober.methods(route)[0]  # type: ignore[index]
            yield route, "POST" if method == "GET" else method, fields
    assert found, "no route has a sample"


def send_fields(prober: Prober, route: Route, method: str, fields: dict[str, object], choice: int) -> None:
    assert prober.shape.encode is not None
    kind, body = prober.shape.encode(route, fields, choice)
    path = prober.own_path(route)
    request = prober.request(method, path, body=body, content_type=kind, signed=prober.credentials())
    response = prober.send(request)
    prober.settled(request, response)


def show_everything(prober: Prober) -> None:
    """Reads, in every dialect, all that there is in the rival's company."""
    for name in NAMES:
        reader = Prober(prober.rivals, dialects.load(name), shape(name), prober.problems, prober.secrets)
        for route in reader.dialect.routes:
            if route.writes or route.public or "GET" not in reader.methods(route):
                continue
            request = reader.request("GET", reader.own_path(route), signed=reader.credentials())
            reader.send(request, tenant=RIVAL)
