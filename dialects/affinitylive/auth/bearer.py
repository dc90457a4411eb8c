"""Tokens on resource calls, and the hourly limit (dossier, section 1)."""

from __future__ import annotations

from adapter.dialect import Call
from adapter.formats import Malformed, TooLarge
from canonical.accounts import Principal, Tenant
from canonical.errors import Denied, Unauthenticated
from canonical.values import MINUTE
from dialects.affinitylive.auth import oauth, scope
from dialects.affinitylive.errors import BadRequest, RateLimited
from dialects.affinitylive.settings import rate_limit
from dialects.affinitylive.wire import parameters

DOMAINS = (
    ".api.staging.affinitylive.com",
    ".api.affinitylive.com",
    ".affinitylive.com",
    ".api.accelo.com",
    ".accelo.com",
)
HOSTS = tuple(f"*{domain}" for domain in DOMAINS)
HOUR = 60 * MINUTE
ACCESS_LENGTH = 64
RATE = "affinitylive rate"
"""Where a call remembers the limit, what is left of it and when it starts anew."""


def authenticate(call: Call) -> Principal | None:
    """The holder of the request's token. Raises Unauthenticated, BadRequest, RateLimited, TooManyGuesses, Denied.

    OAuth routes authorise themselves; a path outside the API needs no credentials to be told so.
    """
    route = call.route
    if route is not None and route.operation.startswith("oauth."):
        return oauth.authenticate(call)
    if route is None and (oauth.is_oauth(call) or not is_api(call.request.path)):
        return None
    broken: Malformed | TooLarge | None = None
    try:
        given = parameters.of(call)
    except (Malformed, TooLarge) as error:
        broken, given = error, parameters.lenient(call)
    header = bearer(call.request.headers.get("Authorization"))
    parameter = given.text("_bearer_token")
    if header and parameter:
        raise BadRequest("_bearer_token")
    token = header or parameter
    principal = _holder(call, token) if token else None
    if principal is None:
        if broken is not None and not token:
            raise broken
        if token:
            call.accounts.strike(call.request.remote_addr, call.now)
        raise Unauthenticated("unknown" if token else "missing")
    _count(call, call.accounts.tenant(principal.tenant_id))
    if broken is not None:
        raise broken
    if route is not None and "scope" in route.meta:
        writing = bool(route.meta.get("write"))
        if not scope.of_token(principal.token_data).allows(route.meta["scope"], writing=writing):
            raise Denied("the token's scope is too small")
    return principal


def is_api(path: str) -> bool:
    """Whether a path is under one of the API's prefixes."""
    return parameters.split_path(path)[0] != "" or path == "/oauth2" or path.startswith("/oauth2/")


def bearer(header: str | None) -> str | None:
    """The token of an Authorization header of the Bearer scheme."""
    kind, _, token = (header or "").strip().partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None


def _holder(call: Call, token: str) -> Principal | None:
    """Who the token is for; None for an unknown one and for one of another deployment than the host names."""
    # The OAuth endpoints issue tokens of exactly 64 characters; a migrated user keeps the permanent one he has.
    for kind in ("access", "api") if len(token) == ACCESS_LENGTH else ("api",):
        principal = call.accounts.by_token(kind, token, call.now)
        if principal is not None:
            host = oauth.host_tenant(call)
            return principal if host is None or host.id == principal.tenant_id else None
    return None


def deployment_of(tenant: Tenant | None) -> str:
    """The host that the vendor's words name."""
    return f"{'your' if tenant is None else tenant.slug}.api.accelo.com"


def _count(call: Call, tenant: Tenant) -> None:
    limit = rate_limit(tenant.settings.get("affinitylive.rate_limit", ""))
    allowed, remaining, reset = call.accounts.allow(f"affinitylive {tenant.id}", limit, HOUR, call.now)
    call.memo[RATE] = (limit, remaining, reset)
    if not allowed:
        raise RateLimited(deployment_of(tenant))
