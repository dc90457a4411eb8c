"""Tokens: a temporary one for the browser, and whether one is good (opentaps dossier, section 1)."""

from __future__ import annotations

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.errors import Unauthenticated
from dialects.opentaps.auth import LIFETIME, PERMANENT, TEMPORARY, holder, parameters
from dialects.opentaps.wire.envelope import reply


def temporary(call: Call) -> WireResponse:
    """``{"authToken":…}``, good for 60 minutes. Only a permanent token buys one, else none would ever end."""
    token = (parameters(call).get("authToken") or "").strip()
    if not token:
        raise Unauthenticated("missing")
    principal = call.accounts.by_token(PERMANENT, token, call.now)
    if principal is None:
        raise Unauthenticated("unknown")
    issued = call.accounts.issue(TEMPORARY, principal, call.now, length=40, lifetime=LIFETIME)
    return reply(200, {"authToken": issued})


def validate(call: Call) -> WireResponse:
    """``{"authenticated":true}`` or ``false``: never an error for a bad token."""
    token = (parameters(call).get("authToken") or "").strip()
    return reply(200, {"authenticated": bool(token) and holder(call, token) is not None})
