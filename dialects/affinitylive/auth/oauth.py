"""The OAuth endpoints: who asks for a token, and by which grant (dossier, section 1).

A token request is authorised by its client and its grant, and then acts as the user whom the token is for: so
`authenticate` checks both, and the handler only issues.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import unquote_plus

from adapter.dialect import Call
from adapter.formats import Malformed, TooLarge
from canonical.accounts import Application, Principal, Tenant
from canonical.errors import TooManyGuesses
from canonical.values import MINUTE, SECOND
from dialects.affinitylive.auth import codes, scope
from dialects.affinitylive.errors import OAuthError
from dialects.affinitylive.wire import parameters
from dialects.affinitylive.wire.parameters import Parameters

LIFETIME = 2_592_000  # seconds; what the vendor grants when nothing else is asked for
LONGEST = 10 * 365 * 86_400
NO_GRANT = "Grant was not found (possibly expired)."
NO_CLIENT = "client id and secret were not found"
CODES, CODES_PER = 100, 5 * MINUTE
_GRANT = "affinitylive grant"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token request is good for. `refresh` is the refresh token it came with, to be handed out again."""

    principal: Principal
    scope: str
    client_id: str
    expires_in: int
    refresh: str | None = None


@lru_cache(maxsize=1024)
def hostname(host: str) -> str:
    """The name of a Host header, lower case, without its port."""
    return host.strip().lower().partition(":")[0].rstrip(".")


def host_tenant(call: Call) -> Tenant | None:
    """The deployment that the host names; None for a host that names none."""
    name = hostname(call.request.host)
    return call.accounts.tenant_by_host(name) if "." in name else None


def authenticate(call: Call) -> Principal | None:
    """The user whom the request's grant is for; None where the endpoint authorises by itself. Raises OAuthError."""
    if call.route is None or call.route.operation != "oauth.token":
        return None
    grant = call.memo[_GRANT] = _grant(call, read(call))
    return grant.principal


def is_oauth(call: Call) -> bool:
    """Whether errors of this call are worded without an envelope."""
    if call.route is not None:
        return call.route.operation.startswith("oauth.")
    return parameters.split_path(call.request.path)[1].startswith("/oauth2/")


def grant_of(call: Call) -> Grant:
    found: Grant = call.memo[_GRANT]
    return found


def read(call: Call) -> Parameters:
    """The request's parameters. Raises OAuthError for a body that cannot be read."""
    try:
        return parameters.of(call)
    except (Malformed, TooLarge):
        raise OAuthError("invalid_request", "The request could not be interpreted.") from None


def credentials(call: Call, given: Parameters) -> tuple[str | None, str | None]:
    """Client id and secret: by HTTP Basic, else by parameters of body or query."""
    kind, _, encoded = (call.request.headers.get("Authorization") or "").strip().partition(" ")
    if kind.lower() == "basic":
        try:
            text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            raise OAuthError("invalid_client", NO_CLIENT) from None
        name, _, secret = text.partition(":")
        return name, secret
    return given.text("client_id"), given.text("client_secret")


def application(call: Call, client_id: str | None, secret: str | None) -> Application | None:
    """The client, if it is one of the deployment that the host names. With `secret` None it proves nothing.

    Raises TooManyGuesses.
    """
    if not client_id or len(client_id) > 500:
        return None
    accounts = call.accounts
    found = accounts.application(client_id)
    if found is None and "%" in client_id:
        # RFC 6749 has Basic credentials form-encoded; some clients do so, most do not.
        client_id = unquote_plus(client_id)
        secret = None if secret is None else unquote_plus(secret)
        found = accounts.application(client_id)
    if secret is not None:
        found = accounts.by_secret(client_id, secret, call.now, address=call.request.remote_addr)
    tenant = host_tenant(call)
    return None if found is None or (tenant is not None and tenant.id != found.tenant_id) else found


def client(call: Call, given: Parameters) -> Application:
    """The client, proven by its secret. Raises OAuthError."""
    client_id, secret = credentials(call, given)
    found = application(call, client_id, secret or "")
    if found is None:
        raise OAuthError("invalid_client", NO_CLIENT)
    return found


def _grant(call: Call, given: Parameters) -> Grant:
    if not credentials(call, given)[0]:
        raise OAuthError("invalid_client", NO_CLIENT)
    kind = given.text("grant_type") or None
    if kind is None and given.text("token_type") == "refresh_token":
        kind = "refresh_token"  # the vendor's own sample asks so
    if kind is None:
        raise OAuthError("invalid_request", "grant_type is missing")
    if kind == "client_credentials":
        found = client(call, given)
        principal = _user(call, found)
        return Grant(principal, _scope(given, None), found.client_id, _expires_in(given))
    if kind == "refresh_token":
        return _refreshed(call, given)
    if kind == "authorization_code":
        return _redeemed(call, given)
    raise OAuthError("unsupported_grant_type", "The grant type is not supported.")


def _user(call: Call, app: Application) -> Principal:
    principal = call.accounts.by_user(app.tenant_id, app.user_id)
    if principal is None:
        raise OAuthError("unauthorized_client", "The user of the client is not active.")
    return principal


def _refreshed(call: Call, given: Parameters) -> Grant:
    token = given.text("refresh_token") or ""
    principal = call.accounts.by_token("refresh", token, call.now)
    client_id, secret = credentials(call, given)
    public = principal is not None and principal.token_data.get("public") == "yes" and not secret
    found = application(call, client_id, None if public else secret or "")
    if found is None:
        raise OAuthError("invalid_client", NO_CLIENT)
    if principal is None or principal.token_data.get("client") != found.client_id:
        raise OAuthError("invalid_grant", NO_GRANT)
    kept = str(principal.token_data.get("scope", scope.ABSENT))
    return Grant(principal, _scope(given, kept), found.client_id, _expires_in(given), token)


def _redeemed(call: Call, given: Parameters) -> Grant:
    code = given.text("code") or ""
    kept = call.accounts.by_token("code", code, call.now)
    data = kept.token_data if kept is not None else {}
    client_id, secret = credentials(call, given)
    named = application(call, client_id, None)
    sealed = codes.read(call, named, code) if named is not None and kept is None else None
    # Without a secret only the verifier proves who asked, and only for a code that may be redeemed so.
    public = sealed.public if sealed is not None else data.get("public") == "yes" and bool(data.get("challenge"))
    found = named if public and not secret else application(call, client_id, secret or "")
    if found is None:
        raise OAuthError("invalid_client", NO_CLIENT)
    if sealed is not None:
        return _unsealed(call, given, found, sealed, code)
    if kept is None or data.get("client") != found.client_id:
        raise OAuthError("invalid_grant", NO_GRANT)
    # A code is good once, right or wrong what comes with it.
    first = call.accounts.revoke("code", code)
    uri = data.get("redirect_uri")
    same_uri = not uri or given.text("redirect_uri") == uri
    if not first or not same_uri or not _verified(data.get("challenge"), given.text("code_verifier")):
        raise OAuthError("invalid_grant", NO_GRANT)
    return Grant(kept, str(data.get("scope", scope.ABSENT)), found.client_id, _expires_in(given))


def _unsealed(call: Call, given: Parameters, app: Application, sealed: codes.Sealed, code: str) -> Grant:
    """The grant of a code that nobody signed in for: it acts as the application's user."""
    principal = _user(call, app)
    first = codes.spend(call, principal, code)
    same_uri = not sealed.uri or hmac.compare_digest(codes.digest(given.text("redirect_uri") or ""), sealed.uri)
    made = challenge_of(given.text("code_verifier"))
    fits = not sealed.challenge or hmac.compare_digest(codes.digest(made), sealed.challenge)
    if not first or not same_uri or not fits:
        raise OAuthError("invalid_grant", NO_GRANT)
    public = "yes" if sealed.public else "no"
    principal = replace(principal, token_data={"public": public})
    return Grant(principal, sealed.scope or scope.ABSENT, app.client_id, _expires_in(given))


def challenge_of(verifier: str | None) -> str:
    """The S256 challenge that fits a verifier (RFC 7636)."""
    made = hashlib.sha256((verifier or "").encode("utf-8", "replace")).digest()
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def _verified(challenge: object, verifier: str | None) -> bool:
    if not challenge:
        return True
    made = challenge_of(verifier)
    return hmac.compare_digest(made.encode(), str(challenge).rstrip("=").encode("utf-8", "replace"))


def _scope(given: Parameters, kept: str | None) -> str:
    """The scope asked for; within the kept one when there is one. Raises OAuthError."""
    asked = given.text("scope")
    if asked is None or not asked.strip():
        return scope.ABSENT if kept is None else kept
    asked = asked.strip()[:2000]
    checked_scope(asked)
    if kept is not None and not scope.parse(kept).covers(scope.parse(asked)):
        raise OAuthError("invalid_scope", "The scope is larger than what was granted.")
    return asked


def checked_scope(text: str) -> None:
    try:
        scope.parse(text)
    except scope.BadScope:
        raise OAuthError("invalid_scope", "The scope could not be interpreted.") from None


def _expires_in(given: Parameters) -> int:
    text = given.text("expires_in")
    if text is None or not text.strip():
        return LIFETIME
    asked = given.count("expires_in")
    if not asked:
        raise OAuthError("invalid_request", "expires_in must be a number of seconds")
    return min(asked, LONGEST)


def issue(call: Call, grant: Grant) -> tuple[str, str]:
    """An access token of 64 characters and a refresh token, each kept with its scope and client."""
    data = {"scope": grant.scope, "client": grant.client_id, "expires": call.now // SECOND + grant.expires_in}
    access = call.accounts.issue(
        "access", grant.principal, call.now, length=64, lifetime=grant.expires_in * SECOND, data=data
    )
    if grant.refresh is not None:
        return access, grant.refresh
    # [gwoody] fails without a refresh token, so every grant gets one (dossier, section 1).
    kept = {"scope": grant.scope, "client": grant.client_id, "public": grant.principal.token_data.get("public", "no")}
    return access, call.accounts.issue("refresh", grant.principal, call.now, length=64, data=kept)


def signed_in(call: Call, given: Parameters, app: Application) -> Principal | None:
    """The user who shows his own name and password on the authorize page. Raises TooManyGuesses, Busy."""
    name, password = given.text("username"), given.text("password")
    if not name or not password:
        return None
    return call.accounts.by_password(app.tenant_id, name[:200], password, call.now, address=call.request.remote_addr)


def limit_codes(call: Call) -> None:
    """Codes for strangers are limited as wrong secrets are. Raises TooManyGuesses."""
    bucket = f"affinitylive codes {call.request.remote_addr}"
    allowed, _, ends = call.accounts.allow(bucket, CODES, CODES_PER, call.now)
    if not allowed:
        raise TooManyGuesses(max(1, ends - call.now // SECOND))
