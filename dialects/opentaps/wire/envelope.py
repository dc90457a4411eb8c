"""The envelope (opentaps dossier, section 4)."""

from __future__ import annotations

from typing import Any

from adapter.formats import json_body
from adapter.wire import WireResponse

CONTENT_TYPE = ("Content-Type", "application/json;charset=UTF-8")
ANY_ORIGIN = ("Access-Control-Allow-Origin", "*")
CREATED = "I have created your note successfully."


def reply(status: int, data: Any) -> WireResponse:
    """Compact pure-ASCII JSON: PY decodes bodies as ASCII (opentaps dossier, section 4)."""
    return WireResponse(status, [CONTENT_TYPE, ANY_ORIGIN], json_body.render_ascii(data))


def answer(value: Any, *, status: int = 200, message: str = "") -> WireResponse:
    """The whole envelope, as activities and tasks have it."""
    return reply(status, {"result": {"resultValue": value, "successMessage": message, "errorMessage": ""}})


def bare_answer(value: Any) -> WireResponse:
    """The envelope of contacts, which has no messages (opentaps dossier, section 8, item 2)."""
    return reply(200, {"result": {"resultValue": value}})
