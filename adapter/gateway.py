"""The gateway: one dialect's endpoint. Routes, authenticates, runs the handler, words what went wrong, logs."""

from __future__ import annotations

import itertools
import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from adapter.dialect import Call, Dialect
from adapter.formats import Malformed, TooLarge, codings
from adapter.logs import Log
from adapter.routes import MethodNotAllowed, RouteNotFound
from adapter.wire import WireRequest, WireResponse
from canonical.accounts import Accounts, Principal, Tenant
from canonical.errors import Busy, CanonicalError, Denied, TooManyGuesses, Unauthenticated, Unavailable
from canonical.operations import Desk
from canonical.values import Instant, from_datetime

_LEVELS = {Busy: "warning", TooManyGuesses: "info"}
VIEW_ONLY = "the user may only view"
EXPECTED = (CanonicalError, RouteNotFound, MethodNotAllowed, Malformed, TooLarge)
_BOOT = secrets.token_hex(3)
_COUNT = itertools.count(1)


PrivateExtras = tuple[frozenset[str], frozenset[str]]
"""`Dialect.text_extras` and `Dialect.people_extras`."""


class Core(Protocol):
    """What the gateway needs of the core; the command line joins the two."""

    @property
    def accounts(self) -> Accounts: ...

    def reading(
        self,
        principal: Principal,
        dialect: str,
        now: Instant,
        *,
        aliased: bool,
        signed_in: bool = False,
        private_extras: PrivateExtras,
    ) -> Desk:
        """A desk that reads what is committed; with `signed_in` for the request that the principal just signed."""

    def write(
        self,
        principal: Principal,
        dialect: str,
        now: Instant,
        work: Callable[[Desk], WireResponse],
        *,
        aliased: bool,
        private_extras: PrivateExtras,
    ) -> WireResponse:
        """Runs `work` with a desk in one transaction; nothing is kept when it raises."""

    def default_tenant(self) -> Tenant | None:
        """The tenant of requests that name none: the configured one, else the only one there is."""


class Watch(Protocol):
    """Looks over a gateway's shoulder, for tests. What `matched` and `admitted` raise, the vendor words."""

    def matched(self, call: Call) -> None:
        """The route is known, or that there is none; nobody has signed in yet."""

    def admitted(self, call: Call) -> None:
        """The caller is known; nothing was done yet."""

    def answered(self, request: WireRequest, call: Call | None, response: WireResponse) -> WireResponse:
        """What the client gets instead. Must not raise."""


def real_now() -> Instant:
    return time.time_ns() // 1000


class Gateway:
    """Answers one dialect's requests. Never raises: what goes wrong is worded as the vendor would."""

    def __init__(
        self,
        dialect: Dialect,
        core: Core,
        log: Log,
        clock: Callable[[WireRequest], Instant] | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.dialect = dialect
        self.core = core
        self.log = log
        self._clock = clock
        self._watch = watch
        self._process = f"{_BOOT}{os.getpid():x}"
        self._private = dialect.text_extras, dialect.people_extras
        self._aliases = f"{dialect.name}.aliases"
        self._defaults = {setting.name: setting.default for setting in dialect.settings}
        self._settings: dict[int, tuple[Mapping[str, str], Mapping[str, str]]] = {}

    def send(
        self, request: WireRequest, tenant: Tenant | None = None, refused: Exception | None = None
    ) -> WireResponse:
        """The dialect's answer. `tenant` is the one the host names; `refused` is what is already wrong."""
        started = time.perf_counter_ns()
        dialect = self.dialect
        call: Call | None = None
        error: Exception | None = None
        try:
            now = real_now() if self._clock is None else self._clock(request)
            call = Call(request, self.core.accounts, now)
            # What goes wrong from here on is worded and finished by a dialect that may ask for its settings.
            call.settings = self._defaults
            self._set_tenant(call, tenant or self.core.default_tenant())
            if refused is not None:
                raise refused
            if request.body and request.method not in dialect.unread_bodies:
                call.request = self._decoded(request)
            response = self._answer(call, tenant)
        except Exception as caught:
            error = caught
            response = self._word(call or self._nobodys(request), caught)
        if call is not None and dialect.finish is not None:
            try:
                response = dialect.finish(call, response)
            except Exception as caught:
                error = caught
                response = self._word(call, caught)
        if self._watch is not None:
            response = self._watch.answered(request, call, response)
        self._record(request, call, response, error, started)
        # Its traceback holds this frame, and all that was made of the request.
        del error
        return response

    def _decoded(self, request: WireRequest) -> WireRequest:
        """The request with a body in no content coding. Raises Malformed, TooLarge."""
        names = request.headers.get("Content-Encoding")
        if not names:
            return request
        return replace(request, body=codings.decoded(request.body, names, self.dialect.max_body))

    def _answer(self, call: Call, tenant: Tenant | None) -> WireResponse:
        dialect, request = self.dialect, call.request
        if dialect.preflight is not None:
            early = dialect.preflight(call)
            if early is not None:
                return early
        missed: Exception | None = None
        try:
            match = dialect.routes.match(dialect.effective_method(request), dialect.locate(request))
            call.route, call.params = match.route, match.params
        except (RouteNotFound, MethodNotAllowed, Malformed) as error:
            missed = error
        if self._watch is not None:
            self._watch.matched(call)
        principal = dialect.authenticate(call)
        if principal is not None:
            if tenant is not None and principal.tenant_id != tenant.id:
                raise Unauthenticated("unknown")
            if call.tenant is None or call.tenant.id != principal.tenant_id:
                self._set_tenant(call, self.core.accounts.tenant(principal.tenant_id))
            call.principal = principal
        if self._watch is not None:
            self._watch.admitted(call)
        route = call.route
        if missed is not None or route is None:
            try:
                raise missed or RouteNotFound(request.path)
            finally:
                del missed
        if principal is None:
            if not route.public:
                raise Unauthenticated("missing")
            return route.handler(call)
        aliased = call.aliased = self._aliased(call)
        if not route.writes:
            call._desk = self.core.reading(
                principal, dialect.name, call.now, aliased=aliased, signed_in=True, private_extras=self._private
            )
            return route.handler(call)

        if principal.view_only and not dialect.judges_rights:
            # Before anything is made of what he sent.
            raise Denied(VIEW_ONLY)
        if route.prepare is not None:
            call._desk = self.core.reading(
                principal, dialect.name, call.now, aliased=aliased, private_extras=self._private
            )
            route.prepare(call)

        def work(desk: Desk) -> WireResponse:
            call._desk = desk
            return route.handler(call)

        return self.core.write(principal, dialect.name, call.now, work, aliased=aliased, private_extras=self._private)

    def _aliased(self, call: Call) -> bool:
        if not self.dialect.numeric_ids or call.tenant is None:
            return False
        return call.tenant.settings.get(self._aliases) == "yes"

    def _set_tenant(self, call: Call, tenant: Tenant | None) -> None:
        call.tenant = tenant
        if tenant is None:
            call.settings = self._defaults
            return
        kept = self._settings.get(tenant.id)
        if kept is None or kept[0] is not tenant.settings:
            prefix = f"{self.dialect.name}."
            own = {name[len(prefix) :]: value for name, value in tenant.settings.items() if name.startswith(prefix)}
            if len(self._settings) > 10_000:
                self._settings.clear()
            kept = self._settings[tenant.id] = (tenant.settings, {**self._defaults, **own})
        call.settings = kept[1]

    def _nobodys(self, request: WireRequest) -> Call:
        call = Call(request, self.core.accounts, real_now())
        call.settings = self._defaults
        return call

    def _word(self, call: Call, error: Exception) -> WireResponse:
        try:
            return self.dialect.render_error(call, error)
        except Exception as second:
            self.log.failure("an error could not be worded", second, dialect=self.dialect.name)
            return WireResponse(500, [("Content-Type", "text/plain; charset=utf-8")], b"Internal Server Error\n")

    def _record(
        self, request: WireRequest, call: Call | None, response: WireResponse, error: Exception | None, started: int
    ) -> None:
        line: dict[str, Any] = {
            "level": "info",
            "message": "request",
            "id": f"{self._process}-{next(_COUNT)}",
            "dialect": self.dialect.name,
            "operation": call.route.operation if call is not None and call.route is not None else None,
            "method": request.method[:20],
            "status": response.status,
            "us": (time.perf_counter_ns() - started) // 1000,
        }
        if call is not None:
            if call.tenant is not None:
                line["tenant"] = call.tenant.slug
            if call.principal is not None:
                line["user"] = call.principal.username
            if call.losses:
                line["losses"] = call.losses.summary()
            if call.warning is not None:
                warning = {"level": "warning", "message": call.warning, "dialect": self.dialect.name, "id": line["id"]}
                self.log.event(warning)
        if error is not None:
            line["refused"] = type(error).__name__
        if isinstance(error, Unavailable):
            line["level"] = _LEVELS.get(type(error), "error")
            line["reason"] = str(error)
            self.log.event(line)
        elif error is not None and not isinstance(error, EXPECTED):
            line.pop("level")
            line.pop("message")
            self.log.failure("request failed", error, **line)
        else:
            self.log.event(line)


def testing_clock(request: WireRequest) -> Instant:
    """The moment that ``X-Crmglot-Now: 2014-01-20T20:42:56Z`` names, else the real one."""
    text = request.headers.get("X-Crmglot-Now")
    if text is None:
        return real_now()
    try:
        return from_datetime(datetime.fromisoformat(text))
    except ValueError:
        return real_now()
