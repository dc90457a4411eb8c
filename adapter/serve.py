"""The Flask shell: from WSGI to the gateways and back, byte for byte.

Every dialect's routes are registered in a blueprint of its own, so that ``flask routes`` lists them. Requests to a
mount are answered beneath Flask's own dispatch, which would cost more than the rest of the request; the blueprints'
views call the same function, and a test holds both ways to the same answers.
"""

from __future__ import annotations

import functools
import ipaddress
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

import flask
from werkzeug.routing import Map, RuleFactory
from werkzeug.wrappers import Response

from adapter.dialect import Dialect
from adapter.formats import TooLarge
from adapter.logs import Log
from adapter.mounts import Mounts
from adapter.routes import Route
from adapter.settings import Settings
from adapter.testing import PREFIX as SURFACE
from adapter.testing import Surface
from adapter.testing.surface import MAX_BODY as MAX_SURFACE_BODY
from adapter.wire import BrokenResponse, Headers, WireRequest, WireResponse
from canonical.accounts import Tenant
from canonical.errors import CanonicalError, Unavailable

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
MAX_HEADERS = 100
MAX_TARGET = 65_536
MAX_FORWARDED = 2000
"""Characters at the end of X-Forwarded-For that are looked at."""
HEALTH, READINESS = PROBES = ("/healthz", "/readyz")
MAX_PREFIX = 200
OWN_UNREAD = ("GET", "HEAD", "DELETE", "OPTIONS")
"""Methods whose bodies are not waited for where no dialect is meant; those of others are read off."""
_PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~\-]+)*")
_HOST = re.compile(r"[A-Za-z0-9._\-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")
_CONVERTERS = {"int": "int", "rest": "path"}


class Origin(NamedTuple):
    """What absolute links begin with."""

    scheme: str
    host: str
    prefix: str


class LateMap(Map):
    """A map of rules that compiles them when somebody first looks something up.

    Compiling a thousand rules takes half a second, and a server whose requests are all for mounts never needs them.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        self._late: list[RuleFactory] = []
        self._late_lock = threading.Lock()
        super().__init__(*given, **named)

    def add(self, rulefactory: RuleFactory) -> None:
        with self._late_lock:
            self._late.append(rulefactory)

    def update(self) -> None:
        if self._late:
            with self._late_lock:
                for rule in self._late:
                    super().add(rule)
                self._late.clear()
        super().update()


class Application(flask.Flask):
    """The Flask application, which tells its server the bodies that need not be waited for."""

    url_map_class = LateMap
    reads_body: Callable[[Environ], bool]


class Wsgi:
    """Turns WSGI requests for a mount into `WireRequest`s and sends them to its gateway."""

    def __init__(
        self,
        mounts: Mounts,
        settings: Settings,
        tenant_by_host: Callable[[str], Tenant | None],
        ready: Callable[[], None],
        log: Log,
        surface: Surface | None = None,
    ) -> None:
        """With a `surface` tests find it under its prefix, on every host."""
        self.mounts = mounts
        self._surface = surface
        self._tenant_by_host = tenant_by_host
        self._ready = ready
        self._log = log
        self._trusted = [ipaddress.ip_network(network, strict=False) for network in settings.trusted_proxies]

    def answer(self, environ: Environ) -> WireResponse | None:
        """The answer, or None when no mount is meant."""
        target = _target(environ)
        if len(target) > MAX_TARGET:
            return self._refuse(414, "URI Too Long")
        if len(environ) > MAX_HEADERS and len(_headers(environ)) > MAX_HEADERS:
            return self._refuse(431, "Request Header Fields Too Large")
        path, _, query = target.partition("?")
        origin = self._origin(environ)
        if self._surface is not None and path.startswith(SURFACE):
            return self._of_tests(self._surface, environ, path, query, origin.host)
        found = self.mounts.find(origin.host, path)
        if found is None:
            return self._own(path)
        mount, below = found
        request = WireRequest(
            environ["REQUEST_METHOD"],
            below,
            query,
            SentHeaders(environ),
            b"",
            f"{origin.scheme}://{origin.host}{origin.prefix}{mount.prefix}",
            origin.host,
            self._client(environ),
        )
        refused = self._read_body(request, environ, mount.gateway.dialect)
        tenant = None if mount.tenant_host is None else self._tenant(mount.tenant_host)
        return mount.gateway.send(request, tenant, refused)

    def reads_body(self, environ: Environ) -> bool:
        """Whether the body of that request can matter to the answer."""
        path = _target(environ).partition("?")[0]
        own = self._surface is not None and path.startswith(SURFACE)
        found = None if own else self.mounts.find(self._origin(environ).host, path)
        unread = OWN_UNREAD if found is None else found[0].gateway.dialect.unread_bodies
        return environ["REQUEST_METHOD"] not in unread

    def _of_tests(self, surface: Surface, environ: Environ, path: str, query: str, host: str) -> WireResponse:
        body = _body(environ, MAX_SURFACE_BODY)
        if isinstance(body, TooLarge):
            return _plain(413, "Content Too Large")
        peer = self._client(environ)
        return surface.answer(environ["REQUEST_METHOD"], path, query, SentHeaders(environ), body, peer, host)

    def _tenant(self, host: str) -> Tenant | None:
        try:
            return self._tenant_by_host(host)
        except Unavailable:
            return None

    def _refuse(self, status: int, text: str) -> WireResponse:
        """What is too long to be anybody's request."""
        self._log.event({"level": "warning", "message": f"refused a request: {status} {text}"})
        return _plain(status, text)

    @staticmethod
    def _read_body(request: WireRequest, environ: Environ, dialect: Dialect) -> Exception | None:
        if request.method in dialect.unread_bodies:
            return None
        body = _body(environ, dialect.max_body)
        if isinstance(body, TooLarge):
            return body
        request.body = body
        return None

    def _origin(self, environ: Environ) -> Origin:
        """Scheme, host and path in front of ours, as the client used them; a trusted proxy may tell them."""
        host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "localhost")
        scheme = environ.get("wsgi.url_scheme", "http")
        if not (
            "HTTP_X_FORWARDED_HOST" in environ
            or "HTTP_X_FORWARDED_PROTO" in environ
            or "HTTP_X_FORWARDED_PREFIX" in environ
        ) or not self._trusts(environ):
            return Origin(scheme, _checked_host(host), "")
        forwarded = str(environ.get("HTTP_X_FORWARDED_PROTO", scheme)).partition(",")[0].strip().lower()
        scheme = forwarded if forwarded in ("http", "https") else scheme
        host = str(environ.get("HTTP_X_FORWARDED_HOST", host)).partition(",")[0].strip()
        return Origin(scheme, _checked_host(host), _checked_prefix(environ.get("HTTP_X_FORWARDED_PREFIX", "")))

    def _client(self, environ: Environ) -> str:
        """The address of whoever asks: behind trusted proxies the nearest one that is none of them."""
        address: str = environ.get("REMOTE_ADDR", "")
        forwarded = environ.get("HTTP_X_FORWARDED_FOR")
        if not forwarded:
            return address
        for told in reversed(str(forwarded)[-MAX_FORWARDED:].split(",")):
            if not self._is_proxy(address):
                return address
            try:
                address = str(ipaddress.ip_address(told.strip().strip("[]")))
            except ValueError:
                return address
        return address

    def _trusts(self, environ: Environ) -> bool:
        return self._is_proxy(environ.get("REMOTE_ADDR", ""))

    def _is_proxy(self, address: str) -> bool:
        try:
            peer = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(peer in network for network in self._trusted)

    def _own(self, path: str) -> WireResponse | None:
        if path == HEALTH:
            return _plain(200, "ok")
        if path == READINESS:
            try:
                self._ready()
            except CanonicalError as error:
                self._log.event({"level": "error", "message": "not ready", "reason": str(error)})
                return _plain(503, "not ready")
            except Exception as error:
                self._log.failure("not ready", error)
                return _plain(503, "not ready")
            return _plain(200, "ready")
        return None


def create_app(wsgi: Wsgi) -> Application:
    """The Flask application over the mounts."""
    app = Application("crmglot", static_folder=None)
    app.reads_body = wsgi.reads_body
    app.url_map.merge_slashes = False

    def view(**_: object) -> Response:
        answer = wsgi.answer(flask.request.environ)
        if answer is None:
            return Response("Not Found\n", 404, content_type="text/plain; charset=utf-8")
        response = Response(answer.body, f"{answer.status} {answer.reason}")
        response.headers.clear()
        for name, value in answer.headers:
            response.headers.add(name, value)
        response.headers["Content-Length"] = str(len(answer.body))
        return response

    for name, gateway in wsgi.mounts.gateways.items():
        blueprint = flask.Blueprint(name, __name__, url_prefix=f"/{name}")
        for number, route in enumerate(gateway.dialect.routes):
            blueprint.add_url_rule(
                _rule(route),
                endpoint=f"{route.operation.replace('.', '_')}_{number}",
                view_func=view,
                methods=_methods(route),
                strict_slashes=False,
                provide_automatic_options=False,
            )
        app.register_blueprint(blueprint)
    every = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    app.add_url_rule("/", "root", view, methods=every, provide_automatic_options=False)
    app.add_url_rule("/<path:anything>", "mount", view, methods=every, provide_automatic_options=False)

    through_flask = app.wsgi_app

    def lane(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        answer = wsgi.answer(environ)
        if answer is None:
            return through_flask(environ, start_response)
        body = answer.body
        headers = [*answer.headers, ("Content-Length", str(len(body)))]
        if isinstance(answer, BrokenResponse):
            if answer.sent is not None:
                start_response(f"{answer.status} {answer.reason}", headers)
            return _until_broken(answer)
        start_response(f"{answer.status} {answer.reason}", headers)
        return (b"",) if environ["REQUEST_METHOD"] == "HEAD" else (body,)

    app.extensions["through_flask"] = through_flask
    app.wsgi_app = lane  # type: ignore[method-assign]
    return app


def _methods(route: Route) -> list[str]:
    return ["GET", "POST", "PUT", "DELETE"] if "*" in route.methods else list(route.methods)


def _rule(route: Route) -> str:
    parts = []
    for segment in route.template.split("/"):
        if segment.startswith("{"):
            name, _, how = segment[1:-1].partition(":")
            parts.append(f"<{_CONVERTERS.get(how, 'string')}:{name}>")
        else:
            parts.append(segment)
    rule = "/".join(parts)
    return rule if rule.startswith("/") else f"/{rule}"


class SentHeaders(Headers):
    """The headers in a WSGI environ: looked up there, and listed only for whoever wants them all."""

    __slots__ = ("_environ",)

    def __init__(self, environ: Environ) -> None:
        self._environ = environ

    def __getattr__(self, name: str) -> Any:
        if name != "pairs":
            raise AttributeError(name)
        self.pairs = _headers(self._environ)
        return self.pairs

    def get(self, name: str, default: str | None = None) -> str | None:
        key = _environ_key(name)
        value: str | None = self._environ.get(key)
        if value:
            return value
        # A server may give the two that are no HTTP_ variables as "" where the client sent none.
        return default if value is None or not key.startswith("HTTP_") else value


@functools.lru_cache(maxsize=1024)
def _checked_host(host: str) -> str:
    """A Host header that is one; what absolute links are built from holds nothing else."""
    return host if _HOST.fullmatch(host) else "localhost"


@functools.lru_cache(maxsize=1024)
def _checked_prefix(text: str) -> str:
    """The paths that proxies took off, outermost first, as one; nothing of them when one is no plain path."""
    prefixes = [part.strip().rstrip("/") for part in text[: MAX_PREFIX + 1].split(",")]
    joined = "".join(prefixes)
    return joined if len(text) <= MAX_PREFIX and all(_PREFIX.fullmatch(part) for part in prefixes) else ""


@functools.lru_cache(maxsize=1024)
def _environ_key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def _headers(environ: Environ) -> list[tuple[str, str]]:
    pairs = [(key[5:].replace("_", "-"), value) for key, value in environ.items() if key.startswith("HTTP_")]
    for key, name in (("CONTENT_TYPE", "Content-Type"), ("CONTENT_LENGTH", "Content-Length")):
        value = environ.get(key)
        if value:
            pairs.append((name, value))
    return pairs


def _origin_form(target: str) -> str:
    """``http://host/path?query`` as ``/path?query``; ``*`` as ``/``."""
    if "://" not in target:
        return "/"
    rest = target.split("://", 1)[1]
    slash = rest.find("/")
    return rest[slash:] if slash >= 0 else "/"


def _target(environ: Environ) -> str:
    target: str = environ.get("RAW_URI") or environ.get("REQUEST_URI") or _rebuilt(environ)
    return target if target.startswith("/") else _origin_form(target)


def _rebuilt(environ: Environ) -> str:
    """The target where the server does not keep it (Werkzeug's test client): decoded once, so for tests only."""
    path = quote(
        (environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "/")).encode("latin-1"), safe="/:@!$&'()*+,;=~-._"
    )
    query = environ.get("QUERY_STRING", "")
    return f"{path}?{query}" if query else path


def _body(environ: Environ, limit: int) -> bytes | TooLarge:
    declared = environ.get("CONTENT_LENGTH") or ""
    if declared.isascii() and declared.isdigit():
        length = int(declared)
        if length > limit:
            return TooLarge(length, limit)
        read: bytes = environ["wsgi.input"].read(length) if length else b""
        return read
    if not environ.get("wsgi.input_terminated"):
        return b""
    body: bytes = environ["wsgi.input"].read(limit + 1)
    return TooLarge(len(body), limit) if len(body) > limit else body


def _until_broken(response: BrokenResponse) -> Iterator[bytes]:
    """What of the body is sent before the connection ends. Raises ConnectionAbortedError."""
    if response.sent is not None:
        yield response.body[: response.sent]
    raise ConnectionAbortedError("a fault was planted")


def _plain(status: int, text: str) -> WireResponse:
    return WireResponse(status, [("Content-Type", "text/plain; charset=utf-8")], f"{text}\n".encode())
