"""Sessions: who calls, by the session headers or else the cookie (zurmo dossier, section 1)."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from adapter.dialect import Call
from adapter.formats import charsets
from adapter.wire import WireRequest
from canonical.accounts import Principal
from dialects.zurmo.errors import BadRequestType
from dialects.zurmo.settings import Profile, profile_of
from dialects.zurmo.wire.envelope import answer_format, new_session_id

KIND: Final = "zurmo-session"
HEADERS: Final = (
    "ZURMO_AUTH_USERNAME",
    "ZURMO_AUTH_PASSWORD",
    "ZURMO_API_REQUEST_TYPE",
    "ZURMO_SESSION_ID",
    "ZURMO_TOKEN",
    "ZURMO_LANG",
)
"""What clients send with underscores; `Headers` takes dashes and any letter case for the same."""
DROPPED: Final = (
    "a login without ZURMO_AUTH_ headers came through a proxy, which may have dropped them: "
    "nginx needs underscores_in_headers on, others their own like (docs/proxies.md)"
)
# What PHP takes for a session id; anything else gets a new one.
_LEGAL = re.compile(r"[A-Za-z0-9,-]{1,128}\Z")
# The first of its name counts, as in PHP; other cookies may hold any bytes.
_COOKIE = re.compile(r"(?:\A|;)[ \t]*PHPSESSID=([^;]*)")


def profile(call: Call) -> Profile:
    """The tenant's settings."""
    return profile_of(call.settings)


def header_text(request: WireRequest, name: str) -> str:
    """A header as its sender meant it: UTF-8 where it is that, else windows-1252."""
    raw = request.headers.get(name, "") or ""
    if raw.isascii():
        return raw
    try:
        return charsets.text(raw.encode("iso-8859-1"))
    except UnicodeEncodeError:
        return raw


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def authenticate(call: Call) -> Principal | None:
    """The signed-in caller, None for a guest. Raises BadRequestType for a request that no API answer fits."""
    if call.route is not None and call.route.operation == "session.open" and _lost_its_headers(call.request):
        call.warning = DROPPED
    principal = _session(call)
    kind = (call.request.headers.get("ZURMO_API_REQUEST_TYPE") or "").strip().upper()
    if kind == "SOAP":
        raise BadRequestType("empty")
    if kind != "REST" and profile(call).request_type_required:
        raise BadRequestType("bare")
    if answer_format(call.request) is None:
        raise BadRequestType("page")
    return principal


def _lost_its_headers(request: WireRequest) -> bool:
    """Whether a login has nothing to log in with and came by a proxy: by default most drop names with underscores."""
    headers = request.headers
    return not ("ZURMO_AUTH_USERNAME" in headers or "ZURMO_AUTH_PASSWORD" in headers) and (
        "X-Forwarded-For" in headers or "Via" in headers
    )


def _session(call: Call) -> Principal | None:
    request, accounts = call.request, call.accounts
    session = request.headers.get("ZURMO_SESSION_ID") or ""
    if session:
        _remember(call, session)
        principal = accounts.by_token(KIND, session, call.now)
        if principal is None:
            return None
        token = request.headers.get("ZURMO_TOKEN") or ""
        if hmac.compare_digest(_digest(token), str(principal.token_data.get("digest"))):
            return principal
        # A wrong token destroys the session for good.
        accounts.revoke(KIND, session)
        return None
    found = _COOKIE.search(request.headers.get("Cookie") or "")
    session = found[1].strip(' \t"') if found is not None else ""
    if not session:
        return None
    _remember(call, session)
    return accounts.by_token(KIND, session, call.now)


def _remember(call: Call, session: str) -> None:
    if _LEGAL.match(session):
        call.memo["session"] = session


def open_session(call: Call, principal: Principal) -> tuple[str, str]:
    """A new session's id and token, 32 hex digits each. Others of the same user stay good."""
    token = call.accounts.fresh(32)
    session = call.accounts.issue(
        KIND, principal, call.now, token=new_session_id(call), idle=profile(call).idle, data={"digest": _digest(token)}
    )
    call.memo["session"] = session
    call.memo["signed_in"] = True
    return session, token


def close_session(call: Call) -> None:
    """Ends the session that the request names, if there is one."""
    session = call.memo.get("session")
    if isinstance(session, str):
        call.accounts.revoke(KIND, session)
