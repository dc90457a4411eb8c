"""The envelope (opentaps dossier, section 4)."""

from __future__ import annotations

from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from dialects.opentaps.errors import ANY_ORIGIN, CONTENT_TYPE, reply

CREATED = "I have created your note successfully."
_PREFLIGHT = (
    CONTENT_TYPE,
    ANY_ORIGIN,
    ("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS"),
    ("Access-Control-Allow-Headers", "Content-Type, Accept, X-Requested-With, X-HTTP-Method-Override"),
)


def answer(value: Any, *, status: int = 200, message: str = "") -> WireResponse:
    """The whole envelope, as activities and tasks have it."""
    return reply(status, {"result": {"resultValue": value, "successMessage": message, "errorMessage": ""}})


def bare_answer(value: Any) -> WireResponse:
    """The envelope of contacts, which has no messages (opentaps dossier, section 8, item 2)."""
    return reply(200, {"result": {"resultValue": value}})


def preflight(call: Call) -> WireResponse | None:
    """To OPTIONS on any path: 200 and no body."""
    return WireResponse(200, list(_PREFLIGHT)) if call.request.method == "OPTIONS" else None
