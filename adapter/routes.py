"""Route tables: one row per vendor route, matched both ways (a request to a route, a route to a path).

A template is the vendor's path with `{name}` for one segment, `{name:int}` for one segment of decimal digits
and a final `{name:rest}` for whatever is left, slashes included. Literal segments win over `int`, `int` over a
plain segment, a plain segment over `rest`, so `categories` comes before `{id}` without saying so. A parameter is a
whole segment: a brace anywhere else is refused (`ValueError`) when the table is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote

from adapter.formats import charsets
from adapter.wire import WireResponse

Handler = Callable[[Any], WireResponse]
"""From a `adapter.dialect.Call` to the response; raises canonical or wire errors, never builds their bodies."""


class RouteNotFound(Exception):
    """No route has this path."""


class MethodNotAllowed(Exception):
    """The path is known, the method is not; `allowed` holds the methods that are, sorted."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__(", ".join(allowed))
        self.allowed = allowed


@dataclass(frozen=True, slots=True)
class Route:
    """One row of a dialect's table.

    `operation` names it in logs (``task.read``); `writes` runs the handler inside one write transaction;
    `public` lets it run without credentials; `kind` is the canonical kind it is about, where there is one. `prepare`
    does what is slow and writes nothing before a writing route's transaction begins; what it raises is the answer.
    """

    operation: str
    methods: tuple[str, ...]
    template: str
    handler: Handler
    writes: bool = False
    public: bool = False
    kind: str | None = None
    prepare: Callable[[Any], None] | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    def build(self, **params: object) -> str:
        """The path of this route for the given parameters, percent-encoded."""
        parts = []
        for segment in self.template.split("/"):
            if segment.startswith("{"):
                name, _, how = segment[1:-1].partition(":")
                parts.append(quote(str(params[name]), safe="/" if how == "rest" else ""))
            else:
                parts.append(segment)
        return "/".join(parts)


_PARAMETER = re.compile(r"\{[A-Za-z_]\w*(?::(?:int|rest))?\}", re.ASCII)


class Match(NamedTuple):
    route: Route
    params: dict[str, str]


@dataclass(slots=True)
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    number: tuple[str, _Node] | None = None
    segment: tuple[str, _Node] | None = None
    rest: tuple[str, dict[str, Route]] | None = None
    routes: dict[str, Route] = field(default_factory=dict)


class RouteTable:
    """The routes of one dialect, matched in time that does not grow with their number.

    Every segment is percent-decoded after the path was split at ``/``; with `slash_optional` one trailing slash more
    or less makes no difference. With `empty_segments` nothing between two slashes is a parameter too, then ``""``.
    """

    def __init__(self, routes: Iterable[Route], *, slash_optional: bool = True, empty_segments: bool = False) -> None:
        self.routes: tuple[Route, ...] = tuple(routes)
        self.slash_optional = slash_optional
        self.empty_segments = empty_segments
        self._root = _Node()
        for route in self.routes:
            self._add(route)

    def __iter__(self) -> Iterator[Route]:
        return iter(self.routes)

    def _add(self, route: Route) -> None:
        segments = route.template.strip("/").split("/") if route.template != "/" else []
        if not self.slash_optional and route.template.endswith("/") and segments:
            segments.append("")
        node = self._root
        for segment in segments:
            if not segment.startswith("{"):
                if "{" in segment or "}" in segment:
                    raise ValueError(f"{route.template}: a brace inside a segment")
                node = node.literals.setdefault(segment, _Node())
                continue
            if not _PARAMETER.fullmatch(segment):
                raise ValueError(f"{route.template}: {segment} is no whole parameter")
            name, _, how = segment[1:-1].partition(":")
            if how == "rest":
                if node.rest is None:
                    node.rest = (name, {})
                self._claim(node.rest[1], route)
                return
            attribute = "number" if how == "int" else "segment"
            child = getattr(node, attribute)
            if child is None:
                child = (name, _Node())
                setattr(node, attribute, child)
            elif child[0] != name:
                raise ValueError(f"{route.template}: {{{child[0]}}} elsewhere")
            node = child[1]
        self._claim(node.routes, route)

    @staticmethod
    def _claim(taken: dict[str, Route], route: Route) -> None:
        for method in route.methods:
            if method in taken:
                raise ValueError(f"{method} {route.template} is claimed twice")
            taken[method] = route

    def match(self, method: str, path: str) -> Match:
        """The route for a raw percent-encoded path, with its decoded parameters.

        Raises `RouteNotFound`, or `MethodNotAllowed` when only the method is wrong. A method ``*`` in a route
        stands for any.
        """
        raw = path[1:] if path.startswith("/") else path
        if self.slash_optional and raw.endswith("/"):
            raw = raw[:-1]
        segments = raw.split("/") if raw else []
        # Where a literal segment is the only way on there is nothing to come back to.
        node, at = self._root, 0
        while at < len(segments) and not (node.number or node.segment or node.rest):
            child = node.literals.get(segments[at])
            if child is None:
                break
            node = child
            at += 1
        allowed: set[str] = set()
        found = self._walk(node, segments, at, {}, method, allowed)
        if found is not None:
            return found
        if allowed:
            raise MethodNotAllowed(tuple(sorted(allowed)))
        raise RouteNotFound(path)

    def _walk(
        self, node: _Node, segments: list[str], at: int, params: dict[str, str], method: str, allowed: set[str]
    ) -> Match | None:
        if at == len(segments):
            route = node.routes.get(method) or node.routes.get("*")
            if route is not None:
                return Match(route, params)
            allowed.update(node.routes)
        else:
            raw = segments[at]
            decoded = charsets.unquoted(raw)
            child = node.literals.get(decoded)
            if child is not None:
                found = self._walk(child, segments, at + 1, params, method, allowed)
                if found is not None:
                    return found
            if node.number is not None and decoded.isascii() and decoded.isdigit():
                name, child = node.number
                found = self._walk(child, segments, at + 1, {**params, name: decoded}, method, allowed)
                if found is not None:
                    return found
            if node.segment is not None and (decoded or (self.empty_segments and at + 1 < len(segments))):
                name, child = node.segment
                found = self._walk(child, segments, at + 1, {**params, name: decoded}, method, allowed)
                if found is not None:
                    return found
        if node.rest is not None:
            name, routes = node.rest
            route = routes.get(method) or routes.get("*")
            if route is not None:
                return Match(route, {**params, name: "/".join(segments[at:])})
            allowed.update(routes)
        return None
