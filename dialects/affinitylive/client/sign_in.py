"""Signing in: a token for the application's id and secret, or the one that is given (dossier, section 1)."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any, Final

from adapter.client import Conversation, Session
from adapter.wire import Headers, WireRequest
from dialects.affinitylive.client import ask, shown
from dialects.affinitylive.client.lookups import Lookups

_ASKED: Final = "sign-in"
_FORM: Final = b"grant_type=client_credentials&scope=write(all)"


def sign_in(session: Session) -> Conversation:
    """The session with its token and whom that acts for. Each signing in is a new grant; what was looked up stays.

    Raises `Unauthenticated`, `Denied`, `UnexpectedAnswer`.
    """
    token, kept = session.credentials.token, session.state.get("lookups")
    if session.credentials.client_id and session.credentials.client_secret:
        granted = shown.plain(_ASKED, (yield _asking(session))).key("access_token")
        token = granted.text() or ""
        if not token:
            raise granted.fail("missing")
    known: dict[str, Any] = {"token": token}
    session = replace(session, state=known)
    me = shown.response(_ASKED, (yield ask.sign(ask.reading("tokeninfo"), session))).key("staff_id").reference()
    return replace(session, state={**known, "lookups": kept or Lookups(me or 0)})


def _asking(session: Session) -> WireRequest:
    given = session.credentials
    basic = base64.b64encode(f"{given.client_id}:{given.client_secret}".encode()).decode()
    headers = [
        ("Accept", "application/json"),
        ("Authorization", f"Basic {basic}"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ]
    return ask.addressed(WireRequest("POST", "/oauth2/v0/token", "", Headers(headers), _FORM), session)
