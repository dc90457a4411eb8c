"""What only the unauthenticated 2012 service answers (opentaps dossier, section 8, item 9)."""

from __future__ import annotations

from adapter.dialect import Call
from adapter.routes import MethodNotAllowed
from adapter.wire import WireResponse
from dialects.opentaps.errors import UnknownUserKey


def no_user(call: Call) -> WireResponse:
    """Its users live in the social networks of 2012; none is known. Raises UnknownUserKey."""
    raise UnknownUserKey(call.params["userKey"])


def post_only(call: Call) -> WireResponse:
    """So that the words ``contact/add`` are never taken for a count and a start. Raises MethodNotAllowed."""
    raise MethodNotAllowed(("POST",))
