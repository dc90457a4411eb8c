"""Token, authorize, revoke, tokeninfo (dossier, section 1)."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from adapter.dialect import Call
from adapter.formats import json_body
from adapter.wire import WireResponse
from canonical.accounts import Application
from canonical.model import User
from canonical.values import MINUTE
from dialects.affinitylive.auth import codes, oauth, scope
from dialects.affinitylive.auth.redirects import may_redirect
from dialects.affinitylive.errors import OAUTH_CODES, OAuthError
from dialects.affinitylive.fields.people import initials
from dialects.affinitylive.wire.envelope import answer
from dialects.affinitylive.wire.parameters import Parameters

OBJECTS = ("company", "contact", "prospect", "issue", "task", "activity", "staff")
PLURALS = ("Companies", "Contacts", "Prospects", "Issues", "Tasks", "Activities", "Staff")
_ASKED = (
    "client_id", "response_type", "scope", "redirect_uri", "state", "code_challenge", "code_challenge_method",
    "expires_in",
)  # fmt: skip
_JSON = ("Content-Type", "application/json; charset=utf-8")
_FRESH = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))


def plain(status: int, data: Any) -> WireResponse:
    """Plain JSON without an envelope, as all that is OAuth."""
    return WireResponse(status, [_JSON, *_FRESH], json_body.render(data))


def refusal(error: OAuthError) -> WireResponse:
    """``{"error", "error_description"}``, without meta."""
    body = {"error": error.error, "error_description": error.description}
    return plain(OAUTH_CODES.get(error.error, 400), body)


# -- token -------------------------------------------------------------------------------------------


def token(call: Call) -> WireResponse:
    """A token for the grant that `auth.oauth.authenticate` found good."""
    grant = oauth.grant_of(call)
    tenant = call.accounts.tenant(grant.principal.tenant_id)
    user = call.desk.get(User, call.me)
    access, refresh = oauth.issue(call, grant)
    return plain(
        200,
        {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": grant.expires_in,
            "refresh_token": refresh,
            "deployment": tenant.slug,
            "deployment_name": tenant.slug.replace("-", " ").title(),
            "deployment_uri": f"{tenant.slug}.affinitylive.com",
            "account_id": str(user.id),
            "account_details": account(user),
        },
    )


def account(user: User) -> dict[str, Any]:
    """``account_details``: who the token acts for."""
    return {
        "id": str(user.id),
        "firstname": user.first_name or "",
        "surname": user.last_name or "",
        "email": user.email or "",
        "username": user.username,
        "title": user.salutation,
        "position": user.job_title or "",
        "phone": user.office_phone or "",
        "fax": user.fax or "",
        "mobile": user.mobile_phone or "",
        "access_level": "administrator" if user.is_admin else "user",
        "initials": initials(user),
        "locale": locale(user),
        "user_access": user_access(user),
        "user_defined_titles": user_titles(),
    }


def locale(user: User) -> dict[str, Any]:
    return {"currency": {"symbol": user.currency or "$"}, "timezone": user.time_zone or "UTC"}


def user_access(user: User) -> dict[str, dict[str, Any]]:
    """What may be done with each object: 1, 0 or empty (dossier, section 1)."""
    may_add = 0 if user.view_only else 1
    admin = 1 if user.is_admin else 0
    one = {"add": may_add, "admin": admin, "manages": admin, "view": 1, "dashboard": 1}
    return {name: dict(one) for name in OBJECTS}


def user_titles() -> dict[str, dict[str, str]]:
    return {
        name: {"singular": name.capitalize(), "plural": plural} for name, plural in zip(OBJECTS, PLURALS, strict=True)
    }


def revoke(call: Call) -> WireResponse:
    """Ends a token of the client that asks; an unknown token is no error (RFC 7009)."""
    given = oauth.read(call)
    app = oauth.client(call, given)
    text = given.text("token") or ""
    for kind in ("access", "refresh"):
        principal = call.accounts.by_token(kind, text, call.now)
        if principal is not None and principal.token_data.get("client") == app.client_id:
            call.accounts.revoke(kind, text)
    return plain(200, {})


def tokeninfo(call: Call) -> WireResponse:
    """Who the token acts for and until when; null for one that does not end."""
    principal = call.caller
    user = call.desk.get(User, call.me)
    expires = principal.token_data.get("expires")
    return answer(
        call,
        {
            "email": user.email or "",
            "firstname": user.first_name or "",
            "surname": user.last_name or "",
            "deployment": call.accounts.tenant(principal.tenant_id).slug,
            "expiry_date": None if expires is None else str(expires),
            "staff_id": str(user.id),
            "locale": locale(user),
        },
    )


# -- authorize ---------------------------------------------------------------------------------------


def authorize(call: Call) -> WireResponse:
    """A code for the client, at its redirect_uri or on a page.

    The code acts as the user of the application, and needs the client's secret to be redeemed. Where the user shows
    his own name and password it acts as him, and a PKCE verifier is enough.
    """
    given = oauth.read(call)
    app = oauth.application(call, given.text("client_id"), None)
    if app is None:
        raise OAuthError("invalid_client", oauth.NO_CLIENT)
    uri = given.text("redirect_uri")
    if uri and not may_redirect(app, uri):
        raise OAuthError("invalid_request", "The redirect_uri is not one of the client's.")
    try:
        return _authorized(call, given, app, uri)
    except OAuthError as error:
        if not uri:
            raise
        return _redirect(uri, {"error": error.error, "error_description": error.description}, given)


def _authorized(call: Call, given: Parameters, app: Application, uri: str | None) -> WireResponse:
    if given.text("response_type") != "code":
        raise OAuthError("unsupported_response_type", "The response type must be code.")
    asked = given.text("scope")
    if asked and asked.strip():
        oauth.checked_scope(asked.strip()[:2000])
    challenge = given.text("code_challenge")
    if challenge and given.text("code_challenge_method") not in (None, "S256"):
        raise OAuthError("invalid_request", "The code_challenge_method must be S256.")
    user = oauth.signed_in(call, given, app)
    settings = call.accounts.tenant(app.tenant_id).settings
    trusting = settings.get("affinitylive.pkce_without_secret") == "yes"
    if challenge and user is None and not trusting:
        return _sign_in(call, given)
    wanted = (asked or "").strip()[:2000] or scope.ABSENT
    code = _strangers_code(call, app, wanted, uri or "", challenge or "") if user is None else ""
    data = {
        "scope": wanted,
        "client": app.client_id,
        "redirect_uri": uri or "",
        "challenge": (challenge or "")[:200],
        "public": "yes" if challenge else "no",
    }
    if user is not None:
        lifetime = codes.CODE_MINUTES * MINUTE
        code = call.accounts.issue("code", user, call.now, length=40, lifetime=lifetime, data=data)
    if uri:
        return _redirect(uri, {"code": code}, given)
    # Installed apps: the code is shown to the user as his PIN.
    return _page(f"<h1>Authorization code</h1><p><code>{escape(code)}</code></p>")


def _strangers_code(call: Call, app: Application, wanted: str, uri: str, challenge: str) -> str:
    if call.accounts.by_user(app.tenant_id, app.user_id) is None:
        raise OAuthError("unauthorized_client", "The user of the client is not active.")
    oauth.limit_codes(call)
    return codes.make(call, app, scope=wanted, uri=uri, challenge=challenge.rstrip("="))


def _sign_in(call: Call, given: Parameters) -> WireResponse:
    """The way to the sign-in page: [php] and [selerity] post here and show the user the Location they get."""
    asked = {name: value for name in _ASKED if (value := given.text(name)) is not None}
    if call.request.method == "POST" and not given.text("password"):
        where = f"{call.request.base_url}{quote(call.request.path, safe='/%')}?{urlencode(asked, errors='replace')}"
        return WireResponse(302, [("Location", where), ("Content-Type", "text/html; charset=utf-8"), *_FRESH], b"")
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in asked.items()
    )
    action = escape(f"{call.request.base_url}{call.request.path}")
    return _page(
        f'<h1>Sign in</h1><form method="post" action="{action}">{hidden}'
        '<p><label>Username <input name="username" autocomplete="username"></label></p>'
        '<p><label>Password <input name="password" type="password" autocomplete="current-password"></label></p>'
        '<p><button type="submit">Allow</button></p></form>'
    )


def _page(content: str) -> WireResponse:
    head = '<head><meta charset="utf-8"><title>Authorize</title></head>'
    page = f"<!DOCTYPE html><html>{head}<body>{content}</body></html>"
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
        *_FRESH,
    ]
    return WireResponse(200, headers, page.encode("utf-8", "replace"))


def _redirect(uri: str, values: dict[str, str], given: Parameters) -> WireResponse:
    state = given.text("state")
    if state is not None:
        values["state"] = state
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise OAuthError("invalid_request", "The redirect_uri could not be interpreted.") from None
    added = urlencode(values, errors="replace")
    query = f"{parts.query}&{added}" if parts.query else added
    where = quote(urlunsplit(parts._replace(query=query)), safe="%/:=&?~#+!$,;'@()*[]", errors="replace")
    return WireResponse(302, [("Location", where), ("Content-Type", "text/html; charset=utf-8"), *_FRESH], b"")
