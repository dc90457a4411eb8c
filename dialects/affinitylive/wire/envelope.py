"""The envelope round every answer: ``{"response": X, "meta": {status, message, more_info}}`` (dossier, section 4)."""

from __future__ import annotations

from typing import Any

from adapter.dialect import Call
from adapter.formats import json_body
from adapter.wire import WireResponse
from dialects.affinitylive.errors import Wording
from dialects.affinitylive.wire import parameters, xml, yaml

OK = "Everything executed as expected."
MORE_INFO = "https://affinitylive.jira.com/wiki/display/APIS/Status+Codes#"
CONTENT_TYPES = {"json": "application/json; charset=utf-8", "xml": "text/xml", "yaml": "text/x-yaml"}
RENDERERS = {"json": json_body.render, "xml": xml.render, "yaml": yaml.render}
_META = {"status": "ok", "message": OK, "more_info": f"{MORE_INFO}ok"}
_PLAIN = [("Content-Type", CONTENT_TYPES["json"])]


def answer(call: Call, response: Any) -> WireResponse:
    """200 with `response` in the format and with the switches that the request asks for."""
    request = call.request
    given = parameters.of(call)
    format_ = parameters.wire_format(request)
    if format_ == "json" and given.once("plain", _is_plain):
        return WireResponse(200, list(_PLAIN), json_body.render({"response": response, "meta": _META}))
    return _render(format_, given, 200, "ok", OK, response)


def _is_plain(given: parameters.Parameters) -> bool:
    """Whether no switch changes the envelope."""
    return not any(name.startswith("_suppress") for name in given.values)


def refusal(call: Call, wording: Wording) -> WireResponse:
    """The answer of an error; ``X-Status-Reason`` repeats its message."""
    given = parameters.lenient(call)
    format_ = parameters.wire_format(call.request)
    response = _render(format_, given, wording.code, wording.status, wording.message, None)
    response.headers.append(("X-Status-Reason", wording.message.encode("latin-1", "replace").decode("latin-1")))
    return response


def _render(
    format_: str, given: parameters.Parameters, code: int, status: str, message: str, response: Any
) -> WireResponse:
    meta: dict[str, Any] = {"status": status}
    if not given.switch("_suppress_message"):
        meta["message"] = message
        meta["more_info"] = f"{MORE_INFO}{status}"
    sent = code
    if given.switch("_suppress_http_status"):
        meta["response_code"] = code
        sent = 200
    data: dict[str, Any] = {"response": response}
    if not given.switch("_suppress_meta"):
        data["meta"] = meta
    return WireResponse(sent, [("Content-Type", CONTENT_TYPES[format_])], RENDERERS[format_](data))
