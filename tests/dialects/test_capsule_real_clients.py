"""What real clients of Capsule need, each case as a client's code or a log shows it (capsule dossier)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from canonical.model import Activity, ContactPoint, CustomField, CustomValue, Party
from canonical.operations import Create, NewLink, Update
from canonical.values import Ref
from dialects.capsule.errors import NOT_A_NUMBER
from tests.dialects.capsule_client import DECLARATION, JSON, XML, Capsule, capsule_fixture, world_fixture

world = world_fixture()
capsule = capsule_fixture()

LATIN = "ISO-8859-1"


def declared(charset: str, text: str) -> str:
    return f'<?xml version="1.0" encoding="{charset}"?>{text}'


# -- K1, K2: character sets ---------------------------------------------------------------------------

SAID = [
    ("utf-8", LATIN, "utf-8"),
    (LATIN, "UTF-8", "iso-8859-1"),
    ("utf-8", "utf-16", "utf-8"),
    ("utf-8", "windows-1252", "utf-8"),
    ("us-ascii", "utf-16", "cp1252"),
    ("ISO-8859-15", "UTF-8", "iso-8859-15"),
    ("ISO-8859-2", LATIN, "iso-8859-2"),
    ("windows-1250", "utf-16", "cp1250"),
    ("utf-16", "utf-8", "utf-16"),
    ("nonsense", LATIN, "utf-8"),
    (None, LATIN, "iso-8859-1"),
    (None, "utf-16", "utf-8"),
    (None, "utf-16", "utf-16"),
    (None, "nonsense", "utf-8"),
]


@pytest.mark.parametrize(("charset", "declaration", "codec"), SAID)
@pytest.mark.parametrize("media", [XML, "text/xml", "application/atom+xml"])
def test_k1_k2_charset_of_the_content_type_comes_before_the_declaration(
    capsule: Capsule, charset: str | None, declaration: str, codec: str, media: str
) -> None:
    content_type = media if charset is None else f"{media}; charset={charset}"

    def send(method: str, target: str, text: str) -> str:
        response = capsule.send(method, target, declared(declaration, text).encode(codec), content_type)
        assert response.status in (200, 201), response.body
        return response.header("Location") or ""

    id = send("POST", "/api/person", "<person><lastName>Groß</lastName></person>").rpartition("/")[2]
    assert capsule.json(f"/api/party/{id}")["person"]["lastName"] == "Groß"
    send("PUT", f"/api/person/{id}", "<person><about>Füße</about></person>")
    assert capsule.json(f"/api/party/{id}")["person"]["about"] == "Füße"
    send("POST", f"/api/party/{id}/history", "<historyItem><note>Maß</note></historyItem>")
    assert capsule.json(f"/api/party/{id}/history")["history"]["historyItem"]["note"] == "Maß"
    field = "<customFields><customField><label>Straße</label><text>ß</text></customField></customFields>"
    send("PUT", f"/api/party/{id}/customfields", field)
    assert capsule.json(f"/api/party/{id}/customfields")["customFields"]["customField"]["label"] == "Straße"


def test_k1_windows_bytes_under_a_latin_label(capsule: Capsule) -> None:
    body = b"<person><lastName>A\x80\x92\x81</lastName></person>"
    for content_type, data in (
        (f"{XML}; charset={LATIN}", body),
        (XML, declared(LATIN, "").encode() + body),
        (XML, declared("us-ascii", "").encode() + body),
    ):
        response = capsule.send("POST", "/api/person", data, content_type)
        shown = capsule.json(f"/api/party/{(response.header('Location') or '').rpartition('/')[2]}")
        assert shown["person"]["lastName"] == "A€’\x81"


def test_k1_json_in_another_character_set(capsule: Capsule) -> None:
    for charset, codec in ((LATIN, "cp1252"), ("windows-1250", "cp1250"), ("utf-16", "utf-16"), ("nonsense", "utf-8")):
        body = '{"person":{"lastName":"Groß…"}}'.encode(codec)
        response = capsule.send("POST", "/api/person", body, f"{JSON}; charset={charset}")
        shown = capsule.json(f"/api/party/{(response.header('Location') or '').rpartition('/')[2]}")
        assert shown["person"]["lastName"] == "Groß…"


# -- K3: embedded tags --------------------------------------------------------------------------------


def test_k3_embedded_tags_have_nothing_around_them(capsule: Capsule) -> None:
    person, organisation = capsule.person("Ada", "Byron"), capsule.organisation("Byron Ltd")
    capsule.done("PUT", f"/api/person/{person}", {"person": {"organisationId": organisation}})
    target = "/api/party?q=Byron&embed=tags"
    assert "tags" not in capsule.xml(target)
    assert "tags" not in orjson.dumps(capsule.json(target)).decode()

    def add(party: int, name: str) -> str:
        capsule.send("POST", f"/api/party/{party}/tag/{name}")
        found = capsule.json(f"/api/party/{party}/tag")["tags"]["tag"]
        return str((found if isinstance(found, list) else [found])[-1]["id"])

    first = add(person, "key%20account")
    add(organisation, "key%20account")
    shown = f"</updatedOn><tags><id>{first}</id><name>key account</name></tags>"
    lists = (
        target,
        "/api/party?embed=tags",
        "/api/person?embed=tags",
        "/api/organisation?embed=tags",
        f"/api/party/{organisation}/people?embed=tags",
        "/api/party?embed=tags&lastmodified=20140101T000000",
        "/api/party?embed=tags&tag=key%20account",
        f"/api/party/{person}?embed=tags",
    )
    for at in lists:
        assert shown in capsule.xml(at), at
        assert '"tags":{"id":"' + first in capsule.send("GET", at, accept=JSON).body.decode(), at
    second = add(person, "vip")
    assert shown + f"<tags><id>{second}</id><name>vip</name></tags><firstName>" in capsule.xml(target)
    assert capsule.json(target)["parties"]["person"]["tags"] == [
        {"id": first, "name": "key account"},
        {"id": second, "name": "vip"},
    ]
    assert capsule.json(target)["parties"]["organisation"]["tags"] == {"id": first, "name": "key account"}


# -- K4: custom values keep their type ----------------------------------------------------------------

DEFAULTS: dict[str, Any] = {"text": "", "date": "", "boolean": False}
XM = '<text nil="true"/><tag nil="true"/><date nil="true"/><boolean>false</boolean>'
"""What a Ruby client posts back with every field it read."""
TYPED = [("Shoe", "number", "number", "42", "41"), ("Met", "date", "date", "2014-06-01", "2015-07-02")]
TYPED += [("Nice", "flag", "boolean", "true", "false"), ("Size", "text", "text", "L", "41")]


ELEMENTS = {label: element for label, _, element, *_ in TYPED}


@pytest.fixture(params=["party", "opportunity", "kase"])
def place(request: pytest.FixtureRequest, capsule: Capsule) -> str:
    """A record that has custom fields of every type."""
    person = capsule.person()
    id = {"party": lambda: person, "opportunity": lambda: capsule.opportunity(person)}.get(
        request.param, lambda: capsule.kase(person)
    )()
    kind = {"kase": "case"}.get(request.param, request.param)
    for label, type_, *_ in TYPED:
        field = CustomField(kind, label, label, type_)
        capsule.write(lambda desk, field=field: desk.save_custom_field(field))
    target = f"/api/{request.param}/{id}/customfields"
    fields = [{"label": label, element: value} for label, _, element, value, _ in TYPED]
    capsule.done("PUT", target, {"customFields": {"customField": fields}})
    return target


def values(capsule: Capsule, target: str) -> dict[str, dict[str, str]]:
    found = capsule.json(target)["customFields"].get("customField", [])
    return {
        field.pop("label"): {name: text for name, text in field.items() if name != "id"}
        for field in (found if isinstance(found, list) else [found])
    }


def shown(element: str, value: str) -> dict[str, str]:
    return {element: f"{value}T00:00:00Z" if element == "date" else value}


def test_k4_defaults_of_other_elements_leave_a_value_alone(capsule: Capsule, place: str) -> None:
    before = values(capsule, place)
    assert before == {label: shown(element, value) for label, _, element, value, _ in TYPED}
    for method in ("POST", "PUT"):
        for label in ("Shoe", "Met", "Nice", "Size"):
            others = {name: text for name, text in DEFAULTS.items() if name != ELEMENTS[label]}
            for some in (others, *({name: text} for name, text in others.items())):
                field = {"label": label, **some}
                capsule.done(method, place, {"customFields": {"customField": field}})
                assert values(capsule, place) == before
    xml = f"<customFields><customField><label>Shoe</label>{XM}</customField></customFields>"
    capsule.done("POST", place, xml)
    assert values(capsule, place) == before


def test_k4_text_is_read_as_the_type_of_its_field(capsule: Capsule, place: str) -> None:
    for label, _, element, _, after in TYPED:
        capsule.done("PUT", place, {"customFields": {"customField": {"label": label, "text": after}}})
        assert values(capsule, place)[label] == shown(element, after)
    capsule.done("PUT", place, {"customFields": {"customField": {"label": "Size", "number": "7"}}})
    assert values(capsule, place)["Size"] == {"text": "7"}
    capsule.done("PUT", place, {"customFields": {"customField": {"label": "Nice", "number": 1}}})
    assert values(capsule, place)["Nice"] == {"boolean": "true"}


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"label": "Shoe", "text": "large"}, NOT_A_NUMBER),
        ({"label": "Shoe", "boolean": "true"}, NOT_A_NUMBER),
        ({"label": "Shoe", "number": "1,234.50", "text": "41"}, NOT_A_NUMBER),
        ({"label": "Met", "text": "soon"}, "text is invalid"),
        ({"label": "Met", "number": "7"}, "number is invalid"),
        ({"label": "Nice", "text": "perhaps"}, "text is invalid"),
        ({"label": "Nice", "date": "2014-06-01"}, "date is invalid"),
    ],
)
def test_k4_what_is_none_of_the_type_changes_nothing(
    capsule: Capsule, place: str, field: dict[str, str], message: str
) -> None:
    before = values(capsule, place)
    for fields in (field, [{"label": "Size", "text": "XL"}, field]):
        refused = capsule.refused("PUT", place, {"customFields": {"customField": fields}})
        assert refused == (400, message)
        assert values(capsule, place) == before


def test_k4_the_fitting_element_counts_whatever_stands_beside_it(capsule: Capsule, place: str) -> None:
    field: dict[str, Any] = {"label": "Shoe", "text": "large", "date": "soon", "boolean": True, "number": "43"}
    capsule.done("PUT", place, {"customFields": {"customField": field}})
    assert values(capsule, place)["Shoe"] == {"number": "43"}
    capsule.done("PUT", place, {"customFields": {"customField": {"label": "Shoe", "number": "", "boolean": False}}})
    assert "Shoe" not in values(capsule, place)
    capsule.done("PUT", place, {"customFields": {"customField": {"label": "Met"}}})
    assert "Met" not in values(capsule, place)


def test_k4_a_value_that_nobody_defined_is_text(capsule: Capsule) -> None:
    party = capsule.person()
    capsule.write(lambda desk: desk.update(Update(Party, party, custom=(CustomValue("mood", "good"),))))
    target = f"/api/party/{party}/customfields"
    capsule.done(
        "PUT", target, f"<customFields><customField><label>mood</label>{XM[12:]}</customField></customFields>"
    )
    assert values(capsule, target) == {"mood": {"text": "good"}}
    field = {"label": "New", "boolean": False, "number": 5}
    capsule.done("PUT", target, {"customFields": {"customField": field}})
    assert values(capsule, target)["New"] == {"number": "5"}


# -- K5: what a PUT answers ---------------------------------------------------------------------------


def put(capsule: Capsule, root: str, at: str, **sent: Any) -> tuple[int, str | None, bytes]:
    body = sent.pop("body", None) or {root: {}}
    response = capsule.send("PUT", at, body, **sent)
    return response.status, response.header("Content-Type"), response.body


def test_k5_json_put_answers_with_the_record(capsule: Capsule) -> None:
    organisation, person = capsule.organisation(), capsule.person()
    opportunity, kase, task = capsule.opportunity(person), capsule.kase(person), capsule.task(below=f"/party/{person}")
    tried = (
        ("organisation", organisation, f"/api/organisation/{organisation}", {"about": "x"}),
        ("person", person, f"/api/person/{person}", {"jobTitle": "Buyer"}),
        ("opportunity", opportunity, f"/api/opportunity/{opportunity}", {"value": "7"}),
        ("opportunity", opportunity, f"/api/party/{organisation}/opportunity/{opportunity}", {"name": "Other"}),
        ("kase", kase, f"/api/kase/{kase}", {"status": "CLOSED"}),
        ("kase", kase, f"/api/case/{kase}", {"status": "OPEN"}),
        ("kase", kase, f"/api/party/{organisation}/kase/{kase}", {"name": "Other"}),
        ("task", task, f"/api/task/{task}", {"category": "Call"}),
    )
    for root, id, at, change in tried:
        for body in ({root: change}, {root: {}}):
            for accept in (None, JSON, "*/*", f"{JSON}, text/javascript, */*; q=0.01"):
                status, content_type, answer = put(capsule, root, at, body=body, accept=accept)
                assert (status, content_type) == (200, JSON)
                assert answer == capsule.send("GET", f"/api/{root}/{id}", accept=JSON).body
                assert list(orjson.loads(answer)) == [root]
        for name, value in change.items():
            found = orjson.loads(answer)[root][name]
            assert found in (value, f"{value}.00")
    assert capsule.json(f"/api/organisation/{organisation}")["organisation"]["contacts"] == ""


def test_k5_other_writes_answer_nothing(capsule: Capsule) -> None:
    person = capsule.person()
    nothing = (200, "text/plain; charset=UTF-8", b"")
    xml = "<person><about>x</about></person>"
    for accept in (None, XML, JSON, "text/xml", "text/html"):
        assert (
            put(capsule, "person", f"/api/person/{person}", body=xml, content_type="text/xml", accept=accept)
            == nothing
        )
    for accept in (XML, "text/xml", "text/html, application/xml;q=0.9, */*;q=0.8"):
        assert put(capsule, "person", f"/api/person/{person}", accept=accept) == nothing
    posted = capsule.send("POST", f"/api/person/{person}", {"person": {"about": "y"}}, accept=JSON)
    assert (posted.status, posted.body) == (200, b"")
    note = capsule.create(f"/api/party/{person}/history", {"historyItem": {"note": "x"}})
    assert put(capsule, "historyItem", f"/api/history/{note}", body={"historyItem": {"note": "y"}}) == nothing


def test_k5_whoever_gives_a_record_away_is_told_what_he_gave(capsule: Capsule) -> None:
    """He does not see it any more, but his write stands."""
    eve = capsule.add_user("eve")
    values = {"type": "task", "title": "x", "visibility": "owner", "owner_id": capsule.world.principal(eve).user_id}
    task = capsule.write(lambda desk: desk.create(Create(Activity, values))).id
    response = capsule.send("PUT", f"/api/task/{task}", {"task": {"owner": "mia"}}, token=eve)
    assert (response.status, orjson.loads(response.body)["task"]["owner"]) == (200, "mia")
    assert capsule.send("GET", f"/api/task/{task}", token=eve).status == 403


def test_k5_setting(capsule: Capsule) -> None:
    person = capsule.person()
    at = f"/api/person/{person}"
    xml = {"body": "<person><about>x</about></person>", "content_type": "text/xml"}
    capsule.set("put_answers", "empty")
    assert put(capsule, "person", at)[2] == put(capsule, "person", at, **xml)[2] == b""
    capsule.set("put_answers", "record")
    assert put(capsule, "person", at)[2] == capsule.send("GET", at, accept=JSON).body
    shown = (DECLARATION + capsule.xml(at)).encode()
    assert put(capsule, "person", at, **xml) == (200, "application/xml;charset=UTF-8", shown)
    assert put(capsule, "person", at, accept="text/xml", **xml)[1:] == ("text/xml;charset=UTF-8", shown)
    assert put(capsule, "person", at, accept=XML)[2] == shown
    assert put(capsule, "person", at, accept=JSON, **xml)[2] == capsule.send("GET", at, accept=JSON).body


# -- K6: people of an e-mail --------------------------------------------------------------------------


def test_k6_participants_have_nothing_around_them(capsule: Capsule) -> None:
    kim = capsule.person("Kim", "Roe", contacts={"email": {"emailAddress": "kim@roe.example"}})
    links = (NewLink(Ref("party", kim), "to"),)
    mail = capsule.write(lambda desk: desk.create(Create(Activity, {"type": "email", "title": "x"}, links))).id
    history = f"/api/party/{kim}/history"
    shown = {"name": "Kim Roe", "emailAddress": "kim@roe.example", "role": "TO"}
    assert capsule.json(history)["history"]["historyItem"]["participants"] == shown
    element = (
        "<participants><name>Kim Roe</name><emailAddress>kim@roe.example</emailAddress><role>TO</role></participants>"
    )
    assert element in capsule.xml(f"/api/history/{mail}")
    bo = capsule.person("Bo", "Lund")
    capsule.write(lambda desk: desk.add_link(Ref("activity", mail), NewLink(Ref("party", bo), "cc")))
    assert capsule.json(history)["history"]["historyItem"]["participants"] == [
        shown,
        {"name": "Bo Lund", "role": "CC"},
    ]
    second = "<participants><name>Bo Lund</name><role>CC</role></participants>"
    assert element + second in capsule.xml(history)


# -- K7: phones by their digits -----------------------------------------------------------------------


def found(capsule: Capsule, q: str) -> bool:
    return bool(capsule.json(f"/api/party/?q={q}")["parties"]["@size"] == "1")


def test_k7_phone_by_its_digits(capsule: Capsule) -> None:
    person = capsule.person(contacts={"phone": {"phoneNumber": "+44 (0)20 7123 4567"}})
    for q in ("2071234567", "71234567", "4567", "20 7123", "020 7123 4567", "(020)7123-4567", "020.7123.4567"):
        assert found(capsule, q), q
    assert found(capsule, "%2B44020%207123%204567")
    for q in ("71234568", "5-67", "0712", "x71234567", "2071234567%20a", "9" * 60, "0" * 40 + "2071234567"):
        assert not found(capsule, q), q
    phone = capsule.json(f"/api/party/{person}")["person"]["contacts"]["phone"]
    changed = {"person": {"contacts": {"phone": {"id": phone["id"], "phoneNumber": "020-555"}}}}
    capsule.done("PUT", f"/api/person/{person}", changed)
    assert not found(capsule, "2071234567")
    assert found(capsule, "020555")
    # Digits of other contacts are no phone's.
    point = ContactPoint("email", "12345678@x.example")
    capsule.write(lambda desk: desk.update(Update(Party, person, points=(point,))))
    assert not found(capsule, "12345678")


# -- K8: HEAD and OPTIONS -----------------------------------------------------------------------------


def test_k8_head_is_get_without_a_body(capsule: Capsule) -> None:
    party = capsule.person()
    task = capsule.task()
    for at in (
        f"/api/party/{party}",
        "/api/party",
        f"/api/task/{task}",
        "/api/users",
        "/api/countries",
        "/api/tracks",
    ):
        get, head = capsule.send("GET", at), capsule.send("HEAD", at)
        assert (head.status, head.body) == (200, get.body)
        assert [pair for pair in head.headers if "RateLimit" not in pair[0]] == [
            pair for pair in get.headers if "RateLimit" not in pair[0]
        ]
    assert capsule.send("HEAD", "/api/party/999999").status == 404
    assert capsule.send("HEAD", "/api/party/abc").status == 404
    assert capsule.send("HEAD", "/api/users", token="wrong").status == 401
    refused = capsule.send("HEAD", f"/api/task/{task}/complete")
    assert (refused.status, refused.header("Allow")) == (405, "OPTIONS, POST")


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("/api/party/7", "DELETE, GET, HEAD, OPTIONS"),
        ("/api/users", "GET, HEAD, OPTIONS"),
        ("/api/case/7", "DELETE, GET, HEAD, OPTIONS, PUT"),
        ("/api/task/7/complete", "OPTIONS, POST"),
        ("/api/party/7/tag/x", "DELETE, OPTIONS, POST"),
        ("/api/person/7", "GET, HEAD, OPTIONS, POST, PUT"),
        ("/api/opportunity/7/customfields", "GET, HEAD, OPTIONS, POST, PUT"),
        ("/api/task/categories", "GET, HEAD, OPTIONS"),
    ],
)
def test_k8_options_and_allow(capsule: Capsule, target: str, allowed: str) -> None:
    response = capsule.send("OPTIONS", target)
    assert (response.status, response.header("Allow"), response.body) == (200, allowed, b"")
    refused = capsule.send("PATCH", target)
    assert (refused.status, refused.header("Allow")) == (405, allowed)
    assert capsule.send("OPTIONS", target, token="wrong").status == 401
    assert capsule.send("OPTIONS", target.replace("/api", "/nothing")).status == 404


# -- K9: numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["1,234.50", "£5", "half", "5 000", "1e400", "0x10", "--1", "٣"])
def test_k9_words_for_a_number_that_is_none(capsule: Capsule, text: str) -> None:
    party = capsule.person()
    id = capsule.opportunity(party, value="50.0", probability="50.0")
    for name in ("value", "probability", "duration"):
        given = {"opportunity": {name: text}}
        assert capsule.refused("PUT", f"/api/opportunity/{id}", given) == (400, NOT_A_NUMBER)
        xml = f"<opportunity><name>n</name><milestone>New</milestone><{name}>{text}</{name}></opportunity>"
        assert capsule.refused("POST", f"/api/party/{party}/opportunity", xml) == (400, NOT_A_NUMBER)
    field = {"customFields": {"customField": {"label": "n", "number": text}}}
    assert capsule.refused("PUT", f"/api/party/{party}/customfields", field) == (400, NOT_A_NUMBER)
    shown = capsule.json(f"/api/opportunity/{id}")["opportunity"]
    assert (shown["value"], shown["probability"]) == ("50.00", "50")
    refused = capsule.send("PUT", f"/api/opportunity/{id}", {"opportunity": {"value": text}})
    body = f"{DECLARATION}<response><message>value not formatted as a number</message></response>"
    assert (refused.status, refused.body) == (400, body.encode())


# -- K11: cases by that name --------------------------------------------------------------------------


def test_k11_case_is_a_kase_in_every_path(capsule: Capsule) -> None:
    party, other = capsule.person(), capsule.person("Bo")
    made = capsule.send("POST", f"/api/party/{party}/case", {"kase": {"name": "Matter"}})
    assert made.status == 201
    location = made.header("Location") or ""
    id = int(location.rpartition("/")[2])
    assert location == f"{capsule.base_url}/api/kase/{id}"
    at = f"/api/case/{id}"
    assert (
        capsule.send("POST", f"{at}/tag/urgent").header("Location") == f"{capsule.base_url}/api/kase/{id}/tag/urgent"
    )
    capsule.create(f"{at}/history", {"historyItem": {"note": "x"}})
    capsule.create(f"{at}/task", {"task": {"description": "x", "dueDate": "2014-06-04"}})
    field = {"customFields": {"customField": {"label": "A", "text": "1"}}}
    assert capsule.send("PUT", f"{at}/customfields", field).status == 200
    assert capsule.send("POST", f"{at}/party/{other}").status == 201
    capsule.done("PUT", f"/api/kase/{id}", {"kase": {"description": "y"}})
    for rest in ("", "/tag", "/history", "/task", "/tasks", "/customfields", "/customfield", "/party", "/"):
        assert capsule.xml(f"{at}{rest}") == capsule.xml(f"/api/kase/{id}{rest}"), rest
        assert 'size="0"' not in capsule.xml(f"{at}{rest}")
    for rest in ("", "/deleted?since=20100101T000000", "/customfield/definitions"):
        assert capsule.xml(f"/api/case{rest}") == capsule.xml(f"/api/kase{rest}")
    assert capsule.xml(f"/api/party/{party}/case") == capsule.xml(f"/api/party/{party}/kase")
    assert capsule.send("DELETE", f"{at}/party/{other}").status == 200
    assert capsule.send("DELETE", f"{at}/tag/urgent").status == 200
    capsule.send("POST", f"/api/party/{party}/tag/case")
    assert capsule.json(f"/api/party/{party}/tag")["tags"]["tag"]["name"] == "case"
    assert capsule.send("DELETE", at).status == 200
    assert capsule.send("GET", f"/api/kase/{id}").status == 404


# -- beside the cases ---------------------------------------------------------------------------------


def test_what_is_there_already_is_told_where(capsule: Capsule) -> None:
    person = capsule.person()
    kase = capsule.kase(person)
    other = capsule.person("Bo")
    for at in (f"/api/party/{person}/tag/vip", f"/api/kase/{kase}/party/{other}"):
        answers = [capsule.send("POST", at) for _ in range(2)]
        assert [answer.status for answer in answers] == [201, 200]
        assert {answer.header("Location") for answer in answers} == {capsule.base_url + at}
        assert {answer.body for answer in answers} == {b""}
