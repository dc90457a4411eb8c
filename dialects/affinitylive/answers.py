"""Around every answer: the deployment in the host name, the rate headers, and whatever was raised (dossier, 1, 6)."""

from __future__ import annotations

from adapter.dialect import Call
from adapter.routes import RouteNotFound
from adapter.wire import WireResponse
from canonical.errors import Busy, TooManyCalls, TooManyGuesses, Unauthenticated
from dialects.affinitylive import errors
from dialects.affinitylive.auth import bearer
from dialects.affinitylive.auth.oauth import NO_CLIENT, hostname, is_oauth
from dialects.affinitylive.perform import oauth
from dialects.affinitylive.routes import SEGMENTS, locate
from dialects.affinitylive.wire.envelope import refusal

NOT_FOUND = (
    b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head>"
    b"<body><h1>Not Found</h1><p>The requested URL was not found on this server.</p></body></html>\n"
)


def preflight(call: Call) -> WireResponse | None:
    """Before routing: a host of the vendor's must name a deployment. Raises NoDeployment."""
    name = hostname(call.request.host)
    if name.endswith(bearer.DOMAINS) and call.accounts.tenant_by_host(name) is None:
        domain = next(domain for domain in bearer.DOMAINS if name.endswith(domain))
        raise errors.NoDeployment(name[: -len(domain)][:63])
    return None


def finish(call: Call, response: WireResponse) -> WireResponse:
    """Puts the rate headers on every authenticated answer, in exactly this letter case [php]."""
    rate = call.memo.get(bearer.RATE)
    if rate is not None:
        limit, remaining, reset = rate
        response.headers += (
            ("X-RateLimit-Limit", str(limit)),
            ("X-RateLimit-Remaining", str(remaining)),
            ("X-RateLimit-Reset", str(reset)),
        )
    return response


def render_error(call: Call, error: Exception) -> WireResponse:
    """OAuth errors without an envelope, a path outside the API as HTML 404, all else with ``meta.status``."""
    if isinstance(error, TooManyCalls) and not isinstance(error, errors.RateLimited):
        error = errors.RateLimited(bearer.deployment_of(call.tenant))
    if isinstance(error, errors.OAuthError):
        return oauth.refusal(error)
    if is_oauth(call):
        return _retrying(error, oauth.refusal(_oauth_error(error)))
    if isinstance(error, RouteNotFound) and not bearer.is_api(call.request.path):
        first = locate(call.request).strip("/").partition("/")[0]
        if first not in SEGMENTS:
            return WireResponse(404, [("Content-Type", "text/html; charset=utf-8")], NOT_FOUND)
    return _retrying(error, refusal(call, errors.word(error)))


def _retrying(error: Exception, response: WireResponse) -> WireResponse:
    """The response, which tells after a limit of guesses when to come again."""
    if isinstance(error, TooManyGuesses):
        response.headers.append(("Retry-After", str(error.seconds)))
    return response


def _oauth_error(error: Exception) -> errors.OAuthError:
    if isinstance(error, Unauthenticated):
        return errors.OAuthError("invalid_client", NO_CLIENT)
    wording = errors.word(error)
    if isinstance(error, TooManyGuesses):
        return errors.OAuthError(wording.status, wording.message)
    if isinstance(error, Busy):
        return errors.OAuthError("temporarily_unavailable", wording.message)
    code = "server_error" if wording.code == 500 else "invalid_request"
    return errors.OAuthError(code, wording.message)
