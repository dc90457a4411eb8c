"""Signing in, checking, signing out (crust dossier, section 1)."""

from __future__ import annotations

from importlib import metadata
from typing import Final

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.model import User
from dialects.crust.auth.tokens import clear_cookie, cookie_of, set_cookie
from dialects.crust.errors import Refused
from dialects.crust.fields import objects
from dialects.crust.fields.people import shown_id
from dialects.crust.wire import envelope
from dialects.crust.wire.envelope import JSON, VARY

NO_COOKIE: Final = "http: named cookie not present"


def _me(call: Call) -> User:
    return call.desk.get(User, shown_id(call, call.caller.user_id))


def login(call: Call) -> WireResponse:
    """The user who signed in, with a cookie."""
    answer = envelope.response(objects.user(_me(call)))
    answer.headers.insert(1, set_cookie(call))
    return answer


def check(call: Call) -> WireResponse:
    """Who calls, with the cookie's token as it was sent and a fresh one; the cookie of nobody is cleared.

    There has to be a cookie, though the token that counts may be another.
    """
    cookie = cookie_of(call.request)
    if cookie is None:
        raise Refused(NO_COOKIE)
    if call.principal is None:
        return logout(call)
    user = _me(call)
    answer = envelope.response({"jwt": cookie, "user": objects.session_user(user)})
    answer.headers[:] = [JSON, set_cookie(call), VARY]
    return answer


def logout(call: Call) -> WireResponse:
    return WireResponse(200, [clear_cookie(call), VARY])


def version(call: Call) -> WireResponse:
    """Ours; the vendor's was the build's time and tag."""
    try:
        number = metadata.version("crmglot")
    except metadata.PackageNotFoundError:
        number = "0"
    return envelope.response({"buildTime": "2018-12-10T00:00:00Z", "version": number})
