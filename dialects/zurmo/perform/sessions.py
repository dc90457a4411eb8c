"""Login and logout (zurmo dossier, section 1)."""

from __future__ import annotations

from adapter.dialect import Call
from adapter.wire import WireResponse
from dialects.zurmo.auth import close_session, header_text, open_session
from dialects.zurmo.errors import Failure
from dialects.zurmo.wire.envelope import envelope

BAD_LOGIN = "Invalid username or password."


def login(call: Call) -> WireResponse:
    """A new session for the user and password in the headers, whatever the verb."""
    username = header_text(call.request, "ZURMO_AUTH_USERNAME")
    password = header_text(call.request, "ZURMO_AUTH_PASSWORD")
    tenant_id = None if call.tenant is None else call.tenant.id
    principal = None
    if username and password:
        principal = call.accounts.by_password(
            tenant_id, username, password, call.now, address=call.request.remote_addr
        )
    if principal is None:
        raise Failure(BAD_LOGIN)
    session, token = open_session(call, principal)
    return envelope(call, {"sessionId": session, "token": token})


def logout(call: Call) -> WireResponse:
    """SUCCESS for a guest too."""
    if call.principal is not None:
        close_session(call)
    return envelope(call)
