"""Capsule's wire: credentials, formats, errors, bodies of real clients (capsule dossier, sections 1, 3, 4, 6)."""

from __future__ import annotations

import base64

import pytest

from adapter.wire import Headers, WireRequest
from dialects.capsule.auth import basic, read_token
from dialects.capsule.errors import BadRequest, UnsupportedBody
from dialects.capsule.wire.bodies import Tree, read_body
from dialects.capsule.wire.negotiation import JSON as JSON_ANSWER
from dialects.capsule.wire.negotiation import TEXT_XML, answer_format
from dialects.capsule.wire.negotiation import XML as XML_ANSWER
from tests.dialects.capsule_client import DECLARATION, JSON, XML, Capsule, capsule_fixture, world_fixture

world = world_fixture()
capsule = capsule_fixture()

UNAUTHORIZED = b"<html><head><title>401</title></head><body><h1>Unauthorized</h1></body></html>"


def encoded(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


class TestCredentials:
    @pytest.mark.parametrize(
        ("header", "token"),
        [
            (encoded("0123abcd:x"), "0123abcd"),
            (encoded("0123abcd:"), "0123abcd"),
            (encoded("0123abcd:acme"), "0123abcd"),
            (encoded("0123abcd"), "0123abcd"),
            ("basic  " + encoded("0123abcd:x")[6:], "0123abcd"),
            ("BASIC\t" + encoded("0123abcd:x")[6:] + " ", "0123abcd"),
            (encoded("0123abcd:xy").rstrip("="), "0123abcd"),
            (encoded("0123abcd:x") + "==", "0123abcd"),
            ("Basic MDEyM2Fi\n Y2Q6eA==\n", "0123abcd"),
            (None, None),
            ("", None),
            ("Basic", None),
            ("  ", None),
            ("Basic M", None),
            ("Basic !!!", None),
            ("Bearer 0123abcd", None),
            (encoded(":x"), None),
            ("Basic " + base64.b64encode(b"\xff\xfe:x").decode(), None),
            ("Basic " + base64.b64encode(b"0123abcd:p\xe4ss:x").decode(), "0123abcd"),
            (encoded("a" * 9000), None),
        ],
    )
    def test_token_is_the_user_name(self, header: str | None, token: str | None) -> None:
        assert read_token(header) == token

    def test_written_as_clients_do(self) -> None:
        assert basic("0123abcd") == "Basic MDEyM2FiY2Q6eA=="

    @pytest.mark.parametrize("target", ["/api/users", "/api/nothing", "/api/party/abc", "/"])
    @pytest.mark.parametrize("headers", [[], [("Authorization", encoded("wrong-token:x"))]])
    def test_challenge(self, capsule: Capsule, target: str, headers: list[tuple[str, str]]) -> None:
        request = WireRequest("GET", target, "", Headers(headers), b"", capsule.base_url)
        response = capsule.world.endpoint("capsule", capsule.slug).send(request)
        assert (response.status, response.reason, response.body) == (401, "Unauthorized", UNAUTHORIZED)
        assert response.headers == [
            ("WWW-Authenticate", 'Basic realm="seamApp"'),
            ("Content-Type", "text/html;charset=utf-8"),
        ]

    def test_parameter_is_no_credential(self, capsule: Capsule) -> None:
        request = WireRequest("GET", "/api/users", f"api_token={capsule.token}", Headers(), b"", capsule.base_url)
        assert capsule.world.endpoint("capsule", capsule.slug).send(request).status == 401

    def test_token_of_another_account_is_refused(self, capsule: Capsule) -> None:
        other = Capsule.fresh(capsule.world)
        assert capsule.send("GET", "/api/users", token=other.token).status == 401


class TestRateLimit:
    def test_headers_count_down(self, capsule: Capsule) -> None:
        first, second = (capsule.send("GET", "/api/users") for _ in range(2))
        assert first.header("X-RateLimit-Limit") == "4000"
        assert first.header("X-RateLimit-Remaining") == "3999"
        assert second.header("X-RateLimit-Remaining") == "3998"
        assert first.header("X-RateLimit-Reset") == "1401613200"
        assert capsule.send("GET", "/api/nothing").header("X-RateLimit-Limit") is None

    def test_over_the_limit(self, capsule: Capsule) -> None:
        capsule.set("rate_limit", "2")
        assert [capsule.send("GET", "/api/users").status for _ in range(3)] == [200, 200, 200]
        capsule.set("enforce_rate_limit", "yes")
        response = capsule.send("GET", "/api/users")
        assert (response.status, response.body) == (429, b'{"error":"rate limit reached"}')
        assert response.header("Content-Type") == "application/json"
        assert response.header("X-RateLimit-Remaining") == "0"
        capsule.world.now += 3600 * 1_000_000
        assert capsule.send("GET", "/api/users").status == 200

    def test_off(self, capsule: Capsule) -> None:
        capsule.set("rate_limit", "0")
        assert [name for name, _ in capsule.send("GET", "/api/users").headers] == ["Content-Type"]


def test_session_cookie_on_request(capsule: Capsule) -> None:
    assert capsule.send("GET", "/api/users").header("Set-Cookie") is None
    capsule.set("session_cookie", "yes")
    cookie = capsule.send("GET", "/api/users").header("Set-Cookie")
    assert cookie is not None
    assert cookie.startswith("JSESSIONID=")
    assert cookie.endswith("; Path=/; Secure")
    again = capsule.send("GET", "/api/users", headers=(("Cookie", "JSESSIONID=ABC"),))
    assert again.header("Set-Cookie") is None


@pytest.mark.parametrize(
    ("accept", "answer"),
    [
        (None, XML_ANSWER),
        ("", XML_ANSWER),
        (" , ;", XML_ANSWER),
        ("*/*", XML_ANSWER),
        ("application/xml", XML_ANSWER),
        ("text/xml", TEXT_XML),
        ("Application/JSON", JSON_ANSWER),
        ("application/json; charset=utf-8", JSON_ANSWER),
        ("application/json, text/javascript, */*; q=0.01", JSON_ANSWER),
        ("application/json, application/xml, text/json, text/x-json, text/javascript, text/xml", JSON_ANSWER),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", XML_ANSWER),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", XML_ANSWER),
        ("application/xml, application/json;q=0.5", XML_ANSWER),
        ("application/json;q=0, */*", XML_ANSWER),
        ("application/json;q=nonsense", JSON_ANSWER),
        ("text/xml, application/xml;q=0.2", TEXT_XML),
        ("text/html", None),
        ("text/html, */*;q=0", None),
        ("application/xml;q=0", None),
    ],
)
def test_accept(accept: str | None, answer: object) -> None:
    assert answer_format(accept) == answer


def test_formats_of_answers(capsule: Capsule) -> None:
    xml = capsule.send("GET", "/api/tasks", accept="text/xml")
    assert (xml.header("Content-Type"), xml.body) == (
        "text/xml;charset=UTF-8",
        f'{DECLARATION}<tasks size="0"/>'.encode(),
    )
    refused = capsule.send("GET", "/api/tasks", accept="text/html")
    assert refused.status == 406
    assert refused.body == f"{DECLARATION}<response><message>not acceptable</message></response>".encode()
    # A write has no body, so anything is acceptable.
    body = {"task": {"description": "x", "dueDate": "2014-06-04"}}
    assert capsule.send("POST", "/api/task", body, accept="text/html").status == 201


def test_get_ignores_its_body_and_its_content_type(capsule: Capsule) -> None:
    for body in (b'{"task":{"stale":1}}', b"{broken"):
        assert capsule.send("GET", "/api/tasks", body, JSON, JSON).body == b'{"tasks":{"@size":"0"}}'


class TestErrors:
    def test_not_found(self, capsule: Capsule) -> None:
        for noun in ("party", "opportunity", "kase", "task", "history"):
            for id in ("999999999", "0", "9" * 19, "9" * 5000):
                assert capsule.refused("GET", f"/api/{noun}/{id}") == (404, f"{noun} not found")

    @pytest.mark.parametrize(
        "target",
        [
            "/api/party/abc",
            "/api/party/1x",
            "/api/party/-1",
            "/api/party/1.0",
            "/api/party/１",
            "/api/nothing",
            "/",
            "/api",
        ],
    )
    def test_no_resource(self, capsule: Capsule, target: str) -> None:
        response = capsule.send("GET", target, accept=JSON)
        assert (response.status, response.body) == (404, b'{"message":"Could not find resource"}')

    def test_xml_body(self, capsule: Capsule) -> None:
        response = capsule.send("GET", "/api/party/1", accept=XML)
        assert response.header("Content-Type") == "application/xml;charset=UTF-8"
        assert response.body == f"{DECLARATION}<response><message>party not found</message></response>".encode()

    @pytest.mark.parametrize(
        ("method", "target", "allowed"),
        [
            ("PUT", "/api/tasks", "GET, HEAD, OPTIONS"),
            ("PUT", "/api/task", "GET, HEAD, OPTIONS, POST"),
            ("PATCH", "/api/task/1", "DELETE, GET, HEAD, OPTIONS, PUT"),
            ("DELETE", "/api/task/1/complete", "OPTIONS, POST"),
            ("POST", "/api/users", "GET, HEAD, OPTIONS"),
            ("POST", "/api/opportunity", "GET, HEAD, OPTIONS"),
        ],
    )
    def test_method(self, capsule: Capsule, method: str, target: str, allowed: str) -> None:
        response = capsule.send(method, target)
        assert (response.status, response.header("Allow")) == (405, allowed)

    @pytest.mark.parametrize(
        "body",
        [
            "<task><description>a & b</description></task>",
            "<task><description>a < b</description></task>",
            "<task><description>x</task>",
            '  <?xml version="1.0"?><task/>',
            "<task/><task/>",
            '<!DOCTYPE task [<!ENTITY e "x">]><task><description>&e;</description></task>',
            '<!DOCTYPE task SYSTEM "http://127.0.0.1/x"><task/>',
            "<task><description>&undefined;</description></task>",
            "no xml",
        ],
    )
    def test_malformed_xml_is_a_server_error(self, capsule: Capsule, body: str) -> None:
        status, message = capsule.refused("POST", "/api/task", body)
        assert status == 500
        assert message

    def test_what_nests_too_deep_is_refused(self, capsule: Capsule) -> None:
        assert capsule.refused("POST", "/api/task", "<a>" * 100 + "</a>" * 100)[0] == 400

    @pytest.mark.parametrize("body", [b"{", b'{"task":', b'{"task":{"description":"\xff"}}'])
    def test_malformed_json_is_a_server_error(self, capsule: Capsule, body: bytes) -> None:
        response = capsule.send("POST", "/api/task", body, JSON, JSON)
        assert response.status == 500
        assert response.body.startswith(b'{"message":"')
        assert capsule.world.lines[-1]["level"] == "info"

    @pytest.mark.parametrize(
        ("body", "content_type", "status"),
        [
            (b"<person/>", XML, 400),
            (b"<tasks><task/></tasks>", XML, 400),
            (b'{"person":{}}', JSON, 400),
            (b'["task"]', JSON, 400),
            (b'"task"', JSON, 400),
            (b"1", JSON, 400),
            (b'{"task":"text"}', JSON, 400),
            (b'{"task":{"description":1e400,"dueDate":"2014-06-04"}}', JSON, 400),
            (b'{"task":{"description":"x","dueDate":-1e400}}', JSON, 400),
            (b"", XML, 400),
            (b"  \n", JSON, 400),
            (b"description=x", "application/x-www-form-urlencoded", 415),
            (b"description=x", None, 415),
            (b"x", "text/plain", 415),
            (b"x", "multipart/form-data; boundary=x", 415),
        ],
    )
    def test_bodies_that_do_not_do(self, capsule: Capsule, body: bytes, content_type: str | None, status: int) -> None:
        assert capsule.send("POST", "/api/task", body, content_type, JSON).status == status

    def test_nothing_of_an_unforeseen_error_is_told(self, capsule: Capsule, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("secret")

        monkeypatch.setattr("canonical.service.desk.CoreDesk.find", fail)
        response = capsule.send("GET", "/api/tasks", accept=JSON)
        assert (response.status, response.body) == (500, b'{"message":"internal server error"}')


def tree(body: str | bytes, content_type: str | None, root: str = "task") -> Tree:
    data = body.encode() if isinstance(body, str) else body
    headers = [] if content_type is None else [("Content-Type", content_type)]
    return read_body(WireRequest("POST", "/", headers=Headers(headers), body=data), root)


class TestBodies:
    @pytest.mark.parametrize(
        "body",
        [
            "<task><description>Zoë</description></task>",
            '<?xml version="1.0"?><task><description>Zoë</description></task>',
            f"{DECLARATION}\n<task>\n  <description>Zoë</description>\n</task>\n",
            "<task type='array' x=\"1\"><id type='integer'>7</id><description nil='false'>Zoë</description></task>",
            "<task><description>Zo&#xEB;</description><!-- comment --></task>",
            "<task><description><![CDATA[Zoë]]></description></task>",
            '<c:task xmlns:c="urn:x"><c:description>Zoë</c:description></c:task>',
            "\ufeff<task><description>Zoë</description></task>",
        ],
    )
    @pytest.mark.parametrize(
        "content_type", [XML, "text/xml", "application/xml; charset=utf-8", "application/atom+xml", "TEXT/XML", None]
    )
    def test_xml_forms(self, body: str, content_type: str | None) -> None:
        assert tree(body, content_type).text("description") == "Zoë"

    @pytest.mark.parametrize("content_type", [JSON, "application/json; charset=UTF-8", "Application/Json", None])
    def test_json_forms(self, content_type: str | None) -> None:
        body = '\ufeff{"task":{"description":"Zoë","n":7,"f":500.5,"yes":true,"no":false,"none":null,"empty":""}}'
        found = tree(body, content_type)
        texts = [found.text(name) for name in ("description", "n", "f", "yes", "no", "none", "empty", "absent")]
        assert texts == ["Zoë", "7", "500.5", "true", "false", None, "", None]

    def test_json_numbers_are_written_out(self) -> None:
        found = tree('{"task":{"a":0.00005,"b":55.0,"c":1e21,"d":12}}', JSON)
        assert [found.text(name) for name in "abcd"] == ["0.00005", "55.0", "1000000000000000000000", "12"]

    def test_other_character_sets(self) -> None:
        latin = "<task><description>Zoë</description></task>".encode("iso-8859-1")
        assert tree(latin, "text/xml; charset=ISO-8859-1").text("description") == "Zoë"
        declared = b'<?xml version="1.0" encoding="ISO-8859-1"?>' + latin
        for content_type in (XML, "text/xml; charset=utf-8", "text/xml; charset=windows-1252"):
            assert tree(declared, content_type).text("description") == "Zoë"
        assert (
            tree('{"task":{"description":"Zoë"}}'.encode("utf-16"), f"{JSON}; charset=utf-16").text("description")
            == "Zoë"
        )
        assert (
            tree("<task><description>Zoë</description></task>", "text/xml; charset=nonsense").text("description")
            == "Zoë"
        )

    @pytest.mark.parametrize("declaration", ["", "<?xml version='1.0' encoding='utf-16'?>\n", '<?xml version="1.0"?>'])
    @pytest.mark.parametrize("mark", ["", "\ufeff"])
    @pytest.mark.parametrize(
        ("encoding", "charset"),
        [("utf-16-le", "utf-16"), ("utf-16-be", "UTF-16"), ("utf-16-le", "utf-16le"), ("utf-16-be", "utf-16be")],
    )
    def test_two_bytes_a_character(self, declaration: str, mark: str, encoding: str, charset: str) -> None:
        body = f"{mark}{declaration}<task><description>Zoë</description></task>".encode(encoding)
        assert tree(body, f'text/xml; charset="{charset}"').text("description") == "Zoë"

    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            ("<task><e><v>1</v></e><e><v>2</v></e></task>", XML),
            ('{"task":{"e":[{"v":"1"},{"v":2}]}}', JSON),
            ('{"task":{"e":{"0":{"v":"1"},"1":{"v":"2"}}}}', JSON),
            ('{"task":{"e":{"10":{"v":"2"},"9":{"v":"1"}}}}', JSON),
            ('{"task":{"e":[[{"v":"1"}],[{"v":"2"}]]}}', JSON),
        ],
    )
    def test_lists(self, body: str, content_type: str) -> None:
        assert [entry.text("v") for entry in tree(body, content_type).branches("e")] == ["1", "2"]

    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            ("<task><e><v>1</v></e></task>", XML),
            ('{"task":{"e":{"v":"1"}}}', JSON),
            ('{"task":{"e":[{"v":1}]}}', JSON),
        ],
    )
    def test_one_object_is_a_list_of_one(self, body: str, content_type: str) -> None:
        assert [entry.text("v") for entry in tree(body, content_type).branches("e")] == ["1"]

    @pytest.mark.parametrize("empty", ["<e/>", "<e></e>", "<e>\n </e>", "<e nil='true'><v>1</v></e>"])
    def test_empty_containers(self, empty: str) -> None:
        found = tree(f"<task>{empty}</task>", XML)
        assert [entry.text("v") for entry in found.branches("e")] == [None]
        assert tree('{"task":{"e":""}}', JSON).branches("e")[0].text("v") is None

    def test_wrong_shapes(self) -> None:
        found = tree('{"task":{"text":"x","object":{"a":"b"}}}', JSON)
        with pytest.raises(BadRequest, match="object is invalid"):
            found.text("object")
        with pytest.raises(BadRequest, match="text is invalid"):
            found.branches("text")
        with pytest.raises(UnsupportedBody):
            tree("x", "text/plain")

    def test_nul_and_control_characters(self, capsule: Capsule) -> None:
        task = capsule.task("a\0b\x01c")
        assert "<description>ab\ufffdc</description>" in capsule.xml(f"/api/task/{task}")
        assert capsule.json(f"/api/task/{task}")["task"]["description"] == "ab\x01c"

    def test_emoji_and_long_text_are_kept_whole(self, capsule: Capsule) -> None:
        text = "🚀 " + "Grüße " * 5000
        task = capsule.task(text)
        assert capsule.json(f"/api/task/{task}")["task"]["description"] == text
        assert f"<description>{text}</description>" in capsule.xml(f"/api/task/{task}")


def test_location_is_built_from_what_the_client_used(capsule: Capsule) -> None:
    capsule.base_url = "http://localhost:8080/capsule"
    response = capsule.send("POST", "/api/task", {"task": {"description": "x", "dueDate": "2014-06-04"}})
    assert response.headers[0][0] == "Location"
    assert response.headers[0][1].startswith("http://localhost:8080/capsule/api/task/")
    assert response.headers[1] == ("Content-Type", "text/plain; charset=UTF-8")
    assert (response.status, response.reason, response.body) == (201, "Created", b"")


def test_avatar_is_there_for_anyone(capsule: Capsule) -> None:
    for name, status in (("person_avatar_70.png", 200), ("org_avatar_70.png", 200), ("other.png", 404)):
        request = WireRequest("GET", f"/theme/default/images/{name}", base_url=capsule.base_url)
        response = capsule.world.endpoint("capsule", capsule.slug).send(request)
        assert response.status == status
        if status == 200:
            assert response.header("Content-Type") == "image/png"
            assert response.body.startswith(b"\x89PNG\r\n\x1a\n")
