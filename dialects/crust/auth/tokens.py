"""Who calls: a JWT in the query, the Authorization header or a cookie (crust dossier, section 1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from adapter.dialect import Call
from adapter.wire import WireRequest
from canonical.accounts import Principal
from canonical.errors import CanonicalError, Unauthenticated
from canonical.values import SECOND
from dialects.crust.auth import jwt
from dialects.crust.errors import USER_NOT_FOUND, Refused
from dialects.crust.settings import NAME
from dialects.crust.wire.binding import Post, Request, bind, posted, read_query

PREFIXES: Final = frozenset(("field", "module", "page", "workflow", "job", "chart", "users", "teams", "organisations"))
"""Below these even an unknown path wants a token first; any other unknown path is a plain 404."""
LOGIN: Final = Request("AuthLogin", (Post("username"), Post("password")))
EXPIRED: Final = "failed to authorize request: jwtauth: token is expired"
FORM_FAILED: Final = "form failed"
"""Where a call remembers why nobody signed in by the form: a status and words for its reader."""
LONG_AGO: Final = "Expires=Thu, 01 Jan 1970 00:00:00 GMT"
"""What clears a cookie."""

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FURTHER = re.compile(r",\s*jwt=([\w.-]+)", re.ASCII)
"""The cookie at the head of a second Cookie line: WSGI joins lines by a comma."""
_PAIR = re.compile(r"\s*([^=;\s]+)=(\"[^\"]*\"|[^;]*)")


# -- tokens -----------------------------------------------------------------------------------------


def cookie_of(request: WireRequest) -> str | None:
    """The first cookie ``jwt``, None without one. Proxies may spread cookies over several lines."""
    sent = request.headers.get("Cookie") or ""
    for match in _PAIR.finditer(sent):
        if match[1] == "jwt":
            return match[2].strip().strip('"').partition(",")[0]
    further = _FURTHER.search(sent)
    return None if further is None else further[1]


def token_of(request: WireRequest) -> str:
    """The token: from the query, the header or the cookie, the first that is not empty."""
    if "jwt=" in request.query:
        # What is wrong elsewhere in the query is told later.
        token = read_query(request.query)[0].get("jwt")
        if token:
            return token
    header = request.headers.get("Authorization") or ""
    # The library cuts the header at the eighth character whatever the seventh is.
    if len(header) > 7 and header[:6].upper() == "BEARER":
        return header[7:]
    return cookie_of(request) or ""


def key_of(call: Call, tenant_id: int | None) -> bytes:
    """The key for tokens of a tenant: its own, else the installation's."""
    if tenant_id is not None:
        own = call.accounts.tenant(tenant_id).settings.get(f"{NAME}.jwt_key")
        if own:
            return own.encode("utf-8", "surrogatepass")
    return call.accounts.secret()


def holder_of(call: Call, token: str) -> Principal | None:
    """The user of a token; None when there is no such user, or no longer. Raises Refused in the library's words.

    A tenant's key makes tokens for that tenant's users only. Where an operator ended a user's sessions, a token must
    say that it was made since; no other can be told from those that ended.
    """
    read = jwt.read(token)
    subject = read.claims.get("sub")
    found = None
    if isinstance(subject, str) and subject.isascii() and subject.isdigit() and len(subject) < 20:
        found = call.accounts.by_user_id(int(subject))
    home = found.tenant_id if found is not None else call.tenant.id if call.tenant is not None else None
    jwt.verify(token, read, key_of(call, home), call.now // SECOND)
    if jwt.subject_of(read.claims) == 0:
        raise Unauthenticated("missing")
    if found is not None and found.sessions_from is not None and not jwt.is_since(read, found.sessions_from):
        raise Refused(EXPIRED)
    return found


def authenticate(call: Call) -> Principal | None:
    """The caller. Raises Refused or Unauthenticated; a guest may only see what is public."""
    route = call.route
    room = call.request.path[1:].partition("/")[0]
    if route is not None and route.operation == "auth.login":
        # Whose token is no longer good has to be able to sign in anew.
        return _sign_in(call)
    if route is not None and route.operation == "auth.door":
        return _sign_in_by_form(call)
    if room == "auth":
        return _sent_holder(call)
    if route is None:
        if room not in PREFIXES:
            return None
    elif route.public:
        return None
    token = token_of(call.request)
    if not token:
        raise Unauthenticated("missing")
    principal = holder_of(call, token)
    if principal is None:
        raise Refused(USER_NOT_FOUND)
    return principal


def _sign_in(call: Call) -> Principal:
    return _by_password(call, bind(call, LOGIN))


def _by_password(call: Call, sent: Mapping[str, str]) -> Principal:
    tenant_id = None if call.tenant is None else call.tenant.id
    username = sent["username"]
    address = call.request.remote_addr
    principal = call.accounts.by_password(tenant_id, username, sent["password"], call.now, address=address)
    if principal is None:
        known = call.accounts.has_user(tenant_id, username)
        raise Refused("Password doesn't match" if known else USER_NOT_FOUND)
    return principal


def posted_form(request: WireRequest) -> dict[str, str]:
    """The fields of the sign-in page's form: of the body alone, since queries are logged on the way."""
    try:
        return posted(request)
    except Refused:
        return {}


def _sign_in_by_form(call: Call) -> Principal | None:
    """As a login; who is refused is a guest, whose form says so. It does not tell whether there is such a user."""
    sent = posted_form(call.request)
    try:
        return _by_password(call, {name: sent.get(name, "") for name in ("username", "password")})
    except Refused:
        call.memo[FORM_FAILED] = (401, "User name or password is wrong.")
    except CanonicalError:
        call.memo[FORM_FAILED] = (503, "Too busy to look. Please try again in a while.")
    return None


def _sent_holder(call: Call) -> Principal | None:
    """The user of whatever token was sent, if any. A bad one is told of before the path is looked at."""
    token = token_of(call.request)
    if not token:
        return None
    try:
        return holder_of(call, token)
    except Unauthenticated:
        # A token of nobody is not a bad one.
        return None


# -- cookies ----------------------------------------------------------------------------------------


def _http_date(seconds: int) -> str:
    moment = datetime.fromtimestamp(0, UTC) + timedelta(seconds=max(0, min(seconds, 253_402_300_799)))
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day}, {moment.day:02d} {month} {moment.year:04d} {moment:%H:%M:%S} GMT"


def set_cookie(call: Call) -> tuple[str, str]:
    """A new token for the caller, as a cookie."""
    caller = call.caller
    expires = call.now // SECOND + int(call.settings["token_minutes"]) * 60
    issued = None if caller.sessions_from is None else call.now / SECOND
    token = jwt.sign(caller.user_id, expires, key_of(call, caller.tenant_id), issued)
    return "Set-Cookie", f"jwt={token}; Path=/{_domain(call)}; Expires={_http_date(expires)}"


def clear_cookie(call: Call) -> tuple[str, str]:
    return "Set-Cookie", f"jwt=; Path=/{_domain(call)}; {LONG_AGO}"


def _domain(call: Call) -> str:
    domain = call.settings["cookie_domain"]
    return f"; Domain={domain}" if domain else ""
