"""Sends requests to one dialect's gateway and collects everything about the answers that must not be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import orjson

from adapter.dialect import Dialect
from adapter.routes import MethodNotAllowed, Route, RouteNotFound
from adapter.wire import Headers, WireRequest, WireResponse
from tests.support.rivals import SECRETS, Rivals, Stock

if TYPE_CHECKING:
    from tests.dialects.shapes import Shape

ENDING: Final = ("logout", "reset-token", "revoke")
"""Words of paths after which credentials are no longer good."""
BASE_URL: Final = "http://localhost:8080/mount"
# ApiException is Zurmo's own heading, OnError a field of Crust's (section 6 of their dossiers).
_INTERNALS = re.compile(
    rb"Traceback|\bFile \"|\.py\b|\bNoneType\b|<class '|object at 0x|sqlite3|sqlalchemy|werkzeug"
    rb"|\b(?!Api|On)[A-Z][A-Za-z]+(?:Error|Exception)\b"
)
_NAME = re.compile(r"\{(\w+)(?::\w+)?\}")
_VALUE = re.compile(r"[ -~\xa0-\xff]*\Z")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")


def path_of(shape: Shape, route: Route, values: Mapping[str, str]) -> str:
    """A path for the route with its parameters put in as they are, encoded or not."""
    return shape.base + _NAME.sub(lambda match: values.get(match[1], "0"), route.template)


def parameters_of(route: Route) -> list[str]:
    return _NAME.findall(route.template)


@dataclass
class Prober:
    """One dialect under trial. `problems` has a line for everything wrong that was seen."""

    rivals: Rivals
    dialect: Dialect
    shape: Shape
    problems: list[str] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    _credentials: str = ""

    def __post_init__(self) -> None:
        self.rivals.watch.touched()
        self._last = self.rivals.watch.picture()
        self._signature = self.rivals.watch.signature()

    def credentials(self) -> str:
        """Good ones of the caller from the rival company; new ones when a call has ended the last."""
        if not self._credentials:
            self._credentials = self.shape.sign_in(self.rivals.world, self.rivals.own.username)
            self.secrets |= {part for part in self._credentials.split(":") if len(part) > 7}
            self.rivals.watch.touched()
        return self._credentials

    def request(
        self,
        method: str,
        path: str,
        query: str = "",
        *,
        body: bytes = b"",
        content_type: str | None = None,
        accept: str | None = None,
        signed: str | None = None,
    ) -> WireRequest:
        pairs = [("Host", "localhost:8080")]
        if content_type is not None:
            pairs.append(("Content-Type", content_type))
        if accept is not None:
            pairs.append(("Accept", accept))
        if body:
            pairs.append(("Content-Length", str(len(body))))
        request = WireRequest(method, path, query, Headers(pairs), body, BASE_URL, "localhost:8080", "127.0.0.1")
        self.shape.prepare(request)
        if signed is not None:
            self.shape.sign(request, signed)
        request.headers = Headers(request.headers.pairs)
        return request

    def send(
        self, request: WireRequest, *, tenant: str | None = None, refused: Exception | None = None
    ) -> WireResponse:
        """The answer, checked for everything that holds of every answer."""
        world = self.rivals.world
        world.lines.clear()
        host = None if tenant is None else world.core.accounts.tenant_by_slug(tenant)
        response = world.gateway(self.dialect).send(request, host, refused)
        for problem in self._wrong(request, response):
            self.say(request, response, problem)
        return response

    def say(self, request: WireRequest, response: WireResponse, problem: str) -> None:
        kind = request.headers.get("Content-Type")
        about = f" [{kind}] {request.body[:90]!r}" if request.body else ""
        self.problems.append(
            f"{request.method[:20]} {request.target[:140]}{about}\n"
            f"    -> {response.status} {response.body[:120]!r}: {problem}"
        )

    def _wrong(self, request: WireRequest, response: WireResponse) -> Iterator[str]:
        if response.status >= 500 and not self.shape.crash(request, response):
            where = [line.get("where", line) for line in self.rivals.world.lines]
            yield f"a 500 that the vendor would not send: {where}"
        else:
            try:
                if response.status < 500 or request.method not in ("POST", "PUT"):
                    self.shape.check(request, response)
            except Exception as error:
                yield f"not the vendor's shape: {type(error).__name__} {str(error)[:200]}"
        text = response.body + repr(response.headers).encode()
        found = _INTERNALS.search(text)
        if found is not None:
            yield f"shows our insides: {found[0]!r}"
        lower = text.lower()
        yield from (f"leaks {word}" for word in SECRETS if word.encode() in lower)
        for name, value in response.headers:
            if not _TOKEN.match(name) or not _VALUE.match(value):
                yield f"no HTTP header: {name!r}: {value!r}"
        yield from self._wrong_lines()

    def _wrong_lines(self) -> Iterator[str]:
        lines = self.rivals.world.lines
        if len(lines) != 1:
            yield f"{len(lines)} log lines: {lines}"
        for line in lines:
            if line["level"] != "info":
                yield f"logged: {line}"
            text = orjson.dumps(line).decode()
            yield from (f"secret in the log: {line}" for secret in self.secrets if secret in text)

    def must(self, request: WireRequest, response: WireResponse, holds: bool, otherwise: str) -> None:
        if not holds:
            self.say(request, response, otherwise)

    def untouched(self, request: WireRequest, response: WireResponse) -> None:
        """Not one row has changed since the last request, sessions apart, where a digest is to be had cheaply."""
        if self.rivals.watch.touched() and self._last != (now := self.rivals.watch.picture()):
            self.say(request, response, "wrote although it was refused")
            self._last = now

    def settled(self, request: WireRequest, response: WireResponse) -> None:
        """After a call with good credentials: the other company's rows stand as ever, refused means nothing written,
        and what was used up is made anew."""
        if any(word in request.path for word in ENDING):
            self._credentials = ""
            self.rivals.watch.touched()
            return
        if not self.rivals.watch.touched():
            return
        before, self._signature = self._signature, self.rivals.watch.signature()
        if self.shape.failed(response) and not self.shape.partly(response) and before != self._signature:
            self.say(request, response, "wrote although it was refused")
        if self.rivals.watch.picture(self.rivals.home_id) != self.rivals.home_picture:
            self.say(request, response, "wrote to another company's records")
        if not self.rivals.intact():
            self.rivals.restock()
            self._signature = self.rivals.watch.signature()
            self.rivals.watch.touched()

    def own_path(self, route: Route, stock: Stock | None = None) -> str:
        return path_of(self.shape, route, self.shape.own(route, stock or self.rivals.own))

    def methods(self, route: Route) -> Iterable[str]:
        """Methods that real clients use for this route."""
        return ("GET", "POST", "PUT", "DELETE") if "*" in route.methods else route.methods

    def is_offered(self, method: str, path: str) -> bool:
        """Whether some route of the dialect has this method and path."""
        request = self.request(method, path)
        try:
            self.dialect.routes.match(self.dialect.effective_method(request), self.dialect.locate(request))
        except (MethodNotAllowed, RouteNotFound):
            return False
        return True

    def verdict(self) -> None:
        """Fails with the first problems of all that were seen."""
        shown = "\n".join(self.problems[:25])
        assert not self.problems, f"{len(self.problems)} problems\n{shown}"
