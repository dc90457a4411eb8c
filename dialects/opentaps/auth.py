"""Who calls: `authToken` among the parameters, and the domain asked for (opentaps dossier, section 1)."""

from __future__ import annotations

from adapter.dialect import Call
from adapter.routes import RouteNotFound
from canonical.accounts import Principal, Tenant
from canonical.errors import Denied, Unauthenticated
from canonical.values import MINUTE
from dialects.opentaps.wire.parameters import Parameters, read_parameters

TEMPORARY = "temporary"
PERMANENT = "api"
LIFETIME = 60 * MINUTE
DOMAIN_CONF = "DOMAIN_CONF"


def parameters(call: Call) -> Parameters:
    """The parameters of this call, read once."""
    kept: Parameters | None = call.memo.get("parameters")
    if kept is None:
        kept = call.memo["parameters"] = read_parameters(call.request)
        if kept.files:
            call.losses.add("activity", "file", "no_files")
    return kept


def domain(call: Call) -> str:
    """The domain to show: the one asked for, in lower case, else the tenant's own."""
    return str(call.memo.get("domain", ""))


def holder(call: Call, token: str) -> Principal | None:
    """The user of a permanent or temporary token."""
    return call.accounts.by_token(PERMANENT, token, call.now) or call.accounts.by_token(TEMPORARY, token, call.now)


def authenticate(call: Call) -> Principal | None:
    """The user of the token; nobody for unknown paths and for the token calls themselves.

    Raises `Unauthenticated`, and `Denied` for a domain that is not the user's, a write by one who may only view, or a
    route for administrators.
    """
    route = call.route
    if route is None:
        return None
    if route.meta.get("e1"):
        return _e1_user(call)
    if route.public:
        return None
    params = parameters(call)
    token = (params.get("authToken") or "").strip()
    if not token:
        raise Unauthenticated("missing")
    principal = holder(call, token)
    if principal is None:
        raise Unauthenticated("unknown")
    tenant = call.tenant
    if tenant is None or tenant.id != principal.tenant_id:
        tenant = call.accounts.tenant(principal.tenant_id)
    asked = (params.get("clientDomain") or "").strip().lower()
    if asked and not _is_domain_of(call, asked, tenant):
        raise Denied("another domain")
    call.memo["domain"] = asked or _own_domain(tenant)
    if (route.writes and principal.view_only) or (route.meta.get("right") == DOMAIN_CONF and not principal.is_admin):
        raise Denied("no permission")
    return principal


def _is_domain_of(call: Call, asked: str, tenant: Tenant) -> bool:
    # The slug is what we show where a tenant has no domain, and RB sends back what it was shown.
    if asked in tenant.hosts or asked == tenant.slug:
        return True
    found = call.accounts.tenant_by_host(asked)
    return found is not None and found.id == tenant.id


def _own_domain(tenant: Tenant) -> str:
    return tenant.hosts[0] if tenant.hosts else tenant.slug


def _e1_user(call: Call) -> Principal:
    """The user who stands for everybody on the 2012 mount.

    Raises `RouteNotFound` where the tenant does not serve it.
    """
    username = call.settings.get("e1_user", "")
    found = call.accounts.by_username(call.tenant.id, username) if username and call.tenant is not None else None
    if found is None or call.tenant is None:
        raise RouteNotFound(call.request.path)
    call.memo["domain"] = _own_domain(call.tenant)
    if call.route is not None and call.route.writes and found.view_only:
        raise Denied("no permission")
    return found
