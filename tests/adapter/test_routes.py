"""Route tables: a request to a route, a route to a path."""

from __future__ import annotations

import time

import pytest

import dialects
from adapter.dialect import Dialect
from adapter.routes import MethodNotAllowed, Route, RouteNotFound, RouteTable
from adapter.wire import WireRequest, WireResponse
from tests.dialects.shapes import shape
from tests.support.probing import path_of
from tests.support.world import every_dialect


def handler(call: object) -> WireResponse:
    return WireResponse(200, [])


def route(template: str, *methods: str) -> Route:
    return Route(template, methods or ("GET",), template, handler)


TABLE = RouteTable(
    [
        route("/tasks"),
        route("/tasks", "POST", "PUT"),
        route("/tasks/{id:int}"),
        route("/tasks/{name}"),
        route("/tasks/{name}", "DELETE"),
        route("/tasks/categories"),
        route("/tasks/{id:int}/notes/{note:int}"),
        route("/tasks/{name}/deep"),
        route("/files/{rest:rest}"),
        route("/files/known"),
        route("/any/{rest:rest}", "*"),
        route("/"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "template", "params"),
    [
        ("GET", "/tasks", "/tasks", {}),
        ("GET", "/tasks/", "/tasks", {}),
        ("GET", "tasks", "/tasks", {}),
        ("GET", "/", "/", {}),
        ("GET", "", "/", {}),
        ("POST", "/tasks", "/tasks", {}),
        ("GET", "/tasks/12", "/tasks/{id:int}", {"id": "12"}),
        ("GET", "/tasks/012", "/tasks/{id:int}", {"id": "012"}),
        ("GET", "/tasks/" + "9" * 400, "/tasks/{id:int}", {"id": "9" * 400}),
        # Digits that are not ASCII are a name.
        ("GET", "/tasks/%D9%A1", "/tasks/{name}", {"name": "١"}),
        ("GET", "/tasks/-1", "/tasks/{name}", {"name": "-1"}),
        ("GET", "/tasks/1%2F2", "/tasks/{name}", {"name": "1/2"}),
        ("GET", "/tasks/a+b", "/tasks/{name}", {"name": "a+b"}),
        ("GET", "/tasks/%zz%", "/tasks/{name}", {"name": "%zz%"}),
        ("GET", "/tasks/%ff", "/tasks/{name}", {"name": "ÿ"}),
        ("GET", "/tasks/a%80", "/tasks/{name}", {"name": "a€"}),
        # Literal before number before name, and back again where the rest does not fit.
        ("GET", "/tasks/categories", "/tasks/categories", {}),
        ("GET", "/tasks/%63ategories", "/tasks/categories", {}),
        ("GET", "/tasks/categories/deep", "/tasks/{name}/deep", {"name": "categories"}),
        ("GET", "/tasks/12/deep", "/tasks/{name}/deep", {"name": "12"}),
        ("DELETE", "/tasks/12", "/tasks/{name}", {"name": "12"}),
        ("GET", "/tasks/1/notes/2", "/tasks/{id:int}/notes/{note:int}", {"id": "1", "note": "2"}),
        ("GET", "/files/known", "/files/known", {}),
        ("GET", "/files/known/more", "/files/{rest:rest}", {"rest": "known/more"}),
        ("GET", "/files", "/files/{rest:rest}", {"rest": ""}),
        # What is left stays encoded: its slashes and %2F differ.
        ("GET", "/files/a%2Fb/c", "/files/{rest:rest}", {"rest": "a%2Fb/c"}),
        ("BREW", "/any/thing", "/any/{rest:rest}", {"rest": "thing"}),
    ],
)
def test_match(method: str, path: str, template: str, params: dict[str, str]) -> None:
    found = TABLE.match(method, path)
    assert (found.route.template, found.params) == (template, params)


@pytest.mark.parametrize(
    "path", ["/nothing", "/tasks/1/notes", "/tasks/1/notes/x", "//tasks", "/tasks//", "/Tasks", "/tasks//x"]
)
def test_no_route(path: str) -> None:
    with pytest.raises(RouteNotFound):
        TABLE.match("GET", path)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/tasks", ("GET", "POST", "PUT")),
        # Every route the path fits counts.
        ("/tasks/12", ("DELETE", "GET")),
        ("/tasks/x", ("DELETE", "GET")),
        ("/files/x", ("GET",)),
    ],
)
def test_only_the_method_is_wrong(path: str, allowed: tuple[str, ...]) -> None:
    with pytest.raises(MethodNotAllowed) as caught:
        TABLE.match("PATCH", path)
    assert caught.value.allowed == allowed


def test_exact_slashes() -> None:
    table = RouteTable([route("/field/"), route("/field/{id:int}")], slash_optional=False)
    assert table.match("GET", "/field/").route.template == "/field/"
    assert table.match("GET", "/field/1").params == {"id": "1"}
    for path in ("/field", "/field/1/"):
        with pytest.raises(RouteNotFound):
            table.match("GET", path)


def test_ambiguous_tables_are_refused() -> None:
    with pytest.raises(ValueError, match="claimed twice"):
        RouteTable([route("/a/{id:int}"), route("/a/{id:int}", "POST", "GET")])
    with pytest.raises(ValueError, match="elsewhere"):
        RouteTable([route("/a/{id}"), route("/a/{name}/b")])


def test_build_is_the_way_back() -> None:
    made = route("/tasks/{name}/x/{rest:rest}").build(name="a/b c%ü", rest="p/q r")
    assert made == "/tasks/a%2Fb%20c%25%C3%BC/x/p/q%20r"
    assert route("/tasks/{id:int}").build(id=5) == "/tasks/5"


def test_time_does_not_grow_with_the_path() -> None:
    table = RouteTable([route("/" + "/".join(f"{{p{at}}}" for at in range(12)) + f"/end{n}") for n in range(50)])
    path = "/x" * 12 + "/endless"
    began = time.perf_counter()
    for _ in range(100):
        with pytest.raises(RouteNotFound):
            table.match("GET", path)
    with pytest.raises(RouteNotFound):
        table.match("GET", "/x" * 30_000)
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize("dialect", every_dialect(), ids=lambda dialect: dialect.name)
def test_every_route_is_reached(dialect: Dialect) -> None:
    """No row of a table hides another: the path of each leads to it."""
    shaped = shape(dialect.name)
    for row in dialect.routes:
        values = {
            name: "17" if f"{{{name}:int}}" in row.template else "frobnicate"
            for name in (
                "id",
                "item",
                "rest",
                "name",
                "action",
                "module",
                "entity",
                "start",
                "child",
                "party",
                "contact",
            )
        }
        method = "GET" if "*" in row.methods else row.methods[0]
        path = dialect.locate(WireRequest(method, path_of(shaped, row, values)))
        found = dialect.routes.match(method, path)
        assert found.route is row, row.template


def test_dialects_are_found_by_name() -> None:
    assert dialects.names() == tuple(sorted(dialects.names()))
    assert {"capsule", "zurmo"} <= set(dialects.names())
    for dialect in every_dialect():
        assert dialects.load(dialect.name) is dialect
    with pytest.raises(KeyError):
        dialects.load("none")


@pytest.mark.parametrize(
    "template",
    [
        "/tasks/{id:int}.json",
        "/tasks/{id",
        "/tasks/id}",
        "/tasks/x{id}",
        "/tasks/{id:integer}",
        "/tasks/{}",
        "/{a}{b}/x",
    ],
)
def test_a_brace_that_is_no_whole_parameter_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"brace inside a segment|no whole parameter"):
        RouteTable([Route("task.read", ("GET",), template, lambda call: WireResponse(200, []))])
